//! What turns a pre-token into ids.
//!
//! Each model but the byte-level BPE is exact against the model of the same name of tokenizers
//! 0.23.3, ids and offsets: it appends a [`Token`] for each token of a piece. [`bpe`] has a
//! fixed alphabet of bytes and gives ranks.

pub mod bpe;
pub mod char_bpe;
mod double_array;
pub(crate) mod draws;
mod merging;
pub(crate) mod pairs;
mod rank_queue;
pub mod sentencepiece;
pub mod spellings;
pub mod unigram;
pub mod wordlevel;
pub mod wordpiece;

use crate::error::{Error, Result};
use crate::token::TokenId;

/// A token of a piece: its id and the bytes of the piece it covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// The id.
    pub id: TokenId,
    /// First byte, counted from the beginning of the piece.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// Refuses pieces whose positions do not fit in a [`Token`].
fn check_length(piece: &str) -> Result<u32> {
    u32::try_from(piece.len()).map_err(|_| Error::Input {
        why: format!("a piece of {} bytes without a cut; at most 4 GiB are possible", piece.len()),
    })
}

/// The id of the token that stands for what has none. tokenizers asks for it when it needs it,
/// so a vocabulary without it encodes whatever does not.
fn unknown(id: Option<TokenId>, name: &str) -> Result<TokenId> {
    id.ok_or_else(|| Error::Vocabulary {
        why: format!(
            "the text has a part that is not in the vocabulary, nor is the unknown token {name:?}"
        ),
    })
}

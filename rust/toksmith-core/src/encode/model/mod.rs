//! What turns a pre-token into ids.

pub mod bpe;
mod double_array;
pub mod sentencepiece;
pub mod unigram;

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

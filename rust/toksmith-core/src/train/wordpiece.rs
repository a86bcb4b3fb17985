//! WordPiece, as tokenizers learns it: merges of characters, of which only the tokens are kept.
//!
//! It is [`bpe`] with a prefix on pieces that continue a word; see there for the choice of
//! pairs.

use super::bpe::{self, Options, Trained, Unit};
use super::words::WordCounts;
use crate::error::{Error, Result};
use crate::watch::Watch;

/// The prefix of pieces that continue a word.
pub const PREFIX: &str = "##";

/// Learns a vocabulary, as [`bpe::train`] does with a prefix for pieces that continue a word; the
/// merges say how its tokens came about, and are no part of a model.
///
/// Fails as that does, and if the unit is not characters.
pub fn train(words: &WordCounts, options: &Options, watch: &Watch<'_>) -> Result<Trained> {
    match &options.unit {
        Unit::Chars(chars) if !chars.byte_fallback => bpe::train(words, options, watch),
        _ => Err(Error::unsupported("WordPiece of bytes")),
    }
}

/// Characters with [`PREFIX`].
pub fn chars() -> bpe::Chars {
    bpe::Chars { continuing_subword_prefix: PREFIX.into(), ..bpe::Chars::default() }
}

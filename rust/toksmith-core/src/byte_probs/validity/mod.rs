//! Which token sequences a tokenizer can give: prefixes of the encoding of some text.

pub(crate) mod char_bpe;
pub(crate) mod pairs;
mod shape;
pub(crate) mod unigram;
mod utf8;
pub(crate) mod wordpiece;
mod words;

#[cfg(test)]
mod tests;

use crate::error::{Error, Result};
use crate::tokenizer::Tokenizer;

/// Refuses tokens that are found in every text before the model sees it.
fn check_added(tokenizer: &Tokenizer) -> Result<()> {
    match tokenizer.added.tokens().iter().find(|token| !token.special) {
        None => Ok(()),
        Some(token) => Err(Error::unsupported(format!(
            "canonical tokens where the added token {:?} is always found in text",
            token.content
        ))),
    }
}

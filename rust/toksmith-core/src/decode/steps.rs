//! Decoding step by step as tokenizers' `DecodeStream` does it.
//!
//! It decodes a window of the last ids again at every step, and gives out by what the text has
//! grown, unless the text ends in U+FFFD, which may become a character. For new code
//! [`super::stream`] and [`super::chain::ChainStream`] are better: they never decode twice and
//! their texts always add up to the whole. The window is one step long where texts end in whole
//! characters; while they do not it grows, and each step takes as long as the window.

use crate::error::{Error, Result};
use crate::token::TokenId;

/// The state of a `DecodeStream`.
#[derive(Debug, Clone, Default)]
pub struct StepDecoder {
    /// The window.
    ids: Vec<TokenId>,
    /// Text of the window's beginning that has been given out.
    prefix: String,
    /// How many ids of the window that text is of.
    given: usize,
}

impl StepDecoder {
    /// A decoder behind ids whose text, if it ends in a whole character, is known already.
    pub fn new(ids: Vec<TokenId>) -> Self {
        Self { ids, ..Self::default() }
    }

    /// The text that `next` adds, if it can be told. `decode` is that of the tokenizer.
    ///
    /// # Errors
    /// Those of `decode`; [`Error::Input`] if the text of more ids does not begin with that of
    /// fewer, which decoders may do that look at neighbours.
    pub fn step(
        &mut self,
        next: &[TokenId],
        decode: impl Fn(&[TokenId]) -> Result<String>,
    ) -> Result<Option<String>> {
        if self.prefix.is_empty() && !self.ids.is_empty() {
            let text = decode(&self.ids)?;
            if !text.ends_with(char::REPLACEMENT_CHARACTER) {
                self.prefix = text;
                self.given = self.ids.len();
            }
        }
        self.ids.extend_from_slice(next);
        let text = decode(&self.ids)?;
        if text.len() <= self.prefix.len() || text.ends_with(char::REPLACEMENT_CHARACTER) {
            return Ok(None);
        }
        let Some(new) = text.strip_prefix(&*self.prefix) else {
            return Err(Error::Input {
                why: format!(
                    "the text of the ids up to {} begins otherwise than before: expected {:?}, \
                     found {text:?}",
                    next.last().copied().unwrap_or_default(),
                    self.prefix
                ),
            });
        };
        let new = new.to_owned();
        let given = self.given.min(self.ids.len());
        self.ids.drain(..given);
        self.prefix = decode(&self.ids)?;
        self.given = self.ids.len();
        Ok(Some(new))
    }
}

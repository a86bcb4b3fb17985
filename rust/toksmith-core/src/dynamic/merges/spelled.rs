//! The bytes that tokens stand for.

use super::{check_rows, row_range};
use crate::byte_probs::spelling::Spelling;
use crate::error::Result;
use crate::token::TokenId;
use crate::tokenizer::Tokenizer;

/// The bytes of a tokenizer's tokens; those that are no text, such as special tokens of a model
/// that is not byte-level, have none.
#[derive(Debug)]
pub enum TokenBytes<'a> {
    /// Tokens are bytes.
    Themselves(&'a Tokenizer),
    /// Signs stand for spaces, or the like; ascending ids.
    Spelled(Vec<(TokenId, Vec<u8>)>),
}

impl<'a> TokenBytes<'a> {
    /// # Errors
    /// [`crate::Error::Unsupported`] where tokens do not stand for bytes by themselves.
    pub fn new(tokenizer: &'a Tokenizer) -> Result<Self> {
        if tokenizer.takes_bytes() {
            return Ok(Self::Themselves(tokenizer));
        }
        let mut tokens = Spelling::new(tokenizer)?.tokens;
        tokens.sort_unstable();
        Ok(Self::Spelled(tokens))
    }

    /// The bytes of a token; none of one that is no text or that there is not.
    pub fn get(&self, id: TokenId) -> &[u8] {
        match self {
            Self::Themselves(tokenizer) => tokenizer.vocab().get(id).unwrap_or_default(),
            Self::Spelled(tokens) => {
                let found = tokens.binary_search_by_key(&id, |(id, _)| *id).ok();
                found.and_then(|at| tokens.get(at)).map_or(&[], |(_, bytes)| bytes)
            }
        }
    }
    /// The bytes of rows of tokens.
    ///
    /// # Errors
    /// [`crate::Error::Input`] if the offsets do not describe rows of the ids.
    pub fn rows(&self, ids: &[TokenId], offsets: &[i64]) -> Result<Vec<Vec<u8>>> {
        check_rows(ids.len(), offsets)?;
        let row = |bounds: &[i64]| {
            let ids = ids.get(row_range(bounds)).unwrap_or_default();
            ids.iter().flat_map(|&id| self.get(id)).copied().collect()
        };
        Ok(offsets.windows(2).map(row).collect())
    }
}

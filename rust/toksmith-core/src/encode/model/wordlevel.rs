//! `WordLevel`: a piece is a token, or unknown.
//!
//! Exact against `WordLevel` of tokenizers 0.23.3. O(length of the piece).

use super::spellings::Spellings;
use super::{Token, check_length, unknown};
use crate::error::Result;
use crate::token::TokenId;
use crate::vocab::Vocab;

/// The compiled model.
#[derive(Debug)]
pub struct WordLevel {
    spellings: Spellings,
    unk: Option<TokenId>,
    unk_token: String,
}

impl WordLevel {
    /// Indexes the vocabulary. `unk_token` need not be in it: then [`WordLevel::tokenize`] fails
    /// where a piece is unknown.
    pub fn new(vocab: &Vocab, unk_token: &str) -> Self {
        let spellings = Spellings::new(&vocab.iter().collect::<Vec<_>>());
        let unk = spellings.get(unk_token.as_bytes());
        Self { spellings, unk, unk_token: unk_token.to_owned() }
    }

    /// The token that is the piece, or the unknown token.
    ///
    /// # Errors
    /// [`crate::Error::Vocabulary`] if an unknown token is needed and the vocabulary has none.
    #[inline]
    pub fn token(&self, piece: &str) -> Result<TokenId> {
        match self.spellings.get(piece.as_bytes()) {
            Some(id) => Ok(id),
            None => unknown(self.unk, &self.unk_token),
        }
    }

    /// Appends the one token of a piece.
    ///
    /// # Errors
    /// As [`WordLevel::token`].
    pub fn tokenize(&self, piece: &str, out: &mut Vec<Token>) -> Result<()> {
        let end = check_length(piece)?;
        out.push(Token { id: self.token(piece)?, start: 0, end });
        Ok(())
    }

    /// Tokens by spelling, to look up many words at once.
    pub fn spellings(&self) -> &Spellings {
        &self.spellings
    }
}

//! Which token sequences a tokenizer can give: prefixes of the encoding of some text.
//!
//! One back end a family of models, each with the same four questions: where a text starts, which
//! state a token leads to (none, if no text's encoding goes on with it), which tokens lead to one,
//! and whether the sequence is all of an encoding. Normalizers count as the identity: texts are
//! normalised ones.
//!
//! - [`bytes`]: byte-level BPE; [`pairs`]: which two tokens fit; [`boundaries`]: cuts by a pattern.

pub(crate) mod boundaries;
pub(crate) mod bytes;
pub(crate) mod pairs;

#[cfg(test)]
mod tests;

use super::mask::Mask;
use super::trie::TokenTrie;
use crate::error::{Error, Result};
use crate::formats::pipeline::Model;
use crate::tokenizer::Tokenizer;
use std::sync::Arc;

/// The rules of a tokenizer.
#[derive(Debug)]
pub(crate) enum Validity {
    /// Byte-level BPE.
    Bytes(Box<bytes::ByteBpe>),
}

/// What a context leaves for the question what may follow.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum State {
    /// Of [`Validity::Bytes`].
    Bytes(bytes::ByteState),
}

impl Validity {
    /// # Errors
    /// [`Error::Unsupported`] where encodings cannot be followed: it says why.
    pub(crate) fn new(tokenizer: &Tokenizer, trie: &Arc<TokenTrie>) -> Result<Self> {
        if tokenizer.added.tokens().iter().any(|token| !token.special) {
            return Err(Error::unsupported(
                "byte probabilities with added tokens that are not special: they are found in text",
            ));
        }
        match &tokenizer.pipeline.model {
            Model::ByteLevelBpe => Ok(Self::Bytes(Box::new(bytes::ByteBpe::new(tokenizer, trie)?))),
            other => Err(Error::unsupported(format!("byte probabilities of a {}", other.kind()))),
        }
    }

    /// Before the first token.
    pub(crate) fn start(&self) -> State {
        match self {
            Self::Bytes(rules) => State::Bytes(rules.start()),
        }
    }

    /// The state behind one more token, by place; `None` if no text's encoding begins so.
    pub(crate) fn step(&self, state: &State, place: u32) -> Option<State> {
        match (self, state) {
            (Self::Bytes(rules), State::Bytes(state)) => rules.step(state, place).map(State::Bytes),
        }
    }

    /// The tokens for which [`Validity::step`] gives a state.
    pub(crate) fn mask(&self, state: &State) -> Arc<Mask> {
        match (self, state) {
            (Self::Bytes(rules), State::Bytes(state)) => rules.mask(state),
        }
    }

    /// Whether the context is the whole encoding of its text.
    pub(crate) fn complete(&self, state: &State) -> bool {
        match (self, state) {
            (Self::Bytes(rules), State::Bytes(state)) => rules.complete(state),
        }
    }
}

//! Which token sequences a tokenizer can give: prefixes of the encoding of some text.
//!
//! One back end a family of models, each with the same four questions: where a text starts, which
//! state a token leads to (none, if no text's encoding goes on with it), which tokens lead to one,
//! and whether the sequence is all of an encoding. Normalizers count as the identity: texts are
//! normalised ones.
//!
//! - [`bytes`]: byte-level BPE; [`boundaries`]: cuts by a pattern.
//! - [`char_bpe`]: BPE over characters, of tokenizer.json and of SentencePiece.
//! - [`unigram`]: likewise; [`wordpiece`]: models of words.
//! - [`added`]: added tokens that are found in every text, in front of one of these.
//! - [`pairs`]: which two tokens of a BPE fit; `utf8`: characters in halves; `words`, `shape`: what
//!   cuts words, and which pipelines are known.

pub(crate) mod added;
pub(crate) mod boundaries;
pub(crate) mod bytes;
pub(crate) mod char_bpe;
pub(crate) mod pairs;
mod shape;
pub(crate) mod unigram;
mod utf8;
pub(crate) mod wordpiece;
mod words;

#[cfg(test)]
mod tests;

use super::mask::Mask;
use super::spelling::Spelling;
use super::trie::TokenTrie;
use crate::error::{Error, Result};
use crate::formats::pipeline::{Model, SentencePieceKind};
use crate::tokenizer::Tokenizer;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The rules of a tokenizer.
#[derive(Debug)]
pub(crate) enum Validity {
    /// Byte-level BPE.
    Bytes(Box<bytes::ByteBpe>),
    /// BPE over characters.
    Chars(Box<char_bpe::CharBpe>),
    /// The most probable segmentation.
    Unigram(Box<unigram::Unigram>),
    /// The longest piece first.
    WordPiece(Box<wordpiece::WordPiece>),
    /// Any of them behind a search for added tokens.
    Added(Box<added::Added>),
}

/// What a context leaves for the question what may follow.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum State {
    /// Of [`Validity::Bytes`].
    Bytes(bytes::ByteState),
    /// Of [`Validity::Chars`].
    Chars(char_bpe::CharBpeState),
    /// Of [`Validity::Unigram`].
    Unigram(unigram::UnigramState),
    /// Of [`Validity::WordPiece`].
    WordPiece(wordpiece::WordPieceState),
    /// Of [`Validity::Added`].
    Added(added::AddedState),
}

/// Asks the rules of one family about a state of theirs; `$none` for another's, which nobody has.
macro_rules! ask {
    ($self:expr, $state:expr, $none:expr, |$rules:ident, $own:ident| $answer:expr) => {
        match ($self, $state) {
            (Validity::Bytes($rules), State::Bytes($own)) => $answer,
            (Validity::Chars($rules), State::Chars($own)) => $answer,
            (Validity::Unigram($rules), State::Unigram($own)) => $answer,
            (Validity::WordPiece($rules), State::WordPiece($own)) => $answer,
            (Validity::Added($rules), State::Added($own)) => $answer,
            _ => $none,
        }
    };
}

impl Validity {
    /// # Errors
    /// [`Error::Unsupported`] where encodings cannot be followed: it says why.
    pub(crate) fn new(tokenizer: &Tokenizer, trie: &Arc<TokenTrie>) -> Result<Self> {
        check_added(tokenizer)?;
        let model = Self::of_model(tokenizer, trie)?;
        added::Added::wrap(tokenizer, trie, model)
    }

    /// The rules of the model, for a text in which no added token is found.
    fn of_model(tokenizer: &Tokenizer, trie: &Arc<TokenTrie>) -> Result<Self> {
        Ok(match &tokenizer.pipeline.model {
            Model::ByteLevelBpe => Self::Bytes(Box::new(bytes::ByteBpe::new(tokenizer, trie)?)),
            Model::Bpe(_) => Self::Chars(Box::new(char_bpe::CharBpe::new(tokenizer, trie)?)),
            Model::SentencePiece(model) if model.kind == SentencePieceKind::Bpe => {
                Self::Chars(Box::new(char_bpe::CharBpe::new(tokenizer, trie)?))
            }
            Model::Unigram(_) => Self::Unigram(Box::new(unigram::Unigram::new(tokenizer, trie)?)),
            Model::SentencePiece(model) if model.kind == SentencePieceKind::Unigram => {
                Self::Unigram(Box::new(unigram::Unigram::new(tokenizer, trie)?))
            }
            Model::WordPiece { .. } | Model::WordLevel { .. } => {
                Self::WordPiece(Box::new(wordpiece::WordPiece::new(tokenizer, trie)?))
            }
            Model::SentencePiece(_) => {
                return Err(Error::unsupported(
                    "canonical tokens of a SentencePiece model of words or characters",
                ));
            }
        })
    }

    /// Before the first token.
    pub(crate) fn start(&self) -> State {
        match self {
            Self::Bytes(rules) => State::Bytes(rules.start()),
            Self::Chars(rules) => State::Chars(rules.start()),
            Self::Unigram(rules) => State::Unigram(rules.start()),
            Self::WordPiece(rules) => State::WordPiece(rules.start()),
            Self::Added(rules) => State::Added(rules.start()),
        }
    }

    /// Whether there may be a context behind which each text goes on with one of these characters.
    fn asks_for_one_of(&self, letters: &BTreeSet<char>) -> bool {
        match self {
            Self::Bytes(rules) => rules.asks_for_one_of(letters),
            Self::Added(rules) => rules.asks_for_one_of(letters),
            // What they ask for is any character that has no token.
            Self::Chars(_) | Self::Unigram(_) | Self::WordPiece(_) => false,
        }
    }

    /// Before the first token behind a special one.
    pub(crate) fn start_behind(&self) -> State {
        match self {
            Self::Chars(rules) => State::Chars(rules.start_behind()),
            Self::Unigram(rules) => State::Unigram(rules.start_behind()),
            // Nothing is put before the first text alone.
            Self::Bytes(_) | Self::WordPiece(_) | Self::Added(_) => self.start(),
        }
    }

    /// The state behind one more token, by place; `None` if no text's encoding begins so.
    pub(crate) fn step(&self, state: &State, place: u32) -> Option<State> {
        match (self, state) {
            (Self::Bytes(rules), State::Bytes(state)) => rules.step(state, place).map(State::Bytes),
            (Self::Chars(rules), State::Chars(state)) => rules.step(state, place).map(State::Chars),
            (Self::Unigram(rules), State::Unigram(state)) => {
                rules.step(state, place).map(State::Unigram)
            }
            (Self::WordPiece(rules), State::WordPiece(state)) => {
                rules.step(state, place).map(State::WordPiece)
            }
            (Self::Added(rules), State::Added(state)) => rules.step(state, place).map(State::Added),
            _ => None,
        }
    }

    /// The tokens for which [`Validity::step`] gives a state.
    pub(crate) fn mask(&self, state: &State) -> Arc<Mask> {
        ask!(self, state, Arc::new(Mask::none(0)), |rules, state| rules.mask(state))
    }

    /// Whether the context is the whole encoding of its text.
    pub(crate) fn complete(&self, state: &State) -> bool {
        ask!(self, state, false, |rules, state| rules.complete(state))
    }
}

/// Refuses added tokens that are found in every text where a space is put before texts: it would
/// stand before some stretches between them and not before others.
fn check_added(tokenizer: &Tokenizer) -> Result<()> {
    match tokenizer.added.tokens().iter().find(|token| !token.special) {
        Some(token) if !Spelling::lead_of(tokenizer)?.is_empty() => {
            Err(Error::unsupported(format!(
                "canonical tokens where the added token {:?} is found in text, and a space is put before \
             a text",
                token.content
            )))
        }
        _ => Ok(()),
    }
}

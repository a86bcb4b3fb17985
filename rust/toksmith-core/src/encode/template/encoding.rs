//! A model's input for one text or a pair: ids, and what is known of each.
//!
//! What tokenizers calls an `Encoding`. The lists are of equal length; see [`super::lookup`] for
//! the way from characters and words to tokens, [`super::merge`] for one behind the other.

use super::names::Names;
use super::sequences::Sequences;
use crate::token::{Span, TokenId};
use std::sync::Arc;

/// Model input for one text or a pair.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Encoding {
    /// Token ids.
    pub ids: Vec<TokenId>,
    /// Which part of the input a token belongs to, as the model is told.
    pub type_ids: Vec<u32>,
    /// The bytes of the text each token came from; `0..0` where from none.
    pub spans: Vec<Span>,
    /// The word each token is of, counted for each text.
    pub words: Vec<Option<u32>>,
    /// 1 for tokens that a template or padding has put there.
    pub special_mask: Vec<u8>,
    /// 0 for padding.
    pub attention_mask: Vec<u8>,
    /// What tokens are called that are not called as in the vocabulary.
    pub names: Names,
    /// Where the tokens of each text are.
    pub sequences: Sequences,
    /// What truncation has cut off, in parts.
    pub overflowing: Vec<Encoding>,
}

/// A token that is of no text.
#[derive(Debug, Clone)]
pub(super) struct Fill {
    pub(super) id: TokenId,
    pub(super) type_id: u32,
    pub(super) name: Arc<str>,
}

impl Encoding {
    /// Tokens of a text, or part of one: of type `type_id`, none of them special.
    ///
    /// `spans` and `words` are as long as `ids`. The second text of a pair has type 1.
    pub fn new(ids: Vec<TokenId>, spans: Vec<Span>, words: Vec<Option<u32>>, type_id: u32) -> Self {
        let len = ids.len();
        debug_assert!(spans.len() == len && words.len() == len);
        Self {
            ids,
            type_ids: vec![type_id; len],
            spans,
            words,
            special_mask: vec![0; len],
            attention_mask: vec![1; len],
            ..Self::default()
        }
    }

    /// Appends `count` tokens that are of no text.
    pub(super) fn fill(&mut self, fill: &Fill, count: usize, attention: u8) {
        let (old, len) = (self.len(), self.len() + count);
        self.names.push(old..len, &fill.name);
        self.ids.resize(len, fill.id);
        self.type_ids.resize(len, fill.type_id);
        self.spans.resize(len, Span { start: 0, end: 0 });
        self.words.resize(len, None);
        self.special_mask.resize(len, 1);
        self.attention_mask.resize(len, attention);
    }

    /// Number of tokens, those of `overflowing` not counted.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is no token.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The texts of the tokens. `text` is the vocabulary's for an id.
    pub fn tokens<'a>(&'a self, text: impl Fn(TokenId) -> Option<&'a str>) -> Vec<&'a str> {
        let each = self.ids.iter().enumerate();
        each.map(|(at, &id)| self.names.get(at).or_else(|| text(id)).unwrap_or_default()).collect()
    }

    /// All tokens are those of the text with this number.
    pub fn set_sequence(&mut self, sequence: usize) {
        self.sequences.set(sequence, 0..self.len());
    }

    /// A copy of some tokens: without what overflowed, and as of one text without a number.
    pub(super) fn slice(&self, start: usize, end: usize) -> Self {
        fn part<T: Clone>(all: &[T], start: usize, end: usize) -> Vec<T> {
            all.get(start..end).unwrap_or_default().to_vec()
        }
        Self {
            ids: part(&self.ids, start, end),
            type_ids: part(&self.type_ids, start, end),
            spans: part(&self.spans, start, end),
            words: part(&self.words, start, end),
            special_mask: part(&self.special_mask, start, end),
            attention_mask: part(&self.attention_mask, start, end),
            names: self.names.slice(start..end),
            sequences: Sequences::default(),
            overflowing: Vec::new(),
        }
    }
}

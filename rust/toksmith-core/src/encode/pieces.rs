//! Ids with their places and the pieces they are of: what a model's input is made from.
//!
//! Pieces are numbered through the whole text, added tokens included, whether they have ids or
//! not; tokenizers 0.23.3 calls the number a word.

use super::sink::Sink;
use super::spans::Spans;
use super::template::{Edges, Encoding, Names};
use crate::token::TokenId;
use crate::vocab::Vocab;
use std::sync::Arc;

/// Collects ids, spans, numbers of pieces, and names that are not the vocabulary's.
pub(crate) struct Pieces<'a> {
    vocab: &'a Vocab,
    /// The vocabulary's tokens are bytes.
    byte_level: bool,
    spans: Spans<'a>,
    words: Vec<Option<u32>>,
    names: Names,
    /// The piece that ids are of until the next one begins.
    current: Option<u32>,
    /// Number of pieces so far.
    count: u32,
    /// The first token of the word that has begun, where texts are given in words.
    word_start: usize,
}

impl<'a> Pieces<'a> {
    pub(crate) fn new(vocab: &'a Vocab, byte_level: bool) -> Self {
        Self {
            vocab,
            byte_level,
            spans: Spans::new(vocab),
            words: Vec::new(),
            names: Names::default(),
            current: None,
            count: 0,
            word_start: 0,
        }
    }

    /// All that was collected, as tokens of type `type_id`.
    pub(crate) fn finish(mut self, type_id: u32) -> Encoding {
        self.settle();
        let spanned = self.spans.finish();
        let mut encoding = Encoding::new(spanned.ids, spanned.spans, self.words, type_id);
        encoding.names = self.names;
        encoding
    }

    /// What comes now is a word by itself: its spans count from its own beginning.
    pub(crate) fn begin_word(&mut self) {
        self.settle();
        self.current = None;
        self.word_start = self.words.len();
        self.spans.start_at(0);
    }

    /// All tokens since [`Pieces::begin_word`] are of the word with this number.
    pub(crate) fn end_word(&mut self, number: usize) {
        self.settle();
        let number = u32::try_from(number).ok();
        self.words.get_mut(self.word_start..).unwrap_or_default().fill(number);
    }

    /// The ids that have no number yet are of the current piece.
    fn settle(&mut self) {
        self.words.resize(self.spans.out.ids.len(), self.current);
    }

    fn begin(&mut self) {
        self.current = Some(self.count);
        self.count += 1;
    }

    /// Names the last id.
    fn name(&mut self, name: &str) {
        let len = self.spans.out.ids.len();
        self.names.push(len.saturating_sub(1)..len, &Arc::from(name));
    }

    /// Whether the vocabulary says of a token all there is to know when it stands for this text.
    fn is_known(&self, id: TokenId, text: &str) -> bool {
        let same = self.vocab.get(id) == Some(text.as_bytes());
        // The white space of a byte-level token is counted in its bytes, of any other in its text.
        let edges = || Edges::of_bytes(text.as_bytes()) == Edges::of_spelling(text);
        same && (!self.byte_level || edges())
    }
}

impl Sink for Pieces<'_> {
    fn wants_spans(&self) -> bool {
        true
    }

    fn wants_pieces(&self) -> bool {
        true
    }

    fn few<const N: usize>(&mut self, ids: [TokenId; N], count: usize) {
        self.spans.few(ids, count);
    }

    fn many(&mut self, ids: &[TokenId]) {
        self.spans.many(ids);
    }

    fn added(&mut self, id: TokenId, start: usize, end: usize) {
        self.spans.added(id, start, end);
    }

    fn added_token(&mut self, id: TokenId, start: usize, end: usize, text: &str) {
        self.next_piece();
        self.spans.added(id, start, end);
        self.settle();
        if !self.is_known(id, text) {
            self.name(text);
        }
    }

    fn next_piece(&mut self) {
        self.settle();
        self.begin();
    }

    fn pieces(&mut self, ends: &[usize]) {
        for &end in ends {
            self.begin();
            let end = self.spans.base + end;
            let rest = self.spans.out.spans.get(self.words.len()..).unwrap_or_default();
            let count = rest.iter().take_while(|span| span.start < end).count();
            self.words.resize(self.words.len() + count, self.current);
        }
    }

    fn unknown(&mut self, text: &str) {
        if self.spans.out.ids.last().is_some_and(|&id| !self.is_known(id, text)) {
            self.name(text);
        }
    }

    fn start_at(&mut self, base: usize) {
        self.settle();
        self.spans.start_at(base);
    }

    fn piece_start(&mut self, start: usize) {
        self.spans.piece_start(start);
    }
}

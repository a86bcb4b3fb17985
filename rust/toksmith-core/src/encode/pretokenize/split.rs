//! From matches to pieces: what tokenizer.json calls the behaviour of a split.
//!
//! Equal to tokenizers 0.23.3: matches and the gaps between them, in order, are joined or dropped
//! by the behaviour, and empty pieces disappear at the end. tiktoken keeps matches and drops gaps,
//! which is [`SplitBehaviour::Removed`] inverted.

use crate::formats::SplitBehaviour;
use crate::token::Span;

/// What a text of `len` bytes falls into, given the matches in it, in order and not overlapping.
/// `invert` takes the gaps for matches and the matches for gaps. O(matches).
pub fn split_pieces(
    len: usize,
    matches: &[Span],
    behaviour: SplitBehaviour,
    invert: bool,
) -> Vec<Span> {
    let mut joiner =
        Joiner { behaviour, pieces: Vec::with_capacity(matches.len()), match_before: false };
    let mut end = 0;
    for &span in matches {
        if end < span.start {
            joiner.add(Span { start: end, end: span.start }, invert);
        }
        joiner.add(span, !invert);
        end = span.end;
    }
    if end < len {
        joiner.add(Span { start: end, end: len }, invert);
    }
    let mut pieces = joiner.pieces;
    pieces.retain(|piece| piece.start < piece.end);
    pieces
}

struct Joiner {
    behaviour: SplitBehaviour,
    pieces: Vec<Span>,
    /// Whether the last span was a match.
    match_before: bool,
}

impl Joiner {
    fn add(&mut self, span: Span, is_match: bool) {
        let joins = match self.behaviour {
            SplitBehaviour::Isolated | SplitBehaviour::Removed => false,
            SplitBehaviour::MergedWithPrevious => is_match && !self.match_before,
            SplitBehaviour::MergedWithNext => !is_match && self.match_before,
            SplitBehaviour::Contiguous => is_match == self.match_before,
        };
        self.match_before = is_match;
        if self.behaviour == SplitBehaviour::Removed && is_match {
            return;
        }
        match self.pieces.last_mut() {
            Some(last) if joins => last.end = span.end,
            _ => self.pieces.push(span),
        }
    }
}

//! From matches to pieces as they are found: the rules of `split.rs` without lists in between.
//!
//! Oracle: [`split_pieces`](super::super::split::split_pieces), in this folder's tests.

use crate::formats::SplitBehaviour;
use crate::token::Span;

/// Appends the pieces of one text to a list.
#[derive(Debug)]
pub(super) struct Joiner<'a> {
    behaviour: SplitBehaviour,
    pieces: &'a mut Vec<Span>,
    /// Pieces below this are of other texts.
    floor: usize,
    /// Where the text begins; what is added counts from there.
    base: usize,
    /// Whether the last span was a match.
    match_before: bool,
}

impl<'a> Joiner<'a> {
    /// For a text that begins at byte `base`.
    pub(super) fn new(behaviour: SplitBehaviour, base: usize, pieces: &'a mut Vec<Span>) -> Self {
        Self { behaviour, floor: pieces.len(), pieces, base, match_before: false }
    }

    /// The next part of the text: a match, or what lies between two. Parts leave no gap; a match
    /// may be empty.
    #[inline]
    pub(super) fn add(&mut self, start: usize, end: usize, is_match: bool) {
        let joins = match self.behaviour {
            SplitBehaviour::Isolated | SplitBehaviour::Removed => false,
            SplitBehaviour::MergedWithPrevious => is_match && !self.match_before,
            SplitBehaviour::MergedWithNext => !is_match && self.match_before,
            SplitBehaviour::Contiguous => is_match == self.match_before,
        };
        self.match_before = is_match;
        if is_match && self.behaviour == SplitBehaviour::Removed {
            return;
        }
        let span = Span { start: self.base + start, end: self.base + end };
        match self.last() {
            Some(last) if joins => last.end = span.end,
            // An empty piece that nothing joined disappears.
            Some(last) if last.start == last.end => *last = span,
            _ => self.pieces.push(span),
        }
    }

    /// The text has ended.
    pub(super) fn finish(mut self) {
        if self.last().is_some_and(|last| last.start == last.end) {
            self.pieces.pop();
        }
    }

    fn last(&mut self) -> Option<&mut Span> {
        self.pieces.get_mut(self.floor..)?.last_mut()
    }
}

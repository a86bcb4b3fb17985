//! The longest tokens of many words, found in step.
//!
//! A walk down the prefix tree is a chain of loads, each waiting for the one before, and for a
//! rare word most of them come from memory. The words of a group are walked together, one byte
//! of each in turn, so that their loads are on their way at the same time. A walk takes the
//! longest token again and again and never looks back; `backtrack.rs` checks what it found,
//! and then meets tables that are already in the cache. Purely a help: the result is the same
//! without it.

use super::Bpe;
use super::trie::{self, Trie};
use crate::token::{NONE, Rank, Span};

/// The longest tokens of some words, each after the one before.
#[derive(Debug, Default)]
pub(crate) struct Walks {
    lanes: Vec<Lane>,
    /// Lanes that are not at their end.
    active: Vec<u16>,
    steps: Vec<Step>,
}

/// One token of a walk.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Step {
    pub(super) rank: Rank,
    pub(super) len: u32,
}

/// One word.
#[derive(Debug, Clone, Copy)]
struct Lane {
    /// The word's bytes.
    span: Span,
    /// Where the token begins that is being looked for, and the byte that is next.
    from: usize,
    at: usize,
    /// Slot of the tree for the bytes up to there.
    slot: u64,
    /// Slot of the longest token so far, and its length.
    longest: u64,
    len: usize,
    /// First of the word's steps, and one past the last so far.
    first: usize,
    last: usize,
}

impl Walks {
    /// The tokens of word `i`.
    pub(crate) fn steps(&self, i: usize) -> &[Step] {
        self.lanes.get(i).and_then(|lane| self.steps.get(lane.first..lane.last)).unwrap_or(&[])
    }
}

impl Bpe {
    /// Walks words of `text`, none of them empty, in step. O(bytes x longest token).
    pub(crate) fn walk(
        &self,
        text: &[u8],
        words: impl Iterator<Item = Span>,
        walks: &mut Walks,
    ) {
        let Walks { lanes, active, steps } = walks;
        lanes.clear();
        active.clear();
        let Some(trie) = &self.trie else { return };
        let mut room = 0;
        for span in words {
            let mut lane =
                Lane { span, from: span.start, at: 0, slot: 0, longest: 0, len: 0, first: room, last: room };
            lane.begin(trie, text);
            active.push(lanes.len() as u16);
            lanes.push(lane);
            // A word has at most as many tokens as bytes.
            room += span.end - span.start;
        }
        if steps.len() < room {
            steps.resize(room, Step::default());
        }
        while !active.is_empty() {
            let mut i = 0;
            while i < active.len() {
                let lane = &mut lanes[usize::from(active[i])];
                if self.step(trie, text, lane, steps) {
                    i += 1;
                } else {
                    active.swap_remove(i);
                }
            }
        }
    }

    /// One byte further; false where the word ends.
    #[inline(always)]
    fn step(&self, trie: &Trie, text: &[u8], lane: &mut Lane, steps: &mut [Step]) -> bool {
        if lane.at < lane.span.end {
            let byte = text[lane.at];
            if let Some(slot) = trie.child(lane.slot, byte) {
                lane.slot = slot;
                lane.at += 1;
                if trie::rank(slot) != NONE {
                    (lane.longest, lane.len) = (slot, lane.at - lane.from);
                }
                if let Some(&next) = text.get(lane.at) {
                    trie.prefetch_child(slot, next);
                }
                return true;
            }
        }
        let rank = trie::rank(lane.longest);
        self.prefetch_token(rank);
        if lane.last > lane.first {
            self.pairs.prefetch(steps[lane.last - 1].rank, rank);
        }
        steps[lane.last] = Step { rank, len: lane.len as u32 };
        lane.last += 1;
        lane.from += lane.len;
        if lane.from >= lane.span.end {
            return false;
        }
        lane.begin(trie, text);
        true
    }
}

impl Lane {
    /// At the first byte of a token.
    #[inline(always)]
    fn begin(&mut self, trie: &Trie, text: &[u8]) {
        self.slot = trie.root(text[self.from]);
        (self.longest, self.len) = (self.slot, 1);
        self.at = self.from + 1;
        if let Some(&next) = text.get(self.at) {
            trie.prefetch_child(self.slot, next);
        }
    }
}

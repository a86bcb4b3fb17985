//! The most probable segmentation, as both reference libraries compute it.
//!
//! A place in the text has the best sum of scores of a path to it. Both libraries try the
//! pieces that begin at each place from left to right, shortest first, add the score to the
//! sum in their own float type, and keep the new path only if it is strictly better: so of
//! equal paths that with the earliest last step wins. A character that is no piece by itself
//! can also be stepped over as unknown. All of this shows in the result where scores are
//! equal or the sums round, so it is done here in the same order and type.
//!
//! SentencePiece moves its sums back to zero when they leave +-100,000 ([`Sum::LIMIT`]):
//! the sum at the place reached is subtracted from all sums ahead.
//!
//! [`best_path`] does so piece by piece ([`push`]), or, where pieces are long, asks an automaton
//! for the pieces that end at a place, longest first, which is the same order ([`pull`]).
//! O(text x pieces at a place). A place that every path crosses ends a *block*: its path is
//! given out and its memory used again, so what is held is 12 (or 16) bytes for each byte
//! between two such places.

use super::trie::{ROOT, Trie};
use crate::token::{NONE, TokenId};
use std::ops::{Add, Sub};

/// Entries of a buffer that are kept for the next text.
const KEEP: usize = 1 << 16;

/// The float type of the scores.
pub trait Sum: Copy + PartialOrd + Default + Add<Output = Self> + Sub<Output = Self> {
    /// Sums beyond this, or its negative, are moved back to zero.
    const LIMIT: Option<Self>;

    /// Whether this sum is beyond the limit.
    #[inline(always)]
    fn is_beyond(self) -> bool {
        Self::LIMIT.is_some_and(|limit| self > limit || self < Self::default() - limit)
    }
}

impl Sum for f32 {
    const LIMIT: Option<Self> = Some(100_000.0);
}

impl Sum for f64 {
    const LIMIT: Option<Self> = None;
}

/// Pieces and what using them costs.
#[derive(Debug)]
pub(crate) struct Lexicon<S> {
    /// Piece -> id.
    pub(crate) trie: Trie,
    /// By id.
    pub(crate) scores: Vec<S>,
    /// Of a character that is no piece.
    pub(crate) unknown_score: S,
    /// Its id; [`NONE`] if there is none.
    pub(crate) unknown: TokenId,
}

/// The best path to a place.
#[derive(Debug, Clone, Copy)]
struct Node<S> {
    sum: S,
    /// Where its last step begins; [`NONE`]: no path yet.
    start: u32,
    id: TokenId,
}

/// A step of the path that was found.
pub type Step = (TokenId, usize, usize);

/// Buffers of [`best_path`].
#[derive(Debug)]
pub struct PathScratch<S> {
    /// Of the bytes since the beginning of the block.
    nodes: Vec<Node<S>>,
    /// Steps, last first.
    steps: Vec<Step>,
    /// Where sums were moved back to zero, and from where.
    moves: Vec<(usize, S)>,
    /// Whether an unknown character was on a best path to some place.
    pub(crate) met_unknown: bool,
}

impl<S> Default for PathScratch<S> {
    fn default() -> Self {
        Self { nodes: Vec::new(), steps: Vec::new(), moves: Vec::new(), met_unknown: false }
    }
}

impl<S: Copy> PathScratch<S> {
    /// Gives back the memory of an unusually long text.
    pub(crate) fn trim(&mut self) {
        self.nodes.clear();
        self.nodes.shrink_to(KEEP);
        self.steps.clear();
        self.steps.shrink_to(KEEP);
    }

    fn begin(&mut self, sum: S) {
        self.nodes.clear();
        self.nodes.push(Node { sum, start: NONE, id: NONE });
    }

    /// Gives out the path from byte `base`, where the block begins, to byte `end`.
    fn give(&mut self, base: usize, end: usize, sink: &mut impl FnMut(Step)) {
        self.steps.clear();
        let mut at = end;
        while at > base {
            let node = self.nodes[at - base];
            // Every place has a path: an unknown character reaches what no piece does.
            let start = (node.start as usize).min(at - 1).max(base);
            self.steps.push((node.id, start, at));
            at = start;
        }
        self.steps.drain(..).rev().for_each(sink);
    }
}

/// Calls `sink` for each step of the best path through `text`, whose sum begins with `sum`, and
/// returns the sum at its end. `text` is UTF-8 of less than 4 GiB, and so is every piece.
pub(crate) fn best_path<S: Sum>(
    lexicon: &Lexicon<S>,
    text: &[u8],
    sum: S,
    scratch: &mut PathScratch<S>,
    sink: &mut impl FnMut(Step),
) -> S {
    if lexicon.trie.is_automaton() {
        pull(lexicon, text, sum, scratch, sink)
    } else {
        push(lexicon, text, sum, scratch, sink)
    }
}

/// Length of the character that begins with this byte.
#[inline(always)]
pub(crate) fn char_len(first: u8) -> usize {
    match first {
        0..0xC0 => 1,
        0xC0..0xE0 => 2,
        0xE0..0xF0 => 3,
        0xF0.. => 4,
    }
}

/// From each place to the places its pieces reach.
fn push<S: Sum>(
    lexicon: &Lexicon<S>,
    text: &[u8],
    sum: S,
    scratch: &mut PathScratch<S>,
    sink: &mut impl FnMut(Step),
) -> S {
    scratch.begin(sum);
    // Paths reach up to `frontier`.
    let (mut base, mut frontier) = (0, 0);
    let mut at = 0;
    while at < text.len() {
        if at == frontier && at > base {
            scratch.give(base, at, sink);
            let sum = scratch.nodes[at - base].sum;
            scratch.begin(sum);
            base = at;
        }
        let nodes = &mut scratch.nodes;
        let here = at - base;
        let mut sum = nodes[here].sum;
        if sum.is_beyond() {
            for node in nodes[here..].iter_mut().filter(|node| node.start != NONE) {
                node.sum = node.sum - sum;
            }
            sum = S::default();
        }
        let len = char_len(text[at]).min(text.len() - at);
        let mut single = false;
        let mut reach = |len: usize, id: TokenId, score: S| {
            let end = here + len;
            if end >= nodes.len() {
                nodes.resize(end + 1, Node { sum: S::default(), start: NONE, id: NONE });
            }
            let node = &mut nodes[end];
            let sum = score + sum;
            let better = node.start == NONE || sum > node.sum;
            if better {
                *node = Node { sum, start: at as u32, id };
            }
            better
        };
        lexicon.trie.walk(&text[at..], |piece, id| {
            single |= piece == len;
            reach(piece, id, lexicon.scores[id as usize]);
        });
        if !single {
            scratch.met_unknown |= reach(len, lexicon.unknown, lexicon.unknown_score);
        }
        frontier = base + scratch.nodes.len() - 1;
        at += len;
    }
    scratch.give(base, text.len(), sink);
    scratch.nodes[text.len() - base].sum
}

/// To each place from the places its pieces begin at. What [`push`] does to a place over time
/// happens here at once, in the same order: the paths by their beginning, and between them the
/// moves back to zero that came in between.
fn pull<S: Sum>(
    lexicon: &Lexicon<S>,
    text: &[u8],
    sum: S,
    scratch: &mut PathScratch<S>,
    sink: &mut impl FnMut(Step),
) -> S {
    scratch.begin(sum);
    scratch.moves.clear();
    let Lexicon { trie, scores, unknown_score, unknown } = lexicon;
    let (mut base, mut state, mut at) = (0, ROOT, 0);
    while at < text.len() {
        // What `push` does at the beginning of a step.
        let sum = scratch.nodes[at - base].sum;
        if state == ROOT && at > base {
            scratch.give(base, at, sink);
            scratch.begin(sum);
            scratch.moves.clear();
            base = at;
        }
        if sum.is_beyond() {
            scratch.nodes[at - base].sum = S::default();
            scratch.moves.push((at, sum));
        }
        // The place that a character further on is.
        let len = char_len(text[at]).min(text.len() - at);
        let (end, mut single) = (at + len, false);
        for &byte in &text[at..end] {
            state = trie.next(state, byte);
        }
        let PathScratch { nodes, moves, met_unknown, .. } = scratch;
        let mut node = Node { sum: S::default(), start: NONE, id: NONE };
        let mut moved = 0;
        let mut reach = |start: usize, id: TokenId, score: S| {
            if node.start == NONE {
                moved = moves.partition_point(|&(place, _)| place <= start);
            }
            while let Some(&(_, from)) = moves.get(moved).filter(|&&(place, _)| place <= start) {
                node.sum = node.sum - from;
                moved += 1;
            }
            let sum = score + nodes[start - base].sum;
            let better = node.start == NONE || sum > node.sum;
            if better {
                node = Node { sum, start: start as u32, id };
            }
            better
        };
        trie.ending(state, |piece, id| {
            single |= piece == len;
            reach(end - piece, id, scores[id as usize]);
        });
        if !single {
            *met_unknown |= reach(at, *unknown, *unknown_score);
        }
        nodes.resize(end - base + 1, Node { sum: S::default(), start: NONE, id: NONE });
        nodes[end - base] = node;
        at = end;
    }
    scratch.give(base, text.len(), sink);
    scratch.nodes[text.len() - base].sum
}

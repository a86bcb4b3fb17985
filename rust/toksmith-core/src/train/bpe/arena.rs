//! All words in one array of slots, each with its weight.
//!
//! A slot holds what one initial symbol became. A token that covers the slots `p..e` has its id in
//! the first and in the last of them; what lies between is never read. The tokens to both sides
//! of a place are then one step away with no links, since the number of slots of a token follows
//! from its id. Words stand between [`END`]s, and in groups of equal count, so that the count of
//! the word around a place comes from a short table instead of a number for every slot.

use super::rule::Rule;
use crate::error::{Error, Result};

/// Between two words.
pub(super) const END: u32 = u32::MAX;
/// The first slot of what was merged into the token to its left.
pub(super) const GONE: u32 = u32::MAX - 1;
/// Ids of tokens are below this.
pub(super) const TOKENS: u32 = u32::MAX - 1;

/// What a slot is kept in: 16 bits where all ids fit, which halves the largest array of training.
pub(super) trait Slot: Copy {
    /// Of a token, [`END`] or [`GONE`].
    fn new(token: u32) -> Self;
    /// What it was made of.
    fn token(self) -> u32;
}

impl Slot for u32 {
    #[inline]
    fn new(token: u32) -> Self {
        token
    }

    #[inline]
    fn token(self) -> u32 {
        self
    }
}

/// [`END`] and [`GONE`] are the two highest numbers here, too.
impl Slot for u16 {
    #[inline]
    fn new(token: u32) -> Self {
        debug_assert!(token < u32::from(Self::MAX) - 1 || token >= GONE, "an id of more bits");
        token as Self
    }

    #[inline]
    fn token(self) -> u32 {
        let token = u32::from(self);
        if token < u32::from(Self::MAX) - 1 { token } else { token | !u32::from(Self::MAX) }
    }
}

/// Whether the ids of so many tokens fit in slots of 16 bits.
pub(super) const fn is_narrow(vocab_size: usize) -> bool {
    vocab_size < u16::MAX as usize
}

/// Slots for which the table of weights has one entry to start from.
const BLOCK: usize = 64;

/// The words as they stand.
#[derive(Debug)]
pub(super) struct Arena<S> {
    /// Begins and ends with [`END`].
    slots: Vec<S>,
    /// Where runs of words of equal count end, and that count.
    runs: Vec<(u32, u64)>,
    /// The run that each block of slots begins in.
    blocks: Vec<u32>,
    /// Bit `p`: a pre-token begins at slot `p`, or the word ends there. Empty where every pair of neighbours may merge.
    breaks: Vec<u64>,
    /// The sum over all neighbours of their words' counts.
    total: u128,
}

impl<S: Slot> Arena<S> {
    /// No words, and room for so many slots.
    pub(super) fn with_capacity(slots: usize) -> Self {
        let (runs, blocks, breaks) = (Vec::new(), Vec::new(), Vec::new());
        let mut arena =
            Self { slots: Vec::with_capacity(slots + 1), runs, blocks, breaks, total: 0 };
        arena.slots.push(S::new(END));
        arena
    }

    /// Number of slots.
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// What a slot holds.
    #[inline]
    pub(super) fn at(&self, slot: usize) -> u32 {
        self.slots[slot].token()
    }

    /// Joins the tokens that begin at `start` and `middle` and end before `end`.
    #[inline]
    pub(super) fn join(&mut self, start: usize, middle: usize, end: usize, token: u32) {
        self.slots[start] = S::new(token);
        self.slots[middle] = S::new(GONE);
        self.slots[end - 1] = S::new(token);
    }

    /// Appends a word, a token filling as many slots as it has symbols, perhaps with [`END`]s in
    /// it; words of the same count must follow each other.
    ///
    /// Fails beyond 2^32 slots, and where the count of a pair could pass 2^64.
    pub(super) fn push(&mut self, word: &[u32], count: u64) -> Result<()> {
        if word.iter().all(|&symbol| symbol == END) {
            return Ok(());
        }
        self.slots.extend(word.iter().map(|&symbol| S::new(symbol)));
        self.slots.push(S::new(END));
        if self.slots.len() >= GONE as usize {
            return Err(Error::Input {
                why: "the distinct words have more than 2^32 symbols in all; \
                      leave out those that were seen least"
                    .into(),
            });
        }
        self.total += u128::from(count) * (word.len() as u128 - 1);
        if self.total > u128::from(u64::MAX) {
            return Err(Error::Input {
                why: "the words have more than 2^64 pairs of neighbours, counted with repetition"
                    .into(),
            });
        }
        let end = self.slots.len() as u32;
        match self.runs.last_mut() {
            Some(run) if run.1 == count => run.0 = end,
            _ => self.runs.push((end, count)),
        }
        Ok(())
    }

    /// As [`Self::push`], for a word in which pre-tokens begin at some symbols.
    pub(super) fn push_pieces(&mut self, word: &[u32], starts: &[usize], count: u64) -> Result<()> {
        let first = self.slots.len();
        self.push(word, count)?;
        if self.slots.len() > first {
            let end = first + word.len();
            self.breaks.resize(self.slots.len() / 64 + 1, 0);
            for slot in starts.iter().map(|start| first + start).chain([end]) {
                self.breaks[slot / 64] |= 1 << (slot % 64);
            }
        }
        Ok(())
    }

    /// To be called when all words are there: makes the table that [`Self::weight`] reads.
    pub(super) fn finish(&mut self) {
        self.slots.shrink_to_fit();
        let mut run = 0;
        self.blocks = (0..self.slots.len().div_ceil(BLOCK))
            .map(|block| {
                while self.runs.get(run).is_some_and(|run| run.0 as usize <= block * BLOCK) {
                    run += 1;
                }
                run as u32
            })
            .collect();
    }

    /// The sum of all pairs' counts at the start.
    pub(super) fn total(&self) -> u64 {
        self.total as u64
    }

    /// How often the word was seen that a slot belongs to.
    #[inline]
    pub(super) fn weight(&self, slot: usize) -> u64 {
        let mut run = self.blocks[slot / BLOCK] as usize;
        while self.runs[run].0 as usize <= slot {
            run += 1;
        }
        self.runs[run].1
    }

    /// Whether pre-tokens are marked.
    #[inline]
    pub(super) fn has_breaks(&self) -> bool {
        !self.breaks.is_empty()
    }

    /// All tokens with the slots they begin in.
    pub(super) fn tokens<'a>(&'a self, rule: &'a Rule) -> impl Iterator<Item = (u32, u32)> + 'a {
        let mut place = 1;
        std::iter::from_fn(move || {
            let mut token = self.slots.get(place)?.token();
            while token == END {
                place += 1;
                token = self.slots.get(place)?.token();
            }
            let start = place;
            place += rule.span(token);
            Some((token, start as u32))
        })
    }

    #[inline]
    fn begins(&self, slot: usize) -> bool {
        self.breaks[slot / 64] >> (slot % 64) & 1 != 0
    }

    /// Whether the neighbours in `start..middle` and `middle..end` may merge: inside a pre-token
    /// any may, over its edge only where both are whole pre-tokens.
    ///
    /// The answer for two tokens does not change while both stand.
    #[inline]
    pub(super) fn may_join(&self, start: usize, middle: usize, end: usize) -> bool {
        !self.has_breaks() || !self.begins(middle) || (self.begins(start) && self.begins(end))
    }
}

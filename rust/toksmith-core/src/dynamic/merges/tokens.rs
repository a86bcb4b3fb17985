//! The tokens of a batch as a list in which neighbours can be joined: two numbers a slot.
//!
//! A token fills as many slots as it has original tokens, so that slots are positions in the
//! original batch for ever. Its first slot has its id; the others are tombstones, and what a
//! linked list would need is kept in them: the second slot knows the number of slots, the last
//! one how far back the first is. Beside each token stands the pair it begins.

/// Ids are below this; the bit marks tombstones.
pub(super) const DEAD: u32 = 1 << 31;
/// Beside a token: it never merges with the next.
pub(super) const BAR: u32 = u32::MAX;
/// Beside a token: it may merge with the next, and which pair that is is not known yet.
pub(super) const OPEN: u32 = u32::MAX - 1;

/// The tokens, and beside each the pair that it begins.
#[derive(Debug)]
pub(super) struct Tokens {
    /// In a first slot the id; in any other [`DEAD`], with the way back to the first in the last.
    ids: Vec<u32>,
    /// In a first slot the pair, [`BAR`] or [`OPEN`]; in a second one the number of slots.
    pairs: Vec<u32>,
}

impl Tokens {
    /// One slot a token; `pairs` has [`BAR`] at the end of each row. Ids are below [`DEAD`].
    pub(super) fn new(ids: Vec<u32>, pairs: Vec<u32>) -> Self {
        debug_assert_eq!(ids.len(), pairs.len());
        debug_assert!(pairs.last().is_none_or(|&last| last == BAR));
        Self { ids, pairs }
    }

    /// Number of slots.
    pub(super) fn slots(&self) -> usize {
        self.ids.len()
    }

    /// The id of the token that begins at a slot.
    #[inline]
    pub(super) fn id(&self, at: u32) -> u32 {
        self.ids[at as usize]
    }

    /// The pair that the token at a slot begins, or [`BAR`] or [`OPEN`].
    #[inline]
    pub(super) fn pair(&self, at: u32) -> u32 {
        self.pairs[at as usize]
    }

    #[inline]
    pub(super) fn set_pair(&mut self, at: u32, pair: u32) {
        self.pairs[at as usize] = pair;
    }

    /// Whether a token begins at a slot, and that pair with it.
    #[inline]
    pub(super) fn begins(&self, at: u32, pair: u32) -> bool {
        self.pairs[at as usize] == pair && self.ids[at as usize] < DEAD
    }

    /// Where the token behind that at `at` begins; the number of slots behind the last.
    #[inline]
    pub(super) fn next(&self, at: u32) -> u32 {
        let second = at as usize + 1;
        match self.ids.get(second) {
            Some(&id) if id >= DEAD => at + self.pairs[second],
            _ => second as u32,
        }
    }

    /// Where the token before that at `at` begins.
    #[inline]
    pub(super) fn previous(&self, at: u32) -> Option<u32> {
        let last = at.checked_sub(1)?;
        let id = self.ids[last as usize];
        Some(if id >= DEAD { last - (id - DEAD) } else { last })
    }

    /// The tokens at `left` and `right`, which follow each other and end before `end`, become one,
    /// which may merge with the next if the right one might.
    #[inline]
    pub(super) fn join(&mut self, left: u32, right: u32, end: u32, id: u32) {
        let (first, last) = (left as usize, end as usize - 1);
        let open = if self.pairs[right as usize] == BAR { BAR } else { OPEN };
        self.ids[first] = id;
        self.ids[right as usize] = DEAD;
        self.ids[last] = DEAD + (end - 1 - left);
        self.pairs[first] = open;
        self.pairs[first + 1] = end - left;
    }

    /// Ids and first slots, in order, from a slot on.
    pub(super) fn from(&self, first: usize) -> impl Iterator<Item = (u32, u32)> + '_ {
        let slots = self.ids.iter().enumerate().skip(first);
        slots.filter(|&(_, &id)| id < DEAD).map(|(at, &id)| (id, at as u32))
    }
}

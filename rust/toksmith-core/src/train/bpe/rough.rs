//! Upper bounds of all pairs' counts, in little memory.
//!
//! Pairs share sums by their hash. Most pairs of a large text are rare, and so are their sums:
//! they can be left out before each gets a place in a map, which takes many times the memory.

use super::pairs::{Key, KeyHasher};
use std::hash::Hasher;

/// A sum for about so many slots of the arena.
const SLOTS: usize = 32;

/// Sums of the counts of all pairs that share some bits of their hash.
#[derive(Debug)]
pub(super) struct Rough {
    /// As many as a power of two.
    sums: Vec<u64>,
}

impl Rough {
    /// For an arena of so many slots.
    pub(super) fn new(slots: usize) -> Self {
        Self { sums: vec![0; (slots / SLOTS).next_power_of_two()] }
    }

    /// Which sum a pair has a part in. A map of the same hash looks at its lowest and highest bits.
    #[inline]
    fn index(&self, pair: Key) -> usize {
        let mut hasher = KeyHasher::default();
        hasher.write_u64(pair);
        (hasher.finish() >> 24) as usize & (self.sums.len() - 1)
    }

    /// Counts occurrences; the sum of all must be less than 2^64.
    #[inline]
    pub(super) fn add(&mut self, pair: Key, weight: u64) {
        let index = self.index(pair);
        self.sums[index] += weight;
    }

    /// Not less than the count of a pair.
    #[inline]
    pub(super) fn bound(&self, pair: Key) -> u64 {
        self.sums[self.index(pair)]
    }

    /// Not less than any count.
    pub(super) fn most(&self) -> u64 {
        self.sums.iter().copied().max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::Rough;
    use crate::train::bpe::pairs::key;

    #[test]
    fn no_count_is_above_its_bound_and_few_bounds_are_far_above() {
        let count = |left: u32, right: u32| u64::from(1000 / (left + right + 1));
        let pairs = || (0..200).flat_map(|left| (0..200).map(move |right| (left, right)));
        let mut rough = Rough::new(1 << 20);
        for (left, right) in pairs() {
            rough.add(key(left, right), count(left, right));
            rough.add(key(left, right), 1);
        }
        let mut far = 0;
        for (left, right) in pairs() {
            let (count, bound) = (count(left, right) + 1, rough.bound(key(left, right)));
            assert!(count <= bound && bound <= rough.most());
            far += u32::from(bound > 100 && count <= 10);
        }
        assert!(far < 40_000 / 50, "{far}");
    }
}

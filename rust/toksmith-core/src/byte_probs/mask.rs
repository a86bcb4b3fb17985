//! A set of tokens, by place in a [`TokenTrie`](super::trie::TokenTrie)'s order: one bit each.

use std::ops::Range;

/// Which tokens are allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mask {
    words: Vec<u64>,
    len: usize,
}

impl Mask {
    /// No token of `len`.
    pub fn none(len: usize) -> Self {
        Self { words: vec![0; len.div_ceil(64)], len }
    }

    /// All tokens of `len`.
    pub fn all(len: usize) -> Self {
        let mut mask = Self { words: vec![u64::MAX; len.div_ceil(64)], len };
        if let (Some(last), 1..) = (mask.words.last_mut(), len % 64) {
            *last = (1 << (len % 64)) - 1;
        }
        mask
    }

    /// Number of tokens, allowed or not.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no tokens to allow.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Sixty-four tokens a word, the first in the lowest bit; bits beyond the last token are zero.
    pub fn words(&self) -> &[u64] {
        &self.words
    }

    /// Whether the token at a place is allowed; false beyond the last.
    pub fn contains(&self, place: u32) -> bool {
        self.words.get(place as usize / 64).is_some_and(|word| word >> (place % 64) & 1 == 1)
    }

    /// Allows the token at a place, which must exist.
    pub fn insert(&mut self, place: u32) {
        debug_assert!((place as usize) < self.len);
        if let Some(word) = self.words.get_mut(place as usize / 64) {
            *word |= 1 << (place % 64);
        }
    }

    /// Forbids the token at a place.
    pub fn remove(&mut self, place: u32) {
        if let Some(word) = self.words.get_mut(place as usize / 64) {
            *word &= !(1 << (place % 64));
        }
    }

    /// Allows what `other` allows as well.
    pub fn union(&mut self, other: &Self) {
        for (word, other) in self.words.iter_mut().zip(&other.words) {
            *word |= other;
        }
    }

    /// Forbids what `other` does not allow.
    pub fn intersect(&mut self, other: &Self) {
        let others = other.words.iter().copied().chain(std::iter::repeat(0));
        for (word, other) in self.words.iter_mut().zip(others) {
            *word &= other;
        }
    }

    /// Forbids what `other` allows.
    pub fn subtract(&mut self, other: &Self) {
        for (word, other) in self.words.iter_mut().zip(&other.words) {
            *word &= !other;
        }
    }

    /// Whether any token of a range is allowed.
    pub fn any(&self, range: Range<u32>) -> bool {
        let (lo, hi) = (range.start as usize, (range.end as usize).min(self.len));
        if lo >= hi {
            return false;
        }
        let (first, last) = (lo / 64, (hi - 1) / 64);
        (first..=last).any(|at| {
            let mut word = self.words.get(at).copied().unwrap_or(0);
            if at == first {
                word &= u64::MAX << (lo % 64);
            }
            if at == last {
                word &= u64::MAX >> (63 - (hi - 1) % 64);
            }
            word != 0
        })
    }

    /// Number of tokens allowed.
    pub fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// The places of the allowed tokens, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u32> {
        self.words.iter().enumerate().flat_map(|(at, &word)| {
            let mut rest = word;
            std::iter::from_fn(move || {
                let bit = (rest != 0).then(|| rest.trailing_zeros())?;
                rest &= rest - 1;
                Some(at as u32 * 64 + bit)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_is_a_set() {
        for len in [0, 1, 63, 64, 65, 200] {
            let (mut mask, mut set) = (Mask::none(len), std::collections::BTreeSet::new());
            for place in (0..len as u32).step_by(7) {
                mask.insert(place);
                set.insert(place);
            }
            assert_eq!(mask.iter().collect::<Vec<_>>(), set.iter().copied().collect::<Vec<_>>());
            for lo in 0..len as u32 {
                for hi in [lo, lo + 1, lo + 5, lo + 64, lo + 130] {
                    let any = set.range(lo..hi).next().is_some();
                    assert_eq!(mask.any(lo..hi), any, "{len} {lo} {hi}");
                }
            }
            assert_eq!(Mask::all(len).count(), len);
            let mut rest = Mask::all(len);
            rest.subtract(&mask);
            assert_eq!(rest.count() + mask.count(), len);
            let mut both = mask.clone();
            both.intersect(&rest);
            assert_eq!(both, Mask::none(len));
            both.union(&mask);
            both.intersect(&Mask::all(len));
            assert_eq!(both, mask);
        }
    }
}

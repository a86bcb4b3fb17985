//! Merging many short words in step, each in a few vector registers.
//!
//! The tokens of a word lie in a row of lanes, and so do the products of neighbours, each with
//! its place below it in one number: the least of these numbers is the next merge, leftmost of
//! equals. Finding it, and closing the gap that a merge leaves, are a few vector instructions
//! with nothing to predict. What remains are two look-ups of pairs a merge, mostly in memory that
//! no other word has asked for: so words are merged in step, one merge of each in turn, and the
//! look-ups of all are on their way at the same time. Any merge order will do.
//!
//! At most [`MAX`] merges a word. Oracle: `naive.rs`.

use super::Bpe;
use crate::simd::vectors::{LANES, NOTHING, Row, Vectors};
use crate::token::{NONE, Rank};

/// Longest word, in bytes: one less than there are lanes, so that the last lane is free.
pub(crate) const MAX: usize = 2 * LANES - 1;
/// Words in step: enough to hide memory behind, and few enough for the fastest cache.
const TOGETHER: usize = 16;
/// Bits of a place.
const PLACE_BITS: u32 = 5;

/// Words being merged.
#[derive(Debug, Default)]
pub(crate) struct Lanes {
    words: Vec<Word>,
}

/// One word.
#[derive(Debug, Clone)]
struct Word {
    /// Its tokens.
    parts: [Row; 2],
    /// What each makes with the one behind it, and where.
    keys: [Row; 2],
    /// Number of tokens.
    len: usize,
    /// Whether one row is enough.
    short: bool,
    /// The place of the last merge, whose products are not yet in `keys`; or [`MAX`].
    merged: usize,
}

/// A product at a place.
#[inline(always)]
fn key(product: Rank, at: usize) -> u32 {
    if product == NONE { NOTHING } else { product << PLACE_BITS | at as u32 }
}

/// A lane of two rows.
#[inline(always)]
fn lane(rows: &mut [Row; 2], at: usize) -> &mut u32 {
    &mut rows[at / LANES % 2].0[at % LANES]
}

impl Lanes {
    /// No words.
    pub(crate) fn clear(&mut self) {
        self.words.clear();
    }

    /// Adds a word of at most [`MAX`] bytes.
    #[inline(always)]
    pub(crate) fn push(&mut self, bpe: &Bpe, bytes: &[u8]) {
        let mut word = Word {
            parts: [Row::default(); 2],
            keys: [Row::default(); 2],
            len: bytes.len(),
            short: bytes.len() < LANES,
            merged: MAX,
        };
        for (at, &byte) in bytes.iter().enumerate() {
            *lane(&mut word.parts, at) = Rank::from(byte);
        }
        for (at, pair) in bytes.windows(2).enumerate() {
            *lane(&mut word.keys, at) = key(bpe.pairs.get_bytes(pair[0], pair[1]), at);
        }
        self.words.push(word);
    }

    /// The ranks of word `i`, once all are merged.
    pub(crate) fn ranks(&self, i: usize) -> impl Iterator<Item = Rank> {
        let parts = self.words.get(i).map_or(&[][..], |word| &word.parts);
        let len = self.words.get(i).map_or(0, |word| word.len);
        parts.iter().flat_map(|row| row.0).take(len)
    }

    /// Merges all words.
    #[inline(always)]
    pub(crate) fn merge<V: Vectors>(&mut self, bpe: &Bpe) {
        let mut active = [0; TOGETHER];
        let (mut count, mut next) = (0, 0);
        while next < self.words.len() && count < TOGETHER {
            active[count] = next;
            (count, next) = (count + 1, next + 1);
        }
        while count > 0 {
            let mut i = 0;
            while i < count {
                let Some(word) = self.words.get_mut(active[i]) else { return };
                if word.step::<V>(bpe) {
                    i += 1;
                } else if next < self.words.len() {
                    active[i] = next;
                    next += 1;
                } else {
                    count -= 1;
                    active[i] = active[count];
                }
            }
        }
    }
}

impl Word {
    /// One merge; false if there is none.
    #[inline(always)]
    fn step<V: Vectors>(&mut self, bpe: &Bpe) -> bool {
        if self.merged != MAX {
            let (before, at, after) = self.around();
            let [left, made, right] = [before, at, after].map(|at| *lane(&mut self.parts, at));
            *lane(&mut self.keys, before) = key(bpe.pairs.find::<V>(left, made), before);
            *lane(&mut self.keys, at) = key(bpe.pairs.find::<V>(made, right), at);
        }
        let mut least = V::least(&self.keys[0]);
        if !self.short {
            least = least.min(V::least(&self.keys[1]));
        }
        if least == NOTHING {
            return false;
        }
        self.merged = least as usize & MAX;
        self.close::<V>();
        let (before, at, after) = self.around();
        let made = least >> PLACE_BITS;
        *lane(&mut self.parts, at) = made;
        bpe.pairs.prefetch(*lane(&mut self.parts, before), made);
        bpe.pairs.prefetch(made, *lane(&mut self.parts, after));
        true
    }

    /// The places before, of and behind the last merge. Before the first place comes the last,
    /// which is free and so makes no token.
    #[inline(always)]
    fn around(&self) -> (usize, usize, usize) {
        (self.merged.wrapping_sub(1) & MAX, self.merged, self.merged + 1)
    }

    /// Closes the gap behind the last merge.
    #[inline(always)]
    fn close<V: Vectors>(&mut self) {
        self.len -= 1;
        let moved = (u32::MAX - 1) << self.merged;
        let ([parts, parts_high], [keys, keys_high]) = (&mut self.parts, &mut self.keys);
        V::close(parts, moved as u16, parts_high.0[0]);
        if self.short {
            V::close_less(keys, moved as u16, NOTHING);
        } else {
            // What crosses to the lower row is one place lower too.
            V::close_less(keys, moved as u16, keys_high.0[0]);
            V::close(parts_high, (moved >> LANES) as u16, NOTHING);
            V::close_less(keys_high, (moved >> LANES) as u16, NOTHING);
        }
    }
}

#[cfg(test)]
#[allow(clippy::expect_used, reason = "a test that fails to set up shall fail")]
mod tests {
    use super::super::{Bpe, build, naive};
    use super::{Lanes, MAX};
    use crate::formats::Merges;
    use crate::simd::vectors::{Plain, Vectors};
    use crate::simd::{self, Work};
    use crate::vocab::Vocab;
    use proptest::prelude::*;

    /// The bytes and products of random pairs of earlier tokens over few letters.
    fn vocabulary(pairs: &[(u16, u16)]) -> Vocab {
        let mut tokens: Vec<Vec<u8>> = (0..=255).map(|byte| vec![byte]).collect();
        let mut pool: Vec<Vec<u8>> = b"abc".iter().map(|&byte| vec![byte]).collect();
        for &(left, right) in pairs {
            let pick = |n: u16| pool[n as usize % pool.len()].clone();
            let token = [pick(left), pick(right)].concat();
            if token.len() <= MAX && !tokens.contains(&token) {
                pool.push(token.clone());
                tokens.push(token);
            }
        }
        let mut vocab = Vocab::default();
        for (id, token) in tokens.iter().enumerate() {
            vocab.insert(id as u32, token, tokens.len()).expect("ids are free");
        }
        vocab
    }

    struct Merge<'a> {
        bpe: &'a Bpe,
        lanes: &'a mut Lanes,
    }

    impl Work for Merge<'_> {
        type Output = ();

        #[inline(always)]
        fn run<V: Vectors>(self) {
            self.lanes.merge::<V>(self.bpe);
        }
    }

    proptest! {
        #[test]
        fn words_in_step_are_merged_as_the_definition_says(
            pairs in prop::collection::vec(any::<(u16, u16)>(), 0..60),
            words in prop::collection::vec(
                prop::collection::vec(prop::sample::select(b"abcd".to_vec()), 1..=MAX), 1..50),
        ) {
            let vocab = vocabulary(&pairs);
            let compiled = build::compile(&vocab, &Merges::ByRank).expect("a vocabulary that fits");
            let bpe = Bpe::new(&vocab, compiled).expect("merges that fit");
            for plain in [true, false] {
                let mut lanes = Lanes::default();
                for word in &words {
                    lanes.push(&bpe, word);
                }
                if plain {
                    lanes.merge::<Plain>(&bpe);
                } else {
                    simd::vectorized(Merge { bpe: &bpe, lanes: &mut lanes });
                }
                for (i, word) in words.iter().enumerate() {
                    let mut parts: Vec<_> = word.iter().map(|&byte| u32::from(byte)).collect();
                    naive::merge(&mut parts, |left, right| {
                        let product = bpe.product(left, right);
                        (product != crate::token::NONE).then_some((product, product))
                    });
                    prop_assert_eq!(lanes.ranks(i).collect::<Vec<_>>(), parts);
                }
            }
        }
    }
}

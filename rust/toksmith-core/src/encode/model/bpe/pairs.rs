//! The table `(left, right) -> product`, probed once or twice a merge.
//!
//! Open addressing in buckets of eight 8-byte slots: three ranks of 21 bits each, so that a bucket
//! is a cache line and a look-up usually ends in the line it started in. Most pairs
//! asked for make no token, which a bitmap of 16 bits a pair tells from a quarter of the memory.
//! Pairs of bytes, where every merge begins, have a table of their own without hashing.

use crate::simd::prefetch;
use crate::simd::vectors::{Bucket, SLOTS, Vectors};
use crate::token::{NONE, Rank};

const BITS: i32 = 21;
const FIELD: u64 = (1 << BITS) - 1;
/// Ranks must stay below this.
pub const MAX_RANK: u32 = FIELD as u32;
/// Bits of the filter a slot of the table; a power of two.
const FILTER_BITS: usize = 8;
/// 2^64 divided by the golden ratio: multiplicative (Fibonacci) hashing.
const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;

/// Two ranks as a number; what is no rank makes a number that no pair has.
#[inline(always)]
fn key(left: Rank, right: Rank) -> u64 {
    u64::from(left) << BITS | u64::from(right)
}

#[inline(always)]
fn hash(key: u64) -> u64 {
    key.wrapping_mul(MULTIPLIER)
}

/// Live pairs and their products.
#[derive(Debug)]
pub struct PairTable {
    /// `left << 42 | right << 21 | product`; zero is empty (a product is never rank 0).
    buckets: Vec<Bucket>,
    shift: u32,
    /// Bit `hash >> filter_shift` is set if some pair has that hash.
    filter: Vec<u64>,
    filter_shift: u32,
    /// Products of two bytes, by `first << 8 | second`.
    bytes: Vec<Rank>,
}

impl PairTable {
    /// A table for `pairs` pairs, at most half full.
    pub fn with_capacity(pairs: usize) -> Self {
        let size = (pairs * 2).next_power_of_two().max(16);
        let filter_bits = size * FILTER_BITS;
        Self {
            buckets: vec![Bucket::default(); size / SLOTS],
            shift: 64 - (size / SLOTS).trailing_zeros(),
            filter: vec![0; filter_bits / 64 + 1],
            filter_shift: 64 - filter_bits.trailing_zeros(),
            bytes: vec![NONE; 1 << 16],
        }
    }

    /// Asks for the line that [`PairTable::find`] will read.
    #[inline(always)]
    pub fn prefetch(&self, left: Rank, right: Rank) {
        prefetch(&self.buckets, (hash(key(left, right)) >> self.shift) as usize);
    }

    /// Asks for the lines that adding this pair will touch.
    #[inline(always)]
    pub fn prefetch_insert(&self, left: Rank, right: Rank) {
        self.prefetch(left, right);
        prefetch(&self.filter, (hash(key(left, right)) >> self.filter_shift) as usize / 64);
    }

    /// Adds a pair; false if it was there or the table is full.
    pub fn insert(&mut self, left: Rank, right: Rank, product: Rank) -> bool {
        let key = key(left, right);
        let hash = hash(key);
        let bit = (hash >> self.filter_shift) as usize;
        self.filter[bit / 64] |= 1 << (bit % 64);
        let (home, mask) = ((hash >> self.shift) as usize, self.buckets.len() - 1);
        for at in home..home + self.buckets.len() {
            for slot in &mut self.buckets[at & mask].0 {
                if *slot == 0 {
                    *slot = key << BITS | u64::from(product);
                    if left < 256 && right < 256 {
                        self.bytes[(left << 8 | right) as usize] = product;
                    }
                    return true;
                }
                if *slot >> BITS == key {
                    return false;
                }
            }
        }
        false
    }

    /// The product of two neighbours, or [`NONE`]. Constant expected time.
    #[inline(always)]
    pub fn get(&self, left: Rank, right: Rank) -> Rank {
        let hash = hash(key(left, right));
        let bit = (hash >> self.filter_shift) as usize;
        if self.filter[bit / 64] >> (bit % 64) & 1 == 0 {
            return NONE;
        }
        // Slot by slot: most pairs that are there stand in the first few.
        let (key, mask) = (key(left, right), self.buckets.len() - 1);
        let home = (hash >> self.shift) as usize;
        for at in home..home + self.buckets.len() {
            for &slot in &self.buckets[at & mask].0 {
                if slot >> BITS == key {
                    return (slot & FIELD) as Rank;
                }
                if slot == 0 {
                    return NONE;
                }
            }
        }
        NONE
    }

    /// As [`PairTable::get`], without the bitmap: for who has asked for the line before, or does
    /// not want to wait for it. Anything may stand in place of a rank; it makes no token.
    #[inline(always)]
    pub fn find<V: Vectors>(&self, left: Rank, right: Rank) -> Rank {
        let key = key(left, right);
        let mask = self.buckets.len() - 1;
        let mut at = (hash(key) >> self.shift) as usize;
        loop {
            let bucket = &self.buckets[at & mask];
            let found = V::matches::<BITS>(bucket, key);
            if found != 0 {
                return (bucket.0[found.trailing_zeros() as usize % SLOTS] & FIELD) as Rank;
            }
            if bucket.0[SLOTS - 1] == 0 {
                return NONE;
            }
            at += 1;
        }
    }

    /// The product of two bytes, or [`NONE`].
    #[inline(always)]
    pub fn get_bytes(&self, first: u8, second: u8) -> Rank {
        self.bytes[usize::from(first) << 8 | usize::from(second)]
    }
}

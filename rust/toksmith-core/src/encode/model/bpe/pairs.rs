//! The table `(left, right) -> product`, probed once or twice a merge.
//!
//! Open addressing with linear probing in 8-byte slots: three ranks of 21 bits each, so that
//! eight slots share a cache line and a miss usually ends in the line it started in. Pairs of
//! bytes, where every merge begins, have a table of their own without hashing.

use crate::token::{NONE, Rank};

const BITS: u32 = 21;
const FIELD: u64 = (1 << BITS) - 1;
/// Ranks must stay below this.
pub const MAX_RANK: u32 = FIELD as u32;
/// 2^64 divided by the golden ratio: multiplicative (Fibonacci) hashing.
const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;

/// Live pairs and their products.
#[derive(Debug)]
pub struct PairTable {
    /// `left << 42 | right << 21 | product`; zero is empty (a product is never rank 0).
    slots: Vec<u64>,
    shift: u32,
    /// Products of two bytes, by `first << 8 | second`.
    bytes: Vec<Rank>,
}

impl PairTable {
    /// A table for `pairs` pairs, at most half full.
    pub fn with_capacity(pairs: usize) -> Self {
        let size = (pairs * 2).next_power_of_two().max(16);
        Self { slots: vec![0; size], shift: 64 - size.trailing_zeros(), bytes: vec![NONE; 1 << 16] }
    }

    #[inline(always)]
    fn home(&self, key: u64) -> usize {
        (key.wrapping_mul(MULTIPLIER) >> self.shift) as usize
    }

    /// Adds a pair; false if it was there or the table is full.
    pub fn insert(&mut self, left: Rank, right: Rank, product: Rank) -> bool {
        let key = u64::from(left) << BITS | u64::from(right);
        let mask = self.slots.len() - 1;
        let mut at = self.home(key);
        for _ in 0..self.slots.len() {
            let slot = self.slots[at & mask];
            if slot == 0 {
                self.slots[at & mask] = key << BITS | u64::from(product);
                if left < 256 && right < 256 {
                    self.bytes[(left << 8 | right) as usize] = product;
                }
                return true;
            }
            if slot >> BITS == key {
                return false;
            }
            at += 1;
        }
        false
    }

    /// The product of two neighbours, or [`NONE`]. Constant expected time.
    #[inline(always)]
    pub fn get(&self, left: Rank, right: Rank) -> Rank {
        let key = u64::from(left) << BITS | u64::from(right);
        let mask = self.slots.len() - 1;
        let mut at = self.home(key);
        loop {
            let slot = self.slots[at & mask];
            if slot >> BITS == key {
                return (slot & FIELD) as Rank;
            }
            if slot == 0 {
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

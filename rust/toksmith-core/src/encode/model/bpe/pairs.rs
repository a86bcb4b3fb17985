//! The table `(left, right) -> product`, probed once or twice a merge.
//!
//! Open addressing with linear probing in 8-byte slots: three ranks of 21 bits each, so that
//! eight slots share a cache line and a miss usually ends in the line it started in. Most pairs
//! asked for make no token, which a bitmap of 16 bits a pair tells from a quarter of the memory.
//! Pairs of bytes, where every merge begins, have a table of their own without hashing.

use crate::simd::prefetch;
use crate::token::{NONE, Rank};

const BITS: u32 = 21;
const FIELD: u64 = (1 << BITS) - 1;
/// Ranks must stay below this.
pub const MAX_RANK: u32 = FIELD as u32;
/// Bits of the filter a slot of the table; a power of two.
const FILTER_BITS: usize = 8;
/// 2^64 divided by the golden ratio: multiplicative (Fibonacci) hashing.
const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;

/// Live pairs and their products.
#[derive(Debug)]
pub struct PairTable {
    /// `left << 42 | right << 21 | product`; zero is empty (a product is never rank 0).
    slots: Vec<u64>,
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
        let shift = 64 - size.trailing_zeros();
        Self {
            slots: vec![0; size],
            shift,
            filter: vec![0; size * FILTER_BITS / 64 + 1],
            filter_shift: shift - FILTER_BITS.trailing_zeros(),
            bytes: vec![NONE; 1 << 16],
        }
    }

    /// Asks for the lines that adding this pair will touch.
    #[inline(always)]
    pub fn prefetch(&self, left: Rank, right: Rank) {
        let hash = (u64::from(left) << BITS | u64::from(right)).wrapping_mul(MULTIPLIER);
        prefetch(&self.slots, (hash >> self.shift) as usize);
        prefetch(&self.filter, (hash >> self.filter_shift) as usize / 64);
    }

    /// Adds a pair; false if it was there or the table is full.
    pub fn insert(&mut self, left: Rank, right: Rank, product: Rank) -> bool {
        let key = u64::from(left) << BITS | u64::from(right);
        let mask = self.slots.len() - 1;
        let hash = key.wrapping_mul(MULTIPLIER);
        let bit = (hash >> self.filter_shift) as usize;
        self.filter[bit / 64] |= 1 << (bit % 64);
        let home = (hash >> self.shift) as usize;
        for at in home..home + self.slots.len() {
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
        }
        false
    }

    /// The product of two neighbours, or [`NONE`]. Constant expected time.
    #[inline(always)]
    pub fn get(&self, left: Rank, right: Rank) -> Rank {
        let key = u64::from(left) << BITS | u64::from(right);
        let hash = key.wrapping_mul(MULTIPLIER);
        let bit = (hash >> self.filter_shift) as usize;
        if self.filter[bit / 64] >> (bit % 64) & 1 == 0 {
            return NONE;
        }
        let mask = self.slots.len() - 1;
        let mut at = (hash >> self.shift) as usize;
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

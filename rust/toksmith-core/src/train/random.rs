//! Random numbers for trainers: `SplitMix64`, in full so that an oracle can be written from this.
//!
//! The state begins as the seed. A step adds `0x9E3779B97F4A7C15` and mixes the sum:
//! `z ^= z >> 30; z *= 0xBF58476D1CE4E5B9; z ^= z >> 27; z *= 0x94D049BB133111EB; z ^= z >> 31`,
//! all modulo 2^64.

use crate::encode::model::draws::next_bits;

/// A stream of random numbers that depends on its seed alone.
#[derive(Debug, Clone)]
pub(super) struct Random(pub(super) u64);

impl Random {
    fn next(&mut self) -> u64 {
        next_bits(&mut self.0)
    }

    /// The upper 53 bits of a step, from 0 below 1.
    pub(super) fn uniform(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A number below `limit`: the upper half of the 128-bit product of a step and `limit`.
    pub(super) fn below(&mut self, limit: usize) -> usize {
        ((u128::from(self.next()) * limit as u128) >> 64) as usize
    }

    /// Shuffles: for `i` from the last place down to 1, place `i` and place `below(i + 1)` change.
    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            let other = self.below(at + 1);
            items.swap(at, other);
        }
    }
}

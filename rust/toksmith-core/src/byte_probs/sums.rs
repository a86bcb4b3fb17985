//! Sums over ranges, by additions alone: no difference of running sums, in which the mass of a rare
//! byte would drown next to all that came before it.
//!
//! Sums of 64 numbers and of 64 such sums are kept, so that a range is at most four runs of up to
//! 63 numbers and what 4,096-fold sums lie between. All terms are positive, so the result is as
//! accurate as float64 allows. The order of additions is fixed.

use super::exp::Real;
use std::ops::Range;

/// Numbers in a block, and blocks in a superblock.
pub const BLOCK: usize = 64;
/// Additions that go on side by side.
const LANES: usize = 8;

/// Sums of blocks and of superblocks.
#[derive(Debug, Clone, Default)]
pub struct Sums {
    blocks: Vec<f64>,
    supers: Vec<f64>,
}

impl Sums {
    /// From the sum of each block.
    pub fn new(blocks: Vec<f64>) -> Self {
        let supers = blocks.chunks(BLOCK).map(sum).collect();
        Self { blocks, supers }
    }

    /// The sum of all.
    pub fn total(&self) -> f64 {
        sum(&self.supers)
    }

    /// The sum over a range of the numbers that the blocks are of.
    pub fn range<T: Real>(&self, numbers: &[T], range: Range<u32>) -> f64 {
        let (lo, hi) = (range.start as usize, (range.end as usize).min(numbers.len()));
        within(numbers, lo, hi, |lo, hi| {
            within(&self.blocks, lo, hi, |lo, hi| sum(self.supers.get(lo..hi).unwrap_or_default()))
        })
    }
}

/// The sum of `numbers[lo..hi]`, of whose whole blocks `blocks` gives the sum.
#[inline]
fn within<T: Real>(
    numbers: &[T],
    lo: usize,
    hi: usize,
    blocks: impl FnOnce(usize, usize) -> f64,
) -> f64 {
    let part = |lo: usize, hi: usize| sum(numbers.get(lo..hi).unwrap_or_default());
    let (first, last) = (lo.div_ceil(BLOCK), hi / BLOCK);
    if first >= last {
        return part(lo, hi);
    }
    part(lo, first * BLOCK) + blocks(first, last) + part(last * BLOCK, hi)
}

/// The sum of a slice.
#[inline(always)]
pub fn sum<T: Real>(numbers: &[T]) -> f64 {
    let mut lanes = [0.0; LANES];
    let mut chunks = numbers.chunks_exact(LANES);
    for chunk in &mut chunks {
        for (lane, &number) in lanes.iter_mut().zip(chunk) {
            *lane += number.into();
        }
    }
    for (lane, &number) in lanes.iter_mut().zip(chunks.remainder()) {
        *lane += number.into();
    }
    let [a, b, c, d, e, f, g, h] = lanes;
    ((a + e) + (c + g)) + ((b + f) + (d + h))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers of many magnitudes, the first by far the largest: what a difference would lose.
    fn falling(len: usize) -> Vec<f64> {
        (0..len).map(|at| (-(at as f64) * 0.01 - (at * 7919 % 101) as f64).exp()).collect()
    }

    #[test]
    fn every_range_has_the_sum_of_its_numbers() {
        let numbers = falling(9000);
        let sums = Sums::new(numbers.chunks(BLOCK).map(sum).collect());
        let near = |got: f64, want: f64| (got - want).abs() <= 1e-14 * want;
        assert!(near(sums.total(), numbers.iter().sum()));
        let ends = [0, 1, 7, 63, 64, 65, 127, 128, 4095, 4096, 4097, 8191, 8192, 8193, 8999, 9000];
        for lo in ends {
            for hi in ends {
                // From the smallest on, so that the oracle rounds less.
                let want = numbers.get(lo..hi).unwrap_or_default().iter().rev().sum();
                let got = sums.range(&numbers, lo as u32..hi as u32);
                assert!(near(got, want), "{lo}..{hi}: {got} {want}");
            }
        }
        assert!(near(sums.range(&numbers, 8999..u32::MAX), numbers[8999]));
    }
}

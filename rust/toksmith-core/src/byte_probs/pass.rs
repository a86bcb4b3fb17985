//! The pass over a row: from logits by id to exponentials by place, and sums of blocks.

use super::exp::{Real, Shift};
use super::layout::RowLayout;
use super::sums::{BLOCK, sum};
use crate::simd::{Work, vectors::Vectors};

/// Up to so many forbidden tokens of a block are taken out one by one.
const FEW: u32 = 12;

/// What is to be done.
pub(super) struct Pass<'a, S, T> {
    layout: &'a RowLayout,
    logits: &'a [S],
    /// Bits by place, none for all.
    allowed: Option<&'a [u64]>,
    shift: Shift<T>,
}

/// What came of it. All numbers have a common factor.
pub(super) struct Passed<T> {
    /// By place, up to a whole block; zero where forbidden.
    pub(super) numbers: Vec<T>,
    /// Their sums by block.
    pub(super) blocks: Vec<f64>,
    pub(super) specials: Vec<f64>,
    /// The sum of what belongs to no token.
    pub(super) unspelled: f64,
    /// The sum of the forbidden tokens.
    pub(super) dropped: f64,
    /// Whether a number is zero that would not be in float64.
    pub(super) lost: bool,
}

/// A block of exponentials; `wide` are the same numbers, made where they are in vectors already.
struct Block<T> {
    numbers: [T; BLOCK],
    wide: [f64; BLOCK],
}

impl<'a, S: Real + Into<T>, T: Real> Pass<'a, S, T> {
    pub(super) fn new(
        layout: &'a RowLayout,
        logits: &'a [S],
        max: f64,
        allowed: Option<&'a [u64]>,
    ) -> Self {
        Self { layout, logits, allowed, shift: T::shift(max) }
    }

    /// The logit at an index of the row.
    #[inline(always)]
    fn logit(&self, at: u32) -> T {
        self.logits.get(at as usize).map_or(T::NEVER, |&logit| logit.into())
    }

    /// Exponentials of up to a block of logits, zeros behind them.
    #[inline(always)]
    fn exps(&self, logits: impl Iterator<Item = T>, lost: &mut bool) -> Block<T> {
        let mut numbers = [T::NEVER; BLOCK];
        for (number, logit) in numbers.iter_mut().zip(logits) {
            *number = logit;
        }
        let (mut missed, mut wide) = (false, [0.0; BLOCK]);
        for (number, wide) in numbers.iter_mut().zip(&mut wide) {
            let logit = number.minus(self.shift.taken);
            missed |= logit < self.shift.least && logit >= self.shift.hopeless;
            *number = logit.exp(&self.shift);
            *wide = (*number).into();
        }
        *lost |= missed;
        Block { numbers, wide }
    }

    /// Adds a block of tokens.
    #[inline(always)]
    fn push(&self, Block { mut numbers, mut wide }: Block<T>, passed: &mut Passed<T>) {
        let word = self
            .allowed
            .map_or(u64::MAX, |words| words.get(passed.blocks.len()).copied().unwrap_or(0));
        let mut forbidden = !word;
        if forbidden.count_ones() <= FEW {
            while forbidden != 0 {
                let bit = forbidden.trailing_zeros() as usize;
                numbers[bit] = T::ZERO;
                passed.dropped += std::mem::take(&mut wide[bit]);
                forbidden &= forbidden - 1;
            }
        } else {
            let mut dropped = [0.0; BLOCK];
            for bit in 0..BLOCK {
                if word >> bit & 1 == 0 {
                    numbers[bit] = T::ZERO;
                    dropped[bit] = std::mem::take(&mut wide[bit]);
                }
            }
            passed.dropped += sum(&dropped);
        }
        passed.blocks.push(sum(&wide));
        passed.numbers.extend_from_slice(&numbers);
    }
}

impl<S: Real + Into<T>, T: Real> Work for Pass<'_, S, T> {
    type Output = Passed<T>;

    #[inline(always)]
    fn run<V: Vectors>(self) -> Passed<T> {
        let len = self.layout.trie().len();
        let blocks = len.div_ceil(BLOCK);
        let mut passed = Passed {
            numbers: Vec::with_capacity(blocks * BLOCK),
            blocks: Vec::with_capacity(blocks),
            specials: Vec::with_capacity(self.layout.specials().len()),
            unspelled: 0.0,
            dropped: 0.0,
            lost: false,
        };
        let mut lost = false;
        if let Some(order) = self.layout.order() {
            for ids in order.chunks(BLOCK) {
                let numbers = self.exps(ids.iter().map(|&id| self.logit(id)), &mut lost);
                self.push(numbers, &mut passed);
            }
        } else {
            for logits in self.logits.get(..len).unwrap_or_default().chunks(BLOCK) {
                let numbers = self.exps(logits.iter().map(|&logit| logit.into()), &mut lost);
                self.push(numbers, &mut passed);
            }
        }
        for at in self.layout.special_at().chunks(BLOCK) {
            let Block { wide, .. } = self.exps(at.iter().map(|&at| self.logit(at)), &mut lost);
            passed.specials.extend(wide.into_iter().take(at.len()));
        }
        let (holes, padding) = self.layout.unspelled(self.logits.len());
        for at in holes.chunks(BLOCK) {
            passed.unspelled +=
                sum(&self.exps(at.iter().map(|&at| self.logit(at)), &mut lost).wide);
        }
        for logits in self.logits.get(padding).unwrap_or_default().chunks(BLOCK) {
            passed.unspelled +=
                sum(&self.exps(logits.iter().map(|&logit| logit.into()), &mut lost).wide);
        }
        passed.lost = lost;
        passed
    }
}

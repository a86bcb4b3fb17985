//! Cosines of all pairs of some vectors, folded as they are made.
//!
//! A product of matrices whose result is never stored: of [`ROWS`] sources and a panel of targets at
//! a time the products stand in registers, and go at once into what each source keeps, its best
//! target or its sum. Targets are packed a block at a time that stays in cache. Memory is linear.
//!
//! Products are fused multiply-adds in the order of the coordinates, and sums have [`LANES`] lanes
//! whatever the width of vectors: results are the same on every processor, in every thread.

use super::number::Number;
use crate::byte_probs::exp::Shift;
use crate::error::Result;
use crate::simd::vectors::Vectors;
use crate::simd::{Work, vectorized};
use crate::watch::Watch;
use std::ops::Range;

/// Sources whose products are in registers at once.
const ROWS: usize = 6;
/// Lanes of what a source keeps.
const LANES: usize = 32;
/// Numbers of a block of packed targets.
const BLOCK: usize = 1 << 16;
/// Groups of sources between two looks at whether to stop.
const POLL: usize = 64;

/// What becomes of the cosines of a source.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fold {
    /// The largest, the first of equal ones.
    Best,
    /// The sum of ELU(cosine - margin).
    Elu {
        /// Where the linear part begins.
        margin: f64,
        /// The limit of the other part, below zero.
        alpha: f64,
    },
    /// The sum of exp(-((1 - cosine) / sigma)^2 / 2).
    Gauss {
        /// How fast it falls.
        sigma: f64,
    },
}

/// What each source has kept.
#[derive(Debug)]
pub(super) struct Swept<T> {
    /// The largest cosine; minus infinity: there was no target.
    pub(super) best: Vec<T>,
    /// Which target has it, by its place among the targets.
    pub(super) at: Vec<u32>,
    /// The sum.
    pub(super) sums: Vec<f64>,
}

/// Folds, for each source, the cosines with the targets in its range. Ranges are of places among the
/// targets. O(sources * targets * width) for full ranges, in proportion to them otherwise.
///
/// # Errors
/// [`crate::Error::Cancelled`].
pub(super) fn sweep<T: Number>(
    unit: &[T],
    width: usize,
    sources: &[u32],
    targets: &[u32],
    ranges: &[Range<u32>],
    fold: Fold,
    watch: &Watch<'_>,
) -> Result<Swept<T>> {
    let swept = Swept {
        best: vec![T::NEVER; sources.len()],
        at: vec![0; sources.len()],
        sums: vec![0.0; sources.len()],
    };
    vectorized(Sweep { unit, width, sources, targets, ranges, fold, watch, swept })
}

struct Sweep<'a, T> {
    /// All vectors, of length one.
    unit: &'a [T],
    width: usize,
    sources: &'a [u32],
    targets: &'a [u32],
    ranges: &'a [Range<u32>],
    fold: Fold,
    watch: &'a Watch<'a>,
    swept: Swept<T>,
}

impl<T: Number> Work for Sweep<'_, T> {
    type Output = Result<Swept<T>>;

    #[inline(always)]
    fn run<V: Vectors>(self) -> Self::Output {
        match 2 * V::BYTES / size_of::<T>() {
            32 => self.blocks::<32>(),
            16 => self.blocks::<16>(),
            _ => self.blocks::<8>(),
        }
    }
}

/// What a source keeps of a block.
#[derive(Clone, Copy)]
struct Kept<T> {
    top: [T; LANES],
    /// The panel that `top` is of: a number within a block, of the same width so that both are chosen
    /// by one mask.
    panel: [T; LANES],
}

/// The numbers of a [`Fold`] in the type of the vectors.
struct Numbers<T> {
    one: T,
    least: T,
    scale: T,
    shift: Shift<T>,
}

impl<T: Number> Sweep<'_, T> {
    #[inline(always)]
    fn blocks<const COLUMNS: usize>(mut self) -> Result<Swept<T>> {
        let numbers = match self.fold {
            Fold::Best => (0.0, 0.0),
            Fold::Elu { margin, alpha } => (-margin, alpha),
            Fold::Gauss { sigma } => (0.0, -0.5 / (sigma * sigma)),
        };
        let numbers = Numbers {
            one: T::of(1.0),
            least: T::of(numbers.0),
            scale: T::of(numbers.1),
            shift: T::shift(0.0),
        };
        let columns = (BLOCK / self.width.max(1)).max(LANES) / LANES * LANES;
        let (mut packed, mut group) = (Vec::new(), vec![[T::ZERO; ROWS]; self.width]);
        for begin in (0..self.targets.len()).step_by(columns) {
            let block = begin..self.targets.len().min(begin + columns);
            self.pack::<COLUMNS>(block.clone(), &mut packed);
            for (number, first) in (0..self.sources.len()).step_by(ROWS).enumerate() {
                if number % POLL == 0 {
                    self.watch.poll()?;
                }
                self.group::<COLUMNS>(first, block.clone(), &packed, &mut group, &numbers);
            }
        }
        Ok(self.swept)
    }

    fn vector(&self, place: u32) -> &[T] {
        let at = place as usize * self.width;
        self.unit.get(at..at + self.width).unwrap_or_default()
    }

    /// Packs targets: a panel has the first coordinate of `COLUMNS` targets, then the second, ...
    #[inline(always)]
    fn pack<const COLUMNS: usize>(&self, block: Range<usize>, packed: &mut Vec<[T; COLUMNS]>) {
        packed.clear();
        packed.resize(block.len().div_ceil(COLUMNS) * self.width, [T::ZERO; COLUMNS]);
        for (at, &target) in self.targets[block].iter().enumerate() {
            let panel = &mut packed[at / COLUMNS * self.width..];
            for (to, &from) in panel.iter_mut().zip(self.vector(target)) {
                to[at % COLUMNS] = from;
            }
        }
    }

    /// Folds a block into what the sources from `first` on keep.
    #[inline(always)]
    #[allow(clippy::cast_sign_loss, reason = "the number of a panel")]
    fn group<const COLUMNS: usize>(
        &mut self,
        first: usize,
        block: Range<usize>,
        packed: &[[T; COLUMNS]],
        group: &mut [[T; ROWS]],
        numbers: &Numbers<T>,
    ) {
        let rows = (self.sources.len() - first).min(ROWS);
        // Ranges within the block; those of rows beyond the last are empty.
        let mut ranges = [(0, 0); ROWS];
        for (row, range) in ranges.iter_mut().enumerate().take(rows) {
            let of = &self.ranges[first + row];
            let within = |place: u32| (place as usize).clamp(block.start, block.end) - block.start;
            *range = (within(of.start), within(of.end));
        }
        let given = || ranges.iter().filter(|range| range.0 < range.1);
        let Some(begin) = given().map(|range| range.0).min() else { return };
        let end = given().map(|range| range.1).max().unwrap_or(begin);
        // Every row has all of these.
        let (from, to) = (
            ranges.iter().take(rows).map(|range| range.0).max().unwrap_or(end),
            ranges.iter().take(rows).map(|range| range.1).min().unwrap_or(begin),
        );
        for row in 0..ROWS {
            let source = self.sources.get(first + row).copied();
            let vector = source.map_or(&[][..], |source| self.vector(source));
            for (at, to) in group.iter_mut().enumerate() {
                to[row] = vector.get(at).copied().unwrap_or(T::ZERO);
            }
        }
        let start = if matches!(self.fold, Fold::Best) { T::NEVER } else { T::ZERO };
        let mut kept = [Kept { top: [start; LANES], panel: [T::ZERO; LANES] }; ROWS];
        for panel in begin / COLUMNS..end.div_ceil(COLUMNS) {
            let place = panel * self.width;
            let mut sums = product(group, &packed[place..place + self.width]);
            let columns = panel * COLUMNS..(panel + 1) * COLUMNS;
            let all = from <= columns.start && columns.end <= to;
            if let Some(values) = sums.as_flattened_mut().get_mut(..rows * COLUMNS) {
                weigh(self.fold, values, numbers);
            }
            for (row, sums) in sums.iter().enumerate().take(rows) {
                let range = if all { (columns.start, columns.end) } else { ranges[row] };
                kept[row].fold(self.fold, sums, panel, range, all);
            }
        }
        for (row, kept) in kept.iter().enumerate().take(rows) {
            let place = first + row;
            if !matches!(self.fold, Fold::Best) {
                let sum = kept.top.iter().fold(0.0, |sum, &top| sum + Into::<f64>::into(top));
                self.swept.sums[place] += sum;
                continue;
            }
            let mut best = (self.swept.best[place], usize::MAX);
            for (lane, (&top, &panel)) in kept.top.iter().zip(&kept.panel).enumerate() {
                let column = Into::<f64>::into(panel) as usize * COLUMNS + lane % COLUMNS;
                if top > best.0 || top == best.0 && column < best.1 && best.1 != usize::MAX {
                    best = (top, column);
                }
            }
            if best.1 != usize::MAX {
                self.swept.best[place] = best.0;
                self.swept.at[place] = (block.start + best.1) as u32;
            }
        }
    }
}

/// The products of a group of sources with a panel of targets.
#[inline(always)]
fn product<T: Number, const COLUMNS: usize>(
    group: &[[T; ROWS]],
    panel: &[[T; COLUMNS]],
) -> [[T; COLUMNS]; ROWS] {
    let mut sums = [[T::ZERO; COLUMNS]; ROWS];
    for (sources, targets) in group.iter().zip(panel) {
        for row in 0..ROWS {
            for column in 0..COLUMNS {
                sums[row][column] = sources[row].fused(targets[column], sums[row][column]);
            }
        }
    }
    sums
}

impl<T: Number> Kept<T> {
    /// Takes in what the cosines of a panel count: all of them, or those in `range`.
    #[inline(always)]
    fn fold<const COLUMNS: usize>(
        &mut self,
        fold: Fold,
        cosines: &[T; COLUMNS],
        panel: usize,
        range: (usize, usize),
        all: bool,
    ) {
        let offset = panel * COLUMNS % LANES;
        let (Some(top), Some(panels)) = (
            self.top.get_mut(offset..).and_then(|top| top.first_chunk_mut::<COLUMNS>()),
            self.panel.get_mut(offset..).and_then(|panel| panel.first_chunk_mut::<COLUMNS>()),
        ) else {
            return;
        };
        let mut values = *cosines;
        if !all {
            // What a lane without a cosine adds, or what is below all.
            let none = if matches!(fold, Fold::Best) { T::NEVER } else { T::ZERO };
            for (column, value) in (panel * COLUMNS..).zip(&mut values) {
                if column < range.0 || column >= range.1 {
                    *value = none;
                }
            }
        }
        if matches!(fold, Fold::Best) {
            let number = T::of(panel as f64);
            for lane in 0..COLUMNS {
                let more = values[lane] > top[lane];
                top[lane] = if more { values[lane] } else { top[lane] };
                panels[lane] = if more { number } else { panels[lane] };
            }
        } else {
            for (top, &value) in top.iter_mut().zip(&values) {
                *top = top.plus(value);
            }
        }
    }
}

/// Cosines to what they count. Over a slice of unknown length, so that the loop becomes one over
/// vectors.
#[inline(always)]
fn weigh<T: Number>(fold: Fold, values: &mut [T], numbers: &Numbers<T>) {
    match fold {
        Fold::Best => {}
        Fold::Elu { .. } => {
            for value in values {
                *value = elu(value.plus(numbers.least), numbers);
            }
        }
        Fold::Gauss { .. } => {
            for value in values {
                *value = gauss(*value, numbers);
            }
        }
    }
}

#[inline(always)]
fn elu<T: Number>(x: T, numbers: &Numbers<T>) -> T {
    let below = if x < T::ZERO { x } else { T::ZERO };
    let curved = below.exponential(&numbers.shift).minus(numbers.one);
    if x > T::ZERO { x } else { curved.fused(numbers.scale, T::ZERO) }
}

#[inline(always)]
fn gauss<T: Number>(cosine: T, numbers: &Numbers<T>) -> T {
    let away = numbers.one.minus(cosine);
    away.fused(away, T::ZERO).fused(numbers.scale, T::ZERO).exponential(&numbers.shift)
}

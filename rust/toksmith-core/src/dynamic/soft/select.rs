//! Who merges into whom in one sequence.

use super::number::Number;
use super::plan::{Kernel, Method, Options, Pairing};
use super::sweep::{Fold, sweep};
use crate::error::{Error, Result};
use crate::watch::Watch;
use std::ops::Range;

/// The merges of a sequence.
pub(super) struct Selected {
    /// The position each source merges into, by source.
    pub(super) merges: Vec<(u32, u32)>,
    /// The positions that stay, in the order of the paper's output.
    pub(super) published: Vec<u32>,
}

/// Vectors of length one; zero stays zero. Lengths are float64.
pub(super) fn normalized<T: Number>(vectors: &[T], width: usize) -> Vec<T> {
    let mut unit = Vec::with_capacity(vectors.len());
    for vector in vectors.chunks_exact(width.max(1)) {
        let sum = squares(vector, 1.0);
        if NORMAL.contains(&sum) {
            let by = 1.0 / sum.sqrt();
            unit.extend(vector.iter().map(|&number| T::of(number.into() * by)));
            continue;
        }
        // A square has overflowed or vanished: by way of the largest.
        let largest = vector.iter().fold(0.0, |most: f64, &number| most.max(number.into().abs()));
        let by = 1.0 / squares(vector, largest).sqrt();
        let of = |&number: &T| if largest > 0.0 { number.into() / largest * by } else { 0.0 };
        unit.extend(vector.iter().map(|number| T::of(of(number))));
    }
    unit
}

/// Sums of squares in which nothing was lost that matters.
const NORMAL: Range<f64> = 1e-250..1e300;

/// The sum of the squares of the numbers over `unit`, in eight lanes.
fn squares<T: Number>(vector: &[T], unit: f64) -> f64 {
    let mut sums = [0.0; 8];
    for numbers in vector.chunks(8) {
        for (sum, &number) in sums.iter_mut().zip(numbers) {
            let number: f64 = number.into() / unit;
            *sum += number * number;
        }
    }
    sums.iter().sum()
}

/// A sequence to select in.
pub(super) struct Sequence<'a, T> {
    pub(super) unit: &'a [T],
    pub(super) width: usize,
    pub(super) len: usize,
    pub(super) protected: Option<&'a [bool]>,
    /// Which of the batch, for errors.
    pub(super) row: usize,
}

impl<T: Number> Sequence<'_, T> {
    pub(super) fn select(
        &self,
        method: Method,
        options: &Options<'_>,
        watch: &Watch<'_>,
    ) -> Result<Selected> {
        match method {
            Method::Bipartite => self.bipartite(options, watch),
            Method::Energy { margin, alpha, kernel, pairing } => {
                let fold = match kernel {
                    Kernel::Elu => Fold::Elu { margin, alpha },
                    Kernel::Gauss => Fold::Gauss { sigma: 1.0 - margin },
                };
                self.energy(fold, pairing, options, watch)
            }
        }
    }

    fn is_free(&self, place: u32) -> bool {
        self.protected.is_none_or(|protected| protected.get(place as usize) != Some(&true))
    }

    fn best(
        &self,
        sources: &[u32],
        targets: &[u32],
        options: &Options<'_>,
        watch: &Watch<'_>,
    ) -> Result<Vec<(T, u32)>> {
        let ranges = ranges(sources, targets, options, false);
        let swept = sweep(self.unit, self.width, sources, targets, &ranges, Fold::Best, watch)?;
        let target = |&at: &u32| targets.get(at as usize).copied().unwrap_or_default();
        Ok(swept.best.iter().copied().zip(swept.at.iter().map(target)).collect())
    }

    /// The even positions' best odd ones, and of those pairs the `r` best.
    fn bipartite(&self, options: &Options<'_>, watch: &Watch<'_>) -> Result<Selected> {
        let of = |parity: u32| (parity..self.len as u32).step_by(2);
        let free = |parity| of(parity).filter(|&place| self.is_free(place)).collect::<Vec<_>>();
        let (sources, targets) = (free(0), free(1));
        let found = self.best(&sources, &targets, options, watch)?;
        let mut pairs: Vec<(T, u32, u32)> =
            sources.iter().zip(found).map(|(&from, (score, to))| (score, from, to)).collect();
        // Scores are numbers or minus infinity; equal ones stay in order.
        pairs.sort_by(|a, b| b.0.partial_cmp(&a.0).unwrap_or(std::cmp::Ordering::Equal));
        let most = pairs.iter().take_while(|pair| pair.0 > T::NEVER).count();
        self.check(options.r, most)?;
        let stay = pairs.split_off(options.r);
        let merges = pairs.iter().map(|&(_, from, to)| (from, to)).collect();
        let mut published: Vec<u32> = stay.iter().map(|pair| pair.1).collect();
        published.extend(of(0).filter(|&place| !self.is_free(place)));
        if !self.is_free(0) {
            published.sort_unstable();
        }
        published.extend(of(1));
        Ok(Selected { merges, published })
    }

    /// Of the `2 r` positions that are most like the others, half merge into the other half.
    fn energy(
        &self,
        fold: Fold,
        pairing: Pairing,
        options: &Options<'_>,
        watch: &Watch<'_>,
    ) -> Result<Selected> {
        let all = 0..self.len as u32;
        let free: Vec<u32> = all.clone().filter(|&place| self.is_free(place)).collect();
        self.check(options.r, free.len() / 2)?;
        let near = ranges(&free, &free, options, true);
        let swept = sweep(self.unit, self.width, &free, &free, &near, fold, watch)?;
        let mean = |(sum, range): (&f64, &Range<u32>)| sum / f64::from(range.len() as u32);
        let means: Vec<f64> = swept.sums.iter().zip(&near).map(mean).collect();
        let mut order: Vec<(f64, u32)> = means.into_iter().zip(free).collect();
        order.sort_by(|a, b| b.0.total_cmp(&a.0));
        let rest = order.split_off(2 * options.r);
        let is_source = |at: usize| match pairing {
            Pairing::Alternate => at.is_multiple_of(2),
            Pairing::Halves => at < options.r,
        };
        let half = |source: bool| {
            let places = order.iter().enumerate().filter(|(at, _)| is_source(*at) == source);
            places.map(|(_, &(_, place))| place).collect::<Vec<u32>>()
        };
        let (mut sources, mut targets) = (half(true), half(false));
        let mut published: Vec<u32> = all.filter(|&place| !self.is_free(place)).collect();
        published.extend(rest.iter().map(|&(_, place)| place));
        published.extend(&targets);
        sources.sort_unstable();
        targets.sort_unstable();
        let found = self.best(&sources, &targets, options, watch)?;
        let merges: Vec<(u32, u32)> = sources
            .into_iter()
            .zip(found)
            .filter(|(_, (score, _))| *score > T::NEVER)
            .map(|(from, (_, to))| (from, to))
            .collect();
        self.check(options.r, merges.len())?;
        Ok(Selected { merges, published })
    }

    fn check(&self, r: usize, most: usize) -> Result<()> {
        if r <= most {
            return Ok(());
        }
        let why = format!(
            "r is {r}; of the {} positions of sequence {} no more than {most} can be merged away",
            self.len, self.row
        );
        Err(Error::Input { why })
    }
}

/// For each source the targets it may merge into, or with `itself` those it is compared with; both
/// are ascending positions.
fn ranges(
    sources: &[u32],
    targets: &[u32],
    options: &Options<'_>,
    itself: bool,
) -> Vec<Range<u32>> {
    let window = options.window.and_then(|window| u32::try_from(window).ok()).unwrap_or(u32::MAX);
    let below = |place: u32| targets.partition_point(|&target| target < place) as u32;
    let range = |&source: &u32| {
        let start = below(source.saturating_sub(window));
        let last = if options.causal { source } else { source.saturating_add(window) };
        let end =
            if options.causal && !itself { below(last) } else { below(last.saturating_add(1)) };
        start..end.max(start)
    };
    sources.iter().map(range).collect()
}

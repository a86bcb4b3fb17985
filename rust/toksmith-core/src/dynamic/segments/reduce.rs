//! One vector a segment: the mean, the largest, the sum, the first or the last of its vectors.
//!
//! Every number is read once, in order, and added to a row that stays in the nearest cache: time is
//! that of reading memory. NaN goes through. Start at [`segment_reduce`].

use std::ops::Range;
use std::sync::Mutex;

use super::{Float, Offsets, rows_of, vectors, zeros};
use crate::error::Result;
use crate::parallel;
use crate::watch::Watch;

/// What becomes of the vectors of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// Their sum over their number.
    Mean,
    /// The largest number of each column.
    Max,
    /// Their sum.
    Sum,
    /// The first.
    First,
    /// The last.
    Last,
}

impl How {
    /// By name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "mean" => Some(Self::Mean),
            "max" => Some(Self::Max),
            "sum" => Some(Self::Sum),
            "first" => Some(Self::First),
            "last" => Some(Self::Last),
            _ => None,
        }
    }
}

/// Vectors that are added in their own type before the sum is carried on in float64.
const BLOCK: usize = 64;
/// Lanes that sums of single numbers are spread over.
const LANES: usize = 16;
/// Numbers of a job, at least.
const JOB: usize = 1 << 18;

/// The vectors of segments: row `j` of the result is made of the vectors
/// `offsets[j]..offsets[j + 1]`, each of `width` numbers.
///
/// Sums of up to 64 vectors are made in their own type and the sums of these in float64, so that
/// errors do not grow with the length of a segment. The sum of nothing is 0; an empty segment is
/// otherwise filled with `empty`. The result does not depend on `threads`.
///
/// # Errors
/// Offsets that do not rise from 0 to the number of vectors; vectors without numbers.
pub fn segment_reduce<T: Float>(
    values: &[T],
    width: usize,
    offsets: &[i64],
    how: How,
    empty: T,
    threads: usize,
    watch: &Watch<'_>,
) -> Result<Vec<T>> {
    let offsets =
        Offsets::new(offsets, rows_of(values.len(), width, "values")?, "segment offsets")?;
    let mut out = zeros(offsets.len(), width)?;
    let jobs = jobs(offsets, width, threads);
    let mut rest = out.as_mut_slice();
    let mut parts = Vec::with_capacity(jobs.len());
    for job in jobs {
        let (part, after) = rest.split_at_mut(job.len() * width);
        rest = after;
        parts.push(Mutex::new((job, part)));
    }
    parallel::map(parts.len(), threads, watch, |job| {
        let mut part = parts[job].lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (segments, out) = &mut *part;
        let (mut wide, mut since) = (vec![0.0; width], 0);
        for (segment, out) in segments.clone().zip(out.chunks_exact_mut(width)) {
            let values = &values[vectors(&offsets.part(segment), width)];
            one(values, how, empty, &mut wide, out);
            since += values.len() + width;
            if since > JOB {
                watch.poll()?;
                since = 0;
            }
        }
        Ok(())
    })?;
    drop(parts);
    Ok(out)
}

/// Segments in groups of about equal size.
fn jobs(offsets: Offsets<'_>, width: usize, threads: usize) -> Vec<Range<usize>> {
    let segments = offsets.len();
    let total: usize = offsets.parts().map(|part| (part.len() + 1).saturating_mul(width)).sum();
    if threads <= 1 || total < 2 * JOB {
        return std::iter::once(0..segments).collect();
    }
    let size = (total / (threads * 4)).max(JOB) / width;
    let (mut jobs, mut begin, mut filled) = (Vec::new(), 0, 0);
    for (segment, part) in offsets.parts().enumerate() {
        filled += part.len() + 1;
        if filled > size {
            jobs.push(begin..segment + 1);
            (begin, filled) = (segment + 1, 0);
        }
    }
    jobs.push(begin..segments);
    jobs
}

/// Reduces one segment into `out`, which holds zeros; `wide` is room for sums.
#[inline]
fn one<T: Float>(values: &[T], how: How, empty: T, wide: &mut [f64], out: &mut [T]) {
    let width = out.len();
    if values.is_empty() {
        if how != How::Sum {
            out.fill(empty);
        }
        return;
    }
    match how {
        How::First => out.copy_from_slice(&values[..width]),
        How::Last => out.copy_from_slice(&values[values.len() - width..]),
        How::Max => match out {
            [out] => *out = fold(values, larger),
            _ => fold_rows(values, out, larger),
        },
        How::Sum | How::Mean => {
            sum(values, wide, out);
            if how == How::Mean {
                let count = T::from_f64((values.len() / width) as f64);
                for out in out {
                    *out = *out / count;
                }
            }
        }
    }
}

/// The larger of two; NaN if either is.
#[inline(always)]
#[expect(clippy::eq_op, reason = "what is not equal to itself is NaN")]
fn larger<T: Float>(a: T, b: T) -> T {
    if b > a || b != b { b } else { a }
}

#[inline(always)]
fn add<T: Float>(a: T, b: T) -> T {
    a + b
}

fn sum<T: Float>(values: &[T], wide: &mut [f64], out: &mut [T]) {
    if let [out] = out {
        *out = if values.len() <= BLOCK * LANES {
            fold(values, add)
        } else {
            let blocks = values.chunks(BLOCK * LANES);
            T::from_f64(blocks.map(|block| fold(block, add).into()).sum())
        };
        return;
    }
    let width = out.len();
    let mut blocks = values.chunks(BLOCK * width);
    fold_rows(blocks.next().unwrap_or_default(), out, add);
    if values.len() <= BLOCK * width {
        return;
    }
    for (wide, out) in wide.iter_mut().zip(&*out) {
        *wide = (*out).into();
    }
    for block in blocks {
        fold_rows(block, out, add);
        for (wide, out) in wide.iter_mut().zip(&*out) {
            *wide += (*out).into();
        }
    }
    for (wide, out) in wide.iter().zip(out) {
        *out = T::from_f64(*wide);
    }
}

/// Numbers into one, in lanes where there are many.
#[inline(always)]
fn fold<T: Float>(values: &[T], join: impl Fn(T, T) -> T + Copy) -> T {
    let (chunks, rest) = values.as_chunks::<LANES>();
    let folded = match chunks {
        [first, others @ ..] if !others.is_empty() => {
            let mut lanes = *first;
            for chunk in others {
                for (lane, &value) in lanes.iter_mut().zip(chunk) {
                    *lane = join(*lane, value);
                }
            }
            lanes.iter().chain(rest).copied().reduce(join)
        }
        _ => values.iter().copied().reduce(join),
    };
    folded.unwrap_or(T::ZERO)
}

/// Rows into one. A few widths have loops of their own, which keep it in registers.
#[inline(always)]
fn fold_rows<T: Float>(rows: &[T], out: &mut [T], join: impl Fn(T, T) -> T + Copy) {
    match out.len() {
        2 => return fold_fixed::<T, 2>(rows, out, join),
        3 => return fold_fixed::<T, 3>(rows, out, join),
        4 => return fold_fixed::<T, 4>(rows, out, join),
        8 => return fold_fixed::<T, 8>(rows, out, join),
        _ => {}
    }
    let (first, rest) = rows.split_at(out.len());
    out.copy_from_slice(first);
    for row in rest.chunks_exact(out.len()) {
        for (out, &value) in out.iter_mut().zip(row) {
            *out = join(*out, value);
        }
    }
}

#[inline(always)]
fn fold_fixed<T: Float, const WIDTH: usize>(
    rows: &[T],
    out: &mut [T],
    join: impl Fn(T, T) -> T + Copy,
) {
    let [first, others @ ..] = rows.as_chunks::<WIDTH>().0 else { return };
    let mut folded = *first;
    for row in others {
        for (folded, &value) in folded.iter_mut().zip(row) {
            *folded = join(*folded, value);
        }
    }
    out.copy_from_slice(&folded);
}

#[cfg(test)]
#[allow(
    clippy::cast_sign_loss,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test fails where it cannot go on"
)]
mod tests {
    use super::super::tests::Random;
    use super::{How, segment_reduce};
    use crate::watch::Watch;

    const ALL: [How; 5] = [How::Mean, How::Max, How::Sum, How::First, How::Last];

    /// One column of one segment, in float64.
    fn naive(column: &[f64], how: How) -> f64 {
        let sum: f64 = column.iter().sum();
        match how {
            _ if column.is_empty() => {
                if how == How::Sum {
                    0.0
                } else {
                    -7.0
                }
            }
            How::Mean => sum / column.len() as f64,
            How::Sum => sum,
            How::Max if column.iter().any(|value| value.is_nan()) => f64::NAN,
            How::Max => column.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            How::First => column[0],
            How::Last => column[column.len() - 1],
        }
    }

    #[test]
    fn equals_loops_over_columns() {
        let mut random = Random(1);
        for width in [1, 2, 3, 4, 7, 8, 33] {
            let sizes = [0, 1, 2, 0, 5, 63, 64, 65, 128, 1000, 1, 0];
            let offsets: Vec<i64> = std::iter::once(0)
                .chain(sizes.iter().scan(0, |end, size| {
                    *end += size;
                    Some(*end)
                }))
                .collect();
            let count = offsets[sizes.len()] as usize * width;
            let mut values: Vec<f64> =
                (0..count).map(|_| (random.below(2001) as f64 - 1000.0) / 8.0).collect();
            values[3 * width] = f64::NAN;
            let single: Vec<f32> = values.iter().map(|&value| value as f32).collect();
            for how in ALL {
                let watch = Watch::none();
                let got = segment_reduce(&values, width, &offsets, how, -7.0, 1, &watch).unwrap();
                let got32 = segment_reduce(&single, width, &offsets, how, -7.0, 1, &watch).unwrap();
                for (segment, pair) in offsets.windows(2).enumerate() {
                    for column in 0..width {
                        let numbers: Vec<f64> = (pair[0] as usize..pair[1] as usize)
                            .map(|row| values[row * width + column])
                            .collect();
                        let want = naive(&numbers, how);
                        let at = segment * width + column;
                        let same = |got: f64, error: f64| {
                            (got.is_nan() && want.is_nan()) || (got - want).abs() <= error
                        };
                        assert!(same(got[at], 1e-9), "{how:?} {width} {segment} {column}");
                        assert!(same(got32[at].into(), 1e-3), "{how:?} {width} {segment} {column}");
                    }
                }
            }
        }
    }

    #[test]
    fn threads_change_nothing() {
        let mut random = Random(2);
        let (width, segments) = (24, 9000);
        let mut offsets = vec![0];
        for _ in 0..segments {
            offsets.push(offsets[offsets.len() - 1] + random.below(12) as i64);
        }
        let count = offsets[segments] as usize * width;
        let values: Vec<f32> = (0..count).map(|_| random.below(1 << 20) as f32 / 3.0).collect();
        for how in ALL {
            let watch = Watch::none();
            let one = segment_reduce(&values, width, &offsets, how, 0.0, 1, &watch).unwrap();
            let three = segment_reduce(&values, width, &offsets, how, 0.0, 3, &watch).unwrap();
            assert!(one == three, "{how:?}");
        }
    }

    #[test]
    fn long_sums_of_float32_stay_exact() {
        let values = vec![0.1f32; 3_000_000];
        let sum = |width, end| {
            segment_reduce(&values, width, &[0, end], How::Sum, 0.0, 1, &Watch::none()).unwrap()
        };
        let want = 0.1f32 as f64;
        assert!((f64::from(sum(1, 3_000_000)[0]) / (want * 3e6) - 1.0).abs() < 1e-6);
        assert!((f64::from(sum(3, 1_000_000)[2]) / (want * 1e6) - 1.0).abs() < 1e-6);
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let reduce = |values: &[f32], width, offsets: &[i64]| {
            segment_reduce(values, width, offsets, How::Sum, 0.0, 1, &Watch::none())
        };
        assert!(reduce(&[1.0; 6], 2, &[0, 3]).is_ok());
        assert!(reduce(&[1.0; 6], 2, &[0, 4]).is_err());
        assert!(reduce(&[1.0; 6], 4, &[0, 1]).is_err());
        assert!(reduce(&[], 0, &[0]).is_err());
        assert_eq!(reduce(&[], 3, &[0, 0]).unwrap(), [0.0; 3]);
        assert!(reduce(&[], usize::MAX, &[0, 0, 0]).is_err());
    }
}

//! Vectors merged as a plan says: the mean of those that go together, weighted by their sizes.

use super::plan::Plan;
use super::{Array, Number};
use crate::error::{Error, Result};
use crate::parallel;
use crate::watch::Watch;

/// Merged vectors.
#[derive(Debug)]
pub struct Merged<T> {
    /// `batch * after * width`.
    pub numbers: Vec<T>,
    /// The sizes of those that became each, added up: `batch * after`.
    pub sizes: Vec<f64>,
}

/// # Errors
/// [`Error::Input`] where the vectors or sizes are not those of the plan's positions, or a size is
/// not positive.
pub fn merge<T: Number>(
    plan: &Plan,
    vectors: &Array<'_, T>,
    sizes: Option<&[f64]>,
    threads: usize,
    watch: &Watch<'_>,
) -> Result<Merged<T>> {
    let (batch, len, width) = (vectors.batch, vectors.len, vectors.width);
    if (batch, len) != (plan.batch, plan.before) {
        let why =
            format!("({batch}, {len}) vectors for a plan of ({}, {})", plan.batch, plan.before);
        return Err(Error::Input { why });
    }
    if let Some(sizes) = sizes {
        if sizes.len() != batch * len {
            let why = format!("sizes: {} for ({batch}, {len}) vectors", sizes.len());
            return Err(Error::Input { why });
        }
        if let Some(at) = sizes.iter().position(|size| !(size.is_finite() && *size > 0.0)) {
            let (row, place) = (at / len, at % len);
            let why = format!("sizes: ({row}, {place}) is {}; positive expected", sizes[at]);
            return Err(Error::Input { why });
        }
    }
    let rows = parallel::map(batch, threads, watch, |row| {
        let map = plan.map.get(row * len..(row + 1) * len).unwrap_or_default();
        let sizes = sizes.and_then(|sizes| sizes.get(row * len..(row + 1) * len));
        Ok(means(map, plan.after, vectors.row(row), width, sizes))
    })?;
    let mut merged = Merged {
        numbers: Vec::with_capacity(batch * plan.after * width),
        sizes: Vec::with_capacity(batch * plan.after),
    };
    for (numbers, sizes) in rows {
        if batch == 1 {
            return Ok(Merged { numbers, sizes });
        }
        merged.numbers.extend(numbers);
        merged.sizes.extend(sizes);
    }
    Ok(merged)
}

/// One sequence. A vector that nothing merges with is copied; sums are float64.
fn means<T: Number>(
    map: &[i64],
    after: usize,
    vectors: &[T],
    width: usize,
    sizes: Option<&[f64]>,
) -> (Vec<T>, Vec<f64>) {
    let mut counts = vec![0u32; after];
    for &place in map {
        counts[place.cast_unsigned() as usize] += 1;
    }
    // Where the sums of those begin that are sums.
    let (mut slots, mut next) = (Vec::with_capacity(after), 0);
    for &count in &counts {
        slots.push(next);
        next += usize::from(count > 1);
    }
    let mut sums = vec![0.0; next * width];
    let (mut numbers, mut total) = (vec![T::ZERO; after * width], vec![0.0; after]);
    for (at, &place) in map.iter().enumerate() {
        let (place, vector) =
            (place.cast_unsigned() as usize, &vectors[at * width..(at + 1) * width]);
        let size = sizes.map_or(1.0, |sizes| sizes[at]);
        total[place] += size;
        if counts[place] == 1 {
            numbers[place * width..(place + 1) * width].copy_from_slice(vector);
        } else {
            let sums = &mut sums[slots[place] * width..][..width];
            for (sum, &number) in sums.iter_mut().zip(vector) {
                *sum += size * Into::<f64>::into(number);
            }
        }
    }
    for place in (0..after).filter(|&place| counts[place] > 1) {
        let sums = &sums[slots[place] * width..][..width];
        let to = &mut numbers[place * width..(place + 1) * width];
        to.iter_mut().zip(sums).for_each(|(to, sum)| *to = T::of(sum / total[place]));
    }
    (numbers, total)
}

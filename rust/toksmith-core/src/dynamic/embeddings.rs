//! Embeddings of new tokens from those of their parts: weighted sums of rows of a table.
//!
//! The rows are summed where they lie; nothing of the size of all parts is made.

use super::rows::rows;
use crate::error::{Error, Result};
use crate::parallel;
use crate::watch::Watch;

/// Sums of a job.
const JOB: usize = 256;

/// A number of a table.
pub trait Number: Copy + Send + Sync + Into<f64> {
    /// The nearest.
    fn round(value: f64) -> Self;
}

impl Number for f32 {
    fn round(value: f64) -> Self {
        value as Self
    }
}

impl Number for f64 {
    fn round(value: f64) -> Self {
        value
    }
}

/// For each row of `ids`, the sum of those rows of `table`, `width` numbers each, times their
/// weights; without weights, their mean. Summed in float64, in order.
///
/// # Errors
/// A row is empty or an id has no row in the table; the weights are not one an id.
pub fn pooled<T: Number>(
    table: &[T],
    width: usize,
    (ids, offsets): (&[u32], &[i64]),
    weights: Option<&[f64]>,
    threads: usize,
    watch: &Watch<'_>,
) -> Result<Vec<T>> {
    let rows = rows(ids, offsets)?;
    if let Some(weights) = weights
        && weights.len() != ids.len()
    {
        return Err(Error::Input {
            why: format!("{} weights for {} parts", weights.len(), ids.len()),
        });
    }
    let count = table.len().checked_div(width).unwrap_or(0);
    for (at, row) in rows.iter().enumerate() {
        if row.is_empty() {
            return Err(Error::Input { why: format!("row {at}: a token without parts") });
        }
        if let Some(id) = row.iter().find(|&&id| width > 0 && id as usize >= count) {
            return Err(Error::Vocabulary {
                why: format!("row {at}: there is no embedding {id}; there are {count}"),
            });
        }
    }
    let jobs = rows.len().div_ceil(JOB);
    let done = parallel::map(jobs, threads, watch, |job| {
        let mine = &rows[job * JOB..rows.len().min((job + 1) * JOB)];
        let (mut out, mut sum) = (Vec::with_capacity(mine.len() * width), vec![0.0; width]);
        let mut at = usize::try_from(offsets[job * JOB]).unwrap_or_default();
        for row in mine {
            sum.fill(0.0);
            let equal = 1.0 / row.len() as f64;
            for &id in *row {
                let part = &table[id as usize * width..][..width];
                // An exact mean divides once, at the end.
                match weights {
                    Some(weights) => add(&mut sum, part, weights[at]),
                    None => add(&mut sum, part, 1.0),
                }
                at += 1;
            }
            let scale = if weights.is_some() { 1.0 } else { equal };
            out.extend(sum.iter().map(|&value| T::round(value * scale)));
        }
        Ok(out)
    })?;
    Ok(done.concat())
}

/// Adds a row times a weight.
fn add<T: Number>(sum: &mut [f64], part: &[T], weight: f64) {
    for (sum, &value) in sum.iter_mut().zip(part) {
        *sum += value.into() * weight;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_rows() -> Result<()> {
        let table = [1.0f32, 2.0, 10.0, 20.0, -3.0, 0.5];
        let sum = |ids: &[u32], offsets: &[i64], weights: Option<&[f64]>| {
            pooled(&table, 2, (ids, offsets), weights, 1, &Watch::none())
        };
        assert_eq!(sum(&[0, 1, 2], &[0, 2, 3], None)?, [5.5, 11.0, -3.0, 0.5]);
        assert_eq!(sum(&[0, 1, 2], &[0, 2, 3], Some(&[2.0, 0.5, 1.0]))?, [7.0, 14.0, -3.0, 0.5]);
        assert!(sum(&[3], &[0, 1], None).is_err());
        assert!(sum(&[0], &[0, 0, 1], None).is_err());
        assert!(sum(&[0], &[0, 1], Some(&[])).is_err());
        assert_eq!(sum(&[], &[0], None)?, [0.0f32; 0]);
        Ok(())
    }
}

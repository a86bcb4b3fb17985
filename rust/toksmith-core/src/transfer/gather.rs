//! Rows of new embeddings as weighted sums of old rows.
//!
//! Sums are taken in float32, in the order of the sources, whatever the old rows are made of, so
//! the result is the same bits for any number of threads. A row without sources is zeroes.

use super::decompose::Decomposition;
use crate::byte_probs::logits::half;
use crate::error::{Error, Result};
use crate::parallel;
use crate::token::TokenId;
use crate::watch::Watch;

/// Numbers of a job.
const JOB: usize = 1 << 18;

/// A matrix of embeddings as it lies in memory, row after row.
#[derive(Debug, Clone, Copy)]
pub enum Numbers<'a> {
    /// float32.
    F32(&'a [f32]),
    /// The bits of float16.
    F16(&'a [u16]),
    /// The bits of bfloat16.
    Bf16(&'a [u16]),
}

impl Numbers<'_> {
    fn len(self) -> usize {
        match self {
            Self::F32(numbers) => numbers.len(),
            Self::F16(bits) | Self::Bf16(bits) => bits.len(),
        }
    }

    /// Adds `weight` times the numbers from `start` on.
    fn add_to(self, sum: &mut [f32], start: usize, weight: f32) {
        let range = start..start + sum.len();
        match self {
            Self::F32(numbers) => add(sum, numbers.get(range), weight, |number| number),
            Self::F16(bits) => add(sum, bits.get(range), weight, half),
            Self::Bf16(bits) => {
                add(sum, bits.get(range), weight, |bits| f32::from_bits(u32::from(bits) << 16));
            }
        }
    }
}

#[inline(always)]
fn add<T: Copy>(sum: &mut [f32], row: Option<&[T]>, weight: f32, read: impl Fn(T) -> f32) {
    for (sum, &number) in sum.iter_mut().zip(row.unwrap_or_default()) {
        *sum += weight * read(number);
    }
}

/// `weights[row] . embeddings[ids[row]]` for every row: `sources.len() * width` numbers.
///
/// # Errors
/// [`Error::Input`] where the numbers are not whole rows or an id has none.
pub fn gather(
    embeddings: Numbers<'_>,
    width: usize,
    sources: &Decomposition,
    threads: usize,
    watch: &Watch<'_>,
) -> Result<Vec<f32>> {
    let rows = embeddings.len().checked_div(width).unwrap_or(0);
    if rows * width != embeddings.len() {
        let why = format!("{} numbers are not rows of {width}", embeddings.len());
        return Err(Error::Input { why });
    }
    if let Some(id) = sources.ids.iter().find(|&&id: &&TokenId| id as usize >= rows) {
        let why = format!("embeddings have {rows} rows, but the plan takes row {id}");
        return Err(Error::Input { why });
    }
    let last = sources.starts.last().copied().unwrap_or(0);
    if !sources.starts.is_sorted() || last > sources.ids.len().min(sources.weights.len()) {
        let why = "rows that do not stand one after the other in the ids and weights".into();
        return Err(Error::Input { why });
    }
    let step = (JOB / width.max(1)).max(1);
    let parts = parallel::map(sources.len().div_ceil(step), threads, watch, |job| {
        watch.poll()?;
        let range = job * step..sources.len().min((job + 1) * step);
        let mut part = vec![0.0; range.len() * width];
        for (row, sum) in range.zip(part.chunks_exact_mut(width.max(1))) {
            for at in sources.row(row) {
                if let (Some(&id), Some(&weight)) = (sources.ids.get(at), sources.weights.get(at)) {
                    embeddings.add_to(sum, id as usize * width, weight as f32);
                }
            }
        }
        watch.add(part.len());
        Ok(part)
    })?;
    Ok(match <[_; 1]>::try_from(parts) {
        Ok([part]) => part,
        Err(parts) => parts.concat(),
    })
}

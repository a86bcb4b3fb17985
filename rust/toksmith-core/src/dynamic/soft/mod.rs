//! Soft merging: vectors of a sequence that say the same become one.
//!
//! A plan says which positions go together ([`plan`]), from the cosines of a metric: bipartite soft
//! matching (`ToMe`, Bolya et al. 2023), or energy-protected merging (`PiToMe`, Tran et al. 2024). A plan
//! merges any array of the same shape into size-weighted means ([`means`]). The cosines of all pairs
//! are folded as they are made ([`sweep`]), so that memory is linear in the length.

pub mod means;
mod number;
pub mod plan;
mod select;
mod sweep;

pub use number::Number;

use crate::error::{Error, Result};

/// Vectors: `batch` sequences of `len` positions, `width` numbers each.
#[derive(Debug, Clone, Copy)]
pub struct Array<'a, T> {
    numbers: &'a [T],
    batch: usize,
    len: usize,
    width: usize,
}

impl<'a, T: Number> Array<'a, T> {
    /// # Errors
    /// [`Error::Input`] where shape and numbers do not fit, for 2^31 positions or more, and for a
    /// number that is none.
    pub fn new(numbers: &'a [T], [batch, len, width]: [usize; 3], what: &str) -> Result<Self> {
        let size = batch.checked_mul(len).and_then(|size| size.checked_mul(width));
        if size != Some(numbers.len()) {
            let why = format!("{what}: {} numbers for ({batch}, {len}, {width})", numbers.len());
            return Err(Error::Input { why });
        }
        if len >= 1 << 31 {
            let why = format!("{what}: {len} positions; at most 2^31 - 1 are possible");
            return Err(Error::Input { why });
        }
        let finite =
            |chunk: &[T]| chunk.iter().fold(true, |good, &number| good & number.is_number());
        if let Some(chunk) = numbers.chunks(4096).position(|chunk| !finite(chunk)) {
            let all = &numbers[chunk * 4096..];
            let at = chunk * 4096 + all.iter().position(|it| !it.is_number()).unwrap_or(0);
            let (row, rest) = (at / (len * width), at % (len * width));
            let why = format!(
                "{what}: the number at ({row}, {}, {}) is {}; finite ones are expected",
                rest / width,
                rest % width,
                Into::<f64>::into(numbers[at])
            );
            return Err(Error::Input { why });
        }
        Ok(Self { numbers, batch, len, width })
    }

    /// The vectors of one sequence.
    fn row(&self, row: usize) -> &'a [T] {
        let size = self.len * self.width;
        self.numbers.get(row * size..(row + 1) * size).unwrap_or_default()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]
mod tests;

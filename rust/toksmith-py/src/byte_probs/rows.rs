//! Rows of logits from arrays, without a copy.
//!
//! numpy has no bfloat16 and this binding no float16, so 16-bit numbers come as uint16, with the
//! name of what they are. `toksmith/byte_probs/rows.py` makes such arrays of what users have.

use crate::errors::InputError;
use numpy::{PyReadonlyArray2, PyUntypedArrayMethods};
use pyo3::prelude::*;
use toksmith_core::byte_probs::logits::Logits;

/// An array `(rows, numbers)` that stays alive while its numbers are read.
pub(crate) enum Rows<'py> {
    F64(PyReadonlyArray2<'py, f64>),
    F32(PyReadonlyArray2<'py, f32>),
    F16(PyReadonlyArray2<'py, u16>),
    Bf16(PyReadonlyArray2<'py, u16>),
}

impl<'py> Rows<'py> {
    /// Of an array of two dimensions, contiguous, of the type that goes with `kind`.
    pub(crate) fn new(array: &Bound<'py, PyAny>, kind: &str) -> PyResult<Self> {
        Ok(match kind {
            "float64" => Self::F64(array.extract()?),
            "float32" => Self::F32(array.extract()?),
            "float16" => Self::F16(array.extract()?),
            "bfloat16" => Self::Bf16(array.extract()?),
            _ => {
                return Err(InputError::new_err(format!(
                    "rows of float64, float32, float16 or bfloat16 can be read, not of {kind}"
                )));
            }
        })
    }

    /// Each row.
    pub(crate) fn rows(&self) -> PyResult<Vec<Logits<'_>>> {
        Ok(match self {
            Self::F64(array) => {
                cut(array.as_slice()?, array.shape()).into_iter().map(Logits::F64).collect()
            }
            Self::F32(array) => {
                cut(array.as_slice()?, array.shape()).into_iter().map(Logits::F32).collect()
            }
            Self::F16(array) => {
                cut(array.as_slice()?, array.shape()).into_iter().map(Logits::F16).collect()
            }
            Self::Bf16(array) => {
                cut(array.as_slice()?, array.shape()).into_iter().map(Logits::Bf16).collect()
            }
        })
    }
}

/// The rows of a contiguous array; also where they are empty.
fn cut<'a, T>(numbers: &'a [T], shape: &[usize]) -> Vec<&'a [T]> {
    let (rows, width) = match shape {
        [rows, width] => (*rows, *width),
        _ => (0, 0),
    };
    (0..rows).map(|row| numbers.get(row * width..(row + 1) * width).unwrap_or_default()).collect()
}

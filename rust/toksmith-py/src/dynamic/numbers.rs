//! Arrays of float32 or float64, read in place, and one call for either.
//!
//! `toksmith/dynamic/arrays.py` makes such arrays of what users have.

use numpy::{PyReadonlyArrayDyn, PyUntypedArrayMethods};
use pyo3::prelude::*;

/// A contiguous array that stays alive while its numbers are read.
pub(crate) enum Numbers<'py> {
    F32(PyReadonlyArrayDyn<'py, f32>),
    F64(PyReadonlyArrayDyn<'py, f64>),
}

impl<'py> Numbers<'py> {
    /// Of an array of either type.
    pub(crate) fn new(array: &Bound<'py, PyAny>) -> PyResult<Self> {
        if let Ok(array) = array.extract() {
            return Ok(Self::F32(array));
        }
        Ok(Self::F64(array.extract()?))
    }

    /// Numbers in the last dimension.
    pub(crate) fn width(&self) -> usize {
        let shape = match self {
            Self::F32(array) => array.shape(),
            Self::F64(array) => array.shape(),
        };
        shape.last().copied().unwrap_or(0)
    }
}

/// Runs an expression with the numbers of one array or two as slices of one type; arrays of two types
/// are an error of Python's, which the Python half excludes.
macro_rules! with_numbers {
    ($array:expr, |$slice:ident| $work:expr) => {
        match $array {
            $crate::dynamic::numbers::Numbers::F32(array) => {
                let $slice = array.as_slice()?;
                $work
            }
            $crate::dynamic::numbers::Numbers::F64(array) => {
                let $slice = array.as_slice()?;
                $work
            }
        }
    };
    ($first:expr, $second:expr, |$left:ident, $right:ident| $work:expr) => {{
        use $crate::dynamic::numbers::Numbers::{F32, F64};
        match ($first, $second) {
            (F32(first), F32(second)) => {
                let ($left, $right) = (first.as_slice()?, second.as_slice()?);
                $work
            }
            (F64(first), F64(second)) => {
                let ($left, $right) = (first.as_slice()?, second.as_slice()?);
                $work
            }
            _ => Err($crate::errors::InputError::new_err("two arrays of different types")),
        }
    }};
}
pub(crate) use with_numbers;

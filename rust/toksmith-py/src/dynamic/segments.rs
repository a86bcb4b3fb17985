//! Segments of vectors and of bytes: what is under `toksmith.dynamic.segment_reduce` and its like.

use super::numbers::{Numbers, with_numbers};
use crate::errors::InputError;
use crate::tokenizer::interruptible;
use numpy::{Element, IntoPyArray, PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1};
use pyo3::prelude::*;
use toksmith_core::dynamic::segments::Float;
use toksmith_core::dynamic::segments::broadcast::{causal_broadcast, segment_broadcast};
use toksmith_core::dynamic::segments::matrix::{Overflow, byte_matrix};
use toksmith_core::dynamic::segments::reduce::{How, segment_reduce};
use toksmith_core::parallel;

/// Numbers as rows of `width`.
pub(super) fn rows<T: Element>(
    py: Python<'_>,
    flat: Vec<T>,
    width: usize,
) -> PyResult<Bound<'_, PyAny>> {
    let rows = flat.len().checked_div(width).unwrap_or(0);
    Ok(flat.into_pyarray(py).reshape([rows, width])?.into_any())
}

/// `(segments, width)`: one vector a segment.
#[pyfunction]
fn _segment_reduce<'py>(
    py: Python<'py>,
    values: &Bound<'py, PyAny>,
    offsets: PyReadonlyArray1<'py, i64>,
    how: &str,
    empty: f64,
    num_threads: Option<usize>,
) -> PyResult<Bound<'py, PyAny>> {
    let how = How::from_name(how).ok_or_else(|| {
        InputError::new_err(format!(
            "how must be \"mean\", \"max\", \"sum\", \"first\" or \"last\", not {how:?}"
        ))
    })?;
    let (numbers, offsets) = (Numbers::new(values)?, offsets.as_slice()?);
    let (width, threads) = (numbers.width(), parallel::thread_count(num_threads));
    with_numbers!(&numbers, |values| {
        let empty = Float::from_f64(empty);
        let reduced = interruptible(py, values.len(), threads <= 1, None, |watch| {
            segment_reduce(values, width, offsets, how, empty, threads, watch)
        })?;
        rows(py, reduced, width)
    })
}

/// `(positions, width)`: the vector of a segment at each of its positions.
#[pyfunction]
fn _segment_broadcast<'py>(
    py: Python<'py>,
    values: &Bound<'py, PyAny>,
    offsets: PyReadonlyArray1<'py, i64>,
) -> PyResult<Bound<'py, PyAny>> {
    let (numbers, offsets) = (Numbers::new(values)?, offsets.as_slice()?);
    let width = numbers.width();
    with_numbers!(&numbers, |values| {
        let spread = interruptible(py, values.len(), true, None, |watch| {
            segment_broadcast(values, width, offsets, watch)
        })?;
        rows(py, spread, width)
    })
}

/// `(positions, width)`: the vector of the last complete segment at each position.
#[pyfunction]
fn _causal_broadcast<'py>(
    py: Python<'py>,
    values: &Bound<'py, PyAny>,
    offsets: PyReadonlyArray1<'py, i64>,
    segments: PyReadonlyArray1<'py, i64>,
    null: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let (numbers, null) = (Numbers::new(values)?, Numbers::new(null)?);
    let (width, offsets, segments) = (numbers.width(), offsets.as_slice()?, segments.as_slice()?);
    with_numbers!(&numbers, &null, |values, null| {
        let spread = interruptible(py, values.len(), true, None, |watch| {
            causal_broadcast(values, width, offsets, segments, null, watch)
        })?;
        rows(py, spread, width)
    })
}

/// Bytes `(rows, width)`, lengths and words of rows.
type PyMatrix<'py> =
    (Bound<'py, PyArray2<u8>>, Bound<'py, PyArray1<i32>>, Bound<'py, PyArray1<i64>>);

/// The bytes of words as a rectangle.
#[pyfunction]
fn _byte_matrix<'py>(
    py: Python<'py>,
    text: PyReadonlyArray1<'py, u8>,
    offsets: PyReadonlyArray1<'py, i64>,
    width: Option<usize>,
    overflow: &str,
    pad: u8,
) -> PyResult<PyMatrix<'py>> {
    let overflow = Overflow::from_name(overflow).ok_or_else(|| {
        InputError::new_err(format!(
            "overflow must be \"error\", \"truncate\" or \"split\", not {overflow:?}"
        ))
    })?;
    let (text, offsets) = (text.as_slice()?, offsets.as_slice()?);
    let matrix = interruptible(py, text.len(), true, None, |watch| {
        byte_matrix(text, offsets, width, overflow, pad, watch)
    })?;
    let bytes = matrix.bytes.into_pyarray(py).reshape([matrix.lengths.len(), matrix.width])?;
    Ok((bytes, matrix.lengths.into_pyarray(py), matrix.words.into_pyarray(py)))
}

/// Adds all of it to the module.
pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(_segment_reduce, module)?)?;
    module.add_function(wrap_pyfunction!(_segment_broadcast, module)?)?;
    module.add_function(wrap_pyfunction!(_causal_broadcast, module)?)?;
    module.add_function(wrap_pyfunction!(_byte_matrix, module)?)
}

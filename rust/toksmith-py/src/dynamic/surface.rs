//! Under the surface forms and embeddings of new tokens in `toksmith.dynamic`.

use crate::errors::{InputError, guard};
use crate::tokenizer::{PyTokenizer, interruptible_in};
use numpy::{
    Element, IntoPyArray, PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2,
    PyUntypedArrayMethods,
};
use pyo3::prelude::*;
use std::sync::Arc;
use toksmith_core::dynamic::embeddings::{Number, pooled};
use toksmith_core::dynamic::surface::{Rectangle, Spellings, of_ids};
use toksmith_core::parallel;

/// Rows of equal width, and their lengths uncut.
type Made<'py, T> = (Bound<'py, PyArray2<T>>, Bound<'py, PyArray1<i64>>);

/// Adds what is here to the module.
pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PySpellings>()?;
    module.add_function(wrap_pyfunction!(_surface_ids, module)?)?;
    module.add_function(wrap_pyfunction!(_pooled, module)?)
}

fn moved<T: Element>(py: Python<'_>, made: Rectangle<T>) -> PyResult<Made<'_, T>> {
    let shape = [made.lengths.len(), made.width];
    Ok((made.cells.into_pyarray(py).reshape(shape)?, made.lengths.into_pyarray(py)))
}

/// int32 rows of ids.
#[pyfunction]
fn _surface_ids<'py>(
    py: Python<'py>,
    ids: PyReadonlyArray1<'py, u32>,
    offsets: PyReadonlyArray1<'py, i64>,
    width: Option<usize>,
    pad: i32,
) -> PyResult<Made<'py, i32>> {
    let (ids, offsets) = (ids.as_slice()?, offsets.as_slice()?);
    moved(py, guard(py, || py.detach(|| of_ids(ids, offsets, width, pad)))?)
}

/// The bytes of a tokenizer's tokens, by id.
#[pyclass(frozen, name = "_Spellings", module = "toksmith._native")]
pub(crate) struct PySpellings(Spellings);

#[pymethods]
impl PySpellings {
    #[new]
    fn new(py: Python<'_>, tokenizer: &PyTokenizer) -> PyResult<Self> {
        let core = Arc::clone(&tokenizer.0);
        Ok(Self(guard(py, || py.detach(|| Spellings::new(&core)))?))
    }

    /// uint8 rows of bytes.
    fn rows<'py>(
        &self,
        py: Python<'py>,
        ids: PyReadonlyArray1<'py, u32>,
        offsets: PyReadonlyArray1<'py, i64>,
        width: Option<usize>,
        pad: u8,
    ) -> PyResult<Made<'py, u8>> {
        let (ids, offsets) = (ids.as_slice()?, offsets.as_slice()?);
        moved(py, guard(py, || py.detach(|| self.0.of_bytes(ids, offsets, width, pad)))?)
    }
}

/// Weighted sums, or means, of rows of a table of float32 or float64.
#[pyfunction]
fn _pooled<'py>(
    table: &Bound<'py, PyAny>,
    ids: PyReadonlyArray1<'py, u32>,
    offsets: PyReadonlyArray1<'py, i64>,
    weights: Option<PyReadonlyArray1<'py, f64>>,
    num_threads: Option<usize>,
) -> PyResult<Bound<'py, PyAny>> {
    if let Ok(table) = table.extract::<PyReadonlyArray2<'py, f32>>() {
        return sums(&table, &ids, &offsets, weights.as_ref(), num_threads);
    }
    match table.extract::<PyReadonlyArray2<'py, f64>>() {
        Ok(table) => sums(&table, &ids, &offsets, weights.as_ref(), num_threads),
        Err(_) => Err(InputError::new_err("embeddings must be float32 or float64 (n, d)")),
    }
}

fn sums<'py, T: Number + Element>(
    table: &PyReadonlyArray2<'py, T>,
    ids: &PyReadonlyArray1<'py, u32>,
    offsets: &PyReadonlyArray1<'py, i64>,
    weights: Option<&PyReadonlyArray1<'py, f64>>,
    num_threads: Option<usize>,
) -> PyResult<Bound<'py, PyAny>> {
    let (py, width) = (table.py(), table.shape()[1]);
    let (rows, parts) = (table.as_slice()?, (ids.as_slice()?, offsets.as_slice()?));
    let weights = weights.map(|weights| weights.as_slice()).transpose()?;
    let threads = parallel::thread_count(num_threads);
    let count = parts.1.len().saturating_sub(1);
    let done = interruptible_in(py, (count, "rows"), threads <= 1, None, |watch| {
        pooled(rows, width, parts, weights, threads, watch)
    })?;
    Ok(done.into_pyarray(py).reshape([count, width])?.into_any())
}

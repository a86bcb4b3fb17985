//! Boundaries where vectors turn: what is under `toksmith.dynamic.route` and `dechunk`.

use super::numbers::{Numbers, with_numbers};
use super::segments::rows;
use crate::errors::{InputError, guard};
use crate::tokenizer::interruptible;
use numpy::{IntoPyArray, PyReadonlyArray1, PyReadonlyArray2, PyReadwriteArray2};
use pyo3::prelude::*;
use toksmith_core::dynamic::routing;
use toksmith_core::dynamic::segments::Float;

/// Probabilities of boundaries, `(positions,)`.
#[pyfunction]
fn _route<'py>(
    py: Python<'py>,
    queries: &Bound<'py, PyAny>,
    keys: &Bound<'py, PyAny>,
    offsets: PyReadonlyArray1<'py, i64>,
) -> PyResult<Bound<'py, PyAny>> {
    let (queries, keys) = (Numbers::new(queries)?, Numbers::new(keys)?);
    let (width, offsets) = (keys.width(), offsets.as_slice()?);
    with_numbers!(&queries, &keys, |queries, keys| {
        Ok(interruptible(py, keys.len(), true, None, |watch| {
            routing::route(queries, keys, width, offsets, watch)
        })?
        .into_pyarray(py)
        .into_any())
    })
}

/// Probabilities of boundaries between each query and the key beside it.
#[pyfunction]
fn _turns<'py>(
    py: Python<'py>,
    queries: &Bound<'py, PyAny>,
    keys: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let (queries, keys) = (Numbers::new(queries)?, Numbers::new(keys)?);
    let width = keys.width();
    with_numbers!(&queries, &keys, |queries, keys| {
        let work = || routing::turns(queries, keys, width);
        Ok(guard(py, || py.detach(work))?.into_pyarray(py).into_any())
    })
}

/// Vectors of positions from those of chunks.
#[pyfunction]
fn _dechunk<'py>(
    py: Python<'py>,
    values: &Bound<'py, PyAny>,
    probs: &Bound<'py, PyAny>,
    offsets: PyReadonlyArray1<'py, i64>,
    segments: PyReadonlyArray1<'py, i64>,
) -> PyResult<Bound<'py, PyAny>> {
    let (values, probs) = (Numbers::new(values)?, Numbers::new(probs)?);
    let (width, offsets, segments) = (values.width(), offsets.as_slice()?, segments.as_slice()?);
    with_numbers!(&values, &probs, |values, probs| {
        let spread = interruptible(py, values.len(), true, None, |watch| {
            routing::dechunk(values, width, probs, offsets, segments, watch)
        })?;
        rows(py, spread, width)
    })
}

/// Adds the chunks of the rows where `begins` is not 0 to their averages, in place.
#[pyfunction]
fn _average<'py>(
    py: Python<'py>,
    averages: &Bound<'py, PyAny>,
    values: &Bound<'py, PyAny>,
    probs: &Bound<'py, PyAny>,
    begins: PyReadonlyArray1<'py, bool>,
) -> PyResult<()> {
    fn run<T: Float + numpy::Element>(
        mut averages: PyReadwriteArray2<'_, T>,
        values: PyReadonlyArray2<'_, T>,
        probs: PyReadonlyArray1<'_, T>,
        begins: &[bool],
    ) -> PyResult<toksmith_core::Result<()>> {
        let (values, probs) = (values.as_slice()?, probs.as_slice()?);
        Ok(routing::average_rows(averages.as_slice_mut()?, values, probs, begins))
    }
    let begins = begins.as_slice()?;
    let done = if let Ok(averages) = averages.extract::<PyReadwriteArray2<'_, f32>>() {
        run(averages, values.extract()?, probs.extract()?, begins)?
    } else if let Ok(averages) = averages.extract::<PyReadwriteArray2<'_, f64>>() {
        run(averages, values.extract()?, probs.extract()?, begins)?
    } else {
        return Err(InputError::new_err("averages that cannot be written"));
    };
    guard(py, || done)
}

/// Adds all of it to the module.
pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(_route, module)?)?;
    module.add_function(wrap_pyfunction!(_turns, module)?)?;
    module.add_function(wrap_pyfunction!(_dechunk, module)?)?;
    module.add_function(wrap_pyfunction!(_average, module)?)
}

//! Training: what is under `toksmith.train`.

pub(crate) mod count;
mod unigram;

use pyo3::prelude::*;

/// Adds the trainers to the module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(unigram::train_unigram, module)?)?;
    Ok(())
}

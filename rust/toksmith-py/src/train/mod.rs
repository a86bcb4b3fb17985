//! Training: what is under `toksmith.train`.

pub(crate) mod count;
//! Trainers under `toksmith.train`, one file each.

mod unigram;

use pyo3::prelude::*;

/// Adds the functions to the module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(unigram::_train_unigram, module)?)?;
    Ok(())
}

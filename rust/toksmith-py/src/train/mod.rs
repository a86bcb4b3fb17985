//! Trainers under `toksmith.train`, one file each.

mod bpe;

use pyo3::prelude::*;

/// Adds the functions to the module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(bpe::_train_bpe, module)?)?;
    module.add_function(wrap_pyfunction!(bpe::_extend_bpe, module)?)?;
    module.add_function(wrap_pyfunction!(bpe::_train_two_stages, module)?)?;
    module.add_function(wrap_pyfunction!(bpe::_train_joined, module)?)?;
    Ok(())
}

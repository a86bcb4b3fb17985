//! Vocabulary transfer: what is under `toksmith.transfer`.

mod plan;

use pyo3::prelude::*;

/// Adds the classes and functions to the module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<plan::PyCanonical>()?;
    module.add_function(wrap_pyfunction!(plan::_transfer_align, module)?)?;
    module.add_function(wrap_pyfunction!(plan::_transfer_decompose, module)?)?;
    module.add_function(wrap_pyfunction!(plan::_transfer_gather, module)?)
}

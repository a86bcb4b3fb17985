//! New vocabularies for models: what is under `toksmith.transfer`.

mod checkpoint;
mod plan;

use pyo3::prelude::*;

/// Adds the classes and functions to the module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    checkpoint::register(module)?;
    plan::register(module)
}

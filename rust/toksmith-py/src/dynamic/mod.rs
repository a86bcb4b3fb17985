//! Token boundaries decided at run time: what is under `toksmith.dynamic`.

mod segmentations;
mod soft;

use pyo3::prelude::*;

/// Adds the classes and functions to the module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    segmentations::register(module)?;
    soft::register(module)
}

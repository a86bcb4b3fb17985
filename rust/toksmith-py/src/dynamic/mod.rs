//! Token boundaries decided at run time: what is under `toksmith.dynamic`.

mod hypertokens;
mod slots;
mod surface;

use pyo3::prelude::*;

/// Adds the classes and functions to the module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    hypertokens::register(module)?;
    slots::register(module)?;
    surface::register(module)?;
    Ok(())
}

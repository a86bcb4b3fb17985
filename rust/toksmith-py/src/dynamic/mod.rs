//! Token boundaries decided at run time: what is under `toksmith.dynamic`.

mod hypertokens;
mod merges;
mod numbers;
mod patches;
mod routing;
mod segmentations;
mod segments;
mod slots;
mod soft;
mod surface;

use pyo3::prelude::*;

/// Adds the classes and functions to the module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    hypertokens::register(module)?;
    slots::register(module)?;
    surface::register(module)?;
    patches::register(module)?;
    segments::register(module)?;
    routing::register(module)?;
    merges::register(module)?;
    segmentations::register(module)?;
    soft::register(module)?;
    Ok(())
}

//! Token boundaries decided at run time: what is under `toksmith.dynamic`.

use pyo3::prelude::*;

/// Adds the classes and functions to the module.
#[expect(
    clippy::unnecessary_wraps,
    unused_variables,
    reason = "what registers comes with its file"
)]
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    Ok(())
}

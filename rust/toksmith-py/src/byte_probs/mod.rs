//! Byte-level probabilities: what is under `toksmith.byte_probs`.

mod graph;
mod rows;
mod state;

use pyo3::prelude::*;

/// Adds the classes to the module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    graph::register(module)?;
    state::register(module)
}

//! Byte-level probabilities: what is under `toksmith.byte_probs`.

mod graph;

use pyo3::prelude::*;

/// Adds the classes to the module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    graph::register(module)
}

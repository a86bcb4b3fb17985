//! Byte-level probabilities: what is under `toksmith.byte_probs`.

mod graph;
mod rows;
mod state;
mod trie;

use pyo3::prelude::*;

/// Adds the classes to the module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<trie::PyTokenTrie>()?;
    graph::register(module)?;
    state::register(module)
}

//! Byte-level probabilities: what is under `toksmith.byte_probs`.

pub(crate) mod rows;
mod trie;

use pyo3::prelude::*;

/// Adds the classes to the module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<trie::PyTokenTrie>()
}

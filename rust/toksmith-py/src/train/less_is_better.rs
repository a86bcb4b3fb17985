//! Under `toksmith.train.lib`.

use crate::tokenizer::interruptible_in;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use toksmith_core::train::less_is_better::{self, Options};

/// The lexicon, the best entries first.
#[allow(clippy::too_many_arguments, reason = "one a setting, all by name")]
#[pyfunction]
#[pyo3(signature = (texts, *, documents, memory_in, memory_out, update_rate, life, max_length,
    max_gap, lookahead, max_size, seed, progress))]
pub(crate) fn _train_lib(
    py: Python<'_>,
    texts: Vec<Vec<PyBackedStr>>,
    documents: usize,
    memory_in: f64,
    memory_out: f64,
    update_rate: f64,
    life: u32,
    max_length: usize,
    max_gap: usize,
    lookahead: usize,
    max_size: Option<usize>,
    seed: u64,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<Vec<String>> {
    let options = Options {
        documents,
        memory_in,
        memory_out,
        update_rate,
        life,
        max_length,
        max_gap,
        lookahead,
        max_size: max_size.unwrap_or(usize::MAX),
        seed,
    };
    interruptible_in(py, (documents, "documents"), true, progress, |watch| {
        let texts: Vec<Vec<&str>> =
            texts.iter().map(|text| text.iter().map(|sentence| &**sentence).collect()).collect();
        less_is_better::train(&texts, &options, watch)
    })
}

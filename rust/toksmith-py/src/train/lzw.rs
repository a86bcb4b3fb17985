//! Under `toksmith.train.lzw`.

use crate::errors::InputError;
use crate::tokenizer::interruptible;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;
use toksmith_core::train::lzw::{self, Unit};

/// The entries of the dictionary, in order.
#[pyfunction]
pub(crate) fn _train_lzw<'py>(
    py: Python<'py>,
    texts: Vec<PyBackedBytes>,
    vocab_size: usize,
    unit: &str,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<Vec<Bound<'py, PyBytes>>> {
    let unit = match unit {
        "bytes" => Unit::Bytes,
        "seen_bytes" => Unit::SeenBytes,
        "chars" => Unit::SeenChars,
        _ => {
            return Err(InputError::new_err(format!(
                "unit is {unit:?}; expected \"bytes\", \"seen_bytes\" or \"chars\""
            )));
        }
    };
    let total = texts.iter().map(|text| text.len()).sum();
    let entries = interruptible(py, total, true, progress, |watch| {
        let texts: Vec<&[u8]> = texts.iter().map(|text| &**text).collect();
        lzw::train(&texts, vocab_size, unit, watch)
    })?;
    Ok(entries.iter().map(|entry| PyBytes::new(py, entry)).collect())
}

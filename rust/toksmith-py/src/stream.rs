//! The objects that take a text, or ids, piece by piece.

use crate::errors::guard;
use crate::input;
use crate::tokenizer::PyTokenizer;
use numpy::{IntoPyArray, PyArray1};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use toksmith_core::Tokenizer;
use toksmith_core::decode::stream::StreamDecoder;
use toksmith_core::encode::stream::StreamEncoder;
use toksmith_core::watch::Watch;

/// Decodes ids as they arrive, never half a character.
#[pyclass(frozen, name = "StreamDecoder", module = "toksmith")]
pub(crate) struct PyStreamDecoder {
    tokenizer: Arc<Tokenizer>,
    state: Mutex<StreamDecoder>,
}

fn locked<T>(state: &Mutex<T>) -> MutexGuard<'_, T> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl PyStreamDecoder {
    pub(crate) fn new(tokenizer: Arc<Tokenizer>, skip_special: bool) -> Self {
        Self { tokenizer, state: Mutex::new(StreamDecoder::new(skip_special)) }
    }
}

#[pymethods]
impl PyStreamDecoder {
    /// Takes one id or several; returns the text that has become certain.
    ///
    /// Raises VocabularyError for an unknown id; the decoder is then as it was before.
    fn push(&self, py: Python<'_>, ids: &Bound<'_, PyAny>) -> PyResult<String> {
        let ids = match input::one_id(ids, &self.tokenizer) {
            Ok(id) => vec![id],
            Err(error) if ids.is_instance_of::<pyo3::types::PyInt>() => return Err(error),
            Err(_) => input::ids(ids, &self.tokenizer)?,
        };
        guard(py, || locked(&self.state).push(&self.tokenizer, &ids))
    }

    /// The rest of the text; bytes that never became a character are U+FFFD. The decoder is
    /// then as new.
    fn finish(&self, py: Python<'_>) -> PyResult<String> {
        guard(py, || locked(&self.state).finish(&self.tokenizer))
    }

    /// Bytes held back because they may be the beginning of a character.
    #[getter]
    fn pending_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, locked(&self.state).pending_bytes())
    }

    fn __repr__(&self) -> String {
        format!("StreamDecoder(pending_bytes={})", locked(&self.state).pending_bytes().len())
    }
}

/// Encodes a text that arrives in blocks, with the ids of the whole.
#[pyclass(frozen, name = "StreamEncoder", module = "toksmith")]
pub(crate) struct PyStreamEncoder {
    tokenizer: Arc<Tokenizer>,
    state: Mutex<StreamEncoder>,
}

impl PyStreamEncoder {
    pub(crate) fn new(tokenizer: &PyTokenizer, state: StreamEncoder) -> Self {
        Self { tokenizer: Arc::clone(&tokenizer.0), state: Mutex::new(state) }
    }
}

#[pymethods]
impl PyStreamEncoder {
    /// Takes the next bytes; returns the ids, uint32[n], that no further text can change.
    fn push<'py>(
        &self,
        py: Python<'py>,
        block: &Bound<'py, PyBytes>,
    ) -> PyResult<Bound<'py, PyArray1<u32>>> {
        let bytes = block.as_bytes();
        let ids = guard(py, || {
            py.detach(|| locked(&self.state).push(&self.tokenizer, bytes, &Watch::none()))
        })?;
        Ok(ids.into_pyarray(py))
    }

    /// The ids, uint32[n], of what is left. The encoder is then as new.
    fn finish<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray1<u32>>> {
        let ids = guard(py, || {
            py.detach(|| locked(&self.state).finish(&self.tokenizer, &Watch::none()))
        })?;
        Ok(ids.into_pyarray(py))
    }

    /// Bytes held back.
    #[getter]
    fn pending(&self) -> usize {
        locked(&self.state).pending()
    }

    fn __repr__(&self) -> String {
        format!("StreamEncoder(pending={})", locked(&self.state).pending())
    }
}

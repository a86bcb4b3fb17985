//! What components of tokenizers do by themselves, and its `DecodeStream`.

use crate::errors::guard;
use crate::spelled::PySpelled;
use pyo3::exceptions::PyOverflowError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::sync::{Mutex, PoisonError};
use toksmith_core::compat::tokenizers;
use toksmith_core::decode::steps::StepDecoder;

/// `DecodeStream` of tokenizers.
#[pyclass(frozen, name = "DecodeStream", module = "toksmith.compat.tokenizers.decoders")]
pub(crate) struct PyDecodeStream {
    state: Mutex<StepDecoder>,
    skip_special_tokens: bool,
}

impl PyDecodeStream {
    fn copy(&self) -> Self {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Self { state: Mutex::new(state), skip_special_tokens: self.skip_special_tokens }
    }
}

#[pymethods]
impl PyDecodeStream {
    #[new]
    #[pyo3(signature = (ids=None, skip_special_tokens=false))]
    fn new(ids: Option<Vec<u32>>, skip_special_tokens: bool) -> Self {
        let state = Mutex::new(StepDecoder::new(ids.unwrap_or_default()));
        Self { state, skip_special_tokens }
    }

    /// The text that `id`, one id or a list, has made certain, or None.
    fn step(
        &self,
        py: Python<'_>,
        tokenizer: &Bound<'_, PyAny>,
        id: &Bound<'_, PyAny>,
    ) -> PyResult<Option<String>> {
        let next = match id.extract::<u32>() {
            Ok(id) => vec![id],
            Err(error) if error.is_instance_of::<PyOverflowError>(py) => return Err(error),
            Err(_) => id.extract::<Vec<u32>>()?,
        };
        let built = tokenizer.call_method0("_spelled")?;
        let built = built.cast::<PySpelled>()?.get();
        let skip = self.skip_special_tokens;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        guard(py, || state.step(&next, |ids| built.0.decode(ids, skip)))
    }

    fn __copy__(&self) -> Self {
        self.copy()
    }

    fn __deepcopy__(&self, _memo: &Bound<'_, PyAny>) -> Self {
        self.copy()
    }
}

/// The fields of a `tokenizer.json`, each as it stands there.
#[pyfunction]
pub(crate) fn json_sections<'py>(
    py: Python<'py>,
    data: &[u8],
) -> PyResult<Vec<(String, Bound<'py, PyBytes>)>> {
    let sections = guard(py, || tokenizers::sections(data))?;
    Ok(sections.into_iter().map(|(name, text)| (name, PyBytes::new(py, text.as_bytes()))).collect())
}

/// What a normalizer of a `tokenizer.json` makes of a text.
#[pyfunction]
pub(crate) fn normalize_text(py: Python<'_>, normalizer: &str, text: &str) -> PyResult<String> {
    guard(py, || tokenizers::normalize(normalizer, text))
}

/// The pieces of a text by a pre-tokenizer of a `tokenizer.json`, with their places in characters.
#[pyfunction]
pub(crate) fn pre_tokenize_text(
    py: Python<'_>,
    pre_tokenizer: &str,
    text: &str,
) -> PyResult<Vec<(String, (usize, usize))>> {
    let pieces = guard(py, || tokenizers::pre_tokenize(pre_tokenizer, text))?;
    Ok(pieces.into_iter().map(|(piece, span)| (piece, (span.start, span.end))).collect())
}

/// The text that a decoder of a `tokenizer.json` makes of tokens.
#[pyfunction]
pub(crate) fn decode_tokens(
    py: Python<'_>,
    decoder: &str,
    tokens: Vec<String>,
) -> PyResult<String> {
    guard(py, || tokenizers::decode_tokens(decoder, &tokens))
}

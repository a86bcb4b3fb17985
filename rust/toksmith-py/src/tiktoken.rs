//! tiktoken's `CoreBPE`, name for name, with the exceptions that tiktoken raises.
//!
//! `python/toksmith/compat/tiktoken` has the classes on top of it.

use crate::errors::guard;
use crate::tokenizer::{DETACH_BYTES, interruptible};
use numpy::{IntoPyArray, PyArray1};
use pyo3::exceptions::{PyKeyError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyFrozenSet, PyList, PySet, PyString, PyType};
use toksmith_core::compat::specials::Wanted;
use toksmith_core::compat::tiktoken::RankEncoding;
use toksmith_core::watch::Watch;
use toksmith_core::{ErrorKind, Result, parallel};

/// Ranks, special tokens and a pattern.
#[pyclass(frozen, name = "CoreBPE", module = "toksmith._native")]
pub(crate) struct PyCoreBpe(RankEncoding);

impl PyCoreBpe {
    /// The special tokens of a set of names; tiktoken takes no other collection.
    fn wanted(&self, names: &Bound<'_, PyAny>) -> PyResult<Wanted> {
        if !(names.is_instance_of::<PySet>() || names.is_instance_of::<PyFrozenSet>()) {
            let kind = names.get_type().name()?;
            return Err(PyTypeError::new_err(format!("expected a set of names, not {kind}")));
        }
        let names =
            names.try_iter()?.map(|name| name?.extract()).collect::<PyResult<Vec<String>>>();
        Ok(self.0.specials().wanted(names?.iter().map(String::as_str)))
    }

    /// Runs work on so many bytes, with the GIL released where that is worth it.
    fn run<T: Send>(
        py: Python<'_>,
        bytes: usize,
        work: impl FnOnce(&Watch<'_>) -> Result<T> + Send,
    ) -> PyResult<T> {
        if bytes <= DETACH_BYTES {
            return guard(py, || work(&Watch::none()));
        }
        interruptible(py, bytes, true, None, work)
    }

    fn ids(&self, text: &Bound<'_, PyString>, allowed: &Bound<'_, PyAny>) -> PyResult<Vec<u32>> {
        let (body, allowed) = (text.to_str()?, self.wanted(allowed)?);
        Self::run(text.py(), body.len(), |watch| self.0.encode(body, &allowed, watch))
    }
}

#[pymethods]
impl PyCoreBpe {
    #[new]
    fn new(
        py: Python<'_>,
        encoder: &Bound<'_, PyDict>,
        special_tokens_encoder: &Bound<'_, PyDict>,
        pattern: &str,
    ) -> PyResult<Self> {
        let ranks = encoder.iter().map(|(token, rank)| Ok((token.extract()?, rank.extract()?)));
        let ranks = ranks.collect::<PyResult<_>>()?;
        let specials = special_tokens_encoder.iter();
        let specials = specials.map(|(token, rank)| Ok((token.extract()?, rank.extract()?)));
        let specials = specials.collect::<PyResult<_>>()?;
        let built = guard(py, || {
            py.detach(|| match RankEncoding::new(ranks, specials, pattern) {
                // tiktoken has one class for all that it cannot use.
                Err(error) if error.kind() != ErrorKind::Unsupported => Ok(Err(error.to_string())),
                other => other.map(Ok),
            })
        })?;
        built.map(Self).map_err(PyValueError::new_err)
    }

    /// An embedded vocabulary, from the content of its file.
    #[classmethod]
    fn _embedded(
        _cls: &Bound<'_, PyType>,
        py: Python<'_>,
        name: &str,
        data: &[u8],
    ) -> PyResult<Self> {
        guard(py, || py.detach(|| RankEncoding::embedded(name, data))).map(Self)
    }

    /// Tokens and their ranks.
    fn _ranks<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let ranks = PyDict::new(py);
        for (rank, token) in self.0.vocab().iter() {
            ranks.set_item(PyBytes::new(py, token), rank)?;
        }
        Ok(ranks)
    }

    /// The largest rank.
    fn _max_rank(&self) -> usize {
        self.0.vocab().id_limit().saturating_sub(1)
    }

    /// Special tokens and their ids.
    fn _special_tokens<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let specials = PyDict::new(py);
        for (name, id) in self.0.specials().tokens() {
            specials.set_item(name, id)?;
        }
        Ok(specials)
    }

    fn _pattern(&self) -> &str {
        self.0.pattern()
    }

    /// The first special token of the text that is not allowed, or None.
    fn _first_disallowed(
        &self,
        text: &Bound<'_, PyString>,
        allowed_special: &Bound<'_, PyAny>,
    ) -> PyResult<Option<&str>> {
        // What is no name cannot be found; `encode` says so.
        let names = allowed_special.try_iter()?.filter_map(|name| name.ok()?.extract().ok());
        let names: Vec<String> = names.collect();
        let allowed = self.0.specials().wanted(names.iter().map(String::as_str));
        Ok(self.0.first_disallowed(text.to_str()?, &allowed))
    }

    fn encode_ordinary(&self, text: &Bound<'_, PyString>) -> PyResult<Vec<u32>> {
        let body = text.to_str()?;
        Self::run(text.py(), body.len(), |watch| self.0.encode(body, &Wanted::None, watch))
    }

    fn encode(
        &self,
        text: &Bound<'_, PyString>,
        allowed_special: &Bound<'_, PyAny>,
    ) -> PyResult<Vec<u32>> {
        self.ids(text, allowed_special)
    }

    /// The ids as uint32[n].
    fn encode_to_tiktoken_buffer<'py>(
        &self,
        text: &Bound<'py, PyString>,
        allowed_special: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyArray1<u32>>> {
        let mut ids = self.ids(text, allowed_special)?;
        ids.shrink_to_fit();
        Ok(ids.into_pyarray(text.py()))
    }

    fn _encode_batch<'py>(
        &self,
        py: Python<'py>,
        texts: Vec<Bound<'py, PyString>>,
        allowed_special: &Bound<'py, PyAny>,
        num_threads: usize,
    ) -> PyResult<Bound<'py, PyList>> {
        let allowed = self.wanted(allowed_special)?;
        let texts = texts.iter().map(|text| text.to_str()).collect::<PyResult<Vec<_>>>()?;
        let threads = parallel::thread_count(None).min(num_threads.max(1));
        let bytes = texts.iter().map(|text| text.len()).sum();
        let rows = interruptible(py, bytes, threads <= 1, None, |watch| {
            self.0.encode_batch(&texts, &allowed, threads, watch)
        })?;
        let ends = rows.offsets.iter().skip(1).map(|&end| usize::try_from(end).unwrap_or(0));
        let starts = std::iter::once(0).chain(ends.clone());
        let row = |(start, end)| PyList::new(py, rows.ids.get(start..end).unwrap_or(&[]));
        PyList::new(py, starts.zip(ends).map(row).collect::<PyResult<Vec<_>>>()?)
    }

    fn _encode_bytes(&self, bytes: &Bound<'_, PyBytes>) -> PyResult<Vec<u32>> {
        let body = bytes.as_bytes();
        Self::run(bytes.py(), body.len(), |watch| self.0.encode_bytes(body, watch))
    }

    fn encode_with_unstable(
        &self,
        text: &Bound<'_, PyString>,
        allowed_special: &Bound<'_, PyAny>,
    ) -> PyResult<(Vec<u32>, Vec<Vec<u32>>)> {
        let (body, allowed) = (text.to_str()?, self.wanted(allowed_special)?);
        // Short texts have many completions, too.
        let (ids, found) = interruptible(text.py(), body.len(), true, None, |watch| {
            self.0.encode_with_unstable(body, &allowed, watch)
        })?;
        Ok((ids, found.into_iter().collect()))
    }

    fn encode_single_token(&self, piece: &Bound<'_, PyBytes>) -> PyResult<u32> {
        let unknown = || PyKeyError::new_err(piece.clone().unbind());
        self.0.token_id(piece.as_bytes()).ok_or_else(unknown)
    }

    fn encode_single_piece(&self, piece: &Bound<'_, PyBytes>) -> PyResult<Vec<u32>> {
        let body = piece.as_bytes();
        Self::run(piece.py(), body.len(), |watch| self.0.encode_piece(body, watch))
    }

    fn decode_bytes<'py>(
        &self,
        py: Python<'py>,
        tokens: Vec<u32>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let unknown = |id| PyKeyError::new_err(format!("Invalid token for decoding: {id}"));
        Ok(PyBytes::new(py, &py.detach(|| self.0.decode_bytes(&tokens)).map_err(unknown)?))
    }

    fn decode_single_token_bytes<'py>(
        &self,
        py: Python<'py>,
        token: u32,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let unknown = || PyKeyError::new_err(token.to_string());
        Ok(PyBytes::new(py, self.0.token_bytes(token).ok_or_else(unknown)?))
    }

    fn token_byte_values<'py>(&self, py: Python<'py>) -> Vec<Bound<'py, PyBytes>> {
        let tokens = self.0.by_bytes().iter().filter_map(|&id| self.0.vocab().get(id));
        tokens.map(|token| PyBytes::new(py, token)).collect()
    }
}

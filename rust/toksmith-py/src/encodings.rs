//! `Encoding` of tokenizers: columns that become lists when they are asked for.
//!
//! An object holds the core's encoding behind a lock, for a few methods change it; a column is
//! made of a snapshot. Tokens are spelled by the tokenizer the encoding is of.

use crate::errors::{guard, raise};
use crate::spelled::{PaddingArguments, padding_of, side_of};
use pyo3::exceptions::{PyDeprecationWarning, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyString, PyTuple, PyType};
use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};
use toksmith_core::Span;
use toksmith_core::compat::tokenizers::Spelled;
use toksmith_core::encode::template::{self, Encoding, Names};

/// Pairs of numbers.
type Pair = (usize, usize);

/// The tokens of an input and what is known of each.
#[pyclass(frozen, subclass, name = "Encoding", module = "toksmith.compat.tokenizers")]
pub(crate) struct PyEncoding {
    state: Mutex<Arc<Encoding>>,
    /// What spells the tokens that have no names of their own.
    spelled: Mutex<Option<Arc<Spelled>>>,
}

impl PyEncoding {
    pub(crate) fn new(encoding: Encoding, spelled: Option<Arc<Spelled>>) -> Self {
        Self { state: Mutex::new(Arc::new(encoding)), spelled: Mutex::new(spelled) }
    }

    /// The encoding as it is now.
    pub(crate) fn get(&self) -> Arc<Encoding> {
        Arc::clone(&self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn spelled(&self) -> Option<Arc<Spelled>> {
        self.spelled.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes the encoding, if that succeeds.
    fn change(
        &self,
        py: Python<'_>,
        change: impl FnOnce(&mut Encoding) -> toksmith_core::Result<()>,
    ) -> PyResult<()> {
        let mut changed = Encoding::clone(&self.get());
        guard(py, || change(&mut changed))?;
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(changed);
        Ok(())
    }

    fn replace(&self, encoding: Encoding) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(encoding);
        *self.spelled.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The text of the token at a place.
    fn token<'a>(encoding: &'a Encoding, spelled: Option<&'a Spelled>, at: usize) -> Cow<'a, str> {
        if let Some(name) = encoding.names.get(at) {
            return Cow::Borrowed(name);
        }
        let id = encoding.ids.get(at).copied();
        id.and_then(|id| spelled?.token(id)).unwrap_or_default()
    }

    /// The encoding with every token named by itself, so that it needs no tokenizer.
    pub(crate) fn named(encoding: &Encoding, spelled: Option<&Spelled>) -> Encoding {
        let mut named = encoding.clone();
        named.names = Names::default();
        for at in 0..encoding.len() {
            named.names.push(at..at + 1, &Self::token(encoding, spelled, at).into());
        }
        named.overflowing =
            encoding.overflowing.iter().map(|part| Self::named(part, spelled)).collect();
        named
    }
}

fn pair(span: Span) -> Pair {
    (span.start, span.end)
}

#[pymethods]
impl PyEncoding {
    #[new]
    fn py_new() -> Self {
        Self::new(Encoding::default(), None)
    }

    /// Token ids.
    #[getter]
    fn ids<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        PyList::new(py, &self.get().ids)
    }

    /// Which part of the input each token belongs to, as the model is told.
    #[getter]
    fn type_ids<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        PyList::new(py, &self.get().type_ids)
    }

    /// The tokens as their file spells them.
    #[getter]
    fn tokens<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let (encoding, spelled) = (self.get(), self.spelled());
        let text = |at| PyString::new(py, &Self::token(&encoding, spelled.as_deref(), at));
        PyList::new(py, (0..encoding.len()).map(text))
    }

    /// `(start, end)` of each token in its text, in characters.
    #[getter]
    fn offsets<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        PyList::new(py, self.get().spans.iter().map(|&span| pair(span)))
    }

    /// 0 for padding, else 1.
    #[getter]
    fn attention_mask<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        PyList::new(py, self.get().attention_mask.iter().map(|&one| u32::from(one)))
    }

    /// 1 for tokens of the template and padding, else 0.
    #[getter]
    fn special_tokens_mask<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        PyList::new(py, self.get().special_mask.iter().map(|&one| u32::from(one)))
    }

    /// The word of its text that each token is of, or None.
    #[getter]
    fn word_ids<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        PyList::new(py, &self.get().words)
    }

    /// Deprecated name of `word_ids`.
    #[getter]
    fn words<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let category = py.get_type::<PyDeprecationWarning>();
        PyErr::warn(py, &category, c"Encoding.words is deprecated; use Encoding.word_ids", 1)?;
        self.word_ids(py)
    }

    /// The text each token is of, 0 or 1, or None.
    #[getter]
    fn sequence_ids<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        PyList::new(py, self.get().sequence_ids())
    }

    /// Number of texts.
    #[getter]
    fn n_sequences(&self) -> usize {
        self.get().n_sequences()
    }

    /// What truncation has cut off, as encodings.
    #[getter]
    fn overflowing(&self) -> Vec<Self> {
        let (encoding, spelled) = (self.get(), self.spelled());
        encoding.overflowing.iter().map(|part| Self::new(part.clone(), spelled.clone())).collect()
    }

    /// `(first, behind the last)` token of a word of a text, or None.
    #[pyo3(signature = (word_index, sequence_index=0))]
    fn word_to_tokens(&self, word_index: u32, sequence_index: usize) -> Option<Pair> {
        let range = self.get().word_to_tokens(word_index, sequence_index)?;
        Some((range.start, range.end))
    }

    /// `(start, end)` of a word in its text, in characters, or None.
    #[pyo3(signature = (word_index, sequence_index=0))]
    fn word_to_chars(&self, word_index: u32, sequence_index: usize) -> Option<Pair> {
        self.get().word_to_span(word_index, sequence_index).map(pair)
    }

    /// The text a token is of, or None.
    fn token_to_sequence(&self, token_index: usize) -> Option<usize> {
        self.get().token_to_sequence(token_index)
    }

    /// `(start, end)` of a token in its text, in characters, or None.
    fn token_to_chars(&self, token_index: usize) -> Option<Pair> {
        self.get().token_to_span(token_index).map(|(_, span)| pair(span))
    }

    /// The word of its text that a token is of, or None.
    fn token_to_word(&self, token_index: usize) -> Option<u32> {
        self.get().token_to_word(token_index).map(|(_, word)| word)
    }

    /// The first token that holds a character of a text, or None.
    #[pyo3(signature = (char_pos, sequence_index=0))]
    fn char_to_token(&self, char_pos: usize, sequence_index: usize) -> Option<usize> {
        self.get().position_to_token(char_pos, sequence_index)
    }

    /// The word that holds a character of a text, or None.
    #[pyo3(signature = (char_pos, sequence_index=0))]
    fn char_to_word(&self, char_pos: usize, sequence_index: usize) -> Option<u32> {
        self.get().position_to_word(char_pos, sequence_index)
    }

    /// All tokens are those of the text with this number.
    fn set_sequence_id(&self, py: Python<'_>, sequence_id: usize) -> PyResult<()> {
        self.change(py, |encoding| {
            encoding.set_sequence(sequence_id);
            Ok(())
        })
    }

    /// Fills the encoding, and what overflowed of it, up to `length` tokens.
    ///
    /// Raises ValueError for a direction that is neither "left" nor "right".
    #[pyo3(signature = (length, direction="right", pad_id=0, pad_type_id=0, pad_token="[PAD]"))]
    fn pad(
        &self,
        py: Python<'_>,
        length: usize,
        direction: &str,
        pad_id: u32,
        pad_type_id: u32,
        pad_token: &str,
    ) -> PyResult<()> {
        side_of(
            direction,
            &format!("Unknown `direction`: `{direction}`. Use one of `left` or `right`"),
        )?;
        let arguments: PaddingArguments =
            (Some(length), direction.to_owned(), None, pad_id, pad_type_id, pad_token.to_owned());
        let padding = padding_of(arguments)?;
        self.change(py, |encoding| template::pad(std::slice::from_mut(encoding), &padding))
    }

    /// Keeps `max_length` tokens; the rest goes to `overflowing`, in parts that share `stride`.
    ///
    /// Raises ValueError for a direction that is neither "left" nor "right".
    #[pyo3(signature = (max_length, stride=0, direction="right"))]
    fn truncate(
        &self,
        py: Python<'_>,
        max_length: usize,
        stride: usize,
        direction: &str,
    ) -> PyResult<()> {
        let side =
            side_of(direction, &format!("Invalid truncation direction value : {direction}"))?;
        self.change(py, |encoding| encoding.truncate(max_length, stride, side))
    }

    /// The encodings one behind the other; with `growing_offsets` offsets go on where those before
    /// end.
    #[staticmethod]
    #[pyo3(signature = (encodings, growing_offsets=true))]
    fn merge(encodings: &Bound<'_, PyAny>, growing_offsets: bool) -> PyResult<Self> {
        let py = encodings.py();
        let mut parts: Vec<(Arc<Encoding>, Option<Arc<Spelled>>)> = Vec::new();
        for item in encodings.try_iter()? {
            let item = item?;
            let Ok(part) = item.cast::<Self>() else {
                let kind = item.get_type().name()?;
                let why = format!("'{kind}' object is not an instance of 'Encoding'");
                return Err(PyTypeError::new_err(why));
            };
            parts.push((part.get().get(), part.get().spelled()));
        }
        let first = parts.first().and_then(|(_, spelled)| spelled.clone());
        let same = |other: &Option<Arc<Spelled>>| match (&first, other) {
            (Some(first), Some(other)) => Arc::ptr_eq(first, other),
            _ => false,
        };
        let all_same = parts.iter().all(|(_, spelled)| same(spelled));
        let merged = guard(py, || {
            let parts = parts.iter().map(|(encoding, spelled)| {
                if all_same {
                    Encoding::clone(encoding)
                } else {
                    Self::named(encoding, spelled.as_deref())
                }
            });
            Encoding::merge(parts, growing_offsets)
        })?;
        Ok(Self::new(merged, first.filter(|_| all_same)))
    }

    fn __len__(&self) -> usize {
        self.get().len()
    }

    fn __repr__(&self) -> String {
        format!(
            "Encoding(num_tokens={}, attributes=[ids, type_ids, tokens, offsets, attention_mask, \
             special_tokens_mask, overflowing])",
            self.get().len()
        )
    }

    /// The encoding as JSON.
    fn __getstate__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let (encoding, spelled) = (self.get(), self.spelled());
        let text = guard(py, || {
            toksmith_core::compat::encodings::to_json(&Self::named(&encoding, spelled.as_deref()))
        })?;
        Ok(PyBytes::new(py, text.as_bytes()))
    }

    fn __setstate__(&self, py: Python<'_>, state: &Bound<'_, PyBytes>) -> PyResult<()> {
        let read = toksmith_core::compat::encodings::from_json(state.as_bytes());
        self.replace(read.map_err(|error| raise(py, &error))?);
        Ok(())
    }

    fn __reduce__<'py>(
        slf: &Bound<'py, Self>,
    ) -> PyResult<(Bound<'py, PyType>, Bound<'py, PyTuple>, Bound<'py, PyBytes>)> {
        let py = slf.py();
        Ok((slf.get_type(), PyTuple::empty(py), slf.get().__getstate__(py)?))
    }
}

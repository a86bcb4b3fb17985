//! Texts and words as tokenizers takes them, with the type errors that it raises.

use crate::input::Source;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyString, PyTuple};
use toksmith_core::inputs::Sequence;
use toksmith_core::tokenizer::Text;

const TEXT: &str = "TextInputSequence must be str";
const WORDS: &str = "PreTokenizedInputSequence must be Union[List[str], Tuple[str]]";
const TEXT_ITEM: &str =
    "TextEncodeInput must be Union[TextInputSequence, Tuple[InputSequence, InputSequence]]";
const WORDS_ITEM: &str = "PreTokenizedEncodeInput must be Union[PreTokenizedInputSequence, \
                          Tuple[PreTokenizedInputSequence, PreTokenizedInputSequence]]";

/// A text, or its words, and what keeps them alive.
pub(crate) enum Given<'py> {
    Text(Source<'py>),
    Words(Vec<Source<'py>>),
}

/// The same with the core's views of them.
pub(crate) enum Viewed<'a> {
    Text(Text<'a>),
    Words(Vec<Text<'a>>),
}

impl Given<'_> {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Words(words) => words.iter().map(Source::len).sum(),
        }
    }

    pub(crate) fn view(&self) -> PyResult<Viewed<'_>> {
        Ok(match self {
            Self::Text(text) => Viewed::Text(text.text()?),
            Self::Words(words) => {
                Viewed::Words(words.iter().map(Source::text).collect::<PyResult<_>>()?)
            }
        })
    }
}

impl Viewed<'_> {
    pub(crate) fn sequence(&self) -> Sequence<'_> {
        match self {
            Self::Text(text) => Sequence::Text(*text),
            Self::Words(words) => Sequence::Words(words),
        }
    }
}

fn text<'py>(value: &Bound<'py, PyAny>) -> Option<Source<'py>> {
    let text = value.cast::<PyString>().ok()?;
    // A lone surrogate is no text.
    Source::new(text, false, None).ok()
}

/// The elements of a list, a tuple or an array.
pub(crate) fn elements<'py>(value: &Bound<'py, PyAny>) -> Option<Vec<Bound<'py, PyAny>>> {
    if let Ok(list) = value.cast::<PyList>() {
        return Some(list.iter().collect());
    }
    if let Ok(tuple) = value.cast::<PyTuple>() {
        return Some(tuple.iter().collect());
    }
    if value.is_instance_of::<PyString>() || value.is_instance_of::<PyBytes>() {
        return None;
    }
    let array = value.cast::<numpy::PyUntypedArray>().ok()?;
    array.try_iter().ok()?.collect::<PyResult<_>>().ok()
}

fn words<'py>(value: &Bound<'py, PyAny>) -> Option<Vec<Source<'py>>> {
    elements(value)?.iter().map(text).collect()
}

/// One text as an argument of `encode`.
pub(crate) fn one<'py>(value: &Bound<'py, PyAny>, pretokenized: bool) -> PyResult<Given<'py>> {
    if pretokenized {
        words(value).map(Given::Words).ok_or_else(|| PyTypeError::new_err(WORDS))
    } else {
        text(value).map(Given::Text).ok_or_else(|| PyTypeError::new_err(TEXT))
    }
}

/// A text and perhaps the second of a pair.
pub(crate) type GivenPair<'py> = (Given<'py>, Option<Given<'py>>);

/// An element of a batch: a text, or a pair of them.
pub(crate) fn item<'py>(value: &Bound<'py, PyAny>, pretokenized: bool) -> PyResult<GivenPair<'py>> {
    if let Ok(single) = one(value, pretokenized) {
        return Ok((single, None));
    }
    let wrong = || PyTypeError::new_err(if pretokenized { WORDS_ITEM } else { TEXT_ITEM });
    match elements(value).ok_or_else(wrong)?.as_slice() {
        [first, second] => {
            let first = one(first, pretokenized).map_err(|_| wrong())?;
            Ok((first, Some(one(second, pretokenized).map_err(|_| wrong())?)))
        }
        _ => Err(wrong()),
    }
}

/// Ids from a sequence of integers.
pub(crate) fn ids(value: &Bound<'_, PyAny>) -> PyResult<Vec<u32>> {
    value.extract()
}

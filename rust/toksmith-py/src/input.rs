//! Python values to what the core takes.

use crate::errors::{InputError, VocabularyError, raise};
use numpy::{PyReadonlyArray1, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::exceptions::{PyOverflowError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use std::borrow::Cow;
use toksmith_core::encode::added::Allowed;
use toksmith_core::encode::spans::unreplaced;
use toksmith_core::tokenizer::Text;
use toksmith_core::{Error, Span, TokenId, Tokenizer};

/// A text and what keeps its bytes alive.
pub(crate) enum Source<'py> {
    Str(Bound<'py, PyString>),
    Bytes(Bound<'py, PyBytes>),
    /// Text whose lone surrogates were replaced.
    Owned(String),
    /// Bytes, and the text that they are with U+FFFD for what is not UTF-8.
    Replaced(Bound<'py, PyBytes>, String),
}

impl<'py> Source<'py> {
    /// Takes str or bytes; `row` is the place in a batch.
    #[inline]
    pub(crate) fn new(
        text: &Bound<'py, PyAny>,
        replace: bool,
        row: Option<usize>,
    ) -> PyResult<Self> {
        if let Ok(text) = text.cast::<PyString>() {
            if text.to_str().is_ok() {
                return Ok(Self::Str(text.clone()));
            }
            return surrogates(text, replace, row);
        }
        if let Ok(bytes) = text.cast::<PyBytes>() {
            return Ok(Self::Bytes(bytes.clone()));
        }
        let kind = text.get_type().name()?;
        Err(InputError::new_err(format!("{}text must be str or bytes, not {kind}", at_row(row))))
    }

    /// Replaces bytes that are not UTF-8 if asked to and the tokenizer has no tokens for them.
    pub(crate) fn fit(self, tokenizer: &Tokenizer, replace: bool) -> Self {
        match self {
            Self::Bytes(bytes) if replace && !tokenizer.takes_bytes() => {
                match String::from_utf8_lossy(bytes.as_bytes()) {
                    Cow::Borrowed(_) => Self::Bytes(bytes),
                    Cow::Owned(text) => Self::Replaced(bytes, text),
                }
            }
            other => other,
        }
    }

    /// Whether spans of the text are others than those of the bytes.
    pub(crate) fn is_replaced(&self) -> bool {
        matches!(self, Self::Replaced(..))
    }

    /// Makes spans of the text those of the bytes it was given as.
    pub(crate) fn map_back(&self, spans: &mut [Span]) {
        if let Self::Replaced(bytes, _) = self {
            unreplaced(bytes.as_bytes(), spans);
        }
    }

    /// Bytes of the text.
    pub(crate) fn len(&self) -> usize {
        self.text().map_or(0, |text| text.as_bytes().len())
    }

    #[inline]
    pub(crate) fn text(&self) -> PyResult<Text<'_>> {
        Ok(match self {
            Self::Str(text) => Text::Str(text.to_str()?),
            Self::Bytes(bytes) => Text::Bytes(bytes.as_bytes()),
            Self::Owned(text) | Self::Replaced(_, text) => Text::Str(text),
        })
    }
}

fn at_row(row: Option<usize>) -> String {
    row.map_or_else(String::new, |row| format!("row {row}: "))
}

/// A str that is not UTF-8 has lone surrogates.
fn surrogates<'py>(
    text: &Bound<'py, PyString>,
    replace: bool,
    row: Option<usize>,
) -> PyResult<Source<'py>> {
    if replace {
        // UTF-16 joins pairs of surrogates; what stays alone is replaced.
        let units = text.call_method1("encode", ("utf-16-le", "surrogatepass"))?;
        let joined = units.call_method1("decode", ("utf-16-le", "replace"))?;
        return Ok(Source::Owned(joined.extract()?));
    }
    let at = match text.call_method1("encode", ("utf-8",)) {
        Err(error) => error.value(text.py()).getattr("start")?.extract::<usize>()?,
        Ok(_) => 0,
    };
    Err(InputError::new_err(format!(
        "{}lone surrogate at character {at}; use errors=\"replace\" to encode it as U+FFFD",
        at_row(row)
    )))
}

/// `errors=`: whether to replace what is not text.
#[inline]
pub(crate) fn replaces(errors: Option<&str>) -> PyResult<bool> {
    match errors {
        None | Some("strict") => Ok(false),
        Some("replace") => Ok(true),
        Some(other) => Err(InputError::new_err(format!(
            "errors must be \"strict\" or \"replace\", not {other:?}"
        ))),
    }
}

/// `allowed_special=`: "all", or names.
#[inline]
pub(crate) fn allowed(
    tokenizer: &Tokenizer,
    special: Option<&Bound<'_, PyAny>>,
) -> PyResult<Allowed> {
    let Some(special) = special else { return Ok(Allowed::None) };
    if let Ok(name) = special.cast::<PyString>() {
        return match name.to_str()? {
            "all" => Ok(Allowed::All),
            other => Err(InputError::new_err(format!(
                "allowed_special must be \"all\" or a set of names, not the str {other:?}"
            ))),
        };
    }
    let wrong = |_| InputError::new_err("allowed_special must be \"all\" or a set of names");
    let names: Vec<String> = special
        .try_iter()
        .map_err(wrong)?
        .map(|name| name?.extract())
        .collect::<PyResult<_>>()
        .map_err(wrong)?;
    tokenizer.allow(names.iter().map(String::as_str)).map_err(|error| raise(special.py(), &error))
}

/// One id; anything but an integer in range is an error that names it.
fn id(value: &Bound<'_, PyAny>, tokenizer: &Tokenizer) -> PyResult<TokenId> {
    match value.extract::<u32>() {
        Ok(id) => Ok(id),
        Err(error) if error.is_instance_of::<PyOverflowError>(value.py()) => {
            Err(VocabularyError::new_err(format!(
                "no token has id {value}; this tokenizer has ids below {}",
                tokenizer.vocab().id_limit()
            )))
        }
        Err(error) if error.is_instance_of::<PyTypeError>(value.py()) => Err(InputError::new_err(
            format!("an id must be an integer, not {}", value.get_type().name()?),
        )),
        Err(error) => Err(error),
    }
}

/// One id as an argument.
pub(crate) fn one_id(value: &Bound<'_, PyAny>, tokenizer: &Tokenizer) -> PyResult<TokenId> {
    id(value, tokenizer)
}

/// Ids from a list, an array or any iterable of integers.
pub(crate) fn ids(value: &Bound<'_, PyAny>, tokenizer: &Tokenizer) -> PyResult<Vec<TokenId>> {
    if let Ok(array) = value.extract::<PyReadonlyArray1<'_, u32>>() {
        return Ok(array.as_array().iter().copied().collect());
    }
    if let Ok(array) = value.cast::<PyUntypedArray>() {
        if array.ndim() != 1 {
            return Err(InputError::new_err(format!(
                "ids must have one dimension, not {}",
                array.ndim()
            )));
        }
        if let Ok(array) = value.extract::<PyReadonlyArray1<'_, i64>>() {
            let limit = tokenizer.vocab().id_limit();
            let convert = |&id: &i64| {
                u32::try_from(id)
                    .map_err(|_| raise(value.py(), &Error::UnknownId { id: id.into(), limit }))
            };
            return array.as_array().iter().map(convert).collect();
        }
    }
    if value.is_instance_of::<PyString>() || value.is_instance_of::<PyBytes>() {
        return Err(InputError::new_err(format!(
            "ids must be integers, not {}",
            value.get_type().name()?
        )));
    }
    if let Ok(list) = value.cast::<pyo3::types::PyList>() {
        let mut out = Vec::with_capacity(list.len());
        for item in list.iter() {
            out.push(id(&item, tokenizer)?);
        }
        return Ok(out);
    }
    let iterator = value
        .try_iter()
        .map_err(|_| InputError::new_err("ids must be a list or an array of integers"))?;
    iterator.map(|item| id(&item?, tokenizer)).collect()
}

//! `tok(...)`: texts and options in, flat arrays out.

use crate::errors::InputError;
use crate::input::{self, Source};
use crate::tokenizer::{PyTokenizer, interruptible, rows_of_two, sources};
use numpy::{IntoPyArray, PyArray1, PyArray2};
use pyo3::prelude::*;
use pyo3::types::PyList;
use toksmith_core::formats::pipeline::{
    Padding, PaddingLength, Side, Truncation, TruncationStrategy,
};
use toksmith_core::inputs::{Columns, InputOptions, Sample};
use toksmith_core::{Tokenizer, parallel};

/// `(max_length, stride, strategy, side)`.
type PyTruncation = (usize, usize, String, String);
/// `(length, side, to_multiple_of, pad_id, pad_type_id)`.
type PyPadding = (Option<usize>, String, Option<usize>, u32, u32);

/// The columns in the order of the stub.
type PyColumns<'py> =
    ([Bound<'py, PyArray1<i64>>; 8], Bound<'py, PyArray2<i64>>, Option<Bound<'py, PyArray2<i64>>>);

const STRATEGIES: [(&str, TruncationStrategy); 3] = [
    ("longest_first", TruncationStrategy::LongestFirst),
    ("only_first", TruncationStrategy::OnlyFirst),
    ("only_second", TruncationStrategy::OnlySecond),
];
const SIDES: [(&str, Side); 2] = [("right", Side::Right), ("left", Side::Left)];

/// The value of this name.
fn named<T: Copy>(all: &[(&str, T)], name: &str, what: &str) -> PyResult<T> {
    all.iter().find(|(known, _)| *known == name).map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<_> = all.iter().map(|(name, _)| format!("{name:?}")).collect();
        InputError::new_err(format!("{what} must be one of {}, not {name:?}", names.join(", ")))
    })
}

/// The name of a value.
fn name_of<T: PartialEq>(all: &[(&str, T)], value: &T) -> String {
    let found = all.iter().find(|(_, known)| known == value);
    found.map_or_else(String::new, |(name, _)| (*name).to_owned())
}

fn truncation((max_length, stride, strategy, side): PyTruncation) -> PyResult<Truncation> {
    let strategy = named(&STRATEGIES, &strategy, "a truncation's strategy")?;
    Ok(Truncation { max_length, stride, strategy, side: named(&SIDES, &side, "side")? })
}

fn padding(
    tokenizer: &Tokenizer,
    (length, side, to_multiple_of, pad_id, pad_type_id): PyPadding,
) -> PyResult<Padding> {
    let text = tokenizer.vocab().get(pad_id).unwrap_or_default();
    Ok(Padding {
        length: length.map_or(PaddingLength::BatchLongest, PaddingLength::Fixed),
        side: named(&SIDES, &side, "side")?,
        to_multiple_of,
        pad_id,
        pad_type_id,
        pad_token: String::from_utf8_lossy(text).into_owned(),
    })
}

/// Texts or pairs to model inputs; `toksmith.model_inputs` says what the arguments mean.
#[pyfunction]
#[pyo3(signature = (tokenizer, texts, pairs, allowed_special, errors, add_special_tokens, truncation, padding, overflow, char_spans, num_threads))]
#[allow(clippy::too_many_arguments, reason = "the Python signature")]
pub(crate) fn model_inputs<'py>(
    py: Python<'py>,
    tokenizer: &Bound<'py, PyTokenizer>,
    texts: &Bound<'py, PyList>,
    pairs: Option<&Bound<'py, PyList>>,
    allowed_special: Option<&Bound<'py, PyAny>>,
    errors: Option<&str>,
    add_special_tokens: bool,
    truncation: Option<PyTruncation>,
    padding: Option<PyPadding>,
    overflow: bool,
    char_spans: bool,
    num_threads: Option<usize>,
) -> PyResult<PyColumns<'py>> {
    let tokenizer = &tokenizer.get().0;
    let options = InputOptions {
        add_special: add_special_tokens,
        allowed: input::allowed(tokenizer, allowed_special)?,
        truncation: truncation.map(self::truncation).transpose()?,
        padding: padding.map(|padding| self::padding(tokenizer, padding)).transpose()?,
        overflow,
    };
    let first = sources(tokenizer, texts, errors)?;
    let second = pairs.map(|pairs| sources(tokenizer, pairs, errors)).transpose()?;
    let samples = samples(&first, second.as_deref())?;
    let total = first.iter().chain(second.iter().flatten()).map(Source::len).sum();
    let threads = parallel::thread_count(num_threads);
    let mut columns = interruptible(py, total, threads <= 1, None, |watch| {
        tokenizer.input_columns(&samples, &options, char_spans, threads, watch)
    })?;
    map_back(&mut columns, [Some(&first), second.as_ref()]);
    Ok((
        [
            columns.ids,
            columns.type_ids,
            columns.attention_mask,
            columns.special_mask,
            columns.words,
            columns.sequences,
            columns.offsets,
            columns.samples,
        ]
        .map(|column| column.into_pyarray(py)),
        rows_of_two(py, columns.spans)?,
        char_spans.then(|| rows_of_two(py, columns.char_spans)).transpose()?,
    ))
}

/// The file's truncation.
#[pyfunction]
pub(crate) fn file_truncation(tokenizer: &Bound<'_, PyTokenizer>) -> Option<PyTruncation> {
    let found = tokenizer.get().0.truncation()?;
    let (strategy, side) = (name_of(&STRATEGIES, &found.strategy), name_of(&SIDES, &found.side));
    Some((found.max_length, found.stride, strategy, side))
}

/// The file's padding.
#[pyfunction]
pub(crate) fn file_padding(tokenizer: &Bound<'_, PyTokenizer>) -> Option<PyPadding> {
    let found = tokenizer.get().0.padding()?;
    let length = match found.length {
        PaddingLength::BatchLongest => None,
        PaddingLength::Fixed(length) => Some(length),
    };
    let side = name_of(&SIDES, &found.side);
    Some((length, side, found.to_multiple_of, found.pad_id, found.pad_type_id))
}

/// Makes spans in bytes those of the bytes that texts were given as ([`Source::map_back`]).
fn map_back(columns: &mut Columns, texts: [Option<&Vec<Source<'_>>>; 2]) {
    if !texts.iter().copied().flatten().flatten().any(Source::is_replaced) {
        return;
    }
    columns.change_spans(|sample, text, spans| {
        let sources = texts.get(text).copied().flatten();
        if let Some(source) = sources.and_then(|sources| sources.get(sample)) {
            source.map_back(spans);
        }
    });
}

/// Texts and the second texts of pairs, of which there are as many if there are any.
fn samples<'a>(
    first: &'a [Source<'_>],
    second: Option<&'a [Source<'_>]>,
) -> PyResult<Vec<Sample<'a>>> {
    if let Some(second) = second
        && second.len() != first.len()
    {
        return Err(InputError::new_err(format!(
            "{} texts with {} second texts: expected as many",
            first.len(),
            second.len()
        )));
    }
    let each = first.iter().enumerate().map(|(row, source)| {
        let other = second.and_then(|second| second.get(row));
        let second = other.map(Source::text).transpose()?.map(Into::into);
        Ok(Sample { first: source.text()?.into(), second })
    });
    each.collect()
}

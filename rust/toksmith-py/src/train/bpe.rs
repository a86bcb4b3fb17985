//! Under `toksmith.train.bpe`, `wordpiece`, `superword` and `extend_bpe`.

use super::count::{PyWordCounts, counted};
use crate::errors::InputError;
use crate::tokenizer::interruptible_in;
use numpy::{IntoPyArray, PyArray1, PyArray2, PyArrayMethods};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyDict};
use std::sync::Arc;
use toksmith_core::Result;
use toksmith_core::train::bpe::{self, Base, Chars, Options, Trained, Unit};
use toksmith_core::train::count;
use toksmith_core::train::superword::{self, Units};
use toksmith_core::watch::Watch;

/// Tokens, merges `(left, right, token)`, the merges' counts, tokens before the first merge.
type Parts<'py> =
    (Vec<Bound<'py, PyBytes>>, Bound<'py, PyArray2<u32>>, Bound<'py, PyArray1<u64>>, usize);

/// The options that all trainers by merges share, by name.
fn options(given: Option<&Bound<'_, PyDict>>, vocab_size: usize) -> PyResult<Options> {
    let mut options = Options::new(vocab_size);
    let (mut chars, mut unit, mut of_chars) = (Chars::default(), String::from("bytes"), None);
    for (name, value) in given.into_iter().flatten() {
        let name: String = name.extract()?;
        match name.as_str() {
            "min_frequency" => options.min_frequency = value.extract()?,
            "max_token_length" => options.max_token_length = value.extract()?,
            "special_tokens" => options.special_tokens = value.extract()?,
            "unit" => unit = value.extract()?,
            "initial_alphabet" => chars.initial_alphabet = value.extract()?,
            "limit_alphabet" => chars.limit_alphabet = value.extract()?,
            "character_coverage" => chars.character_coverage = value.extract()?,
            "byte_fallback" => chars.byte_fallback = value.extract()?,
            "continuing_subword_prefix" => chars.continuing_subword_prefix = value.extract()?,
            "end_of_word_suffix" => chars.end_of_word_suffix = value.extract()?,
            _ => return Err(InputError::new_err(format!("there is no option {name:?}"))),
        }
        let shared = ["min_frequency", "max_token_length", "special_tokens", "unit"];
        if !shared.contains(&name.as_str()) {
            of_chars = Some(name);
        }
    }
    match (unit.as_str(), of_chars) {
        ("chars", _) => options.unit = Unit::Chars(chars),
        ("bytes", None) => {}
        ("bytes", Some(name)) => {
            return Err(InputError::new_err(format!("{name} is an option for unit=\"chars\"")));
        }
        _ => {
            return Err(InputError::new_err(format!(
                "unit is {unit:?}; expected \"bytes\" or \"chars\""
            )));
        }
    }
    Ok(options)
}

/// Trains detached, and gives the result to Python.
fn run<'py>(
    py: Python<'py>,
    merges: usize,
    progress: Option<&Bound<'py, PyAny>>,
    work: impl FnOnce(&Watch<'_>) -> Result<Trained> + Send,
) -> PyResult<Parts<'py>> {
    let trained = interruptible_in(py, (merges, "merges"), true, progress, work)?;
    let tokens = trained.tokens.iter().map(|token| PyBytes::new(py, token)).collect();
    let ids: Vec<u32> =
        trained.merges.iter().flat_map(|merge| [merge.left, merge.right, merge.token]).collect();
    let counts: Vec<u64> = trained.merges.iter().map(|merge| merge.count).collect();
    let merges = ids.into_pyarray(py).reshape([counts.len(), 3])?;
    Ok((tokens, merges, counts.into_pyarray(py), trained.initial))
}

/// Tokens and merges from counted words.
#[pyfunction]
#[pyo3(signature = (words, vocab_size, options=None, progress=None))]
pub(crate) fn _train_bpe<'py>(
    py: Python<'py>,
    words: &Bound<'py, PyAny>,
    vocab_size: usize,
    options: Option<&Bound<'py, PyDict>>,
    progress: Option<&Bound<'py, PyAny>>,
) -> PyResult<Parts<'py>> {
    let options = self::options(options, vocab_size)?;
    let words = counted(words)?;
    run(py, vocab_size, progress, move |watch| bpe::train(&words, &options, watch))
}

/// All tokens, and the merges behind those given, which are applied to the words first.
#[pyfunction]
#[pyo3(signature = (tokens, merges, words, vocab_size, options=None, max_words=None, progress=None))]
#[allow(clippy::too_many_arguments, reason = "one a setting")]
pub(crate) fn _extend_bpe<'py>(
    py: Python<'py>,
    tokens: Vec<Vec<u8>>,
    merges: Vec<(u32, u32, u32)>,
    words: &Bound<'py, PyAny>,
    vocab_size: usize,
    options: Option<&Bound<'py, PyDict>>,
    max_words: Option<usize>,
    progress: Option<&Bound<'py, PyAny>>,
) -> PyResult<Parts<'py>> {
    let options = self::options(options, vocab_size)?;
    let words = counted(words)?;
    run(py, vocab_size.saturating_sub(tokens.len()), progress, move |watch| {
        let base = Base { tokens: &tokens, merges: &merges };
        bpe::extend(base, &words, &options, max_words, watch)
    })
}

/// Tokens and merges from words up to `transition` tokens, then from longer units.
#[pyfunction]
#[pyo3(signature = (words, units, vocab_size, transition, max_words=None, options=None, progress=None))]
#[allow(clippy::too_many_arguments, reason = "one a setting")]
pub(crate) fn _train_two_stages<'py>(
    py: Python<'py>,
    words: &Bound<'py, PyAny>,
    units: &Bound<'py, PyAny>,
    vocab_size: usize,
    transition: usize,
    max_words: Option<usize>,
    options: Option<&Bound<'py, PyDict>>,
    progress: Option<&Bound<'py, PyAny>>,
) -> PyResult<Parts<'py>> {
    let options = self::options(options, vocab_size)?;
    let (words, units) = (counted(words)?, counted(units)?);
    run(py, vocab_size, progress, move |watch| {
        superword::two_stages(&words, &units, transition, max_words, &options, watch)
    })
}

/// Tokens and merges from units of pre-tokens, whole ones of which may merge: pairs of a list of
/// pre-tokens and a count, or what a counter made whose tokenizer joins pre-tokens.
#[pyfunction]
#[pyo3(signature = (units, vocab_size, max_words=None, options=None, progress=None))]
pub(crate) fn _train_joined<'py>(
    py: Python<'py>,
    units: &Bound<'py, PyAny>,
    vocab_size: usize,
    max_words: Option<usize>,
    options: Option<&Bound<'py, PyDict>>,
    progress: Option<&Bound<'py, PyAny>>,
) -> PyResult<Parts<'py>> {
    let options = self::options(options, vocab_size)?;
    if let Ok(lines) = units.cast::<PyWordCounts>() {
        let lines = Arc::clone(&lines.get().0);
        return run(py, vocab_size, progress, move |watch| {
            superword::joined(&count::units(&lines)?, max_words, &options, watch)
        });
    }
    let mut table = Units::default();
    for (pieces, count) in units.extract::<Vec<(Vec<PyBackedBytes>, u64)>>()? {
        table.push(pieces, count);
    }
    run(py, vocab_size, progress, move |watch| {
        superword::joined(&table, max_words, &options, watch)
    })
}

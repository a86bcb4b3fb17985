//! Patches of texts and of entropies: what is under `toksmith.dynamic.Patches` and its makers.

use super::numbers::{Numbers, with_numbers};
use crate::errors::{InputError, guard};
use crate::input::Source;
use crate::tokenizer::interruptible;
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;
use pyo3::types::PyList;
use toksmith_core::dynamic::patches::Patches;
use toksmith_core::dynamic::patches::entropy::{self, EntropyPatcher, Rule};
use toksmith_core::dynamic::patches::scripts::{self, Runs};
use toksmith_core::dynamic::patches::space::space_patches;
use toksmith_core::dynamic::patches::words::{Spaces, word_patches};
use toksmith_core::parallel;

/// Offsets and rows.
type PyPatches<'py> = (Bound<'py, PyArray1<i64>>, Bound<'py, PyArray1<i64>>);

fn out(py: Python<'_>, patches: Patches) -> PyPatches<'_> {
    (patches.offsets.into_pyarray(py), patches.rows.into_pyarray(py))
}

/// Texts as a list, or as bytes that lie end to end and where each begins.
pub(super) enum Texts<'py> {
    List(Vec<Source<'py>>),
    Flat(PyReadonlyArray1<'py, u8>, PyReadonlyArray1<'py, i64>),
}

impl<'py> Texts<'py> {
    pub(super) fn new(texts: &Bound<'py, PyAny>) -> PyResult<Self> {
        let Ok(list) = texts.cast::<PyList>() else {
            let (data, offsets) = texts.extract()?;
            return Ok(Self::Flat(data, offsets));
        };
        let source = |(row, text)| Source::new(&text, false, Some(row));
        Ok(Self::List(list.iter().enumerate().map(source).collect::<PyResult<_>>()?))
    }

    pub(super) fn rows(&self) -> PyResult<Vec<&[u8]>> {
        match self {
            Self::List(sources) => {
                sources.iter().map(|source| Ok(source.text()?.as_bytes())).collect()
            }
            Self::Flat(data, offsets) => {
                let data = data.as_slice()?;
                let row = |pair: &[i64]| match *pair {
                    [start, end] => {
                        let range = usize::try_from(start).ok().zip(usize::try_from(end).ok());
                        range.and_then(|(start, end)| data.get(start..end)).ok_or_else(|| {
                            InputError::new_err(format!("a text at bytes {start} to {end}"))
                        })
                    }
                    _ => Ok(&[][..]),
                };
                offsets.as_slice()?.windows(2).map(row).collect()
            }
        }
    }
}

/// A rule by its name and numbers.
type PyRule = (String, f64, f64);

fn rule((name, first, second): PyRule) -> PyResult<Rule> {
    let combined =
        |published| Rule::Combined { threshold: first, threshold_add: second, published };
    Ok(match name.as_str() {
        "threshold" => Rule::Threshold { threshold: first },
        "monotone" => Rule::Monotone { threshold: first },
        "combined" => combined(false),
        "combined_published" => combined(true),
        "top_k" => Rule::Largest { patch_size: first },
        _ => {
            return Err(InputError::new_err(format!(
                "rule must be \"threshold\", \"monotone\", \"combined\", \"combined_published\" or \
                 \"top_k\", not {name:?}"
            )));
        }
    })
}

/// Patches of rows of entropies.
#[pyfunction]
fn _entropy_patches<'py>(
    py: Python<'py>,
    entropies: &Bound<'py, PyAny>,
    offsets: PyReadonlyArray1<'py, i64>,
    rule: PyRule,
    most: Option<usize>,
    next: bool,
    num_threads: Option<usize>,
) -> PyResult<PyPatches<'py>> {
    let (rule, threads) = (self::rule(rule)?, parallel::thread_count(num_threads));
    let (numbers, offsets) = (Numbers::new(entropies)?, offsets.as_slice()?);
    with_numbers!(&numbers, |entropies| {
        let total = entropies.len();
        let patches = interruptible(py, total, threads <= 1, None, |watch| {
            entropy::entropy_patches(entropies, offsets, rule, most, next, threads, watch)
        })?;
        Ok(out(py, patches))
    })
}

/// float64: the entropy of each row of logits.
#[pyfunction]
fn _entropies<'py>(
    py: Python<'py>,
    logits: &Bound<'py, PyAny>,
    num_threads: Option<usize>,
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let (numbers, threads) = (Numbers::new(logits)?, parallel::thread_count(num_threads));
    let width = numbers.width();
    with_numbers!(&numbers, |logits| {
        let found = interruptible(py, logits.len(), threads <= 1, None, |watch| {
            entropy::entropies(logits, width, threads, watch)
        })?;
        Ok(found.into_pyarray(py))
    })
}

/// Follows one row of entropies.
#[pyclass(name = "_EntropyPatcher", module = "toksmith._native")]
#[derive(Clone)]
struct PyEntropyPatcher(EntropyPatcher);

#[pymethods]
impl PyEntropyPatcher {
    #[new]
    fn new(py: Python<'_>, rule: PyRule, most: Option<usize>) -> PyResult<Self> {
        let rule = self::rule(rule)?;
        Ok(Self(guard(py, || EntropyPatcher::new(rule, most))?))
    }

    /// int64: positions that begin a patch.
    fn push<'py>(
        &mut self,
        py: Python<'py>,
        entropies: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyArray1<i64>>> {
        let (numbers, mut starts) = (Numbers::new(entropies)?, Vec::new());
        with_numbers!(&numbers, |entropies| {
            guard(py, || self.0.push(entropies, &mut starts))?;
            Ok(starts.into_pyarray(py))
        })
    }

    /// Entropies so far.
    #[getter]
    fn seen(&self) -> usize {
        self.0.seen()
    }

    fn copy(&self) -> Self {
        self.clone()
    }
}

/// Runs a maker of patches over texts.
fn of_texts<'py>(
    texts: &Bound<'py, PyAny>,
    num_threads: Option<usize>,
    make: impl Fn(&[&[u8]], usize, &toksmith_core::watch::Watch<'_>) -> toksmith_core::Result<Patches>
    + Send
    + Sync,
) -> PyResult<PyPatches<'py>> {
    let py = texts.py();
    let (texts, threads) = (Texts::new(texts)?, parallel::thread_count(num_threads));
    let rows = texts.rows()?;
    let total = rows.iter().map(|row| row.len()).sum();
    let patches =
        interruptible(py, total, threads <= 1, None, |watch| make(&rows, threads, watch))?;
    Ok(out(py, patches))
}

/// Patches that end after what is like a space.
#[pyfunction]
fn _space_patches<'py>(
    texts: &Bound<'py, PyAny>,
    bos: bool,
    num_threads: Option<usize>,
) -> PyResult<PyPatches<'py>> {
    of_texts(texts, num_threads, |rows, threads, watch| space_patches(rows, bos, threads, watch))
}

/// Patches that are words.
#[pyfunction]
fn _word_patches<'py>(
    texts: &Bound<'py, PyAny>,
    spaces: &str,
    num_threads: Option<usize>,
) -> PyResult<PyPatches<'py>> {
    let spaces = Spaces::from_name(spaces).ok_or_else(|| {
        InputError::new_err(format!(
            "spaces must be \"own\", \"next\" or \"previous\", not {spaces:?}"
        ))
    })?;
    of_texts(texts, num_threads, |rows, threads, watch| word_patches(rows, spaces, threads, watch))
}

/// Patches of `stride` positions in rows of these lengths.
#[pyfunction]
fn _stride_patches(py: Python<'_>, lengths: Vec<usize>, stride: usize) -> PyResult<PyPatches<'_>> {
    let total = lengths.iter().fold(0, |total: usize, &length| total.saturating_add(length));
    let patches =
        interruptible(py, total, true, None, |watch| Patches::strided(&lengths, stride, watch))?;
    Ok(out(py, patches))
}

/// Patches cut to at most so many positions.
#[pyfunction]
fn _split_patches(
    py: Python<'_>,
    offsets: Vec<i64>,
    rows: Vec<i64>,
    most: usize,
) -> PyResult<PyPatches<'_>> {
    let patches = guard(py, || py.detach(|| Patches { offsets, rows }.split(most)))?;
    Ok(out(py, patches))
}

/// Bytes, and where each text begins among them.
type PyBytes<'py> = (Bound<'py, PyArray1<u8>>, Bound<'py, PyArray1<i64>>);

/// Bytes of texts end to end, and where each begins.
#[pyfunction]
fn _text_bytes<'py>(py: Python<'py>, texts: &Bound<'py, PyAny>) -> PyResult<PyBytes<'py>> {
    let texts = Texts::new(texts)?;
    let (data, offsets) = texts_end_to_end(&texts.rows()?);
    Ok((data.into_pyarray(py), offsets.into_pyarray(py)))
}

fn texts_end_to_end(rows: &[&[u8]]) -> (Vec<u8>, Vec<i64>) {
    let ends = rows.iter().scan(0, |end, row| {
        *end += row.len() as i64;
        Some(*end)
    });
    (rows.concat(), std::iter::once(0).chain(ends).collect())
}

/// Runs of one script: patches, and the number of the script of each.
#[pyfunction]
fn _script_runs<'py>(
    texts: &Bound<'py, PyAny>,
    resolve: bool,
    num_threads: Option<usize>,
) -> PyResult<(PyPatches<'py>, Bound<'py, PyArray1<u8>>)> {
    let py = texts.py();
    let (texts, threads) = (Texts::new(texts)?, parallel::thread_count(num_threads));
    let rows = texts.rows()?;
    let total = rows.iter().map(|row| row.len()).sum();
    let Runs { patches, scripts } = interruptible(py, total, threads <= 1, None, |watch| {
        scripts::script_runs(&rows, resolve, threads, watch)
    })?;
    Ok((out(py, patches), scripts.into_pyarray(py)))
}

/// Adds all of it to the module.
pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyEntropyPatcher>()?;
    module.add_function(wrap_pyfunction!(_entropy_patches, module)?)?;
    module.add_function(wrap_pyfunction!(_entropies, module)?)?;
    module.add_function(wrap_pyfunction!(_space_patches, module)?)?;
    module.add_function(wrap_pyfunction!(_word_patches, module)?)?;
    module.add_function(wrap_pyfunction!(_stride_patches, module)?)?;
    module.add_function(wrap_pyfunction!(_split_patches, module)?)?;
    module.add_function(wrap_pyfunction!(_text_bytes, module)?)?;
    module.add_function(wrap_pyfunction!(_script_runs, module)?)?;
    module.add_function(wrap_pyfunction!(_script_names, module)?)?;
    module.add_function(wrap_pyfunction!(_script_of, module)?)
}

/// Names of scripts, by number.
#[pyfunction]
fn _script_names() -> Vec<&'static str> {
    scripts::names().to_vec()
}

/// The number of the script of a character.
#[pyfunction]
fn _script_of(c: char) -> u8 {
    scripts::script_of(c)
}

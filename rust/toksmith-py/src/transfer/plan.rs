//! Vocabularies as bytes, alignments and decompositions, as arrays.

use crate::errors::{InputError, guard};
use crate::tokenizer::{PyTokenizer, interruptible_in, rows_of_two};
use numpy::{
    IntoPyArray, PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray2,
    PyUntypedArrayMethods,
};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::collections::BTreeMap;
use std::sync::Arc;
use toksmith_core::transfer::gather::{Numbers, gather};
use toksmith_core::transfer::{Canonical, Decomposition, Method, Options, WordStart};
use toksmith_core::{Tokenizer, parallel, transfer};

/// Adds the class and the functions to the module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyCanonical>()?;
    module.add_function(wrap_pyfunction!(_transfer_align, module)?)?;
    module.add_function(wrap_pyfunction!(_transfer_decompose, module)?)?;
    module.add_function(wrap_pyfunction!(_transfer_gather, module)?)
}

/// `starts`, `ids`, `spans`, `weights`, `partitions`, `complete`.
type Rows<'py> = (
    Bound<'py, PyArray1<i64>>,
    Bound<'py, PyArray1<u32>>,
    Bound<'py, PyArray2<i64>>,
    Bound<'py, PyArray1<f64>>,
    Bound<'py, PyArray1<u32>>,
    Bound<'py, PyArray1<bool>>,
);
/// Rules, rows, special tokens, and where the candidates of each id begin, and the candidates.
type Aligned<'py> = (
    Bound<'py, PyArray1<u8>>,
    Rows<'py>,
    Vec<(u32, Option<u32>, u8)>,
    Bound<'py, PyArray1<i64>>,
    Bound<'py, PyArray1<u32>>,
);

fn rows(py: Python<'_>, found: Decomposition) -> PyResult<Rows<'_>> {
    let starts: Vec<i64> = found.starts.iter().map(|&at| at as i64).collect();
    let spans = found.spans.iter().flatten().map(|&at| i64::from(at)).collect();
    Ok((
        starts.into_pyarray(py),
        found.ids.into_pyarray(py),
        rows_of_two(py, spans)?,
        found.weights.into_pyarray(py),
        found.partitions.into_pyarray(py),
        found.complete.into_pyarray(py),
    ))
}

fn method(name: &str, most: usize, weights: Option<PyReadonlyArray1<'_, f64>>) -> PyResult<Method> {
    Ok(match name {
        "model" => Method::Model,
        "encode" => Method::Encode,
        "fewest" => Method::Fewest,
        "minimal" => Method::Minimal,
        "best" => {
            let weights = weights.map(|weights| weights.as_slice().map(<[f64]>::to_vec));
            Method::Best { most, weights: weights.transpose()? }
        }
        other => {
            return Err(InputError::new_err(format!(
                "method must be \"model\", \"encode\", \"fewest\", \"minimal\" or \"best\", not \
                 {other:?}"
            )));
        }
    })
}

/// A vocabulary as bytes with roles.
#[pyclass(frozen, name = "_Canonical", module = "toksmith._native")]
pub(crate) struct PyCanonical {
    tokenizer: Arc<Tokenizer>,
    core: Canonical,
}

#[pymethods]
impl PyCanonical {
    #[new]
    fn new(
        py: Python<'_>,
        tokenizer: &PyTokenizer,
        rows: Option<usize>,
        word_start: &str,
    ) -> PyResult<Self> {
        let start = match word_start {
            "space" => WordStart::Space,
            "plain" => WordStart::Plain,
            other => {
                return Err(InputError::new_err(format!(
                    "word_start must be \"space\" or \"plain\", not {other:?}"
                )));
            }
        };
        let tokenizer = Arc::clone(&tokenizer.0);
        let core = guard(py, || py.detach(|| Canonical::new(&tokenizer, rows, start)))?;
        Ok(Self { tokenizer, core })
    }

    #[getter]
    fn limit(&self) -> usize {
        self.core.limit()
    }

    fn __len__(&self) -> usize {
        self.core.len()
    }

    fn token<'py>(&self, py: Python<'py>, id: u32) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.core.bytes(id))
    }

    fn arena<'py>(&self, py: Python<'py>) -> (Bound<'py, PyBytes>, Bound<'py, PyArray1<i64>>) {
        let (bytes, starts) = self.core.arena();
        let starts: Vec<i64> = starts.iter().map(|&at| at as i64).collect();
        (PyBytes::new(py, bytes), starts.into_pyarray(py))
    }

    fn roles<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<u8>> {
        let roles: Vec<u8> = self.core.roles().iter().map(|&role| role as u8).collect();
        roles.into_pyarray(py)
    }

    fn word_starts<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<bool>> {
        self.core.word_starts().to_vec().into_pyarray(py)
    }
}

/// Rules and sources for every target id.
#[pyfunction]
#[allow(clippy::too_many_arguments, reason = "the options of the call")]
fn _transfer_align<'py>(
    py: Python<'py>,
    source: &PyCanonical,
    target: &PyCanonical,
    case_fold: bool,
    ignore_space: bool,
    given: BTreeMap<u32, Option<u32>>,
    method: &str,
    num_threads: Option<usize>,
) -> PyResult<Aligned<'py>> {
    let method = self::method(method, 1, None)?;
    let options = Options { case_fold, ignore_space, given, method };
    let threads = parallel::thread_count(num_threads);
    let unit = (target.core.len(), "tokens");
    let found = interruptible_in(py, unit, threads <= 1, None, |watch| {
        let from = (source.tokenizer.as_ref(), &source.core);
        transfer::align(from, &target.core, &options, threads, watch)
    })?;
    let rules: Vec<u8> = found.rules.iter().map(|&rule| rule as u8).collect();
    let specials = found.specials.iter().map(|it| (it.target, it.source, it.how as u8)).collect();
    Ok((
        rules.into_pyarray(py),
        rows(py, found.sources)?,
        specials,
        found.candidate_starts.into_pyarray(py),
        found.candidates.into_pyarray(py),
    ))
}

/// Every target token as source tokens.
#[pyfunction]
fn _transfer_decompose<'py>(
    py: Python<'py>,
    source: &PyCanonical,
    target: &PyCanonical,
    method: &str,
    most: usize,
    weights: Option<PyReadonlyArray1<'py, f64>>,
    num_threads: Option<usize>,
) -> PyResult<Rows<'py>> {
    let method = self::method(method, most, weights)?;
    let threads = parallel::thread_count(num_threads);
    let unit = (target.core.len(), "tokens");
    let found = interruptible_in(py, unit, threads <= 1, None, |watch| {
        let from = (source.tokenizer.as_ref(), &source.core);
        transfer::decompose(from, &target.core, &method, threads, watch)
    })?;
    rows(py, found)
}

/// Rows as weighted sums of rows.
#[pyfunction]
fn _transfer_gather<'py>(
    py: Python<'py>,
    embeddings: &Bound<'py, PyAny>,
    kind: &str,
    starts: PyReadonlyArray1<'py, i64>,
    ids: PyReadonlyArray1<'py, u32>,
    weights: PyReadonlyArray1<'py, f64>,
    num_threads: Option<usize>,
) -> PyResult<Bound<'py, PyArray2<f32>>> {
    let places: Result<Vec<usize>, _> =
        starts.as_slice()?.iter().map(|&at| usize::try_from(at)).collect();
    let Ok(places) = places else {
        return Err(InputError::new_err("indptr must not be negative"));
    };
    let sources = Decomposition {
        starts: places,
        ids: ids.as_slice()?.to_vec(),
        weights: weights.as_slice()?.to_vec(),
        complete: vec![true; starts.len().saturating_sub(1)],
        ..Decomposition::default()
    };
    let count = sources.len();
    let threads = parallel::thread_count(num_threads);
    let run = |numbers: Numbers<'_>, width: usize| {
        let unit = (count * width, "numbers");
        let sums = interruptible_in(py, unit, threads <= 1, None, |watch| {
            gather(numbers, width, &sources, threads, watch)
        })?;
        sums.into_pyarray(py).reshape([count, width])
    };
    match kind {
        "float32" => {
            let array: PyReadonlyArray2<'py, f32> = embeddings.extract()?;
            run(Numbers::F32(array.as_slice()?), array.shape().get(1).copied().unwrap_or(0))
        }
        "float16" | "bfloat16" => {
            let array: PyReadonlyArray2<'py, u16> = embeddings.extract()?;
            let bits = array.as_slice()?;
            let numbers = if kind == "float16" { Numbers::F16(bits) } else { Numbers::Bf16(bits) };
            run(numbers, array.shape().get(1).copied().unwrap_or(0))
        }
        other => Err(InputError::new_err(format!(
            "embeddings of float32, float16 or bfloat16 can be read, not of {other}"
        ))),
    }
}

//! Splitters: what is under `toksmith.delimit` and `toksmith.pretokenized`.

use crate::errors::{InputError, guard};
use numpy::{IntoPyArray, PyArray2, PyArrayMethods};
use pyo3::prelude::*;
use toksmith_core::Span;
use toksmith_core::encode::spans::char_spans;
use toksmith_core::presplit::compounds::Compounds;
use toksmith_core::presplit::lexicon::Lexicon;
use toksmith_core::presplit::units::{Unit, units};

type Spans<'py> = PyResult<Bound<'py, PyArray2<i64>>>;

/// Spans in characters, `(n, 2)`, of what `find` finds in bytes; with the GIL released.
fn spans_of<'py>(
    py: Python<'py>,
    text: &str,
    find: impl Fn(&str) -> Vec<Span> + Sync + Send,
) -> Spans<'py> {
    let spans = guard(py, || Ok(py.detach(|| char_spans(text.as_bytes(), &find(text)))))?;
    let rows = spans.len();
    let flat: Vec<i64> = spans.iter().flat_map(|s| [s.start as i64, s.end as i64]).collect();
    flat.into_pyarray(py).reshape([rows, 2])
}

/// Where the items of a text are, in characters: int64 `(n, 2)`.
#[pyfunction]
pub(crate) fn _unit_spans<'py>(py: Python<'py>, text: &str, unit: &str) -> Spans<'py> {
    let unit = Unit::from_name(unit).ok_or_else(|| {
        InputError::new_err(format!(
            "unit must be \"char\", \"grapheme\" or \"word\", not {unit:?}"
        ))
    })?;
    spans_of(py, text, |text| units(text, unit))
}

/// The words of a list, wherever they stand in a text, from the left the longest.
#[pyclass(frozen, name = "_Lexicon", module = "toksmith._native")]
pub(crate) struct PyLexicon {
    lexicon: Lexicon,
}

#[pymethods]
impl PyLexicon {
    #[new]
    #[pyo3(signature = (words, whole_words=true, leading_space=true))]
    fn new(
        py: Python<'_>,
        words: Vec<String>,
        whole_words: bool,
        leading_space: bool,
    ) -> PyResult<Self> {
        let lexicon = guard(py, || py.detach(|| Lexicon::new(&words, whole_words, leading_space)))?;
        Ok(Self { lexicon })
    }

    /// Where words are, in characters: int64 `(n, 2)`.
    fn __call__<'py>(&self, py: Python<'py>, text: &str) -> Spans<'py> {
        spans_of(py, text, |text| self.lexicon.find(text))
    }
}

/// Cuts words written together where their parts are most likely.
#[pyclass(frozen, name = "_Compounds", module = "toksmith._native")]
pub(crate) struct PyCompounds {
    compounds: Compounds,
}

#[pymethods]
impl PyCompounds {
    #[new]
    #[pyo3(signature = (words, ignore_case=true))]
    fn new(py: Python<'_>, words: Vec<(String, u64)>, ignore_case: bool) -> PyResult<Self> {
        let compounds = guard(py, || py.detach(|| Compounds::new(words, ignore_case)))?;
        Ok(Self { compounds })
    }

    /// The text in pieces, in characters: int64 `(n, 2)`.
    fn __call__<'py>(&self, py: Python<'py>, text: &str) -> Spans<'py> {
        spans_of(py, text, |text| self.compounds.pieces(text))
    }
}

//! Under `toksmith.byte_probs.ByteState`.

use super::rows::Rows;
use crate::errors::{InputError, guard};
use crate::tokenizer::PyTokenizer;
use numpy::{IntoPyArray, PyArray1};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::sync::Arc;
use toksmith_core::byte_probs::law::{Law, Target};
use toksmith_core::byte_probs::state::{ByteState, Options};
use toksmith_core::parallel;

/// Adds the classes to the module.
pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyLaw>()?;
    module.add_class::<PyByteState>()
}

/// A tokenizer under a law.
#[pyclass(frozen, name = "_ByteLaw", module = "toksmith._native")]
pub(crate) struct PyLaw(Arc<Law>);

#[pymethods]
impl PyLaw {
    #[new]
    fn new(
        py: Python<'_>,
        tokenizer: &PyTokenizer,
        target: &str,
        window: Option<usize>,
        in_byte_order: bool,
    ) -> PyResult<Self> {
        let target = match (target, window) {
            ("canonical", None) => Target::Canonical,
            ("joint", None) => Target::Joint,
            ("all", None) => Target::All,
            ("all", Some(window)) => Target::Window(window),
            (other, _) => {
                return Err(InputError::new_err(format!(
                    "target must be \"canonical\", \"joint\" or \"all\", not {other:?}"
                )));
            }
        };
        let core = Arc::clone(&tokenizer.0);
        let law = guard(py, || py.detach(|| Law::new(&core, target, in_byte_order)))?;
        Ok(Self(Arc::new(law)))
    }

    #[getter]
    fn special_ids(&self) -> Vec<u32> {
        self.0.specials().to_vec()
    }

    #[getter]
    fn lead_behind_special<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, if self.0.leads_again() { self.0.lead() } else { &[] })
    }

    #[getter]
    fn normalizers(&self) -> Vec<&'static str> {
        self.0.normalizers().to_vec()
    }

    /// Numbers that a row has at least.
    #[getter]
    fn width(&self) -> usize {
        self.0.layout().least()
    }

    fn state(
        &self,
        py: Python<'_>,
        given: Vec<u32>,
        beam: Option<usize>,
        max_contexts: usize,
        keep: usize,
    ) -> PyResult<PyByteState> {
        let law = Arc::clone(&self.0);
        let options = Options { beam, max_contexts, keep };
        let state = guard(py, || py.detach(|| ByteState::new(law, &given, options)))?;
        Ok(PyByteState(state))
    }
}

/// What a context is: number, tokens, the number of its parent.
type Wanted = (u32, Vec<u32>, Option<u32>);

/// A text followed byte by byte.
#[pyclass(name = "_ByteState", module = "toksmith._native")]
pub(crate) struct PyByteState(ByteState);

#[pymethods]
impl PyByteState {
    fn push(&mut self, py: Python<'_>, byte: u8) -> PyResult<()> {
        let state = &mut self.0;
        guard(py, || state.push(byte))
    }

    fn push_special(&mut self, py: Python<'_>, token: u32) -> PyResult<()> {
        let state = &mut self.0;
        guard(py, || state.push_special(token))
    }

    fn rollback(&mut self, py: Python<'_>, count: usize) -> PyResult<()> {
        let state = &mut self.0;
        guard(py, || state.rollback(count))
    }

    fn fork(&self) -> Self {
        Self(self.0.clone())
    }

    #[getter]
    fn text<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.text())
    }

    /// Special tokens pushed, each with the number of bytes before it.
    #[getter]
    fn specials(&self) -> Vec<(usize, u32)> {
        self.0.specials().to_vec()
    }

    /// Number of bytes and special tokens pushed.
    #[getter]
    fn symbols(&self) -> usize {
        self.0.symbols()
    }

    #[getter]
    fn heads(&self) -> usize {
        self.0.heads()
    }

    fn pending(&self, py: Python<'_>, total: bool) -> PyResult<Vec<Wanted>> {
        let wanted = guard(py, || self.0.pending(total))?;
        Ok(wanted.into_iter().map(|one| (one.id, one.tokens, one.parent)).collect())
    }

    fn feed(
        &mut self,
        py: Python<'_>,
        ids: Vec<u32>,
        rows: &Bound<'_, PyAny>,
        kind: &str,
        threads: Option<usize>,
    ) -> PyResult<()> {
        let rows = Rows::new(rows, kind)?;
        let rows = rows.rows()?;
        let threads = parallel::thread_count(threads);
        if rows.len() != ids.len() {
            return Err(InputError::new_err(format!(
                "{} rows for {} contexts",
                rows.len(),
                ids.len()
            )));
        }
        let asked: Vec<_> = ids.into_iter().zip(rows).collect();
        let state = &mut self.0;
        guard(py, || py.detach(|| state.feed_many(&asked, threads)))
    }

    /// Natural logarithms, and what they lacked of one.
    fn next_byte<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyArray1<f64>>, f64)> {
        let next = guard(py, || self.0.next_byte())?;
        Ok((next.logprobs.into_pyarray(py), next.missing))
    }

    fn logprob(&self, py: Python<'_>) -> PyResult<f64> {
        guard(py, || self.0.logprob())
    }

    #[getter]
    fn dropped(&self) -> f64 {
        self.0.dropped()
    }

    fn bound(&self, py: Python<'_>) -> PyResult<f64> {
        guard(py, || self.0.bound())
    }

    /// Share of a fed row that was not allowed, or None where the row is not kept.
    fn dropped_of(&self, context: u32) -> Option<f64> {
        self.0.row(context).map(|row| row.dropped_mass())
    }

    fn tokens(&self, py: Python<'_>, context: u32) -> PyResult<Vec<u32>> {
        guard(py, || self.0.tokens(context))
    }

    /// Context, id of the token behind it or None, log-probability; most probable first.
    fn covers(&self, py: Python<'_>) -> PyResult<Vec<(u32, Option<u32>, f64)>> {
        let trie = self.0.law().trie();
        let covers = guard(py, || py.detach(|| self.0.covers_of_text()))?;
        Ok(covers
            .into_iter()
            .map(|(context, place, log)| (context, trie.order().get(place as usize).copied(), log))
            .collect())
    }

    /// The bytes by which a cover runs past the text.
    fn extra<'py>(
        &self,
        py: Python<'py>,
        context: u32,
        token: Option<u32>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, guard(py, || self.0.beyond(context, token))?))
    }

    fn encoding(&self, py: Python<'_>) -> PyResult<Option<Vec<u32>>> {
        guard(py, || self.0.encoding())
    }
}

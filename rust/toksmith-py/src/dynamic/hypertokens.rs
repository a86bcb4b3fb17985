//! Under `toksmith.dynamic.Hypertokens`.

use crate::errors::{InputError, guard};
use crate::tokenizer::interruptible_in;
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1, PyReadwriteArray1};
use pyo3::prelude::*;
use std::sync::Arc;
use toksmith_core::dynamic::hypertokens::{Checkpoint, Definitions, Eviction, Rule, State, Way};
use toksmith_core::parallel;

/// Ids, and where rows begin.
type Rows<'py> = (Bound<'py, PyArray1<u32>>, Bound<'py, PyArray1<i64>>);
/// Codes, and the ids of each.
type Defined<'py> =
    (Bound<'py, PyArray1<u32>>, Bound<'py, PyArray1<u32>>, Bound<'py, PyArray1<i64>>);
/// Ids, offsets of rows, offsets of codes.
type Read<'py> = (Bound<'py, PyArray1<u32>>, Bound<'py, PyArray1<i64>>, Bound<'py, PyArray1<i64>>);

/// Ids of fewer are worked on without letting the GIL go.
const DETACH: usize = 1 << 10;

/// Adds the classes to the module.
pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyHypertokens>()?;
    module.add_class::<PyHyperState>()?;
    module.add_class::<PyMark>()
}

fn defined(py: Python<'_>, found: Definitions) -> Defined<'_> {
    let Definitions { codes, parts } = found;
    (codes.into_pyarray(py), parts.ids.into_pyarray(py), parts.offsets.into_pyarray(py))
}

/// Settings of hypertokens.
#[pyclass(frozen, name = "_Hypertokens", module = "toksmith._native")]
pub(crate) struct PyHypertokens(Arc<Rule>);

#[pymethods]
impl PyHypertokens {
    #[new]
    fn new(
        py: Python<'_>,
        first_id: u32,
        codebook_size: usize,
        max_subtokens: u32,
        disabled_ids: PyReadonlyArray1<'_, u32>,
        eviction: &str,
    ) -> PyResult<Self> {
        let eviction = match eviction {
            "freeze" => Eviction::Freeze,
            "reset" => Eviction::Reset,
            "recency" => Eviction::Recency,
            other => {
                return Err(InputError::new_err(format!(
                    "eviction must be \"freeze\", \"reset\" or \"recency\", not {other:?}"
                )));
            }
        };
        let disabled = disabled_ids.as_slice()?;
        let rule =
            guard(py, || Rule::new(first_id, codebook_size, max_subtokens, disabled, eviction))?;
        Ok(Self(Arc::new(rule)))
    }

    /// Codes of rows of ids.
    fn encode<'py>(
        &self,
        py: Python<'py>,
        ids: PyReadonlyArray1<'py, u32>,
        offsets: PyReadonlyArray1<'py, i64>,
        shared: bool,
        num_threads: Option<usize>,
    ) -> PyResult<Rows<'py>> {
        let (ids, offsets) = (ids.as_slice()?, offsets.as_slice()?);
        let threads = parallel::thread_count(num_threads);
        let way = Way { shared, threads, limit: usize::MAX };
        let mut codes =
            interruptible_in(py, (ids.len(), "ids"), shared || threads <= 1, None, |watch| {
                self.0.encode(ids, offsets, way, watch)
            })?;
        codes.ids.shrink_to_fit();
        Ok((codes.ids.into_pyarray(py), codes.offsets.into_pyarray(py)))
    }

    /// Ids of rows of codes, where rows begin and where those of each code do.
    fn decode<'py>(
        &self,
        py: Python<'py>,
        codes: PyReadonlyArray1<'py, u32>,
        offsets: PyReadonlyArray1<'py, i64>,
        shared: bool,
        max_ids: usize,
        num_threads: Option<usize>,
    ) -> PyResult<Read<'py>> {
        let (codes, offsets) = (codes.as_slice()?, offsets.as_slice()?);
        let threads = parallel::thread_count(num_threads);
        let way = Way { shared, threads, limit: max_ids };
        let total = (codes.len(), "codes");
        let read = interruptible_in(py, total, shared || threads <= 1, None, |watch| {
            self.0.decode(codes, offsets, way, watch)
        })?;
        Ok((
            read.ids.ids.into_pyarray(py),
            read.ids.offsets.into_pyarray(py),
            read.codes.into_pyarray(py),
        ))
    }

    /// A sequence that has not begun.
    fn state(&self) -> PyHyperState {
        PyHyperState(State::new(Arc::clone(&self.0)))
    }
}

/// Where a state was.
#[pyclass(frozen, name = "_HyperMark", module = "toksmith._native")]
pub(crate) struct PyMark(Checkpoint);

/// Ids and codes followed one by one.
#[pyclass(name = "_HyperState", module = "toksmith._native")]
pub(crate) struct PyHyperState(State);

#[pymethods]
impl PyHyperState {
    fn push<'py>(
        &mut self,
        py: Python<'py>,
        ids: PyReadonlyArray1<'py, u32>,
    ) -> PyResult<Bound<'py, PyArray1<u32>>> {
        let (state, ids) = (&mut self.0, ids.as_slice()?);
        let codes = guard(py, || {
            if ids.len() < DETACH { state.push(ids) } else { py.detach(|| state.push(ids)) }
        })?;
        Ok(codes.into_pyarray(py))
    }

    fn push_codes<'py>(
        &mut self,
        py: Python<'py>,
        codes: PyReadonlyArray1<'py, u32>,
        max_ids: usize,
    ) -> PyResult<Rows<'py>> {
        let (state, codes) = (&mut self.0, codes.as_slice()?);
        let (ids, ends) = guard(py, || {
            if codes.len() < DETACH {
                state.push_codes(codes, max_ids)
            } else {
                py.detach(|| state.push_codes(codes, max_ids))
            }
        })?;
        Ok((ids.into_pyarray(py), ends.into_pyarray(py)))
    }

    fn flush(&mut self) -> Option<u32> {
        self.0.flush()
    }

    #[getter]
    fn ids(&self) -> u64 {
        self.0.ids()
    }

    #[getter]
    fn codes(&self) -> u64 {
        self.0.codes()
    }

    #[getter]
    fn defined(&self) -> usize {
        self.0.defined()
    }

    fn held<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<u32>> {
        self.0.held().into_pyarray(py)
    }

    fn definitions<'py>(&self, py: Python<'py>) -> Defined<'py> {
        defined(py, self.0.definitions())
    }

    fn changes<'py>(&mut self, py: Python<'py>) -> Defined<'py> {
        defined(py, self.0.changes())
    }

    fn definition<'py>(&self, py: Python<'py>, code: u32) -> Option<Bound<'py, PyArray1<u32>>> {
        Some(self.0.definition(code)?.into_pyarray(py))
    }

    #[getter]
    fn completing(&self) -> Option<u32> {
        self.0.completing()
    }

    /// Fills a mask, True where a code stands for something.
    fn mask(&self, mut out: PyReadwriteArray1<'_, bool>) -> PyResult<()> {
        let out = out.as_slice_mut()?;
        out.fill(false);
        self.0.allowed(|from, to| {
            let len = out.len();
            out[from.min(len)..to.min(len)].fill(true);
        });
        Ok(())
    }

    /// Fills a mask of a bit a code, the lowest bit of a word first.
    fn bitmask(&self, mut out: PyReadwriteArray1<'_, i32>) -> PyResult<()> {
        let out = out.as_slice_mut()?;
        out.fill(0);
        self.0.allowed(|from, to| {
            for (word, at) in out.iter_mut().zip((0..).step_by(32)) {
                let (low, high) = (from.clamp(at, at + 32) - at, to.clamp(at, at + 32) - at);
                let below = |bit: usize| (1u64 << bit) - 1;
                *word |= (below(high) & !below(low)) as u32 as i32;
            }
        });
        Ok(())
    }

    fn checkpoint(&mut self) -> PyMark {
        PyMark(self.0.checkpoint())
    }

    fn restore(&mut self, py: Python<'_>, mark: &PyMark) -> PyResult<()> {
        let state = &mut self.0;
        guard(py, || state.restore(mark.0))
    }

    fn rollback(&mut self, py: Python<'_>, ids: u64) -> PyResult<()> {
        let state = &mut self.0;
        guard(py, || state.rollback(ids))
    }

    fn settle(&mut self) {
        self.0.settle();
    }

    fn fork(&self) -> Self {
        Self(self.0.clone())
    }
}

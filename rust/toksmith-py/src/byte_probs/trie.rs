//! The class under `toksmith.byte_probs.TokenTrie`.

use super::rows::Rows;
use crate::errors::guard;
use crate::tokenizer::PyTokenizer;
use numpy::{IntoPyArray, PyArray1, PyArray2, PyArrayMethods};
use pyo3::prelude::*;
use std::sync::Arc;
use toksmith_core::byte_probs::layout::RowLayout;
use toksmith_core::byte_probs::logits::Logits;
use toksmith_core::byte_probs::row::{Allowed, Row};
use toksmith_core::byte_probs::spelling::Spelling;
use toksmith_core::byte_probs::trie::TokenTrie;
use toksmith_core::parallel;

/// The vocabulary sorted by bytes, and how rows go with it.
#[pyclass(frozen, name = "_TokenTrie", module = "toksmith._native")]
pub(crate) struct PyTokenTrie {
    by_id: RowLayout,
    by_bytes: RowLayout,
}

impl PyTokenTrie {
    /// Reads rows and asks each of them, with the GIL released.
    fn ask<R: Send>(
        &self,
        rows: &Bound<'_, PyAny>,
        kind: &str,
        in_byte_order: bool,
        threads: Option<usize>,
        question: impl Fn(Row) -> R + Sync + Send,
    ) -> PyResult<Vec<R>> {
        let py = rows.py();
        let array = Rows::new(rows, kind)?;
        let rows: Vec<(Logits<'_>, Option<Allowed<'_>>)> =
            array.rows()?.into_iter().map(|row| (row, None)).collect();
        let layout = if in_byte_order { &self.by_bytes } else { &self.by_id };
        guard(py, || {
            py.detach(|| {
                let threads = parallel::thread_count(threads);
                Row::map(layout, &rows, threads, |_, row| Ok(question(row)))
            })
        })
    }
}

#[pymethods]
impl PyTokenTrie {
    #[new]
    fn new(py: Python<'_>, tokenizer: &PyTokenizer, width: Option<usize>) -> PyResult<Self> {
        let tokenizer = Arc::clone(&tokenizer.0);
        guard(py, || {
            py.detach(|| {
                let spelling = Spelling::new(&tokenizer)?;
                let trie = Arc::new(TokenTrie::new(&spelling.tokens)?);
                let layout = |in_byte_order, width| {
                    RowLayout::new(Arc::clone(&trie), &spelling.specials, width, in_byte_order)
                };
                Ok(Self { by_id: layout(false, width)?, by_bytes: layout(true, None)? })
            })
        })
    }

    /// float64 `(rows, 257 + specials)`: log-probabilities of what comes after a prefix.
    #[pyo3(signature = (rows, kind, prefix, in_byte_order, num_threads))]
    fn next_bytes<'py>(
        &self,
        rows: &Bound<'py, PyAny>,
        kind: &str,
        prefix: &[u8],
        in_byte_order: bool,
        num_threads: Option<usize>,
    ) -> PyResult<Bound<'py, PyArray2<f64>>> {
        let prefix = self.by_id.trie().find(prefix);
        let width = 257 + self.by_id.specials().len();
        let logs = self.ask(rows, kind, in_byte_order, num_threads, |row| {
            let mut logs = vec![f64::NEG_INFINITY; width];
            row.next_logs(prefix, &mut logs);
            logs
        })?;
        let count = logs.len();
        logs.concat().into_pyarray(rows.py()).reshape([count, width])
    }

    /// float64 `(rows,)`: the logarithm of the probability of tokens that begin with a prefix.
    #[pyo3(signature = (rows, kind, prefix, in_byte_order, num_threads))]
    fn mass<'py>(
        &self,
        rows: &Bound<'py, PyAny>,
        kind: &str,
        prefix: &[u8],
        in_byte_order: bool,
        num_threads: Option<usize>,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let range = self.by_id.trie().find(prefix).range();
        let ask = |row: Row| row.log_mass(range.clone());
        Ok(self.ask(rows, kind, in_byte_order, num_threads, ask)?.into_pyarray(rows.py()))
    }

    /// uint32 `(tokens,)`: ids by bytes.
    fn order<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<u32>> {
        PyArray1::from_slice(py, self.by_id.trie().order())
    }

    /// uint32 `(specials,)`: the special ids, ascending.
    fn special_ids<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<u32>> {
        PyArray1::from_slice(py, self.by_id.specials())
    }

    fn __len__(&self) -> usize {
        self.by_id.trie().len()
    }
}

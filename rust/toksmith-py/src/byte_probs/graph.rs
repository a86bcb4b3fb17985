//! Under `toksmith.byte_probs.TokenGraph`.

use crate::errors::guard;
use crate::input::Source;
use crate::tokenizer::{PyTokenizer, interruptible};
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::sync::{Arc, OnceLock};
use toksmith_core::Tokenizer;
use toksmith_core::batch::Ragged;
use toksmith_core::byte_probs::graph::{Natural, TokenGraph};
use toksmith_core::byte_probs::law::{Law, Target};
use toksmith_core::byte_probs::spelling::Spelling;
use toksmith_core::byte_probs::trie::TokenTrie;
use toksmith_core::parallel;

type Rows<'py> = (Bound<'py, PyArray1<u32>>, Bound<'py, PyArray1<i64>>);
type ScoredRows<'py> =
    (Bound<'py, PyArray1<u32>>, Bound<'py, PyArray1<i64>>, Bound<'py, PyArray1<f64>>);
type Edges<'py> = (Bound<'py, PyArray1<i64>>, Bound<'py, PyArray1<i64>>, Bound<'py, PyArray1<u32>>);

/// Adds the classes to the module.
pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PySpelledVocabulary>()?;
    module.add_class::<PyTokenGraph>()
}

fn rows(py: Python<'_>, Ragged { ids, offsets }: Ragged) -> Rows<'_> {
    (ids.into_pyarray(py), offsets.into_pyarray(py))
}

fn scored(py: Python<'_>, found: Ragged, scores: Vec<f64>) -> ScoredRows<'_> {
    let (ids, offsets) = rows(py, found);
    (ids, offsets, scores.into_pyarray(py))
}

fn little_endian<'py>(py: Python<'py>, number: &Natural) -> Bound<'py, PyBytes> {
    PyBytes::new(py, &number.iter().flat_map(|limb| limb.to_le_bytes()).collect::<Vec<_>>())
}

/// A tokenizer's tokens as the bytes that they stand for, sorted.
#[pyclass(frozen, name = "_SpelledVocabulary", module = "toksmith._native")]
pub(crate) struct PySpelledVocabulary {
    trie: Arc<TokenTrie>,
    lead: Vec<u8>,
    specials: Vec<u32>,
    normalizers: Vec<&'static str>,
    tokenizer: Arc<Tokenizer>,
    /// Made when first asked for.
    law: OnceLock<toksmith_core::Result<Law>>,
}

impl PySpelledVocabulary {
    /// The rules of what encodings may be.
    fn law(&self) -> toksmith_core::Result<&Law> {
        let made = || Law::new(&self.tokenizer, Target::Canonical, false);
        self.law.get_or_init(made).as_ref().map_err(Clone::clone)
    }
}

#[pymethods]
impl PySpelledVocabulary {
    #[new]
    fn new(py: Python<'_>, tokenizer: &PyTokenizer) -> PyResult<Self> {
        let core = Arc::clone(&tokenizer.0);
        guard(py, || {
            py.detach(|| {
                let spelling = Spelling::new(&core)?;
                let trie = Arc::new(TokenTrie::new(&spelling.tokens)?);
                let Spelling { lead, specials, normalizers, .. } = spelling;
                let (tokenizer, law) = (Arc::clone(&core), OnceLock::new());
                Ok(Self { trie, lead, specials, normalizers, tokenizer, law })
            })
        })
    }

    #[getter]
    fn lead<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.lead)
    }

    #[getter]
    fn special_ids(&self) -> Vec<u32> {
        self.specials.clone()
    }

    #[getter]
    fn normalizers(&self) -> Vec<&'static str> {
        self.normalizers.clone()
    }

    fn tokens<'py>(&self, py: Python<'py>) -> Vec<(u32, Bound<'py, PyBytes>)> {
        let token = |(place, &id): (u32, &u32)| (id, PyBytes::new(py, self.trie.spelling(place)));
        (0..).zip(self.trie.order()).map(token).collect()
    }
}

/// The graph of a text with the tokenizer's `lead` in front.
#[pyclass(frozen, name = "_TokenGraph", module = "toksmith._native")]
pub(crate) struct PyTokenGraph(TokenGraph);

impl PyTokenGraph {
    fn run<T: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&TokenGraph, &toksmith_core::watch::Watch<'_>) -> toksmith_core::Result<T>
        + Send,
    ) -> PyResult<T> {
        interruptible(py, self.0.len(), true, None, |watch| work(&self.0, watch))
    }
}

#[pymethods]
impl PyTokenGraph {
    #[new]
    fn new(
        py: Python<'_>,
        vocabulary: &PySpelledVocabulary,
        text: &Bound<'_, PyAny>,
    ) -> PyResult<Self> {
        let source = Source::new(text, false, None)?;
        // Nothing stands before an empty text: its encoding is empty.
        let text = match source.text()?.as_bytes() {
            [] => Vec::new(),
            text => [&vocabulary.lead, text].concat(),
        };
        let trie = Arc::clone(&vocabulary.trie);
        let graph =
            interruptible(py, text.len(), true, None, |watch| TokenGraph::new(trie, text, watch))?;
        Ok(Self(graph))
    }

    #[getter]
    fn text<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.text())
    }

    #[getter]
    fn furthest(&self) -> usize {
        self.0.furthest()
    }

    fn edges<'py>(&self, py: Python<'py>) -> Edges<'py> {
        let size = self.0.edge_count();
        let (starts, ends, ids) = py.detach(|| {
            let (mut starts, mut ends, mut ids) =
                (Vec::with_capacity(size), Vec::with_capacity(size), Vec::with_capacity(size));
            for (start, end, id) in self.0.edges() {
                starts.push(start as i64);
                ends.push(end as i64);
                ids.push(id);
            }
            (starts, ends, ids)
        });
        (starts.into_pyarray(py), ends.into_pyarray(py), ids.into_pyarray(py))
    }

    fn contains(&self, ids: PyReadonlyArray1<'_, u32>) -> PyResult<bool> {
        Ok(self.0.contains(ids.as_slice()?))
    }

    fn canonical_edges<'py>(
        &self,
        py: Python<'py>,
        vocabulary: &PySpelledVocabulary,
        whole: bool,
    ) -> PyResult<Bound<'py, PyArray1<bool>>> {
        let marked =
            self.run(py, |graph, watch| graph.canonical_edges(vocabulary.law()?, whole, watch))?;
        Ok(marked.into_pyarray(py))
    }

    fn count<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let count = self.run(py, TokenGraph::count)?;
        Ok(little_endian(py, &count))
    }

    fn lengths<'py>(&self, py: Python<'py>, most: usize) -> PyResult<Vec<Bound<'py, PyBytes>>> {
        let counts = self.run(py, |graph, watch| graph.lengths(most, watch))?;
        Ok(counts.iter().map(|count| little_endian(py, count)).collect())
    }

    fn tokenizations<'py>(&self, py: Python<'py>) -> PyResult<Rows<'py>> {
        Ok(rows(py, self.run(py, TokenGraph::tokenizations)?))
    }

    fn best<'py>(
        &self,
        py: Python<'py>,
        most: usize,
        weights: PyReadonlyArray1<'py, f64>,
    ) -> PyResult<ScoredRows<'py>> {
        let weights = weights.as_slice()?;
        let best = self.run(py, |graph, watch| graph.best(most, weights, watch))?;
        Ok(scored(py, best.rows, best.sums))
    }

    fn log_total(
        &self,
        py: Python<'_>,
        weights: Option<PyReadonlyArray1<'_, f64>>,
    ) -> PyResult<f64> {
        let weights = weights.as_ref().map(PyReadonlyArray1::as_slice).transpose()?;
        self.run(py, |graph, watch| Ok(graph.weigh(weights, watch)?.log_total()))
    }

    fn marginals<'py>(
        &self,
        py: Python<'py>,
        weights: Option<PyReadonlyArray1<'py, f64>>,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let weights = weights.as_ref().map(PyReadonlyArray1::as_slice).transpose()?;
        let shares = self.run(py, |graph, watch| graph.weigh(weights, watch)?.marginals())?;
        Ok(shares.into_pyarray(py))
    }

    fn sample<'py>(
        &self,
        py: Python<'py>,
        draws: usize,
        seed: u64,
        weights: Option<PyReadonlyArray1<'py, f64>>,
        num_threads: Option<usize>,
    ) -> PyResult<ScoredRows<'py>> {
        let weights = weights.as_ref().map(PyReadonlyArray1::as_slice).transpose()?;
        let threads = parallel::thread_count(num_threads);
        let total = self.0.len().saturating_mul(draws);
        let drawn = interruptible(py, total, threads <= 1, None, |watch| {
            self.0.weigh(weights, watch)?.sample(draws, seed, threads, watch)
        })?;
        Ok(scored(py, drawn.rows, drawn.logprobs))
    }
}

//! Under `toksmith.dynamic.segmentations`.

use crate::input::{self, Source};
use crate::tokenizer::{PyTokenizer, interruptible, sources};
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;
use pyo3::types::PyList;
use std::sync::{Arc, OnceLock};
use toksmith_core::dynamic::segmentations::Scored;
use toksmith_core::dynamic::segmentations::dropout::bpe_dropout;
use toksmith_core::dynamic::segmentations::fewest::Ties;
use toksmith_core::dynamic::segmentations::lexicon::Lexicon;
use toksmith_core::dynamic::segmentations::splits::PairTable;
use toksmith_core::encode::added::Allowed;
use toksmith_core::tokenizer::Text;
use toksmith_core::watch::Watch;
use toksmith_core::{Tokenizer, parallel};

type Rows<'py> = (Bound<'py, PyArray1<u32>>, Bound<'py, PyArray1<i64>>, Bound<'py, PyArray1<f64>>);
/// What a call may find in texts, what it does with bad ones, and its threads.
type Options<'py> = (Option<Bound<'py, PyAny>>, Option<String>, Option<usize>);

/// Adds the class to the module.
pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PySegmenter>()
}

fn moved(py: Python<'_>, Scored { rows, logprobs }: Scored) -> Rows<'_> {
    (rows.ids.into_pyarray(py), rows.offsets.into_pyarray(py), logprobs.into_pyarray(py))
}

type Made<T> = OnceLock<toksmith_core::Result<T>>;

/// A tokenizer and its tables for segmenting otherwise, made when first asked for.
#[pyclass(frozen, name = "_Segmenter", module = "toksmith._native")]
pub(crate) struct PySegmenter {
    tokenizer: Arc<Tokenizer>,
    /// With the tokens that spell bytes.
    all: Made<Lexicon>,
    /// Without.
    text: Made<Lexicon>,
    pairs: Made<PairTable>,
}

impl PySegmenter {
    fn all(&self) -> toksmith_core::Result<&Lexicon> {
        let made = || Lexicon::new(Arc::clone(&self.tokenizer), true);
        self.all.get_or_init(made).as_ref().map_err(Clone::clone)
    }

    fn text(&self) -> toksmith_core::Result<&Lexicon> {
        let made = || Lexicon::new(Arc::clone(&self.tokenizer), false);
        self.text.get_or_init(made).as_ref().map_err(Clone::clone)
    }

    fn pairs(&self) -> toksmith_core::Result<&PairTable> {
        let made = || PairTable::new(self.all()?);
        self.pairs.get_or_init(made).as_ref().map_err(Clone::clone)
    }

    /// Calls `work` with the texts, what may be found in them, and a number of threads.
    fn run<'py>(
        &self,
        texts: &Bound<'py, PyList>,
        (special, errors, threads): Options<'py>,
        work: impl FnOnce(&[Text<'_>], &Allowed, usize, &Watch<'_>) -> toksmith_core::Result<Scored>
        + Send,
    ) -> PyResult<Rows<'py>> {
        let sources = sources(&self.tokenizer, texts, errors.as_deref())?;
        let allowed = input::allowed(&self.tokenizer, special.as_ref())?;
        let texts_of = sources.iter().map(Source::text).collect::<PyResult<Vec<_>>>()?;
        let total = texts_of.iter().map(|text| text.as_bytes().len()).sum();
        let threads = parallel::thread_count(threads);
        let made = interruptible(texts.py(), total, threads <= 1, None, |watch| {
            work(&texts_of, &allowed, threads, watch)
        })?;
        Ok(moved(texts.py(), made))
    }
}

#[pymethods]
impl PySegmenter {
    #[new]
    fn new(tokenizer: &PyTokenizer) -> Self {
        let tokenizer = Arc::clone(&tokenizer.0);
        Self { tokenizer, all: OnceLock::new(), text: OnceLock::new(), pairs: OnceLock::new() }
    }

    fn bpe_dropout<'py>(
        &self,
        texts: &Bound<'py, PyList>,
        p: f32,
        seed: u64,
        first_row: u64,
        options: Options<'py>,
    ) -> PyResult<Rows<'py>> {
        self.run(texts, options, |texts, allowed, threads, watch| {
            bpe_dropout(&self.tokenizer, texts, allowed, p, seed, first_row, threads, watch)
        })
    }

    fn fewest_tokens<'py>(
        &self,
        texts: &Bound<'py, PyList>,
        seed: Option<u64>,
        first_row: u64,
        pre_tokens: bool,
        options: Options<'py>,
    ) -> PyResult<Rows<'py>> {
        let ties = seed.map_or(Ties::Longest, |seed| Ties::Random { seed, first: first_row });
        self.run(texts, options, |texts, allowed, threads, watch| {
            self.all()?.fewest(texts, allowed, pre_tokens, ties, threads, watch)
        })
    }

    #[allow(clippy::too_many_arguments, reason = "the Python signature")]
    fn weighted_samples<'py>(
        &self,
        texts: &Bound<'py, PyList>,
        alpha: f64,
        seed: u64,
        first_row: u64,
        weights: Option<PyReadonlyArray1<'py, f64>>,
        pre_tokens: bool,
        options: Options<'py>,
    ) -> PyResult<Rows<'py>> {
        let weights = weights.as_ref().map(PyReadonlyArray1::as_slice).transpose()?;
        self.run(texts, options, |texts, allowed, threads, watch| {
            let lexicon = self.text()?;
            lexicon.weighted(
                texts, allowed, pre_tokens, weights, alpha, seed, first_row, threads, watch,
            )
        })
    }

    fn n_best<'py>(
        &self,
        texts: &Bound<'py, PyList>,
        n: usize,
        weights: Option<PyReadonlyArray1<'py, f64>>,
        pre_tokens: bool,
        options: Options<'py>,
    ) -> PyResult<Rows<'py>> {
        let weights = weights.as_ref().map(PyReadonlyArray1::as_slice).transpose()?;
        self.run(texts, options, |texts, allowed, _, watch| {
            let text = texts.first().copied().unwrap_or(Text::Str(""));
            self.text()?.best(text, allowed, pre_tokens, weights, n, watch)
        })
    }

    #[allow(clippy::too_many_arguments, reason = "the Python signature")]
    fn random_splits<'py>(
        &self,
        py: Python<'py>,
        ids: PyReadonlyArray1<'py, u32>,
        offsets: PyReadonlyArray1<'py, i64>,
        alpha: f64,
        seed: u64,
        first_row: u64,
        num_threads: Option<usize>,
    ) -> PyResult<Rows<'py>> {
        let (ids, offsets) = (ids.as_slice()?, offsets.as_slice()?);
        let threads = parallel::thread_count(num_threads);
        let made = interruptible(py, ids.len() * 4, threads <= 1, None, |watch| {
            self.pairs()?.split(ids, offsets, alpha, seed, first_row, threads, watch)
        })?;
        Ok(moved(py, made))
    }

    fn pairs_of(&self, py: Python<'_>, id: u32) -> PyResult<Vec<(u32, u32)>> {
        interruptible(py, 0, true, None, |_| Ok(self.pairs()?.pairs(id).to_vec()))
    }
}

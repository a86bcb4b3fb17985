//! Under `toksmith.dynamic.merge_batch` and what belongs to it.

use crate::errors::{InputError, guard};
use crate::input::Source;
use crate::tokenizer::{PyTokenizer, interruptible, rows_of_two, sources};
use numpy::{IntoPyArray, PyArray1, PyArray2, PyReadonlyArray1};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};
use std::sync::{Mutex, PoisonError};
use toksmith_core::Error;
use toksmith_core::dynamic::merges::apply::Applier;
use toksmith_core::dynamic::merges::bounds::{Boundary, Protected, published_open};
use toksmith_core::dynamic::merges::log::{Merge, MergeLog};
use toksmith_core::dynamic::merges::rule::Rule;
use toksmith_core::dynamic::merges::spelled::TokenBytes;
use toksmith_core::dynamic::merges::stream::MergeStream;
use toksmith_core::dynamic::merges::{Counting, Merged, Options, Ties, layout, merge, row_range};

type Ids<'py> = Bound<'py, PyArray1<u32>>;
type Offsets<'py> = Bound<'py, PyArray1<i64>>;
/// Left, right, id, count and places of each merge.
type LogArrays<'py> = [Bound<'py, PyArray1<u32>>; 5];
type MergedArrays<'py> = (Ids<'py>, Offsets<'py>, Ids<'py>, LogArrays<'py>);
type LayoutArrays<'py> =
    (Bound<'py, PyArray1<bool>>, Bound<'py, PyArray1<i32>>, Bound<'py, PyArray2<i64>>);

/// `(by id, not overlapping, merges, min_count, target_length, reduction, first_id)`.
type PyOptions = (bool, bool, Option<usize>, u32, Option<usize>, Option<f64>, u32);
/// `(max_token_bytes, by_bytes, published)`.
type PyRule = (Option<usize>, bool, bool);

/// Adds the functions and classes to the module.
pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(_merge_batch, module)?)?;
    module.add_function(wrap_pyfunction!(_merge_layout, module)?)?;
    module.add_function(wrap_pyfunction!(_merge_published, module)?)?;
    module.add_function(wrap_pyfunction!(_merge_bytes, module)?)?;
    module.add_function(wrap_pyfunction!(_merge_limit, module)?)?;
    module.add_class::<PyMergeApplier>()?;
    module.add_class::<PyMergeStream>()
}

fn options(given: PyOptions) -> Options {
    let (by_id, not_overlapping, merges, min_count, target_length, reduction, first_id) = given;
    let ties = if by_id { Ties::Id } else { Ties::FirstSeen };
    let counting = if not_overlapping { Counting::NonOverlapping } else { Counting::Published };
    Options { ties, counting, merges, min_count, target_length, reduction, first_id }
}

fn rule(
    tokenizer: Option<&toksmith_core::Tokenizer>,
    (longest, by_bytes, published): PyRule,
    first_id: u32,
) -> toksmith_core::Result<Rule<'_>> {
    match (tokenizer, longest) {
        (Some(tokenizer), _) if by_bytes || published => {
            Rule::of_strings(tokenizer, longest, first_id, by_bytes, published)
        }
        (Some(tokenizer), Some(longest)) => {
            Ok(Rule::up_to(longest, TokenBytes::new(tokenizer)?, first_id))
        }
        (None, None) if !by_bytes && !published => Ok(Rule::any()),
        (None, _) => Err(Error::Input { why: "bytes of tokens need a tokenizer".into() }),
        (Some(_), None) => Ok(Rule::any()),
    }
}

fn merged(py: Python<'_>, done: Merged) -> MergedArrays<'_> {
    let column =
        |of: fn(&Merge) -> u32| done.log.iter().map(of).collect::<Vec<_>>().into_pyarray(py);
    let log = [
        column(|merge| merge.left),
        column(|merge| merge.right),
        column(|merge| merge.id),
        column(|merge| merge.count),
        column(|merge| merge.places),
    ];
    (done.ids.into_pyarray(py), done.offsets.into_pyarray(py), done.starts.into_pyarray(py), log)
}

fn slice<'a, T: numpy::Element>(
    mask: Option<&'a PyReadonlyArray1<'_, T>>,
) -> PyResult<Option<&'a [T]>> {
    Ok(mask.map(PyReadonlyArray1::as_slice).transpose()?)
}

/// Merges a batch.
#[pyfunction]
#[allow(clippy::too_many_arguments, reason = "the arguments of the core, as arrays")]
pub(crate) fn _merge_batch<'py>(
    py: Python<'py>,
    ids: PyReadonlyArray1<'py, u32>,
    offsets: PyReadonlyArray1<'py, i64>,
    open: Option<PyReadonlyArray1<'py, bool>>,
    protected: PyReadonlyArray1<'py, u32>,
    tokenizer: Option<&Bound<'py, PyTokenizer>>,
    given: PyOptions,
    limits: PyRule,
) -> PyResult<MergedArrays<'py>> {
    let (ids, offsets, open) = (ids.as_slice()?, offsets.as_slice()?, slice(open.as_ref())?);
    let protected = protected.as_slice()?;
    let tokenizer = tokenizer.map(|tokenizer| &*tokenizer.get().0);
    let options = options(given);
    let done = interruptible(py, ids.len(), true, None, |watch| {
        let mut rule = rule(tokenizer, limits, options.first_id)?;
        let protected = Protected::new(protected.iter().copied());
        merge(ids, offsets, open, &protected, &options, &mut rule, watch)
    })?;
    Ok(merged(py, done))
}

/// Where tokens stand in text, and where they may merge.
#[pyfunction]
pub(crate) fn _merge_layout<'py>(
    tokenizer: &Bound<'py, PyTokenizer>,
    ids: PyReadonlyArray1<'py, u32>,
    offsets: PyReadonlyArray1<'py, i64>,
    texts: Option<&Bound<'py, PyList>>,
    boundary: &str,
    protected: PyReadonlyArray1<'py, u32>,
) -> PyResult<LayoutArrays<'py>> {
    let (py, tokenizer) = (tokenizer.py(), &tokenizer.get().0);
    let boundary = match boundary {
        "pretoken" => Boundary::PreToken,
        "word" => Boundary::Word,
        "word_hyphen" => Boundary::WordHyphen,
        "sentence" => Boundary::Sentence,
        "none" => Boundary::None,
        other => return Err(InputError::new_err(format!("no boundary is called {other:?}"))),
    };
    let given = texts.map(|texts| sources(tokenizer, texts, None)).transpose()?;
    let texts = given.as_ref();
    let texts = texts.map(|all| all.iter().map(Source::text).collect::<PyResult<Vec<_>>>());
    let (texts, protected) = (texts.transpose()?, protected.as_slice()?);
    let (ids, offsets) = (ids.as_slice()?, offsets.as_slice()?);
    let mut found = interruptible(py, ids.len(), true, None, |watch| {
        let protected = Protected::new(protected.iter().copied());
        layout::find(tokenizer, ids, offsets, texts.as_deref(), boundary, &protected, watch)
    })?;
    for (bounds, source) in offsets.windows(2).zip(given.iter().flatten()) {
        if let Some(spans) = found.spans.get_mut(row_range(bounds)) {
            source.map_back(spans);
        }
    }
    let flat = found.spans.iter().flat_map(|span| [span.start as i64, span.end as i64]).collect();
    let (open, units) = (found.units.open.into_pyarray(py), found.units.units.into_pyarray(py));
    Ok((open, units, rows_of_two(py, flat)?))
}

/// Where the published rule may let neighbours merge at all.
#[pyfunction]
pub(crate) fn _merge_published<'py>(
    tokenizer: &Bound<'py, PyTokenizer>,
    ids: PyReadonlyArray1<'py, u32>,
) -> PyResult<Bound<'py, PyArray1<bool>>> {
    let (py, tokenizer, ids) = (tokenizer.py(), &tokenizer.get().0, ids.as_slice()?);
    Ok(guard(py, || py.detach(|| Ok(published_open(tokenizer, ids))))?.into_pyarray(py))
}

/// The bytes that rows of tokens stand for.
#[pyfunction]
pub(crate) fn _merge_bytes<'py>(
    tokenizer: &Bound<'py, PyTokenizer>,
    ids: PyReadonlyArray1<'py, u32>,
    offsets: PyReadonlyArray1<'py, i64>,
) -> PyResult<Vec<Bound<'py, PyBytes>>> {
    let (py, tokenizer) = (tokenizer.py(), &tokenizer.get().0);
    let (ids, offsets) = (ids.as_slice()?, offsets.as_slice()?);
    let rows = guard(py, || py.detach(|| TokenBytes::new(tokenizer)?.rows(ids, offsets)))?;
    Ok(rows.iter().map(|row| PyBytes::new(py, row)).collect())
}

/// One more than the largest id.
#[pyfunction]
pub(crate) fn _merge_limit(tokenizer: &Bound<'_, PyTokenizer>) -> usize {
    tokenizer.get().0.vocab().id_limit()
}

/// A log, prepared to be applied.
#[pyclass(frozen, name = "_MergeApplier", module = "toksmith._native")]
pub(crate) struct PyMergeApplier(Applier);

#[pymethods]
impl PyMergeApplier {
    #[new]
    fn new(py: Python<'_>, log: [PyReadonlyArray1<'_, u32>; 5], first_id: u32) -> PyResult<Self> {
        let [left, right, ids, counts, places] = &log;
        let (left, right, ids) = (left.as_slice()?, right.as_slice()?, ids.as_slice()?);
        let (counts, places) = (counts.as_slice()?, places.as_slice()?);
        if [right, ids, counts, places].iter().any(|column| column.len() != left.len()) {
            return Err(InputError::new_err("the arrays of a log must be of the same length"));
        }
        let merge = |at: usize| Merge {
            left: left[at],
            right: right[at],
            id: ids[at],
            count: counts[at],
            places: places[at],
        };
        let merges = (0..left.len()).map(merge).collect();
        guard(py, || Ok(Self(Applier::new(MergeLog::new(merges, first_id)?))))
    }

    /// Ids, offsets and starts after the merges.
    fn apply<'py>(
        &self,
        py: Python<'py>,
        ids: PyReadonlyArray1<'py, u32>,
        offsets: PyReadonlyArray1<'py, i64>,
        open: Option<PyReadonlyArray1<'py, bool>>,
        protected: PyReadonlyArray1<'py, u32>,
    ) -> PyResult<(Ids<'py>, Offsets<'py>, Ids<'py>)> {
        let (ids, offsets, open) = (ids.as_slice()?, offsets.as_slice()?, slice(open.as_ref())?);
        let protected = protected.as_slice()?;
        let done = interruptible(py, ids.len(), true, None, |watch| {
            let protected = Protected::new(protected.iter().copied());
            self.0.apply(ids, offsets, open, &protected, watch)
        })?;
        Ok((done.ids.into_pyarray(py), done.offsets.into_pyarray(py), done.starts.into_pyarray(py)))
    }

    /// The first merge that makes each new token.
    fn made<'py>(&self, py: Python<'py>) -> Ids<'py> {
        self.0.log().made().to_vec().into_pyarray(py)
    }

    /// The ids that tokens stand for, row after row, and where the rows begin.
    fn expand<'py>(
        &self,
        py: Python<'py>,
        ids: PyReadonlyArray1<'py, u32>,
    ) -> PyResult<(Ids<'py>, Offsets<'py>)> {
        let ids = ids.as_slice()?;
        let (ids, offsets) = guard(py, || py.detach(|| self.0.log().expand(ids)))?;
        Ok((ids.into_pyarray(py), offsets.into_pyarray(py)))
    }
}

/// A window over a stream of batches.
#[pyclass(frozen, name = "_MergeStream", module = "toksmith._native")]
pub(crate) struct PyMergeStream(Mutex<MergeStream>);

#[pymethods]
impl PyMergeStream {
    #[new]
    fn new(py: Python<'_>, window: usize) -> PyResult<Self> {
        guard(py, || Ok(Self(Mutex::new(MergeStream::new(window)?))))
    }

    #[allow(clippy::too_many_arguments, reason = "the arguments of the core, as arrays")]
    fn push<'py>(
        &self,
        py: Python<'py>,
        ids: PyReadonlyArray1<'py, u32>,
        offsets: PyReadonlyArray1<'py, i64>,
        open: Option<PyReadonlyArray1<'py, bool>>,
        protected: PyReadonlyArray1<'py, u32>,
        tokenizer: Option<&Bound<'py, PyTokenizer>>,
        given: PyOptions,
        limits: PyRule,
    ) -> PyResult<MergedArrays<'py>> {
        let (ids, offsets, open) = (ids.as_slice()?, offsets.as_slice()?, slice(open.as_ref())?);
        let protected = protected.as_slice()?;
        let tokenizer = tokenizer.map(|tokenizer| &*tokenizer.get().0);
        let options = options(given);
        let done = interruptible(py, ids.len(), true, None, |watch| {
            let mut rule = rule(tokenizer, limits, options.first_id)?;
            let protected = Protected::new(protected.iter().copied());
            let mut stream = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            stream.push(ids, offsets, open, &protected, &options, &mut rule, watch)
        })?;
        Ok(merged(py, done))
    }

    /// How often a pair may merge in the window, before any merge.
    fn count(&self, py: Python<'_>, left: u32, right: u32) -> u32 {
        py.detach(|| self.0.lock().unwrap_or_else(PoisonError::into_inner).count(left, right))
    }

    /// Batches and ids in the window.
    fn size(&self, py: Python<'_>) -> (usize, usize) {
        py.detach(|| {
            let stream = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            (stream.len(), stream.tokens())
        })
    }
}

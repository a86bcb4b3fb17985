//! Words and their counts: the class that counts them in texts, and the table that training takes.

use crate::errors::{InputError, guard};
use crate::input::{self, Source};
use crate::tokenizer::{PyTokenizer, interruptible, sources};
use numpy::{IntoPyArray, PyArray1};
use pyo3::exceptions::PyOverflowError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, TryLockError};
use toksmith_core::encode::added::Allowed;
use toksmith_core::parallel;
use toksmith_core::train::count::{CountOptions, Counter};
use toksmith_core::train::words::WordCounts;
use toksmith_core::watch::Watch;

/// A table of words, and of how often each was seen.
#[pyclass(frozen, name = "WordCounts", module = "toksmith._native")]
pub(crate) struct PyWordCounts(pub(crate) Arc<WordCounts>);

/// All words, one behind the other; where each begins, and where the last ends; counts.
type Arrays<'py> = (Bound<'py, PyArray1<u8>>, Bound<'py, PyArray1<i64>>, Bound<'py, PyArray1<u64>>);

/// The bytes of a word given as str or bytes.
fn word_bytes(word: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    if word.is_instance_of::<PyString>() || word.is_instance_of::<PyBytes>() {
        let source = Source::new(word, false, None)?;
        return Ok(source.text()?.as_bytes().to_vec());
    }
    let kind = word.get_type().name()?;
    Err(InputError::new_err(format!("a word must be str or bytes, not {kind}")))
}

/// A whole number of 64 bits that is not negative.
fn whole(number: &Bound<'_, PyAny>, what: &str) -> PyResult<u64> {
    number.extract().map_err(|error: PyErr| {
        let py = number.py();
        let found = number.repr().map_or_else(|_| "?".to_owned(), |text| text.to_string());
        if error.is_instance_of::<PyOverflowError>(py) {
            InputError::new_err(format!("{what} must be from 0 to 2**64 - 1, not {found}"))
        } else {
            InputError::new_err(format!("{what} must be a whole number, not {found}"))
        }
    })
}

fn entry((word, count): (Bound<'_, PyAny>, Bound<'_, PyAny>)) -> PyResult<(Vec<u8>, u64)> {
    Ok((word_bytes(&word)?, whole(&count, "a count")?))
}

/// The table that a trainer is given, or a table of the pairs.
pub(super) fn counted(given: &Bound<'_, PyAny>) -> PyResult<Arc<WordCounts>> {
    match given.cast::<PyWordCounts>() {
        Ok(table) => Ok(Arc::clone(&table.get().0)),
        Err(_) => Ok(PyWordCounts::from_pairs(given)?.0),
    }
}

#[pymethods]
impl PyWordCounts {
    /// A table from a dict of words, str or bytes, with counts, or from pairs of them. Counts of the
    /// same word are added; words of no bytes and counts of 0 are left out.
    #[staticmethod]
    fn from_pairs(pairs: &Bound<'_, PyAny>) -> PyResult<Self> {
        let words: Vec<(Vec<u8>, u64)> = if let Ok(dict) = pairs.cast::<PyDict>() {
            dict.iter().map(entry).collect::<PyResult<_>>()?
        } else {
            let expected =
                |_| InputError::new_err("expected a dict, or pairs of a word and a count");
            let pair = |item: PyResult<Bound<'_, PyAny>>| entry(item?.extract().map_err(expected)?);
            pairs.try_iter().map_err(expected)?.map(pair).collect::<PyResult<_>>()?
        };
        Ok(Self(Arc::new(pairs.py().detach(|| words.into_iter().collect()))))
    }

    /// Reads what save of this class or of WordCounter wrote.
    #[staticmethod]
    fn load(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let table = interruptible(py, 0, true, None, |watch| WordCounts::load(&path, watch))?;
        Ok(Self(Arc::new(table)))
    }

    /// Writes the table to a file, which is whole or as it was before.
    fn save(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        guard(py, || py.detach(|| self.0.save(&path)))
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }

    fn __eq__(&self, py: Python<'_>, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Self>().is_ok_and(|other| {
            let other = Arc::clone(&other.get().0);
            py.detach(|| self.0 == other)
        })
    }

    fn __hash__(&self) -> usize {
        self.0.len()
    }

    fn __repr__(&self) -> String {
        format!("WordCounts({} words, total {})", self.0.len(), self.0.total())
    }

    /// The sum of all counts.
    #[getter]
    fn total(&self) -> u128 {
        self.0.total()
    }

    /// The count of a word; 0 if it is not here.
    fn __getitem__(&self, word: &Bound<'_, PyAny>) -> PyResult<u64> {
        Ok(self.0.count_of(&word_bytes(word)?))
    }

    /// Words as bytes with their counts, in the order of their bytes.
    fn items<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let items: Vec<_> =
            self.0.iter().map(|(word, count)| (PyBytes::new(py, word), count)).collect();
        PyList::new(py, items)
    }

    /// The same without an object a word: the bytes of all, uint8; where each begins and the last
    /// ends, int64 (words + 1,); counts, uint64 (words,).
    fn arrays<'py>(&self, py: Python<'py>) -> Arrays<'py> {
        let (bytes, ends) = self.0.flat();
        let offsets: Vec<i64> =
            std::iter::once(0).chain(ends.iter().map(|&end| end as i64)).collect();
        let (bytes, counts) = (bytes.to_vec(), self.0.counts().to_vec());
        (bytes.into_pyarray(py), offsets.into_pyarray(py), counts.into_pyarray(py))
    }
}

/// Counts the words of texts, as a tokenizer's model would be given them.
#[pyclass(frozen, name = "WordCounter", module = "toksmith._native")]
pub(crate) struct PyWordCounter {
    tokenizer: Arc<toksmith_core::Tokenizer>,
    threads: usize,
    /// Nothing after `finish`.
    counter: Mutex<Option<Counter>>,
}

/// The options of a call.
fn options(
    tokenizer: &PyTokenizer,
    budget: Option<usize>,
    directory: Option<PathBuf>,
    num_threads: Option<usize>,
    allowed_special: Option<&Bound<'_, PyAny>>,
    split_signs: bool,
) -> PyResult<CountOptions> {
    let allowed = match allowed_special {
        None => Allowed::All,
        given => input::allowed(&tokenizer.0, given)?,
    };
    let threads = parallel::thread_count(num_threads);
    Ok(CountOptions { threads, budget, directory, allowed, split_signs })
}

impl PyWordCounter {
    /// The counter, which a call of another thread may have taken: waiting for it would hang, as it
    /// may wait for the GIL.
    fn take(&self) -> PyResult<MutexGuard<'_, Option<Counter>>> {
        match self.counter.try_lock() {
            Ok(counter) => Ok(counter),
            Err(TryLockError::Poisoned(poisoned)) => Ok(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => {
                Err(InputError::new_err("another thread is using this counter"))
            }
        }
    }
}

fn finished() -> PyErr {
    InputError::new_err("this counter has been finished")
}

#[pymethods]
impl PyWordCounter {
    /// budget: most bytes of the tables in memory; beyond, sorted counts are written to files of a
    /// temporary directory, made in directory. allowed_special: special tokens to find in texts and
    /// leave out, "all" or names. split_signs: cut words before each U+2581.
    #[new]
    #[pyo3(signature = (tokenizer, budget=None, directory=None, num_threads=None, allowed_special=None, split_signs=false), text_signature = "(tokenizer, budget=None, directory=None, num_threads=None, allowed_special='all', split_signs=False)")]
    fn new(
        tokenizer: &Bound<'_, PyTokenizer>,
        budget: Option<usize>,
        directory: Option<PathBuf>,
        num_threads: Option<usize>,
        allowed_special: Option<&Bound<'_, PyAny>>,
        split_signs: bool,
    ) -> PyResult<Self> {
        let tokenizer = tokenizer.get();
        let options =
            options(tokenizer, budget, directory, num_threads, allowed_special, split_signs)?;
        let (tokenizer, threads) = (Arc::clone(&tokenizer.0), options.threads);
        let counter = Counter::new(Arc::clone(&tokenizer), options);
        Ok(Self { tokenizer, threads, counter: Mutex::new(Some(counter)) })
    }

    /// Goes on from what save wrote. The tokenizer and the options that words depend on must be
    /// those of before.
    #[staticmethod]
    #[pyo3(signature = (path, tokenizer, budget=None, directory=None, num_threads=None, allowed_special=None, split_signs=false), text_signature = "(path, tokenizer, budget=None, directory=None, num_threads=None, allowed_special='all', split_signs=False)")]
    fn load(
        path: PathBuf,
        tokenizer: &Bound<'_, PyTokenizer>,
        budget: Option<usize>,
        directory: Option<PathBuf>,
        num_threads: Option<usize>,
        allowed_special: Option<&Bound<'_, PyAny>>,
        split_signs: bool,
    ) -> PyResult<Self> {
        let py = tokenizer.py();
        let tokenizer = tokenizer.get();
        let options =
            options(tokenizer, budget, directory, num_threads, allowed_special, split_signs)?;
        let (tokenizer, threads) = (Arc::clone(&tokenizer.0), options.threads);
        let counter = interruptible(py, 0, true, None, |watch| {
            Counter::load(&path, Arc::clone(&tokenizer), options, watch)
        })?;
        Ok(Self { tokenizer, threads, counter: Mutex::new(Some(counter)) })
    }

    /// Counts the words of texts, each word weight times; they are the next texts of their source.
    /// In parallel, with the GIL released. After an error the counter is of no use.
    #[pyo3(signature = (texts, weight=None, source=0, errors=None), text_signature = "($self, texts, weight=1, source=0, errors='strict')")]
    fn add(
        &self,
        py: Python<'_>,
        texts: &Bound<'_, PyList>,
        weight: Option<&Bound<'_, PyAny>>,
        source: usize,
        errors: Option<&str>,
    ) -> PyResult<()> {
        let weight = weight.map_or(Ok(1), |weight| whole(weight, "a weight"))?;
        let sources = sources(&self.tokenizer, texts, errors)?;
        let texts = sources.iter().map(Source::text).collect::<PyResult<Vec<_>>>()?;
        let total = sources.iter().map(Source::len).sum();
        let mut taken = self.take()?;
        let counter = taken.as_mut().ok_or_else(finished)?;
        interruptible(py, total, self.threads <= 1, None, |watch| {
            counter.add(source, weight, &texts, watch)
        })
    }

    /// Adds words that were counted elsewhere, each count times weight; one text of their source.
    #[pyo3(signature = (words, weight=None, source=0), text_signature = "($self, words, weight=1, source=0)")]
    fn add_counts(
        &self,
        py: Python<'_>,
        words: &Bound<'_, PyWordCounts>,
        weight: Option<&Bound<'_, PyAny>>,
        source: usize,
    ) -> PyResult<()> {
        let weight = weight.map_or(Ok(1), |weight| whole(weight, "a weight"))?;
        let words = Arc::clone(&words.get().0);
        let mut taken = self.take()?;
        let counter = taken.as_mut().ok_or_else(finished)?;
        interruptible(py, 0, true, None, |watch| counter.add_counts(source, weight, &words, watch))
    }

    /// How many texts of each source were counted.
    #[getter]
    fn texts(&self) -> PyResult<Vec<u64>> {
        Ok(self.take()?.as_ref().ok_or_else(finished)?.texts().to_vec())
    }

    /// Writes all that was counted to a file, which is whole or as it was before.
    fn save(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        let mut taken = self.take()?;
        let counter = taken.as_mut().ok_or_else(finished)?;
        interruptible(py, 0, true, None, |watch| counter.save(&path, watch))
    }

    /// The words that were counted at least min_count times. The counter is empty then.
    #[pyo3(signature = (min_count=None), text_signature = "($self, min_count=1)")]
    fn finish(
        &self,
        py: Python<'_>,
        min_count: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<PyWordCounts> {
        let min_count = min_count.map_or(Ok(1), |count| whole(count, "min_count"))?;
        let counter = self.take()?.take().ok_or_else(finished)?;
        let words =
            interruptible(py, 0, true, None, |watch: &Watch<'_>| counter.finish(min_count, watch))?;
        Ok(PyWordCounts(Arc::new(words)))
    }
}

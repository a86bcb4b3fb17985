//! Budgets: functions under the methods of `toksmith.budget`, and the two counting objects.

use crate::errors::{InputError, guard};
use crate::input::{self, Source};
use crate::tokenizer::{DETACH_BYTES, PyTokenizer, interruptible};
use numpy::{IntoPyArray, PyArray1, PyReadonlyArray2};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PySlice, PyString};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use toksmith_core::budget::append::TokenCounter;
use toksmith_core::budget::chars::CharIndex;
use toksmith_core::budget::chunk::{On, Plan};
use toksmith_core::budget::cuts;
use toksmith_core::budget::encoded::Encoded;
use toksmith_core::budget::fits::enough;
use toksmith_core::formats::pipeline::Side;
use toksmith_core::tokenizer::Text;
use toksmith_core::watch::Watch;
use toksmith_core::{Error, Result, Span, Tokenizer};

/// Characters of a str that is first looked at from its beginning.
const LONG: usize = 1 << 16;

/// `(text, bytes, characters, tokens)` of one chunk.
type ChunkParts<'py> = (Bound<'py, PyAny>, (usize, usize), (usize, usize), usize);

fn run<T: Send>(
    py: Python<'_>,
    bytes: usize,
    work: impl FnOnce(&Watch<'_>) -> Result<T> + Send,
) -> PyResult<T> {
    if bytes <= DETACH_BYTES {
        return guard(py, || work(&Watch::none()));
    }
    interruptible(py, bytes, true, None, work)
}

/// The beginning of a long str, that the rest need not become UTF-8 if it decides.
fn head<'py>(text: &Bound<'py, PyAny>, limit: usize) -> PyResult<Option<Bound<'py, PyAny>>> {
    let chars = enough(limit).saturating_mul(2);
    if !text.is_instance_of::<PyString>() || text.len()? <= chars.max(LONG) {
        return Ok(None);
    }
    let slice = PySlice::new(text.py(), 0, chars as isize, 1);
    text.get_item(slice).map(Some)
}

/// A part of a text as Python has it: of a str a str, of bytes bytes.
fn part<'py>(text: &Bound<'py, PyAny>, body: Text<'_>, span: Span) -> PyResult<Bound<'py, PyAny>> {
    let py = text.py();
    if span.end - span.start == body.as_bytes().len() {
        return Ok(text.clone());
    }
    Ok(match cuts::part(body, span) {
        Some(Text::Str(part)) => PyString::new(py, part).into_any(),
        Some(Text::Bytes(part)) => PyBytes::new(py, part).into_any(),
        None => return Err(InputError::new_err("a part lies outside its text")),
    })
}

/// Whether a text has at most so many tokens.
#[pyfunction]
pub(crate) fn _fits(
    tokenizer: &Bound<'_, PyTokenizer>,
    text: &Bound<'_, PyAny>,
    limit: usize,
    allowed_special: Option<&Bound<'_, PyAny>>,
) -> PyResult<bool> {
    let (py, tokenizer) = (text.py(), &tokenizer.get().0);
    let allowed = input::allowed(tokenizer, allowed_special)?;
    if let Some(head) = head(text, limit)? {
        let source = Source::new(&head, false, None)?;
        let body = source.text()?;
        let bytes = body.as_bytes().len();
        if run(py, bytes, |watch| tokenizer.exceeds(body, limit, &allowed, watch))? {
            return Ok(false);
        }
    }
    let source = Source::new(text, false, None)?;
    let body = source.text()?;
    run(py, body.as_bytes().len(), |watch| tokenizer.fits(body, limit, &allowed, watch))
}

/// The part of a text that has at most so many tokens; `left` cuts its beginning off.
#[pyfunction]
pub(crate) fn _truncate<'py>(
    tokenizer: &Bound<'py, PyTokenizer>,
    text: &Bound<'py, PyAny>,
    limit: usize,
    left: bool,
    allowed_special: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let (py, tokenizer) = (text.py(), &tokenizer.get().0);
    let allowed = input::allowed(tokenizer, allowed_special)?;
    if let Some(head) = head(text, limit)?.filter(|_| !left) {
        let source = Source::new(&head, false, None)?;
        let body = source.text()?;
        let bytes = body.as_bytes().len();
        let end = run(py, bytes, |watch| tokenizer.truncate_head(body, limit, &allowed, watch))?;
        if let Some(end) = end {
            return part(&head, body, Span { start: 0, end });
        }
    }
    let source = Source::new(text, false, None)?;
    let (body, side) = (source.text()?, if left { Side::Left } else { Side::Right });
    let bytes = body.as_bytes().len();
    let span = run(py, bytes, |watch| tokenizer.truncate(body, limit, side, &allowed, watch))?;
    part(text, body, span)
}

/// A text in parts of at most so many tokens.
#[pyfunction]
pub(crate) fn _chunk<'py>(
    tokenizer: &Bound<'py, PyTokenizer>,
    text: &Bound<'py, PyAny>,
    limit: usize,
    overlap: usize,
    sentences: bool,
    allowed_special: Option<&Bound<'py, PyAny>>,
) -> PyResult<Vec<ChunkParts<'py>>> {
    let (py, tokenizer) = (text.py(), &tokenizer.get().0);
    let allowed = input::allowed(tokenizer, allowed_special)?;
    let source = Source::new(text, false, None)?;
    let body = source.text()?;
    let on = if sentences { On::Sentence } else { On::Token };
    let plan = Plan { limit, overlap, on };
    let bytes = body.as_bytes().len();
    let chunks = run(py, bytes, |watch| tokenizer.chunk(body, plan, &allowed, watch))?;
    let pair = |span: Span| (span.start, span.end);
    chunks
        .into_iter()
        .map(|c| Ok((part(text, body, c.span)?, pair(c.span), pair(c.char_span), c.tokens)))
        .collect()
}

/// A text encoded once, and what its parts cost.
#[pyclass(frozen, name = "TextCounter", module = "toksmith")]
pub(crate) struct PyTextCounter {
    tokenizer: Arc<Tokenizer>,
    text: Py<PyAny>,
    encoded: Encoded,
    /// Made when characters are first asked for.
    chars: OnceLock<CharIndex>,
}

/// A place in a text as an argument; `None` is its end.
fn place(value: Option<&Bound<'_, PyAny>>, end: usize, what: &str) -> PyResult<usize> {
    let Some(value) = value.filter(|value| !value.is_none()) else { return Ok(end) };
    value.extract::<usize>().map_err(|_| {
        let shown = value.repr().map_or_else(|_| String::new(), |text| text.to_string());
        InputError::new_err(format!("{what} must be an integer from 0 to {end}, not {shown}"))
    })
}

impl PyTextCounter {
    fn over<T>(&self, py: Python<'_>, work: impl FnOnce(Text<'_>) -> PyResult<T>) -> PyResult<T> {
        let source = Source::new(self.text.bind(py), false, None)?;
        work(source.text()?)
    }

    fn count_span(&self, py: Python<'_>, body: Text<'_>, span: Span) -> PyResult<usize> {
        let bytes = span.end.saturating_sub(span.start);
        run(py, bytes, |watch| self.encoded.count(&self.tokenizer, body, span, watch))
    }
}

#[pymethods]
impl PyTextCounter {
    #[new]
    #[pyo3(signature = (tokenizer, text, allowed_special=None))]
    fn new(
        tokenizer: &Bound<'_, PyTokenizer>,
        text: &Bound<'_, PyAny>,
        allowed_special: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let (py, tokenizer) = (text.py(), Arc::clone(&tokenizer.get().0));
        let allowed = input::allowed(&tokenizer, allowed_special)?;
        let source = Source::new(text, false, None)?;
        let body = source.text()?;
        let bytes = body.as_bytes().len();
        let encoded = run(py, bytes, |watch| Encoded::new(&tokenizer, body, allowed, watch))?;
        Ok(Self { tokenizer, text: text.clone().unbind(), encoded, chars: OnceLock::new() })
    }

    /// Number of tokens of the bytes from `start` to `end` of the text's UTF-8 (of the text
    /// itself, where it is bytes), encoded by themselves.
    ///
    /// Raises InputError if that is no range of the text.
    #[pyo3(signature = (start=None, end=None), text_signature = "($self, start=0, end=None)")]
    fn count(
        &self,
        py: Python<'_>,
        start: Option<&Bound<'_, PyAny>>,
        end: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<usize> {
        self.over(py, |body| {
            let len = body.as_bytes().len();
            let start = if start.is_none() { 0 } else { place(start, len, "start")? };
            self.count_span(py, body, Span { start, end: place(end, len, "end")? })
        })
    }

    /// As count, of the characters from `start` to `end`: of `text[start:end]`.
    #[pyo3(signature = (start=None, end=None), text_signature = "($self, start=0, end=None)")]
    fn count_chars(
        &self,
        py: Python<'_>,
        start: Option<&Bound<'_, PyAny>>,
        end: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<usize> {
        self.over(py, |body| {
            let index = self.chars.get_or_init(|| CharIndex::new(body));
            let chars = index.chars();
            let start = if start.is_none() { 0 } else { place(start, chars, "start")? };
            let end = place(end, chars, "end")?;
            let bytes = index.byte_of(body, start).zip(index.byte_of(body, end));
            let span = bytes.filter(|(start, end)| start <= end);
            let (start, end) = span.ok_or_else(|| {
                InputError::new_err(format!("{start}..{end} is not a range of {chars} characters"))
            })?;
            self.count_span(py, body, Span { start, end })
        })
    }

    /// As count, of many ranges given as int64[n, 2]: int64[n].
    fn counts<'py>(
        &self,
        py: Python<'py>,
        spans: PyReadonlyArray2<'py, i64>,
    ) -> PyResult<Bound<'py, PyArray1<i64>>> {
        let spans = spans.as_array();
        if spans.ncols() != 2 {
            return Err(InputError::new_err(format!(
                "spans must be pairs, found rows of {}",
                spans.ncols()
            )));
        }
        let spans: Vec<(i64, i64)> = spans.rows().into_iter().map(|row| (row[0], row[1])).collect();
        self.over(py, |body| {
            let span = |&(start, end): &(i64, i64)| {
                let places = usize::try_from(start).ok().zip(usize::try_from(end).ok());
                places.map(|(start, end)| Span { start, end }).ok_or_else(|| Error::Input {
                    why: format!("{start}..{end} is not a range of the text"),
                })
            };
            let counts = interruptible(py, body.as_bytes().len(), true, None, |watch| {
                let count = |pair| {
                    watch.poll()?;
                    self.encoded.count(&self.tokenizer, body, span(pair)?, watch)
                };
                spans.iter().map(|pair| count(pair).map(|count| count as i64)).collect()
            })?;
            Ok(Vec::into_pyarray(counts, py))
        })
    }

    /// The text.
    #[getter]
    fn text(&self, py: Python<'_>) -> Py<PyAny> {
        self.text.clone_ref(py)
    }

    /// Number of tokens of the whole text.
    fn __len__(&self) -> usize {
        self.encoded.tokens()
    }

    fn __repr__(&self) -> String {
        format!("TextCounter({} tokens)", self.encoded.tokens())
    }
}

/// A text on its way in, and how many tokens it has by now.
#[pyclass(frozen, name = "TokenCounter", module = "toksmith")]
pub(crate) struct PyTokenCounter {
    tokenizer: Arc<Tokenizer>,
    state: Mutex<TokenCounter>,
}

impl PyTokenCounter {
    fn state(&self) -> MutexGuard<'_, TokenCounter> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl PyTokenCounter {
    #[new]
    #[pyo3(signature = (tokenizer, allowed_special=None))]
    fn new(
        tokenizer: &Bound<'_, PyTokenizer>,
        allowed_special: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let tokenizer = Arc::clone(&tokenizer.get().0);
        let state = TokenCounter::new(input::allowed(&tokenizer, allowed_special)?);
        Ok(Self { tokenizer, state: Mutex::new(state) })
    }

    /// The text goes on with this str, or these bytes.
    fn append(&self, text: &Bound<'_, PyAny>) -> PyResult<()> {
        let (py, source) = (text.py(), Source::new(text, false, None)?);
        let block = source.text()?.as_bytes();
        // The lock is taken with the GIL let go, and let go before it is taken again.
        guard(py, || py.detach(|| self.state().append(&self.tokenizer, block, &Watch::none())))
    }

    /// Number of tokens of all text so far, exactly that of the text as a whole.
    #[getter]
    fn count(&self, py: Python<'_>) -> PyResult<usize> {
        guard(py, || py.detach(|| self.state().count(&self.tokenizer, &Watch::none())))
    }

    /// What count would be after appending this text, which is not appended.
    fn count_with(&self, text: &Bound<'_, PyAny>) -> PyResult<usize> {
        let (py, source) = (text.py(), Source::new(text, false, None)?);
        let block = source.text()?.as_bytes();
        guard(py, || py.detach(|| self.state().count_with(&self.tokenizer, block, &Watch::none())))
    }

    /// Starts anew.
    fn clear(&self) {
        self.state().clear();
    }

    fn __repr__(&self, py: Python<'_>) -> String {
        format!("TokenCounter({} bytes)", py.detach(|| self.state().bytes()))
    }
}

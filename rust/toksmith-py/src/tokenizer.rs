//! The class `Tokenizer`: each method converts, detaches, calls the core once, moves out.

use crate::errors::{InputError, Interruption, VocabularyError, guard, guard_interruptible};
use crate::input::{self, Source};
use crate::stream::{PyStreamDecoder, PyStreamEncoder};
use numpy::{IntoPyArray, PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray1};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString, PyType};
use std::borrow::Cow;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use toksmith_core::batch::Ragged;
use toksmith_core::encode::added::Allowed;
use toksmith_core::encode::sampling::Sampling;
use toksmith_core::encode::spans::char_spans;
use toksmith_core::encode::stream::StreamEncoder;
use toksmith_core::formats::{self, Fidelity, known};
use toksmith_core::tokenizer::{BEHAVIOUR, Text};
use toksmith_core::watch::Watch;
use toksmith_core::{Error, Span, Tokenizer, mmap, parallel};

/// Texts of more bytes are encoded with the GIL released and can be interrupted.
pub(crate) const DETACH_BYTES: usize = 1 << 12;
/// Milliseconds between two looks at Python's signals.
const CHECK_MS: u64 = 100;

type Arrays<'py> = (Bound<'py, PyArray1<u32>>, Bound<'py, PyArray1<i64>>);
type SpanArrays<'py> =
    (Bound<'py, PyArray1<u32>>, Bound<'py, PyArray2<i64>>, Bound<'py, PyArray2<i64>>);

/// Text to ids and back; made by the class methods of the Python class on top of this one.
#[pyclass(frozen, subclass, name = "Tokenizer", module = "toksmith._native")]
pub(crate) struct PyTokenizer(pub(crate) Arc<Tokenizer>);

/// A built tokenizer on its way into an instance of a subclass.
#[pyclass(frozen, module = "toksmith._native")]
struct Built(Arc<Tokenizer>);

fn instance<'py>(
    cls: &Bound<'py, PyType>,
    definition: impl FnOnce() -> toksmith_core::Result<formats::Definition> + Send,
) -> PyResult<Bound<'py, PyAny>> {
    let py = cls.py();
    let core = guard(py, || py.detach(|| Tokenizer::build(definition()?)))?;
    cls.call1((Bound::new(py, Built(Arc::new(core)))?,))
}

/// Runs `work` detached; meanwhile signals are looked at and `progress` is called.
pub(crate) fn interruptible<T: Send>(
    py: Python<'_>,
    total: usize,
    serial: bool,
    progress: Option<&Bound<'_, PyAny>>,
    work: impl FnOnce(&Watch<'_>) -> toksmith_core::Result<T> + Send,
) -> PyResult<T> {
    interruptible_in(py, (total, "bytes"), serial, progress, work)
}

/// As [`interruptible`], with the unit that progress is told in.
pub(crate) fn interruptible_in<T: Send>(
    py: Python<'_>,
    (total, unit): (usize, &'static str),
    serial: bool,
    progress: Option<&Bound<'_, PyAny>>,
    work: impl FnOnce(&Watch<'_>) -> toksmith_core::Result<T> + Send,
) -> PyResult<T> {
    let (interruption, begun, next) =
        (Interruption::default(), Instant::now(), AtomicU64::new(CHECK_MS));
    let progress = progress.map(|callable| callable.clone().unbind());
    let check = |done: u64| {
        let now = begun.elapsed().as_millis() as u64;
        if now < next.load(Ordering::Relaxed) {
            return false;
        }
        next.store(now + CHECK_MS, Ordering::Relaxed);
        interruption.stop(Python::attach(|py| {
            if let Some(progress) = &progress {
                progress.call1(py, (done, total, unit))?;
            }
            py.check_signals()
        }))
    };
    let watch = Watch::new(&check, serial);
    let result = guard_interruptible(py, &interruption, || py.detach(|| work(&watch)))?;
    if let Some(progress) = &progress {
        progress.call1(py, (total, total, unit))?;
    }
    Ok(result)
}

fn span_array<'py>(py: Python<'py>, spans: &[Span]) -> PyResult<Bound<'py, PyArray2<i64>>> {
    let flat: Vec<i64> =
        spans.iter().flat_map(|span| [span.start as i64, span.end as i64]).collect();
    rows_of_two(py, flat)
}

/// Numbers as an array of shape `(n, 2)`.
pub(crate) fn rows_of_two(py: Python<'_>, flat: Vec<i64>) -> PyResult<Bound<'_, PyArray2<i64>>> {
    let rows = flat.len() / 2;
    flat.into_pyarray(py).reshape([rows, 2])
}

fn ragged(py: Python<'_>, Ragged { mut ids, offsets }: Ragged) -> Arrays<'_> {
    ids.shrink_to_fit();
    (ids.into_pyarray(py), offsets.into_pyarray(py))
}

impl PyTokenizer {
    /// Encodes one text with the GIL held if that is shorter than letting it go.
    #[inline]
    fn one(
        &self,
        text: &Bound<'_, PyAny>,
        special: Option<&Bound<'_, PyAny>>,
        errors: Option<&str>,
    ) -> PyResult<Vec<u32>> {
        let py = text.py();
        let replace = input::replaces(errors)?;
        let source = Source::new(text, replace, None)?.fit(&self.0, replace);
        let (text, allowed) = (source.text()?, input::allowed(&self.0, special)?);
        let len = text.as_bytes().len();
        if len <= DETACH_BYTES {
            return guard(py, || self.0.encode_text(text, &allowed, &Watch::none()));
        }
        interruptible(py, len, true, None, |watch| self.0.encode_text(text, &allowed, watch))
    }

    fn format(name: &str) -> PyResult<formats::Format> {
        formats::Format::from_name(name).ok_or_else(|| {
            InputError::new_err(format!(
                "format must be \"json\", \"model\", \"tiktoken\" or \"toksmith\", not {name:?}"
            ))
        })
    }

    /// Counts many texts, in parallel, with the GIL released.
    fn counts<'py>(
        &self,
        py: Python<'py>,
        texts: &[Text<'_>],
        allowed: &Allowed,
        num_threads: Option<usize>,
    ) -> PyResult<Bound<'py, PyArray1<i64>>> {
        let total = texts.iter().map(|text| text.as_bytes().len()).sum();
        let threads = parallel::thread_count(num_threads);
        let counts = interruptible(py, total, threads <= 1, None, |watch| {
            self.0.count_batch(texts, allowed, threads, watch)
        })?;
        Ok(counts.into_pyarray(py))
    }

    /// The id of the first special token of these names, by common usage.
    fn special_named(&self, names: &[&str]) -> Option<u32> {
        let tokens = self.0.added_tokens().tokens();
        names.iter().find_map(|name| Some(tokens.iter().find(|token| token.content == *name)?.id))
    }
}

#[pymethods]
impl PyTokenizer {
    #[new]
    fn new(built: &Bound<'_, PyAny>) -> PyResult<Self> {
        match built.cast::<Built>() {
            Ok(built) => Ok(Self(Arc::clone(&built.get().0))),
            Err(_) => Err(InputError::new_err(
                "a Tokenizer is made by from_pretrained, from_file or from_bytes",
            )),
        }
    }

    #[classmethod]
    fn _from_bytes<'py>(
        cls: &Bound<'py, PyType>,
        data: &Bound<'py, PyAny>,
        pattern: Option<String>,
        specials: Option<HashMap<String, u32>>,
        name: Option<String>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let Ok(data) = data.cast::<PyBytes>() else {
            return Err(InputError::new_err(format!(
                "data must be bytes, not {}",
                data.get_type().name()?
            )));
        };
        let data = data.as_bytes();
        instance(cls, || formats::load(data, &formats::Options { pattern, specials, name }))
    }

    #[classmethod]
    fn _from_path<'py>(
        cls: &Bound<'py, PyType>,
        path: PathBuf,
        pattern: Option<String>,
        specials: Option<HashMap<String, u32>>,
        name: Option<String>,
    ) -> PyResult<Bound<'py, PyAny>> {
        instance(cls, || {
            formats::load(&mmap::open(&path)?, &formats::Options { pattern, specials, name })
        })
    }

    #[classmethod]
    fn _embedded<'py>(
        cls: &Bound<'py, PyType>,
        name: &str,
        data: &[u8],
    ) -> PyResult<Bound<'py, PyAny>> {
        instance(cls, || known::embedded(name, data))
    }

    /// The ids of a text, as a list. Nothing is added; special tokens written in the text are
    /// ordinary text unless allowed. O(n).
    ///
    /// Args:
    ///     text: str, or bytes; bytes that are not UTF-8 are encoded without loss.
    ///     allowed_special: "all", or the names of the special tokens to find in the text.
    ///     errors: "strict" raises for a lone surrogate, "replace" encodes U+FFFD for it.
    ///
    /// Raises:
    ///     InputError: The text is neither str nor bytes, or has a lone surrogate.
    ///     VocabularyError: A name in allowed_special is not a special token.
    #[pyo3(signature = (text, allowed_special=None, errors=None), text_signature = "($self, text, allowed_special=(), errors='strict')")]
    fn encode<'py>(
        &self,
        text: &Bound<'py, PyAny>,
        allowed_special: Option<&Bound<'py, PyAny>>,
        errors: Option<&str>,
    ) -> PyResult<Bound<'py, PyList>> {
        PyList::new(text.py(), self.one(text, allowed_special, errors)?)
    }

    /// The ids of a text as uint32[n]. Arguments and errors as in encode.
    #[pyo3(signature = (text, allowed_special=None, errors=None), text_signature = "($self, text, allowed_special=(), errors='strict')")]
    fn encode_array<'py>(
        &self,
        text: &Bound<'py, PyAny>,
        allowed_special: Option<&Bound<'py, PyAny>>,
        errors: Option<&str>,
    ) -> PyResult<Bound<'py, PyArray1<u32>>> {
        let mut ids = self.one(text, allowed_special, errors)?;
        ids.shrink_to_fit();
        Ok(ids.into_pyarray(text.py()))
    }

    /// How many ids encode would return, without building them. Arguments and errors as there.
    #[pyo3(signature = (text, allowed_special=None, errors=None), text_signature = "($self, text, allowed_special=(), errors='strict')")]
    fn count(
        &self,
        text: &Bound<'_, PyAny>,
        allowed_special: Option<&Bound<'_, PyAny>>,
        errors: Option<&str>,
    ) -> PyResult<usize> {
        let replace = input::replaces(errors)?;
        let source = Source::new(text, replace, None)?.fit(&self.0, replace);
        let (body, allowed) = (source.text()?, input::allowed(&self.0, allowed_special)?);
        let len = body.as_bytes().len();
        if len <= DETACH_BYTES {
            return guard(text.py(), || self.0.count(body, &allowed, &Watch::none()));
        }
        interruptible(text.py(), len, true, None, |watch| self.0.count(body, &allowed, watch))
    }

    #[pyo3(signature = (text, allowed_special=None, errors=None), text_signature = "($self, text, allowed_special=(), errors='strict')")]
    fn _encode_spans<'py>(
        &self,
        text: &Bound<'py, PyAny>,
        allowed_special: Option<&Bound<'py, PyAny>>,
        errors: Option<&str>,
    ) -> PyResult<SpanArrays<'py>> {
        let py = text.py();
        let replace = input::replaces(errors)?;
        let source = Source::new(text, replace, None)?.fit(&self.0, replace);
        let (text, allowed) = (source.text()?, input::allowed(&self.0, allowed_special)?);
        let (mut found, chars) = interruptible(py, text.as_bytes().len(), true, None, |watch| {
            let found = self.0.encode_with_spans(text, &allowed, watch)?;
            let chars = char_spans(text.as_bytes(), &found.spans);
            Ok((found, chars))
        })?;
        source.map_back(&mut found.spans);
        Ok((found.ids.into_pyarray(py), span_array(py, &found.spans)?, span_array(py, &chars)?))
    }

    /// The ids of a text, drawn at random: the same for the same seed.
    ///
    /// A BPE passes over each merge with a probability (dropout); a SentencePiece unigram model
    /// draws from all segmentations, or from the best ones, in proportion to exp(alpha * score).
    ///
    /// Args:
    ///     text: As in encode.
    ///     allowed_special: As in encode.
    ///     errors: As in encode.
    ///     alpha: BPE: the probability of passing over a merge, 0 to 1; by default the file's own
    ///         dropout. Unigram: how much scores count, 0 or more.
    ///     nbest_size: Unigram: draw from so many best ones, at most 512; -1 draws from all.
    ///     seed: 0 to 2**64 - 1.
    ///
    /// Raises:
    ///     InputError: A number is out of range, or there is no alpha and the file has none.
    ///     UnsupportedFeature: The model has one segmentation alone (WordPiece, WordLevel, word and
    ///         char models), or is a Unigram of a tokenizer.json.
    #[pyo3(signature = (text, allowed_special=None, errors=None, *, alpha=None, nbest_size=-1, seed), text_signature = "($self, text, allowed_special=(), errors='strict', *, alpha=None, nbest_size=-1, seed)")]
    #[allow(clippy::too_many_arguments, reason = "the Python signature")]
    fn encode_sample(
        &self,
        text: &Bound<'_, PyAny>,
        allowed_special: Option<&Bound<'_, PyAny>>,
        errors: Option<&str>,
        alpha: Option<f32>,
        nbest_size: i64,
        seed: u64,
    ) -> PyResult<Vec<u32>> {
        let replace = input::replaces(errors)?;
        let source = Source::new(text, replace, None)?.fit(&self.0, replace);
        let (body, allowed) = (source.text()?, input::allowed(&self.0, allowed_special)?);
        let nbest_size = match nbest_size {
            -1 => None,
            size => Some(usize::try_from(size).map_err(|_| {
                InputError::new_err(format!("nbest_size must be -1, or 0 and more, not {size}"))
            })?),
        };
        let own = || Some(self.0.dropout()).filter(|&dropout| dropout > 0.0);
        let Some(alpha) = alpha.or_else(own) else {
            return Err(InputError::new_err("alpha is needed: the file has no dropout of its own"));
        };
        let sampling = Sampling::new(alpha, nbest_size, seed);
        interruptible(text.py(), body.as_bytes().len(), true, None, |watch| {
            self.0.encode_sample(body, &allowed, sampling, watch)
        })
    }

    /// The n best segmentations of a text by a SentencePiece unigram model, best first.
    ///
    /// Args:
    ///     text: As in encode; special tokens in it are text.
    ///     n: How many, 1 to 512; there may be fewer.
    ///     errors: As in encode.
    ///
    /// Returns:
    ///     A list of (ids, score); a score is the sum of those of the pieces. As in sentencepiece
    ///     it is 0 if n is 1.
    ///
    /// Raises:
    ///     InputError: n is out of range, or the text is not UTF-8.
    ///     UnsupportedFeature: The model is no SentencePiece unigram.
    #[pyo3(signature = (text, n, errors=None), text_signature = "($self, text, n, errors='strict')")]
    fn encode_nbest(
        &self,
        text: &Bound<'_, PyAny>,
        n: usize,
        errors: Option<&str>,
    ) -> PyResult<Vec<(Vec<u32>, f32)>> {
        let py = text.py();
        let replace = input::replaces(errors)?;
        let source = Source::new(text, replace, None)?.fit(&self.0, replace);
        let body = source.text()?.as_bytes();
        if n == 0 {
            return Err(InputError::new_err("n must be 1 or more"));
        }
        let Ok(body) = std::str::from_utf8(body) else {
            return Err(InputError::new_err("the text is not UTF-8; decode it first"));
        };
        guard(py, || py.detach(|| self.0.encode_nbest(body, n)))
    }

    /// The file's own probability of passing over a merge. `encode` never passes over one;
    /// `encode_sample` does so with this probability by default.
    #[getter]
    fn dropout(&self) -> f32 {
        self.0.dropout()
    }

    #[pyo3(signature = (texts, allowed_special=None, errors=None, num_threads=None, progress=None), text_signature = "($self, texts, allowed_special=(), errors='strict', num_threads=None, progress=None)")]
    fn _encode_batch<'py>(
        &self,
        py: Python<'py>,
        texts: &Bound<'py, PyList>,
        allowed_special: Option<&Bound<'py, PyAny>>,
        errors: Option<&str>,
        num_threads: Option<usize>,
        progress: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Arrays<'py>> {
        let (sources, allowed) =
            (sources(&self.0, texts, errors)?, input::allowed(&self.0, allowed_special)?);
        let texts = sources.iter().map(Source::text).collect::<PyResult<Vec<_>>>()?;
        let (total, threads) = (
            texts.iter().map(|text| text.as_bytes().len()).sum(),
            parallel::thread_count(num_threads),
        );
        let serial = threads <= 1;
        let rows = interruptible(py, total, serial, progress, |watch| {
            self.0.encode_batch(&texts, &allowed, threads, watch)
        })?;
        Ok(ragged(py, rows))
    }

    #[pyo3(signature = (data, offsets, allowed_special=None, errors=None, num_threads=None, progress=None), text_signature = "($self, data, offsets, allowed_special=(), errors='strict', num_threads=None, progress=None)")]
    #[allow(clippy::too_many_arguments, reason = "the Python signature")]
    fn _encode_flat<'py>(
        &self,
        py: Python<'py>,
        data: PyReadonlyArray1<'py, u8>,
        offsets: PyReadonlyArray1<'py, i64>,
        allowed_special: Option<&Bound<'py, PyAny>>,
        errors: Option<&str>,
        num_threads: Option<usize>,
        progress: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Arrays<'py>> {
        let replace = input::replaces(errors)? && !self.0.takes_bytes();
        let allowed = input::allowed(&self.0, allowed_special)?;
        let (data, offsets) = (data.as_slice()?, offsets.as_slice()?);
        let texts = guard(py, || flat_texts(data, offsets))?;
        let replaced = replaced(&texts, replace);
        let texts = replaced.as_ref().map_or(texts, |rows| as_texts(rows));
        let (total, threads) = (
            texts.iter().map(|text| text.as_bytes().len()).sum(),
            parallel::thread_count(num_threads),
        );
        let serial = threads <= 1;
        let rows = interruptible(py, total, serial, progress, |watch| {
            self.0.encode_batch(&texts, &allowed, threads, watch)
        })?;
        Ok(ragged(py, rows))
    }

    fn _encode_parts<'py>(
        &self,
        py: Python<'py>,
        parts: Vec<(Bound<'py, PyAny>, bool)>,
        control_tokens: Option<Vec<String>>,
    ) -> PyResult<Bound<'py, PyArray1<u32>>> {
        let control = match control_tokens {
            None => self.0.default_control_tokens(),
            Some(names) => names
                .iter()
                .map(|name| {
                    let unknown = || {
                        VocabularyError::new_err(format!(
                            "control token {name:?} is not in the vocabulary"
                        ))
                    };
                    self.0.token_id(name.as_bytes()).ok_or_else(unknown)
                })
                .collect::<PyResult<_>>()?,
        };
        let sources = parts
            .iter()
            .enumerate()
            .map(|(row, (text, _))| Source::new(text, false, Some(row)))
            .collect::<PyResult<Vec<_>>>()?;
        let texts = sources
            .iter()
            .zip(&parts)
            .map(|(source, (_, trusted))| Ok((source.text()?, *trusted)))
            .collect::<PyResult<Vec<_>>>()?;
        let total = texts.iter().map(|(text, _)| text.as_bytes().len()).sum();
        let ids = interruptible(py, total, true, None, |watch| {
            self.0.encode_parts(&texts, &control, watch)
        })?;
        Ok(ids.into_pyarray(py))
    }

    #[pyo3(signature = (texts, allowed_special=None, errors=None, num_threads=None), text_signature = "($self, texts, allowed_special=(), errors='strict', num_threads=None)")]
    fn _count_batch<'py>(
        &self,
        py: Python<'py>,
        texts: &Bound<'py, PyList>,
        allowed_special: Option<&Bound<'py, PyAny>>,
        errors: Option<&str>,
        num_threads: Option<usize>,
    ) -> PyResult<Bound<'py, PyArray1<i64>>> {
        let (sources, allowed) =
            (sources(&self.0, texts, errors)?, input::allowed(&self.0, allowed_special)?);
        let texts = sources.iter().map(Source::text).collect::<PyResult<Vec<_>>>()?;
        self.counts(py, &texts, &allowed, num_threads)
    }

    #[pyo3(signature = (data, offsets, allowed_special=None, errors=None, num_threads=None), text_signature = "($self, data, offsets, allowed_special=(), errors='strict', num_threads=None)")]
    fn _count_flat<'py>(
        &self,
        py: Python<'py>,
        data: PyReadonlyArray1<'py, u8>,
        offsets: PyReadonlyArray1<'py, i64>,
        allowed_special: Option<&Bound<'py, PyAny>>,
        errors: Option<&str>,
        num_threads: Option<usize>,
    ) -> PyResult<Bound<'py, PyArray1<i64>>> {
        let replace = input::replaces(errors)? && !self.0.takes_bytes();
        let allowed = input::allowed(&self.0, allowed_special)?;
        let (data, offsets) = (data.as_slice()?, offsets.as_slice()?);
        let texts = guard(py, || flat_texts(data, offsets))?;
        let replaced = replaced(&texts, replace);
        let texts = replaced.as_ref().map_or(texts, |rows| as_texts(rows));
        self.counts(py, &texts, &allowed, num_threads)
    }

    /// The text of a sequence of ids.
    ///
    /// Args:
    ///     ids: A list or array of integers.
    ///     skip_special_tokens: Leave special tokens out.
    ///     errors: What to do with bytes that are not UTF-8, as in bytes.decode.
    ///
    /// Raises:
    ///     VocabularyError: An id has no token.
    ///     InputError: The ids are not integers; or bytes are not UTF-8 and errors="strict".
    #[pyo3(signature = (ids, skip_special_tokens=false, errors=None), text_signature = "($self, ids, skip_special_tokens=False, errors='replace')")]
    fn decode<'py>(
        &self,
        ids: &Bound<'py, PyAny>,
        skip_special_tokens: bool,
        errors: Option<&str>,
    ) -> PyResult<Bound<'py, PyString>> {
        let py = ids.py();
        let ids = input::ids(ids, &self.0)?;
        let bytes = if ids.len() <= DETACH_BYTES {
            guard(py, || self.0.decode_bytes(&ids, skip_special_tokens))?
        } else {
            guard(py, || py.detach(|| self.0.decode_bytes(&ids, skip_special_tokens)))?
        };
        text_of(py, &bytes, errors.unwrap_or("replace"))
    }

    /// The bytes of a sequence of ids. Arguments and errors as in decode.
    #[pyo3(signature = (ids, skip_special_tokens=false))]
    fn decode_bytes<'py>(
        &self,
        ids: &Bound<'py, PyAny>,
        skip_special_tokens: bool,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let py = ids.py();
        let ids = input::ids(ids, &self.0)?;
        let bytes = guard(py, || py.detach(|| self.0.decode_bytes(&ids, skip_special_tokens)))?;
        Ok(PyBytes::new(py, &bytes))
    }

    #[pyo3(signature = (ids, offsets, skip_special_tokens=false, errors=None), text_signature = "($self, ids, offsets, skip_special_tokens=False, errors='replace')")]
    fn _decode_batch<'py>(
        &self,
        py: Python<'py>,
        ids: PyReadonlyArray1<'py, u32>,
        offsets: PyReadonlyArray1<'py, i64>,
        skip_special_tokens: bool,
        errors: Option<&str>,
    ) -> PyResult<Vec<Bound<'py, PyString>>> {
        let (ids, offsets, threads) =
            (ids.as_slice()?, offsets.as_slice()?, parallel::thread_count(None));
        let rows = interruptible(py, ids.len(), threads <= 1, None, |watch| {
            self.0.decode_batch(ids, offsets, skip_special_tokens, threads, watch)
        })?;
        rows.iter().map(|bytes| text_of(py, bytes, errors.unwrap_or("replace"))).collect()
    }

    /// A decoder for ids as they arrive.
    #[pyo3(signature = (skip_special_tokens=false))]
    fn stream_decoder(&self, skip_special_tokens: bool) -> PyStreamDecoder {
        PyStreamDecoder::new(Arc::clone(&self.0), skip_special_tokens)
    }

    /// An encoder for text as it arrives.
    #[pyo3(signature = (allowed_special=None), text_signature = "($self, allowed_special=())")]
    fn _stream_encoder(
        &self,
        allowed_special: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<PyStreamEncoder> {
        Ok(PyStreamEncoder::new(
            self,
            StreamEncoder::new(input::allowed(&self.0, allowed_special)?),
        ))
    }

    /// The bytes of one token.
    fn token_bytes<'py>(&self, id: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
        let py = id.py();
        let id = input::one_id(id, &self.0)?;
        Ok(PyBytes::new(py, guard(py, || self.0.token_bytes(id))?))
    }

    /// The id of the token with exactly these bytes; a str stands for its UTF-8.
    fn token_id(&self, token: &Bound<'_, PyAny>) -> PyResult<u32> {
        let source = Source::new(token, false, None)?;
        let text = source.text()?;
        self.0.token_id(text.as_bytes()).ok_or_else(|| {
            VocabularyError::new_err(format!(
                "no token is spelled {:?}",
                String::from_utf8_lossy(text.as_bytes())
            ))
        })
    }

    /// Number of tokens of the model, added tokens not counted.
    #[getter]
    fn vocab_size(&self) -> usize {
        self.0.vocab_size()
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }

    /// Special tokens: name to id.
    #[getter]
    fn special_ids<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        for token in self.0.added_tokens().tokens().iter().filter(|token| token.special) {
            dict.set_item(&token.content, token.id)?;
        }
        Ok(dict)
    }

    /// The id of the token that begins a text, by its name, or None.
    #[getter]
    fn bos_id(&self) -> Option<u32> {
        self.special_named(&["<|begin_of_text|>", "<s>", "<bos>", "<|startoftext|>"])
    }

    /// The id of the token that ends a text, by its name, or None.
    #[getter]
    fn eos_id(&self) -> Option<u32> {
        self.special_named(&["<|end_of_text|>", "</s>", "<eos>", "<|endoftext|>"])
    }

    /// The id of the padding token, by its name, or None.
    #[getter]
    fn pad_id(&self) -> Option<u32> {
        self.special_named(&["<pad>", "<|pad|>", "[PAD]", "<|finetune_right_pad_id|>"])
    }

    /// The id of the token for unknown text, by its name, or None.
    #[getter]
    fn unk_id(&self) -> Option<u32> {
        self.special_named(&["<unk>", "[UNK]", "<|unk|>"])
    }

    /// The name, or None.
    #[getter]
    fn name(&self) -> Option<&str> {
        self.0.name()
    }

    /// SHA-256 of what `to_bytes` returns, in hexadecimal: equal for equal tokenizers.
    #[getter]
    fn digest(&self, py: Python<'_>) -> PyResult<String> {
        guard(py, || py.detach(|| self.0.digest().map(str::to_owned)))
    }

    /// Raised when the ids of some text change; the same file and number give the same ids for ever.
    #[getter]
    fn behaviour(&self) -> u32 {
        BEHAVIOUR
    }

    /// The patterns that cut text before merging.
    #[getter]
    fn patterns(&self) -> Vec<String> {
        self.0.splits().iter().map(|split| split.pattern.clone()).collect()
    }

    /// The tokenizer in the native format.
    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = guard(py, || py.detach(|| self.0.to_bytes()))?;
        Ok(PyBytes::new(py, &bytes))
    }

    #[pyo3(signature = (format, exact=true))]
    fn _save<'py>(
        &self,
        py: Python<'py>,
        format: &str,
        exact: bool,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let format = Self::format(format)?;
        let fidelity = if exact { Fidelity::Exact } else { Fidelity::Nearest };
        let bytes = guard(py, || {
            py.detach(|| {
                formats::save_as(&self.0.definition(), &self.0.compiled(), format, fidelity)
            })
        })?;
        Ok(PyBytes::new(py, &bytes))
    }

    /// This tokenizer, joining neighbouring pre-tokens of one token each by pairs of ids.
    fn _joining<'py>(
        slf: &Bound<'py, Self>,
        pairs: Vec<(u32, u32)>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let tokenizer = &slf.get().0;
        let joins = Some(pairs);
        instance(&slf.get_type(), || Ok(formats::Definition { joins, ..tokenizer.definition() }))
    }

    /// Whether neighbouring pre-tokens that are one token each become one. No file but .toksmith
    /// can say so.
    #[getter]
    fn joins_pre_tokens(&self) -> bool {
        self.0.joins_pre_tokens()
    }

    /// Bytes held by the caches of all threads, and the most one thread may hold.
    fn cache_info<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let (info, dict) = (self.0.cache_info(), PyDict::new(py));
        dict.set_item("bytes", info.bytes)?;
        dict.set_item("budget_per_thread", info.budget_per_thread)?;
        Ok(dict)
    }

    /// Empties the caches: this thread's now, other threads' at their next call.
    fn clear_cache(&self) {
        self.0.clear_cache();
    }
}

pub(crate) fn sources<'py>(
    tokenizer: &Tokenizer,
    texts: &Bound<'py, PyList>,
    errors: Option<&str>,
) -> PyResult<Vec<Source<'py>>> {
    let replace = input::replaces(errors)?;
    let source = |(row, text)| Ok(Source::new(&text, replace, Some(row))?.fit(tokenizer, replace));
    texts.iter().enumerate().map(source).collect()
}

/// The texts with U+FFFD for bytes that are not UTF-8, if that is wanted and there are any.
fn replaced<'a>(texts: &[Text<'a>], wanted: bool) -> Option<Vec<Cow<'a, str>>> {
    let is_text = |text: &Text<'_>| std::str::from_utf8(text.as_bytes()).is_ok();
    if !wanted || texts.iter().all(is_text) {
        return None;
    }
    Some(texts.iter().map(|text| String::from_utf8_lossy(text.as_bytes())).collect())
}

fn as_texts<'a>(rows: &'a [Cow<'_, str>]) -> Vec<Text<'a>> {
    rows.iter().map(|text| Text::Str(text)).collect()
}

fn flat_texts<'a>(data: &'a [u8], offsets: &[i64]) -> toksmith_core::Result<Vec<Text<'a>>> {
    let bounds = offsets.windows(2).enumerate();
    bounds
        .map(|(row, pair)| {
            let range = usize::try_from(pair[0]).ok().zip(usize::try_from(pair[1]).ok());
            range.and_then(|(start, end)| data.get(start..end)).map(Text::Bytes).ok_or_else(|| {
                Error::Input {
                    why: format!(
                        "row {row}: {}..{} is not a range of the {} bytes",
                        pair[0],
                        pair[1],
                        data.len()
                    ),
                }
            })
        })
        .collect()
}

/// Bytes as text, in Rust where they are UTF-8, else as Python would.
fn text_of<'py>(py: Python<'py>, bytes: &[u8], errors: &str) -> PyResult<Bound<'py, PyString>> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Ok(PyString::new(py, text));
    }
    let decoded = PyBytes::new(py, bytes).call_method1("decode", ("utf-8", errors));
    let text = decoded.map_err(|error| {
        InputError::new_err(format!("the bytes of these ids are not UTF-8: {error}"))
    })?;
    Ok(text.cast_into::<PyString>()?)
}

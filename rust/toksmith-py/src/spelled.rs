//! The tokenizer under `toksmith.compat.tokenizers`: one `tokenizer.json`, built.
//!
//! It never changes. Truncation and padding come with every call, for the class on top of this
//! one keeps them; changed added tokens make a new object.

use crate::encodings::PyEncoding;
use crate::errors::guard;
use crate::given::{Given, Viewed, elements, ids, item, one};
use crate::tokenizer::{DETACH_BYTES, interruptible};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use std::sync::Arc;
use toksmith_core::compat::tokenizers::{self, Spelled};
use toksmith_core::encode::template::Encoding;
use toksmith_core::formats::AddedToken;
use toksmith_core::formats::pipeline::{
    Padding, PaddingLength, Side, Truncation, TruncationStrategy,
};
use toksmith_core::inputs::{InputOptions, Sample, SpanUnit};
use toksmith_core::parallel;
use toksmith_core::watch::Watch;

/// `(id, content, single_word, lstrip, rstrip, normalized, special)`.
type Added = (u32, String, bool, bool, bool, bool, bool);
/// `(max_length, stride, strategy, direction)`.
type TruncationArguments = (usize, usize, String, String);
/// `(length, direction, pad_to_multiple_of, pad_id, pad_type_id, pad_token)`.
pub(crate) type PaddingArguments = (Option<usize>, String, Option<usize>, u32, u32, String);

/// A direction by name; `why` is the message if it is none.
pub(crate) fn side_of(name: &str, why: &str) -> PyResult<Side> {
    match name {
        "left" => Ok(Side::Left),
        "right" => Ok(Side::Right),
        _ => Err(PyValueError::new_err(why.to_owned())),
    }
}

pub(crate) fn padding_of(arguments: PaddingArguments) -> PyResult<Padding> {
    let (length, direction, to_multiple_of, pad_id, pad_type_id, pad_token) = arguments;
    Ok(Padding {
        length: length.map_or(PaddingLength::BatchLongest, PaddingLength::Fixed),
        side: side_of(&direction, "direction must be left or right")?,
        to_multiple_of,
        pad_id,
        pad_type_id,
        pad_token,
    })
}

fn truncation_of(arguments: TruncationArguments) -> PyResult<Truncation> {
    let (max_length, stride, strategy, direction) = arguments;
    let strategy = match strategy.as_str() {
        "longest_first" => TruncationStrategy::LongestFirst,
        "only_first" => TruncationStrategy::OnlyFirst,
        "only_second" => TruncationStrategy::OnlySecond,
        other => return Err(PyValueError::new_err(format!("unknown strategy {other:?}"))),
    };
    let side = side_of(&direction, "direction must be left or right")?;
    Ok(Truncation { max_length, stride, strategy, side })
}

fn added_of(tokens: Vec<Added>) -> Vec<AddedToken> {
    let token = |(id, content, single_word, lstrip, rstrip, normalized, special)| AddedToken {
        id,
        content,
        special,
        normalized,
        single_word,
        lstrip,
        rstrip,
    };
    tokens.into_iter().map(token).collect()
}

/// A built `tokenizer.json`.
#[pyclass(frozen, name = "SpelledTokenizer", module = "toksmith._native")]
pub(crate) struct PySpelled(pub(crate) Arc<Spelled>);

impl PySpelled {
    fn options(
        add_special_tokens: bool,
        encode_special_tokens: bool,
        truncation: Option<TruncationArguments>,
        padding: Option<PaddingArguments>,
    ) -> PyResult<InputOptions> {
        Ok(InputOptions {
            add_special: add_special_tokens,
            allowed: tokenizers::allowed(encode_special_tokens),
            truncation: truncation.map(truncation_of).transpose()?,
            padding: padding.map(padding_of).transpose()?,
            overflow: true,
        })
    }

    fn wrap(&self, encoding: Encoding) -> PyEncoding {
        PyEncoding::new(encoding, Some(Arc::clone(&self.0)))
    }
}

#[pymethods]
impl PySpelled {
    /// Reads and builds a file. With `added` these are its added tokens, by the ids given here.
    #[new]
    #[pyo3(signature = (data, added=None))]
    fn new(py: Python<'_>, data: &[u8], added: Option<Vec<Added>>) -> PyResult<Self> {
        let built = guard(py, || py.detach(|| Spelled::load(data, added.map(added_of))))?;
        Ok(Self(Arc::new(built)))
    }

    /// The same tokenizer with other added tokens.
    fn with_added(&self, py: Python<'_>, added: Vec<Added>) -> PyResult<Self> {
        let built = guard(py, || py.detach(|| self.0.with_added(added_of(added))))?;
        Ok(Self(Arc::new(built)))
    }

    /// The encoding of one text or a pair.
    #[allow(clippy::too_many_arguments, reason = "the options of a call")]
    fn encode(
        &self,
        sequence: &Bound<'_, PyAny>,
        pair: Option<&Bound<'_, PyAny>>,
        is_pretokenized: bool,
        add_special_tokens: bool,
        encode_special_tokens: bool,
        truncation: Option<TruncationArguments>,
        padding: Option<PaddingArguments>,
    ) -> PyResult<PyEncoding> {
        let py = sequence.py();
        let first = one(sequence, is_pretokenized)?;
        let second = pair.map(|pair| one(pair, is_pretokenized)).transpose()?;
        let options =
            Self::options(add_special_tokens, encode_special_tokens, truncation, padding)?;
        let bytes = first.len() + second.as_ref().map_or(0, Given::len);
        let (first, second) = (first.view()?, second.as_ref().map(Given::view).transpose()?);
        let sample =
            Sample { first: first.sequence(), second: second.as_ref().map(Viewed::sequence) };
        let encode = |watch: &Watch<'_>| {
            let tokenizer = self.0.tokenizer();
            tokenizer.encode_inputs(sample, &options, SpanUnit::Characters, watch)
        };
        let encoding = if bytes <= DETACH_BYTES {
            guard(py, || encode(&Watch::none()))?
        } else {
            interruptible(py, bytes, true, None, encode)?
        };
        Ok(self.wrap(encoding))
    }

    /// The encodings of texts or pairs, filled up together; parallel, with the GIL released.
    #[allow(clippy::too_many_arguments, reason = "the options of a call")]
    fn encode_batch<'py>(
        &self,
        py: Python<'py>,
        input: &Bound<'py, PyAny>,
        is_pretokenized: bool,
        add_special_tokens: bool,
        encode_special_tokens: bool,
        truncation: Option<TruncationArguments>,
        padding: Option<PaddingArguments>,
    ) -> PyResult<Vec<PyEncoding>> {
        let Some(items) = elements(input) else {
            let kind = input.get_type().name()?;
            return Err(PyTypeError::new_err(if input.is_instance_of::<PyString>() {
                "Can't extract `str` to `Vec`".to_owned()
            } else {
                format!("'{kind}' object is not an instance of 'Sequence'")
            }));
        };
        let given =
            items.iter().map(|value| item(value, is_pretokenized)).collect::<PyResult<Vec<_>>>()?;
        let options =
            Self::options(add_special_tokens, encode_special_tokens, truncation, padding)?;
        let viewed = given
            .iter()
            .map(|(first, second)| {
                Ok((first.view()?, second.as_ref().map(Given::view).transpose()?))
            })
            .collect::<PyResult<Vec<_>>>()?;
        let samples: Vec<_> = viewed
            .iter()
            .map(|(first, second)| Sample {
                first: first.sequence(),
                second: second.as_ref().map(Viewed::sequence),
            })
            .collect();
        let bytes = given
            .iter()
            .map(|(first, second)| first.len() + second.as_ref().map_or(0, Given::len))
            .sum();
        let encode = |threads: usize, watch: &Watch<'_>| {
            let (tokenizer, unit) = (self.0.tokenizer(), SpanUnit::Characters);
            tokenizer.encode_inputs_batch(&samples, &options, unit, threads, watch)
        };
        let encodings = if bytes <= DETACH_BYTES {
            guard(py, || encode(1, &Watch::none()))?
        } else {
            let threads = parallel::thread_count(None);
            interruptible(py, bytes, threads <= 1, None, |watch| encode(threads, watch))?
        };
        Ok(encodings.into_iter().map(|encoding| self.wrap(encoding)).collect())
    }

    /// Truncation, template and padding for encodings.
    #[allow(clippy::too_many_arguments, reason = "the options of a call")]
    fn post_process(
        &self,
        py: Python<'_>,
        encoding: &Bound<'_, PyEncoding>,
        pair: Option<&Bound<'_, PyEncoding>>,
        add_special_tokens: bool,
        truncation: Option<TruncationArguments>,
        padding: Option<PaddingArguments>,
    ) -> PyResult<PyEncoding> {
        let options = Self::options(add_special_tokens, false, truncation, padding)?;
        let own = |encoding: &PyEncoding| match encoding.spelled() {
            Some(spelled) if Arc::ptr_eq(&spelled, &self.0) => Encoding::clone(&encoding.get()),
            spelled => PyEncoding::named(&encoding.get(), spelled.as_deref()),
        };
        let (first, second) = (own(encoding.get()), pair.map(|pair| own(pair.get())));
        let done = guard(py, || self.0.tokenizer().post_process(first, second, &options))?;
        Ok(self.wrap(done))
    }

    /// The text of ids; those that no token has are passed over.
    fn decode(&self, py: Python<'_>, sequence: &Bound<'_, PyAny>, skip: bool) -> PyResult<String> {
        let ids = ids(sequence)?;
        if ids.len() < 1 << 10 {
            return guard(py, || self.0.decode(&ids, skip));
        }
        guard(py, || py.detach(|| self.0.decode(&ids, skip)))
    }

    /// The texts of many sequences of ids, in parallel.
    fn decode_batch(
        &self,
        py: Python<'_>,
        sequences: Vec<Bound<'_, PyAny>>,
        skip: bool,
    ) -> PyResult<Vec<String>> {
        let rows = sequences.iter().map(ids).collect::<PyResult<Vec<_>>>()?;
        let total: usize = rows.iter().map(Vec::len).sum();
        let threads = if total < 1 << 14 { 1 } else { parallel::thread_count(None) };
        interruptible(py, total, threads <= 1, None, |watch| {
            self.0.decode_batch(&rows, skip, threads, watch)
        })
    }

    /// Added tokens in the order of the file.
    fn added(&self) -> Vec<Added> {
        let tokens = self.0.tokenizer().added_tokens().tokens().iter();
        let tuple = |token: &AddedToken| {
            (
                token.id,
                token.content.clone(),
                token.single_word,
                token.lstrip,
                token.rstrip,
                token.normalized,
                token.special,
            )
        };
        tokens.map(tuple).collect()
    }

    /// The model's tokens and their ids.
    fn model_vocab<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let vocab = PyDict::new(py);
        for (id, token) in self.0.model_tokens() {
            vocab.set_item(&*token, id)?;
        }
        Ok(vocab)
    }

    /// The `type` of the model.
    fn model_kind(&self) -> &'static str {
        self.0.tokenizer().model_kind()
    }

    /// Number of the model's tokens.
    fn model_size(&self) -> usize {
        self.0.model_size()
    }

    /// The id of a token of the model, or None.
    fn model_token_to_id(&self, token: &str) -> Option<u32> {
        self.0.model_id(token)
    }

    /// The token of the model with an id, or None.
    fn model_id_to_token(&self, id: u32) -> Option<String> {
        self.0.model_token(id).map(std::borrow::Cow::into_owned)
    }

    /// What the normalizer makes of an added token, if that is something else.
    fn normalized(&self, id: u32) -> Option<&str> {
        self.0.normalized(id)
    }

    /// Number of tokens that the template adds.
    fn num_special_tokens_to_add(&self, is_pair: bool) -> usize {
        self.0.tokenizer().added_by_template(is_pair)
    }
}

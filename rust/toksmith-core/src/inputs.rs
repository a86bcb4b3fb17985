//! Texts, one by one or in pairs, to what a model takes: template, truncation, padding.
//!
//! Each text is encoded with the places and words of its tokens; what is then done to it is in
//! [`crate::encode::template`]. Everything is equal to tokenizers 0.23.3, overflowing parts
//! included, except that nothing is cut or filled up unless the call says so. Start at
//! [`Tokenizer::encode_inputs`]; [`Columns`] holds a whole batch in flat arrays.

use crate::batch::{JOB_BYTES, SERIAL_BYTES};
use crate::encode::added::Allowed;
use crate::encode::pieces::Pieces;
use crate::encode::spans::char_spans;
use crate::encode::template::{self, Edges, Encoding, Source, Unit};
use crate::error::Result;
use crate::formats::pipeline::{Padding, Truncation};
use crate::parallel;
use crate::token::{Span, TokenId};
use crate::tokenizer::{Engine, Text, Tokenizer};
use crate::watch::Watch;
use std::collections::BTreeSet;
use std::ops::Range;

/// What to make of texts.
#[derive(Debug, Clone)]
pub struct InputOptions {
    /// Whether the file's template puts its special tokens around the texts.
    pub add_special: bool,
    /// Special tokens that are found where they are written in a text.
    pub allowed: Allowed,
    /// How texts are cut to a length, if they are.
    pub truncation: Option<Truncation>,
    /// How inputs are filled up, if they are.
    pub padding: Option<Padding>,
    /// Whether what is cut off is kept, in [`Encoding::overflowing`].
    pub overflow: bool,
}

impl Default for InputOptions {
    /// The template, and nothing else.
    fn default() -> Self {
        Self {
            add_special: true,
            allowed: Allowed::None,
            truncation: None,
            padding: None,
            overflow: false,
        }
    }
}

/// What spans count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpanUnit {
    /// Bytes of the text.
    Bytes,
    /// Characters (scalar values).
    Characters,
}

/// A text of an input.
#[derive(Debug, Clone, Copy)]
pub enum Sequence<'a> {
    /// As it is.
    Text(Text<'a>),
    /// Cut into words by the caller. Each is normalized and cut as a text of its own, its spans
    /// count in it, and its number is the word of its tokens.
    Words(&'a [Text<'a>]),
}

impl<'a> From<Text<'a>> for Sequence<'a> {
    fn from(text: Text<'a>) -> Self {
        Self::Text(text)
    }
}

impl<'a> Sequence<'a> {
    fn bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.as_bytes().len(),
            Self::Words(words) => words.iter().map(|word| word.as_bytes().len()).sum(),
        }
    }

    /// What the spans of tokens of this word count in.
    fn part(&self, word: Option<u32>) -> &'a [u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Words(words) => {
                let word = word.and_then(|word| words.get(word as usize));
                word.map_or(&[], Text::as_bytes)
            }
        }
    }

    /// Makes spans in bytes count characters.
    fn count_characters(&self, encoding: &mut Encoding) {
        let Self::Words(_) = self else {
            encoding.spans = char_spans(self.part(None), &encoding.spans);
            return;
        };
        let mut start = 0;
        for run in encoding.words.chunk_by(PartialEq::eq) {
            let end = start + run.len();
            if let Some(spans) = encoding.spans.get_mut(start..end) {
                let word = run.first().copied().flatten();
                spans.copy_from_slice(&char_spans(self.part(word), spans));
            }
            start = end;
        }
    }
}

/// A text, or a pair of texts that make one input.
#[derive(Debug, Clone, Copy)]
pub struct Sample<'a> {
    /// The text.
    pub first: Sequence<'a>,
    /// The second of a pair.
    pub second: Option<Sequence<'a>>,
}

impl Sample<'_> {
    fn bytes(&self) -> usize {
        self.first.bytes() + self.second.map_or(0, |second| second.bytes())
    }
}

/// The inputs of a batch, end to end: row `i` is `offsets[i]..offsets[i + 1]` of every list. An
/// input is followed by what overflowed of it. Numbers are as wide as arrays for models have them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Columns {
    /// Token ids.
    pub ids: Vec<i64>,
    /// Which part of the input a token belongs to, as the model is told.
    pub type_ids: Vec<i64>,
    /// 0 for padding.
    pub attention_mask: Vec<i64>,
    /// 1 for tokens of the template and padding.
    pub special_mask: Vec<i64>,
    /// The piece of its text that a token is of; -1 for none.
    pub words: Vec<i64>,
    /// The text that a token is of, 0 or 1; -1 for none.
    pub sequences: Vec<i64>,
    /// Start and end of each token in bytes of its text.
    pub spans: Vec<i64>,
    /// The same in characters; empty if not asked for.
    pub char_spans: Vec<i64>,
    /// Where rows begin; one more than there are rows.
    pub offsets: Vec<i64>,
    /// The sample each row is of.
    pub samples: Vec<i64>,
}

impl Tokenizer {
    /// A model's input for one text or a pair.
    ///
    /// # Errors
    /// [`crate::Error::Input`] where a truncation cannot be done, or overflowing parts have too
    /// many combinations.
    pub fn encode_inputs(
        &self,
        sample: Sample<'_>,
        options: &InputOptions,
        unit: SpanUnit,
        watch: &Watch<'_>,
    ) -> Result<Encoding> {
        self.check_inputs(options)?;
        let (first, second) = self.texts(sample, options, watch)?;
        let mut encoding = self.input(sample, first, second, options, unit)?;
        if let Some(padding) = &options.padding {
            template::pad(std::slice::from_mut(&mut encoding), padding)?;
        }
        Ok(encoding)
    }

    /// Model's inputs for many texts or pairs, filled up together. `threads` is the most threads
    /// to use.
    ///
    /// # Errors
    /// The error of the first sample, in order, that has one.
    pub fn encode_inputs_batch(
        &self,
        samples: &[Sample<'_>],
        options: &InputOptions,
        unit: SpanUnit,
        threads: usize,
        watch: &Watch<'_>,
    ) -> Result<Vec<Encoding>> {
        let rows = self.in_units(samples, options, &[unit], threads, watch)?;
        Ok(rows.into_iter().next().unwrap_or_default())
    }

    /// As [`Tokenizer::encode_inputs_batch`], in flat lists; with `characters` spans are there in
    /// both units.
    ///
    /// # Errors
    /// As there.
    pub fn input_columns(
        &self,
        samples: &[Sample<'_>],
        options: &InputOptions,
        characters: bool,
        threads: usize,
        watch: &Watch<'_>,
    ) -> Result<Columns> {
        let both = [SpanUnit::Bytes, SpanUnit::Characters];
        let units = both.get(..1 + usize::from(characters)).unwrap_or(&both);
        let rows = self.in_units(samples, options, units, threads, watch)?;
        let mut rows = rows.into_iter();
        let mut columns = Columns { offsets: vec![0], ..Columns::default() };
        for (number, encoding) in rows.next().unwrap_or_default().iter().enumerate() {
            columns.add(number, encoding);
        }
        for encoding in rows.next().unwrap_or_default() {
            for part in std::iter::once(&encoding).chain(&encoding.overflowing) {
                push_spans(&mut columns.char_spans, part);
            }
        }
        Ok(columns)
    }

    /// How the file says that texts are cut.
    pub fn truncation(&self) -> Option<&Truncation> {
        self.pipeline.truncation.as_ref()
    }

    /// How the file says that inputs are filled up.
    pub fn padding(&self) -> Option<&Padding> {
        self.pipeline.padding.as_ref()
    }

    /// Refuses a truncation whose stride is beyond what the template for one text leaves. As in
    /// tokenizers, a stride of just that is an error where something is to be cut.
    fn check_inputs(&self, options: &InputOptions) -> Result<()> {
        let Some(truncation) = &options.truncation else { return Ok(()) };
        let added = self.template.added_tokens(false);
        match truncation.max_length.checked_sub(added) {
            Some(length) if truncation.stride > length => {
                template::check_truncation(truncation, added)
            }
            _ => Ok(()),
        }
    }

    /// For each unit the inputs of all samples, filled up.
    fn in_units(
        &self,
        samples: &[Sample<'_>],
        options: &InputOptions,
        units: &[SpanUnit],
        threads: usize,
        watch: &Watch<'_>,
    ) -> Result<Vec<Vec<Encoding>>> {
        self.check_inputs(options)?;
        let jobs = jobs(samples, threads);
        let parts = parallel::map(jobs.len(), threads, watch, |job| {
            let mut done = vec![Vec::new(); units.len()];
            for &sample in jobs.get(job).and_then(|job| samples.get(job.clone())).unwrap_or(&[]) {
                watch.poll()?;
                let (mut first, mut second) = self.texts(sample, options, watch)?;
                for (at, (unit, rows)) in units.iter().zip(&mut done).enumerate() {
                    let (first, second) = if at + 1 == units.len() {
                        (std::mem::take(&mut first), second.take())
                    } else {
                        (first.clone(), second.clone())
                    };
                    rows.push(self.input(sample, first, second, options, *unit)?);
                }
                watch.add(sample.bytes());
            }
            Ok(done)
        })?;
        let mut rows = vec![Vec::with_capacity(samples.len()); units.len()];
        for part in parts {
            rows.iter_mut().zip(part).for_each(|(rows, part)| rows.extend(part));
        }
        if let Some(padding) = &options.padding {
            rows.iter_mut().try_for_each(|rows| template::pad(rows, padding))?;
        }
        Ok(rows)
    }

    /// The tokens of a sample's texts, with spans in bytes.
    fn texts(
        &self,
        sample: Sample<'_>,
        options: &InputOptions,
        watch: &Watch<'_>,
    ) -> Result<(Encoding, Option<Encoding>)> {
        self.with_scratch(|scratch| {
            let mut one = |sequence: Sequence<'_>, type_id| {
                let mut sink = Pieces::new(&self.vocab, self.bytes().is_some());
                let none = BTreeSet::new();
                let words = match sequence {
                    Sequence::Text(text) => {
                        self.encode_to(text, &options.allowed, &none, scratch, watch, &mut sink)?;
                        return Ok(sink.finish(type_id));
                    }
                    Sequence::Words(words) => words,
                };
                for (number, &word) in words.iter().enumerate() {
                    sink.begin_word();
                    self.encode_to(word, &options.allowed, &none, scratch, watch, &mut sink)?;
                    sink.end_word(number);
                }
                Ok(sink.finish(type_id))
            };
            let first = one(sample.first, 0)?;
            Ok((first, sample.second.map(|text| one(text, 1)).transpose()?))
        })
    }

    /// Truncation and template.
    fn input(
        &self,
        sample: Sample<'_>,
        mut first: Encoding,
        mut second: Option<Encoding>,
        options: &InputOptions,
        unit: SpanUnit,
    ) -> Result<Encoding> {
        if unit == SpanUnit::Characters {
            sample.first.count_characters(&mut first);
            if let (Some(second), Some(sequence)) = (&mut second, sample.second) {
                sequence.count_characters(second);
            }
        }
        if let Some(truncation) = &options.truncation {
            let added = self.template.added_tokens(second.is_some());
            let added = if options.add_special { added } else { 0 };
            (first, second) =
                template::truncate(first, second, truncation, added, options.overflow)?;
        }
        let text = |sequence: usize, word| match sequence {
            0 => sample.first.part(word),
            _ => sample.second.map_or(&b""[..], |second| second.part(word)),
        };
        let unit = match unit {
            SpanUnit::Bytes => Unit::Bytes(&text),
            SpanUnit::Characters => Unit::Characters,
        };
        let source = Source { unit, edges: &|id| self.edges(id) };
        self.template.apply(first, second, options.add_special, &source)
    }

    /// Truncation, template and padding for encodings that are there, whose spans are characters.
    /// What overflowed of them before is in the result, too.
    ///
    /// # Errors
    /// As of [`Tokenizer::encode_inputs`].
    pub fn post_process(
        &self,
        mut first: Encoding,
        mut second: Option<Encoding>,
        options: &InputOptions,
    ) -> Result<Encoding> {
        self.check_inputs(options)?;
        if let Some(truncation) = &options.truncation {
            let added = self.template.added_tokens(second.is_some());
            let added = if options.add_special { added } else { 0 };
            (first, second) =
                template::truncate(first, second, truncation, added, options.overflow)?;
        }
        let source = Source { unit: Unit::Characters, edges: &|id| self.edges(id) };
        let mut encoding = self.template.apply(first, second, options.add_special, &source)?;
        if let Some(padding) = &options.padding {
            template::pad(std::slice::from_mut(&mut encoding), padding)?;
        }
        Ok(encoding)
    }

    /// Number of tokens that the template adds to one text or two.
    pub fn added_by_template(&self, pair: bool) -> usize {
        self.template.added_tokens(pair)
    }

    /// The white space of a token.
    fn edges(&self, id: TokenId) -> Edges {
        let bytes = self.vocab.get(id).unwrap_or_default();
        match &self.engine {
            Engine::Bytes(_) => Edges::of_bytes(bytes),
            Engine::General(_) => {
                std::str::from_utf8(bytes).map_or_else(|_| Edges::default(), Edges::of_spelling)
            }
        }
    }
}

impl Columns {
    /// Calls `change(sample, text, spans)` with the spans in bytes of each text of each row;
    /// `text` is 0, or 1 for the second of a pair.
    pub fn change_spans(&mut self, mut change: impl FnMut(usize, usize, &mut [Span])) {
        let (mut tokens, mut spans) = (Vec::new(), Vec::new());
        for (bounds, &sample) in self.offsets.windows(2).zip(&self.samples) {
            for (text, number) in [(0, 0), (1, 1)] {
                tokens.clear();
                let row = place(bounds[0])..place(bounds[1]);
                tokens.extend(row.filter(|&token| self.sequences[token] == number));
                spans.clear();
                spans.extend(tokens.iter().map(|token| Span {
                    start: place(self.spans[token * 2]),
                    end: place(self.spans[token * 2 + 1]),
                }));
                change(place(sample), text, &mut spans);
                for (token, span) in tokens.iter().zip(&spans) {
                    self.spans[token * 2] = span.start as i64;
                    self.spans[token * 2 + 1] = span.end as i64;
                }
            }
        }
    }

    /// Appends an input and what overflowed of it.
    fn add(&mut self, sample: usize, encoding: &Encoding) {
        for part in std::iter::once(encoding).chain(&encoding.overflowing) {
            self.ids.extend(part.ids.iter().map(|&id| i64::from(id)));
            self.type_ids.extend(part.type_ids.iter().map(|&id| i64::from(id)));
            self.attention_mask.extend(part.attention_mask.iter().map(|&one| i64::from(one)));
            self.special_mask.extend(part.special_mask.iter().map(|&one| i64::from(one)));
            self.words.extend(part.words.iter().map(|word| word.map_or(-1, i64::from)));
            let sequences = part.sequence_ids().into_iter();
            self.sequences.extend(sequences.map(|number| number.map_or(-1, |it| it as i64)));
            push_spans(&mut self.spans, part);
            self.offsets.push(self.ids.len() as i64);
            self.samples.push(sample as i64);
        }
    }
}

/// A number of a column that is a place.
fn place(number: i64) -> usize {
    usize::try_from(number).unwrap_or_default()
}

fn push_spans(out: &mut Vec<i64>, encoding: &Encoding) {
    out.extend(encoding.spans.iter().flat_map(|span| [span.start as i64, span.end as i64]));
}

/// Samples of about equal size together.
fn jobs(samples: &[Sample<'_>], threads: usize) -> Vec<Range<usize>> {
    let total: usize = samples.iter().map(Sample::bytes).sum();
    let serial = threads <= 1 || total < SERIAL_BYTES;
    let size = if serial { usize::MAX } else { (total / (threads * 8)).max(JOB_BYTES) };
    let (mut jobs, mut start, mut filled) = (Vec::new(), 0, 0);
    for (number, sample) in samples.iter().enumerate() {
        filled += sample.bytes();
        if filled >= size {
            jobs.push(start..number + 1);
            (start, filled) = (number + 1, 0);
        }
    }
    if start < samples.len() {
        jobs.push(start..samples.len());
    }
    jobs
}

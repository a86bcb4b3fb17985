//! What is done to text before it is cut.
//!
//! Each normalizer has two forms: the text alone, fast, which leaves runs of characters whole and
//! borrows a text it does not change; and text with origins, which counts characters as
//! tokenizers 0.23.3 does (`rewrite.rs` says how). Both give the same text. Compiled once,
//! immutable, shared by threads, each with its own [`NormalizeCache`].
//!
//! Start at [`Normalize::text_with`] and [`Normalize::apply_with`]. Oracle: `naive.rs`. Worst case: linear;
//! normal forms sort runs of marks (n log n); general patterns are bounded in their steps. To add
//! a normalizer: a file with its two forms, a [`Step`], an arm in each of the three matches below.

mod bert;
mod byte_level;
pub(crate) mod charsmap;
pub mod checked_charsmap;
mod flags;
mod flags_table;
mod forms;
mod lowercase;
#[cfg(test)]
mod naive;
mod nmt;
mod passes;
mod precompiled;
mod replace;
mod rewrite;
pub mod sentencepiece;
mod strip;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use self::bert::Bert;
use self::forms::Form;
use self::precompiled::Precompiled;
use self::replace::{Outcome, Replace};
use super::draft::Draft;
use super::pretokenize::GeneralCache;
use crate::error::{Error, Result};
use crate::formats::pipeline::Normalizer;
use crate::token::Span;

/// Sequences in sequences deeper than this are refused.
const MAX_DEPTH: usize = 64;

/// A compiled normalizer.
#[derive(Debug)]
pub(crate) struct Normalize {
    /// In order; sequences are flattened.
    steps: Vec<Step>,
}

/// What a thread needs to run general patterns; empty until one runs.
#[derive(Debug, Default)]
pub(crate) struct NormalizeCache(Vec<Option<GeneralCache>>);

#[derive(Debug)]
enum Step {
    Bert(Bert),
    Strip { left: bool, right: bool },
    StripAccents,
    Form(Form),
    Lowercase,
    Nmt,
    Prepend(String),
    Replace(Replace),
    Precompiled(Box<Precompiled>),
    ByteLevel,
}

impl Normalize {
    /// Compiles a normalizer.
    ///
    /// # Errors
    ///
    /// [`Error::Model`] with the field's path if a pattern or a table is malformed,
    /// [`Error::Unsupported`] if a pattern cannot be run.
    pub(crate) fn new(def: &Normalizer) -> Result<Self> {
        let mut compiler = Compiler { steps: Vec::new(), generals: 0 };
        compiler.compile(def, "normalizer", 0)?;
        Ok(Self { steps: compiler.steps })
    }

    /// [`Self::apply_with`] a cache of its own.
    #[cfg(test)]
    pub(crate) fn apply(&self, draft: &mut Draft, track: bool) -> Result<()> {
        self.apply_with(&mut NormalizeCache::default(), draft, track)
    }

    /// Rewrites the draft's text, composes its origin, and leaves one piece: the whole text.
    /// With `track: false` the origin means nothing afterwards.
    ///
    /// # Errors
    ///
    /// [`Error::Input`] if a pattern takes too many steps, if the text becomes too long, or where
    /// tokenizers panics.
    pub(crate) fn apply_with(
        &self,
        cache: &mut NormalizeCache,
        draft: &mut Draft,
        track: bool,
    ) -> Result<()> {
        if track {
            self.tracked(cache, draft)?;
        } else {
            let new = match self.text_with(cache, &draft.text)? {
                Cow::Owned(text) => Some(text),
                Cow::Borrowed(part) if part.len() == draft.text.len() => None,
                Cow::Borrowed(part) => Some(part.to_owned()),
            };
            draft.text = new.unwrap_or_else(|| std::mem::take(&mut draft.text));
        }
        draft.pieces.clear();
        draft.pieces.push(Span { start: 0, end: draft.text.len() });
        Ok(())
    }

    /// [`Self::text_with`] a cache of its own.
    #[cfg(test)]
    pub(crate) fn text<'t>(&self, text: &'t str) -> Result<Cow<'t, str>> {
        self.text_with(&mut NormalizeCache::default(), text)
    }

    /// The normalized text; borrowed if it is the text, or a part of it.
    ///
    /// # Errors
    ///
    /// As [`Self::apply_with`].
    pub(crate) fn text_with<'t>(
        &self,
        cache: &mut NormalizeCache,
        text: &'t str,
    ) -> Result<Cow<'t, str>> {
        let mut current = Cow::Borrowed(text);
        for (index, step) in self.steps.iter().enumerate() {
            let outcome = match &current {
                Cow::Borrowed(text) => step.text(text, cache)?,
                Cow::Owned(text) => match step.text(text, cache)? {
                    Outcome::Text(Cow::Borrowed(part)) if part.len() == text.len() => continue,
                    Outcome::Text(part) => Outcome::Text(Cow::Owned(part.into_owned())),
                    Outcome::Rootless(text) => Outcome::Rootless(text),
                },
            };
            current = match outcome {
                Outcome::Text(text) => text,
                Outcome::Rootless(text) if index + 1 == self.steps.len() => Cow::Owned(text),
                Outcome::Rootless(_) => {
                    let mut draft = Draft::new(text, 0);
                    self.tracked(cache, &mut draft)?;
                    return Ok(Cow::Owned(draft.text));
                }
            };
        }
        Ok(current)
    }

    fn tracked(&self, cache: &mut NormalizeCache, draft: &mut Draft) -> Result<()> {
        for step in &self.steps {
            // Origins are u32.
            if u32::try_from(draft.text.len().max(draft.given)).is_err() {
                return Err(too_long(draft.text.len()));
            }
            step.tracked(draft, cache)?;
        }
        Ok(())
    }
}

impl Step {
    /// The text alone.
    fn text<'t>(&self, text: &'t str, cache: &mut NormalizeCache) -> Result<Outcome<'t>> {
        Ok(Outcome::Text(match self {
            Self::Bert(bert) => bert.text(text),
            Self::Strip { left, right } => Cow::Borrowed(strip::ends(text, *left, *right)),
            Self::StripAccents => strip::accents(text),
            Self::Form(form) => form.text(text)?,
            Self::Lowercase => lowercase::text(text),
            Self::Nmt => nmt::text(text),
            Self::Prepend(string) => return Ok(replace::prepend_text(string, text)),
            Self::Replace(replace) => return replace.text(text, cache),
            Self::Precompiled(table) => table.text(text)?,
            Self::ByteLevel => byte_level::text(text),
        }))
    }

    /// Text and origin.
    fn tracked(&self, draft: &mut Draft, cache: &mut NormalizeCache) -> Result<()> {
        match self {
            Self::Bert(bert) => bert.tracked(draft),
            Self::Strip { left, right } => strip::ends_tracked(draft, *left, *right),
            Self::StripAccents => strip::accents_tracked(draft),
            Self::Form(form) => form.tracked(draft),
            Self::Lowercase => lowercase::tracked(draft),
            Self::Nmt => nmt::tracked(draft),
            Self::Prepend(string) => replace::prepend_tracked(string, draft),
            Self::Replace(replace) => replace.tracked(draft, cache),
            Self::Precompiled(table) => table.tracked(draft),
            Self::ByteLevel => byte_level::tracked(draft),
        }
    }
}

impl NormalizeCache {
    /// The cache in a place, made if it is not there yet.
    fn get(&mut self, place: usize, new: impl FnOnce() -> GeneralCache) -> &mut GeneralCache {
        if self.0.len() <= place {
            self.0.resize_with(place + 1, || None);
        }
        self.0[place].get_or_insert_with(new)
    }
}

/// The steps compiled so far.
struct Compiler {
    steps: Vec<Step>,
    generals: usize,
}

impl Compiler {
    /// Compiles what the file has at `path`.
    fn compile(&mut self, def: &Normalizer, path: &str, depth: usize) -> Result<()> {
        let within = |field: &'static str| {
            move |error| match error {
                Error::Model { why, .. } => Error::field(format!("{path}.{field}"), why),
                other => other,
            }
        };
        let step = match def {
            &Normalizer::Bert { clean_text, handle_chinese_chars, strip_accents, lowercase } => {
                Step::Bert(Bert::new(clean_text, handle_chinese_chars, strip_accents, lowercase))
            }
            &Normalizer::Strip { left, right } => Step::Strip { left, right },
            Normalizer::StripAccents => Step::StripAccents,
            Normalizer::Nfc => Step::Form(Form::Nfc),
            Normalizer::Nfd => Step::Form(Form::Nfd),
            Normalizer::Nfkc => Step::Form(Form::Nfkc),
            Normalizer::Nfkd => Step::Form(Form::Nfkd),
            Normalizer::Lowercase => Step::Lowercase,
            Normalizer::Nmt => Step::Nmt,
            Normalizer::Prepend(string) => Step::Prepend(string.clone()),
            Normalizer::Replace { pattern, content } => {
                let replace = Replace::new(pattern, content, &mut self.generals);
                Step::Replace(replace.map_err(within("pattern"))?)
            }
            Normalizer::Precompiled(blob) => {
                let table = Precompiled::new(blob).map_err(within("precompiled_charsmap"))?;
                Step::Precompiled(Box::new(table))
            }
            Normalizer::ByteLevel => Step::ByteLevel,
            Normalizer::Sequence(parts) if depth < MAX_DEPTH => {
                for (index, part) in parts.iter().enumerate() {
                    self.compile(part, &format!("{path}.normalizers[{index}]"), depth + 1)?;
                }
                return Ok(());
            }
            Normalizer::Sequence(_) => {
                return Err(Error::unsupported(format!(
                    "normalizers in more than {MAX_DEPTH} sequences"
                )));
            }
            Normalizer::SentencePiece(_) => {
                return Err(Error::unsupported("SentencePiece normalizer"));
            }
        };
        self.steps.push(step);
        Ok(())
    }
}

/// Whether BERT puts spaces around a character.
pub(crate) fn is_chinese(c: char) -> bool {
    flags::of(c) & flags::CHINESE != 0
}

/// Whether a character may share a grapheme with one that says no here.
pub(crate) fn joins(c: char) -> bool {
    flags::of(c) & flags::JOINS != 0
}

/// Stops a replacement that blows a text up: at 1 GB, or 16 times the text if that is more.
fn check_length(length: usize, text: &str) -> Result<()> {
    let most = text.len().saturating_mul(16).max(1 << 30);
    if length > most { Err(too_long(length)) } else { Ok(()) }
}

fn too_long(length: usize) -> Error {
    Error::Input { why: format!("a text of {length} bytes is too long to be normalized") }
}

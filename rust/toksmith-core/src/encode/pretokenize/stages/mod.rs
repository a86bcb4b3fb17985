//! The stages of a pre-tokenizer, one after the other, each inside the pieces of the one before.
//!
//! Most stages cut: they append the pieces of a piece to a list ([`characters`], [`scripts`],
//! [`pattern`]). `Metaspace` and `ByteLevel` also write the text anew ([`rewrite`]). Pieces that
//! are empty disappear. Everything is equal to tokenizers 0.23.3, pieces, offsets and all, but
//! where that repeats text or panics: in `ByteLevel` behind a normalizer that puts text in front
//! of the beginning by matching nothing.
//!
//! Start at [`Stages::cut`] for text that stages leave as it is, and at [`Stages::run`] for any.
//! Worst case: linear in the text for each stage; patterns as `general/mod.rs` says. No
//! allocation but for lists of pieces, two a text, and the new text.

mod alphabet;
mod byte_level;
mod characters;
mod digits;
mod flags;
mod flags_table;
mod joiner;
mod metaspace;
mod pattern;
pub(crate) mod raw;
mod rewrite;
pub(crate) mod script;
mod scripts;
mod scripts_table;
#[cfg(test)]
mod tests;

pub use raw::on_raw_text;

use byte_level::ByteLevel;
use metaspace::Metaspace;
use pattern::Pattern;

use super::GeneralCache;
use crate::encode::draft::Draft;
use crate::error::{Error, Result};
use crate::formats::SplitBehaviour;
use crate::formats::pipeline::{PreTokenizer, PrependScheme};
use crate::token::Span;

/// A pre-tokenizer, compiled. Immutable; threads share it, each with its own caches.
#[derive(Debug)]
pub struct Stages {
    stages: Vec<Stage>,
    /// How many stages stand before the last that reads origins.
    before_origin_read: usize,
}

#[derive(Debug)]
enum Stage {
    Bert,
    Delimiter(char),
    Whitespace,
    WhitespaceSplit,
    Pattern(Box<Pattern>),
    Punctuation(SplitBehaviour),
    Digits { individual: bool },
    Scripts,
    FixedLength(usize),
    ByteLevel(ByteLevel),
    Metaspace(Metaspace),
}

impl Stages {
    /// Compiles stages.
    ///
    /// # Errors
    ///
    /// [`Error::Model`] for a pattern that is malformed, [`Error::Unsupported`] for one that cannot
    /// be run and for pieces of no characters.
    pub fn new(stages: &[PreTokenizer]) -> Result<Self> {
        let reads_origin = |stage: &PreTokenizer| {
            matches!(stage, PreTokenizer::Metaspace { prepend_scheme: PrependScheme::First, .. })
        };
        Ok(Self {
            before_origin_read: stages.iter().rposition(reads_origin).unwrap_or(0),
            stages: stages.iter().map(Stage::new).collect::<Result<_>>()?,
        })
    }

    /// Whether no stage writes text anew, so that [`Stages::cut`] is enough.
    pub fn only_cuts(&self) -> bool {
        !self.stages.iter().any(Stage::rewrites)
    }

    /// Whether a stage needs to know where text came from, so that whatever happens to it before
    /// must be tracked.
    pub fn reads_origin(&self) -> bool {
        self.stages.iter().any(|stage| {
            matches!(stage, Stage::Metaspace(stage) if stage.prepend_scheme == PrependScheme::First)
        })
    }

    /// Gives the pieces of a text in order. `caches` are those of earlier calls, or none.
    ///
    /// # Errors
    ///
    /// Those of `each`; [`Error::Input`] if a pattern takes too many steps;
    /// [`Error::Unsupported`] if a stage writes text anew.
    pub fn cut(
        &self,
        text: &str,
        caches: &mut Vec<GeneralCache>,
        each: impl FnMut(Span) -> Result<()>,
    ) -> Result<()> {
        let mut pieces = vec![Span { start: 0, end: text.len() }];
        let mut cut = Vec::new();
        for (stage, cache) in self.with_caches(caches) {
            stage.cut_all(text, &pieces, cache, &mut cut)?;
            std::mem::swap(&mut pieces, &mut cut);
        }
        pieces.retain(|piece| piece.start < piece.end);
        pieces.into_iter().try_for_each(each)
    }

    /// Cuts the pieces of a draft; `Metaspace` and `ByteLevel` replace its text, of which only what
    /// is in pieces remains. With `track` the origins are kept up; without, they mean
    /// nothing after that. They must be right before if [`Stages::reads_origin`].
    ///
    /// # Errors
    ///
    /// [`Error::Input`] if a pattern takes too many steps or a text is too long to be tracked.
    pub(crate) fn run(
        &self,
        draft: &mut Draft,
        caches: &mut Vec<GeneralCache>,
        track: bool,
    ) -> Result<()> {
        let mut cut = Vec::new();
        for (number, (stage, cache)) in self.with_caches(caches).enumerate() {
            let track = track || number < self.before_origin_read;
            match stage {
                Stage::ByteLevel(stage) => stage.run(draft, track)?,
                Stage::Metaspace(stage) => stage.run(draft, track)?,
                _ => {
                    stage.cut_all(&draft.text, &draft.pieces, cache, &mut cut)?;
                    std::mem::swap(&mut draft.pieces, &mut cut);
                }
            }
        }
        draft.pieces.retain(|piece| piece.start < piece.end);
        Ok(())
    }

    /// Each stage with its cache, made where it is missing.
    fn with_caches<'a>(
        &'a self,
        caches: &'a mut Vec<GeneralCache>,
    ) -> impl Iterator<Item = (&'a Stage, &'a mut GeneralCache)> {
        for stage in self.stages.iter().skip(caches.len()) {
            caches.push(stage.new_cache());
        }
        self.stages.iter().zip(caches)
    }
}

/// Whether a character is `\w` of a regular expression.
pub(crate) fn is_word(c: char) -> bool {
    flags::flags_of(c) & flags::WORD != 0
}

/// Whether a character is punctuation, as BERT has it.
pub(crate) fn is_punctuation(c: char) -> bool {
    flags::flags_of(c) & flags::PUNCTUATION != 0
}

impl Stage {
    fn new(stage: &PreTokenizer) -> Result<Self> {
        Ok(match *stage {
            PreTokenizer::Bert => Self::Bert,
            PreTokenizer::ByteLevel { add_prefix_space, use_regex, trim_offsets: _ } => {
                Self::ByteLevel(ByteLevel { add_prefix_space, use_regex })
            }
            PreTokenizer::CharDelimiterSplit(delimiter) => Self::Delimiter(delimiter),
            PreTokenizer::Metaspace { replacement, prepend_scheme, split } => {
                Self::Metaspace(Metaspace { replacement, prepend_scheme, split })
            }
            PreTokenizer::Whitespace => Self::Whitespace,
            PreTokenizer::WhitespaceSplit => Self::WhitespaceSplit,
            PreTokenizer::Split(ref split) => Self::Pattern(Box::new(Pattern::new(split)?)),
            PreTokenizer::Punctuation(behaviour) => Self::Punctuation(behaviour),
            PreTokenizer::Digits { individual } => Self::Digits { individual },
            PreTokenizer::UnicodeScripts => Self::Scripts,
            PreTokenizer::FixedLength(0) => {
                return Err(Error::unsupported("pre_tokenizer.length 0 (no characters a piece)"));
            }
            PreTokenizer::FixedLength(length) => Self::FixedLength(length),
        })
    }

    fn rewrites(&self) -> bool {
        matches!(self, Self::ByteLevel(_) | Self::Metaspace(_))
    }

    fn new_cache(&self) -> GeneralCache {
        if let Self::Pattern(pattern) = self { pattern.new_cache() } else { GeneralCache::empty() }
    }

    /// Replaces `cut` by the pieces of all `pieces`.
    fn cut_all(
        &self,
        text: &str,
        pieces: &[Span],
        cache: &mut GeneralCache,
        cut: &mut Vec<Span>,
    ) -> Result<()> {
        cut.clear();
        cut.reserve(pieces.len());
        for piece in pieces {
            let inside = text.get(piece.start..piece.end).unwrap_or_default();
            self.cut(inside, piece.start, cache, cut)?;
        }
        Ok(())
    }

    /// Appends the pieces of `text`, which begins at byte `base`.
    fn cut(
        &self,
        text: &str,
        base: usize,
        cache: &mut GeneralCache,
        pieces: &mut Vec<Span>,
    ) -> Result<()> {
        match self {
            Self::Bert => characters::bert(text, base, pieces),
            Self::Delimiter(delimiter) => characters::delimiter(text, base, *delimiter, pieces),
            Self::Whitespace => characters::whitespace(text, base, pieces),
            Self::WhitespaceSplit => characters::whitespace_split(text, base, pieces),
            Self::Pattern(pattern) => pattern.cut(text, base, cache, pieces)?,
            Self::Punctuation(behaviour) => {
                characters::punctuation(text, base, *behaviour, pieces);
            }
            Self::Digits { individual } => characters::digits(text, base, *individual, pieces),
            Self::Scripts => scripts::cut(text, base, pieces),
            Self::FixedLength(length) => characters::fixed_length(text, base, *length, pieces),
            Self::ByteLevel(_) | Self::Metaspace(_) => {
                return Err(Error::unsupported("cutting text that its pre-tokenizer rewrites"));
            }
        }
        Ok(())
    }
}

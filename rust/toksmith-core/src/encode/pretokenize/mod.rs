//! Cutting text into pre-tokens, the pieces inside which tokens are merged.
//!
//! Five patterns that most vocabularies use have hand-written scanners, one file each family;
//! the text of the pattern selects the scanner. All other patterns run on a general matcher.
//! A scanner is a function from a position to the end of the pre-token that starts there: these
//! patterns match at every position, so pre-tokens follow each other without gaps. A general
//! pattern may leave gaps; [`split`] says what becomes of them.
//!
//! Start at [`Scanner::from_pattern`]. Worst case of the scanners: linear, each byte looked at
//! three times at most, no allocation. To add one: a file with its `next_end`, a spelling in
//! `patterns.rs`, a variant here, a line in the table of `tests/pretokenize.rs`.

pub mod cl100k;
pub mod classes;
mod classes_table;
pub mod general;
pub mod gpt2;
pub mod o200k;
mod parts;
pub mod patterns;
pub mod split;
pub mod stages;

pub use classes::UNICODE_VERSION;
pub use general::{Dialect, General, GeneralCache};

use crate::error::Result;
use crate::token::Span;

/// What cuts text at a pattern.
#[derive(Debug)]
pub enum Scanner {
    /// GPT-2, r50k and p50k; [`gpt2`].
    Gpt2,
    /// cl100k in tiktoken; [`cl100k::cl100k`].
    Cl100k,
    /// Llama 3, and cl100k in tokenizer.json; [`cl100k::llama3`].
    Llama3,
    /// Qwen 2; [`cl100k::qwen2`].
    Qwen2,
    /// o200k; [`o200k`].
    O200k,
    /// Any other pattern.
    General(Box<General>),
}

impl Scanner {
    /// The scanner of a pattern: one of the five if it is spelled like them, else a general one.
    ///
    /// # Errors
    ///
    /// Those of [`General::new`].
    pub fn from_pattern(pattern: &str, dialect: Dialect) -> Result<Self> {
        // To Oniguruma, `{1,3}+` repeats a repetition, so tiktoken's cl100k means something else.
        let fancy = dialect == Dialect::FancyRegex;
        if patterns::GPT2.contains(&pattern) {
            Ok(Self::Gpt2)
        } else if patterns::CL100K.contains(&pattern) && fancy {
            Ok(Self::Cl100k)
        } else if patterns::LLAMA3.contains(&pattern) {
            Ok(Self::Llama3)
        } else if patterns::QWEN2.contains(&pattern) {
            Ok(Self::Qwen2)
        } else if patterns::O200K.contains(&pattern) {
            Ok(Self::O200k)
        } else {
            Ok(Self::General(Box::new(General::new(pattern, dialect)?)))
        }
    }

    /// A cache for this scanner; only a general pattern keeps anything in it.
    pub fn new_cache(&self) -> GeneralCache {
        if let Self::General(general) = self { general.new_cache() } else { GeneralCache::empty() }
    }

    /// The matches of the pattern in `text`, in order.
    ///
    /// # Errors
    ///
    /// [`Error::Input`](crate::Error::Input) if a general pattern takes too many steps.
    pub fn matches(&self, cache: &mut GeneralCache, text: &str) -> Result<Vec<Span>> {
        match self {
            Self::Gpt2 => Ok(partition(text, gpt2::next_end)),
            Self::Cl100k => Ok(partition(text, cl100k::cl100k)),
            Self::Llama3 => Ok(partition(text, cl100k::llama3)),
            Self::Qwen2 => Ok(partition(text, cl100k::qwen2)),
            Self::O200k => Ok(partition(text, o200k::next_end)),
            Self::General(general) => general.matches(cache, text).collect(),
        }
    }
}

/// The pre-tokens of a whole text by one of the scanners.
fn partition(text: &str, next_end: impl Fn(&[u8], usize) -> usize) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut start = 0;
    while start < text.len() {
        let end = next_end(text.as_bytes(), start);
        spans.push(Span { start, end });
        start = end;
    }
    spans
}

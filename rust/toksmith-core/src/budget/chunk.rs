//! A text in parts that each have at most so many tokens, and together are the text.
//!
//! Greedy from the beginning: each part ends as far on as it may. Between tokens that is where
//! [`super::truncate`] would cut; between sentences, at the last end of a sentence that fits, and
//! in a sentence that does not fit by itself, between tokens. With an overlap, a part begins
//! before the end of the last one, by at most so many of the whole text's tokens: whole
//! sentences, if the last part ended with one. Each part ends further on than the one before.
//!
//! Encoded once; then each part costs its length, without overlap O(n) in all.

use super::cuts::{self, CharWalk};
use super::encoded::Encoded;
use super::sentences;
use super::truncate::Cutting;
use crate::encode::added::Allowed;
use crate::error::{Error, Result};
use crate::token::Span;
use crate::tokenizer::{Text, Tokenizer};
use crate::watch::Watch;

/// Between what a text is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum On {
    /// Tokens.
    #[default]
    Token,
    /// Sentences, where they fit.
    Sentence,
}

/// How a text is to be cut into parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// Most tokens of a part.
    pub limit: usize,
    /// Most tokens that a part repeats of the one before it.
    pub overlap: usize,
    /// Where it is cut.
    pub on: On,
}

/// A part of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chunk {
    /// Its bytes.
    pub span: Span,
    /// Its characters.
    pub char_span: Span,
    /// How many tokens encoding it by itself gives.
    pub tokens: usize,
}

impl Tokenizer {
    /// Cuts a text into parts. No text has no parts.
    ///
    /// # Errors
    /// [`Error::Input`] if the limit is 0, the overlap is not below it, or a character has more
    /// tokens than the limit.
    pub fn chunk(
        &self,
        text: Text<'_>,
        plan: Plan,
        allowed: &Allowed,
        watch: &Watch<'_>,
    ) -> Result<Vec<Chunk>> {
        let Plan { limit, overlap, .. } = plan;
        if limit == 0 || overlap >= limit {
            return Err(Error::Input {
                why: format!("an overlap of {overlap} tokens does not fit in chunks of {limit}"),
            });
        }
        let encoded = Encoded::new(self, text, allowed.clone(), watch)?;
        let sentences = match plan.on {
            On::Token => Vec::new(),
            On::Sentence => sentence_cuts(text, &encoded),
        };
        let cutting = Cutting { tokenizer: self, text, encoded: &encoded, watch };
        let cutter = Cutter { cutting, sentences, plan };
        let mut chunks = Vec::new();
        let (mut starts, mut ends) = (CharWalk::default(), CharWalk::default());
        let mut start = 0;
        let mut next =
            (start < cutter.cutting.len()).then(|| cutter.end_from(start)).transpose()?;
        while let Some((end, tokens)) = next {
            watch.poll()?;
            chunks.push(Chunk {
                span: Span { start, end },
                char_span: Span { start: starts.to(text, start), end: ends.to(text, end) },
                tokens,
            });
            (start, next) = if end < cutter.cutting.len() {
                let (start, end) = cutter.after(start, end)?;
                (start, Some(end))
            } else {
                (start, None)
            };
        }
        Ok(chunks)
    }
}

struct Cutter<'a> {
    cutting: Cutting<'a>,
    /// Where sentences end, ascending.
    sentences: Vec<usize>,
    plan: Plan,
}

impl Cutter<'_> {
    /// Where a part that begins at `start` ends, and how many tokens it has.
    fn end_from(&self, start: usize) -> Result<(usize, usize)> {
        let Plan { limit, .. } = self.plan;
        let encoded = self.cutting.encoded;
        let most = encoded.tokens_before(start).saturating_add(limit);
        let fitting = self
            .sentences
            .partition_point(|&cut| cut <= start || encoded.tokens_before(cut) <= most);
        for &end in self.sentences.get(..fitting).unwrap_or(&[]).iter().rev() {
            if end <= start {
                break;
            }
            let tokens = self.cutting.count(start, end)?;
            if tokens <= limit {
                return Ok((end, tokens));
            }
        }
        let (end, tokens) = self.cutting.end_from(start, limit)?;
        if end > start {
            return Ok((end, tokens));
        }
        let next = cuts::next_char(self.cutting.text, start);
        let tokens = self.cutting.count(start, next)?;
        Err(Error::Input {
            why: format!(
                "the character at byte {start} has {tokens} tokens, more than a chunk of {limit}"
            ),
        })
    }

    /// Where the part after `start..end` begins, and how it ends.
    fn after(&self, start: usize, end: usize) -> Result<(usize, (usize, usize))> {
        let Plan { overlap, .. } = self.plan;
        let encoded = self.cutting.encoded;
        let least = encoded.tokens_before(end).saturating_sub(overlap);
        if overlap > 0 && self.sentences.binary_search(&end).is_ok() {
            let from = self
                .sentences
                .partition_point(|&cut| cut <= start || encoded.tokens_before(cut) < least);
            for &again in self.sentences.get(from..).unwrap_or(&[]) {
                if again >= end {
                    break;
                }
                let next = self.end_from(again)?;
                if next.0 > end {
                    return Ok((again, next));
                }
            }
        } else if overlap > 0 {
            let mut tokens = least;
            loop {
                let (again, at) = cuts::cut_from(encoded, self.cutting.text, tokens);
                if again >= end {
                    break;
                }
                if again > start {
                    let next = self.end_from(again)?;
                    if next.0 > end {
                        return Ok((again, next));
                    }
                }
                tokens = at + 1;
            }
        }
        Ok((end, self.end_from(end)?))
    }
}

/// Where sentences end, each moved to the end of a token in the white space behind it, if
/// there is one: ` World` is one token, so `Hello. World` is cut before its space.
fn sentence_cuts(text: Text<'_>, encoded: &Encoded) -> Vec<usize> {
    let mut found: Vec<usize> = Vec::new();
    for end in sentences::ends(text) {
        let from = found.last().copied().unwrap_or(0);
        let sentence = cuts::part(text, Span { start: from, end });
        let blank = match sentence {
            Some(Text::Str(sentence)) => sentence.len() - sentence.trim_end().len(),
            Some(Text::Bytes(bytes)) => bytes.len() - bytes.trim_ascii_end().len(),
            None => 0,
        };
        let (cut, _) = cuts::cut_until(encoded, text, encoded.tokens_before(end));
        let cut = if cut <= end && cut + blank >= end && cut > from { cut } else { end };
        if cut > from {
            found.push(cut);
        }
    }
    // The text's end is the end of its last sentence.
    let len = text.as_bytes().len();
    if len > 0 {
        while found.last().is_some_and(|&last| last >= len) {
            found.pop();
        }
        found.push(len);
    }
    found
}

//! Encoding a text that arrives in blocks, with the ids of the whole.
//!
//! After each block, ids are given for the part that no further text can change: up to an
//! added token that is certainly found, else up to a pre-token boundary with enough text
//! behind it. A scanner looks at most [`LOOK_AHEAD`] bytes past a pre-token, or to the end of
//! a run of white space. So memory is that of the longest pre-token and one block; where
//! pre-tokens are joined, of the longest line and one block; with a custom pattern, whose
//! look-ahead is unknown, it is the whole text.

use super::added::{Allowed, Segment};
use super::pretokenize::Scanner;
use super::pretokenizer::next_end;
use crate::decode::stream::incomplete_tail;
use crate::error::Result;
use crate::token::TokenId;
use crate::tokenizer::{Text, Tokenizer};
use crate::watch::Watch;
use std::collections::BTreeSet;

/// More bytes than any scanner looks past a pre-token that is not white space.
pub(crate) const LOOK_AHEAD: usize = 16;

/// A text on its way in.
#[derive(Debug, Clone, Default)]
pub struct StreamEncoder {
    allowed: Allowed,
    pending: Vec<u8>,
    /// Do not look again before this many bytes are pending: keeps long runs linear.
    wait: usize,
}

impl StreamEncoder {
    /// An encoder at the start of a text.
    pub fn new(allowed: Allowed) -> Self {
        Self { allowed, pending: Vec::new(), wait: 0 }
    }

    /// The ids that have become certain with this block.
    pub fn push(
        &mut self,
        tokenizer: &Tokenizer,
        block: &[u8],
        watch: &Watch<'_>,
    ) -> Result<Vec<TokenId>> {
        self.pending.extend_from_slice(block);
        let mut out = Vec::new();
        if self.pending.len() < self.wait {
            return Ok(out);
        }
        let certain = tokenizer.certain(&self.pending, &self.allowed);
        if certain > 0 {
            let head = self.pending.get(..certain).unwrap_or(&[]);
            tokenizer.encode_into(Text::Bytes(head), &self.allowed, watch, &mut out)?;
            self.pending.drain(..certain);
        }
        self.wait = self.pending.len() * 2;
        Ok(out)
    }

    /// The ids of what is left. The encoder is then as new.
    pub fn finish(&mut self, tokenizer: &Tokenizer, watch: &Watch<'_>) -> Result<Vec<TokenId>> {
        let rest = std::mem::take(&mut self.pending);
        self.wait = 0;
        tokenizer.encode_text(Text::Bytes(&rest), &self.allowed, watch)
    }

    /// Bytes held back.
    pub fn pending(&self) -> usize {
        self.pending.len()
    }
}

impl Tokenizer {
    /// How much of the beginning of `pending` no further text can change, at a place where
    /// encoding it by itself gives the ids it has in the whole.
    pub(crate) fn certain(&self, pending: &[u8], allowed: &Allowed) -> usize {
        // The text after the last stretch that is certainly not UTF-8.
        let (mut at, mut last) = (0, (0, ""));
        let complete = pending.len() - incomplete_tail(pending);
        for chunk in pending.get(..complete).unwrap_or(&[]).utf8_chunks() {
            last = (at, chunk.valid());
            at += chunk.valid().len() + chunk.invalid().len();
            if !chunk.invalid().is_empty() {
                last = (at, "");
            }
        }
        let (base, text) = last;
        base + self.certain_text(text, allowed)
    }

    fn certain_text(&self, text: &str, allowed: &Allowed) -> usize {
        let Some(scanner) = self.scanner() else { return 0 };
        let (mut start, mut limit) = (0, text.len());
        if self.added.applies(allowed) {
            limit = limit.saturating_sub(self.added.longest());
            for segment in self.added.segments(text, allowed, &BTreeSet::new()) {
                match segment {
                    Segment::Token(_, span) if span.start <= limit => start = span.end,
                    Segment::Text(span) if span.start >= limit => break,
                    _ => {}
                }
            }
        }
        if self.joins_pre_tokens() {
            return self.certain_lines(scanner, text, start, limit);
        }
        // White space at the end may go on; what comes before it may not.
        let limit = text.get(..limit.max(start)).map_or(0, |head| head.trim_end().len());
        let (bytes, mut certain, mut at) = (text.as_bytes(), start, start);
        while at < limit {
            at = next_end(scanner, bytes, at);
            // After white space the scanner would see the end of the text instead of what follows.
            let ends_word = text
                .get(..at)
                .and_then(|head| head.chars().next_back())
                .is_some_and(|c| !c.is_whitespace());
            if at + LOOK_AHEAD <= limit && ends_word {
                certain = at;
            }
        }
        certain
    }

    /// The last place before `limit` where a line ends, and with it all that may be joined, in a
    /// text of which everything before `start` is certain.
    fn certain_lines(&self, scanner: &Scanner, text: &str, start: usize, limit: usize) -> usize {
        let rest = text.as_bytes().get(start..).unwrap_or_default();
        let mut certain = 0;
        while let Some(cut) = self.safe_cut(scanner, rest, certain + 1)
            && start + cut + LOOK_AHEAD <= limit
        {
            certain = cut;
        }
        start + certain
    }
}

//! A text that was encoded once, and what its parts cost.
//!
//! A scanner's decision depends on the text from a pre-token's start to a few bytes behind its
//! end (to the end of white space, if it stands there). So a part of the text is cut like the
//! whole from the first pre-token boundary they share to the last that lies far enough before
//! the part's end; between these, tokens are counted by subtraction. What is left at both ends is
//! scanned and encoded anew.
//!
//! The two need not share a boundary (digits in groups of three, begun one later); then the
//! whole part is encoded anew. Cost of a query: O(log n) and the ends; at worst the part.

use super::cuts;
use crate::encode::added::{Allowed, Segment};
use crate::encode::pretokenize::Scanner;
use crate::encode::pretokenizer::next_end;
use crate::encode::scratch::Scratch;
use crate::encode::sink::Count;
use crate::encode::stream::LOOK_AHEAD;
use crate::error::{Error, Result};
use crate::token::Span;
use crate::tokenizer::{Text, Tokenizer};
use crate::watch::Watch;
use std::collections::BTreeSet;

/// What is kept of the encoding of a text. The text itself is the caller's, and given again.
#[derive(Debug, Clone)]
pub struct Encoded {
    allowed: Allowed,
    /// Where each token ends, ascending.
    ends: Vec<usize>,
    /// Text between added tokens, where it is UTF-8. Empty, as `pieces`, where pre-tokens
    /// cannot be found one by one.
    stretches: Vec<Span>,
    /// Where each pre-token of a stretch ends, ascending.
    pieces: Vec<usize>,
}

impl Encoded {
    /// Encodes a text. O(n) time, and 16 bytes a token.
    pub fn new(
        tokenizer: &Tokenizer,
        text: Text<'_>,
        allowed: Allowed,
        watch: &Watch<'_>,
    ) -> Result<Self> {
        let spanned = tokenizer.encode_with_spans(text, &allowed, watch)?;
        let mut ends: Vec<usize> = spanned.spans.iter().map(|span| span.end).collect();
        // Spans of some pipelines may go back a little.
        let mut furthest = 0;
        for end in &mut ends {
            furthest = furthest.max(*end);
            *end = furthest;
        }
        let mut encoded = Self { allowed, ends, stretches: Vec::new(), pieces: Vec::new() };
        if let Some(scanner) = scanner(tokenizer) {
            let whole = Span { start: 0, end: text.as_bytes().len() };
            encoded.stretches = tokenizer
                .parts_of_text(text, whole, &encoded.allowed)
                .into_iter()
                .filter_map(|part| if let Part::Text(span) = part { Some(span) } else { None })
                .collect();
            for &Span { start, end } in &encoded.stretches {
                let bytes = text.as_bytes().get(..end).unwrap_or(&[]);
                let mut at = start;
                while at < end {
                    at = next_end(scanner, bytes, at);
                    encoded.pieces.push(at);
                }
            }
        }
        Ok(encoded)
    }

    /// Number of tokens of the text.
    pub fn tokens(&self) -> usize {
        self.ends.len()
    }

    /// Number of tokens that end at or before this byte.
    pub fn tokens_before(&self, at: usize) -> usize {
        self.ends.partition_point(|&end| end <= at)
    }

    /// Where the first `tokens` tokens end.
    pub(super) fn end_of(&self, tokens: usize) -> usize {
        tokens.checked_sub(1).and_then(|last| self.ends.get(last)).copied().unwrap_or(0)
    }

    /// Number of tokens of a part of the text, encoded by itself; `text` is that which was encoded.
    ///
    /// # Errors
    /// [`Error::Input`] if the range is none of the text.
    pub fn count(
        &self,
        tokenizer: &Tokenizer,
        text: Text<'_>,
        range: Span,
        watch: &Watch<'_>,
    ) -> Result<usize> {
        let part = cuts::part(text, range).ok_or_else(|| Error::Input {
            why: format!(
                "{}..{} is not a range of the {} bytes",
                range.start,
                range.end,
                text.as_bytes().len()
            ),
        })?;
        let Some(scanner) = scanner(tokenizer) else {
            return tokenizer.count(part, &self.allowed, watch);
        };
        let bytes = text.as_bytes();
        tokenizer.with_scratch(|scratch| {
            let mut recount = Recount { tokenizer, scanner, scratch, watch, total: 0 };
            for part in tokenizer.parts_of_text(text, range, &self.allowed) {
                match part {
                    Part::Text(span) => self.count_text(bytes, span, &mut recount)?,
                    Part::Token => recount.total += 1,
                    Part::Bytes(Span { start, end }) => {
                        recount.piece(bytes.get(start..end).unwrap_or(&[]))?;
                    }
                }
            }
            Ok(recount.total)
        })
    }

    /// Counts a stretch of plain text.
    fn count_text(&self, bytes: &[u8], span: Span, recount: &mut Recount<'_>) -> Result<()> {
        let Span { start: mut at, end } = span;
        let bytes = bytes.get(..end).unwrap_or(bytes);
        while at < end {
            if let Some(stretch) = self.stretch_with_piece_at(at) {
                let same = self.same_until(bytes, at, end, stretch.end);
                if same > at {
                    recount.total += self.tokens_before(same) - self.tokens_before(at);
                    at = same;
                    continue;
                }
            }
            let next = next_end(recount.scanner, bytes, at);
            recount.piece(bytes.get(at..next).unwrap_or(&[]))?;
            at = next;
        }
        Ok(())
    }

    /// The stretch of the whole text in which a pre-token begins at this byte.
    fn stretch_with_piece_at(&self, at: usize) -> Option<Span> {
        let after = self.stretches.partition_point(|stretch| stretch.start <= at);
        let stretch = *self.stretches.get(after.checked_sub(1)?)?;
        let begins = stretch.start == at || self.pieces.binary_search(&at).is_ok();
        (at < stretch.end && begins).then_some(stretch)
    }

    /// Up to where text that begins with a pre-token at `at` and ends at `end` has the
    /// pre-tokens of a stretch of the whole that ends at `stretch_end`.
    fn same_until(&self, bytes: &[u8], at: usize, end: usize, stretch_end: usize) -> usize {
        if end == stretch_end {
            return end;
        }
        // The shorter of the two sees its end where the other sees what follows.
        let shared = bytes.get(..end.min(stretch_end)).unwrap_or(bytes);
        let Some(limit) = cuts::trimmed(shared, at).checked_sub(LOOK_AHEAD) else { return at };
        let before = self.pieces.partition_point(|&piece| piece <= limit);
        before.checked_sub(1).and_then(|last| self.pieces.get(last)).copied().unwrap_or(at)
    }
}

/// What encodes anew.
struct Recount<'a> {
    tokenizer: &'a Tokenizer,
    scanner: &'a Scanner,
    scratch: &'a mut Scratch,
    watch: &'a Watch<'a>,
    total: usize,
}

impl Recount<'_> {
    fn piece(&mut self, bytes: &[u8]) -> Result<()> {
        let mut count = Count::default();
        self.tokenizer.encode_invalid(bytes, 0, self.scratch, self.watch, &mut count)?;
        self.total += count.0;
        Ok(())
    }
}

/// A part of a text that is encoded by itself.
enum Part {
    Text(Span),
    /// Bytes that are not UTF-8.
    Bytes(Span),
    /// An added token.
    Token,
}

/// What cuts text into parts whose tokens depend on nothing around them.
fn scanner(tokenizer: &Tokenizer) -> Option<&Scanner> {
    tokenizer.scanner().filter(|_| !tokenizer.joins_pre_tokens())
}

impl Tokenizer {
    /// What a range of a text consists of, as `encode` of that range would see it.
    fn parts_of_text(&self, text: Text<'_>, range: Span, allowed: &Allowed) -> Vec<Part> {
        let mut parts = Vec::new();
        let Text::Str(whole) = text else {
            self.add_bytes(text, range, allowed, &mut parts);
            return parts;
        };
        // Of a str the characters that are cut open are bytes, and the rest need not be checked.
        let Span { start, end } = range;
        let first = (start..end).find(|&at| whole.is_char_boundary(at)).unwrap_or(end);
        let last = (first..=end).rev().find(|&at| whole.is_char_boundary(at)).unwrap_or(first);
        self.add_bytes(text, Span { start, end: first }, allowed, &mut parts);
        self.add_text(whole.get(first..last).unwrap_or(""), first, allowed, &mut parts);
        self.add_bytes(text, Span { start: last, end }, allowed, &mut parts);
        parts
    }

    fn add_bytes(&self, text: Text<'_>, range: Span, allowed: &Allowed, parts: &mut Vec<Part>) {
        let mut at = range.start;
        for chunk in text.as_bytes().get(at..range.end).unwrap_or(&[]).utf8_chunks() {
            self.add_text(chunk.valid(), at, allowed, parts);
            at += chunk.valid().len();
            let end = at + chunk.invalid().len();
            if at < end {
                parts.push(Part::Bytes(Span { start: at, end }));
            }
            at = end;
        }
    }

    fn add_text(&self, text: &str, base: usize, allowed: &Allowed, parts: &mut Vec<Part>) {
        let at = |Span { start, end }| Span { start: base + start, end: base + end };
        if self.added.applies(allowed) {
            for segment in self.added.segments(text, allowed, &BTreeSet::new()) {
                parts.push(match segment {
                    Segment::Text(span) => Part::Text(at(span)),
                    Segment::Token(..) => Part::Token,
                });
            }
        } else if !text.is_empty() {
            parts.push(Part::Text(at(Span { start: 0, end: text.len() })));
        }
    }
}

//! Spans without the white space at the ends of tokens.
//!
//! Tokens of byte-level models take the space before a word with them. `ByteLevel` and `Roberta`
//! leave as many characters out of a span as its token's spelling has spaces at that end.

use super::encoding::Encoding;
use super::{Source, Unit};
use crate::token::Span;

/// Numbers of white-space characters at the ends of a token's spelling.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Edges {
    /// At its beginning.
    pub start: usize,
    /// At its end.
    pub end: usize,
}

impl Edges {
    /// Of a spelling: white space, and the letter of the byte alphabet for a space.
    pub fn of_spelling(spelling: &str) -> Self {
        let white = |c: &char| *c == '\u{120}' || c.is_whitespace();
        Self {
            start: spelling.chars().take_while(white).count(),
            end: spelling.chars().rev().take_while(white).count(),
        }
    }

    /// Of a token that would be spelled in the byte alphabet: only a space has such a letter.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self {
            start: bytes.iter().take_while(|&&byte| byte == b' ').count(),
            end: bytes.iter().rev().take_while(|&&byte| byte == b' ').count(),
        }
    }
}

/// Trims the spans of all tokens, those of overflowing parts included, but not of parts of these.
/// `sequence` is the number of the text they are of.
pub(super) fn trim(
    encoding: &mut Encoding,
    add_prefix_space: bool,
    sequence: usize,
    source: &Source<'_>,
) {
    trim_one(encoding, add_prefix_space, sequence, source);
    for part in &mut encoding.overflowing {
        trim_one(part, add_prefix_space, sequence, source);
    }
}

fn trim_one(encoding: &mut Encoding, add_prefix_space: bool, sequence: usize, source: &Source<'_>) {
    for at in 0..encoding.len() {
        let (Some(span), Some(id)) = (encoding.spans.get_mut(at), encoding.ids.get(at)) else {
            break;
        };
        if span.start >= span.end {
            continue;
        }
        let mut edges = match encoding.names.get(at) {
            Some(name) => Edges::of_spelling(name),
            None => (source.edges)(*id),
        };
        if edges == Edges::default() {
            continue;
        }
        let text = match source.unit {
            Unit::Characters => None,
            Unit::Bytes(text) => Some(text(sequence, encoding.words.get(at).copied().flatten())),
        };
        let begins = at == 0 || text.map_or(span.start, |text| floor(text, span.start)) == 0;
        if edges.start == 1 && begins && add_prefix_space {
            // The pre-tokenizer has put it there: two would have been in the text.
            edges.start = 0;
        }
        *span = match text {
            None => by_character(*span, edges),
            Some(text) => by_byte(*span, edges, text),
        };
    }
}

/// A span of characters without its edges. At the end nothing goes where the text is too short.
fn by_character(span: Span, edges: Edges) -> Span {
    let start = (span.start + edges.start).min(span.end);
    let end = span.end.checked_sub(edges.end).unwrap_or(span.end);
    Span { start, end: end.max(start) }
}

/// A span of bytes without its edges, which are characters of the text.
fn by_byte(span: Span, edges: Edges, text: &[u8]) -> Span {
    let mut start = span.start;
    if edges.start > 0 {
        start = floor(text, start);
        let limit = after(text, floor(text, span.end.saturating_sub(1)));
        for _ in 0..edges.start {
            start = after(text, start).min(limit);
        }
    }
    let mut end = span.end;
    for _ in 0..edges.end {
        match end.checked_sub(1) {
            Some(last) => end = floor(text, last),
            None => return Span { start, end: span.end },
        }
    }
    Span { start, end: end.max(start) }
}

/// Where the character that holds this byte begins.
fn floor(text: &[u8], at: usize) -> usize {
    let continues = |at: &usize| text.get(*at).is_some_and(|byte| byte & 0xC0 == 0x80);
    (at.saturating_sub(3)..=at).rev().find(|at| !continues(at)).unwrap_or(at)
}

/// Where the character behind the one that begins here begins.
fn after(text: &[u8], at: usize) -> usize {
    let rest = text.get(at + 1..).unwrap_or_default();
    at + 1 + rest.iter().take_while(|byte| **byte & 0xC0 == 0x80).take(3).count()
}

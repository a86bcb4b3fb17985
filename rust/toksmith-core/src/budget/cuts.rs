//! Where a text may be cut: never inside a character.
//!
//! In bytes that are not UTF-8, a character is what Python's `errors="replace"` takes for one:
//! the longest stretch that could have begun a character.

use super::encoded::Encoded;
use crate::token::Span;
use crate::tokenizer::Text;

/// A range of a text; `None` if it is no range. A str stays one where its characters are whole.
pub fn part(text: Text<'_>, Span { start, end }: Span) -> Option<Text<'_>> {
    if let Text::Str(text) = text
        && let Some(part) = text.get(start..end)
    {
        return Some(Text::Str(part));
    }
    text.as_bytes().get(start..end).map(Text::Bytes)
}

/// Whether no character goes across this place. O(1).
pub fn is_char_boundary(text: Text<'_>, at: usize) -> bool {
    let bytes = match text {
        Text::Str(text) => return text.is_char_boundary(at),
        Text::Bytes(bytes) => bytes,
    };
    let Some(&here) = bytes.get(at) else { return at == bytes.len() };
    if !is_inner(here) {
        return true;
    }
    // The nearest byte before that can begin a character, if inner bytes alone lie between.
    let before = bytes.get(at.saturating_sub(3)..at).unwrap_or(&[]);
    let Some(back) = before.iter().rev().position(|&byte| !is_inner(byte)) else { return true };
    let start = at - back - 1;
    start + char_len(bytes.get(start..).unwrap_or(&[])) <= at
}

/// Whether a byte is never the first of a character.
fn is_inner(byte: u8) -> bool {
    (0x80..0xC0).contains(&byte)
}

/// Length in bytes of the character that bytes begin with; 0 for none.
fn char_len(bytes: &[u8]) -> usize {
    let head = bytes.get(..bytes.len().min(4)).unwrap_or(bytes);
    head.utf8_chunks().next().map_or(0, |chunk| {
        chunk.valid().chars().next().map_or(chunk.invalid().len(), char::len_utf8)
    })
}

/// Where text without the white space at its end would end, or `from` if it is white space from
/// there on. The text is UTF-8 from `from` on. O(length of that white space).
pub(super) fn trimmed(text: &[u8], from: usize) -> usize {
    let mut end = text.len();
    while end > from {
        let start = (from..end).rev().find(|&at| text.get(at).is_some_and(|&byte| !is_inner(byte)));
        let start = start.unwrap_or(from);
        let last = text.get(start..end).and_then(|bytes| std::str::from_utf8(bytes).ok());
        if !last.is_some_and(|last| last.trim_end().is_empty()) {
            break;
        }
        end = start;
    }
    end
}

/// The next character boundary after `at`.
pub(super) fn next_char(text: Text<'_>, at: usize) -> usize {
    at + char_len(text.as_bytes().get(at..).unwrap_or(&[]))
}

/// The last character boundary before `at`.
pub(super) fn last_char(text: Text<'_>, at: usize) -> usize {
    (0..at).rev().find(|&before| is_char_boundary(text, before)).unwrap_or(0)
}

/// The first place at or after the end of the first `tokens` tokens where a text may be cut
/// between tokens, and how many tokens end there; the text's end if there is none before.
///
/// The text after the last token belongs to it, so the text's end is the place after all.
pub(super) fn cut_from(encoded: &Encoded, text: Text<'_>, tokens: usize) -> (usize, usize) {
    let total = encoded.tokens();
    let mut found = (tokens..total.max(1)).map(|tokens| (encoded.end_of(tokens), tokens));
    let cut = found.find(|&(at, _)| is_char_boundary(text, at));
    cut.unwrap_or((text.as_bytes().len(), total))
}

/// As [`cut_from`], the last place at or before the end of the first `tokens` tokens.
pub(super) fn cut_until(encoded: &Encoded, text: Text<'_>, tokens: usize) -> (usize, usize) {
    if tokens >= encoded.tokens() {
        return (text.as_bytes().len(), encoded.tokens());
    }
    let mut found = (0..=tokens).rev().map(|tokens| (encoded.end_of(tokens), tokens));
    found.find(|&(at, _)| is_char_boundary(text, at)).unwrap_or((0, 0))
}

/// Counts characters on a walk forward through a text.
#[derive(Debug, Default)]
pub struct CharWalk {
    byte: usize,
    chars: usize,
}

impl CharWalk {
    /// Number of characters before a character boundary at or after the last one asked for.
    pub fn to(&mut self, text: Text<'_>, at: usize) -> usize {
        let walked = part(text, Span { start: self.byte, end: at });
        self.chars += match walked {
            Some(Text::Str(text)) => text.chars().count(),
            Some(Text::Bytes(bytes)) => bytes
                .utf8_chunks()
                .map(|chunk| {
                    chunk.valid().chars().count() + usize::from(!chunk.invalid().is_empty())
                })
                .sum(),
            None => 0,
        };
        self.byte = at;
        self.chars
    }
}

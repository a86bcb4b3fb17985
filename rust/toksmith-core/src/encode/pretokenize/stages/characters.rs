//! The stages that look at one character at a time: white space, punctuation, digits, a
//! delimiter, a number of characters. All are linear, allocate nothing but pieces, and append
//! the pieces of `text`, which begins at byte `base`.

use super::flags::{NUMBER, PUNCTUATION, SPACE, WORD, flags_of};
use super::joiner::Joiner;
use crate::formats::SplitBehaviour;
use crate::token::Span;

/// Each character that `is_match` accepts is a match for itself.
#[inline]
fn by_character(
    text: &str,
    base: usize,
    behaviour: SplitBehaviour,
    pieces: &mut Vec<Span>,
    is_match: impl Fn(char) -> bool,
) {
    let mut joiner = Joiner::new(behaviour, base, pieces);
    let mut end = 0;
    for (at, c) in text.char_indices() {
        if is_match(c) {
            if end < at {
                joiner.add(end, at, false);
            }
            end = at + c.len_utf8();
            joiner.add(at, end, true);
        }
    }
    if end < text.len() {
        joiner.add(end, text.len(), false);
    }
}

/// `CharDelimiterSplit`.
pub(super) fn delimiter(text: &str, base: usize, delimiter: char, pieces: &mut Vec<Span>) {
    by_character(text, base, SplitBehaviour::Removed, pieces, |c| c == delimiter);
}

/// `WhitespaceSplit`.
pub(super) fn whitespace_split(text: &str, base: usize, pieces: &mut Vec<Span>) {
    by_character(text, base, SplitBehaviour::Removed, pieces, |c| flags_of(c) & SPACE != 0);
}

/// `Digits`.
pub(super) fn digits(text: &str, base: usize, individual: bool, pieces: &mut Vec<Span>) {
    let behaviour = if individual { SplitBehaviour::Isolated } else { SplitBehaviour::Contiguous };
    by_character(text, base, behaviour, pieces, |c| flags_of(c) & NUMBER != 0);
}

/// `Punctuation`.
pub(super) fn punctuation(
    text: &str,
    base: usize,
    behaviour: SplitBehaviour,
    pieces: &mut Vec<Span>,
) {
    by_character(text, base, behaviour, pieces, |c| flags_of(c) & PUNCTUATION != 0);
}

/// `BertPreTokenizer`: cut at white space, then each punctuation character for itself.
pub(super) fn bert(text: &str, base: usize, pieces: &mut Vec<Span>) {
    let mut start = 0;
    for (at, c) in text.char_indices() {
        let flags = flags_of(c);
        if flags & (SPACE | PUNCTUATION) != 0 {
            if start < at {
                pieces.push(Span { start: base + start, end: base + at });
            }
            start = at + c.len_utf8();
            if flags & SPACE == 0 {
                pieces.push(Span { start: base + at, end: base + start });
            }
        }
    }
    if start < text.len() {
        pieces.push(Span { start: base + start, end: base + text.len() });
    }
}

/// `Whitespace`: the matches of `\w+|[^\w\s]+`.
pub(super) fn whitespace(text: &str, base: usize, pieces: &mut Vec<Span>) {
    let (mut kind, mut start) = (SPACE, 0);
    for (at, c) in text.char_indices() {
        let next = flags_of(c) & (WORD | SPACE);
        if next != kind {
            if kind != SPACE {
                pieces.push(Span { start: base + start, end: base + at });
            }
            (kind, start) = (next, at);
        }
    }
    if kind != SPACE {
        pieces.push(Span { start: base + start, end: base + text.len() });
    }
}

/// `FixedLength`: `length` characters each, the last piece perhaps fewer. `length` is not 0.
pub(super) fn fixed_length(text: &str, base: usize, length: usize, pieces: &mut Vec<Span>) {
    let mut start = 0;
    while start < text.len() {
        let rest = text.get(start..).unwrap_or_default();
        let len = rest.char_indices().nth(length).map_or(rest.len(), |(at, _)| at);
        pieces.push(Span { start: base + start, end: base + start + len });
        start += len.max(1);
    }
}

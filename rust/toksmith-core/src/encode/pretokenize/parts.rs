//! What the patterns share: contractions, groups of digits, and how white space is cut.
//!
//! All functions take valid UTF-8 and a position on a character boundary, and return the end of
//! what they match.

use super::classes::{NEWLINE, NUMBER, SPACE, decode_class, skip};

/// `(?i:[sdmt]|ll|ve|re)` at `pos`, just after an apostrophe. Of all characters outside ASCII,
/// only the long s (U+017F) folds to one of these letters.
#[inline]
pub(super) fn contraction(text: &[u8], pos: usize) -> Option<usize> {
    let byte = |offset: usize| text.get(pos + offset).copied().unwrap_or(0);
    let second = byte(1) | 0x20;
    match byte(0) | 0x20 {
        b's' | b'd' | b'm' | b't' => Some(pos + 1),
        b'l' if second == b'l' => Some(pos + 2),
        b'v' | b'r' if second == b'e' => Some(pos + 2),
        _ if byte(0) == 0xC5 && byte(1) == 0xBF => Some(pos + 2),
        _ => None,
    }
}

/// `(?:[sdmt]|ll|ve|re)` at `pos`, just after an apostrophe.
#[inline]
pub(super) fn lowercase_contraction(text: &[u8], pos: usize) -> Option<usize> {
    let second = text.get(pos + 1).copied();
    match text.get(pos)? {
        b's' | b'd' | b'm' | b't' => Some(pos + 1),
        b'l' if second == Some(b'l') => Some(pos + 2),
        b'v' | b'r' if second == Some(b'e') => Some(pos + 2),
        _ => None,
    }
}

/// `\p{N}{0,more}`.
#[inline]
pub(super) fn digits(text: &[u8], mut pos: usize, more: usize) -> usize {
    for _ in 0..more {
        let (class, len) = decode_class(text, pos);
        if class & NUMBER == 0 {
            break;
        }
        pos += len;
    }
    pos
}

/// `[\r\n]*`.
#[inline]
pub(super) fn newlines(text: &[u8], pos: usize) -> usize {
    skip(text, pos, NEWLINE)
}

/// A longest run of white space.
#[derive(Clone, Copy)]
pub(super) struct SpaceRun {
    start: usize,
    /// Where its last character starts.
    last: usize,
    end: usize,
    /// The end of its last newline; `start` if there is none.
    newline_end: usize,
}

impl SpaceRun {
    /// The run at `start`, which must not be empty.
    #[inline]
    pub(super) fn at(text: &[u8], start: usize) -> Self {
        let mut run = Self { start, last: start, end: start, newline_end: start };
        loop {
            let (class, len) = decode_class(text, run.end);
            if class & SPACE == 0 {
                return run;
            }
            run.last = run.end;
            run.end += len;
            if class & NEWLINE != 0 {
                run.newline_end = run.end;
            }
        }
    }

    /// `\s++$|\s+(?!\S)|\s`, which is also `\s+(?!\S)|\s+`: leaves its last character to what
    /// follows, unless nothing follows or it is the only one.
    #[inline]
    pub(super) fn cut(self, text: &[u8]) -> usize {
        if self.end == text.len() || self.last == self.start { self.end } else { self.last }
    }

    /// `\s++$|\s*[\r\n]|\s+(?!\S)|\s`.
    #[inline]
    pub(super) fn cut_unless_last(self, text: &[u8]) -> usize {
        if self.end == text.len() { self.end } else { self.cut_after_newline(text) }
    }

    /// `\s*[\r\n]+|\s+(?!\S)|\s+`.
    #[inline]
    pub(super) fn cut_after_newline(self, text: &[u8]) -> usize {
        if self.newline_end == self.start { self.cut(text) } else { self.newline_end }
    }
}

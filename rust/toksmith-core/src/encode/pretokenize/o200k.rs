//! The split pattern of `o200k_base` and `o200k_harmony`.
//!
//! ```text
//! [^\r\n\p{L}\p{N}]?A*B+(?i:'s|'t|'re|'ve|'m|'ll|'d)?
//! [^\r\n\p{L}\p{N}]?A+B*(?i:'s|'t|'re|'ve|'m|'ll|'d)?
//! \p{N}{1,3}
//!  ?[^\s\p{L}\p{N}]+[\r\n/]*
//! \s*[\r\n]+
//! \s+(?!\S)
//! \s+
//! ```
//!
//! with `A = [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]` and `B = [\p{Ll}\p{Lm}\p{Lo}\p{M}]`. What they share,
//! letters without case and marks, is `X` below. A mark may also be the optional first character.
//!
//! Where a regular expression engine would backtrack through the longest run of `A`, the answer
//! depends only on what follows it and on where its last `X` lies; see [`word_end`].
//!
//! Oracle: fancy-regex, in `tests/pretokenize.rs`.

#![expect(clippy::inline_always, reason = "calls cost more than what these few instructions do")]

use super::classes::{
    LETTER, LOWER, MARK, NEWLINE, NUMBER, OTHER, PUNCTUATION, SPACE, UPPER, decode_class, skip,
    skip_lower,
};
use super::parts::{SpaceRun, contraction, digits};

/// The end of the pre-token that starts at `pos`.
///
/// Requires `pos < text.len()` on a character boundary of valid UTF-8. The pre-tokens of a text
/// cost time linear in it: letters are looked at twice at most, white space three times.
#[inline]
pub fn next_end(text: &[u8], pos: usize) -> usize {
    let (class, len) = decode_class(text, pos);
    let next = pos + len;
    if class & LETTER != 0 {
        let (strict, loose) = word_end(text, pos);
        return with_contraction(text, strict.unwrap_or(loose));
    }
    if class & NUMBER != 0 {
        return digits(text, next, 2);
    }
    if class & NEWLINE == 0 {
        let (after, _) = decode_class(text, next);
        if class & MARK != 0 {
            // Without `A*B+` behind it, the mark is the `B+` itself.
            return with_contraction(text, word_end(text, next).0.unwrap_or(next));
        }
        if after & (LETTER | MARK) != 0 {
            let (strict, loose) = word_end(text, next);
            return with_contraction(text, strict.unwrap_or(loose));
        }
        if class & SPACE == 0 || text.get(pos) == Some(&b' ') && after & PUNCTUATION != 0 {
            return newlines_and_slashes(text, skip(text, next, PUNCTUATION));
        }
    }
    SpaceRun::at(text, pos).cut_after_newline(text)
}

/// The ends of `A*B+` (if it matches) and of `A*` at `pos`.
///
/// `A*` first takes the longest run of `A`. If a lowercase letter follows, `B+` goes on from
/// there. Otherwise `A*` gives characters back until one of them is in `B`, which makes the match
/// end after the last `X` of the run; and without any `X`, there is none.
#[inline(always)]
fn word_end(text: &[u8], pos: usize) -> (Option<usize>, usize) {
    let mut at = pos;
    let mut after_last_x = None;
    loop {
        let (class, len) = decode_class(text, at);
        if class & LOWER != 0 {
            return (Some(skip_lower(text, at + len)), at);
        }
        if class & (UPPER | OTHER | MARK) == 0 {
            return (after_last_x, at);
        }
        at += len;
        if class & UPPER == 0 {
            after_last_x = Some(at);
        }
    }
}

/// `(?i:'s|'t|'re|'ve|'m|'ll|'d)?` at `pos`.
#[inline(always)]
fn with_contraction(text: &[u8], pos: usize) -> usize {
    if text.get(pos) == Some(&b'\'') { contraction(text, pos + 1).unwrap_or(pos) } else { pos }
}

/// `[\r\n/]*` at `pos`.
#[inline]
fn newlines_and_slashes(text: &[u8], mut pos: usize) -> usize {
    while matches!(text.get(pos), Some(b'\r' | b'\n' | b'/')) {
        pos += 1;
    }
    pos
}

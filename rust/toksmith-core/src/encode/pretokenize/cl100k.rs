//! The split patterns of cl100k, Llama 3 and Qwen 2, which differ in two details.
//!
//! ```text
//! cl100k   '(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}
//!          | ?[^\s\p{L}\p{N}]+[\r\n]*|\s++$|\s*[\r\n]|\s+(?!\S)|\s
//! Llama 3  has no `\s++$`: white space at the end of the text is cut after its last newline, too
//! Qwen 2   is Llama 3 with `\p{N}` for `\p{N}{1,3}`
//! ```
//!
//! The patterns of tiktoken before 0.8 for cl100k mean the same as Llama 3's.
//!
//! Oracle: fancy-regex, in `tests/pretokenize.rs`.

use super::classes::{
    LETTER, NEWLINE, NUMBER, PUNCTUATION, SPACE, decode_class, skip, skip_letters,
};
use super::parts::{SpaceRun, contraction, digits, newlines};

/// [`next_end`] for cl100k as tiktoken 0.14 splits it.
#[inline]
pub fn cl100k(text: &[u8], pos: usize) -> usize {
    next_end::<3, true>(text, pos)
}

/// [`next_end`] for Llama 3, and cl100k as tokenizer.json files spell it.
#[inline]
pub fn llama3(text: &[u8], pos: usize) -> usize {
    next_end::<3, false>(text, pos)
}

/// [`next_end`] for Qwen 2.
#[inline]
pub fn qwen2(text: &[u8], pos: usize) -> usize {
    next_end::<1, false>(text, pos)
}

/// The end of the pre-token that starts at `pos`. Numbers are cut into groups of `DIGITS`;
/// `WHOLE_TAIL` keeps white space at the end of the text together.
///
/// Requires `pos < text.len()` on a character boundary of valid UTF-8. The pre-tokens of a text
/// cost time linear in it: a run of white space is looked at three times at most, anything else
/// once.
#[inline]
pub fn next_end<const DIGITS: usize, const WHOLE_TAIL: bool>(text: &[u8], pos: usize) -> usize {
    let (class, len) = decode_class(text, pos);
    let next = pos + len;
    if class & LETTER != 0 {
        return skip_letters(text, next);
    }
    if class & NUMBER != 0 {
        return digits(text, next, DIGITS - 1);
    }
    if class & NEWLINE == 0 {
        let (after, after_len) = decode_class(text, next);
        if after & LETTER != 0 {
            if text.get(pos) == Some(&b'\'')
                && let Some(end) = contraction(text, next)
            {
                return end;
            }
            return skip_letters(text, next + after_len);
        }
        if class & SPACE == 0 || text.get(pos) == Some(&b' ') && after & PUNCTUATION != 0 {
            return newlines(text, skip(text, next, PUNCTUATION));
        }
    }
    let run = SpaceRun::at(text, pos);
    if WHOLE_TAIL { run.cut_unless_last(text) } else { run.cut_after_newline(text) }
}

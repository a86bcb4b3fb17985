//! The split pattern of GPT-2, r50k and p50k.
//!
//! ```text
//! '(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
//! ```
//!
//! Oracle: fancy-regex, in `tests/pretokenize.rs`.

use super::classes::{LETTER, NUMBER, PUNCTUATION, SPACE, decode_class, skip, skip_letters};
use super::parts::{SpaceRun, lowercase_contraction};

/// The end of the pre-token that starts at `pos`.
///
/// Requires `pos < text.len()` on a character boundary of valid UTF-8. The pre-tokens of a text
/// cost time linear in it: only a run of white space is looked at twice.
#[inline]
pub fn next_end(text: &[u8], pos: usize) -> usize {
    let (mut class, len) = decode_class(text, pos);
    let mut at = pos + len;
    match text.get(pos) {
        Some(b' ') => {
            let (next, next_len) = decode_class(text, at);
            if next & SPACE == 0 && next != 0 {
                (class, at) = (next, at + next_len);
            }
        }
        Some(b'\'') => {
            if let Some(end) = lowercase_contraction(text, at) {
                return end;
            }
        }
        _ => {}
    }
    if class & LETTER != 0 {
        skip_letters(text, at)
    } else if class & SPACE != 0 {
        SpaceRun::at(text, pos).cut(text)
    } else if class & NUMBER != 0 {
        skip(text, at, NUMBER)
    } else {
        skip(text, at, PUNCTUATION)
    }
}

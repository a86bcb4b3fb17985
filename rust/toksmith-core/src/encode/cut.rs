//! Places where a text can be cut without changing a single id.
//!
//! A cut must be a pre-token boundary whatever lies around it, and both halves must be cut
//! further as they would be in the whole. Two kinds of place are such for every hand-written
//! scanner: before the space in `a b` with lower-case ASCII letters (a letter ends no sooner,
//! a space joins nothing to its left), and after a newline that ends a run of white space.
//! Where pre-tokens are joined afterwards, only the second holds: no join passes a line break.

use super::pretokenize::Scanner;
use memchr::{memchr, memchr2};

/// Which places are safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cuts {
    /// Both.
    Words,
    /// After a newline.
    Lines,
}

/// The first safe cut at or after `from`, for texts that `scanner` cuts. O(distance).
pub(crate) fn safe_cut(scanner: &Scanner, text: &[u8], from: usize, cuts: Cuts) -> Option<usize> {
    let mut at = from.max(2);
    loop {
        at += match cuts {
            Cuts::Words => memchr2(b' ', b'\n', text.get(at..)?)?,
            Cuts::Lines => memchr(b'\n', text.get(at..)?)?,
        };
        let (&before, &here, &after) = (text.get(at - 1)?, text.get(at)?, text.get(at + 1)?);
        if here == b' ' && before.is_ascii_lowercase() && after.is_ascii_lowercase() {
            return Some(at);
        }
        // Leads 0xC2 and 0xE1..=0xE3 begin the characters beyond ASCII that are white space;
        // a slash joins the newlines before it in one pattern.
        let starts_word = after.is_ascii_alphanumeric() || matches!(after, 0xC3..=0xE0 | 0xE4..);
        // After two white-space characters the GPT-2 pattern cuts differently at a text's end.
        if here == b'\n'
            && starts_word
            && (before.is_ascii_graphic() || !matches!(scanner, Scanner::Gpt2))
        {
            return Some(at + 1);
        }
        at += 1;
    }
}

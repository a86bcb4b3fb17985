//! `Lowercase`: each character by its own, so a final sigma is a sigma like any other.
//!
//! The small letters are those of Unicode 17.0, as in the standard library that tokenizers 0.23.3
//! was built with; they are pinned here, so that a newer compiler changes no id. Linear.

use std::borrow::Cow;

use super::flags::{self, CAPITAL};
use super::flags_table::SMALL;
use super::passes;
use super::rewrite::rootless;
use crate::encode::draft::Draft;
use crate::error::Result;

/// The small letter of a character: itself if it has none.
///
/// U+0130 (I with a dot above) has two: [`DOT`] follows what this gives.
pub(super) fn small(c: char) -> char {
    if c == DOTTED {
        return 'i';
    }
    let run = SMALL.get(SMALL.partition_point(|&(_, last, ..)| last < c));
    run.filter(|&&(first, _, step, _)| first <= c && (c as u32 - first as u32).is_multiple_of(step))
        .and_then(|&(.., add)| char::from_u32((c as u32).wrapping_add_signed(add)))
        .unwrap_or(c)
}

/// The character with two small letters.
const DOTTED: char = '\u{130}';
/// The second of them.
const DOT: char = '\u{307}';

/// Appends the small letters of a character that has [`CAPITAL`], or of any other.
pub(super) fn push_small(out: &mut String, c: char) {
    out.push(small(c));
    if c == DOTTED {
        out.push(DOT);
    }
}

/// Appends ASCII text in small letters.
pub(super) fn push_small_ascii(out: &mut String, text: &str) {
    let start = out.len();
    out.push_str(text);
    if let Some(new) = out.get_mut(start..) {
        new.make_ascii_lowercase();
    }
}

/// The text alone.
pub(super) fn text(text: &str) -> Cow<'_, str> {
    let mut pos = flags::skip(text, 0, CAPITAL);
    if pos == text.len() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    out.push_str(&text[..pos]);
    while pos < text.len() {
        let ascii = flags::skip_ascii(text, pos, 0);
        push_small_ascii(&mut out, &text[pos..ascii]);
        pos = flags::skip(text, ascii, CAPITAL);
        out.push_str(&text[ascii..pos]);
        if let Some(c) = text[pos..].chars().next() {
            push_small(&mut out, c);
            pos += c.len_utf8();
        }
    }
    Cow::Owned(out)
}

/// Text and origin.
pub(super) fn tracked(draft: &mut Draft) -> Result<()> {
    if rootless(draft) == 0 && draft.text.is_ascii() {
        draft.text.make_ascii_lowercase();
        return Ok(());
    }
    if !draft.text.contains(DOTTED) {
        return passes::exchange(draft, CAPITAL, small);
    }
    passes::rewrite_met(draft, CAPITAL, |c, new| {
        new.replace(small(c))?;
        if c == DOTTED {
            new.add(DOT);
        }
        Ok(())
    })
}

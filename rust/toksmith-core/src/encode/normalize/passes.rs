//! Removing characters, exchanging some for others, rewriting some: what most normalizers are.
//!
//! All are told by flags which characters they may change, and leave runs of others whole.
//! Linear.

use std::borrow::Cow;

use super::flags;
use super::rewrite::{Rewrite, rewrite, rootless};
use crate::encode::draft::Draft;
use crate::error::Result;

/// The text alone, each character that has a flag of `mask` made another one, or nothing.
pub(super) fn text(text: &str, mask: u16, change: impl Fn(char) -> Option<char>) -> Cow<'_, str> {
    let mut pos = flags::skip(text, 0, mask);
    if pos == text.len() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    out.push_str(&text[..pos]);
    while let Some(c) = text[pos..].chars().next() {
        out.extend(change(c));
        let start = pos + c.len_utf8();
        pos = flags::skip(text, start, mask);
        out.push_str(&text[start..pos]);
    }
    Cow::Owned(out)
}

/// Text and origin, without the characters that have a flag of `mask` and are `gone`.
pub(super) fn remove(draft: &mut Draft, mask: u16, gone: impl Fn(char) -> bool) -> Result<()> {
    if rootless(draft) == 0 && all(&draft.text, mask, |c| !gone(c)) {
        return Ok(());
    }
    rewrite_met(draft, mask, |c, new| {
        if gone(c) {
            new.pass(1);
            return Ok(());
        }
        new.replace(c)
    })
}

/// Text and origin, each character that has a flag of `mask` exchanged.
pub(super) fn exchange(draft: &mut Draft, mask: u16, other: impl Fn(char) -> char) -> Result<()> {
    if nothing_to_do(draft, mask) {
        return Ok(());
    }
    let same_length = |c| other(c).len_utf8() == char::len_utf8(c);
    if rootless(draft) == 0 && all(&draft.text, mask, same_length) {
        // Origins stay as they are.
        draft.text = text(&draft.text, mask, |c| Some(other(c))).into_owned();
        return Ok(());
    }
    rewrite_met(draft, mask, |c, new| new.replace(other(c)))
}

/// Text and origin, each character that has a flag of `mask` rewritten by `write`.
pub(super) fn rewrite_met(
    draft: &mut Draft,
    mask: u16,
    write: impl Fn(char, &mut Rewrite<'_>) -> Result<()>,
) -> Result<()> {
    rewrite(draft, |text, new| {
        let mut pos = 0;
        loop {
            let start = pos;
            pos = flags::skip(text, pos, mask);
            new.keep(start, pos)?;
            let Some(c) = text[pos..].chars().next() else { return Ok(()) };
            write(c, new)?;
            pos += c.len_utf8();
        }
    })
}

/// Whether all characters that have a flag of `mask` are `such`.
fn all(text: &str, mask: u16, such: impl Fn(char) -> bool) -> bool {
    let mut pos = 0;
    loop {
        pos = flags::skip(text, pos, mask);
        match text[pos..].chars().next() {
            None => return true,
            Some(c) if !such(c) => return false,
            Some(c) => pos += c.len_utf8(),
        }
    }
}

/// Whether no character has a flag of `mask`, so that origins stay as they are.
pub(super) fn nothing_to_do(draft: &Draft, mask: u16) -> bool {
    rootless(draft) == 0 && flags::skip(&draft.text, 0, mask) == draft.text.len()
}

//! Rewriting a draft character by character, with the origin of each byte.
//!
//! A new character either *replaces* the next old one and takes its origin, or is *added* and
//! takes the origin of the old character before. Old characters can also be passed over. That is
//! how tokenizers 0.23.3 keeps its alignments, and every span depends on it, so its two oddities
//! are kept:
//!
//! - What is added before the first character comes from nowhere: from the empty range at 0.
//!   Text at the beginning that comes from nowhere is left standing by the next rewriting, which
//!   yet writes its characters again; in most cases it then runs out of old characters. Where
//!   tokenizers panics, this is [`Error::Input`].
//! - Nothing says which new character belongs to which old one: they are counted. A normalizer
//!   that forgets to pass over an old character shifts the origin of all that follow.
//!
//! Start at [`rewrite`]. Oracle: `naive.rs`. Linear.

use crate::encode::draft::{Draft, Origin, character_at};
use crate::error::{Error, Result};
use crate::token::Span;

/// A draft being rewritten.
pub(super) struct Rewrite<'d> {
    old: &'d str,
    origin: &'d Origin,
    /// Where the next old character begins.
    at: usize,
    text: String,
    map: Vec<(u32, u32)>,
}

/// How many bytes at the beginning of a draft come from nowhere.
pub(super) fn rootless(draft: &Draft) -> usize {
    match &draft.origin {
        Origin::Same => 0,
        Origin::Map(map) => map.iter().take_while(|(start, end)| start == end).count(),
    }
}

/// Replaces the text of a draft by what `write`, given the old one, writes.
pub(super) fn rewrite(
    draft: &mut Draft,
    write: impl FnOnce(&str, &mut Rewrite<'_>) -> Result<()>,
) -> Result<()> {
    let standing = rootless(draft);
    run(draft, standing, write)
}

/// [`rewrite`] that leaves nothing standing.
pub(super) fn rewrite_all(
    draft: &mut Draft,
    write: impl FnOnce(&str, &mut Rewrite<'_>) -> Result<()>,
) -> Result<()> {
    run(draft, 0, write)
}

fn run(
    draft: &mut Draft,
    standing: usize,
    write: impl FnOnce(&str, &mut Rewrite<'_>) -> Result<()>,
) -> Result<()> {
    let length = draft.text.len();
    let mut new = Rewrite {
        old: &draft.text,
        origin: &draft.origin,
        at: 0,
        text: String::with_capacity(length),
        map: Vec::with_capacity(length),
    };
    new.keep(0, standing)?;
    write(&draft.text, &mut new)?;
    let Rewrite { text, map, .. } = new;
    draft.text = text;
    draft.origin = Origin::Map(map);
    Ok(())
}

impl Rewrite<'_> {
    /// A character in place of the next old one.
    pub(super) fn replace(&mut self, c: char) -> Result<()> {
        let Some(origin) = self.origin_at(self.at) else { return Err(exhausted()) };
        self.pass(1);
        self.push(c, origin);
        Ok(())
    }

    /// A character more.
    pub(super) fn add(&mut self, c: char) {
        let origin = self.at.checked_sub(1).and_then(|before| self.origin_at(before));
        self.push(c, origin.unwrap_or((0, 0)));
    }

    /// Passes over so many old characters, or as many as there are.
    pub(super) fn pass(&mut self, characters: usize) {
        let rest = self.old.get(self.at..).unwrap_or_default();
        self.at += rest.chars().take(characters).map(char::len_utf8).sum::<usize>();
    }

    /// Goes to a position in the old text.
    pub(super) fn go_to(&mut self, at: usize) {
        self.at = at;
    }

    /// Writes what is between two positions of the old text again, each character replacing one.
    pub(super) fn keep(&mut self, start: usize, end: usize) -> Result<()> {
        let kept = self.old.get(start..end).unwrap_or_default();
        if start != self.at {
            return kept.chars().try_for_each(|c| self.replace(c));
        }
        match self.origin {
            Origin::Map(map) => {
                self.text.push_str(kept);
                self.map.extend_from_slice(map.get(start..end).unwrap_or_default());
            }
            Origin::Same => {
                self.text.push_str(kept);
                let mut at = start as u32;
                self.map.reserve(kept.len());
                for c in kept.chars() {
                    let next = at + c.len_utf8() as u32;
                    repeat(&mut self.map, (at, next), c);
                    at = next;
                }
            }
        }
        self.at = end;
        Ok(())
    }

    /// What a change of a character means in tokenizers: positive, it is added; else it replaces
    /// one, and as many more are passed over.
    pub(super) fn write(&mut self, c: char, change: isize) -> Result<()> {
        if change > 0 {
            self.add(c);
        } else {
            self.replace(c)?;
            self.pass(change.unsigned_abs());
        }
        Ok(())
    }

    /// Length of the new text.
    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    fn push(&mut self, c: char, origin: (u32, u32)) {
        self.text.push(c);
        repeat(&mut self.map, origin, c);
    }

    /// Where the old byte at `at` came from.
    fn origin_at(&self, at: usize) -> Option<(u32, u32)> {
        match self.origin {
            Origin::Map(map) => map.get(at).copied(),
            Origin::Same if at >= self.old.len() => None,
            Origin::Same => {
                let Span { start, end } = character_at(self.old, at);
                Some((start as u32, end as u32))
            }
        }
    }
}

/// Appends the origin of a character, once a byte.
#[inline]
fn repeat(map: &mut Vec<(u32, u32)>, origin: (u32, u32), c: char) {
    // Known lengths, so that none of these is a call.
    match c.len_utf8() {
        1 => map.push(origin),
        2 => map.extend([origin; 2]),
        3 => map.extend([origin; 3]),
        _ => map.extend([origin; 4]),
    }
}

/// The error where tokenizers panics.
fn exhausted() -> Error {
    Error::Input {
        why: "a normalizer added something before the first character, and the next one has \
              fewer characters to replace than it writes (tokenizers 0.23.3 fails here too)"
            .into(),
    }
}

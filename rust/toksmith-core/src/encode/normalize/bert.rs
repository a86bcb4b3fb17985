//! `BertNormalizer`: cleaning, spaces around Chinese characters, accents, small letters.
//!
//! These are five passes one after the other. With origins they run like that, each over what it
//! changes; the text alone is written in one pass. Decomposed marks would have to be sorted, but
//! non-spacing marks go away, and those few that stay ([`Pending`]) keep their order among
//! themselves, for sorting is stable. Linear but for sorting these.

use std::borrow::Cow;

use unicode_normalization_alignments::char::{canonical_combining_class, decompose_canonical};

use super::flags::{self, CAPITAL, CHINESE, DROPPED, NFD, NONSPACING, SPACE};
use super::forms::Form;
use super::{lowercase, passes};
use crate::encode::draft::Draft;
use crate::error::Result;

/// The settings, as flags of the characters that are changed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bert {
    mask: u16,
}

/// Marks that stay though accents go, with their combining classes.
type Pending = Vec<(u8, char)>;

impl Bert {
    /// `accents: None` is as `small`.
    pub(super) fn new(clean: bool, chinese: bool, accents: Option<bool>, small: bool) -> Self {
        let accents = accents.unwrap_or(small);
        let mask = [
            (clean, DROPPED | SPACE),
            (chinese, CHINESE),
            (accents, NFD | NONSPACING),
            (small, CAPITAL),
        ]
        .into_iter()
        .filter_map(|(set, mask)| set.then_some(mask))
        .sum();
        Self { mask }
    }

    fn has(self, flag: u16) -> bool {
        self.mask & flag != 0
    }

    /// The text alone.
    pub(super) fn text(self, text: &str) -> Cow<'_, str> {
        let mut pos = flags::skip(text, 0, self.mask);
        if pos == text.len() {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len() + text.len() / 8);
        let mut pending = Pending::new();
        out.push_str(&text[..pos]);
        while pos < text.len() {
            let start = pos;
            pos = flags::skip_ascii(text, pos, self.mask & !CAPITAL);
            if start < pos {
                self.flush(&mut pending, &mut out);
                if self.has(CAPITAL) {
                    lowercase::push_small_ascii(&mut out, &text[start..pos]);
                } else {
                    out.push_str(&text[start..pos]);
                }
            }
            let start = pos;
            pos = flags::skip(text, pos, self.mask);
            if start < pos {
                self.flush(&mut pending, &mut out);
                out.push_str(&text[start..pos]);
            }
            if let Some(c) = text[pos..].chars().next() {
                self.push(c, &mut pending, &mut out);
                pos += c.len_utf8();
            }
        }
        self.flush(&mut pending, &mut out);
        Cow::Owned(out)
    }

    /// Appends what becomes of a character.
    fn push(self, c: char, pending: &mut Pending, out: &mut String) {
        let met = flags::of(c) & self.mask;
        if met & DROPPED != 0 {
            return;
        }
        if met & (SPACE | CHINESE) == 0 {
            return self.push_letter(c, pending, out);
        }
        self.flush(pending, out);
        out.push(' ');
        if met & SPACE == 0 {
            self.push_letter(c, pending, out);
            self.flush(pending, out);
            out.push(' ');
        }
    }

    /// Appends a character without its accents, in small letters.
    fn push_letter(self, c: char, pending: &mut Pending, out: &mut String) {
        if !self.has(NFD) {
            return self.push_small(c, out);
        }
        decompose_canonical(c, |part| {
            let accent = flags::of(part) & NONSPACING != 0;
            if accent && pending.is_empty() {
                return;
            }
            match canonical_combining_class(part) {
                // An accent of class 0 is not sorted, nor are marks past it.
                0 => {
                    self.flush(pending, out);
                    if !accent {
                        self.push_small(part, out);
                    }
                }
                _ if accent => {}
                class => pending.push((class, part)),
            }
        });
    }

    fn push_small(self, c: char, out: &mut String) {
        if self.has(CAPITAL) { lowercase::push_small(out, c) } else { out.push(c) }
    }

    fn flush(self, pending: &mut Pending, out: &mut String) {
        pending.sort_by_key(|&(class, _)| class);
        pending.drain(..).for_each(|(_, mark)| self.push_small(mark, out));
    }

    /// Text and origin.
    pub(super) fn tracked(self, draft: &mut Draft) -> Result<()> {
        if self.has(DROPPED) {
            passes::remove(draft, DROPPED, |_| true)?;
            passes::exchange(draft, SPACE, |_| ' ')?;
        }
        if self.has(CHINESE) {
            space_chinese(draft)?;
        }
        if self.has(NFD) {
            Form::Nfd.tracked(draft)?;
            passes::remove(draft, NONSPACING, |_| true)?;
        }
        if self.has(CAPITAL) { lowercase::tracked(draft) } else { Ok(()) }
    }
}

/// Puts spaces around Chinese characters; all three have the character's origin.
fn space_chinese(draft: &mut Draft) -> Result<()> {
    if passes::nothing_to_do(draft, CHINESE) {
        return Ok(());
    }
    passes::rewrite_met(draft, CHINESE, |c, new| {
        new.replace(' ')?;
        new.add(c);
        new.add(' ');
        Ok(())
    })
}

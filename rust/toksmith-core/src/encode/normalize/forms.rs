//! Unicode's normal forms, in the version of tokenizers 0.23.3: that of Unicode 9.0.
//!
//! Most text is in normal form already. A character that is unchanged by a form, has combining
//! class 0 and never joins the one before it ends every interaction; so the text falls into runs
//! of such characters, copied whole, and short sections between them, which go through the
//! crate's iterators. Those sort each run of marks, so the worst case is n log n.

use std::borrow::Cow;

use unicode_normalization_alignments::UnicodeNormalization;

use super::flags::{self, NFC, NFD, NFKC, NFKD};
use super::passes::nothing_to_do;
use super::rewrite::rewrite;
use crate::encode::draft::Draft;
use crate::error::Result;

/// A normal form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Canonical composition.
    Nfc,
    /// Canonical decomposition.
    Nfd,
    /// Compatibility composition.
    Nfkc,
    /// Compatibility decomposition.
    Nfkd,
}

impl Form {
    fn mask(self) -> u16 {
        match self {
            Self::Nfc => NFC,
            Self::Nfd => NFD,
            Self::Nfkc => NFKC,
            Self::Nfkd => NFKD,
        }
    }

    /// Gives the characters of a section in this form, with their changes (see
    /// [`Rewrite::write`](super::rewrite::Rewrite::write)).
    fn each(self, section: &str, mut give: impl FnMut(char, isize) -> Result<()>) -> Result<()> {
        match self {
            Self::Nfc => section.nfc().try_for_each(|(c, change)| give(c, change)),
            Self::Nfd => section.nfd().try_for_each(|(c, change)| give(c, change)),
            Self::Nfkc => section.nfkc().try_for_each(|(c, change)| give(c, change)),
            Self::Nfkd => section.nfkd().try_for_each(|(c, change)| give(c, change)),
        }
    }

    /// The first section at `pos` or later that may change, and an empty one at the end if there
    /// is none. `pos` is 0 or the end of another section.
    fn section(self, text: &str, pos: usize) -> (usize, usize) {
        let first = flags::skip(text, pos, self.mask());
        let mut end = first;
        loop {
            let (flags, len) = flags::at(text.as_bytes(), end);
            if flags & self.mask() == 0 {
                break;
            }
            end += len;
        }
        let composes = matches!(self, Self::Nfc | Self::Nfkc) && first < end;
        let before = text[pos..first].chars().next_back().filter(|_| composes);
        (first - before.map_or(0, char::len_utf8), end)
    }

    /// The text alone.
    pub(super) fn text(self, text: &str) -> Result<Cow<'_, str>> {
        let mut out = String::new();
        let (mut copied, mut pos) = (0, 0);
        let mut form = String::new();
        while pos < text.len() {
            let (start, end) = self.section(text, pos);
            let section = &text[start..end];
            form.clear();
            self.each(section, |c, _| {
                form.push(c);
                Ok(())
            })?;
            if form != section {
                out.reserve(text.len() - copied);
                out.push_str(&text[copied..start]);
                out.push_str(&form);
                copied = end;
            }
            pos = end;
        }
        if copied == 0 {
            return Ok(Cow::Borrowed(text));
        }
        out.push_str(&text[copied..]);
        Ok(Cow::Owned(out))
    }

    /// Text and origin.
    pub(super) fn tracked(self, draft: &mut Draft) -> Result<()> {
        if nothing_to_do(draft, self.mask()) {
            return Ok(());
        }
        rewrite(draft, |text, new| {
            let mut pos = 0;
            while pos < text.len() {
                let (start, end) = self.section(text, pos);
                new.keep(pos, start)?;
                self.each(&text[start..end], |c, change| new.write(c, change))?;
                pos = end;
            }
            Ok(())
        })
    }
}

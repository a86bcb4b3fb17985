//! `Nmt`: some control characters go, other signs of white space become a space.

use std::borrow::Cow;

use super::flags::NMT;
use super::passes;
use crate::encode::draft::Draft;
use crate::error::Result;

/// What becomes of a character that has the flag.
fn change(c: char) -> Option<char> {
    if is_removed(c) { None } else { Some(' ') }
}

fn is_removed(c: char) -> bool {
    matches!(c, '\x01'..='\x08' | '\x0B' | '\x0E'..='\x1F' | '\x7F' | '\u{8F}' | '\u{9F}')
}

/// The text alone.
pub(super) fn text(text: &str) -> Cow<'_, str> {
    passes::text(text, NMT, change)
}

/// Text and origin.
pub(super) fn tracked(draft: &mut Draft) -> Result<()> {
    passes::remove(draft, NMT, is_removed)?;
    passes::exchange(draft, NMT, |_| ' ')
}

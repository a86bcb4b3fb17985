//! `Strip`: white space at the ends goes. `StripAccents`: combining marks go, wherever they are.

use std::borrow::Cow;

use super::flags::MARK;
use super::passes;
use super::rewrite::rewrite;
use crate::encode::draft::Draft;
use crate::error::Result;

/// The text without white space at its ends.
pub(super) fn ends(text: &str, left: bool, right: bool) -> &str {
    let text = if left { text.trim_start() } else { text };
    if right { text.trim_end() } else { text }
}

/// [`ends`] with origin.
pub(super) fn ends_tracked(draft: &mut Draft, left: bool, right: bool) -> Result<()> {
    let kept = ends(&draft.text, left, right).len();
    if kept == draft.text.len() {
        return Ok(());
    }
    rewrite(draft, |text, new| {
        if kept == 0 {
            return Ok(());
        }
        let space = if left { &text[..text.len() - text.trim_start().len()] } else { "" };
        new.pass(space.chars().count());
        new.keep(space.len(), space.len() + kept)
    })
}

/// The text without combining marks.
pub(super) fn accents(text: &str) -> Cow<'_, str> {
    passes::text(text, MARK, |_| None)
}

/// [`accents`] with origin.
pub(super) fn accents_tracked(draft: &mut Draft) -> Result<()> {
    passes::remove(draft, MARK, |_| true)
}

//! Writing a text anew, piece by piece, with the origin of each byte.
//!
//! The new text holds the pieces alone, without what earlier stages dropped between them. All
//! bytes of a character have one origin; what a character becomes keeps it, and what is put in
//! front of a piece has that of the piece's first character.

use crate::encode::draft::{Draft, Origin};
use crate::error::{Error, Result};
use crate::token::Span;

/// A range of the text as given.
pub(super) type Source = (u32, u32);

/// What a draft was before a stage rewrites it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Before<'a> {
    pub(super) text: &'a str,
    origin: &'a Origin,
    base: usize,
}

impl<'a> Before<'a> {
    /// The origin of the character that begins at byte `at`.
    pub(super) fn origin_at(&self, at: usize) -> Source {
        match self.origin {
            Origin::Same => {
                let c = self.text.get(at..).and_then(|rest| rest.chars().next());
                (at as u32, (at + c.map_or(0, char::len_utf8)) as u32)
            }
            Origin::Map(map) => map.get(at).copied().unwrap_or_default(),
        }
    }

    /// Whether the character at byte `at` came from the very beginning of the whole text.
    pub(super) fn begins_text(&self, at: usize) -> bool {
        self.base == 0 && self.origin_at(at).0 == 0
    }

    /// The text of a piece.
    pub(super) fn piece(&self, piece: Span) -> &'a str {
        self.text.get(piece.start..piece.end).unwrap_or_default()
    }
}

/// What a draft becomes.
#[derive(Debug)]
pub(super) struct After {
    pub(super) text: String,
    /// Not kept if nobody asks for origins.
    origins: Option<Vec<Source>>,
    pieces: Vec<Span>,
    /// Where the piece being written begins.
    start: usize,
}

impl After {
    /// Appends a character that came from `source`.
    #[inline]
    pub(super) fn put(&mut self, c: char, source: impl FnOnce() -> Source) {
        self.text.push(c);
        if let Some(origins) = &mut self.origins {
            origins.resize(self.text.len(), source());
        }
    }

    /// Appends a part of the text as it was.
    pub(super) fn copy(&mut self, before: Before<'_>, part: Span) {
        let text = before.piece(part);
        self.text.push_str(text);
        let Some(origins) = &mut self.origins else { return };
        match before.origin {
            Origin::Map(map) => {
                origins.extend_from_slice(map.get(part.start..part.end).unwrap_or_default());
            }
            Origin::Same => {
                let mut end = part.start;
                for c in text.chars() {
                    let start = end;
                    end += c.len_utf8();
                    origins.resize(origins.len() + c.len_utf8(), (start as u32, end as u32));
                }
            }
        }
    }

    /// What was appended since the last call is a piece, if it is not empty.
    #[inline]
    pub(super) fn end_piece(&mut self) {
        let end = self.text.len();
        if self.start < end {
            self.pieces.push(Span { start: self.start, end });
        }
        self.start = end;
    }
}

/// Replaces text, origins and pieces of a draft by what `write` makes of each piece.
///
/// Without `track` there are no origins afterwards: [`Origin::Same`] stands for nothing.
///
/// # Errors
///
/// [`Error::Input`] if the text is too long for its origins.
pub(super) fn rewrite(
    draft: &mut Draft,
    track: bool,
    mut write: impl FnMut(Before<'_>, Span, &mut After),
) -> Result<()> {
    if track && u32::try_from(draft.given).is_err() {
        return Err(Error::Input {
            why: format!("a text of {} bytes is too long to find tokens in it again", draft.given),
        });
    }
    let before = Before { text: &draft.text, origin: &draft.origin, base: draft.base };
    let capacity = draft.text.len() + draft.text.len() / 2;
    let mut after = After {
        text: String::with_capacity(capacity),
        origins: track.then(|| Vec::with_capacity(capacity)),
        pieces: Vec::with_capacity(draft.pieces.len()),
        start: 0,
    };
    for &piece in &draft.pieces {
        if piece.start < piece.end {
            write(before, piece, &mut after);
            after.end_piece();
        }
    }
    draft.origin = after.origins.map_or(Origin::Same, Origin::Map);
    draft.text = after.text;
    draft.pieces = after.pieces;
    Ok(())
}

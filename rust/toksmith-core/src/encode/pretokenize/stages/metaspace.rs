//! `Metaspace`: a sign for each space, and perhaps one in front; cut before each sign.

use memchr::memchr2_iter;

use super::rewrite::{After, Before, rewrite};
use crate::encode::draft::Draft;
use crate::error::Result;
use crate::formats::pipeline::PrependScheme;
use crate::token::Span;

/// The stage with its settings.
#[derive(Debug)]
pub(super) struct Metaspace {
    pub(super) replacement: char,
    pub(super) prepend_scheme: PrependScheme,
    pub(super) split: bool,
}

impl Metaspace {
    pub(super) fn run(&self, draft: &mut Draft, track: bool) -> Result<()> {
        rewrite(draft, track, |before, piece, after| self.write(before, piece, after))
    }

    /// Linear: bytes that can begin a space or a sign are searched, and looked at once.
    fn write(&self, before: Before<'_>, piece: Span, after: &mut After) {
        let text = before.piece(piece);
        let sign = self.replacement;
        let prepend = match self.prepend_scheme {
            PrependScheme::Always => true,
            PrependScheme::First => before.begins_text(piece.start),
            PrependScheme::Never => false,
        };
        if prepend && !text.starts_with([' ', sign]) {
            after.put(sign, || before.origin_at(piece.start));
        }
        let mut first_byte = [0; 4];
        sign.encode_utf8(&mut first_byte);
        let mut copied = 0;
        for at in memchr2_iter(b' ', first_byte[0], text.as_bytes()) {
            let len = match text.get(at..).and_then(|rest| rest.chars().next()) {
                Some(' ') => 1,
                Some(c) if c == sign => sign.len_utf8(),
                _ => continue,
            };
            after.copy(before, Span { start: piece.start + copied, end: piece.start + at });
            if self.split {
                after.end_piece();
            }
            after.put(sign, || before.origin_at(piece.start + at));
            copied = at + len;
        }
        after.copy(before, Span { start: piece.start + copied, end: piece.end });
    }
}

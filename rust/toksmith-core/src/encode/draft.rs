//! A stretch of text on its way through a pipeline, and where each of its bytes came from.
//!
//! Normalizers rewrite the text, pre-tokenizers cut it into pieces and may rewrite these;
//! models read the pieces. The origin of a byte is a range of bytes of the stretch as it was
//! given: tokenizers 0.23.3 calls it an alignment, and spans are equal to its offsets.

use crate::token::Span;

/// Where the bytes of a text came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Nothing has been changed yet: a byte stands for its character.
    Same,
    /// Byte `i` stands for this range of the text as given. All bytes of a character stand for
    /// the same, and neither starts nor ends ever decrease.
    Map(Vec<(u32, u32)>),
}

/// A stretch of text on its way through a pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Draft {
    /// The text as it is by now.
    pub(crate) text: String,
    /// Where its bytes came from.
    pub(crate) origin: Origin,
    /// Length of the text as given.
    pub(crate) given: usize,
    /// Where the stretch begins in the whole text, in bytes.
    pub(crate) base: usize,
    /// The pieces, in order, as ranges of `text`.
    pub(crate) pieces: Vec<Span>,
}

impl Draft {
    /// A text as given: one piece, nothing changed.
    pub(crate) fn new(text: &str, base: usize) -> Self {
        Self {
            text: text.to_owned(),
            origin: Origin::Same,
            given: text.len(),
            base,
            pieces: vec![Span { start: 0, end: text.len() }],
        }
    }

    /// Begins anew with another text, which stands at the same place.
    pub(crate) fn set(&mut self, text: &str) {
        self.text.clear();
        self.text.push_str(text);
        self.origin = Origin::Same;
        self.given = text.len();
        self.pieces.clear();
        self.pieces.push(Span { start: 0, end: text.len() });
    }

    /// The range of the text as given that a range of `text` stands for: from the start of what
    /// its first byte stands for to the end of what its last byte does.
    ///
    /// As in tokenizers 0.23.3, an empty range gives itself, and so does one that is not inside
    /// the text. Not shifted by `base`.
    pub(crate) fn given_range(&self, range: Span) -> Span {
        let Span { start, end } = range;
        if start >= end || end > self.text.len() {
            return range;
        }
        match &self.origin {
            Origin::Same => Span {
                start: character_at(&self.text, start).start,
                end: character_at(&self.text, end - 1).end,
            },
            Origin::Map(map) => match (map.get(start), map.get(end - 1)) {
                (Some(first), Some(last)) => Span { start: first.0 as usize, end: last.1 as usize },
                _ => range,
            },
        }
    }

    /// Where the byte at a place came from; the end of the text as given for the place behind the
    /// last.
    pub(crate) fn given_place(&self, at: usize) -> usize {
        match &self.origin {
            Origin::Same => at,
            Origin::Map(map) => map
                .get(at)
                .map(|range| range.0)
                .or_else(|| map.last().map(|range| range.1))
                .map_or(self.given, |place| place as usize),
        }
    }

    /// A part of the text by itself, as one piece.
    pub(crate) fn part(&self, Span { start, end }: Span) -> Self {
        let text = self.text.get(start..end).unwrap_or_default().to_owned();
        let (origin, base, given) = match &self.origin {
            Origin::Same => (Origin::Same, self.base + start, text.len()),
            Origin::Map(map) => {
                let part = map.get(start..end).unwrap_or_default().to_vec();
                (Origin::Map(part), self.base, self.given)
            }
        };
        let pieces = vec![Span { start: 0, end: text.len() }];
        Self { text, origin, given, base, pieces }
    }
}

/// The character that the byte at `at` is part of; empty at the end of the text.
pub(crate) fn character_at(text: &str, at: usize) -> Span {
    let start = (0..=at).rev().find(|&start| text.is_char_boundary(start)).unwrap_or(0);
    let character = text.get(start..).and_then(|rest| rest.chars().next());
    Span { start, end: start + character.map_or(0, char::len_utf8) }
}

//! What people count: characters, graphemes, words.

use unicode_segmentation::UnicodeSegmentation;

use super::in_word;
use crate::token::Span;

/// The unit of an item. White space is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A Unicode scalar value.
    Char,
    /// An extended grapheme cluster, UAX 29.
    Grapheme,
    /// What UAX 29 keeps together and holds a letter or a number.
    Word,
}

impl Unit {
    /// The unit of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "char" => Some(Self::Char),
            "grapheme" => Some(Self::Grapheme),
            "word" => Some(Self::Word),
            _ => None,
        }
    }
}

/// The items of a text, in order. O(n).
pub fn units(text: &str, unit: Unit) -> Vec<Span> {
    let seen = |item: &str| !item.chars().all(char::is_whitespace);
    match unit {
        Unit::Char => text
            .char_indices()
            .filter(|(_, c)| !c.is_whitespace())
            .map(|(start, c)| Span { start, end: start + c.len_utf8() })
            .collect(),
        Unit::Grapheme => spans(text.grapheme_indices(true), seen),
        Unit::Word => spans(text.split_word_bound_indices(), |item| item.chars().any(in_word)),
    }
}

fn spans<'t>(
    pieces: impl Iterator<Item = (usize, &'t str)>,
    is_item: impl Fn(&str) -> bool,
) -> Vec<Span> {
    pieces
        .filter(|(_, piece)| is_item(piece))
        .map(|(start, piece)| Span { start, end: start + piece.len() })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Unit, units};

    fn items(text: &str, unit: Unit) -> Vec<&str> {
        units(text, unit).iter().map(|span| &text[span.start..span.end]).collect()
    }

    #[test]
    fn white_space_is_no_item() {
        assert_eq!(items("a e\u{301} \r\n.", Unit::Char), ["a", "e", "\u{301}", "."]);
        assert_eq!(items("a e\u{301} \r\n.", Unit::Grapheme), ["a", "e\u{301}", "."]);
        assert_eq!(items("I can't, 3.5 x\u{308}!", Unit::Word), ["I", "can't", "3.5", "x\u{308}"]);
        assert_eq!(items("", Unit::Word), [""; 0]);
    }
}

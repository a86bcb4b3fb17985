//! From the number of a character to its place: one place in so many is kept.

use super::cuts::{next_char, part};
use crate::token::Span;
use crate::tokenizer::Text;

/// Characters between two places that are kept.
const EVERY: usize = 64;

/// Finds characters by their number.
#[derive(Debug, Clone)]
pub struct CharIndex {
    /// Where characters 0, [`EVERY`], 2 [`EVERY`]... begin.
    places: Vec<usize>,
    chars: usize,
}

impl CharIndex {
    /// Walks over a text once.
    pub fn new(text: Text<'_>) -> Self {
        let (mut places, mut chars, mut base) = (Vec::new(), 0, 0);
        let mut add = |at: usize| {
            if chars % EVERY == 0 {
                places.push(at);
            }
            chars += 1;
        };
        match text {
            Text::Str(text) => text.char_indices().for_each(|(at, _)| add(at)),
            Text::Bytes(bytes) => {
                for chunk in bytes.utf8_chunks() {
                    chunk.valid().char_indices().for_each(|(at, _)| add(base + at));
                    base += chunk.valid().len();
                    if !chunk.invalid().is_empty() {
                        add(base);
                    }
                    base += chunk.invalid().len();
                }
            }
        }
        Self { places, chars }
    }

    /// Number of characters.
    pub fn chars(&self) -> usize {
        self.chars
    }

    /// The byte at which a character of the text begins; for their number, the text's end.
    pub fn byte_of(&self, text: Text<'_>, number: usize) -> Option<usize> {
        let len = text.as_bytes().len();
        if number >= self.chars {
            return (number == self.chars).then_some(len);
        }
        let mut at = *self.places.get(number / EVERY)?;
        if let Some(Text::Str(rest)) = part(text, Span { start: at, end: len }) {
            return rest.char_indices().nth(number % EVERY).map(|(place, _)| at + place);
        }
        for _ in 0..number % EVERY {
            at = next_char(text, at);
        }
        Some(at)
    }
}

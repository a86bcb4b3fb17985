//! Lines of pre-tokens as words to be counted, where pre-tokens are joined later.
//!
//! A line ends behind a pre-token that holds a line break, where joining ends, too
//! (`encode/joined.rs`), and at a gap. It is spelled as its pre-tokens, each behind its length in
//! seven bits a byte, lowest first (LEB128), so that the same bytes cut otherwise are another.

use crate::encode::joined::ends_line;
use crate::encode::visit::Visitor;
use crate::error::{Error, Result};
use crate::train::superword::Units;
use crate::train::words::WordCounts;

/// Puts words together to lines.
pub(super) struct Lines<'a, V> {
    inner: &'a mut V,
    line: Vec<u8>,
}

impl<'a, V: Visitor> Lines<'a, V> {
    pub(super) fn new(inner: &'a mut V) -> Self {
        Self { inner, line: Vec::new() }
    }
}

impl<V: Visitor> Visitor for Lines<'_, V> {
    fn word(&mut self, word: &[u8]) -> Result<()> {
        let mut length = word.len();
        while length > 0x7F {
            self.line.push(length as u8 | 0x80);
            length >>= 7;
        }
        self.line.push(length as u8);
        self.line.extend_from_slice(word);
        if ends_line(word) { self.gap() } else { Ok(()) }
    }

    fn gap(&mut self) -> Result<()> {
        if !self.line.is_empty() {
            self.inner.word(&self.line)?;
            self.line.clear();
        }
        Ok(())
    }
}

/// The pre-tokens of a line, or nothing if it is none.
fn pre_tokens(mut line: &[u8]) -> Option<Vec<&[u8]>> {
    let mut found = Vec::new();
    while !line.is_empty() {
        let (mut length, mut shift) = (0usize, 0);
        loop {
            let (&byte, rest) = line.split_first()?;
            line = rest;
            length |= usize::from(byte & 0x7F).checked_shl(shift)?;
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
        }
        let (word, rest) = line.split_at_checked(length).filter(|(word, _)| !word.is_empty())?;
        found.push(word);
        line = rest;
    }
    Some(found)
}

/// Counted lines as the trainer of joined pre-tokens takes them.
///
/// # Errors
/// [`Error::Input`] if a word is no line.
pub fn units(lines: &WordCounts) -> Result<Units> {
    let mut units = Units::default();
    for (line, count) in lines.iter() {
        let Some(words) = pre_tokens(line) else {
            let why = "the words were not counted as lines of pre-tokens".into();
            return Err(Error::Input { why });
        };
        units.push(words, count);
    }
    Ok(units)
}

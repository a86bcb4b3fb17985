//! Where in an encoding the tokens of each text are.

use std::ops::Range;

/// Ranges of tokens by the number of their text, ascending. None at all means that everything is
/// of one text, number 0.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sequences(Vec<(usize, Range<usize>)>);

impl Sequences {
    /// The texts with their tokens.
    pub fn iter(&self) -> impl Iterator<Item = (usize, Range<usize>)> + '_ {
        self.0.iter().cloned()
    }

    /// Whether nothing is known of texts.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The tokens of a text.
    pub fn get(&self, sequence: usize) -> Option<Range<usize>> {
        let at = self.0.binary_search_by_key(&sequence, |(number, _)| *number).ok()?;
        self.0.get(at).map(|(_, range)| range.clone())
    }

    /// Says where the tokens of a text are; what was said of it before no longer holds.
    pub fn set(&mut self, sequence: usize, range: Range<usize>) {
        match self.0.binary_search_by_key(&sequence, |(number, _)| *number) {
            Ok(at) => self.0[at].1 = range,
            Err(at) => self.0.insert(at, (sequence, range)),
        }
    }

    /// The same places behind `by` other tokens.
    pub(super) fn shifted(&self, by: usize) -> Self {
        Self(
            self.iter().map(|(number, range)| (number, range.start + by..range.end + by)).collect(),
        )
    }
}

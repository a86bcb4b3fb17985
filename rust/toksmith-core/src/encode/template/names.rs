//! Texts of tokens that are other than the vocabulary's.
//!
//! A template and padding name their tokens themselves. An added token that takes white space
//! with it is called by all that it has taken, and what a unigram model does not know by itself.
//! Models see ids, people see names.

use std::ops::Range;
use std::sync::Arc;

/// Ranges of tokens with one name each, ascending.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names(Vec<(Range<usize>, Arc<str>)>);

impl Names {
    /// The name of the token at a position, if it has one of its own.
    pub fn get(&self, at: usize) -> Option<&str> {
        let found = self.0.partition_point(|(range, _)| range.end <= at);
        self.0.get(found).filter(|(range, _)| range.contains(&at)).map(|(_, name)| &**name)
    }

    /// Names a range of tokens behind those named so far.
    pub fn push(&mut self, range: Range<usize>, name: &Arc<str>) {
        if !range.is_empty() {
            self.0.push((range, Arc::clone(name)));
        }
    }

    /// Appends another's names, of tokens `by` further on.
    pub(super) fn append(&mut self, other: &Self, by: usize) {
        let moved = |(range, name): &(Range<usize>, Arc<str>)| {
            (range.start + by..range.end + by, Arc::clone(name))
        };
        self.0.extend(other.0.iter().map(moved));
    }

    /// The names of a range of tokens, counted from its start.
    pub(super) fn slice(&self, part: Range<usize>) -> Self {
        let mut names = Self::default();
        for (range, name) in &self.0 {
            let (start, end) = (range.start.max(part.start), range.end.min(part.end));
            if start < end {
                names.push(start - part.start..end - part.start, name);
            }
        }
        names
    }
}

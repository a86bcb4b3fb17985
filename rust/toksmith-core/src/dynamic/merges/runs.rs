//! Runs of equal tokens, where `x x x` counts as one pair.
//!
//! A run of n tokens holds n / 2 occurrences that do not overlap. Other merges take tokens from a
//! run's ends alone (in its middle both neighbours of a token are its equals), so a run is known by
//! its two ends, each of which knows the other and the length: shortening and joining runs cost
//! O(1), however long they are.

use super::pairs::Pairs;
use super::tokens::Tokens;
use std::collections::HashMap;

/// Runs of two tokens and more, by the first slots of their two end tokens.
#[derive(Debug, Default)]
pub(super) struct Runs {
    /// The other end, and the number of tokens.
    ends: HashMap<u32, (u32, u32)>,
}

impl Runs {
    /// Finds all runs, and counts their pairs anew.
    pub(super) fn new(pairs: &mut Pairs, tokens: &Tokens) -> Self {
        let mut runs = Self::default();
        for number in 0..pairs.all.len() as u32 {
            let pair = pairs.all[number as usize];
            if pair.left != pair.right {
                continue;
            }
            let mut count = 0;
            let places = pairs.places(number);
            for run in places.chunk_by(|&a, &b| tokens.next(a) == b) {
                let (Some(&first), Some(&last)) = (run.first(), run.last()) else { continue };
                let length = run.len() as u32 + 1;
                runs.set(first, tokens.next(last), length);
                count += length / 2;
            }
            pairs.all[number as usize].count = count;
        }
        runs
    }

    fn set(&mut self, first: u32, last: u32, length: u32) {
        if length > 1 {
            self.ends.insert(first, (last, length));
            self.ends.insert(last, (first, length));
        }
    }

    /// The token at one end of its run leaves it; `next` is its neighbour there. How many
    /// occurrences that takes.
    pub(super) fn shorten(&mut self, end: u32, next: u32) -> u32 {
        let Some((other, length)) = self.ends.remove(&end) else { return 0 };
        self.ends.remove(&other);
        if next != other {
            self.set(next, other, length - 1);
        }
        (length + 1) % 2
    }

    /// Two runs, or single tokens, that now follow each other become one. How many occurrences
    /// that makes.
    pub(super) fn join(&mut self, left: u32, right: u32) -> u32 {
        let (first, before) = self.ends.remove(&left).unwrap_or((left, 1));
        let (last, after) = self.ends.remove(&right).unwrap_or((right, 1));
        self.set(first, last, before + after);
        before.midpoint(after) - before / 2 - after / 2
    }

    /// The run that begins at a token is merged away.
    pub(super) fn forget(&mut self, first: u32) {
        if let Some((last, _)) = self.ends.remove(&first) {
            self.ends.remove(&last);
        }
    }
}

//! Tokens across the edges of pre-tokens, such as ` of the`. Two ways:
//!
//! - [`two_stages`]: merges inside pre-tokens up to a number of tokens, then merges in longer units
//!   in which those edges do not count (as in `SuperBPE`, Liu et al. 2025, arXiv:2503.13423).
//! - [`joined`]: one run in which pairs inside pre-tokens compete with pairs of whole pre-tokens
//!   that are a single token each, or were joined before (as in `BoundlessBPE`, Schmidt et al. 2025,
//!   arXiv:2504.00178).
//!
//! The choice of pairs is that of [`bpe`].

use super::bpe::{self, Base, Options, Trained};
use super::words::WordCounts;
use crate::error::{Error, Result};
use crate::watch::Watch;

/// Units of text, each as a sequence of pre-tokens, and how often each was seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Units {
    /// All pre-tokens, one behind the other.
    bytes: Vec<u8>,
    /// Where each pre-token ends in `bytes`.
    pieces: Vec<usize>,
    /// Where each unit ends in `pieces`.
    ends: Vec<usize>,
    counts: Vec<u64>,
}

impl Units {
    /// Number of units.
    pub fn len(&self) -> usize {
        self.counts.len()
    }

    /// Whether there is no unit at all.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// Appends a unit; without pre-tokens or with a count of 0 it is left out.
    pub fn push<P: AsRef<[u8]>>(&mut self, pieces: impl IntoIterator<Item = P>, count: u64) {
        let before = self.pieces.len();
        for piece in pieces {
            let piece = piece.as_ref();
            if count > 0 && !piece.is_empty() {
                self.bytes.extend_from_slice(piece);
                self.pieces.push(self.bytes.len());
            }
        }
        if self.pieces.len() > before {
            self.ends.push(self.pieces.len());
            self.counts.push(count);
        }
    }

    /// The count of a unit.
    pub fn count(&self, unit: usize) -> u64 {
        self.counts.get(unit).copied().unwrap_or(0)
    }

    /// The pre-tokens of a unit.
    pub fn pieces(&self, unit: usize) -> impl Iterator<Item = &[u8]> {
        let first = unit.checked_sub(1).map_or(0, |before| self.ends[before]);
        let end = self.ends.get(unit).copied().unwrap_or(first);
        (first..end).map(|piece| {
            let start = piece.checked_sub(1).map_or(0, |before| self.pieces[before]);
            &self.bytes[start..self.pieces[piece]]
        })
    }

    /// How often each pre-token was seen.
    pub fn words(&self) -> WordCounts {
        (0..self.len())
            .flat_map(|unit| self.pieces(unit).map(move |piece| (piece, self.count(unit))))
            .collect()
    }
}

/// Learns from `words` up to `transition` tokens, then from `units`, which are not cut into words.
///
/// `max_words`: most words that a token of the second stage may hold a piece of. What a word is:
/// what stands between white space, of which `▁` is one where characters are the units. The
/// merges of the first stage, applied to the longer units as encoding would, come first.
///
/// Fails as [`bpe::train`] does, and if `transition` is above the options' `vocab_size`.
pub fn two_stages(
    words: &WordCounts,
    units: &WordCounts,
    transition: usize,
    max_words: Option<usize>,
    options: &Options,
    watch: &Watch<'_>,
) -> Result<Trained> {
    if transition > options.vocab_size {
        return Err(Error::Input {
            why: format!(
                "transition is {transition}, which is above vocab_size, {}",
                options.vocab_size
            ),
        });
    }
    let first = Options { vocab_size: transition, ..options.clone() };
    let mut trained = bpe::train(words, &first, watch)?;
    let merges: Vec<(u32, u32, u32)> =
        trained.merges.iter().map(|merge| (merge.left, merge.right, merge.token)).collect();
    let base = Base { tokens: &trained.tokens, merges: &merges };
    let second = bpe::continued(options);
    let rest = bpe::extend(base, units, &second, max_words, watch)?;
    trained.merges.extend(rest.merges);
    Ok(Trained { tokens: rest.tokens, ..trained })
}

/// Learns from units of pre-tokens; over the edge between two, only whole ones merge.
///
/// `max_words` is that of [`two_stages`]. Fails as [`bpe::train`] does.
pub fn joined(
    units: &Units,
    max_words: Option<usize>,
    options: &Options,
    watch: &Watch<'_>,
) -> Result<Trained> {
    bpe::train_units(units, max_words, options, watch)
}

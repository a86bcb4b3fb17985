//! `unigram`: the pieces, and their probabilities, under which words are most likely.
//!
//! Each piece has a probability, a segmentation that of its pieces multiplied, a word that of all
//! its segmentations summed. From many strings (`seed.rs`), two steps alternate until few enough
//! are left: expectation and maximisation, which fit the probabilities to the words (`sums.rs`,
//! `maximise.rs`), and pruning, which drops the pieces that are worth least (`prune.rs`).
//!
//! Words are cut where no piece may cross (`segments.rs`) and the distinct parts are laid into
//! lattices (`lattice.rs`) once, from the sorted places that gave the first pieces. Parts are
//! in blocks that do not depend on threads, and sums over blocks are added in their order, so
//! the result does not depend on threads either.
//!
//! Start at [`train`]. Method: Kudo 2018, arXiv:1804.10959. Oracle: `naive.rs`.

mod lattice;
mod maximise;
#[cfg(test)]
mod naive;
mod options;
mod paths;
mod prune;
mod seed;
mod segments;
mod suffixes;
mod sums;
#[cfg(test)]
mod tests;
mod trainer;
mod tree;
mod vocabulary;

pub use options::{LONGEST, Options, SpaceRule};
pub use vocabulary::{Kind, Scored};

use super::words::WordCounts;
use crate::error::Result;
use crate::watch::Watch;

/// What `done` of a [`Watch`] is at the end, however much there is to do.
pub const STEPS: usize = 1000;

/// Parts of [`STEPS`] that the stages before the first round take: about as long as they last.
mod share {
    /// Cutting words.
    pub(super) const SEGMENTS: usize = 50;
    /// Sorting places: each of the two sorts, and what neighbours have in common.
    pub(super) const SORT: usize = 75;
    pub(super) const COMMON: usize = 50;
    /// Choosing the first pieces.
    pub(super) const SEEDS: usize = 50;
    /// Laying words into lattices.
    pub(super) const LATTICES: usize = 100;
    /// All of them.
    pub(super) const BEFORE: usize = SEGMENTS + 2 * SORT + COMMON + SEEDS + LATTICES;
}

/// Learns pieces and scores (natural log probabilities) from counted words, in which U+2581
/// stands for spaces. The result has, in order: special tokens and the unknown token with score 0,
/// bytes with score 0, and all other pieces, the most probable first.
///
/// The same on any number of threads. O(e) a round for e pieces at places of distinct parts of
/// words, and about `log(seed_size / vocab_size) / log(1 / shrinking_factor)` rounds.
///
/// # Errors
/// `Input`: options that cannot be or contradict each other, or too much text. `Vocabulary`:
/// `vocab_size` is below the number of pieces that must be, or, with `exact_size`, above what the
/// words give; or a special token is listed twice or is also a required character.
pub fn train(
    words: &WordCounts,
    options: &Options,
    threads: usize,
    watch: &Watch<'_>,
) -> Result<Vec<Scored>> {
    options.check()?;
    let fixed = vocabulary::Fixed::new(options)?;
    let segments = segments::Segments::new(words, options, watch)?;
    watch.add(share::SEGMENTS);
    fixed.check(options, &segments.alphabet)?;
    let learned = trainer::learn(&segments, options, &fixed, threads, watch)?;
    fixed.finish(options, segments.alphabet.len(), learned)
}

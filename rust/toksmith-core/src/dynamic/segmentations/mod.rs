//! Other ways to segment: at random, into the fewest tokens, by weights.
//!
//! - [`dropout`]: a BPE that passes over merges.
//! - [`splits`]: tokens replaced by pairs of tokens with the same bytes.
//! - [`fewest`]: as few tokens as can be.
//! - [`weighted`]: drawn in proportion to weights, and the `n` best.
//!
//! The last two segment again what the tokenizer has made of a text: its tokens say where
//! pre-tokens end, what text the model saw, and what stays as it is ([`outline`]). All draw from
//! `piece_seed(seed, row)`, so that a row depends on the seed and its number alone.

pub mod dropout;
pub mod fewest;
pub mod lexicon;
pub mod outline;
mod rows;
pub mod splits;
pub mod weighted;

pub use rows::Scored;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]
mod tests;

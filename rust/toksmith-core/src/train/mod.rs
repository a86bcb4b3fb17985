//! Learning vocabularies: from counted words to tokens, the same on any number of threads.
//!
//! - [`count`], [`words`]: from texts to counted words.
//! - [`bpe`] (also `WordPiece`, as merges with a prefix), [`superword`], [`unigram`] learn from counted words.
//! - [`lzw`] and [`less_is_better`] learn from texts, which they read in their order, on one
//!   thread; what they learn encodes by [`longest_match`].

pub mod bpe;
pub mod count;
pub mod less_is_better;
pub mod longest_match;
pub mod lzw;
mod random;
pub mod superword;
pub mod unigram;
pub mod words;

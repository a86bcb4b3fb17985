//! Learning vocabularies: from counted words to tokens, the same on any number of threads.
//!
//! [`unigram`] learns from counted words; [`lzw`] and [`less_is_better`] from texts, which they
//! read in their order, on one thread.

pub mod less_is_better;
pub mod longest_match;
pub mod lzw;
mod random;
pub mod unigram;
pub mod words;

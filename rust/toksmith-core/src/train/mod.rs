//! Learning vocabularies: from counted words to tokens, the same on any number of threads.

pub mod unigram;
pub mod words;

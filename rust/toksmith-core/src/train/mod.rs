//! Learning vocabularies: from counted words to tokens, the same on any number of threads.

pub mod count;
pub mod unigram;
pub mod words;

//! Learning vocabularies: from counted words to tokens, the same on any number of threads.

pub mod bpe;
pub mod count;
pub mod superword;
pub mod unigram;
pub mod wordpiece;
pub mod words;

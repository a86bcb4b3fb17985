//! What is done to text before it is cut.

pub mod charsmap;
pub mod sentencepiece;

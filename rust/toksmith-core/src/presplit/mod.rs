//! Cuts that no tokenizer file can say: by a list of words, or by the rules of Unicode for units
//! that people count. Made before a tokenizer sees the text; spans are in bytes.
//!
//! - [`units`]: characters, graphemes, words.
//! - [`lexicon`]: the words of a list wherever they stand, the longest first.
//! - [`compounds`]: words written together, cut where the parts are most likely.
//!
//! Tested against naive versions in Python, in `tests/presplit`.

pub mod compounds;
pub mod lexicon;
pub mod units;

use crate::encode::pretokenize::classes::{LETTER, MARK, NUMBER, class_of};

/// Whether a character is one that words are made of: a letter, a mark or a number.
fn in_word(c: char) -> bool {
    class_of(u32::from(c)) & (LETTER | MARK | NUMBER) != 0
}

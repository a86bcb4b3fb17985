//! Cutting text into pre-tokens, the pieces inside which tokens are merged.
//!
//! Five patterns that most vocabularies use have hand-written scanners, one file each family;
//! the text of the pattern selects the scanner. All other patterns run on a general matcher.
//! A scanner is a function from a position to the end of the pre-token that starts there: these
//! patterns match at every position, so pre-tokens follow each other without gaps. A general
//! pattern may leave gaps; [`split`] says what becomes of them.
//!
//! Start at [`Scanner::from_pattern`]. Worst case of the scanners: linear, each byte looked at
//! three times at most, no allocation. To add one: a file with its `next_end`, a spelling in
//! `patterns.rs`, a variant here, a line in the table of `tests/pretokenize.rs`.

pub mod cl100k;
pub mod classes;
mod classes_table;
pub mod gpt2;
pub mod o200k;
mod parts;
pub mod patterns;

//! What the fixed stages ask about a character, one byte of flags each.
//!
//! The flags are those of the libraries behind tokenizers 0.23.3, which are of different ages:
//! `examples/unicode_stages.rs` says which, and generates the table. They are not the classes
//! that split patterns ask for; those are in `classes.rs`.

use super::flags_table::{BLOCKS, INDEX};

/// `\w`: letters, marks, decimal digits, connectors and joiners.
pub(super) const WORD: u8 = 1;
/// Punctuation of ASCII, its symbols included, and of Unicode 8.
pub(super) const PUNCTUATION: u8 = 1 << 1;
/// Numbers of any kind, as of Unicode 17.
pub(super) const NUMBER: u8 = 1 << 2;
/// White space.
pub(super) const SPACE: u8 = 1 << 3;

/// Characters a block of the table.
const BLOCK: usize = BLOCKS[0].len();

/// The flags of a character.
#[inline]
pub(super) fn flags_of(c: char) -> u8 {
    let c = c as usize;
    if c < BLOCK {
        return BLOCKS[0][c];
    }
    let number = INDEX.get(c / BLOCK).unwrap_or(&INDEX[INDEX.len() - 1]);
    BLOCKS.get(usize::from(*number)).map_or(0, |block| block[c % BLOCK])
}

// The characters of the first block are looked up without the index.
const _: () = assert!(INDEX[0] == 0);

//! Unicode classes of characters, one byte of flags each, and the decoding that reads them.
//!
//! Every pattern the scanners know asks only for these classes, so a scanner is a few runs of
//! "while the flags meet a mask". A character has exactly one of the flags below, except that a
//! newline is also a space. The table (`classes_table.rs`) is generated from the pinned
//! regex-syntax, whose Unicode version is [`UNICODE_VERSION`]; tiktoken 0.14 and tokenizers 0.23.3
//! agree with it on every scalar value.
//!
//! Blocks hold 64 characters, which is what the last byte of a UTF-8 sequence tells apart: the
//! bytes before it select the block, and no code point is ever put together.
//!
//! Start at [`decode_class`] and [`skip`]. Text must be valid UTF-8; text that is not gives
//! meaningless classes and positions, but no panic and no endless loop.

#![expect(clippy::inline_always, reason = "calls cost more than what these few instructions do")]

use super::classes_table::{BLOCKS, INDEX};

pub use super::classes_table::UNICODE_VERSION;

/// `\p{Lu}` or `\p{Lt}`.
pub const UPPER: u8 = 1;
/// `\p{Ll}`.
pub const LOWER: u8 = 1 << 1;
/// `\p{Lm}` or `\p{Lo}`: letters without case.
pub const OTHER: u8 = 1 << 2;
/// `\p{M}`: marks that combine with the character before them.
pub const MARK: u8 = 1 << 3;
/// `\p{N}`.
pub const NUMBER: u8 = 1 << 4;
/// `\s`: `White_Space`.
pub const SPACE: u8 = 1 << 5;
/// `[\r\n]`; these have [`SPACE`] too.
pub const NEWLINE: u8 = 1 << 6;
/// Everything else, unassigned characters included.
pub const SYMBOL: u8 = 1 << 7;

/// `\p{L}`.
pub const LETTER: u8 = UPPER | LOWER | OTHER;
/// Letters that have a case.
pub const CASED: u8 = UPPER | LOWER;
/// `[^\s\p{L}\p{N}]`.
pub const PUNCTUATION: u8 = MARK | SYMBOL;

/// The flags by first byte: those of ASCII characters, and 0, which meets no mask, for the rest.
static FIRST_BYTE: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 128 {
        table[byte] = BLOCKS[INDEX[byte / 64] as usize][byte % 64];
        byte += 1;
    }
    table
};

/// The flags of a code point; 0 for what is not a code point.
#[inline]
pub fn class_of(c: u32) -> u8 {
    if c > 0x10_FFFF { 0 } else { look_up(c as usize / 64, c as usize) }
}

/// The flags and the length in bytes of the character at `pos`; `(0, 0)` at the end of the text.
#[inline(always)]
pub fn decode_class(text: &[u8], pos: usize) -> (u8, usize) {
    let Some(&first) = text.get(pos) else { return (0, 0) };
    if first < 0x80 { (FIRST_BYTE[first as usize], 1) } else { decode_long(text, pos, first) }
}

/// [`decode_class`] for a character of more than one byte, the first of which is `first`.
#[inline]
fn decode_long(text: &[u8], pos: usize, first: u8) -> (u8, usize) {
    let first = first as usize;
    let low = |byte: u8| byte as usize & 0x3F;
    if first < 0xE0 {
        if let Some(&[_, b]) = text.get(pos..pos + 2) {
            return (look_up(first & 0x1F, low(b)), 2);
        }
    } else if first < 0xF0 {
        if let Some(&[_, b, c]) = text.get(pos..pos + 3) {
            return (look_up((first & 0x0F) << 6 | low(b), low(c)), 3);
        }
    } else if let Some(&[_, b, c, d]) = text.get(pos..pos + 4) {
        return (look_up((first & 0x07) << 12 | low(b) << 6 | low(c), low(d)), 4);
    }
    (SYMBOL, 1)
}

/// The flags of the character whose number over 64 is `high`, and modulo 64 is that of `low`.
#[inline(always)]
fn look_up(high: usize, low: usize) -> u8 {
    let block = INDEX.get(high).map_or(0, |&block| block as usize);
    BLOCKS[block % BLOCKS.len()][low % 64]
}

/// The end of the run, starting at `pos`, of characters whose flags meet `mask`.
#[inline(always)]
pub fn skip(text: &[u8], mut pos: usize, mask: u8) -> usize {
    loop {
        let Some(&first) = text.get(pos) else { return text.len() };
        if FIRST_BYTE[first as usize] & mask != 0 {
            pos += 1;
        } else if first < 0x80 {
            return pos;
        } else {
            let (class, len) = decode_long(text, pos, first);
            if class & mask == 0 {
                return pos;
            }
            pos += len;
        }
    }
}

/// [`skip`] for [`LETTER`], eight bytes at a time in ASCII.
#[inline(always)]
pub fn skip_letters(text: &[u8], pos: usize) -> usize {
    skip_words::<{ LETTER }, 0x20>(text, pos)
}

/// [`skip`] for [`LOWER`], [`OTHER`] and [`MARK`], eight bytes at a time in ASCII.
#[inline(always)]
pub fn skip_lower(text: &[u8], pos: usize) -> usize {
    skip_words::<{ LOWER | OTHER | MARK }, 0>(text, pos)
}

/// [`skip`] for a mask that ASCII meets in the bytes that, with the bits of `FOLD` set, are
/// lowercase letters.
#[inline(always)]
fn skip_words<const MASK: u8, const FOLD: u8>(text: &[u8], mut pos: usize) -> usize {
    loop {
        if let Some(word) = text.get(pos..).and_then(<[u8]>::first_chunk) {
            let run = leading_lowercase::<FOLD>(*word);
            pos += run;
            if run == word.len() {
                continue;
            }
        }
        let Some(&first) = text.get(pos) else { return text.len() };
        if first < 0x80 {
            // After a whole word this fails at once; near the end of the text it goes bytewise.
            if FIRST_BYTE[first as usize] & MASK == 0 {
                return pos;
            }
            pos += 1;
        } else {
            let (class, len) = decode_long(text, pos, first);
            if class & MASK == 0 {
                return pos;
            }
            pos += len;
        }
    }
}

/// How many of the first bytes are, with the bits of `FOLD` set, lowercase letters.
#[inline(always)]
fn leading_lowercase<const FOLD: u8>(bytes: [u8; 8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = ONES << 7;
    let word = u64::from_le_bytes(bytes);
    // Sums stay below 256, so bytes do not carry into each other.
    let low = (word | (ONES * FOLD as u64)) & !HIGH;
    let from_a = low + ONES * (0x80 - b'a' as u64);
    let after_z = low + ONES * (0x80 - b'z' as u64 - 1);
    let others = !(from_a & !after_z & !word) & HIGH;
    others.trailing_zeros() as usize / 8
}

//! What each normalizer would change, one word of flags a character.
//!
//! Most characters pass most normalizers as they are, so a normalizer is a loop over runs that
//! meet none of its flags ([`skip`]), copied whole, and over the few characters between. The table
//! (`flags_table.rs`) is generated from the tables of tokenizers 0.23.3, which are of four Unicode
//! versions, and compared with them in `tests.rs`.
//!
//! Blocks hold 64 characters, which is what the last byte of a UTF-8 sequence tells apart: the
//! bytes before it select the block, and no code point is ever put together.

use super::flags_table::{BLOCKS, INDEX};

/// BERT's cleaning removes it: control, format and private characters, NUL, U+FFFD.
pub(super) const DROPPED: u16 = 1;
/// `White_Space`, but not the space itself.
pub(super) const SPACE: u16 = 1 << 1;
/// BERT puts spaces around it.
pub(super) const CHINESE: u16 = 1 << 2;
/// A non-spacing mark: BERT's accents.
pub(super) const NONSPACING: u16 = 1 << 3;
/// A combining mark: `StripAccents` removes it.
pub(super) const MARK: u16 = 1 << 4;
/// Its small letter is another character.
pub(super) const CAPITAL: u16 = 1 << 5;
/// Has a canonical decomposition, or a combining class.
pub(super) const NFD: u16 = 1 << 6;
/// Has a compatibility decomposition, or a combining class.
pub(super) const NFKD: u16 = 1 << 7;
/// Is composed differently, may be composed with a character before it, or has a class.
pub(super) const NFC: u16 = 1 << 8;
/// As [`NFC`], after compatibility decomposition.
pub(super) const NFKC: u16 = 1 << 9;
/// May share a grapheme with characters that lack this flag; two that lack it never share one.
pub(super) const JOINS: u16 = 1 << 10;
/// `Nmt` removes it or makes it a space.
pub(super) const NMT: u16 = 1 << 11;
/// Is not ASCII; in the table of first bytes alone.
const LONG: u16 = 1 << 15;

/// The flags by first byte: those of ASCII characters, and [`LONG`] for the rest.
static FIRST_BYTE: [u16; 256] = {
    let mut table = [LONG; 256];
    let mut byte = 0;
    while byte < 128 {
        table[byte] = BLOCKS[INDEX[byte / 64] as usize][byte % 64];
        byte += 1;
    }
    table
};

/// The flags of a character.
#[inline]
pub(super) fn of(c: char) -> u16 {
    look_up(c as usize / 64, c as usize)
}

/// The flags and the length in bytes of the character at `pos`; `(0, 0)` at the end of the text.
#[inline]
pub(super) fn at(text: &[u8], pos: usize) -> (u16, usize) {
    let Some(&first) = text.get(pos) else { return (0, 0) };
    if first < 0x80 { (FIRST_BYTE[first as usize], 1) } else { long(text, pos, first) }
}

/// [`at`] for a character of more than one byte, the first of which is `first`.
#[inline]
fn long(text: &[u8], pos: usize, first: u8) -> (u16, usize) {
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
    (0, 1)
}

/// The flags of the character whose number over 64 is `high`, and modulo 64 is that of `low`.
#[inline]
fn look_up(high: usize, low: usize) -> u16 {
    let block = INDEX.get(high).map_or(0, |&block| block as usize);
    BLOCKS[block % BLOCKS.len()][low % 64]
}

/// The end of the run, starting at `pos`, of characters whose flags do not meet `mask`.
#[inline]
pub(super) fn skip(text: &str, mut pos: usize, mask: u16) -> usize {
    let bytes = text.as_bytes();
    loop {
        pos = skip_ascii(text, pos, mask);
        loop {
            let (flags, len) = at(bytes, pos);
            if len == 0 || flags & mask != 0 {
                return pos;
            }
            pos += len;
            if len == 1 {
                break;
            }
        }
    }
}

/// The end of the run, starting at `pos`, of ASCII characters whose flags do not meet `mask`.
#[inline]
pub(super) fn skip_ascii(text: &str, mut pos: usize, mask: u16) -> usize {
    let mask = mask | LONG;
    let mut rest = text.as_bytes().get(pos..).unwrap_or_default();
    while let Some((chunk, after)) = rest.split_first_chunk::<16>() {
        if chunk.iter().fold(0, |met, &byte| met | FIRST_BYTE[byte as usize]) & mask != 0 {
            break;
        }
        (rest, pos) = (after, pos + chunk.len());
    }
    pos + rest.iter().take_while(|&&byte| FIRST_BYTE[byte as usize] & mask == 0).count()
}

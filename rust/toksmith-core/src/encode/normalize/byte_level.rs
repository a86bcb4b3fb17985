//! `ByteLevel`: each byte becomes its letter of GPT-2's byte alphabet.
//!
//! Bytes that are printable in Latin-1 (33 to 126, 161 to 172, 174 to 255) stand for themselves;
//! the others, in order, are the characters from U+0100 on.

use std::borrow::Cow;

use super::rewrite::rewrite;
use crate::encode::draft::Draft;
use crate::error::Result;

/// The letter of each byte.
const LETTERS: [char; 256] = {
    let mut letters = ['\0'; 256];
    let (mut byte, mut next) = (0_usize, 0x100_u32);
    while byte < 256 {
        if matches!(byte, 33..=126 | 161..=172 | 174..=255) {
            letters[byte] = byte as u8 as char;
        } else if let Some(letter) = char::from_u32(next) {
            letters[byte] = letter;
            next += 1;
        }
        byte += 1;
    }
    letters
};

/// The text alone.
pub(super) fn text(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() * 2);
    out.extend(text.bytes().map(|byte| LETTERS[byte as usize]));
    Cow::Owned(out)
}

/// Text and origin: all letters of a character have its origin.
pub(super) fn tracked(draft: &mut Draft) -> Result<()> {
    rewrite(draft, |text, new| {
        for byte in text.bytes() {
            // The bytes after the first of a character.
            if byte & 0xC0 == 0x80 {
                new.add(LETTERS[byte as usize]);
            } else {
                new.replace(LETTERS[byte as usize])?;
            }
        }
        Ok(())
    })
}

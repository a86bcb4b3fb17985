//! The byte alphabet of GPT-2, from bytes to characters.
//!
//! Bytes that are printable in Latin-1 stand for themselves; the others, in order, are the
//! characters from U+0100 on.

/// The character of each byte.
pub(super) static ALPHABET: [char; 256] = {
    let mut characters = ['\0'; 256];
    let (mut byte, mut next) = (0_usize, 0x100_u32);
    while byte < 256 {
        if matches!(byte, 33..=126 | 161..=172 | 174..=255) {
            characters[byte] = byte as u8 as char;
        } else if let Some(character) = char::from_u32(next) {
            characters[byte] = character;
            next += 1;
        }
        byte += 1;
    }
    characters
};

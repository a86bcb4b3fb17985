//! The byte alphabet of GPT-2: a printable character for each byte.
//!
//! Bytes that are printable in Latin-1 (33 to 126, 161 to 172, 174 to 255) stand for
//! themselves; the others, in order, are the characters from U+0100 on.

/// Whether a byte is its own character.
const fn is_plain(byte: u8) -> bool {
    matches!(byte, 33..=126 | 161..=172 | 174..=255)
}

/// The character of each byte.
const CHARACTERS: [char; 256] = {
    let mut characters = ['\0'; 256];
    let (mut byte, mut next) = (0_usize, 0x100_u32);
    while byte < 256 {
        if is_plain(byte as u8) {
            characters[byte] = byte as u8 as char;
        } else if let Some(character) = char::from_u32(next) {
            characters[byte] = character;
            next += 1;
        }
        byte += 1;
    }
    characters
};

/// Characters of the alphabet are below this.
const LIMIT: usize = 0x144;

/// The byte of each character below [`LIMIT`], or 256.
const BYTES: [u16; LIMIT] = {
    let mut bytes = [256; LIMIT];
    let mut byte = 0;
    while byte < 256 {
        bytes[CHARACTERS[byte] as usize] = byte as u16;
        byte += 1;
    }
    bytes
};

/// The byte a character stands for, if any.
pub(crate) fn byte(character: char) -> Option<u8> {
    BYTES.get(character as usize).and_then(|&byte| u8::try_from(byte).ok())
}

/// Appends the bytes that `spelling` stands for to `out`. If a character is foreign to the
/// alphabet, appends the UTF-8 of all of it instead, as decoding does, and gives `false`.
pub(crate) fn decode(spelling: &str, out: &mut Vec<u8>) -> bool {
    let start = out.len();
    for character in spelling.chars() {
        let Some(byte) = byte(character) else {
            out.truncate(start);
            out.extend_from_slice(spelling.as_bytes());
            return false;
        };
        out.push(byte);
    }
    true
}

/// The spelling of `bytes`.
pub(crate) fn encode(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| CHARACTERS[usize::from(byte)]).collect()
}

#[cfg(test)]
mod tests {
    use super::{decode, encode};

    #[test]
    fn every_byte_has_its_own_character() {
        let bytes: Vec<u8> = (0..=255).collect();
        let mut back = Vec::new();
        assert!(decode(&encode(&bytes), &mut back));
        assert_eq!(back, bytes);
        assert_eq!(encode(b" \n\0\x7f\xad\xff"), "\u{120}\u{10a}\u{100}\u{121}\u{143}\u{ff}");
    }

    #[test]
    fn a_foreign_character_makes_the_whole_spelling_literal() {
        let mut out = Vec::new();
        assert!(!decode("\u{e9}\u{4e2d}", &mut out));
        assert_eq!(out, "\u{e9}\u{4e2d}".as_bytes());
    }
}

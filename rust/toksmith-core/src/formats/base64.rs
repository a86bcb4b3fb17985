//! Base64 (RFC 4648, standard alphabet, padded), as rank files use it.
//!
//! Strict: wrong length, foreign characters, padding inside and stray low bits are refused, so
//! that each token has one spelling.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Value of each character, 255 for foreign ones.
const VALUES: [u8; 256] = {
    let mut values = [255; 256];
    let mut i = 0;
    while i < 64 {
        values[ALPHABET[i] as usize] = i as u8;
        i += 1;
    }
    values
};

/// Appends the decoded bytes of `text` to `out`; `false` (with `out` in any state) if `text` is
/// not canonical base64.
#[must_use]
pub fn decode(text: &[u8], out: &mut Vec<u8>) -> bool {
    let (quads, rest) = text.as_chunks::<4>();
    if !rest.is_empty() {
        return false;
    }
    for (i, &quad) in quads.iter().enumerate() {
        let [a, b, c, d] = quad.map(|character| u32::from(VALUES[usize::from(character)]));
        let padding = match (quad[2], quad[3]) {
            (b'=', b'=') => 2,
            (_, b'=') => 1,
            _ => 0,
        };
        let c = if padding == 2 { 0 } else { c };
        let d = if padding == 0 { d } else { 0 };
        if a | b | c | d > 63 || (padding > 0 && i + 1 < quads.len()) {
            return false;
        }
        let bits = a << 18 | b << 12 | c << 6 | d;
        if bits & ((1 << (8 * padding)) - 1) != 0 {
            return false;
        }
        let [_, bytes @ ..] = bits.to_be_bytes();
        out.extend_from_slice(bytes.get(..3 - padding).unwrap_or_default());
    }
    true
}

/// Appends `bytes` in base64 to `out`.
pub fn encode(bytes: &[u8], out: &mut Vec<u8>) {
    for chunk in bytes.chunks(3) {
        let byte = |i: usize| u32::from(chunk.get(i).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for i in 0..4 {
            let value = bits >> (18 - 6 * i) & 63;
            out.push(if i > chunk.len() { b'=' } else { ALPHABET[value as usize] });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{decode, encode};

    #[test]
    fn every_length_comes_back() {
        for len in 0..50_u8 {
            let bytes: Vec<u8> = (0..len).map(|i| i.wrapping_mul(89) ^ 0xa5).collect();
            let (mut text, mut back) = (Vec::new(), Vec::new());
            encode(&bytes, &mut text);
            assert!(decode(&text, &mut back));
            assert_eq!(back, bytes);
        }
    }

    #[test]
    fn only_the_canonical_spelling_is_read() {
        for bad in
            ["A", "AA", "AAA", "A===", "====", "AA=A", "AA==AAAA", "AB==", "AAB=", "A A=", "AA-_"]
        {
            assert!(!decode(bad.as_bytes(), &mut Vec::new()), "{bad}");
        }
    }
}

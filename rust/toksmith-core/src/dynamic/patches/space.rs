//! Patches that end with what is no letter or digit: the rule of `SpaceByte`, which BLT has too.

use super::{Patches, lengths};
use crate::error::Result;
use crate::watch::Watch;

/// Whether a byte is like a space: no ASCII letter or digit, and no continuation of a UTF-8
/// sequence. So the first byte of every longer sequence is one.
static LIKE_SPACE: [bool; 256] = {
    let mut table = [true; 256];
    let mut byte = 0;
    while byte < 256 {
        let is_plain = (byte as u8).is_ascii_alphanumeric();
        table[byte] = !(is_plain || (byte >= 0x80 && byte <= 0xBF));
        byte += 1;
    }
    table
};

/// A patch begins with a text, and after every byte that is like a space unless the byte before it
/// is one too.
///
/// With `bos`, what stands before a text counts as like a space, as the token there does in BLT: a
/// first byte that is like a space ends no patch then.
pub fn space_patches(
    texts: &[&[u8]],
    bos: bool,
    threads: usize,
    watch: &Watch<'_>,
) -> Result<Patches> {
    Patches::of_rows(&lengths(texts), threads, watch, |row, starts| {
        let text = texts.get(row).copied().unwrap_or_default();
        if text.is_empty() {
            return Ok(());
        }
        starts.push(0);
        let mut before = bos;
        for (at, &byte) in text.iter().enumerate().take(text.len() - 1) {
            let like_space = LIKE_SPACE[usize::from(byte)];
            if like_space && !before {
                starts.push(at as i64 + 1);
            }
            before = like_space;
        }
        Ok(())
    })
}

#[cfg(test)]
#[allow(
    clippy::cast_sign_loss,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test fails where it cannot go on"
)]
mod tests {
    use super::space_patches;
    use crate::watch::Watch;

    #[test]
    fn every_pair_of_bytes_is_cut_by_the_rule() {
        let like_space = |byte: u8| {
            let alphanumeric = matches!(byte, b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z');
            !alphanumeric && byte & 0xC0 != 0x80
        };
        for (a, b) in (0..=255).flat_map(|a| (0..=255).map(move |b| (a, b))) {
            for bos in [false, true] {
                let text = [a, b, b'x'];
                let mut want = vec![0];
                if like_space(a) && !bos {
                    want.push(1);
                }
                if like_space(b) && !like_space(a) {
                    want.push(2);
                }
                want.push(3);
                let got = space_patches(&[&text], bos, 1, &Watch::none()).unwrap();
                assert_eq!(got.offsets, want);
            }
        }
    }
}

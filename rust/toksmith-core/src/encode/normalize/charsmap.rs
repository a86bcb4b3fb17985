//! `precompiled_charsmap` of `SentencePiece`: strings and what they are replaced by.
//!
//! The blob is the size of a trie in bytes (`u32`, little-endian), the trie as a double array of
//! `u32` units, and the replacements, each ended by a NUL. A unit says which byte leads to it, how
//! far its children are away, and whether a string ends there; the value is then an offset into
//! the replacements. A blob may hold anything: a unit that leads nowhere ends a search, and a
//! search takes one step a byte, whatever the units say.
//!
//! Start at [`Charsmap::shortest_prefix`], which is how tokenizers 0.23.3 searches.

use crate::error::{Error, Result};

/// A parsed table of replacements.
#[derive(Debug, Clone)]
pub(crate) struct Charsmap {
    units: Box<[u32]>,
    replacements: Box<str>,
}

/// The name of the field in every format.
const FIELD: &str = "precompiled_charsmap";

impl Charsmap {
    /// Parses a blob.
    ///
    /// # Errors
    ///
    /// [`Error::Model`] if sizes do not fit or replacements are not UTF-8.
    pub(crate) fn new(blob: &[u8]) -> Result<Self> {
        let (size, rest) = blob
            .split_first_chunk()
            .ok_or_else(|| Error::field(FIELD, "expected at least 4 bytes"))?;
        let size = u32::from_le_bytes(*size) as usize;
        if !size.is_multiple_of(4) || size > rest.len() {
            let why = format!(
                "a trie of {size} bytes; expected a multiple of 4, at most {} that follow",
                rest.len()
            );
            return Err(Error::field(FIELD, why));
        }
        let (trie, replacements) = rest.split_at(size);
        let replacements = str::from_utf8(replacements).map_err(|error| {
            let at = 4 + size + error.valid_up_to();
            Error::field(FIELD, format!("the replacements are not UTF-8 at byte {at}"))
        })?;
        let units = trie.as_chunks().0.iter().map(|&unit| u32::from_le_bytes(unit)).collect();
        Ok(Self { units, replacements: replacements.into() })
    }

    /// The longest string of the table that `bytes` begins with: its length and its replacement.
    #[cfg(test)]
    pub(crate) fn longest_prefix(&self, bytes: &[u8]) -> Option<(usize, &str)> {
        self.prefixes(bytes).last()
    }

    /// The shortest one.
    pub(crate) fn shortest_prefix(&self, bytes: &[u8]) -> Option<(usize, &str)> {
        self.prefixes(bytes).next()
    }

    /// The strings of the table that `bytes` begins with, shortest first. A NUL ends the search.
    fn prefixes(&self, bytes: &[u8]) -> impl Iterator<Item = (usize, &str)> {
        let mut node = self.children(0).unwrap_or(usize::MAX);
        let mut steps = bytes.iter().take_while(|&&byte| byte != 0).enumerate();
        std::iter::from_fn(move || {
            loop {
                let (index, &byte) = steps.next()?;
                let next = node ^ byte as usize;
                let unit = *self.units.get(next)?;
                // The highest bit marks values, which no byte leads to.
                if unit & (1 << 31 | 0xFF) != byte as u32 {
                    return None;
                }
                node = next ^ distance(unit);
                if unit & 1 << 8 != 0 {
                    let value = self.units.get(node)? & !(1 << 31);
                    return Some((index + 1, self.replacement(value as usize)?));
                }
            }
        })
        .fuse()
    }

    /// Where the children of a unit are counted from.
    fn children(&self, unit: usize) -> Option<usize> {
        self.units.get(unit).map(|&found| unit ^ distance(found))
    }

    /// The replacement at an offset, up to its NUL.
    fn replacement(&self, offset: usize) -> Option<&str> {
        let from = self.replacements.get(offset..)?;
        from.split('\0').next()
    }
}

/// How far the children of a unit are away.
fn distance(unit: u32) -> usize {
    // 22 bits, shifted by 8 if there are more than fit: below 2^30.
    ((unit >> 10) << ((unit & 1 << 9) >> 6)) as usize
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "in a test, that is how to fail")]

    use super::Charsmap;

    /// A blob of these units and replacements.
    fn blob(units: &[u32], replacements: &str) -> Vec<u8> {
        let mut blob = (units.len() as u32 * 4).to_le_bytes().to_vec();
        blob.extend(units.iter().flat_map(|unit| unit.to_le_bytes()));
        blob.extend(replacements.as_bytes());
        blob
    }

    /// The trie of "a", replaced by "x", and "ab", replaced by nothing.
    fn small() -> Vec<u8> {
        let mut units = vec![0; 512];
        let (root, a, ab) = (1, 1 ^ usize::from(b'a'), 4 ^ usize::from(b'b'));
        units[0] = root << 10;
        units[a] = ((a ^ 4) as u32) << 10 | 1 << 8 | b'a' as u32;
        units[4] = 1 << 31;
        units[ab] = ((ab ^ 0x100) as u32) << 10 | 1 << 8 | b'b' as u32;
        units[0x100] = 1 << 31 | 1;
        blob(&units, "x\0\0")
    }

    #[test]
    fn prefixes_are_found_shortest_and_longest() {
        let map = Charsmap::new(&small()).expect("a good blob");
        assert_eq!(map.shortest_prefix(b"abc"), Some((1, "x")));
        assert_eq!(map.longest_prefix(b"abc"), Some((2, "")));
        assert_eq!(map.longest_prefix(b"ac"), Some((1, "x")));
        for nothing in [&b""[..], b"b", b"\0", b"\0a", b"\xff"] {
            assert_eq!(map.longest_prefix(nothing), None);
        }
    }

    #[test]
    fn sizes_and_encoding_are_checked() {
        for bad in [&[][..], &[1, 0, 0], &[4, 0, 0, 0], &[2, 0, 0, 0, 0, 0], &[255; 9]] {
            assert!(Charsmap::new(bad).is_err(), "{bad:?}");
        }
        let mut bad = blob(&[0], "");
        bad.push(0xFF);
        assert!(Charsmap::new(&bad).is_err());
        assert!(Charsmap::new(&[0; 4]).is_ok_and(|map| map.longest_prefix(b"a").is_none()));
    }

    #[test]
    fn bogus_units_are_harmless() {
        let mut random = 1u64;
        for round in 0..2000 {
            let mut bad = small();
            for _ in 0..=round % 40 {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let at = 4 + (random >> 33) as usize % (bad.len() - 7);
                bad[at] = (random >> 20) as u8;
            }
            let Ok(map) = Charsmap::new(&bad) else { continue };
            for text in [&b"abababab"[..], b"aaaaaaaa", &[255; 64]] {
                let _ = (map.longest_prefix(text), map.shortest_prefix(text));
            }
        }
        // Every unit leads back to itself, and ends a string.
        let circle: Vec<u32> = (0..256).map(|byte| byte << 10 | 1 << 8 | byte).collect();
        let map = Charsmap::new(&blob(&circle, "y")).expect("a good size");
        let _ = map.longest_prefix(&vec![7; 100_000]);
    }
}

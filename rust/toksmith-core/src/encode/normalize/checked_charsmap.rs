//! SentencePiece's table of replacements: strings and what they become.
//!
//! The blob holds the length of a double array, the array (of Darts-clone: Yata, 4 bytes a
//! unit), and the replacements, each ended by a zero byte; a key's value is where its
//! replacement begins. The array is checked as a whole when it is read, by the rules of
//! SentencePiece 0.2.3, so that looking up needs no care.

use crate::error::{Error, Result};

/// Units of an array come in blocks of this many.
const BLOCK: usize = 256;
/// A look-up sees so many keys at most, the shortest.
const MOST_KEYS: usize = 32;

/// A parsed table.
#[derive(Debug, Clone, Default)]
pub struct CheckedCharsmap {
    /// Bit 31: a value, in the bits below. Else bits 0-7: label; 8: the unit at the base is the
    /// value of the key that ends here; 9: the base is shifted by 8; 10-30: base.
    units: Vec<u32>,
    replacements: String,
}

fn label(unit: u32) -> u32 {
    unit & (1 << 31 | 0xFF)
}

fn has_value(unit: u32) -> bool {
    unit >> 8 & 1 == 1
}

fn base(unit: u32) -> usize {
    ((unit >> 10) << ((unit & 1 << 9) >> 6)) as usize
}

fn value(unit: u32) -> usize {
    (unit & !(1 << 31)) as usize
}

impl CheckedCharsmap {
    /// Parses a blob; an empty one replaces nothing.
    ///
    /// # Errors
    /// [`Error::Model`] with the place in the blob.
    pub fn new(blob: &[u8]) -> Result<Self> {
        if blob.is_empty() {
            return Ok(Self::default());
        }
        let bad = |at: usize, why: String| Error::byte(at, format!("precompiled_charsmap: {why}"));
        let Some((size, rest)) = blob.split_first_chunk::<4>() else {
            return Err(bad(0, format!("{} bytes, at least 4 expected", blob.len())));
        };
        let size = u32::from_le_bytes(*size) as usize;
        if size < 4 * BLOCK || !size.is_multiple_of(4 * BLOCK) {
            return Err(bad(0, format!("an array of {size} bytes, a multiple of 1024 expected")));
        }
        let Some((array, replacements)) = rest.split_at_checked(size) else {
            return Err(bad(0, format!("an array of {size} bytes, {} are left", rest.len())));
        };
        if replacements.last() != Some(&0) {
            return Err(bad(4 + size, "the replacements do not end in a zero byte".into()));
        }
        let replacements = std::str::from_utf8(replacements).map_err(|error| {
            bad(4 + size + error.valid_up_to(), "a replacement is not UTF-8".into())
        })?;
        let units = array
            .chunks_exact(4)
            .map(|unit| unit.iter().rev().fold(0, |unit, &byte| unit << 8 | u32::from(byte)));
        let table = Self { units: units.collect(), replacements: replacements.to_owned() };
        match table.first_bad_unit() {
            None => Ok(table),
            Some(at) => Err(bad(4 + 4 * at, "a unit points outside of its array".into())),
        }
    }

    /// The first unit that a look-up could not follow.
    fn first_bad_unit(&self) -> Option<usize> {
        let inside = |at: usize| at | 0xFF < self.units.len();
        let root = *self.units.first()?;
        if label(root) != 0 || has_value(root) || base(root) == 0 || !inside(base(root)) {
            return Some(0);
        }
        let bad = |(at, &unit): (usize, &u32)| {
            if label(unit) > 0xFF {
                let start = value(unit);
                return !self.replacements.is_char_boundary(start)
                    || start >= self.replacements.len();
            }
            let leaf = at ^ base(unit);
            !inside(leaf) || has_value(unit) && label(self.units[leaf]) <= 0xFF
        };
        self.units.iter().enumerate().skip(1).find(|&unit| bad(unit)).map(|(at, _)| at)
    }

    /// The longest key that `text` begins with: its length, and what it becomes.
    #[inline]
    pub fn longest_prefix(&self, text: &[u8]) -> Option<(usize, &str)> {
        let (mut at, mut longest, mut keys) = (0, None, 0);
        let mut unit = *self.units.first()?;
        for (i, &byte) in text.iter().enumerate() {
            at ^= base(unit) ^ usize::from(byte);
            unit = self.units[at];
            if label(unit) != u32::from(byte) {
                break;
            }
            if has_value(unit) {
                longest = Some((i + 1, value(self.units[at ^ base(unit)])));
                keys += 1;
                if keys == MOST_KEYS {
                    break;
                }
            }
        }
        let (len, start) = longest?;
        let rest = self.replacements.get(start..)?;
        Some((len, rest.split('\0').next().unwrap_or(rest)))
    }

    /// Whether some key begins with these bytes, and is longer or not.
    pub fn begins(&self, prefix: &[u8]) -> bool {
        let Some(&unit) = self.units.first() else { return false };
        let mut unit = unit;
        let mut at = 0;
        prefix.iter().all(|&byte| {
            at ^= base(unit) ^ usize::from(byte);
            unit = self.units[at];
            label(unit) == u32::from(byte)
        })
    }
}

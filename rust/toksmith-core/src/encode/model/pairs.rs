//! Pairs of characters that stand together in some token: between all others no token lies.

/// Bits of the filter for each pair.
const BITS: usize = 32;
/// Most bits of the filter.
const MOST: usize = 1 << 23;

/// A filter: a pair that is not in it may be said to be, which only forgoes a cut.
#[derive(Debug, Clone)]
pub(crate) struct CharPairs {
    bits: Vec<u64>,
    shift: u32,
}

impl CharPairs {
    /// Collects the pairs of all texts.
    pub(crate) fn new<'t>(texts: impl Iterator<Item = &'t str> + Clone) -> Self {
        let bytes: usize = texts.clone().map(str::len).sum();
        let size = (bytes / 2 * BITS).next_power_of_two().clamp(64, MOST);
        let mut pairs = Self { bits: vec![0; size / 64], shift: 64 - size.trailing_zeros() };
        for text in texts {
            for (c, d) in text.chars().zip(text.chars().skip(1)) {
                let bit = pairs.bit(c, d);
                pairs.bits[bit / 64] |= 1 << (bit % 64);
            }
        }
        pairs
    }

    /// Whether the two may stand together in a token.
    #[inline(always)]
    pub(crate) fn joined(&self, c: char, d: char) -> bool {
        let bit = self.bit(c, d);
        self.bits[bit / 64] >> (bit % 64) & 1 != 0
    }

    #[inline(always)]
    fn bit(&self, c: char, d: char) -> usize {
        let key = u64::from(c as u32) << 32 | u64::from(d as u32);
        (key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> self.shift) as usize
    }
}

//! Pre-tokens seen before, with their ids: what makes repeated words cheap.
//!
//! Two tables of fixed-size entries, two entries a set, so that a look-up reads one or two
//! cache lines and an insertion moves the older entry of a full set out. Keys are the bytes
//! themselves, never a hash of them, so a cache can change the time an id takes, not the id.
//! The tables grow with use up to a byte budget.

use crate::simd::prefetch;
use crate::token::TokenId;

/// Longest pre-token in the short table.
pub const SHORT: usize = 15;
/// Longest pre-token in the long table.
pub const LONG: usize = 31;
/// Ids an entry of the short table holds.
pub const SHORT_IDS: usize = 4;
const LONG_IDS: usize = 7;
/// The count of ids lives in the top bits of the first one; see [`crate::vocab::MAX_ID`].
const COUNT_SHIFT: u32 = 28;
const ID_MASK: u32 = (1 << COUNT_SHIFT) - 1;
/// Default limit of one thread's tables together.
pub const DEFAULT_BUDGET: usize = 24 << 20;

/// Up to 15 bytes and their number in the top byte.
pub type ShortKey = u128;

#[derive(Debug, Clone, Copy)]
#[repr(C, align(32))]
struct ShortEntry {
    key: ShortKey,
    ids: [TokenId; SHORT_IDS],
}

#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
struct LongEntry {
    key: [u64; 4],
    ids: [TokenId; LONG_IDS + 1],
}

/// One thread's cache.
#[derive(Debug)]
pub struct WordCache {
    short: Vec<[ShortEntry; 2]>,
    long: Vec<[LongEntry; 2]>,
    /// Entries written since the table last grew.
    short_filled: usize,
    long_filled: usize,
    budget: usize,
}

const EMPTY_SHORT: ShortEntry = ShortEntry { key: 0, ids: [0; SHORT_IDS] };
const EMPTY_LONG: LongEntry = LongEntry { key: [0; 4], ids: [0; LONG_IDS + 1] };

/// Folded multiplication of two words, good in all bits.
#[inline(always)]
pub fn mix(a: u64, b: u64) -> u64 {
    let product = u128::from(a ^ 0x9E37_79B9_7F4A_7C15) * u128::from(b ^ 0xD1B5_4A32_D192_ED03);
    (product as u64) ^ (product >> 64) as u64
}

/// Hash of a short key.
#[inline(always)]
pub fn short_hash(key: ShortKey) -> u64 {
    mix(key as u64, (key >> 64) as u64)
}

/// The key of a pre-token of at most [`SHORT`] bytes at `start`, in one or two loads.
#[inline(always)]
pub fn short_key(text: &[u8], start: usize, len: usize) -> ShortKey {
    debug_assert!(len <= SHORT);
    let word = match text.get(start..start + 16).and_then(<[u8]>::first_chunk::<16>) {
        Some(bytes) => u128::from_le_bytes(*bytes),
        None => {
            let mut bytes = [0; 16];
            for (to, from) in bytes.iter_mut().zip(&text[start..start + len]) {
                *to = *from;
            }
            u128::from_le_bytes(bytes)
        }
    };
    // `len` is at most 15, so the shifts stay in range.
    let mask = (1u128 << (8 * len)) - 1;
    (word & mask) | (len as u128) << 120
}

impl WordCache {
    /// An empty cache that grows to at most `budget` bytes.
    pub fn new(budget: usize) -> Self {
        Self { short: Vec::new(), long: Vec::new(), short_filled: 0, long_filled: 0, budget }
    }

    /// Bytes allocated.
    pub fn bytes(&self) -> usize {
        size_of_val(self.short.as_slice()) + size_of_val(self.long.as_slice())
    }

    /// Asks for the line [`WordCache::get_short`] will read.
    #[inline(always)]
    pub fn prefetch_short(&self, hash: u64) {
        prefetch(&self.short, hash as usize & self.short.len().wrapping_sub(1));
    }

    /// The ids of a short pre-token: an array and how many of it count.
    #[inline(always)]
    pub fn get_short(&self, key: ShortKey, hash: u64) -> Option<([TokenId; SHORT_IDS], usize)> {
        let set = self.short.get(hash as usize & self.short.len().wrapping_sub(1))?;
        let entry = if set[0].key == key {
            &set[0]
        } else if set[1].key == key {
            &set[1]
        } else {
            return None;
        };
        let mut ids = entry.ids;
        let count = (ids[0] >> COUNT_SHIFT) as usize;
        ids[0] &= ID_MASK;
        Some((ids, count))
    }

    /// Remembers a short pre-token if its ids fit.
    #[inline]
    pub fn put_short(&mut self, key: ShortKey, hash: u64, ids: &[TokenId]) {
        if ids.is_empty() || ids.len() > SHORT_IDS {
            return;
        }
        if self.short_filled >= self.short.len() {
            self.grow_short();
        }
        let at = hash as usize & self.short.len().wrapping_sub(1);
        let Some(set) = self.short.get_mut(at) else { return };
        let mut entry = ShortEntry { key, ..EMPTY_SHORT };
        entry.ids[..ids.len()].copy_from_slice(ids);
        entry.ids[0] |= (ids.len() as u32) << COUNT_SHIFT;
        self.short_filled += usize::from(set[1].key == 0);
        set[1] = set[0];
        set[0] = entry;
    }

    fn grow_short(&mut self) {
        let sets = (self.short.len() * 4).max(1 << 9);
        // Two thirds of the budget for short pre-tokens, the rest for long ones.
        if sets * size_of::<[ShortEntry; 2]>() > self.budget / 3 * 2 {
            self.short_filled = 0;
            return;
        }
        let old = std::mem::replace(&mut self.short, vec![[EMPTY_SHORT; 2]; sets]);
        self.short_filled = 0;
        for entry in old.iter().flatten().filter(|entry| entry.key != 0) {
            let set = &mut self.short[short_hash(entry.key) as usize & (sets - 1)];
            self.short_filled += usize::from(set[1].key == 0);
            set[1] = set[0];
            set[0] = *entry;
        }
    }

    /// The ids of a pre-token of 16 to [`LONG`] bytes.
    #[inline]
    pub fn get_long(&self, key: &[u64; 4], hash: u64) -> Option<([TokenId; LONG_IDS + 1], usize)> {
        let set = self.long.get(hash as usize & self.long.len().wrapping_sub(1))?;
        let entry = set.iter().find(|entry| entry.key == *key)?;
        let mut ids = entry.ids;
        let count = (ids[0] >> COUNT_SHIFT) as usize;
        ids[0] &= ID_MASK;
        Some((ids, count))
    }

    /// Remembers a pre-token of 16 to [`LONG`] bytes if its ids fit.
    #[inline]
    pub fn put_long(&mut self, key: &[u64; 4], hash: u64, ids: &[TokenId]) {
        if ids.is_empty() || ids.len() > LONG_IDS {
            return;
        }
        if self.long_filled >= self.long.len() {
            self.grow_long();
        }
        let at = hash as usize & self.long.len().wrapping_sub(1);
        let Some(set) = self.long.get_mut(at) else { return };
        let mut entry = LongEntry { key: *key, ..EMPTY_LONG };
        entry.ids[..ids.len()].copy_from_slice(ids);
        entry.ids[0] |= (ids.len() as u32) << COUNT_SHIFT;
        self.long_filled += usize::from(set[1].key == [0; 4]);
        set[1] = set[0];
        set[0] = entry;
    }

    fn grow_long(&mut self) {
        let sets = (self.long.len() * 4).max(1 << 8);
        if sets * size_of::<[LongEntry; 2]>() > self.budget / 3 {
            self.long_filled = 0;
            return;
        }
        let old = std::mem::replace(&mut self.long, vec![[EMPTY_LONG; 2]; sets]);
        self.long_filled = 0;
        for entry in old.iter().flatten().filter(|entry| entry.key != [0; 4]) {
            let set = &mut self.long[long_hash(&entry.key) as usize & (sets - 1)];
            self.long_filled += usize::from(set[1].key == [0; 4]);
            set[1] = set[0];
            set[0] = *entry;
        }
    }
}

/// The key of a pre-token of 16 to [`LONG`] bytes: the bytes, and their number in the last.
#[inline(always)]
pub fn long_key(bytes: &[u8]) -> [u64; 4] {
    let mut buffer = [0u8; 32];
    buffer[..bytes.len()].copy_from_slice(bytes);
    buffer[31] = bytes.len() as u8;
    let mut key = [0; 4];
    for (word, chunk) in key.iter_mut().zip(buffer.chunks_exact(8)) {
        *word = chunk.first_chunk().map_or(0, |chunk| u64::from_le_bytes(*chunk));
    }
    key
}

/// Hash of a long key.
#[inline(always)]
pub fn long_hash(key: &[u64; 4]) -> u64 {
    mix(mix(key[0], key[1]), mix(key[2], key[3]))
}

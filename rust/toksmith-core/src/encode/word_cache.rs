//! Pre-tokens seen before, with their ids: what makes repeated words cheap.
//!
//! Two open-addressing tables of 32-byte entries. Pre-tokens of up to 15 bytes are whole in
//! their entry, with up to four ids; longer ones, and more ids, lie in arenas. Keys are the
//! bytes themselves, or are compared with them, never a hash alone: a cache can change the time
//! an id takes, not the id. A look-up reads at most [`PROBES`] entries, whatever the text. The
//! tables grow with use up to their shares of the byte budget; then new entries take the place
//! of old ones, and full arenas are emptied.

use super::sink::Sink;
use crate::simd::prefetch;
use crate::token::TokenId;

/// Longest pre-token in the short table.
pub const SHORT: usize = 15;
/// Longest pre-token in the long table.
pub const LONG: usize = 2048;
/// Ids an entry of the short table holds.
const INLINE: usize = 4;
/// The number of ids is in the top bits of the first one; see [`crate::vocab::MAX_ID`].
const COUNT_SHIFT: u32 = 28;
const ID_MASK: u32 = (1 << COUNT_SHIFT) - 1;
/// In place of a number of ids: they are in the arena, at the second number, as many as the third.
const ELSEWHERE: u32 = 15;
/// Entries looked at before giving up.
const PROBES: usize = 8;
/// Limit of one thread's tables and arenas together.
pub const DEFAULT_BUDGET: usize = 32 << 20;

/// Up to 15 bytes, and their number in the top byte.
pub type ShortKey = u128;

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

/// Hash of any bytes.
pub fn hash_bytes(bytes: &[u8]) -> u64 {
    let mut chunks = bytes.chunks_exact(8);
    let mut hash = bytes.len() as u64;
    for chunk in &mut chunks {
        hash = mix(hash, chunk.first_chunk().map_or(0, |chunk| u64::from_le_bytes(*chunk)));
    }
    let mut word = [0; 8];
    for (to, from) in word.iter_mut().zip(chunks.remainder()) {
        *to = *from;
    }
    mix(hash, u64::from_le_bytes(word))
}

/// Which bytes of two words are those of a pre-token of so many bytes.
const MASKS: [[u64; 2]; SHORT + 1] = {
    let mut masks = [[0; 2]; SHORT + 1];
    let mut len = 0;
    while len <= SHORT {
        let mask = (1u128 << (8 * len)) - 1;
        masks[len] = [mask as u64, (mask >> 64) as u64];
        len += 1;
    }
    masks
};

/// The key of a pre-token of at most [`SHORT`] bytes at `start`, in two loads.
#[inline(always)]
pub fn short_key(text: &[u8], start: usize, len: usize) -> ShortKey {
    debug_assert!(len <= SHORT);
    let word = if let Some(bytes) = text.get(start..).and_then(<[u8]>::first_chunk::<16>) {
        u128::from_le_bytes(*bytes)
    } else {
        let mut bytes = [0; 16];
        for (to, from) in bytes.iter_mut().zip(&text[start..start + len]) {
            *to = *from;
        }
        u128::from_le_bytes(bytes)
    };
    let [low, high] = MASKS[len & SHORT];
    let high = (word >> 64) as u64 & high | (len as u64) << 56;
    u128::from(word as u64 & low) | u128::from(high) << 64
}

/// A key (zero: empty) and what it stands for.
type Entry = [[u64; 2]; 2];

/// Entries, each within one cache line.
#[derive(Debug, Default)]
struct Table {
    /// Halves of entries. Plain arrays, so that a new table is fresh zero pages.
    halves: Vec<[u64; 2]>,
    /// First half in use: entries begin at a multiple of their size.
    first: usize,
    mask: usize,
    used: usize,
}

impl Table {
    fn new(entries: usize) -> Self {
        let halves = vec![[0; 2]; entries * 2 + 1];
        let first = usize::from(halves.as_ptr().addr() % size_of::<Entry>() != 0);
        Self { halves, first, mask: entries - 1, used: 0 }
    }

    fn bytes(&self) -> usize {
        size_of_val(self.halves.as_slice())
    }

    #[inline(always)]
    fn at(&self, hash: u64) -> usize {
        self.first + (hash as usize & self.mask) * 2
    }

    #[inline(always)]
    fn entry(&self, hash: u64) -> Option<&Entry> {
        self.halves.get(self.at(hash)..)?.first_chunk()
    }

    /// Where to write an entry of this key; counts a slot that was empty.
    fn slot(&mut self, key: [u64; 2], hash: u64) -> Option<&mut Entry> {
        let mut at = self.at(hash);
        for probe in 0..PROBES as u64 {
            let here = self.at(hash.wrapping_add(probe));
            let there = *self.halves.get(here)?;
            if there == [0; 2] {
                self.used += 1;
                at = here;
                break;
            }
            if there == key {
                at = here;
                break;
            }
        }
        self.halves.get_mut(at..)?.first_chunk_mut()
    }

    /// Makes a table that is half full larger, within `budget` bytes; `hash_of` gives the hash of
    /// a key.
    fn grow(&mut self, budget: usize, hash_of: impl Fn([u64; 2]) -> u64) {
        let size = if self.halves.is_empty() { SMALLEST } else { (self.mask + 1) * 2 };
        if self.used * 4 < size && !self.halves.is_empty() || size * size_of::<Entry>() > budget {
            return;
        }
        let mut grown = Self::new(if size < LARGE { size * 2 } else { size });
        for entry in self.halves.get(self.first..).unwrap_or(&[]).as_chunks::<2>().0 {
            if entry[0] != [0; 2]
                && let Some(slot) = grown.slot(entry[0], hash_of(entry[0]))
            {
                *slot = *entry;
            }
        }
        *self = grown;
    }
}

/// Entries of a new table, and up to how many it grows fourfold.
const SMALLEST: usize = 1 << 10;
const LARGE: usize = 1 << 17;

/// One thread's cache.
#[derive(Debug)]
pub struct WordCache {
    short: Table,
    long: Table,
    keys: Vec<u8>,
    ids: Vec<TokenId>,
    budget: usize,
}

impl WordCache {
    /// An empty cache that grows to at most `budget` bytes.
    pub fn new(budget: usize) -> Self {
        Self {
            short: Table::default(),
            long: Table::default(),
            keys: Vec::new(),
            ids: Vec::new(),
            budget,
        }
    }

    /// Bytes allocated.
    pub fn bytes(&self) -> usize {
        self.short.bytes()
            + self.long.bytes()
            + self.keys.capacity()
            + self.ids.capacity() * size_of::<TokenId>()
    }

    /// Asks for the line [`WordCache::find_short`] will read first.
    #[inline(always)]
    pub fn prefetch_short(&self, hash: u64) {
        prefetch(&self.short.halves, self.short.at(hash));
    }

    /// Asks for the line [`WordCache::find_long`] will read first.
    #[inline(always)]
    pub fn prefetch_long(&self, hash: u64) {
        prefetch(&self.long.halves, self.long.at(hash));
    }

    /// The entry of a short pre-token, if it is here; valid until the next one is remembered.
    #[inline(always)]
    pub fn find_short(&self, key: ShortKey, hash: u64) -> Option<usize> {
        let key = [key as u64, (key >> 64) as u64];
        for probe in 0..PROBES as u64 {
            let at = self.short.at(hash.wrapping_add(probe));
            let there = *self.short.halves.get(at)?;
            if there == key {
                return Some(at);
            }
            if there == [0; 2] {
                return None;
            }
        }
        None
    }

    /// Gives the ids of an entry to `sink`.
    #[inline(always)]
    pub fn give_short(&self, entry: usize, sink: &mut impl Sink) {
        let Some(&[low, high]) = self.short.halves.get(entry + 1) else { return };
        let ids = [low as u32 & ID_MASK, (low >> 32) as u32, high as u32, (high >> 32) as u32];
        let count = low as u32 >> COUNT_SHIFT;
        if count == ELSEWHERE {
            sink.many(self.ids(ids[1], ids[2]));
        } else {
            sink.few(ids, count as usize);
        }
    }

    /// The arena from a place on.
    #[inline(always)]
    pub fn ids_from(&self, start: u32) -> &[TokenId] {
        self.ids.get(start as usize..).unwrap_or(&[])
    }

    /// A range of the arena.
    pub fn ids(&self, start: u32, count: u32) -> &[TokenId] {
        self.ids.get(start as usize..(start + count) as usize).unwrap_or(&[])
    }

    /// Remembers a short pre-token.
    #[inline]
    pub fn put_short(&mut self, key: ShortKey, hash: u64, ids: &[TokenId]) {
        self.short.grow(self.budget / 2, |key| mix(key[0], key[1]));
        let value = if ids.len() <= INLINE {
            let id = |i: usize| u64::from(ids.get(i).copied().unwrap_or(0));
            [id(0) | (ids.len() as u64) << COUNT_SHIFT | id(1) << 32, id(2) | id(3) << 32]
        } else {
            let start = self.store(ids);
            [u64::from(ELSEWHERE) << COUNT_SHIFT | start << 32, ids.len() as u64]
        };
        let key = [key as u64, (key >> 64) as u64];
        if let Some(slot) = self.short.slot(key, hash) {
            *slot = [key, value];
        }
    }

    /// Where in the arena the ids of a longer pre-token are, if they are here, and how many.
    pub fn find_long(&self, bytes: &[u8], hash: u64) -> Option<(u32, u32)> {
        for probe in 0..PROBES as u64 {
            let &[[tag, place], [ids, _]] = self.long.entry(hash.wrapping_add(probe))?;
            let (start, len) = (place as u32 as usize, (place >> 32) as usize);
            if tag == hash && len == bytes.len() && self.keys.get(start..start + len) == Some(bytes)
            {
                return Some((ids as u32, (ids >> 32) as u32));
            }
            if place == 0 {
                return None;
            }
        }
        None
    }

    /// Remembers a pre-token of up to [`LONG`] bytes.
    pub fn put_long(&mut self, bytes: &[u8], hash: u64, ids: &[TokenId]) {
        self.long.grow(self.budget / 8, |key| key[0]);
        let start = self.store(ids);
        let place = self.keys.len() as u64 | (bytes.len() as u64) << 32;
        self.keys.extend_from_slice(bytes);
        if let Some(slot) = self.long.slot([hash, place], hash) {
            *slot = [[hash, place], [start | (ids.len() as u64) << 32, 0]];
        }
    }

    /// Puts ids into the arena; returns where.
    fn store(&mut self, ids: &[TokenId]) -> u64 {
        let more = size_of_val(ids) + LONG;
        if self.keys.len() + size_of_val(self.ids.as_slice()) + more > self.budget / 4 {
            // What lies in the arenas is forgotten, and with it every entry that points there.
            (self.short, self.long) = (Table::new(SMALLEST), Table::new(SMALLEST));
            self.keys.clear();
            self.ids.clear();
        }
        let start = self.ids.len() as u64;
        self.ids.extend_from_slice(ids);
        start
    }
}

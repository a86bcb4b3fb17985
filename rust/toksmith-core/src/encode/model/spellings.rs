//! Tokens by spelling: one probe tells whether a word is a token.
//!
//! Open addressing, less than half full. Spellings of up to [`PACKED`] bytes are whole in 16
//! bytes, four to a cache line: `id << 100 | length << 96 | bytes`. Longer ones are compared in
//! an arena. O(length) a look-up.

use crate::encode::word_cache::{ShortKey, hash_bytes, short_hash, short_key};
use crate::simd::prefetch;
use crate::token::{NONE, TokenId};

/// Longest spelling in the packed table.
const PACKED: usize = 12;
const ID_SHIFT: u32 = 100;
const KEY_MASK: u128 = (1 << ID_SHIFT) - 1;

/// A token of more than [`PACKED`] bytes.
#[derive(Debug, Clone, Copy)]
struct Long {
    /// [`NONE`]: an empty slot.
    id: TokenId,
    /// Some bits of the hash.
    tag: u32,
    start: u32,
    len: u32,
}

const EMPTY: Long = Long { id: NONE, tag: 0, start: 0, len: 0 };

/// A table from spelling to id.
#[derive(Debug)]
pub struct Spellings {
    packed: Vec<u128>,
    long: Vec<Long>,
    arena: Vec<u8>,
}

/// The form of a key in the packed table.
#[inline(always)]
fn packed(key: ShortKey) -> u128 {
    // The length moves from bit 120 to bit 96; the bytes between are zero.
    (key & ((1 << 96) - 1)) | (key >> 120) << 96
}

impl Spellings {
    /// Indexes tokens, whose ids are below 2^28; of equal spellings the first counts. Empty ones
    /// are left out.
    pub fn new(tokens: &[(TokenId, &[u8])]) -> Self {
        let (mut short, mut long) = (0, 0);
        for (_, bytes) in tokens {
            *(if bytes.len() <= PACKED { &mut short } else { &mut long }) += 1;
        }
        let size = |count: usize| (count * 2).next_power_of_two().max(16);
        let mut table =
            Self { packed: vec![0; size(short)], long: vec![EMPTY; size(long)], arena: Vec::new() };
        for &(id, bytes) in tokens {
            if !bytes.is_empty() && table.get(bytes).is_none() {
                table.insert(id, bytes);
            }
        }
        table
    }

    fn insert(&mut self, id: TokenId, bytes: &[u8]) {
        if bytes.len() <= PACKED {
            let key = short_key(bytes, 0, bytes.len());
            let mask = self.packed.len() - 1;
            let mut at = short_hash(key) as usize;
            while self.packed[at & mask] != 0 {
                at += 1;
            }
            self.packed[at & mask] = packed(key) | u128::from(id) << ID_SHIFT;
        } else {
            let hash = hash_bytes(bytes);
            let mask = self.long.len() - 1;
            let mut at = hash as usize;
            while self.long[at & mask].id != NONE {
                at += 1;
            }
            let (start, len) = (self.arena.len() as u32, bytes.len() as u32);
            self.long[at & mask] = Long { id, tag: (hash >> 32) as u32, start, len };
            self.arena.extend_from_slice(bytes);
        }
    }

    /// The token spelled so.
    #[inline]
    pub fn get(&self, bytes: &[u8]) -> Option<TokenId> {
        self.get_at(bytes, 0, bytes.len())
    }

    /// The token spelled as the `len` bytes of `text` from `start`: cheaper than [`Self::get`]
    /// where the text goes on, as 16 bytes can then be read at once.
    #[inline]
    pub fn get_at(&self, text: &[u8], start: usize, len: usize) -> Option<TokenId> {
        if len <= PACKED {
            let key = short_key(text, start, len);
            self.get_packed(key, short_hash(key))
        } else {
            self.get_long(text.get(start..start + len)?)
        }
    }

    /// Asks for the line that [`Self::get_packed`] will read.
    #[inline(always)]
    pub fn prefetch(&self, hash: u64) {
        prefetch(&self.packed, hash as usize & (self.packed.len() - 1));
    }

    /// The token of a key of at most 15 bytes, if it has at most 12.
    #[inline(always)]
    pub fn get_packed(&self, key: ShortKey, hash: u64) -> Option<TokenId> {
        let mask = self.packed.len() - 1;
        let (mut at, key) = (hash as usize, packed(key));
        loop {
            let word = self.packed[at & mask];
            // An empty slot, asked for first: it equals the key of an empty word.
            if word == 0 {
                return None;
            }
            if word & KEY_MASK == key {
                return Some((word >> ID_SHIFT) as u32);
            }
            at += 1;
        }
    }

    fn get_long(&self, bytes: &[u8]) -> Option<TokenId> {
        let hash = hash_bytes(bytes);
        let mask = self.long.len() - 1;
        let mut at = hash as usize;
        loop {
            let slot = self.long[at & mask];
            if slot.id == NONE {
                return None;
            }
            let (start, len) = (slot.start as usize, slot.len as usize);
            if slot.tag == (hash >> 32) as u32 && self.arena.get(start..start + len) == Some(bytes)
            {
                return Some(slot.id);
            }
            at += 1;
        }
    }
}

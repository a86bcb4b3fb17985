//! The vocabulary by spelling: about nine pre-tokens in ten are one token.

use super::model::bpe::Bpe;
use super::word_cache::{self as cache, ShortKey};
use crate::simd::prefetch;
use crate::token::{NONE, TokenId};
use crate::vocab::Vocab;
use std::collections::HashMap;

/// Token spellings, in open-addressing tables less than half full.
///
/// Those of up to [`PACKED`] bytes are whole in 16 bytes, four to a cache line:
/// `id << 100 | length << 96 | bytes`. Longer ones are compared in the vocabulary.
#[derive(Debug)]
pub(crate) struct Words {
    packed: Vec<u128>,
    /// Longer tokens, `hash << 32 | id`, the hash without its lower half; or [`FREE`].
    long: Vec<u64>,
    /// Tokens that merging never gives and that are not taken whole either.
    dead: HashMap<Vec<u8>, TokenId>,
}

/// Longest token in the packed table.
pub(crate) const PACKED: usize = 12;
/// An empty slot of the table of longer tokens.
const FREE: u64 = u64::MAX;
/// Tokens between asking for a slot's cache line and writing it.
const AHEAD: usize = 16;
const ID_SHIFT: u32 = 100;
const KEY_MASK: u128 = (1 << ID_SHIFT) - 1;

/// The form of a key in the packed table.
#[inline(always)]
fn packed(key: ShortKey) -> u128 {
    // The length moves from bit 120 to bit 96; the bytes between are zero.
    (key & ((1 << 96) - 1)) | (key >> 120) << 96
}

impl Words {
    /// Indexes a vocabulary; `whole_words` makes tokens that no merge gives usable too.
    pub(crate) fn new(vocab: &Vocab, bpe: &Bpe, whole_words: bool) -> Self {
        let live = (0..bpe.len() as u32).filter(|&rank| bpe.is_live(rank) || whole_words);
        let long_count = live.filter(|&rank| bpe.token_len(rank) as usize > PACKED).count();
        let size = |count: usize| (count * 2).next_power_of_two().max(16);
        let mut words = Self {
            packed: vec![0; size(bpe.len() - long_count)],
            long: vec![FREE; size(long_count)],
            dead: HashMap::new(),
        };
        let bytes_of = |rank: u32| vocab.get(bpe.id(rank));
        for rank in 0..bpe.len() as u32 {
            let ahead = (rank as usize + AHEAD).min(bpe.len() - 1) as u32;
            if let Some(bytes) = bytes_of(ahead).filter(|bytes| bytes.len() <= PACKED) {
                words.prefetch(cache::short_hash(cache::short_key(bytes, 0, bytes.len())));
            }
            let id = bpe.id(rank);
            match bytes_of(rank) {
                Some(bytes) if whole_words || bpe.is_live(rank) => words.insert(vocab, bytes, id),
                Some(bytes) => _ = words.dead.insert(bytes.to_vec(), id),
                None => {}
            }
        }
        words
    }

    fn insert(&mut self, vocab: &Vocab, bytes: &[u8], id: TokenId) {
        if bytes.len() <= PACKED {
            let key = cache::short_key(bytes, 0, bytes.len());
            let mask = self.packed.len() - 1;
            let (mut at, key) = (cache::short_hash(key) as usize, packed(key));
            while self.packed[at & mask] != 0 {
                if self.packed[at & mask] & KEY_MASK == key {
                    return;
                }
                at += 1;
            }
            self.packed[at & mask] = key | u128::from(id) << ID_SHIFT;
        } else {
            let mask = self.long.len() - 1;
            let hash = cache::hash_bytes(bytes);
            let mut at = hash as usize;
            while self.long[at & mask] != FREE {
                if vocab.get(self.long[at & mask] as TokenId) == Some(bytes) {
                    return;
                }
                at += 1;
            }
            self.long[at & mask] = hash >> 32 << 32 | u64::from(id);
        }
    }

    #[inline(always)]
    pub(crate) fn prefetch(&self, hash: u64) {
        prefetch(&self.packed, hash as usize & (self.packed.len() - 1));
    }

    /// The token of a key of at most [`PACKED`] bytes, or [`NONE`].
    #[inline(always)]
    pub(crate) fn find_packed(&self, key: ShortKey, hash: u64) -> u32 {
        let mask = self.packed.len() - 1;
        let (mut at, key) = (hash as usize, packed(key));
        loop {
            let word = self.packed[at & mask];
            if word & KEY_MASK == key {
                return (word >> ID_SHIFT) as u32;
            }
            if word == 0 {
                return NONE;
            }
            at += 1;
        }
    }

    /// The token of more than [`PACKED`] bytes spelled so, or [`NONE`]; `hash` is that of its bytes.
    pub(crate) fn find_long(&self, vocab: &Vocab, bytes: &[u8], hash: u64) -> u32 {
        let mask = self.long.len() - 1;
        let mut at = hash as usize;
        loop {
            let word = self.long[at & mask];
            if word == FREE {
                return NONE;
            }
            let id = word as TokenId;
            if word >> 32 == hash >> 32 && vocab.get(id) == Some(bytes) {
                return id;
            }
            at += 1;
        }
    }

    /// The token of a pre-token taken whole, or [`NONE`].
    fn find(&self, vocab: &Vocab, bytes: &[u8]) -> u32 {
        match bytes.len() {
            0 => NONE,
            1..=PACKED => {
                let key = cache::short_key(bytes, 0, bytes.len());
                self.find_packed(key, cache::short_hash(key))
            }
            _ => self.find_long(vocab, bytes, cache::hash_bytes(bytes)),
        }
    }

    /// The token spelled so, whether encoding ever gives it or not.
    pub(crate) fn spelling(&self, vocab: &Vocab, bytes: &[u8]) -> Option<TokenId> {
        let id = self.find(vocab, bytes);
        if id == NONE { self.dead.get(bytes).copied() } else { Some(id) }
    }
}

//! The vocabulary by spelling, and the loop that turns pre-tokens into ids.
//!
//! About nine pre-tokens in ten are one token. The loop asks the table of all spellings, then
//! the thread's cache, and merges only what neither knows.

use super::model::bpe::{Bpe, MergeScratch};
use super::word_cache::{self as cache, ShortKey, WordCache};
use crate::error::Result;
use crate::simd::prefetch;
use crate::token::{NONE, TokenId};
use crate::vocab::Vocab;
use crate::watch::Watch;
use std::collections::HashMap;

/// Token spellings, in open-addressing tables less than half full.
///
/// Those of up to [`PACKED`] bytes are whole in 16 bytes, four to a cache line:
/// `id << 100 | length << 96 | bytes`. Longer ones are compared in the vocabulary.
#[derive(Debug)]
pub(crate) struct Words {
    packed: Vec<u128>,
    /// Ids of longer tokens, or [`NONE`].
    long: Vec<TokenId>,
    /// Tokens that merging never gives and that are not taken whole either.
    dead: HashMap<Vec<u8>, TokenId>,
}

/// Longest token in the packed table.
const PACKED: usize = 12;
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
            long: vec![NONE; size(long_count)],
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
            let mut at = cache::hash_bytes(bytes) as usize;
            while self.long[at & mask] != NONE {
                if vocab.get(self.long[at & mask]) == Some(bytes) {
                    return;
                }
                at += 1;
            }
            self.long[at & mask] = id;
        }
    }

    #[inline(always)]
    fn prefetch(&self, hash: u64) {
        prefetch(&self.packed, hash as usize & (self.packed.len() - 1));
    }

    /// The token of a key of at most [`PACKED`] bytes, or [`NONE`].
    #[inline(always)]
    fn find_packed(&self, key: ShortKey, hash: u64) -> u32 {
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
    fn find_long(&self, vocab: &Vocab, bytes: &[u8], hash: u64) -> u32 {
        let mask = self.long.len() - 1;
        let mut at = hash as usize;
        loop {
            let id = self.long[at & mask];
            if id == NONE || vocab.get(id) == Some(bytes) {
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

/// Where ids go.
pub(crate) trait Sink {
    /// The first `count` of a few ids.
    fn few<const N: usize>(&mut self, ids: [TokenId; N], count: usize);
    /// Any number of ids.
    fn many(&mut self, ids: &[TokenId]);
    /// An added token that stands at these bytes.
    fn added(&mut self, id: TokenId, _start: usize, _end: usize) {
        self.many(&[id]);
    }
    /// The next text begins at this byte.
    #[inline(always)]
    fn start_at(&mut self, _base: usize) {}
    /// The next ids begin at this byte of that text, which need not be where the last ones ended.
    #[inline(always)]
    fn piece_start(&mut self, _start: usize) {}
}

/// Collects ids, by way of a small buffer so that a few can be written without asking how many.
pub(crate) struct Ids<'a> {
    stage: [TokenId; STAGE + 16],
    used: usize,
    out: &'a mut Vec<TokenId>,
}

const STAGE: usize = 240;

impl<'a> Ids<'a> {
    pub(crate) fn new(out: &'a mut Vec<TokenId>) -> Self {
        Self { stage: [0; STAGE + 16], used: 0, out }
    }

    pub(crate) fn flush(&mut self) {
        self.out.extend_from_slice(&self.stage[..self.used]);
        self.used = 0;
    }
}

impl Sink for Ids<'_> {
    #[inline(always)]
    fn few<const N: usize>(&mut self, ids: [TokenId; N], count: usize) {
        if self.used >= STAGE {
            self.flush();
        }
        if let Some(place) = self.stage[self.used..].first_chunk_mut::<N>() {
            *place = ids;
        }
        self.used += count;
    }

    #[inline]
    fn many(&mut self, ids: &[TokenId]) {
        self.flush();
        self.out.extend_from_slice(ids);
    }
}

/// Counts ids.
#[derive(Default)]
pub(crate) struct Count(pub(crate) usize);

impl Sink for Count {
    #[inline(always)]
    fn few<const N: usize>(&mut self, _: [TokenId; N], count: usize) {
        self.0 += count;
    }

    fn many(&mut self, ids: &[TokenId]) {
        self.0 += ids.len();
    }
}

/// What the loop needs of a tokenizer and of a thread.
pub(crate) struct Encoder<'a> {
    pub(crate) vocab: &'a Vocab,
    pub(crate) words: &'a Words,
    pub(crate) bpe: &'a Bpe,
    pub(crate) cache: &'a mut WordCache,
    pub(crate) merge: &'a mut MergeScratch,
    pub(crate) ids: &'a mut Vec<TokenId>,
    pub(crate) group: &'a mut Group,
    pub(crate) watch: &'a Watch<'a>,
}

/// In place of the key of a longer pre-token; equal to no key.
const TOO_LONG: ShortKey = u128::MAX;

/// Pre-tokens looked up together.
const GROUP: usize = 128;

/// What is known of each pre-token of a group, kept from call to call.
#[derive(Debug)]
pub(crate) struct Group {
    keys: [(ShortKey, u64); GROUP],
    found: [TokenId; GROUP],
}

impl Default for Group {
    fn default() -> Self {
        Self { keys: [(TOO_LONG, 0); GROUP], found: [NONE; GROUP] }
    }
}

impl Encoder<'_> {
    /// Encodes the pre-tokens that begin at `start` and end at `ends`; returns the last end.
    ///
    /// In passes over a group, so that the cache lines all of them need are on their way from
    /// memory before the first is looked at: spellings first, the cache for what is not one token.
    #[inline(always)]
    pub(crate) fn words(
        &mut self,
        text: &[u8],
        start: usize,
        ends: &[usize],
        sink: &mut impl Sink,
    ) -> Result<usize> {
        let Group { keys, found } = &mut *self.group;
        let mut from = start;
        for (slot, &end) in keys.iter_mut().zip(ends) {
            let len = end - from;
            *slot = if len <= cache::SHORT {
                let key = cache::short_key(text, from, len);
                let hash = cache::short_hash(key);
                self.words.prefetch(hash);
                (key, hash)
            } else {
                (TOO_LONG, 0)
            };
            from = end;
        }
        for (id, &(key, hash)) in found.iter_mut().zip(&keys[..ends.len().min(GROUP)]) {
            // Longer keys have a length that no packed one has.
            *id = self.words.find_packed(key, hash);
            if *id == NONE {
                self.cache.prefetch_short(hash);
            }
        }
        from = start;
        for (i, &end) in ends.iter().enumerate().take(GROUP) {
            let ((key, hash), id) = (self.group.keys[i], self.group.found[i]);
            if id != NONE {
                sink.few([id], 1);
            } else if key == TOO_LONG {
                self.long_word(&text[from..end], sink)?;
            } else {
                self.short_word(&text[from..end], key, hash, sink);
            }
            from = end;
        }
        Ok(from)
    }

    /// Encodes the pre-token `text[start..end]`.
    pub(crate) fn word(
        &mut self,
        text: &[u8],
        start: usize,
        end: usize,
        sink: &mut impl Sink,
    ) -> Result<()> {
        self.words(text, start, &[end], sink).map(|_| ())
    }

    /// A pre-token of at most [`cache::SHORT`] bytes that is not in the packed table.
    #[inline]
    fn short_word(&mut self, bytes: &[u8], key: ShortKey, hash: u64, sink: &mut impl Sink) {
        if !self.cache.get_short(key, hash, sink) {
            self.short_miss(bytes, key, hash);
            sink.many(self.ids);
        }
    }

    /// Leaves the ids in `self.ids` and in the cache.
    #[inline(never)]
    fn short_miss(&mut self, bytes: &[u8], key: ShortKey, hash: u64) {
        let whole = if bytes.len() > PACKED {
            self.words.find_long(self.vocab, bytes, cache::hash_bytes(bytes))
        } else {
            NONE
        };
        // Short pre-tokens never ask to stop.
        let _ = self.merge(bytes, whole);
        self.cache.put_short(key, hash, self.ids);
    }

    /// A longer pre-token.
    #[inline(never)]
    fn long_word(&mut self, bytes: &[u8], sink: &mut impl Sink) -> Result<()> {
        if bytes.len() > cache::LONG {
            let whole = self.words.find_long(self.vocab, bytes, cache::hash_bytes(bytes));
            self.merge(bytes, whole)?;
        } else {
            let hash = cache::hash_bytes(bytes);
            if self.cache.get_long(bytes, hash, sink) {
                return Ok(());
            }
            self.merge(bytes, self.words.find_long(self.vocab, bytes, hash))?;
            self.cache.put_long(bytes, hash, self.ids);
        }
        sink.many(self.ids);
        Ok(())
    }

    /// Leaves in `self.ids` the token `whole`, or if that is [`NONE`] what merging makes.
    #[inline]
    fn merge(&mut self, bytes: &[u8], whole: TokenId) -> Result<()> {
        self.ids.clear();
        if whole == NONE {
            self.bpe.merge(bytes, self.merge, self.watch)?;
            self.ids.extend(self.merge.ranks.iter().map(|&rank| self.bpe.id(rank)));
        } else {
            self.ids.push(whole);
        }
        Ok(())
    }
}

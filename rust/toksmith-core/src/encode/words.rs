//! The vocabulary by spelling, and the loop that turns pre-tokens into ids.
//!
//! About nine pre-tokens in ten are one token. The loop asks the thread's cache, then the
//! table of all spellings, and merges only what neither knows.

use super::model::bpe::{Bpe, MergeScratch};
use super::word_cache::{self as cache, ShortKey, WordCache};
use crate::error::Result;
use crate::token::{NONE, TokenId};
use crate::vocab::Vocab;
use crate::watch::Watch;

/// Marks an id that merging never gives: found by spelling only.
const DEAD: u32 = 1 << 31;

/// Token spellings, in two open-addressing tables at most half full.
#[derive(Debug)]
pub(crate) struct Words {
    short: Vec<ShortWord>,
    /// Ids of tokens of more than 15 bytes, or [`NONE`].
    long: Vec<TokenId>,
}

#[derive(Debug, Clone, Copy)]
struct ShortWord {
    /// Zero is empty: a key has its length in the top byte.
    low: u64,
    high: u64,
    id: TokenId,
}

impl Words {
    /// Indexes a vocabulary; `whole_words` makes tokens that no merge gives usable too.
    pub(crate) fn new(vocab: &Vocab, bpe: &Bpe, whole_words: bool) -> Self {
        let short_count = vocab.iter().filter(|(_, bytes)| bytes.len() <= cache::SHORT).count();
        let long_count = vocab.len() - short_count;
        let size = |count: usize| (count * 2).next_power_of_two().max(16);
        let mut words = Self {
            short: vec![ShortWord { low: 0, high: 0, id: 0 }; size(short_count)],
            long: vec![NONE; size(long_count)],
        };
        for rank in 0..bpe.len() as u32 {
            let id = bpe.id(rank);
            let mark = if whole_words || bpe.is_live(rank) { 0 } else { DEAD };
            if let Some(bytes) = vocab.get(id) {
                words.insert(vocab, bytes, id, mark);
            }
        }
        words
    }

    fn insert(&mut self, vocab: &Vocab, bytes: &[u8], id: TokenId, mark: u32) {
        if bytes.len() <= cache::SHORT {
            let key = cache::short_key(bytes, 0, bytes.len());
            let mask = self.short.len() - 1;
            let mut at = cache::short_hash(key) as usize;
            while self.short[at & mask].high != 0 {
                if self.short[at & mask].key() == key {
                    return;
                }
                at += 1;
            }
            self.short[at & mask] =
                ShortWord { low: key as u64, high: (key >> 64) as u64, id: id | mark };
        } else {
            let mask = self.long.len() - 1;
            let mut at = hash_bytes(bytes) as usize;
            while self.long[at & mask] != NONE {
                if vocab.get(self.long[at & mask] & !DEAD) == Some(bytes) {
                    return;
                }
                at += 1;
            }
            self.long[at & mask] = id | mark;
        }
    }

    #[inline(always)]
    fn find_short(&self, key: ShortKey, hash: u64) -> u32 {
        let mask = self.short.len() - 1;
        let mut at = hash as usize;
        loop {
            let word = &self.short[at & mask];
            if word.key() == key {
                return word.id;
            }
            if word.high == 0 {
                return NONE;
            }
            at += 1;
        }
    }

    fn find_long(&self, vocab: &Vocab, bytes: &[u8]) -> u32 {
        let mask = self.long.len() - 1;
        let mut at = hash_bytes(bytes) as usize;
        loop {
            let id = self.long[at & mask];
            if id == NONE || vocab.get(id & !DEAD) == Some(bytes) {
                return id;
            }
            at += 1;
        }
    }

    /// The token spelled so, whether merging gives it or not.
    pub(crate) fn spelling(&self, vocab: &Vocab, bytes: &[u8]) -> Option<TokenId> {
        let id = if bytes.is_empty() {
            NONE
        } else if bytes.len() <= cache::SHORT {
            let key = cache::short_key(bytes, 0, bytes.len());
            self.find_short(key, cache::short_hash(key))
        } else {
            self.find_long(vocab, bytes)
        };
        (id != NONE).then_some(id & !DEAD)
    }
}

impl ShortWord {
    #[inline(always)]
    fn key(&self) -> ShortKey {
        u128::from(self.low) | u128::from(self.high) << 64
    }
}

fn hash_bytes(bytes: &[u8]) -> u64 {
    bytes.chunks(8).fold(bytes.len() as u64, |hash, chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        cache::mix(hash, u64::from_le_bytes(word))
    })
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

const STAGE: usize = 1008;

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
    pub(crate) watch: &'a Watch<'a>,
}

/// Pre-tokens looked up together.
const GROUP: usize = 128;

impl Encoder<'_> {
    /// Encodes the pre-tokens that begin at `start` and end at `ends`; returns the last end.
    ///
    /// In two passes, so that the cache lines of a group are on their way from memory before
    /// the first of them is needed.
    #[inline(always)]
    pub(crate) fn words(
        &mut self,
        text: &[u8],
        start: usize,
        ends: &[usize],
        sink: &mut impl Sink,
    ) -> Result<usize> {
        let mut keys = [(0, 0); GROUP];
        let mut from = start;
        for (slot, &end) in keys.iter_mut().zip(ends) {
            let len = end - from;
            if len <= cache::SHORT {
                let key = cache::short_key(text, from, len);
                let hash = cache::short_hash(key);
                self.cache.prefetch_short(hash);
                *slot = (key, hash);
            } else {
                *slot = (0, 0);
            }
            from = end;
        }
        from = start;
        for (&(key, hash), &end) in keys.iter().zip(ends) {
            if key == 0 {
                self.long_word(&text[from..end], sink)?;
            } else if let Some((ids, count)) = self.cache.get_short(key, hash) {
                sink.few(ids, count);
            } else {
                self.short_miss(&text[from..end], key, hash);
                sink.many(self.ids);
            }
            from = end;
        }
        Ok(from)
    }

    /// Encodes the pre-token `text[start..end]`.
    #[inline(always)]
    pub(crate) fn word(
        &mut self,
        text: &[u8],
        start: usize,
        end: usize,
        sink: &mut impl Sink,
    ) -> Result<()> {
        let len = end - start;
        if len <= cache::SHORT {
            let key = cache::short_key(text, start, len);
            let hash = cache::short_hash(key);
            if let Some((ids, count)) = self.cache.get_short(key, hash) {
                sink.few(ids, count);
            } else {
                self.short_miss(&text[start..end], key, hash);
                sink.many(self.ids);
            }
            return Ok(());
        }
        self.long_word(&text[start..end], sink)
    }

    /// Leaves the ids in `self.ids` and in the cache.
    #[inline(never)]
    fn short_miss(&mut self, bytes: &[u8], key: ShortKey, hash: u64) {
        self.ids.clear();
        let id = self.words.find_short(key, hash);
        if id & DEAD == 0 {
            self.ids.push(id);
        } else {
            // Short pre-tokens never ask to stop.
            let _ = self.bpe.merge(bytes, self.merge, self.watch);
            self.ids.extend(self.merge.ranks.iter().map(|&rank| self.bpe.id(rank)));
        }
        self.cache.put_short(key, hash, self.ids);
    }

    #[inline(never)]
    fn long_word(&mut self, bytes: &[u8], sink: &mut impl Sink) -> Result<()> {
        let cached = (bytes.len() <= cache::LONG).then(|| {
            let key = cache::long_key(bytes);
            (key, cache::long_hash(&key))
        });
        if let Some((key, hash)) = &cached {
            if let Some((ids, count)) = self.cache.get_long(key, *hash) {
                sink.few(ids, count);
                return Ok(());
            }
        }
        self.ids.clear();
        let id = self.words.find_long(self.vocab, bytes);
        if id & DEAD == 0 {
            self.ids.push(id);
        } else {
            self.bpe.merge(bytes, self.merge, self.watch)?;
            self.ids.extend(self.merge.ranks.iter().map(|&rank| self.bpe.id(rank)));
        }
        if let Some((key, hash)) = &cached {
            self.cache.put_long(key, *hash, self.ids);
        }
        sink.many(self.ids);
        Ok(())
    }
}

//! The loop that turns pre-tokens into ids, a group at a time.
//!
//! A group is handled in passes, so that the cache lines that one pass needs are on their way
//! from memory before the pass begins: spellings first, then the thread's cache for what is not
//! one token, and what neither knows is merged, in step (`model/bpe/lanes.rs`).

use super::model::bpe::lanes::{self, Lanes};
use super::model::bpe::{Bpe, MergeScratch};
use super::sink::Sink;
use super::word_cache::{self as cache, ShortKey, WordCache};
use super::words::{PACKED, Words};
use crate::error::Result;
use crate::simd::vectors::Vectors;
use crate::simd::{self, Work};
use crate::token::{NONE, Span, TokenId};
use crate::vocab::Vocab;
use crate::watch::Watch;

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
pub(super) const GROUP: usize = 256;

/// Tokens given at a time.
const RUN: usize = 16;

/// Ids of a pre-token given at once.
const SOME: usize = 8;

/// Longest pre-token, in bytes, that is handled with its group and not by itself.
const TOGETHER: usize = 128;

/// What is known of each pre-token of a group, kept from call to call.
#[derive(Debug)]
pub(crate) struct Group {
    /// Key and hash; [`TOO_LONG`] and the hash of the bytes for a longer one.
    keys: [(ShortKey, u64); GROUP],
    /// Its token, if it is in the packed table.
    found: [TokenId; GROUP + RUN],
    /// Where its ids are, if it is not.
    answers: [Answer; GROUP],
    /// Which are not.
    unknown: [u16; GROUP],
    misses: Vec<Miss>,
    /// The ids of what was merged.
    merged: Vec<TokenId>,
    lanes: Lanes,
}

/// Where the ids of a pre-token are.
#[derive(Debug, Clone, Copy)]
enum Answer {
    /// In this entry of the cache of short pre-tokens.
    Short(usize),
    /// In this range of the cache's arena.
    Long(u32, u32),
    /// In this range of what was merged for the group.
    Merged(u32, u32),
    /// Nowhere yet: it is too long.
    Alone,
}

/// A pre-token that has to be merged.
#[derive(Debug, Clone, Copy)]
struct Miss {
    /// Its place in the group.
    index: u16,
    span: Span,
    /// The token it is, if one.
    whole: TokenId,
}

impl Default for Group {
    fn default() -> Self {
        Self {
            keys: [(TOO_LONG, 0); GROUP],
            found: [NONE; GROUP + RUN],
            answers: [Answer::Alone; GROUP],
            unknown: [0; GROUP],
            misses: Vec::new(),
            merged: Vec::new(),
            lanes: Lanes::default(),
        }
    }
}

/// [`Encoder::merge_misses`], to be compiled for vectors.
struct MergeMisses<'e, 'a> {
    encoder: &'e mut Encoder<'a>,
    text: &'e [u8],
}

impl Work for MergeMisses<'_, '_> {
    type Output = Result<()>;

    #[inline(always)]
    fn run<V: Vectors>(self) -> Result<()> {
        self.encoder.merge_misses::<V>(self.text)
    }
}

/// Gives the first `count` of `ids` to `sink`: a few at once where there are enough to copy.
#[inline(always)]
fn give_some(ids: &[TokenId], count: u32, sink: &mut impl Sink) {
    match ids.first_chunk::<SOME>() {
        Some(some) if count as usize <= SOME => sink.few(*some, count as usize),
        _ => sink.many(ids.get(..count as usize).unwrap_or(&[])),
    }
}

impl Encoder<'_> {
    /// Encodes the pre-tokens that begin at `start` and end at `ends`, at most [`GROUP`] of them;
    /// returns the last end.
    #[inline(always)]
    pub(crate) fn words(
        &mut self,
        text: &[u8],
        start: usize,
        ends: &[usize],
        sink: &mut impl Sink,
    ) -> Result<usize> {
        let Group { keys, found, unknown, .. } = &mut *self.group;
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
        let mut unknowns = 0;
        for (i, (id, &(key, hash))) in
            found.iter_mut().zip(&keys[..ends.len().min(GROUP)]).enumerate()
        {
            // Longer keys have a length that no packed one has.
            *id = self.words.find_packed(key, hash);
            unknown[unknowns] = i as u16;
            if *id == NONE {
                unknowns += 1;
                self.cache.prefetch_short(hash);
            }
        }
        if unknowns > 0 {
            self.answer(text, start, ends, unknowns)?;
        }
        let count = ends.len().min(GROUP);
        let mut at = 0;
        for i in 0..unknowns {
            let next = usize::from(self.group.unknown[i]);
            self.give_found(at, next, sink);
            let from = if next == 0 { start } else { ends[next - 1] };
            self.give(next, &text[from..ends[next]], sink)?;
            at = next + 1;
        }
        self.give_found(at, count, sink);
        if !self.group.misses.is_empty() {
            self.remember(text);
        }
        Ok(from)
    }

    /// Gives the tokens found for the group's pre-tokens `from..to` to `sink`.
    #[inline(always)]
    fn give_found(&self, mut from: usize, to: usize, sink: &mut impl Sink) {
        while from < to {
            if let Some(ids) = self.group.found.get(from..).and_then(<[u32]>::first_chunk::<RUN>) {
                sink.few(*ids, (to - from).min(RUN));
            }
            from += RUN;
        }
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

    /// Finds where the ids of the group's first `unknowns` unknown pre-tokens are; merges what
    /// has none.
    #[inline(never)]
    fn answer(&mut self, text: &[u8], start: usize, ends: &[usize], unknowns: usize) -> Result<()> {
        let group = &mut *self.group;
        for &index in &group.unknown[..unknowns] {
            let i = usize::from(index);
            let from = if i == 0 { start } else { ends[i - 1] };
            let span = Span { start: from, end: ends[i] };
            let (key, hash) = &mut group.keys[i];
            let answer = if *key != TOO_LONG {
                self.cache.find_short(*key, *hash).map(Answer::Short)
            } else if span.end - span.start <= TOGETHER {
                let bytes = &text[span.start..span.end];
                *hash = cache::hash_bytes(bytes);
                self.cache.find_long(bytes, *hash).map(|(start, count)| Answer::Long(start, count))
            } else {
                Some(Answer::Alone)
            };
            match answer {
                Some(answer) => group.answers[i] = answer,
                None => group.misses.push(Miss { index, span, whole: NONE }),
            }
        }
        if self.group.misses.is_empty() {
            return Ok(());
        }
        simd::vectorized(MergeMisses { encoder: self, text })
    }

    #[inline(always)]
    fn merge_misses<V: Vectors>(&mut self, text: &[u8]) -> Result<()> {
        let Group { keys, answers, misses, merged, lanes, .. } = &mut *self.group;
        lanes.clear();
        for miss in &mut *misses {
            let bytes = &text[miss.span.start..miss.span.end];
            if bytes.len() > PACKED {
                let (key, hash) = keys[usize::from(miss.index)];
                let hash = if key == TOO_LONG { hash } else { cache::hash_bytes(bytes) };
                miss.whole = self.words.find_long(self.vocab, bytes, hash);
            }
            if miss.whole == NONE && bytes.len() <= lanes::MAX {
                lanes.push(self.bpe, bytes);
            }
        }
        lanes.merge::<V>(self.bpe);
        merged.clear();
        let mut lane = 0;
        for miss in &*misses {
            let (bytes, start) = (&text[miss.span.start..miss.span.end], merged.len());
            if miss.whole != NONE {
                merged.push(miss.whole);
            } else if bytes.len() <= lanes::MAX {
                merged.extend(lanes.ranks(lane).map(|rank| self.bpe.id(rank)));
                lane += 1;
            } else {
                self.bpe.merge(bytes, self.merge, self.watch)?;
                merged.extend(self.merge.ranks.iter().map(|&rank| self.bpe.id(rank)));
            }
            answers[usize::from(miss.index)] =
                Answer::Merged(start as u32, (merged.len() - start) as u32);
        }
        // So that there are enough to copy behind the last.
        merged.extend([0; SOME]);
        Ok(())
    }

    /// Gives the ids of the group's pre-token `i` to `sink`.
    #[inline]
    fn give(&mut self, i: usize, bytes: &[u8], sink: &mut impl Sink) -> Result<()> {
        match self.group.answers[i] {
            Answer::Short(entry) => self.cache.give_short(entry, sink),
            Answer::Long(start, count) => give_some(self.cache.ids_from(start), count, sink),
            Answer::Merged(start, count) => {
                let merged = self.group.merged.get(start as usize..).unwrap_or(&[]);
                give_some(merged, count, sink);
            }
            Answer::Alone => return self.long_word(bytes, sink),
        }
        Ok(())
    }

    /// Puts what was merged for the group into the cache.
    #[inline(never)]
    fn remember(&mut self, text: &[u8]) {
        let Group { keys, answers, misses, merged, .. } = &mut *self.group;
        for miss in misses.drain(..) {
            let i = usize::from(miss.index);
            let Answer::Merged(start, count) = answers[i] else { continue };
            let ids = merged.get(start as usize..(start + count) as usize).unwrap_or(&[]);
            let (key, hash) = keys[i];
            if key == TOO_LONG {
                self.cache.put_long(&text[miss.span.start..miss.span.end], hash, ids);
            } else {
                self.cache.put_short(key, hash, ids);
            }
        }
    }

    /// A pre-token that is too long for its group.
    #[inline(never)]
    fn long_word(&mut self, bytes: &[u8], sink: &mut impl Sink) -> Result<()> {
        let hash = cache::hash_bytes(bytes);
        let cached = bytes.len() <= cache::LONG;
        if cached && let Some((start, count)) = self.cache.find_long(bytes, hash) {
            sink.many(self.cache.ids(start, count));
            return Ok(());
        }
        self.ids.clear();
        let whole = self.words.find_long(self.vocab, bytes, hash);
        if whole == NONE {
            self.bpe.merge(bytes, self.merge, self.watch)?;
            self.ids.extend(self.merge.ranks.iter().map(|&rank| self.bpe.id(rank)));
        } else {
            self.ids.push(whole);
        }
        if cached {
            self.cache.put_long(bytes, hash, self.ids);
        }
        sink.many(self.ids);
        Ok(())
    }
}

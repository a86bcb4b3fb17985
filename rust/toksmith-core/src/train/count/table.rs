//! Words in memory with their counts: two hash tables with a limit on their bytes.
//!
//! Words of up to 15 bytes, nineteen in twenty, lie whole in their slot of 24 bytes; of longer ones
//! the slot has the hash and the place in an arena. A word seen before costs a look-up and no
//! allocation. Hashes are keyed by chance, so that no text is made to collide; what is taken out is
//! sorted, so that chance is not seen.
//!
//! A table that may not grow says that it is full ([`Table::add`]); its owner writes it down and
//! empties it. The worst case of a look-up is that of linear probing at five eighths.

use crate::encode::word_cache::{SHORT, ShortKey, mix, short_key};
use crate::simd::prefetch;
use std::cmp::Ordering;
use std::hash::{BuildHasher as _, RandomState};

/// `[low half of the key, high half, count]`, or `[hash, place in the arena + 1, count]`; the second
/// word of a free slot is zero.
type Slot = [u64; 3];

/// Bytes of a slot and of its part in the order that taking out makes.
const SLOT_BYTES: usize = size_of::<Slot>() + size_of::<(u64, u64)>() * 5 / 8;
/// Slots of a new table, if the limit allows them, and of the smallest one.
const USUAL: usize = 1 << 10;
const SMALLEST: usize = 1 << 4;
/// Words looked up together, so that the cache lines of later ones are on their way.
const GROUP: usize = 256;
/// In place of the key of a longer word.
const TOO_LONG: ShortKey = u128::MAX;
/// Marks a slot of the table of longer words.
const LONG_BIT: u64 = 1 << 63;
/// Bytes of a length in the arena.
const LENGTH: usize = size_of::<u64>();

/// Words with counts.
#[derive(Debug)]
pub(super) struct Table {
    short: Slots,
    long: Slots,
    /// Longer words, each after its length.
    arena: Vec<u8>,
    arena_limit: usize,
    seed: [u64; 2],
}

/// An open-addressing table.
#[derive(Debug)]
struct Slots {
    all: Vec<Slot>,
    used: usize,
    /// Most slots.
    limit: usize,
}

impl Slots {
    /// A table of at most `bytes`, while it grows too.
    fn new(bytes: usize) -> Self {
        // While it grows the old one, half as large, is there as well.
        let most = (bytes / (SLOT_BYTES + size_of::<Slot>() / 2)).clamp(SMALLEST, 1 << 40);
        let limit = most.next_power_of_two() >> usize::from(!most.is_power_of_two());
        Self { all: vec![[0; 3]; USUAL.min(limit)], used: 0, limit }
    }

    /// Makes room for one more; gives back whether there is.
    fn make_room(&mut self, hash_of: impl Fn(&Slot) -> u64) -> bool {
        if (self.used + 1) * 8 <= self.all.len() * 5 {
            return true;
        }
        if self.all.len() >= self.limit {
            return false;
        }
        let mut grown = vec![[0; 3]; self.all.len() * 2];
        let mask = grown.len() - 1;
        for slot in self.all.iter().filter(|slot| slot[1] != 0) {
            let mut at = hash_of(slot) as usize & mask;
            while grown[at][1] != 0 {
                at = (at + 1) & mask;
            }
            grown[at] = *slot;
        }
        self.all = grown;
        true
    }

    /// The first slot of a chain that is free or for which `is_it` holds.
    #[inline(always)]
    fn find(&self, hash: u64, is_it: impl Fn(&Slot) -> bool) -> usize {
        let mask = self.all.len() - 1;
        let mut at = hash as usize & mask;
        // Some slot is always free.
        while self.all[at][1] != 0 && !is_it(&self.all[at]) {
            at = (at + 1) & mask;
        }
        at
    }

    /// Takes a free slot.
    fn take(&mut self, at: usize, slot: Slot) {
        self.all[at] = slot;
        self.used += 1;
    }

    fn clear(&mut self) {
        if self.used > 0 {
            self.all.fill([0; 3]);
            self.used = 0;
        }
    }
}

#[inline(always)]
fn halves(key: ShortKey) -> [u64; 2] {
    [key as u64, (key >> 64) as u64]
}

#[inline(always)]
fn hash_short(seed: [u64; 2], low: u64, high: u64) -> u64 {
    mix(low ^ seed[0], high ^ seed[1])
}

/// Keyed hash of any bytes.
fn hash_long(seed: [u64; 2], bytes: &[u8]) -> u64 {
    let (chunks, rest) = bytes.as_chunks::<8>();
    let mut hash = seed[0] ^ bytes.len() as u64;
    for chunk in chunks {
        hash = mix(hash, u64::from_le_bytes(*chunk) ^ seed[1]);
    }
    let mut word = [0; 8];
    for (to, from) in word.iter_mut().zip(rest) {
        *to = *from;
    }
    mix(hash, u64::from_le_bytes(word) ^ seed[1])
}

/// The word at a place of the arena.
fn in_arena(arena: &[u8], place: u64) -> &[u8] {
    let at = (place as usize).saturating_sub(1);
    let length = arena.get(at..).and_then(<[u8]>::first_chunk::<LENGTH>);
    let start = at + LENGTH;
    let length = length.map_or(0, |length| u64::from_le_bytes(*length) as usize);
    arena.get(start..start.saturating_add(length)).unwrap_or_default()
}

impl Table {
    /// An empty table of at most `bytes`, but for a few hundred and for a single word that is
    /// longer.
    pub(super) fn new(bytes: usize) -> Self {
        let state = RandomState::new();
        Self {
            short: Slots::new(bytes / 2),
            long: Slots::new(bytes / 4),
            arena: Vec::new(),
            // While it grows it is there twice, the old one perhaps half as large.
            arena_limit: bytes / 4 / 3 * 2,
            seed: [state.hash_one(1u8), state.hash_one(2u8)],
        }
    }

    /// Number of distinct words.
    pub(super) fn len(&self) -> usize {
        self.short.used + self.long.used
    }

    /// Forgets all words.
    pub(super) fn clear(&mut self) {
        self.short.clear();
        self.long.clear();
        self.arena.clear();
        if self.arena.capacity() > self.arena_limit {
            self.arena = Vec::new();
        }
    }

    /// Counts a word `count` times more; `false` if it is new and there is no room, in which case
    /// nothing is changed. An empty table has room for any word.
    pub(super) fn add(&mut self, word: &[u8], count: u64) -> bool {
        if word.is_empty() {
            true
        } else if word.len() <= SHORT {
            let [low, high] = halves(short_key(word, 0, word.len()));
            self.add_short(low, high, hash_short(self.seed, low, high), count)
        } else {
            self.add_long(word, hash_long(self.seed, word), count)
        }
    }

    /// As [`Table::add`] for words that follow each other in a text; gives how many were counted
    /// before there was no more room.
    #[inline(always)]
    pub(super) fn add_all(
        &mut self,
        text: &[u8],
        start: usize,
        ends: &[usize],
        count: u64,
    ) -> usize {
        let mut keys = [(TOO_LONG, 0); GROUP];
        let mut from = start;
        for (slot, &end) in keys.iter_mut().zip(ends) {
            let len = end - from;
            *slot = if len <= SHORT {
                let key = short_key(text, from, len);
                let [low, high] = halves(key);
                let hash = hash_short(self.seed, low, high);
                prefetch(&self.short.all, hash as usize & (self.short.all.len() - 1));
                (key, hash)
            } else {
                let hash = hash_long(self.seed, text.get(from..end).unwrap_or_default());
                prefetch(&self.long.all, hash as usize & (self.long.all.len() - 1));
                (TOO_LONG, hash)
            };
            from = end;
        }
        from = start;
        for (done, (&(key, hash), &end)) in keys.iter().zip(ends).enumerate() {
            let [low, high] = halves(key);
            let added = if key == TOO_LONG {
                self.add_long(text.get(from..end).unwrap_or_default(), hash, count)
            } else {
                self.add_short(low, high, hash, count)
            };
            if !added {
                return done;
            }
            from = end;
        }
        ends.len().min(GROUP)
    }

    #[inline(always)]
    fn add_short(&mut self, low: u64, high: u64, hash: u64, count: u64) -> bool {
        let at = self.short.find(hash, |slot| slot[0] == low && slot[1] == high);
        let slot = &mut self.short.all[at];
        if slot[1] != 0 {
            slot[2] = slot[2].saturating_add(count);
            return true;
        }
        self.new_short(low, high, hash, count)
    }

    #[inline(never)]
    fn new_short(&mut self, low: u64, high: u64, hash: u64, count: u64) -> bool {
        let seed = self.seed;
        if !self.short.make_room(|slot| hash_short(seed, slot[0], slot[1])) {
            return false;
        }
        let at = self.short.find(hash, |_| false);
        self.short.take(at, [low, high, count]);
        true
    }

    fn add_long(&mut self, word: &[u8], hash: u64, count: u64) -> bool {
        let arena = &self.arena;
        let at = self.long.find(hash, |slot| slot[0] == hash && in_arena(arena, slot[1]) == word);
        if self.long.all[at][1] != 0 {
            self.long.all[at][2] = self.long.all[at][2].saturating_add(count);
            return true;
        }
        if !self.long.make_room(|slot| slot[0]) || !self.make_arena_room(LENGTH + word.len()) {
            return false;
        }
        let place = self.arena.len() as u64 + 1;
        self.arena.extend_from_slice(&(word.len() as u64).to_le_bytes());
        self.arena.extend_from_slice(word);
        let at = self.long.find(hash, |_| false);
        self.long.take(at, [hash, place, count]);
        true
    }

    fn make_arena_room(&mut self, more: usize) -> bool {
        let needed = self.arena.len().saturating_add(more);
        if needed > self.arena_limit && !self.arena.is_empty() {
            return false;
        }
        if needed > self.arena.capacity() {
            let wanted = (self.arena.capacity() * 2).min(self.arena_limit).max(needed);
            self.arena.reserve_exact(wanted - self.arena.len());
        }
        true
    }

    /// Its words in the order of their bytes. O(n log n).
    pub(super) fn sorted(&self) -> Sorted<'_> {
        let mut order = Vec::with_capacity(self.len());
        for (slots, bit) in [(&self.short.all, 0), (&self.long.all, LONG_BIT)] {
            for (at, _) in slots.iter().enumerate().filter(|(_, slot)| slot[1] != 0) {
                let place = at as u64 | bit;
                let mut first = [0; 8];
                for (to, from) in first.iter_mut().zip(self.word(place, &mut [0; 16])) {
                    *to = *from;
                }
                order.push((u64::from_be_bytes(first), place));
            }
        }
        order.sort_unstable_by(|a, b| match a.0.cmp(&b.0) {
            Ordering::Equal => self.word(a.1, &mut [0; 16]).cmp(self.word(b.1, &mut [0; 16])),
            differ => differ,
        });
        Sorted { table: self, order, at: 0 }
    }

    /// The word of a slot, which is written to `buffer` if it lies in the slot itself.
    fn word<'a>(&'a self, place: u64, buffer: &'a mut [u8; 16]) -> &'a [u8] {
        let slot = self.slot(place);
        if place & LONG_BIT != 0 {
            return in_arena(&self.arena, slot[1]);
        }
        let key = u128::from(slot[0]) | u128::from(slot[1]) << 64;
        *buffer = key.to_le_bytes();
        let len = usize::from(buffer[SHORT]);
        buffer.get(..len).unwrap_or_default()
    }

    fn slot(&self, place: u64) -> Slot {
        let slots = if place & LONG_BIT == 0 { &self.short.all } else { &self.long.all };
        slots.get((place & !LONG_BIT) as usize).copied().unwrap_or_default()
    }
}

/// The words of a table in order.
#[derive(Debug)]
pub(super) struct Sorted<'a> {
    table: &'a Table,
    /// The first eight bytes of each word, and its slot.
    order: Vec<(u64, u64)>,
    at: usize,
}

impl Sorted<'_> {
    /// Writes the next word to `word`; gives its count, or nothing at the end.
    pub(super) fn next_into(&mut self, word: &mut Vec<u8>) -> Option<u64> {
        let &(_, place) = self.order.get(self.at)?;
        self.at += 1;
        word.clear();
        word.extend_from_slice(self.table.word(place, &mut [0; 16]));
        Some(self.table.slot(place)[2])
    }
}

const _: () = assert!(SHORT == 15, "a key has its length in byte 15");

#[cfg(test)]
mod tests {
    use super::Table;
    use std::collections::BTreeMap;

    fn words(table: &Table) -> Vec<(Vec<u8>, u64)> {
        let (mut sorted, mut word, mut all) = (table.sorted(), Vec::new(), Vec::new());
        while let Some(count) = sorted.next_into(&mut word) {
            all.push((word.clone(), count));
        }
        all
    }

    #[test]
    fn counts_as_a_map_does_whatever_its_limit() {
        for limit in [0, 1000, 50_000, usize::MAX] {
            let mut table = Table::new(limit);
            let (mut map, mut spilled) = (BTreeMap::new(), BTreeMap::<Vec<u8>, u64>::new());
            let mut state = 1u64;
            for _ in 0..20_000 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let len = 1 + (state >> 40) as usize % 20;
                let word: Vec<u8> = (0..len).map(|i| (state >> (33 + i % 7)) as u8 & 3).collect();
                let count = state >> 60;
                *map.entry(word.clone()).or_insert(0) += count;
                if !table.add(&word, count) {
                    for (word, count) in words(&table) {
                        *spilled.entry(word).or_default() += count;
                    }
                    table.clear();
                    assert!(table.add(&word, count));
                }
            }
            for (word, count) in words(&table) {
                *spilled.entry(word).or_default() += count;
            }
            assert_eq!(map, spilled);
        }
    }

    #[test]
    fn words_come_out_in_the_order_of_their_bytes() {
        let mut table = Table::new(usize::MAX);
        let all: [&[u8]; 7] =
            [b"b", b"a\0", b"a", b"aaaaaaaaaaaaaaaaaaaa", b"aaaaaaaa\xff", b"\0", b"aaaaaaaa"];
        for word in all {
            assert!(table.add(word, u64::MAX));
            assert!(table.add(word, 1));
        }
        let mut expected: Vec<_> = all.iter().map(|word| (word.to_vec(), u64::MAX)).collect();
        expected.sort();
        assert_eq!(words(&table), expected);
    }
}

//! The pairs that may be merged: their counts, their places, and which comes first.
//!
//! A pair is kept while its count is at least `least`. The queue is lazy: a pair's entry in it may
//! be too high and is lowered when it comes up, which is right because counts only fall; where
//! one rises, a new entry is pushed. Among equal counts the pair with the smaller left id comes
//! first, then the one with the smaller right id.

use super::places::Places;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

/// A pair of ids, the left one in the upper half: ordered as the tie rule wants.
pub(super) type Key = u64;

#[inline]
pub(super) const fn key(left: u32, right: u32) -> Key {
    (left as u64) << 32 | right as u64
}

/// The two ids of a pair.
pub(super) const fn ids(key: Key) -> (u32, u32) {
    ((key >> 32) as u32, key as u32)
}

/// For keys that are pairs of ids, which nobody chooses freely: ids are given out one by one.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(u64::from(byte));
        }
    }

    #[inline]
    fn write_u64(&mut self, key: u64) {
        let product = u128::from(key ^ self.0) * 0x9E37_79B9_7F4A_7C15;
        self.0 = (product >> 64) as u64 ^ product as u64;
    }
}

/// A map from pairs.
pub(super) type KeyMap<V> = HashMap<Key, V, BuildHasherDefault<KeyHasher>>;

/// A set of pairs.
pub(super) type KeySet = HashSet<Key, BuildHasherDefault<KeyHasher>>;

#[derive(Debug)]
pub(super) struct Pair {
    pub(super) count: u64,
    /// With which value it stands in the queue.
    queued: u64,
    /// Of all its occurrences.
    pub(super) places: Places,
}

/// The pairs in waiting.
#[derive(Debug, Default)]
pub(super) struct Pairs {
    kept: KeyMap<Pair>,
    queue: BinaryHeap<(u64, Reverse<Key>)>,
}

impl Pairs {
    /// Adds a pair, or says anew what is known of it.
    pub(super) fn insert(&mut self, key: Key, count: u64, places: Vec<u32>) {
        let places = Places::new(places);
        self.kept.insert(key, Pair { count, queued: count, places });
        self.queue.push((count, Reverse(key)));
    }

    /// All of them, in no order.
    #[cfg(test)]
    pub(super) fn iter(&self) -> impl Iterator<Item = (Key, &Pair)> {
        self.kept.iter().map(|(&key, pair)| (key, pair))
    }

    pub(super) fn remove(&mut self, key: Key) -> Option<Pair> {
        self.kept.remove(&key)
    }

    /// Takes from a pair's count what `places` occurrences had, and lets the pair go if fewer than
    /// `least` are left. `stands` tells whether the pair still has a place.
    #[inline]
    pub(super) fn lower(
        &mut self,
        key: Key,
        by: u64,
        least: u64,
        places: usize,
        stands: impl Fn(usize) -> bool,
    ) {
        if let Some(pair) = self.kept.get_mut(&key) {
            debug_assert!(pair.count >= by, "more occurrences gone than there were");
            pair.count = pair.count.saturating_sub(by);
            if pair.count < least {
                self.kept.remove(&key);
            } else {
                pair.places.lose(places, stands);
            }
        }
    }

    /// The pair that is to be merged next, which stays where it is.
    pub(super) fn first(&mut self) -> Option<(Key, u64)> {
        while let Some((count, Reverse(key))) = self.queue.pop() {
            match self.kept.get_mut(&key) {
                Some(pair) if pair.queued == count => {
                    if pair.count == count {
                        return Some((key, count));
                    }
                    pair.queued = pair.count;
                    self.queue.push((pair.count, Reverse(key)));
                }
                _ => {}
            }
        }
        None
    }
}

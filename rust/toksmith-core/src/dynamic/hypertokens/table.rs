//! From a node and a token to the code of the hypertoken they spell, in one flat array.
//!
//! Open addressing with linear probing, at most half full; removal shifts what follows back, so
//! that no marks of removed keys are ever walked over. The hash is seeded at random: nothing the
//! table answers depends on it, and text cannot be made to collide. A lookup is one multiplication
//! and, nearly always, one cache line.

use std::hash::{BuildHasher, Hasher, RandomState};

/// The key of an empty slot: codes stay below 2^32 - 1.
const EMPTY: u64 = u64::MAX;
/// Slots of a new table.
const SLOTS: usize = 64;

/// A key and what it leads to.
#[derive(Debug, Clone, Copy)]
struct Slot {
    key: u64,
    code: u32,
}

const FREE: Slot = Slot { key: EMPTY, code: 0 };

/// A map from `(node, token)` to a code.
#[derive(Debug, Clone)]
pub(super) struct Table {
    /// A power of two of them.
    slots: Vec<Slot>,
    used: usize,
    seed: u64,
}

/// A node and the token after it, in one number.
#[inline(always)]
pub(super) const fn key(node: u32, token: u32) -> u64 {
    (node as u64) << 32 | token as u64
}

impl Table {
    pub(super) fn new() -> Self {
        let seed = RandomState::new().build_hasher().finish();
        Self { slots: vec![FREE; SLOTS], used: 0, seed }
    }

    /// Where a key would be if nothing were in its way; all bits of both halves count.
    #[inline(always)]
    fn home(&self, key: u64) -> usize {
        let wide = u128::from(key ^ self.seed) * 0x9E37_79B9_7F4A_7C15;
        ((wide >> 64) as u64 ^ wide as u64) as usize & (self.slots.len() - 1)
    }

    /// The code of a key, or the slot where it would go.
    #[inline(always)]
    pub(super) fn find(&self, key: u64) -> Result<u32, usize> {
        let mut at = self.home(key);
        loop {
            let slot = self.slots[at];
            if slot.key == key {
                return Ok(slot.code);
            }
            if slot.key == EMPTY {
                return Err(at);
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
    }

    /// Puts in a key that is not there, at the slot that [`Table::find`] gave since the last change.
    #[inline]
    pub(super) fn insert_at(&mut self, at: usize, key: u64, code: u32) {
        debug_assert_eq!(self.find(key), Err(at));
        self.slots[at] = Slot { key, code };
        self.used += 1;
        if self.used * 2 > self.slots.len() {
            self.grow();
        }
    }

    /// Puts in a key that is not there.
    pub(super) fn insert(&mut self, key: u64, code: u32) {
        if let Err(at) = self.find(key) {
            self.insert_at(at, key, code);
        }
    }

    #[cold]
    fn grow(&mut self) {
        let room = vec![FREE; self.slots.len() * 2];
        for slot in std::mem::replace(&mut self.slots, room) {
            if slot.key != EMPTY
                && let Err(at) = self.find(slot.key)
            {
                self.slots[at] = slot;
            }
        }
    }

    /// Takes a key out, if it is there. Amortised O(1).
    pub(super) fn remove(&mut self, key: u64) {
        let (mask, mut hole) = (self.slots.len() - 1, self.home(key));
        while self.slots[hole].key != key {
            if self.slots[hole].key == EMPTY {
                return;
            }
            hole = (hole + 1) & mask;
        }
        self.used -= 1;
        let mut at = hole;
        loop {
            at = (at + 1) & mask;
            let slot = self.slots[at];
            if slot.key == EMPTY {
                break;
            }
            // It may move to the hole unless its home lies behind the hole, on the way to it.
            let (from_home, from_hole) =
                (at.wrapping_sub(self.home(slot.key)), at.wrapping_sub(hole));
            if from_home & mask >= from_hole & mask {
                self.slots[hole] = slot;
                hole = at;
            }
        }
        self.slots[hole] = FREE;
    }

    /// Forgets all keys; O(slots).
    pub(super) fn clear(&mut self) {
        self.slots.fill(FREE);
        self.used = 0;
    }

    /// Slots, used and free.
    pub(super) fn room(&self) -> usize {
        self.slots.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn equals_a_map_under_insertions_and_removals() {
        let (mut table, mut map, mut state) = (Table::new(), HashMap::new(), 1u64);
        for _ in 0..200_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let key = key((state >> 33) as u32 % 40, (state >> 50) as u32 % 40);
            if state >> 63 == 0 {
                if map.remove(&key).is_some() {
                    table.remove(key);
                }
            } else if let Err(at) = table.find(key) {
                assert_eq!(map.insert(key, state as u32), None);
                table.insert_at(at, key, state as u32);
            }
            assert_eq!(table.find(key).ok(), map.get(&key).copied());
            assert_eq!(table.used, map.len());
        }
        for node in 0..40 {
            for token in 0..40 {
                let key = key(node, token);
                assert_eq!(table.find(key).ok(), map.get(&key).copied());
            }
        }
    }
}

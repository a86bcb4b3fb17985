//! Which slot of a table of embeddings holds which new token.
//!
//! A new token is known by its base ids. There are as many slots as rows of embeddings were set
//! aside; when all are taken the token that was not asked for longest gives up its own, unless it
//! is pinned. The embeddings are the caller's: he is told what is fresh and what had to go.
//!
//! Deterministic: slots depend on the calls alone. A lookup is O(base ids).

use super::recency::{NIL, Recency};
use super::rows::rows;
use crate::batch::Ragged;
use crate::error::{Error, Result};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::sync::Arc;

/// The base ids of a new token.
type Key = Arc<[u32]>;

/// New tokens in slots `0..capacity`.
#[derive(Debug, Clone)]
pub struct SlotTable {
    keys: Vec<Option<Key>>,
    places: HashMap<Key, u32>,
    /// Slots in use that are not pinned.
    order: Recency,
    listed: usize,
    pinned: Vec<bool>,
    /// The smallest is handed out first.
    free: BinaryHeap<Reverse<u32>>,
}

/// What [`SlotTable::assign`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assigned {
    /// A slot a row.
    pub slots: Vec<u32>,
    /// Whether the row is the first that names a token which was not in the table.
    pub fresh: Vec<bool>,
    /// Slots that changed hands, in that order.
    pub evicted_slots: Vec<u32>,
    /// The tokens that had them.
    pub evicted: Ragged,
}

/// What a table holds: enough to make it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// Slots in use: the pinned ones, ascending, then the others, the latest used last.
    pub slots: Vec<u32>,
    /// Their tokens.
    pub keys: Ragged,
    /// How many are pinned.
    pub pinned: usize,
}

impl SlotTable {
    /// A table of free slots.
    ///
    /// # Errors
    /// There are more than 2^31 of them.
    pub fn new(capacity: usize) -> Result<Self> {
        if capacity > 1 << 31 {
            return Err(Error::Input {
                why: format!("capacity is {capacity}; expected at most 2**31"),
            });
        }
        Ok(Self {
            keys: vec![None; capacity],
            places: HashMap::new(),
            order: Recency::new(),
            listed: 0,
            pinned: vec![false; capacity],
            free: (0..capacity as u32).map(Reverse).collect(),
        })
    }

    /// Makes a table that holds what another held.
    ///
    /// # Errors
    /// The contents are not those of a table of this size.
    pub fn restore(capacity: usize, contents: &Contents) -> Result<Self> {
        let mut table = Self::new(capacity)?;
        let keys = rows(&contents.keys.ids, &contents.keys.offsets)?;
        let wrong = |why: String| Error::Input { why };
        if keys.len() != contents.slots.len() || contents.pinned > keys.len() {
            return Err(wrong(format!(
                "{} tokens for {} slots of which {} are pinned",
                keys.len(),
                contents.slots.len(),
                contents.pinned
            )));
        }
        for (at, (&slot, key)) in contents.slots.iter().zip(keys).enumerate() {
            let taken = table.keys.get(slot as usize).is_none_or(Option::is_some);
            if taken || key.is_empty() || table.places.contains_key(key) {
                return Err(wrong(format!(
                    "entry {at}: slot {slot} or its token is there twice, or out of range"
                )));
            }
            table.put(slot, key);
            if at < contents.pinned {
                table.pin_one(slot);
            }
        }
        let keys = &table.keys;
        table.free.retain(|Reverse(slot)| keys[*slot as usize].is_none());
        Ok(table)
    }

    /// What the table holds.
    pub fn contents(&self) -> Contents {
        let pinned = |slot: &u32| self.pinned[*slot as usize];
        let mut slots: Vec<u32> = (0..self.keys.len() as u32).filter(pinned).collect();
        let count = slots.len();
        slots.extend(self.order.order().iter().rev());
        let mut keys = Ragged { ids: Vec::new(), offsets: vec![0] };
        for &slot in &slots {
            keys.ids.extend(self.keys[slot as usize].iter().flat_map(|key| key.iter()));
            keys.offsets.push(keys.ids.len() as i64);
        }
        Contents { slots, keys, pinned: count }
    }

    /// How many slots there are.
    pub fn capacity(&self) -> usize {
        self.keys.len()
    }

    /// How many are in use.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The slot of a token. It does not count as used.
    pub fn get(&self, key: &[u32]) -> Option<u32> {
        self.places.get(key).copied()
    }

    /// The token of a slot.
    pub fn key(&self, slot: u32) -> Option<&[u32]> {
        self.keys.get(slot as usize)?.as_deref()
    }

    /// Whether the token of a slot is pinned.
    pub fn is_pinned(&self, slot: u32) -> bool {
        self.pinned.get(slot as usize).is_some_and(|&pinned| pinned)
    }

    /// The slots of tokens, -1 for those that have none. They do not count as used.
    ///
    /// # Errors
    /// The offsets do not describe rows of the ids.
    pub fn lookup(&self, ids: &[u32], offsets: &[i64]) -> Result<Vec<i64>> {
        Ok(rows(ids, offsets)?.iter().map(|key| self.get(key).map_or(-1, i64::from)).collect())
    }

    /// Gives every token a slot and counts all as used, in the order of the rows. No token of the
    /// call is evicted by it.
    ///
    /// # Errors
    /// A row is empty, or fewer slots are free or can be freed than there are new tokens; the table
    /// is as before.
    pub fn assign(&mut self, ids: &[u32], offsets: &[i64]) -> Result<Assigned> {
        let rows = rows(ids, offsets)?;
        let (mut old, mut new, mut asked) = (Vec::new(), 0, HashSet::with_capacity(rows.len()));
        for (at, &key) in rows.iter().enumerate() {
            if key.is_empty() {
                return Err(Error::Input { why: format!("row {at}: a token of no base ids") });
            }
            if asked.insert(key) {
                match self.get(key) {
                    Some(slot) if self.pinned[slot as usize] => {}
                    Some(slot) => old.push(slot),
                    None => new += 1,
                }
            }
        }
        let room = self.free.len() + self.listed - old.len();
        if new > room {
            return Err(Error::Vocabulary {
                why: format!(
                    "no slots for {} of {new} new tokens: of {} slots {} are pinned and {} hold \
                     other tokens of the same call",
                    new - room,
                    self.capacity(),
                    self.len() - self.listed,
                    old.len()
                ),
            });
        }
        // In front of all that may go.
        for slot in old {
            self.order.lift(slot);
        }
        let mut done = Assigned {
            slots: Vec::with_capacity(rows.len()),
            fresh: vec![false; rows.len()],
            evicted_slots: Vec::new(),
            evicted: Ragged { ids: Vec::new(), offsets: vec![0] },
        };
        for (at, &key) in rows.iter().enumerate() {
            let slot = if let Some(slot) = self.get(key) {
                if !self.pinned[slot as usize] {
                    self.order.lift(slot);
                }
                slot
            } else {
                let slot = self.vacate(&mut done);
                self.put(slot, key);
                done.fresh[at] = true;
                slot
            };
            done.slots.push(slot);
        }
        Ok(done)
    }

    /// A slot that nobody has, by eviction if need be. Requires that there is one to be had.
    fn vacate(&mut self, done: &mut Assigned) -> u32 {
        if let Some(Reverse(slot)) = self.free.pop() {
            return slot;
        }
        let slot = self.order.last();
        debug_assert_ne!(slot, NIL);
        if let Some(key) = self.take(slot) {
            done.evicted_slots.push(slot);
            done.evicted.ids.extend_from_slice(&key);
            done.evicted.offsets.push(done.evicted.ids.len() as i64);
        }
        slot
    }

    fn put(&mut self, slot: u32, key: &[u32]) {
        let key: Key = key.into();
        self.keys[slot as usize] = Some(Arc::clone(&key));
        self.places.insert(key, slot);
        self.order.insert_after(slot, NIL);
        self.listed += 1;
    }

    /// Takes the token of a slot that is not pinned out of the table.
    fn take(&mut self, slot: u32) -> Option<Key> {
        let key = self.keys[slot as usize].take()?;
        self.places.remove(&key);
        self.order.remove(slot);
        self.listed -= 1;
        Some(key)
    }

    fn pin_one(&mut self, slot: u32) {
        if !std::mem::replace(&mut self.pinned[slot as usize], true) {
            self.order.remove(slot);
            self.listed -= 1;
        }
    }

    /// Whether all are slots in use.
    fn check(&self, slots: &[u32]) -> Result<()> {
        match slots.iter().find(|&&slot| self.key(slot).is_none()) {
            None => Ok(()),
            Some(slot) => Err(Error::Vocabulary {
                why: format!(
                    "slot {slot} holds no token; {} of {} do",
                    self.len(),
                    self.capacity()
                ),
            }),
        }
    }

    /// Keeps the tokens of slots from being evicted.
    ///
    /// # Errors
    /// A slot holds no token; nothing is done then.
    pub fn pin(&mut self, slots: &[u32]) -> Result<()> {
        self.check(slots)?;
        for &slot in slots {
            self.pin_one(slot);
        }
        Ok(())
    }

    /// Lets the tokens of slots be evicted again; those that were pinned count as used now.
    ///
    /// # Errors
    /// A slot holds no token; nothing is done then.
    pub fn unpin(&mut self, slots: &[u32]) -> Result<()> {
        self.check(slots)?;
        for &slot in slots {
            if std::mem::replace(&mut self.pinned[slot as usize], false) {
                self.order.insert_after(slot, NIL);
                self.listed += 1;
            }
        }
        Ok(())
    }

    /// Frees slots.
    ///
    /// # Errors
    /// A slot holds no token, or a pinned one; nothing is done then.
    pub fn discard(&mut self, slots: &[u32]) -> Result<()> {
        self.check(slots)?;
        if let Some(slot) = slots.iter().find(|&&slot| self.is_pinned(slot)) {
            return Err(Error::Vocabulary {
                why: format!("slot {slot} is pinned; unpin it first"),
            });
        }
        for &slot in slots {
            if self.take(slot).is_some() {
                self.free.push(Reverse(slot));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assign(table: &mut SlotTable, keys: &[&[u32]]) -> Result<(Vec<u32>, Vec<bool>, Vec<u32>)> {
        let mut offsets = vec![0];
        offsets.extend(keys.iter().scan(0, |end, key| {
            *end += key.len() as i64;
            Some(*end)
        }));
        let done = table.assign(&keys.concat(), &offsets)?;
        Ok((done.slots, done.fresh, done.evicted_slots))
    }

    #[test]
    fn the_least_recently_used_goes_first() -> Result<()> {
        let mut table = SlotTable::new(2)?;
        assert_eq!(
            assign(&mut table, &[&[1, 2], &[3], &[1, 2]])?,
            (vec![0, 1, 0], vec![true, true, false], vec![])
        );
        assert_eq!(assign(&mut table, &[&[4]])?, (vec![1], vec![true], vec![1]));
        table.pin(&[0])?;
        assert_eq!(assign(&mut table, &[&[5]])?, (vec![1], vec![true], vec![1]));
        assert!(assign(&mut table, &[&[6], &[7]]).is_err());
        assert_eq!(table.key(1), Some(&[5][..]));
        table.unpin(&[0])?;
        assert_eq!(assign(&mut table, &[&[6], &[1, 2]])?, (vec![1, 0], vec![true, false], vec![1]));
        Ok(())
    }

    #[test]
    fn a_token_of_the_call_is_not_evicted_by_it() -> Result<()> {
        let mut table = SlotTable::new(2)?;
        assign(&mut table, &[&[1], &[2]])?;
        // The first row would evict the oldest, but that is the second row.
        assert_eq!(assign(&mut table, &[&[3], &[1]])?, (vec![1, 0], vec![true, false], vec![1]));
        Ok(())
    }

    #[test]
    fn contents_make_the_table_again() -> Result<()> {
        let mut table = SlotTable::new(4)?;
        assign(&mut table, &[&[1], &[2, 2], &[3]])?;
        table.pin(&[1])?;
        table.discard(&[0])?;
        let again = SlotTable::restore(4, &table.contents())?;
        assert_eq!(again.contents(), table.contents());
        for mut table in [table, again] {
            assert_eq!(
                assign(&mut table, &[&[7], &[8], &[9]])?,
                (vec![0, 3, 2], vec![true; 3], vec![2])
            );
        }
        Ok(())
    }
}

//! The pairs of neighbours at the beginning: which there are, how often, and where.
//!
//! Counting is most of the work of a few hundred merges, so it is one pass over the tokens with an
//! open-addressed table of four bytes a slot. A table that outgrows the caches makes every look-up
//! wait for memory; so beyond [`ALONE`] places the pairs are first dealt out by their hashes to
//! parts whose tables do fit, in two streaming passes, and the parts are counted one after the
//! other. What comes out does not depend on that but for the numbers of the pairs, which nothing
//! depends on.

use super::tokens::{BAR, OPEN};
use crate::error::Result;
use crate::watch::Watch;

/// Up to so many places are counted with one table.
const ALONE: usize = 1 << 18;
/// Places of a part, about.
const PART: usize = 1 << 16;
/// Slots between two looks at the watch.
const POLL: usize = 1 << 18;

/// Two neighbours.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pair {
    pub(super) left: u32,
    pub(super) right: u32,
    /// How often it occurs, by the rule of counting.
    pub(super) count: u32,
    /// Where its places begin in [`Pairs::places`].
    pub(super) start: u32,
    /// How many places there are, some of which may have gone.
    pub(super) len: u32,
}

impl Pair {
    pub(super) const fn new(left: u32, right: u32) -> Self {
        Self { left, right, count: 0, start: 0, len: 0 }
    }
}

/// The pairs by number, and the slots in which each begins, ascending.
#[derive(Debug, Default)]
pub(super) struct Pairs {
    pub(super) all: Vec<Pair>,
    pub(super) places: Vec<u32>,
}

/// Numbers of pairs by their ids.
#[derive(Debug)]
pub(super) struct PairTable {
    /// One more than a pair's number, or 0.
    slots: Vec<u32>,
    shift: u32,
    used: usize,
}

#[inline]
fn hash(left: u32, right: u32) -> u64 {
    let key = u64::from(left) << 32 | u64::from(right);
    let mixed = (key ^ key >> 29).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed ^ mixed >> 32
}

impl PairTable {
    /// For about so many pairs; grows beyond that.
    pub(super) fn new(pairs: usize) -> Self {
        let slots = (pairs * 2).next_power_of_two().max(64);
        Self { slots: vec![0; slots], shift: 64 - slots.trailing_zeros(), used: 0 }
    }

    /// The slot of a pair, or the empty one where it would be.
    #[inline]
    fn slot(&self, all: &[Pair], left: u32, right: u32) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot =
            (hash(left, right).wrapping_mul(0xD6E8_FEB8_6659_FD93) >> self.shift) as usize;
        loop {
            let Some(number) = self.slots[slot].checked_sub(1) else { return slot };
            let pair = &all[number as usize];
            if pair.left == left && pair.right == right {
                return slot;
            }
            slot = (slot + 1) & mask;
        }
    }

    /// The number of a pair, which is appended where it is new.
    #[inline]
    pub(super) fn number(&mut self, all: &mut Vec<Pair>, left: u32, right: u32) -> u32 {
        let slot = self.slot(all, left, right);
        match self.slots[slot].checked_sub(1) {
            Some(number) => number,
            None => self.add(all, slot, left, right),
        }
    }

    /// The number of a pair, if it is known.
    pub(super) fn get(&self, all: &[Pair], left: u32, right: u32) -> Option<u32> {
        self.slots[self.slot(all, left, right)].checked_sub(1)
    }

    fn add(&mut self, all: &mut Vec<Pair>, slot: usize, left: u32, right: u32) -> u32 {
        all.push(Pair::new(left, right));
        self.slots[slot] = all.len() as u32;
        self.used += 1;
        if self.used * 4 > self.slots.len() * 3 {
            let grown = vec![0; self.slots.len() * 2];
            let old = std::mem::replace(&mut self.slots, grown);
            self.shift -= 1;
            for number in old.into_iter().filter_map(|one| one.checked_sub(1)) {
                let pair = all[number as usize];
                let slot = self.slot(all, pair.left, pair.right);
                self.slots[slot] = number + 1;
            }
        }
        all.len() as u32 - 1
    }

    fn clear(&mut self) {
        self.slots.fill(0);
        self.used = 0;
    }
}

impl Pairs {
    /// Counts the places where `beside` is [`OPEN`], all neighbouring ones, and writes the number
    /// of the pair there. O(slots).
    pub(super) fn count(ids: &[u32], beside: &mut [u32], watch: &Watch<'_>) -> Result<Self> {
        let open = beside.iter().filter(|&&pair| pair == OPEN).count();
        if open <= ALONE {
            return Ok(Self::of_few(ids, beside, open));
        }
        Self::of_many(ids, beside, open, (open / PART).next_power_of_two().min(1 << 12), watch)
    }

    /// With one table.
    fn of_few(ids: &[u32], beside: &mut [u32], open: usize) -> Self {
        let mut all = Vec::new();
        let mut table = PairTable::new(open.min(1 << 12));
        for (both, pair) in ids.windows(2).zip(beside.iter_mut()) {
            if *pair == OPEN {
                let number = table.number(&mut all, both[0], both[1]);
                all[number as usize].count += 1;
                *pair = number;
            }
        }
        let mut pairs = Self { all, places: Vec::new() };
        pairs.list(beside, open);
        pairs
    }

    /// Lists the places of pairs that have been counted and numbered, which are so many.
    pub(super) fn list(&mut self, beside: &[u32], open: usize) {
        self.places = vec![0; open];
        set_starts(&mut self.all, 0);
        for (at, &number) in beside.iter().enumerate() {
            if number != BAR {
                list(&mut self.all[number as usize], &mut self.places, at as u32);
            }
        }
    }

    /// In so many parts, a power of two.
    fn of_many(
        ids: &[u32],
        beside: &mut [u32],
        open: usize,
        parts: usize,
        watch: &Watch<'_>,
    ) -> Result<Self> {
        let part_of = |both: &[u32]| hash(both[0], both[1]) as usize & (parts - 1);
        let mut ends = vec![0usize; parts + 1];
        each_open(ids, beside, watch, |_, both| ends[part_of(both) + 1] += 1)?;
        for part in 1..=parts {
            ends[part] += ends[part - 1];
        }
        let mut dealt = vec![(0u32, 0u32, 0u32); open];
        each_open(ids, beside, watch, |at, both| {
            let end = &mut ends[part_of(both)];
            dealt[*end] = (at, both[0], both[1]);
            *end += 1;
        })?;
        let (mut all, mut places) = (Vec::new(), vec![0; open]);
        let mut table = PairTable::new(PART / 4);
        let mut start = 0;
        // Now `ends[part]` is where a part ends.
        for &end in ends.iter().take(parts) {
            watch.poll()?;
            table.clear();
            let (part, first) = (dealt.get(start..end).unwrap_or_default(), all.len());
            for &(at, left, right) in part {
                let number = table.number(&mut all, left, right);
                all[number as usize].count += 1;
                beside[at as usize] = number;
            }
            set_starts(&mut all[first..], start as u32);
            for &(at, ..) in part {
                list(&mut all[beside[at as usize] as usize], &mut places, at);
            }
            start = end;
        }
        Ok(Self { all, places })
    }

    /// The places of a pair.
    pub(super) fn places(&self, number: u32) -> &[u32] {
        let pair = &self.all[number as usize];
        &self.places[pair.start as usize..(pair.start + pair.len) as usize]
    }
}

/// Shows the slots that are [`OPEN`], with the two tokens there.
fn each_open(
    ids: &[u32],
    beside: &[u32],
    watch: &Watch<'_>,
    mut seen: impl FnMut(u32, &[u32]),
) -> Result<()> {
    for (at, (both, &pair)) in ids.windows(2).zip(beside).enumerate() {
        if pair == OPEN {
            seen(at as u32, both);
        }
        if at % POLL == 0 {
            watch.poll()?;
        }
    }
    Ok(())
}

/// Gives each pair room for its places, from `start` on.
fn set_starts(pairs: &mut [Pair], mut start: u32) {
    for pair in pairs {
        pair.start = start;
        start += pair.count;
    }
}

#[inline]
fn list(pair: &mut Pair, places: &mut [u32], at: u32) {
    places[(pair.start + pair.len) as usize] = at;
    pair.len += 1;
}

#[cfg(test)]
mod tests {
    use super::super::tokens::{BAR, OPEN};
    use super::Pairs;
    use crate::watch::Watch;
    use std::collections::BTreeMap;

    #[test]
    fn parts_count_what_one_table_counts() {
        let ids: Vec<u32> = (0..5000u32).map(|at| at.wrapping_mul(2_654_435_761) >> 26).collect();
        let mut beside: Vec<u32> =
            (0..5000).map(|at| if at % 7 == 6 || at == 4999 { BAR } else { OPEN }).collect();
        let open = beside.iter().filter(|&&pair| pair == OPEN).count();
        let mut again = beside.clone();
        let few = Pairs::of_few(&ids, &mut beside, open);
        let listed = |pairs: &Pairs, beside: &[u32]| -> BTreeMap<(u32, u32), Vec<u32>> {
            (0..pairs.all.len() as u32)
                .map(|number| {
                    let (pair, places) = (pairs.all[number as usize], pairs.places(number));
                    assert_eq!(pair.count as usize, places.len());
                    assert!(places.iter().all(|&at| beside[at as usize] == number));
                    ((pair.left, pair.right), places.to_vec())
                })
                .collect()
        };
        let one = listed(&few, &beside);
        for (&(left, right), places) in &one {
            let found = (0..4999u32).filter(|&at| {
                let both = (ids[at as usize], ids[at as usize + 1]);
                beside[at as usize] != BAR && both == (left, right)
            });
            assert_eq!(*places, found.collect::<Vec<_>>());
        }
        for parts in [2, 16, 4096] {
            let mut beside = again.clone();
            let Ok(many) = Pairs::of_many(&ids, &mut beside, open, parts, &Watch::none()) else {
                unreachable!()
            };
            assert_eq!(listed(&many, &beside), one);
        }
        again.clear();
    }
}

//! The pieces of a vocabulary as a prefix tree: all pieces that begin, or end, at a place.
//!
//! [`Trie::walk`] goes down from a place for every piece that begins there: at most as many
//! steps as the longest piece has bytes. Where pieces are longer than [`WALK`] bytes a text of
//! their letters would make that dear, so the tree also becomes an automaton (Aho and Corasick
//! 1975): [`Trie::next`] takes one step a byte, and [`Trie::ending`] gives the pieces that end
//! there, longest first, at a step each.

use crate::encode::model::double_array::{
    BASE_SHIFT, Builder, LABEL, NOWHERE, TOKEN, children_of, sorted,
};
use crate::error::Result;
use crate::token::NONE;
use std::ops::Range;

/// Longest piece, in bytes, for which walking from each place is good enough.
pub(crate) const WALK: usize = 96;

/// Keys and a number for each.
#[derive(Debug)]
pub(crate) struct Trie {
    /// As in [`crate::encode::model::double_array`].
    slots: Vec<u32>,
    /// Slot -> number, where a key ends.
    values: Vec<u32>,
    links: Option<Links>,
}

/// What makes the tree an automaton; one entry a slot.
#[derive(Debug)]
struct Links {
    /// The longest proper suffix of the path to a slot that is a path too; [`ROOT`]: none.
    suffix: Vec<u32>,
    /// The longest proper suffix that is a key.
    ending: Vec<u32>,
    /// Length of the path.
    depth: Vec<u32>,
}

/// The automaton's state before any byte, and behind bytes that begin no key.
pub(crate) const ROOT: u32 = NONE;

/// A node that is in the tree, but not yet what hangs on it.
struct Todo {
    /// The keys, in order, that begin with the path to it.
    keys: Range<usize>,
    depth: usize,
    slot: usize,
    /// Slot of its parent; [`ROOT`] for first bytes.
    parent: u32,
}

/// A node in the order it was met, to build [`Links`] from.
struct Edge {
    slot: u32,
    parent: u32,
    byte: u8,
    depth: u32,
}

impl Trie {
    /// Builds the tree. Of equal keys the last number counts; empty keys are left out. With
    /// `automaton` it becomes one however short its keys.
    pub(crate) fn new(keys: &[(&[u8], u32)], automaton: bool) -> Result<Self> {
        let longest = keys.iter().map(|(key, _)| key.len()).max().unwrap_or(0);
        let linked = automaton || longest > WALK;
        // Sorting keeps the order of equal keys: a later one is found behind an earlier one.
        let mut keys = keys.to_vec();
        keys.sort_by(|a, b| a.0.cmp(b.0));
        keys.dedup_by(|later, earlier| {
            let same = later.0 == earlier.0;
            if same {
                earlier.1 = later.1;
            }
            same
        });
        keys.retain(|(key, _)| !key.is_empty());
        let keys = sorted(&keys);
        let mut builder = Builder::new(keys.len());
        let mut edges = Vec::new();
        let mut children: Vec<(u8, usize)> = Vec::new();
        let mut todo = Vec::new();
        // First bytes have their slots already; those without a key get a label that none has.
        for byte in 0..=u8::MAX {
            builder.slots[usize::from(byte)] = u32::from(byte) ^ LABEL;
        }
        children_of(&keys, 0..keys.len(), 0, &mut children);
        let mut end = keys.len();
        for &(byte, start) in children.iter().rev() {
            builder.slots[usize::from(byte)] = u32::from(byte);
            todo.push(Todo { keys: start..end, depth: 1, slot: usize::from(byte), parent: ROOT });
            end = start;
        }
        while let Some(Todo { keys: mut range, depth, slot, parent }) = todo.pop() {
            if linked {
                let byte = builder.slots[slot] as u8;
                edges.push(Edge { slot: slot as u32, parent, byte, depth: depth as u32 });
            }
            let Some(first) = keys.get(range.start) else { continue };
            if first.bytes.len() == depth {
                builder.slots[slot] |= TOKEN;
                builder.values[slot] = first.value;
                range.start += 1;
            }
            if range.is_empty() {
                builder.slots[slot] |= NOWHERE << BASE_SHIFT;
                continue;
            }
            children_of(&keys, range.clone(), depth, &mut children);
            let base = builder.place(slot, &children)?;
            builder.slots[slot] |= (base as u32) << BASE_SHIFT;
            let mut end = range.end;
            for &(byte, start) in children.iter().rev() {
                let child = base ^ usize::from(byte);
                builder.slots[child] = u32::from(byte);
                todo.push(Todo {
                    keys: start..end,
                    depth: depth + 1,
                    slot: child,
                    parent: slot as u32,
                });
                end = start;
            }
        }
        let (slots, values) = builder.finish();
        let mut trie = Self { slots, values, links: None };
        if linked {
            trie.link(edges);
        }
        Ok(trie)
    }

    /// Builds the suffix links, nodes with shorter paths first. O(nodes), but for the sort.
    fn link(&mut self, mut edges: Vec<Edge>) {
        edges.sort_by_key(|edge| edge.depth);
        let size = self.slots.len();
        self.links = Some(Links {
            suffix: vec![ROOT; size],
            ending: vec![ROOT; size],
            depth: vec![0; size],
        });
        for Edge { slot, parent, byte, depth } in edges {
            let suffix = if parent == ROOT {
                ROOT
            } else {
                let from = self.links.as_ref().map_or(ROOT, |links| links.suffix[parent as usize]);
                self.next(from, byte)
            };
            let Some(links) = &mut self.links else { return };
            links.suffix[slot as usize] = suffix;
            links.depth[slot as usize] = depth;
            if suffix != ROOT {
                links.ending[slot as usize] = if self.slots[suffix as usize] & TOKEN != 0 {
                    suffix
                } else {
                    links.ending[suffix as usize]
                };
            }
        }
    }

    /// Whether [`Trie::next`] and [`Trie::ending`] can be used.
    pub(crate) fn is_automaton(&self) -> bool {
        self.links.is_some()
    }

    /// Calls `found(length, number)` for each key that `text` begins with, shortest first.
    #[inline(always)]
    pub(crate) fn walk(&self, text: &[u8], mut found: impl FnMut(usize, u32)) {
        let mut base = 0;
        for (at, &byte) in text.iter().enumerate() {
            let slot = base ^ usize::from(byte);
            let unit = self.slots[slot];
            if unit & LABEL != u32::from(byte) {
                return;
            }
            if unit & TOKEN != 0 {
                found(at + 1, self.values[slot]);
            }
            base = (unit >> BASE_SHIFT) as usize;
        }
    }

    /// The number of a key.
    pub(crate) fn get(&self, key: &[u8]) -> Option<u32> {
        let mut base = 0;
        let mut last = None;
        for &byte in key {
            let slot = base ^ usize::from(byte);
            let unit = self.slots[slot];
            if unit & LABEL != u32::from(byte) {
                return None;
            }
            last = Some(slot);
            base = (unit >> BASE_SHIFT) as usize;
        }
        let slot = last.filter(|&slot| self.slots[slot] & TOKEN != 0)?;
        self.values.get(slot).copied()
    }

    /// The automaton's state behind one more byte. O(1) on average over a text.
    #[inline(always)]
    pub(crate) fn next(&self, mut state: u32, byte: u8) -> u32 {
        let suffix = self.links.as_ref().map_or(&[][..], |links| &links.suffix);
        loop {
            let base =
                if state == ROOT { 0 } else { (self.slots[state as usize] >> BASE_SHIFT) as usize };
            let slot = base ^ usize::from(byte);
            if self.slots[slot] & LABEL == u32::from(byte) {
                return slot as u32;
            }
            if state == ROOT {
                return ROOT;
            }
            state = suffix.get(state as usize).copied().unwrap_or(ROOT);
        }
    }

    /// Calls `found(length, number)` for each key that ends where the automaton is in `state`,
    /// longest first.
    #[inline(always)]
    pub(crate) fn ending(&self, mut state: u32, mut found: impl FnMut(usize, u32)) {
        let Some(links) = &self.links else { return };
        if state != ROOT && self.slots[state as usize] & TOKEN == 0 {
            state = links.ending[state as usize];
        }
        while state != ROOT {
            found(links.depth[state as usize] as usize, self.values[state as usize]);
            state = links.ending[state as usize];
        }
    }
}

#[cfg(test)]
#[allow(clippy::panic, reason = "in a test, that is how to fail")]
mod tests {
    use super::*;

    #[test]
    fn walking_and_the_automaton_find_what_searching_finds() {
        let keys = ["a", "ab", "abc", "b", "bca", "c", "caa", "aaaaa", "é", "éa", "x\0y"];
        let keys: Vec<(&[u8], u32)> = keys.iter().map(|key| key.as_bytes()).zip(0..).collect();
        let Ok(trie) = Trie::new(&keys, true) else { unreachable!("a small tree") };
        let text = "abcaaaaaaébcaab\u{e9}aé\0x\0yab".as_bytes();
        let mut state = ROOT;
        for at in 0..text.len() {
            let (mut here, mut ends) = (Vec::new(), Vec::new());
            trie.walk(&text[at..], |len, value| here.push((len, value)));
            let mut begins: Vec<_> = keys
                .iter()
                .filter(|(key, _)| text[at..].starts_with(key))
                .map(|&(key, value)| (key.len(), value))
                .collect();
            begins.sort_unstable();
            assert_eq!(here, begins, "at {at}");
            state = trie.next(state, text[at]);
            trie.ending(state, |len, value| ends.push((len, value)));
            let mut expected: Vec<_> = keys
                .iter()
                .filter(|(key, _)| text[..=at].ends_with(key))
                .map(|&(key, value)| (key.len(), value))
                .collect();
            expected.sort_unstable_by(|a, b| b.cmp(a));
            assert_eq!(ends, expected, "up to {at}");
        }
        for (key, value) in &keys {
            assert_eq!(trie.get(key), Some(*value));
        }
        assert_eq!((trie.get(b""), trie.get(b"aa"), trie.get(b"abcd")), (None, None, None));
    }

    #[test]
    fn of_equal_keys_the_last_counts() {
        let trie = Trie::new(&[(b"a", 1), (b"b", 2), (b"a", 3)], false);
        assert_eq!(trie.ok().and_then(|trie| trie.get(b"a")), Some(3));
    }
}

//! Merging with a heap: right for any merge list, n log n.
//!
//! The queue gives the least entry; those known at the beginning are sorted once, which is cheaper
//! than to have them in the heap with those that merging adds. It holds `place << 32 | position`, so its least entry is the first merge in the list,
//! leftmost of equals. An entry is stale if the pair at its position no longer makes the product
//! it was put there for; that is what tokenizers asks, not whether the pair is the same one, and
//! it matters where [`MergeList::growing`] is false.

use super::{MergeList, Part, Symbol};
use crate::token::NONE;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Buffers of the merge loops.
#[derive(Debug, Default)]
pub(in super::super) struct HeapScratch {
    chain: Chain,
    queue: Queue,
    /// Merges passed over, with dropout.
    pub(in super::super) skipped: Vec<u64>,
}

/// What is left of the symbols, in a doubly linked list.
#[derive(Debug, Default)]
pub(in super::super) struct Chain {
    /// Position -> token; where it is part of another, anything.
    parts: Vec<Symbol>,
    /// The end is the number of symbols.
    next: Vec<u32>,
    prev: Vec<u32>,
    /// Position -> place of the merge with what follows, or [`NONE`].
    places: Vec<u32>,
}

/// The queue of merges.
#[derive(Debug, Default)]
pub(in super::super) struct Queue {
    /// Those known at the beginning, in descending order.
    sorted: Vec<u64>,
    added: BinaryHeap<Reverse<u64>>,
}

impl Queue {
    /// Takes the places of neighbours as its content.
    fn reset(&mut self, places: &[u32]) {
        self.added.clear();
        self.sorted.clear();
        let entries = places.iter().enumerate().rev().filter(|&(_, &place)| place != NONE);
        self.sorted.extend(entries.map(|(at, &place)| u64::from(place) << 32 | at as u64));
        // Runs are in order already.
        self.sorted.sort_unstable_by(|a, b| b.cmp(a));
    }

    /// Adds an entry.
    #[inline(always)]
    pub(in super::super) fn push(&mut self, entry: u64) {
        self.added.push(Reverse(entry));
    }

    /// Takes out the least entry.
    #[inline(always)]
    pub(in super::super) fn pop(&mut self) -> Option<u64> {
        match (self.sorted.last(), self.added.peek()) {
            (Some(&first), Some(&Reverse(added))) if added < first => {
                self.added.pop();
                Some(added)
            }
            (None, _) => self.added.pop().map(|Reverse(entry)| entry),
            _ => self.sorted.pop(),
        }
    }
}

impl Chain {
    fn reset(&mut self, merges: &MergeList, symbols: &[Symbol]) {
        let len = symbols.len() as u32;
        self.parts.clear();
        self.parts.extend_from_slice(symbols);
        self.next.clear();
        self.next.extend(1..=len);
        self.prev.clear();
        self.prev.extend((0..len).map(|at| at.wrapping_sub(1)));
        self.places.clear();
        self.places.extend(symbols.windows(2).map(|pair| merges.place(pair[0], pair[1])));
        self.places.resize(symbols.len(), NONE);
    }

    /// Does the merge that a queue entry stands for, unless it is stale; says whether it did.
    #[inline(always)]
    pub(in super::super) fn apply(
        &mut self,
        merges: &MergeList,
        entry: u64,
        queue: &mut Queue,
    ) -> bool {
        let (place, at) = ((entry >> 32) as u32, entry as u32 as usize);
        let now = self.places[at];
        if now != place && (now == NONE || merges.product(now) != merges.product(place)) {
            return false;
        }
        let (product, next) = (merges.product(place), self.next[at] as usize);
        self.parts[at] = product;
        (self.places[at], self.places[next]) = (NONE, NONE);
        let after = self.next[next];
        self.next[at] = after;
        if let Some(&right) = self.parts.get(after as usize) {
            self.prev[after as usize] = at as u32;
            self.places[at] = merges.place(product, right);
            push(queue, self.places[at], at as u32);
        }
        let before = self.prev[at];
        if let Some(&left) = self.parts.get(before as usize) {
            self.places[before as usize] = merges.place(left, product);
            push(queue, self.places[before as usize], before);
        }
        true
    }
}

#[inline(always)]
fn push(queue: &mut Queue, place: u32, at: u32) {
    if place != NONE {
        queue.push(u64::from(place) << 32 | u64::from(at));
    }
}

/// Appends what symbols merge to; `run` works the queue off.
#[inline(always)]
pub(in super::super) fn merge_by(
    merges: &MergeList,
    symbols: &[Symbol],
    scratch: &mut HeapScratch,
    out: &mut Vec<Part>,
    run: impl FnOnce(&mut Chain, &mut Queue, &mut Vec<u64>),
) {
    let HeapScratch { chain, queue, skipped } = scratch;
    chain.reset(merges, symbols);
    queue.reset(&chain.places);
    run(chain, queue, skipped);
    let mut at = 0;
    while let (Some(&part), Some(&next)) = (chain.parts.get(at), chain.next.get(at)) {
        out.push((part, next - at as u32));
        at = next as usize;
    }
}

/// Appends what symbols merge to; returns the place of the last merge, or [`NONE`].
pub(in super::super) fn merge(
    merges: &MergeList,
    symbols: &[Symbol],
    scratch: &mut HeapScratch,
    out: &mut Vec<Part>,
) -> u32 {
    let mut last = NONE;
    merge_by(merges, symbols, scratch, out, |chain, queue, _| {
        while let Some(entry) = queue.pop() {
            if chain.apply(merges, entry, queue) {
                last = (entry >> 32) as u32;
            }
        }
    });
    last
}

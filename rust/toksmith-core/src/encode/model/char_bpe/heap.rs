//! Merging with a heap: right for any merge list, n log n.
//!
//! The queue holds `place << 32 | position`, so its least entry is the first merge in the list,
//! leftmost of equals. An entry is stale if the pair at its position no longer makes the product
//! it was put there for; that is what tokenizers asks, not whether the pair is the same one, and
//! it matters where [`Merges::growing`] is false.

use super::{Merges, Part, Symbol};
use crate::token::NONE;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Buffers of the merge loops.
#[derive(Debug, Default)]
pub(super) struct HeapScratch {
    chain: Chain,
    queue: Vec<Reverse<u64>>,
    /// Merges passed over, with dropout.
    pub(super) skipped: Vec<u64>,
}

/// What is left of the symbols, in a doubly linked list.
#[derive(Debug, Default)]
pub(super) struct Chain {
    /// Position -> token, or [`NONE`] where it is part of another.
    parts: Vec<Symbol>,
    /// The end is the number of symbols.
    next: Vec<u32>,
    prev: Vec<u32>,
}

/// The queue of merges.
pub(super) type Queue = BinaryHeap<Reverse<u64>>;

impl Chain {
    fn reset(&mut self, symbols: &[Symbol]) {
        let len = symbols.len() as u32;
        self.parts.clear();
        self.parts.extend_from_slice(symbols);
        self.next.clear();
        self.next.extend(1..=len);
        self.prev.clear();
        self.prev.extend((0..len).map(|at| at.wrapping_sub(1)));
    }

    /// Does the merge that a queue entry stands for, unless it is stale; says whether it did.
    #[inline(always)]
    pub(super) fn apply(&mut self, merges: &Merges, entry: u64, queue: &mut Queue) -> bool {
        let (place, at) = ((entry >> 32) as u32, entry as u32 as usize);
        let (left, next) = (self.parts[at], self.next[at] as usize);
        if left == NONE || next >= self.parts.len() {
            return false;
        }
        let (now, product) = (merges.place(left, self.parts[next]), merges.product(place));
        if now != place && (now == NONE || merges.product(now) != product) {
            return false;
        }
        self.parts[at] = product;
        self.parts[next] = NONE;
        let after = self.next[next];
        self.next[at] = after;
        if let Some(&right) = self.parts.get(after as usize) {
            self.prev[after as usize] = at as u32;
            push(queue, merges.place(product, right), at as u32);
        }
        let before = self.prev[at];
        if let Some(&left) = self.parts.get(before as usize) {
            push(queue, merges.place(left, product), before);
        }
        true
    }
}

#[inline(always)]
fn push(queue: &mut Queue, place: u32, at: u32) {
    if place != NONE {
        queue.push(Reverse(u64::from(place) << 32 | u64::from(at)));
    }
}

/// Appends what symbols merge to; `run` works the queue off.
#[inline(always)]
pub(super) fn merge_by(
    merges: &Merges,
    symbols: &[Symbol],
    scratch: &mut HeapScratch,
    out: &mut Vec<Part>,
    run: impl FnOnce(&mut Chain, &mut Queue, &mut Vec<u64>),
) {
    let HeapScratch { chain, queue: buffer, skipped } = scratch;
    chain.reset(symbols);
    buffer.clear();
    for (at, pair) in symbols.windows(2).enumerate() {
        let place = merges.place(pair[0], pair[1]);
        if place != NONE {
            buffer.push(Reverse(u64::from(place) << 32 | at as u64));
        }
    }
    let mut queue = BinaryHeap::from(std::mem::take(buffer));
    run(chain, &mut queue, skipped);
    *buffer = queue.into_vec();
    let mut at = 0;
    while let (Some(&part), Some(&next)) = (chain.parts.get(at), chain.next.get(at)) {
        out.push((part, next - at as u32));
        at = next as usize;
    }
}

/// Appends what symbols merge to; returns the place of the last merge, or [`NONE`].
pub(super) fn merge(
    merges: &Merges,
    symbols: &[Symbol],
    scratch: &mut HeapScratch,
    out: &mut Vec<Part>,
) -> u32 {
    let mut last = NONE;
    merge_by(merges, symbols, scratch, out, |chain, queue, _| {
        while let Some(Reverse(entry)) = queue.pop() {
            if chain.apply(merges, entry, queue) {
                last = (entry >> 32) as u32;
            }
        }
    });
    last
}

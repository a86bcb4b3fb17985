//! Which pair is merged next: the most frequent one, and among equals the one the tie rule names.
//!
//! A lazy heap. An entry says what was true when it was pushed; when it comes up it is compared
//! with what is true, and put back lower where that is less. That is right because counts only
//! fall and first places only move back; where one does the opposite a new entry is pushed, and
//! the old one is recognised by being lower than the truth. Each time an entry is put back at
//! least one occurrence has gone since, so all of that costs a logarithm an occurrence at most.
//!
//! Most pairs are rare, and never come up when a few hundred merges are asked for. So those below
//! `least` wait outside of the heap until it has nothing better.

use super::Ties;
use super::pairs::{Pair, Pairs};
use super::tokens::Tokens;
use std::collections::BinaryHeap;

/// The heap is given about so many times the pairs that are wanted.
const SPARE: usize = 2;
/// Fewer pairs than this are all kept in the heap.
const FEW: usize = if cfg!(test) { 4 } else { 512 };
/// Counts that are told apart when `least` is chosen.
const KINDS: usize = 64;

/// The pairs in waiting.
#[derive(Debug)]
pub(super) struct Queue {
    ties: Ties,
    /// The count, the tie rule's opinion, the number: the largest comes first.
    heap: BinaryHeap<u128>,
    /// Pairs below `least`, among them some that are no more.
    waiting: Vec<u32>,
    least: u32,
    floor: u32,
}

impl Queue {
    /// With all pairs that are there. `wanted` is about how many will be asked for, `floor` the
    /// least count of one.
    pub(super) fn new(pairs: &Pairs, ties: Ties, wanted: usize, floor: u32) -> Self {
        let mut queue =
            Self { ties, heap: BinaryHeap::new(), waiting: Vec::new(), least: 0, floor };
        queue.least = queue.choose(pairs.all.iter().map(|pair| pair.count), wanted);
        let mut first = Vec::new();
        for (number, pair) in (0u32..).zip(&pairs.all) {
            if pair.count >= queue.least {
                first.push(queue.entry(pairs, number));
            } else if pair.count >= queue.floor {
                queue.waiting.push(number);
            }
        }
        queue.heap = BinaryHeap::from(first);
        queue
    }

    /// The highest count that lets enough pairs in.
    fn choose(&self, counts: impl Iterator<Item = u32>, wanted: usize) -> u32 {
        let mut kinds = [0usize; KINDS];
        for count in counts {
            kinds[(count as usize).min(KINDS - 1)] += 1;
        }
        let enough = wanted.saturating_mul(SPARE).max(FEW);
        let mut found = 0;
        for least in (1..KINDS).rev() {
            found += kinds[least];
            if found > enough {
                return (least as u32 + u32::from(least + 1 < KINDS)).max(self.floor);
            }
        }
        self.floor
    }

    fn entry(&self, pairs: &Pairs, number: u32) -> u128 {
        let pair = &pairs.all[number as usize];
        let last = match self.ties {
            Ties::FirstSeen => pairs.places.get(pair.start as usize).copied().unwrap_or(0).into(),
            Ties::Id => u64::from(pair.left) << 32 | u64::from(pair.right),
        };
        u128::from(pair.count) << 96 | u128::from(!last) << 32 | u128::from(number)
    }

    /// Takes note of a pair that is new, or whose count has risen or whose first place has moved
    /// forward.
    pub(super) fn push(&mut self, pairs: &Pairs, number: u32) {
        let count = pairs.all[number as usize].count;
        if count >= self.least {
            self.heap.push(self.entry(pairs, number));
        } else if count >= self.floor {
            self.waiting.push(number);
        }
    }

    /// Takes out the pair that comes first, if any is frequent enough.
    pub(super) fn pop(&mut self, pairs: &mut Pairs, tokens: &Tokens) -> Option<u32> {
        loop {
            let top = self.heap.peek().copied();
            let count = top.map_or(0, |top| (top >> 96) as u32);
            if count < self.least && self.least > self.floor {
                self.refill(pairs);
                continue;
            }
            let top = top?;
            let number = top as u32;
            let true_count = pairs.all[number as usize].count;
            if true_count == count && count >= self.floor {
                if self.ties == Ties::Id || first_stands(pairs, tokens, number, top) {
                    self.heap.pop();
                    return Some(number);
                }
            } else if true_count > count || true_count < self.floor {
                self.heap.pop();
                continue;
            } else if self.ties == Ties::FirstSeen {
                leave_out_gone(&mut pairs.all[number as usize], &pairs.places, tokens, number);
            }
            let entry = self.entry(pairs, number);
            if let Some(mut top) = self.heap.peek_mut() {
                *top = entry;
            }
        }
    }

    /// Lowers `least` and lets in what that allows.
    fn refill(&mut self, pairs: &Pairs) {
        let most = self.waiting.iter().map(|&number| pairs.all[number as usize].count).max();
        let most = most.unwrap_or(0).min(self.least.saturating_sub(1));
        // Far fewer would be let in by a bound that is only a little lower.
        self.least = (most / 2 + 1).min(self.least - 1).max(self.floor);
        if most < self.floor {
            self.least = self.floor;
        }
        let (least, floor) = (self.least, self.floor);
        let waiting = std::mem::take(&mut self.waiting);
        for number in waiting {
            let count = pairs.all[number as usize].count;
            if count >= least {
                self.heap.push(self.entry(pairs, number));
            } else if count >= floor {
                self.waiting.push(number);
            }
        }
    }
}

/// Whether the first place of the pair stands that an entry was pushed with; if not, leaves out
/// those that have gone.
fn first_stands(pairs: &mut Pairs, tokens: &Tokens, number: u32, entry: u128) -> bool {
    let said = !((entry >> 32) as u64) as u32;
    let pair = &mut pairs.all[number as usize];
    leave_out_gone(pair, &pairs.places, tokens, number);
    pairs.places.get(pair.start as usize).is_some_and(|&first| first == said)
}

/// Leaves out the places at the beginning of the list that have gone.
fn leave_out_gone(pair: &mut Pair, places: &[u32], tokens: &Tokens, number: u32) {
    while pair.len > 0
        && !places.get(pair.start as usize).is_some_and(|&at| tokens.begins(at, number))
    {
        pair.start += 1;
        pair.len -= 1;
    }
}

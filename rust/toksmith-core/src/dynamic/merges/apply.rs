//! The merges of a log on other rows.
//!
//! Each row by itself: what becomes of it depends on the log and the row alone, as serving wants,
//! where a sequence must not change with its batch-mates. The merges are done in the log's order,
//! each from left to right, by a heap of what there is to merge: O(n log n) a row whatever the
//! length of the log.
//!
//! A pair of neighbours is merged by the first merge of that pair that comes after the one that
//! made them neighbours. Where every merge makes a token of its own that is simply its merge.

use super::bounds::Protected;
use super::log::MergeLog;
use super::tokens::{BAR, OPEN, Tokens};
use super::{Merged, collect, places, row_range};
use crate::error::Result;
use crate::token::TokenId;
use crate::watch::Watch;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A log as it is applied.
#[derive(Debug)]
pub struct Applier {
    log: MergeLog,
    /// One more than a place in `first`, or 0; by hash.
    slots: Vec<u32>,
    /// Pairs, and where their merges are in `merges`.
    pairs: Vec<(TokenId, TokenId, u32)>,
    /// Merges of each pair, ascending, pair after pair.
    merges: Vec<u32>,
}

/// No merge.
const NONE: u32 = u32::MAX;

impl Applier {
    /// Prepares a log. O(merges).
    pub fn new(log: MergeLog) -> Self {
        let mut found: Vec<_> = log.by_pair().into_iter().collect();
        found.sort_unstable();
        let size = (found.len() * 2).next_power_of_two().max(2);
        let mut applier = Self { log, slots: vec![0; size], pairs: Vec::new(), merges: Vec::new() };
        for ((left, right), merges) in found {
            let slot = applier.slot(left, right);
            applier.pairs.push((left, right, applier.merges.len() as u32));
            applier.slots[slot] = applier.pairs.len() as u32;
            applier.merges.extend(merges);
        }
        applier
    }

    /// The log.
    pub fn log(&self) -> &MergeLog {
        &self.log
    }

    #[inline]
    fn slot(&self, left: TokenId, right: TokenId) -> usize {
        let mask = self.slots.len() - 1;
        let key = u64::from(left) << 32 | u64::from(right);
        let mixed = (key ^ key >> 29).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mut slot = (mixed >> 32) as usize & mask;
        loop {
            match self.slots[slot].checked_sub(1).and_then(|at| self.pairs.get(at as usize)) {
                Some(&(l, r, _)) if (l, r) != (left, right) => slot = (slot + 1) & mask,
                _ => return slot,
            }
        }
    }

    /// The first merge of a pair from `from` on, or [`NONE`].
    #[inline]
    fn merge_of(&self, left: TokenId, right: TokenId, from: u32) -> u32 {
        let Some(at) = self.slots[self.slot(left, right)].checked_sub(1) else { return NONE };
        let begin = self.pairs.get(at as usize).map_or(0, |pair| pair.2);
        let end = self.pairs.get(at as usize + 1).map_or(self.merges.len() as u32, |pair| pair.2);
        let merges = self.merges.get(begin as usize..end as usize).unwrap_or_default();
        merges.get(merges.partition_point(|&merge| merge < from)).copied().unwrap_or(NONE)
    }

    /// Merges rows of ids. `open` is as for [`super::merge`]; the counts of the log are its own.
    ///
    /// # Errors
    /// As [`super::merge`].
    pub fn apply(
        &self,
        ids: &[TokenId],
        offsets: &[i64],
        open: Option<&[bool]>,
        protected: &Protected,
        watch: &Watch<'_>,
    ) -> Result<Merged> {
        let mut beside = places(ids, offsets, open, protected, self.log.first_id())?;
        for (both, pair) in ids.windows(2).zip(&mut beside) {
            if *pair != BAR {
                *pair = self.merge_of(both[0], both[1], 0);
                if *pair == NONE {
                    *pair = OPEN;
                }
            }
        }
        let mut row = Row { tokens: Tokens::new(ids.to_vec(), beside), heap: BinaryHeap::new() };
        let mut merged = 0;
        let mut looked = 0;
        for bounds in offsets.windows(2) {
            let row_of = row_range(bounds);
            let (start, end) = (row_of.start as u32, row_of.end as u32);
            merged += self.row(&mut row, start, end);
            if end - looked > POLL {
                looked = end;
                watch.poll()?;
            }
        }
        Ok(collect(&row.tokens, 0, offsets, ids.len() - merged, self.log.merges().to_vec()))
    }

    /// Merges a row in place; gives the number of tokens it lost.
    fn row(&self, row: &mut Row, start: u32, end: u32) -> usize {
        let Row { tokens, heap } = row;
        heap.extend(
            (start..end)
                .map(|at| (tokens.pair(at), at))
                .filter(|&(merge, _)| merge < OPEN)
                .map(Reverse),
        );
        let mut merged = 0;
        while let Some(Reverse((merge, place))) = heap.pop() {
            let Some(made) = self.log.merges().get(merge as usize) else { continue };
            if !tokens.begins(place, merge) {
                continue;
            }
            let right = tokens.next(place);
            let behind = tokens.next(right);
            tokens.join(place, right, behind, made.id);
            merged += 1;
            let mut meet = |tokens: &mut Tokens, at: u32, left: TokenId, right: TokenId| {
                let next = self.merge_of(left, right, merge + 1);
                tokens.set_pair(at, if next == NONE { OPEN } else { next });
                if next != NONE {
                    heap.push(Reverse((next, at)));
                }
            };
            if let Some(before) = tokens.previous(place)
                && tokens.pair(before) != BAR
            {
                let left = tokens.id(before);
                meet(tokens, before, left, made.id);
            }
            if tokens.pair(place) != BAR {
                let after = tokens.id(tokens.next(place));
                meet(tokens, place, made.id, after);
            }
        }
        merged
    }
}

/// The tokens, and what there is to merge in the row at hand: the merge, and where.
struct Row {
    tokens: Tokens,
    heap: BinaryHeap<Reverse<(u32, u32)>>,
}

/// Tokens between two looks at the watch.
const POLL: u32 = 1 << 14;

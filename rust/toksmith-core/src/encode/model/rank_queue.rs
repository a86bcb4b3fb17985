//! A queue for merging in ascending order of rank: one list a rank, and a bitmap.
//!
//! Where a merge only makes pairs of higher rank, all ranks are worked off in one sweep: O(1) a
//! merge, no comparisons.

use crate::token::{NONE, Rank};

/// Positions by rank, taken out in ascending order of rank.
#[derive(Debug, Default)]
pub(super) struct RankQueue {
    /// Rank -> first node, or [`NONE`]. All NONE between uses.
    heads: Vec<u32>,
    /// `(position, next node)`.
    nodes: Vec<(u32, u32)>,
    /// Which ranks have nodes, and which words of that bitmap are not zero.
    bits: Vec<u64>,
    summary: Vec<u64>,
    /// Words of `summary` below this one are zero.
    cursor: usize,
}

impl RankQueue {
    /// Empties it for ranks below `ranks`.
    pub(super) fn reset(&mut self, ranks: usize) {
        self.heads.resize(ranks, NONE);
        self.bits.resize(ranks.div_ceil(64), 0);
        self.summary.resize(self.bits.len().div_ceil(64), 0);
        self.nodes.clear();
        self.cursor = 0;
    }

    /// Adds a position.
    #[inline(always)]
    pub(super) fn push(&mut self, rank: Rank, place: u32) {
        let rank = rank as usize;
        let node = self.nodes.len() as u32;
        self.nodes.push((place, self.heads[rank]));
        self.heads[rank] = node;
        self.bits[rank / 64] |= 1 << (rank % 64);
        self.summary[rank / 4096] |= 1 << (rank / 64 % 64);
    }

    /// Takes the lowest rank out, its positions into `places`.
    #[inline(always)]
    pub(super) fn pop(&mut self, places: &mut Vec<u32>) -> Option<Rank> {
        while *self.summary.get(self.cursor)? == 0 {
            self.cursor += 1;
        }
        let word = self.cursor * 64 + self.summary[self.cursor].trailing_zeros() as usize;
        let rank = word * 64 + self.bits[word].trailing_zeros() as usize;
        self.bits[word] &= self.bits[word] - 1;
        if self.bits[word] == 0 {
            self.summary[self.cursor] &= self.summary[self.cursor] - 1;
        }
        places.clear();
        let mut node = std::mem::replace(&mut self.heads[rank], NONE);
        while node != NONE {
            let (place, next) = self.nodes[node as usize];
            places.push(place);
            node = next;
        }
        Some(rank as Rank)
    }
}

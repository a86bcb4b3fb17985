//! The ways to spell a token with a vocabulary, whatever its model would do.
//!
//! Offsets are nodes, tokens are edges. A byte that no way spells costs more than any number of
//! pieces: it is left out. Reading the edges takes O(bytes * longest token) steps, the rest is
//! linear in them.

use super::Decomposition;
use crate::byte_probs::graph::TokenGraph;
use crate::byte_probs::trie::TokenTrie;
use crate::error::Result;
use crate::token::TokenId;
use crate::transfer::canonical::Canonical;
use crate::watch::Watch;
use std::sync::Arc;

/// A longer token is given one way of fewest pieces instead of all: there may be more than a float
/// can count, 2 to the power of its length.
pub const MOST_AVERAGED: usize = 900;

/// A token of the vocabulary that matches at `start`.
#[derive(Debug, Clone, Copy)]
struct Edge {
    start: u32,
    end: u32,
    id: TokenId,
}

impl Edge {
    fn len(self) -> u32 {
        self.end - self.start
    }
}

/// Bytes left out, then pieces.
type Cost = (u32, u32);

/// The edges of one token, and what the shortest way from each offset to the end costs.
#[derive(Debug, Default)]
pub(super) struct Graph {
    size: usize,
    edges: Vec<Edge>,
    /// Where the edges of each offset begin, shortest first, and the end of the last.
    first: Vec<u32>,
    cost: Vec<Cost>,
    /// Ways from the beginning to an offset: without, and with, a part of the greatest length.
    forward: Vec<[f64; 2]>,
    backward: Vec<[f64; 2]>,
    shares: Vec<(Edge, f64)>,
}

impl Graph {
    /// Reads the edges of some bytes.
    pub(super) fn read(&mut self, trie: &TokenTrie, bytes: &[u8]) -> &mut Self {
        self.size = bytes.len();
        self.edges.clear();
        self.first.clear();
        for start in 0..bytes.len() {
            self.first.push(self.edges.len() as u32);
            walk(trie, bytes, start, |end, id| {
                self.edges.push(Edge { start: start as u32, end: end as u32, id });
            });
        }
        self.first.push(self.edges.len() as u32);
        self.cost.clear();
        self.cost.resize(self.size + 1, (0, 0));
        for start in (0..self.size).rev() {
            let best = self.leaving(start).map(|edge| self.through(edge)).min();
            let (left_out, pieces) = self.cost_at(start + 1);
            let skip = (left_out + 1, pieces);
            if let Some(slot) = self.cost.get_mut(start) {
                *slot = best.map_or(skip, |best| best.min(skip));
            }
        }
        self
    }

    fn leaving(&self, start: usize) -> impl DoubleEndedIterator<Item = Edge> + '_ {
        let range = match (self.first.get(start), self.first.get(start + 1)) {
            (Some(&lo), Some(&hi)) => lo as usize..hi as usize,
            _ => 0..0,
        };
        self.edges.get(range).unwrap_or_default().iter().copied()
    }

    fn cost_at(&self, at: usize) -> Cost {
        self.cost.get(at).copied().unwrap_or_default()
    }

    /// The cost of the shortest way that begins with an edge.
    fn through(&self, edge: Edge) -> Cost {
        let (left_out, pieces) = self.cost_at(edge.end as usize);
        (left_out, pieces + 1)
    }

    /// The edges from an offset that shortest ways begin with.
    fn shortest(&self, at: usize) -> impl DoubleEndedIterator<Item = Edge> + '_ {
        let cost = self.cost_at(at);
        self.leaving(at).filter(move |&edge| self.through(edge) == cost)
    }

    /// Whether a shortest way leaves this byte out.
    fn skips(&self, at: usize) -> bool {
        let (left_out, pieces) = self.cost_at(at + 1);
        self.cost_at(at) == (left_out + 1, pieces)
    }

    /// Whether nothing has to be left out.
    fn complete(&self) -> bool {
        self.cost_at(0).0 == 0
    }

    /// Appends the way of fewest pieces that begins with the longest, and so on.
    pub(super) fn fewest(&self, out: &mut Decomposition) -> bool {
        let mut at = 0;
        while at < self.size {
            match self.shortest(at).next_back() {
                Some(edge) => {
                    out.push(edge.id, [edge.start, edge.end], 0.0, 0);
                    at = edge.end as usize;
                }
                None => at += 1,
            }
        }
        self.complete()
    }

    /// Appends the edges of all ways of fewest pieces whose longest part is the longest of all
    /// such ways', each with its share in them.
    pub(super) fn minimal(&mut self, out: &mut Decomposition) -> bool {
        if self.size > MOST_AVERAGED {
            let from = out.weights.len();
            let complete = self.fewest(out);
            if let Some(row) = out.weights.get_mut(from..) {
                let share = 1.0 / row.len() as f64;
                row.fill(share);
            }
            return complete;
        }
        let longest = self.longest_part();
        self.count_ways(longest);
        let mut shares = std::mem::take(&mut self.shares);
        shares.clear();
        let mut total = 0.0;
        for start in 0..self.size {
            let [none, some] = self.forward.get(start).copied().unwrap_or_default();
            for edge in self.shortest(start) {
                let next = self.backward.get(edge.end as usize).copied().unwrap_or_default();
                let all = next[0] + next[1];
                let ways = if edge.len() == longest {
                    (none + some) * all
                } else {
                    some * all + none * next[1]
                };
                if ways > 0.0 {
                    total += ways;
                    shares.push((edge, ways));
                }
            }
        }
        // Every way has the same number of pieces, so the shares of all edges sum to one.
        for &(edge, ways) in &shares {
            out.push(edge.id, [edge.start, edge.end], ways / total, 0);
        }
        self.shares = shares;
        self.complete()
    }

    /// The length of the longest edge that is on a way of fewest pieces.
    fn longest_part(&mut self) -> u32 {
        let mut reached = std::mem::take(&mut self.forward);
        reached.clear();
        reached.resize(self.size + 1, [0.0; 2]);
        if let Some(start) = reached.first_mut() {
            *start = [1.0, 0.0];
        }
        let mut longest = 0;
        for at in 0..self.size {
            if reached.get(at).is_some_and(|ways| ways[0] > 0.0) {
                for (end, len) in self.steps(at) {
                    longest = longest.max(len);
                    if let Some(slot) = reached.get_mut(end) {
                        slot[0] = 1.0;
                    }
                }
            }
        }
        self.forward = reached;
        longest
    }

    /// Counts the ways of fewest pieces to and from each offset, by whether they have a part of
    /// this length.
    fn count_ways(&mut self, longest: u32) {
        let (mut forward, mut backward) =
            (std::mem::take(&mut self.forward), std::mem::take(&mut self.backward));
        for counts in [&mut forward, &mut backward] {
            counts.clear();
            counts.resize(self.size + 1, [0.0; 2]);
        }
        if let Some(start) = forward.first_mut() {
            *start = [1.0, 0.0];
        }
        if let Some(end) = backward.last_mut() {
            *end = [1.0, 0.0];
        }
        let moved = |ways: [f64; 2], long: bool| {
            if long { [0.0, ways[0] + ways[1]] } else { ways }
        };
        for at in 0..self.size {
            let Some(&ways) = forward.get(at) else { continue };
            for (end, len) in self.steps(at) {
                if let Some(reached) = forward.get_mut(end) {
                    let [none, some] = moved(ways, len == longest);
                    reached[0] += none;
                    reached[1] += some;
                }
            }
        }
        for at in (0..self.size).rev() {
            let mut sum = [0.0; 2];
            for (end, len) in self.steps(at) {
                let next = backward.get(end).copied().unwrap_or_default();
                let [none, some] = moved(next, len == longest);
                sum[0] += none;
                sum[1] += some;
            }
            if let Some(slot) = backward.get_mut(at) {
                *slot = sum;
            }
        }
        (self.forward, self.backward) = (forward, backward);
    }

    /// Where ways of fewest pieces go from an offset, by a part of which length; 0: none.
    fn steps(&self, at: usize) -> impl Iterator<Item = (usize, u32)> + '_ {
        let skip = self.skips(at).then_some((at + 1, 0));
        self.shortest(at).map(|edge| (edge.end as usize, edge.len())).chain(skip)
    }
}

/// Calls back with each token that begins at `start`: where it ends, shortest first, and its id.
fn walk(trie: &TokenTrie, bytes: &[u8], start: usize, mut found: impl FnMut(usize, TokenId)) {
    let mut prefix = trie.root();
    for (end, &byte) in (start + 1..).zip(bytes.get(start..).unwrap_or_default()) {
        prefix = trie.child(prefix, byte);
        if prefix.is_empty() {
            return;
        }
        if trie.token_len(prefix.lo) == prefix.depth {
            found(end, trie.id(prefix.lo));
        }
    }
}

/// The longest token first, from left to right, as models of words do it.
pub(super) fn greedy(trie: &TokenTrie, bytes: &[u8], out: &mut Decomposition) -> bool {
    let (mut at, mut complete) = (0, true);
    while at < bytes.len() {
        let mut longest = None;
        walk(trie, bytes, at, |end, id| longest = Some((end, id)));
        if let Some((end, id)) = longest {
            out.push(id, [at as u32, end as u32], 0.0, 0);
            at = end;
        } else {
            complete = false;
            at += 1;
        }
    }
    complete
}

/// Appends the ways of most weight, if there are ways that leave nothing out.
pub(super) fn best(
    trie: &Arc<TokenTrie>,
    bytes: &[u8],
    most: usize,
    weights: &[f64],
    source: &Canonical,
    out: &mut Decomposition,
    watch: &Watch<'_>,
) -> Result<bool> {
    let graph = TokenGraph::new(Arc::clone(trie), bytes.to_vec(), watch)?;
    if graph.furthest() < bytes.len() {
        return Ok(false);
    }
    let found = graph.best(most, weights, watch)?.rows;
    let share = 1.0 / found.offsets.len().saturating_sub(1).max(1) as f64;
    let place = |offset: i64| usize::try_from(offset).unwrap_or_default();
    for (way, number) in found.offsets.windows(2).zip(0..) {
        let (start, end) = (place(way[0]), place(way[1]));
        let ids = found.ids.get(start..end).unwrap_or_default();
        let (mut at, each) = (0, share / ids.len().max(1) as f64);
        for &id in ids {
            let end = at + source.bytes(id).len() as u32;
            out.push(id, [at, end], each, number);
            at = end;
        }
    }
    Ok(found.offsets.len() > 1)
}

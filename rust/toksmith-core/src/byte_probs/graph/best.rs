//! The tokenizations of most weight.
//!
//! Each offset keeps its best ways to the end, merged from those of the offsets that its tokens
//! lead to. A way is a sum, a token and the rank of what follows among the ways of its end.

use super::{POLL, TokenGraph};
use crate::batch::Ragged;
use crate::error::{Error, Result};
use crate::watch::Watch;
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// Most ways that are held at once: 4 GiB.
const MOST_WAYS: usize = 1 << 28;

/// Tokenizations, the best first.
#[derive(Debug)]
pub struct Best {
    /// Their ids.
    pub rows: Ragged,
    /// The sum of the log-weights of each.
    pub sums: Vec<f64>,
}

/// A way from an offset to the end.
#[derive(Debug, Clone, Copy)]
struct Way {
    sum: f64,
    edge: u32,
    /// The place of what follows among the ways of the edge's end.
    rank: u32,
}

impl Ord for Way {
    /// Greater is better: by sum; then the edge that comes first, then what follows.
    fn cmp(&self, other: &Self) -> Ordering {
        let ties = || (other.edge, other.rank).cmp(&(self.edge, self.rank));
        self.sum.total_cmp(&other.sum).then_with(ties)
    }
}

impl PartialOrd for Way {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Way {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Way {}

impl TokenGraph {
    /// The `most` tokenizations whose tokens' log-weights sum to most, the best first; fewer if
    /// there are fewer. A token of log-weight minus infinity is in none.
    ///
    /// Sums are added from the last token to the first. Of equal ones the tokenization comes first
    /// whose first differing token is shorter, or as long and of lower id; where rounding alone
    /// makes them equal, perhaps the one whose later tokens sum to more. O(edges + n * most *
    /// log(tokens at an offset)) time, 16 bytes for each of the `most` best at each offset.
    ///
    /// # Errors
    /// [`Error::Input`] where there is no tokenization, for weights as [`TokenGraph::weigh`], and
    /// where the ways would take more than 4 GiB; [`Error::Cancelled`].
    pub fn best(&self, most: usize, weights: &[f64], watch: &Watch<'_>) -> Result<Best> {
        let weights = self.edge_weights(weights)?;
        self.check()?;
        // Zeroes have one sign, so that equal sums are equal.
        let weights: Vec<f64> = weights.into_iter().map(|weight| weight + 0.0).collect();
        let mut ways = Vec::new();
        // Where the ways of each offset are.
        let mut spans = vec![(0, 0); self.len() + 1];
        ways.push(Way { sum: 0.0, edge: u32::MAX, rank: 0 });
        spans[self.len()] = (0, most.min(1));
        let mut heap = BinaryHeap::new();
        for at in (0..self.len()).rev() {
            if at % POLL == 0 {
                watch.poll()?;
            }
            let way = |ways: &[Way], edge: usize, rank: usize| {
                let (begin, end) = spans[self.end(edge)];
                let next = (weights[edge] > f64::NEG_INFINITY && begin + rank < end)
                    .then(|| ways.get(begin + rank))??;
                let sum = weights[edge] + next.sum;
                Some(Way { sum, edge: edge as u32, rank: rank as u32 })
            };
            heap.extend(self.edges_at(at).filter_map(|edge| way(&ways, edge, 0)));
            let begin = ways.len();
            while ways.len() - begin < most
                && let Some(found) = heap.pop()
            {
                heap.extend(way(&ways, found.edge as usize, found.rank as usize + 1));
                ways.push(found);
            }
            heap.clear();
            spans[at] = (begin, ways.len());
            if ways.len() > MOST_WAYS {
                let why = format!(
                    "the {most} best tokenizations of {} bytes take more than 4 GiB; ask for fewer",
                    self.len()
                );
                return Err(Error::Input { why });
            }
        }
        let mut best =
            Best { rows: Ragged { ids: Vec::new(), offsets: vec![0] }, sums: Vec::new() };
        let (begin, end) = spans[0];
        for first in begin..end {
            best.sums.push(ways[first].sum);
            let (mut at, mut way) = (0, ways[first]);
            while at < self.len() {
                best.rows.ids.push(self.id(way.edge as usize));
                at = self.end(way.edge as usize);
                way = ways[spans[at].0 + way.rank as usize];
            }
            best.rows.offsets.push(best.rows.ids.len() as i64);
        }
        Ok(best)
    }
}

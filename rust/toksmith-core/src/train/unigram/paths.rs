//! The best segmentation of every word of a lattice.

use super::lattice::{Edge, Lattice};

/// The best way to each node.
#[derive(Debug)]
pub(super) struct Paths {
    /// Log probability of the best way to a node.
    pub(super) logprobs: Vec<f64>,
    /// Its last edge; of equal ways the one with the longest.
    last: Vec<Edge>,
}

impl Paths {
    /// O(edges).
    pub(super) fn new(lattice: &Lattice, logprobs: &[f64]) -> Self {
        let none = Edge { piece: 0, from: 0 };
        let mut paths =
            Self { logprobs: vec![0.0; lattice.len()], last: vec![none; lattice.len()] };
        for node in 1..lattice.len() {
            let (best, last) = paths.best(lattice.into(node), logprobs, |_| true);
            paths.logprobs[node] = best;
            paths.last[node] = last;
        }
        paths
    }

    fn best(
        &self,
        edges: &[Edge],
        logprobs: &[f64],
        allowed: impl Fn(Edge) -> bool,
    ) -> (f64, Edge) {
        let mut best = (f64::NEG_INFINITY, Edge { piece: 0, from: 0 });
        for &edge in edges.iter().filter(|&&edge| allowed(edge)) {
            let sum = self.logprobs[edge.from as usize] + logprobs[edge.piece as usize];
            if sum > best.0 {
                best = (sum, edge);
            }
        }
        best
    }

    /// How often each of `pieces` pieces is in the best segmentations of words seen `counts` times.
    pub(super) fn counts(&self, lattice: &Lattice, counts: &[u64], pieces: usize) -> Vec<f64> {
        let mut through = vec![0f64; lattice.len()];
        for (&node, &count) in lattice.words.iter().zip(counts) {
            through[node as usize] += count as f64;
        }
        let mut used = vec![0f64; pieces];
        for node in (1..lattice.len()).rev() {
            let Edge { piece, from } = self.last[node];
            used[piece as usize] += through[node];
            through[from as usize] += through[node];
        }
        used
    }

    /// Writes the best segmentation of the word that ends at `node`, last piece first, into `into`,
    /// with at least two pieces; gives back its log probability.
    pub(super) fn split(
        &self,
        lattice: &Lattice,
        logprobs: &[f64],
        node: u32,
        into: &mut Vec<u32>,
    ) -> f64 {
        into.clear();
        let edges = lattice.into(node as usize);
        let (best, mut edge) = self.best(edges, logprobs, |edge| edge.from != 0);
        into.push(edge.piece);
        while edge.from != 0 {
            edge = self.last[edge.from as usize];
            into.push(edge.piece);
        }
        best
    }
}

//! How often each piece is expected, over all segmentations of all words.
//!
//! With `ahead[v]` the probability of all ways to node `v`, and `behind[v]` the sum, over the words
//! below `v`, of their count times the probability of all ways from `v` to their end, each divided
//! by the probability of the word, an edge is expected `ahead[from] * p * behind[to]` times. One
//! forward and one backward sweep give both.
//!
//! Probabilities are multiplied by a constant for each character, which cancels out and keeps
//! sums near 1. That is enough for most words; where a sum still becomes too small, the lattice is
//! swept again with a power of two for each node.

use super::lattice::Lattice;

/// Below this, or above its inverse, sums have an exponent of their own.
const SMALL: f64 = 1e-200;

/// What one sweep gives.
#[derive(Debug)]
pub(super) struct Expected {
    /// By piece.
    pub(super) counts: Vec<f64>,
    /// Of all words, each as often as it was seen; natural, of the weights as given.
    pub(super) log_likelihood: f64,
}

/// Expected counts under `weights`, one a piece, for words seen `counts` times. O(edges).
pub(super) fn expected(lattice: &Lattice, counts: &[u64], weights: &[f64]) -> Expected {
    plain(lattice, counts, weights).unwrap_or_else(|| scaled(lattice, counts, weights))
}

/// Without exponents; nothing if a sum leaves the range.
pub(super) fn plain(lattice: &Lattice, counts: &[u64], weights: &[f64]) -> Option<Expected> {
    let mut ahead = vec![0f64; lattice.len()];
    ahead[0] = 1.0;
    for node in 1..lattice.len() {
        let edges = lattice.into(node).iter();
        let sum = edges.map(|edge| ahead[edge.from as usize] * weights[edge.piece as usize]).sum();
        if !(SMALL..1.0 / SMALL).contains(&sum) {
            return None;
        }
        ahead[node] = sum;
    }
    let mut behind = vec![0f64; lattice.len()];
    let mut log_likelihood = 0.0;
    for (&node, &count) in lattice.words.iter().zip(counts) {
        let all = ahead[node as usize];
        behind[node as usize] = count as f64 / all;
        log_likelihood += count as f64 * all.ln();
    }
    let mut expected = vec![0f64; weights.len()];
    for node in (1..lattice.len()).rev() {
        let rest = behind[node];
        if rest == 0.0 {
            continue;
        }
        for edge in lattice.into(node) {
            let flow = weights[edge.piece as usize] * rest;
            behind[edge.from as usize] += flow;
            expected[edge.piece as usize] += ahead[edge.from as usize] * flow;
        }
    }
    Some(Expected { counts: expected, log_likelihood })
}

/// With an exponent for each node: any length.
pub(super) fn scaled(lattice: &Lattice, counts: &[u64], weights: &[f64]) -> Expected {
    let mut ahead = vec![1f64; lattice.len()];
    let mut exponents = vec![0i32; lattice.len()];
    for node in 1..lattice.len() {
        let edges = lattice.into(node);
        let highest = edges.iter().map(|edge| exponents[edge.from as usize]).max().unwrap_or(0);
        let sum: f64 = edges
            .iter()
            .map(|edge| {
                let from = edge.from as usize;
                ahead[from] * weights[edge.piece as usize] * power(exponents[from] - highest)
            })
            .sum();
        let own = exponent(sum);
        exponents[node] = highest + own;
        ahead[node] = sum * power(-own);
    }
    let mut behind = vec![0f64; lattice.len()];
    let mut log_likelihood = 0.0;
    for (&node, &count) in lattice.words.iter().zip(counts) {
        let node = node as usize;
        behind[node] = count as f64 / ahead[node];
        let log = ahead[node].ln() + f64::from(exponents[node]) * std::f64::consts::LN_2;
        log_likelihood += count as f64 * log;
    }
    let mut expected = vec![0f64; weights.len()];
    for node in (1..lattice.len()).rev() {
        let rest = behind[node];
        for edge in lattice.into(node) {
            let (from, piece) = (edge.from as usize, edge.piece as usize);
            let flow = weights[piece] * rest * power(exponents[from] - exponents[node]);
            behind[from] += flow;
            expected[piece] += ahead[from] * flow;
        }
    }
    Expected { counts: expected, log_likelihood }
}

/// Two to the power of `exponent`; 0 or the largest power where that is not a normal number.
#[inline(always)]
fn power(exponent: i32) -> f64 {
    if exponent < -1022 {
        return 0.0;
    }
    f64::from_bits(u64::from((exponent.min(1023) + 1023).unsigned_abs()) << 52)
}

/// The exponent of a positive normal number.
fn exponent(number: f64) -> i32 {
    (((number.to_bits() >> 52) & 0x7FF) as i32 - 1023).clamp(-1000, 1000)
}

//! Merging with a heap: right for any merge order, n log n.
//!
//! Used where a product may come before its parts, and as a second oracle of the queue with
//! buckets.

use super::pairs::PairTable;
use crate::token::{NONE, Rank};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Appends the ranks of `bytes` to `out`.
pub fn merge(pairs: &PairTable, bytes: &[u8], out: &mut Vec<Rank>) {
    let len = bytes.len();
    let mut parts: Vec<Rank> = bytes.iter().map(|&byte| Rank::from(byte)).collect();
    // Neighbours by position; `len` is "none". A dead position holds NONE in `parts`.
    let mut next: Vec<u32> = (1..=len as u32).collect();
    let mut prev: Vec<u32> = (0..len as u32).map(|at| at.wrapping_sub(1)).collect();
    let mut heap: BinaryHeap<Reverse<(Rank, u32)>> = BinaryHeap::new();
    for (at, pair) in bytes.windows(2).enumerate() {
        let product = pairs.get_bytes(pair[0], pair[1]);
        if product != NONE {
            heap.push(Reverse((product, at as u32)));
        }
    }
    while let Some(Reverse((product, at))) = heap.pop() {
        let (i, j) = (at as usize, next[at as usize] as usize);
        // Stale if the pair here no longer makes this product.
        if parts[i] == NONE || j >= len || pairs.get(parts[i], parts[j]) != product {
            continue;
        }
        parts[i] = product;
        parts[j] = NONE;
        let after = next[j];
        next[i] = after;
        if (after as usize) < len {
            prev[after as usize] = at;
            let product = pairs.get(parts[i], parts[after as usize]);
            if product != NONE {
                heap.push(Reverse((product, at)));
            }
        }
        let before = prev[i];
        if before != u32::MAX {
            let product = pairs.get(parts[before as usize], parts[i]);
            if product != NONE {
                heap.push(Reverse((product, before)));
            }
        }
    }
    out.extend(parts.into_iter().filter(|&part| part != NONE));
}

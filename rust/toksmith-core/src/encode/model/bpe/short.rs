//! Merging a short pre-token: a scan for the smallest product a merge.
//!
//! Quadratic in the length, which is bounded by [`MAX`]; below that the scan, a few vector
//! instructions, is cheaper than any queue. Worst case: MAX merges of MAX / 8 steps.

use super::pairs::PairTable;
use crate::token::{NONE, Rank};

/// Longest pre-token handled here, in bytes.
pub const MAX: usize = 64;
/// Elements the minimum is searched in at a time.
const LANES: usize = 8;

/// Appends the ranks of `bytes` (at most [`MAX`] of them) to `out`.
#[inline]
pub fn merge(pairs: &PairTable, bytes: &[u8], out: &mut Vec<Rank>) {
    // `parts[i]` is a token, `products[i]` what it makes with `parts[i + 1]`. Beyond the end
    // lies NONE, so that whole groups of lanes can be compared.
    let mut parts = [0; MAX + LANES];
    let mut products = [NONE; MAX + LANES];
    let mut len = bytes.len().min(MAX);
    for (part, &byte) in parts.iter_mut().zip(bytes) {
        *part = Rank::from(byte);
    }
    for (product, pair) in products.iter_mut().zip(bytes.windows(2)) {
        *product = pairs.get_bytes(pair[0], pair[1]);
    }
    while len > 1 {
        let (best, at) = minimum(&products, len);
        if best == NONE {
            break;
        }
        parts[at] = best;
        // Moving a fixed number of elements is a handful of vector moves; moving exactly
        // `len` would be a call.
        parts.copy_within(at + 2..len.max(at + 2), at + 1);
        products.copy_within(at + 1..len, at);
        len -= 1;
        products[at] = if at + 1 < len { pairs.get(best, parts[at + 1]) } else { NONE };
        if at > 0 {
            products[at - 1] = pairs.get(parts[at - 1], best);
        }
    }
    out.extend_from_slice(&parts[..len]);
}

/// The smallest of the first `len` products and where it first stands.
#[inline(always)]
fn minimum(products: &[Rank; MAX + LANES], len: usize) -> (Rank, usize) {
    let mut lanes = [NONE; LANES];
    let groups = len.div_ceil(LANES);
    for group in products.chunks_exact(LANES).take(groups) {
        for (lane, &product) in lanes.iter_mut().zip(group) {
            *lane = (*lane).min(product);
        }
    }
    let best = lanes.iter().copied().fold(NONE, Rank::min);
    let at = products.iter().position(|&product| product == best).unwrap_or(0);
    (best, at)
}

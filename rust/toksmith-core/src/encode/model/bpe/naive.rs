//! The definition of byte-pair encoding as code: quadratic, obvious, the oracle of the rest.

use crate::token::{NONE, Rank};

/// Merges the first pair in merge order, leftmost of equals, until none is left.
///
/// `product(left, right)` gives `(place in merge order, product)`.
pub fn merge(parts: &mut Vec<Rank>, product: impl Fn(Rank, Rank) -> Option<(u32, Rank)>) {
    loop {
        let mut best = (NONE, NONE, 0);
        for at in 1..parts.len() {
            if let Some((order, made)) = product(parts[at - 1], parts[at])
                && order < best.0
            {
                best = (order, made, at);
            }
        }
        if best.0 == NONE {
            return;
        }
        parts[best.2 - 1] = best.1;
        parts.remove(best.2);
    }
}

//! Merging a block in one ascending sweep over the merge list: O(1) a merge.
//!
//! For merge lists reduced to one live pair a product, in which products come after their parts
//! ([`MergeList::monotone`]): a merge then only makes pairs that come later. Positions of one place
//! are worked off in any order, unless its two parts are equal (x x x): then from the left.

use super::super::rank_queue::RankQueue;
use super::{MergeList, Part, Symbol};
use crate::token::NONE;

/// Buffers of [`merge`].
#[derive(Debug, Default)]
pub(super) struct BucketScratch {
    queue: RankQueue,
    parts: Vec<Symbol>,
    next: Vec<u32>,
    prev: Vec<u32>,
    /// Position -> place of the merge with what follows, or [`NONE`].
    places: Vec<u32>,
    positions: Vec<u32>,
}

/// Appends what symbols merge to. O(n); `merges` are monotone.
pub(super) fn merge(
    merges: &MergeList,
    symbols: &[Symbol],
    scratch: &mut BucketScratch,
    out: &mut Vec<Part>,
) {
    let len = symbols.len() as u32;
    let BucketScratch { queue, parts, next, prev, places, positions } = scratch;
    queue.reset(merges.products.len());
    parts.clear();
    parts.extend_from_slice(symbols);
    next.clear();
    next.extend(1..=len);
    prev.clear();
    prev.extend((0..len).map(|at| at.wrapping_sub(1)));
    places.clear();
    places.resize(symbols.len(), NONE);
    for (at, pair) in symbols.windows(2).enumerate() {
        let place = merges.place(pair[0], pair[1]);
        places[at] = place;
        if place != NONE {
            queue.push(place, at as u32);
        }
    }
    while let Some(place) = queue.pop(positions) {
        let (product, twice) = (merges.product(place), merges.twice[place as usize]);
        if twice {
            positions.sort_unstable();
        }
        for &at in positions.iter() {
            let i = at as usize;
            // Stale if the pair here has become another one, or is gone.
            if places[i] != place {
                continue;
            }
            let j = next[i] as usize;
            let after = next[j];
            parts[i] = product;
            next[i] = after;
            (places[i], places[j]) = (NONE, NONE);
            if after < len {
                prev[after as usize] = at;
                places[i] = merges.place(product, parts[after as usize]);
                if places[i] != NONE {
                    queue.push(places[i], at);
                }
            }
            let before = prev[i] as usize;
            if before < symbols.len() {
                places[before] = merges.place(parts[before], product);
                if places[before] != NONE {
                    queue.push(places[before], before as u32);
                }
            }
        }
    }
    let mut at = 0;
    while at < len {
        let end = next[at as usize];
        out.push((parts[at as usize], end - at));
        at = end;
    }
}

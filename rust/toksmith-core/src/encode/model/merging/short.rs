//! Merging a short word: a scan for the first place a merge.
//!
//! Symbols stay where they are; a bit mask says which are left, and its gaps how many symbols
//! each token was merged from. Quadratic in the length, which is bounded by [`MAX`].

use super::{MergeList, Part, Symbol};
use crate::token::NONE;

/// Most symbols handled here: bits of the mask.
pub(in super::super) const MAX: usize = 64;
/// Elements the minimum is searched in at a time.
const LANES: usize = 8;

/// Appends what at most [`MAX`] symbols merge to; returns the place of the last merge, or
/// [`NONE`].
pub(in super::super) fn merge(merges: &MergeList, symbols: &[Symbol], out: &mut Vec<Part>) -> u32 {
    // `places[i]` is the place of the merge of symbol `i` with the next one left.
    let mut parts = [0; MAX];
    let mut places = [NONE; MAX];
    let len = symbols.len().min(MAX);
    let mut last = NONE;
    if len == 0 {
        return last;
    }
    parts[..len].copy_from_slice(&symbols[..len]);
    for (place, pair) in places.iter_mut().zip(symbols.windows(2)) {
        *place = merges.place(pair[0], pair[1]);
    }
    let mut left = u64::MAX >> (MAX - len);
    loop {
        let (place, at) = first(&places, len);
        if place == NONE {
            break;
        }
        let Some(next) = behind(left, at) else { break };
        last = place;
        let product = merges.product(place);
        parts[at] = product;
        places[next] = NONE;
        left &= !(1 << next);
        places[at] = behind(left, at).map_or(NONE, |next| merges.place(product, parts[next]));
        let before = left & ((1 << at) - 1);
        if before != 0 {
            let before = 63 - before.leading_zeros() as usize;
            places[before] = merges.place(parts[before], product);
        }
    }
    while left != 0 {
        let at = left.trailing_zeros() as usize;
        left &= left - 1;
        let end = if left == 0 { len } else { left.trailing_zeros() as usize };
        out.push((parts[at], (end - at) as u32));
    }
    last
}

/// The next symbol left behind `at`.
#[inline(always)]
fn behind(left: u64, at: usize) -> Option<usize> {
    let rest = left & (u64::MAX << at) & !(1 << at);
    (rest != 0).then_some(rest.trailing_zeros() as usize)
}

/// The smallest of the first `len` places and where it first stands.
#[inline(always)]
fn first(places: &[u32; MAX], len: usize) -> (u32, usize) {
    let mut lanes = [NONE; LANES];
    for group in places.chunks_exact(LANES).take(len.div_ceil(LANES)) {
        for (lane, &place) in lanes.iter_mut().zip(group) {
            *lane = (*lane).min(place);
        }
    }
    let best = lanes.iter().copied().fold(NONE, u32::min);
    (best, places.iter().position(|&place| place == best).unwrap_or(0))
}

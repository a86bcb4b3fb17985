//! Merges that are known already, applied to a word as encoding would.

use super::arena::END;
use super::pairs::{KeyMap, key};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// What pairs become, and how early: `(rank, token)`.
pub(super) type Known = KeyMap<(u32, u32)>;

/// Room that applying to a word needs, used again for the next.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    next: Vec<u32>,
    before: Vec<u32>,
    queue: BinaryHeap<Reverse<(u32, u32)>>,
}

/// Applies the earliest merge, of several places the leftmost, until none applies. A token
/// is written into all slots of the symbols that it is made of. O(n log n).
pub(super) fn apply(symbols: &mut [u32], known: &Known, scratch: &mut Scratch) {
    let len = symbols.len();
    let Scratch { next, before, queue } = scratch;
    next.clear();
    before.clear();
    queue.clear();
    // `next[p]`: where the token behind that at `p` begins; `before[p]`: the one before.
    next.extend(1..=len as u32);
    before.extend((0..len as u32).map(|at| at.wrapping_sub(1)));
    let look = |symbols: &[u32], at: usize, right: usize| {
        let (a, b) = (*symbols.get(at)?, *symbols.get(right)?);
        (a != END && b != END).then(|| known.get(&key(a, b)).copied()).flatten()
    };
    for at in 0..len {
        if let Some((rank, _)) = look(symbols, at, at + 1) {
            queue.push(Reverse((rank, at as u32)));
        }
    }
    while let Some(Reverse((rank, at))) = queue.pop() {
        let at = at as usize;
        let right = next[at] as usize;
        let now = (right > at).then(|| look(symbols, at, right)).flatten();
        let Some((_, token)) = now.filter(|now| now.0 == rank) else { continue };
        let end = next[right] as usize;
        symbols[at] = token;
        // No token begins here any more.
        next[right] = 0;
        next[at] = end as u32;
        if let Some(before) = before.get_mut(end) {
            *before = at as u32;
        }
        if let Some((rank, _)) = look(symbols, at, end) {
            queue.push(Reverse((rank, at as u32)));
        }
        let left = before[at] as usize;
        if let Some((rank, _)) = look(symbols, left, at) {
            queue.push(Reverse((rank, left as u32)));
        }
    }
    let mut at = 0;
    while at < len {
        let end = next[at] as usize;
        let token = symbols[at];
        symbols[at..end].fill(token);
        at = end;
    }
}

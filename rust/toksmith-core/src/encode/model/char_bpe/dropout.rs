//! Merging that passes over merges at random.
//!
//! The process of tokenizers 0.23.3: the first entry of the queue is passed over with
//! probability `p`; one that is not brings back all that were passed over before it, and is then
//! done unless it is stale. What is passed over when the queue runs out stays undone. As a merge
//! anywhere brings back merges everywhere, pieces are not cut.
//!
//! The n-th random number of a piece is a hash of its seed and n: the same on every thread.

use super::super::merging::heap::{self, HeapScratch};
use super::super::merging::{MergeList, Part, Symbol};
use crate::encode::model::draws::Draws;

/// Appends what symbols merge to, merges passed over with probability `p`.
pub(super) fn merge(
    merges: &MergeList,
    symbols: &[Symbol],
    p: f32,
    seed: u64,
    scratch: &mut HeapScratch,
    out: &mut Vec<Part>,
) {
    let mut draws = Draws::new(seed);
    heap::merge_by(merges, symbols, scratch, out, |chain, queue, skipped| {
        skipped.clear();
        while let Some(entry) = queue.pop() {
            if draws.uniform() < p {
                skipped.push(entry);
            } else {
                skipped.drain(..).for_each(|entry| queue.push(entry));
                chain.apply(merges, entry, queue);
            }
        }
    });
}

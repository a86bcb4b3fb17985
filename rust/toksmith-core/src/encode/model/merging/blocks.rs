//! Merging a long segment in blocks that fit the cache.
//!
//! A sequence of tokens, each merged from its own symbols, is what all the symbols merge to if
//! and only if each two neighbours are what theirs merge to: look at the first merge that would
//! cross a border between two of them (`DESIGN.md`; the proof asks nothing of the alphabet or
//! the merge list but that merges are chosen by place, then by position). So blocks that overlap
//! are joined at any token they share, as in the byte-level `bpe/long.rs`. Where they share none
//! the block grows, in the worst case to the whole segment.

use super::buckets::{self, BucketScratch};
use super::heap::{self, HeapScratch};
use super::{MergeList, Part, Symbol};

/// Buffers of [`merge`].
#[derive(Debug, Default)]
pub(super) struct BlockScratch {
    block: Vec<Part>,
    buckets: BucketScratch,
}

/// Symbols of a block.
const BLOCK: usize = 2048;
/// Symbols that neighbouring blocks have in common.
const OVERLAP: usize = 128;

/// Appends what `symbols` merge to: O(n) if the merge list is monotone, else at most O(n log n).
/// `merges` are growing.
pub(super) fn merge(
    merges: &MergeList,
    symbols: &[Symbol],
    scratch: &mut BlockScratch,
    heap: &mut HeapScratch,
    out: &mut Vec<Part>,
) {
    let BlockScratch { block, buckets } = scratch;
    let mut merge_block = |symbols: &[Symbol], out: &mut Vec<Part>| {
        if merges.monotone {
            buckets::merge(merges, symbols, buckets, out);
        } else {
            heap::merge(merges, symbols, heap, out);
        }
    };
    let base = out.len();
    let mut size = BLOCK;
    let mut end = size.min(symbols.len());
    merge_block(&symbols[..end], out);
    // `out[base..]` is what `symbols[..end]` merge to.
    while end < symbols.len() {
        // Step back over whole tokens until the overlap is wide enough.
        let (mut start, mut kept) = (end, out.len());
        let overlap = size / BLOCK * OVERLAP;
        while kept > base && end - start < overlap {
            kept -= 1;
            start -= out[kept].1 as usize;
        }
        // Beyond `end`, however long the tokens that were stepped over.
        let stop = (start + size.max(2 * (end - start))).min(symbols.len());
        block.clear();
        merge_block(&symbols[start..stop], block);
        if let Some((old, new)) = shared(&out[kept..], block) {
            out.truncate(kept + old);
            out.extend_from_slice(&block[new..]);
            end = stop;
            size = BLOCK;
            continue;
        }
        if kept == base {
            // The block began at the very start: it replaces everything.
            out.truncate(base);
            out.extend_from_slice(block);
            end = stop;
        }
        size *= 2;
    }
}

/// The first token, by index in each, that stands at the same place in `old` and `new`, which
/// begin at the same symbol.
fn shared(old: &[Part], new: &[Part]) -> Option<(usize, usize)> {
    let (mut i, mut j, mut a, mut b) = (0, 0, 0, 0);
    while let (Some(&left), Some(&right)) = (old.get(i), new.get(j)) {
        if a == b && left == right {
            return Some((i, j));
        }
        if a <= b {
            a += left.1;
            i += 1;
        } else {
            b += right.1;
            j += 1;
        }
    }
    None
}

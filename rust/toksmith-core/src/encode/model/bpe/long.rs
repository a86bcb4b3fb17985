//! Merging a long pre-token in linear time: blocks, each with one bucket a rank.
//!
//! *Buckets.* In a monotone merge order a merge only makes pairs of higher rank, so ranks can
//! be worked off in one ascending sweep: a list of positions a rank, a bitmap of ranks that
//! have any. Within a rank the order of positions matters only if its two parts are equal
//! (x x x), and only then is the list sorted.
//!
//! *Blocks.* A tokenization is the encoding of its text if and only if each two neighbours in
//! it are the encoding of theirs (`DESIGN.md`). So a run is encoded in blocks that fit the
//! cache, the next beginning at a token boundary inside the last one, and two blocks are
//! joined at any token they share. Where they share none the block grows, in the worst case
//! to the whole run, which doubles the work at most.

use super::Bpe;
use crate::encode::model::rank_queue::RankQueue;
use crate::error::Result;
use crate::token::{NONE, Rank};
use crate::watch::Watch;

/// Bytes of a block.
const BLOCK: usize = 4096;
/// Bytes that neighbouring blocks have in common.
const OVERLAP: usize = 256;

/// Buffers of [`merge`].
#[derive(Debug, Default)]
pub struct LongScratch {
    queue: RankQueue,
    parts: Vec<Rank>,
    next: Vec<u32>,
    prev: Vec<u32>,
    products: Vec<Rank>,
    places: Vec<u32>,
    block: Vec<Rank>,
}

/// Appends the ranks of `bytes` to `out`. O(n) time and memory; `bpe` is monotone.
pub fn merge(
    bpe: &Bpe,
    bytes: &[u8],
    scratch: &mut LongScratch,
    out: &mut Vec<Rank>,
    watch: &Watch<'_>,
) -> Result<()> {
    let base = out.len();
    // `out[base..]` encodes `bytes[..end]`; blocks start at `start`, a boundary in it.
    let mut size = BLOCK;
    let mut block = std::mem::take(&mut scratch.block);
    merge_block(bpe, &bytes[..size.min(bytes.len())], scratch, out);
    let mut end = size.min(bytes.len());
    while end < bytes.len() {
        watch.poll()?;
        // Step back over whole tokens until the overlap is wide enough.
        let (mut start, mut kept) = (end, out.len());
        let overlap = (size / BLOCK).max(1) * OVERLAP;
        while kept > base && end - start < overlap {
            kept -= 1;
            start -= bpe.token_len(out[kept]) as usize;
        }
        // Beyond `end`, however long the tokens that were stepped over.
        let stop = (start + size.max(2 * (end - start))).min(bytes.len());
        block.clear();
        merge_block(bpe, &bytes[start..stop], scratch, &mut block);
        match shared_token(bpe, &out[kept..], &block) {
            Some((old, new)) => {
                out.truncate(kept + old);
                out.extend_from_slice(&block[new..]);
                end = stop;
                size = BLOCK;
            }
            None if kept == base => {
                // The block began at the very start: it replaces everything.
                out.truncate(base);
                out.extend_from_slice(&block);
                end = stop;
                size *= 2;
            }
            None => size *= 2,
        }
    }
    scratch.block = block;
    Ok(())
}

/// The first token, by index in each, that stands at the same place in `old` and `new`,
/// which begin at the same byte.
fn shared_token(bpe: &Bpe, old: &[Rank], new: &[Rank]) -> Option<(usize, usize)> {
    let (mut i, mut j, mut a, mut b) = (0, 0, 0, 0);
    while let (Some(&left), Some(&right)) = (old.get(i), new.get(j)) {
        if a == b && left == right {
            return Some((i, j));
        }
        if a <= b {
            a += bpe.token_len(left);
            i += 1;
        } else {
            b += bpe.token_len(right);
            j += 1;
        }
    }
    None
}

/// Encodes one block by itself.
fn merge_block(bpe: &Bpe, bytes: &[u8], scratch: &mut LongScratch, out: &mut Vec<Rank>) {
    let len = bytes.len() as u32;
    let LongScratch { queue, parts, next, prev, products, places, .. } = scratch;
    queue.reset(bpe.len());
    parts.clear();
    parts.extend(bytes.iter().map(|&byte| Rank::from(byte)));
    next.clear();
    next.extend(1..=len);
    prev.clear();
    prev.extend((0..len).map(|at| at.wrapping_sub(1)));
    products.clear();
    products.resize(bytes.len(), NONE);
    for (at, pair) in bytes.windows(2).enumerate() {
        let product = bpe.pairs.get_bytes(pair[0], pair[1]);
        products[at] = product;
        if product != NONE {
            queue.push(product, at as u32);
        }
    }
    while let Some(rank) = queue.pop(places) {
        let (left, right) = bpe.live_pair(rank);
        if left == right {
            places.sort_unstable();
        }
        for &at in places.iter() {
            let i = at as usize;
            // Stale if the pair here has become another one, or is gone.
            if products[i] != rank {
                continue;
            }
            let j = next[i] as usize;
            parts[i] = rank;
            parts[j] = NONE;
            products[j] = NONE;
            let after = next[j];
            next[i] = after;
            products[i] = NONE;
            if after < len {
                prev[after as usize] = at;
                let product = bpe.product(rank, parts[after as usize]);
                products[i] = product;
                if product != NONE {
                    queue.push(product, at);
                }
            }
            let before = prev[i];
            if before != u32::MAX {
                let product = bpe.product(parts[before as usize], rank);
                products[before as usize] = product;
                if product != NONE {
                    queue.push(product, before);
                }
            }
        }
    }
    out.extend(parts.iter().copied().filter(|&part| part != NONE));
}

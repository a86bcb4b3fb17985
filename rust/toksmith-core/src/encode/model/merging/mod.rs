//! Merging symbols by a list of pairs: of all neighbours that the list names those named first
//! merge, of equals the leftmost, until none is left.
//!
//! - [`short`]: a scan for the minimum, for most words.
//! - [`heap`]: a queue; n log n, for any list.
//! - [`buckets`]: one sweep over the list, where that can be: linear.
//! - [`blocks`]: either of the two in blocks that fit the cache, for long words.
//!
//! Start at [`MergeList::merge`].

mod blocks;
mod buckets;
pub(super) mod heap;
pub(super) mod short;

use super::bpe::pairs::PairTable;
use crate::token::NONE;

/// A token's number inside a model.
pub(super) type Symbol = u32;

/// A merged token and the number of symbols it was merged from.
pub(super) type Part = (Symbol, u32);

/// A line of a merge list.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    pub(super) left: Symbol,
    pub(super) right: Symbol,
    pub(super) product: Symbol,
}

/// A merge list by pair: as it is, or reduced to the pairs that some text makes use of.
#[derive(Debug)]
pub(super) struct MergeList {
    /// `(left, right) -> place`, places counted from 1 in the order of the list.
    pairs: PairTable,
    /// Place -> product; entry 0 is not used.
    products: Vec<Symbol>,
    /// Place -> whether the two parts are equal.
    twice: Vec<bool>,
    /// Whether the list is reduced and every product comes after its parts.
    monotone: bool,
    /// Whether a merge always makes a longer spelling. Where it does not (a prefix is all there
    /// is of the right part) the queue of tokenizers can take one merge for another, and only
    /// [`heap`] does the same.
    pub(super) growing: bool,
}

/// Buffers of [`MergeList::merge`].
#[derive(Debug, Default)]
pub(super) struct MergeScratch {
    blocks: blocks::BlockScratch,
    pub(super) heap: heap::HeapScratch,
}

impl MergeList {
    /// Indexes a merge list, first line first.
    pub(super) fn new(list: &[Line], growing: bool) -> Self {
        let mut pairs = PairTable::with_capacity(list.len());
        // From the last line on, so that of equal pairs the last stays.
        for (at, line) in list.iter().enumerate().rev() {
            pairs.insert(line.left, line.right, at as u32 + 1);
        }
        let none = std::iter::once(NONE);
        Self {
            pairs,
            products: none.chain(list.iter().map(|line| line.product)).collect(),
            twice: std::iter::once(false)
                .chain(list.iter().map(|line| line.left == line.right))
                .collect(),
            monotone: false,
            growing,
        }
    }

    /// Indexes a merge list in which each product has one line and is longer than its parts.
    pub(super) fn reduced(list: &[Line]) -> Self {
        let all = list.iter().flat_map(|line| [line.left, line.right, line.product]);
        let mut made = vec![0; all.max().map_or(0, |last| last as usize + 1)];
        for (line, place) in list.iter().zip(1_u32..) {
            made[line.product as usize] = place;
        }
        let monotone = list.iter().zip(1..).all(|(line, place)| {
            made[line.left as usize] < place && made[line.right as usize] < place
        });
        Self { monotone, ..Self::new(list, true) }
    }

    /// Appends what symbols merge to. O(n) where products come after their parts, else at most
    /// O(n log n). The list is [`MergeList::growing`].
    #[inline]
    pub(super) fn merge(
        &self,
        symbols: &[Symbol],
        scratch: &mut MergeScratch,
        out: &mut Vec<Part>,
    ) {
        if let &[symbol] = symbols {
            out.push((symbol, 1));
        } else if symbols.len() <= short::MAX {
            short::merge(self, symbols, out);
        } else {
            blocks::merge(self, symbols, &mut scratch.blocks, &mut scratch.heap, out);
        }
    }

    /// The place of a pair in the list, or [`NONE`].
    #[inline(always)]
    fn place(&self, left: Symbol, right: Symbol) -> u32 {
        match (u8::try_from(left), u8::try_from(right)) {
            (Ok(left), Ok(right)) => self.pairs.get_bytes(left, right),
            _ => self.pairs.get(left, right),
        }
    }

    /// What the merge at a place makes.
    #[inline(always)]
    fn product(&self, place: u32) -> Symbol {
        self.products[place as usize]
    }
}

//! Merging by score, as SentencePiece 0.2.3 does it.
//!
//! Characters are symbols; so are user-defined pieces, which never merge. Of all neighbours
//! that together are a piece those of the highest score merge first, of equals the leftmost,
//! until there are none. A piece that is unused is then taken apart again, into the two symbols
//! that were last *seen* as its halves anywhere in the text.
//!
//! A text is cut where two characters stand together in no piece, which nothing can merge
//! across: most often into words. Where scores make a list of pairs ([`super::ranked`]) each part
//! is merged by it. Else short parts are merged by scanning for the best pair ([`SHORT`] symbols
//! at most, each merge a scan), longer ones with a heap: O(n log n).

use super::matcher::Matcher;
use super::merges::{Entry, Merges, Symbol};
use crate::encode::model::merging::{self, Line, MergeList};
use crate::encode::model::unigram::viterbi::char_len;
use crate::token::{NONE, TokenId};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

/// Symbols up to which scanning is used.
const SHORT: usize = 32;
/// Unused pieces inside unused pieces that are taken apart.
const MAX_DEPTH: usize = 100;
/// Entries of a buffer that are kept for the next text.
const KEEP: usize = 1 << 16;

/// A symbol where it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    symbol: Symbol,
    start: u32,
    end: u32,
}

/// Buffers of [`Merges::tokenize`].
#[derive(Debug, Default)]
pub(super) struct MergeScratch {
    parts: Vec<Part>,
    next: Vec<u32>,
    prev: Vec<u32>,
    /// What a part and the one behind it make.
    products: Vec<Symbol>,
    placed: Vec<u64>,
    heap: BinaryHeap<Reverse<(u64, u32)>>,
    /// The halves of unused pieces as last seen.
    halves: HashMap<Symbol, (Symbol, Symbol)>,
    /// Of merging by a list.
    symbols: Vec<Symbol>,
    merged: Vec<merging::Part>,
    by_list: merging::MergeScratch,
}

/// Decides whether a merge is passed over.
pub(super) type Skip<'a> = Option<&'a mut dyn FnMut() -> bool>;

impl Merges {
    /// Calls `sink(id, start, end)` for each piece of the text.
    pub(super) fn tokenize(
        &self,
        matcher: &Matcher,
        text: &str,
        scratch: &mut MergeScratch,
        sink: impl FnMut(TokenId, usize, usize),
    ) {
        self.run(matcher, text, scratch, None, sink);
    }

    /// As [`Merges::tokenize`], but `skip` is asked before each merge.
    pub(super) fn run(
        &self,
        matcher: &Matcher,
        text: &str,
        scratch: &mut MergeScratch,
        mut skip: Skip<'_>,
        mut sink: impl FnMut(TokenId, usize, usize),
    ) {
        let bytes = text.as_bytes();
        scratch.parts.clear();
        scratch.halves.clear();
        let (mut at, mut before) = (0, NONE);
        while let Some(&first) = bytes.get(at) {
            if let Some(len) = matcher.longest(&bytes[at..]) {
                let end = (at + len).min(bytes.len());
                if self.has_unused {
                    // One text: it stands among the others, with a symbol that never merges.
                    scratch.parts.push(Part { symbol: NONE, start: at as u32, end: end as u32 });
                } else {
                    self.part(text, scratch, &mut skip, &mut sink);
                    sink(self.frozen_id(text, at, end), at, end);
                }
                (at, before) = (end, NONE);
                continue;
            }
            let len = char_len(first);
            let letter = match len {
                1 => Some(char::from(first)),
                _ => text.get(at..at + len).and_then(|letter| letter.chars().next()),
            };
            let symbol = letter.map_or(NONE, |letter| self.letter(letter));
            if !scratch.parts.is_empty() && self.is_cut(before, symbol) {
                self.part(text, scratch, &mut skip, &mut sink);
            }
            let end = (at + len).min(bytes.len());
            scratch.parts.push(Part { symbol, start: at as u32, end: end as u32 });
            (at, before) = (end, symbol);
        }
        self.part(text, scratch, &mut skip, &mut sink);
        scratch.parts.shrink_to(KEEP);
        scratch.next.shrink_to(KEEP);
        scratch.prev.shrink_to(KEEP);
        scratch.products.shrink_to(KEEP);
        scratch.heap.shrink_to(KEEP);
    }

    fn frozen_id(&self, text: &str, start: usize, end: usize) -> TokenId {
        let piece = text.as_bytes().get(start..end).unwrap_or(&[]);
        self.frozen.get(piece).unwrap_or(self.unknown)
    }

    /// Merges and gives out the parts that have been collected.
    #[inline]
    fn part(
        &self,
        text: &str,
        scratch: &mut MergeScratch,
        skip: &mut Skip<'_>,
        sink: &mut impl FnMut(TokenId, usize, usize),
    ) {
        if let (Some(list), None) = (&self.ranked, &skip) {
            return self.listed(list, text, scratch, sink);
        }
        if scratch.parts.len() <= SHORT && !self.has_unused && skip.is_none() {
            self.scan(scratch);
        } else if scratch.parts.len() > 1 {
            self.heap(scratch, skip);
        }
        for i in 0..scratch.parts.len() {
            let Part { symbol, start, end } = scratch.parts[i];
            if start < end {
                self.give(text, symbol, start as usize, end as usize, &scratch.halves, 0, sink);
            }
        }
        scratch.parts.clear();
    }

    /// As [`Merges::part`], by a list.
    #[inline]
    fn listed(
        &self,
        list: &MergeList,
        text: &str,
        scratch: &mut MergeScratch,
        sink: &mut impl FnMut(TokenId, usize, usize),
    ) {
        let MergeScratch { parts, symbols, merged, by_list, .. } = scratch;
        symbols.clear();
        symbols.extend(parts.iter().map(|part| part.symbol));
        merged.clear();
        list.merge(symbols, by_list, merged);
        let mut rest = parts.as_slice();
        for &(symbol, count) in merged.iter() {
            let (own, behind) = rest.split_at(count as usize);
            rest = behind;
            let (Some(first), Some(last)) = (own.first(), own.last()) else { continue };
            let (start, end) = (first.start as usize, last.end as usize);
            match self.symbols.get(symbol as usize) {
                Some(Entry { id: NONE, .. }) => sink(self.unknown, start, end),
                Some(entry) => sink(entry.id, start, end),
                None => sink(self.frozen_id(text, start, end), start, end),
            }
        }
        parts.clear();
    }

    #[inline(always)]
    fn product(&self, left: Symbol, right: Symbol) -> Symbol {
        if left == NONE || right == NONE { NONE } else { self.pairs.get(left, right) }
    }

    fn place(&self, symbol: Symbol) -> u32 {
        self.symbols.get(symbol as usize).map_or(NONE, |entry| entry.place)
    }

    /// What two neighbours make, behind its place in the order of merging; all ones: nothing.
    #[inline(always)]
    fn placed(&self, left: Part, right: Part) -> u64 {
        match self.product(left.symbol, right.symbol) {
            NONE => u64::MAX,
            product => u64::from(self.place(product)) << 32 | u64::from(product),
        }
    }

    /// Merges a few parts: a scan for the best pair a merge. Returns the last merge, if any.
    fn scan(&self, scratch: &mut MergeScratch) -> Option<Line> {
        let MergeScratch { parts, placed, .. } = scratch;
        let mut done = None;
        placed.clear();
        placed.extend(parts.windows(2).map(|pair| self.placed(pair[0], pair[1])));
        loop {
            // The leftmost of the lowest place: products of one place differ in the low half.
            let (mut best, mut at) = (u64::from(NONE), 0);
            for (i, &pair) in placed.iter().enumerate() {
                if pair >> 32 < best {
                    (best, at) = (pair >> 32, i);
                }
            }
            if best == u64::from(NONE) {
                return done;
            }
            let product = placed[at] as Symbol;
            done = Some(Line { left: parts[at].symbol, right: parts[at + 1].symbol, product });
            parts[at] = Part { symbol: product, end: parts[at + 1].end, ..parts[at] };
            parts.remove(at + 1);
            placed.remove(at);
            if at < placed.len() {
                placed[at] = self.placed(parts[at], parts[at + 1]);
            }
            if at > 0 {
                placed[at - 1] = self.placed(parts[at - 1], parts[at]);
            }
        }
    }

    /// Merges any number of parts. Entries of the heap are a place in the order of merging with
    /// a position, and the product's length, by which an entry that has become stale is told.
    fn heap(&self, scratch: &mut MergeScratch, skip: &mut Skip<'_>) {
        let MergeScratch { parts, next, prev, products, heap, halves, .. } = scratch;
        let len = parts.len() as u32;
        next.clear();
        next.extend(1..=len);
        prev.clear();
        prev.extend((0..len).map(|at| at.wrapping_sub(1)));
        products.clear();
        products.resize(parts.len(), NONE);
        let mut see = |parts: &[Part],
                       products: &mut [Symbol],
                       heap: &mut BinaryHeap<Reverse<(u64, u32)>>,
                       left: u32,
                       right: u32| {
            let (a, b) = (parts[left as usize], parts[right as usize]);
            let product = self.product(a.symbol, b.symbol);
            products[left as usize] = product;
            if product != NONE {
                let key = u64::from(self.place(product)) << 32 | u64::from(left);
                heap.push(Reverse((key, b.end - a.start)));
                if self.symbols[product as usize].unused {
                    halves.insert(product, (a.symbol, b.symbol));
                }
            }
        };
        heap.clear();
        for right in 1..len {
            see(parts, products, heap, right - 1, right);
        }
        while let Some(Reverse((key, size))) = heap.pop() {
            let left = key as u32;
            let (i, right) = (left as usize, next[left as usize]);
            let stale = parts[i].start == parts[i].end
                || right >= len
                || products[i] == NONE
                || parts[right as usize].end - parts[i].start != size;
            if stale {
                continue;
            }
            if let Some(skip) = skip
                && skip()
            {
                continue;
            }
            let j = right as usize;
            parts[i] = Part { symbol: products[i], end: parts[j].end, ..parts[i] };
            parts[j].start = parts[j].end;
            products[i] = NONE;
            products[j] = NONE;
            next[i] = next[j];
            if next[i] < len {
                prev[next[i] as usize] = left;
            }
            if prev[i] != u32::MAX {
                see(parts, products, heap, prev[i], left);
            }
            if next[i] < len {
                see(parts, products, heap, left, next[i]);
            }
        }
    }

    /// What symbols merge to, however many, and the last merge.
    pub(super) fn by_scores(&self, symbols: &[Symbol]) -> (Vec<Symbol>, Option<Line>) {
        let mut scratch = MergeScratch::default();
        let parts = (0..).zip(symbols);
        let parts = parts.map(|(at, &symbol)| Part { symbol, start: at, end: at + 1 });
        scratch.parts.extend(parts);
        let last = self.scan(&mut scratch);
        (scratch.parts.iter().map(|part| part.symbol).collect(), last)
    }

    /// Gives out a symbol, an unused one in its halves.
    #[allow(clippy::too_many_arguments, reason = "a step of a recursion")]
    fn give(
        &self,
        text: &str,
        symbol: Symbol,
        start: usize,
        end: usize,
        halves: &HashMap<Symbol, (Symbol, Symbol)>,
        depth: usize,
        sink: &mut impl FnMut(TokenId, usize, usize),
    ) {
        let Some(entry) = self.symbols.get(symbol as usize) else {
            // A character in no piece, or, where a text is one, a user-defined piece.
            return sink(self.frozen_id(text, start, end), start, end);
        };
        if entry.id == NONE {
            return sink(self.unknown, start, end);
        }
        if !entry.unused || depth > MAX_DEPTH {
            return sink(entry.id, start, end);
        }
        let Some(&(left, right)) = halves.get(&symbol) else {
            return sink(self.unknown, start, end);
        };
        let len = self.symbols.get(left as usize).map_or(0, |entry| entry.len);
        let middle = (start + len as usize).min(end);
        self.give(text, left, start, middle, halves, depth + 1, sink);
        self.give(text, right, middle, end, halves, depth + 1, sink);
    }
}

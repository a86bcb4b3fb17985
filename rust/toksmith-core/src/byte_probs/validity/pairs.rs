//! Which two tokens may stand side by side in a BPE encoding.
//!
//! A sequence of tokens is the encoding of its text if and only if each token is the encoding of
//! its own bytes and each two neighbours are the encoding of theirs (`DESIGN.md`, "When neighbours
//! are an encoding"). So all that has to be known is which pairs fit.
//!
//! Two neighbours do not fit if some merge crosses the border between them while both are still
//! being made. On the left of the border stand, one after the other, the tokens of the *right
//! spine* of the left token: a byte, the product that byte ends up in as the right part, and so on
//! up to the token. On the right stand those of the left spine of the right token. Each is there
//! from the merge that makes it until the merge it is used up in, its *death*. A pair of them that
//! merges before either dies is a crossing. Of two merges of equal order, which are of equal pairs,
//! the leftmost comes first: one inside the left token before a crossing, a crossing before one
//! inside the right token.

use crate::byte_probs::mask::Mask;
use crate::byte_probs::trie::TokenTrie;
use crate::token::NONE;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes that masks of left tokens may take together before they are forgotten.
const CACHE_BYTES: usize = 64 << 20;

/// Hashes pairs of places by two multiplications: they come from a vocabulary, not from a text.
#[derive(Debug, Default, Clone)]
struct Mix(u64);

type Mixed = BuildHasherDefault<Mix>;

impl Hasher for Mix {
    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 32
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u32(byte.into());
        }
    }

    fn write_u32(&mut self, number: u32) {
        self.0 = (self.0.rotate_left(5) ^ u64::from(number)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
}

/// How each token of a vocabulary is made, by place in its trie.
#[derive(Debug)]
pub(crate) struct Pairs {
    /// The two tokens whose merge makes one; [`NONE`] for symbols and what no merge makes.
    parts: Vec<(u32, u32)>,
    /// The place of that merge in merge order; [`NONE`] where there is none.
    order: Vec<u32>,
    /// Whether the token is a symbol or made by a merge.
    live: Vec<bool>,
    /// `(left, right)` to the token they make.
    products: HashMap<(u32, u32), u32, Mixed>,
    /// Those made with a token on the left, by that token: earliest first.
    made: Vec<u32>,
    made_starts: Vec<u32>,
    /// Tokens numbered depth first, each under its left part, those under one by order.
    number: Vec<u32>,
    numbered: Vec<u32>,
    /// One past the last number under a token.
    last: Vec<u32>,
    /// Whether somewhere inside the token a product does not come after its parts in merge order.
    irregular: Vec<bool>,
    cache: Mutex<HashMap<u32, Arc<Mask>>>,
}

impl Pairs {
    /// `parts` by place, for tokens made by a merge, with the merge's place in merge order;
    /// `symbols` are those that merging begins with.
    pub(crate) fn new(
        len: usize,
        parts: &[(u32, (u32, u32), u32)],
        symbols: impl IntoIterator<Item = u32>,
    ) -> Self {
        let mut pairs = Self {
            parts: vec![(NONE, NONE); len],
            order: vec![NONE; len],
            live: vec![false; len],
            products: HashMap::with_capacity_and_hasher(parts.len(), Mixed::default()),
            made: Vec::new(),
            made_starts: Vec::new(),
            number: vec![NONE; len],
            numbered: Vec::with_capacity(len),
            last: vec![0; len],
            irregular: vec![false; len],
            cache: Mutex::default(),
        };
        for symbol in symbols {
            pairs.live[symbol as usize] = true;
        }
        let mut by_left: Vec<(u32, u32, u32)> = Vec::with_capacity(parts.len());
        for &(token, (left, right), order) in parts {
            pairs.parts[token as usize] = (left, right);
            pairs.order[token as usize] = order;
            pairs.live[token as usize] = true;
            pairs.products.insert((left, right), token);
            by_left.push((left, order, token));
        }
        by_left.sort_unstable();
        pairs.made = by_left.iter().map(|&(_, _, token)| token).collect();
        let mut at = 0;
        for token in 0..=len as u32 {
            while by_left.get(at).is_some_and(|&(left, _, _)| left < token) {
                at += 1;
            }
            pairs.made_starts.push(at as u32);
        }
        pairs.number_all();
        pairs.find_irregular(parts);
        pairs
    }

    /// Numbers the forest in which a token hangs under its left part.
    fn number_all(&mut self) {
        let mut stack: Vec<(u32, bool)> = (0..self.live.len() as u32)
            .rev()
            .filter(|&token| self.live[token as usize] && self.order[token as usize] == NONE)
            .map(|token| (token, false))
            .collect();
        while let Some((token, done)) = stack.pop() {
            if done {
                self.last[token as usize] = self.numbered.len() as u32;
                continue;
            }
            self.number[token as usize] = self.numbered.len() as u32;
            self.numbered.push(token);
            stack.push((token, true));
            let children = self.made_with(token);
            stack.extend(self.made[children].iter().rev().map(|&child| (child, false)));
        }
    }

    /// Marks tokens with a product that does not come after its parts, and all made of them.
    fn find_irregular(&mut self, parts: &[(u32, (u32, u32), u32)]) {
        let later = |pairs: &Self, part: u32, order| {
            pairs.order[part as usize] != NONE && pairs.order[part as usize] >= order
        };
        let mut changed = true;
        while changed {
            changed = false;
            for &(token, (left, right), order) in parts {
                let inside = self.irregular[left as usize]
                    || self.irregular[right as usize]
                    || later(self, left, order)
                    || later(self, right, order);
                changed |= inside && !self.irregular[token as usize];
                self.irregular[token as usize] |= inside;
            }
        }
    }

    /// When a token is there, in the order of merges; symbols from the beginning.
    fn born(&self, token: u32) -> u32 {
        match self.order[token as usize] {
            NONE => 0,
            order => order + 1,
        }
    }

    /// Where the tokens made with `left` on the left stand in `made`.
    fn made_with(&self, left: u32) -> std::ops::Range<usize> {
        let at = left as usize;
        self.made_starts[at] as usize..self.made_starts[at + 1] as usize
    }

    /// Whether merging the token's own bytes gives it.
    pub(crate) fn is_live(&self, token: u32) -> bool {
        self.live.get(token as usize).copied().unwrap_or(false)
    }

    /// Whether somewhere inside the token a product comes before its parts in merge order.
    #[cfg(test)]
    pub(crate) fn is_irregular(&self, token: u32) -> bool {
        self.irregular[token as usize]
    }

    /// Whether two tokens that merging gives may stand side by side. O(depth); where products come
    /// before their parts, O(length) merges.
    pub(crate) fn fits(&self, left: u32, right: u32) -> bool {
        if !self.is_live(left) || !self.is_live(right) {
            return false;
        }
        let (mut ls, mut rs) = ([NONE; SPINE], [NONE; SPINE]);
        let (l_len, r_len) =
            (self.spine(left, |pair| pair.1, &mut ls), self.spine(right, |pair| pair.0, &mut rs));
        let (Some(l_len), Some(r_len)) = (l_len, r_len) else {
            return self.merges_apart(left, right);
        };
        if self.irregular[left as usize] || self.irregular[right as usize] {
            let crosses =
                |l: &u32| rs[..r_len].iter().any(|&r| self.products.contains_key(&(*l, r)));
            return !ls[..l_len].iter().any(crosses) || self.merges_apart(left, right);
        }
        // The arrays hold the token first and the symbol last.
        let (mut i, mut j) = (l_len - 1, r_len - 1);
        loop {
            let l_death = if i == 0 { NONE } else { self.born(ls[i - 1]) };
            let r_death = if j == 0 { NONE } else { self.born(rs[j - 1]) };
            if let Some(&product) = self.products.get(&(ls[i], rs[j])) {
                let from = self.born(product).max(self.born(ls[i])).max(self.born(rs[j]));
                if from < l_death && from <= r_death {
                    return false;
                }
            }
            if i == 0 && j == 0 {
                return true;
            }
            if j == 0 || (i > 0 && l_death <= r_death) { i -= 1 } else { j -= 1 }
        }
    }

    /// A token, its part on one side, that one's part, down to a symbol; `None` if that is long.
    fn spine(
        &self,
        token: u32,
        side: impl Fn((u32, u32)) -> u32,
        out: &mut [u32; SPINE],
    ) -> Option<usize> {
        let mut at = token;
        for (len, slot) in out.iter_mut().enumerate() {
            if at == NONE {
                return Some(len);
            }
            *slot = at;
            at = side(self.parts[at as usize]);
        }
        None
    }

    /// [`Pairs::fits`] by merging both side by side: what the definition says.
    fn merges_apart(&self, left: u32, right: u32) -> bool {
        let mut row: Vec<(u32, bool)> = Vec::new();
        self.symbols(left, &mut |token| row.push((token, false)));
        self.symbols(right, &mut |token| row.push((token, true)));
        loop {
            let mut best: Option<(u32, usize, u32)> = None;
            for (at, pair) in row.windows(2).enumerate() {
                if let Some(&product) = self.products.get(&(pair[0].0, pair[1].0)) {
                    let order = self.order[product as usize];
                    if best.is_none_or(|(other, _, _)| order < other) {
                        best = Some((order, at, product));
                    }
                }
            }
            let Some((_, at, product)) = best else { return true };
            if row[at].1 != row[at + 1].1 {
                return false;
            }
            row[at].0 = product;
            row.remove(at + 1);
        }
    }

    /// The symbols a token is merged from, in order.
    fn symbols(&self, token: u32, out: &mut impl FnMut(u32)) {
        let mut stack = vec![token];
        while let Some(token) = stack.pop() {
            let (left, right) = self.parts[token as usize];
            if left == NONE {
                out(token);
            } else {
                stack.push(right);
                stack.push(left);
            }
        }
    }

    /// The tokens that do not fit after `left`, which merging gives; those that no merge makes are
    /// among them. Kept for the next time.
    pub(crate) fn invalid_after(&self, left: u32) -> Arc<Mask> {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mask) = cache.get(&left) {
            return Arc::clone(mask);
        }
        let mask = Arc::new(self.find_invalid(left));
        if cache.len() * self.live.len() / 8 > CACHE_BYTES {
            cache.clear();
        }
        cache.insert(left, Arc::clone(&mask));
        mask
    }

    /// [`Pairs::invalid_after`], not kept.
    pub(super) fn find_invalid(&self, left: u32) -> Mask {
        let len = self.live.len();
        let mut mask = Mask::none(len);
        for place in (0..len as u32).filter(|&place| !self.live[place as usize]) {
            mask.insert(place);
        }
        let mut spine = [NONE; SPINE];
        let Some(spine_len) = self.spine(left, |pair| pair.1, &mut spine) else {
            (0..len as u32).filter(|&right| !self.fits(left, right)).for_each(|at| mask.insert(at));
            return mask;
        };
        let mut death = NONE;
        for &at in &spine[..spine_len] {
            for &product in &self.made[self.made_with(at)] {
                let right = self.parts[product as usize].1;
                if self.irregular[left as usize] {
                    // Whatever begins with `right` may be crossed: each is tried.
                    let range = self.number[right as usize]..self.last[right as usize];
                    for &token in &self.numbered[range.start as usize..range.end as usize] {
                        if !mask.contains(token) && !self.merges_apart(left, token) {
                            mask.insert(token);
                        }
                    }
                    continue;
                }
                if self.born(product) >= death {
                    break;
                }
                let from = self.born(product).max(self.born(at)).max(self.born(right));
                if from >= death {
                    continue;
                }
                // Crosses every token that begins with `right` and has it alive then: itself, and
                // all under the tokens that use it up later.
                mask.insert(right);
                let children = &self.made[self.made_with(right)];
                let first = children.partition_point(|&child| self.born(child) < from);
                if let Some(&child) = children.get(first) {
                    let (from, to) = (self.number[child as usize], self.last[right as usize]);
                    for &token in &self.numbered[from as usize..to as usize] {
                        mask.insert(token);
                    }
                }
            }
            death = self.born(at);
        }
        for right in (0..len as u32).filter(|&right| self.irregular[right as usize]) {
            mask.remove(right);
            if !self.fits(left, right) {
                mask.insert(right);
            }
        }
        mask
    }
}

/// Longest spine that is walked.
const SPINE: usize = 64;

/// The pairs of a vocabulary of bytes from the live pairs of its BPE: rank to id, and the parts of
/// rank `256 + i`.
pub(crate) fn of_bytes(trie: &TokenTrie, ids: &[u32], parts: &[(u32, u32)]) -> Pairs {
    let place = |rank: u32| ids.get(rank as usize).and_then(|&id| trie.place(id));
    let merges: Vec<_> = parts
        .iter()
        .zip(256..)
        .filter_map(|(&(left, right), rank)| {
            Some((place(rank)?, (place(left)?, place(right)?), rank))
        })
        .collect();
    Pairs::new(trie.len(), &merges, (0..256).filter_map(place))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::model::draws::next_bits;

    /// Random merges over three letters, in any order or only in one that training could give.
    fn random(seed: u64, merges: usize, monotone: bool) -> (Pairs, Vec<Vec<u8>>) {
        let mut random = seed;
        let mut spelled: Vec<Vec<u8>> = vec![b"a".to_vec(), b"b".to_vec(), b"c".to_vec()];
        let mut parts = Vec::new();
        let mut pairs = Vec::new();
        while parts.len() < merges {
            let mut draw = || (next_bits(&mut random) % spelled.len() as u64) as u32;
            let (left, right) = (draw(), draw());
            let joined = [&spelled[left as usize][..], &spelled[right as usize]].concat();
            if joined.len() > 9 || pairs.contains(&(left, right)) {
                continue;
            }
            pairs.push((left, right));
            parts.push((spelled.len() as u32, (left, right), parts.len() as u32));
            spelled.push(joined);
        }
        if !monotone {
            // All in any order, or only a few out of theirs.
            let every = if seed.is_multiple_of(2) { 1 } else { 5 };
            for part in &mut parts {
                let order = (next_bits(&mut random) % 16) as u32 * 64;
                part.2 = if part.0 % every == 0 { order } else { part.2 * 64 } + part.0;
            }
        }
        // Only pairs that really make their token are live, and one a spelling.
        loop {
            let pairs = Pairs::new(spelled.len(), &parts, 0..3);
            let kept: Vec<_> = parts
                .iter()
                .copied()
                .filter(|part| {
                    let mut row = Vec::new();
                    pairs.symbols(part.0, &mut |token| row.push(token));
                    merged(&pairs, row) == [part.0]
                })
                .collect();
            if kept.len() == parts.len() {
                return (pairs, spelled);
            }
            parts = kept;
        }
    }

    fn merged(pairs: &Pairs, mut row: Vec<u32>) -> Vec<u32> {
        loop {
            let mut best: Option<(u32, usize, u32)> = None;
            for at in 1..row.len() {
                if let Some(&product) = pairs.products.get(&(row[at - 1], row[at])) {
                    let order = pairs.order[product as usize];
                    if best.is_none_or(|(other, _, _)| order < other) {
                        best = Some((order, at - 1, product));
                    }
                }
            }
            let Some((_, at, product)) = best else { return row };
            row[at] = product;
            row.remove(at + 1);
        }
    }

    #[test]
    fn pairs_fit_that_merging_gives() {
        let mut unfit = 0;
        for seed in 0..400 {
            let (pairs, spelled) = random(seed, 14, seed % 3 != 0);
            for left in 0..spelled.len() as u32 {
                let mask = pairs.is_live(left).then(|| pairs.invalid_after(left));
                for right in 0..spelled.len() as u32 {
                    let expected = pairs.is_live(left) && pairs.is_live(right) && {
                        let mut row = Vec::new();
                        pairs.symbols(left, &mut |token| row.push(token));
                        pairs.symbols(right, &mut |token| row.push(token));
                        merged(&pairs, row) == [left, right]
                    };
                    assert_eq!(pairs.fits(left, right), expected, "{seed} {left} {right}");
                    if let Some(mask) = &mask {
                        assert_eq!(mask.contains(right), !expected, "{seed} {left} {right}");
                    }
                    unfit += usize::from(!expected);
                }
            }
        }
        assert!(unfit > 10_000);
    }
}

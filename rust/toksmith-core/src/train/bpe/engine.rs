//! The merge loop: one pair after the other, at the cost of its occurrences.
//!
//! A merge visits the places of its pair from left to right, which joins `aaaa` to two tokens and
//! leaves the last of `aaa` alone; the count of a pair is that of all its neighbouring places,
//! so `aaaa` counts three. What a merge takes from other pairs, and the pairs it makes,
//! all hold the new token or one of its halves on one side: they are summed in arrays by the
//! token on the other side, and only then looked up. A new pair that is rarer than `least` is
//! forgotten at once, since counts only fall: most pairs are, and are never merged. Where the
//! queue runs dry, `least` is lowered and the words are counted again, roughly before exactly,
//! so that only pairs that may reach `least` take a place in a map.
//!
//! The one case in which a count rises is a merge that spells a token which is there already.
//! Then all pairs of that token are counted again from its places, which every token keeps.
//! Lists of places are cleared of what has gone (`places.rs`).
//!
//! Cost: O(symbols + occurrences merged) and a logarithm for each pair queued; the naive twin,
//! which counts everything anew after each merge, is `tests/oracle/train_bpe.rs`.

use super::arena::{Arena, END, Slot};
use super::pairs::{Key, KeyMap, Pairs, ids, key};
use super::places::Places;
use super::rough::Rough;
use super::rule::Rule;
use crate::error::Result;
use crate::watch::Watch;

#[cfg(test)]
#[path = "engine_tests.rs"]
mod tests;

/// Slots between two looks at the watch.
const POLL: usize = 1 << 16;
/// No list.
const NO_LIST: u32 = u32::MAX;

/// What a merge does to the pair of its token, or of a half of it, and one other token.
#[derive(Debug, Default, Clone, Copy)]
struct Cell {
    /// Weight of the occurrences that are no more.
    gone: u64,
    /// Weight of those that are new.
    new: u64,
    /// Number of those; of one kind, then of the other.
    places: u32,
    /// Where their places are collected.
    list: u32,
}

/// The neighbours of one merge on one side.
#[derive(Debug, Default)]
struct Side {
    /// By token.
    cells: Vec<Cell>,
    /// Tokens whose cell is in use.
    met: Vec<u32>,
}

impl Side {
    #[inline]
    fn cell(&mut self, token: u32) -> &mut Cell {
        let cell = &mut self.cells[token as usize];
        if cell.gone == 0 && cell.new == 0 {
            self.met.push(token);
        }
        cell
    }

    fn clear(&mut self) {
        for token in self.met.drain(..) {
            self.cells[token as usize] = Cell::default();
        }
    }
}

/// The words, the pairs and the tokens' places.
#[derive(Debug)]
pub(super) struct Engine<S> {
    arena: Arena<S>,
    rule: Rule,
    pairs: Pairs,
    /// Where the tokens stand that merges made, by token.
    made: Vec<Places>,
    /// Pairs that are rarer are not kept.
    least: u64,
    /// `least` is not lowered below this.
    floor: u64,
    left: Side,
    right: Side,
}

impl<S: Slot> Engine<S> {
    /// Counts the pairs. `merges` is about how many will be asked for.
    pub(super) fn new(
        arena: Arena<S>,
        rule: Rule,
        min_frequency: u64,
        merges: usize,
        watch: &Watch<'_>,
    ) -> Result<Self> {
        let floor = min_frequency.max(1);
        let mut made: Vec<Places> = Vec::new();
        made.resize_with(rule.len(), Places::default);
        for (token, place) in arena.tokens(&rule) {
            if rule.span(token) > 1 {
                made[token as usize].push(place);
            }
        }
        let (left, right) = (Side::default(), Side::default());
        let guess = arena.total() / (merges as u64).max(1) / 8;
        let mut engine =
            Self { arena, rule, pairs: Pairs::default(), made, least: 0, floor, left, right };
        engine.collect(guess, watch)?;
        Ok(engine)
    }

    /// The pair with the highest count, and that.
    pub(super) fn first(&mut self, watch: &Watch<'_>) -> Result<Option<(u32, u32, u64)>> {
        loop {
            if let Some((key, count)) = self.pairs.first() {
                let (left, right) = ids(key);
                return Ok(Some((left, right, count)));
            }
            if self.least <= self.floor {
                return Ok(None);
            }
            self.collect(self.least / 8, watch)?;
        }
    }

    /// Never merges a pair.
    pub(super) fn refuse(&mut self, left: u32, right: u32) {
        self.rule.refuse(key(left, right));
        self.pairs.remove(key(left, right));
    }

    /// Counts all pairs, and keeps those seen `least` times, or fewer where that seems too many.
    fn collect(&mut self, least: u64, watch: &Watch<'_>) -> Result<()> {
        let mut rough = Rough::new(self.arena.len());
        self.visit(watch, |pair, _, weight| rough.add(pair, weight))?;
        self.least = least.min(rough.most() / 8).max(self.floor);
        let least = self.least;
        let mut found: KeyMap<Cell> = KeyMap::default();
        self.visit(watch, |pair, _, weight| {
            if rough.bound(pair) >= least {
                let cell = found.entry(pair).or_default();
                cell.new += weight;
                cell.places += 1;
            }
        })?;
        drop(rough);
        let mut lists: Vec<(Key, u64, Vec<u32>)> = Vec::new();
        found.retain(|&pair, cell| {
            cell.list = lists.len() as u32;
            let keep = cell.new >= least;
            if keep {
                lists.push((pair, cell.new, Vec::with_capacity(cell.places as usize)));
            }
            keep
        });
        found.shrink_to_fit();
        self.visit(watch, |pair, place, _| {
            if let Some(cell) = found.get(&pair) {
                lists[cell.list as usize].2.push(place);
            }
        })?;
        for (pair, count, places) in lists {
            self.pairs.insert(pair, count, places);
        }
        Ok(())
    }

    /// Shows every pair that may merge, with its place and weight.
    fn visit(&self, watch: &Watch<'_>, mut seen: impl FnMut(Key, u32, u64)) -> Result<()> {
        let (arena, rule) = (&self.arena, &self.rule);
        let mut next_poll = POLL;
        for (left, place) in arena.tokens(rule) {
            let start = place as usize;
            if start >= next_poll {
                watch.poll()?;
                next_poll = start + POLL;
            }
            let middle = start + rule.span(left);
            let right = arena.at(middle);
            if right != END
                && rule.allows(left, right)
                && arena.may_join(start, middle, middle + rule.span(right))
            {
                seen(key(left, right), place, arena.weight(start));
            }
        }
        Ok(())
    }

    /// Merges a pair everywhere into `token`, which is the next id or that of a token there is.
    pub(super) fn merge(
        &mut self,
        left: u32,
        right: u32,
        token: u32,
        watch: &Watch<'_>,
    ) -> Result<()> {
        self.rule.add(left, right, token)?;
        let known = (token as usize) < self.made.len();
        if !known {
            self.made.push(Places::default());
        }
        self.left.cells.resize(self.rule.len(), Cell::default());
        self.right.cells.resize(self.rule.len(), Cell::default());
        let mut places =
            self.pairs.remove(key(left, right)).map_or_else(Vec::new, |p| p.places.into_vec());
        self.join(left, right, token, &mut places, watch)?;
        self.take(left, right);
        self.lose(left, places.len());
        self.lose(right, places.len());
        if known {
            let mut all = std::mem::take(&mut self.made[token as usize]).into_vec();
            all.retain(|&place| self.arena.at(place as usize) == token);
            all.append(&mut places);
            all.sort_unstable();
            all.dedup();
            places = all;
        }
        self.count(token, &places, watch)?;
        if known {
            self.forget(left, token);
        }
        self.keep(token, known, &places);
        self.left.clear();
        self.right.clear();
        self.made[token as usize] = Places::new(places);
        Ok(())
    }

    /// Writes the token where the pair still is, leaves only those places, and sums up which
    /// pairs are destroyed.
    fn join(
        &mut self,
        left: u32,
        right: u32,
        token: u32,
        places: &mut Vec<u32>,
        watch: &Watch<'_>,
    ) -> Result<()> {
        let (half, span) = (self.rule.span(left), self.rule.span(left) + self.rule.span(right));
        let (arena, rule) = (&mut self.arena, &self.rule);
        let mut kept = 0;
        for at in 0..places.len() {
            if at % POLL == POLL - 1 {
                watch.poll()?;
            }
            let place = places[at] as usize;
            let (middle, end) = (place + half, place + span);
            if arena.at(place) != left || arena.at(middle) != right {
                continue;
            }
            let weight = arena.weight(place);
            let before = arena.at(place - 1);
            // Before the token stands the same token where a run is being merged; the pair over
            // that edge was taken when it had the left half's neighbour.
            if before != END
                && before != token
                && arena.may_join(place - rule.span(before), place, middle)
            {
                let cell = self.left.cell(before);
                cell.gone += weight;
                cell.places += 1;
            }
            let after = arena.at(end);
            if after != END && arena.may_join(middle, end, end + rule.span(after)) {
                let cell = self.right.cell(after);
                cell.gone += weight;
                cell.places += 1;
            }
            arena.join(place, middle, end, token);
            places[kept] = places[at];
            kept += 1;
        }
        places.truncate(kept);
        places.shrink_to_fit();
        Ok(())
    }

    /// Takes what was destroyed from the pairs' counts.
    fn take(&mut self, left: u32, right: u32) {
        let sides = [(&mut self.left, true), (&mut self.right, false)];
        for (side, is_left) in sides {
            for &other in &side.met {
                let (a, b) = if is_left { (other, left) } else { (right, other) };
                let cell = &mut side.cells[other as usize];
                let (places, span) = (std::mem::take(&mut cell.places), self.rule.span(a));
                let arena = &self.arena;
                let stands = |place| arena.at(place) == a && arena.at(place + span) == b;
                self.pairs.lower(key(a, b), cell.gone, self.least, places as usize, stands);
            }
        }
    }

    /// Takes note that a token was merged away in so many places.
    fn lose(&mut self, token: u32, number: usize) {
        if self.rule.span(token) > 1 {
            let arena = &self.arena;
            self.made[token as usize].lose(number, |place| arena.at(place) == token);
        }
    }

    /// Sums up the pairs that the token is in.
    fn count(&mut self, token: u32, places: &[u32], watch: &Watch<'_>) -> Result<()> {
        let span = self.rule.span(token);
        for (at, &place) in places.iter().enumerate() {
            if at % POLL == POLL - 1 {
                watch.poll()?;
            }
            let (place, end) = (place as usize, place as usize + span);
            let (before, after) = (self.arena.at(place - 1), self.arena.at(end));
            let weight = self.arena.weight(place);
            if before != END
                && before != token
                && self.arena.may_join(place - self.rule.span(before), place, end)
            {
                let cell = self.left.cell(before);
                cell.new += weight;
                cell.places += 1;
            }
            if after != END && self.arena.may_join(place, end, end + self.rule.span(after)) {
                let cell = self.right.cell(after);
                cell.new += weight;
                cell.places += 1;
            }
        }
        Ok(())
    }

    /// Lets go of a pair of which a token that was there already may have had all.
    fn forget(&mut self, left: u32, token: u32) {
        self.pairs.remove(key(token, left));
    }

    /// Keeps the pairs that the token is in, with their places, if they are not too rare.
    fn keep(&mut self, token: u32, known: bool, places: &[u32]) {
        let mut lists: Vec<(Key, u64, Vec<u32>)> = Vec::new();
        let sides = [(&mut self.left, true), (&mut self.right, false)];
        for (side, is_left) in sides {
            for &other in &side.met {
                let (a, b) = if is_left { (other, token) } else { (token, other) };
                let cell = &mut side.cells[other as usize];
                cell.list = NO_LIST;
                if cell.new >= self.least && self.rule.allows(a, b) {
                    cell.list = lists.len() as u32;
                    lists.push((key(a, b), cell.new, Vec::with_capacity(cell.places as usize)));
                } else if known && cell.new > 0 {
                    self.pairs.remove(key(a, b));
                }
            }
        }
        if lists.is_empty() {
            return;
        }
        let span = self.rule.span(token);
        let breaks = self.arena.has_breaks();
        for &place in places {
            let (start, end) = (place as usize, place as usize + span);
            let (before, after) = (self.arena.at(start - 1), self.arena.at(end));
            if before != END && before != token {
                let list = self.left.cells[before as usize].list;
                let first = start - self.rule.span(before);
                if list != NO_LIST && (!breaks || self.arena.may_join(first, start, end)) {
                    lists[list as usize].2.push(first as u32);
                }
            }
            if after != END {
                let list = self.right.cells[after as usize].list;
                let next = end + self.rule.span(after);
                if list != NO_LIST && (!breaks || self.arena.may_join(start, end, next)) {
                    lists[list as usize].2.push(place);
                }
            }
        }
        for (pair, count, places) in lists {
            self.pairs.insert(pair, count, places);
        }
    }
}

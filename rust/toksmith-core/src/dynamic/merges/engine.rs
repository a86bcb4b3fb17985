//! The merge loop: each merge at the cost of its occurrences.
//!
//! A merge goes over its places twice. First it joins, from left to right, and takes what it
//! destroys from the counts of the pairs on both sides, which each place knows; then, when all
//! is joined, it looks at the neighbours of each new token and counts the pairs they make. Where
//! the new token is its own neighbour the first pass finds a side that is not known yet, and
//! has nothing to take.
//!
//! A new token that is new in every respect makes only new pairs, so nothing is looked up but in a
//! table of that merge. Where tokens are known by their bytes a merge may make a token there is
//! already; then, and only then, pairs are looked up by their ids, counts rise, and lists of
//! places are put together.

use super::beside::{Beside, Side};
use super::log::Merge;
use super::pairs::{Pair, PairTable, Pairs};
use super::queue::Queue;
use super::rule::Rule;
use super::runs::Runs;
use super::tokens::{OPEN, Tokens};
use super::{Counting, MAX_ID, Options};
use crate::error::{Error, Result};
use crate::watch::Watch;

/// Places between two looks at the watch.
const POLL: usize = 1 << 16;

/// The state of the loop.
#[derive(Debug)]
pub(super) struct Engine {
    tokens: Tokens,
    pairs: Pairs,
    queue: Queue,
    /// Where occurrences may not overlap.
    runs: Option<Runs>,
    /// Where a merge may make a token there is already.
    known: Option<PairTable>,
    beside: Beside,
    /// The places that a merge joined.
    joined: Vec<u32>,
    /// Places of new pairs, in the order they are found.
    found: Vec<(u32, u32)>,
    /// The pairs among those, each once.
    fresh: Vec<u32>,
    /// Places since the watch was asked.
    work: usize,
}

impl Engine {
    pub(super) fn new(tokens: Tokens, mut pairs: Pairs, options: &Options, by_bytes: bool) -> Self {
        let runs = options.counting == Counting::NonOverlapping;
        let runs = runs.then(|| Runs::new(&mut pairs, &tokens));
        let known = by_bytes.then(|| {
            let mut table = PairTable::new(pairs.all.len());
            let mut all = Vec::with_capacity(pairs.all.len());
            for pair in &pairs.all {
                table.number(&mut all, pair.left, pair.right);
            }
            table
        });
        let wanted = options.merges.unwrap_or(usize::MAX);
        let queue = Queue::new(&pairs, options.ties, wanted, options.min_count.max(1));
        Self {
            tokens,
            pairs,
            queue,
            runs,
            known,
            beside: Beside::new(),
            joined: Vec::new(),
            found: Vec::new(),
            fresh: Vec::new(),
            work: 0,
        }
    }

    /// Merges until a limit is reached.
    pub(super) fn run(
        mut self,
        options: &Options,
        rule: &mut Rule<'_>,
        watch: &Watch<'_>,
    ) -> Result<(Tokens, Vec<Merge>)> {
        let begun = self.tokens.slots();
        let (mut left, mut next_id) = (begun, options.first_id);
        let mut log = Vec::new();
        loop {
            let enough = options.merges.is_some_and(|most| log.len() >= most)
                || options.target_length.is_some_and(|target| left <= target)
                || options
                    .reduction
                    .is_some_and(|part| (begun - left) as f64 >= part * begun as f64);
            if enough {
                break;
            }
            let Some(number) = self.queue.pop(&mut self.pairs, &self.tokens) else { break };
            let pair = self.pairs.all[number as usize];
            if !rule.allows(pair.left, pair.right)? {
                self.refuse(number);
                self.look(1, watch)?;
                continue;
            }
            let known = rule.known(pair.left, pair.right);
            let id = known.unwrap_or(next_id);
            if known.is_none() {
                if next_id >= MAX_ID {
                    return Err(Error::Vocabulary { why: "new ids reach 2^31".into() });
                }
                next_id += 1;
                rule.made(pair.left, pair.right, id)?;
            }
            self.merge(number, id, watch)?;
            let places = self.joined.len() as u32;
            left -= places as usize;
            log.push(Merge { left: pair.left, right: pair.right, id, count: pair.count, places });
        }
        Ok((self.tokens, log))
    }

    fn look(&mut self, places: usize, watch: &Watch<'_>) -> Result<()> {
        self.work += places;
        if self.work >= POLL {
            self.work = 0;
            watch.poll()?;
        }
        Ok(())
    }

    /// Never merges a pair, however often it will be seen.
    fn refuse(&mut self, number: u32) {
        let pair = &mut self.pairs.all[number as usize];
        (pair.count, pair.start, pair.len) = (0, REFUSED, 0);
    }

    /// Merges a pair everywhere.
    fn merge(&mut self, number: u32, id: u32, watch: &Watch<'_>) -> Result<()> {
        let pair = self.pairs.all[number as usize];
        self.joined.clear();
        for at in pair.start..pair.start + pair.len {
            let place = self.pairs.places[at as usize];
            if self.tokens.begins(place, number) {
                self.join(place, number, id);
            }
            self.look(1, watch)?;
        }
        let merged = &mut self.pairs.all[number as usize];
        (merged.count, merged.len) = (0, 0);
        self.beside.begin();
        for at in 0..self.joined.len() {
            self.find(self.joined[at], id);
            self.look(1, watch)?;
        }
        self.keep();
        Ok(())
    }

    /// Joins the pair at a place, and takes what goes with that from other pairs.
    #[inline]
    fn join(&mut self, place: u32, number: u32, id: u32) {
        let right = self.tokens.next(place);
        let end = self.tokens.next(right);
        if self.runs.is_some() {
            self.shorten(place, right, number);
        }
        if let Some(before) = self.tokens.previous(place) {
            let pair = self.tokens.pair(before);
            if pair < OPEN {
                self.lower(pair);
                self.tokens.set_pair(before, OPEN);
            }
        }
        let pair = self.tokens.pair(right);
        if pair < OPEN && pair != number {
            self.lower(pair);
        }
        self.tokens.join(place, right, end, id);
        self.joined.push(place);
    }

    /// One occurrence of a pair less.
    #[inline]
    fn lower(&mut self, number: u32) {
        let pair = &mut self.pairs.all[number as usize];
        // Runs are counted by their lengths.
        if self.runs.is_none() || pair.left != pair.right {
            pair.count = pair.count.saturating_sub(1);
        }
    }

    /// Takes the two tokens of the pair at a place from their runs.
    fn shorten(&mut self, place: u32, right: u32, number: u32) {
        let Some(runs) = &mut self.runs else { return };
        let pair = self.pairs.all[number as usize];
        if pair.left == pair.right {
            runs.forget(place);
            return;
        }
        let mut take = |number: u32, end: u32, next: u32| {
            if let Some(pair) = self.pairs.all.get_mut(number as usize)
                && pair.left == pair.right
            {
                pair.count = pair.count.saturating_sub(runs.shorten(end, next));
            }
        };
        if let Some(before) = self.tokens.previous(place) {
            take(self.tokens.pair(before), place, before);
        }
        take(self.tokens.pair(right), right, self.tokens.next(right));
    }

    /// Counts the pairs of a new token with its neighbours.
    #[inline]
    fn find(&mut self, place: u32, id: u32) {
        if let Some(before) = self.tokens.previous(place)
            && self.tokens.pair(before) == OPEN
        {
            self.count(before, self.tokens.id(before), id, Side::Left);
        }
        if self.tokens.pair(place) == OPEN {
            let after = self.tokens.id(self.tokens.next(place));
            self.count(place, id, after, Side::Right);
        }
    }

    #[inline]
    fn count(&mut self, place: u32, left: u32, right: u32, side: Side) {
        let other = if side == Side::Left { left } else { right };
        let (pairs, known, fresh) = (&mut self.pairs.all, &mut self.known, &mut self.fresh);
        let number = self.beside.pair(other, side, || {
            let number = if let Some(table) = known {
                table.number(pairs, left, right)
            } else {
                pairs.push(Pair::new(left, right));
                pairs.len() as u32 - 1
            };
            fresh.push(number);
            number
        });
        self.tokens.set_pair(place, number);
        let next = self.tokens.next(place);
        let pair = &mut self.pairs.all[number as usize];
        if pair.start != REFUSED {
            let runs = self.runs.as_mut().filter(|_| left == right);
            pair.count += runs.map_or(1, |runs| runs.join(place, next));
            self.found.push((number, place));
        }
    }

    /// Lists the places that were found, and queues their pairs.
    fn keep(&mut self) {
        if self.known.is_some() {
            self.keep_known();
            return;
        }
        for &(number, _) in &self.found {
            self.pairs.all[number as usize].len += 1;
        }
        let mut start = self.pairs.places.len() as u32;
        for &number in &self.fresh {
            let pair = &mut self.pairs.all[number as usize];
            pair.start = start;
            start += pair.len;
            pair.len = 0;
        }
        self.pairs.places.resize(start as usize, 0);
        for (number, place) in self.found.drain(..) {
            let pair = &mut self.pairs.all[number as usize];
            self.pairs.places[(pair.start + pair.len) as usize] = place;
            pair.len += 1;
        }
        for number in self.fresh.drain(..) {
            self.queue.push(&self.pairs, number);
        }
    }

    /// As [`Engine::keep`], where pairs may have places already.
    fn keep_known(&mut self) {
        if self.pairs.places.len() > self.tokens.slots() * 4 + SPARE {
            self.compact();
        }
        // Two sides of one token are two entries of the same pair where it stands beside itself.
        self.fresh.sort_unstable();
        self.fresh.dedup();
        self.found.sort_unstable();
        let mut found = self.found.iter().copied().peekable();
        for &number in &self.fresh {
            let pair = self.pairs.all[number as usize];
            if pair.start == REFUSED {
                continue;
            }
            let start = self.pairs.places.len();
            let tokens = &self.tokens;
            for at in pair.start..pair.start + pair.len {
                let place = self.pairs.places[at as usize];
                if tokens.begins(place, number) {
                    self.pairs.places.push(place);
                }
            }
            while let Some((_, place)) = found.next_if(|&(other, _)| other == number) {
                self.pairs.places.push(place);
            }
            if let Some(list) = self.pairs.places.get_mut(start..) {
                list.sort_unstable();
            }
            let mut end = start;
            for at in start..self.pairs.places.len() {
                if at == start || self.pairs.places[at] != self.pairs.places[end - 1] {
                    self.pairs.places[end] = self.pairs.places[at];
                    end += 1;
                }
            }
            self.pairs.places.truncate(end);
            let pair = &mut self.pairs.all[number as usize];
            (pair.start, pair.len) = (start as u32, (end - start) as u32);
            self.queue.push(&self.pairs, number);
        }
        self.found.clear();
        self.fresh.clear();
    }

    /// Leaves out all places that have gone. What stands is not more than there are tokens.
    fn compact(&mut self) {
        let old = std::mem::take(&mut self.pairs.places);
        let tokens = &self.tokens;
        for (number, pair) in (0..).zip(&mut self.pairs.all) {
            if pair.start == REFUSED {
                continue;
            }
            let list = old.get(pair.start as usize..(pair.start + pair.len) as usize);
            pair.start = self.pairs.places.len() as u32;
            let standing = list.unwrap_or_default().iter().copied();
            self.pairs.places.extend(standing.filter(|&place| tokens.begins(place, number)));
            pair.len = self.pairs.places.len() as u32 - pair.start;
        }
    }
}

/// Places beyond four times the tokens before those that have gone are left out.
const SPARE: usize = 1 << 10;

/// Where the places of a pair begin that is never merged.
const REFUSED: u32 = u32::MAX;

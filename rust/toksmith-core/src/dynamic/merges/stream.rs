//! A window over a stream of batches: each batch is merged by what the last few have in common.
//!
//! The counts of the batches in the window are kept. A new batch is counted and its pairs are
//! numbered once, in a table that lives as long as the stream; when it leaves the window its
//! counts are taken away again. So of a batch that stays nothing is ever looked up again: the
//! window is copied, its places are listed in one pass, and the merge loop runs on that. The result
//! is that of [`super::merge`] on the whole window, of which the new batch's rows are given.

use super::bounds::Protected;
use super::engine::Engine;
use super::pairs::{PairTable, Pairs};
use super::rule::Rule;
use super::tokens::{BAR, OPEN, Tokens};
use super::{MAX_TOKENS, Merged, Options, check, collect, places};
use crate::error::{Error, Result};
use crate::token::TokenId;
use crate::watch::Watch;
use std::collections::VecDeque;

/// Pairs that are in no batch any more are let go when they are this many and more than the others.
const SPARE: usize = 1 << 10;

/// The batches of the window, and their pairs' counts.
#[derive(Debug)]
pub struct MergeStream {
    window: usize,
    batches: VecDeque<Held>,
    /// Counts of all pairs of the batches held.
    pairs: Pairs,
    table: PairTable,
}

/// A batch in the window.
#[derive(Debug)]
struct Held {
    ids: Vec<TokenId>,
    offsets: Vec<i64>,
    /// The pair that each id begins, or [`BAR`].
    beside: Vec<u32>,
}

impl MergeStream {
    /// For windows of so many batches.
    ///
    /// # Errors
    /// [`Error::Input`] if that is 0.
    pub fn new(window: usize) -> Result<Self> {
        if window == 0 {
            return Err(Error::Input { why: "a window has at least one batch".into() });
        }
        let (batches, pairs) = (VecDeque::new(), Pairs::default());
        Ok(Self { window, batches, pairs, table: PairTable::new(0) })
    }

    /// Number of batches in the window.
    pub fn len(&self) -> usize {
        self.batches.len()
    }

    /// Whether there was no batch yet.
    pub fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }

    /// Number of ids in the window.
    pub fn tokens(&self) -> usize {
        self.batches.iter().map(|batch| batch.ids.len()).sum()
    }

    /// How often a pair of ids occurs in the window where it may merge, before any merge.
    pub fn count(&self, left: TokenId, right: TokenId) -> u32 {
        let number = self.table.get(&self.pairs.all, left, right);
        number.and_then(|at| self.pairs.all.get(at as usize)).map_or(0, |pair| pair.count)
    }

    /// Takes in a batch, lets go of the one that leaves the window, and merges: gives the new
    /// batch's rows after the merges of the whole window, and those merges.
    ///
    /// # Errors
    /// As [`super::merge`]; then the window is as it was, but if the watch ended the merging.
    #[allow(clippy::too_many_arguments, reason = "those of a merge")]
    pub fn push(
        &mut self,
        ids: &[TokenId],
        offsets: &[i64],
        open: Option<&[bool]>,
        protected: &Protected,
        options: &Options,
        rule: &mut Rule<'_>,
        watch: &Watch<'_>,
    ) -> Result<Merged> {
        check(options, rule)?;
        let mut beside = places(ids, offsets, open, protected, options.first_id)?;
        let leaving = self.batches.len() + 1 > self.window;
        let staying = self.batches.iter().skip(usize::from(leaving));
        let before: usize = staying.clone().map(|batch| batch.ids.len()).sum();
        if let Some(most) = staying.flat_map(|batch| batch.ids.iter().copied()).max()
            && most >= options.first_id
        {
            let why =
                format!("the window has the id {most}; new ids begin at {}", options.first_id);
            return Err(Error::Vocabulary { why });
        }
        if before + ids.len() > MAX_TOKENS {
            let why = format!("the window would have {} ids, more than 2^30", before + ids.len());
            return Err(Error::Input { why });
        }
        for (both, pair) in ids.windows(2).zip(&mut beside) {
            if *pair == OPEN {
                *pair = self.table.number(&mut self.pairs.all, both[0], both[1]);
                self.pairs.all[*pair as usize].count += 1;
            }
        }
        self.batches.push_back(Held { ids: ids.to_vec(), offsets: offsets.to_vec(), beside });
        if leaving {
            self.leave();
        }
        self.merge(before, options, rule, watch)
    }

    /// The oldest batch leaves.
    fn leave(&mut self) {
        let Some(batch) = self.batches.pop_front() else { return };
        for number in batch.beside.into_iter().filter(|&number| number != BAR) {
            self.pairs.all[number as usize].count -= 1;
        }
        let standing = self.pairs.all.iter().filter(|pair| pair.count > 0).count();
        if self.pairs.all.len() < standing * 2 + SPARE {
            return;
        }
        let mut all = Vec::with_capacity(standing);
        let mut table = PairTable::new(standing);
        let mut numbers = vec![BAR; self.pairs.all.len()];
        for (pair, number) in self.pairs.all.iter().zip(&mut numbers) {
            if pair.count > 0 {
                *number = table.number(&mut all, pair.left, pair.right);
                all[*number as usize].count = pair.count;
            }
        }
        for number in self.batches.iter_mut().flat_map(|batch| &mut batch.beside) {
            *number = numbers.get(*number as usize).copied().unwrap_or(BAR);
        }
        (self.pairs.all, self.table) = (all, table);
    }

    /// Merges the window; its last batch begins at the id `before`.
    fn merge(
        &self,
        before: usize,
        options: &Options,
        rule: &mut Rule<'_>,
        watch: &Watch<'_>,
    ) -> Result<Merged> {
        let total = self.tokens();
        let (mut ids, mut beside) = (Vec::with_capacity(total), Vec::with_capacity(total));
        for batch in &self.batches {
            ids.extend_from_slice(&batch.ids);
            beside.extend_from_slice(&batch.beside);
        }
        let open = beside.iter().filter(|&&number| number != BAR).count();
        let mut pairs = Pairs { all: self.pairs.all.clone(), places: Vec::new() };
        pairs.list(&beside, open);
        let engine = Engine::new(Tokens::new(ids, beside), pairs, options, rule.by_bytes());
        let (tokens, log) = engine.run(options, rule, watch)?;
        let offsets = self.batches.back().map_or(&[0][..], |batch| &batch.offsets);
        Ok(collect(&tokens, before, offsets, total - before, log))
    }
}

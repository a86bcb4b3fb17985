//! Batch merges: the most frequent neighbours of a batch become new tokens, again and again.
//!
//! - [`merge`]: merges a batch; `engine.rs` is the loop, over `tokens.rs` (the tokens as a list),
//!   `pairs.rs` (counts and places), `queue.rs` (which pair is next) and `runs.rs` (`x x x`).
//! - [`log`]: what was merged; [`apply`]: the same merges on other rows, each by itself.
//! - [`layout`]: where the tokens stand in text; [`bounds`]: where they may merge.
//! - [`rule`]: which pairs may, by their bytes; [`stream`]: a window of batches.
//!
//! Cost of a merge loop: O(N + merged log P), for N tokens, P pairs and so many merged
//! occurrences. The naive twin, which counts everything anew after each merge, is in `tests.rs`.
//! Method: Feher, Vulić, Minixhofer 2025, "Retrofitting (Large) Language Models with Dynamic
//! Tokenization".
//!
//! The trainer (`train::bpe`) is the same idea for another shape of input, and none of its parts
//! would serve here: its slots hold distinct words with a weight each, so that a place has to find
//! its word's weight, and a merge sums what it does to other pairs by token; a batch has no
//! weights, each place matters by itself, and every place knows its pair, so that what a merge
//! takes away costs no look-up at all. Across a corpus the trainer is the one to use.

pub mod apply;
mod beside;
pub mod bounds;
mod engine;
pub mod layout;
pub mod log;
mod pairs;
mod queue;
pub mod rule;
mod runs;
pub mod spelled;
pub mod stream;
#[cfg(test)]
mod tests;
mod tokens;

use crate::error::{Error, Result};
use crate::token::TokenId;
use crate::watch::Watch;
use bounds::Protected;
use engine::Engine;
use log::Merge;
use pairs::Pairs;
use rule::Rule;
use std::ops::Range;
use tokens::{BAR, DEAD, OPEN, Tokens};

/// A batch has at most so many tokens.
pub const MAX_TOKENS: usize = 1 << 30;
/// Ids of tokens, new ones included, are below this.
pub const MAX_ID: u32 = DEAD;

/// Which of equally frequent pairs is merged first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ties {
    /// The one whose first occurrence in the batch, as it is by then, comes first.
    #[default]
    FirstSeen,
    /// The one with the smaller left id, then the smaller right id.
    Id,
}

/// How often a pair of equal tokens occurs in a run of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Counting {
    /// Once for all neighbours: twice in `x x x`.
    #[default]
    Published,
    /// As often as it can be merged: once in `x x x`.
    NonOverlapping,
}

/// What to merge, and when to stop. The merges end when any of the limits is reached.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Among equals.
    pub ties: Ties,
    /// Of runs.
    pub counting: Counting,
    /// Most merges.
    pub merges: Option<usize>,
    /// Pairs that occur less often are not merged; 0 is taken as 1.
    pub min_count: u32,
    /// No merge follows once the batch has so few tokens.
    pub target_length: Option<usize>,
    /// No merge follows once this part of the tokens is gone.
    pub reduction: Option<f64>,
    /// The id of the first new token; all ids of the batch are smaller.
    pub first_id: TokenId,
}

/// A batch after merging.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// Its ids.
    pub ids: Vec<TokenId>,
    /// Where its rows begin, and the end.
    pub offsets: Vec<i64>,
    /// The place among the ids given of the first of those that an id stands for; those of the
    /// others follow, up to the first of the next id.
    pub starts: Vec<u32>,
    /// The merges, in order.
    pub log: Vec<Merge>,
}

/// Merges neighbours in a batch of rows until a limit is reached or nothing is left to merge.
///
/// `open[i]` says whether id `i` may merge with the next; at the ends of rows it means nothing.
/// `protected` ids never merge.
///
/// # Errors
/// [`Error::Input`] if the offsets do not describe rows of the ids, `open` is of another length,
/// or there are more than [`MAX_TOKENS`]; [`Error::Vocabulary`] if an id is not below `first_id`
/// or new ones pass [`MAX_ID`].
pub fn merge(
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
    let pairs = Pairs::count(ids, &mut beside, watch)?;
    let engine = Engine::new(Tokens::new(ids.to_vec(), beside), pairs, options, rule.by_bytes());
    let (tokens, log) = engine.run(options, rule, watch)?;
    let left = ids.len() - log.iter().map(|merge| merge.places as usize).sum::<usize>();
    Ok(collect(&tokens, 0, offsets, left, log))
}

/// The tokens that stand from the slot `first` on, in rows that begin at `offsets` from there;
/// about so many.
fn collect(tokens: &Tokens, first: usize, offsets: &[i64], left: usize, log: Vec<Merge>) -> Merged {
    let mut merged = Merged {
        ids: Vec::with_capacity(left),
        offsets: Vec::with_capacity(offsets.len()),
        starts: Vec::with_capacity(left),
        log,
    };
    let mut rows = offsets.iter().copied().peekable();
    for (id, slot) in tokens.from(first) {
        let start = slot - first as u32;
        while rows.next_if(|&begin| begin <= i64::from(start)).is_some() {
            merged.offsets.push(merged.ids.len() as i64);
        }
        merged.ids.push(id);
        merged.starts.push(start);
    }
    merged.offsets.resize(offsets.len(), merged.ids.len() as i64);
    merged
}

/// Refuses options that cannot be.
fn check(options: &Options, rule: &Rule<'_>) -> Result<()> {
    if let Some(part) = options.reduction
        && !(0.0..=1.0).contains(&part)
    {
        return Err(Error::Input { why: format!("reduction must be from 0 to 1, not {part}") });
    }
    if rule.by_bytes() && options.counting == Counting::NonOverlapping {
        return Err(Error::unsupported(
            "counting of occurrences that do not overlap with tokens known by their bytes",
        ));
    }
    Ok(())
}

/// Checks a batch and says which of its tokens may merge with the next: [`OPEN`] or [`BAR`].
fn places(
    ids: &[TokenId],
    offsets: &[i64],
    open: Option<&[bool]>,
    protected: &Protected,
    first_id: TokenId,
) -> Result<Vec<u32>> {
    check_rows(ids.len(), offsets)?;
    if first_id > MAX_ID {
        return Err(Error::Vocabulary {
            why: format!("new ids must be below 2^31, not {first_id}"),
        });
    }
    // A maximum is found many ids at a time, which a search is not.
    let most = ids.iter().copied().max().unwrap_or(0);
    if !ids.is_empty() && most >= first_id {
        return Err(Error::Vocabulary {
            why: format!(
                "the batch has the id {most}; new ids begin at {first_id}, which must be larger"
            ),
        });
    }
    let mut beside = match open {
        None => vec![OPEN; ids.len()],
        Some(open) if open.len() == ids.len() => {
            open.iter().map(|&open| if open { OPEN } else { BAR }).collect()
        }
        Some(open) => {
            let why =
                format!("a mask of {} places for {} ids: expected as many", open.len(), ids.len());
            return Err(Error::Input { why });
        }
    };
    for bounds in offsets.windows(2) {
        if let Some(last) = row_range(bounds).end.checked_sub(1) {
            beside[last] = BAR;
        }
    }
    protected.bar(ids, &mut beside);
    Ok(beside)
}

/// The range of a row, from the two offsets around it.
pub fn row_range(bounds: &[i64]) -> Range<usize> {
    let place = |at: usize| bounds.get(at).and_then(|&edge| usize::try_from(edge).ok());
    place(0).unwrap_or(0)..place(1).unwrap_or(0)
}

/// Refuses offsets that do not describe rows of so many ids.
pub(crate) fn check_rows(ids: usize, offsets: &[i64]) -> Result<()> {
    if ids > MAX_TOKENS {
        let why = format!("a batch has at most 2^30 ids, not {ids}; merge parts of it");
        return Err(Error::Input { why });
    }
    let rises = offsets.windows(2).all(|both| both[0] <= both[1]);
    if offsets.first() != Some(&0) || offsets.last() != Some(&(ids as i64)) || !rises {
        let why = format!("offsets must rise from 0 to the number of ids, {ids}");
        return Err(Error::Input { why });
    }
    Ok(())
}

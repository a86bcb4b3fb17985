//! Merging that passes over merges at random: the process of tokenizers 0.23.3.
//!
//! The first entry of the queue is passed over with probability `p`; one that is not brings back
//! all that were passed over before it, and is then done unless it is stale. What is passed over
//! when the queue runs out stays undone.
//!
//! Merges that are never made otherwise may be made now, so this needs all of the file's, not
//! the live ones alone: [`Rules`]. With `p` 0 it is what merging gives.

use super::Bpe;
use crate::encode::model::draws::Draws;
use crate::encode::words::Words;
use crate::error::{Error, Result};
use crate::formats::Merges;
use crate::token::{NONE, Rank, TokenId};
use crate::vocab::Vocab;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::OnceLock;

/// Pairs of ids to their place in the order of merging and their product.
type Places = HashMap<(TokenId, TokenId), (u32, TokenId)>;

/// All merges of a byte-level BPE.
#[derive(Debug)]
pub(crate) enum Rules {
    /// The live ones are all there are.
    Live,
    /// Any two neighbours whose bytes together are a token; the lowest id first.
    Concatenation,
    /// `(left, right, product)`, first line first, and by pair when first asked for.
    List(Vec<(TokenId, TokenId, TokenId)>, OnceLock<Places>),
    /// There were others, in a file that is not at hand.
    Lost,
}

impl Rules {
    /// Those of a file; `live` of them are ever made without dropout.
    pub(crate) fn new(merges: Merges, by_rank: bool, live: usize) -> Self {
        match merges {
            Merges::ByRank => Self::Concatenation,
            Merges::Compiled(_) if by_rank => Self::Concatenation,
            Merges::Compiled(compiled) if compiled.reduced => Self::Lost,
            Merges::List(list) if list.len() != live => Self::List(list, OnceLock::new()),
            _ => Self::Live,
        }
    }

    /// Whether the live merges are not all.
    pub(crate) fn are_more(&self) -> bool {
        matches!(self, Self::List(..) | Self::Lost)
    }
}

/// What dropout needs of a tokenizer.
pub(crate) struct Dropout<'a> {
    pub(crate) bpe: &'a Bpe,
    pub(crate) vocab: &'a Vocab,
    pub(crate) words: &'a Words,
    pub(crate) rules: &'a Rules,
}

impl Dropout<'_> {
    /// The place of a pair in the order of merging, and what it makes: ranks if all merges are
    /// live, else ids. `joined` is a buffer.
    fn product(&self, left: u32, right: u32, joined: &mut Vec<u8>) -> Option<(u32, u32)> {
        match self.rules {
            Rules::Live | Rules::Lost => {
                let rank = self.bpe.product(left, right);
                (rank != NONE).then_some((rank, rank))
            }
            Rules::List(list, places) => {
                let places = places.get_or_init(|| {
                    // Of a pair listed twice the last line counts.
                    let lines = (0..).zip(list);
                    lines.map(|(place, &(a, b, product))| ((a, b), (place, product))).collect()
                });
                places.get(&(left, right)).copied()
            }
            Rules::Concatenation => {
                joined.clear();
                joined.extend_from_slice(self.vocab.get(left)?);
                joined.extend_from_slice(self.vocab.get(right)?);
                let id = self.words.spelling(self.vocab, joined)?;
                Some((id, id))
            }
        }
    }

    /// Appends the tokens of one pre-token, merges passed over with probability `p`.
    /// Expected time is O(n log n / (1 - p)), but O(n²) at most for `p` below 1.
    ///
    /// # Errors
    /// [`Error::Unsupported`] if the merges are lost.
    pub(crate) fn merge(
        &self,
        bytes: &[u8],
        p: f32,
        seed: u64,
        out: &mut Vec<TokenId>,
    ) -> Result<()> {
        if matches!(self.rules, Rules::Lost) {
            return Err(Error::unsupported(
                "dropout with a .toksmith file or a pickle, which keep only the merges made \
                 without it (load the tokenizer.json)",
            ));
        }
        let (mut draws, mut joined) = (Draws::new(seed), Vec::new());
        let len = bytes.len();
        let ranks = matches!(self.rules, Rules::Live);
        let id = |rank: Rank| if ranks { rank } else { self.bpe.id(rank) };
        let mut parts: Vec<u32> = bytes.iter().map(|&byte| id(Rank::from(byte))).collect();
        let mut next: Vec<u32> = (1..=len as u32).collect();
        let mut prev: Vec<u32> = (0..len as u32).map(|at| at.wrapping_sub(1)).collect();
        let mut queue = BinaryHeap::new();
        let mut push = |queue: &mut BinaryHeap<_>, parts: &[u32], left: u32, right: u32| {
            let pair = (parts.get(left as usize), parts.get(right as usize));
            let (Some(&a), Some(&b)) = pair else { return };
            if let Some((place, product)) = self.product(a, b, &mut joined) {
                queue.push(Reverse((place, left, product)));
            }
        };
        for right in 1..len as u32 {
            push(&mut queue, &parts, right - 1, right);
        }
        let mut skipped = Vec::new();
        let mut again = Vec::new();
        while let Some(Reverse(entry)) = queue.pop() {
            if draws.uniform() < p {
                skipped.push(entry);
                continue;
            }
            queue.extend(skipped.drain(..).map(Reverse));
            let (_, at, product) = entry;
            let (i, j) = (at as usize, next[at as usize] as usize);
            if parts[i] == NONE || j >= len {
                continue;
            }
            if self.product(parts[i], parts[j], &mut again).is_none_or(|found| found.1 != product) {
                continue;
            }
            (parts[i], parts[j]) = (product, NONE);
            let (before, after) = (prev[i], next[j]);
            next[i] = after;
            if let Some(prev) = prev.get_mut(after as usize) {
                *prev = at;
                push(&mut queue, &parts, at, after);
            }
            if before != u32::MAX {
                push(&mut queue, &parts, before, at);
            }
        }
        let parts = parts.into_iter().filter(|&part| part != NONE);
        out.extend(parts.map(|part| if ranks { self.bpe.id(part) } else { part }));
        Ok(())
    }
}

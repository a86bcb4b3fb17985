//! Byte-level byte-pair encoding, exact and linear.
//!
//! The naive algorithm merges, again and again, the pair of neighbours that comes first in
//! merge order (of equal ones the leftmost) until no pair of neighbours can merge. Everything
//! here computes the same result; `naive.rs` is that definition as code, and the oracle.
//!
//! One observation carries all of it (proof in `DESIGN.md`): each token has at most one *live*
//! pair, the two neighbours whose merge makes it, whatever text surrounds them. So a merge
//! table reduces to one pair a token ([`build`]), a token's place in merge order names its
//! merge, and a rank is both.
//!
//! - [`build`]: merge list or rank file to live pairs.
//! - [`pairs`]: the table `(left, right) -> product`.
//! - [`lanes`]: many words of up to 31 bytes in step, each in a few vector registers.
//! - [`long`]: merging in blocks, a queue with one bucket a rank; for what is longer, linear time.
//! - [`heap`]: merging with a queue, for orders in which a product may come before its parts.
//! - [`dropout`]: merging that passes over merges at random.
//! - [`short`]: merging by a scan for the minimum, which needs no more than the pair table.

pub mod build;
pub(crate) mod dropout;
pub mod heap;
pub(crate) mod lanes;
pub mod long;
pub mod naive;
pub mod pairs;
pub mod short;

use crate::error::{Error, Result};
use crate::formats::Compiled;
use crate::token::{NONE, Rank, TokenId};
use crate::vocab::Vocab;
use crate::watch::Watch;
use pairs::PairTable;

/// The compiled merge rules.
#[derive(Debug)]
pub struct Bpe {
    /// Rank -> id.
    ids: Vec<TokenId>,
    /// Whether that is the same number but for bytes, as in most files.
    same: bool,
    /// Rank -> what the loops ask of a token.
    tokens: Vec<Made>,
    /// Number of ranks that are bytes or made by a merge.
    live: usize,
    pairs: PairTable,
    /// Whether every product comes after both of its parts, as in trained vocabularies.
    monotone: bool,
}

/// A token as the loops see it.
#[derive(Debug, Clone, Copy)]
struct Made {
    /// The live pair that makes it; [`NONE`] for bytes and what no merge makes.
    left: Rank,
    right: Rank,
    /// Length in bytes.
    len: u32,
}

/// Buffers of the merge loops, reused from call to call.
#[derive(Debug, Default)]
pub struct MergeScratch {
    long: long::LongScratch,
    /// Ranks of the pre-token just merged.
    pub(crate) ranks: Vec<Rank>,
}

impl Bpe {
    /// Builds the tables from live pairs.
    pub fn new(vocab: &Vocab, compiled: Compiled) -> Result<Self> {
        let Compiled { ids, parts, .. } = compiled;
        if ids.len() < 256 || parts.len() > ids.len() - 256 {
            return Err(Error::field("merges", "fewer ranks than bytes and merges"));
        }
        if ids.len() > pairs::MAX_RANK as usize {
            return Err(Error::unsupported(format!(
                "a vocabulary of more than {} tokens",
                pairs::MAX_RANK
            )));
        }
        let bytes =
            |rank: Rank| ids.get(rank as usize).and_then(|&id| vocab.get(id)).unwrap_or(&[]);
        let (live, limit) = (256 + parts.len(), ids.len() as Rank);
        let mut tokens = Vec::with_capacity(ids.len());
        for rank in 0..limit {
            let len = bytes(rank).len() as u32;
            if len == 0 {
                return Err(Error::field("merges", format!("rank {rank} is no token")));
            }
            tokens.push(Made { left: NONE, right: NONE, len });
        }
        let (mut pairs, mut monotone) = (PairTable::with_capacity(parts.len()), true);
        for (i, &(left, right)) in parts.iter().enumerate() {
            let rank = 256 + i as Rank;
            if let Some(&(left, right)) = parts.get(i + 16) {
                pairs.prefetch_insert(left, right);
            }
            if left >= limit || right >= limit {
                return Err(Error::field(
                    "merges",
                    format!("merge {i} names a rank that does not exist"),
                ));
            }
            monotone &= left < rank && right < rank;
            if tokens[left as usize].len + tokens[right as usize].len != tokens[rank as usize].len {
                return Err(Error::field("merges", format!("merge {i} does not spell its token")));
            }
            (tokens[rank as usize].left, tokens[rank as usize].right) = (left, right);
            if !pairs.insert(left, right, rank) {
                return Err(Error::field("merges", format!("merge {i} repeats a pair")));
            }
        }
        let same = (256..limit).all(|rank| ids[rank as usize] == rank);
        Ok(Self { ids, same, tokens, live, pairs, monotone })
    }

    /// The live pairs, as a native file stores them.
    pub fn compiled(&self) -> Compiled {
        let made = self.tokens.iter().take(self.live).skip(256);
        Compiled {
            ids: self.ids.clone(),
            parts: made.map(|token| (token.left, token.right)).collect(),
            reduced: false,
        }
    }

    /// Number of ranks.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Always false: the bytes are there.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Number of live pairs.
    pub(crate) fn live_merges(&self) -> usize {
        self.live.saturating_sub(256)
    }

    /// The id of a rank.
    #[inline(always)]
    pub fn id(&self, rank: Rank) -> TokenId {
        if self.same && rank >= 256 { rank } else { self.ids[rank as usize] }
    }

    /// The length in bytes of a rank's token.
    #[inline(always)]
    pub fn token_len(&self, rank: Rank) -> u32 {
        self.tokens[rank as usize].len
    }

    /// Whether a merge makes this rank (bytes count as made).
    pub fn is_live(&self, rank: Rank) -> bool {
        (rank as usize) < self.live
    }

    /// Merges one pre-token; the result is left in `scratch.ranks`. Linear time and memory
    /// if merge order is monotone, else n log n.
    ///
    /// # Errors
    /// Only [`Error::Cancelled`], and only for long pre-tokens.
    pub(crate) fn merge(
        &self,
        bytes: &[u8],
        scratch: &mut MergeScratch,
        watch: &Watch<'_>,
    ) -> Result<()> {
        scratch.ranks.clear();
        let MergeScratch { long, ranks } = scratch;
        if self.monotone {
            return long::merge(self, bytes, long, ranks, watch);
        }
        heap::merge(&self.pairs, bytes, ranks);
        Ok(())
    }

    /// The product of two neighbours, or [`NONE`].
    #[inline(always)]
    pub(crate) fn product(&self, left: Rank, right: Rank) -> Rank {
        self.pairs.get(left, right)
    }

    /// The two tokens a token is merged from. O(ranks): for rare use.
    pub(crate) fn parts_of(&self, id: TokenId) -> Option<(TokenId, TokenId)> {
        let at = self.ids.get(256..self.live)?.iter().position(|&other| other == id)?;
        let (left, right) = self.live_pair(256 + at as Rank);
        Some((self.id(left), self.id(right)))
    }

    /// The pair that makes a rank.
    #[inline(always)]
    fn live_pair(&self, rank: Rank) -> (Rank, Rank) {
        let token = &self.tokens[rank as usize];
        (token.left, token.right)
    }
}

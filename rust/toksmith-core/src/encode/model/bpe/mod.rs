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
//! - [`backtrack`]: the encoding from left to right, by [`trie`]; linear time.
//! - [`heap`]: merging with a queue, for orders in which a product may come before its parts.
//! - [`short`]: merging by a scan for the minimum, which needs no more than the pair table.

mod backtrack;
pub mod build;
pub mod heap;
pub mod naive;
pub mod pairs;
pub mod short;
mod trie;

use crate::error::{Error, Result};
use crate::formats::Compiled;
use crate::token::{NONE, Rank, TokenId};
use crate::vocab::Vocab;
use crate::watch::Watch;
use pairs::PairTable;
use trie::Trie;

/// The compiled merge rules.
#[derive(Debug)]
pub struct Bpe {
    /// Rank -> id.
    ids: Vec<TokenId>,
    /// Rank -> length in bytes.
    lens: Vec<u32>,
    /// Rank `256 + i` -> the live pair that makes it.
    parts: Vec<(Rank, Rank)>,
    pairs: PairTable,
    /// Only where every product comes after both of its parts, as in trained vocabularies.
    trie: Option<Trie>,
}

/// Buffers of the merge loops, reused from call to call.
#[derive(Debug, Default)]
pub struct MergeScratch {
    pub(crate) dead: Vec<u64>,
    /// Ranks of the pre-token just merged.
    pub(crate) ranks: Vec<Rank>,
}

impl Bpe {
    /// Builds the tables from live pairs.
    pub fn new(vocab: &Vocab, compiled: Compiled) -> Result<Self> {
        let Compiled { ids, parts } = compiled;
        if ids.len() < 256 || parts.len() > ids.len() - 256 {
            return Err(Error::field("merges", "fewer ranks than bytes and merges"));
        }
        if ids.len() > pairs::MAX_RANK as usize {
            return Err(Error::unsupported(format!(
                "a vocabulary of more than {} tokens",
                pairs::MAX_RANK
            )));
        }
        let mut lens = Vec::with_capacity(ids.len());
        for &id in &ids {
            let bytes = vocab
                .get(id)
                .ok_or_else(|| Error::field("merges", format!("id {id} is no token")))?;
            lens.push(bytes.len() as u32);
        }
        let (mut pairs, mut monotone) = (PairTable::with_capacity(parts.len()), true);
        for (i, &(left, right)) in parts.iter().enumerate() {
            let rank = 256 + i as Rank;
            let limit = ids.len() as Rank;
            if left >= limit || right >= limit {
                return Err(Error::field(
                    "merges",
                    format!("merge {i} names a rank that does not exist"),
                ));
            }
            monotone &= left < rank && right < rank;
            if lens.get(left as usize).zip(lens.get(right as usize)).map(|(a, b)| a + b)
                != lens.get(rank as usize).copied()
            {
                return Err(Error::field("merges", format!("merge {i} does not spell its token")));
            }
            if !pairs.insert(left, right, rank) {
                return Err(Error::field("merges", format!("merge {i} repeats a pair")));
            }
        }
        let bytes =
            |rank: Rank| ids.get(rank as usize).and_then(|&id| vocab.get(id)).unwrap_or(&[]);
        let trie = monotone.then(|| Trie::new(&parts, &lens, bytes)).transpose()?;
        Ok(Self { ids, lens, parts, pairs, trie })
    }

    /// The live pairs, as a native file stores them.
    pub fn compiled(&self) -> Compiled {
        Compiled { ids: self.ids.clone(), parts: self.parts.clone() }
    }

    /// Number of ranks.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Always false: the bytes are there.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The id of a rank.
    #[inline(always)]
    pub fn id(&self, rank: Rank) -> TokenId {
        self.ids[rank as usize]
    }

    /// The length in bytes of a rank's token.
    #[inline(always)]
    pub fn token_len(&self, rank: Rank) -> u32 {
        self.lens[rank as usize]
    }

    /// Whether a merge makes this rank (bytes count as made).
    pub fn is_live(&self, rank: Rank) -> bool {
        (rank as usize) < 256 + self.parts.len()
    }

    /// Merges one pre-token; the result is left in `scratch.ranks`. Linear time and memory
    /// if merge order is monotone, else n log n.
    ///
    /// # Errors
    /// Only [`Error::Cancelled`], and only for long pre-tokens.
    pub fn merge(&self, bytes: &[u8], scratch: &mut MergeScratch, watch: &Watch<'_>) -> Result<()> {
        scratch.ranks.clear();
        match &self.trie {
            Some(trie) => {
                backtrack::merge(self, trie, bytes, &mut scratch.dead, &mut scratch.ranks, watch)?
            }
            None => heap::merge(&self.pairs, bytes, &mut scratch.ranks),
        }
        Ok(())
    }

    /// The product of two neighbours, or [`NONE`].
    #[inline(always)]
    pub(crate) fn product(&self, left: Rank, right: Rank) -> Rank {
        self.pairs.get(left, right)
    }

    /// The two tokens a token is merged from. O(ranks): for rare use.
    pub(crate) fn parts_of(&self, id: TokenId) -> Option<(TokenId, TokenId)> {
        let at = self.ids.get(256..)?.iter().position(|&other| other == id)?;
        let &(left, right) = self.parts.get(at)?;
        Some((self.id(left), self.id(right)))
    }

    pub(crate) fn live_pair(&self, rank: Rank) -> (Rank, Rank) {
        (rank as usize)
            .checked_sub(256)
            .and_then(|i| self.parts.get(i))
            .copied()
            .unwrap_or((NONE, NONE))
    }
}

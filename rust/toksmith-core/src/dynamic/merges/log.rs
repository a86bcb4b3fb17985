//! What was merged, in order: enough to do the same to other rows.

use super::MAX_ID;
use crate::error::{Error, Result};
use crate::token::TokenId;
use std::collections::HashMap;

/// One merge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Merge {
    /// The left token.
    pub left: TokenId,
    /// The right one.
    pub right: TokenId,
    /// What they became.
    pub id: TokenId,
    /// How often they were counted.
    pub count: u32,
    /// How often they were merged: the tokens saved.
    pub places: u32,
}

/// Merges in order, and the ids at which new tokens begin.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MergeLog {
    merges: Vec<Merge>,
    first_id: TokenId,
    /// The merge that made each new token first, by id from `first_id` on.
    made: Vec<u32>,
}

/// The most ids that the expansions of all new tokens may have together.
const MOST: usize = 1 << 31;

impl MergeLog {
    /// # Errors
    /// [`Error::Vocabulary`] where a merge joins or makes a new token out of turn: new ids are
    /// given out one after the other from `first_id` on, and used afterwards.
    pub fn new(merges: Vec<Merge>, first_id: TokenId) -> Result<Self> {
        let mut made = Vec::new();
        for (number, merge) in (0u32..).zip(&merges) {
            let next = u64::from(first_id) + made.len() as u64;
            let wrong = |what: &str, id: TokenId| Error::Vocabulary {
                why: format!("merge {number} {what} {id}; at that place ids are below {next}"),
            };
            if next >= u64::from(MAX_ID) {
                return Err(Error::Vocabulary {
                    why: format!("merge {number} makes the id {next}, and ids are below 2^31"),
                });
            }
            if let Some(&part) = [merge.left, merge.right].iter().find(|&&id| u64::from(id) >= next)
            {
                return Err(wrong("joins", part));
            }
            if u64::from(merge.id) == next {
                made.push(number);
            } else if u64::from(merge.id) > next {
                return Err(wrong("makes", merge.id));
            }
        }
        Ok(Self { merges, first_id, made })
    }

    /// The merges.
    pub fn merges(&self) -> &[Merge] {
        &self.merges
    }

    /// The id of the first new token; ids before merging are below.
    pub fn first_id(&self) -> TokenId {
        self.first_id
    }

    /// For each new token, from the first id on, the merge that made it first.
    pub fn made(&self) -> &[u32] {
        &self.made
    }

    /// Whether a merge makes a token that is there already.
    pub fn shares(&self) -> bool {
        self.made.len() != self.merges.len()
    }

    /// The first merges.
    #[must_use]
    pub fn head(&self, merges: usize) -> Self {
        let merges = merges.min(self.merges.len());
        let made = self.made.partition_point(|&number| (number as usize) < merges);
        Self {
            merges: self.merges.get(..merges).unwrap_or_default().to_vec(),
            first_id: self.first_id,
            made: self.made.get(..made).unwrap_or_default().to_vec(),
        }
    }

    /// The halves of a new token, as they were when it was made first.
    pub fn parts(&self, id: TokenId) -> Option<(TokenId, TokenId)> {
        let made = *self.made.get(id.checked_sub(self.first_id)? as usize)?;
        self.merges.get(made as usize).map(|merge| (merge.left, merge.right))
    }

    /// How many original ids each new token was made of, from the first id on.
    pub fn lengths(&self) -> Vec<u64> {
        let mut lengths: Vec<u64> = Vec::with_capacity(self.made.len());
        for &made in &self.made {
            let length = |id: TokenId| {
                let new = id.checked_sub(self.first_id).and_then(|at| lengths.get(at as usize));
                new.copied().unwrap_or(1)
            };
            let merge = self.merges.get(made as usize).copied();
            let both = merge.map_or(0, |one| length(one.left).saturating_add(length(one.right)));
            lengths.push(both);
        }
        lengths
    }

    /// The original ids of tokens, row after row, and where the rows begin. Tokens that are not
    /// new are themselves.
    ///
    /// # Errors
    /// [`Error::Input`] if they are more than 2^31 together.
    pub fn expand(&self, ids: &[TokenId]) -> Result<(Vec<TokenId>, Vec<i64>)> {
        let lengths = self.lengths();
        let length = |id: TokenId| {
            let new = id.checked_sub(self.first_id).and_then(|at| lengths.get(at as usize));
            new.copied().unwrap_or(1)
        };
        let total = ids.iter().fold(0u64, |sum, &id| sum.saturating_add(length(id)));
        if total > MOST as u64 {
            let why = format!("the tokens stand for {total} ids together, more than 2^31");
            return Err(Error::Input { why });
        }
        let mut out = Vec::with_capacity(total as usize);
        let (mut offsets, mut stack) = (vec![0], Vec::new());
        for &id in ids {
            stack.push(id);
            while let Some(id) = stack.pop() {
                match self.parts(id) {
                    Some((left, right)) => stack.extend([right, left]),
                    None => out.push(id),
                }
            }
            offsets.push(out.len() as i64);
        }
        Ok((out, offsets))
    }

    /// Pairs with the merges that merge them, ascending.
    pub(super) fn by_pair(&self) -> HashMap<(TokenId, TokenId), Vec<u32>> {
        let mut found: HashMap<_, Vec<u32>> = HashMap::with_capacity(self.merges.len());
        for (number, merge) in (0..).zip(&self.merges) {
            found.entry((merge.left, merge.right)).or_default().push(number);
        }
        found
    }
}

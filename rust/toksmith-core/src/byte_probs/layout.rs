//! Which number of a row belongs to which token.

use super::trie::TokenTrie;
use crate::error::{Error, Result};
use crate::token::TokenId;
use std::ops::Range;
use std::sync::Arc;

/// How a row of logits is laid out.
#[derive(Debug, Clone)]
pub struct RowLayout {
    trie: Arc<TokenTrie>,
    /// Special tokens, as the symbols after the bytes.
    specials: Vec<TokenId>,
    /// Where in a row each of them is.
    special_at: Vec<u32>,
    /// Ids below `least` of tokens that are no text and no special.
    holes: Vec<u32>,
    /// Numbers that a row has at least.
    least: usize,
    /// Numbers that a row has, if that is known.
    width: Option<usize>,
    in_byte_order: bool,
}

impl RowLayout {
    /// Of rows with one number per id; or `in_byte_order`, by places in the trie and then
    /// `specials` in the order given.
    ///
    /// Rows have `width` numbers, or if that is not given as many as the largest id asks for, or
    /// more. What belongs to no token (holes between ids, padding behind them) has a probability
    /// like all others, but no bytes.
    ///
    /// # Errors
    /// [`Error::Vocabulary`] where a special token is in the trie or given twice, or `width` is
    /// too small.
    pub fn new(
        trie: Arc<TokenTrie>,
        specials: &[TokenId],
        width: Option<usize>,
        in_byte_order: bool,
    ) -> Result<Self> {
        let limit = specials.iter().map(|&id| id as usize + 1).max().unwrap_or(0);
        let limit = limit.max(trie.id_limit());
        let mut known = vec![false; limit];
        trie.order().iter().for_each(|&id| known[id as usize] = true);
        for &id in specials {
            if std::mem::replace(&mut known[id as usize], true) {
                let why = format!("special token {id} is a token of the trie or given twice");
                return Err(Error::Vocabulary { why });
            }
        }
        let first = trie.len() as u32;
        let (special_at, holes, least) = if in_byte_order {
            let behind = first + specials.len() as u32;
            ((first..behind).collect(), Vec::new(), behind as usize)
        } else {
            let holes = (0..limit as u32).filter(|&id| !known[id as usize]).collect();
            (specials.to_vec(), holes, limit)
        };
        if let Some(width) = width.filter(|&width| width < least) {
            let why = format!("rows of {width} numbers, expected at least {least}");
            return Err(Error::Vocabulary { why });
        }
        let specials = specials.to_vec();
        Ok(Self { trie, specials, special_at, holes, least, width, in_byte_order })
    }

    /// The tokens that have bytes.
    pub fn trie(&self) -> &Arc<TokenTrie> {
        &self.trie
    }

    /// The special tokens, in the order given.
    pub fn specials(&self) -> &[TokenId] {
        &self.specials
    }

    /// Whether rows are by places in the trie.
    pub fn in_byte_order(&self) -> bool {
        self.in_byte_order
    }

    /// Numbers that a row has at least.
    pub fn least(&self) -> usize {
        self.least
    }

    /// Where in a row the tokens are, by place; none if they come first.
    pub(super) fn order(&self) -> Option<&[TokenId]> {
        (!self.in_byte_order).then(|| self.trie.order())
    }

    /// Where in a row the special tokens are.
    pub(super) fn special_at(&self) -> &[u32] {
        &self.special_at
    }

    /// Where in a row of some length what belongs to no token is.
    pub(super) fn unspelled(&self, len: usize) -> (&[u32], Range<usize>) {
        (&self.holes, self.least..len)
    }

    /// Checks the length of a row.
    pub(super) fn check(&self, len: usize) -> Result<()> {
        let why = match self.width {
            Some(width) if len != width => format!("a row has {len} numbers, expected {width}"),
            None if len < self.least => {
                format!("a row has {len} numbers, expected at least {}", self.least)
            }
            _ => return Ok(()),
        };
        Err(Error::Input { why })
    }
}

//! The tokens so far: their spellings, and which id a spelling has.

use super::arena::TOKENS;
use crate::error::{Error, Result};
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

/// The token that stands for a byte where characters are the units.
pub(super) fn byte_token(byte: u8) -> String {
    format!("<0x{byte:02X}>")
}

/// Tokens in the order of their ids.
#[derive(Debug, Default)]
pub(super) struct Lexicon {
    /// What merges spell; empty for a token that they cannot make.
    tokens: Vec<Vec<u8>>,
    ids: HashMap<Vec<u8>, u32>,
    /// Tokens that are written otherwise in the end, by id.
    shown: Vec<(u32, Vec<u8>)>,
    /// Tokens that no merge may make, though it could spell them.
    closed: HashSet<u32>,
}

impl Lexicon {
    /// The id of a spelling, a new one if it has none.
    pub(super) fn intern(&mut self, spelling: &[u8]) -> Result<u32> {
        let next = self.next()?;
        match self.ids.entry(spelling.to_vec()) {
            Entry::Occupied(known) => Ok(*known.get()),
            Entry::Vacant(place) => {
                place.insert(next);
                self.tokens.push(spelling.to_vec());
                Ok(next)
            }
        }
    }

    /// A token that is given back as `shown`, and that merges make where they spell `spelling`,
    /// if there is one.
    pub(super) fn push(&mut self, shown: &[u8], spelling: Option<Vec<u8>>) -> Result<()> {
        let next = self.next()?;
        let spelling = spelling.unwrap_or_default();
        if !spelling.is_empty() {
            self.ids.entry(spelling.clone()).or_insert(next);
        }
        if spelling != shown {
            self.shown.push((next, shown.to_vec()));
        }
        self.tokens.push(spelling);
        Ok(())
    }

    fn next(&self) -> Result<u32> {
        u32::try_from(self.tokens.len())
            .ok()
            .filter(|&next| next < TOKENS)
            .ok_or_else(|| Error::Vocabulary { why: format!("more than {TOKENS} tokens") })
    }

    /// No merge may make the tokens that stand for bytes.
    pub(super) fn close_bytes(&mut self) {
        self.closed = (0..=255).filter_map(|byte| self.id(byte_token(byte).as_bytes())).collect();
    }

    pub(super) fn is_closed(&self, id: u32) -> bool {
        self.closed.contains(&id)
    }

    pub(super) fn id(&self, spelling: &[u8]) -> Option<u32> {
        self.ids.get(spelling).copied()
    }

    pub(super) fn token(&self, id: u32) -> &[u8] {
        self.tokens.get(id as usize).map_or(&[], Vec::as_slice)
    }

    pub(super) fn len(&self) -> usize {
        self.tokens.len()
    }

    pub(super) fn into_tokens(mut self) -> Vec<Vec<u8>> {
        for (id, shown) in self.shown {
            if let Some(token) = self.tokens.get_mut(id as usize) {
                *token = shown;
            }
        }
        self.tokens
    }
}

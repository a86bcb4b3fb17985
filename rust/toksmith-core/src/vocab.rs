//! Token id <-> bytes, in one flat arena.
//!
//! Ids may have holes (an id without a token). A token is never empty.

use crate::error::{Error, Result};
use crate::token::TokenId;

/// Largest allowed id: leaves room for bookkeeping bits in packed tables.
pub const MAX_ID: u32 = (1 << 28) - 1;

/// The bytes of every token, by id.
#[derive(Debug, Clone, Default)]
pub struct Vocab {
    arena: Vec<u8>,
    /// `(start, end)` into the arena, by id; `start == end` marks a hole.
    ranges: Vec<(u32, u32)>,
    count: usize,
}

impl Vocab {
    /// An empty vocabulary with room for `tokens` tokens of `bytes` bytes in all.
    pub fn with_capacity(tokens: usize, bytes: usize) -> Self {
        Self { arena: Vec::with_capacity(bytes), ranges: Vec::with_capacity(tokens), count: 0 }
    }

    /// Adds a token. Fails if `id` is taken or absurdly far above the number of tokens
    /// `expected` (so that a hostile file cannot make us allocate), or if `bytes` is empty.
    pub fn insert(&mut self, id: TokenId, bytes: &[u8], expected: usize) -> Result<()> {
        let limit = expected.saturating_mul(8).saturating_add(1 << 20).min(MAX_ID as usize);
        let index = id as usize;
        if index > limit {
            return Err(Error::Vocabulary {
                why: format!(
                    "id {id} is too large for a vocabulary of {expected} tokens (limit {limit})"
                ),
            });
        }
        if bytes.is_empty() {
            return Err(Error::Vocabulary { why: format!("token {id} is empty") });
        }
        if index >= self.ranges.len() {
            self.ranges.resize(index + 1, (0, 0));
        }
        let Some(slot) = self.ranges.get_mut(index) else {
            return Err(Error::Vocabulary { why: format!("id {id} out of range") });
        };
        if slot.0 != slot.1 {
            return Err(Error::Vocabulary { why: format!("id {id} is given to two tokens") });
        }
        let start = self.arena.len();
        let end = start + bytes.len();
        if u32::try_from(end).is_err() {
            return Err(Error::Vocabulary {
                why: "the tokens hold more than 4 GiB of bytes".into(),
            });
        }
        self.arena.extend_from_slice(bytes);
        *slot = (start as u32, end as u32);
        self.count += 1;
        Ok(())
    }

    /// The bytes of a token, `None` for a hole or an id out of range.
    pub fn get(&self, id: TokenId) -> Option<&[u8]> {
        let &(start, end) = self.ranges.get(id as usize)?;
        if start == end { None } else { self.arena.get(start as usize..end as usize) }
    }

    /// Number of tokens, holes not counted.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is no token at all.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// One more than the largest id.
    pub fn id_limit(&self) -> usize {
        self.ranges.len()
    }

    /// All tokens in id order.
    pub fn iter(&self) -> impl Iterator<Item = (TokenId, &[u8])> {
        (0..self.ranges.len() as u32).filter_map(|id| Some((id, self.get(id)?)))
    }
}

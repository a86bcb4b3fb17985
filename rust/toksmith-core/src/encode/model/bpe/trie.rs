//! The live tokens as a prefix tree: the longest token at a place in a text.
//!
//! A [double array](super::super::double_array); slots 0 to 255 are the single bytes.

use super::super::double_array::{BASE_SHIFT, Builder, LABEL, NOWHERE, TOKEN, children_of, sorted};
use crate::error::Result;
use crate::token::{NONE, Rank};
use std::ops::Range;

/// Prefix tree of the live tokens.
#[derive(Debug)]
pub struct Trie {
    /// `base << 9 | token << 8 | label`.
    slots: Vec<u32>,
    /// Slot -> rank, where the slot has [`TOKEN`].
    ranks: Vec<Rank>,
}

impl Trie {
    /// Builds the tree of tokens given as `(bytes, rank)`, all 256 bytes among them, and gives
    /// for each rank below `live` the longest shorter token it begins with ([`NONE`] for bytes).
    pub(super) fn new(tokens: &[(&[u8], Rank)], live: usize) -> Result<(Self, Vec<Rank>)> {
        let tokens = sorted(tokens);
        let mut builder = Builder::new(live);
        let mut shorter = vec![NONE; live];
        let mut children: Vec<(u8, usize)> = Vec::new();
        let mut todo = Vec::new();
        children_of(&tokens, 0..tokens.len(), 0, &mut children);
        for (i, &(byte, start)) in children.iter().enumerate() {
            let end = children.get(i + 1).map_or(tokens.len(), |&(_, next)| next);
            todo.push(Todo {
                tokens: start..end,
                depth: 1,
                slot: usize::from(byte),
                longest: NONE,
            });
        }
        while let Some(Todo { tokens: mut range, depth, slot, mut longest }) = todo.pop() {
            let Some(first) = tokens.get(range.start) else { continue };
            if first.bytes.len() == depth {
                builder.slots[slot] |= TOKEN;
                builder.values[slot] = first.value;
                shorter[first.value as usize] = longest;
                longest = first.value;
                range.start += 1;
            }
            if range.is_empty() {
                builder.slots[slot] |= NOWHERE << BASE_SHIFT;
                continue;
            }
            children_of(&tokens, range.clone(), depth, &mut children);
            let base = builder.place(slot, &children)?;
            builder.slots[slot] |= (base as u32) << BASE_SHIFT;
            let mut end = range.end;
            for &(byte, start) in children.iter().rev() {
                let child = base ^ usize::from(byte);
                builder.slots[child] = u32::from(byte);
                todo.push(Todo { tokens: start..end, depth: depth + 1, slot: child, longest });
                end = start;
            }
        }
        let (slots, ranks) = builder.finish();
        Ok((Self { slots, ranks }, shorter))
    }

    /// The longest live token that `text` begins with; [`NONE`] for an empty text.
    #[inline(always)]
    pub(super) fn longest(&self, text: &[u8]) -> Rank {
        let Some((&first, rest)) = text.split_first() else { return NONE };
        let mut at = usize::from(first);
        let mut longest = at;
        let mut slot = self.slots[at];
        for &byte in rest {
            at = (slot >> BASE_SHIFT) as usize ^ usize::from(byte);
            slot = self.slots[at];
            if slot & LABEL != u32::from(byte) {
                break;
            }
            if slot & TOKEN != 0 {
                longest = at;
            }
        }
        self.ranks[longest]
    }
}

/// A node that is in the tree, but not yet what hangs on it.
struct Todo {
    /// The tokens, in order, that begin with the path to it.
    tokens: Range<usize>,
    depth: usize,
    slot: usize,
    /// The longest token on the path.
    longest: Rank,
}

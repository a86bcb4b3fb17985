//! Keys as a prefix tree in a double array, and how it is built.
//!
//! A double array by exclusive or: the child of a node for byte `b` stands in slot `base ^ b`,
//! and is one if the slot's label is `b`. No two nodes share a base, so the label alone tells
//! children from strangers, and base, label and a flag fit in four bytes: one load a step, and
//! the whole tree of 100,000 tokens in one megabyte. The label of an empty slot belongs to a
//! base that no node of its block has (there is one, or no slot would be empty).
//!
//! Building walks the sorted keys depth first and places the children of a node near those
//! of its parent, an only child if possible in the cache line of its parent, others in one of
//! the last few blocks of 256 slots with room for them. O(bytes).
//!
//! The walk over the keys is its user's ([`super::bpe::trie`], [`super::wordpiece`]): what hangs
//! on a node differs.

use crate::error::{Error, Result};
use crate::token::NONE;
use std::ops::Range;

/// A slot's own byte.
pub(super) const LABEL: u32 = 0xFF;
/// Set where the path to a slot spells a key.
pub(super) const TOKEN: u32 = 0x100;
/// The rest of a slot is its children's base.
pub(super) const BASE_SHIFT: u32 = 9;
/// Bases must stay below this.
const MAX_BASE: usize = 1 << (32 - BASE_SHIFT);
const BLOCK: usize = 256;
/// The base of nodes without children: a block in which no label fits.
pub(super) const NOWHERE: u32 = BLOCK as u32;
/// Slots in a cache line.
const LINE: usize = 16;
/// Blocks that are tried before a new one is added.
const OPEN: usize = 8;

/// A key to sort: its first eight bytes as a number spare most comparisons.
pub(super) struct Sorted<'v> {
    head: u64,
    pub(super) bytes: &'v [u8],
    pub(super) value: u32,
}

/// Keys with their values, in order.
pub(super) fn sorted<'v>(keys: &[(&'v [u8], u32)]) -> Vec<Sorted<'v>> {
    let head = |bytes: &[u8]| {
        let mut head = [0; 8];
        for (to, from) in head.iter_mut().zip(bytes) {
            *to = *from;
        }
        u64::from_be_bytes(head)
    };
    let mut sorted: Vec<_> =
        keys.iter().map(|&(bytes, value)| Sorted { head: head(bytes), bytes, value }).collect();
    sorted.sort_unstable_by(|a, b| a.head.cmp(&b.head).then_with(|| a.bytes.cmp(b.bytes)));
    sorted
}

/// The bytes at `depth` of a range of sorted keys that are longer, each with where it starts.
pub(super) fn children_of(
    keys: &[Sorted<'_>],
    range: Range<usize>,
    depth: usize,
    out: &mut Vec<(u8, usize)>,
) {
    out.clear();
    for (at, key) in range.clone().zip(keys.get(range).unwrap_or(&[])) {
        if let Some(&byte) = key.bytes.get(depth)
            && out.last().is_none_or(|&(last, _)| last != byte)
        {
            out.push((byte, at));
        }
    }
}

/// 256 bits.
type Bits = [u64; 4];

fn has(bits: &Bits, at: usize) -> bool {
    bits[at / 64 % 4] >> (at % 64) & 1 != 0
}

/// A block's slots that are taken and its bases that are used, by offset.
#[derive(Clone, Copy)]
struct Block {
    taken: Bits,
    used: Bits,
}

/// A double array that grows. Slots 0 to 255 are the nodes of the single bytes.
pub(super) struct Builder {
    /// `base << 9 | key << 8 | label`.
    pub(super) slots: Vec<u32>,
    /// Slot -> value, where the slot has [`TOKEN`].
    pub(super) values: Vec<u32>,
    blocks: Vec<Block>,
    /// Blocks that may have room.
    open: Vec<usize>,
}

impl Builder {
    /// An empty one with room for about so many keys.
    pub(super) fn new(keys: usize) -> Self {
        let room = keys * 5 / 2 + 4 * BLOCK;
        let mut builder = Self {
            slots: Vec::with_capacity(room),
            values: Vec::with_capacity(room),
            blocks: Vec::new(),
            open: Vec::new(),
        };
        let full = Block { taken: [u64::MAX; 4], used: [u64::MAX; 4] };
        builder.add(full);
        builder.add(full);
        for byte in 0..BLOCK {
            builder.slots[byte] = byte as u32;
            // Slot `NOWHERE ^ byte` must not have the label `byte`.
            builder.slots[BLOCK + byte] = byte as u32 ^ LABEL;
        }
        builder
    }

    fn add(&mut self, block: Block) {
        self.blocks.push(block);
        self.slots.resize(self.blocks.len() * BLOCK, 0);
        self.values.resize(self.blocks.len() * BLOCK, NONE);
    }

    /// Finds a base for the children of `parent` with these bytes, and takes their slots.
    pub(super) fn place(&mut self, parent: usize, children: &[(u8, usize)]) -> Result<usize> {
        if let &[(byte, _)] = children {
            let (block, line) = (parent / BLOCK, parent % BLOCK / LINE * LINE);
            let near = (line..line + LINE).find(|&slot| {
                let bits = &self.blocks[block];
                !has(&bits.taken, slot) && !has(&bits.used, slot ^ usize::from(byte))
            });
            if let Some(slot) = near {
                return Ok(self.take(block, slot ^ usize::from(byte), children));
            }
        }
        for i in (0..self.open.len()).rev() {
            let block = self.open[i];
            match fit(&self.blocks[block], children) {
                Some(offset) => return Ok(self.take(block, offset, children)),
                // Not even one child fits: the block is done with.
                None if children.len() == 1 => _ = self.open.remove(i),
                None => {}
            }
        }
        if self.open.len() == OPEN {
            self.open.remove(0);
        }
        let block = self.blocks.len();
        if (block + 1) * BLOCK > MAX_BASE {
            return Err(Error::unsupported("a vocabulary with more than 8 million prefixes"));
        }
        self.add(Block { taken: [0; 4], used: [0; 4] });
        self.open.push(block);
        Ok(self.take(block, 0, children))
    }

    fn take(&mut self, block: usize, offset: usize, children: &[(u8, usize)]) -> usize {
        let bits = &mut self.blocks[block];
        bits.used[offset / 64] |= 1 << (offset % 64);
        for &(byte, _) in children {
            let slot = offset ^ usize::from(byte);
            bits.taken[slot / 64] |= 1 << (slot % 64);
        }
        block * BLOCK + offset
    }

    /// Gives empty slots labels that no base of their block asks for; returns slots and values.
    pub(super) fn finish(mut self) -> (Vec<u32>, Vec<u32>) {
        for (block, bits) in self.blocks.iter().enumerate() {
            let Some(unused) = (0..BLOCK).find(|&offset| !has(&bits.used, offset)) else {
                continue;
            };
            for slot in (0..BLOCK).filter(|&slot| !has(&bits.taken, slot)) {
                self.slots[block * BLOCK + slot] = (slot ^ unused) as u32;
            }
        }
        (self.slots, self.values)
    }
}

/// An unused base of a block from which all children fall on free slots.
fn fit(block: &Block, children: &[(u8, usize)]) -> Option<usize> {
    let &(first, _) = children.first()?;
    for word in 0..4 {
        let mut free = !block.taken[word];
        while free != 0 {
            let offset = (word * 64 + free.trailing_zeros() as usize) ^ usize::from(first);
            let fits = |&(byte, _): &(u8, usize)| !has(&block.taken, offset ^ usize::from(byte));
            if !has(&block.used, offset) && children.iter().all(fits) {
                return Some(offset);
            }
            free &= free - 1;
        }
    }
    None
}

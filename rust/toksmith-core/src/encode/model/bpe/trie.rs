//! The live tokens as a prefix tree: the longest token at a place in a text.
//!
//! A double array by exclusive or: the child of a node for byte `b` stands in slot `base ^ b`,
//! and is one if the slot's label is `b`. No two nodes share a base, so the label alone tells
//! children from strangers, and base, label and the token's rank fit in eight bytes: one load a
//! step and none at the end, the whole tree of 100,000 tokens in two megabytes. The label of an
//! empty slot belongs to a base that no node of its block has (there is one, or no slot would
//! be empty).
//!
//! Building walks the sorted tokens depth first and places the children of a node near those
//! of its parent, an only child if possible in the cache line of its parent, others in one of
//! the last few blocks of 256 slots with room for them. O(bytes).

use crate::error::{Error, Result};
use crate::simd::prefetch;
use crate::token::{NONE, Rank};
use std::ops::Range;

const LABEL: u64 = 0xFF;
const BASE_SHIFT: u32 = 8;
const BASE_MASK: u64 = 0xFF_FFFF;
const RANK_SHIFT: u32 = 32;
/// Bases must stay below this.
const MAX_BASE: usize = 1 << (RANK_SHIFT - BASE_SHIFT);
const BLOCK: usize = 256;
/// The base of nodes without children: a block in which no label fits.
const NOWHERE: u64 = BLOCK as u64;
/// Slots in a cache line.
const LINE: usize = 8;
/// A slot without token, base or label.
const EMPTY: u64 = (NONE as u64) << RANK_SHIFT;
/// Blocks that are tried before a new one is added.
const OPEN: usize = 8;

/// Prefix tree of the live tokens.
#[derive(Debug)]
pub struct Trie {
    /// `rank << 32 | base << 8 | label`; the rank is [`NONE`] where the path to the slot spells no
    /// token. Slots 0 to 255 are the single bytes.
    slots: Vec<u64>,
}

/// The base in a slot.
#[inline(always)]
fn base(slot: u64) -> usize {
    (slot >> BASE_SHIFT & BASE_MASK) as usize
}

/// The rank in a slot, or [`NONE`].
#[inline(always)]
pub(super) fn rank(slot: u64) -> Rank {
    (slot >> RANK_SHIFT) as Rank
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
                let word = &mut builder.slots[slot];
                *word = *word & !EMPTY | u64::from(first.rank) << RANK_SHIFT;
                shorter[first.rank as usize] = longest;
                longest = first.rank;
                range.start += 1;
            }
            if range.is_empty() {
                builder.slots[slot] |= NOWHERE << BASE_SHIFT;
                continue;
            }
            children_of(&tokens, range.clone(), depth, &mut children);
            let base = builder.place(slot, &children)?;
            builder.slots[slot] |= (base as u64) << BASE_SHIFT;
            let mut end = range.end;
            for &(byte, start) in children.iter().rev() {
                let child = base ^ usize::from(byte);
                builder.slots[child] = EMPTY | u64::from(byte);
                todo.push(Todo { tokens: start..end, depth: depth + 1, slot: child, longest });
                end = start;
            }
        }
        Ok((builder.finish(), shorter))
    }

    /// The slot of one byte.
    #[inline(always)]
    pub(super) fn root(&self, byte: u8) -> u64 {
        self.slots[usize::from(byte)]
    }

    /// The slot of the path to `slot` and one byte more, if there is such a path.
    #[inline(always)]
    pub(super) fn child(&self, slot: u64, byte: u8) -> Option<u64> {
        let child = self.slots[base(slot) ^ usize::from(byte)];
        (child & LABEL == u64::from(byte)).then_some(child)
    }

    /// Asks for the line [`Trie::child`] will read.
    #[inline(always)]
    pub(super) fn prefetch_child(&self, slot: u64, byte: u8) {
        prefetch(&self.slots, base(slot) ^ usize::from(byte));
    }

    /// The longest live token that `text` begins with, and its length; [`NONE`] for an empty text.
    #[inline(always)]
    pub(super) fn longest(&self, text: &[u8]) -> (Rank, usize) {
        let Some((&first, rest)) = text.split_first() else { return (NONE, 0) };
        let mut slot = self.root(first);
        let (mut longest, mut len) = (slot, 1);
        for (depth, &byte) in rest.iter().enumerate() {
            let Some(child) = self.child(slot, byte) else { break };
            slot = child;
            if rank(slot) != NONE {
                (longest, len) = (slot, depth + 2);
            }
        }
        (rank(longest), len)
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

/// A token to sort: its first eight bytes as a number spare most comparisons.
struct Sorted<'v> {
    head: u64,
    bytes: &'v [u8],
    rank: Rank,
}

fn sorted<'v>(tokens: &[(&'v [u8], Rank)]) -> Vec<Sorted<'v>> {
    let head = |bytes: &[u8]| {
        let mut head = [0; 8];
        for (to, from) in head.iter_mut().zip(bytes) {
            *to = *from;
        }
        u64::from_be_bytes(head)
    };
    let mut sorted: Vec<_> =
        tokens.iter().map(|&(bytes, rank)| Sorted { head: head(bytes), bytes, rank }).collect();
    sorted.sort_unstable_by(|a, b| a.head.cmp(&b.head).then_with(|| a.bytes.cmp(b.bytes)));
    sorted
}

/// The bytes at `depth` of a range of sorted tokens that are longer, each with where it starts.
fn children_of(
    tokens: &[Sorted<'_>],
    range: Range<usize>,
    depth: usize,
    out: &mut Vec<(u8, usize)>,
) {
    out.clear();
    for (at, token) in range.clone().zip(tokens.get(range).unwrap_or(&[])) {
        if let Some(&byte) = token.bytes.get(depth)
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

struct Builder {
    slots: Vec<u64>,
    blocks: Vec<Block>,
    /// Blocks that may have room.
    open: Vec<usize>,
}

impl Builder {
    fn new(live: usize) -> Self {
        let room = live * 5 / 2 + 4 * BLOCK;
        let mut builder = Self {
            slots: Vec::with_capacity(room),
            blocks: Vec::new(),
            open: Vec::new(),
        };
        let full = Block { taken: [u64::MAX; 4], used: [u64::MAX; 4] };
        builder.add(full);
        builder.add(full);
        for byte in 0..BLOCK {
            builder.slots[byte] = EMPTY | byte as u64;
            // Slot `NOWHERE ^ byte` must not have the label `byte`.
            builder.slots[BLOCK + byte] = EMPTY | byte as u64 ^ LABEL;
        }
        builder
    }

    fn add(&mut self, block: Block) {
        self.blocks.push(block);
        self.slots.resize(self.blocks.len() * BLOCK, EMPTY);
    }

    /// Finds a base for the children of `parent` with these bytes, and takes their slots.
    fn place(&mut self, parent: usize, children: &[(u8, usize)]) -> Result<usize> {
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
            return Err(Error::unsupported("a vocabulary with more than 16 million prefixes"));
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

    /// Gives empty slots labels that no base of their block asks for.
    fn finish(mut self) -> Trie {
        for (block, bits) in self.blocks.iter().enumerate() {
            let Some(unused) = (0..BLOCK).find(|&offset| !has(&bits.used, offset)) else {
                continue;
            };
            for slot in (0..BLOCK).filter(|&slot| !has(&bits.taken, slot)) {
                self.slots[block * BLOCK + slot] = EMPTY | (slot ^ unused) as u64;
            }
        }
        Trie { slots: self.slots }
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

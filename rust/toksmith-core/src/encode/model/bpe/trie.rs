//! The live tokens as a prefix tree: the longest token at a place in a text.
//!
//! A node is a number: the rank itself where the path to it spells a token, a number above
//! all ranks elsewhere. So one edge look-up gives both the next node and whether it is a token.
//! Edges sit in one open-addressing table of 8-byte slots, except those below the first byte,
//! which a direct table of 65,536 entries replaces.
//!
//! Building goes by length, shortest first, and starts each token at its left part, which is a
//! token and therefore there already: half of all steps are saved.

use crate::error::{Error, Result};
use crate::token::{NONE, Rank};

const CHILD_BITS: u32 = 24;
const CHILD: u64 = (1 << CHILD_BITS) - 1;
const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;

/// Prefix tree of the live tokens.
#[derive(Debug)]
pub struct Trie {
    /// `(node << 8 | byte) << 24 | child`; zero is empty, since no child is rank 0.
    edges: Vec<u64>,
    shift: u32,
    used: usize,
    /// Two bytes -> node, or [`NONE`].
    second: Vec<u32>,
    /// Rank -> the longest shorter token it begins with, or [`NONE`].
    shorter: Vec<Rank>,
}

impl Trie {
    /// Builds the tree of the tokens that `parts` make, in time linear in their bytes.
    ///
    /// Rank `256 + i` is made of `parts[i]`, `lens[rank]` is a token's length and
    /// `bytes(rank)` its bytes.
    pub(super) fn new<'v>(
        parts: &[(Rank, Rank)],
        lens: &[u32],
        bytes: impl Fn(Rank) -> &'v [u8],
    ) -> Result<Self> {
        let live = 256 + parts.len();
        let size = (live * 3).next_power_of_two();
        let mut trie = Self {
            edges: vec![0; size],
            shift: 64 - size.trailing_zeros(),
            used: 0,
            second: vec![NONE; 1 << 16],
            shorter: vec![NONE; live],
        };
        let mut nodes = live as u32;
        for rank in by_length(lens, live) {
            let Some(&(left, right)) = parts.get(rank as usize - 256) else { continue };
            let (mut node, mut longest) = (left, left);
            let Some((&last, inner)) = bytes(right).split_last() else { continue };
            for &byte in inner {
                let child = trie.child(node, byte);
                node = if child == NONE {
                    nodes += 1;
                    trie.add(node, byte, nodes - 1);
                    nodes - 1
                } else {
                    child
                };
                if (node as usize) < live {
                    longest = node;
                }
            }
            trie.add(node, last, rank);
            trie.shorter[rank as usize] = longest;
            if u64::from(nodes) >= CHILD {
                return Err(Error::unsupported("a vocabulary with more than 16 million prefixes"));
            }
        }
        Ok(trie)
    }

    #[inline(always)]
    fn home(&self, key: u64) -> usize {
        (key.wrapping_mul(MULTIPLIER) >> self.shift) as usize
    }

    fn add(&mut self, node: u32, byte: u8, child: u32) {
        if node < 256 {
            self.second[(node << 8 | u32::from(byte)) as usize] = child;
            return;
        }
        if (self.used + 1) * 2 > self.edges.len() {
            let old = std::mem::take(&mut self.edges);
            self.edges = vec![0; old.len() * 2];
            self.shift -= 1;
            for edge in old.into_iter().filter(|&edge| edge != 0) {
                self.place(edge);
            }
        }
        self.used += 1;
        self.place((u64::from(node) << 8 | u64::from(byte)) << CHILD_BITS | u64::from(child));
    }

    fn place(&mut self, edge: u64) {
        let mask = self.edges.len() - 1;
        let mut at = self.home(edge >> CHILD_BITS);
        while self.edges[at & mask] != 0 {
            at += 1;
        }
        self.edges[at & mask] = edge;
    }

    /// The node one byte further, or [`NONE`]. Nodes below 256 are the single bytes.
    #[inline(always)]
    fn child(&self, node: u32, byte: u8) -> u32 {
        if node < 256 {
            return self.second[(node << 8 | u32::from(byte)) as usize];
        }
        self.edge(node, byte)
    }

    #[inline(always)]
    fn edge(&self, node: u32, byte: u8) -> u32 {
        let key = u64::from(node) << 8 | u64::from(byte);
        let mask = self.edges.len() - 1;
        let mut at = self.home(key);
        loop {
            let edge = self.edges[at & mask];
            if edge >> CHILD_BITS == key {
                return (edge & CHILD) as u32;
            }
            if edge == 0 {
                return NONE;
            }
            at += 1;
        }
    }

    /// The longest live token that `text` begins with. `text` is not empty.
    #[inline(always)]
    pub(super) fn longest(&self, text: &[u8]) -> Rank {
        let &[first, second, ref rest @ ..] = text else {
            return text.first().map_or(NONE, |&b| Rank::from(b));
        };
        let mut longest = Rank::from(first);
        let mut node = self.second[usize::from(first) << 8 | usize::from(second)];
        if node == NONE {
            return longest;
        }
        let live = self.shorter.len() as u32;
        if node < live {
            longest = node;
        }
        for &byte in rest {
            node = self.edge(node, byte);
            if node < live {
                longest = node;
            } else if node == NONE {
                break;
            }
        }
        longest
    }

    /// The longest shorter token that a token begins with, or [`NONE`] for single bytes.
    #[inline(always)]
    pub(super) fn shorter(&self, rank: Rank) -> Rank {
        self.shorter[rank as usize]
    }
}

/// The products among `live` ranks, shortest token first.
fn by_length(lens: &[u32], live: usize) -> Vec<Rank> {
    let mut order: Vec<Rank> = (256..live as Rank).collect();
    order.sort_by_key(|&rank| lens[rank as usize]);
    order
}

//! The two prefix trees of `WordPiece`, and what to do where they have no way on.
//!
//! Let `w` be the path to a node, and let the next byte lead nowhere from it. The longest token
//! first then means: take the longest token that begins `w`, and go on with what is left of `w`
//! in the tree of continuing tokens; where that too leads nowhere, again. This ends at a node
//! whose path is the rest of `w`, or where no token fits: the word is unknown. Both, the pieces
//! taken and the node of the rest, depend on `w` alone, and are the node's [`Link`].
//!
//! *A token's node*: its one piece is the token, its rest the root. *Another node* `v`, reached
//! from `u` by the byte `b`: the pieces of `u`, and then, from the rest of `u` on, whatever has
//! to be settled until `b` leads on. (A token inside `w` that is longer than those that `u` has
//! settled would end between `u` and `v`; there is none.)
//!
//! *Cost.* Along the path of one token each step makes the rest at most one byte longer, and
//! each piece settled makes it shorter by the piece, so the pieces appended along a path are at
//! most its bytes. As lists that share their beginnings, all lists together have no more
//! entries than all tokens have bytes.

use super::super::double_array::{BASE_SHIFT, Builder, LABEL, NOWHERE, TOKEN, children_of, sorted};
use crate::error::Result;
use crate::token::{NONE, TokenId};
use std::ops::Range;

/// The node of the empty path. Its slot is one that no key takes, with the base 0, so that its
/// children are the slots of the single bytes; those that begin no token are nodes without
/// children or link.
pub(super) const ROOT: usize = NOWHERE as usize;

/// What to do where a node has no way on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Link {
    /// The node in the tree of continuing tokens where the rest stands, or [`NONE`]: the word
    /// is unknown.
    pub(super) rest: u32,
    /// The last of the pieces that are certain.
    pub(super) pieces: u32,
}

const UNKNOWN: Link = Link { rest: NONE, pieces: NONE };

/// One piece of a list, and what comes before it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece {
    pub(super) id: TokenId,
    /// Bytes of the word it covers.
    pub(super) len: u32,
    /// The piece before it, or [`NONE`].
    pub(super) before: u32,
}

/// A prefix tree with links.
#[derive(Debug)]
pub(super) struct Tree {
    slots: Vec<u32>,
    links: Vec<Link>,
}

impl Tree {
    /// The node one byte further.
    #[inline(always)]
    pub(super) fn child(&self, node: usize, byte: u8) -> Option<usize> {
        let at = (self.slots[node] >> BASE_SHIFT) as usize ^ usize::from(byte);
        (self.slots[at] & LABEL == u32::from(byte)).then_some(at)
    }

    /// What to do at a node without a way on; at the root there is nothing to be done.
    #[inline(always)]
    pub(super) fn link(&self, node: usize) -> Link {
        self.links[node]
    }
}

/// The trees of the tokens that begin a word and of those that go on with one.
#[derive(Debug)]
pub(super) struct Trees {
    pub(super) first: Tree,
    pub(super) inside: Tree,
    pub(super) pieces: Vec<Piece>,
}

impl Trees {
    pub(super) fn new(tokens: &[(TokenId, &[u8])], prefix: &str) -> Result<Self> {
        let first: Vec<_> = tokens.iter().map(|&(id, bytes)| (bytes, id)).collect();
        let inside: Vec<_> = first
            .iter()
            .filter_map(|&(bytes, id)| Some((bytes.strip_prefix(prefix.as_bytes())?, id)))
            .filter(|(bytes, _)| !bytes.is_empty())
            .collect();
        let mut pieces = Vec::new();
        let inside = plant(&inside)?;
        let inside = inside.linked(None, &mut pieces);
        let first = plant(&first)?.linked(Some(&inside), &mut pieces);
        Ok(Self { first, inside, pieces })
    }
}

/// A node of a tree that has no links yet.
struct Node {
    slot: u32,
    parent: u32,
    depth: u32,
    byte: u8,
}

/// A tree without links.
struct Planted {
    slots: Vec<u32>,
    values: Vec<u32>,
    /// Without the root, each behind its parent.
    nodes: Vec<Node>,
}

/// Puts keys, none of them empty, in a tree.
fn plant(keys: &[(&[u8], TokenId)]) -> Result<Planted> {
    struct Todo {
        keys: Range<usize>,
        slot: usize,
        depth: usize,
    }
    let keys = sorted(keys);
    let mut builder = Builder::new(keys.len());
    let mut nodes = Vec::new();
    let mut children: Vec<(u8, usize)> = Vec::new();
    let mut todo = vec![Todo { keys: 0..keys.len(), slot: ROOT, depth: 0 }];
    for byte in 0..256 {
        builder.slots[byte] |= NOWHERE << BASE_SHIFT;
    }
    while let Some(Todo { keys: mut range, slot, depth }) = todo.pop() {
        if let Some(first) = keys.get(range.start).filter(|key| key.bytes.len() == depth) {
            builder.slots[slot] |= TOKEN;
            builder.values[slot] = first.value;
            range.start += 1;
        }
        children_of(&keys, range.clone(), depth, &mut children);
        if children.is_empty() {
            builder.slots[slot] |= NOWHERE << BASE_SHIFT;
            continue;
        }
        let mut base = 0;
        if slot != ROOT {
            base = builder.place(slot, &children)?;
            let low = builder.slots[slot] & (TOKEN | LABEL);
            builder.slots[slot] = low | (base as u32) << BASE_SHIFT;
        }
        let mut end = range.end;
        for &(byte, start) in children.iter().rev() {
            let child = base ^ usize::from(byte);
            if slot != ROOT {
                builder.slots[child] = u32::from(byte);
            }
            nodes.push(Node {
                slot: child as u32,
                parent: slot as u32,
                depth: depth as u32 + 1,
                byte,
            });
            todo.push(Todo { keys: start..end, slot: child, depth: depth + 1 });
            end = start;
        }
    }
    let (slots, values) = builder.finish();
    Ok(Planted { slots, values, nodes })
}

impl Planted {
    /// Adds the links. `inside` is the tree of continuing tokens; `None`: this is it.
    fn linked(mut self, inside: Option<&Tree>, pieces: &mut Vec<Piece>) -> Tree {
        // A rest is shorter than the path it is the rest of, so it has its link before.
        self.nodes.sort_by_key(|node| node.depth);
        let links = vec![UNKNOWN; self.slots.len()];
        let mut tree = Tree { slots: self.slots, links };
        for Node { slot, parent, depth, byte } in self.nodes {
            let id = self.values[slot as usize];
            let link = if id == NONE {
                further(inside.unwrap_or(&tree), tree.link(parent as usize), byte, pieces)
            } else {
                pieces.push(Piece { id, len: depth, before: NONE });
                Link { rest: ROOT as u32, pieces: pieces.len() as u32 - 1 }
            };
            tree.links[slot as usize] = link;
        }
        tree
    }
}

/// The link of a node that is no token, from that of its parent and the byte between them.
fn further(inside: &Tree, parent: Link, byte: u8, pieces: &mut Vec<Piece>) -> Link {
    let Link { mut rest, pieces: mut list } = parent;
    while rest != NONE {
        if let Some(next) = inside.child(rest as usize, byte) {
            return Link { rest: next as u32, pieces: list };
        }
        let link = inside.link(rest as usize);
        rest = link.rest;
        if rest != NONE {
            list = joined(list, link.pieces, pieces);
        }
    }
    UNKNOWN
}

/// A list that goes on with another.
fn joined(mut list: u32, more: u32, pieces: &mut Vec<Piece>) -> u32 {
    if list == NONE {
        return more;
    }
    let mut order = Vec::new();
    let mut at = more;
    while let Some(&piece) = pieces.get(at as usize) {
        order.push(piece);
        at = piece.before;
    }
    for piece in order.into_iter().rev() {
        pieces.push(Piece { before: list, ..piece });
        list = pieces.len() as u32 - 1;
    }
    list
}

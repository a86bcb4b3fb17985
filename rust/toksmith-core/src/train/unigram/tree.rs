//! What sorted places have in common: the suffix tree, as far as a piece can reach.
//!
//! A sweep over the places keeps the nodes whose right end is not known yet on a stack; each is a
//! prefix of the next. O(n). Nodes that were seen only once are left out, and what is in them is in
//! the node above.

use super::seed::{NO_PIECE, Piece};
use super::segments::Segments;
use super::suffixes::Suffixes;
use crate::error::Result;
use crate::watch::Watch;

/// What a piece was seen, at least.
pub(super) const LEAST: u64 = 2;

/// Places between two looks at the watch.
const POLL: u32 = 1 << 16;

/// A stretch of sorted places that share their first characters.
#[derive(Debug)]
pub(super) struct Node {
    /// Those characters.
    pub(super) piece: Piece,
    /// How often they were seen.
    pub(super) weight: u64,
    /// The first of the places: with the length, the order of strings.
    pub(super) first: u32,
    /// The node that contains it, which has a higher number.
    pub(super) parent: u32,
}

/// A node whose right end is not known yet.
struct Open {
    node: Node,
    /// Nodes and leaves that wait for its number.
    nodes: Vec<u32>,
    leaves: Vec<u32>,
}

#[derive(Default)]
struct Sweep {
    open: Vec<Open>,
    done: Vec<Node>,
    /// By sorted place, the deepest node that contains it.
    leaves: Vec<u32>,
    /// Empty lists, to use again.
    spare: Vec<(Vec<u32>, Vec<u32>)>,
}

/// All nodes, contained ones first, and by sorted place the deepest node that contains it.
pub(super) fn tree(
    segments: &Segments,
    suffixes: &Suffixes,
    reach: usize,
    watch: &Watch<'_>,
) -> Result<(Vec<Node>, Vec<u32>)> {
    let (weights, ends) = by_place(segments);
    let mut sweep = Sweep { leaves: vec![NO_PIECE; suffixes.places.len()], ..Sweep::default() };
    for ((at, &place), &common) in (0u32..).zip(&suffixes.places).zip(&suffixes.common) {
        if at % POLL == 0 {
            watch.ask()?;
        }
        sweep.close(common);
        let len = (ends[place as usize] - place).min(reach as u32);
        if sweep.depth() < len {
            sweep.begin(Piece { start: place, len }, at);
        }
        if let Some(Open { node, leaves, .. }) = sweep.open.last_mut() {
            node.weight = node.weight.saturating_add(weights[place as usize]);
            leaves.push(at);
        }
    }
    sweep.close(0);
    Ok((sweep.done, sweep.leaves))
}

impl Sweep {
    /// Characters of the deepest open node.
    fn depth(&self) -> u32 {
        self.open.last().map_or(0, |open| open.node.piece.len)
    }

    fn begin(&mut self, piece: Piece, first: u32) {
        let (nodes, leaves) = self.spare.pop().unwrap_or_default();
        let node = Node { piece, weight: 0, first, parent: NO_PIECE };
        self.open.push(Open { node, nodes, leaves });
    }

    /// Closes the nodes deeper than what the next place has in common with the one before, and
    /// opens the node of just that depth if there is none.
    fn close(&mut self, common: u32) {
        while let Some(Open { node, mut nodes, mut leaves }) =
            self.open.pop_if(|open| open.node.piece.len > common)
        {
            if common > self.depth() {
                self.begin(Piece { len: common, ..node.piece }, node.first);
            }
            let weight = node.weight;
            let number = self.done.len() as u32;
            if weight >= LEAST {
                for &leaf in &leaves {
                    self.leaves[leaf as usize] = number;
                }
                for &inner in &nodes {
                    self.done[inner as usize].parent = number;
                }
                self.done.push(node);
            }
            if let Some(above) = self.open.last_mut() {
                above.node.weight = above.node.weight.saturating_add(weight);
                if weight >= LEAST {
                    above.nodes.push(number);
                } else {
                    above.leaves.append(&mut leaves);
                }
            }
            nodes.clear();
            leaves.clear();
            self.spare.push((nodes, leaves));
        }
    }
}

/// By place: how often its part was seen, and where that ends.
pub(super) fn by_place(segments: &Segments) -> (Vec<u64>, Vec<u32>) {
    let (mut weights, mut ends) =
        (Vec::with_capacity(segments.text.len()), Vec::with_capacity(segments.text.len()));
    for (span, &count) in segments.spans.iter().zip(&segments.counts) {
        // And the 0 behind it.
        weights.resize(span.end as usize + 1, count);
        ends.resize(span.end as usize + 1, span.end);
    }
    // Behind the parts: characters that are in none.
    weights.resize(segments.text.len(), 0);
    ends.extend(ends.len() as u32 + 1..=segments.text.len() as u32);
    (weights, ends)
}

//! All segmentations of many words at once: a prefix tree whose edges are pieces.
//!
//! Words that begin alike share nodes, so what is summed up to a node is summed once for all of
//! them. A node knows the pieces that end there and the nodes they come from; nodes are in
//! preorder, so a forward sweep meets an edge's beginning before its end, and a backward sweep
//! the other way round. Pieces that are dropped are taken out in place; nothing is ever looked up.
//!
//! Start at [`Lattice::new`]; sums are in `sums.rs`, best paths in `paths.rs`.

use super::seed::{NO_PIECE, Piece, Seeds};
use crate::error::{Error, Result};

/// A piece on its way from one node to another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Edge {
    /// The piece.
    pub(super) piece: u32,
    /// Where it begins.
    pub(super) from: u32,
}

/// Words with their segmentations.
#[derive(Debug, Default)]
pub(super) struct Lattice {
    /// By node, the end of its edges; node 0 is the root and has none.
    pub(super) ends: Vec<u32>,
    /// Pieces that end at a node, the longest first.
    pub(super) edges: Vec<Edge>,
    /// Where words end.
    pub(super) words: Vec<u32>,
}

impl Lattice {
    /// The lattice of `words` of the text, which are in the order of their characters. `current`
    /// gives the number that a piece of `seeds` has now. O(characters x pieces at a place).
    pub(super) fn new(
        text: &[u32],
        words: impl Iterator<Item = Piece>,
        seeds: &Seeds,
        reach: usize,
        current: impl Fn(u32) -> u32,
    ) -> Result<Self> {
        let mut lattice = Self { ends: vec![0], ..Self::default() };
        // Edges that wait for their end, by end modulo the size.
        let mut waiting: Vec<Vec<Edge>> = vec![Vec::new(); reach + 1];
        let mut path: Vec<u32> = vec![0];
        let mut last: &[u32] = &[];
        for Piece { start, len } in words {
            let word = text.get(start as usize..(start + len) as usize).unwrap_or_default();
            let kept = last.iter().zip(word).take_while(|(a, b)| a == b).count();
            let first = lattice.ends.len() as u32;
            path.truncate(kept + 1);
            path.extend((0..(word.len() - kept) as u32).map(|at| first + at));
            for begin in (kept + 1).saturating_sub(reach)..word.len() {
                let from = path[begin];
                let single = current(word[begin] - 1);
                for (piece, len) in seeds.at(start + begin as u32) {
                    let (piece, end) = (current(piece), begin + len as usize);
                    if piece != NO_PIECE && end > kept && end <= word.len() {
                        waiting[end % (reach + 1)].push(Edge { piece, from });
                    }
                }
                let next = &mut waiting[(begin + 1) % (reach + 1)];
                if begin + 1 > kept {
                    next.push(Edge { piece: single, from });
                    lattice.edges.append(next);
                    let end = u32::try_from(lattice.edges.len()).ok();
                    let why = || "more than 4294967295 pieces at all places of a block".into();
                    lattice.ends.push(end.ok_or_else(|| Error::Input { why: why() })?);
                }
            }
            lattice.words.push(path[word.len()]);
            last = word;
        }
        lattice.edges.shrink_to_fit();
        Ok(lattice)
    }

    /// Number of nodes.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The edges that end at a node.
    #[inline(always)]
    pub(super) fn into(&self, node: usize) -> &[Edge] {
        let start = if node == 0 { 0 } else { self.ends[node - 1] };
        &self.edges[start as usize..self.ends[node] as usize]
    }

    /// Renumbers the pieces and takes out those that have become [`NO_PIECE`].
    pub(super) fn renumber(&mut self, numbers: &[u32]) {
        let (mut start, mut written) = (0, 0);
        for end in &mut self.ends {
            for at in start..*end {
                let Edge { piece, from } = self.edges[at as usize];
                let piece = numbers[piece as usize];
                if piece != NO_PIECE {
                    self.edges[written as usize] = Edge { piece, from };
                    written += 1;
                }
            }
            (start, *end) = (*end, written);
        }
        self.edges.truncate(written as usize);
        if self.edges.capacity() > 2 * self.edges.len() {
            self.edges.shrink_to_fit();
        }
    }
}

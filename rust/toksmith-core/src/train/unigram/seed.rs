//! The pieces to begin with: strings that cannot be made longer without being seen less often.
//!
//! In sorted places such strings are the stretches that share a prefix (the inner nodes of the
//! suffix tree), so one sweep with a stack finds them all with their counts, and what contains
//! what. A string is a candidate if it has two to `reach` characters, was seen twice, counting
//! each word as often as it was, and is as long as `reach` or was seen more often than each of
//! its continuations. Its score is its count times its length.
//!
//! The same sweep gives each place the longest chosen piece that begins there, and each piece the
//! next shorter one ([`Seeds::at`]): all pieces at all places, without looking anything up.

use super::segments::Segments;
use super::suffixes::Suffixes;
use std::collections::HashSet;

/// No piece.
pub(super) const NO_PIECE: u32 = u32::MAX;

/// A string of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    /// A place where it is.
    pub(super) start: u32,
    /// Characters.
    pub(super) len: u32,
}

/// Chosen pieces.
#[derive(Debug)]
pub(super) struct Seeds {
    /// Single characters in order of the alphabet, then the others, the best score first.
    pub(super) pieces: Vec<Piece>,
    /// Count times length, by piece.
    pub(super) scores: Vec<f64>,
    /// By place of the text, the longest piece of two characters or more that begins there.
    longest: Vec<u32>,
    /// By piece, the next shorter one that begins with it, of two characters or more.
    shorter: Vec<u32>,
}

/// A stretch of sorted places that share their first `depth` characters.
struct Node {
    piece: Piece,
    weight: u64,
    /// The first of them: with the depth, the order of strings.
    first: u32,
    /// The node that contains it.
    parent: u32,
}

impl Seeds {
    /// Chooses at most `size` pieces besides the characters. O(n log n).
    pub(super) fn new(
        segments: &Segments,
        suffixes: &Suffixes,
        reach: usize,
        size: usize,
        reserved: &HashSet<&str>,
    ) -> Self {
        let (nodes, leaves) = tree(segments, suffixes, reach);
        let mut order: Vec<u32> = (0..nodes.len() as u32)
            .filter(|&node| {
                let Node { piece, weight, .. } = &nodes[node as usize];
                piece.len >= 2 && *weight >= 2
            })
            .collect();
        let score = |node: u32| {
            let node = &nodes[node as usize];
            u128::from(node.weight) * u128::from(node.piece.len)
        };
        order.sort_by_cached_key(|&number| {
            let node = &nodes[number as usize];
            (std::cmp::Reverse(score(number)), node.first, node.piece.len)
        });
        if !reserved.is_empty() {
            order.retain(|&node| {
                let piece = nodes[node as usize].piece;
                !reserved.contains(segments.spelled(piece.start, piece.len).as_str())
            });
        }
        order.truncate(size);
        let letters = segments.alphabet.len();
        let (mut pieces, mut scores) = characters(segments);
        let mut chosen = vec![NO_PIECE; nodes.len()];
        for &node in &order {
            chosen[node as usize] = pieces.len() as u32;
            pieces.push(nodes[node as usize].piece);
            scores.push(score(node) as f64);
        }
        // A node has a lower number than the one that contains it, so the sweep meets that first.
        let mut shorter = vec![NO_PIECE; pieces.len()];
        for node in (0..nodes.len()).rev() {
            let above = nodes.get(nodes[node].parent as usize).map(|_| nodes[node].parent);
            let above = above.map_or(NO_PIECE, |parent| chosen[parent as usize]);
            match chosen[node] {
                NO_PIECE => chosen[node] = above,
                piece => shorter[piece as usize] = above,
            }
        }
        debug_assert!(shorter.iter().take(letters).all(|&piece| piece == NO_PIECE));
        let mut longest = vec![NO_PIECE; segments.text.len()];
        for (&place, &leaf) in suffixes.places.iter().zip(&leaves) {
            longest[place as usize] = chosen.get(leaf as usize).copied().unwrap_or(NO_PIECE);
        }
        Self { pieces, scores, longest, shorter }
    }

    /// The pieces of two characters or more that begin at a place, longest first.
    pub(super) fn at(&self, place: u32) -> impl Iterator<Item = (u32, u32)> {
        let next = |piece: u32| (piece != NO_PIECE).then_some(piece);
        let first = self.longest.get(place as usize).copied().and_then(next);
        std::iter::successors(first, move |&piece| next(self.shorter[piece as usize]))
            .map(|piece| (piece, self.pieces[piece as usize].len))
    }
}

/// Every character of the alphabet as a piece, with its count.
fn characters(segments: &Segments) -> (Vec<Piece>, Vec<f64>) {
    let mut pieces = vec![Piece { start: 0, len: 1 }; segments.alphabet.len()];
    let mut counts = vec![0f64; pieces.len()];
    let (weights, _) = by_place(segments);
    for ((place, &letter), weight) in segments.text.iter().enumerate().zip(weights) {
        if letter > 0 {
            pieces[letter as usize - 1].start = place as u32;
            counts[letter as usize - 1] += weight as f64;
        }
    }
    (pieces, counts)
}

/// All nodes, contained ones first, and by sorted place the deepest node that contains it.
fn tree(segments: &Segments, suffixes: &Suffixes, reach: usize) -> (Vec<Node>, Vec<u32>) {
    /// A node whose right end is not known yet.
    struct Open {
        piece: Piece,
        weight: u64,
        first: u32,
        /// Nodes and leaves that wait for its number.
        nodes: Vec<u32>,
        leaves: Vec<u32>,
    }
    let (weights, ends) = by_place(segments);
    let mut nodes: Vec<Node> = Vec::new();
    let mut leaves = vec![NO_PIECE; suffixes.places.len()];
    let mut open: Vec<Open> = Vec::new();
    let mut spare: Vec<(Vec<u32>, Vec<u32>)> = Vec::new();
    for at in 0..=suffixes.places.len() {
        let common = suffixes.common.get(at).copied().unwrap_or(0);
        // Close what ends here.
        while let Some(top) = open.pop_if(|top| top.piece.len > common) {
            let number = nodes.len() as u32;
            for &leaf in &top.leaves {
                leaves[leaf as usize] = number;
            }
            for &node in &top.nodes {
                nodes[node as usize].parent = number;
            }
            nodes.push(Node {
                piece: top.piece,
                weight: top.weight,
                first: top.first,
                parent: NO_PIECE,
            });
            let below = open.last().map_or(0, |below| below.piece.len).max(common);
            let (mut kept, mut free) = (top.nodes, top.leaves);
            kept.clear();
            free.clear();
            if below > 0 {
                if open.last().is_none_or(|top| top.piece.len < below) {
                    let piece = Piece { len: below, ..top.piece };
                    let first = top.first;
                    open.push(Open { piece, weight: 0, first, nodes: kept, leaves: free });
                } else {
                    spare.push((kept, free));
                }
                if let Some(parent) = open.last_mut() {
                    parent.weight = parent.weight.saturating_add(top.weight);
                    parent.nodes.push(number);
                }
            } else {
                spare.push((kept, free));
            }
        }
        let Some(&place) = suffixes.places.get(at) else { break };
        let len = (ends[place as usize] - place).min(reach as u32);
        if open.last().is_none_or(|top| top.piece.len < len) {
            let (nodes, leaves) = spare.pop().unwrap_or_default();
            let piece = Piece { start: place, len };
            open.push(Open { piece, weight: 0, first: at as u32, nodes, leaves });
        }
        if let Some(top) = open.last_mut() {
            top.weight = top.weight.saturating_add(weights[place as usize]);
            top.leaves.push(at as u32);
        }
    }
    (nodes, leaves)
}

/// By place: how often its part was seen, and where that ends.
fn by_place(segments: &Segments) -> (Vec<u64>, Vec<u32>) {
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

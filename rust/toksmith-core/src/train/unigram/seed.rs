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
use super::tree::{by_place, tree};
use crate::error::Result;
use crate::watch::Watch;
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

impl Seeds {
    /// Chooses at most `size` pieces besides the characters. O(n log n).
    pub(super) fn new(
        segments: &Segments,
        suffixes: &Suffixes,
        reach: usize,
        size: usize,
        reserved: &HashSet<&str>,
        watch: &Watch<'_>,
    ) -> Result<Self> {
        let (nodes, leaves) = tree(segments, suffixes, reach, watch)?;
        let mut order: Vec<u32> =
            (0..nodes.len() as u32).filter(|&node| nodes[node as usize].piece.len >= 2).collect();
        let score = |node: u32| {
            let node = &nodes[node as usize];
            u128::from(node.weight) * u128::from(node.piece.len)
        };
        order.sort_by_cached_key(|&number| {
            let node = &nodes[number as usize];
            (std::cmp::Reverse(score(number)), node.first, node.piece.len)
        });
        watch.ask()?;
        if !reserved.is_empty() {
            order.retain(|&node| {
                let piece = nodes[node as usize].piece;
                !reserved.contains(segments.spelled(piece.start, piece.len).as_str())
            });
        }
        order.truncate(size);
        watch.ask()?;
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
        watch.ask()?;
        let mut longest = vec![NO_PIECE; segments.text.len()];
        for (&place, &leaf) in suffixes.places.iter().zip(&leaves) {
            longest[place as usize] = chosen.get(leaf as usize).copied().unwrap_or(NO_PIECE);
        }
        Ok(Self { pieces, scores, longest, shorter })
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

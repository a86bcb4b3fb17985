//! The recurrence of the best path, as the encoder runs it (`encode/model/unigram/viterbi.rs`), a
//! few bytes at a time.

use super::{Lattice, Live};
use crate::byte_probs::trie::{Prefix, TokenTrie};

/// Sums in single precision beyond this, or its negative, are moved back to zero.
pub(super) const LIMIT: f64 = 100_000.0;

/// The last step of the best path to a place.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Last {
    /// The piece; none if it steps over an unknown character.
    pub(super) piece: Option<u32>,
    /// Its length in bytes.
    pub(super) len: u32,
}

impl Lattice {
    /// Of pieces that are spelled alike, the one that counts.
    pub(super) fn last_of(&self, prefix: Prefix) -> Option<u32> {
        let ending = self.pieces.ending(prefix);
        (!ending.is_empty()).then(|| ending.end - 1)
    }

    /// Whether a character is a piece.
    pub(super) fn is_piece(&self, c: char) -> bool {
        let prefix = self.pieces.find(c.encode_utf8(&mut [0; 4]).as_bytes());
        self.last_of(prefix).is_some()
    }

    /// Goes on over some characters; what is live behind them, and the last step of the best path
    /// to there.
    pub(super) fn advance(&self, live: &[Live], bytes: &[u8]) -> (Vec<Live>, Last) {
        self.run(live, bytes, self.single)
    }

    /// The best sum over some characters alone, but for the rounding of the model's type.
    pub(super) fn best(&self, bytes: &[u8]) -> f64 {
        let (live, _) = self.run(&[Live::at(0.0)], bytes, false);
        live.last().map_or(0.0, |end| f64::from_bits(end.sum))
    }

    fn run(&self, live: &[Live], bytes: &[u8], single: bool) -> (Vec<Live>, Last) {
        let (mut live, mut last) = (live.to_vec(), Last::default());
        for character in bytes.utf8_chunks().flat_map(|chunk| chunk.valid().chars()) {
            let mut buffer = [0; 4];
            let bytes = character.encode_utf8(&mut buffer).as_bytes();
            last = self.character(&mut live, bytes, single);
        }
        (live, last)
    }

    fn character(&self, live: &mut Vec<Live>, bytes: &[u8], single: bool) -> Last {
        // Rounded as the encoder's type does.
        let add = |a: f64, b: f64| if single { f64::from(a as f32 + b as f32) } else { a + b };
        let (mut best, mut last) = (None::<f64>, Last::default());
        let count = live.len();
        for (at, place) in live.iter_mut().enumerate() {
            for &byte in bytes {
                place.prefix = child(&self.pieces, place.prefix, byte);
            }
            // What happens to the sum ahead when the encoder comes to this place.
            if place.moved != 0 {
                best = best.map(|sum| add(sum, -f64::from_bits(place.moved)));
            }
            let mut reach = |score: f64, piece: Option<u32>| {
                let sum = add(score, f64::from_bits(place.sum));
                if best.is_none_or(|best| sum > best) {
                    best = Some(sum);
                    last = Last { piece, len: place.prefix.depth };
                }
            };
            match self.last_of(place.prefix) {
                Some(piece) => {
                    let score = self.scores.get(piece as usize).copied().unwrap_or_default();
                    reach(score, Some(piece));
                }
                None if at + 1 == count => reach(self.unknown_score, None),
                None => {}
            }
        }
        let mut kept = false;
        live.retain(|place| {
            let goes_on = !self.pieces.longer(place.prefix).is_empty();
            kept |= goes_on;
            // A move goes on to concern places before it.
            goes_on || kept && place.moved != 0
        });
        let sum = best.unwrap_or_default();
        let beyond = single && !(-LIMIT..=LIMIT).contains(&sum);
        let mut end = Live::at(if beyond { 0.0 } else { sum });
        if beyond {
            end.moved = sum.to_bits();
        }
        live.push(end);
        last
    }
}

/// A child of a prefix; of an empty one, an empty one.
fn child(pieces: &TokenTrie, prefix: Prefix, byte: u8) -> Prefix {
    if prefix.is_empty() {
        return Prefix { depth: prefix.depth + 1, ..prefix };
    }
    pieces.child(prefix, byte)
}

//! Merging that passes over merges at random.
//!
//! The process of tokenizers 0.23.3: the first entry of the queue is passed over with
//! probability `p`; one that is not brings back all that were passed over before it, and is then
//! done unless it is stale. What is passed over when the queue runs out stays undone. As a merge
//! anywhere brings back merges everywhere, pieces are not cut.
//!
//! The n-th random number of a piece is a hash of its seed and n: the same on every thread.

use super::heap::{self, HeapScratch};
use super::{Merges, Part, Symbol};
use std::cmp::Reverse;

/// Random numbers by seed and count: `SplitMix64`.
struct Draws {
    state: u64,
}

/// 2^64 divided by the golden ratio.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

fn scramble(mut bits: u64) -> u64 {
    bits = (bits ^ bits >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ bits >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ bits >> 31
}

impl Draws {
    fn new(seed: u64) -> Self {
        Self { state: scramble(seed) }
    }

    /// One of the 2^24 evenly spaced numbers from 0 below 1, as tokenizers draws.
    #[allow(clippy::cast_precision_loss, reason = "24 bits fit")]
    fn uniform(&mut self) -> f32 {
        self.state = self.state.wrapping_add(STEP);
        (scramble(self.state) >> 40) as f32 / (1 << 24) as f32
    }
}

/// The seed of the piece that begins at byte `at` of a text (or has that number in it), from
/// the seed of the text.
pub fn piece_seed(seed: u64, at: u64) -> u64 {
    scramble(seed.wrapping_add(STEP)) ^ scramble(at)
}

/// Appends what symbols merge to, merges passed over with probability `p`.
pub(super) fn merge(
    merges: &Merges,
    symbols: &[Symbol],
    p: f32,
    seed: u64,
    scratch: &mut HeapScratch,
    out: &mut Vec<Part>,
) {
    let mut draws = Draws::new(seed);
    heap::merge_by(merges, symbols, scratch, out, |chain, queue, skipped| {
        skipped.clear();
        while let Some(Reverse(entry)) = queue.pop() {
            if draws.uniform() < p {
                skipped.push(entry);
            } else {
                queue.extend(skipped.drain(..).map(Reverse));
                chain.apply(merges, entry, queue);
            }
        }
    });
}

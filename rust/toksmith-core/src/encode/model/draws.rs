//! Random numbers that depend on a seed and their order alone: `SplitMix64`.

/// A generator of random numbers.
pub(crate) struct Draws {
    state: u64,
}

/// 2^64 divided by the golden ratio.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

fn scramble(mut bits: u64) -> u64 {
    bits = (bits ^ bits >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ bits >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ bits >> 31
}

/// A step of the generator: 64 random bits.
pub(crate) fn next_bits(state: &mut u64) -> u64 {
    *state = state.wrapping_add(STEP);
    scramble(*state)
}

impl Draws {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: scramble(seed) }
    }

    /// One of the 2^24 evenly spaced numbers from 0 below 1, as tokenizers draws.
    #[allow(clippy::cast_precision_loss, reason = "24 bits fit")]
    pub(crate) fn uniform(&mut self) -> f32 {
        (next_bits(&mut self.state) >> 40) as f32 / (1 << 24) as f32
    }
}

/// The seed of the piece that begins at byte `at` of a text (or has that number in it), from
/// the seed of the text.
pub fn piece_seed(seed: u64, at: u64) -> u64 {
    scramble(seed.wrapping_add(STEP)) ^ scramble(at)
}

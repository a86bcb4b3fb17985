//! Which pieces are worth least.
//!
//! Every word is segmented in the best way, which gives each piece a count. Without a piece, each
//! of its occurrences would become the best segmentation of the piece into others. The loss of a
//! piece is how much less likely the segmented words then are, with probabilities estimated anew
//! from the new counts, which has a closed form: only the counts of the piece, of those that
//! replace it, and the total change.

/// `x log x`.
fn entropy(x: f64) -> f64 {
    if x > 0.0 { x * x.ln() } else { 0.0 }
}

/// How much less likely the words become without a piece of count `count` of `total`, if the
/// pieces `instead` replace it; their numbers may repeat, and the order is changed.
pub(super) fn loss(count: f64, total: f64, instead: &mut [u32], counts: &[f64]) -> f64 {
    instead.sort_unstable();
    let mut change = -entropy(count);
    for same in instead.chunk_by(|a, b| a == b) {
        let before = same.first().and_then(|&piece| counts.get(piece as usize));
        let before = before.copied().unwrap_or(0.0);
        change += entropy(before + same.len() as f64 * count) - entropy(before);
    }
    let grown = total + count * (instead.len() as f64 - 1.0);
    entropy(grown) - entropy(total) - change
}

//! Which pieces are worth least.
//!
//! Every word is segmented in the best way, which gives each piece a count. Without a piece, each
//! of its occurrences would become the best segmentation of the piece into others. Its loss is how
//! much less likely its occurrences then are: before, by the share of its count in all; after, by
//! the shares of those that replace it, whose counts have grown by its own.
//!
//! The likelihood of all words, instead of the occurrences alone, orders pieces nearly alike: on
//! eight languages bits a byte were the same within 0.3%, but there were 1 to 2% more tokens.

/// The loss of a piece of count `count` of `total`, if the pieces `instead` replace it. What is
/// never used has the least.
pub(super) fn loss(count: f64, total: f64, instead: &[u32], counts: &[f64]) -> f64 {
    if count <= 0.0 {
        return f64::NEG_INFINITY;
    }
    let grown = (total + count * (instead.len() as f64 - 1.0)).ln();
    let after = |&piece: &u32| {
        let before = counts.get(piece as usize).copied().unwrap_or(0.0);
        (before + count).ln() - grown
    };
    count * (count.ln() - total.ln() - instead.iter().map(after).sum::<f64>())
}

//! From expected counts to probabilities.

/// Pieces of several characters that are expected less often than this are dropped.
pub(super) const RARE: f64 = 0.5;

/// Log probabilities from counts, as the mean under a Dirichlet posterior with a prior that favours
/// few pieces: `digamma(count) - digamma(total)` (Kudo 2018, after Liang et al. 2007). A count
/// below [`RARE`] is taken as that: characters always stay.
pub(super) fn logprobs(counts: &[f64]) -> Vec<f64> {
    let total: f64 = counts.iter().map(|count| count.max(RARE)).sum();
    let total = digamma(total.max(RARE));
    counts.iter().map(|count| digamma(count.max(RARE)) - total).collect()
}

/// The derivative of the logarithm of the gamma function, for `x > 0`: by its recurrence up to 8,
/// then by its asymptotic series.
pub(super) fn digamma(mut x: f64) -> f64 {
    let mut shift = 0.0;
    while x < 8.0 {
        shift -= 1.0 / x;
        x += 1.0;
    }
    let (inverse, square) = (1.0 / x, 1.0 / (x * x));
    // Bernoulli numbers: B(2k) / 2k.
    let series = square
        * (1.0 / 12.0
            - square
                * (1.0 / 120.0
                    - square
                        * (1.0 / 252.0
                            - square
                                * (1.0 / 240.0
                                    - square * (1.0 / 132.0 - square * (691.0 / 32760.0))))));
    shift + x.ln() - 0.5 * inverse - series
}

//! Patches that begin where a model over bytes is surprised: the rules of BLT.
//!
//! `H[i]` is the entropy of what comes after position `i`, so it decides whether position `i + 1`
//! begins a patch. Positions 0 and 1 always do. All rules but the one with a fixed number of
//! patches are causal: [`EntropyPatcher`] says of each position, as soon as the entropy before it
//! is known, whether it begins a patch, and the patches of a whole row are made by it.
//!
//! Entropies are compared in their own type, as the published code does in float32.
//!
//! Reference: Pagnoni et al., "Byte Latent Transformer: Patches Scale Better Than Tokens".

use super::Patches;
use crate::dynamic::segments::{Float, Offsets, rows_of};
use crate::error::{Error, Result};
use crate::watch::Watch;

/// What makes a position `p` begin a patch, from the entropies `H` of the positions before it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rule {
    /// `H[p - 1] > threshold`.
    Threshold {
        /// In nats.
        threshold: f64,
    },
    /// `H[p - 1] - H[p - 2] > threshold`. `H[0]` is not looked at, so position 2 has nothing to be
    /// compared with and begins a patch.
    Monotone {
        /// In nats.
        threshold: f64,
    },
    /// `H[p - 1] > threshold` and `H[p - 1] - H[p - 2] > threshold_add`, and position `p - 1` begins
    /// none. Position 2 begins one, as before.
    Combined {
        /// In nats.
        threshold: f64,
        /// In nats.
        threshold_add: f64,
        /// The published code knows of position 2 alone when it asks what begins a patch: it
        /// keeps position 3 from beginning one, and no other.
        published: bool,
    },
    /// The `n / patch_size - 2` positions with the largest entropy before them, besides 0 and 1;
    /// of equal ones the first. Not causal.
    Largest {
        /// Positions a patch, on average.
        patch_size: f64,
    },
}

impl Rule {
    fn check(&self) -> Result<()> {
        let numbers: &[(&str, f64)] = match self {
            Self::Threshold { threshold } | Self::Monotone { threshold } => {
                &[("threshold", *threshold)]
            }
            Self::Combined { threshold, threshold_add, .. } => {
                &[("threshold", *threshold), ("threshold_add", *threshold_add)]
            }
            Self::Largest { patch_size } if *patch_size >= 1.0 && patch_size.is_finite() => &[],
            Self::Largest { patch_size } => {
                let why = format!("patch_size must be a number of at least 1, not {patch_size}");
                return Err(Error::Input { why });
            }
        };
        match numbers.iter().find(|(_, number)| number.is_nan()) {
            None => Ok(()),
            Some((name, _)) => {
                Err(Error::Input { why: format!("{name} must be a number, not NaN") })
            }
        }
    }
}

/// Follows one row, entropy by entropy.
#[derive(Debug, Clone)]
pub struct EntropyPatcher {
    rule: Rule,
    most: usize,
    /// Entropies so far: the position after them is the last that is decided.
    seen: usize,
    /// The last of them.
    last: f64,
    /// Where the patch began that the last decided position is in; nothing if none is decided.
    begin: Option<usize>,
    /// Whether the rule made the last decided position begin a patch.
    began: bool,
}

impl EntropyPatcher {
    /// A patcher at the beginning of a row. `most` is the most positions of a patch.
    ///
    /// # Errors
    /// A rule that is not causal; a threshold that is no number, or `most` of 0.
    pub fn new(rule: Rule, most: Option<usize>) -> Result<Self> {
        if matches!(rule, Rule::Largest { .. }) {
            return Err(Error::unsupported(
                "patches of the largest entropies of a row, one by one: that needs the whole row; \
                 the rules threshold, monotone and combined can be followed",
            ));
        }
        rule.check()?;
        Self::any(rule, most)
    }

    fn any(rule: Rule, most: Option<usize>) -> Result<Self> {
        if most == Some(0) {
            return Err(Error::Input {
                why: "max_patch_length must be at least 1, not 0".to_owned(),
            });
        }
        let most = most.unwrap_or(usize::MAX);
        Ok(Self { rule, most, seen: 0, last: 0.0, begin: None, began: false })
    }

    /// Entropies so far.
    pub fn seen(&self) -> usize {
        self.seen
    }

    /// Takes the next entropies and appends the positions, of those that are now decided, that
    /// begin a patch. A position as large as the number of entropies so far is that of what comes
    /// next.
    ///
    /// # Errors
    /// An entropy that is no finite number; then none is taken.
    pub fn push<T: Float>(&mut self, entropies: &[T], starts: &mut Vec<i64>) -> Result<()> {
        check_finite(entropies, self.seen)?;
        if self.begin.is_none() {
            (self.begin, self.began) = (Some(0), true);
            starts.push(0);
        }
        for &entropy in entropies {
            let at = self.seen + 1;
            self.began = self.begins(at, entropy);
            let begin = self.begin.unwrap_or_default();
            if self.began || at - begin == self.most {
                self.begin = Some(at);
                starts.push(at as i64);
            }
            (self.seen, self.last) = (at, entropy.into());
        }
        Ok(())
    }

    /// Whether the rule lets the next position, `at`, begin a patch, given the entropy before it.
    #[inline]
    fn begins<T: Float>(&self, at: usize, entropy: T) -> bool {
        let rise = entropy - T::from_f64(self.last);
        match self.rule {
            _ if at == 1 => true,
            Rule::Threshold { threshold } => entropy > T::from_f64(threshold),
            Rule::Largest { .. } => false,
            _ if at == 2 => true,
            Rule::Monotone { threshold } => rise > T::from_f64(threshold),
            Rule::Combined { threshold, threshold_add, published } => {
                let barred = if published { at == 3 } else { self.began };
                rise > T::from_f64(threshold_add) && entropy > T::from_f64(threshold) && !barred
            }
        }
    }
}

fn check_finite<T: Float>(entropies: &[T], base: usize) -> Result<()> {
    match entropies.iter().position(|&entropy| !entropy.into().is_finite()) {
        None => Ok(()),
        Some(at) => Err(Error::Input {
            why: format!(
                "entropy {} is {}: expected a finite number",
                base + at,
                entropies.get(at).map_or(f64::NAN, |&entropy| entropy.into())
            ),
        }),
    }
}

/// The patches of rows of entropies that lie end to end: row `i` is
/// `entropies[offsets[i]..offsets[i + 1]]`. `most` is the most positions of a patch.
///
/// With `next`, each row has one position more: that of what comes after it, which the last entropy
/// decides.
///
/// # Errors
/// Offsets that do not rise from 0 to the number of entropies; an entropy that is no finite number;
/// a threshold or a size that is none.
pub fn entropy_patches<T: Float>(
    entropies: &[T],
    offsets: &[i64],
    rule: Rule,
    most: Option<usize>,
    next: bool,
    threads: usize,
    watch: &Watch<'_>,
) -> Result<Patches> {
    rule.check()?;
    let new = EntropyPatcher::any(rule, None)?;
    let rows = Offsets::new(offsets, entropies.len(), "row offsets")?;
    check_finite(entropies, 0)?;
    let lengths: Vec<usize> = rows.parts().map(|row| row.len() + usize::from(next)).collect();
    let patches = Patches::of_rows(&lengths, threads, watch, |row, starts| {
        let (entropies, length) = (&entropies[rows.part(row)], lengths[row]);
        if length == 0 {
            return Ok(());
        }
        match rule {
            Rule::Largest { patch_size } => largest(entropies, patch_size, starts),
            _ => new.clone().push(entropies, starts)?,
        }
        // The position of what comes next, and position 1 of rows that have none.
        while starts.last().is_some_and(|&start| start >= length as i64) {
            starts.pop();
        }
        Ok(())
    })?;
    match most {
        None => Ok(patches),
        Some(most) => patches.split(most),
    }
}

/// The starts by [`Rule::Largest`]. O(n + k log k).
fn largest<T: Float>(entropies: &[T], patch_size: f64, starts: &mut Vec<i64>) {
    #[expect(clippy::cast_sign_loss, reason = "a size of patches is at least 1")]
    let wanted = ((entropies.len() as f64 / patch_size) as usize).saturating_sub(2);
    let mut chosen: Vec<usize> = (2..=entropies.len()).collect();
    if wanted < chosen.len() {
        let by_entropy = |&a: &usize, &b: &usize| {
            let (left, right): (f64, f64) = (entropies[a - 1].into(), entropies[b - 1].into());
            // Zeros of either sign are equal.
            right.partial_cmp(&left).unwrap_or(std::cmp::Ordering::Equal).then(a.cmp(&b))
        };
        chosen.select_nth_unstable_by(wanted, by_entropy);
        chosen.truncate(wanted);
        chosen.sort_unstable();
    }
    starts.extend([0, 1].into_iter().chain(chosen.into_iter().map(|start| start as i64)));
}

/// Rows of a job.
const ROWS: usize = 1 << 8;

/// The entropy in nats of each row of `width` logits, or of log-probabilities: each is normalised.
/// Minus infinity is probability zero. Sums are in float64.
///
/// # Errors
/// A row of NaN, of plus infinity, or of minus infinity alone; rows of no numbers.
pub fn entropies<T: Float>(
    logits: &[T],
    width: usize,
    threads: usize,
    watch: &Watch<'_>,
) -> Result<Vec<f64>> {
    rows_of(logits.len(), width, "logits")?;
    let parts = crate::parallel::map(logits.len().div_ceil(width * ROWS), threads, watch, |job| {
        let rows = logits.chunks(width * ROWS).nth(job).unwrap_or_default();
        rows.chunks_exact(width)
            .enumerate()
            .map(|(row, logits)| entropy(logits, job * ROWS + row))
            .collect::<Result<Vec<f64>>>()
    })?;
    Ok(parts.concat())
}

/// `log(sum of e^x) - sum of x e^x / sum of e^x`, with the largest logit taken from all.
fn entropy<T: Float>(logits: &[T], row: usize) -> Result<f64> {
    let mut max = f64::NEG_INFINITY;
    for (at, &logit) in logits.iter().enumerate() {
        let logit: f64 = logit.into();
        if logit.is_nan() || logit == f64::INFINITY {
            let why = format!("row {row}: logit {at} is {logit}");
            return Err(Error::Input { why });
        }
        max = max.max(logit);
    }
    if max == f64::NEG_INFINITY {
        let why = format!("row {row}: all logits are minus infinity");
        return Err(Error::Input { why });
    }
    let (mut sum, mut weighted) = (0.0, 0.0);
    for &logit in logits {
        let below = logit.into() - max;
        let exp = below.exp();
        sum += exp;
        // Minus infinity times zero is no number; what it stands for is zero.
        weighted += if exp > 0.0 { below * exp } else { 0.0 };
    }
    Ok((sum.ln() - weighted / sum).max(0.0))
}

#[cfg(test)]
#[allow(
    clippy::cast_sign_loss,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test fails where it cannot go on"
)]
mod tests {
    use super::{EntropyPatcher, Rule, entropies, entropy_patches};
    use crate::dynamic::segments::tests::Random;
    use crate::error::ErrorKind;
    use crate::watch::Watch;

    const RULES: [Rule; 5] = [
        Rule::Threshold { threshold: 2.0 },
        Rule::Monotone { threshold: 0.5 },
        Rule::Combined { threshold: 1.0, threshold_add: 0.5, published: false },
        Rule::Combined { threshold: 1.0, threshold_add: 0.5, published: true },
        Rule::Largest { patch_size: 2.5 },
    ];

    /// Whether position `at` begins a patch, by the words of [`Rule`].
    fn begins(h: &[f64], at: usize, rule: Rule) -> bool {
        let rise = |at: usize| h[at - 1] - h[at - 2];
        match rule {
            _ if at < 2 => true,
            Rule::Threshold { threshold } => h[at - 1] > threshold,
            Rule::Largest { patch_size } => {
                let better = (1..h.len())
                    .filter(|&i| h[i] > h[at - 1] || (h[i] >= h[at - 1] && i < at - 1))
                    .count();
                (better as i64) < (h.len() as f64 / patch_size) as i64 - 2
            }
            _ if at == 2 => true,
            Rule::Monotone { threshold } => rise(at) > threshold,
            Rule::Combined { threshold, threshold_add, published } => {
                let barred = if published { at == 3 } else { begins(h, at - 1, rule) };
                h[at - 1] > threshold && rise(at) > threshold_add && !barred
            }
        }
    }

    #[test]
    fn patches_are_those_of_the_rules() {
        let mut random = Random(3);
        for round in 0..300 {
            let sizes = [round % 7, 0, round % 40, 1];
            let mut offsets = vec![0i64];
            for size in &sizes {
                offsets.push(offsets[offsets.len() - 1] + size);
            }
            let h: Vec<f64> = (0..offsets[4]).map(|_| random.below(7) as f64 / 2.0).collect();
            for rule in RULES {
                for (next, most) in
                    [(false, None), (true, None), (false, Some(1 + round as usize % 5))]
                {
                    let watch = Watch::none();
                    let got = entropy_patches(&h, &offsets, rule, most, next, 2, &watch).unwrap();
                    let (mut starts, mut rows, mut base) = (Vec::new(), vec![0], 0);
                    for pair in offsets.windows(2) {
                        let row = &h[pair[0] as usize..pair[1] as usize];
                        let mut last = 0;
                        for at in 0..row.len() + usize::from(next) {
                            if begins(row, at, rule) || Some(at - last) == most {
                                starts.push((base + at) as i64);
                                last = at;
                            }
                        }
                        rows.push(starts.len() as i64);
                        base += row.len() + usize::from(next);
                    }
                    starts.push(base as i64);
                    assert_eq!(
                        (got.offsets, got.rows),
                        (starts, rows),
                        "{rule:?} {next} {most:?} {h:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn followed_row_by_row_the_starts_are_the_same() {
        let mut random = Random(4);
        for _ in 0..200 {
            let h: Vec<f32> = (0..random.below(60)).map(|_| random.below(9) as f32 / 3.0).collect();
            for rule in &RULES[..4] {
                for most in [None, Some(1), Some(3)] {
                    let (watch, ends) = (Watch::none(), [0, h.len() as i64]);
                    let all = entropy_patches(&h, &ends, *rule, most, true, 1, &watch).unwrap();
                    let mut patcher = EntropyPatcher::new(*rule, most).unwrap();
                    let (mut starts, mut rest) = (Vec::new(), h.as_slice());
                    patcher.push(&rest[..0], &mut starts).unwrap();
                    while !rest.is_empty() {
                        let (some, after) =
                            rest.split_at(1 + random.below(rest.len() as u64) as usize);
                        patcher.push(some, &mut starts).unwrap();
                        rest = after;
                    }
                    starts.push(h.len() as i64 + 1);
                    assert_eq!(all.offsets, starts);
                    assert_eq!(patcher.seen(), h.len());
                }
            }
        }
    }

    #[test]
    fn what_cannot_be_is_an_error() {
        let kind = |rule, most| EntropyPatcher::new(rule, most).unwrap_err().kind();
        assert_eq!(kind(RULES[4], None), ErrorKind::Unsupported);
        assert_eq!(kind(RULES[0], Some(0)), ErrorKind::Input);
        assert_eq!(kind(Rule::Threshold { threshold: f64::NAN }, None), ErrorKind::Input);
        let whole = |h: &[f64], offsets: &[i64], rule| {
            entropy_patches(h, offsets, rule, None, false, 1, &Watch::none())
        };
        for patch_size in [0.0, 0.5, f64::NAN, f64::INFINITY] {
            assert!(whole(&[1.0], &[0, 1], Rule::Largest { patch_size }).is_err());
        }
        assert!(whole(&[f64::NAN], &[0, 1], RULES[0]).is_err());
        assert!(whole(&[1.0], &[0, 2], RULES[0]).is_err());
        let mut patcher = EntropyPatcher::new(RULES[0], None).unwrap();
        let mut starts = Vec::new();
        assert!(patcher.push(&[1.0, f64::INFINITY], &mut starts).is_err());
        assert_eq!((patcher.seen(), starts.len()), (0, 0));
    }

    #[test]
    fn entropies_are_in_nats() {
        let watch = Watch::none();
        let rows = [0.0f32, 0.0, 0.0, 1000.0, f32::NEG_INFINITY, 1000.0, 5.0, -900.0, -900.0];
        let got = entropies(&rows, 3, 1, &watch).unwrap();
        for (got, want) in got.iter().zip([3f64.ln(), 2f64.ln(), 0.0]) {
            assert!((got - want).abs() < 1e-12);
        }
        for bad in [[f32::NAN, 0.0], [f32::INFINITY, 0.0], [f32::NEG_INFINITY, f32::NEG_INFINITY]] {
            assert!(entropies(&bad, 2, 1, &watch).is_err());
        }
        assert!(entropies(&[1.0f32], 0, 1, &watch).is_err());
        assert!(entropies(&[1.0f32; 5], 2, 1, &watch).is_err());
        assert!(entropies::<f64>(&[], 4, 1, &watch).unwrap().is_empty());
    }
}

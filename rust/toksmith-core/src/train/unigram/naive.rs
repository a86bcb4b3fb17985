//! The trainer as its definitions say it: every substring counted, every segmentation written out.

use super::Options;
use super::maximise::{RARE, digamma};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Parts of words with their counts.
pub(super) type Parts = BTreeMap<String, u64>;
/// Pieces with log probabilities, in the trainer's order.
pub(super) type Pieces = Vec<(String, f64)>;

fn chars(text: &str) -> Vec<char> {
    text.chars().collect()
}

/// How often each string is in the parts, at every place, each part as often as it was seen.
pub(super) fn substrings(parts: &Parts) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for (part, count) in parts {
        let part = chars(part);
        for start in 0..part.len() {
            for end in start + 1..=part.len() {
                *counts.entry(part[start..end].iter().collect()).or_insert(0) += count;
            }
        }
    }
    counts
}

/// Characters, then what cannot be made longer without being seen less often; with scores.
pub(super) fn seeds(parts: &Parts, reach: usize, size: usize) -> Vec<(String, u64)> {
    let counts = substrings(parts);
    let length = |text: &str| text.chars().count();
    let (letters, longer): (Vec<_>, Vec<_>) = counts
        .iter()
        .map(|(text, &count)| (text.clone(), count))
        .partition(|(text, _)| length(text) == 1);
    let mut chosen: Vec<(String, u64)> = longer
        .into_iter()
        .filter(|(text, count)| {
            let longer = |(other, more): (&String, &u64)| {
                length(other) == length(text) + 1
                    && other.starts_with(text.as_str())
                    && more == count
            };
            let len = length(text);
            *count >= 2 && len <= reach && (len == reach || !counts.iter().any(longer))
        })
        .map(|(text, count)| (text.clone(), count * length(&text) as u64))
        .collect();
    chosen.sort_by_key(|(text, score)| (Reverse(*score), text.clone()));
    chosen.truncate(size);
    letters.into_iter().chain(chosen).collect()
}

/// All segmentations of a part, as numbers of pieces.
pub(super) fn segmentations(part: &str, pieces: &Pieces) -> Vec<Vec<usize>> {
    if part.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for (number, (piece, _)) in pieces.iter().enumerate() {
        if let Some(rest) = part.strip_prefix(piece.as_str()) {
            for tail in segmentations(rest, pieces) {
                all.push(std::iter::once(number).chain(tail).collect());
            }
        }
    }
    all
}

fn logprob(segmentation: &[usize], pieces: &Pieces) -> f64 {
    segmentation.iter().map(|&piece| pieces[piece].1).sum()
}

/// Expected counts, and the log likelihood of all parts.
pub(super) fn expected(parts: &Parts, pieces: &Pieces) -> (Vec<f64>, f64) {
    let (mut counts, mut likelihood) = (vec![0.0; pieces.len()], 0.0);
    for (part, &count) in parts {
        let all = segmentations(part, pieces);
        let total: f64 = all.iter().map(|one| logprob(one, pieces).exp()).sum();
        likelihood += count as f64 * total.ln();
        for one in all {
            let share = logprob(&one, pieces).exp() / total * count as f64;
            one.iter().for_each(|&piece| counts[piece] += share);
        }
    }
    (counts, likelihood)
}

/// The best segmentation; `whole` allows a single piece.
pub(super) fn best(part: &str, pieces: &Pieces, whole: bool) -> Vec<usize> {
    let all = segmentations(part, pieces).into_iter().filter(|one| whole || one.len() > 1);
    all.max_by(|a, b| logprob(a, pieces).total_cmp(&logprob(b, pieces))).unwrap_or_default()
}

/// The loss of each piece of several characters.
pub(super) fn losses(parts: &Parts, pieces: &Pieces) -> Vec<f64> {
    let mut counts = vec![0.0; pieces.len()];
    for (part, &count) in parts {
        best(part, pieces, true).iter().for_each(|&piece| counts[piece] += count as f64);
    }
    let total: f64 = counts.iter().sum();
    let loss = |(number, (piece, _)): (usize, &(String, f64))| {
        if chars(piece).len() == 1 {
            return f64::INFINITY;
        }
        let count: f64 = counts[number];
        if count == 0.0 {
            return f64::NEG_INFINITY;
        }
        let instead = best(piece, pieces, false);
        let grown = total + count * (instead.len() as f64 - 1.0);
        let after = instead.iter().rev().map(|&piece| (counts[piece] + count).ln() - grown.ln());
        count * (count.ln() - total.ln() - after.sum::<f64>())
    };
    pieces.iter().enumerate().map(loss).collect()
}

/// The whole of the learning, but for what is fixed from the beginning.
pub(super) fn learn(parts: &Parts, options: &Options, wanted: usize) -> Pieces {
    let seeds = seeds(parts, options.max_piece_length, options.seed_size);
    let total: f64 = seeds.iter().map(|(_, score)| *score as f64).sum();
    let mut pieces: Pieces =
        seeds.into_iter().map(|(piece, score)| (piece, (score as f64 / total).ln())).collect();
    let letters = pieces.iter().filter(|(piece, _)| chars(piece).len() == 1).count();
    let target = (wanted as f64 * 1.1).ceil() as usize;
    loop {
        for _ in 0..options.sub_iterations {
            let (counts, _) = expected(parts, &pieces);
            let kept: Vec<(String, f64)> = pieces
                .iter()
                .zip(counts)
                .enumerate()
                .filter(|&(at, (_, count))| at < letters || count >= RARE)
                .map(|(_, ((piece, _), count))| (piece.clone(), count.max(RARE)))
                .collect();
            let total = digamma(kept.iter().map(|(_, count)| count).sum());
            pieces =
                kept.into_iter().map(|(piece, count)| (piece, digamma(count) - total)).collect();
        }
        if pieces.len() <= target {
            return pieces;
        }
        let keep = (pieces.len() as f64 * options.shrinking_factor) as usize;
        let keep = keep.max(target).min(pieces.len() - 1);
        let losses = losses(parts, &pieces);
        let mut order: Vec<usize> = (0..pieces.len()).collect();
        order.sort_by(|&a, &b| losses[b].total_cmp(&losses[a]).then(a.cmp(&b)));
        order.truncate(keep.max(letters));
        order.sort_unstable();
        pieces = order.into_iter().map(|at| pieces[at].clone()).collect();
    }
}

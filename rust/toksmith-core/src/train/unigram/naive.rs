//! The trainer as its definitions say it: every substring counted, every segmentation written out.

#![allow(clippy::cast_sign_loss, reason = "counts are positive")]

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
            for &piece in &one {
                counts[piece] += share;
            }
        }
    }
    (counts, likelihood)
}

/// Whether two sums of different numbers could change places when rounded.
fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * (1.0 + a.abs())
}

/// The best segmentation; `whole` allows a single piece. Nothing if another one, of other pieces,
/// is as good.
pub(super) fn best(part: &str, pieces: &Pieces, whole: bool) -> Option<Vec<usize>> {
    let mut all = segmentations(part, pieces);
    all.retain(|one| whole || one.len() > 1);
    all.sort_by(|a, b| logprob(b, pieces).total_cmp(&logprob(a, pieces)));
    let sorted = |one: &Vec<usize>| {
        let mut one = one.clone();
        one.sort_unstable();
        one
    };
    let first = all.first()?.clone();
    let as_good = |one: &&Vec<usize>| near(logprob(one, pieces), logprob(&first, pieces));
    let same = all.iter().take_while(as_good).all(|one| sorted(one) == sorted(&first));
    same.then_some(first)
}

/// The loss of each piece of several characters; nothing if it depends on equal segmentations.
pub(super) fn losses(parts: &Parts, pieces: &Pieces) -> Option<Vec<f64>> {
    let mut counts = vec![0.0; pieces.len()];
    for (part, &count) in parts {
        best(part, pieces, true)?.iter().for_each(|&piece| counts[piece] += count as f64);
    }
    let total: f64 = counts.iter().sum();
    let loss = |(number, (piece, _)): (usize, &(String, f64))| {
        if chars(piece).len() == 1 {
            return Some(f64::INFINITY);
        }
        let count: f64 = counts[number];
        if count == 0.0 {
            return Some(f64::NEG_INFINITY);
        }
        let instead = best(piece, pieces, false)?;
        let grown = total + count * (instead.len() as f64 - 1.0);
        let after: f64 =
            instead.iter().map(|&piece| (counts[piece] + count).ln() - grown.ln()).sum();
        Some(count * (count.ln() - total.ln() - after))
    };
    pieces.iter().enumerate().map(loss).collect()
}

/// The whole of the learning, but for what is fixed from the beginning; `wanted` pieces at most.
/// Nothing if the result depends on how equal sums are rounded.
pub(super) fn learn(parts: &Parts, options: &Options, wanted: usize) -> Option<Pieces> {
    let seeds = seeds(parts, options.max_piece_length, options.seed_size);
    let total: f64 = seeds.iter().map(|(_, score)| *score as f64).sum();
    let mut pieces: Pieces =
        seeds.into_iter().map(|(piece, score)| (piece, (score as f64 / total).ln())).collect();
    let letters = pieces.iter().filter(|(piece, _)| chars(piece).len() == 1).count();
    let target = (wanted as f64 * 1.1).ceil() as usize;
    loop {
        for _ in 0..options.sub_iterations {
            let (counts, _) = expected(parts, &pieces);
            if counts.iter().any(|&count| near(count, RARE)) {
                return None;
            }
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
            break;
        }
        let keep = (pieces.len() as f64 * options.shrinking_factor) as usize;
        let keep = keep.max(target).min(pieces.len() - 1);
        let losses = losses(parts, &pieces)?;
        let mut order: Vec<usize> = (0..pieces.len()).collect();
        order.sort_by(|&a, &b| losses[b].total_cmp(&losses[a]).then(a.cmp(&b)));
        let kept = keep.max(letters);
        if let [.., a, b] = order[..(kept + 1).min(order.len())]
            && near(losses[a], losses[b])
        {
            return None;
        }
        order.truncate(kept);
        order.sort_unstable();
        pieces = order.into_iter().map(|at| pieces[at].clone()).collect();
    }
    pieces[letters..].sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    if let [.., a, b] = &pieces[..(wanted + 1).min(pieces.len())]
        && wanted < pieces.len()
        && near(a.1, b.1)
    {
        return None;
    }
    pieces.truncate(wanted.max(letters));
    pieces.sort_by(|a, b| a.0.cmp(&b.0));
    Some(pieces)
}

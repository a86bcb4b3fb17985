//! The merge loop against one that counts everything anew after each merge.

#![allow(
    clippy::cast_sign_loss,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test fails where it cannot go on"
)]

use super::apply::Applier;
use super::bounds::Protected;
use super::log::{Merge, MergeLog};
use super::rule::Rule;
use super::stream::MergeStream;
use super::{Counting, Merged, Options, Ties, merge};
use crate::Result;
use crate::encode::model::draws::next_bits;
use crate::watch::Watch;

/// A token: its id, whether it may merge with the next, and how many it was made of.
type Token = (u32, bool, usize);

/// What is counted of a pair: itself, its count.
type Count = ((u32, u32), u32);

/// Random numbers below a limit.
struct Draws(u64);

impl Draws {
    fn below(&mut self, limit: usize) -> usize {
        (next_bits(&mut self.0) % limit as u64) as usize
    }
}

/// Ids, offsets and where merging is allowed.
struct Batch {
    ids: Vec<u32>,
    offsets: Vec<i64>,
    open: Vec<bool>,
}

fn random_batch(draws: &mut Draws) -> Batch {
    let (alphabet, rows) = (1 + draws.below(4), draws.below(6));
    let closed = draws.below(6);
    let mut batch = Batch { ids: Vec::new(), offsets: vec![0], open: Vec::new() };
    for _ in 0..rows {
        for _ in 0..draws.below(40) {
            batch.ids.push(draws.below(alphabet) as u32);
            batch.open.push(draws.below(10) >= closed);
        }
        batch.offsets.push(batch.ids.len() as i64);
    }
    batch
}

fn to_rows(batch: &Batch, protected: &Protected) -> Vec<Vec<Token>> {
    let row = |bounds: &[i64]| {
        let range = bounds[0] as usize..bounds[1] as usize;
        let open = |at: usize| {
            at + 1 < range.end
                && batch.open[at]
                && !protected.contains(batch.ids[at])
                && !protected.contains(batch.ids[at + 1])
        };
        range.clone().map(|at| (batch.ids[at], open(at), 1)).collect()
    };
    batch.offsets.windows(2).map(row).collect()
}

/// All pairs in the order of their first occurrence.
fn recount(rows: &[Vec<Token>], counting: Counting) -> Vec<Count> {
    let mut counts: Vec<Count> = Vec::new();
    for row in rows {
        let mut overlapped = None;
        for at in 1..row.len() {
            let pair = (row[at - 1].0, row[at].0);
            if !row[at - 1].1 {
                continue;
            }
            let overlaps = overlapped == Some((at - 1, pair));
            if overlaps && counting == Counting::NonOverlapping {
                continue;
            }
            overlapped = Some((at, pair));
            match counts.iter_mut().find(|(other, _)| *other == pair) {
                Some((_, count)) => *count += 1,
                None => counts.push((pair, 1)),
            }
        }
    }
    counts
}

fn naive(batch: &Batch, options: &Options, protected: &Protected) -> (Vec<Vec<Token>>, Vec<Merge>) {
    let mut rows = to_rows(batch, protected);
    let mut log: Vec<Merge> = Vec::new();
    loop {
        let left: usize = rows.iter().map(Vec::len).sum();
        let gone = batch.ids.len() - left;
        if options.merges.is_some_and(|most| log.len() >= most)
            || options.target_length.is_some_and(|target| left <= target)
            || options.reduction.is_some_and(|part| gone as f64 >= part * batch.ids.len() as f64)
        {
            return (rows, log);
        }
        let counts = recount(&rows, options.counting);
        let most = counts.iter().map(|&(_, count)| count).max().unwrap_or(0);
        if most < options.min_count.max(1) {
            return (rows, log);
        }
        let mut best = counts.iter().filter(|(_, count)| *count == most).map(|(pair, _)| *pair);
        let best = if options.ties == Ties::Id { best.min() } else { best.next() };
        let Some((left, right)) = best else { return (rows, log) };
        let (id, mut places) = (options.first_id + log.len() as u32, 0);
        for row in &mut rows {
            let mut at = 0;
            while at + 1 < row.len() {
                if row[at].1 && (row[at].0, row[at + 1].0) == (left, right) {
                    row[at] = (id, row[at + 1].1, row[at].2 + row[at + 1].2);
                    row.remove(at + 1);
                    places += 1;
                }
                at += 1;
            }
        }
        log.push(Merge { left, right, id, count: most, places });
    }
}

fn flat(rows: &[Vec<Token>], log: Vec<Merge>) -> Merged {
    let mut merged = Merged { ids: Vec::new(), offsets: vec![0], starts: Vec::new(), log };
    let mut at = 0;
    for row in rows {
        for &(id, _, width) in row {
            merged.ids.push(id);
            merged.starts.push(at as u32);
            at += width;
        }
        merged.offsets.push(merged.ids.len() as i64);
    }
    merged
}

fn random_options(draws: &mut Draws) -> Options {
    Options {
        ties: if draws.below(2) == 0 { Ties::FirstSeen } else { Ties::Id },
        counting: [Counting::Published, Counting::NonOverlapping][draws.below(2)],
        merges: (draws.below(2) == 0).then(|| draws.below(12)),
        min_count: draws.below(4) as u32,
        target_length: (draws.below(5) == 0).then(|| draws.below(60)),
        reduction: (draws.below(5) == 0).then(|| draws.below(5) as f64 / 4.0),
        first_id: 10 + draws.below(2) as u32,
    }
}

#[test]
fn merges_equal_a_full_recount_after_every_merge() -> Result<()> {
    let mut draws = Draws(1);
    for round in 0..20_000 {
        let (batch, options) = (random_batch(&mut draws), random_options(&mut draws));
        let protected = Protected::new((round % 3 == 0).then(|| draws.below(4) as u32));
        let Batch { ids, offsets, open } = &batch;
        let (rows, log) = naive(&batch, &options, &protected);
        let want = flat(&rows, log);
        let watch = Watch::none();
        let got = merge(ids, offsets, Some(open), &protected, &options, &mut Rule::any(), &watch)?;
        assert_eq!(got, want, "{options:?} {ids:?} {offsets:?} {open:?}");

        let log = MergeLog::new(got.log.clone(), options.first_id)?;
        let (expanded, edges) = log.expand(&got.ids)?;
        assert_eq!(expanded, *ids);
        assert!(edges.iter().zip(&got.starts).all(|(&edge, &start)| edge == i64::from(start)));
        for merges in [0, log.merges().len() / 2, log.merges().len()] {
            let limited = Options { merges: Some(merges), ..options };
            let (rows, part) = naive(&batch, &limited, &protected);
            let applier = Applier::new(log.head(merges));
            let done = applier.apply(ids, offsets, Some(open), &protected, &watch)?;
            assert_eq!(done, flat(&rows, part));
        }
    }
    Ok(())
}

#[test]
fn a_row_is_merged_as_if_it_were_alone() -> Result<()> {
    let (mut draws, watch, none) = (Draws(2), Watch::none(), Protected::default());
    for _ in 0..2000 {
        let (learned, other) = (random_batch(&mut draws), random_batch(&mut draws));
        let options = Options { first_id: 10, ..Options::default() };
        let Batch { ids, offsets, open } = &learned;
        let got = merge(ids, offsets, Some(open), &none, &options, &mut Rule::any(), &watch)?;
        let applier = Applier::new(MergeLog::new(got.log, 10)?);
        let Batch { ids, offsets, open } = &other;
        let together = applier.apply(ids, offsets, Some(open), &none, &watch)?;
        for (row, bounds) in offsets.windows(2).enumerate() {
            let range = bounds[0] as usize..bounds[1] as usize;
            let (ids, open) = (&ids[range.clone()], &open[range.clone()]);
            let alone = applier.apply(ids, &[0, ids.len() as i64], Some(open), &none, &watch)?;
            let own = together.offsets[row] as usize..together.offsets[row + 1] as usize;
            assert_eq!(alone.ids, together.ids[own]);
            // And as a plain replay of the log has it.
            let mut plain = to_rows(
                &Batch {
                    ids: ids.to_vec(),
                    offsets: vec![0, ids.len() as i64],
                    open: open.to_vec(),
                },
                &none,
            )
            .remove(0);
            for merge in applier.log().merges() {
                let mut at = 0;
                while at + 1 < plain.len() {
                    if plain[at].1 && (plain[at].0, plain[at + 1].0) == (merge.left, merge.right) {
                        plain[at] = (merge.id, plain[at + 1].1, 0);
                        plain.remove(at + 1);
                    }
                    at += 1;
                }
            }
            assert_eq!(alone.ids, plain.iter().map(|token| token.0).collect::<Vec<_>>());
        }
    }
    Ok(())
}

#[test]
fn a_stream_gives_what_merging_its_window_gives() -> Result<()> {
    let (mut draws, watch) = (Draws(3), Watch::none());
    for _ in 0..400 {
        let (window, options) = (1 + draws.below(4), random_options(&mut draws));
        let (mut stream, mut held) = (MergeStream::new(window)?, Vec::<Batch>::new());
        let protected = Protected::new((draws.below(2) == 0).then_some(0));
        for _ in 0..10 {
            held.push(random_batch(&mut draws));
            let start = held.len().saturating_sub(window);
            let mut all = Batch { ids: Vec::new(), offsets: vec![0], open: Vec::new() };
            for batch in &held[start..] {
                let base = all.ids.len() as i64;
                all.ids.extend(&batch.ids);
                all.open.extend(&batch.open);
                all.offsets.extend(batch.offsets[1..].iter().map(|edge| base + edge));
            }
            let rule = &mut Rule::any();
            let whole =
                merge(&all.ids, &all.offsets, Some(&all.open), &protected, &options, rule, &watch)?;
            let last = &held[held.len() - 1];
            let got = stream.push(
                &last.ids,
                &last.offsets,
                Some(&last.open),
                &protected,
                &options,
                rule,
                &watch,
            )?;
            let row = whole.offsets.len() - last.offsets.len();
            let first = whole.offsets[row];
            let base = all.ids.len() - last.ids.len();
            assert_eq!(got.log, whole.log);
            assert_eq!(got.ids, whole.ids[first as usize..]);
            let starts: Vec<usize> =
                got.starts.iter().map(|&start| start as usize + base).collect();
            assert!(whole.starts[first as usize..].iter().map(|&start| start as usize).eq(starts));
            assert!(
                got.offsets.iter().zip(&whole.offsets[row..]).all(|(own, all)| own + first == *all)
            );
            let rows = to_rows(&all, &protected);
            for ((left, right), count) in recount(&rows, Counting::Published) {
                assert_eq!(stream.count(left, right), count);
            }
            assert_eq!((stream.len(), stream.tokens()), (held.len() - start, all.ids.len()));
        }
    }
    Ok(())
}

#[test]
fn long_runs_of_one_token_cost_their_length() -> Result<()> {
    let (watch, none) = (Watch::none(), Protected::default());
    for counting in [Counting::Published, Counting::NonOverlapping] {
        let ids = vec![0; 1 << 18];
        let options = Options { counting, first_id: 1, ..Options::default() };
        let offsets = [0, ids.len() as i64];
        let got = merge(&ids, &offsets, None, &none, &options, &mut Rule::any(), &watch)?;
        assert_eq!((got.ids.len(), got.log.len()), (1, 18));
        // 0 1 1 1 ...: each merge takes one token from the end of a run.
        let ids: Vec<u32> = (0..20_000).map(|at| u32::from(at > 0)).collect();
        let options = Options { first_id: 2, ties: Ties::Id, ..options };
        let got = merge(&ids, &[0, 20_000], None, &none, &options, &mut Rule::any(), &watch)?;
        assert_eq!(got.ids.len(), 1);
    }
    Ok(())
}

#[test]
fn what_is_no_batch_is_refused() {
    let (watch, none) = (Watch::none(), Protected::default());
    let options = Options { first_id: 10, ..Options::default() };
    let refused = |ids: &[u32], offsets: &[i64], open: Option<&[bool]>, options: &Options| {
        merge(ids, offsets, open, &none, options, &mut Rule::any(), &watch).is_err()
    };
    assert!(refused(&[1, 2], &[0, 3], None, &options));
    assert!(refused(&[1, 2], &[0, 2, 1, 2], None, &options));
    assert!(refused(&[1, 2], &[], None, &options));
    assert!(refused(&[1, 2], &[-1, 2], None, &options));
    assert!(refused(&[1, 10], &[0, 2], None, &options));
    assert!(refused(&[1, u32::MAX], &[0, 2], None, &options));
    assert!(refused(&[1, 2], &[0, 2], Some(&[true]), &options));
    let wrong = Options { reduction: Some(f64::NAN), ..options };
    assert!(refused(&[1, 2], &[0, 2], None, &wrong));
    let end = Options { first_id: super::MAX_ID, ..options };
    assert!(refused(&[1, 2], &[0, 2], None, &end));
    assert!(!refused(&[], &[0], None, &options));
    assert!(!refused(&[], &[0, 0, 0], Some(&[]), &options));
}

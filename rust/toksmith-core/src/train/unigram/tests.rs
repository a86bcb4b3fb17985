//! Each step against its definition, and the whole against the naive twin.

#![allow(clippy::expect_used, reason = "a test that fails may panic")]
#![allow(clippy::cast_sign_loss, reason = "counts are positive")]

use super::lattice::Lattice;
use super::maximise::digamma;
use super::naive::{self, Parts, Pieces};
use super::paths::Paths;
use super::seed::{Piece, Seeds};
use super::segments::{Segments, cut};
use super::suffixes::Suffixes;
use super::{Kind, Options, SpaceRule, sums, train};
use crate::error::Error;
use crate::train::words::WordCounts;
use crate::watch::Watch;
use proptest::prelude::*;
use std::collections::HashSet;

fn options() -> Options {
    Options {
        character_coverage: 1.0,
        unk_token: None,
        exact_size: false,
        max_piece_length: 4,
        ..Options::default()
    }
}

fn parts() -> impl Strategy<Value = Parts> {
    let part = prop_oneof!["[ab]{1,7}", "[abc]{1,6}", "[aé\u{6C34}]{1,5}"];
    prop::collection::btree_map(part, 1..200u64, 1..12)
}

/// Segments, the first pieces, and the lattice of all parts.
fn built(parts: &Parts, options: &Options) -> (Segments, Seeds, Lattice) {
    // As one script, so that every part stays whole.
    let options = Options { split_by_script: false, ..options.clone() };
    let words: WordCounts = parts.iter().map(|(part, &count)| (part, count)).collect();
    let segments = Segments::new(&words, &options, &Watch::none()).expect("few");
    let reach = options.max_piece_length;
    let limit = segments.alphabet.len() as u32 + 1;
    let suffixes = Suffixes::new(&segments.text, limit, reach, &Watch::none()).expect("runs");
    let (size, none, watch) = (options.seed_size, HashSet::new(), Watch::none());
    let seeds = Seeds::new(&segments, &suffixes, reach, size, &none, &watch).expect("runs");
    let spans = segments.spans.iter();
    let words = spans.map(|span| Piece { start: span.start, len: span.end - span.start });
    let lattice = Lattice::new(&segments.text, words, &seeds, reach, |piece| piece).expect("few");
    (segments, seeds, lattice)
}

fn spelled(segments: &Segments, seeds: &Seeds) -> Vec<String> {
    seeds.pieces.iter().map(|piece| segments.spelled(piece.start, piece.len)).collect()
}

/// Pieces with log probabilities that are all different, and so are their sums.
fn with_scores(texts: Vec<String>, noise: &[f64]) -> Pieces {
    let scores = noise.iter().cycle().zip(1..).map(|(noise, at)| -noise - 0.01 / f64::from(at));
    texts.into_iter().zip(scores).collect()
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * (1.0 + a.abs().max(b.abs()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn seeds_are_what_counting_every_substring_gives(
        parts in parts(), reach in 1..6usize, size in 0..30usize,
    ) {
        let options = Options { max_piece_length: reach, seed_size: size, ..options() };
        let (segments, seeds, _) = built(&parts, &options);
        let scores = seeds.scores.iter().map(|&score| score as u64);
        let found: Vec<(String, u64)> = spelled(&segments, &seeds).into_iter().zip(scores).collect();
        prop_assert_eq!(found, naive::seeds(&parts, reach, size));
    }

    #[test]
    fn expected_counts_are_sums_over_all_segmentations(
        parts in parts(), noise in prop::collection::vec(0.1..9f64, 1..20), cost in -2.0..2f64,
    ) {
        let (segments, seeds, lattice) = built(&parts, &options());
        let pieces = with_scores(spelled(&segments, &seeds), &noise);
        let (counts, likelihood) = naive::expected(&parts, &pieces);
        let lens = seeds.pieces.iter().map(|piece| f64::from(piece.len));
        let weights: Vec<f64> =
            pieces.iter().zip(lens).map(|((_, score), len)| (score + cost * len).exp()).collect();
        let characters: f64 =
            parts.iter().map(|(part, &count)| part.chars().count() as f64 * count as f64).sum();
        let plain = sums::plain(&lattice, &segments.counts, &weights).expect("short");
        for found in [plain, sums::scaled(&lattice, &segments.counts, &weights)] {
            prop_assert!(close(found.log_likelihood - cost * characters, likelihood));
            for (a, b) in found.counts.iter().zip(&counts) {
                prop_assert!(close(*a, *b));
            }
        }
    }

    #[test]
    fn paths_are_the_best_of_all_segmentations(
        parts in parts(), noise in prop::collection::vec(0.1..9f64, 1..20),
    ) {
        let (segments, seeds, lattice) = built(&parts, &options());
        let pieces = with_scores(spelled(&segments, &seeds), &noise);
        let logprobs: Vec<f64> = pieces.iter().map(|(_, score)| *score).collect();
        let paths = Paths::new(&lattice, &logprobs);
        for (part, &node) in parts.keys().zip(&lattice.words) {
            let Some(best) = naive::best(part, &pieces, true) else { continue };
            let sum: f64 = best.iter().map(|&piece| logprobs[piece]).sum();
            prop_assert!(close(paths.logprobs[node as usize], sum));
            let mut split = Vec::new();
            let sum = paths.split(&lattice, &logprobs, node, &mut split);
            if let Some(expected) = naive::best(part, &pieces, false) {
                let best: f64 = expected.iter().map(|&piece| logprobs[piece]).sum();
                prop_assert!(close(sum, best));
                let text: String =
                    split.iter().rev().map(|&piece| pieces[piece as usize].0.as_str()).collect();
                prop_assert_eq!(&text, part);
                prop_assert!(split.len() > 1);
            }
        }
    }

    #[test]
    fn learns_what_the_naive_trainer_learns(
        parts in parts(), room in 0..12usize, factor in 0.3..0.95f64,
    ) {
        let letters: HashSet<char> = parts.keys().flat_map(|part| part.chars()).collect();
        let options = Options {
            vocab_size: letters.len() + room,
            shrinking_factor: factor,
            split_by_script: false,
            ..options()
        };
        let words: WordCounts = parts.iter().map(|(part, &count)| (part, count)).collect();
        let found = train(&words, &options, 2, &Watch::none()).expect("fits");
        let learned = naive::learn(&parts, &options, options.vocab_size);
        prop_assume!(learned.is_some());
        let mut found: Pieces = found.into_iter().map(|row| (row.piece, row.score)).collect();
        found.sort_by(|a, b| a.0.cmp(&b.0));
        for (a, b) in found.iter().zip(learned.iter().flatten()) {
            prop_assert!(a.0 == b.0 && close(a.1, b.1), "{a:?} {b:?}");
        }
        prop_assert_eq!(Some(found.len()), learned.map(|pieces| pieces.len()));
    }

    #[test]
    fn threads_do_not_change_the_result(parts in parts(), threads in 2..9usize) {
        let words: WordCounts = parts.iter().map(|(part, &count)| (part, count)).collect();
        let options = Options { vocab_size: 12, ..options() };
        let one = train(&words, &options, 1, &Watch::none());
        prop_assert_eq!(one, train(&words, &options, threads, &Watch::none()));
    }
}

#[test]
fn digamma_is_that_of_tables() {
    let table = [
        (0.5, -1.963_510_026_021_423_5),
        (1.0, -0.577_215_664_901_532_9),
        (10.0, 2.251_752_589_066_721),
        (1e6, 13.815_510_057_964_19),
    ];
    for (x, value) in table {
        assert!((digamma(x) - value).abs() < 1e-12, "{x}: {} {value}", digamma(x));
    }
}

fn cuts(word: &str, options: &Options) -> Vec<String> {
    let mut parts = Vec::new();
    cut(word, options, |c| c != '#', &mut |part| parts.push(part.to_owned()));
    parts
}

#[test]
fn parts_are_what_no_piece_may_leave() {
    let plain = Options::default();
    assert_eq!(cuts("▁don't,", &plain), ["▁don", "'", "t", ","]);
    assert_eq!(cuts("▁a▁b#c", &plain), ["▁a", "▁b", "c"]);
    assert_eq!(cuts("カーé\u{301}f1,", &plain), ["カー", "é\u{301}f", "1,"]);
    let free = Options { split_by_number: false, ..plain.clone() };
    assert_eq!(cuts("a1b,", &free), ["a1b", ","]);
    let digits = Options { split_digits: true, ..plain.clone() };
    assert_eq!(cuts("▁12a３4", &digits), ["▁", "1", "2", "a", "３", "4"]);
    let one = Options { split_by_script: false, ..plain.clone() };
    assert_eq!(cuts("▁a1,б", &one), ["▁a1,б"]);
    let suffix = Options { space: SpaceRule::Suffix, ..plain.clone() };
    assert_eq!(cuts("a▁b▁▁", &suffix), ["a▁", "b▁", "▁"]);
    let anywhere = Options { space: SpaceRule::Anywhere, ..plain };
    assert_eq!(cuts("▁a▁b", &anywhere), ["▁a▁b"]);
}

fn words(given: &[(&str, u64)]) -> WordCounts {
    given.iter().copied().collect()
}

#[test]
fn fixed_pieces_come_first() {
    let options = Options {
        vocab_size: 270,
        byte_fallback: true,
        special_tokens: vec!["<s>".into(), "<unk>".into()],
        required_chars: vec!['z'],
        ..Options { unk_token: Some("<unk>".into()), ..options() }
    };
    let table = words(&[("▁abab", 20), ("▁ab", 7), ("<s>", 3)]);
    let found = train(&table, &options, 1, &Watch::none()).expect("fits");
    let kinds: Vec<Kind> = found.iter().map(|row| row.kind).collect();
    assert_eq!(kinds[..3], [Kind::Control, Kind::Unknown, Kind::Byte]);
    assert_eq!(kinds.iter().filter(|&&kind| kind == Kind::Byte).count(), 256);
    let texts: HashSet<&str> = found.iter().map(|row| row.piece.as_str()).collect();
    assert_eq!(texts.len(), found.len());
    assert!(["z", "a", "▁", "<", "<0xFF>"].iter().all(|piece| texts.contains(piece)));
}

#[test]
fn hostile_words_and_options_end_in_a_result_or_a_typed_error() {
    let run = |table: &WordCounts, options: &Options| train(table, options, 2, &Watch::none());
    let small = Options { vocab_size: 300, ..options() };
    assert_eq!(run(&words(&[]), &small).expect("nothing"), []);
    let exact = Options { exact_size: true, ..small.clone() };
    assert!(matches!(run(&words(&[]), &exact), Err(Error::Vocabulary { .. })));
    let endless = "ab".repeat(100_000) + &"\u{6C34}".repeat(50_000);
    let found = run(&words(&[(&endless, u64::MAX)]), &small).expect("one word");
    assert!(found.iter().all(|row| row.score.is_finite() && row.score <= 0.0));
    let every: String = (char::MIN..=char::MAX).collect();
    let error = run(&words(&[(&every, 1)]), &small);
    assert!(matches!(error, Err(Error::Vocabulary { .. })));
    let many = Options { vocab_size: 1_200_000, ..small.clone() };
    assert_eq!(run(&words(&[(&every, 1)]), &many).expect("fits").len(), 0x10_F800 - 1);
    let binary: WordCounts = (0..=255u8).map(|byte| (vec![byte, 0, 0xFF, byte], 5)).collect();
    assert!(run(&binary, &small).is_ok());
    let wrong: [Options; 6] = [
        Options { character_coverage: f64::NAN, ..small.clone() },
        Options { shrinking_factor: 1.0, ..small.clone() },
        Options { max_piece_length: 0, ..small.clone() },
        Options { max_piece_length: 1 << 20, ..small.clone() },
        Options { sub_iterations: 0, ..small.clone() },
        Options { split_digits: true, split_by_number: false, ..small.clone() },
    ];
    for options in wrong {
        assert!(matches!(run(&words(&[("ab", 3)]), &options), Err(Error::Input { .. })));
    }
    let twice = vec!["<s>".to_owned(), "<s>".to_owned()];
    let names: [Vec<String>; 3] = [twice, vec![String::new()], vec!["a".into()]];
    for special_tokens in names {
        let options = Options { special_tokens, ..small.clone() };
        assert!(matches!(run(&words(&[("ab", 3)]), &options), Err(Error::Vocabulary { .. })));
    }
}

#[test]
fn counts_beyond_32_bits_weigh() {
    let scale = 1u64 << 40;
    let given = [("abab", 30), ("abc", 20), ("cab", 10), ("ccc", 3)];
    let large = given.map(|(word, count)| (word, count * scale));
    let options = Options { vocab_size: 6, ..options() };
    let found = train(&words(&large), &options, 1, &Watch::none()).expect("fits");
    let small = train(&words(&given), &options, 1, &Watch::none()).expect("fits");
    let texts =
        |rows: &[super::Scored]| rows.iter().map(|row| row.piece.clone()).collect::<Vec<_>>();
    assert_eq!(texts(&found), texts(&small));
}

#[test]
fn it_can_be_stopped() {
    let stop = |_| true;
    let watch = Watch::new(&stop, true);
    let found = train(&words(&[("abab", 3)]), &options(), 1, &watch);
    assert_eq!(found, Err(Error::Cancelled));
}

#[test]
fn progress_is_told_before_the_first_round() {
    let words: WordCounts = (0..3000_u64)
        .map(|at| (format!("w{}x{}", at % 61, at * 7919 % 3001), 1 + at % 7))
        .collect();
    let told = std::sync::Mutex::new(vec![0]);
    let check = |done: u64| {
        told.lock().is_ok_and(|mut told| {
            told.push(done);
            false
        })
    };
    let options = Options { vocab_size: 200, ..options() };
    train(&words, &options, 1, &Watch::new(&check, true)).expect("trains");
    let told = told.into_inner().expect("no panic");
    assert!(told.is_sorted());
    let stages: HashSet<u64> = told
        .iter()
        .copied()
        .filter(|&done| done > 0 && done <= super::share::BEFORE as u64)
        .collect();
    assert!(stages.len() >= 4, "{stages:?}");
    assert!(told.iter().any(|&done| done > super::share::BEFORE as u64));
    assert!(told.iter().all(|&done| done <= super::STEPS as u64));
}

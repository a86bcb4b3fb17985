//! The best segmentation against its definition: random vocabularies, ties, unknown characters.

#![allow(clippy::expect_used, reason = "a test that fails to set up shall fail")]

use proptest::prelude::*;
use std::collections::HashMap;
use toksmith_core::encode::model::Token;
use toksmith_core::encode::model::unigram::{Unigram, UnigramScratch};
use toksmith_core::error::ErrorKind;
use toksmith_core::formats::pipeline;
use toksmith_core::vocab::Vocab;

/// Tokens and scores; the first token is the unknown one.
type Pieces = Vec<(String, f64)>;

fn model(pieces: &Pieces, unk_id: Option<u32>, byte_fallback: bool, automaton: bool) -> Unigram {
    let mut vocab = Vocab::default();
    for (id, (piece, _)) in (0..).zip(pieces) {
        vocab.insert(id, piece.as_bytes(), pieces.len()).expect("ids are free");
    }
    let scores = pieces.iter().map(|&(_, score)| score).collect();
    let def = pipeline::Unigram { scores, unk_id, byte_fallback };
    Unigram::with_automaton(&vocab, &def, automaton).expect("a vocabulary that fits")
}

fn tokens(model: &Unigram, text: &str) -> Vec<(u32, u32, u32)> {
    let (mut scratch, mut out) = (UnigramScratch::default(), Vec::new());
    model.tokenize(text, &mut scratch, &mut out).expect("there is an unknown token");
    out.into_iter().map(|Token { id, start, end }| (id, start, end)).collect()
}

/// The definition: for every place try all pieces from all earlier places, from left to right;
/// strictly better wins. Then neighbouring unknowns are one, looked up again, or spelled.
fn naive(pieces: &Pieces, byte_fallback: bool, text: &str) -> Vec<(u32, u32, u32)> {
    let ids: HashMap<&str, u32> =
        pieces.iter().zip(0..).map(|((piece, _), id)| (piece.as_str(), id)).collect();
    let lowest = pieces.iter().map(|&(_, score)| score).fold(f64::INFINITY, f64::min);
    let places: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let mut best: Vec<Option<(f64, usize, u32)>> = vec![None; places.len()];
    best[0] = Some((0.0, 0, 0));
    for end in 1..places.len() {
        for start in 0..end {
            let Some((sum, ..)) = best[start] else { continue };
            let piece = &text[places[start]..places[end]];
            let step = match ids.get(piece) {
                Some(&id) => Some((pieces[id as usize].1, id)),
                None => (end == start + 1).then_some((lowest - 10.0, 0)),
            };
            if let Some((score, id)) = step
                && best[end].is_none_or(|(sum_there, ..)| score + sum > sum_there)
            {
                best[end] = Some((score + sum, start, id));
            }
        }
    }
    let mut steps = Vec::new();
    let mut at = places.len() - 1;
    while at > 0 {
        let (_, start, id) = best[at].expect("every place has a path");
        steps.push((id, places[start], places[at]));
        at = start;
    }
    let mut fused: Vec<(u32, usize, usize)> = Vec::new();
    for (id, start, end) in steps.into_iter().rev() {
        match fused.last_mut() {
            Some(last) if id == 0 && last.0 == 0 => last.2 = end,
            _ => fused.push((id, start, end)),
        }
    }
    let mut out = Vec::new();
    for (id, start, end) in fused {
        let span = |id| (id, start as u32, end as u32);
        let part = &text[start..end];
        let spelled: Option<Vec<u32>> =
            part.bytes().map(|byte| ids.get(&*format!("<0x{byte:02X}>")).copied()).collect();
        match (id, ids.get(part), spelled) {
            (0, Some(&id), _) => out.push(span(id)),
            (0, None, Some(bytes)) if byte_fallback => out.extend(bytes.into_iter().map(span)),
            _ => out.push(span(id)),
        }
    }
    out
}

/// Vocabularies over few letters, with equal scores, or close ones, or long pieces.
fn pieces() -> impl Strategy<Value = Pieces> {
    let piece = prop_oneof![
        4 => "[abé\u{2581}]{1,5}",
        1 => (1..300_usize).prop_map(|len| "a".repeat(len)),
        1 => Just("<unk>".to_owned()),
    ];
    let score =
        prop_oneof![prop::sample::select(vec![-1.0, -2.0, -3.0, 0.5]), -9.0..0.0_f64, Just(90.0),];
    let bytes = prop::sample::select(vec![0, 1, 2, 256]);
    (prop::collection::vec((piece, score), 1..30), bytes).prop_map(|(mut pieces, bytes)| {
        pieces.insert(0, ("<unk>".to_owned(), 0.0));
        pieces.extend((0..bytes).map(|byte| (format!("<0x{:02X}>", byte ^ 0x63), -4.0)));
        pieces
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn tokens_are_those_of_the_definition(
        pieces in pieces(), text in "[abcé\u{2581}]{0,40}|a{0,400}|(a|<unk>|<0x61>|😀){0,6}",
        byte_fallback in any::<bool>(),
    ) {
        let expected = naive(&pieces, byte_fallback, &text);
        for automaton in [false, true] {
            let model = model(&pieces, Some(0), byte_fallback, automaton);
            prop_assert_eq!(tokens(&model, &text), expected.clone(), "automaton: {}", automaton);
        }
    }
}

fn simple(pieces: &[(&str, f64)]) -> Pieces {
    pieces.iter().map(|&(piece, score)| (piece.to_owned(), score)).collect()
}

#[test]
fn of_equal_paths_the_one_whose_last_step_begins_first_wins() {
    let pieces = simple(&[
        ("<unk>", 0.0),
        ("a", -1.0),
        ("ab", -1.0),
        ("b", -1.0),
        ("bc", -1.0),
        ("c", -1.0),
    ]);
    let model = model(&pieces, Some(0), false, false);
    assert_eq!(tokens(&model, "abc"), [(1, 0, 1), (4, 1, 3)]);
}

#[test]
fn without_an_unknown_token_only_texts_that_need_one_fail() {
    let pieces = simple(&[("a", -1.0), ("aé", -2.0)]);
    let model = model(&pieces, None, false, false);
    assert_eq!(tokens(&model, "aaé"), [(0, 0, 1), (1, 1, 4)]);
    let (mut scratch, mut out) =
        (UnigramScratch::default(), vec![Token { id: 7, start: 0, end: 1 }]);
    let error = model.tokenize("ab", &mut scratch, &mut out);
    assert_eq!(error.map_err(|error| error.kind()), Err(ErrorKind::Vocabulary));
    assert_eq!(out.len(), 1, "nothing is added on error");
}

#[test]
fn a_vocabulary_that_does_not_fit_is_refused() {
    let mut vocab = Vocab::default();
    vocab.insert(0, b"a", 1).expect("free");
    let def = pipeline::Unigram::default();
    assert!(Unigram::new(&vocab, &def).is_err(), "no scores");
    let def = pipeline::Unigram { scores: vec![0.0], unk_id: Some(1), ..def };
    assert!(Unigram::new(&vocab, &def).is_err(), "no such unknown token");
}

#[test]
fn long_texts_of_long_pieces_take_linear_time() {
    // By walking from each place this would be 10^9 steps.
    let pieces = simple(&[("<unk>", 0.0), ("a", -1.0), ("b", -1.0)])
        .into_iter()
        .chain([("a".repeat(20_000) + "b", -5.0)])
        .collect();
    let text = "a".repeat(60_000);
    let model = model(&pieces, Some(0), false, false);
    assert_eq!(tokens(&model, &text).len(), 60_000);
}

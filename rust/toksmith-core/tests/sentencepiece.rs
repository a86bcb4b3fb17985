//! SentencePiece against its own library's answers, against its definitions, and against
//! files that are wrong.

#![allow(clippy::expect_used, reason = "a test that fails to set up shall fail")]

#[path = "oracle/sentencepiece.rs"]
mod oracle;

use oracle::Piece;
use proptest::prelude::*;
use std::collections::HashMap;
use std::path::PathBuf;
use toksmith_core::decode::sentencepiece::{DecodeState, SentencePieceDecoder};
use toksmith_core::encode::model::Token;
use toksmith_core::encode::model::sentencepiece::cuts::WordCuts;
use toksmith_core::encode::model::sentencepiece::{SentencePiece, SentencePieceScratch};
use toksmith_core::encode::normalize::sentencepiece::SentencePieceNormalize;
use toksmith_core::error::{Error, ErrorKind, Place};
use toksmith_core::formats::pipeline::{Model, Normalizer, PieceKind, SentencePieceKind};
use toksmith_core::formats::sentencepiece::{Loaded, load};

/// The parts of a file, compiled.
struct Compiled {
    loaded: Loaded,
    normalizer: SentencePieceNormalize,
    model: SentencePiece,
    decoder: SentencePieceDecoder,
}

fn compile(loaded: Loaded) -> Result<Compiled, Error> {
    let Some(Normalizer::SentencePiece(normalizer)) = &loaded.pipeline.normalizer else {
        unreachable!("a file has a normalizer");
    };
    let Model::SentencePiece(model) = &loaded.pipeline.model else {
        unreachable!("a file has a model");
    };
    let decoder = loaded.pipeline.decoder.as_ref().expect("a file has a decoder");
    let vocab = &loaded.definition.vocab;
    Ok(Compiled {
        normalizer: SentencePieceNormalize::new(normalizer)?,
        model: SentencePiece::new(vocab, model)?,
        decoder: SentencePieceDecoder::new(vocab, model, decoder)?,
        loaded,
    })
}

impl Compiled {
    fn encode(&self, text: &str) -> (String, Vec<u32>, Vec<(u32, u32)>) {
        let (mut normalized, mut map, mut out) = (String::new(), Vec::new(), Vec::new());
        self.normalizer.normalize(text, &mut normalized, Some(&mut map)).expect("short");
        let mut scratch = SentencePieceScratch::default();
        self.model.tokenize(&normalized, &mut scratch, &mut out).expect("short");
        let ids = out.iter().map(|token| token.id).collect();
        let span = |token: &Token| (map[token.start as usize], map[token.end as usize]);
        (normalized, ids, out.iter().map(span).collect())
    }
}

fn data(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/sentencepiece").join(name)
}

const FILES: [&str; 7] = [
    "unigram_rules",
    "unigram_bytes_suffix",
    "unigram_defined",
    "bpe_bytes",
    "bpe_rules_defined",
    "word",
    "char_raw",
];

fn file(name: &str) -> Vec<u8> {
    std::fs::read(data(&format!("{name}.model"))).expect("the file is in the tree")
}

fn ids(value: &serde_json::Value) -> Vec<u32> {
    let numbers = value.as_array().expect("a list").iter();
    numbers.map(|id| id.as_u64().expect("an id") as u32).collect()
}

#[test]
fn files_encode_and_decode_as_with_their_library() {
    let expected = std::fs::read(data("expected.json")).expect("the file is in the tree");
    let expected: serde_json::Value = serde_json::from_slice(&expected).expect("JSON");
    for name in FILES {
        let compiled = compile(load(&file(name)).expect("a good file")).expect("a good file");
        let named = compiled.loaded.specials;
        let named = [named.unk, named.bos, named.eos, named.pad]
            .map(|id| id.map_or(-1, i64::from))
            .to_vec();
        assert_eq!(serde_json::json!(named), expected[name]["specials"], "{name}");
        for row in expected[name]["texts"].as_array().expect("texts") {
            let text = row["text"].as_str().expect("a text");
            let (normalized, got, spans) = compiled.encode(text);
            assert_eq!(normalized, row["normalized"].as_str().expect("text"), "{name}: {text:?}");
            assert_eq!(got, ids(&row["ids"]), "{name}: {text:?}");
            assert_eq!(serde_json::json!(spans), row["spans"], "{name}: {text:?}");
            let decoded = compiled.decoder.decode(&got).expect("known ids");
            assert_eq!(decoded, row["decoded"].as_str().expect("text"), "{name}: {text:?}");
            let paths = row["nbest"].as_array().map(Vec::as_slice).unwrap_or_default();
            let found = if paths.is_empty() {
                Vec::new()
            } else {
                compiled.model.nbest(&normalized, 6).expect("a unigram model")
            };
            assert_eq!(found.len(), paths.len(), "{name}: {text:?}");
            for ((tokens, sum), path) in found.iter().zip(paths) {
                let got: Vec<u32> = tokens.iter().map(|token| token.id).collect();
                assert_eq!(got, ids(&path[0]), "{name}: {text:?}");
                let expected = path[1].as_f64().expect("a sum") as f32;
                assert_eq!(sum.to_bits(), expected.to_bits(), "{name}: {text:?}");
            }
        }
        for row in expected[name]["ids"].as_array().expect("sequences") {
            let sequence = ids(&row[0]);
            let decoded = compiled.decoder.decode(&sequence).expect("known ids");
            assert_eq!(decoded, row[1].as_str().expect("text"), "{name}: {sequence:?}");
            let (mut state, mut streamed) = (DecodeState::default(), String::new());
            for &id in &sequence {
                compiled.decoder.push(&mut state, id, &mut streamed).expect("known ids");
            }
            compiled.decoder.finish(state, &mut streamed).expect("short");
            assert_eq!(streamed, decoded, "{name}: {sequence:?}");
        }
        for row in expected[name]["pieces"].as_array().expect("sequences") {
            let pieces = row[0].as_array().expect("pieces").iter();
            let pieces: Vec<&str> = pieces.map(|piece| piece.as_str().expect("text")).collect();
            let decoded = compiled.decoder.decode_pieces(&compiled.model, &pieces).expect("short");
            assert_eq!(decoded, row[1].as_str().expect("text"), "{name}: {pieces:?}");
        }
    }
}

#[test]
fn decoding_never_gives_half_a_character() {
    let compiled = compile(load(&file("bpe_bytes")).expect("a good file")).expect("a good file");
    let byte = |byte: u8| {
        let id = compiled.model.piece_to_id(format!("<0x{byte:02X}>").as_bytes());
        id.expect("a byte piece")
    };
    let (mut state, mut steps) = (DecodeState::default(), Vec::new());
    for id in "é😀".bytes().chain([0xE2, 0x82]).map(byte) {
        let mut text = String::new();
        compiled.decoder.push(&mut state, id, &mut text).expect("a known id");
        steps.push(text);
    }
    assert_eq!(steps, ["", "é", "", "", "", "😀", "", ""]);
    let mut text = String::new();
    compiled.decoder.finish(state, &mut text).expect("short");
    assert_eq!(text, "\u{FFFD}\u{FFFD}");
    let error = compiled.decoder.decode(&[1 << 20]);
    assert_eq!(error.map_err(|error| error.kind()), Err(ErrorKind::Vocabulary));
}

fn tokens(model: &SentencePiece, text: &str) -> Vec<(u32, u32, u32)> {
    let mut out = Vec::new();
    model.tokenize(text, &mut SentencePieceScratch::default(), &mut out).expect("short");
    out.into_iter().map(|Token { id, start, end }| (id, start, end)).collect()
}

/// Pieces over few letters, each once: equal scores, close ones, and some so low that sums are
/// moved back to zero all the time.
fn pieces(kinds: Vec<PieceKind>) -> impl Strategy<Value = Vec<Piece>> {
    let spelling = prop_oneof![6 => "\u{2581}{0,2}[abé]{0,4}[abé\u{2581}]", 1 => "a{1,150}", 1 => "[ab\u{2581}]{1,6}"];
    let score = prop_oneof![
        3 => prop::sample::select(vec![-1.0, -2.0, -3.0, 0.0, -0.0]),
        2 => -9.0..0.0_f32,
        1 => -1.0001..-0.9999_f32,
        1 => prop::sample::select(vec![-30000.0, -70000.25, -99999.9, 40000.0]),
    ];
    let piece = (spelling, score, prop::sample::select(kinds));
    prop::collection::vec(piece, 1..40).prop_map(|mut pieces| {
        let mut seen = std::collections::HashSet::new();
        pieces.retain(|piece| seen.insert(piece.0.clone()));
        pieces
    })
}

/// Pieces whose scores are their lengths but for a little: all paths are close.
fn close_pieces() -> impl Strategy<Value = Vec<Piece>> {
    let little = (-20..-6_i32, 0.0..1.0_f32).prop_map(|(power, part)| part * 2.0_f32.powi(power));
    prop::collection::hash_map("\u{2581}?[ab]{1,3}", little, 8..30).prop_map(|pieces| {
        let cost = |piece: &str| f32::from(piece.chars().count() as u16);
        let normal = |(piece, little): (String, f32)| {
            let score = little - cost(&piece);
            (piece, score, PieceKind::Normal)
        };
        pieces.into_iter().map(normal).collect()
    })
}

/// Pieces as training gives them, each with a score of its own, and runs of a letter that share
/// one: merged by a list, where it can express that.
fn ranked_pieces() -> impl Strategy<Value = Vec<Piece>> {
    let kinds = vec![PieceKind::Normal; 12].into_iter().chain([PieceKind::UserDefined]);
    let kind = prop::sample::select(kinds.collect::<Vec<_>>());
    let others = prop::collection::hash_map("\u{2581}{0,2}[abé]{1,5}", kind, 4..40);
    let runs = prop::collection::hash_set(2..12_usize, 0..9);
    (others, runs, "[\u{2581}a]", -50.0..0.0_f32).prop_map(|(others, runs, letter, shared)| {
        let run = |size: &usize| (letter.repeat(*size), shared, PieceKind::Normal);
        let mut pieces: Vec<Piece> = runs.iter().map(run).collect();
        for (place, (piece, kind)) in others.into_iter().enumerate() {
            if pieces.iter().all(|(other, ..)| *other != piece) {
                pieces.push((piece, -(place as f32), kind));
            }
        }
        pieces
    })
}

fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        "[abcé\u{2581}]{0,60}",
        "(\u{2581}[ab]{1,4}){0,60}",
        "a{0,500}",
        "(ab\u{2581}?){0,150}"
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn unigram_is_its_definition(
        pieces in pieces(vec![PieceKind::Normal, PieceKind::Normal, PieceKind::UserDefined, PieceKind::Unused]),
        text in texts(),
    ) {
        let (vocab, def) = oracle::model(SentencePieceKind::Unigram, &pieces);
        let expected = oracle::unigram(&pieces, &text);
        for automaton in [false, true] {
            let model = SentencePiece::with_automaton(&vocab, &def, automaton).expect("fits");
            prop_assert_eq!(tokens(&model, &text), expected.clone(), "automaton: {}", automaton);
        }
    }

    #[test]
    fn words_one_after_the_other_make_the_text(
        pieces in prop_oneof![pieces(vec![PieceKind::Normal]), close_pieces(), close_pieces()],
        text in texts(), start in -90000.0..90000.0_f32,
    ) {
        let (vocab, def) = oracle::model(SentencePieceKind::Unigram, &pieces);
        let model = SentencePiece::new(&vocab, &def).expect("fits");
        let cuts = model.word_cuts();
        let mut scratch = SentencePieceScratch::default();
        let (mut steps, mut sum, mut at) = (Vec::new(), 0.0, 0);
        while at < text.len() {
            let end = cuts.word_end(&text, at);
            let (word, mut alone, mut after) = (&text[at..end], Vec::new(), Vec::new());
            model.word(word, 0.0, &mut scratch, &mut alone);
            if let Some(most) = model.settled(word) {
                // What is settled holds for any sum up to there, in either direction.
                for before in [most, -most, start.clamp(-most, most), start / 90000.0 * most] {
                    let mut steps = Vec::new();
                    let behind = model.word(word, before, &mut scratch, &mut steps);
                    prop_assert_eq!(&steps, &alone, "{} before {:?}", before, word);
                    prop_assert_eq!(behind.to_bits(), model.advance(before, &steps).to_bits());
                }
            }
            sum = model.word(word, sum, &mut scratch, &mut after);
            let shifted = after.into_iter().map(|(id, start, end)| (id, at + start, at + end));
            steps.extend(shifted);
            at = end;
        }
        let mut out = Vec::new();
        model.append(&text, &steps, &mut out);
        let out: Vec<_> = out.into_iter().map(|t| (t.id, t.start, t.end)).collect();
        prop_assert_eq!(out, tokens(&model, &text));
    }

    #[test]
    fn bpe_is_its_definition(
        pieces in pieces(vec![PieceKind::Normal, PieceKind::Normal, PieceKind::UserDefined]),
        text in texts(),
    ) {
        let (vocab, def) = oracle::model(SentencePieceKind::Bpe, &pieces);
        let model = SentencePiece::new(&vocab, &def).expect("fits");
        prop_assert_eq!(tokens(&model, &text), oracle::bpe(&pieces, &text));
    }

    #[test]
    fn bpe_by_a_list_is_its_definition(
        pieces in ranked_pieces(),
        text in prop_oneof![texts(), "(\u{2581}{0,30}[abéc]{0,3}){0,8}", "(a{0,30}[béc\u{2581}]{0,3}){0,8}"],
    ) {
        let (vocab, def) = oracle::model(SentencePieceKind::Bpe, &pieces);
        let model = SentencePiece::new(&vocab, &def).expect("fits");
        prop_assert_eq!(tokens(&model, &text), oracle::bpe(&pieces, &text));
    }

    #[test]
    fn unused_pieces_fall_apart_as_last_seen(
        pieces in pieces(vec![PieceKind::Normal, PieceKind::Unused, PieceKind::Unused, PieceKind::UserDefined]),
        text in "[abcé\u{2581}]{0,40}",
    ) {
        let (vocab, def) = oracle::model(SentencePieceKind::Bpe, &pieces);
        let model = SentencePiece::new(&vocab, &def).expect("fits");
        prop_assert_eq!(tokens(&model, &text), oracle::bpe(&pieces, &text));
    }

    #[test]
    fn the_n_best_are_the_n_best(
        spellings in prop::collection::hash_set("[abé]{1,3}", 3..12), text in "[abcé]{1,8}",
        scores in prop::collection::vec(-9.0..-0.1_f32, 12),
    ) {
        let pieces: Vec<Piece> = spellings.into_iter().zip(scores)
            .map(|(piece, score)| (piece, score, PieceKind::Normal)).collect();
        let (vocab, def) = oracle::model(SentencePieceKind::Unigram, &pieces);
        let model = SentencePiece::new(&vocab, &def).expect("fits");
        let mut all: Vec<f64> = oracle::all(&pieces, &text).iter().map(|path| path.1).collect();
        all.sort_by(|a, b| b.total_cmp(a));
        let found = model.nbest(&text, 20).expect("unigram");
        prop_assert_eq!(found.len(), all.len().min(20));
        for ((_, sum), expected) in found.iter().zip(all) {
            prop_assert!((f64::from(*sum) - expected).abs() < 1e-3, "{} is not {}", sum, expected);
        }
    }

    #[test]
    fn changed_files_give_typed_errors_or_work(
        which in 0..FILES.len(), changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut file = file(FILES[which]);
        for (at, value) in changes {
            let at = at.index(file.len());
            file[at] = value;
        }
        if let Some(cut) = cut {
            file.truncate(cut.index(file.len()));
        }
        if let Ok(compiled) = load(&file).and_then(compile) {
            let (_, ids, _) = compiled.encode("the longest path a\u{300} 12 ﬁ zz");
            prop_assert!(compiled.decoder.decode(&ids).is_ok());
        }
    }
}

#[test]
fn samples_have_the_probabilities_of_their_paths() {
    const DRAWS: u32 = 20_000;
    let normal = |piece: &str, score| (piece.to_owned(), score, PieceKind::Normal);
    let pieces = [
        normal("a", -1.0),
        normal("b", -1.5),
        normal("ab", -2.0),
        normal("aab", -2.2),
        normal("ba", -3.0),
    ];
    let (vocab, def) = oracle::model(SentencePieceKind::Unigram, &pieces);
    let model = SentencePiece::new(&vocab, &def).expect("fits");
    let text = "aabab";
    for (alpha, nbest) in [(0.0, None), (0.3, None), (1.0, None), (0.5, Some(3)), (0.5, Some(64))] {
        let mut all = oracle::all(&pieces, text);
        all.sort_by(|a, b| b.1.total_cmp(&a.1));
        all.truncate(nbest.unwrap_or(all.len()));
        let weight = |sum: f64| (f64::from(alpha) * sum).exp();
        let total: f64 = all.iter().map(|path| weight(path.1)).sum();
        let mut counts: HashMap<Vec<u32>, u32> = HashMap::new();
        for seed in 0..DRAWS {
            let drawn = model.sample(text, alpha, nbest, u64::from(seed)).expect("unigram");
            *counts.entry(drawn.iter().map(|token| token.id).collect()).or_default() += 1;
        }
        let mut distance = 0.0;
        for (ids, sum) in &all {
            let expected = weight(*sum) / total * f64::from(DRAWS);
            let seen = counts.remove(ids).unwrap_or(0);
            distance += (f64::from(seen) - expected).powi(2) / expected;
        }
        assert!(counts.is_empty(), "paths that should not be drawn: {counts:?}");
        // Chi-square: five standard deviations above its mean.
        let freedom = f64::from(all.len() as u32) - 1.0;
        assert!(distance < freedom + 5.0 * (2.0 * freedom).sqrt(), "{alpha} {nbest:?}: {distance}");
        assert_eq!(model.sample(text, alpha, nbest, 7), model.sample(text, alpha, nbest, 7));
    }
}

#[test]
fn what_a_model_cannot_do_is_an_error() {
    let pieces = [("a".to_owned(), -1.0, PieceKind::Normal)];
    for (kind, samples) in [
        (SentencePieceKind::Bpe, true),
        (SentencePieceKind::Word, false),
        (SentencePieceKind::Char, false),
    ] {
        let (vocab, def) = oracle::model(kind, &pieces);
        let model = SentencePiece::new(&vocab, &def).expect("fits");
        let kind_of = |error: Error| error.kind();
        assert_eq!(model.nbest("a", 2).map_err(kind_of), Err(ErrorKind::Unsupported));
        let sampled = model.sample("a", 0.1, None, 1).map_err(kind_of);
        assert_eq!(sampled.is_ok(), samples);
    }
    let (vocab, def) = oracle::model(SentencePieceKind::Unigram, &pieces);
    let model = SentencePiece::new(&vocab, &def).expect("fits");
    assert!(model.nbest("a", 513).is_err());
    assert!(model.sample("a", f32::NAN, None, 1).is_err());
    assert!(model.sample("a", 0.1, Some(513), 1).is_err());
}

#[test]
fn words_begin_where_no_piece_crosses() {
    let cuts = |pieces: &[&str]| {
        let pieces: Vec<Piece> =
            pieces.iter().map(|&piece| (piece.to_owned(), 0.0, PieceKind::Normal)).collect();
        let (vocab, def) = oracle::model(SentencePieceKind::Unigram, &pieces);
        SentencePiece::new(&vocab, &def).expect("fits").word_cuts()
    };
    assert_eq!(cuts(&["▁", "▁▁", "▁a", "b"]), WordCuts::Before);
    assert_eq!(cuts(&["▁▁", "a▁", "b"]), WordCuts::After);
    assert_eq!(cuts(&["a▁b"]), WordCuts::None);
    let words = |cuts: WordCuts, text: &'static str| {
        let (mut at, mut words) = (0, Vec::new());
        while at < text.len() {
            let end = cuts.word_end(text, at);
            words.push(&text[at..end]);
            at = end;
        }
        words
    };
    assert_eq!(words(WordCuts::Before, "a▁▁b▁cé▁"), ["a", "▁▁b", "▁cé", "▁"]);
    assert_eq!(words(WordCuts::After, "a▁▁b▁cé▁"), ["a▁▁", "b▁", "cé▁"]);
    assert_eq!(words(WordCuts::After, "▁a"), ["▁", "a"]);
    assert_eq!(words(WordCuts::None, "a▁b"), ["a▁b"]);
}

/// `<unk>`, a control piece and "a".
fn small() -> Vec<u8> {
    [oracle::piece(b"<unk>", 0.0, 2), oracle::piece(b"<s>", 0.0, 3), oracle::piece(b"a", -1.0, 1)]
        .concat()
}

#[test]
fn what_is_wrong_with_a_file_is_told_with_its_place() {
    let good = small();
    let wrong = |bytes: Vec<u8>, place: Option<usize>, expected: &str| {
        let error = load(&[good.clone(), bytes].concat()).expect_err(expected);
        let Error::Model { place: found, why } = error else { unreachable!("{error}") };
        assert!(why.contains(expected), "{why:?} does not say {expected:?}");
        if let Some(place) = place {
            assert_eq!(found, Place::Byte(good.len() + place), "{expected}");
        }
    };
    let piece = oracle::piece;
    wrong(piece(b"", 0.0, 1), Some(2), "empty");
    wrong(piece(b"a", 0.0, 1), Some(2), "there already");
    wrong(piece(b"<unk2>", 0.0, 2), Some(2), "second unknown");
    wrong(piece(b"x\0y", 0.0, 1), Some(2), "zero byte");
    wrong(piece(b"\xE2\x96", 0.0, 1), Some(2), "not UTF-8");
    wrong(piece(b"x", f32::NAN, 1), Some(2), "score");
    wrong(piece(b"<0x41>", 0.0, 6), Some(2), "byte_fallback is off");
    wrong(piece(&[b'x'; 8000], 0.0, 1), Some(3), "8000");
    wrong(oracle::bytes(2, &oracle::varint(35, 1)), None, "no byte piece <0x00>");
    wrong(oracle::bytes(3, &oracle::bytes(2, b"\x10\0\0\0")), Some(4), "precompiled_charsmap");
    wrong(vec![0x0A, 0x7F, 0], Some(2), "127 bytes");
    wrong(vec![0x08], Some(1), "cut short");
    wrong(vec![0x0F], Some(1), "wire type 7");
    wrong(vec![0x00, 0x00], Some(0), "field's number");
    wrong([[0x08].to_vec(), vec![0xFF; 10]].concat(), Some(11), "more than ten bytes");
    wrong(vec![0x0C], Some(1), "wire type 4");
    wrong(vec![0xC3, 0x0C, 0xCC, 0x0C], Some(4), "end of group");
    wrong([0xC3, 0x0C].repeat(200), None, "groups in each other");
    assert!(load(&[]).is_err(), "no piece at all");
}

#[test]
fn unknown_fields_are_passed_over_and_the_last_of_two_counts() {
    let extra = [
        oracle::bytes(4, b"old"),
        vec![0xC3, 0x0C, 0x08, 0x01, 0xC4, 0x0C],
        vec![0x99, 0x0D, 1, 2, 3, 4, 5, 6, 7, 8],
        oracle::bytes(2, &oracle::varint(3, 2)),
        oracle::bytes(2, &oracle::varint(3, 99)),
        oracle::bytes(3, &oracle::varint(3, 0)),
    ];
    let loaded = load(&[small(), extra.concat()].concat()).expect("a good file");
    let Model::SentencePiece(model) = &loaded.pipeline.model else { unreachable!("no model") };
    assert_eq!(model.kind, SentencePieceKind::Bpe);
    let added: Vec<_> =
        loaded.definition.added.iter().map(|token| (token.id, token.content.as_str())).collect();
    assert_eq!(added, [(1, "<s>")]);
    let compiled = compile(loaded).expect("a good file");
    assert_eq!(compiled.encode("a b").1, [2, 0]);
}

#[test]
fn every_cut_of_a_file_is_an_error_or_works() {
    for name in ["unigram_rules", "bpe_rules_defined", "word"] {
        let file = file(name);
        for len in (0..file.len()).step_by(7) {
            if let Ok(compiled) = load(&file[..len]).and_then(compile) {
                compiled.encode("the path");
            }
        }
    }
}

#[test]
fn real_vocabularies_encode_as_with_their_library() {
    let root = std::env::var("TOKSMITH_TEST_DATA").map_or_else(
        |_| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let text = "Hello  world\u{3000}① 😀x\0<s>";
    let expected: [(&str, &[u32]); 2] = [("mistral_v1", MISTRAL), ("xlmr_unigram", XLMR)];
    for (name, expected) in expected {
        let path = root.join("vocabs").join(name).join("tokenizer.model");
        let Ok(file) = std::fs::read(&path) else {
            println!("skipped: {} is absent", path.display());
            continue;
        };
        let compiled = compile(load(&file).expect("a good file")).expect("a good file");
        assert_eq!(compiled.encode(text).1, expected, "{name}");
    }
}

const MISTRAL: &[u32] =
    &[22557, 28705, 1526, 29351, 229, 148, 163, 28705, 30575, 28744, 3, 28789, 28713, 28767];
const XLMR: &[u32] = &[35378, 8999, 106, 21119, 425, 3, 16093, 7, 2740];

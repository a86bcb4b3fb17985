//! `WordPiece`, `WordLevel` and BPE over characters against their definitions: random vocabularies
//! over small alphabets, random and adversarial text.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_precision_loss,
    reason = "a failed set-up shall fail the test; counts are small"
)]

#[path = "oracle/models.rs"]
mod oracle;

use oracle::{Ids, Tokens};
use proptest::prelude::*;
use std::collections::{HashMap, HashSet};
use toksmith_core::encode::model::Token;
use toksmith_core::encode::model::char_bpe::{CharBpe, CharBpeScratch, piece_seed};
use toksmith_core::encode::model::wordlevel::WordLevel;
use toksmith_core::encode::model::wordpiece::WordPiece;
use toksmith_core::formats::Definition;
use toksmith_core::formats::pipeline::Bpe;
use toksmith_core::vocab::Vocab;
use toksmith_core::{Error, Result, Tokenizer};

/// Ids in the order given, repeated spellings left out.
fn number(spellings: impl IntoIterator<Item = String>) -> Ids {
    let mut ids = Ids::new();
    for spelling in spellings.into_iter().filter(|spelling| !spelling.is_empty()) {
        let next = ids.len() as u32;
        ids.entry(spelling).or_insert(next);
    }
    ids
}

fn vocab(ids: &Ids) -> Vocab {
    let mut vocab = Vocab::default();
    for (spelling, &id) in ids {
        vocab.insert(id, spelling.as_bytes(), ids.len()).expect("ids are free");
    }
    vocab
}

fn tokens(result: Result<()>, out: &[Token]) -> Tokens {
    match result {
        Ok(()) => Some(out.iter().map(|t| (t.id, t.start as usize, t.end as usize)).collect()),
        Err(Error::Vocabulary { .. }) => None,
        Err(error) => panic!("{error}"),
    }
}

/// Letters of several lengths in UTF-8, the sign, and signs that affixes are made of.
const LETTERS: [&str; 8] = ["a", "b", "é", "日", "😀", "▁", "#", "\u{301}"];

/// Strings over `letters` of the alphabet.
fn string(letters: usize, length: std::ops::Range<usize>) -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(LETTERS[..letters].to_vec()), length)
        .prop_map(|letters| letters.concat())
}

/// Pieces: short ones, long ones, one short word again and again.
fn piece(letters: usize) -> impl Strategy<Value = String> {
    prop_oneof![
        4 => string(letters, 0..14),
        1 => string(letters, 60..150),
        1 => (string(letters, 1..6), 1..60_usize).prop_map(|(word, times)| word.repeat(times)),
    ]
}

fn wordpiece(ids: &Ids, unk: &str, prefix: &str, max: usize, word: &str) -> Tokens {
    let model = WordPiece::new(&vocab(ids), unk, prefix, max).expect("a small vocabulary");
    let mut out = Vec::new();
    tokens(model.tokenize(word, &mut out), &out)
}

/// The model of a definition.
fn compiled(naive: &oracle::CharBpe) -> Result<CharBpe> {
    let id = |spelling: &str| naive.ids[spelling];
    let merges = naive.merges.iter();
    let merges = merges.map(|(l, r)| (id(l), id(r), id(&naive.product(l, r)))).collect();
    let some = |affix: &String| (!affix.is_empty()).then(|| affix.clone());
    let bpe = Bpe {
        merges,
        dropout: None,
        unk_token: naive.unk_token.clone(),
        continuing_subword_prefix: some(&naive.prefix),
        end_of_word_suffix: some(&naive.suffix),
        fuse_unk: naive.fuse_unk,
        byte_fallback: naive.byte_fallback,
        ignore_merges: naive.ignore_merges,
    };
    CharBpe::new(&vocab(&naive.ids), &bpe)
}

fn char_bpe(model: &CharBpe, piece: &str) -> Tokens {
    let mut out = Vec::new();
    tokens(model.tokenize(piece, &mut CharBpeScratch::default(), &mut out), &out)
}

prop_compose! {
    /// A BPE whose merges combine what is there; in some the list is out of order, in some
    /// unknown and byte tokens take part.
    fn any_bpe()(
        letters in 2..8_usize,
        missing in 0..16_usize,
        pairs in prop::collection::vec((any::<u16>(), any::<u16>()), 0..60),
        (unk, unk_missing) in (prop::sample::select(vec!["", "<unk>", "▁", "a"]), 0..10),
        (prefix, suffix) in prop::sample::select(vec![
            ("", ""), ("", ""), ("", ""), ("##", ""), ("", "</w>"), ("##", "b"),
        ]),
        (bytes, byte_missing) in (any::<bool>(), any::<bool>()),
        (fuse_unk, ignore_merges, odd_parts) in any::<(bool, bool, bool)>(),
        turn in prop::sample::select(vec![0, 0, 1, 2]),
    ) -> oracle::CharBpe {
        let mut spellings = Vec::new();
        for (_, letter) in LETTERS[..letters].iter().enumerate().filter(|&(i, _)| i != missing) {
            for prefix in ["", prefix] {
                spellings.extend(["", suffix].map(|suffix| format!("{prefix}{letter}{suffix}")));
            }
        }
        if unk_missing > 0 || !odd_parts {
            spellings.push(unk.to_owned());
        }
        let bytes = if bytes { 0..256 - usize::from(byte_missing) * 100 } else { 0..0 };
        let all_bytes = !bytes.is_empty();
        let bytes = bytes.map(|byte| format!("<0x{byte:02X}>")).collect::<Vec<_>>();
        let mut naive = oracle::CharBpe {
            unk_token: (!unk.is_empty()).then(|| unk.to_owned()),
            prefix: prefix.to_owned(),
            suffix: suffix.to_owned(),
            fuse_unk,
            byte_fallback: all_bytes,
            ignore_merges,
            ..oracle::CharBpe::default()
        };
        let mut pool: Vec<String> = spellings.clone();
        pool.retain(|spelling| !spelling.is_empty());
        if odd_parts {
            pool.extend(bytes.iter().skip(0x98).take(3).cloned());
        } else {
            pool.retain(|spelling| spelling != "<unk>");
        }
        spellings.extend(bytes);
        for (left, right) in pairs {
            if pool.is_empty() {
                break;
            }
            let (left, right) = (left as usize % pool.len(), right as usize % pool.len());
            let (left, right) = (pool[left].clone(), pool[right].clone());
            // A right part that is all prefix makes merging depend on the queue.
            if right.len() <= prefix.len() || !right.is_char_boundary(prefix.len()) {
                continue;
            }
            let product = naive.product(&left, &right);
            if product.len() <= 60 {
                naive.merges.push((left, right));
                spellings.push(product.clone());
                pool.push(product);
            }
        }
        match turn {
            1 => naive.merges.reverse(),
            2 => {
                let half = naive.merges.len() / 2;
                naive.merges.rotate_left(half);
                naive.merges.extend(naive.merges.first().cloned());
            }
            _ => {}
        }
        naive.ids = number(spellings);
        naive
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn wordpiece_takes_the_longest_token_first(
        prefix in prop::sample::select(vec!["##", "#", "", "é", "a"]),
        first in prop::collection::vec(string(8, 1..6), 0..20),
        inside in prop::collection::vec(string(8, 1..6), 0..20),
        runs in prop::collection::vec((string(3, 1..3), 1..9_usize), 0..6),
        (every_letter, unk) in (any::<bool>(), any::<bool>()),
        max in prop::sample::select(vec![100, 0, 7, usize::MAX]),
        words in prop::collection::vec(piece(4), 1..12),
    ) {
        let mut spellings = first;
        spellings.extend(inside.into_iter().map(|token| format!("{prefix}{token}")));
        for (word, times) in runs {
            spellings.extend([word.repeat(times), format!("{prefix}{}", word.repeat(times))]);
        }
        if every_letter {
            spellings.extend(LETTERS.map(|letter| format!("{prefix}{letter}")));
            spellings.extend(LETTERS.map(str::to_owned));
        }
        if unk {
            spellings.push("[UNK]".to_owned());
        }
        let ids = number(spellings);
        for word in words {
            prop_assert_eq!(
                wordpiece(&ids, "[UNK]", prefix, max, &word),
                oracle::wordpiece(&ids, "[UNK]", prefix, max, &word)
            );
        }
    }

    #[test]
    fn wordlevel_finds_a_piece_or_gives_unknown(
        spellings in prop::collection::vec(string(8, 1..8), 1..40),
        pieces in prop::collection::vec(string(8, 0..8), 1..10),
        unk in prop::sample::select(vec!["<unk>", "a"]),
    ) {
        let ids = number(spellings.iter().cloned());
        let model = WordLevel::new(&vocab(&ids), unk);
        for piece in pieces.iter().chain(&spellings) {
            let mut out = Vec::new();
            let got = model.tokenize(piece, &mut out);
            prop_assert_eq!(tokens(got, &out), oracle::wordlevel(&ids, unk, piece));
        }
    }

    #[test]
    fn char_bpe_merges_as_the_naive_loop(
        naive in any_bpe(), pieces in prop::collection::vec(piece(8), 1..8),
    ) {
        let model = compiled(&naive).expect("a sound vocabulary");
        for piece in pieces {
            prop_assert_eq!(char_bpe(&model, &piece), naive.tokenize(&piece), "{:?}", piece);
        }
    }

    #[test]
    fn words_cut_at_signs_merge_as_the_whole_piece(
        mut naive in any_bpe(), pieces in prop::collection::vec(piece(8), 1..8),
    ) {
        naive.merges.retain(|(l, r)| !format!("{l}{r}").trim_start_matches('▁').contains('▁'));
        let model = compiled(&naive).expect("a sound vocabulary");
        let sign = naive.ids.contains_key("▁") && naive.prefix.is_empty() && naive.suffix.is_empty();
        let drops = naive.unk_token.is_none() && (!naive.byte_fallback || naive.ids.len() < 256);
        let odd = naive.unk_token.as_deref() == Some("▁");
        if sign && !drops && !odd && naive.unk_token.is_some() {
            // A piece that may be taken whole is not cut.
            prop_assert_eq!(model.word_cuts(), (!naive.ignore_merges).then_some('▁'));
        }
        for piece in pieces {
            prop_assert_eq!(model.words(&piece).collect::<String>(), piece.as_str());
            prop_assert_eq!(char_bpe(&model, &piece), naive.tokenize(&piece), "{:?}", piece);
        }
    }

    #[test]
    fn dropout_is_the_same_for_the_same_seed_and_spells_the_piece(
        mut naive in any_bpe(), piece in piece(4), seed in any::<u64>(), p in 0.0..=1.0_f32,
    ) {
        let next = naive.ids.len() as u32;
        naive.ids.entry("<unk>".to_owned()).or_insert(next);
        naive.unk_token = Some("<unk>".to_owned());
        naive.byte_fallback = false;
        let model = compiled(&naive).expect("a sound vocabulary");
        let mut scratch = CharBpeScratch::default();
        let (mut first, mut second) = (Vec::new(), Vec::new());
        model.tokenize_dropout(&piece, p, seed, &mut scratch, &mut first).expect("has unknown");
        model
            .tokenize_dropout(&piece, p, seed, &mut CharBpeScratch::default(), &mut second)
            .expect("has unknown");
        prop_assert_eq!(&first, &second);
        prop_assert_eq!(first.last().map_or(0, |token| token.end as usize), piece.len());
        prop_assert!(first.windows(2).all(|pair| pair[0].end == pair[1].start));
        second.clear();
        model.tokenize_dropout(&piece, 0.0, seed, &mut scratch, &mut second).expect("has unknown");
        prop_assert_eq!(tokens(Ok(()), &second), naive.tokenize(&piece));
        second.clear();
        model.tokenize_dropout(&piece, 1.0, seed, &mut scratch, &mut second).expect("has unknown");
        naive.merges.clear();
        naive.ignore_merges = false;
        prop_assert_eq!(tokens(Ok(()), &second), naive.tokenize(&piece));
    }
}

/// A plain BPE of these tokens and merges, with an unknown token.
fn plain(tokens: &[&str], merges: &[(&str, &str)]) -> oracle::CharBpe {
    let products = merges.iter().map(|(l, r)| format!("{l}{r}"));
    let tokens = tokens.iter().map(|&token| token.to_owned());
    oracle::CharBpe {
        ids: number(tokens.chain(products).chain(["<unk>".to_owned()])),
        merges: merges.iter().map(|&(l, r)| (l.to_owned(), r.to_owned())).collect(),
        unk_token: Some("<unk>".to_owned()),
        ..oracle::CharBpe::default()
    }
}

#[test]
fn long_pieces_merge_as_the_naive_loop() {
    // Tokens of many lengths of one letter: blocks share few of them.
    let runs = [("a", "a"), ("aa", "aa"), ("aaaa", "aa"), ("aa", "a"), ("aaa", "b"), ("b", "a")];
    let naive = plain(&["a", "b", "▁"], &runs);
    let model = compiled(&naive).expect("a sound vocabulary");
    for piece in ["a".repeat(4501), "aab".repeat(900), "a▁".repeat(1200), "abaaa".repeat(600)] {
        assert_eq!(char_bpe(&model, &piece), naive.tokenize(&piece));
    }
    // A merge list in which a far sign decides all of a long run.
    let naive = plain(&["a", "b"], &[("a", "a"), ("aa", "b"), ("aa", "aa"), ("b", "aa")]);
    let model = compiled(&naive).expect("a sound vocabulary");
    for n in [2047, 2048, 2600] {
        for piece in [format!("b{}", "a".repeat(n)), format!("{}b{}", "a".repeat(n), "a".repeat(n))]
        {
            assert_eq!(char_bpe(&model, &piece), naive.tokenize(&piece));
        }
    }
}

/// Runs of a letter of every power of two, as tokens: many are longer than a block.
fn powers() -> impl Iterator<Item = String> {
    (0..14).map(|power| "a".repeat(1 << power))
}

#[test]
fn tokens_longer_than_a_block_merge() {
    // What a run of 9,000 comes to: the powers of two that it is the sum of.
    let sizes = [8192, 512, 256, 32, 8];
    let piece = "a".repeat(sizes.iter().sum());
    let runs: Vec<String> = powers().collect();
    let merges: Vec<(&str, &str)> =
        runs[..13].iter().map(|run| (run.as_str(), run.as_str())).collect();
    let model = compiled(&plain(&["a"], &merges)).expect("a sound vocabulary");
    let found = char_bpe(&model, &piece);
    let found = found.expect("known letters");
    assert!(found.iter().map(|token| token.2 - token.1).eq(sizes));

    let mut vocab = Vocab::default();
    for byte in 0..=255u8 {
        vocab.insert(byte.into(), &[byte], 1 << 20).expect("room");
    }
    for (id, run) in (256..).zip(runs.iter().skip(1)) {
        vocab.insert(id, run.as_bytes(), 1 << 20).expect("room");
    }
    let tokenizer = Tokenizer::build(Definition { vocab, ..Definition::default() }).expect("sound");
    let ids = tokenizer.encode(&piece).expect("bytes");
    let lengths = ids.iter().map(|&id| tokenizer.vocab().get(id).map_or(0, <[u8]>::len));
    assert!(lengths.eq(sizes));
}

#[test]
fn a_piece_of_a_megabyte_is_read_once() {
    // A vocabulary that makes the longest match look far and come back with one letter.
    let long = "a".repeat(20_000) + "b";
    let ids = number(
        ["a", "##a", "[UNK]"]
            .map(str::to_owned)
            .into_iter()
            .chain([long.clone(), format!("##{long}")]),
    );
    let model = WordPiece::new(&vocab(&ids), "[UNK]", "##", usize::MAX).expect("small");
    let word = "a".repeat(1_000_000);
    let mut out = Vec::new();
    model.tokenize(&word, &mut out).expect("has unknown");
    assert_eq!(out.len(), word.len());
    let naive = plain(&["a", "b"], &[("a", "a"), ("aa", "aa"), ("aaaa", "aa"), ("aa", "b")]);
    let model = compiled(&naive).expect("a sound vocabulary");
    assert!(char_bpe(&model, &word).is_some());
}

#[test]
fn dropout_passes_over_each_merge_with_its_probability() {
    // First `a b`; passed over, `b c` can still be; merging that brings `a b` back, too late.
    let naive = plain(&["a", "b", "c"], &[("a", "b"), ("b", "c")]);
    let model = compiled(&naive).expect("a sound vocabulary");
    let (mut scratch, mut out) = (CharBpeScratch::default(), Vec::new());
    let (runs, p) = (40_000, 0.3);
    let mut counts: HashMap<Vec<u32>, u32> = HashMap::new();
    for at in 0..runs {
        out.clear();
        model
            .tokenize_dropout("abc", p, piece_seed(1, at), &mut scratch, &mut out)
            .expect("has unknown");
        *counts.entry(out.iter().map(|token| token.id).collect()).or_default() += 1;
    }
    let id = |token: &str| naive.ids[token];
    let p = f64::from(p);
    for (tokens, expected) in [
        (vec![id("ab"), id("c")], 1.0 - p),
        (vec![id("a"), id("bc")], p * (1.0 - p)),
        (vec![id("a"), id("b"), id("c")], p * p),
    ] {
        let found = f64::from(counts[&tokens]) / runs as f64;
        let deviation = (expected * (1.0 - expected) / runs as f64).sqrt();
        assert!((found - expected).abs() < 5.0 * deviation, "{tokens:?}: {found}, not {expected}");
    }
}

#[test]
fn unknown_tokens_wait_behind_bytes() {
    // `x` is unknown, `é` is spelled in bytes, which stand before the unknown token due.
    let mut naive = plain(&["a", "<0xC3>", "<0xA9>"], &[]);
    naive.byte_fallback = true;
    naive.fuse_unk = true;
    let id = |token: &str| naive.ids[token];
    let unk = id("<unk>");
    let model = compiled(&naive).expect("a sound vocabulary");
    let expected = vec![(id("<0xC3>"), 0, 1), (id("<0xA9>"), 1, 2), (unk, 2, 4), (id("a"), 4, 5)];
    assert_eq!(char_bpe(&model, "xéxa"), Some(expected));
}

#[test]
fn a_missing_unknown_token_is_an_error_only_where_it_is_needed() {
    let ids = number(["a", "##b"].map(str::to_owned));
    assert!(wordpiece(&ids, "[UNK]", "##", 100, "ab").is_some());
    let model = WordPiece::new(&vocab(&ids), "[UNK]", "##", 100).expect("small");
    let error = model.tokenize("ac", &mut Vec::new()).unwrap_err().to_string();
    assert!(error.contains("[UNK]"), "{error}");
    let mut naive = plain(&["a"], &[]);
    naive.unk_token = Some("[UNK]".to_owned());
    let model = compiled(&naive).expect("a sound vocabulary");
    assert!(char_bpe(&model, "aa").is_some());
    let mut out = Vec::new();
    let result = model.tokenize("ab", &mut CharBpeScratch::default(), &mut out);
    assert!(matches!(result, Err(Error::Vocabulary { .. })) && out.is_empty());
}

#[test]
fn characters_without_any_token_vanish_and_move_the_rest() {
    let mut naive = plain(&["a", "▁"], &[("▁", "▁")]);
    naive.unk_token = None;
    let model = compiled(&naive).expect("a sound vocabulary");
    assert_eq!(char_bpe(&model, "xa"), Some(vec![(naive.ids["a"], 0, 1)]));
    // The signs become neighbours, so text cannot be cut between them.
    assert_eq!(model.word_cuts(), None);
    assert_eq!(char_bpe(&model, "▁x▁"), Some(vec![(naive.ids["▁▁"], 0, 6)]));
}

#[test]
fn merges_that_do_not_spell_their_product_are_refused() {
    let ids = number(["a", "b", "ab", "é"].map(str::to_owned));
    let build = |merge: (u32, u32, u32), prefix: Option<&str>, dropout: Option<f32>| {
        let bpe = Bpe {
            merges: vec![merge],
            dropout,
            continuing_subword_prefix: prefix.map(str::to_owned),
            ..Bpe::default()
        };
        CharBpe::new(&vocab(&ids), &bpe)
    };
    assert!(build((0, 1, 2), None, None).is_ok());
    for (merge, prefix, dropout, why) in [
        ((0, 1, 3), None, None, "model.merges[0]"),
        ((0, 1, 9), None, None, "9 is the id of no token"),
        ((9, 1, 2), None, None, "9 is the id of no token"),
        ((0, 1, 2), Some("##"), None, "shorter than the prefix"),
        ((0, 1, 2), None, Some(1.5), "model.dropout"),
        ((0, 1, 2), None, Some(f32::NAN), "model.dropout"),
    ] {
        let error = build(merge, prefix, dropout).unwrap_err();
        assert!(matches!(error, Error::Model { .. }), "{error}");
        assert!(error.to_string().contains(why), "{error}");
    }
}

/// A file of the shared test data, or `None` with a word of why the test does nothing.
fn test_data(path: &str) -> Option<serde_json::Value> {
    let root = std::env::var("TOKSMITH_TEST_DATA").unwrap_or_else(|_| {
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data").to_owned()
    });
    let path = std::path::Path::new(&root).join(path);
    let Ok(bytes) = std::fs::read(&path) else {
        eprintln!("skipped: {} is absent", path.display());
        return None;
    };
    Some(serde_json::from_slice(&bytes).expect("JSON"))
}

fn ids_of(model: &serde_json::Value) -> Ids {
    let map = model["vocab"].as_object().expect("a vocabulary");
    map.iter().map(|(token, id)| (token.clone(), id.as_u64().unwrap() as u32)).collect()
}

#[test]
fn mistral_is_cut_at_its_signs() {
    let Some(file) = test_data("vocabs/mistral_v1/tokenizer.json") else { return };
    let model = &file["model"];
    let pair = |line: &serde_json::Value| {
        let line = line.as_array().expect("a pair");
        (line[0].as_str().unwrap().to_owned(), line[1].as_str().unwrap().to_owned())
    };
    let naive = oracle::CharBpe {
        ids: ids_of(model),
        merges: model["merges"].as_array().expect("merges").iter().map(pair).collect(),
        unk_token: Some("<unk>".to_owned()),
        fuse_unk: true,
        byte_fallback: true,
        ..oracle::CharBpe::default()
    };
    let compiled = compiled(&naive).expect("a sound vocabulary");
    assert_eq!(compiled.word_cuts(), Some('▁'));
    let words: HashSet<_> = compiled.words("▁▁▁a▁quick日本▁▁").collect();
    assert_eq!(words, HashSet::from(["▁▁▁a", "▁quick日本", "▁▁"]));
    let text = "▁The▁quick▁brown▁fox;▁日本語のテキスト\n▁▁▁▁ﷺ\u{301}😀<0x41>▁<unk>▁";
    assert_eq!(char_bpe(&compiled, text), naive.tokenize(text));
}

#[test]
fn bert_splits_words_as_its_definition_says() {
    let Some(file) = test_data("vocabs/bert/tokenizer.json") else { return };
    let ids = ids_of(&file["model"]);
    let model = WordPiece::new(&vocab(&ids), "[UNK]", "##", 100).expect("a real vocabulary");
    let text = "unaffable embeddings tokenization ##ing # ##zz [UNK] antidisestablishmentarianism \
                naïve 日本語 日 qwertzuiopü \u{301} 123456 😀";
    for word in text.split(' ').chain([&*"a".repeat(101), &*"é".repeat(100)]) {
        let mut out = Vec::new();
        let result = model.tokenize(word, &mut out);
        assert_eq!(tokens(result, &out), oracle::wordpiece(&ids, "[UNK]", "##", 100, word));
    }
}

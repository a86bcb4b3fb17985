//! A counter against a map, whatever its threads, batches and budget; and what is in its files.

#![allow(clippy::expect_used, reason = "a test fails by it")]

use super::{CountOptions, Counter, units};
use crate::encode::added::Allowed;
use crate::encode::pretokenize::{Scanner, patterns};
use crate::error::{Error, Result};
use crate::formats::pipeline::{
    Model, Normalizer, PieceKind, Pipeline, SentencePieceModel, SentencePieceNormalizer,
};
use crate::formats::{AddedToken, Definition, Split};
use crate::tokenizer::{Text, Tokenizer};
use crate::train::words::WordCounts;
use crate::vocab::Vocab;
use crate::watch::Watch;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A byte-level tokenizer that cuts by the GPT-2 pattern and has an added token.
fn gpt2() -> Arc<Tokenizer> {
    let mut vocab = Vocab::default();
    for byte in 0..=255u8 {
        vocab.insert(byte.into(), &[byte], 257).expect("fits");
    }
    let added = ["<|end|>", "<|x|>"].into_iter().zip(256..).map(|(content, id)| AddedToken {
        id,
        content: content.into(),
        special: true,
        ..AddedToken::default()
    });
    let splits = vec![Split::tiktoken(patterns::GPT2[0])];
    let definition = Definition { vocab, splits, added: added.collect(), ..Definition::default() };
    Arc::new(Tokenizer::build(definition).expect("builds"))
}

/// A SentencePiece model without pieces but for its characters.
fn sentencepiece(suffix: bool) -> Arc<Tokenizer> {
    let mut vocab = Vocab::default();
    for (id, piece) in ["<unk>", "a", "b", "\u{2581}"].iter().enumerate() {
        vocab.insert(id as u32, piece.as_bytes(), 4).expect("fits");
    }
    let mut types = vec![PieceKind::Normal; 4];
    types[0] = PieceKind::Unknown;
    let model = SentencePieceModel { scores: vec![0.0; 4], types, ..SentencePieceModel::default() };
    let normalizer = SentencePieceNormalizer {
        add_dummy_prefix: true,
        escape_whitespaces: true,
        whitespace_as_suffix: suffix,
        ..SentencePieceNormalizer::default()
    };
    let pipeline = Pipeline {
        normalizer: Some(Normalizer::SentencePiece(normalizer)),
        model: Model::SentencePiece(model),
        ..Pipeline::default()
    };
    let definition = Definition { vocab, pipeline, ..Definition::default() };
    Arc::new(Tokenizer::build(definition).expect("builds"))
}

/// Texts of words of chance, some long, some in a row of many.
fn texts(count: usize, words: usize) -> Vec<String> {
    let mut state = 11u64;
    let mut random = move |below: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let marks = [" ", "  ", "\n", ", ", "'s ", "<|end|>", " 12 ", "\u{4e2d}"];
    let mut text = || {
        let mut text = String::new();
        for _ in 0..=random(words) {
            let len = if random(20) == 0 { random(40) + 1 } else { random(5) + 1 };
            text.extend((0..len).map(|_| ['a', 'b', 'c', 'z', '\u{e9}'][random(5)]));
            text.push_str(if random(3) == 0 { marks[random(marks.len())] } else { " " });
        }
        text
    };
    (0..count).map(|_| text()).collect()
}

/// What counting gives, by a map and the scanner alone.
fn naive(texts: &[String], weight: u64) -> WordCounts {
    let scanner = Scanner::Gpt2;
    let mut map = BTreeMap::new();
    for stretch in texts.iter().flat_map(|text| text.split("<|end|>")) {
        for span in scanner.matches(&mut scanner.new_cache(), stretch).expect("matches") {
            *map.entry(stretch[span.start..span.end].to_owned()).or_insert(0u64) += weight;
        }
    }
    map.into_iter().collect()
}

fn as_texts(texts: &[String]) -> Vec<Text<'_>> {
    texts.iter().map(|text| Text::Str(text)).collect()
}

fn counted(texts: &[String], batch: usize, options: &CountOptions) -> Result<WordCounts> {
    let mut counter = Counter::new(gpt2(), options.clone());
    for batch in texts.chunks(batch) {
        counter.add(0, 3, &as_texts(batch), &Watch::none())?;
    }
    counter.finish(1, &Watch::none())
}

/// A directory for one test, removed at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("toksmith-test-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).expect("a directory");
        Self(path)
    }

    fn files(&self) -> usize {
        std::fs::read_dir(&self.0).expect("a directory").count()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn threads_batches_and_budget_are_not_seen_in_the_result() {
    let texts = texts(60, 2000);
    let expected = naive(&texts, 3);
    let directory = Scratch::new();
    for threads in [1, 2, 8] {
        for budget in [Some(1000), Some(100_000), None] {
            for batch in [1, 7, 1000] {
                let options = CountOptions {
                    threads,
                    budget,
                    directory: Some(directory.0.clone()),
                    ..CountOptions::default()
                };
                let found = counted(&texts, batch, &options).expect("counts");
                assert!(found == expected, "{threads} threads, {budget:?} bytes, {batch} a batch");
                assert_eq!(directory.files(), 0);
            }
        }
    }
}

#[test]
fn a_long_text_is_cut_between_threads_where_nothing_changes() {
    let texts = vec![texts(1, 300_000).concat()];
    assert!(texts[0].len() > 1 << 19);
    let expected = naive(&texts, 3);
    let options = CountOptions { threads: 4, ..CountOptions::default() };
    assert!(counted(&texts, 1, &options).expect("counts") == expected);
}

#[test]
fn special_tokens_are_text_where_the_options_say_so() {
    let mut counter =
        Counter::new(gpt2(), CountOptions { allowed: Allowed::None, ..CountOptions::default() });
    counter.add(0, 1, &[Text::Str("a<|end|>b")], &Watch::none()).expect("counts");
    let words = counter.finish(1, &Watch::none()).expect("finishes");
    let found: Vec<&[u8]> = words.iter().map(|(word, _)| word).collect();
    assert_eq!(found, [&b"<|"[..], b"a", b"b", b"end", b"|>"]);
}

#[test]
fn bytes_that_are_not_text_are_words_of_their_own() {
    let mut counter = Counter::new(gpt2(), CountOptions::default());
    counter.add(0, 1, &[Text::Bytes(b"a \xff\xfeb")], &Watch::none()).expect("counts");
    let words = counter.finish(1, &Watch::none()).expect("finishes");
    let found: Vec<&[u8]> = words.iter().map(|(word, _)| word).collect();
    assert_eq!(found, [&b" "[..], b"a", b"b", b"\xfe", b"\xff"]);
    let mut counter = Counter::new(sentencepiece(false), CountOptions::default());
    let failed = counter.add(0, 1, &[Text::Bytes(b"a\xff")], &Watch::none());
    assert!(matches!(failed, Err(Error::Input { why }) if why.contains("at byte 1")));
    assert!(counter.add(0, 1, &[], &Watch::none()).is_err());
}

#[test]
fn pieces_are_cut_at_signs_if_that_is_wanted() {
    let count = |suffix, split_signs| {
        let options = CountOptions { split_signs, ..CountOptions::default() };
        let mut counter = Counter::new(sentencepiece(suffix), options);
        counter.add(0, 1, &[Text::Str("a  b a")], &Watch::none()).expect("counts");
        let words = counter.finish(1, &Watch::none()).expect("finishes");
        let words = words
            .iter()
            .map(|(word, count)| (String::from_utf8_lossy(word).replace('\u{2581}', "_"), count));
        words.collect::<Vec<_>>()
    };
    let own = |words: &[(&str, u64)]| {
        words.iter().map(|&(word, count)| (word.to_owned(), count)).collect::<Vec<_>>()
    };
    assert_eq!(count(false, false), own(&[("_a__b_a", 1)]));
    assert_eq!(count(false, true), own(&[("_", 1), ("_a", 2), ("_b", 1)]));
    assert_eq!(count(true, true), own(&[("a_", 2), ("b_", 1), ("_", 1)]));
}

#[test]
fn counts_beyond_32_bits_are_exact_and_stay_at_the_largest() {
    let mut counter = Counter::new(gpt2(), CountOptions::default());
    let texts = [Text::Str("aa b aa"), Text::Str("aa")];
    counter.add(0, 1 << 40, &texts, &Watch::none()).expect("counts");
    counter.add(1, u64::MAX, &[Text::Str("b")], &Watch::none()).expect("counts");
    counter.add(1, 0, &[Text::Str("never")], &Watch::none()).expect("counts");
    assert_eq!(counter.texts(), [2, 2]);
    let words = counter.finish(1, &Watch::none()).expect("finishes");
    let expected: [(&[u8], u64); 4] =
        [(b" aa", 1 << 40), (b" b", 1 << 40), (b"aa", 1 << 41), (b"b", u64::MAX)];
    assert!(words.iter().eq(expected));
}

#[test]
fn words_that_were_counted_elsewhere_are_added() {
    let words: WordCounts = (0..500).map(|n: u64| (format!("w{n}"), n << 40)).collect();
    for budget in [Some(1000), None] {
        let options = CountOptions { budget, ..CountOptions::default() };
        let mut counter = Counter::new(gpt2(), options);
        counter.add_counts(2, 1 << 16, &words, &Watch::none()).expect("adds");
        counter.add(0, 5, &[Text::Str("w7")], &Watch::none()).expect("counts");
        assert_eq!(counter.texts(), [1, 0, 1]);
        let found = counter.finish(1, &Watch::none()).expect("finishes");
        // The pattern cuts "w7" into "w" and "7".
        assert_eq!((found.count_of(b"w7"), found.count_of(b"w")), (7 << 56, 5));
        assert_eq!((found.count_of(b"w255"), found.count_of(b"w256")), (255 << 56, u64::MAX));
        assert_eq!(found.len(), 501);
    }
}

#[test]
fn rare_words_are_left_out_of_the_table() {
    let texts = texts(20, 500);
    for budget in [Some(1000), None] {
        let options = CountOptions { budget, ..CountOptions::default() };
        let mut counter = Counter::new(gpt2(), options);
        counter.add(0, 1, &as_texts(&texts), &Watch::none()).expect("counts");
        let found = counter.finish(5, &Watch::none()).expect("finishes");
        let all = naive(&texts, 1);
        assert!(found.iter().eq(all.iter().filter(|&(_, count)| count >= 5)));
        assert!(found.len() < all.len());
    }
}

#[test]
fn a_count_that_was_saved_goes_on_to_the_same_result() {
    let texts = texts(40, 500);
    let directory = Scratch::new();
    let path = directory.0.join("counts");
    for (before, after) in [(None, None), (Some(1000), None), (None, Some(1000))] {
        let options = |budget| CountOptions { budget, ..CountOptions::default() };
        let mut counter = Counter::new(gpt2(), options(before));
        counter.add(0, 3, &as_texts(&texts[..13]), &Watch::none()).expect("counts");
        counter.save(&path, &Watch::none()).expect("saves");
        // What is counted after that is lost.
        counter.add(0, 3, &as_texts(&texts[13..20]), &Watch::none()).expect("counts");
        drop(counter);
        let mut counter =
            Counter::load(&path, gpt2(), options(after), &Watch::none()).expect("loads");
        let done = counter.texts()[0] as usize;
        assert_eq!(done, 13);
        counter.add(0, 3, &as_texts(&texts[done..]), &Watch::none()).expect("counts");
        counter.save(&path, &Watch::none()).expect("saves");
        let found = counter.finish(1, &Watch::none()).expect("finishes");
        assert!(found == naive(&texts, 3));
        assert!(WordCounts::load(&path, &Watch::none()).expect("loads") == found);
        assert_eq!(directory.files(), 1);
    }
}

#[test]
fn counts_of_another_tokenizer_are_not_gone_on_with() {
    let directory = Scratch::new();
    let path = directory.0.join("counts");
    let load = |tokenizer| {
        Counter::load(&path, tokenizer, CountOptions::default(), &Watch::none()).map(drop)
    };
    Counter::new(gpt2(), CountOptions::default()).save(&path, &Watch::none()).expect("saves");
    assert!(load(gpt2()).is_ok());
    assert!(matches!(load(sentencepiece(false)), Err(Error::Input { .. })));
    WordCounts::default().save(&path).expect("saves");
    assert!(matches!(load(gpt2()), Err(Error::Input { .. })));
}

#[test]
fn no_change_of_a_file_goes_unnoticed() {
    let directory = Scratch::new();
    let (path, changed) = (directory.0.join("counts"), directory.0.join("changed"));
    let mut counter = Counter::new(gpt2(), CountOptions::default());
    counter.add(0, 1 << 33, &as_texts(&texts(2, 60)), &Watch::none()).expect("counts");
    counter.save(&path, &Watch::none()).expect("saves");
    let bytes = std::fs::read(&path).expect("reads");
    let check = |bytes: &[u8]| {
        std::fs::write(&changed, bytes).expect("writes");
        let table = WordCounts::load(&changed, &Watch::none());
        assert!(matches!(table, Err(Error::Input { .. } | Error::Unsupported { .. })));
        let counter =
            Counter::load(&changed, gpt2(), CountOptions::default(), &Watch::none()).map(drop);
        assert!(matches!(counter, Err(Error::Input { .. } | Error::Unsupported { .. })));
    };
    for at in 0..bytes.len() {
        check(&bytes[..at]);
        for flip in [1, 0xFF] {
            let mut mutant = bytes.clone();
            mutant[at] ^= flip;
            check(&mutant);
        }
    }
    check(&[&bytes[..], b"\0"].concat());
}

#[test]
fn disks_that_fail_raise_errors() {
    let options = CountOptions {
        budget: Some(1000),
        directory: Some(PathBuf::from("/no/such/directory")),
        ..CountOptions::default()
    };
    let failed = counted(&texts(10, 500), 1, &options);
    assert!(matches!(failed, Err(Error::Input { why }) if why.contains("/no/such/directory")));
    let mut counter = Counter::new(gpt2(), CountOptions::default());
    let failed = counter.save(&PathBuf::from("/no/such/directory/counts"), &Watch::none());
    assert!(matches!(failed, Err(Error::Input { .. })));
    // That changes nothing for the counter.
    assert!(counter.add(0, 1, &[Text::Str("a")], &Watch::none()).is_ok());
}

#[test]
fn a_counter_that_was_stopped_does_not_go_on() {
    let stop = |_: u64| true;
    let mut counter = Counter::new(gpt2(), CountOptions::default());
    let watch = Watch::new(&stop, true);
    let stopped = counter.add(0, 1, &[Text::Str("a")], &watch);
    assert_eq!(stopped, Err(Error::Cancelled));
    assert!(matches!(counter.finish(1, &Watch::none()), Err(Error::Input { .. })));
}

#[test]
#[cfg(unix)]
fn runs_have_no_names() {
    let directory = Scratch::new();
    let options = CountOptions {
        budget: Some(0),
        directory: Some(directory.0.clone()),
        ..CountOptions::default()
    };
    let texts = texts(40, 200);
    let mut counter = Counter::new(gpt2(), options);
    for batch in texts.chunks(7) {
        counter.add(0, 3, &as_texts(batch), &Watch::none()).expect("counts");
        assert_eq!(directory.files(), 0);
    }
    assert_eq!(counter.finish(1, &Watch::none()).expect("counts"), naive(&texts, 3));
}

#[test]
fn lines_are_counted_where_pre_tokens_are_joined() {
    let joining = Definition { joins: Some(Vec::new()), ..gpt2().definition() };
    let tokenizer = Arc::new(Tokenizer::build(joining).expect("builds"));
    let long = "word".repeat(100);
    let texts =
        ["one two\n\nthree", "one two\n\n", "a<|end|>b", "one\r two", &long].map(String::from);
    let mut counter = Counter::new(tokenizer, CountOptions::default());
    counter.add(0, 2, &as_texts(&texts), &Watch::none()).expect("counts");
    counter.add(0, 2, &[Text::Bytes(b"x\xFFy")], &Watch::none()).expect("counts");
    let counted = counter.finish(1, &Watch::none()).expect("counts");
    let lines = units(&counted).expect("lines");
    let mut found: Vec<(Vec<&[u8]>, u64)> =
        (0..lines.len()).map(|line| (lines.pieces(line).collect(), lines.count(line))).collect();
    found.sort();
    let mut expected: Vec<(Vec<&[u8]>, u64)> = vec![
        (vec![b"one", b" two", b"\n"], 2),
        (vec![b"\n"], 2),
        (vec![b"one", b" two", b"\n\n"], 2),
        (vec![b"three"], 2),
        (vec![b"a"], 2),
        (vec![b"b"], 2),
        (vec![b"one", b"\r"], 2),
        (vec![b" two"], 2),
        (vec![long.as_bytes()], 2),
        (vec![b"x"], 2),
        (vec![b"\xFF"], 2),
        (vec![b"y"], 2),
    ];
    expected.sort();
    assert_eq!(found, expected);
    let words: WordCounts = [("\u{5}ab".to_owned(), 1)].into_iter().collect();
    assert!(matches!(units(&words), Err(Error::Input { .. })));
}

//! Ids made word by word from raw text equal those of the pipeline on the whole text.
//!
//! A call that asks for positions always runs the whole pipeline, so it is the oracle here; what
//! it gives is compared with tokenizers elsewhere. Text is made of what pipelines treat in ways
//! of their own: white space of all kinds, signs, marks, joiners, letters that change.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed set-up shall fail the test")]

use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::LazyLock;
use toksmith_core::Tokenizer;
use toksmith_core::encode::added::Allowed;
use toksmith_core::formats::{self, Options};
use toksmith_core::tokenizer::Text;
use toksmith_core::watch::Watch;

/// What texts are made of.
const PARTS: &[&str] = &[
    "a",
    "b",
    "ab",
    "ba",
    "A",
    "B",
    "é",
    "e\u{301}",
    "\u{301}",
    "\u{327}",
    "日",
    "本",
    "ж",
    "Ж",
    "ﬁ",
    "¨",
    "Å",
    "ß",
    "İ",
    "Σ",
    " ",
    " ",
    " ",
    "  ",
    "   ",
    "\t",
    "\n",
    "\r",
    "\r\n",
    "\u{b}",
    "\u{c}",
    "\u{1}",
    "\u{a0}",
    "\u{3000}",
    "\u{2028}",
    "\u{200b}",
    "\u{200d}",
    "\u{ad}",
    "▁",
    "▁▁",
    ",",
    ".",
    "!",
    "\"",
    "`",
    "``",
    "«",
    "。",
    "、",
    "\u{600}",
    "\u{0d4e}",
    "\u{e33}",
    "ก",
    "한",
    "ᄒ",
    "ᅡ",
    "👩\u{200d}👩",
    "🇩",
    "क",
    "्",
    "ि",
    "1",
    "2",
    "x",
    "xx",
    "\u{0}",
    "\u{fffd}",
];

fn tokenizer(normalizer: &Value, pre_tokenizer: &Value, model: &Value) -> Tokenizer {
    let file = json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
        "normalizer": normalizer, "pre_tokenizer": pre_tokenizer, "post_processor": null,
        "decoder": null, "model": model,
    });
    let bytes = serde_json::to_vec(&file).unwrap();
    Tokenizer::build(formats::load(&bytes, &Options::default()).unwrap()).unwrap()
}

/// A BPE that shows where pieces end: a suffix is spelled behind each.
fn bpe(merges: &[[&str; 2]], suffix: Option<&str>) -> Value {
    let mut vocab: Vec<String> = (0..=255).map(|byte| format!("<0x{byte:02X}>")).collect();
    vocab.extend(["▁", "a", "b", "e", "1", "x", ",", "."].map(String::from));
    for [left, right] in merges {
        vocab.push(format!("{left}{right}"));
    }
    let vocab: serde_json::Map<_, _> =
        vocab.into_iter().enumerate().map(|(id, token)| (token, id.into())).collect();
    json!({
        "type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
        "end_of_word_suffix": suffix, "fuse_unk": true, "byte_fallback": true,
        "ignore_merges": false, "vocab": vocab, "merges": merges,
    })
}

/// Scores are such that equal sums are not rare.
fn unigram(byte_fallback: bool) -> Value {
    let mut vocab: Vec<(String, f64)> = vec![("<unk>".into(), 0.0)];
    for (token, score) in [
        ("▁", -2.0),
        ("a", -3.0),
        ("b", -3.0),
        ("ab", -6.0),
        ("ba", -5.5),
        ("▁a", -5.0),
        ("▁ab", -7.25),
        ("aba", -8.5),
        ("é", -4.0),
        ("日", -4.0),
        ("日本", -6.0),
        (",", -2.5),
        (".", -2.5),
        (",.", -5.0),
        ("x", -3.0),
        ("xx", -6.0),
        ("1", -3.0),
        ("12", -6.5),
        ("▁▁", -3.5),
        ("क", -3.0),
        ("ж", -3.0),
        ("жж", -4.0),
    ] {
        vocab.push((token.into(), score));
    }
    if byte_fallback {
        vocab.extend((0..=255).map(|byte| (format!("<0x{byte:02X}>"), -9.0)));
    }
    json!({"type": "Unigram", "unk_id": 0, "byte_fallback": byte_fallback, "vocab": vocab})
}

fn metaspace(scheme: &str, split: bool) -> Value {
    json!({"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": split})
}

fn replace(pattern: Value, content: &str) -> Value {
    json!({"type": "Replace", "pattern": pattern, "content": content})
}

fn sequence(key: &str, parts: &[Value]) -> Value {
    json!({"type": "Sequence", key: parts})
}

/// Pipelines of all kinds that are cut into raw words, and some that nearly are.
static PIPELINES: LazyLock<Vec<(String, Tokenizer)>> = LazyLock::new(|| {
    let normalizers = [
        Value::Null,
        json!({"type": "NFC"}),
        json!({"type": "NFKC"}),
        json!({"type": "NFD"}),
        json!({"type": "Nmt"}),
        sequence(
            "normalizers",
            &[
                json!({"type": "NFKD"}),
                json!({"type": "StripAccents"}),
                json!({"type": "Lowercase"}),
            ],
        ),
        sequence(
            "normalizers",
            &[json!({"type": "Prepend", "prepend": "▁"}), replace(json!({"String": " "}), "▁")],
        ),
        replace(json!({"String": " "}), "▁"),
        sequence(
            "normalizers",
            &[
                json!({"type": "Nmt"}),
                json!({"type": "NFKC"}),
                json!({"type": "Strip", "strip_left": false, "strip_right": true}),
                replace(json!({"Regex": " {2,}"}), "▁"),
            ],
        ),
        sequence(
            "normalizers",
            &[
                replace(json!({"String": "``"}), "\""),
                json!({"type": "Nmt"}),
                replace(json!({"Regex": " {2,}"}), " "),
                json!({"type": "Strip", "strip_left": true, "strip_right": true}),
            ],
        ),
        sequence("normalizers", &[replace(json!({"String": "x"}), " ")]),
        sequence("normalizers", &[replace(json!({"String": "x"}), "")]),
        sequence(
            "normalizers",
            &[replace(json!({"String": "b"}), "▁"), replace(json!({"Regex": " {2,}"}), "▁")],
        ),
        json!({"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
            "strip_accents": null, "lowercase": true}),
        json!({"type": "BertNormalizer", "clean_text": false, "handle_chinese_chars": true,
            "strip_accents": true, "lowercase": false}),
        json!({"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": false,
            "strip_accents": false, "lowercase": true}),
    ];
    let cuts = [
        Value::Null,
        json!({"type": "BertPreTokenizer"}),
        json!({"type": "Whitespace"}),
        json!({"type": "WhitespaceSplit"}),
        metaspace("always", true),
        metaspace("first", true),
        metaspace("never", true),
        metaspace("always", false),
        sequence("pretokenizers", &[json!({"type": "WhitespaceSplit"}), metaspace("always", true)]),
        sequence("pretokenizers", &[json!({"type": "WhitespaceSplit"}), metaspace("first", true)]),
        sequence(
            "pretokenizers",
            &[metaspace("always", true), json!({"type": "Digits", "individual_digits": true})],
        ),
    ];
    let plain =
        [["▁", "▁"], ["▁", "a"], ["a", "b"], ["▁a", "b"], ["x", "x"], [",", "."], ["▁▁", "▁"]];
    let models = [
        ("pieces", bpe(&[["a", "b"]], Some("</w>"))),
        ("bpe", bpe(&plain, None)),
        ("across", bpe(&[["a", "▁"], ["▁", "b"]], None)),
        ("unigram", unigram(false)),
        ("bytes", unigram(true)),
    ];
    let mut pipelines = Vec::new();
    for (n, normalizer) in normalizers.iter().enumerate() {
        for (c, cut) in cuts.iter().enumerate() {
            for (name, model) in &models {
                let built = tokenizer(normalizer, cut, model);
                pipelines.push((format!("normalizer {n}, cuts {c}, {name}"), built));
            }
        }
    }
    pipelines
});

fn check(name: &str, tokenizer: &Tokenizer, text: &str) {
    let watch = Watch::none();
    let text = Text::Str(text);
    let whole = tokenizer.encode_with_spans(text, &Allowed::None, &watch).map(|found| found.ids);
    // Twice: the second time words are in the cache.
    for _ in 0..2 {
        let words = tokenizer.encode_text(text, &Allowed::None, &watch);
        match (&words, &whole) {
            (Ok(words), Ok(whole)) => assert_eq!(words, whole, "{name}: {text:?}"),
            (Err(_), Err(_)) => {}
            _ => panic!("{name}: {text:?}: {words:?}, but {whole:?}"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn words_of_any_text_have_the_ids_of_the_text(
        parts in prop::collection::vec(prop::sample::select(PARTS), 0..40),
    ) {
        let text = parts.concat();
        for (name, tokenizer) in PIPELINES.iter() {
            check(name, tokenizer, &text);
        }
    }

    #[test]
    fn so_have_words_of_long_texts(
        parts in prop::collection::vec(prop::sample::select(&PARTS[..26]), 100..300),
        number in 0..10_000_usize,
    ) {
        let (name, tokenizer) = &PIPELINES[number % PIPELINES.len()];
        check(name, tokenizer, &parts.concat());
    }
}

#[test]
fn every_character_beside_every_kind_of_neighbour() {
    let chosen: Vec<_> = PIPELINES
        .iter()
        .filter(|(name, _)| name.ends_with("pieces") || name.ends_with("bytes"))
        .filter(|(name, _)| {
            [
                "normalizer 0, cuts 8",
                "normalizer 5, cuts 4",
                "normalizer 13, cuts 1",
                "normalizer 14, cuts 1",
                "normalizer 15, cuts 1",
                "normalizer 2, cuts 4",
            ]
            .iter()
            .any(|wanted| name.starts_with(&format!("{wanted},")))
        })
        .collect();
    assert_eq!(chosen.len(), 12);
    let all: Vec<char> = ('\0'..='\u{1_FFFF}').chain('\u{E_0000}'..='\u{E_01FF}').collect();
    for (n, chars) in all.chunks(64).enumerate() {
        let (name, tokenizer) = chosen[n % chosen.len()];
        let around = |c: &char| format!("a{c}b{c}\u{301}, {c} {c}a\u{301}{c}.日{c}日 \n{c}{c}");
        check(name, tokenizer, &chars.iter().map(around).collect::<String>());
    }
}

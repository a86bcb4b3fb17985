//! The cuts of published tokenizers are those that fancy-regex makes, in linear time.
//!
//! How each stage cuts and rewrites is tested beside it, in `src/encode/pretokenize/stages/tests/`.

#![allow(clippy::expect_used, clippy::panic, reason = "in a test, that is how to fail")]

use toksmith_core::encode::pretokenize::split::split_pieces;
use toksmith_core::encode::pretokenize::stages::{Stages, on_raw_text};
use toksmith_core::encode::pretokenize::{Dialect, patterns};
use toksmith_core::formats::pipeline::PreTokenizer;
use toksmith_core::formats::{Split, SplitBehaviour};
use toksmith_core::token::Span;

/// A tokenizer's stages, and the same as patterns with the behaviour of each.
struct Published {
    name: &'static str,
    stages: Vec<PreTokenizer>,
    patterns: Vec<(&'static str, SplitBehaviour)>,
}

const BYTE_LEVEL: PreTokenizer =
    PreTokenizer::ByteLevel { add_prefix_space: false, trim_offsets: true, use_regex: true };
const LETTERS_ALONE: PreTokenizer =
    PreTokenizer::ByteLevel { add_prefix_space: false, trim_offsets: true, use_regex: false };

/// Each pattern isolated, then the byte alphabet.
fn by_patterns(name: &'static str, all: &[&'static str]) -> Published {
    let split = |pattern: &&str| {
        PreTokenizer::Split(Split {
            pattern: (*pattern).to_owned(),
            dialect: Dialect::Oniguruma,
            behaviour: SplitBehaviour::Isolated,
            invert: false,
        })
    };
    let mut stages: Vec<PreTokenizer> = all.iter().map(split).collect();
    stages.push(LETTERS_ALONE);
    let patterns = all.iter().map(|&pattern| (pattern, SplitBehaviour::Isolated)).collect();
    Published { name, stages, patterns }
}

/// As `tokenizer.json` has it; Kimi's is a rank file's pattern.
fn published() -> Vec<Published> {
    use SplitBehaviour::{Contiguous, Isolated};
    // Numbers of Unicode 17, as `Digits` has them.
    let number = r"[\p{N}\x{11DE0}-\x{11DE9}\x{16FF4}-\x{16FF6}]";
    // Punctuation of Unicode 8 and ASCII, as `Punctuation` has it.
    let punctuation = r"[[\p{P}&&\p{age=8.0}]\x{166D}\x{111C9}!-/:-@\[-`{-~]";
    let digits_then_gpt2 = |name| Published {
        name,
        stages: vec![PreTokenizer::Digits { individual: true }, BYTE_LEVEL],
        patterns: vec![(number, Isolated), (patterns::GPT2[1], Isolated)],
    };
    vec![
        by_patterns("DeepSeek V3", &patterns::DEEPSEEK_V3),
        by_patterns("Qwen 3.5", &[patterns::QWEN35]),
        by_patterns("Kimi K2", &[patterns::KIMI_K2]),
        by_patterns("GLM-4", &[patterns::LLAMA3[0]]),
        by_patterns("OLMo 2", &[patterns::LLAMA3[0]]),
        Published {
            name: "OLMo",
            stages: vec![BYTE_LEVEL],
            patterns: vec![(patterns::GPT2[1], Isolated)],
        },
        digits_then_gpt2("StarCoder"),
        digits_then_gpt2("Command-R"),
        Published {
            // Its digits are cut after this, among letters of the byte alphabet.
            name: "Falcon, as far as raw text goes",
            stages: vec![PreTokenizer::Punctuation(Contiguous), BYTE_LEVEL],
            patterns: vec![(punctuation, Contiguous), (patterns::GPT2[1], Isolated)],
        },
    ]
}

impl Published {
    fn compiled(&self) -> Stages {
        let raw = on_raw_text(&self.stages).expect(self.name);
        let stages = Stages::new(&raw).expect(self.name);
        assert!(stages.only_cuts());
        stages
    }
}

fn pieces(stages: &Stages, text: &str) -> Vec<Span> {
    let mut pieces = Vec::new();
    let mut caches = Vec::new();
    let each = |piece| {
        pieces.push(piece);
        Ok(())
    };
    stages.cut(text, &mut caches, each).expect("cut");
    pieces
}

/// The same by fancy-regex, one pattern after the other.
fn oracle(patterns: &[(fancy_regex::Regex, SplitBehaviour)], text: &str) -> Vec<Span> {
    let mut pieces = vec![Span { start: 0, end: text.len() }];
    for (regex, behaviour) in patterns {
        let mut cut = Vec::new();
        for piece in pieces {
            let inside = &text[piece.start..piece.end];
            let matches: Vec<Span> = regex
                .find_iter(inside)
                .map(|m| m.expect("the oracle gives up"))
                .map(|m| Span { start: m.start(), end: m.end() })
                .collect();
            for span in split_pieces(inside.len(), &matches, *behaviour, false) {
                let (start, end) = (piece.start + span.start, piece.start + span.end);
                cut.push(Span { start, end });
            }
        }
        pieces = cut;
    }
    pieces
}

/// Splitmix64: small, seeded, the same everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % n as u64) as usize
    }
}

/// CJK, digits, runs of white space, contractions, marks, and what looks like them.
const ALPHABET: &[&str] = &[
    "a",
    "b",
    "s",
    "S",
    "A",
    "Zz",
    "'s",
    "'ll",
    "'RE",
    "'",
    "’",
    " ",
    " ",
    "  ",
    "\t",
    "\n",
    "\r",
    "\r\n",
    "\n\n",
    "\u{a0}",
    "\u{3000}",
    "\u{85}",
    "1",
    "23",
    "456",
    "٣",
    "²",
    "½",
    "Ⅷ",
    ".",
    "!?",
    "/",
    "(",
    "|",
    "_",
    "$",
    "+",
    "«",
    "中",
    "国文",
    "龥",
    "龦",
    "㐀",
    "𠀀",
    "々",
    "〇",
    "あ",
    "ア",
    "ー",
    "゠",
    "\u{309a}",
    "한국",
    "\u{1100}\u{1161}",
    "é",
    "ſ",
    "'ſ",
    "İ",
    "Ж",
    "ж",
    "ǅ",
    "ʰ",
    "ا",
    "क\u{93f}",
    "\u{301}",
    "e\u{301}",
    "\u{20dd}",
    "\u{200d}",
    "👨\u{200d}👩",
    "😀",
    "\0",
    "\u{feff}",
    "\u{378}",
    "\u{e000}",
    "\u{166d}",
    "\u{2e43}",
];

#[test]
fn published_tokenizers_cut_generated_text_as_fancy_regex_does() {
    for published in published() {
        let stages = published.compiled();
        let compile = |&(pattern, behaviour): &(&str, SplitBehaviour)| {
            (fancy_regex::Regex::new(pattern).expect(pattern), behaviour)
        };
        let regexes: Vec<_> = published.patterns.iter().map(compile).collect();
        let mut random = Random(11);
        for _ in 0..5_000 {
            let few: Vec<&str> =
                (0..2 + random.below(6)).map(|_| ALPHABET[random.below(ALPHABET.len())]).collect();
            let alphabet = if random.below(2) == 0 { ALPHABET } else { &few };
            let text: String =
                (0..random.below(16)).map(|_| alphabet[random.below(alphabet.len())]).collect();
            let (got, want) = (pieces(&stages, &text), oracle(&regexes, &text));
            assert_eq!(got, want, "{text:?} by {}", published.name);
        }
    }
}

#[test]
fn published_tokenizers_cut_a_megabyte_of_one_kind() {
    for published in published() {
        let stages = published.compiled();
        for run in [
            "a", " ", "\n", " \n", "1", ".", "中", "あ中", "\u{301}", "a\u{301}", "'s", "\t\n ",
            "A",
        ] {
            let text = run.repeat((1 << 20) / run.len());
            let pieces = pieces(&stages, &text);
            let mut end = 0;
            for piece in pieces {
                assert_eq!(piece.start, end, "{run:?} by {}", published.name);
                end = piece.end;
            }
            assert_eq!(end, text.len());
        }
    }
}

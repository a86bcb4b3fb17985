//! The scanners cut every text as fancy-regex does with the pattern they stand for.

#![allow(clippy::expect_used, clippy::panic, reason = "in a test, that is how to fail")]

use toksmith_core::encode::pretokenize::classes::{self, class_of};
use toksmith_core::encode::pretokenize::split::split_pieces;
use toksmith_core::encode::pretokenize::{Dialect, Scanner, cl100k, gpt2, o200k, patterns};
use toksmith_core::formats::SplitBehaviour;
use toksmith_core::token::Span;

type NextEnd = fn(&[u8], usize) -> usize;

/// Every scanner with the spellings of its pattern.
const SCANNERS: [(NextEnd, &[&str]); 5] = [
    (gpt2::next_end, &patterns::GPT2),
    (cl100k::cl100k, &patterns::CL100K),
    (cl100k::llama3, &patterns::LLAMA3),
    (cl100k::qwen2, &patterns::QWEN2),
    (o200k::next_end, &patterns::O200K),
];

/// Characters of every class, and those that only look like one.
const ALPHABET: &[&str] = &[
    "a",
    "b",
    "s",
    "t",
    "l",
    "v",
    "e",
    "r",
    "m",
    "d",
    "S",
    "T",
    "L",
    "V",
    "E",
    "R",
    "M",
    "D",
    "A",
    "'",
    "'",
    "'",
    "’",
    " ",
    " ",
    " ",
    "\t",
    "\n",
    "\r",
    "\u{a0}",
    "\u{2028}",
    "\u{85}",
    "\u{3000}",
    "\u{b}",
    "1",
    "2",
    "³",
    "Ⅷ",
    "٣",
    "½",
    ".",
    "!",
    "/",
    "/",
    "-",
    "<",
    "_",
    "ſ",
    "\u{212a}",
    "İ",
    "ı",
    "ß",
    "é",
    "É",
    "Ж",
    "ж",
    "ǅ",
    "ʰ",
    "あ",
    "中",
    "ا",
    "क",
    "\u{301}",
    "\u{301}",
    "\u{93f}",
    "\u{20dd}",
    "😀",
    "👨\u{200d}👩",
    "\u{feff}",
    "\0",
    "\u{378}",
    "\u{e000}",
    "𝐀",
    "𝐚",
    "𐐀",
    "𠀀",
    "\u{1d165}",
];

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

/// Compares a scanner with fancy-regex, pre-token by pre-token.
fn check(next_end: NextEnd, oracle: &fancy_regex::Regex, text: &str) {
    let mut pos = 0;
    for want in oracle.find_iter(text) {
        let want = want.expect("the oracle gives up");
        let got = (pos, next_end(text.as_bytes(), pos));
        let rest: String = text[pos..].chars().take(20).collect();
        assert_eq!(got, (want.start(), want.end()), "{rest:?} by {}", oracle.as_str());
        pos = want.end();
    }
    assert_eq!(pos, text.len());
}

/// Runs `test` on every scanner with every spelling, and the number of the spelling.
fn each_spelling(test: impl Fn(NextEnd, &fancy_regex::Regex, usize)) {
    for (next_end, spellings) in SCANNERS {
        for (number, spelling) in spellings.iter().enumerate() {
            let oracle = fancy_regex::Regex::new(spelling).expect(spelling);
            test(next_end, &oracle, number);
        }
    }
}

#[test]
fn the_class_table_equals_regex_syntax() {
    let classes = [
        (r"[\p{Lu}\p{Lt}]", classes::UPPER),
        (r"\p{Ll}", classes::LOWER),
        (r"[\p{Lm}\p{Lo}]", classes::OTHER),
        (r"\p{M}", classes::MARK),
        (r"\p{N}", classes::NUMBER),
        (r"\s", classes::SPACE),
        (r"[\r\n]", classes::NEWLINE),
        (r"[^\s\p{L}\p{N}\p{M}]", classes::SYMBOL),
        (r"\p{L}", classes::LETTER),
        (r"[^\s\p{L}\p{N}]", classes::PUNCTUATION),
    ];
    for (pattern, flag) in classes {
        let hir = regex_syntax::parse(pattern).expect(pattern);
        let regex_syntax::hir::HirKind::Class(regex_syntax::hir::Class::Unicode(members)) =
            hir.kind()
        else {
            panic!("{pattern} is no class");
        };
        let mut ranges = members.iter().peekable();
        for c in '\0'..=char::MAX {
            while ranges.next_if(|range| range.end() < c).is_some() {}
            let member = ranges.peek().is_some_and(|range| range.start() <= c);
            assert_eq!(class_of(c as u32) & flag != 0, member, "{c:?} in {pattern}");
        }
    }
}

#[test]
fn the_class_table_names_its_unicode_version() {
    let known = |major, minor| regex_syntax::parse(&format!(r"\p{{age={major}.{minor}}}")).is_ok();
    let (major, minor) = classes::UNICODE_VERSION;
    assert!(known(major, minor) && !known(major, minor + 1) && !known(major + 1, 0));
}

#[test]
fn decoding_finds_the_class_and_length_of_every_scalar_value() {
    for c in '\0'..=char::MAX {
        let mut buffer = [0; 4];
        let text = c.encode_utf8(&mut buffer).as_bytes();
        assert_eq!(classes::decode_class(text, 0), (class_of(c as u32), text.len()), "{c:?}");
    }
}

#[test]
fn every_scalar_value_is_cut_alike_in_every_context() {
    for (next_end, spellings) in SCANNERS {
        let oracle = fancy_regex::Regex::new(spellings[0]).expect(spellings[0]);
        for (before, after) in
            [("", ""), ("a", ""), (" ", ""), ("", "a"), ("'", ""), ("A", "b'"), ("", "s 1")]
        {
            let texts = ('\0'..=char::MAX).map(|c| format!("{before}{c}{after}"));
            check(next_end, &oracle, &texts.collect::<String>());
        }
        for c in '\0'..=char::MAX {
            let mut buffer = [0; 4];
            let text = c.encode_utf8(&mut buffer).as_bytes();
            assert_eq!(next_end(text, 0), text.len(), "{c:?} alone");
        }
    }
}

#[test]
fn random_strings_are_cut_alike() {
    each_spelling(|next_end, oracle, number| {
        let mut random = Random(1);
        for _ in 0..if number == 0 { 100_000 } else { 10_000 } {
            // Half of the strings have few different characters, so that runs are long.
            let few: Vec<&str> =
                (0..2 + random.below(6)).map(|_| ALPHABET[random.below(ALPHABET.len())]).collect();
            let alphabet = if random.below(2) == 0 { ALPHABET } else { &few };
            let length = 1 + random.below(14);
            let text: String =
                (0..length).map(|_| alphabet[random.below(alphabet.len())]).collect();
            check(next_end, oracle, &text);
        }
    });
}

#[test]
fn all_short_strings_are_cut_alike() {
    for alphabet in [["a", "A", "'", " ", "\n", "."], ["s", "中", "\u{301}", " ", "1", "/"]] {
        each_spelling(|next_end, oracle, number| {
            let longest = if number == 0 { 6 } else { 4 };
            for length in 1..=longest {
                for index in 0..alphabet.len().pow(length) {
                    let digit = |place| index / alphabet.len().pow(place) % alphabet.len();
                    let text: String = (0..length).map(|place| alphabet[digit(place)]).collect();
                    check(next_end, oracle, &text);
                }
            }
        });
    }
}

/// Strings whose repetition is hard on a matcher that backtracks or looks ahead.
const RUNS: &[&str] = &[
    "a", "A", "Aa", "aA", "中", "中A", "\u{301}", "\u{301}A", "A\u{301}", "a'", "'s", "'", " ",
    "\n", " \n", "\n ", "\t", "\u{a0}", "1", "٣", ".", "./", "/\n", " .", " a", "ſ", "'ſ", "😀",
];

#[test]
fn long_runs_are_cut_alike() {
    each_spelling(|next_end, oracle, _| {
        for run in RUNS {
            for tail in ["", "a", "A", " ", "\n", ".", "1", "'s"] {
                check(next_end, oracle, &(run.repeat(500) + tail));
            }
        }
    });
}

#[test]
fn a_run_of_four_megabytes_is_no_trouble() {
    for (next_end, _) in SCANNERS {
        for run in RUNS {
            let text = run.repeat((4 << 20) / run.len()) + "A";
            let mut pos = 0;
            while pos < text.len() {
                let end = next_end(text.as_bytes(), pos);
                assert!(end > pos && text.is_char_boundary(end));
                pos = end;
            }
            assert_eq!(pos, text.len());
        }
    }
}

#[test]
fn bytes_that_are_not_utf8_do_no_harm() {
    let mut random = Random(3);
    for _ in 0..100_000 {
        let bytes: Vec<u8> = (0..=random.below(6)).map(|_| random.below(256) as u8).collect();
        for (next_end, _) in SCANNERS {
            assert!((1..=bytes.len()).contains(&next_end(&bytes, 0)), "{bytes:?}");
        }
    }
}

#[test]
fn the_text_of_a_pattern_selects_its_scanner() {
    let name = |pattern, dialect| match Scanner::from_pattern(pattern, dialect).expect(pattern) {
        Scanner::Gpt2 => "gpt2",
        Scanner::Cl100k => "cl100k",
        Scanner::Llama3 => "llama3",
        Scanner::Qwen2 => "qwen2",
        Scanner::O200k => "o200k",
        Scanner::General(_) => "general",
    };
    for (_, spellings) in SCANNERS {
        for spelling in spellings {
            assert_ne!(name(spelling, Dialect::FancyRegex), "general");
        }
    }
    assert_eq!(name(patterns::GPT2[1], Dialect::Oniguruma), "gpt2");
    assert_eq!(name(patterns::LLAMA3[0], Dialect::Oniguruma), "llama3");
    assert_eq!(name(patterns::QWEN2[0], Dialect::Oniguruma), "qwen2");
    assert_eq!(name(patterns::O200K[0], Dialect::Oniguruma), "o200k");
    // `\p{N}{1,3}+` is possessive to fancy-regex and repeated to Oniguruma.
    assert_eq!(name(patterns::CL100K[0], Dialect::FancyRegex), "cl100k");
    assert_eq!(name(patterns::CL100K[0], Dialect::Oniguruma), "general");
    assert_eq!(name(r"\w+", Dialect::FancyRegex), "general");
}

/// What tokenizers 0.23.3 gives for `Split(Regex("a"), …)` on `abaacda`.
#[test]
fn pieces_are_those_of_tokenizers() {
    use SplitBehaviour::{Contiguous, Isolated, MergedWithNext, MergedWithPrevious, Removed};
    let matches = [(0, 1), (2, 3), (3, 4), (6, 7)].map(|(start, end)| Span { start, end });
    for (behaviour, invert, want) in [
        (Isolated, false, "a b a a cd a"),
        (Isolated, true, "a b a a cd a"),
        (Removed, false, "b cd"),
        (Removed, true, "a a a a"),
        (MergedWithPrevious, false, "a ba a cda"),
        (MergedWithPrevious, true, "ab a acd a"),
        (MergedWithNext, false, "ab a acd a"),
        (MergedWithNext, true, "a ba a cda"),
        (Contiguous, false, "a b aa cd a"),
        (Contiguous, true, "a b aa cd a"),
    ] {
        let pieces = split_pieces(7, &matches, behaviour, invert);
        let pieces: Vec<&str> = pieces.iter().map(|p| &"abaacda"[p.start..p.end]).collect();
        assert_eq!(pieces.join(" "), want, "{behaviour:?} {invert}");
    }
}

#[test]
fn an_empty_match_cuts_and_gives_no_piece() {
    let matches = [Span { start: 0, end: 0 }, Span { start: 2, end: 2 }, Span { start: 3, end: 3 }];
    let pieces = split_pieces(3, &matches, SplitBehaviour::Isolated, false);
    assert_eq!(pieces, [Span { start: 0, end: 2 }, Span { start: 2, end: 3 }]);
}

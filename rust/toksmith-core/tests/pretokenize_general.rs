//! A general pattern matches what fancy-regex matches, and never hangs.

#![allow(clippy::expect_used, clippy::panic, reason = "in a test, that is how to fail")]

use toksmith_core::ErrorKind;
use toksmith_core::encode::pretokenize::{Dialect, General, patterns};

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

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }

    fn text(&mut self, alphabet: &[&str], longest: usize) -> String {
        (0..=self.below(longest)).map(|_| self.pick(alphabet)).collect()
    }
}

/// Both matchers, made from the same pattern.
struct Pair {
    general: General,
    oracle: fancy_regex::Regex,
}

impl Pair {
    fn new(pattern: &str) -> Self {
        Self {
            general: General::new(pattern, Dialect::FancyRegex).expect(pattern),
            oracle: fancy_regex::Regex::new(pattern).expect(pattern),
        }
    }

    fn check(&self, text: &str) {
        let mut cache = self.general.new_cache();
        let got = self.general.matches(&mut cache, text).map(|span| {
            let span = span.expect(text);
            (span.start, span.end)
        });
        let want = self.oracle.find_iter(text).map(|m| {
            let m = m.expect(text);
            (m.start(), m.end())
        });
        let (got, want): (Vec<_>, Vec<_>) = (got.collect(), want.collect());
        assert_eq!(got, want, "{} on {text:?}", self.oracle.as_str());
    }
}

const ALPHABET: &[&str] = &[
    "a", "b", "s", "l", "S", "L", "Ж", "ж", "ſ", "'", "'", " ", " ", "\t", "\n", "\r", "\u{a0}",
    "1", "2", "٣", ".", "!", "/", "_", "あ", "中", "\u{301}", "😀", "(", "|",
];

/// Patterns of published tokenizers, or close to them, and whether an automaton can run them.
const PUBLISHED: &[(&str, bool)] = &[
    // Mistral's tekken
    (
        concat!(
            r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+",
            r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*",
            r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
        ),
        true,
    ),
    // DeepSeek
    (r"\p{N}{1,3}", true),
    (r"[一-龥぀-ゟ゠-ヿ]+", true),
    (
        concat!(
            r##"[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"##,
            r"| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
        ),
        true,
    ),
    // BLOOM
    (r" ?[^(\s|[.,!?…。，、।۔،])]+", true),
    // Kimi K2
    (
        concat!(
            r"[\p{Han}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*",
            r"[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
            r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
        ),
        true,
    ),
    // Digits from the right, in threes
    (r"\p{N}{1,3}(?=(?:\p{N}{3})*(?:\P{N}|$))", false),
    (r"(?=(\d{3})+(?!\d))", false),
    // Look-ahead at a start, at an end, possessive runs
    (r"(?!\d)\w+|\d|(?=[ab])\w|.(?!\n)|\s+$|.", true),
    (r" ?\p{L}++(?='s)| ?\p{L}+|.", false),
    (r"\s+(?=\S)|\s++$|(?:(?>a+)b|\S)", true),
    (r"(?<=\d)\p{L}+|\s+\b|\w{2,3}?|\s", false),
    (r"\b\w+\b|[^\w]", true),
    (r"(.)\1+|.", false),
    (r"\R|[^\r\n]+", true),
    (r"\p{L}*|\s", true),
    (r"^\w+|\w$|(?m:^.|.$)", true),
    (r"(?:(?!\d\d)\S)+|\d+|\s+\Z", false),
];

#[test]
fn published_patterns_match_as_in_fancy_regex() {
    for &(pattern, regular) in PUBLISHED {
        let pair = Pair::new(pattern);
        assert_eq!(pair.general.is_regular(), regular, "{pattern}");
        let mut random = Random(7);
        for _ in 0..5_000 {
            pair.check(&random.text(ALPHABET, 20));
        }
    }
}

#[test]
fn patterns_with_a_scanner_match_as_in_fancy_regex_on_the_automaton_too() {
    let all = patterns::GPT2.iter().chain(&patterns::CL100K).chain(&patterns::LLAMA3);
    for pattern in all.chain(&patterns::QWEN2).chain(&patterns::O200K) {
        let pair = Pair::new(pattern);
        assert!(pair.general.is_regular(), "{pattern}");
        let mut random = Random(8);
        for _ in 0..5_000 {
            pair.check(&random.text(ALPHABET, 20));
        }
    }
}

/// A random pattern with everything the backtracking matcher knows.
///
/// Lazy repetitions that may match nothing are left out: around them, fancy-regex's own
/// optimisations decide what a loop matches.
fn random_pattern(random: &mut Random, depth: usize) -> String {
    const CLASSES: &[&str] =
        &["a", "b", "[ab]", "[^a]", r"\w", r"\s", r"\S", ".", r"\d", "ab", "(?i:s)", "[^ab]"];
    const LOOKS: &[&str] = &["^", "$", r"\b", r"\B", "(?m:^)", "(?m:$)", r"\z", r"\A"];
    const COUNTS: &[&str] = &["?", "*", "+", "{2}", "{1,2}", "{0,2}", "{2,}"];
    if depth == 0 {
        return random.pick(CLASSES).to_string();
    }
    let one = random_pattern(random, depth - 1);
    match random.below(14) {
        0..=3 => random.pick(CLASSES).to_string(),
        4 => random.pick(LOOKS).to_string(),
        5 | 6 => format!("(?:{one}){}{}", random.pick(COUNTS), random.pick(&["", "+"])),
        7 => format!("{}{}{}", random.pick(CLASSES), random.pick(COUNTS), random.pick(&["", "+"])),
        8 => random.pick(CLASSES).to_string() + random.pick(&["+?", "{1,2}?"]),
        9 => format!("{one}{}", random_pattern(random, depth - 1)),
        10 => format!("(?:{one}|{})", random_pattern(random, depth - 1)),
        11 => format!("(?{}{one})", random.pick(&["=", "!", "<=", "<!"])),
        12 => format!("(?>{one})"),
        _ => format!("{one}|{}", random_pattern(random, depth - 1)),
    }
}

/// Whether fancy-regex finds the same with and without its optimisations.
fn is_of_one_mind(oracle: &fancy_regex::Regex, texts: &[String]) -> bool {
    let Ok(plain) = fancy_regex::RegexBuilder::new(oracle.as_str()).optimize(false).build() else {
        return false;
    };
    let find = |regex: &fancy_regex::Regex, text: &str| -> Vec<_> {
        regex.find_iter(text).map(|m| m.map_or(0..0, |m| m.range())).collect()
    };
    texts.iter().all(|text| find(&plain, text) == find(oracle, text))
}

#[test]
fn random_patterns_match_as_in_fancy_regex() {
    let mut random = Random(9);
    let (mut run, mut regular) = (0, 0);
    for _ in 0..10_000 {
        let pattern = random_pattern(&mut random, 4);
        // Among what it refuses: look-behind it cannot bound.
        let Ok(oracle) = fancy_regex::Regex::new(&pattern) else { continue };
        let general = General::new(&pattern, Dialect::FancyRegex).expect(&pattern);
        let alphabet = ["a", "b", "s", "ſ", " ", "\n", "1", "é", "-"];
        let texts: Vec<String> = (0..20).map(|_| random.text(&alphabet, 8)).collect();
        if !is_of_one_mind(&oracle, &texts) {
            continue;
        }
        run += 1;
        regular += usize::from(general.is_regular());
        let pair = Pair { general, oracle };
        for text in &texts {
            pair.check(text);
        }
    }
    assert!(regular > 1_000 && run - regular > 1_000, "{run} patterns, {regular} regular");
}

#[test]
fn text_that_takes_too_long_is_an_error() {
    let digits = "1".repeat(200_000);
    for pattern in [
        // Each group of digits looks ahead to the end.
        r"\p{N}{1,3}(?=(?:\p{N}{3})*(?:\P{N}|$))",
        // So does each digit, on the automaton.
        "1+x|1",
        // Exponential to a plain backtracking matcher.
        "(?:(?:1|1)(?=.*))+x",
    ] {
        let general = General::new(pattern, Dialect::FancyRegex).expect(pattern);
        let mut cache = general.new_cache();
        let error = general.matches(&mut cache, &digits).find_map(Result::err).expect(pattern);
        assert_eq!(error.kind(), ErrorKind::Input, "{pattern}: {error}");
    }
}

#[test]
fn a_long_run_is_matched_in_linear_time() {
    for pattern in [r"(?:1+)+x", r"\s+(?!\S)|\s+|1+(?=1)|.", r"(?<=1)1+|1", r"\d+?(?!\d)|."] {
        let general = General::new(pattern, Dialect::FancyRegex).expect(pattern);
        let mut cache = general.new_cache();
        let text = "1".repeat(2_000_000) + &" ".repeat(2_000_000);
        for span in general.matches(&mut cache, &text) {
            span.expect(pattern);
        }
    }
}

#[test]
fn syntax_that_cannot_run_is_refused_with_its_place() {
    let kind = |pattern, dialect| General::new(pattern, dialect).map_err(|error| error.kind());
    for pattern in ["a(b", "[z-a]", "a{3,1}", r"\", "(?<=a", r"\p{Nothing}"] {
        let error = General::new(pattern, Dialect::FancyRegex).expect_err(pattern);
        assert_eq!(error.kind(), ErrorKind::Model, "{pattern}: {error}");
        assert!(error.to_string().contains(pattern), "{error}");
    }
    for pattern in
        [r"a\Kb", r"\Ga", r"(a)?(?(1)b|c)", r"(?<x>a\g<x>?)", r"(?:(?:\pL{99}\d){999}){99}"]
    {
        let error = General::new(pattern, Dialect::FancyRegex).expect_err(pattern);
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{pattern}: {error}");
    }
    for pattern in ["(?m:.)", "[[:alpha:]]"] {
        assert_eq!(kind(pattern, Dialect::Oniguruma).err(), Some(ErrorKind::Unsupported));
        assert!(kind(pattern, Dialect::FancyRegex).is_ok());
    }
}

#[test]
fn lines_start_and_end_as_the_dialect_says() {
    let starts = |pattern, dialect| -> Vec<usize> {
        let general = General::new(pattern, dialect).expect(pattern);
        let mut cache = general.new_cache();
        general.matches(&mut cache, "a\nb\n").map(|span| span.expect(pattern).start).collect()
    };
    assert_eq!(starts("^", Dialect::FancyRegex), [0]);
    assert_eq!(starts("^", Dialect::Oniguruma), [0, 2]);
    assert_eq!(starts("$", Dialect::FancyRegex), [4]);
    assert_eq!(starts("$", Dialect::Oniguruma), [1, 3, 4]);
}

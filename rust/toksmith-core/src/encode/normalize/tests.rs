//! Both forms of every normalizer give what the slow twin gives, text and origin.

#![allow(clippy::expect_used, clippy::panic, reason = "in a test, that is how to fail")]

use std::time::Instant;

use unicode_categories::UnicodeCategories;
use unicode_normalization_alignments::UnicodeNormalization;
use unicode_normalization_alignments::char::{
    canonical_combining_class, compose, decompose_canonical, is_combining_mark,
};
use unicode_segmentation::UnicodeSegmentation;

use super::naive::Naive;
use super::{Normalize, flags, lowercase};
use crate::encode::draft::{Draft, Origin};
use crate::encode::pretokenize::Dialect;
use crate::error::{ErrorKind, Result};
use crate::formats::pipeline::{Normalizer, Pattern};
use crate::token::Span;

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

    fn text(&mut self, longest: usize) -> String {
        (0..self.below(longest + 1))
            .map(|_| match self.below(8) {
                0 => char::from_u32(self.below(0x3000) as u32).unwrap_or('a').to_string(),
                1 => char::from_u32(self.below(0x2_0000) as u32).unwrap_or('b').to_string(),
                _ => PIECES[self.below(PIECES.len())].to_owned(),
            })
            .collect()
    }
}

/// What random texts are made of.
const PIECES: &[&str] = &[
    "a",
    "e",
    "B",
    "É",
    "e\u{301}",
    "\u{323}\u{307}",
    "\u{345}",
    "\u{302E}",
    "\u{1D165}",
    "ﬁ",
    "™",
    " ",
    "  ",
    "\t",
    "\r\n",
    "\r",
    "\n",
    "\0",
    "\x1e",
    "\u{7f}",
    "\u{a0}",
    "\u{3000}",
    "\u{200b}",
    "\u{200d}",
    "\u{feff}",
    "\u{fffd}",
    "中",
    "\u{F900}",
    "\u{2F800}",
    "가",
    "각",
    "ᄀ",
    "ᅡ",
    "ᆨ",
    "İ",
    "ß",
    "Σ",
    "ς",
    "Ǆ",
    "ﷺ",
    "ｶﾞ",
    "①",
    "Å",
    "ﬃ",
    "👩\u{200d}🚀",
    "🇫🇷",
    "क\u{94d}क",
    "๐\u{e33}",
    "\u{600}",
    "\u{8d4}",
    "\u{1e94a}",
    "\u{f73}",
    "\u{f71}",
    "\u{344}",
    "▁",
    "##",
    "<0x41>",
    "hello",
    "Hello World this is plain text",
    "Ж",
    "й",
    "\u{10400}",
];

fn normalize(def: &Normalizer) -> Normalize {
    Normalize::new(def).expect("a good normalizer")
}

fn replace(pattern: &str, content: &str) -> Normalizer {
    let pattern = Pattern { pattern: pattern.into(), dialect: Dialect::FancyRegex };
    Normalizer::Replace { pattern, content: content.into() }
}

fn bert(clean: bool, chinese: bool, accents: Option<bool>, small: bool) -> Normalizer {
    Normalizer::Bert {
        clean_text: clean,
        handle_chinese_chars: chinese,
        strip_accents: accents,
        lowercase: small,
    }
}

/// Every kind of normalizer, and every setting that matters.
fn all() -> Vec<Normalizer> {
    let mut all = vec![
        bert(true, true, None, true),
        bert(true, true, Some(false), true),
        bert(false, true, None, true),
        bert(true, false, Some(true), false),
        bert(false, false, None, false),
        Normalizer::Strip { left: true, right: true },
        Normalizer::Strip { left: true, right: false },
        Normalizer::Strip { left: false, right: true },
        Normalizer::StripAccents,
        Normalizer::Nfc,
        Normalizer::Nfd,
        Normalizer::Nfkc,
        Normalizer::Nfkd,
        Normalizer::Lowercase,
        Normalizer::Nmt,
        Normalizer::Prepend("▁".into()),
        Normalizer::Prepend(String::new()),
        replace(" ", "▁"),
        replace(" {2,}", " "),
        replace(r"\s+", " "),
        replace("^", "▁"),
        replace("", "-"),
        replace(r"\be|b\z", ""),
        replace(r"(?=[aeh])", "\u{301}x"),
        Normalizer::ByteLevel,
    ];
    all.extend(table().map(Normalizer::Precompiled));
    all
}

/// The table of a real vocabulary, where there is one.
fn table() -> Option<Vec<u8>> {
    let folder = std::env::var_os("TOKSMITH_TEST_DATA").map_or_else(
        || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        Into::into,
    );
    let path = folder.join("vocabs/xlmr_unigram/tokenizer.model");
    let Ok(model) = std::fs::read(&path) else {
        eprintln!("skipped: no {}", path.display());
        return None;
    };
    // Of `normalizer_spec` (field 3): field 2, the table. The spec is searched from behind, where
    // it stands, by its name (field 1).
    let name = b"\x0a\x08nmt_nfkc\x12";
    let at = model.windows(name.len()).rposition(|window| window == name)? + name.len();
    let (mut length, mut shift, mut at) = (0, 0, at);
    loop {
        let byte = *model.get(at)?;
        length |= (byte as usize & 0x7F) << shift;
        (shift, at) = (shift + 7, at + 1);
        if byte < 0x80 {
            return Some(model.get(at..at + length)?.to_vec());
        }
    }
}

/// Both forms against the twin.
fn check(def: &Normalizer, compiled: &Normalize, text: &str) {
    let mut naive = Naive::new(text);
    let mut draft = Draft::new(text, 7);
    let tracked = compiled.apply(&mut draft, true);
    let alone = compiled.text(text);
    if naive.apply(def).is_none() {
        let kind = |result: Option<ErrorKind>| assert_eq!(result, Some(ErrorKind::Input));
        kind(tracked.err().map(|error| error.kind()));
        kind(alone.err().map(|error| error.kind()));
        return;
    }
    tracked.expect("the twin has an answer");
    assert_eq!(alone.expect("the twin has an answer"), naive.text(), "{def:?} of {text:?}");
    assert_eq!(draft.text, naive.text(), "{def:?} of {text:?}");
    let map = match draft.origin {
        Origin::Same => Naive::new(text).map(),
        Origin::Map(map) => map,
    };
    assert_eq!(map, naive.map(), "{def:?} of {text:?}");
    assert_eq!(draft.pieces, [Span { start: 0, end: draft.text.len() }]);
    assert_eq!((draft.base, draft.given), (7, text.len()));
}

#[test]
fn every_normalizer_equals_its_twin_on_generated_texts() {
    let mut random = Random(1);
    for def in all() {
        let compiled = normalize(&def);
        check(&def, &compiled, "");
        for _ in 0..800 {
            check(&def, &compiled, &random.text(12));
        }
    }
}

#[test]
fn sequences_of_normalizers_equal_their_twin() {
    let (all, mut random) = (all(), Random(2));
    for _ in 0..2500 {
        let parts = (0..=random.below(4)).map(|_| all[random.below(all.len())].clone());
        let def = Normalizer::Sequence(parts.collect());
        let compiled = normalize(&def);
        for _ in 0..4 {
            check(&def, &compiled, &random.text(8));
        }
    }
}

/// All of them with `TOKSMITH_FULL=1`; else where much happens, and some of the others.
#[test]
fn every_character_is_normalized_as_by_the_twin() {
    let full = std::env::var_os("TOKSMITH_FULL").is_some();
    let some = |c: u32| match c {
        0..0x600 | 0x1E00..0x2200 | 0xAC00..0xAC40 | 0xFF00..0x1_0000 => true,
        0..0x2_0000 => c.is_multiple_of(11),
        _ => c.is_multiple_of(97),
    };
    let chosen: Vec<char> = ('\0'..=char::MAX).filter(|&c| full || some(c as u32)).collect();
    for def in all() {
        let compiled = normalize(&def);
        for some in chosen.chunks(32) {
            let contexts =
                |&c: &char| format!("{c}|a{c}\u{301}|\u{345}{c}B{c}{c} 각{c}\u{200d}👩|");
            check(&def, &compiled, &some.iter().map(contexts).collect::<String>());
        }
    }
}

#[test]
fn the_table_says_what_its_sources_say() {
    let mut firsts = vec!['ᄀ', '가'];
    let mut others: Vec<char> = ('\u{1100}'..='\u{11FF}').collect();
    for c in ('\0'..=char::MAX).filter(|c| !('가'..='힣').contains(c)) {
        let mut parts = Vec::new();
        decompose_canonical(c, |part| parts.push(part));
        if parts != [c] {
            firsts.push(c);
            firsts.extend(&parts);
            others.extend(&parts);
        }
    }
    for list in [&mut firsts, &mut others] {
        list.sort_unstable();
        list.dedup();
    }
    others.retain(|&b| firsts.iter().any(|&a| compose(a, b).is_some()));

    for c in '\0'..=char::MAX {
        let has = |flag| flags::of(c) & flag != 0;
        let one = || std::iter::once(c);
        let is = |mut form: Box<dyn Iterator<Item = (char, isize)>>| {
            form.next() == Some((c, 0)) && form.next().is_none()
        };
        let still = canonical_combining_class(c) == 0;
        let alone = still && others.binary_search(&c).is_err();
        let control = c.is_other() && !matches!(c, '\t' | '\n' | '\r');
        assert_eq!(has(flags::DROPPED), matches!(c, '\0' | '\u{FFFD}') || control, "{c:?}");
        assert_eq!(has(flags::SPACE), c.is_whitespace() && c != ' ', "{c:?}");
        assert_eq!(has(flags::NONSPACING), c.is_mark_nonspacing(), "{c:?}");
        assert_eq!(has(flags::MARK), is_combining_mark(c), "{c:?}");
        assert_eq!(has(flags::NFD), !(still && is(Box::new(one().nfd()))), "{c:?}");
        assert_eq!(has(flags::NFKD), !(still && is(Box::new(one().nfkd()))), "{c:?}");
        assert_eq!(has(flags::NFC), !(alone && is(Box::new(one().nfc()))), "{c:?}");
        assert_eq!(has(flags::NFKC), !(alone && is(Box::new(one().nfkc()))), "{c:?}");
        let text = c.to_string();
        assert_eq!(flags::at(text.as_bytes(), 0), (flags::of(c), c.len_utf8()), "{c:?}");
        if char::UNICODE_VERSION == (17, 0, 0) {
            let mut small = String::new();
            lowercase::push_small(&mut small, c);
            assert_eq!(small, c.to_lowercase().collect::<String>(), "{c:?}");
            assert_eq!(has(flags::CAPITAL), small != text, "{c:?}");
        }
    }
}

#[test]
fn characters_that_do_not_join_are_graphemes() {
    let apart: Vec<char> =
        ('\0'..=char::MAX).filter(|&c| flags::of(c) & flags::JOINS == 0).collect();
    let mut random = Random(3);
    let text: String = (0..200_000).map(|_| apart[random.below(apart.len())]).collect();
    assert_eq!(text.graphemes(true).count(), 200_000);
    for other in ["a", "가", "각", "❤", "क", "\n", "\u{11F04}"] {
        let text: String = apart.iter().flat_map(|&c| [other.to_owned(), c.into()]).collect();
        assert_eq!(text.graphemes(true).count(), 2 * apart.len(), "{other:?}");
    }
}

#[test]
fn an_unchanged_text_is_borrowed() {
    use std::borrow::Cow;
    for (def, text) in [
        (bert(true, true, None, true), "plain text, as it is; и так"),
        (Normalizer::Nfc, "é and 각"),
        (Normalizer::Nfkd, "plain"),
        (Normalizer::Lowercase, "small ß"),
        (Normalizer::Strip { left: true, right: true }, " inside "),
        (replace("x", "y"), "nothing"),
        (Normalizer::Nmt, "a b"),
    ] {
        assert!(matches!(normalize(&def).text(text), Ok(Cow::Borrowed(_))), "{def:?}");
    }
}

#[test]
fn ranges_are_translated_as_offsets_are() {
    let mut draft = Draft::new(" É中", 0);
    let range = |start, end| Span { start, end };
    assert_eq!(draft.given_range(range(1, 2)), range(1, 3), "half a character is all of it");
    normalize(&bert(true, true, None, true)).apply(&mut draft, true).expect("it is normalized");
    assert_eq!(draft.text, " e 中 ");
    for (part, given) in [
        ((0, 1), (0, 1)),
        ((1, 2), (1, 3)),
        ((2, 3), (3, 6)),
        ((1, 7), (1, 6)),
        ((0, 0), (0, 0)),
        ((7, 7), (7, 7)),
        ((5, 9), (5, 9)),
    ] {
        assert_eq!(draft.given_range(range(part.0, part.1)), range(given.0, given.1), "{part:?}");
    }
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let deep = Normalizer::Sequence(vec![
        Normalizer::Nfc,
        Normalizer::Sequence(vec![Normalizer::Precompiled(vec![1, 2])]),
    ]);
    let error = Normalize::new(&deep).expect_err("a short table");
    let place = "normalizer.normalizers[1].normalizers[0].precompiled_charsmap";
    assert!(error.to_string().contains(place), "{error}");
    let error = Normalize::new(&replace("(", "")).expect_err("a bad pattern");
    assert!(error.to_string().contains("`normalizer.pattern`"), "{error}");
    let mut nested = Normalizer::Nfc;
    for _ in 0..1000 {
        nested = Normalizer::Sequence(vec![nested]);
    }
    let error = Normalize::new(&nested).expect_err("deep sequences");
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}

#[test]
fn a_hostile_table_does_no_harm() {
    let mut random = Random(4);
    let Some(good) = table() else { return };
    for _ in 0..20 {
        let mut blob = good.clone();
        for _ in 0..200 {
            let at = random.below(blob.len());
            blob[at] = random.below(256) as u8;
        }
        let Ok(compiled) = Normalize::new(&Normalizer::Precompiled(blob)) else { continue };
        for _ in 0..50 {
            let text = random.text(12);
            let mut draft = Draft::new(&text, 0);
            if compiled.apply(&mut draft, true).is_ok() {
                assert_eq!(compiled.text(&text).as_deref(), Ok(draft.text.as_str()));
            }
        }
    }
}

/// Prints what doubling a text costs; more than 2.5 would be more than n log n.
#[test]
fn long_runs_of_marks_cost_no_more_than_sorting_them() {
    let mut random = Random(5);
    let marks: Vec<char> =
        ('\u{300}'..'\u{370}').filter(|&c| canonical_combining_class(c) != 0).collect();
    let text: String = (0..40_000).map(|_| marks[random.below(marks.len())]).collect();
    let texts = [text.clone(), format!("a{text}"), "क\u{94d}".repeat(20_000), "🇫".repeat(20_000)];
    for def in all() {
        let compiled = normalize(&def);
        for text in &texts {
            let time = |track: bool, length: usize| {
                let length = (0..=length).rev().find(|&end| text.is_char_boundary(end));
                let text = &text[..length.unwrap_or(0)];
                let mut best = f64::INFINITY;
                for _ in 0..5 {
                    let mut draft = Draft::new(text, 0);
                    let start = Instant::now();
                    compiled.apply(&mut draft, track)?;
                    best = best.min(start.elapsed().as_secs_f64());
                }
                Result::Ok(best)
            };
            for track in [false, true] {
                let half = time(track, text.len() / 2);
                let (Ok(half), Ok(all)) = (half, time(track, text.len())) else { continue };
                let name = format!("{def:?}");
                let name = name.split_once("Precompiled").map_or(&name[..], |_| "Precompiled");
                println!("{:.2} {:.1} ms tracked: {track} {name}", all / half, all * 1e3);
            }
        }
    }
}

//! What the stages promise, on generated texts and on examples of the Python package.

use super::{
    ALPHABET, BEHAVIOURS, Piece, Random, SCHEMES, Source, check, draft, normalized, pieces,
};
use crate::encode::pretokenize::stages::{Stages, on_raw_text};
use crate::encode::pretokenize::{Dialect, patterns};
use crate::error::ErrorKind;
use crate::formats::pipeline::{PreTokenizer, PrependScheme};
use crate::formats::{Split, SplitBehaviour};

/// Patterns that mean the same in both dialects; some match nothing here and there.
const PATTERNS: &[&str] = &[
    r"\d+",
    r"\s+",
    "[aeiou]",
    r"\p{L}+|\p{N}+",
    r"(?=[A-Z])",
    "b|",
    "x*",
    r"\p{N}{1,1}",
    r"\p{N}{1,3}",
    r"\p{N}{1,2}(?=(?:\p{N}{2})*(?!\p{N}))",
    r"\p{N}{1,3}(?=(?:\p{N}{3})*(?!\p{N}))",
    "[0-9][0-9][0-9]",
    patterns::GPT2[1],
    patterns::LLAMA3[0],
];

/// Every stage with every setting.
fn all_stages() -> Vec<PreTokenizer> {
    let mut all = vec![
        PreTokenizer::Bert,
        PreTokenizer::Whitespace,
        PreTokenizer::WhitespaceSplit,
        PreTokenizer::UnicodeScripts,
        PreTokenizer::Digits { individual: true },
        PreTokenizer::Digits { individual: false },
    ];
    all.extend([' ', 'a', '▁', '中'].map(PreTokenizer::CharDelimiterSplit));
    all.extend([1, 2, 3, 7].map(PreTokenizer::FixedLength));
    all.extend(BEHAVIOURS.map(PreTokenizer::Punctuation));
    for replacement in ['▁', '_', ' ', '中', '😀'] {
        for prepend_scheme in SCHEMES {
            for split in [true, false] {
                all.push(PreTokenizer::Metaspace { replacement, prepend_scheme, split });
            }
        }
    }
    for (add_prefix_space, use_regex) in
        [(true, true), (true, false), (false, true), (false, false)]
    {
        all.push(PreTokenizer::ByteLevel { add_prefix_space, trim_offsets: true, use_regex });
    }
    for pattern in PATTERNS {
        for behaviour in BEHAVIOURS {
            for invert in [true, false] {
                all.push(split(pattern, behaviour, invert));
            }
        }
    }
    all
}

fn rewrites(stage: &PreTokenizer) -> bool {
    matches!(stage, PreTokenizer::Metaspace { .. } | PreTokenizer::ByteLevel { .. })
}

fn split(pattern: &str, behaviour: SplitBehaviour, invert: bool) -> PreTokenizer {
    let (pattern, dialect) = (pattern.to_owned(), Dialect::Oniguruma);
    PreTokenizer::Split(Split { pattern, dialect, behaviour, invert })
}

#[test]
fn each_stage_does_what_its_definition_says() {
    let mut random = Random(1);
    for stage in all_stages() {
        check(&[stage], (0..500).map(|_| draft(&random.text(), random.pick(&[0, 0, 5]))));
    }
}

/// The tables are compared for every scalar value; here each is in several contexts.
#[test]
fn each_stage_treats_characters_of_all_blocks_as_its_definition_says() {
    for stage in all_stages() {
        let (PreTokenizer::Split(_) | PreTokenizer::Metaspace { replacement: '_'..='a', .. }) =
            stage
        else {
            let texts = (0..=0x10_FFFF_u32).step_by(61).filter_map(char::from_u32);
            let texts: Vec<String> =
                texts.map(|c| [c, 'a', c, ' ', c, '1', c, '.', c, 'あ'].iter().collect()).collect();
            check(&[stage], texts.chunks(20).map(|some| draft(&some.concat(), 0)));
            continue;
        };
    }
}

#[test]
fn stages_follow_each_other_inside_pieces() {
    let mut random = Random(2);
    let all = all_stages();
    for _ in 0..800 {
        let stages: Vec<PreTokenizer> =
            (0..2 + random.below(4)).map(|_| all[random.below(all.len())].clone()).collect();
        check(&stages, (0..20).map(|_| draft(&random.text(), random.pick(&[0, 0, 5]))));
    }
}

/// A text as a normalizer might leave it: characters have gone, changed, and become several.
fn normalized_text(random: &mut Random) -> Vec<(char, Source)> {
    let mut characters = Vec::new();
    let mut at = 0;
    for _ in 0..random.below(12) {
        let text = random.pick(ALPHABET);
        let len = 1 + random.below(4) as u32;
        match random.below(5) {
            0 => {}
            1 => characters.extend("ab 1".chars().map(|c| (c, (at, at + len)))),
            _ => characters.extend(text.chars().map(|c| (c, (at, at + len)))),
        }
        at += len;
    }
    characters
}

#[test]
fn origins_pass_through_all_stages() {
    let mut random = Random(3);
    let all = all_stages();
    for _ in 0..800 {
        let stages: Vec<PreTokenizer> =
            (0..=random.below(4)).map(|_| all[random.below(all.len())].clone()).collect();
        let text = |_| {
            let text = normalized_text(&mut random);
            normalized(&text, random.pick(&[0, 0, 7]))
        };
        check(&stages, (0..20).map(text));
    }
}

/// The texts of pieces, and where each came from.
fn spans(stages: &[PreTokenizer], draft: &super::Draft) -> Vec<(String, u32, u32)> {
    let mut draft = draft.clone();
    let stages = Stages::new(stages).expect("stages");
    stages.run(&mut draft, &mut Vec::new(), true).expect("run");
    let span = |piece: &Piece| {
        let text = piece.iter().map(|(c, _)| c).collect();
        (text, piece[0].1.0, piece[piece.len() - 1].1.1)
    };
    pieces(&draft).iter().map(span).collect()
}

fn first(split: bool) -> PreTokenizer {
    PreTokenizer::Metaspace { replacement: '▁', prepend_scheme: PrependScheme::First, split }
}

#[test]
fn metaspace_first_puts_a_sign_only_before_what_begins_the_whole_text() {
    let stage = [first(true)];
    let at_start = draft("Hey  you", 0);
    let want = [("▁Hey", 0, 3), ("▁", 3, 4), ("▁you", 4, 8)];
    assert_eq!(spans(&stage, &at_start), want.map(|(text, s, e)| (text.to_owned(), s, e)));
    // Behind an added token.
    assert_eq!(spans(&stage, &draft("Hey", 3))[0].0, "Hey");
    // White space at the beginning was stripped.
    let stripped: Piece = vec![('H', (2, 3)), ('i', (3, 4))];
    assert_eq!(spans(&stage, &normalized(&stripped, 0)), [("Hi".to_owned(), 2, 4)]);
    // One character became three, cut from each other: all of them begin the text.
    let ligature: Piece = "1⁄2".chars().map(|c| (c, (0, 2))).collect();
    let stages = [PreTokenizer::Digits { individual: true }, first(false)];
    let got: Vec<String> =
        spans(&stages, &normalized(&ligature, 0)).into_iter().map(|piece| piece.0).collect();
    assert_eq!(got, ["▁1", "▁⁄", "▁2"]);
}

#[test]
fn a_byte_level_piece_keeps_the_span_of_its_characters() {
    let stage =
        [PreTokenizer::ByteLevel { add_prefix_space: true, trim_offsets: true, use_regex: true }];
    let want = [("ĠHeÃģ", 0, 4), ("Ġyou", 4, 8), (".", 8, 9)];
    assert_eq!(
        spans(&stage, &draft("HeÁ you.", 0)),
        want.map(|(text, s, e)| (text.to_owned(), s, e))
    );
}

#[test]
fn falcon_cuts_digits_among_the_letters_of_the_byte_alphabet() {
    let stages = [
        PreTokenizer::Punctuation(SplitBehaviour::Contiguous),
        PreTokenizer::ByteLevel { add_prefix_space: false, trim_offsets: true, use_regex: true },
        PreTokenizer::Digits { individual: false },
        split(patterns::FALCON_DIGITS, SplitBehaviour::Isolated, false),
    ];
    let mut random = Random(4);
    check(&stages, (0..5_000).map(|_| draft(&random.text(), 0)));
    // The second byte of the letter stands for ², which is a number.
    let want = ["x", "123", "4", "ĠÃ", "²"];
    let got: Vec<String> =
        spans(&stages, &draft("x1234 ò", 0)).into_iter().map(|piece| piece.0).collect();
    assert_eq!(got, want);
}

#[test]
fn raw_text_is_cut_where_its_letters_are() {
    let byte_level = |use_regex| PreTokenizer::ByteLevel {
        add_prefix_space: false,
        trim_offsets: true,
        use_regex,
    };
    let mut random = Random(5);
    let all = all_stages();
    let cuts: Vec<&PreTokenizer> = all.iter().filter(|stage| !rewrites(stage)).collect();
    for _ in 0..500 {
        let mut stages: Vec<PreTokenizer> =
            (0..random.below(3)).map(|_| cuts[random.below(cuts.len())].clone()).collect();
        stages.push(byte_level(random.below(2) == 0));
        let raw = Stages::new(&on_raw_text(&stages).expect("stages")).expect("stages");
        for _ in 0..10 {
            let draft = draft(&random.text(), 0);
            let mut got = Vec::new();
            raw.cut(&draft.text, &mut Vec::new(), |piece| {
                got.push((piece.start as u32, piece.end as u32));
                Ok(())
            })
            .expect("cut");
            let want: Vec<_> = spans(&stages, &draft).into_iter().map(|(_, s, e)| (s, e)).collect();
            assert_eq!(got, want, "{:?} by {stages:?}", draft.text);
        }
    }
    for stages in [&[][..], &[PreTokenizer::Bert], &[byte_level(true), PreTokenizer::Bert]] {
        assert_eq!(on_raw_text(stages), None);
    }
}

#[test]
fn nothing_is_made_of_an_empty_text() {
    for stage in all_stages() {
        assert_eq!(spans(&[stage], &draft("", 0)), []);
    }
    assert_eq!(draft("", 0).pieces.len(), 1);
}

#[test]
fn only_stages_that_rewrite_refuse_to_cut_borrowed_text() {
    for stage in all_stages() {
        let rewrites = rewrites(&stage);
        let stages = Stages::new(&[stage]).expect("stage");
        assert_eq!(stages.only_cuts(), !rewrites);
        let cut = stages.cut("a b", &mut Vec::new(), |_| Ok(()));
        assert_eq!(
            cut.map_err(|error| error.kind()).err(),
            rewrites.then_some(ErrorKind::Unsupported)
        );
    }
}

#[test]
fn pieces_of_no_characters_are_refused() {
    let error = Stages::new(&[PreTokenizer::FixedLength(0)]).expect_err("no length");
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}

#[test]
fn an_error_of_the_caller_stops_the_cutting() {
    let stages = Stages::new(&[PreTokenizer::Whitespace]).expect("stage");
    let mut seen = 0;
    let result = stages.cut("a b c", &mut Vec::new(), |_| {
        seen += 1;
        Err(crate::error::Error::Cancelled)
    });
    assert_eq!((result, seen), (Err(crate::error::Error::Cancelled), 1));
}

#[test]
fn a_long_text_of_one_kind_is_no_trouble() {
    for run in ["a", " ", "1", ".", "中", "\u{301}", "▁", "a ", "1.", "あa", "\n", "a中", "'s"]
    {
        let text = run.repeat((1 << 18) / run.len());
        for stage in all_stages() {
            if matches!(&stage, PreTokenizer::Split(split) if split.invert) {
                continue;
            }
            let mut draft = draft(&text, 0);
            let stages = Stages::new(&[stage]).expect("stage");
            stages.run(&mut draft, &mut Vec::new(), true).expect("run");
            assert!(draft.pieces.is_sorted_by_key(|piece| piece.start));
        }
    }
}

//! Model inputs: what tokenizers 0.23.3 makes of texts, with its templates, truncation, padding.

#![allow(clippy::unwrap_used, reason = "a test that fails to set up shall fail")]

use proptest::prelude::*;
use toksmith_core::encode::template::{
    Edges, Encoding, Source, Template, Unit, check_truncation, pad, truncate,
};
use toksmith_core::formats::pipeline::{
    Padding, PaddingLength, PostProcessor, Side, TemplatePiece, TemplateToken, Truncation,
    TruncationStrategy,
};
use toksmith_core::{ErrorKind, Span};

/// A token a letter, its code the id; words of one token, a space between them.
fn letters(text: &str, type_id: u32) -> Encoding {
    let ids = text.chars().map(u32::from).collect();
    let spans = (0..text.len()).map(|at| Span { start: 2 * at, end: 2 * at + 1 }).collect();
    Encoding::new(ids, spans, (0..text.len() as u32).map(Some).collect(), type_id)
}

fn name(text: &str) -> (String, u32) {
    (text.to_owned(), u32::from(text.as_bytes()[0]))
}

fn bert() -> PostProcessor {
    PostProcessor::Bert { sep: name("]"), cls: name("[") }
}

fn roberta(trim_offsets: bool, add_prefix_space: bool) -> PostProcessor {
    PostProcessor::Roberta { sep: name("]"), cls: name("["), trim_offsets, add_prefix_space }
}

fn byte_level(add_prefix_space: bool) -> PostProcessor {
    PostProcessor::ByteLevel { trim_offsets: true, add_prefix_space, use_regex: true }
}

/// Pieces by letters: `A`, `B`, special tokens; a digit behind one is its type.
fn pieces(text: &str) -> Vec<TemplatePiece> {
    let mut pieces = Vec::new();
    for c in text.chars() {
        match (c, pieces.last_mut()) {
            ('0'..='9', Some(last)) => match last {
                TemplatePiece::Sequence { type_id, .. }
                | TemplatePiece::Special { type_id, .. } => {
                    *type_id = c.to_digit(10).unwrap();
                }
            },
            ('A' | 'B', _) => pieces.push(TemplatePiece::Sequence { pair: c == 'B', type_id: 0 }),
            _ => pieces.push(TemplatePiece::Special { id: c.to_string(), type_id: 0 }),
        }
    }
    pieces
}

fn template(single: &str, pair: &str) -> PostProcessor {
    let token = |id: &str, tokens: &str| TemplateToken {
        id: id.to_owned(),
        ids: tokens.chars().map(u32::from).collect(),
        tokens: tokens.chars().map(String::from).collect(),
    };
    PostProcessor::Template {
        single: pieces(single),
        pair: pieces(pair),
        special_tokens: vec![token("[", "["), token("]", "]"), token("x", "<>")],
    }
}

fn apply(
    processor: Option<&PostProcessor>,
    first: Encoding,
    second: Option<Encoding>,
    add_special: bool,
) -> Encoding {
    let edges = |_| Edges::default();
    let source = Source { unit: Unit::Characters, edges: &edges };
    Template::new(processor).unwrap().apply(first, second, add_special, &source).unwrap()
}

/// Tokens, then overflowing parts in brackets.
fn shown(encoding: &Encoding) -> String {
    let tokens = encoding.ids.iter().filter_map(|&id| char::from_u32(id));
    let parts: Vec<_> = encoding.overflowing.iter().map(shown).collect();
    let parts = if parts.is_empty() { String::new() } else { format!("({})", parts.join(" ")) };
    tokens.collect::<String>() + &parts
}

fn truncation(max_length: usize, stride: usize, strategy: TruncationStrategy) -> Truncation {
    Truncation { side: Side::Right, max_length, strategy, stride }
}

/// Processor, whether to add special tokens, and the result: ids, types, special mask, texts.
type Row = (Option<PostProcessor>, bool, &'static str, &'static str, &'static str, &'static str);

#[test]
fn templates_put_special_tokens_around_texts() {
    let rows: [Row; 9] = [
        (None, true, "abcd", "0011", "0000", "0011"),
        (Some(bert()), true, "[ab]cd]", "0000111", "1001001", "-00-11-"),
        (Some(bert()), false, "abcd", "0011", "0000", "0011"),
        (Some(roberta(false, true)), true, "[ab]]cd]", "00000000", "10011001", "-00--11-"),
        (Some(roberta(false, true)), false, "abcd", "0000", "0000", "0011"),
        (Some(template("A", "[A]B1]1")), true, "[ab]cd]", "0000111", "1001001", "-00-11-"),
        (Some(template("A", "[A]B1]1")), false, "abcd", "0011", "0000", "0011"),
        (Some(template("A", "x7B2xA3")), true, "<>cd<>ab", "77220033", "11001100", "--11--00"),
        (
            Some(PostProcessor::Sequence(vec![bert(), bert()])),
            true,
            "[[ab]]cd]]",
            "0000001111",
            "1000010001",
            "-0000-111-",
        ),
    ];
    for (processor, add_special, ids, types, special, sequences) in rows {
        let got = apply(processor.as_ref(), letters("ab", 0), Some(letters("cd", 1)), add_special);
        assert_eq!(shown(&got), ids);
        let digits = |values: Vec<u32>| values.iter().map(u32::to_string).collect::<String>();
        assert_eq!(digits(got.type_ids.clone()), types, "{ids}");
        assert_eq!(digits(got.special_mask.iter().map(|&bit| bit.into()).collect()), special);
        assert!(got.attention_mask.iter().all(|&bit| bit == 1));
        let numbers = got.sequence_ids();
        let numbers = numbers.iter().map(|id| id.map_or("-".to_owned(), |id| id.to_string()));
        assert_eq!(numbers.collect::<String>(), sequences, "{ids}");
        for ((span, word), special) in got.spans.iter().zip(&got.words).zip(special.chars()) {
            if special == '1' {
                assert_eq!((*span, *word), (Span { start: 0, end: 0 }, None));
            }
        }
    }
}

#[test]
fn added_tokens_are_counted() {
    let counts = |processor| {
        let template = Template::new(Some(&processor)).unwrap();
        (template.added_tokens(false), template.added_tokens(true))
    };
    assert_eq!(counts(bert()), (2, 3));
    assert_eq!(counts(roberta(true, true)), (2, 4));
    assert_eq!(counts(byte_level(true)), (0, 0));
    assert_eq!(counts(template("xA", "[AxxB")), (2, 5));
    assert_eq!(counts(PostProcessor::Sequence(vec![bert(), template("xA", "[AB")])), (4, 4));
    assert_eq!(Template::new(None).unwrap().added_tokens(true), 0);
}

#[test]
fn templates_that_do_not_fit_are_told() {
    let error = Template::new(Some(&template("A?", "AB"))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Model);
    assert!(error.to_string().contains("post_processor.single"), "{error}");
    let edges = |_| Edges::default();
    let source = Source { unit: Unit::Characters, edges: &edges };
    let fails = |processor: PostProcessor| {
        let template = Template::new(Some(&processor)).unwrap();
        template.apply(letters("a", 0), None, true, &source).unwrap_err().kind()
    };
    assert_eq!(fails(template("AB", "AB")), ErrorKind::Model);
    let twice = PostProcessor::Sequence(vec![template("[A]", "AB"), template("A", "AB")]);
    assert_eq!(fails(twice), ErrorKind::Unsupported);
}

#[test]
fn pairs_overflow_in_every_combination() {
    let processor = template("[A]", "[A]B1]1");
    let cut = |max_length, stride, strategy, side| {
        let truncation = Truncation { side, ..truncation(max_length, stride, strategy) };
        let added = Template::new(Some(&processor)).unwrap().added_tokens(true);
        let (first, second) = (letters("abcd", 0), Some(letters("efg", 1)));
        let (first, second) = truncate(first, second, &truncation, added, true).unwrap();
        shown(&apply(Some(&processor), first, second, true))
    };
    assert_eq!(
        cut(7, 1, TruncationStrategy::LongestFirst, Side::Right),
        "[ab]ef]([bc]ef]([bc]fg]) [bc]fg] [cd]ef]([cd]fg]) [cd]fg] [ab]fg]([bc]fg] [cd]fg]))"
    );
    assert_eq!(
        cut(7, 0, TruncationStrategy::OnlyFirst, Side::Left),
        "[d]efg]([c]efg] [b]efg] [a]efg])"
    );
    // As in tokenizers: nothing is left for the texts, or the template is longer than allowed.
    assert_eq!(
        cut(3, 0, TruncationStrategy::OnlyFirst, Side::Left),
        "[]]([abcd]]([abcd]efg]) [abcd]efg] []efg]([abcd]efg]))"
    );
    assert_eq!(cut(2, 5, TruncationStrategy::OnlySecond, Side::Left), "[abcd]efg]");
}

#[test]
fn too_many_combinations_are_an_error() {
    let text = || letters(&"a".repeat(5000), 0);
    let truncation = truncation(2, 0, TruncationStrategy::LongestFirst);
    let (first, second) = truncate(text(), Some(text()), &truncation, 0, true).unwrap();
    let edges = |_| Edges::default();
    let source = Source { unit: Unit::Characters, edges: &edges };
    let got = Template::new(None).unwrap().apply(first, second, true, &source);
    assert_eq!(got.unwrap_err().kind(), ErrorKind::Input);
    let (first, second) = truncate(text(), Some(text()), &truncation, 0, false).unwrap();
    assert_eq!(shown(&apply(None, first, second, true)), "aa");
}

#[test]
fn truncation_that_cannot_be_is_told() {
    use TruncationStrategy::{LongestFirst, OnlyFirst, OnlySecond};
    let kind = |max, stride, strategy, second: Option<&str>| {
        let second = second.map(|second| letters(second, 1));
        let truncation = truncation(max, stride, strategy);
        truncate(letters("abcd", 0), second, &truncation, 0, true).map_err(|error| error.kind())
    };
    let wrong = Err(ErrorKind::Input);
    assert_eq!(kind(2, 0, OnlySecond, None), wrong);
    assert!(kind(4, 9, OnlySecond, None).is_ok());
    assert_eq!(kind(3, 0, OnlyFirst, Some("efg")), wrong);
    assert_eq!(kind(4, 0, OnlySecond, Some("efg")), wrong);
    assert!(kind(5, 0, OnlySecond, Some("efg")).is_ok());
    assert_eq!(kind(2, 2, LongestFirst, None), wrong);
    assert_eq!(kind(2, 1, LongestFirst, Some("efg")), wrong);
    assert!(check_truncation(&truncation(5, 3, LongestFirst), 2).is_err());
    assert!(check_truncation(&truncation(5, 2, LongestFirst), 2).is_ok());
    assert!(check_truncation(&truncation(2, 0, LongestFirst), 2).is_ok());
    assert!(check_truncation(&truncation(1, 7, LongestFirst), 2).is_ok());
}

#[test]
fn padding_goes_to_either_end_and_has_a_name() {
    let padding = |length, side, to_multiple_of| Padding {
        length,
        side,
        to_multiple_of,
        pad_id: u32::from('p'),
        pad_type_id: 3,
        pad_token: "P".to_owned(),
    };
    let processor = template("[A]", "[A]B1]1");
    let input = || apply(Some(&processor), letters("ab", 0), Some(letters("c", 1)), true);
    let mut batch = [input(), letters("d", 0)];
    pad(&mut batch, &padding(PaddingLength::BatchLongest, Side::Left, Some(4))).unwrap();
    assert_eq!(shown(&batch[0]), "pp[ab]c]");
    assert_eq!(batch[0].type_ids, [3, 3, 0, 0, 0, 0, 1, 1]);
    assert_eq!(batch[0].attention_mask, [0, 0, 1, 1, 1, 1, 1, 1]);
    assert_eq!(batch[0].special_mask, [1, 1, 1, 0, 0, 1, 0, 1]);
    assert_eq!(batch[0].sequences.get(1), Some(6..7));
    let text = |id: u32| (id == u32::from('a')).then_some("letter");
    assert_eq!(batch[0].tokens(text), ["P", "P", "[", "letter", "", "]", "", "]"]);
    assert_eq!(shown(&batch[1]), "pppppppd");

    let truncation = truncation(2, 0, TruncationStrategy::LongestFirst);
    let (cut, _) = truncate(letters("abc", 0), None, &truncation, 0, true).unwrap();
    let mut batch = [cut];
    pad(&mut batch, &padding(PaddingLength::Fixed(3), Side::Right, Some(0))).unwrap();
    assert_eq!(shown(&batch[0]), "abp(cpp)");
    let error = pad(&mut batch, &padding(PaddingLength::Fixed(usize::MAX), Side::Right, Some(2)));
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Input);
    assert_eq!(shown(&batch[0]), "abp(cpp)");
}

/// Spans as they are written.
type Ranges = Vec<(usize, usize)>;

/// `text` with tokens as spans and spellings; the spans after trimming, in bytes and characters.
fn trimmed(
    text: &str,
    tokens: &[(usize, usize, &str)],
    add_prefix_space: bool,
) -> (Ranges, Ranges) {
    let spans: Vec<_> = tokens.iter().map(|&(start, end, _)| Span { start, end }).collect();
    let encoding = |spans| {
        Encoding::new((0..tokens.len() as u32).collect(), spans, vec![None; tokens.len()], 0)
    };
    let edges = |id: u32| Edges::of_spelling(tokens[id as usize].2);
    let bytes = |_, _| text.as_bytes();
    let template = Template::new(Some(&byte_level(add_prefix_space))).unwrap();
    let run = |spans, unit| {
        let got = template.apply(encoding(spans), None, true, &Source { unit, edges: &edges });
        got.unwrap().spans.iter().map(|span| (span.start, span.end)).collect::<Ranges>()
    };
    let chars = toksmith_core::encode::spans::char_spans(text.as_bytes(), &spans);
    (run(spans, Unit::Bytes(&bytes)), run(chars, Unit::Characters))
}

/// What tokenizers 0.23.3 answers.
#[test]
fn spans_leave_out_the_white_space_of_tokens() {
    let text = " a  é \u{3000}b";
    let tokens = [
        (0, 2, "Ġa"),
        (2, 5, "ĠĠÃ"),
        (5, 7, "©Ġ"),
        (7, 11, "\u{3000}b"),
        (2, 4, "ĠĠ"),
        (0, 1, "Ġ"),
        (0, 0, "Ġ"),
    ];
    let (bytes, chars) = trimmed(text, &tokens, false);
    assert_eq!(bytes, [(1, 2), (4, 5), (5, 6), (10, 11), (4, 4), (1, 1), (0, 0)]);
    assert_eq!(chars, [(1, 2), (4, 5), (4, 5), (7, 8), (4, 4), (1, 1), (0, 0)]);
    // One space at the beginning of a text is taken to have been put there.
    let (bytes, chars) = trimmed(text, &tokens, true);
    assert_eq!(bytes, [(0, 2), (4, 5), (5, 6), (10, 11), (4, 4), (0, 0), (0, 0)]);
    assert_eq!(chars, [(0, 2), (4, 5), (4, 5), (7, 8), (4, 4), (0, 0), (0, 0)]);
    assert_eq!(Edges::of_bytes(b"  a\n "), Edges { start: 2, end: 1 });
}

/// What tokenizers 0.23.3 answers.
#[test]
fn words_and_positions_are_found() {
    let processor = template("[A]", "[A]B1]1");
    let input = apply(Some(&processor), letters("ab", 0), Some(letters("cd", 1)), true);
    assert_eq!(input.n_sequences(), 2);
    assert_eq!(input.token_to_sequence(5), Some(1));
    assert_eq!(input.token_to_sequence(3), None);
    assert_eq!(input.word_to_tokens(1, 1), Some(5..6));
    assert_eq!(input.word_to_tokens(2, 1), None);
    assert_eq!(input.word_to_span(1, 1), Some(Span { start: 2, end: 3 }));
    assert_eq!(input.token_to_span(5), Some((1, Span { start: 2, end: 3 })));
    assert_eq!(input.token_to_span(0), None);
    assert_eq!(input.token_to_word(2), Some((0, 1)));
    assert_eq!(input.position_to_token(2, 0), Some(2));
    assert_eq!(input.position_to_token(2, 1), Some(5));
    assert_eq!(input.position_to_token(1, 1), None);
    assert_eq!(input.position_to_word(2, 1), Some(1));
    let plain = letters("ab", 0);
    assert_eq!((plain.n_sequences(), plain.sequence_ids()), (1, vec![Some(0); 2]));
    assert_eq!(plain.token_to_sequence(1), Some(0));
    assert_eq!(plain.word_to_tokens(1, 7), Some(1..2));
}

#[test]
fn offsets_grow_where_merging_is_asked_to() {
    let spans = |growing| {
        let merged = Encoding::merge([letters("ab", 0), letters("c", 0)], growing).unwrap();
        merged.spans.iter().map(|span| span.start).collect::<Vec<_>>()
    };
    assert_eq!(spans(false), [0, 2, 0]);
    assert_eq!(spans(true), [0, 2, 3]);
    assert_eq!(Encoding::merge([], true).unwrap(), Encoding::default());
}

/// The definition of what overflows: windows that begin `length - stride` apart, until one
/// reaches the end.
fn windows(text: &str, length: usize, stride: usize) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    let mut parts = Vec::new();
    for start in (0..letters.len()).step_by(length - stride) {
        let end = (start + length).min(letters.len());
        parts.push(letters[start..end].iter().collect());
        if end == letters.len() {
            break;
        }
    }
    parts
}

proptest! {
    #[test]
    fn parts_are_windows_from_either_side(
        text in "[a-z]{1,20}", length in 1..8_usize, stride in 0..7_usize
    ) {
        prop_assume!(stride < length);
        let parts = |side| {
            let mut encoding = letters(&text, 0);
            encoding.truncate(length, stride, side).unwrap();
            let rest = std::mem::take(&mut encoding.overflowing);
            std::iter::once(&encoding).chain(&rest).map(shown).collect::<Vec<_>>()
        };
        prop_assert_eq!(parts(Side::Right), windows(&text, length, stride));
        let mirrored = |text: &String| text.chars().rev().collect::<String>();
        let left = windows(&mirrored(&text), length, stride);
        prop_assert_eq!(parts(Side::Left), left.iter().map(mirrored).collect::<Vec<_>>());
    }

    #[test]
    fn the_longer_of_two_is_cut_first(
        first in 0..20_usize, second in 0..20_usize, length in 1..40_usize
    ) {
        let truncation = truncation(length, 0, TruncationStrategy::LongestFirst);
        let text = |len| letters(&"a".repeat(len), 0);
        let (one, two) = truncate(text(first), Some(text(second)), &truncation, 0, false).unwrap();
        let (one, two) = (one.len(), two.unwrap().len());
        prop_assert_eq!(one + two, length.min(first + second));
        // No text is shorter than the other because of its place, but by one token.
        let (short, long) = (one.min(two), one.max(two));
        prop_assert!(short == first.min(second) || long - short <= 1);
    }

    #[test]
    fn padding_keeps_what_was_there(
        text in "[a-z]{0,9}", length in 0..12_usize, left in any::<bool>()
    ) {
        let mut batch = [letters(&text, 0)];
        let padding = Padding {
            length: PaddingLength::Fixed(length),
            side: if left { Side::Left } else { Side::Right },
            to_multiple_of: None,
            pad_id: u32::from('_'),
            pad_type_id: 0,
            pad_token: String::new(),
        };
        pad(&mut batch, &padding).unwrap();
        let fill = "_".repeat(length.saturating_sub(text.len()));
        let want = if left { format!("{fill}{text}") } else { format!("{text}{fill}") };
        prop_assert_eq!(shown(&batch[0]), want);
    }
}

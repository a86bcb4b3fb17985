//! Budgets against naive twins that encode every part anew, over random vocabularies and texts.

#![allow(clippy::expect_used, clippy::panic, reason = "a test that fails to set up shall fail")]

use super::append::TokenCounter;
use super::chars::CharIndex;
use super::chunk::{Chunk, On, Plan};
use super::cuts::is_char_boundary;
use super::encoded::Encoded;
use super::sentences;
use super::truncate::char_span;
use crate::encode::added::Allowed;
use crate::encode::pretokenize::patterns;
use crate::formats::pipeline::Side;
use crate::formats::{AddedSearch, AddedToken, Definition, Split};
use crate::token::Span;
use crate::tokenizer::{Text, Tokenizer};
use crate::vocab::Vocab;
use crate::watch::Watch;
use proptest::prelude::*;
use regex_syntax::hir::{Class, HirKind};
use unicode_segmentation::UnicodeSegmentation;

/// Pieces that decide something: kinds of white space, digits, contractions, characters of
/// several bytes, parts of added tokens.
const PIECES: [&str; 30] = [
    " ", "  ", "\n", "\r\n", "\t", "a", "b", "ab", "Ab", "the", "'s", "'", "1", "12", "123", ".",
    ". ", "! ", "?\"", "é", "e\u{301}", "中", "中文", "👍", "\u{3000}", "<x>", "<x", "x><y>",
    "<y>", "zzz",
];

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(&PIECES[..]), 0..40).prop_map(|parts| parts.concat())
}

/// Text, now and then with a byte that belongs to no character, or long runs.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let run = (prop::sample::select(&PIECES[..]), 1_usize..60).prop_map(|(part, n)| part.repeat(n));
    let bad =
        prop::collection::vec(prop::sample::select(&[0x80, 0xE4, 0xFF, 0xF0, 0xB8][..]), 1..4);
    // Longer than scanners look ahead, with now and then a line end, which decides much.
    let blank = prop::collection::vec(prop::sample::select(&b"          \n\t"[..]), 20..60);
    let part = prop_oneof![
        6 => text().prop_map(String::into_bytes),
        2 => run.prop_map(String::into_bytes),
        2 => blank,
        1 => bad,
    ];
    prop::collection::vec(part, 0..4).prop_map(|parts| parts.concat())
}

/// A pattern's spelling; the last two have no scanner: one leaves gaps, one is no pattern.
const SPLITS: usize = 7;

fn splits(which: usize) -> Vec<Split> {
    let known = [
        patterns::GPT2[0],
        patterns::CL100K[0],
        patterns::LLAMA3[0],
        patterns::QWEN2[0],
        patterns::O200K[0],
        "[a-z]+|[^a-z\\s]",
    ];
    known.get(which).map(|pattern| Split::tiktoken(*pattern)).into_iter().collect()
}

/// A vocabulary of the bytes and of what random pairs of earlier tokens make.
fn tokenizer(which: usize, pairs: &[(u16, u16)]) -> Tokenizer {
    let mut tokens: Vec<Vec<u8>> = (0..=255).map(|byte| vec![byte]).collect();
    let mut pool: Vec<usize> = "ab 1'.\nzé中 <>x   \n".bytes().map(usize::from).collect();
    for &(left, right) in pairs {
        let pick = |n: u16| pool[usize::from(n) % pool.len()];
        let token = [tokens[pick(left)].as_slice(), &tokens[pick(right)]].concat();
        if token.len() < 20 && !tokens.contains(&token) {
            pool.push(tokens.len());
            tokens.push(token);
        }
    }
    let mut vocab = Vocab::default();
    for (id, token) in tokens.iter().enumerate() {
        vocab.insert(id as u32, token, tokens.len()).expect("ids are free");
    }
    let added = |content: &str, id, special| AddedToken {
        id,
        content: content.into(),
        special,
        ..AddedToken::default()
    };
    // Even families have an added token that matches always.
    let mut all = vec![added("<x>", 5000, true), added("x><y>", 5001, true)];
    if which.is_multiple_of(2) {
        all.push(added("<y>", 5002, false));
    }
    let definition = Definition {
        vocab,
        whole_words: true,
        splits: splits(which),
        added: all,
        search: AddedSearch::NextCharacter,
        ..Definition::default()
    };
    Tokenizer::build(definition).expect("the definition is whole")
}

fn any_tokenizer() -> impl Strategy<Value = Tokenizer> {
    let pairs = prop::collection::vec((any::<u16>(), any::<u16>()), 0..150);
    (0..SPLITS, pairs).prop_map(|(which, pairs)| tokenizer(which, &pairs))
}

fn allowed() -> impl Strategy<Value = Allowed> {
    prop_oneof![Just(Allowed::None), Just(Allowed::All), Just(Allowed::Some([5000].into()))]
}

fn as_text(bytes: &[u8]) -> Text<'_> {
    std::str::from_utf8(bytes).map_or(Text::Bytes(bytes), Text::Str)
}

/// The cost of a part, by encoding it.
fn cost(tokenizer: &Tokenizer, allowed: &Allowed, bytes: &[u8]) -> usize {
    tokenizer.count(as_text(bytes), allowed, &Watch::none()).expect("no limit is met")
}

/// Where tokens end that end with a character: with how many tokens end there or before. The
/// text's end is among them, its beginning is.
fn cuts(tokenizer: &Tokenizer, allowed: &Allowed, bytes: &[u8]) -> Vec<(usize, usize)> {
    let spanned = tokenizer.encode_with_spans(as_text(bytes), allowed, &Watch::none());
    let mut spans = spanned.expect("no limit is met").spans;
    if let Some(last) = spans.last_mut() {
        last.end = bytes.len();
    }
    let ends = spans.iter().map(|span| span.end).zip(1..);
    let mut found = vec![(0, 0)];
    found.extend(ends.filter(|&(end, _)| is_char_boundary(as_text(bytes), end)));
    if spans.is_empty() && !bytes.is_empty() {
        found.push((bytes.len(), 0));
    }
    found
}

/// The character boundaries between two places, both left out.
fn inner_boundaries(bytes: &[u8], from: usize, to: usize) -> Vec<usize> {
    (from + 1..to).filter(|&at| is_char_boundary(as_text(bytes), at)).collect()
}

/// Where a part from `start` on ends: the definition, in quadratic time.
fn naive_end(
    tokenizer: &Tokenizer,
    allowed: &Allowed,
    bytes: &[u8],
    start: usize,
    limit: usize,
) -> usize {
    let cuts = cuts(tokenizer, allowed, bytes);
    let spanned = tokenizer.encode_with_spans(as_text(bytes), allowed, &Watch::none());
    let spans = spanned.expect("no limit is met").spans;
    let before = spans.iter().filter(|span| span.end <= start).count();
    let whole = (bytes.len(), spans.len());
    let mut near: Vec<usize> = cuts
        .iter()
        .chain([&whole])
        .filter(|&&(at, tokens)| at > start && tokens <= before + limit)
        .map(|&(at, _)| at)
        .collect();
    near.sort_unstable();
    near.dedup();
    for &end in near.iter().rev() {
        if cost(tokenizer, allowed, &bytes[start..end]) <= limit {
            return end;
        }
    }
    let next = cuts.iter().map(|&(at, _)| at).find(|&at| at > start).unwrap_or(bytes.len());
    let mut kept = start;
    for end in inner_boundaries(bytes, start, near.first().copied().unwrap_or(next)) {
        if cost(tokenizer, allowed, &bytes[start..end]) > limit {
            break;
        }
        kept = end;
    }
    kept
}

fn check_chunks(
    tokenizer: &Tokenizer,
    allowed: &Allowed,
    bytes: &[u8],
    plan: Plan,
    chunks: &[Chunk],
) -> Result<(), TestCaseError> {
    let text = as_text(bytes);
    let encoded = Encoded::new(tokenizer, text, allowed.clone(), &Watch::none()).expect("encodes");
    let ends = sentences::ends(text);
    let (mut covered, mut last_start) = (0, None);
    for chunk in chunks {
        let Span { start, end } = chunk.span;
        prop_assert!(start <= covered && end > covered && last_start < Some(start));
        let again = encoded.tokens_before(covered) - encoded.tokens_before(start);
        prop_assert!(again <= plan.overlap, "{again} tokens are repeated");
        prop_assert_eq!(chunk.tokens, cost(tokenizer, allowed, &bytes[start..end]));
        prop_assert!(chunk.tokens <= plan.limit);
        prop_assert_eq!(chunk.char_span, char_span(text, chunk.span));
        let far = naive_end(tokenizer, allowed, bytes, start, plan.limit);
        match plan.on {
            On::Token => prop_assert_eq!(end, far),
            // Before a part's end a sentence ends within the white space around it, or none
            // that begins there fits.
            On::Sentence => {
                let ended = |&at: &usize| {
                    let between = &bytes[end.min(at)..end.max(at)];
                    between.is_empty() || String::from_utf8_lossy(between).trim().is_empty()
                };
                prop_assert!(ends.iter().any(ended) || end == far);
            }
        }
        (covered, last_start) = (end, Some(start));
    }
    prop_assert_eq!(covered, bytes.len());
    Ok(())
}

/// White space is where a scanner's decision depends on what lies far ahead.
#[test]
fn every_part_of_white_space_costs_what_encoding_it_gives() {
    // Of the pool, "\n " and "  " are tokens, "b" is its second.
    let pool = |c: char| "ab 1'.\nzé中 <>x   \n".bytes().position(|byte| char::from(byte) == c);
    let at = |c: char| pool(c).expect("in the pool") as u16;
    let pairs = [(at('\n'), at(' ')), (at(' '), at(' ')), (at(' '), at('b'))];
    for which in 0..SPLITS {
        let tokenizer = tokenizer(which, &pairs);
        for blank in ["\n{}", "{}\n{}", "\n{}\n{}", "{}", "\t{}\n\n{}", "\u{a0}{}\n"] {
            let text = format!("a{}b. {}b", blank.replace("{}", &" ".repeat(25)), " ".repeat(30));
            let encoded = Encoded::new(&tokenizer, Text::Str(&text), Allowed::None, &Watch::none());
            let encoded = encoded.expect("encodes");
            for start in 0..text.len() {
                for end in start..=text.len() {
                    let part = Span { start, end };
                    let count = encoded.count(&tokenizer, Text::Str(&text), part, &Watch::none());
                    let want = cost(&tokenizer, &Allowed::None, &text.as_bytes()[start..end]);
                    assert_eq!(count, Ok(want), "{which}: {start}..{end} of {text:?}");
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn parts_cost_what_encoding_them_gives(
        tokenizer in any_tokenizer(), allowed in allowed(), bytes in bytes(),
        ranges in prop::collection::vec((any::<u16>(), any::<u16>()), 30),
    ) {
        let text = as_text(&bytes);
        let encoded = Encoded::new(&tokenizer, text, allowed.clone(), &Watch::none()).expect("encodes");
        prop_assert_eq!(encoded.tokens(), cost(&tokenizer, &allowed, &bytes));
        for (a, b) in ranges {
            let place = |n: u16| usize::from(n) % (bytes.len() + 1);
            let (start, end) = (place(a).min(place(b)), place(a).max(place(b)));
            let count = encoded.count(&tokenizer, text, Span { start, end }, &Watch::none());
            prop_assert_eq!(count.expect("counts"), cost(&tokenizer, &allowed, &bytes[start..end]));
        }
        let outside = Span { start: 0, end: bytes.len() + 1 };
        prop_assert!(encoded.count(&tokenizer, text, outside, &Watch::none()).is_err());
    }

    #[test]
    fn characters_are_found_by_number(bytes in bytes()) {
        let (text, index) = (as_text(&bytes), CharIndex::new(as_text(&bytes)));
        let mut want: Vec<usize> =
            (0..bytes.len()).filter(|&at| is_char_boundary(text, at)).collect();
        prop_assert_eq!(index.chars(), want.len());
        prop_assert_eq!(index.chars(), String::from_utf8_lossy(&bytes).chars().count());
        want.push(bytes.len());
        let found: Vec<_> = (0..want.len()).filter_map(|n| index.byte_of(text, n)).collect();
        prop_assert_eq!(found, want);
        prop_assert_eq!(index.byte_of(text, index.chars() + 1), None);
    }

    #[test]
    fn a_text_fits_if_its_count_does(
        tokenizer in any_tokenizer(), allowed in allowed(), bytes in bytes(), limit in 0_usize..40,
    ) {
        let (text, count) = (as_text(&bytes), cost(&tokenizer, &allowed, &bytes));
        for limit in [limit, count, count.saturating_sub(1)] {
            let fits = tokenizer.fits(text, limit, &allowed, &Watch::none()).expect("counts");
            prop_assert_eq!(fits, count <= limit);
            let exceeds = tokenizer.exceeds(text, limit, &allowed, &Watch::none()).expect("counts");
            prop_assert!(!exceeds || count > limit);
        }
    }

    #[test]
    fn truncation_keeps_the_beginning_that_fits(
        tokenizer in any_tokenizer(), allowed in allowed(), bytes in bytes(), limit in 0_usize..30,
    ) {
        let text = as_text(&bytes);
        let kept = tokenizer.truncate(text, limit, Side::Right, &allowed, &Watch::none());
        let want = naive_end(&tokenizer, &allowed, &bytes, 0, limit);
        prop_assert_eq!(kept.expect("truncates"), Span { start: 0, end: want });
        let head = tokenizer.truncate_head(text, limit, &allowed, &Watch::none()).expect("truncates");
        prop_assert!(head.is_none_or(|end| end == want));
    }

    #[test]
    fn truncation_keeps_the_end_that_fits(
        tokenizer in any_tokenizer(), allowed in allowed(), bytes in bytes(), limit in 0_usize..30,
    ) {
        let (text, len) = (as_text(&bytes), bytes.len());
        let kept = tokenizer.truncate(text, limit, Side::Left, &allowed, &Watch::none());
        let cuts = cuts(&tokenizer, &allowed, &bytes);
        let total = cost(&tokenizer, &allowed, &bytes);
        let near: Vec<usize> = cuts
            .iter()
            .filter(|&&(at, tokens)| at < len && tokens + limit >= total)
            .map(|&(at, _)| at)
            .collect();
        let fits = |at: usize| cost(&tokenizer, &allowed, &bytes[at..]) <= limit;
        let want = near.iter().copied().find(|&at| fits(at)).unwrap_or_else(|| {
            let last = cuts.iter().map(|&(at, _)| at).rfind(|&at| at < len).unwrap_or(0);
            let from = near.last().copied().unwrap_or(last);
            let inner = inner_boundaries(&bytes, from, len);
            inner.into_iter().rev().take_while(|&at| fits(at)).last().unwrap_or(len)
        });
        prop_assert_eq!(kept.expect("truncates"), Span { start: want, end: len });
    }

    #[test]
    fn chunks_fit_and_cover_the_text(
        tokenizer in any_tokenizer(), allowed in allowed(), bytes in bytes(),
        limit in 1_usize..20, overlap in 0_usize..20, sentence in any::<bool>(),
    ) {
        let on = if sentence { On::Sentence } else { On::Token };
        let plan = Plan { limit, overlap: overlap % limit, on };
        match tokenizer.chunk(as_text(&bytes), plan, &allowed, &Watch::none()) {
            Ok(chunks) => check_chunks(&tokenizer, &allowed, &bytes, plan, &chunks)?,
            // A character, or an added token cut open, can have more tokens than fit.
            Err(error) => prop_assert!(limit < 8 && error.to_string().contains("character at byte")),
        }
    }

    #[test]
    fn a_counter_knows_the_count_at_every_moment(
        tokenizer in any_tokenizer(), allowed in allowed(),
        blocks in prop::collection::vec(bytes(), 0..8),
    ) {
        let (mut counter, mut all) = (TokenCounter::new(allowed.clone()), Vec::new());
        for (i, block) in blocks.iter().enumerate() {
            let ahead = counter.count_with(&tokenizer, block, &Watch::none()).expect("counts");
            counter.append(&tokenizer, block, &Watch::none()).expect("counts");
            all.extend_from_slice(block);
            prop_assert_eq!(ahead, cost(&tokenizer, &allowed, &all));
            if i % 2 == 0 {
                prop_assert_eq!(counter.count(&tokenizer, &Watch::none()).expect("counts"), ahead);
            }
        }
        prop_assert_eq!(counter.bytes(), all.len());
        counter.clear();
        prop_assert_eq!(counter.count(&tokenizer, &Watch::none()).expect("counts"), 0);
    }

    #[test]
    fn sentences_end_where_the_annex_says(text in sentence_text()) {
        let mut want: Vec<usize> = text.split_sentence_bound_indices().map(|(at, _)| at).collect();
        want.push(text.len());
        want.dedup();
        prop_assert_eq!([vec![0], sentences::ends(Text::Str(&text))].concat(), [vec![0], want[1..].to_vec()].concat());
    }
}

/// Characters of every class, in an order of chance.
fn sentence_text() -> impl Strategy<Value = String> {
    let classes = [
        ".", ".", "!", "?", "。", "\u{2024}", " ", " ", "\t", "\u{a0}", "\n", "\r", "\r\n",
        "\u{85}", "\u{2029}", ")", "\"", "”", "(", ",", "-", ":", "…", "a", "b", "A", "Ω", "ß",
        "1", "٣", "中", "ก", "\u{301}", "\u{200d}", "\u{ad}", "$", "_", "\u{feff}", "ª", "ǅ",
        "\u{2160}",
    ];
    prop::collection::vec(prop::sample::select(classes.to_vec()), 0..40)
        .prop_map(|all| all.concat())
}

#[test]
fn every_character_has_the_class_of_the_annex() {
    // The oracle is of a later version of Unicode; ʕ has another class there.
    let old = regex_syntax::parse(r"[\p{age=16.0}--ʕ]").expect("a class");
    let HirKind::Class(Class::Unicode(old)) = old.kind() else { panic!("no class") };
    let characters = || old.ranges().iter().flat_map(|range| range.start()..=range.end());
    // Each is tried where classes differ: behind a full stop and before letters.
    for context in ["a.{}b", "a. {} B", "A.{}B", "1.{}2 ", "! {}x", ".{}.{} C"] {
        for c in characters() {
            let text = context.replace("{}", c.encode_utf8(&mut [0; 4]));
            let want = text.split_sentence_bound_indices().map(|(at, _)| at).skip(1);
            let want: Vec<usize> = want.chain([text.len()]).collect();
            assert_eq!(sentences::ends(Text::Str(&text)), want, "{text:?}");
        }
    }
}

#[test]
fn sentences_are_found_in_linear_time() {
    for (head, unit) in [(".", " "), (".", ")"), ("a. ", "$"), (". ", "\u{a0} "), ("", ". $")] {
        let text = format!("{head}{}", unit.repeat(400_000));
        assert_eq!(sentences::ends(Text::Str(&text)).last(), Some(&text.len()));
    }
}

#[test]
fn bytes_that_are_no_text_end_sentences() {
    let bytes = b"One. Two\xff\xfethree. \xe4\xb8";
    assert_eq!(sentences::ends(Text::Bytes(bytes)), [5, 8, 9, 10, 17, 19]);
    assert_eq!(sentences::ends(Text::Bytes(b"")), [0; 0]);
}

#[test]
fn a_cut_space_goes_with_the_next_sentence() {
    // The third and the second letter of the pool: " b" is a token.
    let tokenizer = tokenizer(1, &[(2, 1)]);
    let plan = Plan { limit: 4, overlap: 0, on: On::Sentence };
    let ends = |text| {
        let chunks = tokenizer.chunk(Text::Str(text), plan, &Allowed::None, &Watch::none());
        chunks.expect("chunks").iter().map(|chunk| chunk.span.end).collect::<Vec<_>>()
    };
    assert_eq!(ends("a! ba."), [2, 6]);
    assert_eq!(ends("a! aa."), [3, 6]);
}

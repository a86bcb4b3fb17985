//! Model inputs from texts: words by the definition, batches by single calls.

#![allow(clippy::unwrap_used, reason = "a test that fails to set up shall fail")]

use proptest::prelude::*;
use toksmith_core::encode::pretokenize::{Dialect, Scanner, patterns};
use toksmith_core::encode::template::Encoding;
use toksmith_core::formats::pipeline::{
    Model, Padding, PaddingLength, Pipeline, PostProcessor, PreTokenizer, Side, Truncation,
    TruncationStrategy,
};
use toksmith_core::formats::{Compiled, Definition, Merges, Split, SplitBehaviour};
use toksmith_core::inputs::{InputOptions, Sample, Sequence, SpanUnit};
use toksmith_core::tokenizer::Text;
use toksmith_core::vocab::Vocab;
use toksmith_core::watch::Watch;
use toksmith_core::{ErrorKind, Tokenizer};

/// Bytes, and "ab", cut by the pattern of GPT-2.
fn bytes() -> Tokenizer {
    let mut vocab = Vocab::default();
    for byte in 0..=255u8 {
        vocab.insert(byte.into(), &[byte], 257).unwrap();
    }
    vocab.insert(256, b"ab", 257).unwrap();
    let splits = vec![Split {
        pattern: patterns::GPT2[0].to_owned(),
        dialect: Dialect::FancyRegex,
        behaviour: SplitBehaviour::Isolated,
        invert: false,
    }];
    Tokenizer::build(Definition { vocab, splits, ..Definition::default() }).unwrap()
}

/// `[CLS] A [SEP] B [SEP]` around words and their pieces.
fn bert() -> Tokenizer {
    let mut vocab = Vocab::default();
    for (id, token) in
        ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "##a", "b", "##b"].iter().enumerate()
    {
        vocab.insert(id as u32, token.as_bytes(), 8).unwrap();
    }
    let pipeline = Pipeline {
        pre_tokenizers: vec![PreTokenizer::Bert],
        model: Model::WordPiece {
            unk_token: "[UNK]".to_owned(),
            continuing_subword_prefix: "##".to_owned(),
            max_input_chars_per_word: 100,
        },
        post_processor: Some(PostProcessor::Bert {
            sep: ("[SEP]".to_owned(), 3),
            cls: ("[CLS]".to_owned(), 2),
        }),
        ..Pipeline::default()
    };
    let merges = Merges::Compiled(Compiled::default());
    Tokenizer::build(Definition { vocab, merges, pipeline, ..Definition::default() }).unwrap()
}

fn truncation(max_length: usize, stride: usize) -> Truncation {
    let strategy = TruncationStrategy::LongestFirst;
    Truncation { side: Side::Right, max_length, strategy, stride }
}

fn padding() -> Padding {
    Padding {
        length: PaddingLength::BatchLongest,
        side: Side::Left,
        to_multiple_of: None,
        pad_id: 0,
        pad_type_id: 0,
        pad_token: "[PAD]".to_owned(),
    }
}

fn one(tokenizer: &Tokenizer, text: &str, pair: Option<&str>, options: &InputOptions) -> Encoding {
    let sample =
        Sample { first: Text::Str(text).into(), second: pair.map(|pair| Text::Str(pair).into()) };
    tokenizer.encode_inputs(sample, options, SpanUnit::Bytes, &Watch::none()).unwrap()
}

#[test]
fn a_pair_stands_in_the_template() {
    let made = one(&bert(), "ab c", Some("b"), &InputOptions::default());
    assert_eq!(made.ids, [2, 4, 7, 1, 3, 6, 3]);
    assert_eq!(made.type_ids, [0, 0, 0, 0, 0, 1, 1]);
    assert_eq!(made.words, [None, Some(0), Some(0), Some(1), None, Some(0), None]);
    assert_eq!(made.special_mask, [1, 0, 0, 0, 1, 0, 1]);
    let spans: Vec<_> = made.spans.iter().map(|span| (span.start, span.end)).collect();
    assert_eq!(spans, [(0, 0), (0, 1), (1, 2), (3, 4), (0, 0), (0, 1), (0, 0)]);
}

#[test]
fn what_is_cut_off_overflows() {
    let options = InputOptions {
        truncation: Some(truncation(4, 1)),
        overflow: true,
        ..InputOptions::default()
    };
    let made = one(&bert(), "a b a", None, &options);
    assert_eq!(made.ids, [2, 4, 6, 3]);
    assert_eq!(made.overflowing[0].ids, [2, 6, 4, 3]);
    let options = InputOptions { truncation: Some(truncation(4, 3)), ..options };
    let sample = Sample { first: Text::Str("a").into(), second: None };
    let error = bert().encode_inputs(sample, &options, SpanUnit::Bytes, &Watch::none());
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Input);
}

#[test]
fn bytes_that_are_no_text_are_words_too() {
    let sample = Sample { first: Text::Bytes(b"ab \xff\xffab").into(), second: None };
    let options = InputOptions::default();
    let made = bytes().encode_inputs(sample, &options, SpanUnit::Characters, &Watch::none());
    let made = made.unwrap();
    assert_eq!(made.ids, [256, 32, 255, 255, 256]);
    assert_eq!(made.words, [0, 1, 2, 3, 4].map(Some));
}

#[test]
fn words_are_texts_of_their_own() {
    let words = [Text::Str("ab c"), Text::Str(""), Text::Str("b")];
    let sample = Sample { first: Sequence::Words(&words), second: Some(Text::Str("c").into()) };
    let made = bert()
        .encode_inputs(sample, &InputOptions::default(), SpanUnit::Characters, &Watch::none())
        .unwrap();
    // As "ab c", "b" and "c", each by itself.
    let alone = |text| one(&bert(), text, None, &InputOptions::default());
    let inner = |made: &Encoding| made.ids[1..made.len() - 1].to_vec();
    let mut ids = vec![2];
    ids.extend(inner(&alone("ab c")));
    ids.extend(inner(&alone("b")));
    ids.push(3);
    ids.extend(inner(&alone("c")));
    ids.push(3);
    assert_eq!(made.ids, ids);
    let numbers = [None, Some(0), Some(0), Some(0), Some(2), None, Some(0), None];
    assert_eq!(made.words, numbers);
    let spans: Vec<_> = made.spans.iter().map(|span| (span.start, span.end)).collect();
    assert_eq!(spans, [(0, 0), (0, 1), (1, 2), (3, 4), (0, 1), (0, 0), (0, 1), (0, 0)]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn words_are_what_the_pattern_cuts(text in "[ab c'\n1é中\u{301}]{0,900}") {
        let scanner = Scanner::from_pattern(patterns::GPT2[0], Dialect::FancyRegex).unwrap();
        let cuts = scanner.matches(&mut scanner.new_cache(), &text).unwrap();
        let made = one(&bytes(), &text, None, &InputOptions::default());
        for (span, word) in made.spans.iter().zip(&made.words) {
            let cut = cuts.iter().position(|cut| cut.start <= span.start && span.end <= cut.end);
            prop_assert_eq!(cut.map(|cut| cut as u32), *word);
        }
    }

    #[test]
    fn a_batch_is_its_samples_filled_up(
        texts in prop::collection::vec("[ab cé]{0,9}", 0..12),
        pairs in any::<bool>(),
        length in 3usize..9,
    ) {
        let tokenizer = bert();
        let options = InputOptions {
            truncation: Some(truncation(length, 0)),
            overflow: true,
            ..InputOptions::default()
        };
        let pair = pairs.then_some("a b");
        let samples: Vec<_> = texts
            .iter()
            .map(|text| Sample { first: Text::Str(text).into(), second: pair.map(|pair| Text::Str(pair).into()) })
            .collect();
        let mut want: Vec<_> =
            texts.iter().map(|text| one(&tokenizer, text, pair, &options)).collect();
        toksmith_core::encode::template::pad(&mut want, &padding()).unwrap();
        let options = InputOptions { padding: Some(padding()), ..options };
        let watch = Watch::none();
        let got = tokenizer
            .encode_inputs_batch(&samples, &options, SpanUnit::Bytes, 3, &watch)
            .unwrap();
        prop_assert_eq!(&got, &want);

        let columns = tokenizer.input_columns(&samples, &options, true, 1, &watch).unwrap();
        let rows: Vec<_> =
            want.iter().flat_map(|one| std::iter::once(one).chain(&one.overflowing)).collect();
        prop_assert_eq!(columns.offsets.len(), rows.len() + 1);
        prop_assert_eq!(columns.char_spans.len(), columns.spans.len());
        for (row, bounds) in rows.iter().zip(columns.offsets.windows(2)) {
            let bound = |at: i64| usize::try_from(at).unwrap();
            let ids = &columns.ids[bound(bounds[0])..bound(bounds[1])];
            prop_assert!(ids.iter().copied().eq(row.ids.iter().map(|&id| i64::from(id))));
        }
    }
}

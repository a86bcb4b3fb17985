//! Decoder chains: equal to plain list-to-list decoders, whole or in any blocks.

#![allow(clippy::unwrap_used, reason = "a test that fails to set up shall fail")]

use proptest::prelude::*;
use toksmith_core::decode::chain::DecodeChain;
use toksmith_core::decode::steps::StepDecoder;
use toksmith_core::encode::pretokenize::Dialect;
use toksmith_core::formats::pipeline::{Decoder, Pattern, PrependScheme};

fn replace(pattern: &str, content: &str) -> Decoder {
    let pattern = Pattern { pattern: pattern.to_owned(), dialect: Dialect::Oniguruma };
    Decoder::Replace { pattern, content: content.to_owned() }
}

fn byte_level() -> Decoder {
    Decoder::ByteLevel { add_prefix_space: true, trim_offsets: true, use_regex: true }
}

fn metaspace(prepend_scheme: PrependScheme) -> Decoder {
    Decoder::Metaspace { replacement: '▁', prepend_scheme, split: true }
}

fn word_piece(cleanup: bool) -> Decoder {
    Decoder::WordPiece { prefix: "##".to_owned(), cleanup }
}

fn ctc(cleanup: bool) -> Decoder {
    let (pad_token, word_delimiter_token) = ("<pad>".to_owned(), "|".to_owned());
    Decoder::Ctc { pad_token, word_delimiter_token, cleanup }
}

fn strip(start: usize, stop: usize) -> Decoder {
    Decoder::Strip { content: '_', start, stop }
}

fn decode(decoder: &Decoder, tokens: &[&str]) -> String {
    DecodeChain::new(decoder).unwrap().decode(tokens.iter().copied()).unwrap()
}

/// The definition: each decoder makes a list of a list.
fn naive(decoder: &Decoder, tokens: Vec<String>) -> Vec<String> {
    let last = tokens.len().saturating_sub(1);
    match decoder {
        Decoder::ByteLevel { .. } => {
            let bytes: Vec<u8> = tokens.iter().flat_map(|token| spelled(token)).collect();
            vec![String::from_utf8_lossy(&bytes).into_owned()]
        }
        Decoder::Bpe { suffix } => {
            let each = tokens.iter().enumerate();
            each.map(|(at, token)| token.replace(suffix, if at == last { "" } else { " " }))
                .collect()
        }
        Decoder::WordPiece { prefix, cleanup } => {
            let each = tokens.iter().enumerate().map(|(at, token)| {
                let word = match token.strip_prefix(&**prefix) {
                    _ if at == 0 => token.clone(),
                    Some(rest) => rest.to_owned(),
                    None => format!(" {token}"),
                };
                if *cleanup { cleaned(&word) } else { word }
            });
            each.collect()
        }
        Decoder::Metaspace { replacement, prepend_scheme, .. } => {
            let each = tokens.iter().enumerate().map(|(at, token)| {
                let drop = at == 0 && *prepend_scheme != PrependScheme::Never;
                token.replace(*replacement, if drop { "" } else { " " })
            });
            each.collect()
        }
        Decoder::Ctc { pad_token, word_delimiter_token, cleanup } => {
            let mut tokens = tokens;
            tokens.dedup();
            let each = tokens.iter().map(|token| {
                let word = token.replace(pad_token, "");
                if *cleanup { cleaned(&word).replace(word_delimiter_token, " ") } else { word }
            });
            each.filter(|word| !word.is_empty()).collect()
        }
        Decoder::ByteFallback => byte_fallback(&tokens),
        Decoder::Fuse => vec![tokens.concat()],
        Decoder::Strip { content, start, stop } => {
            let each = tokens.iter().map(|token| {
                let chars: Vec<char> = token.chars().collect();
                let same = |c: &&char| *c == content;
                let rest = &chars[chars.iter().take_while(same).count().min(*start)..];
                let end = rest.len() - rest.iter().rev().take_while(same).count().min(*stop);
                rest[..end].iter().collect()
            });
            each.collect()
        }
        Decoder::Replace { pattern, content } => {
            let pattern = regex_of(&pattern.pattern);
            // In an empty token nothing is searched.
            let each = tokens.iter().map(|token| {
                let found = !token.is_empty() && pattern.is_match(token).unwrap();
                if found { pattern.replace_all(token, content).into_owned() } else { token.clone() }
            });
            each.collect()
        }
        Decoder::Sequence(all) => all.iter().fold(tokens, |tokens, one| naive(one, tokens)),
        Decoder::SentencePiece { .. } => unreachable!("not among those tested"),
    }
}

fn regex_of(pattern: &str) -> fancy_regex::Regex {
    fancy_regex::Regex::new(pattern).unwrap()
}

/// The bytes of a token: every letter one, or the token as it is.
fn spelled(token: &str) -> Vec<u8> {
    let plain: Vec<u32> = (33..=126).chain(161..=172).chain(174..=255).collect();
    let others: Vec<u32> = (0..256).filter(|byte| !plain.contains(byte)).collect();
    let byte = |c: char| match u32::from(c) {
        letter if plain.contains(&letter) => Some(letter as u8),
        letter => others.get(letter.checked_sub(256)? as usize).map(|&byte| byte as u8),
    };
    token.chars().map(byte).collect::<Option<_>>().unwrap_or_else(|| token.as_bytes().to_vec())
}

fn cleaned(word: &str) -> String {
    let word = word.replace(" .", ".").replace(" ?", "?").replace(" !", "!").replace(" ,", ",");
    let word = word.replace(" ' ", "'").replace(" n't", "n't").replace(" 'm", "'m");
    let word = word.replace(" do not", " don't").replace(" 's", "'s");
    word.replace(" 've", "'ve").replace(" 're", "'re")
}

fn byte_fallback(tokens: &[String]) -> Vec<String> {
    let byte = |token: &String| {
        let digits = token.strip_prefix("<0x")?.strip_suffix('>')?;
        (digits.len() == 2).then(|| u8::from_str_radix(digits, 16).ok())?
    };
    let mut out = Vec::new();
    for run in tokens.chunk_by(|a, b| byte(a).is_some() && byte(b).is_some()) {
        match run.iter().map(byte).collect::<Option<Vec<u8>>>() {
            None => out.extend_from_slice(run),
            Some(bytes) => match String::from_utf8(bytes) {
                Ok(text) => out.push(text),
                Err(_) => out.extend(run.iter().map(|_| "\u{FFFD}".to_owned())),
            },
        }
    }
    out
}

const PIECES: &[&str] = &[
    "a", "b", "ab", "aab", "##", "##a", " ", ".", ",", "?", "!", "'", "n't", "'m", "'s", "'ve",
    "do not", " do not", " .", "▁", "▁a", "▁▁", "Ġ", "Ġa", "é", "日本", "Ã", "©", "ð", "Ł", "Ģ",
    "<0xE4>", "<0xBD>", "<0xA0>", "<0x41>", "<0xff>", "<0x+A>", "<0x0g>", "<0x", "a</w>", "</w>",
    "<pad>", "|", "_", "__", "\0", "\n", "\u{301}", "\u{FFFD}",
];

fn tokens() -> impl Strategy<Value = Vec<String>> {
    let piece = || prop::sample::select(PIECES);
    let token = prop_oneof![
        4 => piece().prop_map(str::to_owned),
        2 => prop::collection::vec(piece(), 0..4).prop_map(|pieces| pieces.concat()),
    ];
    prop::collection::vec(token, 0..12)
}

fn any_decoder() -> impl Strategy<Value = Decoder> {
    let suffix = |suffix: &str| Decoder::Bpe { suffix: suffix.to_owned() };
    let one = prop::sample::select(vec![
        byte_level(),
        suffix("</w>"),
        suffix(""),
        word_piece(true),
        word_piece(false),
        metaspace(PrependScheme::Always),
        metaspace(PrependScheme::Never),
        ctc(true),
        ctc(false),
        Decoder::ByteFallback,
        Decoder::Fuse,
        strip(1, 0),
        strip(0, 2),
        strip(2, 1),
        replace("▁", " "),
        replace("aab", "-"),
        replace("▁▁a", ""),
        replace("a\\.", "▁"),
        replace("", "-"),
        replace("[ab]+|_?", "<>"),
    ]);
    prop::collection::vec(one, 0..4).prop_map(Decoder::Sequence)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn a_chain_decodes_like_its_decoders_one_after_the_other(
        decoder in any_decoder(), tokens in tokens()
    ) {
        let got = DecodeChain::new(&decoder).unwrap().decode(tokens.iter().map(String::as_str));
        prop_assert_eq!(got.unwrap(), naive(&decoder, tokens).concat());
    }

    #[test]
    fn texts_of_a_stream_add_up_to_the_whole(
        decoder in any_decoder(), tokens in tokens(), size in 1..4_usize
    ) {
        let chain = DecodeChain::new(&decoder).unwrap();
        let whole = chain.decode(tokens.iter().map(String::as_str)).unwrap();
        let mut stream = chain.stream();
        let mut text = String::new();
        for block in tokens.chunks(size) {
            text.push_str(&stream.push(block.iter().map(String::as_str)).unwrap());
        }
        text.push_str(&stream.finish().unwrap());
        prop_assert_eq!(text, whole);
    }
}

#[test]
fn texts_longer_than_a_block_decode_alike() {
    let tokens: Vec<String> =
        (0..40_000_usize).map(|at| PIECES[(at * 7 + at / 13) % PIECES.len()].to_owned()).collect();
    let decoders = [
        Decoder::Sequence(vec![byte_level(), word_piece(true)]),
        Decoder::Sequence(vec![
            replace("▁", " "),
            Decoder::ByteFallback,
            Decoder::Fuse,
            strip(1, 1),
        ]),
        ctc(true),
    ];
    for decoder in decoders {
        let chain = DecodeChain::new(&decoder).unwrap();
        let text = chain.decode(tokens.iter().map(String::as_str)).unwrap();
        assert_eq!(text, naive(&decoder, tokens.clone()).concat());
    }
}

#[test]
fn without_a_decoder_tokens_stand_apart() {
    let chain = DecodeChain::spaces();
    assert_eq!(chain.decode(["a", "", "##b"]).unwrap(), "a  ##b");
    assert_eq!(chain.decode([]).unwrap(), "");
}

/// What tokenizers 0.23.3 answers.
#[test]
fn odd_tokens_decode_as_in_tokenizers() {
    let bpe = Decoder::Bpe { suffix: String::new() };
    assert_eq!(decode(&bpe, &["ab", "cd"]), " a b cd");
    assert_eq!(decode(&byte_level(), &["Ġa", "é", "日", "Ã", "©x"]), " a\u{FFFD}日éx");
    assert_eq!(decode(&word_piece(true), &["##a", "##b", "c", "##", "."]), "##ab c.");
    let cleaned = decode(&word_piece(true), &["a", "n't", " do not", "do not", "x . , ' y"]);
    assert_eq!(cleaned, "an't  don't don't x.,'y");
    assert_eq!(decode(&metaspace(PrependScheme::Always), &["▁▁a▁b", "▁c"]), "ab c");
    assert_eq!(decode(&metaspace(PrependScheme::Never), &["▁▁a▁b", "▁c"]), "  a b c");
    let letters = ["<pad>", "a", "a", "<pad>", "a", "|", "b", "|", ""];
    assert_eq!(decode(&ctc(true), &letters), "aa b ");
    assert_eq!(decode(&ctc(false), &letters), "aa|b|");
    let bytes = ["<0xE4>", "<0xBD>", "<0xA0>", "a", "<0xE4>", "<0xbd>", "<0x+A>", "<0xE4>a"];
    assert_eq!(decode(&Decoder::ByteFallback, &bytes), "你a\u{FFFD}\u{FFFD}\u{FFFD}<0xE4>a");
    assert_eq!(decode(&replace("x*", "-"), &["abxxc", "", "xx"]), "-a-b-c--");
    assert_eq!(decode(&replace("", "-"), &["ab", "", "c"]), "-a-b--c-");
    let nested = Decoder::Sequence(vec![byte_level(), metaspace(PrependScheme::Always)]);
    assert_eq!(decode(&nested, &["▁", "b"]), "b");
    let words = Decoder::Sequence(vec![Decoder::ByteFallback, word_piece(true)]);
    assert_eq!(decode(&words, &["a", "<0xE4>", "<0xBD>", "b"]), "a \u{FFFD} \u{FFFD} b");
}

#[test]
fn text_is_given_out_as_soon_as_it_is_certain() {
    let given = |decoder: &Decoder, tokens: &[&str]| -> Vec<String> {
        let mut stream = DecodeChain::new(decoder).unwrap().stream();
        tokens.iter().map(|token| stream.push([*token]).unwrap()).collect()
    };
    assert_eq!(given(&byte_level(), &["a", "Ã", "©", "Ġb"]), ["a", "", "é", " b"]);
    assert_eq!(given(&word_piece(true), &["a", "##b", "."]), ["a", "b", "."]);
    let llama = Decoder::Sequence(vec![
        replace("▁", " "),
        Decoder::ByteFallback,
        Decoder::Fuse,
        Decoder::Strip { content: ' ', start: 1, stop: 0 },
    ]);
    let tokens = ["▁a", "▁", "<0xE4>", "<0xBD>", "<0xA0>", "b"];
    assert_eq!(given(&llama, &tokens), ["a", " ", "", "", "", "你b"]);
    let fused = Decoder::Sequence(vec![Decoder::Fuse, replace("aab", "-")]);
    assert_eq!(given(&fused, &["xa", "a", "a", "b", "a"]), ["x", "", "a", "-", ""]);
}

#[test]
fn ids_without_a_token_and_special_ones_are_passed_over() {
    let chain = DecodeChain::new(&word_piece(true)).unwrap();
    let texts = ["[CLS]", "a", "##b"];
    let token = |id: u32| texts.get(id as usize).copied();
    let text = |skip| chain.decode_ids(&[0, 1, 7, 2], token, |id| id == 0, skip).unwrap();
    assert_eq!(text(false), "[CLS] ab");
    assert_eq!(text(true), "ab");
}

/// What tokenizers 0.23.3 answers.
#[test]
fn steps_are_those_of_a_decode_stream() {
    let texts = ["a", "b", "Ã", "©", "Ġ", "<s>"];
    let chain = DecodeChain::new(&byte_level()).unwrap();
    let token = |id: u32| texts.get(id as usize).copied();
    let decode = |ids: &[u32]| chain.decode_ids(ids, token, |id| id == 5, true);
    let run = |mut steps: StepDecoder, ids: &[u32]| -> Vec<Option<String>> {
        ids.iter().map(|&id| steps.step(&[id], decode).unwrap()).collect()
    };
    let some = |text: &str| Some(text.to_owned());
    let got = run(StepDecoder::default(), &[0, 2, 3, 5, 1, 2, 2, 3, 0, 99, 3]);
    let want = [some("a"), None, some("é"), None, some("b"), None, None, some("\u{FFFD}é")];
    assert_eq!(got[..8], want);
    assert_eq!(got[8..], [some("a"), None, None]);
    assert_eq!(run(StepDecoder::new(vec![0, 2]), &[3, 5, 1]), [some("aé"), None, some("b")]);
}

#[test]
fn a_text_that_changes_its_beginning_ends_a_decode_stream() {
    let decoder = Decoder::Sequence(vec![Decoder::Fuse, replace("ab", "")]);
    let chain = DecodeChain::new(&decoder).unwrap();
    let texts = ["a", "b"];
    let decode =
        |ids: &[u32]| chain.decode_ids(ids, |id| texts.get(id as usize).copied(), |_| false, false);
    let mut steps = StepDecoder::default();
    for (id, want) in [(1, Some("b")), (0, Some("a")), (1, None), (1, None)] {
        assert_eq!(steps.step(&[id], decode).unwrap().as_deref(), want);
    }
    let error = steps.step(&[1], decode).unwrap_err();
    assert_eq!(error.kind(), toksmith_core::ErrorKind::Input);
}

#[test]
fn what_cannot_be_decoded_is_named() {
    let error = DecodeChain::new(&replace("(", "")).unwrap_err();
    assert_eq!(error.kind(), toksmith_core::ErrorKind::Model);
    let sentence_piece = Decoder::SentencePiece {
        add_dummy_prefix: true,
        remove_extra_whitespaces: false,
        unk_surface: String::new(),
        denormalizer: None,
    };
    let error = DecodeChain::new(&sentence_piece).unwrap_err();
    assert_eq!(error.kind(), toksmith_core::ErrorKind::Unsupported);
}

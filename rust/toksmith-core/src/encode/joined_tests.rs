//! Joining against a loop that looks at all pairs every time, and what a file keeps of it.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test fails where it cannot go on")]

use super::ends_line;
use crate::encode::added::Allowed;
use crate::encode::pretokenize::{Scanner, patterns};
use crate::encode::stream::StreamEncoder;
use crate::error::Error;
use crate::formats::{self, Definition, Format, Merges, Options, Split};
use crate::token::TokenId;
use crate::tokenizer::{Text, Tokenizer};
use crate::vocab::Vocab;
use crate::watch::Watch;

/// A deterministic generator (`SplitMix64`), enough for picking characters.
fn random(state: &mut u64, below: usize) -> usize {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    (mixed ^ (mixed >> 31)) as usize % below
}

/// Bytes, and merges of tokens that stand before them.
struct Learned {
    tokens: Vec<Vec<u8>>,
    merges: Vec<(TokenId, TokenId, TokenId)>,
}

impl Learned {
    /// As learning does it: pairs that stand side by side in a text.
    fn new(state: &mut u64, alphabet: &[u8]) -> Self {
        let mut tokens: Vec<Vec<u8>> = (0..=255).map(|byte| vec![byte]).collect();
        let mut merges = Vec::new();
        let text: String =
            (0..300).map(|_| char::from(alphabet[random(state, alphabet.len())])).collect();
        for _ in 0..30 {
            let found = Self { tokens: tokens.clone(), merges: merges.clone() }.encode(&text);
            let at = random(state, found.len());
            let Some(&[left, right]) = found.get(at..at + 2) else { continue };
            let mut spelled = tokens[left as usize].clone();
            spelled.extend(&tokens[right as usize]);
            if tokens.contains(&spelled) || merges.iter().any(|m| (m.0, m.1) == (left, right)) {
                continue;
            }
            merges.push((left, right, tokens.len() as TokenId));
            tokens.push(spelled);
        }
        Self { tokens, merges }
    }

    /// The first pair in the list, the leftmost of several, until none is left.
    fn merge(&self, row: &mut Vec<(TokenId, bool)>) {
        loop {
            let place = |pair: &[(TokenId, bool)]| {
                let both = pair[0].1 && pair[1].1;
                let found = |m: &(u32, u32, u32)| (m.0, m.1) == (pair[0].0, pair[1].0);
                self.merges.iter().position(found).filter(|_| both)
            };
            let places = row.windows(2).enumerate();
            let Some((place, at)) = places.filter_map(|(at, pair)| Some((place(pair)?, at))).min()
            else {
                return;
            };
            row[at].0 = self.merges[place].2;
            row.remove(at + 1);
        }
    }

    fn encode(&self, text: &str) -> Vec<TokenId> {
        let (scanner, mut out, mut line) = (Scanner::Gpt2, Vec::new(), Vec::new());
        for span in scanner.matches(&mut scanner.new_cache(), text).expect("matches") {
            let word = &text.as_bytes()[span.start..span.end];
            let mut row = word.iter().map(|&byte| (TokenId::from(byte), true)).collect();
            self.merge(&mut row);
            let whole = row.len() == 1;
            line.extend(row.iter().map(|&(id, _)| (id, whole)));
            if ends_line(word) {
                self.merge(&mut line);
                out.append(&mut line);
            }
        }
        self.merge(&mut line);
        out.append(&mut line);
        out.into_iter().map(|(id, _)| id).collect()
    }

    fn definition(&self) -> Definition {
        let mut vocab = Vocab::default();
        for (id, token) in (0..).zip(&self.tokens) {
            vocab.insert(id, token, self.tokens.len()).expect("fits");
        }
        Definition {
            vocab,
            merges: Merges::List(self.merges.clone()),
            splits: vec![Split::tiktoken(patterns::GPT2[0])],
            joins: Some(self.merges.iter().map(|&(left, right, _)| (left, right)).collect()),
            ..Definition::default()
        }
    }
}

#[test]
fn joining_is_that_of_the_plain_loop() {
    let (none, mut state, mut several) = (Watch::none(), 3, 0);
    for alphabet in [&b"ab "[..], b"a b\n", b"abc 1.'", b"aa  \r\n"] {
        for _ in 0..20 {
            let learned = Learned::new(&mut state, alphabet);
            let tokenizer = Tokenizer::build(learned.definition()).expect("builds");
            let saved = tokenizer.to_bytes().expect("is written");
            let definition = formats::load(&saved, &Options::default()).expect("is read");
            let again = Tokenizer::build(definition).expect("builds");
            assert!(again.joins_pre_tokens());
            for _ in 0..20 {
                let text: String = (0..random(&mut state, 120))
                    .map(|_| char::from(alphabet[random(&mut state, alphabet.len())]))
                    .collect();
                let expected = learned.encode(&text);
                assert_eq!(tokenizer.encode(&text).expect("encodes"), expected, "{text:?}");
                assert_eq!(again.encode(&text).expect("encodes"), expected, "{text:?}");
                let spanned = tokenizer
                    .encode_with_spans(Text::Str(&text), &Allowed::None, &none)
                    .expect("encodes");
                for (id, span) in spanned.ids.iter().zip(&spanned.spans) {
                    assert_eq!(text.as_bytes()[span.start..span.end], learned.tokens[*id as usize]);
                }
                let (mut encoder, mut given) = (StreamEncoder::new(Allowed::None), Vec::new());
                for block in text.as_bytes().chunks(1 + random(&mut state, 40)) {
                    given.extend(encoder.push(&tokenizer, block, &none).expect("encodes"));
                }
                given.extend(encoder.finish(&tokenizer, &none).expect("encodes"));
                assert_eq!(given, expected, "{text:?}");
                several += expected
                    .iter()
                    .filter(|&&id| learned.tokens[id as usize][1..].contains(&b' '))
                    .count();
            }
        }
    }
    assert!(several > 1000, "{several} tokens of several words");
}

#[test]
fn what_cannot_be_joined_is_refused() {
    let learned = Learned::new(&mut 5, b"ab ");
    let wrong = |joins| {
        Tokenizer::build(Definition { joins: Some(joins), ..learned.definition() })
            .expect_err("is refused")
    };
    assert!(matches!(wrong(vec![(0, 1)]), Error::Vocabulary { why } if why.contains("joins[0]")));
    assert!(matches!(wrong(vec![(9999, 1)]), Error::Vocabulary { .. }));
    let tokenizer = Tokenizer::build(learned.definition()).expect("builds");
    for format in [Format::HfJson, Format::Tiktoken, Format::SentencePiece] {
        let saved = formats::save(&tokenizer.definition(), &tokenizer.compiled(), format);
        assert!(matches!(saved, Err(Error::Unsupported { feature }) if feature.contains("joined")));
    }
}

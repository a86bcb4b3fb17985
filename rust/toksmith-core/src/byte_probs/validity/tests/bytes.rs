//! Small random vocabularies: what is accepted is what stands at the beginning of some encoding,
//! of all texts up to a length.

use crate::byte_probs::spelling::Spelling;
use crate::byte_probs::trie::TokenTrie;
use crate::byte_probs::validity::{State, Validity};
use crate::encode::model::draws::next_bits;
use crate::encode::pretokenize::{Dialect, patterns};
use crate::formats::{Definition, Merges, Split, SplitBehaviour};
use crate::token::TokenId;
use crate::tokenizer::Tokenizer;
use crate::vocab::Vocab;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A byte-level BPE with merges drawn at random, some tokens that no merge makes, and a pattern.
pub(super) fn random(
    seed: u64,
    alphabet: &str,
    pattern: Option<&str>,
    whole_words: bool,
) -> Tokenizer {
    let mut random = seed;
    let mut draw = |limit: usize| (next_bits(&mut random) % limit as u64) as usize;
    let mut spelled: Vec<Vec<u8>> = (0..=255u8).map(|byte| vec![byte]).collect();
    let letters: Vec<usize> = alphabet.bytes().map(usize::from).collect();
    let mut known = letters.clone();
    let mut merges = Vec::new();
    for round in 0..400 {
        if merges.len() >= 12 {
            break;
        }
        let (left, right) = (known[draw(known.len())], known[draw(known.len())]);
        let joined = [&spelled[left][..], &spelled[right]].concat();
        if joined.len() > 5 || spelled.contains(&joined) {
            continue;
        }
        // Every fifth token has no merge.
        if round % 5 != 4 {
            merges.push((left as TokenId, right as TokenId, spelled.len() as TokenId));
            known.push(spelled.len());
        }
        spelled.push(joined);
    }
    if seed % 4 == 3 {
        // A merge order in which products come before their parts.
        merges.reverse();
    }
    let mut vocab = Vocab::default();
    for (id, bytes) in spelled.iter().enumerate() {
        vocab.insert(id as TokenId, bytes, spelled.len()).unwrap_or_else(|error| panic!("{error}"));
    }
    let splits = pattern.map(|pattern| Split {
        pattern: pattern.to_owned(),
        dialect: Dialect::FancyRegex,
        behaviour: SplitBehaviour::Removed,
        invert: true,
    });
    let definition = Definition {
        vocab,
        merges: Merges::List(merges),
        whole_words,
        splits: splits.into_iter().collect(),
        ..Definition::default()
    };
    Tokenizer::build(definition).unwrap_or_else(|error| panic!("{error}"))
}

/// Every beginning of an encoding of a text of up to `length` characters; whether it is all of one.
fn beginnings(
    tokenizer: &Tokenizer,
    alphabet: &[char],
    length: usize,
) -> BTreeMap<Vec<TokenId>, bool> {
    let mut all: BTreeMap<Vec<TokenId>, bool> = BTreeMap::new();
    let mut texts = vec![String::new()];
    for round in 0..=length {
        for text in &texts {
            let ids = tokenizer.encode(text).unwrap_or_else(|error| panic!("{error}"));
            for len in 0..ids.len() {
                all.entry(ids[..len].to_vec()).or_default();
            }
            all.insert(ids, true);
        }
        if round < length {
            let longer = |text: &String| {
                let text = text.clone();
                alphabet.iter().map(move |c| format!("{text}{c}"))
            };
            texts = texts.iter().flat_map(longer).collect();
        }
    }
    all
}

/// Compares what is accepted up to `known` bytes with the beginnings.
pub(super) fn compare(
    tokenizer: &Tokenizer,
    alphabet: &[char],
    length: usize,
    known: usize,
    note: &str,
) {
    let spelling = Spelling::new(tokenizer).unwrap_or_else(|error| panic!("{error}"));
    let trie = Arc::new(TokenTrie::new(&spelling.tokens).unwrap_or_else(|error| panic!("{error}")));
    let rules = Validity::new(tokenizer, &trie).unwrap_or_else(|error| panic!("{note}: {error}"));
    let expected = beginnings(tokenizer, alphabet, length);
    let bytes: BTreeSet<u8> = alphabet.iter().collect::<String>().bytes().collect();
    let places: Vec<u32> = (0..trie.len() as u32)
        .filter(|&place| trie.spelling(place).iter().all(|byte| bytes.contains(byte)))
        .collect();
    let mut stack: Vec<(Vec<TokenId>, usize, State)> = vec![(Vec::new(), 0, rules.start())];
    while let Some((ids, spelled, state)) = stack.pop() {
        let mask = rules.mask(&state);
        for place in 0..trie.len() as u32 {
            let next = rules.step(&state, place);
            assert_eq!(mask.contains(place), next.is_some(), "{note} {ids:?} {place}: the mask");
        }
        let complete = expected.get(&ids).copied().unwrap_or(false);
        assert_eq!(rules.complete(&state), complete, "{note} {ids:?}: complete");
        for &place in &places {
            let longer = [&ids[..], &[trie.id(place)]].concat();
            let spelled = spelled + trie.spelling(place).len();
            if spelled > known {
                continue;
            }
            let next = rules.step(&state, place);
            assert_eq!(next.is_some(), expected.contains_key(&longer), "{note} {longer:?}");
            if let Some(next) = next {
                stack.push((longer, spelled, next));
            }
        }
    }
}

#[test]
fn without_a_pattern_contexts_are_beginnings_of_encodings() {
    for seed in 0..40 {
        let tokenizer = random(seed, "ab", None, seed % 2 == 0);
        compare(&tokenizer, &['a', 'b', 'z'], 8, 5, &format!("seed {seed}"));
    }
}

#[test]
fn with_a_pattern_contexts_are_beginnings_of_encodings() {
    // Each with a character that no token knows; two that begin with the same byte, one no letter.
    let alphabets: [(&str, &[char], usize, usize); 3] = [
        ("a \n", &['a', ' ', '\n', 'z'], 7, 4),
        ("a'S1", &['a', '\'', 'S', 's', '1', 'z', '!'], 5, 3),
        ("a\u{e9} !", &['a', '\u{e9}', '\u{ef}', '\u{f7}', ' ', '!'], 5, 3),
    ];
    let all = [
        patterns::GPT2[0],
        patterns::GPT2[1],
        patterns::CL100K[0],
        patterns::LLAMA3[0],
        patterns::O200K[0],
        r"(?:a|a!)(?=[a1 ])|[\s\S]",
    ];
    for (seed, (pattern, (letters, alphabet, length, known))) in
        all.iter().flat_map(|pattern| alphabets.map(|alphabet| (*pattern, alphabet))).enumerate()
    {
        for whole_words in [false, true] {
            let tokenizer = random(seed as u64, letters, Some(pattern), whole_words);
            let note = format!("{pattern} {letters:?} {whole_words}");
            compare(&tokenizer, alphabet, length, known, &note);
        }
    }
}

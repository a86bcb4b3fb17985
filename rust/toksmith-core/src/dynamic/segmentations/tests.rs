//! Against every segmentation of short texts over small vocabularies.

use super::fewest::Ties;
use super::lexicon::Lexicon;
use super::splits::PairTable;
use crate::batch::Ragged;
use crate::encode::added::Allowed;
use crate::formats::{Definition, Merges};
use crate::token::TokenId;
use crate::tokenizer::{Text, Tokenizer};
use crate::vocab::Vocab;
use crate::watch::Watch;
use std::sync::Arc;

const WORDS: [&[&str]; 4] = [
    &["ab", "ba", "aba", "bab"],
    &["aa", "aaa", "aaaa"],
    &["ab", "abb", "aab", "abab", "bb"],
    &["aaa", "aab", "baa", "bb"],
];

/// All bytes, and the words as tokens from 256 on.
fn tokenizer(words: &[&str]) -> Arc<Tokenizer> {
    let mut vocab = Vocab::default();
    for byte in 0..=255u8 {
        vocab.insert(byte.into(), &[byte], 512).unwrap();
    }
    for (word, id) in words.iter().zip(256..) {
        vocab.insert(id, word.as_bytes(), 512).unwrap();
    }
    let definition = Definition { vocab, merges: Merges::ByRank, ..Definition::default() };
    Arc::new(Tokenizer::build(definition).unwrap())
}

fn texts() -> impl Iterator<Item = String> {
    let all = (0..=9u32).flat_map(|len| (0..1u32 << len).map(move |bits| (len, bits)));
    all.map(|(len, bits)| (0..len).map(|at| if bits >> at & 1 == 0 { 'a' } else { 'b' }).collect())
}

/// Every way to spell a text.
fn spellings(words: &[&str], text: &str) -> Vec<Vec<TokenId>> {
    if text.is_empty() {
        return vec![Vec::new()];
    }
    let tokens = (256..).zip(words.iter().copied()).chain([(97, "a"), (98, "b")]);
    let with = |(id, word): (TokenId, &str)| {
        let rest = text.strip_prefix(word).map(|rest| spellings(words, rest)).unwrap_or_default();
        rest.into_iter().map(move |ids| [vec![id], ids].concat())
    };
    tokens.flat_map(with).collect()
}

fn lens_from_the_end(tokenizer: &Tokenizer, ids: &[TokenId]) -> Vec<usize> {
    ids.iter().rev().map(|&id| tokenizer.vocab().get(id).unwrap().len()).collect()
}

fn rows(ragged: &Ragged) -> Vec<Vec<TokenId>> {
    let row = |pair: &[i64]| {
        ragged.ids[pair[0].cast_unsigned() as usize..pair[1].cast_unsigned() as usize].to_vec()
    };
    ragged.offsets.windows(2).map(row).collect()
}

#[test]
fn fewest_tokens_are_the_least_of_all_and_end_in_the_longest() {
    for words in WORDS {
        let tokenizer = tokenizer(words);
        let lexicon = Lexicon::new(Arc::clone(&tokenizer), true).unwrap();
        let given: Vec<String> = texts().collect();
        let views: Vec<Text<'_>> = given.iter().map(|text| Text::Str(text)).collect();
        let run =
            |ties| lexicon.fewest(&views, &Allowed::None, true, ties, 1, &Watch::none()).unwrap();
        let (longest, drawn) = (run(Ties::Longest), run(Ties::Random { seed: 3, first: 0 }));
        for (at, text) in given.iter().enumerate() {
            let all = spellings(words, text);
            let least = all.iter().map(Vec::len).min().unwrap();
            let shortest: Vec<_> = all.into_iter().filter(|ids| ids.len() == least).collect();
            let best = shortest.iter().max_by_key(|ids| lens_from_the_end(&tokenizer, ids));
            assert_eq!(&rows(&longest.rows)[at], best.unwrap(), "{words:?} {text}");
            assert!(shortest.contains(&rows(&drawn.rows)[at]), "{words:?} {text}");
            let ways = shortest.len() as f64;
            assert!((drawn.logprobs[at] + ways.ln()).abs() < 1e-12, "{words:?} {text}");
        }
    }
}

#[test]
fn best_and_drawn_have_the_share_of_their_weight() {
    for words in WORDS {
        let tokenizer = tokenizer(words);
        let lexicon = Lexicon::new(Arc::clone(&tokenizer), true).unwrap();
        let weights: Vec<f64> = (0..300).map(|id| -f64::from(id % 7) / 3.0).collect();
        for text in texts().filter(|text| text.len() <= 7) {
            let all = spellings(words, &text);
            let weight = |ids: &[TokenId]| ids.iter().map(|&id| weights[id as usize]).sum::<f64>();
            let total: f64 = all.iter().map(|ids| weight(ids).exp()).sum();
            let view = Text::Str(&text);
            let none = (&Allowed::None, &Watch::none());
            let best = lexicon.best(view, none.0, true, Some(&weights), 9, none.1).unwrap();
            let mut shares: Vec<f64> = all.iter().map(|ids| weight(ids) - total.ln()).collect();
            shares.sort_by(|a, b| b.total_cmp(a));
            let found = rows(&best.rows);
            assert_eq!(found.len(), all.len().min(9));
            for ((ids, logprob), share) in found.iter().zip(&best.logprobs).zip(shares) {
                assert!(all.contains(ids));
                assert!(
                    (logprob - share).abs() < 1e-9
                        && (weight(ids) - total.ln() - share).abs() < 1e-9
                );
            }
            let one = lexicon
                .weighted(&[view], none.0, true, Some(&weights), 1.0, 5, 0, 1, none.1)
                .unwrap();
            let share = weight(&rows(&one.rows)[0]) - total.ln();
            assert!((one.logprobs[0] - share).abs() < 1e-9);
        }
    }
}

#[test]
fn pairs_are_all_splits_into_two_tokens() {
    for words in WORDS {
        let lexicon = Lexicon::new(tokenizer(words), true).unwrap();
        let table = PairTable::new(&lexicon).unwrap();
        let known = |text: &str| {
            let at = words.iter().position(|&word| word == text);
            at.map(|at| 256 + at as TokenId)
                .or_else(|| (text.len() == 1).then(|| text.as_bytes()[0].into()))
        };
        for (id, word) in (256..).zip(words) {
            let splits = (1..word.len()).filter_map(|at| {
                let (left, right) = word.split_at(at);
                Some((known(left)?, known(right)?))
            });
            assert_eq!(table.pairs(id), splits.collect::<Vec<_>>());
        }
        assert!(table.pairs(97).is_empty() && table.pairs(u32::MAX).is_empty());
    }
}

#[test]
fn splits_keep_the_bytes_and_end_when_nothing_can_be_split() {
    let lexicon = Lexicon::new(tokenizer(&["aa", "aaaa", "ab", "abab"]), true).unwrap();
    let table = PairTable::new(&lexicon).unwrap();
    let (ids, offsets) = ([257, 259, 98, 257, 258], [0, 3, 3, 5]);
    let run = |alpha, seed, first| {
        table.split(&ids, &offsets, alpha, seed, first, 1, &Watch::none()).unwrap().rows
    };
    assert_eq!(rows(&run(0.3, 1, 0)), [vec![257, 259, 98], vec![], vec![257, 258]]);
    let bytes = |ids: &[TokenId]| {
        let spelled = ids.iter().map(|&id| lexicon.tokenizer.vocab().get(id).unwrap());
        spelled.collect::<Vec<_>>().concat()
    };
    for seed in 0..50 {
        let some = run(1.0, seed, 0);
        for (row, from) in rows(&some).iter().zip([&ids[..3], &[], &ids[3..]]) {
            assert_eq!(bytes(row), bytes(from));
        }
        // A row is drawn alike wherever it stands.
        let alone = table.split(&ids[3..], &[0, 2], 1.0, seed, 2, 1, &Watch::none()).unwrap();
        assert_eq!(rows(&alone.rows)[0], rows(&some)[2]);
    }
    let all = run(1e9, 7, 0);
    assert_eq!(bytes(&all.ids), bytes(&ids));
    assert!(all.ids.iter().all(|&id| id < 256));
    for wrong in [f64::NAN, -0.1, f64::INFINITY, 1e300] {
        assert!(table.split(&ids, &offsets, wrong, 0, 0, 1, &Watch::none()).is_err());
    }
    for offsets in [[0, 6], [3, 2], [-1, 2]] {
        assert!(table.split(&ids, &offsets, 1.0, 0, 0, 1, &Watch::none()).is_err());
    }
    assert!(table.split(&[512], &[0, 1], 1.0, 0, 0, 1, &Watch::none()).is_err());
}

//! Against all tokenizations, found by trying every token everywhere.

use super::*;
use std::collections::BTreeMap;

/// Small vocabularies: with duplicates, prefixes of each other, holes.
const VOCABULARIES: [&[&str]; 5] = [
    &["a", "b", "ab", "ba", "aba", "bab"],
    &["a", "aa", "aaa", "a", "b"],
    &["ab", "ba", "abb", "aab"],
    &["a", "b", "ab", "ab", "ab", "abab", "bb"],
    &["abba", "b"],
];

fn graph(words: &[&str], text: &[u8]) -> TokenGraph {
    let tokens = words.iter().zip(0..).map(|(word, id)| (id, word.bytes().collect()));
    let tokens: Vec<(TokenId, Vec<u8>)> = tokens.collect();
    let trie = Arc::new(TokenTrie::new(&tokens).unwrap());
    TokenGraph::new(trie, text.to_vec(), &Watch::none()).unwrap()
}

fn texts() -> impl Iterator<Item = Vec<u8>> {
    let all = (0..=8u32).flat_map(|len| (0..1u32 << len).map(move |bits| (len, bits)));
    all.map(|(len, bits)| (0..len).map(|at| b"ab"[(bits >> at & 1) as usize]).collect())
}

/// In the order of [`TokenGraph::tokenizations`].
fn brute(words: &[&str], text: &[u8]) -> Vec<Vec<TokenId>> {
    if text.is_empty() {
        return vec![Vec::new()];
    }
    let mut order: Vec<_> = words.iter().zip(0..).collect();
    order.sort_by_key(|(word, id)| (word.len(), *id));
    let with = |(word, id): (&&str, TokenId)| {
        let rest = text.strip_prefix(word.as_bytes());
        let rest = rest.map(|rest| brute(words, rest)).unwrap_or_default();
        rest.into_iter().map(move |ids| [vec![id], ids].concat())
    };
    order.into_iter().flat_map(with).collect()
}

fn rows(ragged: &crate::batch::Ragged) -> Vec<Vec<TokenId>> {
    let at = |offset: i64| usize::try_from(offset).unwrap();
    let row = |pair: &[i64]| ragged.ids[at(pair[0])..at(pair[1])].to_vec();
    ragged.offsets.windows(2).map(row).collect()
}

fn small(number: &Natural) -> usize {
    assert!(number.len() <= 1);
    number.first().map_or(0, |&limb| limb as usize)
}

#[test]
fn counts_and_lists_equal_brute_force() {
    for words in VOCABULARIES {
        for text in texts() {
            let (graph, expected) = (graph(words, &text), brute(words, &text));
            assert_eq!(rows(&graph.tokenizations(&Watch::none()).unwrap()), expected);
            assert_eq!(small(&graph.count(&Watch::none()).unwrap()), expected.len());
            let mut lengths = BTreeMap::new();
            for ids in &expected {
                *lengths.entry(ids.len()).or_insert(0) += 1;
            }
            for most in [0, 1, 3, 100] {
                let found = graph.lengths(most, &Watch::none()).unwrap();
                let found: BTreeMap<_, _> =
                    found.iter().map(small).enumerate().filter(|(_, count)| *count > 0).collect();
                let mut cut = lengths.clone();
                cut.retain(|&len, _| len <= most);
                assert_eq!(found, cut, "{words:?} {text:?} {most}");
            }
            assert!(expected.iter().all(|ids| graph.contains(ids)));
            assert_eq!(graph.contains(&[0]), expected.contains(&vec![0]));
            assert!(!graph.contains(&[77]));
        }
    }
}

#[test]
fn the_best_are_those_of_a_sorted_list() {
    // Sums of quarters are exact, so that equal sums are equal.
    let weights = [-1.0, -0.25, -1.25, 0.5, -0.25, f64::NEG_INFINITY, -0.0];
    for words in VOCABULARIES {
        for text in texts() {
            let graph = graph(words, &text);
            let sum = |ids: &Vec<TokenId>| ids.iter().map(|&id| weights[id as usize]).sum::<f64>();
            let mut expected: Vec<_> =
                brute(words, &text).into_iter().map(|ids| (sum(&ids) + 0.0, ids)).collect();
            expected.retain(|(sum, _)| *sum > f64::NEG_INFINITY);
            expected.sort_by(|one, other| other.0.total_cmp(&one.0));
            for most in [0, 1, 2, 5, 1000] {
                let Ok(best) = graph.best(most, &weights, &Watch::none()) else {
                    assert!(brute(words, &text).is_empty());
                    continue;
                };
                let found: Vec<_> = best.sums.iter().copied().zip(rows(&best.rows)).collect();
                assert_eq!(found, expected[..expected.len().min(most)], "{words:?} {text:?}");
            }
        }
    }
}

#[test]
fn totals_marginals_and_draws_equal_enumeration() {
    let weights = [-1.0, -0.3, -1.7, 0.9, -0.2, f64::NEG_INFINITY, -4.5];
    for words in VOCABULARIES {
        for text in texts() {
            let graph = graph(words, &text);
            let sum = |ids: &[TokenId]| ids.iter().map(|&id| weights[id as usize]).sum::<f64>();
            let expected: BTreeMap<Vec<TokenId>, f64> =
                brute(words, &text).into_iter().map(|ids| (ids.clone(), sum(&ids).exp())).collect();
            let total: f64 = expected.values().sum();
            let weighed = graph.weigh(Some(&weights), &Watch::none()).unwrap();
            assert!((weighed.log_total().exp() - total).abs() <= 1e-13 * total.max(1e-300));
            if total == 0.0 {
                assert!(
                    weighed.marginals().is_err()
                        && weighed.sample(1, 0, 1, &Watch::none()).is_err()
                );
                continue;
            }
            let mut shares: BTreeMap<(usize, usize, TokenId), f64> = BTreeMap::new();
            for (ids, weight) in &expected {
                let mut at = 0;
                for &id in ids {
                    let end = at + words[id as usize].len();
                    *shares.entry((at, end, id)).or_insert(0.0) += weight / total;
                    at = end;
                }
            }
            for (edge, share) in graph.edges().zip(weighed.marginals().unwrap()) {
                let due = shares.get(&edge).copied().unwrap_or(0.0);
                assert!((share - due).abs() < 1e-13, "{words:?} {text:?} {edge:?}");
            }
            let drawn = weighed.sample(100, 5, 1, &Watch::none()).unwrap();
            for (ids, logprob) in rows(&drawn.rows).iter().zip(&drawn.logprobs) {
                assert!((logprob.exp() - expected[ids] / total).abs() < 1e-13);
            }
            let again = weighed.sample(100, 5, 3, &Watch::none()).unwrap();
            assert_eq!((&drawn.rows, &drawn.logprobs), (&again.rows, &again.logprobs));
        }
    }
}

#[test]
fn long_texts_keep_their_precision() {
    // The number of ways to write n as ordered ones and twos.
    let graph = graph(&["a", "aa"], &[b'a'; 5000]);
    let log = graph.weigh(None, &Watch::none()).unwrap().log_total();
    let golden = f64::midpoint(1.0, 5.0f64.sqrt());
    let expected = 5001.0 * golden.ln() - 5.0f64.sqrt().ln();
    assert!((log - expected).abs() < 1e-12 * expected, "{log} {expected}");
    let drawn = graph.weigh(None, &Watch::none()).unwrap().sample(3, 1, 1, &Watch::none()).unwrap();
    assert!(drawn.logprobs.iter().all(|logprob| (logprob + log).abs() < 1e-11 * log));
}

#[test]
fn what_cannot_be_is_an_error_that_says_where() {
    let graph = graph(&["ab", "b"], b"abbaab");
    assert_eq!(graph.furthest(), 3);
    assert_eq!(graph.count(&Watch::none()).unwrap(), Natural::new());
    let error = graph.best(1, &[0.0, 0.0], &Watch::none()).unwrap_err().to_string();
    assert!(error.contains("byte 3 of 6"), "{error}");
    for bad in [f64::NAN, f64::INFINITY, 1e10] {
        assert!(graph.weigh(Some(&[0.0, bad]), &Watch::none()).is_err());
    }
    assert!(graph.weigh(Some(&[0.0]), &Watch::none()).is_err());
}

#[test]
fn canonical_edges_are_those_of_encodings() {
    use crate::byte_probs::law::{Law, Target};
    use crate::byte_probs::spelling::Spelling;
    use crate::encode::added::Allowed;
    use crate::{Tokenizer, formats::Definition, tokenizer::Text, vocab::Vocab};
    let mut vocab = Vocab::default();
    for byte in 0..=255u8 {
        vocab.insert(byte.into(), &[byte], 300).unwrap();
    }
    for (word, id) in ["ab", "ba", "abb", "abab", "aa", "baa"].iter().zip(256..) {
        vocab.insert(id, word.as_bytes(), 300).unwrap();
    }
    let tokenizer = Tokenizer::build(Definition { vocab, ..Definition::default() }).unwrap();
    let trie = Arc::new(TokenTrie::new(&Spelling::new(&tokenizer).unwrap().tokens).unwrap());
    let law = Law::new(&tokenizer, Target::Canonical, false).unwrap();
    let watch = Watch::none();
    let encoding = |text: &[u8]| {
        let ids = tokenizer.encode_text(Text::Bytes(text), &Allowed::default(), &watch).unwrap();
        let mut at = 0;
        let edges = ids.into_iter().map(|id| {
            let start = at;
            at += tokenizer.token_bytes(id).unwrap().len();
            (start, at, id)
        });
        edges.collect::<Vec<_>>()
    };
    for text in texts() {
        let graph = TokenGraph::new(Arc::clone(&trie), text.clone(), &watch).unwrap();
        let marked = |whole| {
            let marks = graph.canonical_edges(&law, whole, &watch).unwrap();
            let kept = graph.edges().zip(marks).filter_map(|(edge, marked)| marked.then_some(edge));
            kept.collect::<std::collections::BTreeSet<_>>()
        };
        // Without a pattern a sequence is a prefix of an encoding where it is the encoding.
        assert_eq!(marked(true), encoding(&text).into_iter().collect(), "{text:?}");
        let beginnings = (1..=text.len()).flat_map(|end| encoding(&text[..end]));
        assert_eq!(marked(false), beginnings.collect(), "{text:?}");
    }
}

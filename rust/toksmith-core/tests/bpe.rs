//! Merging against its definition: random vocabularies, random and adversarial text.

#![allow(clippy::expect_used, reason = "a test that fails to set up shall fail")]

use proptest::prelude::*;
use std::collections::HashMap;
use toksmith_core::encode::model::bpe::naive;
use toksmith_core::formats::{Definition, Merges};
use toksmith_core::vocab::Vocab;
use toksmith_core::{Rank, Tokenizer};

/// Tokens beyond the bytes, as pairs of earlier tokens taken modulo their number.
fn vocabulary(pairs: &[(u16, u16)]) -> (Vec<Vec<u8>>, Vec<(u32, u32)>) {
    let mut tokens: Vec<Vec<u8>> = (0..=255).map(|byte| vec![byte]).collect();
    // Few letters, so that merges meet.
    let mut pool: Vec<u32> = b"abc-".iter().map(|&byte| u32::from(byte)).collect();
    let mut merges = Vec::new();
    for &(left, right) in pairs {
        let pick = |n: u16| pool[n as usize % pool.len()];
        let (left, right) = (pick(left), pick(right));
        let token = [tokens[left as usize].as_slice(), &tokens[right as usize]].concat();
        if token.len() > 40 || tokens.contains(&token) {
            continue;
        }
        pool.push(tokens.len() as u32);
        tokens.push(token);
        merges.push((left, right));
    }
    (tokens, merges)
}

fn vocab(tokens: &[Vec<u8>], ids: &[u32]) -> Vocab {
    let mut vocab = Vocab::default();
    for (token, &id) in tokens.iter().zip(ids) {
        vocab.insert(id, token, tokens.len()).expect("ids are free");
    }
    vocab
}

fn by_rank(tokens: &[Vec<u8>], ids: &[u32], text: &[u8]) -> Vec<u32> {
    let by_bytes: HashMap<&[u8], u32> =
        tokens.iter().map(Vec::as_slice).zip(ids.iter().copied()).collect();
    let bytes: HashMap<u32, &[u8]> =
        ids.iter().copied().zip(tokens.iter().map(Vec::as_slice)).collect();
    let mut parts: Vec<Rank> = text.iter().map(|&byte| by_bytes[&[byte][..]]).collect();
    naive::merge(&mut parts, |left, right| {
        let whole = [bytes[&left], bytes[&right]].concat();
        by_bytes.get(whole.as_slice()).map(|&id| (id, id))
    });
    parts
}

fn by_list(merges: &[(u32, u32, u32)], text: &[u8]) -> Vec<u32> {
    let mut parts: Vec<Rank> = text.iter().map(|&byte| u32::from(byte)).collect();
    let table: HashMap<(u32, u32), (u32, u32)> = merges
        .iter()
        .enumerate()
        .map(|(order, &(left, right, made))| ((left, right), (order as u32, made)))
        .collect();
    naive::merge(&mut parts, |left, right| table.get(&(left, right)).copied());
    parts
}

fn encoded(vocab: Vocab, merges: Merges, text: &[u8]) -> Vec<u32> {
    let definition = Definition { vocab, merges, ..Definition::default() };
    let tokenizer = Tokenizer::build(definition).expect("a vocabulary that fits");
    let text = std::str::from_utf8(text).expect("ASCII");
    tokenizer.encode(text).expect("no pattern, no error")
}

/// Text over the alphabet of [`vocabulary`]: letters, or one short word again and again.
fn text() -> impl Strategy<Value = Vec<u8>> {
    let letter = prop::sample::select(b"abc-".to_vec());
    prop_oneof![
        prop::collection::vec(letter.clone(), 1..60),
        prop::collection::vec(letter.clone(), 250..700),
        (prop::collection::vec(letter, 1..5), 60..400_usize)
            .prop_map(|(word, times)| word.repeat(times)),
    ]
}

fn pairs() -> impl Strategy<Value = Vec<(u16, u16)>> {
    prop::collection::vec(any::<(u16, u16)>(), 0..80)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn ranks_in_training_order_merge_as_the_naive_loop(pairs in pairs(), text in text()) {
        let (tokens, _) = vocabulary(&pairs);
        let ids: Vec<u32> = (0..tokens.len() as u32).collect();
        prop_assert_eq!(encoded(vocab(&tokens, &ids), Merges::ByRank, &text), by_rank(&tokens, &ids, &text));
    }

    #[test]
    fn ranks_in_any_order_merge_as_the_naive_loop(
        pairs in pairs(), text in text(), shuffle in any::<prop::sample::Index>(),
    ) {
        let (tokens, _) = vocabulary(&pairs);
        // Products in reverse and rotated: many come before their parts.
        let made = tokens.len() as u32 - 256;
        let turn = if made == 0 { 0 } else { shuffle.index(made as usize) as u32 };
        let ids: Vec<u32> = (0..tokens.len() as u32)
            .map(|id| if id < 256 { id } else { 256 + (2 * made - 1 - (id - 256) + turn) % made })
            .collect();
        let text = &text[..text.len().min(120)];
        prop_assert_eq!(encoded(vocab(&tokens, &ids), Merges::ByRank, text), by_rank(&tokens, &ids, text));
    }

    #[test]
    fn merge_lists_in_any_order_merge_as_the_naive_loop(
        pairs in pairs(), text in text(), reverse in any::<bool>(),
    ) {
        let (tokens, merges) = vocabulary(&pairs);
        let ids: Vec<u32> = (0..tokens.len() as u32).collect();
        let mut list: Vec<_> = (256..).zip(merges).map(|(made, (left, right))| (left, right, made)).collect();
        if reverse {
            list.reverse();
        }
        let text = &text[..text.len().min(if reverse { 120 } else { 700 })];
        let got = encoded(vocab(&tokens, &ids), Merges::List(list.clone()), text);
        prop_assert_eq!(got, by_list(&list, text));
    }
}

#[test]
fn long_runs_merge_as_short_ones_do() {
    // Lengths of one sign, some skipped: what makes finding the encoding from the left dear.
    let mut tokens: Vec<Vec<u8>> = (0..=255).map(|byte| vec![byte]).collect();
    for len in [2, 4, 8, 3, 5, 16, 12, 32, 20, 31, 7] {
        tokens.push(vec![b'-'; len]);
    }
    let ids: Vec<u32> = (0..tokens.len() as u32).collect();
    for len in [1, 31, 255, 256, 257, 300, 1000, 4095, 4096, 4097, 9000] {
        let text = vec![b'-'; len];
        let got = encoded(vocab(&tokens, &ids), Merges::ByRank, &text);
        assert_eq!(got, by_rank(&tokens, &ids, &text), "{len} dashes");
    }
}

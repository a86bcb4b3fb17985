//! What lists say, after every merge, against a look at all words.

#![allow(clippy::expect_used, reason = "a failed set-up shall fail the test")]

use super::super::arena::{Arena, Slot};
use super::super::options::Options;
use super::super::pairs::{Key, ids};
use super::super::{Start, fill};
use super::Engine;
use crate::train::random::Random;
use crate::train::words::WordCounts;
use crate::watch::Watch;
use std::collections::BTreeMap;

/// Words of few letters, in runs and not.
fn words() -> WordCounts {
    let mut random = Random(1);
    let word = |_| {
        let letters = 1 + random.below(14);
        let word: Vec<u8> = (0..letters).map(|_| b"aaaabbc"[random.below(7)]).collect();
        (word, 1 + random.below(50) as u64)
    };
    (0..400).map(word).collect()
}

impl<S: Slot> Engine<S> {
    /// Lists hold each place that stands, and kept pairs their counts.
    fn check(&self) {
        let arena = &self.arena;
        let mut tokens: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for (token, place) in arena.tokens(&self.rule) {
            if self.rule.span(token) > 1 {
                tokens.entry(token).or_default().push(place);
            }
        }
        for (token, places) in (0..).zip(&self.made) {
            let expected = tokens.remove(&token).unwrap_or_default();
            assert_eq!(places.standing(|place| arena.at(place) == token), expected, "{token}");
        }
        assert!(tokens.is_empty());
        let mut pairs: BTreeMap<Key, (u64, Vec<u32>)> = BTreeMap::new();
        let seen = |pair, place, weight| {
            let (count, places) = pairs.entry(pair).or_default();
            *count += weight;
            places.push(place);
        };
        self.visit(&Watch::none(), seen).expect("nobody stops it");
        for (pair, kept) in self.pairs.iter() {
            let ((left, right), expected) = (ids(pair), pairs.remove(&pair).unwrap_or_default());
            let middle = self.rule.span(left);
            let stands = |place| arena.at(place) == left && arena.at(place + middle) == right;
            assert_eq!((kept.count, kept.places.standing(stands)), expected, "{left} {right}");
        }
        assert!(pairs.values().all(|&(count, _)| count < self.least));
    }
}

fn lists_are_complete<S: Slot>() {
    let (words, watch) = (words(), Watch::none());
    let options = Options::new(500);
    let mut start = Start::new(&words, &options, None).expect("the options fit");
    let arena: Arena<S> = fill(&words, &start.speller, |_| {}, &watch).expect("few words");
    let mut engine = Engine::new(arena, start.rule, 0, 244, &watch).expect("nobody stops it");
    let mut merges = 0;
    while start.lexicon.len() < options.vocab_size {
        let Some((left, right, _)) = engine.first(&watch).expect("nobody stops it") else { break };
        let spelling = [start.lexicon.token(left), start.lexicon.token(right)].concat();
        let token = start.lexicon.intern(&spelling).expect("few tokens");
        engine.merge(left, right, token, &watch).expect("nobody stops it");
        engine.check();
        merges += 1;
    }
    assert!(merges > 200, "{merges}");
}

#[test]
fn lists_are_complete_in_slots_of_16_bits() {
    lists_are_complete::<u16>();
}

#[test]
fn lists_are_complete_in_slots_of_32_bits() {
    lists_are_complete::<u32>();
}

//! What the models accept against what the encoder gives: every text over a few characters.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails where it cannot go on")]

mod added;
mod bytes;
mod char_bpe;
mod million;
mod patterns;
mod real;
mod unigram;
mod wordpiece;

use super::char_bpe::{CharBpe, CharBpeState};
use super::unigram::{Unigram, UnigramState};
use super::wordpiece::{WordPiece, WordPieceState};
use super::{State, Validity};
use crate::byte_probs::mask::Mask;
use crate::byte_probs::spelling::Spelling;
use crate::byte_probs::trie::TokenTrie;
use crate::encode::model::draws::next_bits;
use crate::formats::pipeline::Pipeline;
use crate::formats::{AddedToken, Definition};
use crate::tokenizer::Tokenizer;
use crate::vocab::Vocab;
use std::collections::{BTreeMap, HashSet};
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;

/// What all the models can do.
trait Judge {
    type State: Clone + Eq + Hash + Debug;
    fn start(&self) -> Self::State;
    fn step(&self, state: &Self::State, place: u32) -> Option<Self::State>;
    fn mask(&self, state: &Self::State) -> Arc<Mask>;
    fn complete(&self, state: &Self::State) -> bool;
}

macro_rules! judge {
    ($model:ty, $state:ty) => {
        impl Judge for $model {
            type State = $state;
            fn start(&self) -> $state {
                self.start()
            }
            fn step(&self, state: &$state, place: u32) -> Option<$state> {
                self.step(state, place)
            }
            fn mask(&self, state: &$state) -> Arc<Mask> {
                self.mask(state)
            }
            fn complete(&self, state: &$state) -> bool {
                self.complete(state)
            }
        }
    };
}

judge!(WordPiece, WordPieceState);
judge!(Unigram, UnigramState);
judge!(CharBpe, CharBpeState);
judge!(Validity, State);

/// A tokenizer of some tokens, by id; those named are special.
fn tokenizer(tokens: &[String], specials: &[&str], pipeline: Pipeline) -> Tokenizer {
    let mut vocab = Vocab::default();
    for (id, token) in (0..).zip(tokens) {
        vocab.insert(id, token.as_bytes(), tokens.len()).unwrap();
    }
    let added = specials.iter().map(|&name| AddedToken {
        id: tokens.iter().position(|token| token == name).unwrap() as u32,
        content: name.to_owned(),
        special: true,
        ..AddedToken::default()
    });
    let added = added.collect();
    Tokenizer::build(Definition { vocab, added, pipeline, ..Definition::default() }).unwrap()
}

fn trie(tokenizer: &Tokenizer) -> Arc<TokenTrie> {
    let spelling = Spelling::new(tokenizer).unwrap();
    Arc::new(TokenTrie::new(&spelling.tokens).unwrap())
}

/// All texts of at most so many of these characters.
fn all_texts(alphabet: &[char], most: usize) -> Vec<String> {
    let mut texts = vec![String::new()];
    let mut from = 0;
    for _ in 0..most {
        let to = texts.len();
        for at in from..to {
            for &c in alphabet {
                texts.push(format!("{}{c}", texts[at]));
            }
        }
        from = to;
    }
    texts
}

/// How many characters the tokens of a context have, counting one that is not whole as two: it
/// may take one more to see that it goes on.
fn length(trie: &TokenTrie, context: &[u32]) -> usize {
    let bytes: Vec<u8> =
        context.iter().flat_map(|&id| trie.spelling(trie.place(id).unwrap()).to_vec()).collect();
    let whole = std::str::from_utf8(&bytes).is_ok();
    String::from_utf8_lossy(&bytes).chars().count() + usize::from(!whole)
}

/// What was looked at.
#[derive(Debug, Default, Clone, Copy)]
struct Seen {
    contexts: usize,
    refused: usize,
    incomplete: usize,
}

impl std::ops::AddAssign for Seen {
    fn add_assign(&mut self, other: Self) {
        self.contexts += other.contexts;
        self.refused += other.refused;
        self.incomplete += other.incomplete;
    }
}

/// Checks a model against the encodings of all texts of at most `most` characters. A context of
/// `room` characters less must be the beginning of one of them, if it is of any.
fn check<J: Judge>(
    judge: &J,
    tokenizer: &Tokenizer,
    trie: &TokenTrie,
    texts: &[String],
    (most, room): (usize, usize),
    about: &str,
) -> Seen {
    let mut begins: HashSet<Vec<u32>> = HashSet::new();
    let mut whole: HashSet<Vec<u32>> = HashSet::new();
    for text in texts {
        let Ok(ids) = tokenizer.encode(text) else { continue };
        let known = ids.iter().take_while(|&&id| trie.place(id).is_some()).count();
        for len in 0..=known {
            begins.insert(ids[..len].to_vec());
        }
        if known == ids.len() {
            whole.insert(ids);
        }
    }
    for context in &begins {
        let mut state = judge.start();
        for (at, &id) in context.iter().enumerate() {
            state = judge.step(&state, trie.place(id).unwrap()).unwrap_or_else(|| {
                panic!("{about}: {:?} is given but refused", spelled(tokenizer, &context[..=at]))
            });
        }
    }
    let mut seen = Seen::default();
    let mut todo = vec![(Vec::new(), judge.start())];
    let mut masks: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    while let Some((context, state)) = todo.pop() {
        seen.contexts += 1;
        let name = || spelled(tokenizer, &context);
        assert!(begins.contains(&context), "{about}: {:?} is accepted", name());
        let complete = judge.complete(&state);
        assert_eq!(complete, whole.contains(&context), "{about}: {:?} complete", name());
        seen.incomplete += usize::from(!complete);
        let mask = judge.mask(&state);
        assert_eq!(mask.len(), trie.len());
        let taken: Vec<u32> = mask.iter().collect();
        for place in 0..trie.len() as u32 {
            let next = judge.step(&state, place);
            assert_eq!(
                mask.contains(place),
                next.is_some(),
                "{about}: mask of {:?} behind {:?}",
                String::from_utf8_lossy(trie.spelling(place)),
                name()
            );
            let mut longer = context.clone();
            longer.push(trie.id(place));
            match next {
                Some(next) if length(trie, &longer) + room <= most => todo.push((longer, next)),
                Some(_) => {}
                None => seen.refused += 1,
            }
        }
        // Equal states are equal in what follows.
        let known = masks.entry(format!("{state:?}")).or_insert_with(|| taken.clone());
        assert_eq!(*known, taken, "{about}: {:?}", name());
    }
    seen
}

fn spelled(tokenizer: &Tokenizer, ids: &[u32]) -> Vec<String> {
    let bytes = |&id: &u32| tokenizer.token_bytes(id).unwrap_or_default();
    ids.iter().map(|id| String::from_utf8_lossy(bytes(id)).into_owned()).collect()
}

/// A number below `limit`.
fn below(random: &mut u64, limit: usize) -> usize {
    (next_bits(random) % limit as u64) as usize
}

/// Distinct random strings of at most `longest` of these characters.
fn strings(random: &mut u64, alphabet: &[char], longest: usize, count: usize) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for _ in 0..count * 4 {
        let len = 1 + below(random, longest);
        let new: String = (0..len).map(|_| alphabet[below(random, alphabet.len())]).collect();
        if !found.contains(&new) && found.len() < count {
            found.push(new);
        }
    }
    found
}

//! Added tokens that are found in every text, in front of the rules of a model.
//!
//! A text is cut into what is found and the stretches between, each of which the model encodes as a
//! text of its own. So where an added token stands, the stretch before it is whole, and the next one
//! begins as a text does; and no stretch, with what stands around it, has a match that the search
//! would have taken. What can still become a match, or a longer one, is an open question
//! ([`search`]); a context is kept if some text answers all of them as it says.
//!
//! A token that is found in normalised text is one of a second search in the stretches of the first:
//! one such layer inside the other.

mod patterns;
mod search;

use super::{State, Validity};
use crate::byte_probs::mask::Mask;
use crate::byte_probs::trie::TokenTrie;
use crate::error::Result;
use crate::tokenizer::Tokenizer;
use patterns::{Pass, patterns};
use search::{Search, Tail};
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Masks kept before they are forgotten.
const MASKS: usize = 4096;
/// Tails for which is kept what each token leads to.
const SCANS: usize = 256;
/// Tokens tried in search of a text that goes on; see [`Added::alive`].
const LOOKS: usize = 1 << 20;

/// The rules of a model behind a search for added tokens.
#[derive(Debug)]
pub(crate) struct Added {
    trie: Arc<TokenTrie>,
    inner: Validity,
    search: Search,
    /// The tokens that are found, by place.
    found: BTreeSet<u32>,
    /// Whether the model may have no way on but through added tokens.
    narrow: bool,
    memory: Mutex<Memory>,
}

#[derive(Debug, Default)]
struct Memory {
    masks: HashMap<AddedState, Arc<Mask>>,
    scans: HashMap<Tail, Arc<Scan>>,
    alive: HashMap<Way, bool>,
}

/// What tokens lead to from a tail, if nothing is found in them.
#[derive(Debug)]
struct Scan {
    /// Those behind which everything is decided.
    decided: Mask,
    /// Those behind which something is not.
    open: Vec<u32>,
}

/// What a context leaves.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct AddedState {
    /// What the tokens may be, in the order of finding; mostly one.
    ways: Vec<Way>,
}

/// One way to tell added tokens from those of the model.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Way {
    tail: Tail,
    /// Of the stretch that is not closed yet.
    inner: State,
}

impl Added {
    /// Puts the searches of a tokenizer in front of the rules of its model.
    ///
    /// # Errors
    /// [`crate::Error::Unsupported`] naming what about an added token cannot be followed.
    pub(super) fn wrap(
        tokenizer: &Tokenizer,
        trie: &Arc<TokenTrie>,
        model: Validity,
    ) -> Result<Validity> {
        let mut rules = model;
        // The second search is in the stretches that the first leaves.
        for Pass { sought, found } in patterns(tokenizer, trie)?.into_iter().rev() {
            if found.is_empty() {
                continue;
            }
            let letters: BTreeSet<char> = sought
                .iter()
                .filter(|(_, taken)| *taken)
                .filter_map(|(pattern, _)| {
                    let mut chars = std::str::from_utf8(pattern).ok()?.chars();
                    chars.next().filter(|_| chars.next().is_none())
                })
                .collect();
            rules = Validity::Added(Box::new(Self {
                trie: Arc::clone(trie),
                narrow: rules.asks_for_one_of(&letters),
                inner: rules,
                search: Search::new(sought, tokenizer.added.search()),
                found,
                memory: Mutex::default(),
            }));
        }
        Ok(rules)
    }

    /// Whether the model of the innermost stretches asks for one of these characters somewhere.
    pub(super) fn asks_for_one_of(&self, letters: &BTreeSet<char>) -> bool {
        self.inner.asks_for_one_of(letters)
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Before the first token.
    pub(crate) fn start(&self) -> AddedState {
        AddedState { ways: vec![Way { tail: Tail::default(), inner: self.inner.start() }] }
    }

    /// The state behind one more token, if some text's encoding begins so.
    pub(crate) fn step(&self, state: &AddedState, place: u32) -> Option<AddedState> {
        let mut ways: Vec<Way> = Vec::new();
        for way in &state.ways {
            for next in [self.plain(way, place), self.token(way, place)].into_iter().flatten() {
                if !ways.contains(&next) && self.alive(&next) {
                    ways.push(next);
                }
            }
        }
        (!ways.is_empty()).then_some(AddedState { ways })
    }

    /// Behind a token of the model.
    fn plain(&self, way: &Way, place: u32) -> Option<Way> {
        let tail = self.search.over(&way.tail, self.trie.spelling(place))?;
        Some(Way { tail, inner: self.inner.step(&way.inner, place)? })
    }

    /// Behind an added token.
    fn token(&self, way: &Way, place: u32) -> Option<Way> {
        if !self.found.contains(&place) || !self.inner.complete(&way.inner) {
            return None;
        }
        let tail = self.search.claim(&way.tail, self.trie.spelling(place))?;
        Some(Way { tail, inner: self.inner.start() })
    }

    /// Whether the context is the encoding of the text so far.
    pub(crate) fn complete(&self, state: &AddedState) -> bool {
        state.ways.iter().any(|way| self.ends(way))
    }

    fn ends(&self, way: &Way) -> bool {
        self.search.ends(&way.tail) && self.inner.complete(&way.inner)
    }

    /// Whether some text goes on from here, or ends. Where all is decided the model's own answer
    /// holds: it asks for one character at most, and for one of many. Else mostly the text may
    /// end; if not, texts are tried, shortest in tokens first, up to a number that no vocabulary
    /// known comes near. Beyond it a context counts as one that goes on.
    fn alive(&self, way: &Way) -> bool {
        if way.tail.is_empty() && !self.narrow || self.ends(way) {
            return true;
        }
        if let Some(&known) = self.memory().alive.get(way) {
            return known;
        }
        let found = self.goes_on(way);
        let memory = &mut *self.memory();
        if memory.alive.len() >= MASKS {
            memory.alive.clear();
        }
        memory.alive.insert(way.clone(), found);
        found
    }

    fn goes_on(&self, way: &Way) -> bool {
        let mut seen = HashSet::from([way.clone()]);
        let mut queue = VecDeque::from([way.clone()]);
        let mut looks = 0;
        while let Some(way) = queue.pop_front() {
            let inside = self.inner.mask(&way.inner);
            let plain = inside.iter().map(|place| self.plain(&way, place));
            let tokens = self.found.iter().map(|&place| self.token(&way, place));
            for next in plain.chain(tokens) {
                looks += 1;
                if looks > LOOKS {
                    return true;
                }
                let Some(next) = next else { continue };
                if next.tail.is_empty() && !self.narrow || self.ends(&next) {
                    return true;
                }
                if seen.insert(next.clone()) {
                    queue.push_back(next);
                }
            }
        }
        false
    }

    /// The tokens that [`Added::step`] takes. Kept for the next time.
    pub(crate) fn mask(&self, state: &AddedState) -> Arc<Mask> {
        if let Some(mask) = self.memory().masks.get(state) {
            return Arc::clone(mask);
        }
        let mut mask = Mask::none(self.trie.len());
        for way in &state.ways {
            let scan = self.scan(&way.tail);
            let inside = self.inner.mask(&way.inner);
            let mut decided = (*inside).clone();
            decided.intersect(&scan.decided);
            let lives = |next: Option<Way>| next.is_some_and(|next| self.alive(&next));
            if self.narrow {
                let dead: Vec<u32> =
                    decided.iter().filter(|&place| !lives(self.plain(way, place))).collect();
                for place in dead {
                    decided.remove(place);
                }
            }
            mask.union(&decided);
            for &place in scan.open.iter().filter(|&&place| inside.contains(place)) {
                if lives(self.plain(way, place)) {
                    mask.insert(place);
                }
            }
            for &place in &self.found {
                if lives(self.token(way, place)) {
                    mask.insert(place);
                }
            }
        }
        keep(&mut self.memory().masks, MASKS, state.clone(), mask)
    }

    /// What each token leads to from a tail: the tree of tokens walked once.
    fn scan(&self, tail: &Tail) -> Arc<Scan> {
        if let Some(scan) = self.memory().scans.get(tail) {
            return Arc::clone(scan);
        }
        let mut scan = Scan { decided: Mask::none(self.trie.len()), open: Vec::new() };
        // What each byte of the last token led to.
        let mut path = vec![Some(tail.clone())];
        let mut before: &[u8] = &[];
        for place in self.trie.root().range() {
            let spelling = self.trie.spelling(place);
            let shared = before.iter().zip(spelling).take_while(|(a, b)| a == b).count();
            before = spelling;
            // Where the path broke off, all that share it break off.
            path.truncate(shared + 1);
            while let (Some(Some(at)), Some(&byte)) = (path.last(), spelling.get(path.len() - 1)) {
                let mut next = at.clone();
                path.push(self.search.advance(&mut next, byte).map(|()| next));
            }
            match path.get(spelling.len()) {
                Some(Some(next)) if next.is_empty() => scan.decided.insert(place),
                Some(Some(next)) if self.search.is_possible(next) => scan.open.push(place),
                _ => {}
            }
        }
        keep(&mut self.memory().scans, SCANS, tail.clone(), scan)
    }
}

/// Remembers an answer; forgets all where there are too many.
fn keep<K: Hash + Eq, V>(known: &mut HashMap<K, Arc<V>>, most: usize, key: K, value: V) -> Arc<V> {
    if known.len() >= most {
        known.clear();
    }
    let value = Arc::new(value);
    known.insert(key, Arc::clone(&value));
    value
}

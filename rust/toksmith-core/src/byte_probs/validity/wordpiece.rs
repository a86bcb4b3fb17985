//! Which sequences of tokens `WordPiece` gives.
//!
//! A token is the longest that the rest of its word begins with. So a sequence is the encoding of
//! its own text, and with it a prefix of other encodings, if and only if at no token's beginning
//! a longer token fits into what is known of the word. What has to be remembered of a word are the
//! beginnings at which some token goes on beyond its end: as nodes of the vocabulary's trie.
//!
//! A text is words with one space before each, as [`crate::byte_probs::spelling`] has it. A word
//! that cannot be spelled, or is too long, is the unknown token, which is no text; behind it
//! comes a new word, as at the start. A `WordLevel` model is one in which nothing goes on with a
//! word.

use super::words::{Class, Words};
use crate::byte_probs::mask::Mask;
use crate::byte_probs::trie::{Prefix, TokenTrie};
use crate::error::{Error, Result};
use crate::formats::pipeline::Model;
use crate::tokenizer::Tokenizer;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes that masks may take together before they are forgotten.
const CACHE_BYTES: usize = 64 << 20;

/// The model as a judge of token sequences.
#[derive(Debug)]
pub(crate) struct WordPiece {
    trie: Arc<TokenTrie>,
    /// All tokens that stand in some word, also those that are no text to `trie`. A beginning of a
    /// word and what goes on with it never meet: the former has a space in front.
    pieces: TokenTrie,
    /// By place.
    roles: Vec<Role>,
    /// Characters of each token, without the space.
    chars: Vec<u32>,
    /// Tokens that begin a word.
    first: Arc<Mask>,
    /// Tokens that go on with a word, by the number of its characters' class.
    inside: BTreeMap<u8, Mask>,
    /// Words of more characters are unknown.
    max_chars: u32,
    /// Characters of the longest token.
    longest: u32,
    cache: Mutex<HashMap<WordPieceState, Arc<Mask>>>,
}

/// Where a token can stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Nowhere,
    First(Class),
    Inside(u8),
}

/// What the tokens so far leave of the last word.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct WordPieceState {
    /// The class of its characters; none where the next token begins a word.
    run: Option<u8>,
    /// Its number of characters.
    chars: u32,
    /// What is known of it from each token on that a longer one could still take the place of.
    open: Vec<Prefix>,
}

impl WordPiece {
    /// Reads the model. O(bytes of the vocabulary).
    ///
    /// # Errors
    /// [`Error::Unsupported`] for another model, for cuts that are not told by one character at a
    /// time, and where a word can begin with the prefix of continuing tokens.
    pub(crate) fn new(tokenizer: &Tokenizer, trie: &Arc<TokenTrie>) -> Result<Self> {
        let (prefix, most) = match &tokenizer.pipeline.model {
            Model::WordPiece { continuing_subword_prefix, max_input_chars_per_word, .. } => {
                (continuing_subword_prefix.as_str(), *max_input_chars_per_word)
            }
            Model::WordLevel { .. } => ("", usize::MAX),
            _ => return Err(Error::unsupported("longest match of a model that is no WordPiece")),
        };
        let words = Words::new(&tokenizer.pipeline)?;
        let (len, mut pieces) = (trie.len(), Vec::with_capacity(trie.len()));
        let (mut roles, mut all_chars) = (vec![Role::Nowhere; len], vec![0; len]);
        let (mut first, mut inside, mut longest) = (Mask::none(len), BTreeMap::new(), 0);
        for (id, piece) in tokenizer.vocab.iter() {
            let Ok(text) = std::str::from_utf8(piece) else { continue };
            if tokenizer.model_id(piece) != Some(id) {
                continue;
            }
            let behind = text.strip_prefix(prefix);
            let behind = behind.filter(|behind| !behind.is_empty() && !prefix.is_empty());
            let (role, spelled) = match (behind, words.class_of(text)) {
                (Some(_), Class::Run(_)) => {
                    let why = format!("canonical tokens where a word can begin with {prefix:?}");
                    return Err(Error::unsupported(why));
                }
                (Some(behind), _) => match words.class_of(behind) {
                    Class::Run(run) => (Role::Inside(run), behind.to_owned()),
                    _ => continue,
                },
                (None, Class::Gone) => continue,
                (None, class) => (Role::First(class), format!(" {text}")),
            };
            let chars = spelled.trim_start().chars().count();
            if chars > most {
                continue;
            }
            longest = longest.max(chars as u32);
            if let Some(place) = trie.place(id) {
                (roles[place as usize], all_chars[place as usize]) = (role, chars as u32);
                match role {
                    Role::Inside(run) => {
                        inside.entry(run).or_insert_with(|| Mask::none(len)).insert(place);
                    }
                    _ => first.insert(place),
                }
            }
            pieces.push((id, spelled.into_bytes()));
        }
        Ok(Self {
            trie: Arc::clone(trie),
            pieces: TokenTrie::new(&pieces)?,
            roles,
            chars: all_chars,
            first: Arc::new(first),
            inside,
            max_chars: u32::try_from(most).unwrap_or(u32::MAX),
            longest,
            cache: Mutex::default(),
        })
    }

    /// Before any token.
    #[allow(clippy::unused_self, reason = "as of the other models")]
    pub(crate) fn start(&self) -> WordPieceState {
        WordPieceState { run: None, chars: 0, open: Vec::new() }
    }

    /// Whether the text so far is encoded as the tokens so far: it always is.
    #[allow(clippy::unused_self, reason = "as of the other models")]
    pub(crate) fn complete(&self, _: &WordPieceState) -> bool {
        true
    }

    /// Adds a token; `None` if no text has these tokens. O(open beginnings x length).
    pub(crate) fn step(&self, state: &WordPieceState, place: u32) -> Option<WordPieceState> {
        let (chars, spelled) = (*self.chars.get(place as usize)?, self.trie.spelling(place));
        let mut next = match *self.roles.get(place as usize)? {
            Role::First(Class::Run(run)) => {
                WordPieceState { run: Some(run), chars, open: Vec::new() }
            }
            Role::First(_) => return Some(self.start()),
            Role::Inside(run) if state.run == Some(run) => {
                let chars = state.chars.checked_add(chars).filter(|&all| all <= self.max_chars)?;
                WordPieceState { run: Some(run), chars, open: Vec::with_capacity(state.open.len()) }
            }
            Role::Nowhere | Role::Inside(_) => return None,
        };
        if spelled.first() != Some(&b' ') {
            for &open in &state.open {
                let mut prefix = open;
                for &byte in spelled {
                    prefix = self.pieces.child(prefix, byte);
                    if !self.pieces.ending(prefix).is_empty() {
                        return None;
                    }
                }
                if !prefix.is_empty() {
                    next.open.push(prefix);
                }
            }
        }
        let own = self.pieces.find(spelled);
        if !self.pieces.longer(own).is_empty() {
            next.open.push(own);
        }
        Some(next)
    }

    /// The tokens that [`WordPiece::step`] takes.
    pub(crate) fn mask(&self, state: &WordPieceState) -> Arc<Mask> {
        let Some(inside) = state.run.and_then(|run| self.inside.get(&run)) else {
            return Arc::clone(&self.first);
        };
        let room = self.max_chars - state.chars.min(self.max_chars);
        let mut key = state.clone();
        // However many there are: the next token fits.
        key.chars = if room >= self.longest { 0 } else { state.chars };
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mask) = cache.get(&key) {
            return Arc::clone(mask);
        }
        let mut mask = inside.clone();
        for &open in &state.open {
            self.forbid(open, &mut mask);
        }
        if room < self.longest {
            for place in inside.iter().filter(|&place| self.chars[place as usize] > room) {
                mask.remove(place);
            }
        }
        mask.union(&self.first);
        let mask = Arc::new(mask);
        if cache.len() * mask.words().len() * 8 > CACHE_BYTES {
            cache.clear();
        }
        cache.insert(key, Arc::clone(&mask));
        mask
    }

    /// Forbids what would make a longer token of the one that begins with `open`.
    fn forbid(&self, open: Prefix, mask: &mut Mask) {
        let mut todo = vec![(open, self.trie.root())];
        while let Some((longer, next)) = todo.pop() {
            for (byte, range) in self.pieces.children(longer) {
                let behind = self.trie.child(next, byte);
                if behind.is_empty() {
                    continue;
                }
                let longer = Prefix { lo: range.start, hi: range.end, depth: longer.depth + 1 };
                if self.pieces.ending(longer).is_empty() {
                    todo.push((longer, behind));
                } else {
                    behind.range().for_each(|place| mask.remove(place));
                }
            }
        }
    }
}

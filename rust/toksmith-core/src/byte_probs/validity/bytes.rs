//! Byte-level BPE behind at most one split pattern: which sequences are prefixes of an encoding.
//!
//! Inside a pre-token two neighbours must fit ([`super::pairs`]); at a cut anything may follow that
//! the pattern lets begin there ([`super::boundaries`]). Where a pre-token that is a token is taken
//! whole, a token that no merge makes stands alone in its pre-token, and tokens whose bytes together
//! are such a token may not fill one.
//!
//! A context may stand for several sets of cuts; its state has all of them. One is kept only if some
//! text really goes on from it: to the end of a character that is half written, to what a pattern
//! looked ahead for.

use super::boundaries::automaton::{self, Automaton, Way};
use super::pairs::{self, Pairs};
use crate::byte_probs::mask::Mask;
use crate::byte_probs::trie::{Prefix, TokenTrie};
use crate::encode::pretokenize::stages::on_raw_text;
use crate::error::{Error, Result};
use crate::formats::pipeline::PreTokenizer;
use crate::formats::{Split, SplitBehaviour};
use crate::token::NONE;
use crate::tokenizer::Tokenizer;
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Masks kept before they are forgotten.
const MASKS: usize = 4096;
/// Ends of a half-written character that are kept.
const ENDINGS: usize = 64;
/// Places looked at in search of a text that goes on; see [`ByteBpe::alive`].
const SEARCH: usize = 1 << 24;

/// The tables of a tokenizer.
#[derive(Debug)]
pub(crate) struct ByteBpe {
    trie: Arc<TokenTrie>,
    pub(super) pairs: Pairs,
    /// The places of single bytes.
    bytes: [u32; 256],
    /// Tokens that no merge makes and that are taken whole.
    whole: Mask,
    /// The same by spelling; ids are places.
    whole_trie: Option<TokenTrie>,
    memory: Mutex<Memory>,
}

/// What is found when asked for.
#[derive(Debug)]
struct Memory {
    /// None: the text is one pre-token.
    automaton: Option<Automaton>,
    reach: HashMap<(automaton::State, Partial, bool), Arc<Mask>>,
    masks: HashMap<ByteState, Arc<Mask>>,
    alive: HashMap<(u32, Partial, Cut), bool>,
    endings: HashMap<(automaton::State, Partial), Arc<Endings>>,
    continuing: HashMap<u32, Arc<Vec<u32>>>,
    ways: HashMap<automaton::State, Arc<Vec<Way>>>,
}

/// How a character that is half written may end.
#[derive(Debug, Default)]
struct Endings {
    /// Whether it can at all.
    any: bool,
    /// The first ways behind which the text may end: the bytes that are missing.
    some: Vec<Vec<u8>>,
}

/// What stands in the pre-token that is not closed yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Word {
    /// Nothing; the text begins.
    Nothing,
    /// A token that is taken whole.
    Whole,
    /// One token that merging gives.
    One,
    /// Several.
    Many,
}

/// One way in which the text so far may have been cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Cut {
    state: automaton::State,
    word: Word,
    /// The tokens taken whole that begin as the pre-token does.
    whole: (u32, u32, u32),
}

/// No token taken whole begins as the pre-token does.
const NOT_WHOLE: (u32, u32, u32) = (0, 0, 0);

/// The bytes of a character that is half written, the number of them in the lowest byte.
type Partial = u32;

/// What a context leaves.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct ByteState {
    last: u32,
    partial: Partial,
    /// Ascending.
    cuts: Vec<Cut>,
}

impl ByteBpe {
    /// # Errors
    /// [`Error::Unsupported`] where the cuts cannot be followed: it says why.
    pub(crate) fn new(tokenizer: &Tokenizer, trie: &Arc<TokenTrie>) -> Result<Self> {
        if tokenizer.joins_pre_tokens() {
            return Err(Error::unsupported("byte probabilities of joined pre-tokens"));
        }
        let Some(bytes) = tokenizer.bytes() else {
            return Err(Error::unsupported(
                "byte-level validity of a model that is not byte-level",
            ));
        };
        let cuts = tokenizer.cuts();
        let automaton = match cuts.as_deref() {
            Some([]) => None,
            Some([PreTokenizer::Split(split)]) => Some(follow(split)?),
            Some([stage]) => return Err(refuse(stage.kind())),
            Some(_) => return Err(refuse("several cuts one inside the other")),
            None => return Err(refuse("stages that change the text")),
        };
        let compiled = bytes.bpe.compiled();
        let pairs = pairs::of_bytes(trie, &compiled.ids, &compiled.parts);
        let mut whole = Mask::none(trie.len());
        if tokenizer.whole_words {
            for &id in compiled.ids.iter().rev() {
                // Of tokens spelled alike the first in merge order is taken.
                if let Some(place) = trie.place(id) {
                    let same = trie.ending(trie.find(trie.spelling(place)));
                    same.clone().for_each(|other| whole.remove(other));
                    if !same.clone().any(|other| pairs.is_live(other)) {
                        whole.insert(place);
                    }
                }
            }
        }
        let spelled: Vec<_> =
            whole.iter().map(|place| (place, trie.spelling(place).to_vec())).collect();
        let whole_trie = if spelled.is_empty() { None } else { Some(TokenTrie::new(&spelled)?) };
        let mut single = [NONE; 256];
        for (byte, place) in (0..=255u8).zip(&mut single) {
            let mut same = trie.ending(trie.find(&[byte]));
            *place = same.find(|&place| pairs.is_live(place)).unwrap_or(NONE);
        }
        Ok(Self {
            trie: Arc::clone(trie),
            pairs,
            bytes: single,
            whole,
            whole_trie,
            memory: Mutex::new(Memory {
                automaton,
                reach: HashMap::new(),
                masks: HashMap::new(),
                alive: HashMap::new(),
                endings: HashMap::new(),
                continuing: HashMap::new(),
                ways: HashMap::new(),
            }),
        })
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether these are all characters of a class of the pattern: it might ask for one of them.
    pub(super) fn asks_for_one_of(&self, letters: &BTreeSet<char>) -> bool {
        self.memory().automaton.as_ref().is_some_and(|automaton| automaton.has_class_of(letters))
    }

    /// Before the first token.
    pub(crate) fn start(&self) -> ByteState {
        let cut = Cut { state: 0, word: Word::Nothing, whole: self.whole_root() };
        ByteState { last: NONE, partial: 0, cuts: vec![cut] }
    }

    fn whole_root(&self) -> (u32, u32, u32) {
        self.whole_trie.as_ref().map_or(NOT_WHOLE, |trie| pack(trie.root()))
    }

    /// The state behind one more token, if some text's encoding begins so.
    pub(crate) fn step(&self, state: &ByteState, place: u32) -> Option<ByteState> {
        let memory = &mut *self.memory();
        let mut next: Vec<(Cut, Partial)> = Vec::new();
        for &cut in &state.cuts {
            self.follow(memory, state.last, state.partial, cut, place, &mut next);
        }
        let partial = next.first()?.1;
        next.retain(|&(cut, partial)| self.alive(memory, place, partial, cut));
        let mut cuts: Vec<Cut> = next.into_iter().map(|(cut, _)| cut).collect();
        cuts.sort_unstable();
        cuts.dedup();
        (!cuts.is_empty()).then_some(ByteState { last: place, partial, cuts })
    }

    /// The ways behind one more token: in the open pre-token, and in a new one.
    fn follow(
        &self,
        memory: &mut Memory,
        last: u32,
        partial: Partial,
        cut: Cut,
        place: u32,
        out: &mut Vec<(Cut, Partial)>,
    ) {
        let spelling = self.trie.spelling(place);
        let live = self.pairs.is_live(place);
        if matches!(cut.word, Word::One | Word::Many)
            && live
            && let Some((state, partial)) = walk(memory, cut.state, partial, spelling)
            && self.pairs.fits(last, place)
        {
            let whole = self.walk_whole(cut.whole, spelling);
            out.push((Cut { state, word: Word::Many, whole }, partial));
        }
        if !(live || self.whole.contains(place)) {
            return;
        }
        if let Some(state) = self.opened(memory, cut, partial)
            && let Some((state, partial)) = walk(memory, state, 0, spelling)
        {
            let word = if live { Word::One } else { Word::Whole };
            let whole = self.walk_whole(self.whole_root(), spelling);
            out.push((Cut { state, word, whole }, partial));
        }
    }

    /// The automaton's state where a new pre-token begins here, if it can.
    fn opened(&self, memory: &mut Memory, cut: Cut, partial: Partial) -> Option<automaton::State> {
        if cut.word == Word::Nothing {
            return Some(cut.state);
        }
        if partial != 0 || !self.may_close(cut) {
            return None;
        }
        memory.automaton.as_mut()?.cut(cut.state)
    }

    /// Whether what stands in the pre-token may be all of it.
    fn may_close(&self, cut: Cut) -> bool {
        let Some(trie) = &self.whole_trie else { return true };
        cut.word != Word::Many || trie.ending(unpack(cut.whole)).is_empty()
    }

    fn walk_whole(&self, whole: (u32, u32, u32), spelling: &[u8]) -> (u32, u32, u32) {
        let Some(trie) = &self.whole_trie else { return whole };
        let mut prefix = unpack(whole);
        for &byte in spelling {
            if prefix.is_empty() {
                return NOT_WHOLE;
            }
            prefix = trie.child(prefix, byte);
        }
        if prefix.is_empty() { NOT_WHOLE } else { pack(prefix) }
    }

    /// Whether the text may end here.
    fn ends(&self, memory: &mut Memory, partial: Partial, cut: Cut) -> bool {
        partial == 0
            && self.may_close(cut)
            && memory.automaton.as_mut().is_none_or(|automaton| automaton.ends(cut.state))
    }

    /// Whether some text goes on from here, or ends. Mostly it may end; else texts are tried,
    /// shortest in tokens first, up to a number that no vocabulary known comes near. Beyond it a
    /// context counts as one that goes on.
    fn alive(&self, memory: &mut Memory, last: u32, partial: Partial, cut: Cut) -> bool {
        if self.ends(memory, partial, cut) {
            return true;
        }
        if let Some(&known) = memory.alive.get(&(last, partial, cut)) {
            return known;
        }
        if partial != 0 && cut.word != Word::Whole {
            let endings = endings(memory, cut.state, partial);
            let fit = |bytes: &Vec<u8>| {
                let whole = self.walk_whole(cut.whole, bytes);
                self.may_close(Cut { word: Word::Many, whole, ..cut })
                    && self.fit_bytes(last, bytes)
            };
            if !endings.any || endings.some.iter().any(fit) {
                memory.alive.insert((last, partial, cut), endings.any);
                return endings.any;
            }
        }
        if partial == 0
            && let Some(automaton) = &mut memory.automaton
        {
            let find = || Arc::new(automaton.ways_on(cut.state));
            let ways = Arc::clone(memory.ways.entry(cut.state).or_insert_with(find));
            // Where the pattern has no way on there is none; where it has one, single bytes mostly
            // take it. A text that may end but for a token taken whole is not told here.
            let stuck = ways.is_empty() && self.may_close(cut);
            if stuck || ways.iter().any(|way| self.takes(last, cut, way)) {
                memory.alive.insert((last, partial, cut), !stuck);
                return !stuck;
            }
        }
        let mut seen = HashSet::from([(last, partial, cut)]);
        let mut queue = VecDeque::from([(last, partial, cut)]);
        let (mut found, mut looked) = (false, 0);
        let mut next = Vec::new();
        'search: while let Some((last, partial, cut)) = queue.pop_front() {
            // Half a character goes on with a continuation byte, in the open pre-token.
            let candidates = if partial == 0 { None } else { Some(self.continuing(memory, last)) };
            let candidates: Box<dyn Iterator<Item = u32>> = match &candidates {
                None => Box::new(self.trie.root().range()),
                Some(fitting) => Box::new(fitting.iter().copied()),
            };
            for place in candidates {
                looked += 1;
                if looked > SEARCH {
                    found = true;
                    break 'search;
                }
                self.follow(memory, last, partial, cut, place, &mut next);
                for (cut, partial) in next.drain(..) {
                    if self.ends(memory, partial, cut) {
                        found = true;
                        break 'search;
                    }
                    if seen.insert((place, partial, cut)) {
                        queue.push_back((place, partial, cut));
                    }
                }
            }
        }
        memory.alive.insert((last, partial, cut), found);
        found
    }

    /// Whether a way on from a state can be written in single bytes behind a token.
    fn takes(&self, mut last: u32, cut: Cut, way: &[(char, bool)]) -> bool {
        let (mut word, mut whole) = (cut.word, cut.whole);
        for &(c, new) in way {
            if new {
                if !self.may_close(Cut { word, whole, ..cut }) {
                    return false;
                }
                (word, whole) = (Word::Nothing, self.whole_root());
            } else if word == Word::Whole {
                return false;
            }
            for &byte in c.encode_utf8(&mut [0; 4]).as_bytes() {
                let next = self.bytes[usize::from(byte)];
                if next == NONE || word != Word::Nothing && !self.pairs.fits(last, next) {
                    return false;
                }
                last = next;
                word = if word == Word::Nothing { Word::One } else { Word::Many };
                whole = self.walk_whole(whole, &[byte]);
            }
        }
        self.may_close(Cut { word, whole, ..cut })
    }

    /// The tokens that begin with a continuation byte and fit after a token.
    fn continuing(&self, memory: &mut Memory, last: u32) -> Arc<Vec<u32>> {
        let find = || {
            let child = |byte| self.trie.child(self.trie.root(), byte);
            let invalid = self.pairs.find_invalid(last);
            let range = child(0x80).lo..child(0xBF).hi;
            Arc::new(range.filter(|&place| !invalid.contains(place)).collect())
        };
        Arc::clone(memory.continuing.entry(last).or_insert_with(find))
    }

    /// Whether single bytes may follow a token, one after the other.
    fn fit_bytes(&self, mut last: u32, bytes: &[u8]) -> bool {
        bytes.iter().all(|&byte| {
            let next = self.bytes[usize::from(byte)];
            let fits = next != NONE && self.pairs.fits(last, next);
            last = next;
            fits
        })
    }

    /// Whether the context is the encoding of the text so far.
    pub(crate) fn complete(&self, state: &ByteState) -> bool {
        let memory = &mut *self.memory();
        let ends = |&cut: &Cut| cut.word == Word::Nothing || self.ends(memory, state.partial, cut);
        state.cuts.iter().any(ends)
    }

    /// The tokens that [`ByteBpe::step`] takes. Kept for the next time.
    pub(crate) fn mask(&self, state: &ByteState) -> Arc<Mask> {
        let memory = &mut *self.memory();
        if let Some(mask) = memory.masks.get(state) {
            return Arc::clone(mask);
        }
        let mut mask = Mask::none(self.trie.len());
        for &cut in &state.cuts {
            if matches!(cut.word, Word::One | Word::Many) {
                let mut inside = (*self.reach(memory, cut, state.partial, false)).clone();
                inside.subtract(&self.pairs.invalid_after(state.last));
                self.forbid_whole(memory, cut, state.partial, &mut inside);
                mask.union(&inside);
            }
            if let Some(opened) = self.opened(memory, cut, state.partial) {
                let begun = Cut { state: opened, word: Word::Nothing, whole: self.whole_root() };
                mask.union(&self.reach(memory, begun, 0, true));
            }
        }
        if memory.masks.len() >= MASKS {
            memory.masks.clear();
        }
        let mask = Arc::new(mask);
        memory.masks.insert(state.clone(), Arc::clone(&mask));
        mask
    }

    /// Takes out of the tokens that may go on in the open pre-token those with which it would be
    /// one that is taken whole, and cannot go on to be another.
    fn forbid_whole(&self, memory: &mut Memory, cut: Cut, partial: Partial, mask: &mut Mask) {
        let Some(trie) = &self.whole_trie else { return };
        let begun = unpack(cut.whole);
        for whole in begun.range() {
            let mut prefix = self.trie.root();
            // All tokens that begin what is left of it.
            for &byte in trie.spelling(whole).iter().skip(begun.depth as usize) {
                prefix = self.trie.child(prefix, byte);
                for place in self.trie.ending(prefix).filter(|&place| self.pairs.is_live(place)) {
                    let spelling = self.trie.spelling(place);
                    let lives = mask.contains(place)
                        && walk(memory, cut.state, partial, spelling).is_some_and(
                            |(state, partial)| {
                                let whole = self.walk_whole(cut.whole, spelling);
                                self.alive(
                                    memory,
                                    place,
                                    partial,
                                    Cut { state, word: Word::Many, whole },
                                )
                            },
                        );
                    if !lives {
                        mask.remove(place);
                    }
                }
            }
        }
    }

    /// The tokens that may come next as far as cuts go: in the open pre-token (whatever stands
    /// before them in it, as if no token were taken whole), or in a new one.
    fn reach(&self, memory: &mut Memory, cut: Cut, partial: Partial, new: bool) -> Arc<Mask> {
        let whole = if new { self.whole_root() } else { NOT_WHOLE };
        let cut = Cut { word: Word::Nothing, whole, ..cut };
        let key = (cut.state, partial, new);
        if let Some(mask) = memory.reach.get(&key) {
            return Arc::clone(mask);
        }
        let mut mask = Mask::none(self.trie.len());
        // What each byte of the last token led to.
        let mut path = vec![Some((cut.state, partial, cut.whole))];
        let mut before: &[u8] = &[];
        for place in self.trie.root().range() {
            let spelling = self.trie.spelling(place);
            let shared = before.iter().zip(spelling).take_while(|(a, b)| a == b).count();
            before = spelling;
            // Where the path broke off, all that share it break off.
            path.truncate(shared + 1);
            while let (Some(Some(at)), Some(&byte)) = (path.last(), spelling.get(path.len() - 1)) {
                let (state, partial, whole) = *at;
                let next = walk(memory, state, partial, &[byte]);
                path.push(
                    next.map(|(state, partial)| (state, partial, self.walk_whole(whole, &[byte]))),
                );
            }
            let Some(&Some((state, partial, whole))) = path.get(spelling.len()) else { continue };
            let word = match (self.pairs.is_live(place), new) {
                (true, true) => Word::One,
                (true, false) => Word::Many,
                (false, true) if self.whole.contains(place) => Word::Whole,
                (false, _) => continue,
            };
            if self.alive(memory, place, partial, Cut { state, word, whole }) {
                mask.insert(place);
            }
        }
        if memory.reach.len() >= MASKS {
            memory.reach.clear();
        }
        let mask = Arc::new(mask);
        memory.reach.insert(key, Arc::clone(&mask));
        mask
    }
}

/// The automaton of a cut.
fn follow(split: &Split) -> Result<Automaton> {
    let keeps_matches = split.behaviour == SplitBehaviour::Isolated
        || split.behaviour == SplitBehaviour::Removed && split.invert;
    if !keeps_matches {
        return Err(refuse("a Split that joins or drops matches"));
    }
    Automaton::new(&split.pattern, split.dialect)
}

fn refuse(what: &str) -> Error {
    Error::unsupported(format!("byte probabilities where text is cut by {what}"))
}

fn pack(prefix: Prefix) -> (u32, u32, u32) {
    (prefix.lo, prefix.hi, prefix.depth)
}

fn unpack((lo, hi, depth): (u32, u32, u32)) -> Prefix {
    Prefix { lo, hi, depth }
}

/// The ends of a character that is half written in the open pre-token.
fn endings(memory: &mut Memory, state: automaton::State, partial: Partial) -> Arc<Endings> {
    if let Some(known) = memory.endings.get(&(state, partial)) {
        return Arc::clone(known);
    }
    let mut endings = Endings::default();
    let mut stack = vec![(partial, Vec::new())];
    while let Some((partial, written)) = stack.pop() {
        for byte in (0x80..=0xBF).rev() {
            let Some((next, partial)) = walk(memory, state, partial, &[byte]) else { continue };
            let written = [&written[..], &[byte]].concat();
            if partial != 0 {
                stack.push((partial, written));
                continue;
            }
            endings.any = true;
            if memory.automaton.as_mut().is_none_or(|automaton| automaton.ends(next)) {
                endings.some.push(written);
            }
        }
        if endings.some.len() >= ENDINGS {
            break;
        }
    }
    let endings = Arc::new(endings);
    memory.endings.insert((state, partial), Arc::clone(&endings));
    endings
}

/// Bytes of an open pre-token; `None` if they are not UTF-8, or the pattern would have ended it.
fn walk(
    memory: &mut Memory,
    mut state: automaton::State,
    mut partial: Partial,
    bytes: &[u8],
) -> Option<(automaton::State, Partial)> {
    let Some(automaton) = &mut memory.automaton else { return Some((state, 0)) };
    for &byte in bytes {
        if partial == 0 && byte.is_ascii() {
            state = automaton.step(state, char::from(byte))?;
            continue;
        }
        let len = (partial & 0xFF) as usize;
        let mut written = partial.to_be_bytes();
        // Three bytes at most are ever kept, so the fourth place is the length.
        let mut all = [written[0], written[1], written[2], 0];
        *all.get_mut(len)? = byte;
        match std::str::from_utf8(&all[..=len]) {
            Ok(text) => {
                state = automaton.step(state, text.chars().next()?)?;
                partial = 0;
            }
            Err(error) if error.error_len().is_none() => {
                written[len] = byte;
                written[3] = len as u8 + 1;
                partial = u32::from_be_bytes(written);
            }
            Err(_) => return None,
        }
    }
    Some((state, partial))
}

impl Tokenizer {
    /// The stages that cut a byte-level text, if no stage changes it.
    fn cuts(&self) -> Option<Vec<PreTokenizer>> {
        if self.pipeline.pre_tokenizers.is_empty() {
            return Some(self.splits.iter().cloned().map(PreTokenizer::Split).collect());
        }
        on_raw_text(&self.pipeline.pre_tokenizers)
    }
}

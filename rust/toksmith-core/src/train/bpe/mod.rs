//! Byte pair encoding: the pair seen most often becomes a token, again and again.
//!
//! Start at [`train`]; [`extend()`] goes on from a merge list. The loop is `engine.rs`; it stands on
//! `arena.rs` (the words), `pairs.rs` (the pairs' counts and queue), `places.rs` (where they are),
//! `rough.rs` (which pairs are not worth a list) and `rule.rs` (which may merge).
//! `alphabet.rs` has what comes before the first merge.
//!
//! # Which pair
//!
//! The one with the highest count, which is how often its two tokens stand side by side, weighted
//! with the counts of the words. Among several, that with the smallest left id, then the smallest
//! right id. Every choice is the one that counting all words anew would give. On the same words
//! tokenizers 0.23.3 gives the same tokens and merges, except where its own result is not
//! settled by its input or its counts are not those of its words:
//!
//! - forms with an affix get their ids there in the order of a hash table, here in that of the
//!   sorted words; likewise which of several characters seen equally often `limit_alphabet`
//!   leaves out;
//! - where a merge spells a token that is there already, it becomes that token in both; there, a
//!   pair that was merged before can keep the count of occurrences that are gone;
//! - counts beyond 2^31 wrap around there, and are exact here.

mod alphabet;
mod apply;
mod arena;
mod engine;
mod extend;
mod lexicon;
mod options;
mod pairs;
mod places;
mod rough;
mod rule;

pub(super) use extend::continued;
pub use extend::{Base, extend};
pub use options::{Chars, Options, Unit};

use super::superword::Units;
use super::words::WordCounts;
use crate::error::{Error, Result};
use crate::watch::Watch;
use alphabet::{Place, Speller};
use arena::{Arena, Slot};
use engine::Engine;
use lexicon::Lexicon;
use pairs::{KeySet, key};
use rule::Rule;

/// A merge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Merge {
    /// Id of the left half.
    pub left: u32,
    /// Id of the right half.
    pub right: u32,
    /// Id of what they become.
    pub token: u32,
    /// How often they stood side by side when they were merged.
    pub count: u64,
}

/// A vocabulary that was learned by merges.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trained {
    /// Tokens in the order of their ids: bytes, or UTF-8 with affixes; special tokens as given.
    pub tokens: Vec<Vec<u8>>,
    /// Merges, the earliest first; no pair is there twice.
    pub merges: Vec<Merge>,
    /// How many tokens were there before the first merge.
    pub initial: usize,
}

/// Learns a vocabulary from words: special tokens, the alphabet, then a token a merge.
///
/// `watch` is told of each merge. Fails if `vocab_size` does not hold what comes before the
/// first merge, if an option makes no sense, if a word of characters is not UTF-8, beyond 2^32
/// symbols in distinct words, and where all pairs together were seen 2^64 times.
///
/// Time grows with the symbols of distinct words and the occurrences that are merged. Memory is
/// about 8 bytes a symbol, and 10 beyond 65,534 tokens; where the vocabulary is so large that most
/// pairs left in the words have to be listed, that and several times as much.
pub fn train(words: &WordCounts, options: &Options, watch: &Watch<'_>) -> Result<Trained> {
    let start = Start::new(words, options, None)?;
    if arena::is_narrow(options.vocab_size) {
        let arena: Arena<u16> = fill(words, &start.speller, |_| {}, watch)?;
        start.run(arena, options, watch)
    } else {
        let arena: Arena<u32> = fill(words, &start.speller, |_| {}, watch)?;
        start.run(arena, options, watch)
    }
}

/// As [`train`], on units of pre-tokens.
pub(super) fn train_units(
    units: &Units,
    max_words: Option<usize>,
    options: &Options,
    watch: &Watch<'_>,
) -> Result<Trained> {
    check_max_words(max_words)?;
    let start = Start::new(&units.words(), options, max_words)?;
    if arena::is_narrow(options.vocab_size) {
        let arena: Arena<u16> = fill_units(units, &start.speller, watch)?;
        start.run(arena, options, watch)
    } else {
        let arena: Arena<u32> = fill_units(units, &start.speller, watch)?;
        start.run(arena, options, watch)
    }
}

/// What comes before the first merge.
struct Start {
    lexicon: Lexicon,
    speller: Speller,
    rule: Rule,
}

impl Start {
    fn new(words: &WordCounts, options: &Options, max_words: Option<usize>) -> Result<Self> {
        options.check()?;
        let (lexicon, speller) = alphabet::start(words, options)?;
        let initial = lexicon.len();
        if options.vocab_size < initial {
            return Err(too_small(options.vocab_size, initial));
        }
        let mut rule = Rule::new(options.max_token_length, max_words);
        let symbols = speller.symbols();
        for id in 0..initial as u32 {
            rule.start(lexicon.token(id), symbols.contains(&id));
        }
        Ok(Self { lexicon, speller, rule })
    }

    fn run<S: Slot>(
        self,
        arena: Arena<S>,
        options: &Options,
        watch: &Watch<'_>,
    ) -> Result<Trained> {
        let (size, initial) = (options.vocab_size, self.lexicon.len());
        let engine = Engine::new(arena, self.rule, options.min_frequency, size - initial, watch)?;
        let affix = affix(&options.unit);
        let trained = run(engine, self.lexicon, size, affix, KeySet::default(), watch)?;
        Ok(Trained { initial, ..trained })
    }
}

fn check_max_words(max_words: Option<usize>) -> Result<()> {
    if max_words == Some(0) {
        return Err(Error::Input { why: "max_words must be at least 1".into() });
    }
    Ok(())
}

fn too_small(vocab_size: usize, initial: usize) -> Error {
    Error::Input {
        why: format!(
            "vocab_size is {vocab_size}, but there are {initial} tokens before the first merge"
        ),
    }
}

/// What is left away from the right half of a merge.
fn affix(unit: &Unit) -> &[u8] {
    match unit {
        Unit::Bytes => &[],
        Unit::Chars(chars) => chars.continuing_subword_prefix.as_bytes(),
    }
}

/// The words, spelled and `prepare`d.
fn fill<S: Slot>(
    words: &WordCounts,
    speller: &Speller,
    mut prepare: impl FnMut(&mut [u32]),
    watch: &Watch<'_>,
) -> Result<Arena<S>> {
    let mut order: Vec<(u64, usize)> =
        words.iter().enumerate().map(|(index, (_, count))| (count, index)).collect();
    order.sort_unstable();
    let (mut arena, mut symbols) = (Arena::with_capacity(speller.most(words)), Vec::new());
    for (at, &(count, index)) in order.iter().enumerate() {
        if at % (1 << 14) == 0 {
            watch.poll()?;
        }
        if let Some((word, _)) = words.get(index) {
            symbols.clear();
            speller.spell(word, Place::ALONE, &mut symbols)?;
            prepare(&mut symbols);
            arena.push(&symbols, count)?;
        }
    }
    arena.finish();
    Ok(arena)
}

/// The units, spelled, with the edges of their pre-tokens marked.
fn fill_units<S: Slot>(units: &Units, speller: &Speller, watch: &Watch<'_>) -> Result<Arena<S>> {
    let mut order: Vec<(u64, usize)> =
        (0..units.len()).map(|unit| (units.count(unit), unit)).collect();
    order.sort_unstable();
    let (mut arena, mut symbols, mut starts) = (Arena::with_capacity(0), Vec::new(), Vec::new());
    for (count, unit) in order {
        watch.poll()?;
        symbols.clear();
        starts.clear();
        for piece in units.pieces(unit) {
            starts.push(symbols.len());
            speller.spell(piece, Place::ALONE, &mut symbols)?;
        }
        arena.push_pieces(&symbols, &starts, count)?;
    }
    arena.finish();
    Ok(arena)
}

/// Merges until the vocabulary is full or no pair is left. Pairs in `listed` are merged, if they
/// come back, but not listed.
fn run<S: Slot>(
    mut engine: Engine<S>,
    mut lexicon: Lexicon,
    vocab_size: usize,
    affix: &[u8],
    mut listed: KeySet,
    watch: &Watch<'_>,
) -> Result<Trained> {
    let mut merges = Vec::new();
    while lexicon.len() < vocab_size {
        watch.poll()?;
        let Some((left, right, count)) = engine.first(watch)? else { break };
        let end = lexicon.token(right);
        let mut spelling = lexicon.token(left).to_vec();
        spelling.extend_from_slice(end.strip_prefix(affix).unwrap_or(end));
        let token = lexicon.intern(&spelling)?;
        if lexicon.is_closed(token) {
            engine.refuse(left, right);
            continue;
        }
        engine.merge(left, right, token, watch)?;
        if listed.insert(key(left, right)) {
            merges.push(Merge { left, right, token, count });
        }
        watch.add(1);
    }
    Ok(Trained { tokens: lexicon.into_tokens(), merges, initial: 0 })
}

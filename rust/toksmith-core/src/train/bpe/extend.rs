//! Going on from a merge list.

use super::alphabet::Speller;
use super::apply::{Known, Scratch, apply};
use super::arena::{Arena, Slot, is_narrow};
use super::engine::Engine;
use super::lexicon::Lexicon;
use super::options::{Options, Unit};
use super::pairs::{KeySet, key};
use super::rule::Rule;
use super::{Trained, affix, check_max_words, fill, run, too_small};
use crate::error::{Error, Result};
use crate::train::words::WordCounts;
use crate::watch::Watch;
use std::collections::HashSet;

/// The vocabulary to go on from.
#[derive(Debug, Clone, Copy)]
pub struct Base<'a> {
    /// Tokens in the order of their ids, spelled as [`Trained::tokens`]; an empty one is a place
    /// that no merge makes: a special token, or none.
    pub tokens: &'a [Vec<u8>],
    /// Merges, the earliest first: left half, right half, token.
    pub merges: &'a [(u32, u32, u32)],
}

/// Applies the merges of `base` to the words, as encoding would, and goes on merging until there
/// are `vocab_size` tokens; gives the new tokens and merges behind those of `base`.
///
/// The alphabet does not grow: what has no token parts a word. Of the options for characters only
/// the affixes and `byte_fallback` count. `max_words`: most words that a token may hold a piece of.
///
/// Fails as [`super::train`] does, if the options ask for another alphabet or special tokens, and
/// if the merges are not such of the tokens.
pub fn extend(
    base: Base<'_>,
    words: &WordCounts,
    options: &Options,
    max_words: Option<usize>,
    watch: &Watch<'_>,
) -> Result<Trained> {
    options.check()?;
    let start = Start::new(base, words, options, max_words)?;
    let mut scratch = Scratch::default();
    let prepare = |symbols: &mut [u32]| apply(symbols, &start.known, &mut scratch);
    if is_narrow(options.vocab_size) {
        let arena: Arena<u16> = fill(words, &start.speller, prepare, watch)?;
        start.run(arena, base, options, watch)
    } else {
        let arena: Arena<u32> = fill(words, &start.speller, prepare, watch)?;
        start.run(arena, base, options, watch)
    }
}

/// The options for going on from a vocabulary that these made.
pub(in crate::train) fn continued(options: &Options) -> Options {
    let mut options = Options { special_tokens: Vec::new(), ..options.clone() };
    if let Unit::Chars(chars) = &mut options.unit {
        chars.initial_alphabet.clear();
        chars.limit_alphabet = None;
        chars.character_coverage = 1.0;
    }
    options
}

/// What is known before words are looked at.
struct Start {
    lexicon: Lexicon,
    speller: Speller,
    known: Known,
    rule: Rule,
}

impl Start {
    fn new(
        base: Base<'_>,
        words: &WordCounts,
        options: &Options,
        max_words: Option<usize>,
    ) -> Result<Self> {
        let wrong = |why: String| Err(Error::Input { why });
        if options.vocab_size < base.tokens.len() {
            return Err(too_small(options.vocab_size, base.tokens.len()));
        }
        check_max_words(max_words)?;
        if !options.special_tokens.is_empty() {
            return wrong("a vocabulary that is extended has its special tokens already".into());
        }
        let mut lexicon = Lexicon::default();
        for token in base.tokens {
            lexicon.push(token, Some(token.clone()))?;
        }
        let speller = match &options.unit {
            Unit::Bytes => Speller::of_bytes(&lexicon),
            Unit::Chars(chars) => {
                if !chars.initial_alphabet.is_empty()
                    || chars.limit_alphabet.is_some()
                    || chars.character_coverage < 1.0
                {
                    return wrong("a vocabulary that is extended has its alphabet already".into());
                }
                if chars.byte_fallback {
                    lexicon.close_bytes();
                }
                Speller::of_chars(chars, &lexicon, words)?
            }
        };
        let mut known = Known::default();
        for (rank, &(left, right, token)) in base.merges.iter().enumerate() {
            let given = |id: u32| base.tokens.get(id as usize).is_some_and(|t| !t.is_empty());
            if !(given(left) && given(right) && given(token)) {
                return Err(Error::Vocabulary {
                    why: format!(
                        "merge {rank} is of the ids {left}, {right} and {token}, \
                         not all of which have a token"
                    ),
                });
            }
            known.entry(key(left, right)).or_insert((rank as u32, token));
        }
        let rule = spans(base, &speller.symbols(), options, max_words)?;
        Ok(Self { lexicon, speller, known, rule })
    }

    fn run<S: Slot>(
        self,
        arena: Arena<S>,
        base: Base<'_>,
        options: &Options,
        watch: &Watch<'_>,
    ) -> Result<Trained> {
        let initial = base.tokens.len();
        let wanted = options.vocab_size - initial;
        let engine = Engine::new(arena, self.rule, options.min_frequency, wanted, watch)?;
        let listed: KeySet = self.known.keys().copied().collect();
        let affix = affix(&options.unit);
        let trained = run(engine, self.lexicon, options.vocab_size, affix, listed, watch)?;
        Ok(Trained { initial, ..trained })
    }
}

/// The rule, with what follows from the merges about each token.
fn spans(
    base: Base<'_>,
    symbols: &HashSet<u32>,
    options: &Options,
    max_words: Option<usize>,
) -> Result<Rule> {
    let mut rule = Rule::new(options.max_token_length, max_words);
    for (id, token) in (0..).zip(base.tokens) {
        rule.start(token, symbols.contains(&id));
    }
    for &(left, right, token) in base.merges {
        // A pair with a half that is not there yet, or that no word has, never comes up.
        if rule.span(left) > 0 && rule.span(right) > 0 {
            rule.add(left, right, token)?;
        }
    }
    Ok(rule)
}

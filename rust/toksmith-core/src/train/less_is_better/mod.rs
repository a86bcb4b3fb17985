//! `lib`: Less-is-Better, a lexicon of subwords, words and phrases from text without spaces.
//!
//! Documents are read one after the other with the lexicon there is: at each place the longest
//! entry. Neighbours seen together twice in a document become an entry; an entry that its second
//! best could replace without more chunks loses rank; what ranks last is forgotten (Yang, Frank
//! and van den Bosch 2020, "Less is Better"). Encoding is [`super::longest_match`].
//!
//! Where the method leaves something open, this is what is done here:
//! - documents are read in passes, each in a random order; `documents` of them in all;
//! - the lexicon begins with the characters of the first document read, in the order they appear;
//! - neighbours are joined, and a gap remembered, with probability `memory_in`, which is drawn
//!   only if the string is short enough; unknown characters are in no pair;
//! - a gap is a run of unknown characters, and ends at a known chunk or with the sentence;
//! - reading goes on behind the longest entry, whatever the test says;
//! - an entry that has no second best is not tested: its rank stays and its probation ends;
//! - the test ends where the two segmentations meet, or `lookahead` characters on;
//! - at the end of a document entries move in the order in which they were first judged, each
//!   from the rank it then has, by the sign of all its judgements; then probation is counted down,
//!   then ranks from `floor(L * (1 - memory_out))` on get it, then the list is cut to `max_size`;
//! - random numbers are those of `random.rs`.
//!
//! Start at [`train`]. Worst case O(`lookahead` x `max_length`) a character. Oracle:
//! `tests/train/oracle_lib.py`.

mod lexicon;
mod ranks;

use super::random::Random;
use crate::error::{Error, Result};
use crate::watch::Watch;
use lexicon::{Found, Lexicon, NOTHING};
use std::collections::HashSet;

/// How to train.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Documents to read, each pass through all of them in another order.
    pub documents: usize,
    /// Probability of remembering two neighbours.
    pub memory_in: f64,
    /// Part of the list, at its end, that is put on probation.
    pub memory_out: f64,
    /// How far entries move: this part of their rank, and one.
    pub update_rate: f64,
    /// Documents that an entry on probation stays.
    pub life: u32,
    /// Most characters of an entry.
    pub max_length: usize,
    /// Most characters of a run of unknown ones that is remembered.
    pub max_gap: usize,
    /// Characters after which a test ends undecided by then.
    pub lookahead: usize,
    /// Most entries of the lexicon.
    pub max_size: usize,
    /// Of the random numbers.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            documents: 5000,
            memory_in: 0.25,
            memory_out: 1e-4,
            update_rate: 0.2,
            life: 10,
            max_length: 12,
            max_gap: 1,
            lookahead: 256,
            max_size: usize::MAX,
            seed: 0,
        }
    }
}

impl Options {
    fn check(&self) -> Result<()> {
        let wrong = |why: String| Err(Error::Input { why });
        let parts = [("memory_in", self.memory_in), ("memory_out", self.memory_out)];
        for (name, part) in parts.into_iter().chain([("update_rate", self.update_rate)]) {
            if !(0.0..=1.0).contains(&part) {
                return wrong(format!("{name} is {part}; expected 0 to 1"));
            }
        }
        let counts = [
            ("life", self.life as usize, u32::MAX as usize),
            ("max_length", self.max_length, 1 << 10),
            ("lookahead", self.lookahead, 1 << 16),
            ("max_size", self.max_size, usize::MAX),
        ];
        for (name, count, most) in counts {
            if !(1..=most).contains(&count) {
                return wrong(format!("{name} is {count}; expected 1 to {most}"));
            }
        }
        if self.max_gap > self.max_length {
            return wrong(format!(
                "max_gap is {}; expected at most max_length, {}",
                self.max_gap, self.max_length
            ));
        }
        Ok(())
    }
}

/// Learns a lexicon from documents of sentences; the best entries come first. `done` of the
/// watch counts documents.
///
/// # Errors
/// `Input`: an option is outside its range.
pub fn train(documents: &[Vec<&str>], options: &Options, watch: &Watch<'_>) -> Result<Vec<String>> {
    options.check()?;
    let mut reader = Reader {
        options,
        lexicon: Lexicon::new(options.life),
        random: Random(options.seed),
        seen: HashSet::new(),
        ahead: Vec::new(),
        stamp: 0,
    };
    let mut order: Vec<usize> = (0..documents.len()).collect();
    for number in 0..if documents.is_empty() { 0 } else { options.documents } {
        if number % order.len() == 0 {
            reader.random.shuffle(&mut order);
        }
        watch.ask()?;
        let document = &documents[order[number % order.len()]];
        if number == 0 {
            for c in document.iter().flat_map(|sentence| sentence.chars()) {
                reader.lexicon.append(&[c]);
            }
        }
        for sentence in document {
            reader.read(&sentence.chars().collect::<Vec<char>>(), watch)?;
        }
        reader.seen.clear();
        reader.lexicon.end_document(options.update_rate, options.memory_out, options.max_size);
        watch.add(1);
    }
    Ok(reader.lexicon.entries())
}

/// The longest entry at a place of the sentence, as of a state of the lexicon.
#[derive(Debug, Clone, Copy)]
struct Ahead {
    stamp: u64,
    entry: u32,
    len: u32,
}

/// Two segmentations that are compared, and what each has cost.
struct Way {
    at: usize,
    /// Unknown characters, chunks, sum of ranks: in this order they decide.
    cost: (usize, usize, u64),
}

struct Reader<'a> {
    options: &'a Options,
    lexicon: Lexicon,
    random: Random,
    /// Strings seen once in this document.
    seen: HashSet<Vec<char>>,
    /// By place of the sentence.
    ahead: Vec<Ahead>,
    /// Number of the sentence and of changes in the lexicon.
    stamp: u64,
}

impl Reader<'_> {
    /// Reads a sentence. O(n x `lookahead` x `max_length`), in practice a few steps a chunk.
    fn read(&mut self, text: &[char], watch: &Watch<'_>) -> Result<()> {
        self.stamp += 1;
        let blank = Ahead { stamp: 0, entry: NOTHING, len: 1 };
        self.ahead.resize(self.ahead.len().max(text.len()), blank);
        // Where the last known chunk begins, and a run of unknown characters.
        let (mut last, mut gap) = (None, None);
        let (mut at, mut chunks) = (0, 0);
        while at < text.len() {
            chunks += 1;
            if chunks % 1024 == 0 {
                watch.ask()?;
            }
            let (longest, second) = self.lexicon.longest_two(self.window(text, at));
            let Some(longest) = longest else {
                (last, gap) = (None, gap.or(Some(at)));
                at += 1;
                continue;
            };
            if let Some(gap) = gap.take() {
                self.remember(&text[gap..at], self.options.max_gap);
            }
            if let Some(last) = last {
                self.remember(&text[last..at + longest.len], self.options.max_length);
            }
            match second {
                Some(second) if self.is_redundant(text, at, longest, second) => {
                    self.lexicon.judge(longest.entry, 1);
                    self.lexicon.judge(second.entry, -1);
                }
                Some(_) => {
                    self.lexicon.judge(longest.entry, -1);
                    self.lexicon.keep(longest.entry);
                }
                None => self.lexicon.keep(longest.entry),
            }
            last = Some(at);
            at += longest.len;
        }
        if let Some(gap) = gap {
            self.remember(&text[gap..], self.options.max_gap);
        }
        Ok(())
    }

    /// What an entry at a place can have.
    fn window<'t>(&self, text: &'t [char], at: usize) -> &'t [char] {
        &text[at..text.len().min(at + self.options.max_length)]
    }

    /// Remembers a string of at most `most` characters, by chance; the second time in a document
    /// it becomes an entry.
    fn remember(&mut self, text: &[char], most: usize) {
        if text.len() > most || self.random.uniform() >= self.options.memory_in {
            return;
        }
        if !self.seen.insert(text.to_vec()) {
            self.lexicon.append(text);
            self.stamp += 1;
        }
    }

    /// Whether to go on behind the second best is no worse than behind the longest.
    fn is_redundant(&mut self, text: &[char], at: usize, longest: Found, second: Found) -> bool {
        let begin = |lexicon: &Lexicon, found: Found| Way {
            at: at + found.len,
            cost: (0, 1, lexicon.rank(found.entry)),
        };
        let mut ways = (begin(&self.lexicon, longest), begin(&self.lexicon, second));
        let end = text.len().min(at + self.options.lookahead);
        while ways.0.at != ways.1.at && ways.0.at.min(ways.1.at) < end {
            let behind = if ways.0.at < ways.1.at { &mut ways.0 } else { &mut ways.1 };
            self.step(text, behind);
        }
        ways.0.cost > ways.1.cost
    }

    /// One chunk on.
    fn step(&mut self, text: &[char], way: &mut Way) {
        let known = self.ahead[way.at];
        let Ahead { entry, len, .. } = if known.stamp == self.stamp {
            known
        } else {
            let found = self.lexicon.longest_two(self.window(text, way.at)).0;
            let found = found.unwrap_or(Found { entry: NOTHING, len: 1 });
            let new = Ahead { stamp: self.stamp, entry: found.entry, len: found.len as u32 };
            self.ahead[way.at] = new;
            new
        };
        way.at += len as usize;
        way.cost.1 += 1;
        if entry == NOTHING {
            way.cost.0 += 1;
        } else {
            way.cost.2 += self.lexicon.rank(entry);
        }
    }
}

#[cfg(test)]
#[allow(clippy::expect_used, reason = "a test that fails may panic")]
mod tests {
    use super::{Options, train};
    use crate::Error;
    use crate::watch::Watch;

    fn run(documents: &[Vec<&str>], options: &Options) -> crate::Result<Vec<String>> {
        train(documents, options, &Watch::none())
    }

    #[test]
    fn finds_the_words_that_text_is_made_of() {
        let documents = vec![vec!["thedogsees", "thecatsees", "thedogruns", "thecatruns"]; 20];
        let options = Options { documents: 400, ..Options::default() };
        let found = run(&documents, &options).expect("runs");
        assert!(found.iter().any(|entry| entry.chars().count() > 2), "{found:?}");
        assert_eq!(run(&documents, &options), Ok(found));
    }

    #[test]
    fn hostile_texts_and_options_end_in_a_result_or_a_typed_error() {
        let few = Options { documents: 3, ..Options::default() };
        assert_eq!(run(&[], &few), Ok(vec![]));
        assert_eq!(run(&[vec![], vec![""]], &few), Ok(vec![]));
        let endless = "ab".repeat(100_000);
        assert!(run(&[vec![&endless]], &few).is_ok());
        let every: String = (char::MIN..=char::MAX).collect();
        assert!(run(&[vec![&every]], &few).is_ok());
        let wrong = [
            Options { memory_in: f64::NAN, ..few.clone() },
            Options { update_rate: 2.0, ..few.clone() },
            Options { life: 0, ..few.clone() },
            Options { max_length: 0, ..few.clone() },
            Options { max_gap: 99, ..few.clone() },
            Options { lookahead: 0, ..few.clone() },
            Options { max_size: 0, ..few.clone() },
        ];
        for options in wrong {
            assert!(matches!(run(&[vec!["ab"]], &options), Err(Error::Input { .. })));
        }
    }
}

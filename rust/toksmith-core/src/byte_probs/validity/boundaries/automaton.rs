//! The states of a text with its cuts so far, and the steps between them.

use super::program::Program;
use super::run::{End, Run};
use crate::encode::pretokenize::Dialect;
use crate::encode::pretokenize::general;
use crate::error::{Error, Result};
use crate::token::NONE;
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

/// Most states of a pattern that are kept; patterns of tokenizers have some hundred.
const LIMIT: usize = 100_000;

/// Characters, each with whether a cut stands before it.
pub(crate) type Way = Vec<(char, bool)>;

/// Ways on after which no more are looked for.
const WAYS: usize = 64;

/// A state: a text with its cuts so far, as far as it decides what may come. Zero: no text yet.
pub(crate) type State = u32;

/// What a state stands for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Cuts {
    /// Over the pre-token that is not closed yet.
    run: Run,
    /// Over those that are, where what follows could move their end; sorted.
    owed: Vec<Run>,
}

/// The automaton of one pattern; states are numbered as they are met.
#[derive(Debug)]
pub(crate) struct Automaton {
    program: Program,
    states: Vec<Cuts>,
    numbers: HashMap<Cuts, State>,
    /// Next states, by state and class: [`NONE`] there is none, [`UNKNOWN`] nobody has asked.
    next: Vec<State>,
    cuts: Vec<State>,
    ends: Vec<Option<bool>>,
}

/// Not yet asked for.
const UNKNOWN: State = NONE - 1;

impl Automaton {
    /// The automaton of a pattern whose matches follow each other without gaps.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where a pattern cannot be followed: it says why.
    pub(crate) fn new(pattern: &str, dialect: Dialect) -> Result<Self> {
        let Some(alternatives) = general::simple(pattern, dialect)? else {
            return Err(refuse(pattern, "needs more than an automaton"));
        };
        let program = Program::new(&alternatives)?;
        let mut automaton = Self {
            program,
            states: Vec::new(),
            numbers: HashMap::new(),
            next: Vec::new(),
            cuts: Vec::new(),
            ends: Vec::new(),
        };
        let run = Run::start(&automaton.program);
        if run.best.is_some() || run.at_end(&automaton.program, false).is_some() {
            return Err(refuse(pattern, "can match the empty string"));
        }
        automaton.intern(Cuts { run, owed: Vec::new() });
        automaton.check_gaps(pattern)?;
        Ok(automaton)
    }

    /// Refuses patterns that leave text between matches: every run must end in a match.
    fn check_gaps(&self, pattern: &str) -> Result<()> {
        let mut seen = HashSet::from([self.states[0].run.clone()]);
        let mut stack = vec![self.states[0].run.clone()];
        while let Some(run) = stack.pop() {
            if seen.len() > LIMIT {
                return Err(refuse(pattern, "has too many states"));
            }
            for class in 0..self.program.classes.len() as u8 {
                let next = run.step(&self.program, class, false);
                let gap = next.ways.is_empty() && next.best.is_none()
                    || next.at_end(&self.program, false).is_none();
                if gap {
                    return Err(refuse(pattern, "leaves text between its matches"));
                }
                if seen.insert(next.clone()) {
                    stack.push(next);
                }
            }
        }
        Ok(())
    }

    fn intern(&mut self, cuts: Cuts) -> State {
        if let Some(&state) = self.numbers.get(&cuts) {
            return state;
        }
        let state = self.states.len() as State;
        self.next.resize(self.next.len() + self.program.classes.len(), UNKNOWN);
        self.cuts.push(UNKNOWN);
        self.ends.push(None);
        self.states.push(cuts.clone());
        self.numbers.insert(cuts, state);
        state
    }

    /// Behind a character that belongs to the pre-token that is not closed yet.
    pub(crate) fn step(&mut self, state: State, c: char) -> Option<State> {
        let class = self.program.classes.of(c);
        let at = state as usize * self.program.classes.len() + usize::from(class);
        if self.next[at] == UNKNOWN {
            self.next[at] = self.find_step(state, class).map_or(NONE, |cuts| self.intern(cuts));
        }
        Some(self.next[at]).filter(|&next| next != NONE)
    }

    fn find_step(&self, state: State, class: u8) -> Option<Cuts> {
        let Cuts { run, owed } = &self.states[state as usize];
        let run = run.step(&self.program, class, false);
        // The pre-token goes on, so some way must not have ended before here.
        let open = |end: &End| matches!(end, End::Open | End::Here);
        if !(run.ways.iter().any(|(_, end)| open(end)) || run.best.as_ref().is_some_and(open)) {
            return None;
        }
        let mut next = Vec::with_capacity(owed.len());
        for closed in owed {
            let closed = closed.step(&self.program, class, true);
            if !closed.may_end_at_cut() {
                return None;
            }
            if !closed.is_settled() {
                next.push(closed);
            }
        }
        next.sort_unstable();
        next.dedup();
        Some(Cuts { run, owed: next })
    }

    /// With a cut here, where the next pre-token begins; `None` if the pattern never cuts here.
    pub(crate) fn cut(&mut self, state: State) -> Option<State> {
        if self.cuts[state as usize] == UNKNOWN {
            let Cuts { run, owed } = &self.states[state as usize];
            let cuts = run.cut().map(|closed| {
                let mut owed = owed.clone();
                if !closed.is_settled() {
                    owed.push(closed);
                }
                owed.sort_unstable();
                owed.dedup();
                Cuts { run: self.states[0].run.clone(), owed }
            });
            self.cuts[state as usize] = cuts.map_or(NONE, |cuts| self.intern(cuts));
        }
        Some(self.cuts[state as usize]).filter(|&next| next != NONE)
    }

    /// Ways on from a state to one in which the text may end: some of the shortest; none at all if
    /// there is none.
    pub(crate) fn ways_on(&mut self, state: State) -> Vec<Way> {
        let examples: Vec<char> = self.program.classes.examples().collect();
        let mut found = Vec::new();
        let mut seen = HashSet::from([state]);
        let mut queue = VecDeque::from([(state, Vec::new())]);
        while let Some((state, way)) = queue.pop_front() {
            for (from, cut) in [(Some(state), false), (self.cut(state), true)] {
                let Some(from) = from else { continue };
                for &c in &examples {
                    let Some(next) = self.step(from, c) else { continue };
                    let longer = || [&way[..], &[(c, cut)]].concat();
                    if self.ends(next) {
                        found.push(longer());
                    } else if seen.insert(next) {
                        queue.push_back((next, longer()));
                    }
                }
            }
            if found.len() >= WAYS {
                break;
            }
        }
        found
    }

    /// Whether all characters of some class are among these.
    pub(crate) fn has_class_of(&self, letters: &BTreeSet<char>) -> bool {
        let classes = &self.program.classes;
        let mut counts = vec![0; classes.len()];
        for &letter in letters {
            counts[usize::from(classes.of(letter))] += 1;
        }
        (0..).zip(counts).any(|(class, count)| count > 0 && count == classes.size(class))
    }

    /// Whether the text may end here: then the open pre-token ends here, and all closed ones where
    /// they were cut.
    pub(crate) fn ends(&mut self, state: State) -> bool {
        let known = self.ends[state as usize];
        known.unwrap_or_else(|| {
            let Cuts { run, owed } = &self.states[state as usize];
            let ends = run.at_end(&self.program, false) == Some(End::Here)
                && owed.iter().all(|run| run.at_end(&self.program, true) == Some(End::Cut));
            self.ends[state as usize] = Some(ends);
            ends
        })
    }
}

fn refuse(pattern: &str, why: &str) -> Error {
    Error::unsupported(format!("byte probabilities with the split pattern {pattern:?}: it {why}"))
}

#[cfg(test)]
#[allow(clippy::panic, reason = "a test fails where it cannot go on")]
mod tests {
    use super::*;
    use crate::encode::pretokenize::{Scanner, patterns};
    use std::collections::BTreeMap;

    /// All texts over `alphabet` of up to `length` characters.
    fn texts(alphabet: &[char], length: usize) -> Vec<String> {
        let mut all = vec![String::new()];
        let mut from = 0;
        for _ in 0..length {
            let to = all.len();
            for at in from..to {
                for &c in alphabet {
                    let mut text = all[at].clone();
                    text.push(c);
                    all.push(text);
                }
            }
            from = to;
        }
        all
    }

    /// The cuts of `known` (not at its end) under which some state is reached, with the states.
    fn follow(automaton: &mut Automaton, known: &str) -> BTreeMap<Vec<usize>, State> {
        let mut all = BTreeMap::from([(Vec::new(), 0)]);
        for (at, c) in known.char_indices() {
            let mut next = BTreeMap::new();
            for (cuts, state) in all {
                if at > 0
                    && let Some(cut) = automaton.cut(state)
                    && let Some(state) = automaton.step(cut, c)
                {
                    next.insert([&cuts[..], &[at]].concat(), state);
                }
                if let Some(state) = automaton.step(state, c) {
                    next.insert(cuts, state);
                }
            }
            all = next;
        }
        all
    }

    #[test]
    fn cuts_are_those_of_some_longer_text() {
        let alphabet = ['a', 'S', '\'', ' ', '\n', '1', '!', 'é'];
        let all = texts(&alphabet, 6);
        let five = [
            patterns::GPT2[0],
            patterns::GPT2[1],
            patterns::CL100K[0],
            patterns::LLAMA3[0],
            patterns::QWEN2[0],
            patterns::O200K[0],
            r"a+?!?|\s|[^a\s]+",
            r"(?:a|a!)(?=[a1])|[\s\S]",
        ];
        for pattern in five {
            let scanner = Scanner::from_pattern(pattern, Dialect::FancyRegex)
                .unwrap_or_else(|error| panic!("{pattern}: {error}"));
            let mut automaton = Automaton::new(pattern, Dialect::FancyRegex)
                .unwrap_or_else(|error| panic!("{pattern}: {error}"));
            let mut cache = scanner.new_cache();
            // The cuts of every text, inside each of its beginnings of up to four characters.
            let mut inside: BTreeMap<&str, BTreeSet<Vec<usize>>> = BTreeMap::new();
            for text in &all {
                let spans = scanner.matches(&mut cache, text).unwrap_or_default();
                let ends: Vec<usize> = spans.iter().map(|span| span.end).collect();
                for (at, _) in text.char_indices().take(5).skip(1) {
                    let cuts = ends.iter().copied().filter(|&end| end < at).collect();
                    inside.entry(&text[..at]).or_default().insert(cuts);
                }
                if text.chars().count() <= 4 {
                    // At its end the text may end if the cuts are its own, and only then.
                    for (cuts, state) in follow(&mut automaton, text) {
                        let own: Vec<_> =
                            ends.iter().copied().filter(|&e| e < text.len()).collect();
                        if !text.is_empty() {
                            assert_eq!(
                                automaton.ends(state),
                                cuts == own,
                                "{pattern} {text:?} {cuts:?}"
                            );
                        }
                    }
                }
            }
            for (known, expected) in inside {
                let found = follow(&mut automaton, known);
                for cuts in &expected {
                    assert!(found.contains_key(cuts), "{pattern} {known:?} {cuts:?}: not followed");
                }
                // What is followed and does not stand in a text of six characters must die.
                for (cuts, state) in found {
                    if expected.contains(&cuts) {
                        continue;
                    }
                    assert!(
                        !lives(&mut automaton, state, &alphabet, 2),
                        "{pattern} {known:?} {cuts:?}"
                    );
                }
            }
        }
    }

    /// Whether some text goes on from a state and ends.
    fn lives(automaton: &mut Automaton, state: State, alphabet: &[char], depth: usize) -> bool {
        if automaton.ends(state) {
            return true;
        }
        depth > 0
            && alphabet.iter().any(|&c| {
                let cut = automaton.cut(state);
                [Some(state), cut].into_iter().flatten().any(|state| {
                    automaton
                        .step(state, c)
                        .is_some_and(|next| lives(automaton, next, alphabet, depth - 1))
                })
            })
    }

    #[test]
    fn what_cannot_be_followed_is_refused() {
        for pattern in [r"a*", r"a+", r"(?<=x)a|[\s\S]", r"\b.|[\s\S]", r"a|b|[^ab]+?x"] {
            assert!(Automaton::new(pattern, Dialect::FancyRegex).is_err(), "{pattern}");
        }
    }
}

//! The matcher for patterns in the form of `regular.rs`: a DFA built while it runs.
//!
//! Pre-tokens mostly follow each other without gaps, so a search first asks for a match right at
//! its start, which takes one pass over the match. Only if there is none does it search onwards:
//! forward to where a match ends, and backward to where it starts. Bytes are counted, since a
//! search may look far ahead and take little, again and again.

use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson;
use regex_automata::{Anchored, Input, MatchKind, PatternID};
use regex_syntax::hir::Hir;

use super::Steps;
use super::regular::{Alternative, Tail};
use crate::error::Result;

/// Bounds on memory: of the compiled pattern, and of each of the two DFA caches of a thread.
const MAX_NFA_BYTES: usize = 32 << 20;
const CACHE_BYTES: usize = 4 << 20;

/// The automata of a pattern.
#[derive(Debug)]
pub(super) struct Automaton {
    forward: DFA,
    backward: DFA,
    tails: Vec<Tail>,
}

/// The states built so far, for one thread.
#[derive(Debug)]
pub(super) struct Memory {
    forward: Cache,
    backward: Cache,
}

/// The outcome of a search.
pub(super) enum Found {
    /// No match at the start or later.
    Nothing,
    /// The match.
    Match { start: usize, end: usize },
    /// The match starts here; its end is to be found by other means.
    StartOnly(usize),
    /// The automaton cannot tell: a Unicode word boundary beside a character outside ASCII.
    GaveUp,
}

impl Automaton {
    /// Compiles alternatives; `None` if that takes too much memory.
    pub(super) fn new(alternatives: &[Alternative]) -> Option<Self> {
        let hirs: Vec<&Hir> = alternatives.iter().map(|a| &a.hir).collect();
        let build = |reverse: bool| {
            let config = thompson::Config::new()
                .utf8(true)
                .reverse(reverse)
                .which_captures(thompson::WhichCaptures::None)
                .nfa_size_limit(Some(MAX_NFA_BYTES));
            let nfa =
                thompson::Compiler::new().configure(config).build_many_from_hir(&hirs).ok()?;
            let kind = if reverse { MatchKind::All } else { MatchKind::LeftmostFirst };
            let config = DFA::config()
                .match_kind(kind)
                .starts_for_each_pattern(reverse)
                .unicode_word_boundary(true)
                .cache_capacity(CACHE_BYTES)
                .skip_cache_capacity_check(true);
            DFA::builder().configure(config).build_from_nfa(nfa).ok()
        };
        let tails = alternatives.iter().map(|a| a.tail).collect();
        Some(Self { forward: build(false)?, backward: build(true)?, tails })
    }

    pub(super) fn memory(&self) -> Memory {
        Memory { forward: self.forward.create_cache(), backward: self.backward.create_cache() }
    }

    /// Searches for the first match that starts at `pos` or later.
    pub(super) fn find(
        &self,
        memory: &mut Memory,
        text: &str,
        pos: usize,
        steps: &mut Steps,
    ) -> Result<Found> {
        let input = Input::new(text).range(pos..);
        let here = input.clone().anchored(Anchored::Yes);
        match self.scan(memory, &here, text, steps)? {
            Scan::Match(pattern, end) => Ok(self.without_tail(text, pattern, pos, end)),
            Scan::GaveUp => Ok(Found::GaveUp),
            Scan::Nothing => match self.scan(memory, &input, text, steps)? {
                Scan::Nothing => Ok(Found::Nothing),
                Scan::GaveUp => Ok(Found::GaveUp),
                Scan::Match(pattern, end) => {
                    steps.take(end - pos, text)?;
                    let back =
                        Input::new(text).range(pos..end).anchored(Anchored::Pattern(pattern));
                    match self.backward.try_search_rev(&mut memory.backward, &back) {
                        Ok(Some(start)) if text.is_char_boundary(start.offset()) => {
                            Ok(self.without_tail(text, pattern, start.offset(), end))
                        }
                        _ => Ok(Found::GaveUp),
                    }
                }
            },
        }
    }

    /// The end of the preferred match, as far as the forward automaton sees it.
    fn scan(
        &self,
        memory: &mut Memory,
        input: &Input<'_>,
        text: &str,
        steps: &mut Steps,
    ) -> Result<Scan> {
        let (dfa, cache) = (&self.forward, &mut memory.forward);
        let Ok(mut state) = dfa.start_state_forward(cache, input) else {
            return Ok(Scan::GaveUp);
        };
        let rest = input.haystack().get(input.start()..).unwrap_or_default();
        let mut found = Scan::Nothing;
        let mut read = 0;
        // A state says one byte late that a match ended.
        for &byte in rest.get(..steps.left().min(rest.len())).unwrap_or_default() {
            let Ok(next) = dfa.next_state(cache, state, byte) else { return Ok(Scan::GaveUp) };
            state = next;
            if state.is_tagged() {
                if state.is_match() {
                    let pattern = dfa.match_pattern(cache, state, 0);
                    found = Scan::Match(pattern, input.start() + read);
                } else if state.is_dead() {
                    steps.take(read, text)?;
                    return Ok(found);
                } else if state.is_quit() {
                    steps.take(read, text)?;
                    return Ok(Scan::GaveUp);
                }
            }
            read += 1;
        }
        steps.take(read, text)?;
        if read < rest.len() {
            steps.take(1, text)?;
        }
        let Ok(state) = dfa.next_eoi_state(cache, state) else { return Ok(Scan::GaveUp) };
        if state.is_match() {
            found = Scan::Match(dfa.match_pattern(cache, state, 0), input.end());
        }
        Ok(found)
    }

    /// Takes off what the rewriting has put behind the match.
    fn without_tail(&self, text: &str, pattern: PatternID, start: usize, end: usize) -> Found {
        if !text.is_char_boundary(end) {
            return Found::GaveUp;
        }
        let tail = self.tails.get(pattern.as_usize()).copied().unwrap_or(Tail::Nothing);
        match tail {
            Tail::Nothing => Found::Match { start, end },
            Tail::CharacterUnlessEnd if end == text.len() => Found::StartOnly(start),
            Tail::Character | Tail::CharacterUnlessEnd => {
                let last = text.get(..end).and_then(|text| text.chars().next_back());
                Found::Match { start, end: end - last.map_or(0, char::len_utf8) }
            }
        }
    }
}

/// What [`Automaton::scan`] finds.
enum Scan {
    Nothing,
    Match(PatternID, usize),
    GaveUp,
}

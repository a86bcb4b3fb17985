//! Any other split pattern.
//!
//! A pattern runs on an automaton where it can be written for one ([`regular`]), else on a
//! backtracking matcher ([`backtrack`]). Both count their steps: a text that would take very long
//! gives [`Error::Input`], never a hang. What matches is what fancy-regex matches, leftmost first.
//!
//! Start at [`General::matches`]. Oracle: fancy-regex, in `tests/pretokenize_general.rs`.

mod automaton;
mod backtrack;
mod oniguruma;
mod program;
mod regular;
mod syntax;

use std::fmt;

use automaton::{Automaton, Found};
use program::{CharSet, Program};

use crate::error::{Error, Result};
use crate::token::Span;

/// Steps granted for a text whatever its length: some hundredths of a second.
const STEPS: usize = 1 << 24;
/// Steps granted for each byte in addition. English takes about one on the automaton and ten
/// else, so this leaves room for looking ahead from everywhere over a few thousand characters.
const STEPS_PER_BYTE: usize = 1 << 10;

/// Whose regular expressions these are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dialect {
    /// fancy-regex, as in tiktoken.
    #[default]
    FancyRegex,
    /// Oniguruma, as in tokenizer.json: `^` and `$` are lines', `{1,3}+` is a repeated repetition.
    Oniguruma,
}

/// A pattern in simple nodes, for who runs it in another way.
pub(crate) use regular::NextCharacter;
pub(crate) use syntax::Node;

/// One alternative of a pattern: simple nodes, and what must stand behind them.
pub(crate) type Simple = (Vec<Node>, Option<NextCharacter>);

/// The alternatives of a pattern without look-around, groups and atomic parts, first preferred;
/// `None` where it cannot be so written.
///
/// # Errors
///
/// Those of [`General::new`].
pub(crate) fn simple(pattern: &str, dialect: Dialect) -> Result<Option<Vec<Simple>>> {
    let node = syntax::parse(pattern, dialect)?;
    let all = regular::alternatives(&node);
    Ok(all.map(|all| all.into_iter().map(|one| (one.nodes, one.ahead)).collect()))
}

/// A compiled pattern; immutable, shared by threads, each with its own [`GeneralCache`].
pub struct General {
    pattern: Box<str>,
    automaton: Option<Automaton>,
    program: Program,
    /// The characters a match can start with, if it is never empty before the end of the text.
    first: Option<CharSet>,
}

impl fmt::Debug for General {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let regular = self.is_regular();
        write!(f, "General {{ pattern: {:?}, regular: {regular} }}", self.pattern)
    }
}

/// What a thread needs to run a [`General`]. Keeps at most some ten megabytes.
#[derive(Debug)]
pub struct GeneralCache {
    automaton: Option<automaton::Memory>,
    backtrack: backtrack::Memory,
}

impl GeneralCache {
    /// A cache for scanners that keep nothing.
    pub(super) fn empty() -> Self {
        Self { automaton: None, backtrack: backtrack::Memory::default() }
    }
}

impl General {
    /// Compiles a pattern.
    ///
    /// # Errors
    ///
    /// [`Error::Model`] if the pattern is malformed, [`Error::Unsupported`] if it cannot be run.
    pub fn new(pattern: &str, dialect: Dialect) -> Result<Self> {
        let node = syntax::parse(pattern, dialect)?;
        let follow = regular::Follow::end().before(&node);
        let first = (!follow.any).then(|| CharSet::new(&follow.first));
        let automaton = regular::alternatives(&node).and_then(|all| Automaton::new(&all));
        Ok(Self { pattern: pattern.into(), automaton, program: Program::new(&node)?, first })
    }

    /// Whether the pattern runs on an automaton: in time linear in each match.
    pub fn is_regular(&self) -> bool {
        self.automaton.is_some()
    }

    /// A cache for this pattern; with another one it must not be used.
    pub fn new_cache(&self) -> GeneralCache {
        GeneralCache {
            automaton: self.automaton.as_ref().map(Automaton::memory),
            backtrack: backtrack::Memory::default(),
        }
    }

    /// The first match in `text` that starts at `pos` or later; it may be empty. Look-around sees
    /// the text before `pos`.
    ///
    /// # Errors
    ///
    /// [`Error::Input`] if that takes too many steps.
    pub fn find_at(
        &self,
        cache: &mut GeneralCache,
        text: &str,
        pos: usize,
    ) -> Result<Option<Span>> {
        self.find_within(cache, text, pos, &mut Steps::for_text(text))
    }

    /// All matches in `text`, the way tiktoken and tokenizers iterate: a search starts where the
    /// last match ended; after an empty match, one character later; and an empty match right
    /// behind another match does not count.
    pub fn matches<'a>(&'a self, cache: &'a mut GeneralCache, text: &'a str) -> Matches<'a> {
        let steps = Steps::for_text(text);
        Matches { general: self, cache, text, steps, pos: 0, last_end: None }
    }

    fn find_within(
        &self,
        cache: &mut GeneralCache,
        text: &str,
        pos: usize,
        steps: &mut Steps,
    ) -> Result<Option<Span>> {
        let GeneralCache { automaton: memory, backtrack } = cache;
        if let (Some(automaton), Some(memory)) = (&self.automaton, memory) {
            match automaton.find(memory, text, pos, steps)? {
                Found::Nothing => return Ok(None),
                Found::Match { start, end } => return Ok(Some(Span { start, end })),
                Found::StartOnly(start) => {
                    let end = backtrack::match_at(&self.program, backtrack, text, start, steps)?;
                    return Ok(end.map(|end| Span { start, end }));
                }
                Found::GaveUp => {}
            }
        }
        let first = self.first.as_ref();
        let found = backtrack::find(&self.program, first, backtrack, text, pos, steps)?;
        Ok(found.map(|(start, end)| Span { start, end }))
    }
}

/// The matches of a pattern in a text; see [`General::matches`].
#[derive(Debug)]
pub struct Matches<'a> {
    general: &'a General,
    cache: &'a mut GeneralCache,
    text: &'a str,
    steps: Steps,
    pos: usize,
    last_end: Option<usize>,
}

impl Iterator for Matches<'_> {
    type Item = Result<Span>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.pos <= self.text.len() {
            let found = self.general.find_within(self.cache, self.text, self.pos, &mut self.steps);
            let span = match found {
                Ok(Some(span)) => span,
                Ok(None) => break,
                Err(error) => {
                    self.pos = usize::MAX;
                    return Some(Err(error));
                }
            };
            if span.start < span.end {
                self.pos = span.end;
            } else {
                let next = self.text.get(span.end..).and_then(|rest| rest.chars().next());
                self.pos = span.end + next.map_or(1, char::len_utf8);
                if self.last_end == Some(span.end) {
                    continue;
                }
            }
            self.last_end = Some(span.end);
            return Some(Ok(span));
        }
        self.pos = usize::MAX;
        None
    }
}

/// The steps a text has left.
#[derive(Debug)]
struct Steps(usize);

impl Steps {
    fn for_text(text: &str) -> Self {
        Self(text.len().saturating_mul(STEPS_PER_BYTE).saturating_add(STEPS))
    }

    fn left(&self) -> usize {
        self.0
    }

    #[inline]
    fn take(&mut self, steps: usize, text: &str) -> Result<()> {
        if steps > self.0 {
            return Err(Error::Input {
                why: format!(
                    "the split pattern takes more than {} steps on this text of {} bytes",
                    Self::for_text(text).0,
                    text.len()
                ),
            });
        }
        self.0 -= steps;
        Ok(())
    }
}

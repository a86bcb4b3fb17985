//! What a pattern may still match from one place, in order of preference.
//!
//! Backtracking tries ways in order and takes the first that matches. All ways are followed at once
//! here, as a list with the preferred first; a way that matches ends all behind it, and is itself
//! given up if one before it matches later.

use super::program::{Inst, Program};

/// What is known of where a way ends the pre-token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum End {
    /// Not yet.
    Open,
    /// Right here.
    Here,
    /// At an earlier place; for a closed pre-token, at any place but the one it was cut at.
    Elsewhere,
    /// Where the pre-token was cut.
    Cut,
}

/// The ways of one match, behind some characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Run {
    /// The places in the program that read a character or ask for the text's end.
    pub(super) ways: Vec<(u32, End)>,
    /// The best match so far, behind all `ways` in preference.
    pub(super) best: Option<End>,
}

/// Follows jumps from a list of ways.
struct Closure<'a> {
    program: &'a Program,
    seen: Vec<bool>,
    out: Run,
    /// Whether the text ends here.
    at_end: bool,
    /// Whether the pre-token is closed: a new end is then another than where it was cut.
    closed: bool,
}

impl Closure<'_> {
    /// Adds a way and all that it splits into; false once one has matched.
    fn add(&mut self, at: u32, end: End) -> bool {
        let mut stack = vec![(at, end)];
        while let Some((at, end)) = stack.pop() {
            let Some(seen) = self.seen.get_mut(at as usize) else { continue };
            if std::mem::replace(seen, true) {
                continue;
            }
            match self.program.code[at as usize] {
                Inst::End if self.at_end => stack.push((at + 1, end)),
                Inst::Class(_) | Inst::End => self.out.ways.push((at, end)),
                Inst::Split(first, second) => {
                    stack.push((second, end));
                    stack.push((first, end));
                }
                Inst::Jump(to) => stack.push((to, end)),
                Inst::Mark => {
                    let end = if self.closed { End::Elsewhere } else { End::Here };
                    stack.push((at + 1, end));
                }
                Inst::Match => {
                    self.out.best = Some(end);
                    return false;
                }
            }
        }
        true
    }
}

impl Run {
    /// Before the first character.
    pub(super) fn start(program: &Program) -> Self {
        Self::close(program, [(0, End::Open)].into_iter(), None, false, false)
    }

    /// Follows jumps from all ways, in order.
    fn close(
        program: &Program,
        ways: impl Iterator<Item = (u32, End)>,
        best: Option<End>,
        at_end: bool,
        closed: bool,
    ) -> Self {
        let seen = vec![false; program.code.len()];
        let out = Self { ways: Vec::new(), best };
        let mut closure = Closure { program, seen, out, at_end, closed };
        for (at, end) in ways {
            if !closure.add(at, end) {
                break;
            }
        }
        closure.out
    }

    /// Behind a character of a class.
    pub(super) fn step(&self, program: &Program, class: u8, closed: bool) -> Self {
        let later = |end: End| if end == End::Here { End::Elsewhere } else { end };
        let ways = self.ways.iter().filter_map(|&(at, end)| match program.code[at as usize] {
            Inst::Class(set) if set >> class & 1 == 1 => Some((at + 1, later(end))),
            _ => None,
        });
        Self::close(program, ways, self.best.map(later), false, closed)
    }

    /// Where the match ends if the text ends here.
    pub(super) fn at_end(&self, program: &Program, closed: bool) -> Option<End> {
        let ways = self.ways.iter().filter(|way| matches!(program.code[way.0 as usize], Inst::End));
        Self::close(program, ways.map(|&(at, end)| (at, end)), self.best, true, closed).best
    }

    /// The run over a pre-token that is cut here; `None` if no way ends here.
    pub(super) fn cut(&self) -> Option<Self> {
        let mark = |end: End| if end == End::Here { End::Cut } else { End::Elsewhere };
        let ways = self.ways.iter().map(|&(at, end)| (at, mark(end))).collect();
        let run = Self { ways, best: self.best.map(mark) };
        run.may_end_at_cut().then_some(run)
    }

    /// Of a closed pre-token: whether the match may still end where it was cut.
    pub(super) fn may_end_at_cut(&self) -> bool {
        self.best == Some(End::Cut) || self.ways.iter().any(|&(_, end)| end == End::Cut)
    }

    /// Of a closed pre-token: whether nothing that follows changes where the match ends.
    pub(super) fn is_settled(&self) -> bool {
        self.ways.is_empty()
    }
}

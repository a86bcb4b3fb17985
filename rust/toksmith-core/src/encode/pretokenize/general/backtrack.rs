//! The matcher for patterns no automaton can run: backtracking, with every step counted.
//!
//! A step is one instruction or one character of a run. When the steps granted for a text are
//! used up, or the choices left behind outgrow their limit, matching ends in an error instead of
//! going on for hours. No recursion; memory is the list of choices.
//!
//! Start at [`find`]. Oracle: fancy-regex, in `tests/pretokenize_general.rs`.

use regex_automata::util::look::{Look as AutomataLook, LookMatcher};
use regex_syntax::hir::Look;

use super::Steps;
use super::program::{CharSet, Op, Program};
use crate::error::{Error, Result};

/// Most choices that may wait at once (about 32 MB).
const MAX_CHOICES: usize = 1 << 20;

/// Something to undo or to try when matching has failed.
#[derive(Debug, Clone, Copy)]
enum Choice {
    /// Go on here.
    Branch { op: usize, pos: usize },
    /// Give a slot its old value back.
    Slot { slot: usize, old: usize },
    /// Go on with one character less of a run that must not end before `least`.
    Shrink { op: usize, least: usize, pos: usize },
    /// Go on with one character more of a run, `left` more at most.
    Grow { op: usize, class: usize, pos: usize, left: usize },
    /// Go on one character further back, `left` more at most.
    Back { op: usize, pos: usize, left: usize },
}

/// Memory the matcher reuses.
#[derive(Debug, Default)]
pub(super) struct Memory {
    choices: Vec<Choice>,
    slots: Vec<usize>,
}

/// The first match that starts at `pos` or later: `(start, end)`.
pub(super) fn find(
    program: &Program,
    first: Option<&CharSet>,
    memory: &mut Memory,
    text: &str,
    mut pos: usize,
    steps: &mut Steps,
) -> Result<Option<(usize, usize)>> {
    loop {
        steps.take(1, text)?;
        let next = char_at(text, pos);
        let possible = first.is_none_or(|set| next.is_none_or(|c| set.contains(c)));
        if possible && let Some(end) = match_at(program, memory, text, pos, steps)? {
            return Ok(Some((pos, end)));
        }
        let Some(next) = next else { return Ok(None) };
        pos += next.len_utf8();
    }
}

/// The end of the match that starts at `pos`, if there is one.
pub(super) fn match_at(
    program: &Program,
    memory: &mut Memory,
    text: &str,
    pos: usize,
    steps: &mut Steps,
) -> Result<Option<usize>> {
    memory.choices.clear();
    memory.slots.clear();
    memory.slots.resize(program.slots, usize::MAX);
    Machine { program, memory, text, steps, pos, op: 0 }.run()
}

struct Machine<'a> {
    program: &'a Program,
    memory: &'a mut Memory,
    text: &'a str,
    steps: &'a mut Steps,
    pos: usize,
    op: usize,
}

impl Machine<'_> {
    fn run(mut self) -> Result<Option<usize>> {
        loop {
            self.steps.take(1, self.text)?;
            let Some(op) = self.program.ops.get(self.op) else { return Ok(None) };
            if matches!(op, Op::Match) {
                return Ok(Some(self.pos));
            }
            self.op += 1;
            if !self.execute(op)? && !self.fail() {
                return Ok(None);
            }
            if self.memory.choices.len() > MAX_CHOICES {
                return Err(Error::Input {
                    why: format!(
                        "the split pattern needs more than {MAX_CHOICES} choices at byte {}",
                        self.pos
                    ),
                });
            }
        }
    }

    /// Runs one instruction; `false` if it fails.
    fn execute(&mut self, op: &Op) -> Result<bool> {
        match *op {
            Op::Class(class) => return Ok(self.step(class)),
            Op::Literal(ref bytes) => return Ok(self.literal(bytes)),
            Op::Run { class, min, max, greedy } => return self.run_of(class, min, max, greedy),
            Op::Look(look) => {
                let look = automata_look(look);
                return Ok(LookMatcher::new().matches(look, self.text.as_bytes(), self.pos));
            }
            Op::BeforeFinalNewlines { crlf } => {
                let rest = self.text.as_bytes().get(self.pos..).unwrap_or_default();
                self.steps.take(rest.len().min(64), self.text)?;
                return Ok(only_newlines(rest, crlf));
            }
            Op::Peek { class, negated } => {
                let next = char_at(self.text, self.pos);
                return Ok(self.is_in(class, next) != negated);
            }
            Op::PeekBack { class, negated } => {
                let before = self.text.get(..self.pos).and_then(|text| text.chars().next_back());
                return Ok(self.is_in(class, before) != negated);
            }
            Op::Split(first, second) => {
                self.memory.choices.push(Choice::Branch { op: second, pos: self.pos });
                self.op = first;
            }
            Op::Jump(target) => self.op = target,
            Op::Save(slot) => self.set(slot, self.pos),
            Op::At(slot) => return Ok(self.get(slot) == self.pos),
            Op::NotAt(slot) => return Ok(self.get(slot) != self.pos),
            Op::LeaveIfAt { slot, target } => {
                if self.get(slot) == self.pos {
                    self.op = target;
                }
            }
            Op::Mark(slot) => {
                let height = self.memory.choices.len();
                self.set(slot, height);
                // The mark stands above the entry that undoes it.
                if let Some(value) = self.memory.slots.get_mut(slot) {
                    *value = height + 1;
                }
            }
            Op::Cut(mark) => self.cut(mark)?,
            Op::CutAndReturn { mark, position } => {
                let position = self.get(position);
                self.cut(mark)?;
                self.pos = position;
            }
            Op::CutAndFail(mark) => {
                let height = self.get(mark);
                while self.memory.choices.len() > height {
                    if let Some(Choice::Slot { slot, old }) = self.memory.choices.pop() {
                        self.restore(slot, old);
                    }
                    self.steps.take(1, self.text)?;
                }
                return Ok(false);
            }
            Op::Back { min, max } => return self.back(min, max),
            Op::Backref(slot) => {
                let (start, end) = (self.get(slot), self.get(slot + 1));
                let text = self.text;
                let Some(group) = text.as_bytes().get(start..end) else { return Ok(false) };
                self.steps.take(group.len(), text)?;
                return Ok(self.literal(group));
            }
            Op::Match => {}
        }
        Ok(true)
    }

    /// Takes up the last choice left behind; `false` if there is none.
    fn fail(&mut self) -> bool {
        while let Some(choice) = self.memory.choices.pop() {
            match choice {
                Choice::Slot { slot, old } => self.restore(slot, old),
                Choice::Branch { op, pos } => {
                    (self.op, self.pos) = (op, pos);
                    return true;
                }
                Choice::Shrink { op, least, pos } => {
                    let pos = self.before(pos);
                    if pos > least {
                        self.memory.choices.push(Choice::Shrink { op, least, pos });
                    }
                    (self.op, self.pos) = (op, pos);
                    return true;
                }
                Choice::Grow { op, class, pos, left } => {
                    self.pos = pos;
                    if self.step(class) {
                        if left > 1 {
                            let (pos, left) = (self.pos, left - 1);
                            self.memory.choices.push(Choice::Grow { op, class, pos, left });
                        }
                        self.op = op;
                        return true;
                    }
                }
                Choice::Back { op, pos, left } => {
                    if pos > 0 {
                        let pos = self.before(pos);
                        if left > 1 {
                            self.memory.choices.push(Choice::Back { op, pos, left: left - 1 });
                        }
                        (self.op, self.pos) = (op, pos);
                        return true;
                    }
                }
            }
        }
        false
    }

    fn run_of(&mut self, class: usize, min: usize, max: usize, greedy: bool) -> Result<bool> {
        let op = self.op;
        let mut count = 0;
        let mut least = self.pos;
        let wanted = if greedy { max } else { min };
        while count < wanted && self.step(class) {
            count += 1;
            if count == min {
                least = self.pos;
            }
        }
        self.steps.take(count, self.text)?;
        if count < min {
            return Ok(false);
        }
        let pos = self.pos;
        if greedy && pos > least {
            self.memory.choices.push(Choice::Shrink { op, least, pos });
        } else if !greedy && max > min {
            self.memory.choices.push(Choice::Grow { op, class, pos, left: max - min });
        }
        Ok(true)
    }

    fn back(&mut self, min: usize, max: usize) -> Result<bool> {
        for _ in 0..min {
            if self.pos == 0 {
                return Ok(false);
            }
            self.pos = self.before(self.pos);
            self.steps.take(1, self.text)?;
        }
        if max > min {
            let (op, pos, left) = (self.op, self.pos, max - min);
            self.memory.choices.push(Choice::Back { op, pos, left });
        }
        Ok(true)
    }

    /// Drops the choices above a mark, but not what undoes slots.
    fn cut(&mut self, mark: usize) -> Result<()> {
        let height = self.get(mark);
        let mut kept = height;
        for index in height..self.memory.choices.len() {
            if let Some(&choice @ Choice::Slot { .. }) = self.memory.choices.get(index) {
                if let Some(place) = self.memory.choices.get_mut(kept) {
                    *place = choice;
                }
                kept += 1;
            }
        }
        let above = self.memory.choices.len().saturating_sub(height);
        self.memory.choices.truncate(kept);
        self.steps.take(above, self.text)
    }

    fn get(&self, slot: usize) -> usize {
        self.memory.slots.get(slot).copied().unwrap_or(usize::MAX)
    }

    fn set(&mut self, slot: usize, value: usize) {
        let old = self.get(slot);
        self.memory.choices.push(Choice::Slot { slot, old });
        self.restore(slot, value);
    }

    fn restore(&mut self, slot: usize, value: usize) {
        if let Some(place) = self.memory.slots.get_mut(slot) {
            *place = value;
        }
    }

    fn is_in(&self, class: usize, c: Option<char>) -> bool {
        c.is_some_and(|c| self.program.classes.get(class).is_some_and(|set| set.contains(c)))
    }

    /// Consumes one character of a class.
    fn step(&mut self, class: usize) -> bool {
        match char_at(self.text, self.pos) {
            Some(c) if self.is_in(class, Some(c)) => {
                self.pos += c.len_utf8();
                true
            }
            _ => false,
        }
    }

    fn literal(&mut self, bytes: &[u8]) -> bool {
        let found = self.text.as_bytes().get(self.pos..).is_some_and(|t| t.starts_with(bytes));
        if found {
            self.pos += bytes.len();
        }
        found
    }

    /// The character boundary before `pos`.
    fn before(&self, pos: usize) -> usize {
        let mut pos = pos.saturating_sub(1);
        while !self.text.is_char_boundary(pos) {
            pos -= 1;
        }
        pos
    }
}

#[inline]
fn char_at(text: &str, pos: usize) -> Option<char> {
    text.get(pos..)?.chars().next()
}

fn only_newlines(mut rest: &[u8], crlf: bool) -> bool {
    loop {
        rest = match rest {
            [] => return true,
            [b'\n', rest @ ..] => rest,
            [b'\r', b'\n', rest @ ..] if crlf => rest,
            _ => return false,
        };
    }
}

fn automata_look(look: Look) -> AutomataLook {
    match look {
        Look::Start => AutomataLook::Start,
        Look::End => AutomataLook::End,
        Look::StartLF => AutomataLook::StartLF,
        Look::EndLF => AutomataLook::EndLF,
        Look::StartCRLF => AutomataLook::StartCRLF,
        Look::EndCRLF => AutomataLook::EndCRLF,
        Look::WordAscii => AutomataLook::WordAscii,
        Look::WordAsciiNegate => AutomataLook::WordAsciiNegate,
        Look::WordUnicode => AutomataLook::WordUnicode,
        Look::WordUnicodeNegate => AutomataLook::WordUnicodeNegate,
        Look::WordStartAscii => AutomataLook::WordStartAscii,
        Look::WordEndAscii => AutomataLook::WordEndAscii,
        Look::WordStartUnicode => AutomataLook::WordStartUnicode,
        Look::WordEndUnicode => AutomataLook::WordEndUnicode,
        Look::WordStartHalfAscii => AutomataLook::WordStartHalfAscii,
        Look::WordEndHalfAscii => AutomataLook::WordEndHalfAscii,
        Look::WordStartHalfUnicode => AutomataLook::WordStartHalfUnicode,
        Look::WordEndHalfUnicode => AutomataLook::WordEndHalfUnicode,
    }
}

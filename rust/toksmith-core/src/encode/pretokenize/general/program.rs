//! A pattern as a list of instructions, for patterns no automaton can run.
//!
//! The usual backtracking machine: an instruction either goes on to the next one, fails, or leaves
//! a choice behind to return to. Runs of one class, the bulk of every split pattern, are one
//! instruction with one choice, so they cost no memory. `backtrack.rs` executes this.

use regex_syntax::hir::{ClassUnicode, Look};

use super::syntax::Node;
use crate::error::{Error, Result};

/// Most instructions a pattern may take; repetition counts multiply.
const MAX_OPS: usize = 1 << 16;

/// One instruction. Numbers are places in the program, in its classes, or in its slots.
#[derive(Debug, Clone)]
pub(super) enum Op {
    /// One character of a class.
    Class(usize),
    /// These bytes.
    Literal(Box<[u8]>),
    /// Between `min` and `max` characters of a class, as many or as few as possible first.
    Run { class: usize, min: usize, max: usize, greedy: bool },
    /// An assertion.
    Look(Look),
    /// Only newlines follow.
    BeforeFinalNewlines { crlf: bool },
    /// Whether the next character is of a class.
    Peek { class: usize, negated: bool },
    /// Whether the character before is of a class.
    PeekBack { class: usize, negated: bool },
    /// Goes on at the first place and, if that fails, at the second.
    Split(usize, usize),
    /// Goes on at another place.
    Jump(usize),
    /// Keeps the position in a slot.
    Save(usize),
    /// Fails unless the position is that in the slot.
    At(usize),
    /// Fails if the position is that in the slot.
    NotAt(usize),
    /// Leaves a loop whose round matched nothing since the slot was saved.
    LeaveIfAt { slot: usize, target: usize },
    /// Keeps the number of choices left behind in a slot.
    Mark(usize),
    /// Drops the choices made since the mark in the slot.
    Cut(usize),
    /// [`Op::Cut`], and returns to the position in another slot: a look-around has matched.
    CutAndReturn { mark: usize, position: usize },
    /// Drops the choices made since the mark and fails: what must not match has matched.
    CutAndFail(usize),
    /// Goes back between `min` and `max` characters, as few as possible first.
    Back { min: usize, max: usize },
    /// The text of a group, which is between two slots.
    Backref(usize),
    /// The end of the pattern.
    Match,
}

/// A compiled pattern.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) ops: Vec<Op>,
    pub(super) classes: Vec<CharSet>,
    pub(super) slots: usize,
}

impl Program {
    /// Compiles a pattern; fails if it is too large.
    pub(super) fn new(node: &Node) -> Result<Self> {
        let mut program = Self { ops: Vec::new(), classes: Vec::new(), slots: node.groups() * 2 };
        program.add(node)?;
        program.push(Op::Match)?;
        Ok(program)
    }

    fn push(&mut self, op: Op) -> Result<usize> {
        if self.ops.len() >= MAX_OPS {
            return Err(Error::unsupported(
                "a regular expression whose repetitions multiply to more than 65536 steps",
            ));
        }
        self.ops.push(op);
        Ok(self.ops.len() - 1)
    }

    fn patch(&mut self, place: usize, op: Op) {
        if let Some(slot) = self.ops.get_mut(place) {
            *slot = op;
        }
    }

    fn slot(&mut self) -> usize {
        self.slots += 1;
        self.slots - 1
    }

    fn class(&mut self, class: &ClassUnicode) -> usize {
        let set = CharSet::new(class);
        self.classes.iter().position(|known| *known == set).unwrap_or_else(|| {
            self.classes.push(set);
            self.classes.len() - 1
        })
    }

    fn add(&mut self, node: &Node) -> Result<()> {
        match node {
            Node::Empty => {}
            Node::Class(class) => {
                let class = self.class(class);
                self.push(Op::Class(class))?;
            }
            Node::Literal(text) => {
                self.push(Op::Literal(text.as_bytes().into()))?;
            }
            Node::Look(look) => {
                self.push(Op::Look(*look))?;
            }
            Node::BeforeFinalNewlines { crlf } => {
                self.push(Op::BeforeFinalNewlines { crlf: *crlf })?;
            }
            Node::Concat(nodes) => nodes.iter().try_for_each(|node| self.add(node))?,
            Node::Alternation(nodes) => self.add_alternation(nodes)?,
            Node::Repeat { node, min, max, greedy } => {
                self.add_repeat(node, *min, *max, *greedy)?;
            }
            Node::Atomic(node) => {
                let mark = self.slot();
                self.push(Op::Mark(mark))?;
                self.add(node)?;
                self.push(Op::Cut(mark))?;
            }
            Node::Around { node, behind, negated } => self.add_around(node, *behind, *negated)?,
            Node::Group(group, node) => {
                self.push(Op::Save(2 * group - 2))?;
                self.add(node)?;
                self.push(Op::Save(2 * group - 1))?;
            }
            Node::Backref(group) => {
                self.push(Op::Backref(2 * group - 2))?;
            }
        }
        Ok(())
    }

    fn add_alternation(&mut self, nodes: &[Node]) -> Result<()> {
        let mut jumps = Vec::new();
        for (index, node) in nodes.iter().enumerate() {
            if index + 1 == nodes.len() {
                self.add(node)?;
                break;
            }
            let split = self.push(Op::Match)?;
            self.add(node)?;
            jumps.push(self.push(Op::Match)?);
            self.patch(split, Op::Split(split + 1, self.ops.len()));
        }
        for jump in jumps {
            self.patch(jump, Op::Jump(self.ops.len()));
        }
        Ok(())
    }

    /// A round of a loop that matches nothing ends the loop if it is the first, and fails if it
    /// is not: so an automaton has it, where such a round leads back to a state it is in already.
    /// A loop around look-ahead and the like never runs on an automaton, not in fancy-regex
    /// either, and there every such round ends the loop.
    fn add_repeat(&mut self, node: &Node, min: u32, max: Option<u32>, greedy: bool) -> Result<()> {
        if let Node::Class(class) = node {
            let class = self.class(class);
            let max = max.map_or(usize::MAX, |max| max as usize);
            self.push(Op::Run { class, min: min as usize, max, greedy })?;
            return Ok(());
        }
        let mut splits = Vec::new();
        let mut leave = None;
        let slot = self.slot();
        let nullable = node.length().0 == 0;
        let simple = !node.has_extensions();
        let fixed = if max.is_none() && simple { min.saturating_sub(1) } else { min };
        for _ in 0..fixed {
            self.add(node)?;
        }
        if let Some(max) = max {
            for _ in min..max {
                splits.push(self.push(Op::Match)?);
                self.add(node)?;
            }
        } else {
            if simple && min == 0 && nullable {
                splits.push(self.push(Op::Match)?);
            }
            if simple && nullable {
                self.push(Op::Save(slot))?;
                self.add(node)?;
                leave = Some(self.push(Op::Match)?);
            } else if simple && min > 0 {
                self.add(node)?;
            }
            let again = self.push(Op::Match)?;
            splits.push(again);
            if nullable {
                self.push(Op::Save(slot))?;
            }
            self.add(node)?;
            if nullable && simple {
                self.push(Op::NotAt(slot))?;
            } else if nullable {
                leave = Some(self.push(Op::Match)?);
            }
            self.push(Op::Jump(again))?;
        }
        let out = self.ops.len();
        for split in splits {
            let (first, second) = if greedy { (split + 1, out) } else { (out, split + 1) };
            self.patch(split, Op::Split(first, second));
        }
        if let Some(leave) = leave {
            self.patch(leave, Op::LeaveIfAt { slot, target: out });
        }
        Ok(())
    }

    fn add_around(&mut self, node: &Node, behind: bool, negated: bool) -> Result<()> {
        if let Node::Class(class) = node {
            let class = self.class(class);
            let peek = Op::Peek { class, negated };
            self.push(if behind { Op::PeekBack { class, negated } } else { peek })?;
            return Ok(());
        }
        let mark = self.slot();
        let position = self.slot();
        self.push(Op::Mark(mark))?;
        let split = if negated { Some(self.push(Op::Match)?) } else { None };
        self.push(Op::Save(position))?;
        if behind {
            let (min, max) = node.length();
            self.push(Op::Back { min, max })?;
        }
        self.add(node)?;
        if behind {
            self.push(Op::At(position))?;
        }
        if let Some(split) = split {
            self.push(Op::CutAndFail(mark))?;
            self.patch(split, Op::Split(split + 1, self.ops.len()));
        } else {
            self.push(Op::CutAndReturn { mark, position })?;
        }
        Ok(())
    }
}

/// A set of characters with a quick answer for ASCII.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct CharSet {
    ascii: u128,
    ranges: Box<[(char, char)]>,
}

impl CharSet {
    pub(super) fn new(class: &ClassUnicode) -> Self {
        let ranges: Box<[_]> = class.iter().map(|r| (r.start(), r.end())).collect();
        let ascii = (0..128u8).filter(|&b| contains(&ranges, char::from(b)));
        Self { ascii: ascii.fold(0, |bits, b| bits | 1 << b), ranges }
    }

    #[inline]
    pub(super) fn contains(&self, c: char) -> bool {
        if c.is_ascii() { self.ascii >> (c as u32) & 1 != 0 } else { contains(&self.ranges, c) }
    }
}

fn contains(ranges: &[(char, char)], c: char) -> bool {
    let after = ranges.partition_point(|&(first, _)| first <= c);
    after.checked_sub(1).and_then(|i| ranges.get(i)).is_some_and(|&(_, last)| c <= last)
}

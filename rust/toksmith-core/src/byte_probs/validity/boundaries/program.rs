//! A pattern as instructions over classes of characters, first alternative first.

use super::classes::Classes;
use crate::encode::pretokenize::general::{Node, Simple};
use crate::error::{Error, Result};
use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange, Look};

/// Most instructions; patterns of tokenizers have some hundred.
const LIMIT: usize = 20_000;

/// One instruction.
#[derive(Debug, Clone, Copy)]
pub(super) enum Inst {
    /// Reads a character of one of these classes, given as bits.
    Class(u64),
    /// Goes on at the first, and with less preference at the second.
    Split(u32, u32),
    /// Goes on elsewhere.
    Jump(u32),
    /// Goes on only at the end of the text.
    End,
    /// The pre-token ends here, if this leads to a match.
    Mark,
    /// A match.
    Match,
}

/// The instructions of a pattern, and its letters.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) code: Vec<Inst>,
    pub(super) classes: Classes,
}

impl Program {
    /// Compiles alternatives.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for an assertion that looks behind, or a very large pattern.
    pub(super) fn new(alternatives: &[Simple]) -> Result<Self> {
        let mut sets = Vec::new();
        for (nodes, ahead) in alternatives {
            for node in nodes {
                collect(node, &mut sets);
            }
            sets.extend(ahead.iter().map(|ahead| ahead.allowed.clone()));
        }
        let classes = Classes::new(&sets).ok_or_else(|| {
            Error::unsupported("a split pattern with more than 64 kinds of characters")
        })?;
        let mut compiler =
            Compiler { code: Vec::new(), classes: &classes, sets: sets.len(), next: 0 };
        for (at, (nodes, ahead)) in alternatives.iter().enumerate() {
            let split = compiler.code.len();
            if at + 1 < alternatives.len() {
                compiler.emit(Inst::Split(0, 0))?;
            }
            for node in nodes {
                compiler.node(node)?;
            }
            compiler.emit(Inst::Mark)?;
            if let Some(ahead) = ahead {
                let set = compiler.set();
                if ahead.end_allowed {
                    let at = compiler.code.len() as u32;
                    // A character, or else the end.
                    compiler.emit(Inst::Split(at + 1, at + 3))?;
                    compiler.emit(Inst::Class(set))?;
                    compiler.emit(Inst::Jump(at + 4))?;
                    compiler.emit(Inst::End)?;
                } else {
                    compiler.emit(Inst::Class(set))?;
                }
            }
            compiler.emit(Inst::Match)?;
            if at + 1 < alternatives.len() {
                let here = compiler.code.len() as u32;
                compiler.patch(split, Inst::Split(split as u32 + 1, here));
            }
        }
        let code = compiler.code;
        Ok(Self { code, classes })
    }
}

/// The sets of a node, in the order [`Compiler`] meets them.
fn collect(node: &Node, sets: &mut Vec<ClassUnicode>) {
    match node {
        Node::Class(class) => sets.push(class.clone()),
        Node::Literal(text) => {
            sets.extend(text.chars().map(|c| ClassUnicode::new([ClassUnicodeRange::new(c, c)])));
        }
        Node::Concat(nodes) | Node::Alternation(nodes) => {
            for node in nodes {
                collect(node, sets);
            }
        }
        Node::Repeat { node, .. } | Node::Atomic(node) | Node::Group(_, node) => {
            collect(node, sets);
        }
        _ => {}
    }
}

struct Compiler<'a> {
    code: Vec<Inst>,
    classes: &'a Classes,
    sets: usize,
    /// The set that the next class is.
    next: usize,
}

impl Compiler<'_> {
    fn emit(&mut self, inst: Inst) -> Result<()> {
        if self.code.len() >= LIMIT {
            return Err(Error::unsupported(format!(
                "a split pattern of more than {LIMIT} instructions"
            )));
        }
        self.code.push(inst);
        Ok(())
    }

    fn patch(&mut self, at: usize, inst: Inst) {
        if let Some(slot) = self.code.get_mut(at) {
            *slot = inst;
        }
    }

    /// The classes of the next set.
    fn set(&mut self) -> u64 {
        debug_assert!(self.next < self.sets);
        self.next += 1;
        self.classes.set(self.next - 1)
    }

    fn node(&mut self, node: &Node) -> Result<()> {
        match node {
            Node::Empty => Ok(()),
            Node::Class(_) => {
                let set = self.set();
                self.emit(Inst::Class(set))
            }
            Node::Literal(text) => text.chars().try_for_each(|_| {
                let set = self.set();
                self.emit(Inst::Class(set))
            }),
            Node::Look(Look::End) => self.emit(Inst::End),
            Node::Concat(nodes) => nodes.iter().try_for_each(|node| self.node(node)),
            Node::Alternation(nodes) => {
                let mut jumps = Vec::new();
                for (at, node) in nodes.iter().enumerate() {
                    let split = self.code.len();
                    if at + 1 < nodes.len() {
                        self.emit(Inst::Split(0, 0))?;
                    }
                    self.node(node)?;
                    if at + 1 < nodes.len() {
                        jumps.push(self.code.len());
                        self.emit(Inst::Jump(0))?;
                        let here = self.code.len() as u32;
                        self.patch(split, Inst::Split(split as u32 + 1, here));
                    }
                }
                let here = self.code.len() as u32;
                for at in jumps {
                    self.patch(at, Inst::Jump(here));
                }
                Ok(())
            }
            Node::Repeat { node, min, max, greedy } => self.repeat(node, *min, *max, *greedy),
            Node::Atomic(node) | Node::Group(_, node) => self.node(node),
            Node::Look(_)
            | Node::BeforeFinalNewlines { .. }
            | Node::Around { .. }
            | Node::Backref(_) => Err(Error::unsupported(
                "byte probabilities with a split pattern that looks behind or at lines",
            )),
        }
    }

    fn repeat(&mut self, node: &Node, min: u32, max: Option<u32>, greedy: bool) -> Result<()> {
        let first_set = self.next;
        let once = |this: &mut Self| {
            // Every round reads the same sets.
            this.next = first_set;
            this.node(node)
        };
        let split = |to: u32, past: u32| {
            if greedy { Inst::Split(to, past) } else { Inst::Split(past, to) }
        };
        for _ in 0..min {
            once(self)?;
        }
        match max {
            None => {
                let at = self.code.len();
                self.emit(Inst::Split(0, 0))?;
                once(self)?;
                self.emit(Inst::Jump(at as u32))?;
                let here = self.code.len() as u32;
                self.patch(at, split(at as u32 + 1, here));
            }
            Some(max) => {
                let mut splits = Vec::new();
                for _ in min..max {
                    splits.push(self.code.len());
                    self.emit(Inst::Split(0, 0))?;
                    once(self)?;
                }
                let here = self.code.len() as u32;
                for at in splits {
                    self.patch(at, split(at as u32 + 1, here));
                }
            }
        }
        if self.next == first_set {
            // A node repeated no times at all has its sets all the same.
            let mut sets = Vec::new();
            collect(node, &mut sets);
            self.next = first_set + sets.len();
        }
        Ok(())
    }
}

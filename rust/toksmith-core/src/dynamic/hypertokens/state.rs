//! A codebook that grows while a text is written: ids or codes go in, and come out again.
//!
//! Every step leaves in a journal what it takes to undo it, so that going back costs what is undone
//! and not what there is. Start at [`State::push`] and [`State::push_codes`].

use super::book::{Book, Definitions, Entry};
use super::rule::{Held, NONE, Rule, Witness};
use crate::error::{Error, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Tells checkpoints of forks apart; results never depend on it.
static SERIAL: AtomicU64 = AtomicU64::new(0);

/// A step's definition of a hypertoken.
const ADDED: u8 = 1;
/// It took the code of another.
const EVICTED: u8 = 2;
/// All were forgotten.
const EMPTIED: u8 = 4;
/// The step wrote what was held, and read no id.
const FLUSH: u8 = 8;

/// What a step did.
#[derive(Debug, Clone, Copy)]
struct Step {
    /// The node held before.
    held: u32,
    /// Entries moved to the front of the list of recency.
    moves: u32,
    /// Codes written.
    codes: u8,
    what: u8,
}

/// All steps, with what they replaced.
#[derive(Debug, Clone, Default)]
struct Journal {
    steps: Vec<Step>,
    moves: Vec<(u32, u32)>,
    evicted: Vec<(u32, Entry)>,
    books: Vec<Book>,
}

/// Codes whose definitions are others than when [`State::changes`] was asked last.
#[derive(Debug, Clone, Default)]
struct Changed {
    codes: Vec<u32>,
    all: bool,
}

impl Changed {
    fn note(&mut self, code: u32, most: usize) {
        self.codes.push(code);
        // Who never asks has no more than two of each kept for him.
        if self.codes.len() > most.saturating_mul(2).saturating_add(64) {
            self.sort();
        }
    }

    fn sort(&mut self) {
        self.codes.sort_unstable();
        self.codes.dedup();
    }
}

/// Keeps what a step does.
struct Recorder<'a> {
    journal: &'a mut Journal,
    changed: &'a mut Changed,
    most: usize,
    out: &'a mut Vec<u32>,
    step: Step,
}

impl Witness for Recorder<'_> {
    fn wrote(&mut self, code: u32) {
        self.step.codes += 1;
        self.out.push(code);
    }

    fn added(&mut self, code: u32) {
        self.step.what |= ADDED;
        self.changed.note(code, self.most);
    }

    fn evicted(&mut self, code: u32, entry: Entry) {
        self.step.what |= EVICTED;
        self.journal.evicted.push((code, entry));
    }

    fn moved(&mut self, at: u32, before: u32) {
        self.step.moves += 1;
        self.journal.moves.push((at, before));
    }

    fn emptied(&mut self, book: &mut Book, rule: &Rule) {
        self.step.what |= EMPTIED;
        self.journal.books.push(std::mem::replace(book, Book::new(rule)));
    }
}

/// A state as it was: for [`State::restore`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkpoint {
    steps: u64,
    serial: u64,
}

/// Ids and codes followed one by one.
#[derive(Debug, Clone)]
pub struct State {
    rule: Arc<Rule>,
    book: Book,
    held: Held,
    journal: Journal,
    changed: Changed,
    /// Steps that cannot be undone any more.
    settled: u64,
    /// Ids read by then.
    settled_ids: u64,
    ids: u64,
    codes: u64,
    /// Checkpoints that can be gone back to, in the order of their steps.
    marks: Vec<Checkpoint>,
}

impl State {
    /// Before the first id.
    pub fn new(rule: Arc<Rule>) -> Self {
        Self {
            book: Book::new(&rule),
            rule,
            held: Held::NOTHING,
            journal: Journal::default(),
            changed: Changed::default(),
            settled: 0,
            settled_ids: 0,
            ids: 0,
            codes: 0,
            marks: Vec::new(),
        }
    }

    /// Ids read.
    pub fn ids(&self) -> u64 {
        self.ids
    }

    /// Codes written: those of all ids but the ones held.
    pub fn codes(&self) -> u64 {
        self.codes
    }

    /// Hypertokens that are defined.
    pub fn defined(&self) -> usize {
        self.book.len()
    }

    /// The rule.
    pub fn rule(&self) -> &Rule {
        &self.rule
    }

    /// The ids read that no code was written for yet.
    pub fn held(&self) -> Vec<u32> {
        let mut ids = Vec::new();
        if self.held.node != NONE {
            self.book.expand(self.held.node, &mut ids);
        }
        ids
    }

    /// Reads ids; gives the codes that they write.
    ///
    /// # Errors
    /// One is not a base id; nothing is read then.
    pub fn push(&mut self, ids: &[u32]) -> Result<Vec<u32>> {
        self.rule.check(0, ids)?;
        let mut out = Vec::new();
        for &id in ids {
            self.step(Some(id), &mut out);
        }
        Ok(out)
    }

    /// Reads codes as the ids that they stand for; gives those, and where each code's end.
    ///
    /// # Errors
    /// One stands for nothing where it is, or they stand for more than `limit` ids; the state is as
    /// before.
    pub fn push_codes(&mut self, codes: &[u32], limit: usize) -> Result<(Vec<u32>, Vec<i64>)> {
        let before = self.journal.steps.len();
        let (mut ids, mut ends, mut written) = (Vec::new(), vec![0], Vec::new());
        for (at, &code) in codes.iter().enumerate() {
            let start = ids.len();
            let read = self.book.read(&self.rule, self.held, code, &mut ids);
            if read.is_none() || ids.len() > limit {
                let place = format!("code {at}");
                let error = match read {
                    None => self.rule.undefined(&place, code, &self.book),
                    Some(_) => Rule::too_many(&place, limit),
                };
                while self.journal.steps.len() > before {
                    self.undo();
                }
                return Err(error);
            }
            for &id in &ids[start..] {
                self.step(Some(id), &mut written);
            }
            written.clear();
            ends.push(ids.len() as i64);
        }
        Ok((ids, ends))
    }

    /// Ends the sequence: gives the code of what is held, if something is. The codebook stays.
    pub fn flush(&mut self) -> Option<u32> {
        let mut out = Vec::new();
        if self.held.node != NONE {
            self.step(None, &mut out);
        }
        out.first().copied()
    }

    /// Reads an id, or writes what is held.
    fn step(&mut self, id: Option<u32>, out: &mut Vec<u32>) {
        let step = Step { held: self.held.node, moves: 0, codes: 0, what: 0 };
        let mut recorder = Recorder {
            journal: &mut self.journal,
            changed: &mut self.changed,
            most: self.rule.codebook_size,
            out,
            step,
        };
        if let Some(id) = id {
            self.held = self.rule.step(&mut self.book, self.held, id, &mut recorder);
            self.ids += 1;
        } else {
            self.book.write(self.held, &mut recorder);
            self.held = Held::NOTHING;
            recorder.step.what |= FLUSH;
        }
        let step = recorder.step;
        self.codes += u64::from(step.codes);
        self.journal.steps.push(step);
    }

    /// Undoes the last step, if there is one.
    fn undo(&mut self) {
        let Some(step) = self.journal.steps.pop() else { return };
        if step.what & ADDED != 0 {
            let last = self.book.first_id + self.book.len().saturating_sub(1) as u32;
            let evicted = if step.what & EVICTED == 0 { None } else { self.journal.evicted.pop() };
            let (code, old) = evicted.map_or((last, None), |(code, entry)| (code, Some(entry)));
            self.book.undefine(code, old);
            if old.is_some() {
                self.changed.note(code, self.rule.codebook_size);
            }
        }
        if step.what & EMPTIED != 0
            && let Some(book) = self.journal.books.pop()
        {
            self.book = book;
            self.changed.all = true;
        }
        for _ in 0..step.moves {
            if let Some((at, before)) = self.journal.moves.pop() {
                self.book.unmove(at, before);
            }
        }
        let len = if step.held == NONE { 0 } else { self.book.tokens(step.held) as u32 };
        self.held = Held { node: step.held, len };
        self.codes -= u64::from(step.codes);
        if step.what & FLUSH == 0 {
            self.ids -= 1;
        }
    }

    /// Steps done since the beginning.
    fn steps(&self) -> u64 {
        self.settled + self.journal.steps.len() as u64
    }

    /// Marks where the state is.
    pub fn checkpoint(&mut self) -> Checkpoint {
        let steps = self.steps();
        if let Some(last) = self.marks.last()
            && last.steps == steps
        {
            return *last;
        }
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        let mark = Checkpoint { steps, serial };
        self.marks.push(mark);
        mark
    }

    /// Goes back to a checkpoint. O(what is undone).
    ///
    /// # Errors
    /// The state never was there, went back behind it since, or cannot undo that much any more.
    pub fn restore(&mut self, mark: Checkpoint) -> Result<()> {
        let known = self.marks.binary_search_by_key(&mark.steps, |one| one.steps);
        if known.is_ok_and(|at| self.marks[at] == mark) {
            while self.steps() > mark.steps {
                self.undo();
            }
            self.drop_marks();
            return Ok(());
        }
        Err(Error::Input {
            why: "the checkpoint is not one of this state, or the state went back behind it or \
                  settled since"
                .into(),
        })
    }

    /// Takes back the last ids, and what was flushed after the first of them. O(what is undone).
    ///
    /// # Errors
    /// There are fewer that can be taken back.
    pub fn rollback(&mut self, ids: u64) -> Result<()> {
        if ids > self.ids - self.settled_ids {
            return Err(Error::Input {
                why: format!("cannot take back {ids} ids; {} can be", self.ids - self.settled_ids),
            });
        }
        let target = self.ids - ids;
        while self.ids > target {
            self.undo();
        }
        self.drop_marks();
        Ok(())
    }

    /// Drops marks of steps that were undone.
    fn drop_marks(&mut self) {
        let steps = self.steps();
        while self.marks.last().is_some_and(|mark| mark.steps > steps) {
            self.marks.pop();
        }
    }

    /// Forgets how to go back behind where the state is.
    pub fn settle(&mut self) {
        self.settled = self.steps();
        self.settled_ids = self.ids;
        self.journal = Journal::default();
        self.marks.clear();
    }

    /// All hypertokens by code.
    pub fn definitions(&self) -> Definitions {
        self.book.definitions()
    }

    /// The hypertokens whose definitions are others than when this was asked last, by code.
    pub fn changes(&mut self) -> Definitions {
        let mut changed = std::mem::take(&mut self.changed);
        if changed.all {
            return self.book.definitions();
        }
        changed.sort();
        changed.codes.retain(|&code| self.book.entry(code).is_some());
        self.book.definitions_of(changed.codes)
    }

    /// The ids that a code would stand for if it came next, or None.
    pub fn definition(&self, code: u32) -> Option<Vec<u32>> {
        let mut ids = Vec::new();
        self.book.read(&self.rule, self.held, code, &mut ids)?;
        Some(ids)
    }

    /// The code that would complete itself if it came next: see [`State::definition`].
    pub fn completing(&self) -> Option<u32> {
        if self.held.node == NONE {
            return None;
        }
        let code = self.book.next_code(&self.rule, self.held)?;
        self.book.completes(&self.rule, self.held, code).then_some(code)
    }

    /// Marks the codes that stand for something if they come next: base ids, hypertokens that are
    /// defined, and the one that would complete itself. `set(from, to)` is called for ranges.
    pub fn allowed(&self, mut set: impl FnMut(usize, usize)) {
        let end = self.rule.first_id as usize + self.book.len();
        set(0, end);
        if let Some(code) = self.completing() {
            set(code as usize, code as usize + 1);
        }
    }

    /// The entries by recency.
    #[cfg(test)]
    pub(super) fn order(&self) -> Option<Vec<u32>> {
        self.book.order()
    }
}

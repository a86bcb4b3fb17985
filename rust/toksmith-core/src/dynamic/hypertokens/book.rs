//! The hypertokens defined so far: a tree over token ids whose nodes are their codes.
//!
//! The node of one token is its id, that of hypertoken `i` is `first_id + i`, so that a node is
//! what is written for it. A hypertoken is another node and one token more; its prefixes are
//! hypertokens too, always.

use super::rule::{Eviction, Held, NONE, Rule, Witness};
use super::table::{Table, key};
use crate::batch::Ragged;
use crate::dynamic::recency::{NIL, Recency};

/// A hypertoken.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    /// The node of all its tokens but the last.
    pub(super) parent: u32,
    /// Its last token.
    pub(super) last: u32,
    /// Its first token.
    pub(super) first: u32,
    /// How many tokens it is.
    pub(super) len: u32,
}

/// Codes and the base ids that they stand for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definitions {
    /// The codes.
    pub codes: Vec<u32>,
    /// A row of base ids a code.
    pub parts: Ragged,
}

/// What left the codebook in the last step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gone {
    /// Nothing.
    None,
    /// The hypertoken of this code.
    One(u32),
    /// All.
    All,
}

/// A codebook.
#[derive(Debug, Clone)]
pub(super) struct Book {
    /// The first code.
    pub(super) first_id: u32,
    entries: Vec<Entry>,
    pub(super) table: Table,
    /// Kept where the least recently used is evicted. An entry is used when it, or one that begins
    /// with it, is: a prefix always stands before what it begins, so that the last of the list is
    /// no prefix of another and leaves no hole in the tree.
    order: Option<Recency>,
    gone: Gone,
}

impl Book {
    pub(super) fn new(rule: &Rule) -> Self {
        Self {
            first_id: rule.first_id,
            entries: Vec::new(),
            table: Table::new(),
            order: (rule.eviction == Eviction::Recency).then(Recency::new),
            gone: Gone::None,
        }
    }

    /// Forgets everything; O(what there was), whatever the table has grown to.
    pub(super) fn clear(&mut self) {
        if self.entries.len() * 8 < self.table.room() {
            for entry in &self.entries {
                self.table.remove(key(entry.parent, entry.last));
            }
        } else {
            self.table.clear();
        }
        self.entries.clear();
        if let Some(order) = &mut self.order {
            order.clear();
        }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The hypertoken of a code, if the code is one of a hypertoken that is defined.
    #[inline]
    pub(super) fn entry(&self, node: u32) -> Option<&Entry> {
        self.entries.get(node.checked_sub(self.first_id)? as usize)
    }

    /// The first token of a node.
    pub(super) fn first(&self, node: u32) -> u32 {
        self.entry(node).map_or(node, |entry| entry.first)
    }

    /// How many tokens a node stands for.
    pub(super) fn tokens(&self, node: u32) -> usize {
        self.entry(node).map_or(1, |entry| entry.len as usize)
    }

    /// Appends the tokens of a node.
    #[inline]
    pub(super) fn expand(&self, mut node: u32, out: &mut Vec<u32>) {
        let start = out.len();
        let Some(entry) = self.entry(node) else {
            out.push(node);
            return;
        };
        out.resize(start + entry.len as usize, 0);
        for place in out[start..].iter_mut().rev() {
            match self.entry(node) {
                Some(entry) => (*place, node) = (entry.last, entry.parent),
                None => *place = node,
            }
        }
    }

    /// Writes what is held, if something is; O(1), or O(its tokens) where recency counts.
    #[inline(always)]
    pub(super) fn write(&mut self, held: Held, witness: &mut impl Witness) {
        if held.node != NONE {
            witness.wrote(held.node);
            self.touch(held.node, witness);
        }
    }

    /// Notes that a node is used now.
    #[inline]
    fn touch(&mut self, mut node: u32, witness: &mut impl Witness) {
        let Some(order) = &mut self.order else { return };
        while let Some(at) = node.checked_sub(self.first_id) {
            if let Some(before) = order.lift(at) {
                witness.moved(at, before);
            }
            node = self.entries[at as usize].parent;
        }
    }

    /// Puts an entry back to where it was before it was moved to the front.
    pub(super) fn unmove(&mut self, at: u32, before: u32) {
        if let Some(order) = &mut self.order {
            order.remove(at);
            order.insert_after(at, before);
        }
    }

    /// The code that the next hypertoken will have if it begins with `held`; None if there is no
    /// room for one.
    pub(super) fn next_code(&self, rule: &Rule, held: Held) -> Option<u32> {
        if self.entries.len() < rule.codebook_size {
            return Some(self.first_id + self.entries.len() as u32);
        }
        // What `held` begins with counts as used by then. It stands in the list from long to short.
        let order = self.order.as_ref()?;
        let (mut victim, mut node) = (order.last(), held.node);
        while victim != NIL && node == self.first_id + victim {
            victim = order.before(victim);
            node = self.entries[(node - self.first_id) as usize].parent;
        }
        (victim != NIL).then(|| self.first_id + victim)
    }

    /// Defines the tokens of `held` and one more as a hypertoken, if there is or can be made room.
    ///
    /// Requires that `held` was just emitted and that `find` said `slot` for the two.
    #[inline]
    pub(super) fn define(
        &mut self,
        rule: &Rule,
        held: Held,
        token: u32,
        slot: usize,
        witness: &mut impl Witness,
    ) {
        if self.entries.len() < rule.codebook_size {
            let entry = self.longer(held, token);
            let code = self.first_id + self.entries.len() as u32;
            self.entries.push(entry);
            self.table.insert_at(slot, key(held.node, token), code);
            self.place(code - self.first_id, held.node);
            witness.added(code);
        } else if rule.eviction != Eviction::Freeze {
            self.replace(rule, held, token, witness);
        }
    }

    /// As `define`, in a codebook that is full.
    #[cold]
    fn replace(&mut self, rule: &Rule, held: Held, token: u32, witness: &mut impl Witness) {
        if rule.eviction == Eviction::Reset {
            if !self.entries.is_empty() {
                witness.emptied(self, rule);
                self.gone = Gone::All;
            }
            return;
        }
        let Some(victim) = self.order.as_ref().map(Recency::last).filter(|&last| last != NIL)
        else {
            return;
        };
        let code = self.first_id + victim;
        // All there is are prefixes of what would be defined.
        if code == held.node {
            return;
        }
        let entry = self.longer(held, token);
        witness.evicted(code, self.take(code));
        self.gone = Gone::One(code);
        self.put(code, entry);
        witness.added(code);
    }

    fn longer(&self, held: Held, token: u32) -> Entry {
        Entry { parent: held.node, last: token, first: self.first(held.node), len: held.len + 1 }
    }

    /// Puts an entry into the list, just behind its prefix.
    fn place(&mut self, at: u32, parent: u32) {
        if let Some(order) = &mut self.order {
            order.insert_after(at, parent.checked_sub(self.first_id).unwrap_or(NIL));
        }
    }

    /// Takes the entry of a code out of tree and list; its place stays.
    fn take(&mut self, code: u32) -> Entry {
        let at = code - self.first_id;
        let entry = self.entries[at as usize];
        self.table.remove(key(entry.parent, entry.last));
        if let Some(order) = &mut self.order {
            order.remove(at);
        }
        entry
    }

    /// Gives the place of an entry that was taken to another.
    fn put(&mut self, code: u32, entry: Entry) {
        let at = code - self.first_id;
        self.entries[at as usize] = entry;
        self.table.insert(key(entry.parent, entry.last), code);
        self.place(at, entry.parent);
    }

    /// Undoes a definition: the last one, or the one that took the place of `evicted`.
    pub(super) fn undefine(&mut self, code: u32, evicted: Option<Entry>) {
        self.take(code);
        let Some(old) = evicted else {
            self.entries.pop();
            return;
        };
        let at = code - self.first_id;
        self.entries[at as usize] = old;
        self.table.insert(key(old.parent, old.last), code);
        if let Some(order) = &mut self.order {
            let last = order.last();
            order.insert_after(at, last);
        }
    }

    /// Forgets what left in earlier steps.
    #[inline(always)]
    pub(super) fn clear_gone(&mut self) {
        self.gone = Gone::None;
    }

    /// Whether the hypertoken of a code is there as it was before the last step.
    #[inline(always)]
    pub(super) fn kept(&self, code: u32) -> bool {
        match self.gone {
            Gone::None => true,
            Gone::One(gone) => gone != code,
            Gone::All => false,
        }
    }

    /// Whether a code stands for the hypertoken that the code itself completes: the tokens held and
    /// the first of them again. The encoder writes such a code right after it defined it.
    pub(super) fn completes(&self, rule: &Rule, held: Held, code: u32) -> bool {
        held.node != NONE
            && self.next_code(rule, held) == Some(code)
            && self.table.find(key(held.node, self.first(held.node))).is_err()
    }

    /// Appends the tokens that a code stands for, read after what is held; says whether the code
    /// completes itself, or None if it stands for nothing.
    #[inline]
    pub(super) fn read(
        &self,
        rule: &Rule,
        held: Held,
        code: u32,
        out: &mut Vec<u32>,
    ) -> Option<bool> {
        if code < self.first_id {
            out.push(code);
            return Some(false);
        }
        if self.completes(rule, held, code) {
            self.expand(held.node, out);
            out.push(self.first(held.node));
            return Some(true);
        }
        self.entry(code)?;
        self.expand(code, out);
        Some(false)
    }

    /// All hypertokens in the order of their codes.
    pub(super) fn definitions(&self) -> Definitions {
        let codes = (self.first_id..).take(self.entries.len()).collect();
        self.definitions_of(codes)
    }

    /// The hypertokens of some codes, all of them defined.
    pub(super) fn definitions_of(&self, codes: Vec<u32>) -> Definitions {
        let mut parts = Ragged { ids: Vec::new(), offsets: vec![0] };
        for &code in &codes {
            self.expand(code, &mut parts.ids);
            parts.offsets.push(parts.ids.len() as i64);
        }
        Definitions { codes, parts }
    }

    #[cfg(test)]
    pub(super) fn order(&self) -> Option<Vec<u32>> {
        self.order.as_ref().map(Recency::order)
    }
}

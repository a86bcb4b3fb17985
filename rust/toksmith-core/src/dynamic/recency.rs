//! What has not been used for longest: a list of entries `0..n`, the latest used first.
//!
//! Two arrays; everything but growing is O(1).

/// No entry: the end of the list.
pub(super) const NIL: u32 = u32::MAX;

/// A doubly linked list.
#[derive(Debug, Clone)]
pub(super) struct Recency {
    before: Vec<u32>,
    after: Vec<u32>,
    first: u32,
    last: u32,
}

impl Recency {
    /// No entries.
    pub(super) fn new() -> Self {
        Self { before: Vec::new(), after: Vec::new(), first: NIL, last: NIL }
    }

    /// Forgets all entries.
    pub(super) fn clear(&mut self) {
        *self = Self::new();
    }

    /// The entry used longest ago, or [`NIL`].
    pub(super) fn last(&self) -> u32 {
        self.last
    }

    /// The next that was used later, or [`NIL`].
    pub(super) fn before(&self, entry: u32) -> u32 {
        self.before[entry as usize]
    }

    /// Puts an entry that is not in the list behind another; behind [`NIL`] is in front of all.
    pub(super) fn insert_after(&mut self, entry: u32, other: u32) {
        let at = entry as usize;
        if at >= self.before.len() {
            self.before.resize(at + 1, NIL);
            self.after.resize(at + 1, NIL);
        }
        let next = if other == NIL { self.first } else { self.after[other as usize] };
        self.before[at] = other;
        self.after[at] = next;
        if other == NIL {
            self.first = entry;
        } else {
            self.after[other as usize] = entry;
        }
        if next == NIL {
            self.last = entry;
        } else {
            self.before[next as usize] = entry;
        }
    }

    /// Takes an entry out of the list.
    pub(super) fn remove(&mut self, entry: u32) {
        let (before, after) = (self.before[entry as usize], self.after[entry as usize]);
        if before == NIL {
            self.first = after;
        } else {
            self.after[before as usize] = after;
        }
        if after == NIL {
            self.last = before;
        } else {
            self.before[after as usize] = before;
        }
    }

    /// Moves an entry to the front and says behind which it was; None if it was there.
    pub(super) fn lift(&mut self, entry: u32) -> Option<u32> {
        if self.first == entry {
            return None;
        }
        let before = self.before(entry);
        self.remove(entry);
        self.insert_after(entry, NIL);
        Some(before)
    }

    /// All entries, the latest used first.
    pub(super) fn order(&self) -> Vec<u32> {
        let next = |&at: &u32| self.after.get(at as usize).copied();
        std::iter::successors(Some(self.first), next).take_while(|&at| at != NIL).collect()
    }
}

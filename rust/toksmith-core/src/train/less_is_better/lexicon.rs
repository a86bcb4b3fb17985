//! The ranked lexicon: entries as nodes of a prefix tree, and what reading changes of them.

use super::ranks::Ranks;

/// Not an entry, or no node.
pub(super) const NOTHING: u32 = u32::MAX;

/// A node of the tree, and the entry whose characters lead to it.
#[derive(Debug, Default)]
struct Node {
    /// By next character, in order.
    next: Vec<(char, u32)>,
    parent: u32,
    symbol: char,
    /// Whether it is an entry now.
    is_entry: bool,
    /// Documents until it is forgotten; 0: it is not on probation.
    life: u32,
    /// How often it was demoted less how often it was promoted, in this document.
    balance: i64,
    /// Of an entry, at the beginning of this document or when it came in.
    rank: u32,
}

/// An entry at a place of a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) entry: u32,
    /// Characters.
    pub(super) len: usize,
}

/// Entries with ranks.
#[derive(Debug)]
pub(super) struct Lexicon {
    nodes: Vec<Node>,
    ranks: Ranks,
    /// Entries whose balance has changed in this document, in the order they first did.
    touched: Vec<u32>,
    /// Documents of probation.
    life: u32,
}

impl Lexicon {
    pub(super) fn new(life: u32) -> Self {
        let nodes = vec![Node::default()];
        Self { nodes, ranks: Ranks::default(), touched: Vec::new(), life }
    }

    /// Appends an entry, on probation, if it is not there.
    pub(super) fn append(&mut self, text: &[char]) {
        let mut node = 0;
        for &c in text {
            let next = self.nodes[node as usize].next.binary_search_by_key(&c, |&(c, _)| c);
            node = match next {
                Ok(at) => self.nodes[node as usize].next[at].1,
                Err(at) => {
                    let new = self.nodes.len() as u32;
                    self.nodes[node as usize].next.insert(at, (c, new));
                    self.nodes.push(Node { parent: node, symbol: c, ..Node::default() });
                    new
                }
            };
        }
        let entry = &mut self.nodes[node as usize];
        if node != 0 && !entry.is_entry {
            entry.is_entry = true;
            entry.life = self.life;
            entry.rank = self.ranks.len() as u32;
            self.ranks.push(node);
        }
    }

    /// The longest entry and the second longest at the beginning of a text.
    pub(super) fn longest_two(&self, text: &[char]) -> (Option<Found>, Option<Found>) {
        let (mut node, mut found) = (0u32, (None, None));
        for (c, len) in text.iter().zip(1..) {
            let next = &self.nodes[node as usize].next;
            let Ok(at) = next.binary_search_by_key(c, |&(c, _)| c) else { break };
            node = next[at].1;
            if self.nodes[node as usize].is_entry {
                found = (Some(Found { entry: node, len }), found.0);
            }
        }
        found
    }

    /// The rank of an entry, as of this document.
    pub(super) fn rank(&self, entry: u32) -> u64 {
        u64::from(self.nodes[entry as usize].rank)
    }

    /// Counts one demotion (1) or promotion (-1).
    pub(super) fn judge(&mut self, entry: u32, by: i64) {
        let balance = &mut self.nodes[entry as usize].balance;
        if *balance == 0 {
            // May come in twice; it has no balance when it is met again.
            self.touched.push(entry);
        }
        *balance += by;
    }

    /// Ends probation.
    pub(super) fn keep(&mut self, entry: u32) {
        self.nodes[entry as usize].life = 0;
    }

    /// Moves what was judged, forgets what has been on probation for too long, puts the last on
    /// probation, and cuts the list to `limit`.
    #[allow(clippy::cast_sign_loss, reason = "both factors are positive")]
    pub(super) fn end_document(&mut self, update_rate: f64, memory_out: f64, limit: usize) {
        for entry in std::mem::take(&mut self.touched) {
            let balance = std::mem::take(&mut self.nodes[entry as usize].balance);
            if balance != 0 {
                self.shift(entry, balance > 0, update_rate);
            }
        }
        let mut expired = Vec::new();
        for entry in self.ranks.iter() {
            let life = &mut self.nodes[entry as usize].life;
            if *life == 1 {
                expired.push(entry);
            }
            *life = life.saturating_sub(1);
        }
        for entry in expired {
            self.forget(entry);
        }
        let safe = (self.ranks.len() as f64 * (1.0 - memory_out)) as usize;
        for entry in self.ranks.iter().skip(safe) {
            let life = &mut self.nodes[entry as usize].life;
            if *life == 0 {
                *life = self.life;
            }
        }
        let surplus = self.ranks.len().saturating_sub(limit);
        let last: Vec<u32> = self.ranks.iter().rev().take(surplus).collect();
        for entry in last {
            self.forget(entry);
        }
        for (entry, rank) in self.ranks.iter().zip(0..) {
            self.nodes[entry as usize].rank = rank;
        }
    }

    #[allow(clippy::cast_sign_loss, reason = "both factors are positive")]
    fn shift(&mut self, entry: u32, down: bool, update_rate: f64) {
        let Some(rank) = self.ranks.remove(entry) else { return };
        let step = (rank as f64 * update_rate) as usize + 1;
        let to = if down { rank.saturating_add(step) } else { rank.saturating_sub(step) };
        // Without it the list is one shorter, so its last place is its length.
        if to > self.ranks.len() {
            self.nodes[entry as usize].is_entry = false;
        } else {
            self.ranks.insert(to, entry);
        }
    }

    fn forget(&mut self, entry: u32) {
        self.ranks.remove(entry);
        self.nodes[entry as usize].is_entry = false;
    }

    /// All entries, the best first.
    pub(super) fn entries(&self) -> Vec<String> {
        let spell = |entry: u32| {
            let mut text = Vec::new();
            let mut node = entry;
            while node != 0 {
                let Node { parent, symbol, .. } = &self.nodes[node as usize];
                text.push(*symbol);
                node = *parent;
            }
            text.into_iter().rev().collect()
        };
        self.ranks.iter().map(spell).collect()
    }
}

//! A list of entries in which any can be found, taken out and put in by its place.
//!
//! The list is kept in blocks of up to [`MOST`] entries, so that an operation costs the number of
//! blocks and the length of one: O(sqrt L) for lists of the usual length, without pointers.

/// Most entries of a block.
const MOST: usize = 512;

/// Entries in the order of their ranks, 0 the best.
#[derive(Debug, Default)]
pub(super) struct Ranks {
    blocks: Vec<Vec<u32>>,
    /// The numbers of blocks, in order.
    order: Vec<u32>,
    /// By entry, its block.
    block_of: Vec<u32>,
    len: usize,
}

impl Ranks {
    /// Number of entries.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The entries, the best first.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = u32> {
        self.order.iter().flat_map(|&block| self.blocks[block as usize].iter().copied())
    }

    /// Place of an entry of the list.
    pub(super) fn rank(&self, entry: u32) -> Option<usize> {
        let home = *self.block_of.get(entry as usize)?;
        let mut before = 0;
        for &block in &self.order {
            let entries = &self.blocks[block as usize];
            if block == home {
                return Some(before + entries.iter().position(|&other| other == entry)?);
            }
            before += entries.len();
        }
        None
    }

    /// Puts an entry, which is not in the list, at a place; behind the last if there is no such.
    pub(super) fn insert(&mut self, rank: usize, entry: u32) {
        let (mut at, mut within) = (0, rank.min(self.len));
        while let Some(&block) = self.order.get(at) {
            let len = self.blocks[block as usize].len();
            if within <= len {
                break;
            }
            (at, within) = (at + 1, within - len);
        }
        if self.order.is_empty() {
            self.order.push(0);
            self.blocks.push(Vec::new());
        }
        let block = self.order[at];
        let entries = &mut self.blocks[block as usize];
        entries.insert(within, entry);
        self.len += 1;
        if self.block_of.len() <= entry as usize {
            self.block_of.resize(entry as usize + 1, 0);
        }
        self.block_of[entry as usize] = block;
        if entries.len() > MOST {
            let tail = entries.split_off(MOST / 2);
            let number = self.blocks.len() as u32;
            for &entry in &tail {
                self.block_of[entry as usize] = number;
            }
            self.blocks.push(tail);
            self.order.insert(at + 1, number);
        }
    }

    /// Appends an entry, which is not in the list.
    pub(super) fn push(&mut self, entry: u32) {
        self.insert(self.len, entry);
    }

    /// Takes an entry out and gives back its place.
    pub(super) fn remove(&mut self, entry: u32) -> Option<usize> {
        let rank = self.rank(entry)?;
        let block = self.block_of[entry as usize] as usize;
        self.blocks[block].retain(|&other| other != entry);
        self.len -= 1;
        if self.blocks[block].is_empty() {
            self.compact();
        }
        Some(rank)
    }

    /// Gives up the numbers of empty blocks.
    fn compact(&mut self) {
        let order = std::mem::take(&mut self.order);
        let mut blocks = Vec::with_capacity(order.len());
        for old in order {
            let entries = std::mem::take(&mut self.blocks[old as usize]);
            if !entries.is_empty() {
                let number = blocks.len() as u32;
                for &entry in &entries {
                    self.block_of[entry as usize] = number;
                }
                self.order.push(number);
                blocks.push(entries);
            }
        }
        self.blocks = blocks;
    }
}

#[cfg(test)]
mod tests {
    use super::Ranks;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn equals_a_plain_list(steps in prop::collection::vec((any::<bool>(), 0..5000usize), 0..4000)) {
            let (mut ranks, mut list) = (Ranks::default(), Vec::new());
            for (entry, (remove, at)) in (0u32..).zip(steps) {
                if remove && !list.is_empty() {
                    let at = at % list.len();
                    prop_assert_eq!(ranks.remove(list.remove(at)), Some(at));
                } else {
                    let at = at % (list.len() + 1);
                    list.insert(at, entry);
                    ranks.insert(at, entry);
                    prop_assert_eq!(ranks.rank(entry), Some(at));
                }
                prop_assert_eq!(ranks.len(), list.len());
            }
            prop_assert!(ranks.iter().eq(list.iter().copied()));
        }
    }
}

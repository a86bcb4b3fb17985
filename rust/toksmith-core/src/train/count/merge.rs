//! Sorted lists of words into one, counts of the same word added: in memory that of one word a list.

use super::entries::Reader;
use super::table::Sorted;
use crate::error::Result;
use crate::watch::Watch;
use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

/// Words between two looks at the watch.
const POLL: usize = 1 << 14;

/// A sorted list.
pub(super) enum List<'a> {
    /// In memory.
    Table(Sorted<'a>),
    /// On disk.
    Run(Reader),
}

impl List<'_> {
    fn next_into(&mut self, word: &mut Vec<u8>) -> Result<Option<u64>> {
        match self {
            Self::Table(sorted) => Ok(sorted.next_into(word)),
            Self::Run(reader) => reader.next_into(word),
        }
    }
}

/// The next word of a list. The least word is the greatest head.
struct Head<'a> {
    word: Vec<u8>,
    count: u64,
    list: List<'a>,
}

impl PartialEq for Head<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.word == other.word
    }
}

impl Eq for Head<'_> {}

impl PartialOrd for Head<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Head<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        other.word.cmp(&self.word)
    }
}

/// Gives each word of the lists once, in order, with the sum of its counts, which stays at
/// [`u64::MAX`]. O(n log k) for k lists.
pub(super) fn merge(
    lists: Vec<List<'_>>,
    watch: &Watch<'_>,
    mut each: impl FnMut(&[u8], u64) -> Result<()>,
) -> Result<()> {
    let mut heads = BinaryHeap::with_capacity(lists.len());
    for mut list in lists {
        let mut word = Vec::new();
        if let Some(count) = list.next_into(&mut word)? {
            heads.push(Head { word, count, list });
        }
    }
    let (mut current, mut sum, mut polled) = (Vec::new(), 0u64, 0);
    while let Some(mut head) = heads.peek_mut() {
        if head.word == current {
            sum = sum.saturating_add(head.count);
        } else {
            if sum > 0 {
                each(&current, sum)?;
            }
            current.clone_from(&head.word);
            sum = head.count;
        }
        let Head { word, count, list } = &mut *head;
        match list.next_into(word)? {
            Some(next) => *count = next,
            None => drop(PeekMut::pop(head)),
        }
        polled += 1;
        if polled == POLL {
            polled = 0;
            watch.poll()?;
        }
    }
    if sum > 0 { each(&current, sum) } else { Ok(()) }
}

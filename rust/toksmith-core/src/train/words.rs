//! Words and how often each was seen: what every trainer of words starts from.

/// Distinct words with 64-bit counts, sorted by their bytes, so that whoever counted and in
/// whatever order, the table is the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WordCounts {
    /// All words, one behind the other.
    bytes: Vec<u8>,
    /// Where each word ends in `bytes`.
    ends: Vec<usize>,
    counts: Vec<u64>,
}

impl WordCounts {
    /// Number of distinct words.
    pub fn len(&self) -> usize {
        self.counts.len()
    }

    /// Whether there is no word at all.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// The word at a place, and its count.
    pub fn get(&self, index: usize) -> Option<(&[u8], u64)> {
        let start = if index == 0 { 0 } else { *self.ends.get(index - 1)? };
        let word = self.bytes.get(start..*self.ends.get(index)?)?;
        Some((word, *self.counts.get(index)?))
    }

    /// All words with their counts, in the order of their bytes.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], u64)> {
        (0..self.len()).filter_map(|index| self.get(index))
    }

    /// The sum of all counts.
    pub fn total(&self) -> u128 {
        self.counts.iter().map(|&count| u128::from(count)).sum()
    }

    /// The counts, in the order of the words.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// All words, one behind the other, and where each ends.
    pub fn flat(&self) -> (&[u8], &[usize]) {
        (&self.bytes, &self.ends)
    }

    /// The count of a word; 0 if it is not here. O(log n).
    pub fn count_of(&self, word: &[u8]) -> u64 {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low.midpoint(high);
            match self.get(middle) {
                Some((found, count)) if found == word => return count,
                Some((found, _)) if found < word => low = middle + 1,
                _ => high = middle,
            }
        }
        0
    }

    /// Appends a word that follows all others; gives back whether it did.
    pub(crate) fn push(&mut self, word: &[u8], count: u64) -> bool {
        let follows = self.len().checked_sub(1).and_then(|last| self.get(last));
        if follows.is_some_and(|(last, _)| last >= word) {
            return false;
        }
        self.bytes.extend_from_slice(word);
        self.ends.push(self.bytes.len());
        self.counts.push(count);
        true
    }
}

/// In any order and with repetitions: counts of the same word are added, and stay at
/// [`u64::MAX`] if they would pass it. Words without bytes or with a count of zero are left out.
impl<W: AsRef<[u8]>> FromIterator<(W, u64)> for WordCounts {
    fn from_iter<I: IntoIterator<Item = (W, u64)>>(words: I) -> Self {
        let mut given: Vec<(W, u64)> = words.into_iter().collect();
        given.sort_by(|a, b| a.0.as_ref().cmp(b.0.as_ref()));
        let mut table = Self::default();
        for (word, count) in given {
            let word = word.as_ref();
            if word.is_empty() || count == 0 {
                continue;
            }
            if !table.push(word, count)
                && let Some(last) = table.counts.last_mut()
            {
                *last = last.saturating_add(count);
            }
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::WordCounts;

    #[test]
    fn counts_of_the_same_word_are_added() {
        let given = [("b", 1), ("a", u64::MAX), ("b", 2), ("", 5), ("c", 0), ("a", 3)];
        let table: WordCounts = given.into_iter().collect();
        let expected: [(&[u8], u64); 2] = [(b"a", u64::MAX), (b"b", 3)];
        assert!(table.iter().eq(expected));
        assert_eq!(table.get(2), None);
    }
}

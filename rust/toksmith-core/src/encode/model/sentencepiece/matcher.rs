//! User-defined pieces, which go through normalization and models as they are.

use crate::encode::model::unigram::trie::Trie;
use crate::error::Result;

/// A look-up sees so many pieces at most, the shortest.
const MOST: usize = 64;

/// Finds user-defined pieces.
#[derive(Debug)]
pub(crate) struct Matcher {
    /// `None` if there are none.
    trie: Option<Trie>,
    /// By byte: whether a piece begins with it.
    first: [bool; 256],
}

impl Matcher {
    /// A matcher of these pieces.
    pub(crate) fn new<'p>(pieces: impl Iterator<Item = &'p str>) -> Result<Self> {
        let keys: Vec<(&[u8], u32)> = pieces.map(|piece| (piece.as_bytes(), 0)).collect();
        let mut first = [false; 256];
        for byte in keys.iter().filter_map(|(key, _)| key.first()) {
            first[usize::from(*byte)] = true;
        }
        let trie = if keys.is_empty() { None } else { Some(Trie::new(&keys, false)?) };
        Ok(Self { trie, first })
    }

    /// Whether some piece begins with this byte.
    pub(crate) fn begins(&self, byte: u8) -> bool {
        self.first[usize::from(byte)]
    }

    /// Length of the longest piece that `text` begins with, of the first [`MOST`].
    #[inline]
    pub(crate) fn longest(&self, text: &[u8]) -> Option<usize> {
        let trie = self.trie.as_ref()?;
        if !self.begins(*text.first()?) {
            return None;
        }
        let (mut longest, mut seen) = (None, 0);
        trie.walk(text, |len, _| {
            if seen < MOST {
                longest = Some(len);
            }
            seen += 1;
        });
        longest
    }
}

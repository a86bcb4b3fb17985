//! The vocabulary sorted by bytes: all tokens that begin with some bytes stand side by side, so a
//! node of the trie is a range of places, and nothing else is stored.
//!
//! Tokens that are spelled alike stand together, ascending by id. Finding a child is a binary
//! search; those of the empty prefix and of one byte are kept.

use crate::error::{Error, Result};
use crate::token::{NONE, TokenId};
use std::ops::Range;

/// A vocabulary in the order of its bytes.
#[derive(Debug)]
pub struct TokenTrie {
    /// Place -> id.
    order: Vec<TokenId>,
    /// Id -> place, or [`NONE`].
    places: Vec<u32>,
    /// The spellings, one after the other by place.
    bytes: Vec<u8>,
    /// Where each begins, and the end of the last.
    starts: Vec<u32>,
    /// Where the tokens of each first byte begin, and the end of the last.
    first: Vec<u32>,
    longest: usize,
}

/// All tokens that begin with the same bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Prefix {
    /// The first place.
    pub lo: u32,
    /// One past the last place.
    pub hi: u32,
    /// How many bytes they share.
    pub depth: u32,
}

impl Prefix {
    /// Whether no token begins so.
    pub fn is_empty(&self) -> bool {
        self.lo >= self.hi
    }

    /// The places.
    pub fn range(&self) -> Range<u32> {
        self.lo..self.hi
    }
}

impl TokenTrie {
    /// Sorts a vocabulary. O(n log n) comparisons.
    ///
    /// # Errors
    /// [`Error::Vocabulary`] for an empty spelling, an id given twice, or more than 4 GiB of bytes.
    pub fn new(tokens: &[(TokenId, Vec<u8>)]) -> Result<Self> {
        let total: usize = tokens.iter().map(|(_, bytes)| bytes.len()).sum();
        if u32::try_from(total).is_err() {
            let why = "the tokens hold more than 4 GiB of bytes".into();
            return Err(Error::Vocabulary { why });
        }
        // The first eight bytes as a number: most comparisons end there.
        let key = |bytes: &[u8]| {
            let mut head = [0; 8];
            head.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
            u64::from_be_bytes(head)
        };
        let mut sorted: Vec<(u64, &[u8], TokenId)> =
            tokens.iter().map(|(id, bytes)| (key(bytes), bytes.as_slice(), *id)).collect();
        sorted.sort_unstable();
        let limit = tokens.iter().map(|(id, _)| *id as usize + 1).max().unwrap_or(0);
        let mut trie = Self {
            order: Vec::with_capacity(sorted.len()),
            places: vec![NONE; limit],
            bytes: Vec::with_capacity(total),
            starts: Vec::with_capacity(sorted.len() + 1),
            first: Vec::with_capacity(257),
            longest: 0,
        };
        for (place, (_, bytes, id)) in sorted.into_iter().enumerate() {
            let Some(&head) = bytes.first() else {
                return Err(Error::Vocabulary { why: format!("token {id} is empty") });
            };
            match trie.places.get_mut(id as usize) {
                Some(slot) if *slot == NONE => *slot = place as u32,
                _ => {
                    let why = format!("id {id} is given to two tokens");
                    return Err(Error::Vocabulary { why });
                }
            }
            while trie.first.len() <= usize::from(head) {
                trie.first.push(place as u32);
            }
            trie.order.push(id);
            trie.starts.push(trie.bytes.len() as u32);
            trie.bytes.extend_from_slice(bytes);
            trie.longest = trie.longest.max(bytes.len());
        }
        trie.first.resize(257, trie.order.len() as u32);
        trie.starts.push(trie.bytes.len() as u32);
        Ok(trie)
    }

    /// Number of tokens.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether there is no token.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// One more than the largest id.
    pub fn id_limit(&self) -> usize {
        self.places.len()
    }

    /// Length in bytes of the longest token.
    pub fn longest(&self) -> usize {
        self.longest
    }

    /// The ids in order of their bytes.
    pub fn order(&self) -> &[TokenId] {
        &self.order
    }

    /// The id at a place below [`TokenTrie::len`].
    pub fn id(&self, place: u32) -> TokenId {
        self.order.get(place as usize).copied().unwrap_or(NONE)
    }

    /// The place of an id, if it is in the trie.
    pub fn place(&self, id: TokenId) -> Option<u32> {
        self.places.get(id as usize).copied().filter(|&place| place != NONE)
    }

    /// The bytes of the token at a place; empty beyond the last.
    pub fn spelling(&self, place: u32) -> &[u8] {
        let at = place as usize;
        match (self.starts.get(at), self.starts.get(at + 1)) {
            (Some(&start), Some(&end)) => {
                self.bytes.get(start as usize..end as usize).unwrap_or_default()
            }
            _ => &[],
        }
    }

    /// Length in bytes of the token at a place.
    pub fn token_len(&self, place: u32) -> u32 {
        self.spelling(place).len() as u32
    }

    /// All tokens.
    pub fn root(&self) -> Prefix {
        Prefix { lo: 0, hi: self.order.len() as u32, depth: 0 }
    }

    /// Those of `prefix` that go on with `byte`; perhaps none.
    pub fn child(&self, prefix: Prefix, byte: u8) -> Prefix {
        let depth = prefix.depth as usize;
        if depth == 0 {
            let bound = |at: usize| self.first.get(at).copied().unwrap_or(prefix.hi);
            let (lo, hi) = (bound(usize::from(byte)), bound(usize::from(byte) + 1));
            return Prefix { lo: lo.max(prefix.lo), hi: hi.min(prefix.hi), depth: 1 };
        }
        // A token that ends here comes before all that go on.
        let below = |place: u32| self.spelling(place).get(depth).is_none_or(|&at| at < byte);
        let lo = partition(prefix.range(), below);
        let within = |place: u32| self.spelling(place).get(depth).is_none_or(|&at| at <= byte);
        let hi = partition(lo..prefix.hi, within);
        Prefix { lo, hi, depth: prefix.depth + 1 }
    }

    /// Those that begin with some bytes.
    pub fn find(&self, bytes: &[u8]) -> Prefix {
        bytes.iter().fold(self.root(), |prefix, &byte| self.child(prefix, byte))
    }

    /// The places of the tokens that are spelled exactly so.
    pub fn ending(&self, prefix: Prefix) -> Range<u32> {
        let longer = self.longer(prefix);
        prefix.lo..longer.start
    }

    /// The places of the tokens that go on beyond the prefix.
    pub fn longer(&self, prefix: Prefix) -> Range<u32> {
        let mut lo = prefix.lo;
        while lo < prefix.hi && self.token_len(lo) == prefix.depth {
            lo += 1;
        }
        lo..prefix.hi
    }

    /// The bytes that the tokens of a prefix go on with, ascending, each with its tokens.
    pub fn children(&self, prefix: Prefix) -> impl Iterator<Item = (u8, Range<u32>)> {
        let depth = prefix.depth as usize;
        let mut at = self.longer(prefix).start;
        std::iter::from_fn(move || {
            if at >= prefix.hi {
                return None;
            }
            let byte = *self.spelling(at).get(depth)?;
            let lo = at;
            at = if depth == 0 {
                self.first.get(usize::from(byte) + 1).map_or(prefix.hi, |&end| end.min(prefix.hi))
            } else {
                let same = |place: u32| self.spelling(place).get(depth) == Some(&byte);
                gallop(lo..prefix.hi, same)
            };
            Some((byte, lo..at))
        })
    }
}

/// The first place of a range for which `before` no longer holds.
fn partition(range: Range<u32>, before: impl Fn(u32) -> bool) -> u32 {
    let (mut lo, mut hi) = (range.start, range.end);
    while lo < hi {
        let middle = lo + (hi - lo) / 2;
        if before(middle) { lo = middle + 1 } else { hi = middle }
    }
    lo
}

/// As [`partition`], in time logarithmic in how far that is.
fn gallop(range: Range<u32>, before: impl Fn(u32) -> bool) -> u32 {
    let mut step = 1;
    let mut lo = range.start;
    while lo + step < range.end && before(lo + step) {
        lo += step;
        step *= 2;
    }
    partition(lo..range.end.min(lo.saturating_add(step)), before)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]
mod tests {
    use super::*;

    fn trie(words: &[&[u8]]) -> TokenTrie {
        let tokens: Vec<_> = words.iter().zip(0..).map(|(word, id)| (id, word.to_vec())).collect();
        TokenTrie::new(&tokens).unwrap()
    }

    #[test]
    fn a_prefix_is_the_range_of_the_tokens_that_begin_so() {
        let words: [&[u8]; 9] = [b"b", b"ab", b"a", b"abc", b"ab", b"\xff", b"abd", b"", b"bca"];
        let words: Vec<&[u8]> = words.into_iter().filter(|word| !word.is_empty()).collect();
        let trie = trie(&words);
        let all: [&[u8]; 8] = [b"", b"a", b"ab", b"abc", b"b", b"bc", b"c", b"\xff"];
        for bytes in all {
            let prefix = trie.find(bytes);
            let mut found: Vec<_> = prefix.range().map(|place| trie.id(place)).collect();
            found.sort_unstable();
            let begins = |id: &u32| words[*id as usize].starts_with(bytes);
            let expected: Vec<_> = (0..words.len() as u32).filter(begins).collect();
            assert_eq!(found, expected, "{bytes:?}");
            let exact = trie.ending(prefix).map(|place| trie.id(place)).collect::<Vec<_>>();
            let same = |id: &u32| words[*id as usize] == bytes;
            assert_eq!(exact, (0..words.len() as u32).filter(same).collect::<Vec<_>>());
            let children: Vec<_> = trie.children(prefix).collect();
            let mut at = trie.longer(prefix).start;
            for (byte, range) in children {
                assert_eq!(range.start, at);
                assert_eq!(range, trie.child(prefix, byte).range());
                at = range.end;
            }
            assert!(prefix.is_empty() || at == prefix.hi);
        }
        for id in 0..words.len() as u32 {
            assert_eq!(trie.spelling(trie.place(id).unwrap()), words[id as usize]);
        }
    }

    #[test]
    fn what_is_no_vocabulary_is_refused() {
        assert!(TokenTrie::new(&[(0, Vec::new())]).is_err());
        assert!(TokenTrie::new(&[(0, vec![1]), (0, vec![2])]).is_err());
        assert!(TokenTrie::new(&[]).unwrap().root().is_empty());
    }
}

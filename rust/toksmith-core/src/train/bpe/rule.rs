//! Which pairs may merge at all, by what is known of their two tokens.

use super::pairs::{Key, KeySet, key};
use crate::error::{Error, Result};

/// What is known of a token.
#[derive(Debug, Clone, Copy, Default)]
struct Known {
    /// How many initial symbols it is made of; 0 if no word holds it.
    span: u32,
    /// How many words it holds a piece of.
    words: u32,
    /// Whether it begins and ends inside a word.
    inner: (bool, bool),
}

/// Limits on tokens, and what they need to know.
#[derive(Debug)]
pub(super) struct Rule {
    known: Vec<Known>,
    /// Two tokens merge if they have fewer symbols together, or one each.
    below: usize,
    /// Most words in a token.
    words: Option<u32>,
    refused: KeySet,
}

impl Rule {
    pub(super) fn new(max_token_length: Option<usize>, max_words: Option<usize>) -> Self {
        Self {
            known: Vec::new(),
            below: max_token_length.unwrap_or(usize::MAX),
            words: max_words.map(|words| u32::try_from(words).unwrap_or(u32::MAX)),
            refused: KeySet::default(),
        }
    }

    /// A token before the first merge; `symbol`: words are made of it.
    ///
    /// What spaces are: of characters, the white ones and `▁`; of bytes, those of ASCII.
    pub(super) fn start(&mut self, token: &[u8], symbol: bool) {
        let text = std::str::from_utf8(token).unwrap_or_default();
        let white = |c: char| c == '▁' || c.is_whitespace();
        let first = !text.starts_with(white) && !token.is_empty();
        let last = !text.ends_with(white) && !token.is_empty();
        let words = text.split(white).filter(|word| !word.is_empty()).count().max(first.into());
        let words = u32::try_from(words).unwrap_or(u32::MAX);
        self.known.push(Known { span: u32::from(symbol), words, inner: (first, last) });
    }

    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    /// Number of symbols of a token.
    #[inline]
    pub(super) fn span(&self, token: u32) -> usize {
        self.known[token as usize].span as usize
    }

    #[inline]
    pub(super) fn allows(&self, left: u32, right: u32) -> bool {
        let (l, r) = (&self.known[left as usize], &self.known[right as usize]);
        let span = l.span as usize + r.span as usize;
        (span < self.below || span == 2)
            && self.words.is_none_or(|most| words(l, r) <= most)
            && (self.refused.is_empty() || !self.refused.contains(&key(left, right)))
    }

    pub(super) fn refuse(&mut self, pair: Key) {
        self.refused.insert(pair);
    }

    /// Takes note of a token that a pair becomes.
    ///
    /// Fails if it is there already and made of another number of symbols.
    pub(super) fn add(&mut self, left: u32, right: u32, token: u32) -> Result<()> {
        let (l, r) = (self.known[left as usize], self.known[right as usize]);
        let made =
            Known { span: l.span + r.span, words: words(&l, &r), inner: (l.inner.0, r.inner.1) };
        match self.known.get_mut(token as usize) {
            None => self.known.push(made),
            Some(known) if known.span == 0 => *known = made,
            Some(known) if known.span != made.span => {
                return Err(Error::Vocabulary {
                    why: format!(
                        "with these affixes, token {token} is spelled by {} symbols and by {}; \
                         affixes must not look like the beginning or the end of a word",
                        known.span, made.span
                    ),
                });
            }
            Some(_) => {}
        }
        Ok(())
    }
}

/// The number of words that two tokens together hold a piece of.
fn words(left: &Known, right: &Known) -> u32 {
    left.words.saturating_add(right.words).saturating_sub(u32::from(left.inner.1 && right.inner.0))
}

//! Whether a text has at most so many tokens, reading no further than needed.
//!
//! The text is taken in blocks; of each, as in [`crate::encode::stream`], that much is encoded
//! as no further text can change. Where nothing is certain, a block longer than the longest token
//! times what is left settles it; else, as where a pattern leaves gaps, the text is encoded as a
//! whole and given up at the next look at the watch after the limit.

use crate::encode::added::Allowed;
use crate::encode::sink::Sink;
use crate::error::{Error, Result};
use crate::token::TokenId;
use crate::tokenizer::{Text, Tokenizer};
use crate::watch::Watch;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

/// Bytes of the first block, beside what the limit asks for; few in tests, whose texts are short.
const BLOCK: usize = if cfg!(test) { 4 } else { 4096 };

/// Bytes that usually hold more than so many tokens.
pub fn enough(tokens: usize) -> usize {
    tokens.saturating_mul(if cfg!(test) { 1 } else { 8 }).saturating_add(BLOCK)
}

impl Tokenizer {
    /// Whether a text has at most so many tokens. O(n), and for a text that does not fit
    /// O(limit) where pre-tokens are short.
    pub fn fits(
        &self,
        text: Text<'_>,
        limit: usize,
        allowed: &Allowed,
        watch: &Watch<'_>,
    ) -> Result<bool> {
        let (counted, rest) = self.count_certain(text.as_bytes(), limit, allowed, watch)?;
        if counted > limit {
            return Ok(false);
        }
        // A str is cut at a pre-token boundary, which is a character boundary.
        let rest = match text {
            Text::Str(text) => text.get(rest..).map(Text::Str),
            Text::Bytes(bytes) => bytes.get(rest..).map(Text::Bytes),
        };
        self.count_at_most(rest.unwrap_or(Text::Str("")), limit - counted, allowed, watch)
    }

    /// Whether every text that begins so has more than so many tokens, as far as can be told.
    pub fn exceeds(
        &self,
        head: Text<'_>,
        limit: usize,
        allowed: &Allowed,
        watch: &Watch<'_>,
    ) -> Result<bool> {
        Ok(self.count_certain(head.as_bytes(), limit, allowed, watch)?.0 > limit)
    }

    /// Counts the beginning of a text that no more text could change, until more than `limit`
    /// tokens are there. Returns their number, and where the last of them ends.
    fn count_certain(
        &self,
        bytes: &[u8],
        limit: usize,
        allowed: &Allowed,
        watch: &Watch<'_>,
    ) -> Result<(usize, usize)> {
        let (mut counted, mut at, mut size, mut most) = (0, 0, enough(limit), None);
        while counted <= limit && size < bytes.len() - at {
            let block = bytes.get(at..at + size).unwrap_or(&[]);
            let certain = self.certain(block, allowed);
            if certain == 0 {
                // A pre-token longer than the block, or a pattern of which nothing is known.
                let most = *most.get_or_insert_with(|| self.most_bytes());
                if most.is_some_and(|most| (limit - counted).saturating_mul(most) < size) {
                    return Ok((limit.saturating_add(1), at));
                }
                size = size.saturating_mul(2);
                continue;
            }
            let block = block.get(..certain).unwrap_or(&[]);
            counted += self.count(Text::Bytes(block), allowed, watch)?;
            at += certain;
        }
        Ok((counted, at))
    }

    /// The most bytes of text that one token stands for, where every byte is part of a token.
    /// O(tokens of the vocabulary).
    fn most_bytes(&self) -> Option<usize> {
        let longest = || self.vocab.iter().map(|(_, token)| token.len()).max();
        self.keeps_every_byte().then(longest).flatten()
    }

    /// Whether a text has at most so many tokens, given up soon after they are passed.
    fn count_at_most(
        &self,
        text: Text<'_>,
        limit: usize,
        allowed: &Allowed,
        outer: &Watch<'_>,
    ) -> Result<bool> {
        let over = AtomicBool::new(false);
        let check = |_: u64| over.load(Ordering::Relaxed) || outer.poll().is_err();
        let watch = Watch::new(&check, true);
        let mut sink = AtMost { left: limit, over: &over };
        let plain = BTreeSet::new();
        let result = self.with_scratch(|scratch| {
            self.encode_to(text, allowed, &plain, scratch, &watch, &mut sink)
        });
        match result {
            _ if over.load(Ordering::Relaxed) => Ok(false),
            Err(Error::Cancelled) => Err(Error::Cancelled),
            other => other.map(|()| true),
        }
    }
}

/// Counts down.
struct AtMost<'a> {
    left: usize,
    over: &'a AtomicBool,
}

impl AtMost<'_> {
    #[inline]
    fn take(&mut self, count: usize) {
        match self.left.checked_sub(count) {
            Some(left) => self.left = left,
            None => self.over.store(true, Ordering::Relaxed),
        }
    }
}

impl Sink for AtMost<'_> {
    #[inline(always)]
    fn few<const N: usize>(&mut self, _: [TokenId; N], count: usize) {
        self.take(count);
    }

    fn many(&mut self, ids: &[TokenId]) {
        self.take(ids.len());
    }
}

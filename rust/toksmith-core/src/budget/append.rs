//! What a text costs while it is being written.
//!
//! As in [`crate::encode::stream`], the ids of the beginning that no more text can change are
//! counted once; what is left, usually the last word, is counted anew when it is asked for.

use crate::encode::added::Allowed;
use crate::encode::stream::StreamEncoder;
use crate::error::Result;
use crate::tokenizer::Tokenizer;
use crate::watch::Watch;

/// A text on its way in, and how many tokens it has by now.
#[derive(Debug, Clone, Default)]
pub struct TokenCounter {
    allowed: Allowed,
    stream: StreamEncoder,
    /// Tokens of what is certain.
    certain: usize,
    /// Tokens of all, if nothing came since they were counted.
    known: Option<usize>,
    /// Bytes so far.
    bytes: usize,
}

impl TokenCounter {
    /// A counter at the start of a text.
    pub fn new(allowed: Allowed) -> Self {
        Self { stream: StreamEncoder::new(allowed.clone()), allowed, ..Self::default() }
    }

    /// The text goes on. O(length of the block), over many blocks.
    pub fn append(&mut self, tokenizer: &Tokenizer, block: &[u8], watch: &Watch<'_>) -> Result<()> {
        self.known = None;
        self.bytes += block.len();
        self.certain += self.stream.push(tokenizer, block, watch)?.len();
        Ok(())
    }

    /// Number of tokens of all text so far: exactly that of the text as a whole. O(last word).
    pub fn count(&mut self, tokenizer: &Tokenizer, watch: &Watch<'_>) -> Result<usize> {
        if let Some(known) = self.known {
            return Ok(known);
        }
        let rest = self.stream.clone().finish(tokenizer, watch)?;
        let count = self.certain + rest.len();
        self.known = Some(count);
        Ok(count)
    }

    /// What [`TokenCounter::count`] would be after this block. O(last word and block).
    pub fn count_with(
        &self,
        tokenizer: &Tokenizer,
        block: &[u8],
        watch: &Watch<'_>,
    ) -> Result<usize> {
        let mut ahead = self.clone();
        ahead.append(tokenizer, block, watch)?;
        ahead.count(tokenizer, watch)
    }

    /// Bytes so far.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Starts anew.
    pub fn clear(&mut self) {
        *self = Self::new(std::mem::take(&mut self.allowed));
    }
}

//! Decoding as ids arrive: never half a character.

use crate::error::Result;
use crate::token::TokenId;
use crate::tokenizer::Tokenizer;

/// Bytes that may still become a character. The text given out so far, with
/// [`StreamDecoder::finish`], equals decoding all ids at once.
#[derive(Debug, Clone, Default)]
pub struct StreamDecoder {
    pending: Vec<u8>,
    skip_special: bool,
}

impl StreamDecoder {
    /// A decoder at the start of a text.
    pub fn new(skip_special: bool) -> Self {
        Self { pending: Vec::new(), skip_special }
    }

    /// The text that has become certain with these ids.
    ///
    /// # Errors
    /// An unknown id; the decoder is then as it was before the call.
    pub fn push(&mut self, tokenizer: &Tokenizer, ids: &[TokenId]) -> Result<String> {
        self.pending.extend(tokenizer.decode_bytes(ids, self.skip_special)?);
        let keep = incomplete_tail(&self.pending);
        let tail = self.pending.split_off(self.pending.len() - keep);
        let text = String::from_utf8_lossy(&self.pending).into_owned();
        self.pending = tail;
        Ok(text)
    }

    /// What is left: half a character becomes U+FFFD. The decoder is then as new.
    pub fn finish(&mut self) -> String {
        String::from_utf8_lossy(&std::mem::take(&mut self.pending)).into_owned()
    }

    /// Bytes held back.
    pub fn pending_bytes(&self) -> &[u8] {
        &self.pending
    }
}

/// Length of the tail that is the beginning of a character and nothing else (0 to 3).
pub fn incomplete_tail(bytes: &[u8]) -> usize {
    for len in 1..=bytes.len().min(3) {
        let tail = &bytes[bytes.len() - len..];
        if tail[0] >= 0xC0 {
            let incomplete =
                std::str::from_utf8(tail).is_err_and(|error| error.error_len().is_none());
            return if incomplete { len } else { 0 };
        }
        if tail[0] < 0x80 {
            return 0;
        }
    }
    0
}

//! `ByteLevel`: letters of the byte alphabet become bytes, all tokens one text.

use super::tokens::{Tokens, Whole};
use crate::decode::stream::incomplete_tail;
use crate::error::Result;
use crate::formats::hf_json::alphabet;

/// A token with a letter outside the alphabet stands for its own UTF-8. What is not UTF-8 in the
/// end becomes U+FFFD. A block gives all its text but half a character at its end.
#[derive(Debug, Clone, Default)]
pub(super) struct ByteLevel {
    whole: Whole,
    bytes: Vec<u8>,
}

impl ByteLevel {
    pub(super) fn run(&mut self, input: &Tokens, out: &mut Tokens, last: bool) -> Result<()> {
        let Self { whole, bytes } = self;
        whole.each(input, |token| {
            alphabet::decode(token, bytes);
            Ok(())
        })?;
        let tail = if last { 0 } else { incomplete_tail(bytes) };
        let ready = bytes.len() - tail;
        for chunk in bytes[..ready].utf8_chunks() {
            out.text.push_str(chunk.valid());
            if !chunk.invalid().is_empty() {
                out.text.push(char::REPLACEMENT_CHARACTER);
            }
        }
        bytes.drain(..ready);
        if last {
            out.end();
        }
        Ok(())
    }
}

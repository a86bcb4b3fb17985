//! `ByteFallback`: tokens `<0xNN>` are bytes; a run of them is text if it is UTF-8.

use super::tokens::{Tokens, Whole};
use crate::error::Result;

/// A run that is not UTF-8 as a whole becomes one U+FFFD a byte, each a token of its own.
/// Whether it is shows at its end, so a run is held back until then.
#[derive(Debug, Clone, Default)]
pub(super) struct ByteFallback {
    whole: Whole,
    run: Vec<u8>,
}

impl ByteFallback {
    pub(super) fn run(&mut self, input: &Tokens, out: &mut Tokens, last: bool) -> Result<()> {
        let Self { whole, run } = self;
        whole.each(input, |token| {
            if let Some(byte) = byte(token) {
                run.push(byte);
            } else {
                flush(run, out);
                out.push(token);
            }
            Ok(())
        })?;
        if last {
            flush(run, out);
        }
        Ok(())
    }
}

/// Gives the text of a run out, and empties it.
fn flush(run: &mut Vec<u8>, out: &mut Tokens) {
    match std::str::from_utf8(run) {
        Ok("") => {}
        Ok(text) => out.push(text),
        Err(_) => run.iter().for_each(|_| out.push("\u{FFFD}")),
    }
    run.clear();
}

/// The byte a token stands for. `+` passes for a digit in front, as it does for tokenizers.
fn byte(token: &str) -> Option<u8> {
    let digits = token.strip_prefix("<0x")?.strip_suffix('>')?;
    if digits.len() == 2 { u8::from_str_radix(digits, 16).ok() } else { None }
}

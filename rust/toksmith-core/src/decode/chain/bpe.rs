//! `BPEDecoder`: the sign of a word's end becomes a space, at the very end nothing.

use super::replace::replace_all;
use super::tokens::{Tokens, Whole};
use crate::error::Result;
use std::sync::Arc;

/// Whether a token is the last one is known when the next one comes or the text ends: one token
/// is held back. An empty suffix is found around every character.
#[derive(Debug, Clone)]
pub(super) struct Bpe {
    suffix: Arc<str>,
    whole: Whole,
    waiting: Option<String>,
}

impl Bpe {
    pub(super) fn new(suffix: &str) -> Self {
        Self { suffix: suffix.into(), whole: Whole::default(), waiting: None }
    }

    pub(super) fn run(&mut self, input: &Tokens, out: &mut Tokens, last: bool) -> Result<()> {
        let Self { suffix, whole, waiting } = self;
        whole.each(input, |token| {
            match waiting {
                Some(before) => {
                    replace_all(before, suffix, " ", &mut out.text);
                    out.end();
                    before.clear();
                    before.push_str(token);
                }
                None => *waiting = Some(token.to_owned()),
            }
            Ok(())
        })?;
        if last && let Some(token) = waiting.take() {
            replace_all(&token, suffix, "", &mut out.text);
            out.end();
        }
        Ok(())
    }
}

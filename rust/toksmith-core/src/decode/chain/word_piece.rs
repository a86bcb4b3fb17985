//! `WordPiece`: a token with the prefix continues a word, any other begins one after a space.

use super::cleanup::Cleanup;
use super::tokens::{Tokens, Whole};
use crate::error::Result;
use std::sync::Arc;

/// The first token stays as it is, prefix or not; each token is cleaned up for itself.
#[derive(Debug, Clone)]
pub(super) struct WordPiece {
    prefix: Arc<str>,
    cleanup: Option<Cleanup>,
    whole: Whole,
    started: bool,
    word: String,
}

impl WordPiece {
    pub(super) fn new(prefix: &str, cleanup: bool) -> Self {
        Self {
            prefix: prefix.into(),
            cleanup: cleanup.then(Cleanup::default),
            whole: Whole::default(),
            started: false,
            word: String::new(),
        }
    }

    pub(super) fn run(&mut self, input: &Tokens, out: &mut Tokens) -> Result<()> {
        let Self { prefix, cleanup, whole, started, word } = self;
        whole.each(input, |token| {
            word.clear();
            if !std::mem::replace(started, true) {
                word.push_str(token);
            } else if let Some(rest) = token.strip_prefix(&**prefix) {
                word.push_str(rest);
            } else {
                word.push(' ');
                word.push_str(token);
            }
            match cleanup {
                Some(cleanup) => out.push(cleanup.apply(word)),
                None => out.push(word),
            }
            Ok(())
        })
    }
}

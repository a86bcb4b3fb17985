//! `CTC`: of equal neighbours one stays, padding goes, the delimiter of words becomes a space.

use super::cleanup::Cleanup;
use super::replace::replace_all;
use super::tokens::{Tokens, Whole};
use crate::error::Result;
use std::sync::Arc;

/// Padding goes wherever it stands in a token, and tokens that are empty then go. The delimiter
/// is replaced only where cleanup is asked for.
#[derive(Debug, Clone)]
pub(super) struct Ctc {
    pad: Arc<str>,
    delimiter: Arc<str>,
    cleanup: Option<Cleanup>,
    whole: Whole,
    previous: Option<String>,
    word: String,
}

impl Ctc {
    pub(super) fn new(pad: &str, delimiter: &str, cleanup: bool) -> Self {
        Self {
            pad: pad.into(),
            delimiter: delimiter.into(),
            cleanup: cleanup.then(Cleanup::default),
            whole: Whole::default(),
            previous: None,
            word: String::new(),
        }
    }

    pub(super) fn run(&mut self, input: &Tokens, out: &mut Tokens) -> Result<()> {
        let Self { pad, delimiter, cleanup, whole, previous, word } = self;
        whole.each(input, |token| {
            match previous {
                Some(previous) if previous == token => return Ok(()),
                Some(previous) => {
                    previous.clear();
                    previous.push_str(token);
                }
                None => *previous = Some(token.to_owned()),
            }
            word.clear();
            replace_all(token, pad, "", word);
            let start = out.text.len();
            match cleanup {
                Some(cleanup) => {
                    replace_all(cleanup.apply(word), delimiter, " ", &mut out.text);
                }
                None => out.text.push_str(word),
            }
            if out.text.len() > start {
                out.end();
            }
            Ok(())
        })
    }
}

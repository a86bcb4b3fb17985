//! How a byte-level tokenizer cuts text: one hand-written scanner, or the stages a file lists.

use super::pretokenize::stages::{Stages, raw};
use super::pretokenize::{Scanner, cl100k, gpt2, o200k};
use crate::error::Result;
use crate::formats::pipeline::PreTokenizer as Stage;
use crate::formats::{Split, SplitBehaviour};

/// The cuts of a byte-level tokenizer, compiled.
#[derive(Debug)]
pub(crate) enum PreTokenizer {
    /// The text is one pre-token.
    Whole,
    /// A pattern with a hand-written scanner; its matches leave no gap.
    Known(Scanner),
    /// Any other cuts, one inside the other.
    Cuts(Stages),
    /// Stages that change text; the last leaves it in the byte alphabet.
    Letters(Stages),
}

impl PreTokenizer {
    /// `stages` are those of a file that lists them, `splits` the cuts of any other.
    pub(crate) fn new(stages: &[Stage], splits: &[Split]) -> Result<Self> {
        let cuts = if stages.is_empty() {
            Some(splits.iter().cloned().map(Stage::Split).collect())
        } else {
            raw::on_raw_text(stages)
        };
        let Some(cuts) = cuts else { return Ok(Self::Letters(Stages::new(stages)?)) };
        match cuts.as_slice() {
            [] => return Ok(Self::Whole),
            [Stage::Split(split)] => {
                let scanner = Scanner::from_pattern(&split.pattern, split.dialect)?;
                // A pattern that matches everything leaves nothing between to treat differently.
                let plain = split.behaviour == SplitBehaviour::Isolated
                    || (split.behaviour == SplitBehaviour::Removed && split.invert);
                if plain && !matches!(scanner, Scanner::General(_)) {
                    return Ok(Self::Known(scanner));
                }
            }
            _ => {}
        }
        Ok(Self::Cuts(Stages::new(&cuts)?))
    }
}

/// The end of the pre-token at `pos` by a hand-written scanner; the text's end for any other.
pub(crate) fn next_end(scanner: &Scanner, text: &[u8], pos: usize) -> usize {
    match scanner {
        Scanner::Gpt2 => gpt2::next_end(text, pos),
        Scanner::Cl100k => cl100k::cl100k(text, pos),
        Scanner::Llama3 => cl100k::llama3(text, pos),
        Scanner::Qwen2 => cl100k::qwen2(text, pos),
        Scanner::O200k => o200k::next_end(text, pos),
        Scanner::General(_) => text.len(),
    }
}

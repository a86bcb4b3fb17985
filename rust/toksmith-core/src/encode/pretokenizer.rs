//! How a tokenizer cuts text: one hand-written scanner, or the stages a file lists.

use super::pretokenize::general::GeneralCache;
use super::pretokenize::split::split_pieces;
use super::pretokenize::{Scanner, cl100k, gpt2, o200k};
use crate::error::Result;
use crate::formats::{Split, SplitBehaviour};
use crate::token::Span;

/// The cuts of a tokenizer, compiled.
#[derive(Debug)]
pub(crate) enum PreTokenizer {
    /// The text is one pre-token.
    Whole,
    /// A pattern with a hand-written scanner; its matches leave no gap.
    Known(Scanner),
    /// Any other cuts, one inside the other.
    Stages(Stages),
}

/// Cuts in order.
#[derive(Debug)]
pub(crate) struct Stages(Vec<Stage>);

#[derive(Debug)]
struct Stage {
    scanner: Scanner,
    behaviour: SplitBehaviour,
    invert: bool,
}

impl PreTokenizer {
    pub(crate) fn new(splits: &[Split]) -> Result<Self> {
        if splits.is_empty() {
            return Ok(Self::Whole);
        }
        let mut stages = Vec::with_capacity(splits.len());
        for split in splits {
            let scanner = Scanner::from_pattern(&split.pattern, split.dialect)?;
            let known = !matches!(scanner, Scanner::General(_));
            // A pattern that matches everything leaves nothing between to treat differently.
            let plain = split.behaviour == SplitBehaviour::Isolated
                || (split.behaviour == SplitBehaviour::Removed && split.invert);
            if known && plain && splits.len() == 1 {
                return Ok(Self::Known(scanner));
            }
            stages.push(Stage { scanner, behaviour: split.behaviour, invert: split.invert });
        }
        Ok(Self::Stages(Stages(stages)))
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

impl Stages {
    /// Gives the pieces of a text in order. `caches` has one entry a stage.
    pub(crate) fn pieces(
        &self,
        text: &str,
        caches: &mut Vec<GeneralCache>,
        mut each: impl FnMut(Span) -> Result<()>,
    ) -> Result<()> {
        while caches.len() < self.0.len() {
            caches.push(self.0[caches.len()].scanner.new_cache());
        }
        let mut pieces = vec![Span { start: 0, end: text.len() }];
        for (stage, cache) in self.0.iter().zip(caches) {
            let mut cut = Vec::with_capacity(pieces.len());
            for piece in pieces {
                let inside = &text[piece.start..piece.end];
                let matches = stage.scanner.matches(cache, inside)?;
                for span in split_pieces(inside.len(), &matches, stage.behaviour, stage.invert) {
                    cut.push(Span { start: piece.start + span.start, end: piece.start + span.end });
                }
            }
            pieces = cut;
        }
        pieces
            .into_iter()
            .try_for_each(|piece| if piece.start < piece.end { each(piece) } else { Ok(()) })
    }
}

//! `Split`: cuts at the matches of a pattern.

use super::digits::Digits;
use super::joiner::Joiner;
use crate::encode::pretokenize::{GeneralCache, Scanner, cl100k, gpt2, o200k};
use crate::error::Result;
use crate::formats::{Split, SplitBehaviour};
use crate::token::Span;

/// A compiled split.
#[derive(Debug)]
pub(super) struct Pattern {
    scanner: Scanner,
    /// In place of the scanner, if the pattern is one of groups of digits.
    digits: Option<Digits>,
    behaviour: SplitBehaviour,
    invert: bool,
}

impl Pattern {
    pub(super) fn new(split: &Split) -> Result<Self> {
        let scanner = Scanner::from_pattern(&split.pattern, split.dialect)?;
        let digits = Digits::from_pattern(&split.pattern);
        Ok(Self { scanner, digits, behaviour: split.behaviour, invert: split.invert })
    }

    /// What the thread that cuts must keep.
    pub(super) fn new_cache(&self) -> GeneralCache {
        self.scanner.new_cache()
    }

    /// Appends the pieces of `text`, which begins at byte `base`.
    pub(super) fn cut(
        &self,
        text: &str,
        base: usize,
        cache: &mut GeneralCache,
        pieces: &mut Vec<Span>,
    ) -> Result<()> {
        if let Some(digits) = self.digits {
            self.cut_digits(digits, text, base, pieces);
            return Ok(());
        }
        let mut joiner = Joiner::new(self.behaviour, base, pieces);
        match &self.scanner {
            Scanner::Gpt2 => self.follow(text, joiner, gpt2::next_end),
            Scanner::Cl100k => self.follow(text, joiner, cl100k::cl100k),
            Scanner::Llama3 => self.follow(text, joiner, cl100k::llama3),
            Scanner::Qwen2 => self.follow(text, joiner, cl100k::qwen2),
            Scanner::O200k => self.follow(text, joiner, o200k::next_end),
            Scanner::General(general) => {
                let mut end = 0;
                for span in general.matches(cache, text) {
                    let span = span?;
                    if end < span.start {
                        joiner.add(end, span.start, self.invert);
                    }
                    joiner.add(span.start, span.end, !self.invert);
                    end = span.end;
                }
                if end < text.len() {
                    joiner.add(end, text.len(), self.invert);
                }
                joiner.finish();
            }
        }
        Ok(())
    }

    fn cut_digits(&self, digits: Digits, text: &str, base: usize, pieces: &mut Vec<Span>) {
        if self.behaviour == SplitBehaviour::Isolated {
            // Nothing joins, and no part is empty.
            digits.parts(text.as_bytes(), |start, end, _| {
                pieces.push(Span { start: base + start, end: base + end });
            });
            return;
        }
        let mut joiner = Joiner::new(self.behaviour, base, pieces);
        digits.parts(text.as_bytes(), |start, end, is_match| {
            joiner.add(start, end, is_match != self.invert);
        });
        joiner.finish();
    }

    /// The matches of a hand-written scanner, which leave no gap.
    #[inline]
    fn follow(&self, text: &str, mut joiner: Joiner<'_>, next_end: impl Fn(&[u8], usize) -> usize) {
        let mut start = 0;
        while start < text.len() {
            let end = next_end(text.as_bytes(), start);
            joiner.add(start, end, !self.invert);
            start = end;
        }
    }
}

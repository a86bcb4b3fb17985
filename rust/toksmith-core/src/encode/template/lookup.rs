//! From tokens to texts, words and positions, and back, as tokenizers' `Encoding` answers.
//!
//! A position is what the spans count: bytes, or characters where they have been made that. Each answer is `None` where there is none. Linear at most.

use super::encoding::Encoding;
use crate::token::Span;
use std::ops::Range;

impl Encoding {
    /// Number of texts.
    pub fn n_sequences(&self) -> usize {
        self.sequences.iter().count().max(1)
    }

    /// The text of each token; special tokens are of none. Texts are taken to be numbered from 0.
    pub fn sequence_ids(&self) -> Vec<Option<usize>> {
        let mut ids = vec![None; self.len()];
        for number in 0..self.n_sequences() {
            if let Some(part) = ids.get_mut(self.range(number)) {
                part.fill(Some(number));
            }
        }
        ids
    }

    /// The tokens among which those of a text are: all, where it is not said.
    fn range(&self, sequence: usize) -> Range<usize> {
        let range = self.sequences.get(sequence).unwrap_or(0..self.len());
        range.start.min(self.len())..range.end.min(self.len())
    }

    /// The text a token is of.
    pub fn token_to_sequence(&self, token: usize) -> Option<usize> {
        if token > self.len() {
            None
        } else if self.sequences.is_empty() {
            Some(0)
        } else {
            self.sequences
                .iter()
                .find(|(_, range)| range.contains(&token))
                .map(|(number, _)| number)
        }
    }

    /// The tokens of a word, from the first to the last.
    pub fn word_to_tokens(&self, word: u32, sequence: usize) -> Option<Range<usize>> {
        let range = self.range(sequence);
        let words = self.words.get(range.clone())?;
        let near = words.iter().take_while(|at| at.is_none_or(|at| at <= word));
        let mut of_word = near.enumerate().filter(|(_, at)| **at == Some(word)).map(|(at, _)| at);
        let first = of_word.next()?;
        let last = of_word.last().unwrap_or(first);
        Some(range.start + first..range.start + last + 1)
    }

    /// The stretch of the text that a word's tokens cover.
    pub fn word_to_span(&self, word: u32, sequence: usize) -> Option<Span> {
        let tokens = self.word_to_tokens(word, sequence)?;
        let (first, last) = (self.spans.get(tokens.start)?, self.spans.get(tokens.end - 1)?);
        Some(Span { start: first.start, end: last.end })
    }

    /// The text a token is of, and where it is there.
    pub fn token_to_span(&self, token: usize) -> Option<(usize, Span)> {
        Some((self.token_to_sequence(token)?, *self.spans.get(token)?))
    }

    /// The text a token is of, and its word there.
    pub fn token_to_word(&self, token: usize) -> Option<(usize, u32)> {
        Some((self.token_to_sequence(token)?, (*self.words.get(token)?)?))
    }

    /// The first token that covers a position of a text.
    pub fn position_to_token(&self, position: usize, sequence: usize) -> Option<usize> {
        let range = self.range(sequence);
        let covers = |span: &Span| span.start <= position && position < span.end;
        let found = self.spans.get(range.clone())?.iter().position(covers)?;
        Some(range.start + found)
    }

    /// The word at a position of a text.
    pub fn position_to_word(&self, position: usize, sequence: usize) -> Option<u32> {
        let token = self.position_to_token(position, sequence)?;
        self.token_to_word(token).map(|(_, word)| word)
    }
}

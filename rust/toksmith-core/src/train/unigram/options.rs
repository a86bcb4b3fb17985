//! What the trainer is asked for, and what of it cannot be.

use crate::error::{Error, Result};

/// Most characters of a piece that can be asked for.
pub const LONGEST: usize = 128;

/// Where a piece may have U+2581, which stands for a space.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SpaceRule {
    /// As its first character alone.
    #[default]
    Prefix,
    /// As its last character alone.
    Suffix,
    /// Anywhere: pieces of several words.
    Anywhere,
}

/// How to train; the defaults are those of SentencePiece.
#[derive(Debug, Clone, PartialEq)]
#[allow(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
pub struct Options {
    /// Pieces of the result, special ones and bytes included.
    pub vocab_size: usize,
    /// Whether fewer pieces than `vocab_size` are an error.
    pub exact_size: bool,
    /// Part of all characters seen that become pieces, the most frequent first; above 0, at most 1.
    pub character_coverage: f64,
    /// Characters that become pieces, seen or not.
    pub required_chars: Vec<char>,
    /// Whether there is a piece for each byte, `<0x00>` to `<0xFF>`.
    pub byte_fallback: bool,
    /// The first pieces, in order.
    pub special_tokens: Vec<String>,
    /// The piece for what no other piece covers. It becomes the first piece unless it is one of
    /// `special_tokens`.
    pub unk_token: Option<String>,
    /// Most characters of a piece.
    pub max_piece_length: usize,
    /// Pieces to begin with, at most.
    pub seed_size: usize,
    /// Part of the pieces that a round of pruning keeps; above 0 and below 1.
    pub shrinking_factor: f64,
    /// Steps of expectation and maximisation in a round.
    pub sub_iterations: usize,
    /// No piece has characters of two scripts; han, hiragana and katakana count as one.
    pub split_by_script: bool,
    /// Of digits, the script is that of punctuation; else they fit to any. Without
    /// `split_by_script` nothing depends on it.
    pub split_by_number: bool,
    /// Every digit is a piece by itself.
    pub split_digits: bool,
    /// Where U+2581 may be in a piece.
    pub space: SpaceRule,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            vocab_size: 8000,
            exact_size: true,
            character_coverage: 0.9995,
            required_chars: Vec::new(),
            byte_fallback: false,
            special_tokens: Vec::new(),
            unk_token: Some("<unk>".into()),
            max_piece_length: 16,
            seed_size: 1_000_000,
            shrinking_factor: 0.75,
            sub_iterations: 2,
            split_by_script: true,
            split_by_number: true,
            split_digits: false,
            space: SpaceRule::default(),
        }
    }
}

impl Options {
    /// Checks what can be checked without words.
    pub(super) fn check(&self) -> Result<()> {
        let wrong = |why: String| Err(Error::Input { why });
        if !(self.character_coverage > 0.0 && self.character_coverage <= 1.0) {
            let found = self.character_coverage;
            return wrong(format!("character_coverage is {found}; expected above 0, at most 1"));
        }
        if !(self.shrinking_factor > 0.0 && self.shrinking_factor < 1.0) {
            let found = self.shrinking_factor;
            return wrong(format!("shrinking_factor is {found}; expected above 0 and below 1"));
        }
        if !(1..=LONGEST).contains(&self.max_piece_length) {
            let found = self.max_piece_length;
            return wrong(format!("max_piece_length is {found}; expected 1 to {LONGEST}"));
        }
        if !(1..=100).contains(&self.sub_iterations) {
            return wrong(format!("sub_iterations is {}; expected 1 to 100", self.sub_iterations));
        }
        if self.split_digits && !self.split_by_number {
            return wrong(
                "split_digits makes every digit a piece, and split_by_number=False lets digits \
                 be in pieces with letters: choose one"
                    .into(),
            );
        }
        if self.seed_size > u32::MAX as usize / 2 {
            let found = self.seed_size;
            return wrong(format!("seed_size is {found}; expected at most {}", u32::MAX / 2));
        }
        Ok(())
    }
}

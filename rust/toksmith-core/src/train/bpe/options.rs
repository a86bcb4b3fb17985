//! What may be asked of training by merges.

use crate::error::{Error, Result};

/// What words are made of before the first merge.
#[derive(Debug, Clone, PartialEq)]
pub enum Unit {
    /// The 256 bytes, all of them in the vocabulary: first the 188 that are printable in Latin-1,
    /// then the others, each in their order, which is that of byte-level files.
    Bytes,
    /// The characters that the words hold.
    Chars(Chars),
}

/// Options for words of characters.
#[derive(Debug, Clone, PartialEq)]
pub struct Chars {
    /// In the vocabulary whether seen or not, and the last to be left out.
    pub initial_alphabet: Vec<char>,
    /// Most characters, affixed forms not counted: the ones seen most often stay, of those seen
    /// equally often the ones with lower code points. The others are left out of words, whose
    /// remaining characters then are neighbours; with `byte_fallback` they part the word.
    pub limit_alphabet: Option<usize>,
    /// Fraction of all characters of the text that must be in the alphabet: the rarest are left
    /// out as far as that allows. They part the word. 1 keeps all.
    pub character_coverage: f64,
    /// Whether to have the 256 tokens `<0x00>` to `<0xFF>`, before the characters.
    pub byte_fallback: bool,
    /// What is written before each piece that does not begin a word.
    pub continuing_subword_prefix: String,
    /// What is written behind each piece that ends a word.
    pub end_of_word_suffix: String,
}

impl Default for Chars {
    fn default() -> Self {
        Self {
            initial_alphabet: Vec::new(),
            limit_alphabet: None,
            character_coverage: 1.0,
            byte_fallback: false,
            continuing_subword_prefix: String::new(),
            end_of_word_suffix: String::new(),
        }
    }
}

/// Options of [`super::train`].
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Tokens in all: fewer come out where no pair is left to merge.
    pub vocab_size: usize,
    /// Pairs seen less often are not merged.
    pub min_frequency: u64,
    /// Tokens have fewer symbols than this, as in tokenizers, except that any two symbols may
    /// merge.
    pub max_token_length: Option<usize>,
    /// The first tokens.
    pub special_tokens: Vec<String>,
    /// What words are made of.
    pub unit: Unit,
}

impl Options {
    /// Byte-level, without further wishes.
    pub fn new(vocab_size: usize) -> Self {
        Self {
            vocab_size,
            min_frequency: 0,
            max_token_length: None,
            special_tokens: Vec::new(),
            unit: Unit::Bytes,
        }
    }

    /// Fails if an option makes no sense by itself.
    pub(super) fn check(&self) -> Result<()> {
        let wrong = |why: String| Err(Error::Input { why });
        if let Unit::Chars(chars) = &self.unit
            && !(0.0..=1.0).contains(&chars.character_coverage)
        {
            let found = chars.character_coverage;
            return wrong(format!("character_coverage must be from 0 to 1, not {found}"));
        }
        if self.max_token_length == Some(0) {
            return wrong("max_token_length must be at least 1".into());
        }
        if let Some(at) = self.special_tokens.iter().position(String::is_empty) {
            return wrong(format!("special token {at} is empty"));
        }
        Ok(())
    }
}

//! Where pre-tokenizers that look at one character at a time cut a text into words.

use crate::encode::normalize::is_chinese;
use crate::encode::pretokenize::stages::{is_punctuation, is_word};
use crate::error::{Error, Result};
use crate::formats::SplitBehaviour;
use crate::formats::pipeline::{Normalizer, Pipeline, PreTokenizer};

/// What a character does to the word it stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Class {
    /// It is in no word.
    Gone,
    /// It is a word by itself.
    Alone,
    /// It goes on with a word whose characters have the same number.
    Run(u8),
}

/// The cuts of a pipeline.
#[derive(Debug)]
pub(super) struct Words {
    stages: Vec<Stage>,
}

#[derive(Debug)]
enum Stage {
    Bert,
    Chinese,
    Whitespace,
    WhitespaceSplit,
    Delimiter(char),
    Punctuation(SplitBehaviour),
}

/// Most stages whose numbers fit in a byte.
const MOST_STAGES: usize = 8;

impl Words {
    /// The cuts of the pre-tokenizers, and those of a `BertNormalizer` that puts spaces around
    /// Chinese characters: a text that has gone through it never has one inside a word.
    ///
    /// # Errors
    /// [`Error::Unsupported`] naming a stage that cuts in another way, or if spaces do not part words.
    pub(super) fn new(pipeline: &Pipeline) -> Result<Self> {
        let mut stages = Vec::new();
        let mut normalizers: Vec<&Normalizer> = pipeline.normalizer.iter().collect();
        while let Some(normalizer) = normalizers.pop() {
            match normalizer {
                Normalizer::Sequence(inner) => normalizers.extend(inner),
                Normalizer::Bert { handle_chinese_chars: true, .. } => stages.push(Stage::Chinese),
                _ => {}
            }
        }
        for stage in &pipeline.pre_tokenizers {
            stages.push(match stage {
                PreTokenizer::Bert => Stage::Bert,
                PreTokenizer::Whitespace => Stage::Whitespace,
                PreTokenizer::WhitespaceSplit => Stage::WhitespaceSplit,
                PreTokenizer::CharDelimiterSplit(delimiter) => Stage::Delimiter(*delimiter),
                PreTokenizer::Punctuation(
                    behaviour @ (SplitBehaviour::Isolated
                    | SplitBehaviour::Contiguous
                    | SplitBehaviour::Removed),
                ) => Stage::Punctuation(*behaviour),
                other => {
                    let kind = other.kind();
                    return Err(Error::unsupported(format!(
                        "canonical tokens of a model of words behind the pre-tokenizer {kind}"
                    )));
                }
            });
        }
        let words = Self { stages };
        if words.stages.len() > MOST_STAGES || words.class(' ') != Class::Gone {
            return Err(Error::unsupported(
                "canonical tokens of a model of words that are not parted by spaces",
            ));
        }
        Ok(words)
    }

    /// What a character is.
    pub(super) fn class(&self, c: char) -> Class {
        let (mut alone, mut number) = (false, 0);
        for (bit, stage) in self.stages.iter().enumerate() {
            match stage.class(c) {
                Class::Gone => return Class::Gone,
                Class::Alone => alone = true,
                Class::Run(run) => number |= run << bit,
            }
        }
        if alone { Class::Alone } else { Class::Run(number) }
    }

    /// What the characters of a text are that stands inside one word; [`Class::Gone`] if none
    /// ever does.
    pub(super) fn class_of(&self, text: &str) -> Class {
        let mut chars = text.chars();
        let Some(first) = chars.next().map(|c| self.class(c)) else { return Class::Gone };
        let same = chars.all(|c| first != Class::Alone && self.class(c) == first);
        if same { first } else { Class::Gone }
    }
}

impl Stage {
    fn class(&self, c: char) -> Class {
        let gone = |gone| if gone { Class::Gone } else { Class::Run(0) };
        let alone = |alone| if alone { Class::Alone } else { Class::Run(0) };
        match self {
            Self::Bert if is_punctuation(c) => Class::Alone,
            Self::Chinese => alone(is_chinese(c)),
            Self::Whitespace if is_word(c) => Class::Run(1),
            Self::Bert | Self::Whitespace | Self::WhitespaceSplit => gone(c.is_whitespace()),
            Self::Delimiter(delimiter) => gone(c == *delimiter),
            Self::Punctuation(SplitBehaviour::Removed) => gone(is_punctuation(c)),
            Self::Punctuation(SplitBehaviour::Contiguous) => Class::Run(is_punctuation(c).into()),
            Self::Punctuation(_) => alone(is_punctuation(c)),
        }
    }
}

//! From the tokens of one text or two to a model's input: truncation, template, padding.
//!
//! In this order, each step by itself: [`truncate()`] with [`Template::added_tokens`], then
//! [`Template::apply`], then, for a whole batch, [`pad()`]. Everything is equal to tokenizers
//! 0.23.3, overflowing parts and their order included. Spans may count bytes or characters: who
//! wants characters makes them that (`char_spans`) before the first step, text by text.
//!
//! Worst case: linear in the tokens given out. Those can be many, for the overflowing parts of a
//! pair are all combinations of the parts of its texts; where they are too many, that is an error.

mod encoding;
mod lookup;
mod merge;
mod names;
mod pad;
mod pieces;
mod sequences;
mod trim;
mod truncate;
mod wrap;

pub use encoding::Encoding;
pub use names::Names;
pub use pad::pad;
pub use sequences::Sequences;
pub use trim::Edges;
pub use truncate::{check as check_truncation, truncate};

use crate::error::Result;
use crate::formats::pipeline::PostProcessor;
use crate::token::TokenId;

/// What has to be known of texts and vocabulary to trim spans.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    /// What spans count.
    pub unit: Unit<'a>,
    /// The white space of a token.
    pub edges: &'a dyn Fn(TokenId) -> Edges,
}

/// What spans count.
#[derive(Clone, Copy)]
pub enum Unit<'a> {
    /// Bytes: of the text of a sequence (0 or 1), which is given; where that was given in words,
    /// of one of them, by [`Encoding::words`].
    Bytes(&'a dyn Fn(usize, Option<u32>) -> &'a [u8]),
    /// Characters.
    Characters,
}

/// A post-processor, compiled.
#[derive(Debug, Clone, Default)]
pub struct Template {
    /// `None`: the file has no post-processor.
    steps: Option<Vec<Step>>,
}

#[derive(Debug, Clone)]
enum Step {
    Wrap(wrap::Wrap),
    Pieces(pieces::Pieces),
    Trim {
        add_prefix_space: bool,
    },
    /// `ByteLevel` takes every part for a text of its own, whatever stood before.
    Number,
}

/// A stretch of the input on its way: a text, special tokens, or both.
#[derive(Debug, Clone)]
struct Part {
    encoding: Encoding,
    /// The text its spans count in.
    source: usize,
}

impl Template {
    /// Compiles a file's post-processor; without one, texts follow each other as they are.
    ///
    /// # Errors
    /// [`crate::Error::Model`] where a template names a special token that is not there.
    pub fn new(post_processor: Option<&PostProcessor>) -> Result<Self> {
        let Some(post_processor) = post_processor else { return Ok(Self::default()) };
        let mut steps = Vec::new();
        add(post_processor, &mut steps)?;
        Ok(Self { steps: Some(steps) })
    }

    /// Number of special tokens that are added to one text or two.
    pub fn added_tokens(&self, pair: bool) -> usize {
        let added = |step: &Step| match step {
            Step::Wrap(wrap) => wrap.added(pair),
            Step::Pieces(pieces) => pieces.added(pair),
            Step::Trim { .. } | Step::Number => 0,
        };
        self.steps.iter().flatten().map(added).sum()
    }

    /// Whether spans are trimmed, so that [`Source`] is asked.
    pub fn trims(&self) -> bool {
        self.steps.iter().flatten().any(|step| matches!(step, Step::Trim { .. }))
    }

    /// Makes the model's input. Without `add_special` no tokens are added, but texts are put in
    /// order, given their types, and spans trimmed.
    ///
    /// # Errors
    /// Where a template does not fit: it asks for a second text in the template for one, or
    /// stands behind another one that leaves more than two parts.
    pub fn apply(
        &self,
        first: Encoding,
        second: Option<Encoding>,
        add_special: bool,
        source: &Source<'_>,
    ) -> Result<Encoding> {
        let Some(steps) = &self.steps else {
            return joined(first, second);
        };
        let texts = std::iter::once(first).chain(second).enumerate();
        let mut parts: Vec<_> = texts
            .map(|(number, mut encoding)| {
                encoding.set_sequence(number);
                encoding.type_ids.fill(number as u32);
                // Overflowing parts keep their types.
                encoding.overflowing.iter_mut().for_each(|part| part.set_sequence(number));
                Part { encoding, source: number }
            })
            .collect();
        for step in steps {
            match step {
                Step::Wrap(wrap) => {
                    for (place, part) in parts.iter_mut().enumerate() {
                        if add_special {
                            part.encoding = wrap.apply(&part.encoding, place);
                        } else {
                            wrap.leave(&mut part.encoding);
                        }
                    }
                }
                Step::Number => {
                    for (place, part) in parts.iter_mut().enumerate() {
                        part.encoding.set_sequence(place);
                    }
                }
                Step::Pieces(pieces) => parts = pieces.apply(&parts, add_special)?,
                Step::Trim { add_prefix_space } => {
                    for part in &mut parts {
                        trim::trim(&mut part.encoding, *add_prefix_space, part.source, source);
                    }
                }
            }
        }
        Encoding::merge(parts.into_iter().map(|part| part.encoding), false)
    }
}

/// What becomes of texts without a post-processor.
fn joined(mut first: Encoding, second: Option<Encoding>) -> Result<Encoding> {
    let Some(mut second) = second else { return Ok(first) };
    first.set_sequence(0);
    second.set_sequence(1);
    Encoding::merge([first, second], false)
}

/// Appends the steps of a post-processor.
fn add(post_processor: &PostProcessor, steps: &mut Vec<Step>) -> Result<()> {
    match post_processor {
        PostProcessor::Bert { sep, cls } => {
            steps.push(Step::Wrap(wrap::Wrap::new(sep, cls, false)));
        }
        PostProcessor::Roberta { sep, cls, trim_offsets, add_prefix_space } => {
            if *trim_offsets {
                steps.push(Step::Trim { add_prefix_space: *add_prefix_space });
            }
            steps.push(Step::Wrap(wrap::Wrap::new(sep, cls, true)));
        }
        PostProcessor::ByteLevel { trim_offsets, add_prefix_space, .. } => {
            if *trim_offsets {
                steps.push(Step::Trim { add_prefix_space: *add_prefix_space });
            }
            steps.push(Step::Number);
        }
        PostProcessor::Template { single, pair, special_tokens } => {
            steps.push(Step::Pieces(pieces::Pieces::new(single, pair, special_tokens)?));
        }
        PostProcessor::Sequence(all) => {
            return all.iter().try_for_each(|one| add(one, steps));
        }
    }
    Ok(())
}

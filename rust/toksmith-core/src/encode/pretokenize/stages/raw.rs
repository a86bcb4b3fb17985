//! Stages for models that read bytes instead of letters of the byte alphabet.

use crate::encode::pretokenize::{Dialect, patterns};
use crate::formats::pipeline::PreTokenizer;
use crate::formats::{Split, SplitBehaviour};

/// Stages that only cut, and cut raw text where `stages` cut it, if there are any: those of a
/// byte-level pipeline whose last stage is `ByteLevel` without a prefix, and no other rewrites.
/// The pieces are those of `stages` with bytes in place of letters.
pub fn on_raw_text(stages: &[PreTokenizer]) -> Option<Vec<PreTokenizer>> {
    let (last, before) = stages.split_last()?;
    let PreTokenizer::ByteLevel { add_prefix_space: false, use_regex, .. } = *last else {
        return None;
    };
    let rewrites = |stage: &PreTokenizer| {
        matches!(stage, PreTokenizer::ByteLevel { .. } | PreTokenizer::Metaspace { .. })
    };
    if before.iter().any(rewrites) {
        return None;
    }
    let mut raw = before.to_vec();
    if use_regex {
        raw.push(PreTokenizer::Split(Split {
            pattern: patterns::GPT2[1].to_owned(),
            dialect: Dialect::Oniguruma,
            behaviour: SplitBehaviour::Isolated,
            invert: false,
        }));
    }
    Some(raw)
}

//! Normalizer, pre-tokenizer, post-processor and decoder.
//!
//! Only the pre-tokenizer acts on `encode`. Post-processor and decoder are checked to be of a
//! kind that byte-level files have, and kept as they are for `save`.

use super::dialect;
use super::json::{Node, Text};
use crate::encode::pretokenize::{Dialect, patterns};
use crate::error::Result;
use crate::formats::{Split, SplitBehaviour};

/// Sequences in sequences deeper than this are refused.
const MAX_DEPTH: usize = 16;

/// A normalizer that does nothing is accepted.
pub(super) fn refuse_normalizer(node: &Node<'_>) -> Result<()> {
    let mut object = node.object()?;
    let kind = object.kind()?;
    if kind == "Sequence" {
        match object.require("normalizers")?.items()?.into_iter().next() {
            None => return Ok(()),
            Some(first) => {
                let kind = first.object()?.kind()?.into_owned();
                return Err(first.unsupported(&kind));
            }
        }
    }
    Err(node.unsupported(&kind))
}

/// The cuts of a pre-tokenizer that ends in the byte alphabet.
pub(super) fn read_pre_tokenizer(node: &Node<'_>) -> Result<Vec<Split>> {
    let mut stages = Stages { splits: Vec::new(), byte_level: false };
    stages.read(node, 0)?;
    if !stages.byte_level {
        return Err(node.unsupported("without ByteLevel"));
    }
    Ok(stages.splits)
}

/// The stages read so far.
struct Stages {
    splits: Vec<Split>,
    /// Whether the text is in the byte alphabet by now.
    byte_level: bool,
}

impl Stages {
    fn read(&mut self, node: &Node<'_>, depth: usize) -> Result<()> {
        let mut object = node.object()?;
        let kind = object.kind()?;
        match kind.as_ref() {
            "Sequence" if depth < MAX_DEPTH => {
                for stage in object.require("pretokenizers")?.items()? {
                    self.read(&stage, depth + 1)?;
                }
            }
            _ if self.byte_level => {
                return Err(node.unsupported(&format!("{kind} after ByteLevel")));
            }
            "ByteLevel" => {
                let prefix = object.require("add_prefix_space")?;
                if prefix.get::<bool>()? {
                    return Err(prefix.unsupported("true"));
                }
                let _: bool = object.require("trim_offsets")?.get()?;
                if object.flag("use_regex", true)? {
                    // Its matches leave nothing between.
                    self.splits.push(Split::tiktoken(patterns::GPT2[1]));
                }
                self.byte_level = true;
            }
            "Split" => {
                let (pattern, dialect) = read_pattern(&object.require("pattern")?)?;
                let behaviour = object.require("behavior")?;
                let Some(behaviour) = read_behaviour(&behaviour.parse(Text)?) else {
                    return Err(behaviour.error("no such behavior"));
                };
                let invert = object.require("invert")?.get()?;
                self.splits.push(Split { pattern, dialect, behaviour, invert });
            }
            other => return Err(node.unsupported(other)),
        }
        object.finish()
    }
}

/// `{"Regex": …}` or `{"String": …}`, as a regular expression.
fn read_pattern(node: &Node<'_>) -> Result<(String, Dialect)> {
    let mut object = node.object()?;
    let (regex, string) = (object.take("Regex"), object.take("String"));
    let (pattern, dialect) = match (regex, string) {
        (Some(node), None) => dialect::read(&node.parse(Text)?)?,
        (None, Some(node)) => (regex_syntax::escape(&node.parse(Text)?), Dialect::FancyRegex),
        _ => return Err(object.node.error("expected one of `Regex` and `String`")),
    };
    if pattern.is_empty() {
        return Err(object.node.unsupported("an empty pattern"));
    }
    object.finish()?;
    Ok((pattern, dialect))
}

/// The names of [`SplitBehaviour`] in a tokenizer.json.
pub(super) const BEHAVIOURS: [(&str, SplitBehaviour); 5] = [
    ("Isolated", SplitBehaviour::Isolated),
    ("Removed", SplitBehaviour::Removed),
    ("MergedWithPrevious", SplitBehaviour::MergedWithPrevious),
    ("MergedWithNext", SplitBehaviour::MergedWithNext),
    ("Contiguous", SplitBehaviour::Contiguous),
];

fn read_behaviour(name: &str) -> Option<SplitBehaviour> {
    BEHAVIOURS.iter().find(|(known, _)| *known == name).map(|&(_, behaviour)| behaviour)
}

/// Accepts the post-processors of byte-level files.
pub(super) fn check_post_processor(node: &Node<'_>, depth: usize) -> Result<()> {
    let mut object = node.object()?;
    let kind = object.kind()?;
    match kind.as_ref() {
        "ByteLevel" => {
            let _: bool = object.require("add_prefix_space")?.get()?;
            let _: bool = object.require("trim_offsets")?.get()?;
            object.flag("use_regex", true)?;
        }
        "TemplateProcessing" => {
            for template in ["single", "pair"] {
                for piece in object.require(template)?.items()? {
                    let mut piece = piece.object()?;
                    let inner = piece.take("Sequence").or_else(|| piece.take("SpecialToken"));
                    let Some(inner) = inner else {
                        return Err(piece.node.error("expected `Sequence` or `SpecialToken`"));
                    };
                    let mut inner = inner.object()?;
                    inner.require("id")?.parse(Text)?;
                    let _: u32 = inner.require("type_id")?.get()?;
                    inner.finish()?;
                    piece.finish()?;
                }
            }
            let _: serde_json::Map<String, serde_json::Value> =
                object.require("special_tokens")?.get()?;
        }
        "Sequence" if depth < MAX_DEPTH => {
            for stage in object.require("processors")?.items()? {
                check_post_processor(&stage, depth + 1)?;
            }
        }
        other => return Err(node.unsupported(other)),
    }
    object.finish()
}

/// Accepts no decoder, or `ByteLevel`.
pub(super) fn check_decoder(node: &Node<'_>) -> Result<()> {
    if node.is_null() {
        return Ok(());
    }
    let mut object = node.object()?;
    let kind = object.kind()?;
    match kind.as_ref() {
        "ByteLevel" => {
            for field in ["add_prefix_space", "trim_offsets", "use_regex"] {
                object.flag(field, true)?;
            }
        }
        "Sequence" => {
            let stages = object.require("decoders")?.items()?;
            let [only] = stages.as_slice() else {
                return Err(node.unsupported("Sequence of other than one decoder"));
            };
            let mut inner = only.object()?;
            let kind = inner.kind()?;
            if kind != "ByteLevel" {
                return Err(only.unsupported(&kind));
            }
        }
        other => return Err(node.unsupported(other)),
    }
    object.finish()
}

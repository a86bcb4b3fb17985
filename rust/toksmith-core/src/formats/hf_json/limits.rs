//! `truncation` and `padding`.

use super::json::Node;
use crate::error::Result;
use crate::formats::pipeline::{Padding, PaddingLength, Side, Truncation, TruncationStrategy};

/// The names of [`Side`].
pub(super) const SIDES: [(&str, Side); 2] = [("Left", Side::Left), ("Right", Side::Right)];

/// The names of [`TruncationStrategy`].
pub(super) const STRATEGIES: [(&str, TruncationStrategy); 3] = [
    ("LongestFirst", TruncationStrategy::LongestFirst),
    ("OnlyFirst", TruncationStrategy::OnlyFirst),
    ("OnlySecond", TruncationStrategy::OnlySecond),
];

/// Reads `truncation`.
pub(super) fn truncation(node: &Node<'_>) -> Result<Truncation> {
    let object = node.object()?;
    object.once(&["direction", "max_length", "strategy", "stride"])?;
    Ok(Truncation {
        side: match object.get("direction") {
            Some(node) => node.choice(&SIDES)?,
            None => Side::Right,
        },
        max_length: object.value("max_length")?,
        strategy: object.require("strategy")?.choice(&STRATEGIES)?,
        stride: object.value("stride")?,
    })
}

/// Reads `padding`.
pub(super) fn padding(node: &Node<'_>) -> Result<Padding> {
    let object = node.object()?;
    let names =
        ["strategy", "direction", "pad_to_multiple_of", "pad_id", "pad_type_id", "pad_token"];
    object.once(&names)?;
    Ok(Padding {
        length: length(&object.require("strategy")?)?,
        side: object.require("direction")?.choice(&SIDES)?,
        to_multiple_of: object.optional("pad_to_multiple_of")?,
        pad_id: object.value("pad_id")?,
        pad_type_id: object.value("pad_type_id")?,
        pad_token: object.string("pad_token")?,
    })
}

/// `"BatchLongest"` or `{"Fixed": 7}`.
fn length(node: &Node<'_>) -> Result<PaddingLength> {
    if !node.is_object() {
        return node.choice(&[("BatchLongest", PaddingLength::BatchLongest)]);
    }
    let object = node.object()?;
    let mut fields = object.fields();
    match (fields.next(), fields.next()) {
        (Some(("Fixed", length)), None) if !object.repeats("Fixed") => {
            length.get().map(PaddingLength::Fixed)
        }
        (Some(("BatchLongest", value)), None) if value.is_null() => {
            Err(node.unsupported("a name written as an object"))
        }
        _ => Err(node.error("expected \"BatchLongest\" or {\"Fixed\": length}")),
    }
}

//! An encoding as JSON, in the form in which tokenizers pickles its own.

use crate::encode::template::{Encoding, Names, Sequences};
use crate::error::{Error, Result};
use crate::token::Span;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Overflowing parts of overflowing parts deeper than this are refused.
const MAX_DEPTH: usize = 16;

/// The fields of the JSON.
#[derive(Serialize, Deserialize)]
struct Fields<'a> {
    ids: Vec<u32>,
    type_ids: Vec<u32>,
    #[serde(borrow)]
    tokens: Vec<Cow<'a, str>>,
    words: Vec<Option<u32>>,
    offsets: Vec<(usize, usize)>,
    special_tokens_mask: Vec<u8>,
    attention_mask: Vec<u8>,
    overflowing: Vec<Fields<'a>>,
    sequence_ranges: BTreeMap<usize, (usize, usize)>,
}

/// Writes an encoding whose tokens all have names.
///
/// # Errors
/// None for such encodings.
pub fn to_json(encoding: &Encoding) -> Result<String> {
    let failed = |error: serde_json::Error| Error::Input { why: error.to_string() };
    serde_json::to_string(&fields(encoding)).map_err(failed)
}

/// Reads an encoding.
///
/// # Errors
/// [`Error::Input`] for what is no such JSON, or lists that differ in length.
pub fn from_json(json: &[u8]) -> Result<Encoding> {
    let failed = |error: serde_json::Error| Error::Input {
        why: format!("no state of an Encoding: {error}"),
    };
    encoding(serde_json::from_slice(json).map_err(failed)?, 0)
}

fn fields(encoding: &Encoding) -> Fields<'_> {
    Fields {
        ids: encoding.ids.clone(),
        type_ids: encoding.type_ids.clone(),
        tokens: encoding.tokens(|_| None).into_iter().map(Cow::Borrowed).collect(),
        words: encoding.words.clone(),
        offsets: encoding.spans.iter().map(|span| (span.start, span.end)).collect(),
        special_tokens_mask: encoding.special_mask.clone(),
        attention_mask: encoding.attention_mask.clone(),
        overflowing: encoding.overflowing.iter().map(fields).collect(),
        sequence_ranges: encoding
            .sequences
            .iter()
            .map(|(number, range)| (number, (range.start, range.end)))
            .collect(),
    }
}

fn encoding(fields: Fields<'_>, depth: usize) -> Result<Encoding> {
    let len = fields.ids.len();
    let lengths = [
        fields.type_ids.len(),
        fields.tokens.len(),
        fields.words.len(),
        fields.offsets.len(),
        fields.special_tokens_mask.len(),
        fields.attention_mask.len(),
    ];
    if lengths != [len; 6] || depth > MAX_DEPTH {
        let why = format!("no state of an Encoding: lists of {lengths:?} beside {len} ids");
        return Err(Error::Input { why });
    }
    let mut names = Names::default();
    for (at, token) in fields.tokens.iter().enumerate() {
        names.push(at..at + 1, &(&**token).into());
    }
    let mut sequences = Sequences::default();
    for (number, (start, end)) in fields.sequence_ranges {
        sequences.set(number, start..end);
    }
    let parts = fields.overflowing.into_iter();
    Ok(Encoding {
        ids: fields.ids,
        type_ids: fields.type_ids,
        spans: fields.offsets.into_iter().map(|(start, end)| Span { start, end }).collect(),
        words: fields.words,
        special_mask: fields.special_tokens_mask,
        attention_mask: fields.attention_mask,
        names,
        sequences,
        overflowing: parts.map(|part| encoding(part, depth + 1)).collect::<Result<_>>()?,
    })
}

//! Writing a `tokenizer.json` that tokenizers 0.23.3 loads and that gives the same ids.

mod model;
pub(in crate::formats) mod sentencepiece;
mod stages;

use super::added::Numbering;
use super::alphabet;
use crate::error::{Error, Result};
use crate::formats::pipeline::Model;
use crate::formats::{Compiled, Definition, Fidelity};
use crate::token::TokenId;
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

/// Writes a tokenizer; `compiled` is the reduced form of a byte-level tokenizer's merges, used
/// where the definition does not list them.
///
/// A SentencePiece model is converted, as faithfully as `fidelity` says.
///
/// Fails if a part has no form there, or if the numbering of added tokens (see `added.rs`)
/// cannot give them the ids they have.
pub fn save(definition: &Definition, compiled: &Compiled, fidelity: Fidelity) -> Result<Vec<u8>> {
    let converted = match definition.pipeline.model {
        Model::SentencePiece(_) => Some(sentencepiece::converted(definition, fidelity)?),
        _ => None,
    };
    let definition = converted.as_ref().unwrap_or(definition);
    let mut vocab = spellings(definition)?;
    let inside = added_inside(definition, &vocab)?;
    let moved = !inside.is_empty();
    vocab.extend(inside);
    vocab.sort_unstable();

    let mut out = String::with_capacity(vocab.len() * 64);
    out.push_str("{\"version\":\"1.0\"");
    let added: Value = definition.added.iter().map(Value::from).collect();
    let [truncation, padding, normalizer, pre_tokenizer, post_processor, decoder] =
        stages::all(definition)?;
    for (name, value) in [
        ("truncation", truncation),
        ("padding", padding),
        ("added_tokens", added),
        ("normalizer", normalizer),
        ("pre_tokenizer", pre_tokenizer),
        ("post_processor", post_processor),
        ("decoder", decoder),
    ] {
        let _ = write!(out, ",\"{name}\":{value}"); // a String takes everything
    }
    out.push_str(",\"model\":{");
    model::push(&mut out, definition, compiled, &vocab, moved)?;
    out.push_str("}}\n");
    Ok(out.into_bytes())
}

/// The model's tokens as the file spells them.
fn spellings(definition: &Definition) -> Result<Vec<(TokenId, String)>> {
    let text = |id: TokenId, bytes: &[u8]| {
        let text = std::str::from_utf8(bytes).map(str::to_owned);
        text.map_err(|_| Error::unsupported(format!("token {id}, which is not UTF-8, in JSON")))
    };
    let letters = matches!(definition.pipeline.model, Model::ByteLevelBpe);
    let mut vocab = Vec::with_capacity(definition.vocab.len());
    for (id, bytes) in definition.vocab.iter() {
        vocab.push((id, if letters { alphabet::encode(bytes) } else { text(id, bytes)? }));
    }
    for (id, bytes) in &definition.decode_only {
        vocab.push((*id, text(*id, bytes)?));
    }
    Ok(vocab)
}

/// Added tokens that must be listed in `vocab` to get the ids they have: none if numbering
/// them after the model's tokens is right, else all that are not there yet.
fn added_inside(
    definition: &Definition,
    vocab: &[(TokenId, String)],
) -> Result<Vec<(TokenId, String)>> {
    let contents: HashMap<&str, TokenId> =
        definition.added.iter().rev().map(|token| (token.content.as_str(), token.id)).collect();
    let mut listed: HashMap<&str, TokenId> = HashMap::new();
    for (id, spelling) in vocab {
        if contents.contains_key(spelling.as_str()) {
            listed.insert(spelling, *id);
        }
    }
    let mut ids = Numbering::new(vocab.len(), |content| listed.get(content).copied());
    if definition.added.iter().all(|token| ids.next(&token.content).0 == token.id) {
        return Ok(Vec::new());
    }
    // In any other model text could become a token that is listed.
    let may_move = matches!(definition.pipeline.model, Model::ByteLevelBpe);
    let mut inside = Vec::new();
    let mut taken = HashSet::new();
    for token in &definition.added {
        let other = definition.vocab.get(token.id).is_some() || !taken.insert(token.id);
        match listed.get(token.content.as_str()) {
            Some(&id) if id == token.id => {}
            None if !other && may_move => inside.push((token.id, token.content.clone())),
            _ => {
                let why = format!(
                    "writing added token {:?} with id {} to a tokenizer.json, which would give \
                     it another id",
                    token.content, token.id
                );
                return Err(Error::unsupported(why));
            }
        }
    }
    Ok(inside)
}

/// Appends `text` as a JSON string.
fn push_string(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\0'..'\x20' => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(character));
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

//! Writing a `tokenizer.json` that tokenizers 0.23.3 loads and that gives the same ids.

use super::added::Numbering;
use super::stages::BEHAVIOURS;
use super::{alphabet, dialect};
use crate::error::{Error, Result};
use crate::formats::{Compiled, Definition};
use crate::token::TokenId;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fmt::Write as _;

/// Writes a tokenizer.
///
/// Fails if a regular expression has no form there, or if the numbering of added tokens (see
/// `added.rs`) cannot give them the ids they have.
pub fn save(definition: &Definition, compiled: &Compiled) -> Result<Vec<u8>> {
    let mut vocab = spellings(definition)?;
    let inside = added_inside(definition, &vocab)?;
    vocab.extend(inside);
    vocab.sort_unstable();
    let places: HashMap<TokenId, &str> =
        vocab.iter().map(|(id, spelling)| (*id, spelling.as_str())).collect();
    // If every token is made by a merge, taking it whole makes no difference; without the
    // flag, special tokens listed in `vocab` stay unreachable from text.
    let dead = compiled.ids.len() > 256 + compiled.parts.len();
    let ignore_merges = definition.whole_words && dead;

    let mut out = String::with_capacity(vocab.len() * 64);
    out.push_str("{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":");
    out.push_str(&added_tokens(definition).to_string());
    out.push_str(",\"normalizer\":null,\"pre_tokenizer\":");
    out.push_str(&pre_tokenizer(definition)?.to_string());
    let stage =
        |text: &Option<String>, default: &str| text.as_deref().unwrap_or(default).to_owned();
    out.push_str(",\"post_processor\":");
    out.push_str(&stage(&definition.extras.post_processor, "null"));
    out.push_str(",\"decoder\":");
    out.push_str(&stage(&definition.extras.decoder, &byte_level(true).to_string()));
    out.push_str(
        ",\"model\":{\"type\":\"BPE\",\"dropout\":null,\"unk_token\":null,\
         \"continuing_subword_prefix\":null,\"end_of_word_suffix\":null,\"fuse_unk\":false,\
         \"byte_fallback\":false,\"ignore_merges\":",
    );
    out.push_str(if ignore_merges { "true" } else { "false" });
    out.push_str(",\"vocab\":{");
    for (i, (id, spelling)) in vocab.iter().enumerate() {
        out.push_str(if i == 0 { "\n" } else { ",\n" });
        push_string(&mut out, spelling);
        out.push(':');
        out.push_str(&id.to_string());
    }
    out.push_str("},\"merges\":[");
    for (i, &(left, right)) in compiled.parts.iter().enumerate() {
        out.push_str(if i == 0 { "\n[" } else { ",\n[" });
        push_string(&mut out, spelling_of(compiled, &places, left)?);
        out.push(',');
        push_string(&mut out, spelling_of(compiled, &places, right)?);
        out.push(']');
    }
    out.push_str("]}}\n");
    Ok(out.into_bytes())
}

fn spelling_of<'s>(
    compiled: &Compiled,
    places: &HashMap<TokenId, &'s str>,
    rank: u32,
) -> Result<&'s str> {
    let id = compiled.ids.get(rank as usize);
    id.and_then(|id| places.get(id))
        .copied()
        .ok_or_else(|| Error::Vocabulary { why: format!("no token has rank {rank}") })
}

/// The model's tokens as the file spells them.
fn spellings(definition: &Definition) -> Result<Vec<(TokenId, String)>> {
    let tokens = definition.vocab.iter();
    let mut vocab: Vec<_> = tokens.map(|(id, bytes)| (id, alphabet::encode(bytes))).collect();
    for (id, bytes) in &definition.decode_only {
        let spelling = String::from_utf8(bytes.clone())
            .map_err(|_| Error::unsupported(format!("token {id}, which is not UTF-8, in JSON")))?;
        vocab.push((*id, spelling));
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
    let mut inside = Vec::new();
    let mut taken = std::collections::HashSet::new();
    for token in &definition.added {
        let other = definition.vocab.get(token.id).is_some() || !taken.insert(token.id);
        match listed.get(token.content.as_str()) {
            Some(&id) if id == token.id => {}
            None if !other => inside.push((token.id, token.content.clone())),
            _ => {
                let why = format!(
                    "writing added token {:?} with id {} to a tokenizer.json, where another \
                     token has its spelling or its id",
                    token.content, token.id
                );
                return Err(Error::unsupported(why));
            }
        }
    }
    Ok(inside)
}

fn added_tokens(definition: &Definition) -> Value {
    let token = |token: &crate::formats::AddedToken| {
        json!({
            "id": token.id, "content": token.content, "single_word": false, "lstrip": false,
            "rstrip": false, "normalized": token.normalized, "special": token.special,
        })
    };
    definition.added.iter().map(token).collect()
}

fn pre_tokenizer(definition: &Definition) -> Result<Value> {
    let mut stages = Vec::new();
    for split in &definition.splits {
        let name = BEHAVIOURS.iter().find(|(_, behaviour)| *behaviour == split.behaviour);
        stages.push(json!({
            "type": "Split",
            "pattern": {"Regex": dialect::write(&split.pattern, split.dialect)?},
            "behavior": name.map_or("Isolated", |(name, _)| name),
            "invert": split.invert,
        }));
    }
    stages.push(byte_level(false));
    Ok(json!({"type": "Sequence", "pretokenizers": stages}))
}

fn byte_level(use_regex: bool) -> Value {
    json!({
        "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true,
        "use_regex": use_regex,
    })
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

//! `vocab`: an object of tokens and their ids, or for Unigram a list.

use super::super::alphabet;
use super::super::json::{Node, Text};
use super::Spellings;
use crate::error::Result;
use crate::token::TokenId;
use crate::vocab::{MAX_ID, Vocab};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

/// A vocabulary as the file has it, and as we store it.
pub(super) struct Tokens<'a> {
    pub(super) spellings: Spellings<'a>,
    pub(super) vocab: Vocab,
    pub(super) decode_only: Vec<(TokenId, Vec<u8>)>,
    /// Whether `vocab` has the bytes that spellings stand for.
    pub(super) bytes: bool,
}

type Entries<'a> = Vec<(Cow<'a, str>, TokenId)>;

/// Reads an object of tokens and ids. With `letters`, as bytes if every single byte is a token.
pub(super) fn read<'a>(node: &Node<'a>, letters: bool) -> Result<Tokens<'a>> {
    let mut entries = node.parse(ReadEntries).map_err(|error| {
        // The library may not have looked at the first of two values.
        let repeated = node.object().is_ok_and(|object| object.repeats_any());
        if repeated { node.unsupported("a token listed twice, not with an id") } else { error }
    })?;
    let mut spellings = Spellings::with_capacity(entries.len());
    let mut repeated = false;
    for (spelling, id) in &entries {
        repeated |= spellings.insert(spelling.clone(), *id).is_some();
    }
    if repeated {
        // Of a token listed twice the last id counts.
        let mut seen = HashSet::new();
        entries.reverse();
        entries.retain(|(spelling, _)| seen.insert(spelling.clone()));
        entries.reverse();
    }
    let bytes =
        letters && (0..=255).all(|byte| spellings.contains_key(&*alphabet::encode(&[byte])));
    let (vocab, decode_only) = index(node, &entries, bytes)?;
    Ok(Tokens { spellings, vocab, decode_only, bytes })
}

/// The tokens of a list, which are numbered in its order. Of tokens spelled alike the last is
/// the one that is found.
pub(super) fn numbered<'a>(node: &Node<'_>, entries: Entries<'a>) -> Result<Tokens<'a>> {
    let (vocab, decode_only) = index(node, &entries, false)?;
    Ok(Tokens { spellings: entries.into_iter().collect(), vocab, decode_only, bytes: false })
}

type Index = (Vocab, Vec<(TokenId, Vec<u8>)>);

/// Sorts entries into their tables. Ids shared by two tokens, or far from all others, are what
/// the library accepts and we do not.
fn index(node: &Node<'_>, entries: &[(Cow<'_, str>, TokenId)], bytes: bool) -> Result<Index> {
    let count = entries.len();
    let mut tokens = Vocab::with_capacity(count, node.text.len() / 2);
    let mut decode_only = Vec::new();
    let mut buffer = Vec::new();
    for (spelling, id) in entries {
        buffer.clear();
        let found = if bytes {
            alphabet::decode(spelling, &mut buffer)
        } else {
            buffer.extend_from_slice(spelling.as_bytes());
            true
        };
        if !found || spelling.is_empty() {
            decode_only.push((*id, buffer.clone()));
        } else if let Err(error) = tokens.insert(*id, &buffer, count) {
            return Err(node.unsupported(&format!("{:?}: {error}", shortened(spelling))));
        }
    }
    decode_only.sort_unstable();
    let ids = decode_only.iter().map(|&(id, _)| id);
    let twice = ids.clone().zip(ids.clone().skip(1)).find(|(a, b)| a == b).map(|(id, _)| id);
    if let Some(id) = twice.or_else(|| ids.clone().find(|&id| tokens.get(id).is_some())) {
        return Err(node.unsupported(&format!("id {id} is given to two tokens")));
    }
    if let Some(id) = ids.max().filter(|&id| id > MAX_ID) {
        return Err(node.unsupported(&format!("id {id} is too large")));
    }
    Ok((tokens, decode_only))
}

/// The beginning of a spelling, for a message.
fn shortened(spelling: &str) -> String {
    match spelling.char_indices().nth(40) {
        Some((cut, _)) => format!("{}…", spelling.get(..cut).unwrap_or_default()),
        None => spelling.to_owned(),
    }
}

/// Reads the entries in file order.
struct ReadEntries;

impl<'de> DeserializeSeed<'de> for ReadEntries {
    type Value = Entries<'de>;

    fn deserialize<D: Deserializer<'de>>(
        self,
        json: D,
    ) -> std::result::Result<Self::Value, D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for ReadEntries {
    type Value = Entries<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of tokens and their ids")
    }

    fn visit_map<M: MapAccess<'de>>(
        self,
        mut map: M,
    ) -> std::result::Result<Self::Value, M::Error> {
        let mut entries = Vec::new();
        while let Some(spelling) = map.next_key_seed(Text)? {
            entries.push((spelling, map.next_value()?));
        }
        Ok(entries)
    }
}

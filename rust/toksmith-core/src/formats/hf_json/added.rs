//! `added_tokens`: tokens found in text before everything else.
//!
//! The ids in this list are not what counts in tokenizers 0.23.3, and so not here: a token
//! spelled like one of the model's has that one's id, any other gets the next id after the
//! size of the model's vocabulary. Files written by the library agree with that anyway.

use super::alphabet;
use super::json::Node;
use super::model::Model;
use crate::error::{Error, Result};
use crate::formats::{AddedToken, Definition, pipeline};
use crate::token::TokenId;
use crate::vocab::MAX_ID;
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

/// Reads `added_tokens` and gives each token its id. `normalizes` says whether the file has a
/// normalizer.
pub(super) fn read(
    node: &Node<'_>,
    model: &Model<'_>,
    normalizes: bool,
) -> Result<Vec<AddedToken>> {
    let items = node.items()?;
    let mut added: Vec<AddedToken> = Vec::with_capacity(items.len());
    let mut places: HashMap<String, usize> = HashMap::with_capacity(items.len());
    let mut ids = Numbering::new(model.size, |content| model.id(content));
    for item in &items {
        let token = read_one(item)?;
        if token.content.is_empty() {
            continue;
        }
        if let Some(earlier) = places.get(&token.content).and_then(|&place| added.get_mut(place)) {
            if normalizes && earlier.normalized && !token.normalized {
                let why = "a token listed again that is no longer normalized";
                return Err(item.unsupported(why));
            }
            update(earlier, token);
            continue;
        }
        let (id, in_model) = ids.next(&token.content);
        check(item, &token.content, id, in_model, model)?;
        places.insert(token.content.clone(), added.len());
        added.push(AddedToken { id, ..token });
    }
    Ok(added)
}

/// Listed again: the last line says how a token is searched; once special, always special.
pub(crate) fn update(earlier: &mut AddedToken, again: AddedToken) {
    let (id, special) = (earlier.id, earlier.special | again.special);
    *earlier = AddedToken { id, special, ..again };
}

fn check(
    node: &Node<'_>,
    content: &str,
    id: TokenId,
    in_model: bool,
    model: &Model<'_>,
) -> Result<()> {
    if id > MAX_ID {
        return Err(node.unsupported(&format!("the id {id}, above {MAX_ID}")));
    }
    if !in_model && model.has(id) {
        let why = format!("{content:?} gets id {id}, which another token has");
        return Err(node.unsupported(&why));
    }
    Ok(())
}

/// One entry, as the file has it.
#[derive(Deserialize)]
#[allow(clippy::struct_excessive_bools, reason = "the fields of the file")]
struct Entry<'a> {
    id: TokenId,
    #[serde(borrow)]
    content: Cow<'a, str>,
    single_word: bool,
    lstrip: bool,
    rstrip: bool,
    normalized: bool,
    special: bool,
}

/// One entry; the id is as the file has it.
fn read_one(node: &Node<'_>) -> Result<AddedToken> {
    if !node.is_object() {
        return Err(node.error("expected an object"));
    }
    let entry: Entry<'_> = node.get()?;
    // Few bytes but those of the known fields: nothing else can be in them.
    if node.text.len() > 2 * entry.content.len() + 200 {
        node.check()?;
    }
    let Entry { id, content, single_word, lstrip, rstrip, normalized, special } = entry;
    let content = content.into_owned();
    Ok(AddedToken { id, content, special, normalized, single_word, lstrip, rstrip })
}

/// How tokenizers numbers added tokens.
pub(super) struct Numbering<F> {
    next: usize,
    in_model: F,
}

impl<F: Fn(&str) -> Option<TokenId>> Numbering<F> {
    /// `size` is the number of entries of `model.vocab`, and `in_model` looks one up.
    pub(super) fn new(size: usize, in_model: F) -> Self {
        Self { next: size, in_model }
    }

    /// The id of the next token in the list, and whether it is one of the model's.
    pub(super) fn next(&mut self, content: &str) -> (TokenId, bool) {
        if let Some(id) = (self.in_model)(content) {
            return (id, true);
        }
        self.next += 1;
        (TokenId::try_from(self.next - 1).unwrap_or(TokenId::MAX), false)
    }
}

impl From<&AddedToken> for serde_json::Value {
    fn from(token: &AddedToken) -> Self {
        serde_json::json!({
            "id": token.id, "content": token.content, "single_word": token.single_word,
            "lstrip": token.lstrip, "rstrip": token.rstrip, "normalized": token.normalized,
            "special": token.special,
        })
    }
}

/// Adds tokens to those a definition has, the way the library does after loading.
pub(crate) fn append(definition: &mut Definition, tokens: Vec<AddedToken>) -> Result<()> {
    let in_model = find(definition, &tokens);
    let added = &mut definition.added;
    let mut places: HashMap<String, usize> =
        added.iter().enumerate().map(|(i, token)| (token.content.clone(), i)).collect();
    let size = definition.vocab.len() + definition.decode_only.len();
    let behind = added.iter().map(|token| token.id as usize + 1).max().unwrap_or(0).max(size);
    let mut ids = Numbering::new(behind, |content| in_model.get(content).copied());
    for token in tokens.into_iter().filter(|token| !token.content.is_empty()) {
        if let Some(earlier) = places.get(&token.content).and_then(|&place| added.get_mut(place)) {
            update(earlier, token);
            continue;
        }
        let (id, known) = ids.next(&token.content);
        if id > MAX_ID || (!known && definition.vocab.get(id).is_some()) {
            let feature = format!("the id {id} that {:?} gets", token.content);
            return Err(Error::unsupported(feature));
        }
        places.insert(token.content.clone(), added.len());
        added.push(AddedToken { id, ..token });
    }
    Ok(())
}

/// The ids of those tokens that are the model's.
fn find(definition: &Definition, tokens: &[AddedToken]) -> HashMap<String, TokenId> {
    let letters = definition.pipeline.model == pipeline::Model::ByteLevelBpe
        && !definition.pipeline.is_byte_level_alone();
    let mut wanted: HashMap<Vec<u8>, &str> = HashMap::with_capacity(tokens.len());
    for token in tokens {
        let mut bytes = Vec::new();
        if !letters {
            bytes.extend_from_slice(token.content.as_bytes());
        } else if !alphabet::decode(&token.content, &mut bytes) {
            continue;
        }
        wanted.insert(bytes, &token.content);
    }
    let mut found = HashMap::new();
    // Of tokens spelled alike the last counts.
    for (id, bytes) in definition.vocab.iter() {
        if let Some(&content) = wanted.get(bytes) {
            found.insert(content.to_owned(), id);
        }
    }
    let contents: HashSet<&str> = tokens.iter().map(|token| token.content.as_str()).collect();
    for (id, bytes) in &definition.decode_only {
        if let Ok(content) = std::str::from_utf8(bytes)
            && contents.contains(content)
        {
            found.insert(content.to_owned(), *id);
        }
    }
    found
}

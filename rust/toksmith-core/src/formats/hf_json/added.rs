//! `added_tokens`: tokens found in text before everything else.
//!
//! The ids in this list are not what counts in tokenizers 0.23.3, and so not here: a token
//! spelled like one of the model's has that one's id, any other gets the next id after the
//! size of the model's vocabulary. Files written by the library agree with that anyway.

use super::alphabet;
use super::json::{Node, Text};
use super::model::Model;
use crate::error::{Error, Result};
use crate::formats::AddedToken;
use crate::token::TokenId;
use std::collections::HashMap;

/// Reads `added_tokens` and gives each token its id.
pub(super) fn read(node: &Node<'_>, model: &Model<'_>) -> Result<Vec<AddedToken>> {
    let mut added: Vec<AddedToken> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    let size = model.spellings.len();
    let mut ids = Numbering::new(size, |content| model.spellings.get(content).copied());
    for item in node.items()? {
        let token = read_one(&item)?;
        if token.content.is_empty() {
            continue;
        }
        if let Some(earlier) = places.get(&token.content).and_then(|&place| added.get_mut(place)) {
            // Listed again: the last line says how it is searched; once special, always special.
            earlier.special |= token.special;
            earlier.normalized = token.normalized;
            continue;
        }
        let (id, in_model) = ids.next(&token.content);
        check(&item.path, &token, id, in_model, model)?;
        places.insert(token.content.clone(), added.len());
        added.push(AddedToken { id, ..token });
    }
    Ok(added)
}

fn check(
    path: &str,
    token: &AddedToken,
    id: TokenId,
    in_model: bool,
    model: &Model<'_>,
) -> Result<()> {
    let content = &token.content;
    if id > crate::vocab::MAX_ID {
        return Err(Error::field(path, format!("id {id} is too large")));
    }
    let mut bytes = Vec::new();
    alphabet::decode(content, &mut bytes);
    if bytes != content.as_bytes() {
        let feature = format!("{path}.content ({content:?}, which decodes to other text)");
        return Err(Error::unsupported(feature));
    }
    let decode_only = || model.decode_only.binary_search_by_key(&id, |&(id, _)| id).is_ok();
    if !in_model && (model.vocab.get(id).is_some() || decode_only()) {
        let why = format!("{content:?} gets id {id}, which another token has");
        return Err(Error::field(path, why));
    }
    Ok(())
}

/// One entry; the id is as the file has it.
fn read_one(node: &Node<'_>) -> Result<AddedToken> {
    let mut object = node.object()?;
    let id = object.require("id")?.get()?;
    let content = object.require("content")?.parse(Text)?.into_owned();
    for field in ["lstrip", "rstrip", "single_word"] {
        let node = object.require(field)?;
        if node.get::<bool>()? {
            return Err(node.unsupported(""));
        }
    }
    let special = object.require("special")?.get()?;
    let normalized = object.require("normalized")?.get()?;
    object.finish()?;
    Ok(AddedToken { id, content, special, normalized })
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

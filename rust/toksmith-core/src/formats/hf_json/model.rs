//! `model`: vocabulary and merges of a byte-level BPE.
//!
//! Both are read straight into flat storage; strings stay where they are in the file.

use super::alphabet;
use super::json::{Node, Text};
use crate::error::{Error, Result};
use crate::formats::tiktoken::missing_byte;
use crate::token::TokenId;
use crate::vocab::Vocab;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

/// Spelling -> id, as the file has it.
pub(super) type Spellings<'a> = HashMap<Cow<'a, str>, TokenId>;

/// What `model` says.
pub(super) struct Model<'a> {
    pub(super) spellings: Spellings<'a>,
    pub(super) vocab: Vocab,
    /// Tokens with a foreign character in their spelling: text never becomes them.
    pub(super) decode_only: Vec<(TokenId, Vec<u8>)>,
    pub(super) merges: Vec<(TokenId, TokenId, TokenId)>,
    pub(super) ignore_merges: bool,
}

/// Reads `model`.
pub(super) fn read<'a>(node: &Node<'a>) -> Result<Model<'a>> {
    let mut object = node.object()?;
    if let Some(kind) = object.take("type") {
        let name = kind.parse(Text)?;
        if name != "BPE" {
            return Err(kind.unsupported(&name));
        }
    }
    let vocab = object.require("vocab")?;
    if !vocab.is_object() {
        return Err(vocab.unsupported("not an object; only BPE is supported"));
    }
    let merges = object.require("merges")?;
    if let Some(dropout) = object.take_set("dropout")
        && dropout.get::<f64>()? != 0.0
    {
        return Err(dropout.unsupported(dropout.text));
    }
    for affix in ["continuing_subword_prefix", "end_of_word_suffix"] {
        if let Some(node) = object.take_set(affix) {
            let text = node.parse(Text)?;
            if !text.is_empty() {
                return Err(node.unsupported(&text));
            }
        }
    }
    for field in ["unk_token", "fuse_unk", "byte_fallback"] {
        object.refuse(field)?;
    }
    let ignore_merges = object.take_set("ignore_merges").map_or(Ok(false), |node| node.get())?;
    object.finish()?;

    let entries = vocab.parse(Entries)?;
    let (spellings, tokens, decode_only) = index(&vocab, entries)?;
    if let Some(byte) = missing_byte(&tokens) {
        return Err(vocab.unsupported(&format!("no token for byte 0x{byte:02x}")));
    }
    let merges = read_merges(&merges, &spellings, &tokens)?;
    Ok(Model { spellings, vocab: tokens, decode_only, merges, ignore_merges })
}

type Index<'a> = (Spellings<'a>, Vocab, Vec<(TokenId, Vec<u8>)>);

/// Checks the entries of `vocab` and sorts them into their tables.
fn index<'a>(node: &Node<'_>, entries: Vec<(Cow<'a, str>, TokenId)>) -> Result<Index<'a>> {
    let refuse = |spelling: &str, why: String| {
        let mut shown = spelling.to_owned();
        if let Some((cut, _)) = spelling.char_indices().nth(40) {
            shown.truncate(cut);
            shown.push('…');
        }
        Error::field(format!("{}[{shown:?}]", node.path), why)
    };
    let count = entries.len();
    let mut tokens = Vocab::with_capacity(count, node.text.len() / 2);
    let mut decode_only = Vec::new();
    let mut spellings = Spellings::with_capacity(count);
    let mut bytes = Vec::new();
    for (spelling, id) in entries {
        bytes.clear();
        if !alphabet::decode(&spelling, &mut bytes) || spelling.is_empty() {
            decode_only.push((id, bytes.clone()));
        } else if let Err(error) = tokens.insert(id, &bytes, count) {
            return Err(refuse(&spelling, error.to_string()));
        }
        // Looked at only on failure, so that the common case moves the spelling.
        if let Some(other) = spellings.insert(spelling, id) {
            return Err(node.error(format!("a token is listed twice, with ids {other} and {id}")));
        }
    }
    decode_only.sort_unstable();
    let ids = decode_only.iter().map(|&(id, _)| id);
    let twice = ids.clone().zip(ids.clone().skip(1)).find(|(a, b)| a == b).map(|(id, _)| id);
    if let Some(id) = twice.or_else(|| ids.clone().find(|&id| tokens.get(id).is_some())) {
        return Err(node.error(format!("id {id} is given to two tokens")));
    }
    if let Some(id) = ids.max().filter(|&id| id > crate::vocab::MAX_ID) {
        return Err(node.error(format!("id {id} is too large")));
    }
    Ok((spellings, tokens, decode_only))
}

/// Reads the entries of `vocab` in file order.
struct Entries;

impl<'de> DeserializeSeed<'de> for Entries {
    type Value = Vec<(Cow<'de, str>, TokenId)>;

    fn deserialize<D: Deserializer<'de>>(
        self,
        json: D,
    ) -> std::result::Result<Self::Value, D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Entries {
    type Value = Vec<(Cow<'de, str>, TokenId)>;

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

/// Reads `merges`, in file order.
fn read_merges(
    node: &Node<'_>,
    spellings: &Spellings<'_>,
    tokens: &Vocab,
) -> Result<Vec<(TokenId, TokenId, TokenId)>> {
    let mut lines = Lines {
        path: &node.path,
        spellings,
        tokens,
        merges: Vec::new(),
        joined: String::new(),
        error: None,
    };
    let parsed = node.parse(&mut lines);
    if let Some(error) = lines.error {
        return Err(error);
    }
    parsed?;
    let mut merges = lines.merges;
    keep_last(&mut merges);
    Ok(merges)
}

/// Of a pair listed more than once, only the last line counts, as in tokenizers.
fn keep_last(merges: &mut Vec<(TokenId, TokenId, TokenId)>) {
    let mut pairs: Vec<_> = merges.iter().map(|&(left, right, _)| (left, right)).collect();
    pairs.sort_unstable();
    if pairs.iter().zip(pairs.iter().skip(1)).all(|(a, b)| a != b) {
        return;
    }
    let mut seen = std::collections::HashSet::new();
    merges.reverse();
    merges.retain(|&(left, right, _)| seen.insert((left, right)));
    merges.reverse();
}

/// Reads merges one by one; nothing is kept of a line but three ids.
struct Lines<'m> {
    path: &'m str,
    spellings: &'m Spellings<'m>,
    tokens: &'m Vocab,
    merges: Vec<(TokenId, TokenId, TokenId)>,
    /// Left and right part, one after the other.
    joined: String,
    /// What was wrong, where it was not the JSON.
    error: Option<Error>,
}

impl Lines<'_> {
    /// Adds the merge whose parts are the first `left` bytes of `joined` and the rest.
    fn add(&mut self, line: usize, left: usize) -> std::result::Result<(), String> {
        let Some((l, r)) = self.joined.split_at_checked(left) else {
            return Err("a part ends inside a character".into());
        };
        let find = |spelling: &str| {
            let id = self.spellings.get(spelling).copied();
            id.ok_or_else(|| format!("merge {line}: {spelling:?} is not in the vocabulary"))
        };
        let (left, right, product) = (find(l)?, find(r)?, find(&self.joined)?);
        // A part that is empty or has a foreign character never occurs, so neither does this.
        let reachable = |id| self.tokens.get(id).is_some();
        if reachable(left) && reachable(right) && reachable(product) {
            self.merges.push((left, right, product));
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for &mut Lines<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> std::result::Result<(), D::Error> {
        json.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for &mut Lines<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of merges")
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut seq: S) -> std::result::Result<(), S::Error> {
        let mut line = 0;
        while let Some(left) = seq.next_element_seed(Line(&mut self.joined))? {
            let added = match left {
                Some(left) => self.add(line, left),
                None => Err("expected two tokens with a space between".into()),
            };
            if let Err(why) = added {
                self.error = Some(Error::field(format!("{}[{line}]", self.path), why));
                return Err(S::Error::custom("bad merge"));
            }
            line += 1;
        }
        Ok(())
    }
}

/// Reads one merge, `"left right"` or `["left", "right"]`, into a buffer without the space;
/// gives the length of the left part, `None` if there are not two parts.
struct Line<'j>(&'j mut String);

impl<'de> DeserializeSeed<'de> for Line<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(
        self,
        json: D,
    ) -> std::result::Result<Self::Value, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Line<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a merge: two tokens in one string, or an array of two strings")
    }

    fn visit_str<E>(self, line: &str) -> std::result::Result<Self::Value, E> {
        let Some((left, right)) = line.split_once(' ').filter(|(_, right)| !right.contains(' '))
        else {
            return Ok(None);
        };
        self.0.clear();
        self.0.push_str(left);
        self.0.push_str(right);
        Ok(Some(left.len()))
    }

    fn visit_seq<S: SeqAccess<'de>>(
        self,
        mut seq: S,
    ) -> std::result::Result<Self::Value, S::Error> {
        self.0.clear();
        let missing = || S::Error::custom("a merge needs two tokens");
        self.0.push_str(&seq.next_element_seed(Text)?.ok_or_else(missing)?);
        let left = self.0.len();
        self.0.push_str(&seq.next_element_seed(Text)?.ok_or_else(missing)?);
        match seq.next_element::<serde::de::IgnoredAny>()? {
            Some(_) => Err(S::Error::custom("a merge has two tokens")),
            None => Ok(Some(left)),
        }
    }
}

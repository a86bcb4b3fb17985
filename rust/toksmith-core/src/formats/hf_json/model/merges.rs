//! `merges`: a list of pairs, or of strings with a space between the parts.

use super::super::json::{Node, Text};
use super::Spellings;
use super::vocab::Tokens;
use crate::error::{Error, Result};
use crate::token::TokenId;
use serde::de::{DeserializeSeed, Deserializer, Error as _, SeqAccess, Visitor};
use std::fmt;

/// `(left, right, product)`.
type Merge = (TokenId, TokenId, TokenId);

/// Reads merges, in file order; `prefix` is the length of `continuing_subword_prefix`, which the
/// product has not where the right part begins.
pub(super) fn read(node: &Node<'_>, tokens: &Tokens<'_>, prefix: usize) -> Result<Vec<Merge>> {
    let mut lines = Lines {
        path: &node.path,
        adder: Adder { tokens, prefix, joined: String::new(), merges: Vec::new() },
        error: None,
    };
    let parsed = node.parse(&mut lines);
    if let Some(error) = lines.error {
        return Err(error);
    }
    parsed?;
    let mut merges = lines.adder.merges;
    keep_last(&mut merges);
    Ok(merges)
}

/// Reads the lines of a merges.txt.
pub(super) fn read_lines(text: &str, tokens: &Tokens<'_>) -> Result<Vec<Merge>> {
    let mut adder = Adder { tokens, prefix: 0, joined: String::new(), merges: Vec::new() };
    for (number, line) in (1..).zip(text.lines()) {
        if line.starts_with("#version") {
            continue;
        }
        let parts = line.split_once(' ').filter(|(_, right)| !right.contains(' '));
        let Some((left, right)) = parts else {
            return Err(Error::line(number, "expected two tokens with a space between"));
        };
        adder.add(number, left, right).map_err(|why| Error::line(number, why))?;
    }
    let mut merges = adder.merges;
    keep_last(&mut merges);
    Ok(merges)
}

/// Of a pair listed more than once, only the last line counts, as in tokenizers.
fn keep_last(merges: &mut Vec<Merge>) {
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

/// Looks merges up; nothing is kept of a line but three ids.
pub(super) struct Adder<'m> {
    tokens: &'m Tokens<'m>,
    prefix: usize,
    /// The product's spelling.
    joined: String,
    merges: Vec<Merge>,
}

impl Adder<'_> {
    /// Adds the merge of two spellings.
    fn add(&mut self, line: usize, left: &str, right: &str) -> std::result::Result<(), String> {
        let spellings: &Spellings<'_> = &self.tokens.spellings;
        let find = |spelling: &str| {
            let id = spellings.get(spelling).copied();
            id.ok_or_else(|| format!("merge {line}: {spelling:?} is not in the vocabulary"))
        };
        let (l, r) = (find(left)?, find(right)?);
        let Some(rest) = right.get(self.prefix..) else {
            return Err(format!("merge {line}: {right:?} is shorter than the prefix"));
        };
        self.joined.clear();
        self.joined.push_str(left);
        self.joined.push_str(rest);
        let product = find(&self.joined)?;
        // A part that is empty or has a foreign character never occurs, so neither does this.
        let reachable = |id| self.tokens.vocab.get(id).is_some();
        if reachable(l) && reachable(r) && reachable(product) {
            self.merges.push((l, r, product));
        }
        Ok(())
    }
}

/// How all lines of a file are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Strings,
    Pairs,
}

struct Lines<'m> {
    path: &'m str,
    adder: Adder<'m>,
    /// What was wrong, where it was not the JSON.
    error: Option<Error>,
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
        let (mut line, mut expected) = (0, None);
        let mut parts = String::new();
        while let Some((form, left)) = seq.next_element_seed(Line(&mut parts))? {
            let mixed = expected.is_some_and(|expected| expected != form);
            expected = Some(form);
            let added = match left {
                _ if mixed => Err("strings and arrays are mixed".into()),
                // A comment, wherever it stands.
                _ if form == Form::Strings && parts.starts_with("#version") => Ok(()),
                Some(left) => match parts.split_at_checked(left) {
                    Some((left, right)) => {
                        let right =
                            if form == Form::Strings { right.get(1..) } else { Some(right) };
                        self.adder.add(line, left, right.unwrap_or_default())
                    }
                    None => Err("a part ends inside a character".into()),
                },
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

/// Reads one merge, `"left right"` or `["left", "right"]`, into a buffer (the string as it
/// stands, the array without a space); gives the length of the left part, `None` if there are
/// not two parts.
struct Line<'j>(&'j mut String);

impl<'de> DeserializeSeed<'de> for Line<'_> {
    type Value = (Form, Option<usize>);

    fn deserialize<D: Deserializer<'de>>(
        self,
        json: D,
    ) -> std::result::Result<Self::Value, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Line<'_> {
    type Value = (Form, Option<usize>);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a merge: two tokens in one string, or an array of two strings")
    }

    fn visit_str<E>(self, line: &str) -> std::result::Result<Self::Value, E> {
        self.0.clear();
        self.0.push_str(line);
        let parts = line.split_once(' ').filter(|(_, right)| !right.contains(' '));
        Ok((Form::Strings, parts.map(|(left, _)| left.len())))
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
            None => Ok((Form::Pairs, Some(left))),
        }
    }
}

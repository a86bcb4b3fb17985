//! JSON with positions: values stay text until somebody knows what they should be.
//!
//! Whoever reads an [`Object`] asks for the fields it knows. tokenizers reads most parts of its
//! files in two steps, through a tree of values, and that shows: of a name given twice the last
//! value counts, and fields nobody asks for must still be valid ([`Node::check`]). Where it reads
//! a part directly, a name given twice is an error ([`Object::once`]). Nothing recurses but the
//! readers of known, nested fields, and those count their depth.

use crate::error::{Error, Result};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

/// How deep the library lets a part of the file nest.
const MAX_NESTING: usize = 126;

/// A value, not parsed yet: its text, where that starts in the file, and the path to it.
#[derive(Clone)]
pub(crate) struct Node<'a> {
    pub(crate) text: &'a str,
    at: usize,
    pub(crate) path: String,
}

impl<'a> Node<'a> {
    /// The whole file, which must hold one value.
    pub(crate) fn document(data: &'a [u8]) -> Result<Self> {
        let text = std::str::from_utf8(data)
            .map_err(|error| Error::byte(error.valid_up_to(), "not UTF-8"))?;
        Ok(Self { text, at: 0, path: String::new() })
    }

    /// A value found in another file, under the path it had there.
    pub(crate) fn part(text: &'a str, path: &str) -> Self {
        Self { text, at: 0, path: path.to_owned() }
    }

    fn child(&self, name: &str, raw: &'a RawValue) -> Self {
        let text = raw.get();
        // `raw` is a part of `self.text`, so the difference of addresses is its offset.
        let inside = (text.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        let path = match (self.path.as_str(), name.starts_with('[')) {
            ("", _) => name.to_owned(),
            (path, true) => format!("{path}{name}"),
            (path, false) => format!("{path}.{name}"),
        };
        Self { text, at: self.at + inside, path }
    }

    /// Parses the value with a visitor of the caller's.
    pub(crate) fn parse<S: DeserializeSeed<'a>>(&self, seed: S) -> Result<S::Value> {
        let mut json = serde_json::Deserializer::from_str(self.text);
        let value = seed.deserialize(&mut json).and_then(|value| json.end().map(|()| value));
        value.map_err(|error| self.syntax(&error))
    }

    /// The value as some plain type.
    pub(crate) fn get<T: serde::Deserialize<'a>>(&self) -> Result<T> {
        self.parse(std::marker::PhantomData::<T>)
    }

    /// The value as a string.
    pub(crate) fn string(&self) -> Result<String> {
        self.parse(Text).map(Cow::into_owned)
    }

    /// The value as one of some names.
    pub(crate) fn choice<T: Copy>(&self, names: &[(&str, T)]) -> Result<T> {
        if self.is_object() {
            return Err(self.unsupported("a name written as an object"));
        }
        let name = self.parse(Text)?;
        let found = names.iter().find(|(known, _)| *known == name);
        found.map(|&(_, value)| value).ok_or_else(|| {
            let known: Vec<_> = names.iter().map(|(known, _)| *known).collect();
            self.error(format!("{name:?} is none of {}", known.join(", ")))
        })
    }

    /// Checks that all of the value is valid JSON, as far as the library looks.
    pub(crate) fn check(&self) -> Result<()> {
        self.parse(Anything { left: MAX_NESTING })
    }

    /// An error of the JSON parser, with its position in the file.
    fn syntax(&self, error: &serde_json::Error) -> Error {
        let (line, column) = (error.line(), error.column());
        let before: usize =
            self.text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
        let at = (before + column.saturating_sub(1)).min(self.text.len());
        let message = error.to_string();
        let place = format!(" at line {line} column {column}");
        let why = message.strip_suffix(&place).unwrap_or(&message);
        let field = if self.path.is_empty() { String::new() } else { format!("`{}`: ", self.path) };
        Error::byte(self.at + at, format!("{field}{why}"))
    }

    pub(crate) fn is_null(&self) -> bool {
        self.text == "null"
    }

    pub(crate) fn is_object(&self) -> bool {
        self.text.starts_with('{')
    }

    pub(crate) fn is_array(&self) -> bool {
        self.text.starts_with('[')
    }

    pub(crate) fn is_string(&self) -> bool {
        self.text.starts_with('"')
    }

    /// The value is malformed.
    pub(crate) fn error(&self, why: impl Into<String>) -> Error {
        Error::field(self.path.clone(), why)
    }

    /// The value asks for something that is not supported; `value` is what it says, if short.
    pub(crate) fn unsupported(&self, value: &str) -> Error {
        let path = &self.path;
        Error::unsupported(if value.is_empty() {
            path.clone()
        } else {
            format!("{path} ({value})")
        })
    }

    /// The elements of an array.
    pub(crate) fn items(&self) -> Result<Vec<Self>> {
        let items: Vec<&'a RawValue> = self.get()?;
        Ok(items.iter().enumerate().map(|(i, raw)| self.child(&format!("[{i}]"), raw)).collect())
    }

    /// The fields of an object. The library also reads some objects from arrays of their fields.
    pub(crate) fn object(&self) -> Result<Object<'a>> {
        if self.is_array() && self.text != "[]" {
            return Err(self.unsupported("an array in place of an object"));
        }
        let mut object =
            Object { node: self.clone(), fields: self.parse(Fields)?, repeated: Vec::new() };
        object.keep_last();
        Ok(object)
    }
}

/// The fields of an object.
pub(crate) struct Object<'a> {
    pub(crate) node: Node<'a>,
    fields: Vec<(Cow<'a, str>, &'a RawValue)>,
    /// Names that were given more than once.
    repeated: Vec<Cow<'a, str>>,
}

impl<'a> Object<'a> {
    /// Of fields with one name keeps the last.
    fn keep_last(&mut self) {
        let last: HashMap<_, _> =
            self.fields.iter().enumerate().map(|(i, (name, _))| (name.clone(), i)).collect();
        if last.len() == self.fields.len() {
            return;
        }
        let mut place = 0;
        let repeated = &mut self.repeated;
        self.fields.retain(|(name, _)| {
            let keep = last.get(name) == Some(&place);
            place += 1;
            if !keep {
                repeated.push(name.clone());
            }
            keep
        });
    }

    /// A field that may be absent.
    pub(crate) fn get(&self, name: &str) -> Option<Node<'a>> {
        let (_, raw) = self.fields.iter().find(|(field, _)| field == name)?;
        Some(self.node.child(name, raw))
    }

    /// A field that may be absent or null.
    pub(crate) fn set(&self, name: &str) -> Option<Node<'a>> {
        self.get(name).filter(|node| !node.is_null())
    }

    /// A field that must be there.
    pub(crate) fn require(&self, name: &str) -> Result<Node<'a>> {
        self.get(name).ok_or_else(|| self.node.error(format!("`{name}` is missing")))
    }

    /// The value of a field that must be there.
    pub(crate) fn value<T: serde::Deserialize<'a>>(&self, name: &str) -> Result<T> {
        self.require(name)?.get()
    }

    /// The string in a field that must be there.
    pub(crate) fn string(&self, name: &str) -> Result<String> {
        self.require(name)?.string()
    }

    /// The value of a field that may be absent or null.
    pub(crate) fn optional<T: serde::Deserialize<'a>>(&self, name: &str) -> Result<Option<T>> {
        self.set(name).map(|node| node.get()).transpose()
    }

    /// The value of a field that may be absent.
    pub(crate) fn value_or<T: serde::Deserialize<'a>>(&self, name: &str, default: T) -> Result<T> {
        self.get(name).map_or(Ok(default), |node| node.get())
    }

    /// All fields in order.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&str, Node<'a>)> {
        self.fields.iter().map(|(name, raw)| (name.as_ref(), self.node.child(name, raw)))
    }

    /// Whether a name was given more than once.
    pub(crate) fn repeats(&self, name: &str) -> bool {
        self.repeated.iter().any(|repeated| repeated == name)
    }

    /// Whether any name was given more than once.
    pub(crate) fn repeats_any(&self) -> bool {
        !self.repeated.is_empty()
    }

    /// Checks that none of these names is given twice.
    pub(crate) fn once(&self, names: &[&str]) -> Result<()> {
        match names.iter().find(|name| self.repeats(name)) {
            Some(name) => Err(self.node.error(format!("`{name}` is given twice"))),
            None => Ok(()),
        }
    }

    /// Checks that `type` says `kind`.
    pub(crate) fn is(&self, kind: &str) -> Result<()> {
        self.require("type")?.choice(&[(kind, ())])
    }
}

/// Reads an object into its fields, in order.
struct Fields;

impl<'de> DeserializeSeed<'de> for Fields {
    type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

    fn deserialize<D: Deserializer<'de>>(
        self,
        json: D,
    ) -> std::result::Result<Self::Value, D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Fields {
    type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(
        self,
        mut map: M,
    ) -> std::result::Result<Self::Value, M::Error> {
        let mut fields = Vec::new();
        while let Some(name) = map.next_key_seed(Text)? {
            fields.push((name, map.next_value()?));
        }
        Ok(fields)
    }
}

/// Accepts any value that nests at most `left` deep.
#[derive(Clone, Copy)]
struct Anything {
    left: usize,
}

impl Anything {
    fn inside<E: serde::de::Error>(self) -> std::result::Result<Self, E> {
        let left = self.left.checked_sub(1);
        left.map(|left| Self { left }).ok_or_else(|| E::custom("nested too deeply"))
    }
}

impl<'de> DeserializeSeed<'de> for Anything {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> std::result::Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Anything {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> std::result::Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> std::result::Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> std::result::Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> std::result::Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> std::result::Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> std::result::Result<(), E> {
        Ok(())
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut seq: S) -> std::result::Result<(), S::Error> {
        let inside = self.inside()?;
        while seq.next_element_seed(inside)?.is_some() {}
        Ok(())
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> std::result::Result<(), M::Error> {
        let inside = self.inside()?;
        while map.next_key_seed(Text)?.is_some() {
            map.next_value_seed(inside)?;
        }
        Ok(())
    }
}

/// Reads a string, borrowed from the file where it has no escapes.
pub(crate) struct Text;

impl<'de> DeserializeSeed<'de> for Text {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(
        self,
        json: D,
    ) -> std::result::Result<Self::Value, D::Error> {
        json.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Text {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> std::result::Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> std::result::Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

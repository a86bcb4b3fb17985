//! JSON with positions: values stay text until somebody knows what they should be.
//!
//! An [`Object`] is a list of fields in which each name occurs once. Whoever reads it takes
//! the fields it knows; [`Object::finish`] refuses the rest by name, so that nothing in a file
//! is ignored in silence. Nothing recurses but the readers of known, nested fields, and those
//! count their depth.

use crate::error::{Error, Result};
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// A value, not parsed yet: its text, where that starts in the file, and the path to it.
#[derive(Clone)]
pub(super) struct Node<'a> {
    pub(super) text: &'a str,
    at: usize,
    pub(super) path: String,
}

impl<'a> Node<'a> {
    /// The whole file, which must hold one value.
    pub(super) fn document(data: &'a [u8]) -> Result<Self> {
        let text = std::str::from_utf8(data)
            .map_err(|error| Error::byte(error.valid_up_to(), "not UTF-8"))?;
        Ok(Self { text, at: 0, path: String::new() })
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
    pub(super) fn parse<S: DeserializeSeed<'a>>(&self, seed: S) -> Result<S::Value> {
        let mut json = serde_json::Deserializer::from_str(self.text);
        let value = seed.deserialize(&mut json).and_then(|value| json.end().map(|()| value));
        value.map_err(|error| self.syntax(&error))
    }

    /// The value as some plain type.
    pub(super) fn get<T: serde::Deserialize<'a>>(&self) -> Result<T> {
        self.parse(std::marker::PhantomData::<T>)
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

    pub(super) fn is_null(&self) -> bool {
        self.text == "null"
    }

    pub(super) fn is_object(&self) -> bool {
        self.text.starts_with('{')
    }

    /// The value is malformed.
    pub(super) fn error(&self, why: impl Into<String>) -> Error {
        Error::field(self.path.clone(), why)
    }

    /// The value asks for something that is not supported; `value` is what it says, if short.
    pub(super) fn unsupported(&self, value: &str) -> Error {
        let path = &self.path;
        Error::unsupported(if value.is_empty() {
            path.clone()
        } else {
            format!("{path} ({value})")
        })
    }

    /// The elements of an array.
    pub(super) fn items(&self) -> Result<Vec<Self>> {
        let items: Vec<&'a RawValue> = self.get()?;
        Ok(items.iter().enumerate().map(|(i, raw)| self.child(&format!("[{i}]"), raw)).collect())
    }

    /// The fields of an object.
    pub(super) fn object(&self) -> Result<Object<'a>> {
        let fields = self.parse(Fields)?.into_iter();
        let fields = fields.map(|(name, raw)| (self.child(&name, raw), name)).collect();
        Ok(Object { node: self.clone(), fields })
    }
}

/// The fields of an object that nobody has taken yet.
pub(super) struct Object<'a> {
    pub(super) node: Node<'a>,
    fields: Vec<(Node<'a>, Cow<'a, str>)>,
}

impl<'a> Object<'a> {
    pub(super) fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|(_, field)| field == name)
    }

    /// Takes a field that may be absent.
    pub(super) fn take(&mut self, name: &str) -> Option<Node<'a>> {
        let i = self.fields.iter().position(|(_, field)| field == name)?;
        Some(self.fields.swap_remove(i).0)
    }

    /// Takes a field that may be absent or null.
    pub(super) fn take_set(&mut self, name: &str) -> Option<Node<'a>> {
        self.take(name).filter(|node| !node.is_null())
    }

    /// Takes a field that must be there.
    pub(super) fn require(&mut self, name: &str) -> Result<Node<'a>> {
        self.take(name).ok_or_else(|| self.node.error(format!("`{name}` is missing")))
    }

    /// Takes a field with `true` or `false`, `default` if it is absent.
    pub(super) fn flag(&mut self, name: &str, default: bool) -> Result<bool> {
        self.take(name).map_or(Ok(default), |node| node.get())
    }

    /// Takes a field that is only supported as null or `false`, or absent.
    pub(super) fn refuse(&mut self, name: &str) -> Result<()> {
        match self.take_set(name) {
            Some(node) if node.text != "false" => Err(node.unsupported(short(node.text))),
            _ => Ok(()),
        }
    }

    /// Takes `type`.
    pub(super) fn kind(&mut self) -> Result<Cow<'a, str>> {
        self.require("type")?.parse(Text)
    }

    /// Refuses what has not been taken.
    pub(super) fn finish(self) -> Result<()> {
        match self.fields.iter().find(|(node, _)| !node.is_null()) {
            Some((node, _)) => Err(node.unsupported("unknown field")),
            None => Ok(()),
        }
    }
}

/// A value's text where it is short enough for a message.
fn short(text: &str) -> &str {
    if text.len() <= 40 { text } else { "" }
}

/// Reads an object into its fields.
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
        let mut fields: Self::Value = Vec::new();
        while let Some(name) = map.next_key_seed(Text)? {
            if fields.iter().any(|(field, _)| *field == name) {
                return Err(M::Error::custom(format!("`{name}` is given twice")));
            }
            // Known objects have a dozen fields; this also keeps the search above cheap.
            if fields.len() == 100 {
                return Err(M::Error::custom("more than 100 fields"));
            }
            fields.push((name, map.next_value()?));
        }
        Ok(fields)
    }
}

/// Reads a string, borrowed from the file where it has no escapes.
pub(super) struct Text;

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

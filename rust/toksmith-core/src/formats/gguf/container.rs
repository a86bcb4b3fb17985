//! The container: a header and a list of keys with typed values. Tensors are never looked at.
//!
//! Reading keeps values where they are in the file; of arrays only the bounds are found. Every
//! declared size is compared with the bytes that are left before anything is done with it, so a
//! file costs time linear in its metadata and memory for its keys alone. Versions 2 and 3, in
//! either byte order.
//!
//! ```text
//! "GGUF"  version: u32  tensors: u64  keys: u64
//! keys    each: a string, a type: u32, a value
//! string  length: u64, bytes
//! array   type: u32, count: u64, values
//! ```

use crate::error::{Error, Result};
use std::collections::HashMap;

/// Arrays in arrays, at most so deep.
const MOST_NESTING: usize = 8;

/// What is read of a file.
#[derive(Debug)]
pub(super) struct Metadata<'a> {
    values: HashMap<&'a str, Value<'a>>,
}

/// A value and the byte it begins at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Value<'a> {
    pub(super) at: usize,
    kind: Kind<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Kind<'a> {
    Integer(i128),
    Float(f64),
    Bool(bool),
    Text(&'a [u8]),
    Array(Array<'a>),
}

/// An array whose bounds are checked.
#[derive(Debug, Clone, Copy)]
struct Array<'a> {
    /// The number of its elements' type.
    element: u32,
    count: usize,
    /// The elements.
    data: Reader<'a>,
}

/// The number of the type of an array's strings, and that of arrays.
const STRING: u32 = 8;
const ARRAY: u32 = 9;

/// The bytes that a value of a type takes, where that is fixed.
fn width(kind: u32) -> Option<usize> {
    match kind {
        0 | 1 | 7 => Some(1),
        2 | 3 => Some(2),
        4..=6 => Some(4),
        10..=12 => Some(8),
        _ => None,
    }
}

/// A place in the file.
#[derive(Debug, Clone, Copy)]
struct Reader<'a> {
    data: &'a [u8],
    at: usize,
    big_endian: bool,
}

impl<'a> Reader<'a> {
    fn error(&self, why: impl std::fmt::Display) -> Error {
        Error::byte(self.at, why.to_string())
    }

    fn left(&self) -> usize {
        self.data.len().saturating_sub(self.at)
    }

    fn take(&mut self, count: u64, what: &str) -> Result<&'a [u8]> {
        let end = usize::try_from(count).ok().and_then(|count| self.at.checked_add(count));
        let Some(bytes) = end.and_then(|end| self.data.get(self.at..end)) else {
            return Err(self.error(format!("{what} of {count} bytes, {} are left", self.left())));
        };
        self.at += bytes.len();
        Ok(bytes)
    }

    /// An unsigned number of `N` bytes.
    fn number<const N: usize>(&mut self, what: &str) -> Result<u64> {
        let mut bytes = [0; 8];
        let taken = self.take(N as u64, what)?;
        for (place, &byte) in bytes.iter_mut().zip(taken) {
            *place = byte;
        }
        if self.big_endian {
            bytes[..N].reverse();
        }
        Ok(u64::from_le_bytes(bytes))
    }

    fn string(&mut self, what: &str) -> Result<&'a [u8]> {
        let length = self.number::<8>(what)?;
        self.take(length, what)
    }

    fn value(&mut self, kind: u32, depth: usize) -> Result<Value<'a>> {
        let at = self.at;
        let what = "a value";
        let value = match kind {
            0 => Kind::Integer(self.number::<1>(what)?.into()),
            1 => Kind::Integer((self.number::<1>(what)? as i8).into()),
            2 => Kind::Integer(self.number::<2>(what)?.into()),
            3 => Kind::Integer((self.number::<2>(what)? as i16).into()),
            4 => Kind::Integer(self.number::<4>(what)?.into()),
            5 => Kind::Integer((self.number::<4>(what)? as i32).into()),
            6 => Kind::Float(f32::from_bits(self.number::<4>(what)? as u32).into()),
            7 => Kind::Bool(self.number::<1>(what)? != 0),
            10 => Kind::Integer(self.number::<8>(what)?.into()),
            11 => Kind::Integer((self.number::<8>(what)? as i64).into()),
            12 => Kind::Float(f64::from_bits(self.number::<8>(what)?)),
            STRING => Kind::Text(self.string("a string")?),
            ARRAY => Kind::Array(self.array(depth)?),
            other => return Err(self.error(format!("type {other}, where 0 to 12 are known"))),
        };
        Ok(Value { at, kind: value })
    }

    /// Finds the bounds of an array.
    fn array(&mut self, depth: usize) -> Result<Array<'a>> {
        if depth >= MOST_NESTING {
            let feature = format!("GGUF: arrays nested more than {MOST_NESTING} deep");
            return Err(Error::unsupported(feature));
        }
        let element = self.number::<4>("an array")? as u32;
        let declared = self.number::<8>("an array")?;
        let least = match (width(element), element) {
            (Some(width), _) => width as u64,
            (_, STRING) => 8,
            (_, ARRAY) => 12,
            _ => return Err(self.error(format!("an array of type {element}"))),
        };
        let fits = declared.checked_mul(least).is_some_and(|size| size <= self.left() as u64);
        let Some(count) = usize::try_from(declared).ok().filter(|_| fits) else {
            let left = self.left();
            return Err(self.error(format!("an array of {declared} values in {left} bytes")));
        };
        let array = Array { element, count, data: *self };
        if let Some(width) = width(element) {
            self.at += count * width;
        } else {
            for _ in 0..count {
                self.value(element, depth + 1)?;
            }
        }
        Ok(array)
    }
}

impl<'a> Metadata<'a> {
    /// Reads header and keys.
    pub(super) fn read(data: &'a [u8]) -> Result<Self> {
        let mut reader = Reader { data, at: 0, big_endian: false };
        if reader.take(4, "the magic")? != b"GGUF" {
            return Err(Error::byte(0, "not a GGUF file"));
        }
        let mut version = reader.number::<4>("the version")? as u32;
        if version != 0 && version.trailing_zeros() >= 16 {
            version = version.swap_bytes();
            reader.big_endian = true;
        }
        if !(2..=3).contains(&version) {
            return Err(Error::unsupported(format!("version {version} of GGUF")));
        }
        reader.number::<8>("the number of tensors")?;
        let declared = reader.number::<8>("the number of keys")?;
        // A key, its length, a type and a byte of value.
        if declared > reader.left() as u64 / 13 {
            let left = reader.left();
            return Err(reader.error(format!("{declared} keys in {left} bytes")));
        }
        let mut values = HashMap::with_capacity(declared as usize);
        for _ in 0..declared {
            let at = reader.at;
            let key = reader.string("a key")?;
            let Ok(key) = std::str::from_utf8(key) else {
                return Err(Error::byte(at, "a key that is not UTF-8"));
            };
            let kind = reader.number::<4>("a type")? as u32;
            let value = reader.value(kind, 0).map_err(|error| named(key, error))?;
            if values.insert(key, value).is_some() {
                return Err(Error::byte(at, format!("`{key:.80}` is there already")));
            }
        }
        Ok(Self { values })
    }

    /// The value of a key.
    fn get(&self, key: &str) -> Option<Value<'a>> {
        self.values.get(key).copied()
    }

    /// A string.
    pub(super) fn text(&self, key: &str) -> Result<Option<&'a str>> {
        self.get(key).map(|value| value.text(key)).transpose()
    }

    /// A bool.
    pub(super) fn flag(&self, key: &str) -> Result<Option<bool>> {
        self.get(key)
            .map(|value| match value.kind {
                Kind::Bool(flag) => Ok(flag),
                _ => Err(value.error(key, "expected a bool")),
            })
            .transpose()
    }

    /// A whole number.
    pub(super) fn integer(&self, key: &str) -> Result<Option<i128>> {
        self.get(key)
            .map(|value| match value.kind {
                Kind::Integer(number) => Ok(number),
                _ => Err(value.error(key, "expected a whole number")),
            })
            .transpose()
    }

    /// An array of strings.
    pub(super) fn texts(&self, key: &str) -> Result<Option<Vec<&'a str>>> {
        let Some((value, array)) = self.array(key)? else { return Ok(None) };
        if array.element != STRING {
            return Err(value.error(key, "expected an array of strings"));
        }
        let mut texts = Vec::with_capacity(array.count);
        for (number, value) in array.values().enumerate() {
            let value = value?;
            texts.push(value.text(&format!("{key}[{number}]"))?);
        }
        Ok(Some(texts))
    }

    /// An array of numbers, as floats.
    pub(super) fn floats(&self, key: &str) -> Result<Option<Vec<f32>>> {
        self.numbers(key, "numbers", |kind| match kind {
            Kind::Integer(number) => Some(*number as f32),
            Kind::Float(number) => Some(*number as f32),
            _ => None,
        })
    }

    /// An array of whole numbers.
    pub(super) fn integers(&self, key: &str) -> Result<Option<Vec<i32>>> {
        self.numbers(key, "whole numbers", |kind| match kind {
            Kind::Integer(number) => i32::try_from(*number).ok(),
            _ => None,
        })
    }

    /// An array of bytes.
    pub(super) fn bytes(&self, key: &str) -> Result<Option<Vec<u8>>> {
        self.numbers(key, "bytes", |kind| match kind {
            Kind::Integer(number) => {
                u8::try_from(*number).or_else(|_| i8::try_from(*number).map(i8::cast_unsigned)).ok()
            }
            _ => None,
        })
    }

    fn numbers<T>(
        &self,
        key: &str,
        what: &str,
        read: impl Fn(&Kind<'a>) -> Option<T>,
    ) -> Result<Option<Vec<T>>> {
        let Some((_, array)) = self.array(key)? else { return Ok(None) };
        // Each takes a byte of the file at least.
        let mut numbers = Vec::with_capacity(array.count);
        for value in array.values() {
            let value = value?;
            let bad = || value.error(key, &format!("expected an array of {what}"));
            numbers.push(read(&value.kind).ok_or_else(bad)?);
        }
        Ok(Some(numbers))
    }

    fn array(&self, key: &str) -> Result<Option<(Value<'a>, Array<'a>)>> {
        self.get(key)
            .map(|value| match value.kind {
                Kind::Array(array) => Ok((value, array)),
                _ => Err(value.error(key, "expected an array")),
            })
            .transpose()
    }
}

impl<'a> Array<'a> {
    fn values(self) -> impl Iterator<Item = Result<Value<'a>>> {
        let Self { element, count, mut data } = self;
        (0..count).map(move |_| data.value(element, 1))
    }
}

impl<'a> Value<'a> {
    fn error(&self, key: &str, why: &str) -> Error {
        Error::byte(self.at, format!("`{key:.80}`: {why}"))
    }

    fn text(&self, key: &str) -> Result<&'a str> {
        let Kind::Text(bytes) = self.kind else {
            return Err(self.error(key, "expected a string"));
        };
        std::str::from_utf8(bytes).map_err(|_| self.error(key, "not UTF-8"))
    }
}

/// An error of a value, with its key.
fn named(key: &str, error: Error) -> Error {
    match error {
        Error::Model { place, why } => Error::Model { place, why: format!("`{key:.80}`: {why}") },
        other => other,
    }
}

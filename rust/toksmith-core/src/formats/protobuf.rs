//! The wire format of protocol buffers, read field by field, never past the end, and written.
//!
//! A message is a run of fields, each a number, a wire type and a value; what a field means is
//! its reader's business. Values are borrowed, so nothing is allocated for a size that a file
//! declares. Accepted is what the official parser accepts: unknown fields of any wire type,
//! groups included, are passed over; anything cut short is an error.

use crate::error::{Error, Result};

/// Groups inside groups that are still passed over.
const MAX_DEPTH: usize = 100;

/// Wire types that are written.
const VARINT: u32 = 0;
const BYTES: u32 = 2;
const FIXED32: u32 = 5;

/// A field's value as it stands on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value<'a> {
    /// An integer, a bool or an enum.
    Varint(u64),
    /// Four bytes, a float among others.
    Fixed32(u32),
    /// Bytes, text or a message.
    Bytes(&'a [u8]),
    /// What no reader here asks for: eight bytes, or a group.
    Other,
}

/// A field of a message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field<'a> {
    /// Its number.
    pub(super) number: u32,
    /// Its value.
    pub(super) value: Value<'a>,
    /// Where the value begins in the file.
    pub(super) at: usize,
}

/// Reads the fields of one message.
pub(super) struct Reader<'a> {
    data: &'a [u8],
    /// Next byte, counted from the beginning of the message.
    at: usize,
    /// Where the message begins in the file.
    base: usize,
}

impl<'a> Reader<'a> {
    /// A reader of a message that begins at byte `base` of its file.
    pub(super) fn new(data: &'a [u8], base: usize) -> Self {
        Self { data, at: 0, base }
    }

    /// The next field, `None` at the end of the message.
    pub(super) fn next(&mut self) -> Result<Option<Field<'a>>> {
        if self.at >= self.data.len() {
            return Ok(None);
        }
        let (number, wire) = self.tag()?;
        let begin = self.at;
        let value = self.value(number, wire, 0)?;
        // The value of a field with a length begins behind the length.
        let at = match value {
            Value::Bytes(bytes) => self.at - bytes.len(),
            _ => begin,
        };
        Ok(Some(Field { number, value, at: self.base + at }))
    }

    fn error(&self, why: impl Into<String>) -> Error {
        Error::byte(self.base + self.at, why)
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8]> {
        let left = self.data.len().saturating_sub(self.at);
        let bytes = self.at.checked_add(len).and_then(|end| self.data.get(self.at..end));
        let Some(bytes) = bytes else {
            return Err(self.error(format!("a field of {len} bytes, but {left} are left")));
        };
        self.at += len;
        Ok(bytes)
    }

    fn varint(&mut self) -> Result<u64> {
        let mut value = 0_u64;
        for shift in (0..70).step_by(7) {
            let Some(&byte) = self.data.get(self.at) else {
                return Err(self.error("a number that is cut short"));
            };
            self.at += 1;
            // The tenth byte holds one bit; the rest of it is dropped, as by the official parser.
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(self.error("a number of more than ten bytes"))
    }

    fn tag(&mut self) -> Result<(u32, u32)> {
        let begin = self.at;
        let tag = self.varint()?;
        match u32::try_from(tag) {
            Ok(tag) if tag >> 3 != 0 => Ok((tag >> 3, tag & 7)),
            _ => {
                self.at = begin;
                Err(self.error(format!("{tag:#x} where a field's number was expected")))
            }
        }
    }

    fn value(&mut self, number: u32, wire: u32, depth: usize) -> Result<Value<'a>> {
        Ok(match wire {
            0 => Value::Varint(self.varint()?),
            1 => {
                self.take(8)?;
                Value::Other
            }
            2 => {
                let len = self.varint()?;
                let Ok(len) = usize::try_from(len) else {
                    return Err(self.error(format!("a field of {len} bytes")));
                };
                Value::Bytes(self.take(len)?)
            }
            3 => {
                if depth == MAX_DEPTH {
                    return Err(self.error(format!("more than {MAX_DEPTH} groups in each other")));
                }
                loop {
                    let (inner, wire) = self.tag()?;
                    if wire == 4 {
                        if inner != number {
                            return Err(self
                                .error(format!("the end of group {inner} inside group {number}")));
                        }
                        break Value::Other;
                    }
                    self.value(inner, wire, depth + 1)?;
                }
            }
            5 => {
                let bytes = self.take(4)?;
                Value::Fixed32(bytes.iter().rev().fold(0, |n, &byte| n << 8 | u32::from(byte)))
            }
            _ => return Err(self.error(format!("wire type {wire} of field {number}"))),
        })
    }
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn put_tag(out: &mut Vec<u8>, field: u32, wire: u32) {
    put_varint(out, (field << 3 | wire).into());
}

/// Appends an integer, a bool or an enum.
pub(crate) fn put_number(out: &mut Vec<u8>, field: u32, value: u64) {
    put_tag(out, field, VARINT);
    put_varint(out, value);
}

/// Appends bytes, text or a message.
pub(crate) fn put_bytes(out: &mut Vec<u8>, field: u32, value: &[u8]) {
    put_tag(out, field, BYTES);
    put_varint(out, value.len() as u64);
    out.extend_from_slice(value);
}

/// Appends a float.
pub(crate) fn put_float(out: &mut Vec<u8>, field: u32, value: f32) {
    put_tag(out, field, FIXED32);
    out.extend_from_slice(&value.to_le_bytes());
}

//! Reading integers and strings from a `.toksmith` file, never past its end.

use crate::error::{Error, Result};

/// How deep sequences may nest.
const MAX_DEPTH: usize = 32;

/// A place in the file. Every error carries it.
pub(super) struct Cursor<'a> {
    data: &'a [u8],
    at: usize,
    depth: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(data: &'a [u8], at: usize) -> Self {
        Self { data, at, depth: 0 }
    }

    pub(super) fn error(&self, why: impl Into<String>) -> Error {
        Error::byte(self.at, why)
    }

    pub(super) fn left(&self) -> usize {
        self.data.len().saturating_sub(self.at)
    }

    pub(super) fn take(&mut self, len: usize) -> Result<&'a [u8]> {
        let end = self.at.checked_add(len);
        let Some(bytes) = end.and_then(|end| self.data.get(self.at..end)) else {
            return Err(self.error(format!("{len} bytes expected, {} left", self.left())));
        };
        self.at += len;
        Ok(bytes)
    }

    /// Reads something that may hold others of its kind.
    pub(super) fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.error(format!("sequences nested deeper than {MAX_DEPTH}")));
        }
        let value = read(self)?;
        self.depth -= 1;
        Ok(value)
    }

    pub(super) fn byte(&mut self) -> Result<u8> {
        Ok(self.take(1)?.first().copied().unwrap_or_default())
    }

    /// LEB128: seven bits a byte, lowest first, the high bit set on all but the last.
    pub(super) fn number(&mut self) -> Result<u32> {
        let mut value = 0_u64;
        for shift in (0..35).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return u32::try_from(value).map_err(|_| self.error("a number above 2^32"));
            }
        }
        Err(self.error("a number of more than five bytes"))
    }

    /// A count of things of at least `each` bytes; more than the rest of the file can hold is
    /// an error, so that memory can be reserved for them.
    pub(super) fn count(&mut self, each: usize, what: &str) -> Result<usize> {
        let count = self.number()? as usize;
        if count.saturating_mul(each) > self.left() {
            return Err(self.error(format!("{count} {what} do not fit in {} bytes", self.left())));
        }
        Ok(count)
    }

    pub(super) fn bytes(&mut self) -> Result<&'a [u8]> {
        let len = self.number()? as usize;
        self.take(len)
    }

    pub(super) fn text(&mut self) -> Result<String> {
        let bytes = self.bytes()?;
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(text.to_owned()),
            Err(_) => Err(self.error("a string that is not UTF-8")),
        }
    }
}

/// Appends a number as [`Cursor::number`] reads it.
pub(super) fn put_number(out: &mut Vec<u8>, mut value: u32) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a length and bytes.
pub(super) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_number(out, bytes.len() as u32);
    out.extend_from_slice(bytes);
}

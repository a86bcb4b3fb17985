//! The files of a folder as one piece of bytes, for callers that pass nothing else on.
//!
//! The magic, then for each file the length of its name as u64 with the lowest byte first, the
//! name, the length of its content in the same way, and the content.

use super::Files;
use crate::error::{Error, Result};

/// First bytes of a packed folder.
pub const MAGIC: &[u8] = b"TOKSMITH FOLDER\n";

/// Packs files.
pub fn pack(files: &Files<'_>) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    for (name, content) in files {
        for part in [name.as_bytes(), content] {
            out.extend_from_slice(&(part.len() as u64).to_le_bytes());
            out.extend_from_slice(part);
        }
    }
    out
}

/// The files in a packed folder.
pub(super) fn unpack(data: &[u8]) -> Result<Files<'_>> {
    let mut at = MAGIC.len();
    let mut files = Files::new();
    while at < data.len() {
        let (start, name) = part(data, &mut at)?;
        let name = std::str::from_utf8(name).map_err(|_| Error::byte(start, "not UTF-8"))?;
        let (_, content) = part(data, &mut at)?;
        if files.insert(name, content).is_some() {
            return Err(Error::byte(start, format!("a second file called {name:?}")));
        }
    }
    Ok(files)
}

/// A length and as many bytes, and where they start.
fn part<'d>(data: &'d [u8], at: &mut usize) -> Result<(usize, &'d [u8])> {
    let rest = data.get(*at..).unwrap_or_default();
    let (length, rest) =
        rest.split_first_chunk().ok_or_else(|| Error::byte(*at, "the folder is cut"))?;
    let length = u64::from_le_bytes(*length);
    let bytes = usize::try_from(length).ok().and_then(|length| rest.get(..length));
    let bytes = bytes
        .ok_or_else(|| Error::byte(*at, format!("{length} bytes expected, {} left", rest.len())))?;
    let start = *at + 8;
    *at = start + bytes.len();
    Ok((start, bytes))
}

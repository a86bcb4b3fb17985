//! Counts in a file, to be gone on with or trained from later.
//!
//! ```text
//! "TOKSMITH COUNTS\n"                    16 bytes
//! version                                 u32: 1
//! length of the next, and what was counted  u32, UTF-8: [`Counter`](super::Counter) says how
//! number of sources, texts of each        u32, u64 each; none for a plain table
//! words and counts                        see `entries.rs`
//! SHA-256 of all before                   32 bytes
//! ```
//!
//! Numbers are little-endian. The same counts make the same bytes. A file is written beside its
//! place and moved there when it is whole and on the disk.

use super::entries::{DIGEST, Reader, Writer, failed};
use crate::error::{Error, Result};
use crate::train::words::WordCounts;
use crate::watch::Watch;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

const MAGIC: &[u8; 16] = b"TOKSMITH COUNTS\n";
const VERSION: u32 = 1;
/// Bytes of the buffers of saved files.
const BUFFER: usize = 1 << 16;

/// What stands before the words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Header {
    /// How words were made; empty for a plain table.
    pub(super) made_by: String,
    /// Number of texts counted of each source.
    pub(super) texts: Vec<u64>,
}

/// A file beside the one it will be; removed if that does not come about.
struct Beside {
    path: PathBuf,
    moved: bool,
}

impl Drop for Beside {
    fn drop(&mut self) {
        if !self.moved {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Writes a file that is either all there or as it was before; `words` writes the words.
pub(super) fn write(
    path: &Path,
    header: &Header,
    words: impl FnOnce(&mut Writer) -> Result<()>,
) -> Result<()> {
    let Some(name) = path.file_name() else {
        return Err(Error::Input { why: format!("{}: not the name of a file", path.display()) });
    };
    let mut hidden = OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".{}.tmp", std::process::id()));
    let at = path.with_file_name(hidden);
    // What a process of this number left.
    let _ = std::fs::remove_file(&at);
    let mut writer = Writer::create(&at, BUFFER, true)?;
    let mut beside = Beside { path: at, moved: false };
    let length = |length: usize| u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes();
    writer.put(MAGIC)?;
    writer.put(&VERSION.to_le_bytes())?;
    writer.put(&length(header.made_by.len()))?;
    writer.put(header.made_by.as_bytes())?;
    writer.put(&length(header.texts.len()))?;
    for texts in &header.texts {
        writer.put(&texts.to_le_bytes())?;
    }
    words(&mut writer)?;
    writer.end()?;
    let file = writer.finish()?;
    let moved = file.sync_all().and_then(|()| std::fs::rename(&beside.path, path));
    moved.map_err(|error| failed(path, "written", &error))?;
    beside.moved = true;
    Ok(())
}

/// Reads a file: `begin` sees its header first, then `each` the words in order. What they made of
/// it is to be thrown away if this fails: the checksum comes last.
pub(super) fn read<S>(
    path: &Path,
    watch: &Watch<'_>,
    begin: impl FnOnce(Header) -> Result<S>,
    mut each: impl FnMut(&mut S, &[u8], u64) -> Result<()>,
) -> Result<S> {
    let mut reader = Reader::open(path, BUFFER, true)?;
    let mut magic = [0; MAGIC.len()];
    if reader.left() < magic.len() as u64 {
        return Err(reader.malformed("too short to be saved counts"));
    }
    reader.take(&mut magic)?;
    if magic != *MAGIC {
        return Err(reader.malformed("not saved counts"));
    }
    let version = word(&mut reader)?;
    if version != VERSION {
        let feature = format!("{}: saved counts of version {version}", path.display());
        return Err(Error::unsupported(feature));
    }
    let length = sized(&mut reader, 1)?;
    let mut made_by = vec![0; length];
    reader.take(&mut made_by)?;
    let made_by = String::from_utf8(made_by).map_err(|_| reader.malformed("not UTF-8"))?;
    let sources = sized(&mut reader, size_of::<u64>())?;
    let mut texts = Vec::with_capacity(sources);
    for _ in 0..sources {
        let mut bytes = [0; size_of::<u64>()];
        reader.take(&mut bytes)?;
        texts.push(u64::from_le_bytes(bytes));
    }
    let mut state = begin(Header { made_by, texts })?;
    let (mut current, mut polled) = (Vec::new(), 0);
    while let Some(count) = reader.next_into(&mut current)? {
        each(&mut state, &current, count)?;
        polled += 1;
        if polled % (1 << 14) == 0 {
            watch.poll()?;
        }
    }
    reader.finish()?;
    Ok(state)
}

fn word(reader: &mut Reader) -> Result<u32> {
    let mut bytes = [0; size_of::<u32>()];
    reader.take(&mut bytes)?;
    Ok(u32::from_le_bytes(bytes))
}

/// A number of things of so many bytes, of which the file is large enough to hold all.
fn sized(reader: &mut Reader, each: usize) -> Result<usize> {
    let count = word(reader)? as usize;
    let bytes = count.saturating_mul(each).saturating_add(DIGEST);
    if bytes as u64 > reader.left() {
        return Err(reader.malformed(&format!("{count} more entries than the file can hold")));
    }
    Ok(count)
}

impl WordCounts {
    /// Writes the table to a file, which is whole or as it was before.
    ///
    /// # Errors
    /// [`Error::Input`] if it cannot be written.
    pub fn save(&self, path: &Path) -> Result<()> {
        write(path, &Header::default(), |writer| {
            self.iter().try_for_each(|(word, count)| writer.entry(word, count))
        })
    }

    /// Reads what [`WordCounts::save`] or [`Counter::save`](super::Counter::save) wrote.
    ///
    /// # Errors
    /// [`Error::Input`] if it cannot be read or is malformed, [`Error::Unsupported`] if a later
    /// version wrote it.
    pub fn load(path: &Path, watch: &Watch<'_>) -> Result<Self> {
        read(
            path,
            watch,
            |_| Ok(Self::default()),
            |table, word, count| {
                // Reading has made sure that it follows.
                table.push(word, count);
                Ok(())
            },
        )
    }
}

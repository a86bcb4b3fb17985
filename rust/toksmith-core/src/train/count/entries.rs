//! Sorted words and counts in a file: what runs and saved counts are made of.
//!
//! An entry is the length of a word, its bytes, and its count; numbers are in seven bits a byte,
//! lowest first (LEB128). A length of zero ends the list. Nothing is believed: an order that is not
//! ascending, a count of zero, a length that exceeds the file, all are errors that name the file
//! and the byte.

use crate::error::{Error, Result};
use sha2::{Digest as _, Sha256};
use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, BufWriter, Read, Write as _};
use std::path::{Path, PathBuf};
#[cfg(unix)]
use std::sync::Arc;

/// Bytes of a SHA-256.
pub(super) const DIGEST: usize = 32;
/// Bytes of the longest number.
const NUMBER: usize = 10;

/// The error of a file that cannot be read or written.
pub(super) fn failed(path: &Path, doing: &str, error: &std::io::Error) -> Error {
    Error::Input { why: format!("{}: cannot be {doing}: {error}", path.display()) }
}

/// Writes entries to a new file.
#[derive(Debug)]
pub(super) struct Writer {
    path: PathBuf,
    out: BufWriter<File>,
    hash: Option<Sha256>,
}

impl Writer {
    /// Creates a file that must not exist, to be written and then read. `digest`: everything
    /// written is hashed.
    pub(super) fn create(path: &Path, buffer: usize, digest: bool) -> Result<Self> {
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(path);
        let file = file.map_err(|error| failed(path, "written", &error))?;
        Ok(Self {
            path: path.to_owned(),
            out: BufWriter::with_capacity(buffer, file),
            hash: digest.then(Sha256::new),
        })
    }

    /// Writes bytes as they are.
    pub(super) fn put(&mut self, bytes: &[u8]) -> Result<()> {
        if let Some(hash) = &mut self.hash {
            hash.update(bytes);
        }
        self.out.write_all(bytes).map_err(|error| failed(&self.path, "written", &error))
    }

    fn number(&mut self, mut number: u64) -> Result<()> {
        let (mut bytes, mut len) = ([0; NUMBER], 0);
        for byte in &mut bytes {
            *byte = number as u8 & 0x7F;
            number >>= 7;
            len += 1;
            if number == 0 {
                break;
            }
            *byte |= 0x80;
        }
        self.put(bytes.get(..len).unwrap_or_default())
    }

    /// Writes an entry; the word is not empty, and follows the last one.
    pub(super) fn entry(&mut self, word: &[u8], count: u64) -> Result<()> {
        self.number(word.len() as u64)?;
        self.put(word)?;
        self.number(count)
    }

    /// Ends the list.
    pub(super) fn end(&mut self) -> Result<()> {
        self.number(0)
    }

    /// Writes the hash of all before, if there is to be one, and everything that is waiting.
    pub(super) fn finish(mut self) -> Result<File> {
        if let Some(hash) = self.hash.take() {
            self.put(&hash.finalize())?;
        }
        let Self { path, out, .. } = self;
        out.into_inner().map_err(|error| failed(&path, "written", error.error()))
    }
}

/// Where entries are read from.
#[derive(Debug)]
enum Input {
    /// A file of its own.
    File(File),
    /// A file that others may read at the same time, and how far this one has come: a place in a
    /// file that is shared would be shared, too.
    #[cfg(unix)]
    Shared(Arc<File>, u64),
}

impl Read for Input {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Self::File(file) => file.read(out),
            #[cfg(unix)]
            Self::Shared(file, at) => {
                let read = std::os::unix::fs::FileExt::read_at(&**file, out, *at)?;
                *at += read as u64;
                Ok(read)
            }
        }
    }
}

/// Reads entries.
#[derive(Debug)]
pub(super) struct Reader {
    path: PathBuf,
    input: BufReader<Input>,
    hash: Option<Sha256>,
    at: u64,
    len: u64,
    last: Vec<u8>,
}

impl Reader {
    /// Opens a regular file. `digest`: everything read is hashed.
    pub(super) fn open(path: &Path, buffer: usize, digest: bool) -> Result<Self> {
        let open = || {
            let file = File::open(path)?;
            let metadata = file.metadata()?;
            Ok((file, metadata))
        };
        let (file, metadata) = open().map_err(|error| failed(path, "read", &error))?;
        if !metadata.is_file() {
            return Err(Error::Input { why: format!("{}: not a regular file", path.display()) });
        }
        Ok(Self {
            path: path.to_owned(),
            input: BufReader::with_capacity(buffer, Input::File(file)),
            hash: digest.then(Sha256::new),
            at: 0,
            len: metadata.len(),
            last: Vec::new(),
        })
    }

    /// Reads a file from its beginning that was opened before, and has no name any more; `path`
    /// is for errors.
    #[cfg(unix)]
    pub(super) fn shared(file: &Arc<File>, path: &Path, buffer: usize) -> Result<Self> {
        let metadata = file.metadata().map_err(|error| failed(path, "read", &error))?;
        let input = Input::Shared(Arc::clone(file), 0);
        Ok(Self {
            path: path.to_owned(),
            input: BufReader::with_capacity(buffer, input),
            hash: None,
            at: 0,
            len: metadata.len(),
            last: Vec::new(),
        })
    }

    /// What is wrong at the place that is read next.
    pub(super) fn malformed(&self, why: &str) -> Error {
        let path = self.path.display();
        Error::Input { why: format!("{path}: malformed counts: byte {}: {why}", self.at) }
    }

    /// Bytes that are left.
    pub(super) fn left(&self) -> u64 {
        self.len.saturating_sub(self.at)
    }

    /// Fills `out`.
    pub(super) fn take(&mut self, out: &mut [u8]) -> Result<()> {
        if out.len() as u64 > self.left() {
            return Err(self.malformed(&format!(
                "{} more bytes expected, {} left",
                out.len(),
                self.left()
            )));
        }
        self.input.read_exact(out).map_err(|error| failed(&self.path, "read", &error))?;
        self.at += out.len() as u64;
        if let Some(hash) = &mut self.hash {
            hash.update(out);
        }
        Ok(())
    }

    fn number(&mut self) -> Result<u64> {
        let (mut number, mut shift, mut read) = (0u64, 0, [0; NUMBER]);
        for at in 0..NUMBER {
            let available = self.input.fill_buf();
            let available = available.map_err(|error| failed(&self.path, "read", &error))?;
            let Some(&byte) = available.first() else {
                return Err(self.malformed("the file ends inside a number"));
            };
            self.input.consume(1);
            self.at += 1;
            read[at] = byte;
            if at == NUMBER - 1 && byte > 1 {
                break;
            }
            number |= u64::from(byte & 0x7F) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                if let Some(hash) = &mut self.hash {
                    hash.update(read.get(..=at).unwrap_or_default());
                }
                return Ok(number);
            }
        }
        Err(self.malformed("a number of more than 64 bits"))
    }

    /// Writes the next word to `word`; gives its count, or nothing at the end of the list.
    pub(super) fn next_into(&mut self, word: &mut Vec<u8>) -> Result<Option<u64>> {
        let len = self.number()?;
        if len == 0 {
            return Ok(None);
        }
        if len > self.left() {
            return Err(self.malformed(&format!("a word of {len} bytes, {} left", self.left())));
        }
        word.clear();
        word.resize(len as usize, 0);
        self.take(word)?;
        if *word <= self.last {
            return Err(self.malformed("a word that does not follow the one before it"));
        }
        let count = self.number()?;
        if count == 0 {
            return Err(self.malformed("a count of zero"));
        }
        self.last.clone_from(word);
        Ok(Some(count))
    }

    /// Checks the hash of all before, and that nothing follows it.
    pub(super) fn finish(mut self) -> Result<()> {
        let Some(hash) = self.hash.take() else { return Ok(()) };
        let (expected, mut found) = (hash.finalize(), [0; DIGEST]);
        self.take(&mut found)?;
        if expected.as_slice() != found {
            return Err(self.malformed("the checksum differs from that of the content"));
        }
        if self.left() > 0 {
            return Err(self.malformed("nothing more expected"));
        }
        Ok(())
    }
}

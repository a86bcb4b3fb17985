//! The bytes of a file, mapped into memory where that saves reading it.
//!
//! A `.toksmith` file is checked and copied from in one pass, and of a GGUF file, which may hold
//! a whole model, only the beginning is looked at: these are mapped. Any other file is read.
//! [`map`] and [`read`] give the same bytes; this is the one place where files are mapped.
//!
//! Start at [`open`].

use crate::error::{Error, Result};
use memmap2::Mmap;
use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::ops::Deref;
use std::path::Path;

/// How files begin that are mapped.
const MAPPED: [&[u8]; 2] = [b"toksmith", b"GGUF"];

/// The bytes of a file.
#[derive(Debug)]
pub enum Contents {
    /// Where the system keeps them.
    Mapped(Mmap),
    /// A copy.
    Read(Vec<u8>),
}

impl Deref for Contents {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Mapped(map) => map,
            Self::Read(bytes) => bytes,
        }
    }
}

/// Opens a regular file.
///
/// # Errors
/// [`Error::Input`] if it cannot be read.
pub fn open(path: &Path) -> Result<Contents> {
    let mut file = file(path)?;
    let mut start = Vec::new();
    let longest = MAPPED.iter().map(|magic| magic.len()).max().unwrap_or(0);
    let peeked = (&mut file).take(longest as u64).read_to_end(&mut start);
    peeked.and_then(|_| file.rewind()).map_err(|error| failed(&error))?;
    if MAPPED.iter().any(|magic| start.starts_with(magic)) { map(&file) } else { read(file) }
}

/// A regular file, open for reading.
///
/// # Errors
/// [`Error::Input`] if it is none or cannot be opened.
pub fn file(path: &Path) -> Result<File> {
    let file = File::open(path).map_err(|error| failed(&error))?;
    if !file.metadata().map_err(|error| failed(&error))?.is_file() {
        return Err(Error::Input { why: "not a regular file".into() });
    }
    Ok(file)
}

/// Maps a file. While the result lives the file must not be changed in place: to replace it by
/// another, as [`Tokenizer::save`](crate::Tokenizer) of the Python package does, is no change.
///
/// # Errors
/// [`Error::Input`] if the system cannot.
pub fn map(file: &File) -> Result<Contents> {
    // SAFETY: the map is read-only and private, its pages stay valid while it lives, and any
    // bytes are valid `u8`. That nobody changes them is asked of the caller; loaders copy what
    // they keep and check what they copy, so that a file changed all the same is refused or
    // gives a tokenizer of the changed bytes.
    let map = unsafe { Mmap::map(file) };
    map.map(Contents::Mapped).map_err(|error| failed(&error))
}

/// Reads a file whole: the safe twin of [`map`].
///
/// # Errors
/// [`Error::Input`] if that fails.
pub fn read(mut file: File) -> Result<Contents> {
    let size = file.metadata().map_or(0, |metadata| metadata.len());
    let mut bytes = Vec::new();
    let fits = usize::try_from(size).is_ok_and(|size| bytes.try_reserve_exact(size).is_ok());
    if !fits {
        return Err(Error::Input { why: format!("its {size} bytes do not fit into memory") });
    }
    file.read_to_end(&mut bytes).map_err(|error| failed(&error))?;
    Ok(Contents::Read(bytes))
}

fn failed(error: &std::io::Error) -> Error {
    Error::Input { why: format!("cannot be read: {error}") }
}

#[cfg(test)]
mod tests {
    use super::{Contents, file, map, open, read};
    use crate::error::{Error, ErrorKind};

    #[test]
    fn a_map_has_the_bytes_of_the_file() -> Result<(), Error> {
        let path = std::env::temp_dir().join(format!("toksmith-mmap-{}", std::process::id()));
        let io = |error: std::io::Error| Error::Input { why: error.to_string() };
        for bytes in [&b""[..], b"{}", b"toks", b"toksmith and more", b"GGUF"] {
            std::fs::write(&path, bytes).map_err(io)?;
            assert_eq!(&*read(file(&path)?)?, bytes);
            assert_eq!(&*map(&file(&path)?)?, bytes);
            let opened = open(&path)?;
            assert_eq!(&*opened, bytes);
            let mapped = bytes.starts_with(b"toksmith") || bytes.starts_with(b"GGUF");
            assert_eq!(matches!(opened, Contents::Mapped(_)), mapped);
        }
        std::fs::remove_file(&path).map_err(io)?;
        for missing in [path.as_path(), &std::env::temp_dir()] {
            assert_eq!(open(missing).err().map(|error| error.kind()), Some(ErrorKind::Input));
        }
        Ok(())
    }
}

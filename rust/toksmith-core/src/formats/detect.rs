//! Which format a file has, by its content.
//!
//! Formats that are recognised but not read yet are named in the error, so that the user
//! learns what the file is.

use crate::error::{Error, Result};
use std::fmt;

/// A format that can be read and written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `tokenizer.json`.
    HfJson,
    /// Lines of base64 and rank.
    Tiktoken,
    /// `.toksmith`.
    Native,
}

impl Format {
    /// The format that callers of `save` call so.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "json" => Some(Self::HfJson),
            "tiktoken" => Some(Self::Tiktoken),
            "toksmith" => Some(Self::Native),
            _ => None,
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HfJson => "a tokenizer.json",
            Self::Tiktoken => "a rank file",
            Self::Native => "a .toksmith file",
        })
    }
}

/// First bytes of formats that are not read.
const FOREIGN: [(&[u8], &str); 7] = [
    (b"GGUF", "GGUF files"),
    (b"PK\x03\x04", "zip archives (unpack it and open the tokenizer file inside)"),
    (b"\x1f\x8b", "gzip files (unpack it first)"),
    (b"\x28\xb5\x2f\xfd", "zstd files (unpack it first)"),
    (
        b"version https://git-lfs",
        "git-lfs pointers (this is not the file but its address: run `git lfs pull`)",
    ),
    (b"#version:", "merges.txt on its own (open the tokenizer.json)"),
    (b"\xef\xbb\xbf", "a byte order mark at the start of a tokenizer file"),
];

/// Finds the format of a tokenizer file.
///
/// # Errors
/// [`Error::Unsupported`] names a format that is recognised but not read; [`Error::Model`]
/// means that the file looks like none.
pub fn detect(data: &[u8]) -> Result<Format> {
    if data.starts_with(super::native::MAGIC) {
        return Ok(Format::Native);
    }
    if let Some((_, what)) = FOREIGN.iter().find(|(magic, _)| data.starts_with(magic)) {
        return Err(Error::unsupported(*what));
    }
    if is_sentencepiece(data) {
        return Err(Error::unsupported("SentencePiece models"));
    }
    let start = data.iter().position(|byte| !byte.is_ascii_whitespace());
    let text = start.and_then(|start| data.get(start..)).unwrap_or_default();
    let line = text.split(|&byte| byte == b'\n' || byte == b'\r').next().unwrap_or_default();
    match text.first() {
        None => Err(Error::byte(0, "the file is empty")),
        Some(b'{') => Ok(Format::HfJson),
        // Loose on purpose: a damaged first line should be reported as such.
        Some(_) if line.contains(&b' ') && line.last().is_some_and(u8::is_ascii_digit) => {
            Ok(Format::Tiktoken)
        }
        Some(_) if is_vocab_txt(data) => Err(Error::unsupported("vocab.txt (WordPiece)")),
        Some(_) => Err(Error::byte(
            start.unwrap_or(0),
            "neither a tokenizer.json nor a rank file nor a .toksmith file starts like this",
        )),
    }
}

/// A protobuf message whose first field holds a piece whose first field is its text.
fn is_sentencepiece(data: &[u8]) -> bool {
    match *data {
        [0x0a, len, 0x0a, text, ..] if len < 0x80 => text < len,
        [0x0a, low, high, 0x0a, ..] => low >= 0x80 && (1..0x80).contains(&high),
        _ => false,
    }
}

/// One token a line, with the special tokens of BERT among them.
fn is_vocab_txt(data: &[u8]) -> bool {
    data.split(|&byte| byte == b'\n')
        .take(2000)
        .any(|line| matches!(line.trim_ascii_end(), b"[UNK]" | b"[CLS]" | b"[PAD]"))
}

#[cfg(test)]
mod tests {
    use super::{Format, detect};

    #[test]
    fn formats_are_told_apart_by_content() {
        assert_eq!(detect(b" \n{\"model\": 1}"), Ok(Format::HfJson));
        assert_eq!(detect(b"IQ== 0\nIg== 1\n"), Ok(Format::Tiktoken));
        assert_eq!(detect(b"IQ== 0\r\n"), Ok(Format::Tiktoken));
        assert_eq!(detect(super::super::native::MAGIC), Ok(Format::Native));
    }

    #[test]
    fn foreign_formats_are_named() {
        let cases: [(&[u8], &str); 6] = [
            (b"GGUF\x03\0\0\0", "GGUF"),
            (b"\n\x0e\n\x05<unk>\x15\0\0\0\0\x18\x02\n\x0c", "SentencePiece"),
            (b"PK\x03\x04rest", "zip"),
            (b"version https://git-lfs.github.com/spec/v1\noid", "git-lfs"),
            (b"[PAD]\n[UNK]\nthe\n", "vocab.txt"),
            (b"#version: 0.2\na b\n", "merges.txt"),
        ];
        for (data, name) in cases {
            let error = detect(data).err();
            assert_eq!(error.as_ref().map(crate::Error::kind), Some(crate::ErrorKind::Unsupported));
            assert!(error.is_some_and(|error| error.to_string().contains(name)), "{name}");
        }
        for nothing in [b"".as_slice(), b"\n \n", b"hello\n", b"\0\0\0\0"] {
            assert_eq!(detect(nothing).map_err(|e| e.kind()), Err(crate::ErrorKind::Model));
        }
    }
}

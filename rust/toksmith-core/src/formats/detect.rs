//! Which format a file has, by its content.
//!
//! Files that are recognised but not read are named in the error, so that the user
//! learns what the file is.

use crate::error::{Error, Result};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// A format that is recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `tokenizer.json`.
    HfJson,
    /// Lines of base64 and rank.
    Tiktoken,
    /// `.toksmith`.
    Native,
    /// A `.model` of sentencepiece.
    SentencePiece,
    /// GGUF.
    Gguf,
    /// `tekken.json`.
    Tekken,
    /// `vocab.txt` of BERT: a token a line.
    VocabTxt,
    /// `vocab.json` of GPT-2: tokens and ids, which needs `merges.txt`.
    VocabJson,
    /// Files of a folder, packed into one.
    Folder,
}

impl Format {
    /// The format that callers of `save` call so.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "json" => Some(Self::HfJson),
            "model" => Some(Self::SentencePiece),
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
            Self::SentencePiece => "a SentencePiece model",
            Self::Gguf => "a GGUF file",
            Self::Tekken => "a tekken.json",
            Self::VocabTxt => "a vocab.txt",
            Self::VocabJson => "a vocab.json",
            Self::Folder => "a folder",
        })
    }
}

/// First bytes of formats that are not read.
const FOREIGN: [(&[u8], &str); 6] = [
    (b"PK\x03\x04", "zip archives (unpack it and open the tokenizer file inside)"),
    (b"\x1f\x8b", "gzip files (unpack it first)"),
    (b"\x28\xb5\x2f\xfd", "zstd files (unpack it first)"),
    (
        b"version https://git-lfs",
        "git-lfs pointers (this is not the file but its address: run `git lfs pull`)",
    ),
    (b"#version:", "merges.txt on its own (open the folder, or the tokenizer.json)"),
    (b"\xef\xbb\xbf", "a byte order mark at the start of a tokenizer file"),
];

/// Finds the format of a tokenizer file.
///
/// # Errors
/// [`Error::Unsupported`] names a format that is recognised but not read; [`Error::Model`]
/// means that the file looks like none.
pub fn detect(data: &[u8]) -> Result<Format> {
    for (magic, format) in [
        (super::native::MAGIC, Format::Native),
        (super::folder::MAGIC, Format::Folder),
        (b"GGUF", Format::Gguf),
    ] {
        if data.starts_with(magic) {
            return Ok(format);
        }
    }
    if let Some((_, what)) = FOREIGN.iter().find(|(magic, _)| data.starts_with(magic)) {
        return Err(Error::unsupported(*what));
    }
    if is_sentencepiece(data) {
        return Ok(Format::SentencePiece);
    }
    let start = data.iter().position(|byte| !byte.is_ascii_whitespace());
    let text = start.and_then(|start| data.get(start..)).unwrap_or_default();
    let line = text.split(|&byte| byte == b'\n' || byte == b'\r').next().unwrap_or_default();
    match text.first() {
        None => Err(Error::byte(0, "the file is empty")),
        Some(b'{') if !is_vocab_txt(data) => Ok(json_kind(text)),
        // Loose on purpose: a damaged first line should be reported as such.
        Some(_) if line.contains(&b' ') && line.last().is_some_and(u8::is_ascii_digit) => {
            Ok(Format::Tiktoken)
        }
        Some(_) if is_vocab_txt(data) => Ok(Format::VocabTxt),
        Some(_) => Err(Error::byte(
            start.unwrap_or(0),
            "neither a tokenizer.json nor a rank file nor a .toksmith file starts like this",
        )),
    }
}

/// Which JSON file this is. Reads as far as it must: one that is malformed is for the reader of
/// tokenizer.json to complain about.
fn json_kind(text: &[u8]) -> Format {
    let mut seen = JsonSeen::default();
    let mut json = serde_json::Deserializer::from_slice(text);
    let read = (&mut seen).deserialize(&mut json).is_ok();
    match seen {
        JsonSeen { model: true, .. } => Format::HfJson,
        JsonSeen { config: true, vocab: true, .. } => Format::Tekken,
        JsonSeen { numbers, others: 0, .. } if numbers > 0 && read => Format::VocabJson,
        _ => Format::HfJson,
    }
}

/// The fields of a JSON file, as far as they tell its kind.
#[derive(Default)]
struct JsonSeen {
    /// `model` is there, and no number.
    model: bool,
    config: bool,
    vocab: bool,
    numbers: usize,
    others: usize,
}

impl<'de> DeserializeSeed<'de> for &mut JsonSeen {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> std::result::Result<(), D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for &mut JsonSeen {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> std::result::Result<(), M::Error> {
        while let Some(name) = map.next_key::<Cow<'_, str>>()? {
            if name == "model" {
                // It is nearly all of the file: its first character will do.
                self.model = true;
                map.next_value::<u64>()?;
                self.model = false;
                self.numbers += 1;
                continue;
            }
            let value = map.next_value::<&RawValue>()?;
            let number = value.get().starts_with(|first: char| first.is_ascii_digit());
            self.numbers += usize::from(number);
            self.others += usize::from(!number);
            match &*name {
                "config" if !number => self.config = true,
                "vocab" if !number => self.vocab = true,
                _ => {}
            }
        }
        Ok(())
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
    let beginning = data.get(..1 << 16).unwrap_or(data);
    beginning
        .split(|&byte| byte == b'\n')
        .take(2000)
        .any(|line| matches!(line.trim_ascii_end(), b"[UNK]" | b"[CLS]" | b"[PAD]"))
}

#[cfg(test)]
mod tests {
    use super::{Format, detect};

    #[test]
    fn formats_are_told_apart_by_content() {
        let cases: [(&[u8], Format); 13] = [
            (b" \n{\"model\": {}}", Format::HfJson),
            (b"{\"version\": \"1.0\", \"model\": {\"type\"", Format::HfJson),
            (b"{\"!\": 0, \"model\": 1, \"the\": 2}", Format::VocabJson),
            (b"{\"config\": {}, \"vocab\": []}", Format::Tekken),
            (b"{\"!\": 0, \"vocab\": 1", Format::HfJson),
            (b"IQ== 0\nIg== 1\n", Format::Tiktoken),
            (b"IQ== 0\r\n", Format::Tiktoken),
            (super::super::native::MAGIC, Format::Native),
            (b"GGUF\x03\0\0\0", Format::Gguf),
            (b"\n\x0e\n\x05<unk>\x15\0\0\0\0\x18\x02\n\x0c", Format::SentencePiece),
            (b"[PAD]\n[UNK]\nthe\n", Format::VocabTxt),
            (b"{\n[UNK]\n}\n", Format::VocabTxt),
            (super::super::folder::MAGIC, Format::Folder),
        ];
        for (data, format) in cases {
            assert_eq!(detect(data), Ok(format), "{}", data.escape_ascii());
        }
    }

    #[test]
    fn foreign_formats_are_named() {
        let cases: [(&[u8], &str); 3] = [
            (b"PK\x03\x04rest", "zip"),
            (b"version https://git-lfs.github.com/spec/v1\noid", "git-lfs"),
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

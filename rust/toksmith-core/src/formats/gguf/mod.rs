//! GGUF: the vocabulary of a model file of llama.cpp.
//!
//! Only the metadata is read. `tokenizer.ggml.model` says which of llama.cpp's tokenizers it is
//! for, and each becomes a model that is there already:
//!
//! | name | here |
//! |---|---|
//! | `gpt2`, `gemma4` | [`bpe`]: a BPE by list of merges, cut by `tokenizer.ggml.pre` ([`pre`]) |
//! | `llama` | [`spm`]: SentencePiece's BPE by score, with spaces as llama.cpp puts them |
//! | `t5` | [`spm`]: Unigram |
//! | `bert` | [`wordpiece`] |
//!
//! [`container`] reads the file, [`tokens`] what they share: tokens with their types ([`kinds`]),
//! the special ones, the template.
//!
//! The reference is llama.cpp (as in llama-cpp-python 0.3.36). Known differences, none of
//! which ordinary text meets:
//!
//! - A special token (control or unknown) is never found in text unless it is allowed, not even
//!   where the merges of a `llama` vocabulary spell it, or a `t5` one has it as a normal token.
//! - Of user-defined tokens that overlap in the text the leftmost is taken, then the longest;
//!   llama.cpp takes the longest first, wherever it stands.
//! - The white space that a token takes from beside it is Unicode's, there ASCII's alone.
//! - U+2581 in text for a `bert` vocabulary is a character like any other; llama.cpp may take it
//!   for the beginning of a word.
//! - Unicode is that of version 16.0, a little newer than llama.cpp's tables: the letters and marks
//!   that came with it are unassigned there.

mod bpe;
mod container;
mod kinds;
mod patterns;
mod pre;
mod spm;
mod tokens;
mod wordpiece;

use super::Definition;
use crate::error::{Error, Result};
use container::Metadata;
use tokens::{Family, Tokens};

/// Reads the vocabulary of a GGUF file.
///
/// # Errors
/// [`Error::Model`] with the byte and the key where it is malformed, [`Error::Unsupported`] for
/// a tokenizer or a pre-tokenizer that is not known.
pub(super) fn load(data: &[u8]) -> Result<Definition> {
    let metadata = Metadata::read(data)?;
    let key = "tokenizer.ggml.model";
    let Some(name) = metadata.text(key)? else {
        return Err(Error::field(key, "missing: the file has no vocabulary"));
    };
    let family = match name {
        "gpt2" | "gemma4" => Family::Bpe,
        "llama" => Family::Spm,
        "t5" => Family::Unigram,
        "bert" => Family::WordPiece,
        other => return Err(Error::unsupported(format!("{key} = {other:.80?}"))),
    };
    let pre = match family {
        // The one model that says by itself how its text is cut.
        Family::Bpe if name == "gemma4" => Some(pre::find("gemma4")?),
        Family::Bpe => Some(pre::find(metadata.text("tokenizer.ggml.pre")?.unwrap_or("default"))?),
        _ => None,
    };
    let tokens = Tokens::read(&metadata, family, pre.as_ref())?;
    let mut definition = match (family, &pre) {
        (Family::Bpe, Some(pre)) => bpe::load(&metadata, &tokens, pre)?,
        (Family::WordPiece, _) => wordpiece::load(&metadata, &tokens)?,
        (Family::Unigram, _) => spm::load_unigram(&metadata, &tokens)?,
        _ => spm::load(&metadata, &tokens)?,
    };
    definition.added = tokens.added();
    definition.pipeline.post_processor = Some(tokens.template());
    if let Some(model) = metadata.text("general.name")? {
        definition.name = Some(model.to_owned());
    }
    Ok(definition)
}

#[cfg(test)]
mod tests {
    use super::load;
    use crate::Tokenizer;
    use crate::error::{Error, ErrorKind};

    /// A key with a value: its type's number and its bytes.
    type Key<'a> = (&'a str, u32, Vec<u8>);

    fn string(text: &str) -> Vec<u8> {
        [&(text.len() as u64).to_le_bytes(), text.as_bytes()].concat()
    }

    fn array(element: u32, values: &[Vec<u8>]) -> Vec<u8> {
        let head = [&element.to_le_bytes()[..], &(values.len() as u64).to_le_bytes()].concat();
        [head, values.concat()].concat()
    }

    fn file(version: u32, keys: &[Key<'_>]) -> Vec<u8> {
        let mut out = b"GGUF".to_vec();
        out.extend(version.to_le_bytes());
        out.extend([0; 8]);
        out.extend((keys.len() as u64).to_le_bytes());
        for (key, kind, value) in keys {
            out.extend(string(key));
            out.extend(kind.to_le_bytes());
            out.extend(value);
        }
        out
    }

    /// A `llama` vocabulary of a few pieces.
    fn small() -> Vec<Key<'static>> {
        let texts: Vec<_> = ["<unk>", "<s>", "</s>", "\u{2581}", "a", "b", "ab"].map(string).into();
        let scores: Vec<_> =
            [0.0_f32, 0.0, 0.0, -4.0, -3.0, -2.0, -1.0].map(|s| s.to_le_bytes().to_vec()).into();
        let types: Vec<_> =
            [2_i32, 3, 3, 1, 1, 1, 1].map(|kind| kind.to_le_bytes().to_vec()).into();
        vec![
            ("tokenizer.ggml.model", 8, string("llama")),
            ("tokenizer.ggml.tokens", 9, array(8, &texts)),
            ("tokenizer.ggml.scores", 9, array(6, &scores)),
            ("tokenizer.ggml.token_type", 9, array(5, &types)),
            ("all.kinds", 9, array(9, &[array(12, &[vec![0; 8]]), array(7, &[vec![1]])])),
        ]
    }

    #[test]
    fn a_small_vocabulary_is_read() -> Result<(), Error> {
        let tokenizer = Tokenizer::build(load(&file(3, &small()))?)?;
        assert_eq!(tokenizer.encode("abba")?, [3, 6, 5, 4]);
        assert_eq!(tokenizer.encode("ac</s>")?, [3, 4, 0]);
        Ok(())
    }

    #[test]
    fn every_beginning_of_a_file_is_refused() {
        let data = file(3, &small());
        for len in 0..data.len() {
            let error = load(data.get(..len).unwrap_or_default()).err();
            assert_eq!(error.map(|error| error.kind()), Some(ErrorKind::Model), "{len} bytes");
        }
    }

    #[test]
    fn declared_sizes_are_compared_with_what_is_left() {
        let huge = u64::MAX.to_le_bytes().to_vec();
        let deep = (0..100_000).fold(Vec::new(), |mut out, _| {
            out.extend(9_u32.to_le_bytes());
            out.extend(1_u64.to_le_bytes());
            out
        });
        for (kind, value, what) in [
            (8, huge.clone(), "a string of 18446744073709551615 bytes"),
            (9, [5_u32.to_le_bytes().to_vec(), huge].concat(), "an array of 18446744073709551615"),
            (9, deep, "arrays nested"),
            (13, vec![0; 8], "type 13"),
        ] {
            let error = load(&file(3, &[("key", kind, value)])).err().map(|e| e.to_string());
            assert!(error.as_ref().is_some_and(|error| error.contains(what)), "{error:?}");
        }
        let mut keys = file(3, &[]);
        keys.splice(16..24, u64::MAX.to_le_bytes());
        assert_eq!(load(&keys).err().map(|error| error.kind()), Some(ErrorKind::Model));
        for version in [0, 1, 4] {
            let error = load(&file(version, &small())).err();
            assert_eq!(error.map(|error| error.kind()), Some(ErrorKind::Unsupported), "{version}");
        }
    }
}

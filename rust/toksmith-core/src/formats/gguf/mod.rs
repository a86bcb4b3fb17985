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
//! [`container`] reads the file, [`tokens`] what they share: tokens with their types, the
//! special ones, the template.
//!
//! The reference is llama.cpp (as in llama-cpp-python 0.3.36). Known differences, none of
//! which ordinary text meets:
//!
//! - A special token (control or unknown) is never found in text unless it is allowed, not even
//!   where the merges of a `llama` vocabulary spell it.
//! - Of user-defined tokens that overlap in the text the leftmost is taken, then the longest;
//!   llama.cpp takes the longest first, wherever it stands.
//! - The white space that a token takes from beside it is Unicode's, there ASCII's alone.
//! - U+2581 in text for a `bert` vocabulary is a character like any other; llama.cpp may take it
//!   for the beginning of a word.

mod bpe;
mod container;
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

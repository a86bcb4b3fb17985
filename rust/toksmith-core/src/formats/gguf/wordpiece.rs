//! `bert`: WordPiece.
//!
//! In the file a token that begins a word is spelled after U+2581 and one inside a word as it is;
//! here as in a vocab.txt, `##` before the latter. Words have no greatest length.

use super::container::Metadata;
use super::tokens::{Tokens, is_added};
use crate::error::{Error, Result};
use crate::formats::pipeline::{Decoder, Model, Normalizer, Pipeline, PreTokenizer};
use crate::formats::{AddedSearch, Definition, Merges};
use crate::vocab::Vocab;
use std::collections::HashSet;

/// Before tokens inside a word.
const INSIDE: &str = "##";

/// Reads a `bert` vocabulary.
pub(super) fn load(metadata: &Metadata<'_>, tokens: &Tokens<'_>) -> Result<Definition> {
    let count = tokens.texts.len();
    let mut vocab = Vocab::with_capacity(count, count * 8);
    let mut seen = HashSet::with_capacity(count);
    for (id, (text, &kind)) in (0..).zip(tokens.texts.iter().zip(&tokens.kinds)) {
        // Brackets are words by themselves, so such a token is never part of one.
        let bracketed = text.starts_with('[') && text.ends_with(']') && text.len() > 2;
        let spelling = match text.strip_prefix('\u{2581}') {
            _ if is_added(kind) || bracketed => text.clone().into_owned(),
            Some("") => return Err(Error::unsupported("GGUF: an empty word in a bert vocabulary")),
            Some(word) => word.to_owned(),
            None => format!("{INSIDE}{text}"),
        };
        if !seen.insert(spelling.clone()) {
            let feature = format!("GGUF: two tokens of a bert vocabulary for {spelling:.80?}");
            return Err(Error::unsupported(feature));
        }
        vocab.insert(id, spelling.as_bytes(), count)?;
    }
    let unknown = tokens.unknown().and_then(|id| vocab.get(id));
    let Some(unk_token) = unknown.map(|bytes| String::from_utf8_lossy(bytes).into_owned()) else {
        return Err(Error::field("tokenizer.ggml.unknown_token_id", "missing"));
    };
    let option = |name: &str| metadata.flag(&format!("tokenizer.ggml.normalizer.{name}"));
    let normalizer = Normalizer::Bert {
        clean_text: true,
        handle_chinese_chars: true,
        strip_accents: option("strip_accents")?,
        lowercase: option("lowercase")?.unwrap_or(true),
    };
    Ok(Definition {
        vocab,
        merges: Merges::List(Vec::new()),
        search: AddedSearch::AfterMatch,
        pipeline: Pipeline {
            normalizer: Some(normalizer),
            pre_tokenizers: vec![PreTokenizer::Bert],
            model: Model::WordPiece {
                unk_token,
                continuing_subword_prefix: INSIDE.into(),
                max_input_chars_per_word: usize::MAX,
            },
            decoder: Some(Decoder::WordPiece { prefix: INSIDE.into(), cleanup: true }),
            ..Pipeline::default()
        },
        ..Definition::default()
    })
}

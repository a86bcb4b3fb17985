//! `llama` and `t5`: models over text whose spaces are U+2581.
//!
//! `llama` is SentencePiece's BPE with a normalizer of its own: spaces become U+2581, and one is
//! put before each stretch of text between added tokens; nothing else is changed. Merging asks
//! for no type, so that tokens marked unused are tokens as any other, and user-defined ones,
//! once they are searched in the text, as well.
//!
//! `t5` is Unigram with sums in double precision behind SentencePiece's table of replacements.
//! Two things are SentencePiece's here and not llama.cpp's: white space alone gets a space before
//! it, where white space is kept; and U+2581 at the end of a text goes like a space, where it is not.

use super::container::Metadata;
use super::kinds::Kind;
use super::tokens::Tokens;
use crate::encode::model::sentencepiece::byte_piece;
use crate::encode::normalize::checked_charsmap::CheckedCharsmap;
use crate::error::{Error, Result};
use crate::formats::pipeline::{
    Decoder, Model, Normalizer, PieceKind, Pipeline, PrependScheme, SentencePieceKind,
    SentencePieceModel, SentencePieceNormalizer, Unigram,
};
use crate::formats::{AddedSearch, Definition, Merges};
use crate::token::TokenId;
use crate::vocab::Vocab;
use std::collections::HashMap;

/// Whether a space is put before a text.
fn prefix(metadata: &Metadata<'_>) -> Result<bool> {
    Ok(metadata.flag("tokenizer.ggml.add_space_prefix")?.unwrap_or(true))
}

/// Reads a `llama` vocabulary.
pub(super) fn load(metadata: &Metadata<'_>, tokens: &Tokens<'_>) -> Result<Definition> {
    let count = tokens.texts.len();
    let mut vocab = Vocab::with_capacity(count, count * 8);
    for (id, text) in (0..).zip(&tokens.texts) {
        vocab.insert(id, text.as_bytes(), count)?;
    }
    let mut types: Vec<PieceKind> = tokens
        .kinds
        .iter()
        .map(|kind| match kind {
            Kind::Unknown => PieceKind::Unknown,
            Kind::Control => PieceKind::Control,
            _ => PieceKind::Normal,
        })
        .collect();
    let ids: HashMap<&str, TokenId> = tokens.texts.iter().map(AsRef::as_ref).zip(0..).collect();
    let bytes: Vec<TokenId> =
        (0..=u8::MAX).filter_map(|byte| ids.get(byte_piece(byte).as_str()).copied()).collect();
    if !matches!(bytes.len(), 0 | 256) {
        let feature = format!("GGUF: a vocabulary with {} of 256 byte tokens", bytes.len());
        return Err(Error::unsupported(feature));
    }
    for &id in &bytes {
        if let Some(kind) = types.get_mut(id as usize) {
            *kind = PieceKind::Byte;
        }
    }
    // Of several one is given out; it is the one the file names.
    let unknown = tokens.unknown().or_else(|| {
        let first = types.iter().position(|kind| *kind == PieceKind::Unknown);
        first.and_then(|id| TokenId::try_from(id).ok())
    });
    for (id, kind) in (0..).zip(&mut types) {
        if unknown == Some(id) {
            *kind = PieceKind::Unknown;
        } else if *kind == PieceKind::Unknown {
            *kind = PieceKind::Control;
        }
    }
    if bytes.is_empty() && unknown.is_none() {
        let key = "tokenizer.ggml.unknown_token_id";
        return Err(Error::field(key, "missing, and the vocabulary has no bytes"));
    }
    let add_dummy_prefix = prefix(metadata)?;
    let normalizer = SentencePieceNormalizer {
        add_dummy_prefix,
        escape_whitespaces: true,
        ..SentencePieceNormalizer::default()
    };
    let model = SentencePieceModel {
        kind: SentencePieceKind::Bpe,
        scores: tokens.scores.clone(),
        types,
        byte_fallback: !bytes.is_empty(),
        unk_surface: UNKNOWN.into(),
        whitespace_as_suffix: false,
    };
    let decoder = Decoder::SentencePiece {
        add_dummy_prefix,
        remove_extra_whitespaces: false,
        unk_surface: UNKNOWN.into(),
        denormalizer: None,
    };
    Ok(Definition {
        vocab,
        merges: Merges::List(Vec::new()),
        search: AddedSearch::AfterMatch,
        pipeline: Pipeline {
            normalizer: Some(Normalizer::SentencePiece(normalizer)),
            model: Model::SentencePiece(model),
            decoder: Some(decoder),
            ..Pipeline::default()
        },
        ..Definition::default()
    })
}

/// What SentencePiece makes of an unknown id.
const UNKNOWN: &str = " \u{2047} ";

/// Reads a `t5` vocabulary.
pub(super) fn load_unigram(metadata: &Metadata<'_>, tokens: &Tokens<'_>) -> Result<Definition> {
    let count = tokens.texts.len();
    let (mut vocab, mut decode_only) = (Vocab::with_capacity(count, count * 8), Vec::new());
    let mut scores = Vec::with_capacity(count);
    for (id, (text, (&kind, &score))) in
        (0..).zip(tokens.texts.iter().zip(tokens.kinds.iter().zip(&tokens.scores)))
    {
        // Text becomes none of the others. Their scores must not be the lowest.
        if matches!(kind, Kind::Normal | Kind::Unused) {
            if !score.is_finite() {
                let path = format!("tokenizer.ggml.scores[{id}]");
                return Err(Error::field(path, format!("the score is {score}")));
            }
            vocab.insert(id, text.as_bytes(), count)?;
            scores.push(f64::from(score));
        } else {
            decode_only.push((id, text.as_bytes().to_vec()));
            scores.push(0.0);
        }
    }
    let Some(unknown) = tokens.unknown() else {
        let key = "tokenizer.ggml.unknown_token_id";
        return Err(Error::field(key, "missing"));
    };
    let key = "tokenizer.ggml.precompiled_charsmap";
    let charsmap = metadata.bytes(key)?.unwrap_or_default();
    if let Err(Error::Model { place, why }) = CheckedCharsmap::new(&charsmap) {
        return Err(Error::field(key, format!("{place}: {why}")));
    }
    // Where white space is removed, every word begins with a space.
    let trim = metadata.flag("tokenizer.ggml.remove_extra_whitespaces")?.unwrap_or(false);
    let normalizer = SentencePieceNormalizer {
        charsmap,
        add_dummy_prefix: prefix(metadata)? || trim,
        remove_extra_whitespaces: trim,
        escape_whitespaces: true,
        ..SentencePieceNormalizer::default()
    };
    Ok(Definition {
        vocab,
        decode_only,
        merges: Merges::List(Vec::new()),
        search: AddedSearch::AfterMatch,
        pipeline: Pipeline {
            decoder: Some(Decoder::Metaspace {
                replacement: '\u{2581}',
                prepend_scheme: if normalizer.add_dummy_prefix {
                    PrependScheme::Always
                } else {
                    PrependScheme::Never
                },
                split: true,
            }),
            normalizer: Some(Normalizer::SentencePiece(normalizer)),
            model: Model::Unigram(Unigram { scores, unk_id: Some(unknown), byte_fallback: false }),
            ..Pipeline::default()
        },
        ..Definition::default()
    })
}

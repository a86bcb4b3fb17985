//! Writing a `.model`: pieces, and of the trainer's and the normalizers' specifications what bears
//! on encoding and decoding.
//!
//! What is not a SentencePiece model is made one first (`converted.rs`). The file is read back
//! before it is given out, so what SentencePiece would refuse is an error here.

use super::{NAMES, converted, load};
use crate::error::{Error, Result};
use crate::formats::pipeline::{
    Decoder, Model, Normalizer, PieceKind, Pipeline, SentencePieceKind, SentencePieceModel,
    SentencePieceNormalizer,
};
use crate::formats::protobuf::{put_bytes, put_float, put_number};
use crate::formats::{Definition, Fidelity};
use crate::vocab::Vocab;

/// Names by which other families know the beginning, the end and padding.
const OTHER_NAMES: [&[&str]; 3] = [
    &["<bos>", "[CLS]", "<|begin_of_text|>", "<|startoftext|>"],
    &["<eos>", "[SEP]", "<|end_of_text|>", "<|endoftext|>"],
    &["[PAD]"],
];

/// A definition's parts that a `.model` has.
pub(super) struct Parts<'a> {
    pub(super) vocab: &'a Vocab,
    pub(super) model: &'a SentencePieceModel,
    pub(super) normalizer: &'a SentencePieceNormalizer,
    pub(super) denormalizer: Option<&'a SentencePieceNormalizer>,
}

/// Writes a tokenizer as a `.model` that SentencePiece 0.2.3 loads.
///
/// # Errors
/// [`Error::Unsupported`] naming what the format cannot say, or what would give other ids.
pub fn save(definition: &Definition, fidelity: Fidelity) -> Result<Vec<u8>> {
    let data = if let Model::SentencePiece(model) = &definition.pipeline.model {
        written(&own_parts(definition, model)?)?
    } else {
        written(&converted::converted(definition, fidelity)?.parts())?
    };
    match load(&data) {
        Ok(_) => Ok(data),
        Err(Error::Model { why, .. }) => Err(refused(&why)),
        Err(other) => Err(other),
    }
}

/// The error that names what cannot be.
pub(super) fn refused(what: &str) -> Error {
    Error::unsupported(format!("{what} in a SentencePiece model"))
}

fn own_parts<'a>(definition: &'a Definition, model: &'a SentencePieceModel) -> Result<Parts<'a>> {
    let Pipeline { normalizer, decoder, .. } = &definition.pipeline;
    let (
        Some(Normalizer::SentencePiece(normalizer)),
        Some(Decoder::SentencePiece { denormalizer, .. }),
    ) = (normalizer, decoder)
    else {
        return Err(refused("parts of other tokenizers"));
    };
    surroundings(definition)?;
    let control = |id| {
        matches!(model.types.get(id as usize), Some(PieceKind::Control | PieceKind::UserDefined))
    };
    if let Some(token) = definition.added.iter().find(|token| !control(token.id)) {
        return Err(refused(&format!("the added token {:.80?}", token.content)));
    }
    Ok(Parts { vocab: &definition.vocab, model, normalizer, denormalizer: denormalizer.as_ref() })
}

/// Refuses what no `.model` has around its model.
pub(super) fn surroundings(definition: &Definition) -> Result<()> {
    let Pipeline { post_processor, truncation, padding, .. } = &definition.pipeline;
    if let Some(part) = post_processor {
        return Err(refused(&format!("the post_processor {}", part.kind())));
    }
    for (there, what) in [(truncation.is_some(), "truncation"), (padding.is_some(), "padding")] {
        if there {
            return Err(refused(what));
        }
    }
    Ok(())
}

fn written(parts: &Parts<'_>) -> Result<Vec<u8>> {
    let Parts { vocab, model, normalizer, denormalizer } = parts;
    let pieces = model.types.len();
    if vocab.len() != pieces || vocab.id_limit() != pieces || model.scores.len() != pieces {
        return Err(refused("ids that have no token"));
    }
    let mut out = Vec::new();
    let mut message = Vec::new();
    for (((_, piece), &score), &kind) in vocab.iter().zip(&model.scores).zip(&model.types) {
        message.clear();
        put_bytes(&mut message, 1, piece);
        put_float(&mut message, 2, score);
        if kind != PieceKind::Normal {
            put_number(&mut message, 3, number_of(kind));
        }
        put_bytes(&mut out, 1, &message);
    }
    put_bytes(&mut out, 2, &trainer_spec(parts));
    put_bytes(&mut out, 3, &normalizer_spec(normalizer));
    if let Some(denormalizer) = denormalizer {
        put_bytes(&mut out, 5, &normalizer_spec(denormalizer));
    }
    Ok(out)
}

fn number_of(kind: PieceKind) -> u64 {
    match kind {
        PieceKind::Normal => 1,
        PieceKind::Unknown => 2,
        PieceKind::Control => 3,
        PieceKind::UserDefined => 4,
        PieceKind::Unused => 5,
        PieceKind::Byte => 6,
    }
}

fn trainer_spec(parts: &Parts<'_>) -> Vec<u8> {
    let Parts { vocab, model, .. } = parts;
    let mut out = Vec::new();
    let kind = match model.kind {
        SentencePieceKind::Unigram => 1,
        SentencePieceKind::Bpe => 2,
        SentencePieceKind::Word => 3,
        SentencePieceKind::Char => 4,
    };
    put_number(&mut out, 3, kind);
    put_number(&mut out, 4, model.types.len() as u64);
    if model.whitespace_as_suffix {
        put_number(&mut out, 24, 1);
    }
    put_number(&mut out, 35, model.byte_fallback.into());
    let of_kind = |wanted| {
        let all = vocab.iter().zip(&model.types);
        all.filter(move |&(_, &kind)| kind == wanted).map(|(piece, _)| piece)
    };
    let named = |name: &[u8]| of_kind(PieceKind::Control).find(|&(_, piece)| piece == name);
    let others = NAMES.iter().skip(1).zip(OTHER_NAMES).map(|(name, others)| {
        named(name).or_else(|| others.iter().find_map(|name| named(name.as_bytes())))
    });
    let found: Vec<_> = [of_kind(PieceKind::Unknown).next()].into_iter().chain(others).collect();
    // Ids 40 to 43, names 45 to 48; without one the id is -1, in two's complement.
    for (field, found) in (40..).zip(&found) {
        put_number(&mut out, field, found.map_or(u64::MAX, |(id, _)| id.into()));
    }
    put_bytes(&mut out, 44, model.unk_surface.as_bytes());
    for (field, found) in (45..).zip(&found) {
        if let Some((_, name)) = found {
            put_bytes(&mut out, field, name);
        }
    }
    out
}

fn normalizer_spec(normalizer: &SentencePieceNormalizer) -> Vec<u8> {
    let mut out = Vec::new();
    let name: &[u8] = if normalizer.charsmap.is_empty() { b"identity" } else { b"user_defined" };
    put_bytes(&mut out, 1, name);
    put_bytes(&mut out, 2, &normalizer.charsmap);
    put_number(&mut out, 3, normalizer.add_dummy_prefix.into());
    put_number(&mut out, 4, normalizer.remove_extra_whitespaces.into());
    put_number(&mut out, 5, normalizer.escape_whitespaces.into());
    out
}

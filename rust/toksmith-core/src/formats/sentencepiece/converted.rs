//! The parts of a tokenizer.json as those of a SentencePiece model, where that gives the same ids.
//!
//! It is the way back of `hf_json/write/sentencepiece.rs`: what stands around the model must be what
//! that writes for some flags, or the same with a `Metaspace` that cuts.
//!
//! *BPE.* Scores that fall with the places of merges give the same ids, where `merged.rs` finds them.
//!
//! *Unigram.* Scores are rounded to single precision, and added up in it, and a special piece is
//! not found where text spells it: most texts have the same ids, a few do not, so that is written
//! for [`Fidelity::Nearest`] alone. Cuts at U+2581 need no saying where no piece goes across.

use super::merged::Pieces;
use super::write::{Parts, refused, surroundings};
use crate::encode::model::sentencepiece::byte_piece;
use crate::encode::normalize::sentencepiece::SIGN;
use crate::encode::pretokenize::Dialect;
use crate::error::Result;
use crate::formats::hf_json::{decoders_of_sentencepiece, normalizers_of_sentencepiece};
use crate::formats::pipeline::{
    Bpe, Decoder, Model, Normalizer, Pattern, PieceKind, PreTokenizer, PrependScheme,
    SentencePieceKind, SentencePieceModel, SentencePieceNormalizer, Unigram,
};
use crate::formats::{Definition, Fidelity};
use crate::token::TokenId;
use crate::vocab::Vocab;
use std::collections::HashMap;

/// What was made.
pub(super) struct Converted {
    vocab: Vocab,
    model: SentencePieceModel,
    normalizer: SentencePieceNormalizer,
}

impl Converted {
    pub(super) fn parts(&self) -> Parts<'_> {
        Parts {
            vocab: &self.vocab,
            model: &self.model,
            normalizer: &self.normalizer,
            denormalizer: None,
        }
    }
}

/// Makes the parts.
///
/// # Errors
/// [`crate::Error::Unsupported`] naming what has no equal.
pub(super) fn converted(definition: &Definition, fidelity: Fidelity) -> Result<Converted> {
    let exact = fidelity == Fidelity::Exact;
    surroundings(definition)?;
    if !definition.decode_only.is_empty() {
        return Err(refused("tokens that text never becomes"));
    }
    let (unknown, byte_fallback, kind) = match &definition.pipeline.model {
        Model::Unigram(unigram) => {
            if exact {
                let what = "a Unigram, whose scores SentencePiece adds up in single precision \
                            (exact=False allows that),";
                return Err(refused(what));
            }
            (unigram.unk_id, unigram.byte_fallback, SentencePieceKind::Unigram)
        }
        Model::Bpe(bpe) => {
            of_bpe(bpe, exact)?;
            let name = bpe.unk_token.as_ref().map(String::as_bytes);
            let unknown = definition.vocab.iter().find(|&(_, bytes)| Some(bytes) == name);
            (unknown.map(|(id, _)| id), bpe.byte_fallback, SentencePieceKind::Bpe)
        }
        other => return Err(refused(&format!("a model {}", other.kind()))),
    };
    let vocab = whole_vocab(definition)?;
    let types = types(definition, &vocab, unknown, byte_fallback, exact)?;
    if unknown.is_none() && !byte_fallback {
        return Err(refused("a model without an unknown token or byte_fallback"));
    }
    let (normalizer, cuts) = normalizer(definition, exact)?;
    let ids = vocab.iter().map(|(id, bytes)| (bytes, id)).collect();
    let pieces = Pieces { vocab: &vocab, types: &types, ids };
    if cuts {
        pieces.inside_cuts()?;
    }
    let unk_surface = unknown.and_then(|id| pieces.text(id)).unwrap_or_default().replace(SIGN, " ");
    let unk_surface = decoder(definition, &normalizer, unk_surface)?;
    let scores = match &definition.pipeline.model {
        Model::Bpe(bpe) => pieces.scores(bpe, exact)?,
        Model::Unigram(Unigram { scores, .. }) => {
            let beyond = std::iter::repeat_n(0.0, types.len().saturating_sub(scores.len()));
            scores.iter().map(|&score| score as f32).chain(beyond).collect()
        }
        _ => Vec::new(),
    };
    let user_defined =
        pieces.of(PieceKind::UserDefined).map(|(_, piece)| piece.to_owned()).collect();
    let model = SentencePieceModel {
        kind,
        scores,
        types,
        byte_fallback,
        unk_surface,
        whitespace_as_suffix: false,
    };
    let normalizer = SentencePieceNormalizer { user_defined, ..normalizer };
    Ok(Converted { vocab, model, normalizer })
}

/// Refuses options of a BPE that SentencePiece has not.
fn of_bpe(bpe: &Bpe, exact: bool) -> Result<()> {
    let affix = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
    for (refuse, what) in [
        (bpe.dropout.is_some_and(|dropout| dropout > 0.0), "dropout"),
        (affix(&bpe.continuing_subword_prefix), "continuing_subword_prefix"),
        (affix(&bpe.end_of_word_suffix), "end_of_word_suffix"),
        (bpe.ignore_merges, "ignore_merges = true"),
        (
            exact && !bpe.byte_fallback && bpe.unk_token.is_some() && !bpe.fuse_unk,
            "fuse_unk = false (exact=False lets unknown neighbours be one)",
        ),
    ] {
        if refuse {
            return Err(refused(what));
        }
    }
    Ok(())
}

/// The model's tokens and those added.
fn whole_vocab(definition: &Definition) -> Result<Vocab> {
    let mut vocab = definition.vocab.clone();
    let mut added: Vec<_> = definition.added.iter().collect();
    added.sort_by_key(|token| token.id);
    let limit = vocab.id_limit() + added.len();
    for token in added {
        match vocab.get(token.id) {
            Some(bytes) if bytes == token.content.as_bytes() => {}
            None => vocab.insert(token.id, token.content.as_bytes(), limit)?,
            Some(_) => {
                let what = format!("the added token {:.80?} with another's id", token.content);
                return Err(refused(&what));
            }
        }
    }
    Ok(vocab)
}

fn types(
    definition: &Definition,
    vocab: &Vocab,
    unknown: Option<TokenId>,
    byte_fallback: bool,
    exact: bool,
) -> Result<Vec<PieceKind>> {
    let mut types = vec![PieceKind::Normal; vocab.id_limit()];
    let mut set = |id: TokenId, kind| {
        if let Some(entry) = types.get_mut(id as usize) {
            *entry = kind;
        }
    };
    if byte_fallback {
        let ids: HashMap<&[u8], TokenId> = vocab.iter().map(|(id, bytes)| (bytes, id)).collect();
        for piece in (0..=u8::MAX).map(byte_piece) {
            match ids.get(piece.as_bytes()) {
                Some(&id) => set(id, PieceKind::Byte),
                None => return Err(refused(&format!("byte_fallback without a token {piece}"))),
            }
        }
    }
    for token in &definition.added {
        if token.special {
            set(token.id, PieceKind::Control);
        } else if exact {
            // Behind one a text begins anew there, with a sign of its own.
            return Err(refused(&format!("the added token {:.80?}", token.content)));
        } else {
            set(token.id, PieceKind::UserDefined);
        }
    }
    if let Some(id) = unknown {
        set(id, PieceKind::Unknown);
    }
    Ok(types)
}

/// The normalizer, and whether text is cut before each U+2581.
fn normalizer(definition: &Definition, exact: bool) -> Result<(SentencePieceNormalizer, bool)> {
    let pipeline = &definition.pipeline;
    let mut steps = match &pipeline.normalizer {
        None => Vec::new(),
        Some(Normalizer::Sequence(steps)) => steps.clone(),
        Some(other) => vec![other.clone()],
    };
    let charsmap = match steps.first() {
        Some(Normalizer::Precompiled(charsmap)) if !exact => charsmap.clone(),
        _ => Vec::new(),
    };
    let cuts = match pipeline.pre_tokenizers.as_slice() {
        [] => false,
        [PreTokenizer::Metaspace { replacement: '\u{2581}', prepend_scheme, split }]
            if *prepend_scheme == PrependScheme::Never =>
        {
            // It makes a space the sign; twice is once.
            let to_signs = normalizers_of_sentencepiece(&SentencePieceNormalizer::default());
            let there = |step: &Normalizer| {
                matches!(step, Normalizer::Replace { pattern, content }
                    if pattern.pattern == " " && content == SIGN)
            };
            if let Normalizer::Sequence(last) = to_signs
                && !steps.last().is_some_and(there)
            {
                steps.extend(last);
            }
            *split
        }
        [PreTokenizer::Metaspace { .. }] => {
            return Err(refused(
                "a Metaspace that prepends, which adds no sign to one that is there,",
            ));
        }
        [first, rest @ ..] => {
            let cuts = |stage: &&PreTokenizer| !matches!(stage, PreTokenizer::Metaspace { .. });
            let named = Some(first).into_iter().chain(rest).find(cuts).unwrap_or(first);
            return Err(refused(&format!("the pre_tokenizer {}", named.kind())));
        }
    };
    let flags = [(false, false), (false, true), (true, false), (true, true)];
    let candidates =
        flags.map(|(remove_extra_whitespaces, add_dummy_prefix)| SentencePieceNormalizer {
            charsmap: charsmap.clone(),
            add_dummy_prefix,
            remove_extra_whitespaces,
            escape_whitespaces: true,
            ..SentencePieceNormalizer::default()
        });
    for step in &mut steps {
        if let Normalizer::Replace { pattern, .. } = step {
            plain(pattern);
        }
    }
    let given = Normalizer::Sequence(steps);
    let found = candidates.into_iter().find(|made| normalizers_of_sentencepiece(made) == given);
    let kind = pipeline.normalizer.as_ref().map_or("none", Normalizer::kind);
    let what =
        format!("the normalizer {kind}, which is not a sign before the text and for spaces,");
    found.map(|found| (found, cuts)).ok_or_else(|| refused(&what))
}

/// Checks that the decoder is SentencePiece's; gives the surface of unknown pieces, `unknown` if
/// they stay as they are.
fn decoder(
    definition: &Definition,
    normalizer: &SentencePieceNormalizer,
    unknown: String,
) -> Result<String> {
    let mut given = definition.pipeline.decoder.clone();
    if let Some(Decoder::Sequence(steps)) = &mut given {
        for step in steps {
            if let Decoder::Replace { pattern, .. } = step {
                plain(pattern);
            }
        }
    }
    let given = given.as_ref();
    if given == Some(&decoders_of_sentencepiece(None, normalizer)) {
        return Ok(unknown);
    }
    if let Some(Decoder::Sequence(steps)) = given
        && let Some(Decoder::Replace { content, .. }) = steps.first()
        && let Some(unk_token) = unk_token(definition)
        && given == Some(&decoders_of_sentencepiece(Some((&unk_token, content)), normalizer))
    {
        return Ok(content.clone());
    }
    let kind = given.map_or("none", Decoder::kind);
    Err(refused(&format!("the decoder {kind}, which is not that of SentencePiece's own files,")))
}

/// The patterns that are compared mean the same in either syntax.
fn plain(pattern: &mut Pattern) {
    pattern.dialect = Dialect::Oniguruma;
}

fn unk_token(definition: &Definition) -> Option<String> {
    match &definition.pipeline.model {
        Model::Bpe(bpe) => bpe.unk_token.clone(),
        Model::Unigram(unigram) => {
            let bytes = definition.vocab.get(unigram.unk_id?)?;
            String::from_utf8(bytes.to_vec()).ok()
        }
        _ => None,
    }
}

//! What the source tokenizer makes of a token as text: normalized, cut, and given to the model.
//!
//! Many tokenizers put a space before a text. A token stands anywhere, so here none does, and
//! spaces at its ends stay.

use super::Decomposition;
use crate::encode::added::Allowed;
use crate::error::{Error, Result};
use crate::formats::pipeline::{Normalizer, PieceKind, PreTokenizer, PrependScheme};
use crate::formats::{Definition, pipeline::Model};
use crate::tokenizer::{Text, Tokenizer};
use crate::transfer::canonical::Canonical;
use crate::watch::Watch;

/// A tokenizer for what stands inside a text.
pub(super) struct Inside(Tokenizer);

impl Inside {
    /// That of a tokenizer.
    pub(super) fn new(tokenizer: &Tokenizer) -> Result<Self> {
        let mut definition: Definition = tokenizer.definition();
        let normalizer = definition.pipeline.normalizer.take();
        definition.pipeline.normalizer = normalizer.and_then(inside);
        for stage in &mut definition.pipeline.pre_tokenizers {
            match stage {
                PreTokenizer::Metaspace { prepend_scheme, .. } => {
                    *prepend_scheme = PrependScheme::Never;
                }
                PreTokenizer::ByteLevel { add_prefix_space, .. } => *add_prefix_space = false,
                _ => {}
            }
        }
        Ok(Self(Tokenizer::build(definition)?))
    }

    /// Appends the tokens of some bytes; says whether none of it is unknown.
    pub(super) fn spell(
        &self,
        source: &Canonical,
        bytes: &[u8],
        out: &mut Decomposition,
        watch: &Watch<'_>,
    ) -> Result<bool> {
        if self.0.takes_bytes() {
            return self.part(source, Text::Bytes(bytes), 0, out, watch);
        }
        let (mut complete, mut base) = (true, 0);
        for chunk in bytes.utf8_chunks() {
            let (valid, invalid) = (chunk.valid(), chunk.invalid());
            if !valid.is_empty() {
                complete &= self.part(source, Text::Str(valid), base, out, watch)?;
            }
            base += valid.len();
            for byte in invalid {
                let id = self.byte_piece(*byte).filter(|&id| source.role(id).is_text());
                match id {
                    Some(id) => out.push(id, [base as u32, base as u32 + 1], 0.0, 0),
                    None => complete = false,
                }
                base += 1;
            }
        }
        Ok(complete)
    }

    fn part(
        &self,
        source: &Canonical,
        text: Text<'_>,
        base: usize,
        out: &mut Decomposition,
        watch: &Watch<'_>,
    ) -> Result<bool> {
        let found = match self.0.encode_with_spans(text, &Allowed::None, watch) {
            Ok(found) => found,
            Err(Error::Cancelled) => return Err(Error::Cancelled),
            // The model needs an unknown token and has none.
            Err(_) => return Ok(false),
        };
        let mut complete = !found.ids.is_empty();
        for (&id, span) in found.ids.iter().zip(&found.spans) {
            if source.role(id).is_text() {
                let span = [(base + span.start) as u32, (base + span.end) as u32];
                out.push(id, span, 0.0, 0);
            } else {
                complete = false;
            }
        }
        Ok(complete)
    }

    /// The id of `<0xNN>`, if the model spells bytes so.
    fn byte_piece(&self, byte: u8) -> Option<u32> {
        let id = self.0.model_id(format!("<0x{byte:02X}>").as_bytes())?;
        let spells = match &self.0.pipeline.model {
            Model::Bpe(bpe) => bpe.byte_fallback,
            Model::Unigram(unigram) => unigram.byte_fallback,
            Model::SentencePiece(model) => {
                model.types.get(id as usize).is_some_and(|&kind| kind == PieceKind::Byte)
            }
            _ => false,
        };
        spells.then_some(id)
    }
}

/// A normalizer without what it does to the ends of a text.
fn inside(normalizer: Normalizer) -> Option<Normalizer> {
    match normalizer {
        Normalizer::Prepend(_) | Normalizer::Strip { .. } => None,
        Normalizer::Sequence(all) => {
            Some(Normalizer::Sequence(all.into_iter().filter_map(inside).collect()))
        }
        Normalizer::SentencePiece(mut def) => {
            def.add_dummy_prefix = false;
            def.remove_extra_whitespaces = false;
            Some(Normalizer::SentencePiece(def))
        }
        other => Some(other),
    }
}

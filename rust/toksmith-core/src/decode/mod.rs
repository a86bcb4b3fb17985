//! Ids to bytes and text.
//!
//! - here: whole sequences, one or many. A byte-level tokenizer joins bytes; any other has the
//!   decoders of its file ([`chain`]) or those of SentencePiece ([`sentencepiece`]).
//! - [`stream`]: piece by piece, as a model generates.
//! - [`chain`]: the decoders of a tokenizer.json, for tokens that are not bytes; whole or piece by
//!   piece.
//! - [`steps`]: piece by piece as tokenizers does it.

pub mod chain;
pub mod sentencepiece;
pub mod steps;
pub mod stream;

use crate::error::{Error, Result};
use crate::formats::AddedToken;
use crate::formats::hf_json::alphabet;
use crate::formats::pipeline::{Decoder, Model, Pipeline};
use crate::parallel;
use crate::token::TokenId;
use crate::tokenizer::Tokenizer;
use crate::vocab::Vocab;
use crate::watch::Watch;
use chain::DecodeChain;
use sentencepiece::{DecodeState, SentencePieceDecoder};

/// How tokens become text.
#[derive(Debug)]
pub(crate) enum Decode {
    /// Their bytes, joined.
    Bytes,
    /// By the decoders of a tokenizer.json. In a byte-level model they see tokens as the file
    /// spells them, in the byte alphabet: those are here by id.
    Chain(Box<DecodeChain>, Vec<Box<str>>),
    /// As SentencePiece does it.
    SentencePiece(Box<SentencePieceDecoder>),
}

impl Decode {
    /// Compiles what a file says. `vocab` has added tokens, too.
    pub(crate) fn new(vocab: &Vocab, pipeline: &Pipeline, added: &[AddedToken]) -> Result<Self> {
        if let (Model::SentencePiece(model), Some(decoder)) = (&pipeline.model, &pipeline.decoder) {
            let decoder = SentencePieceDecoder::new(vocab, model, decoder)?;
            return Ok(Self::SentencePiece(Box::new(decoder)));
        }
        if joins_bytes(pipeline, added) {
            return Ok(Self::Bytes);
        }
        let chain = match &pipeline.decoder {
            Some(decoder) => DecodeChain::new(decoder)?,
            None => DecodeChain::spaces(),
        };
        let mut spellings = Vec::new();
        if pipeline.model == Model::ByteLevelBpe {
            let ids = 0..vocab.id_limit() as TokenId;
            let letters = |id| vocab.get(id).map(alphabet::encode).unwrap_or_default();
            spellings = ids.map(|id| letters(id).into_boxed_str()).collect();
            for token in added {
                if let Some(spelling) = spellings.get_mut(token.id as usize) {
                    *spelling = token.content.clone().into_boxed_str();
                }
            }
        }
        Ok(Self::Chain(Box::new(chain), spellings))
    }
}

/// Whether decoding is joining bytes: in rank files, and in files that decode from the byte
/// alphabet and have no added token that means something else in it.
fn joins_bytes(pipeline: &Pipeline, added: &[AddedToken]) -> bool {
    let from_letters = match &pipeline.decoder {
        Some(Decoder::ByteLevel { .. }) => true,
        Some(Decoder::Sequence(parts)) => {
            matches!(parts.as_slice(), [Decoder::ByteLevel { .. }])
        }
        _ => false,
    };
    let itself = |token: &AddedToken| {
        let mut bytes = Vec::new();
        !alphabet::decode(&token.content, &mut bytes) || bytes == token.content.as_bytes()
    };
    pipeline.is_byte_level_alone()
        || pipeline.model == Model::ByteLevelBpe && from_letters && added.iter().all(itself)
}

impl Tokenizer {
    /// The bytes of a sequence of ids: of their text, unless the tokenizer is byte-level. O(bytes).
    ///
    /// # Errors
    /// [`Error::UnknownId`] names the first id without a token.
    pub fn decode_bytes(&self, ids: &[TokenId], skip_special: bool) -> Result<Vec<u8>> {
        match &self.decode {
            Decode::Bytes => {
                let mut out = Vec::with_capacity(ids.len() * 5 + 16);
                for &id in ids {
                    let bytes = match self.added.normalized(id) {
                        Some(text) => text.as_bytes(),
                        None => self.token_bytes(id)?,
                    };
                    if !(skip_special && self.specials.contains(&id)) {
                        out.extend_from_slice(bytes);
                    }
                }
                Ok(out)
            }
            Decode::Chain(chain, _) => {
                self.check_ids(ids)?;
                let is_special = |id| self.specials.contains(&id);
                let text = chain.decode_ids(ids, |id| self.spelling(id), is_special, skip_special);
                Ok(text?.into_bytes())
            }
            Decode::SentencePiece(decoder) => {
                // Its special tokens, the control pieces, have no text anyway.
                let (mut state, mut text) = (DecodeState::default(), String::new());
                for &id in ids {
                    decoder.push(&mut state, id, &mut text)?;
                }
                decoder.finish(state, &mut text)?;
                Ok(text.into_bytes())
            }
        }
    }

    /// A token as its file spells it.
    fn spelling(&self, id: TokenId) -> Option<&str> {
        if let Some(normalized) = self.added.normalized(id) {
            return Some(normalized);
        }
        match &self.decode {
            Decode::Chain(_, spellings) if !spellings.is_empty() => {
                spellings.get(id as usize).map(AsRef::as_ref)
            }
            _ => std::str::from_utf8(self.token_bytes(id).ok()?).ok(),
        }
    }

    /// Refuses ids without a token.
    fn check_ids(&self, ids: &[TokenId]) -> Result<()> {
        ids.iter().try_for_each(|&id| self.token_bytes(id).map(|_| ()))
    }

    /// The bytes of many sequences: row `i` of the result is that of
    /// `ids[offsets[i]..offsets[i + 1]]`.
    pub fn decode_batch(
        &self,
        ids: &[TokenId],
        offsets: &[i64],
        skip_special: bool,
        threads: usize,
        watch: &Watch<'_>,
    ) -> Result<Vec<Vec<u8>>> {
        let rows = offsets.len().saturating_sub(1);
        let row = |i: usize| {
            let bounds = offsets.get(i).zip(offsets.get(i + 1));
            let range = bounds
                .and_then(|(&a, &b)| Some(usize::try_from(a).ok()?..usize::try_from(b).ok()?));
            range.and_then(|range| ids.get(range)).ok_or_else(|| Error::Input {
                why: format!(
                    "offsets[{i}:{}] are not an ascending range of the {} ids",
                    i + 2,
                    ids.len()
                ),
            })
        };
        let threads = if ids.len() < 1 << 14 { 1 } else { threads };
        let size = rows.div_ceil(threads * 8).max(1);
        let jobs = parallel::map(rows.div_ceil(size), threads, watch, |job| {
            let rows = job * size..rows.min((job + 1) * size);
            rows.map(|i| self.decode_bytes(row(i)?, skip_special)).collect::<Result<Vec<_>>>()
        })?;
        Ok(jobs.into_iter().flatten().collect())
    }
}

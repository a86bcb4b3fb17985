//! What the source's model makes of bytes, without normalizer and cuts.
//!
//! A model of text sees the stretches that are UTF-8, with its sign for spaces; bytes between them
//! are spelled by byte pieces. A sign that stands in the token itself is no space: it is bytes, too.

use super::{Decomposer, Decomposition};
use crate::byte_probs::spelling::{Speller, Stages};
use crate::encode::general::{General, ModelScratch};
use crate::encode::sink::Ids;
use crate::error::{Error, Result};
use crate::token::TokenId;
use crate::tokenizer::{Engine, Tokenizer};
use crate::transfer::canonical::Role;
use crate::watch::Watch;

/// A model that cuts bytes, or text with signs.
pub(super) struct Model<'a> {
    tokenizer: &'a Tokenizer,
    /// None: a model of bytes.
    general: Option<&'a General>,
    sign: Option<char>,
}

/// Buffers of one thread.
#[derive(Default)]
pub(super) struct Buffers {
    model: ModelScratch,
    text: String,
    /// From a place in `text` to one in the stretch it was made of.
    places: Vec<u32>,
    ids: Vec<TokenId>,
}

impl<'a> Model<'a> {
    /// The model of a tokenizer; none where it is one of words.
    pub(super) fn new(tokenizer: &'a Tokenizer) -> Option<Self> {
        let sign = Stages::new(&tokenizer.pipeline).sign;
        if matches!(Speller::new(&tokenizer.pipeline.model, sign), Speller::Words { .. }) {
            return None;
        }
        let general = match &tokenizer.engine {
            Engine::Bytes(_) => None,
            Engine::General(general) => Some(general.as_ref()),
        };
        Some(Self { tokenizer, general, sign })
    }

    /// Appends the pieces of some bytes; says whether they spell all of them.
    pub(super) fn spell(
        &self,
        by: &Decomposer<'_>,
        bytes: &[u8],
        buffers: &mut Buffers,
        out: &mut Decomposition,
        watch: &Watch<'_>,
    ) -> Result<bool> {
        let mut writer = Writer { by, bytes, out, at: 0, spelled: 0 };
        let Some(general) = self.general else {
            let Buffers { ids, .. } = buffers;
            ids.clear();
            self.tokenizer.with_scratch(|scratch| {
                let mut sink = Ids::new(ids);
                self.tokenizer.encode_invalid(bytes, 0, scratch, watch, &mut sink)?;
                sink.flush();
                Ok::<_, Error>(())
            })?;
            for &id in ids.iter() {
                writer.next(id);
            }
            return Ok(writer.spelled == bytes.len());
        };
        for chunk in bytes.utf8_chunks() {
            let mut rest = chunk.valid();
            while !rest.is_empty() {
                let end = self.sign.and_then(|sign| rest.find(sign)).unwrap_or(rest.len());
                let (text, after) = rest.split_at(end);
                if !text.is_empty() {
                    self.stretch(general, text, buffers, &mut writer);
                }
                let sign = self.sign.map_or(0, char::len_utf8).min(after.len());
                writer.single_bytes(sign);
                rest = after.get(sign..).unwrap_or_default();
            }
            writer.single_bytes(chunk.invalid().len());
        }
        Ok(writer.spelled == bytes.len())
    }

    /// A stretch of text without signs, which begins where the writer is.
    fn stretch(
        &self,
        general: &General,
        text: &str,
        buffers: &mut Buffers,
        out: &mut Writer<'_, '_>,
    ) {
        let Buffers { model, text: signed, places, .. } = buffers;
        signed.clear();
        places.clear();
        for (at, c) in text.char_indices() {
            let seen = if c == ' ' { self.sign.unwrap_or(c) } else { c };
            signed.push(seen);
            for byte in 0..seen.len_utf8() {
                places.push((at + byte.min(c.len_utf8() - 1)) as u32);
            }
        }
        places.push(text.len() as u32);
        let (base, end) = (out.at, out.at + text.len());
        // A model that cannot do without an unknown token it lacks spells none of this.
        let tokens = general.piece_tokens(signed, model).unwrap_or_default();
        for token in tokens {
            let place = |at: u32| places.get(at as usize).map_or(end, |&at| base + at as usize);
            out.token(token.id, place(token.start), place(token.end));
        }
        out.at = end;
    }
}

/// Where pieces go, if their bytes are those of the target there.
struct Writer<'a, 'b> {
    by: &'a Decomposer<'b>,
    bytes: &'a [u8],
    out: &'a mut Decomposition,
    at: usize,
    spelled: usize,
}

impl Writer<'_, '_> {
    /// A token that stands here, if it does.
    fn next(&mut self, id: TokenId) -> bool {
        let source = self.by.source;
        let spelled = source.bytes(id);
        let here = self.bytes.get(self.at..).unwrap_or_default();
        if spelled.is_empty() || !source.role(id).is_text() || !here.starts_with(spelled) {
            return false;
        }
        let end = self.at + spelled.len();
        self.out.push(id, [self.at as u32, end as u32], 0.0, 0);
        self.spelled += spelled.len();
        self.at = end;
        true
    }

    /// A token that the model puts at these bytes. Of the pieces that spell a character in bytes
    /// it may put all at its beginning, or each at all of it.
    fn token(&mut self, id: TokenId, start: usize, end: usize) {
        let is_byte = self.by.source.role(id) == Role::Byte;
        if !is_byte || self.at < start {
            self.at = start;
        }
        if !self.next(id) {
            self.at = end;
        }
    }

    /// So many bytes, each for itself.
    fn single_bytes(&mut self, count: usize) {
        for _ in 0..count {
            let byte = self.bytes.get(self.at..=self.at).unwrap_or_default();
            let id = self.by.index.of(byte, Role::Byte, self.by.source);
            if !id.is_some_and(|id| self.next(id)) {
                self.at += 1;
            }
        }
    }
}

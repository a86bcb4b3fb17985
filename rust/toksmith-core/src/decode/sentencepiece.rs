//! Ids to text as SentencePiece 0.2.3 does it.
//!
//! U+2581 becomes a space, but for the one that was put before the text (or all at its
//! beginning, where extra white space was removed); control pieces become nothing, unknown ones
//! what the file says; a run of byte pieces becomes its characters, with U+FFFD for each byte
//! that is part of none. A file may have a table of replacements for the result.
//!
//! [`SentencePieceDecoder::push`] takes id by id and never gives half a character; decoding a
//! sequence is that, id by id.

use crate::encode::model::sentencepiece::{SentencePiece, byte_piece};
use crate::encode::normalize::sentencepiece::{SIGN, SentencePieceNormalize};
use crate::error::{Error, Result};
use crate::formats::pipeline::{Decoder, PieceKind, SentencePieceModel, SentencePieceNormalizer};
use crate::token::TokenId;
use crate::vocab::Vocab;
use std::collections::HashMap;

/// What an id becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// The text of its piece.
    Text,
    /// Nothing.
    Nothing,
    /// What the file says unknown pieces become.
    Unknown,
    /// A byte.
    Byte(u8),
}

/// A compiled decoder.
#[derive(Debug)]
pub struct SentencePieceDecoder {
    parts: Vec<Part>,
    pieces: Vec<Box<str>>,
    unk_surface: String,
    /// Whether a sign at the beginning goes: one, or all.
    strip: bool,
    strip_all: bool,
    denormalizer: Option<SentencePieceNormalize>,
}

/// A text on its way; see [`SentencePieceDecoder::push`].
#[derive(Debug, Clone)]
pub struct DecodeState {
    /// Bytes of byte pieces that may still become a character.
    pending: Vec<u8>,
    /// Whether signs at the beginning are still looked for.
    at_beginning: bool,
    /// Whether any text has come.
    any: bool,
    /// The whole text, where it has to be denormalized.
    held: String,
}

impl Default for DecodeState {
    fn default() -> Self {
        Self { pending: Vec::new(), at_beginning: true, any: false, held: String::new() }
    }
}

impl SentencePieceDecoder {
    /// Compiles a decoder for the pieces of `vocab`.
    ///
    /// # Errors
    /// [`Error::Model`] if a part does not fit the others.
    pub fn new(vocab: &Vocab, model: &SentencePieceModel, decoder: &Decoder) -> Result<Self> {
        let Decoder::SentencePiece {
            add_dummy_prefix,
            remove_extra_whitespaces,
            unk_surface,
            denormalizer,
        } = decoder
        else {
            return Err(Error::unsupported("another decoder with a SentencePiece model"));
        };
        let denormalizer = denormalizer.as_ref().map(|def: &SentencePieceNormalizer| {
            SentencePieceNormalize::new(&SentencePieceNormalizer {
                whitespace_as_suffix: false,
                user_defined: Vec::new(),
                ..def.clone()
            })
        });
        let bytes: HashMap<String, u8> =
            (0..=u8::MAX).map(|byte| (byte_piece(byte), byte)).collect();
        let (mut parts, mut pieces) = (Vec::new(), Vec::new());
        for id in 0..vocab.id_limit() as TokenId {
            let piece = String::from_utf8_lossy(vocab.get(id).unwrap_or(&[])).into_owned();
            parts.push(match model.types.get(id as usize).copied().unwrap_or_default() {
                PieceKind::Control => Part::Nothing,
                PieceKind::Unknown => Part::Unknown,
                PieceKind::Byte => match bytes.get(&piece) {
                    Some(&byte) => Part::Byte(byte),
                    None => {
                        return Err(Error::field("pieces", format!("{piece:?} is no byte piece")));
                    }
                },
                PieceKind::Normal | PieceKind::UserDefined | PieceKind::Unused => Part::Text,
            });
            pieces.push(piece.into_boxed_str());
        }
        Ok(Self {
            parts,
            pieces,
            unk_surface: unk_surface.clone(),
            strip: *add_dummy_prefix || *remove_extra_whitespaces,
            strip_all: *remove_extra_whitespaces,
            denormalizer: denormalizer.transpose()?,
        })
    }

    /// What an id becomes, and its piece.
    pub(crate) fn of_id(&self, id: TokenId) -> Option<(Part, &str)> {
        Some((*self.parts.get(id as usize)?, self.pieces.get(id as usize)?))
    }

    /// What the file says unknown pieces become.
    pub(crate) fn unk_surface(&self) -> &str {
        &self.unk_surface
    }

    /// Whether a sign at the beginning goes, and whether all do.
    pub(crate) fn strips(&self) -> (bool, bool) {
        (self.strip, self.strip_all)
    }

    /// What is done to the text at the end.
    pub(crate) fn denormalizer(&self) -> Option<&SentencePieceNormalize> {
        self.denormalizer.as_ref()
    }

    /// The text of a sequence of ids. O(bytes).
    ///
    /// # Errors
    /// [`Error::UnknownId`] names the first id that no piece has.
    pub fn decode(&self, ids: &[TokenId]) -> Result<String> {
        let (mut state, mut out) = (DecodeState::default(), String::new());
        for &id in ids {
            self.push(&mut state, id, &mut out)?;
        }
        self.finish(state, &mut out)?;
        Ok(out)
    }

    /// The text of a sequence of pieces by their spelling; what is no piece is text itself.
    ///
    /// # Errors
    /// Those of denormalizing.
    pub fn decode_pieces(&self, model: &SentencePiece, pieces: &[&str]) -> Result<String> {
        let (mut state, mut out) = (DecodeState::default(), String::new());
        for &piece in pieces {
            let id = model.piece_to_id(piece.as_bytes());
            let known = id.and_then(|id| Some((id as usize, *self.parts.get(id as usize)?)));
            let surface = match known {
                Some((id, part)) if part != Part::Unknown || &*self.pieces[id] == piece => None,
                _ => Some(piece),
            };
            let part = known.map_or(Part::Unknown, |(_, part)| part);
            self.part(&mut state, part, piece, surface, &mut out);
        }
        self.finish(state, &mut out)?;
        Ok(out)
    }

    /// Appends the text that has become certain with one more id; with [`Self::finish`] it adds
    /// up to that of [`Self::decode`]. A file with a denormalizer gives its text at the end.
    ///
    /// # Errors
    /// [`Error::UnknownId`]; the state is then as it was before the call.
    pub fn push(&self, state: &mut DecodeState, id: TokenId, out: &mut String) -> Result<()> {
        let known = self.parts.get(id as usize).zip(self.pieces.get(id as usize));
        let Some((&part, piece)) = known else {
            return Err(Error::UnknownId { id: i128::from(id), limit: self.parts.len() });
        };
        self.part(state, part, piece, None, out);
        Ok(())
    }

    /// Appends what is left.
    ///
    /// # Errors
    /// Those of denormalizing.
    pub fn finish(&self, mut state: DecodeState, out: &mut String) -> Result<()> {
        self.settle(&mut state, true, out);
        match &self.denormalizer {
            Some(denormalizer) => denormalizer.normalize(&state.held, out, None),
            None => Ok(()),
        }
    }

    /// One piece; `surface` is what an unknown one becomes, if not what the file says.
    fn part(
        &self,
        state: &mut DecodeState,
        part: Part,
        piece: &str,
        surface: Option<&str>,
        out: &mut String,
    ) {
        if let Part::Byte(byte) = part {
            state.pending.push(byte);
            return self.settle(state, false, out);
        }
        self.settle(state, true, out);
        state.at_beginning &= !state.any;
        if part == Part::Nothing {
            return;
        }
        let stripped =
            if state.at_beginning && self.strip { piece.strip_prefix(SIGN) } else { None };
        if part == Part::Unknown {
            self.give(state, surface.unwrap_or(&self.unk_surface), out);
        } else {
            for (i, between) in stripped.unwrap_or(piece).split(SIGN).enumerate() {
                if i > 0 {
                    self.give(state, " ", out);
                }
                self.give(state, between, out);
            }
        }
        let one_went = stripped.is_some() && !self.strip_all;
        state.at_beginning &= !(one_went || state.any);
    }

    fn give(&self, state: &mut DecodeState, text: &str, out: &mut String) {
        state.any |= !text.is_empty();
        if self.denormalizer.is_some() { state.held.push_str(text) } else { out.push_str(text) }
    }

    /// Gives out the characters of the pending bytes, all of them if no more will come.
    fn settle(&self, state: &mut DecodeState, all: bool, out: &mut String) {
        while !state.pending.is_empty() {
            let (len, text) = match std::str::from_utf8(&state.pending) {
                Ok(text) => (text.len(), text.to_owned()),
                Err(error) if error.valid_up_to() > 0 => {
                    let len = error.valid_up_to();
                    (len, String::from_utf8_lossy(&state.pending[..len]).into_owned())
                }
                // The beginning of a character, so far.
                Err(error) if error.error_len().is_none() && !all => return,
                Err(_) => (1, String::from(char::REPLACEMENT_CHARACTER)),
            };
            self.give(state, &text, out);
            state.pending.drain(..len);
        }
    }
}

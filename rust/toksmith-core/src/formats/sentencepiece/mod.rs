//! SentencePiece's `.model`: a serialized `ModelProto`, checked as SentencePiece 0.2.3 does.
//!
//! Read are the pieces (field 1), and of the trainer's, the normalizer's and the denormalizer's
//! specifications (2, 3, 5) what bears on encoding and decoding. As the format has it, of a
//! field given twice the last counts, messages given twice are one, and a value an enum does
//! not know is as if not there.
//!
//! Start at [`load`] and [`save`]. `write.rs` serializes a SentencePiece model, `converted.rs` makes
//! one of the parts of a tokenizer.json, with the scores of `merged.rs`.

mod converted;
mod merged;
mod write;

pub use write::save;

use super::pipeline::{
    Decoder, Model, Normalizer, PieceKind, Pipeline, SentencePieceKind, SentencePieceModel,
    SentencePieceNormalizer,
};
use super::protobuf::{Field, Reader, Value, put_bytes, put_number};
use super::{AddedToken, Definition};
use crate::encode::model::sentencepiece::{NUL_PIECE, byte_piece};
use crate::encode::normalize::checked_charsmap::CheckedCharsmap;
use crate::error::{Error, Place, Result};
use crate::token::TokenId;
use crate::vocab::Vocab;
use std::collections::HashMap;

/// Pieces are shorter than this.
const MOST_BYTES: usize = 8000;

/// What a file says.
#[derive(Debug, Clone, Default)]
pub struct Loaded {
    /// The pieces as spelled; control pieces also as special added tokens.
    pub definition: Definition,
    /// Normalizer, model and decoder.
    pub pipeline: Pipeline,
    /// Named ids.
    pub specials: Specials,
}

/// Ids by their part, where the file has them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Specials {
    /// What has no piece.
    pub unk: Option<TokenId>,
    /// Beginning of a text.
    pub bos: Option<TokenId>,
    /// End of a text.
    pub eos: Option<TokenId>,
    /// Padding.
    pub pad: Option<TokenId>,
}

/// A piece as the file has it.
struct Piece<'a> {
    text: &'a [u8],
    score: f32,
    kind: PieceKind,
    /// Where its message begins in the file.
    at: usize,
}

/// `NormalizerSpec`.
struct Spec<'a> {
    charsmap: &'a [u8],
    charsmap_at: usize,
    add_dummy_prefix: bool,
    remove_extra_whitespaces: bool,
    escape_whitespaces: bool,
}

impl Default for Spec<'_> {
    fn default() -> Self {
        Self {
            charsmap: &[],
            charsmap_at: 0,
            add_dummy_prefix: true,
            remove_extra_whitespaces: true,
            escape_whitespaces: true,
        }
    }
}

/// What is read of `TrainerSpec`.
struct Trainer<'a> {
    kind: SentencePieceKind,
    byte_fallback: bool,
    whitespace_as_suffix: bool,
    unk_surface: &'a [u8],
    /// Names of the unknown, beginning, end and padding pieces.
    names: [&'a [u8]; 4],
    /// Where the last of its text fields stands.
    at: usize,
}

const NAMES: [&[u8]; 4] = [b"<unk>", b"<s>", b"</s>", b"<pad>"];

impl Default for Trainer<'_> {
    fn default() -> Self {
        Self {
            kind: SentencePieceKind::Unigram,
            byte_fallback: false,
            whitespace_as_suffix: false,
            unk_surface: " \u{2047} ".as_bytes(),
            names: NAMES,
            at: 0,
        }
    }
}

/// `ModelProto`.
#[derive(Default)]
struct Proto<'a> {
    pieces: Vec<Piece<'a>>,
    trainer: Trainer<'a>,
    normalizer: Spec<'a>,
    denormalizer: Spec<'a>,
}

/// Calls `read` for each field of a message.
fn fields<'a>(
    data: &'a [u8],
    base: usize,
    mut read: impl FnMut(Field<'a>) -> Result<()>,
) -> Result<()> {
    let mut reader = Reader::new(data, base);
    while let Some(field) = reader.next()? {
        read(field)?;
    }
    Ok(())
}

impl<'a> Proto<'a> {
    fn read(data: &'a [u8]) -> Result<Self> {
        let mut proto = Self::default();
        fields(data, 0, |Field { number, value, at }| match (number, value) {
            (1, Value::Bytes(data)) => {
                proto.pieces.push(Piece::read(data, at)?);
                Ok(())
            }
            (2, Value::Bytes(data)) => proto.trainer.read(data, at),
            (3, Value::Bytes(data)) => proto.normalizer.read(data, at),
            (5, Value::Bytes(data)) => proto.denormalizer.read(data, at),
            _ => Ok(()),
        })?;
        Ok(proto)
    }
}

impl<'a> Piece<'a> {
    fn read(data: &'a [u8], at: usize) -> Result<Self> {
        let mut piece = Self { text: &[], score: 0.0, kind: PieceKind::Normal, at };
        fields(data, at, |field| {
            match (field.number, field.value) {
                (1, Value::Bytes(text)) => piece.text = text,
                (2, Value::Fixed32(bits)) => piece.score = f32::from_bits(bits),
                (3, Value::Varint(kind)) => piece.kind = piece_kind(kind).unwrap_or(piece.kind),
                _ => {}
            }
            Ok(())
        })?;
        Ok(piece)
    }
}

fn piece_kind(number: u64) -> Option<PieceKind> {
    Some(match number {
        1 => PieceKind::Normal,
        2 => PieceKind::Unknown,
        3 => PieceKind::Control,
        4 => PieceKind::UserDefined,
        5 => PieceKind::Unused,
        6 => PieceKind::Byte,
        _ => return None,
    })
}

impl<'a> Trainer<'a> {
    fn read(&mut self, data: &'a [u8], base: usize) -> Result<()> {
        fields(data, base, |Field { number, value, at }| {
            match (number, value) {
                (3, Value::Varint(kind)) => {
                    self.kind = match kind {
                        1 => SentencePieceKind::Unigram,
                        2 => SentencePieceKind::Bpe,
                        3 => SentencePieceKind::Word,
                        4 => SentencePieceKind::Char,
                        _ => self.kind,
                    }
                }
                (24, Value::Varint(flag)) => self.whitespace_as_suffix = flag != 0,
                (35, Value::Varint(flag)) => self.byte_fallback = flag != 0,
                (44, Value::Bytes(text)) => (self.unk_surface, self.at) = (text, at),
                (45..=48, Value::Bytes(name)) => self.names[number as usize - 45] = name,
                _ => {}
            }
            Ok(())
        })
    }
}

impl<'a> Spec<'a> {
    fn read(&mut self, data: &'a [u8], base: usize) -> Result<()> {
        fields(data, base, |Field { number, value, at }| {
            match (number, value) {
                (2, Value::Bytes(blob)) => (self.charsmap, self.charsmap_at) = (blob, at),
                (3, Value::Varint(flag)) => self.add_dummy_prefix = flag != 0,
                (4, Value::Varint(flag)) => self.remove_extra_whitespaces = flag != 0,
                (5, Value::Varint(flag)) => self.escape_whitespaces = flag != 0,
                _ => {}
            }
            Ok(())
        })
    }

    /// What the file says, with its table checked.
    fn finish(
        &self,
        user_defined: Vec<String>,
        whitespace_as_suffix: bool,
    ) -> Result<SentencePieceNormalizer> {
        if let Err(error) = CheckedCharsmap::new(self.charsmap) {
            return Err(match error {
                Error::Model { place: Place::Byte(at), why } => {
                    Error::byte(self.charsmap_at + at, why)
                }
                other => other,
            });
        }
        Ok(SentencePieceNormalizer {
            charsmap: self.charsmap.to_vec(),
            add_dummy_prefix: self.add_dummy_prefix,
            remove_extra_whitespaces: self.remove_extra_whitespaces,
            escape_whitespaces: self.escape_whitespaces,
            whitespace_as_suffix,
            user_defined,
        })
    }
}

/// Reads a `.model` file.
///
/// # Errors
/// [`Error::Model`] with the byte where something is wrong; what SentencePiece 0.2.3 refuses is
/// refused, and pieces that are not UTF-8.
pub fn load(data: &[u8]) -> Result<Loaded> {
    let mut proto = Proto::read(data)?;
    let Trainer { kind, byte_fallback, .. } = proto.trainer;
    if byte_fallback {
        // Converters write a zero byte as a piece beside `<0x00>`; it counts for nothing.
        for piece in proto.pieces.iter_mut().filter(|piece| piece.text == NUL_PIECE) {
            piece.kind = PieceKind::Unused;
        }
    }
    let found = check(&proto)?;
    let mut vocab = Vocab::with_capacity(
        proto.pieces.len(),
        proto.pieces.iter().map(|piece| piece.text.len()).sum(),
    );
    let (mut added, mut user_defined) = (Vec::new(), Vec::new());
    for (id, piece) in (0..).zip(&proto.pieces) {
        vocab.insert(id, piece.text, proto.pieces.len())?;
        let text = || String::from_utf8_lossy(piece.text).into_owned();
        match piece.kind {
            PieceKind::Control => {
                added.push(AddedToken {
                    id,
                    content: text(),
                    special: true,
                    ..AddedToken::default()
                });
            }
            PieceKind::UserDefined => user_defined.push(text()),
            _ => {}
        }
    }
    let Trainer { whitespace_as_suffix, unk_surface, .. } = proto.trainer;
    let Ok(unk_surface) = std::str::from_utf8(unk_surface) else {
        return Err(Error::byte(proto.trainer.at, "unk_surface is not UTF-8"));
    };
    let normalizer = proto.normalizer.finish(user_defined, whitespace_as_suffix)?;
    let denormalizer = match proto.denormalizer.charsmap {
        [] => None,
        _ => Some(proto.denormalizer.finish(Vec::new(), false)?),
    };
    let decoder = Decoder::SentencePiece {
        add_dummy_prefix: normalizer.add_dummy_prefix,
        remove_extra_whitespaces: normalizer.remove_extra_whitespaces,
        unk_surface: unk_surface.to_owned(),
        denormalizer,
    };
    let model = SentencePieceModel {
        kind,
        scores: proto.pieces.iter().map(|piece| piece.score).collect(),
        types: proto.pieces.iter().map(|piece| piece.kind).collect(),
        byte_fallback,
        unk_surface: unk_surface.to_owned(),
        whitespace_as_suffix,
    };
    Ok(Loaded {
        specials: specials(&proto, &found),
        definition: Definition { vocab, added, ..Definition::default() },
        pipeline: Pipeline {
            normalizer: Some(Normalizer::SentencePiece(normalizer)),
            model: Model::SentencePiece(model),
            decoder: Some(decoder),
            ..Pipeline::default()
        },
    })
}

/// Pieces by spelling. A reserved one (unknown, control, byte) may be spelled as a normal one.
#[derive(Default)]
struct Found<'a> {
    reserved: HashMap<&'a [u8], TokenId>,
    normal: HashMap<&'a [u8], TokenId>,
    unknown: Option<TokenId>,
}

/// Refuses what SentencePiece 0.2.3 refuses.
fn check<'a>(proto: &Proto<'a>) -> Result<Found<'a>> {
    let Trainer { kind, byte_fallback, .. } = proto.trainer;
    let mut found = Found::default();
    for (id, &Piece { text, score, kind: piece_kind, at }) in (0..).zip(&proto.pieces) {
        let bad = |why: String| Err(Error::byte(at, format!("piece {id}: {why}")));
        if text.len() >= MOST_BYTES {
            return bad(format!("{} bytes, less than {MOST_BYTES} expected", text.len()));
        }
        if text.is_empty() {
            return bad("it is empty".into());
        }
        if kind == SentencePieceKind::Unigram && !score.is_finite() {
            return bad(format!("its score is {score}"));
        }
        if text == NUL_PIECE && piece_kind == PieceKind::Unused {
            continue;
        }
        let Ok(spelled) = std::str::from_utf8(text) else {
            return bad("it is not UTF-8".into());
        };
        if text.contains(&0) {
            return bad("it has a zero byte".into());
        }
        let reserved =
            matches!(piece_kind, PieceKind::Unknown | PieceKind::Control | PieceKind::Byte);
        // A BPE tells them apart by their type alone.
        let clash = kind == SentencePieceKind::Bpe
            && (found.reserved.contains_key(text) || found.normal.contains_key(text));
        let map = if reserved { &mut found.reserved } else { &mut found.normal };
        if map.insert(text, id).is_some() || clash {
            return bad(format!("{spelled:.80?} is there already"));
        }
        if piece_kind == PieceKind::Unknown && found.unknown.replace(id).is_some() {
            return bad("it is a second unknown piece".into());
        }
        if piece_kind == PieceKind::Byte {
            if !byte_fallback {
                return bad(format!("{spelled:.80?} is a byte piece, but byte_fallback is off"));
            }
            if (0..=u8::MAX).all(|byte| byte_piece(byte) != spelled) {
                return bad(format!("{spelled:.80?} is a byte piece, `<0xNN>` expected"));
            }
        }
    }
    let bad = |why: String| Err(Error::field("pieces", why));
    if byte_fallback {
        let is_byte = |piece: &String| {
            let id = found.reserved.get(piece.as_bytes());
            id.and_then(|&id| proto.pieces.get(id as usize))
                .is_some_and(|piece| piece.kind == PieceKind::Byte)
        };
        if let Some(piece) = (0..=u8::MAX).map(byte_piece).find(|piece| !is_byte(piece)) {
            return bad(format!("byte_fallback is on, but there is no byte piece {piece}"));
        }
    } else if found.unknown.is_none() {
        return bad(format!("none of {} is the unknown piece", proto.pieces.len()));
    }
    if found.normal.is_empty() && kind == SentencePieceKind::Unigram {
        return bad(format!("none of {} is a normal piece", proto.pieces.len()));
    }
    Ok(found)
}

/// Finds the ids of the named pieces.
fn specials(proto: &Proto<'_>, found: &Found<'_>) -> Specials {
    let named = |which: usize, kind| {
        let name = match proto.trainer.names[which] {
            [] => NAMES[which],
            name => name,
        };
        let id = found.reserved.get(name).or_else(|| found.normal.get(name)).copied();
        let id = id.or(found.unknown)?;
        proto.pieces.get(id as usize).is_some_and(|piece| piece.kind == kind).then_some(id)
    };
    Specials {
        unk: named(0, PieceKind::Unknown),
        bos: named(1, PieceKind::Control),
        eos: named(2, PieceKind::Control),
        pad: named(3, PieceKind::Control),
    }
}

/// The normalizer of a serialized `NormalizerSpec`.
///
/// # Errors
/// [`Error::Model`] with the byte where something is wrong.
pub fn normalizer_of_spec(data: &[u8]) -> Result<SentencePieceNormalizer> {
    let mut spec = Spec::default();
    spec.read(data, 0)?;
    spec.finish(Vec::new(), false)
}

/// A serialized `NormalizerSpec` with its flags set to those given: whether a space is added, extra
/// white space goes, and white space becomes U+2581 (fields 3 to 5).
///
/// # Errors
/// [`Error::Model`] with the byte where something is wrong.
pub fn spec_with_flags(data: &[u8], flags: [Option<bool>; 3]) -> Result<Vec<u8>> {
    let (mut texts, mut numbers) = ([None; 7], [None; 7]);
    fields(data, 0, |Field { number, value, .. }| {
        match (number as usize, value) {
            (at @ (1 | 2 | 6), Value::Bytes(text)) => texts[at] = Some(text),
            (at @ 3..=5, Value::Varint(flag)) => numbers[at] = Some(flag != 0),
            _ => {}
        }
        Ok(())
    })?;
    for (at, flag) in (3..).zip(flags) {
        numbers[at] = flag.or(numbers[at]);
    }
    let mut out = Vec::with_capacity(data.len() + 8);
    for (field, (text, flag)) in (0..).zip(texts.into_iter().zip(numbers)) {
        if let Some(text) = text {
            put_bytes(&mut out, field, text);
        }
        if let Some(flag) = flag {
            put_number(&mut out, field, flag.into());
        }
    }
    Ok(out)
}

/// The serialized `NormalizerSpec` of a model file; parts of one given twice follow each other,
/// which is reading them as one.
///
/// # Errors
/// [`Error::Model`] with the byte where something is wrong.
pub fn normalizer_spec(data: &[u8]) -> Result<Vec<u8>> {
    let mut spec = Vec::new();
    fields(data, 0, |Field { number, value, .. }| {
        if let (3, Value::Bytes(part)) = (number, value) {
            spec.extend_from_slice(part);
        }
        Ok(())
    })?;
    Ok(spec)
}

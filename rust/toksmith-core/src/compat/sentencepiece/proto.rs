//! `SentencePieceText` and `NBestSentencePieceText`, serialized.
//!
//! Fields are written in the order of their numbers, be they empty, as SentencePiece does.

use super::Piece;
use crate::token::NONE;

/// Wire types.
const VARINT: u8 = 0;
const BYTES: u8 = 2;
const FIXED32: u8 = 5;

/// A text in pieces, with its score if it is one of several.
pub fn text(text: &[u8], pieces: &[Piece], score: Option<f32>) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + pieces.len() * 24 + 16);
    put_bytes(&mut out, 1, text);
    let mut message = Vec::new();
    for Piece { piece, id, begin, end, surface } in pieces {
        message.clear();
        put_bytes(&mut message, 1, piece);
        put_number(&mut message, 2, if *id == NONE { 0 } else { *id });
        if *surface {
            let surface = text.get(*begin as usize..*end as usize).unwrap_or(&[]);
            put_bytes(&mut message, 3, surface);
        }
        put_number(&mut message, 4, *begin);
        put_number(&mut message, 5, *end);
        put_bytes(&mut out, 2, &message);
    }
    if let Some(score) = score {
        out.push(3 << 3 | FIXED32);
        out.extend_from_slice(&score.to_le_bytes());
    }
    out
}

/// Several segmentations of a text.
pub fn nbest(whole: &[u8], found: &[(Vec<Piece>, f32)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (pieces, score) in found {
        put_bytes(&mut out, 1, &text(whole, pieces, Some(*score)));
    }
    out
}

/// A message with one field that is a message.
pub fn wrapped(field: u8, message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + 8);
    put_bytes(&mut out, field, message);
    out
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

pub(crate) fn put_number(out: &mut Vec<u8>, field: u8, value: u32) {
    out.push(field << 3 | VARINT);
    put_varint(out, value.into());
}

pub(crate) fn put_bytes(out: &mut Vec<u8>, field: u8, value: &[u8]) {
    out.push(field << 3 | BYTES);
    put_varint(out, value.len() as u64);
    out.extend_from_slice(value);
}

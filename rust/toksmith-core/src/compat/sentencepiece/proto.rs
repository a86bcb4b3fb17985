//! `SentencePieceText` and `NBestSentencePieceText`, serialized.
//!
//! Fields are written in the order of their numbers, be they empty, as SentencePiece does.

use super::Piece;
use crate::formats::protobuf::{put_bytes, put_float, put_number};
use crate::token::NONE;

/// A text in pieces, with its score if it is one of several.
pub fn text(text: &[u8], pieces: &[Piece], score: Option<f32>) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + pieces.len() * 24 + 16);
    put_bytes(&mut out, 1, text);
    let mut message = Vec::new();
    for Piece { piece, id, begin, end, surface } in pieces {
        message.clear();
        put_bytes(&mut message, 1, piece);
        put_number(&mut message, 2, if *id == NONE { 0 } else { (*id).into() });
        if *surface {
            let surface = text.get(*begin as usize..*end as usize).unwrap_or(&[]);
            put_bytes(&mut message, 3, surface);
        }
        put_number(&mut message, 4, (*begin).into());
        put_number(&mut message, 5, (*end).into());
        put_bytes(&mut out, 2, &message);
    }
    if let Some(score) = score {
        put_float(&mut out, 3, score);
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
pub fn wrapped(field: u32, message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + 8);
    put_bytes(&mut out, field, message);
    out
}

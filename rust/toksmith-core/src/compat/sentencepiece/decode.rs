//! Pieces to text, with the part of the text that each becomes.
//!
//! The rules are those of [`crate::decode::sentencepiece`], which gives text alone; here pieces
//! may be any bytes. Of the byte pieces that spell a character all but the last stand for
//! nothing, the last for the character.

use super::{Piece, Processor};
use crate::decode::sentencepiece::Part;
use crate::encode::normalize::sentencepiece::SIGN;
use crate::error::{Error, Result};
use crate::token::{NONE, TokenId};

/// A text and the pieces it was made of.
#[derive(Debug, Clone, Default)]
pub struct Decoded {
    /// The text.
    pub text: Vec<u8>,
    /// The pieces, with the bytes of the text that each became (before a file's denormalizer).
    pub pieces: Vec<Piece>,
}

/// What is known of a piece before it is decoded.
struct Item<'a> {
    part: Part,
    piece: &'a [u8],
    id: TokenId,
    /// What an unknown piece becomes.
    surface: &'a [u8],
}

impl Processor {
    /// The text of ids.
    ///
    /// # Errors
    /// [`Error::UnknownId`].
    pub fn decode_ids(&self, ids: &[TokenId]) -> Result<String> {
        self.decoder.decode(ids)
    }

    /// The text of ids, and what each became.
    ///
    /// # Errors
    /// [`Error::UnknownId`].
    pub fn decode_ids_tracked(&self, ids: &[TokenId]) -> Result<Decoded> {
        let surface = self.decoder.unk_surface().as_bytes();
        let item = |&id: &TokenId| {
            let found = self.decoder.of_id(id);
            let (part, piece) =
                found.ok_or(Error::UnknownId { id: i128::from(id), limit: self.len() })?;
            Ok(Item { part, piece: piece.as_bytes(), id, surface })
        };
        self.tracked(&ids.iter().map(item).collect::<Result<Vec<_>>>()?)
    }

    /// The text of pieces, and what each became; what is no piece is text itself.
    ///
    /// # Errors
    /// Those of denormalizing.
    pub fn decode_pieces(&self, pieces: &[&[u8]]) -> Result<Decoded> {
        let item = |&piece: &&'_ [u8]| {
            let id = self.piece_to_id(piece);
            let found = id.and_then(|id| Some((id, self.decoder.of_id(id)?)));
            let Some((id, (part, own))) = found else {
                return (NONE, Part::Unknown, false);
            };
            (id, part, part == Part::Unknown && own.as_bytes() == piece)
        };
        let surface = self.decoder.unk_surface().as_bytes();
        let items: Vec<_> = pieces
            .iter()
            .map(|piece| {
                let (id, part, is_unknown) = item(piece);
                Item { part, piece, id, surface: if is_unknown { surface } else { piece } }
            })
            .collect();
        self.tracked(&items)
    }

    fn tracked(&self, items: &[Item<'_>]) -> Result<Decoded> {
        let (strip, strip_all) = self.decoder.strips();
        let (mut text, mut ends) = (Vec::new(), Vec::with_capacity(items.len()));
        let mut at_beginning = true;
        let mut rest = items;
        while let Some(item) = rest.first() {
            if let Part::Byte(_) = item.part {
                let run: Vec<u8> = rest
                    .iter()
                    .map_while(
                        |item| if let Part::Byte(byte) = item.part { Some(byte) } else { None },
                    )
                    .collect();
                spell(&run, &mut text, &mut ends);
                rest = rest.get(run.len()..).unwrap_or(&[]);
                continue;
            }
            rest = rest.get(1..).unwrap_or(&[]);
            let begin = text.len();
            at_beginning &= text.is_empty();
            let mut one_went = false;
            match item.part {
                Part::Nothing | Part::Byte(_) => {
                    ends.push((begin, begin));
                    continue;
                }
                Part::Unknown => text.extend_from_slice(item.surface),
                Part::Text => {
                    let stripped = item.piece.strip_prefix(SIGN.as_bytes());
                    let stripped = stripped.filter(|_| at_beginning && strip);
                    one_went = stripped.is_some() && !strip_all;
                    unsigned(stripped.unwrap_or(item.piece), &mut text);
                }
            }
            ends.push((begin, text.len()));
            at_beginning &= !one_went && text.is_empty();
        }
        let piece = |(item, (begin, end)): (&Item<'_>, (usize, usize))| Piece {
            piece: item.piece.to_vec(),
            id: item.id,
            begin: begin as u32,
            end: end as u32,
            surface: true,
        };
        let pieces = items.iter().zip(ends).map(piece).collect();
        if let Some(denormalizer) = self.decoder.denormalizer() {
            let mut out = String::new();
            denormalizer.normalize_bytes(&text, &mut out, None)?;
            text = out.into_bytes();
        }
        Ok(Decoded { text, pieces })
    }
}

/// Appends a piece, its signs as spaces.
fn unsigned(piece: &[u8], out: &mut Vec<u8>) {
    let mut at = 0;
    for sign in memchr::memmem::find_iter(piece, SIGN) {
        out.extend_from_slice(piece.get(at..sign).unwrap_or(&[]));
        out.push(b' ');
        at = sign + SIGN.len();
    }
    out.extend_from_slice(piece.get(at..).unwrap_or(&[]));
}

/// Appends the characters of a run of byte pieces, and where each piece is in them.
fn spell(run: &[u8], text: &mut Vec<u8>, ends: &mut Vec<(usize, usize)>) {
    for chunk in run.utf8_chunks() {
        for letter in chunk.valid().chars() {
            let (begin, len) = (text.len(), letter.len_utf8());
            ends.extend(std::iter::repeat_n((begin, begin), len - 1));
            text.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
            ends.push((begin, text.len()));
        }
        for _ in chunk.invalid() {
            let begin = text.len();
            text.extend_from_slice("\u{FFFD}".as_bytes());
            ends.push((begin, text.len()));
        }
    }
}

//! `TemplateProcessing`: texts and special tokens in any order.

use super::Part;
use super::encoding::{Encoding, Fill};
use crate::error::{Error, Result};
use crate::formats::pipeline::{TemplatePiece, TemplateToken};

/// A piece of a template, special tokens looked up.
#[derive(Debug, Clone)]
enum Piece {
    /// The first text or the second.
    Text { pair: bool, type_id: u32 },
    /// Special tokens.
    Special(Vec<Fill>),
}

/// A template for one text and one for two.
#[derive(Debug, Clone)]
pub(super) struct Pieces {
    single: Vec<Piece>,
    pair: Vec<Piece>,
}

impl Pieces {
    pub(super) fn new(
        single: &[TemplatePiece],
        pair: &[TemplatePiece],
        tokens: &[TemplateToken],
    ) -> Result<Self> {
        let field = |name| format!("post_processor.{name}");
        Ok(Self {
            single: compile(single, tokens, &field("single"))?,
            pair: compile(pair, tokens, &field("pair"))?,
        })
    }

    /// Number of special tokens.
    pub(super) fn added(&self, pair: bool) -> usize {
        let pieces = if pair { &self.pair } else { &self.single };
        let count = |piece: &Piece| match piece {
            Piece::Text { .. } => 0,
            Piece::Special(fills) => fills.len(),
        };
        pieces.iter().map(count).sum()
    }

    /// The pieces, filled in. Without `add_special` only texts remain, in their order and with
    /// their types.
    pub(super) fn apply(&self, parts: &[Part], add_special: bool) -> Result<Vec<Part>> {
        let pieces = match parts.len() {
            1 => &self.single,
            2 => &self.pair,
            count => {
                return Err(Error::unsupported(format!(
                    "a template behind another post-processor that leaves {count} parts"
                )));
            }
        };
        let mut filled = Vec::with_capacity(pieces.len());
        for piece in pieces {
            match piece {
                Piece::Text { pair, type_id } => {
                    let number = usize::from(*pair);
                    let Some(part) = parts.get(number) else {
                        let why = "asks for a second text, where there is one";
                        return Err(Error::field("post_processor.single", why));
                    };
                    let mut part = part.clone();
                    // Of overflowing parts neither number nor types change.
                    part.encoding.set_sequence(number);
                    part.encoding.type_ids.fill(*type_id);
                    filled.push(part);
                }
                Piece::Special(fills) if add_special => {
                    let mut encoding = Encoding::default();
                    for fill in fills {
                        encoding.fill(fill, 1, 1);
                    }
                    filled.push(Part { encoding, source: 0 });
                }
                Piece::Special(_) => {}
            }
        }
        Ok(filled)
    }
}

fn compile(pieces: &[TemplatePiece], tokens: &[TemplateToken], field: &str) -> Result<Vec<Piece>> {
    let compiled = pieces.iter().map(|piece| match piece {
        TemplatePiece::Sequence { pair, type_id } => {
            Ok(Piece::Text { pair: *pair, type_id: *type_id })
        }
        TemplatePiece::Special { id, type_id } => {
            let Some(token) = tokens.iter().find(|token| token.id == *id) else {
                let why = format!("no special token is called {id:?}");
                return Err(Error::field(field, why));
            };
            if token.ids.len() != token.tokens.len() {
                let why = format!(
                    "special token {id:?} has {} ids and {} texts: expected as many",
                    token.ids.len(),
                    token.tokens.len()
                );
                return Err(Error::field("post_processor.special_tokens", why));
            }
            let fill = |(&id, name): (&u32, &String)| Fill {
                id,
                type_id: *type_id,
                name: name.as_str().into(),
            };
            Ok(Piece::Special(token.ids.iter().zip(&token.tokens).map(fill).collect()))
        }
    });
    compiled.collect()
}

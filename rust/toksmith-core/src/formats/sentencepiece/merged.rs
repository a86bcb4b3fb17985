//! A list of merges as scores of pieces.
//!
//! The file's BPE has a list of pairs, SentencePiece merges any two pieces whose text
//! together is a piece, that of the highest score first. They are one if the list makes every piece
//! out of its own text, and by a pair that comes behind those of its parts, as training has it.
//! Take two neighbours x, y whose text is a piece u. What a list with that order does to the text
//! of u is, up to each place of it, what has been done inside u; its own pair is the only state of
//! two that text ever has. So either x, y is that pair, or the place of u has passed, and then u
//! would be there. Scores that fall with the places of those pairs give the list's order.

use super::write::refused;
use crate::encode::normalize::sentencepiece::SIGN;
use crate::error::Result;
use crate::formats::pipeline::{Bpe, PieceKind};
use crate::token::TokenId;
use crate::vocab::Vocab;
use std::collections::HashMap;

/// Most characters of a piece: merging it takes quadratic time here.
const LONGEST: usize = 1024;

/// Merges whose places single precision tells apart.
const MOST: usize = 1 << f32::MANTISSA_DIGITS;

/// Pieces with their types.
pub(super) struct Pieces<'a> {
    pub(super) vocab: &'a Vocab,
    pub(super) types: &'a [PieceKind],
    pub(super) ids: HashMap<&'a [u8], TokenId>,
}

impl<'a> Pieces<'a> {
    pub(super) fn text(&self, id: TokenId) -> Option<&'a str> {
        self.vocab.get(id).and_then(|bytes| std::str::from_utf8(bytes).ok())
    }

    pub(super) fn of(&self, wanted: PieceKind) -> impl Iterator<Item = (TokenId, &'a str)> {
        let ids = (0..).zip(self.types).filter(move |&(_, &kind)| kind == wanted);
        ids.filter_map(|(id, _)| Some((id, self.text(id)?)))
    }

    /// Whether no piece goes across a cut before U+2581.
    pub(super) fn inside_cuts(&self) -> Result<()> {
        let across = |piece: &str| piece.rfind(SIGN).is_some_and(|at| at > 0);
        match self.of(PieceKind::Normal).find(|&(_, piece)| across(piece)) {
            None => Ok(()),
            Some((id, piece)) => {
                let what = format!("piece {id}, {piece:.80?}, which the cuts of Metaspace forbid,");
                Err(refused(&what))
            }
        }
    }

    /// Scores that fall with the places of the pairs that make the pieces.
    pub(super) fn scores(&self, bpe: &Bpe, exact: bool) -> Result<Vec<f32>> {
        if bpe.merges.len() >= MOST {
            return Err(refused(&format!(
                "{} merges, more than scores can order,",
                bpe.merges.len()
            )));
        }
        let mut places: HashMap<(TokenId, TokenId), (usize, TokenId)> = HashMap::new();
        for (place, &(left, right, product)) in bpe.merges.iter().enumerate() {
            places.entry((left, right)).or_insert((place, product));
        }
        let one = |text: &str| text.chars().nth(1).is_none();
        let reserved = [PieceKind::Unknown, PieceKind::Control, PieceKind::Byte];
        let mut reserved = reserved.into_iter().flat_map(|kind| self.of(kind));
        if let Some((_, piece)) = reserved.find(|&(_, piece)| exact && one(piece)) {
            return Err(refused(&format!("the special token {piece:?} of one character")));
        }
        let mut place_of: Vec<Option<usize>> = vec![None; self.types.len()];
        for (id, piece) in self.of(PieceKind::Normal).filter(|&(_, piece)| !one(piece)) {
            let place = self.made_at(id, piece, &places);
            let Some(place) = place else {
                let what = format!("piece {id}, {piece:.80?}, which its own text does not become,");
                return Err(refused(&what));
            };
            if let Some(entry) = place_of.get_mut(id as usize) {
                *entry = Some(place);
            }
        }
        for &(left, right, product) in &bpe.merges {
            let place = |id: TokenId| place_of.get(id as usize).copied().flatten();
            let live = place(product).and_then(|at| bpe.merges.get(at));
            if live != Some(&(left, right, product)) {
                continue;
            }
            if place(left).max(place(right)) >= place(product) {
                return Err(refused("a merge that comes before those of its parts"));
            }
        }
        // Letters come last; their scores count for nothing.
        let last = bpe.merges.len();
        Ok(place_of.into_iter().map(|place| -(place.unwrap_or(last) as f32)).collect())
    }

    /// The place of the pair that at last makes a piece of its own text.
    fn made_at(
        &self,
        id: TokenId,
        piece: &str,
        places: &HashMap<(TokenId, TokenId), (usize, TokenId)>,
    ) -> Option<usize> {
        let mut buffer = [0; 4];
        let mut symbols = Vec::new();
        for letter in piece.chars() {
            symbols.push(*self.ids.get(letter.encode_utf8(&mut buffer).as_bytes())?);
            if symbols.len() > LONGEST {
                return None;
            }
        }
        let mut last = None;
        while symbols.len() > 1 {
            let pairs = symbols.windows(2).enumerate();
            let known =
                pairs.filter_map(|(at, pair)| Some((*places.get(&(pair[0], pair[1]))?, at)));
            let ((place, product), at) = known.min_by_key(|&((place, _), at)| (place, at))?;
            *symbols.get_mut(at)? = product;
            symbols.remove(at + 1);
            last = Some(place);
        }
        last.filter(|_| symbols.first() == Some(&id))
    }
}

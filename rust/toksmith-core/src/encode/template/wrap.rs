//! `Bert` and `Roberta`: special tokens before and behind each text.

use super::encoding::{Encoding, Fill};
use super::sequences::Sequences;
use crate::token::TokenId;

/// What is put around texts.
#[derive(Debug, Clone)]
pub(super) struct Wrap {
    cls: Fill,
    sep: Fill,
    /// A second `sep` stands before the second text, and all types are 0.
    roberta: bool,
}

impl Wrap {
    pub(super) fn new(sep: &(String, TokenId), cls: &(String, TokenId), roberta: bool) -> Self {
        let fill = |(name, id): &(String, TokenId)| Fill {
            id: *id,
            type_id: 0,
            name: name.as_str().into(),
        };
        Self { cls: fill(cls), sep: fill(sep), roberta }
    }

    /// Number of tokens put around one text or two.
    pub(super) fn added(&self, pair: bool) -> usize {
        match (pair, self.roberta) {
            (false, _) => 2,
            (true, false) => 3,
            (true, true) => 4,
        }
    }

    /// What happens to an encoding when nothing is put around it; its parts stay as they are.
    pub(super) fn leave(&self, encoding: &mut Encoding) {
        if self.roberta {
            encoding.type_ids.fill(0);
        }
    }

    /// Wraps the `place`th encoding and its overflowing parts; what overflowed of those is gone.
    pub(super) fn apply(&self, encoding: &Encoding, place: usize) -> Encoding {
        let mut wrapped = self.one(encoding, place);
        let parts = encoding.overflowing.iter();
        wrapped.overflowing = parts.map(|part| self.one(part, place)).collect();
        wrapped
    }

    fn one(&self, encoding: &Encoding, place: usize) -> Encoding {
        let mut wrapped = Encoding::default();
        match (place, self.roberta) {
            (0, _) => wrapped.fill(&self.cls, 1, 1),
            (_, true) => wrapped.fill(&self.sep, 1, 1),
            (_, false) => {}
        }
        let (start, len) = (wrapped.len(), encoding.len());
        wrapped.ids.extend_from_slice(&encoding.ids);
        wrapped.spans.extend_from_slice(&encoding.spans);
        wrapped.words.extend_from_slice(&encoding.words);
        wrapped.names.append(&encoding.names, start);
        // Whatever was special or padding before passes for text now.
        wrapped.special_mask.resize(start + len, 0);
        wrapped.attention_mask.resize(start + len, 1);
        if self.roberta {
            wrapped.type_ids.resize(start + len, 0);
        } else {
            wrapped.type_ids.extend_from_slice(&encoding.type_ids);
        }
        let type_id = u32::from(place > 0 && !self.roberta);
        wrapped.fill(&Fill { type_id, ..self.sep.clone() }, 1, 1);
        wrapped.sequences = Sequences::default();
        wrapped.sequences.set(usize::from(place > 0), start..start + len);
        wrapped
    }
}

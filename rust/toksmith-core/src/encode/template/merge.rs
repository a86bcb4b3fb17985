//! One encoding behind another, with all combinations of what overflowed of either.

use super::encoding::Encoding;
use crate::error::{Error, Result};
use crate::token::Span;

/// Tokens that one call may put together, overflowing parts included: some gigabytes.
const BUDGET: usize = 1 << 26;

impl Encoding {
    /// The encodings one behind the other. With `growing_offsets` spans go on where those before
    /// end, else they stay.
    ///
    /// What overflowed is combined as tokenizers does it: every overflowing part of the first
    /// with the second and with each of its parts, then the first with each part of the second,
    /// and so on within parts. The result holds as many parts as the product of theirs.
    ///
    /// # Errors
    /// [`Error::Input`] where the parts would fill the memory.
    pub fn merge(encodings: impl IntoIterator<Item = Self>, growing_offsets: bool) -> Result<Self> {
        let mut merge = Merge { growing_offsets, budget: BUDGET };
        let mut encodings = encodings.into_iter();
        let mut merged = encodings.next().unwrap_or_default();
        for encoding in encodings {
            merge.append(&mut merged, &encoding)?;
        }
        Ok(merged)
    }
}

struct Merge {
    growing_offsets: bool,
    /// Tokens left; a part without tokens counts as one of 16.
    budget: usize,
}

impl Merge {
    /// A copy of `first` with `second` behind.
    fn joined(&mut self, first: &Encoding, second: &Encoding) -> Result<Encoding> {
        let mut joined = first.clone();
        self.append(&mut joined, second)?;
        Ok(joined)
    }

    /// Puts `second` behind `first`.
    fn append(&mut self, first: &mut Encoding, second: &Encoding) -> Result<()> {
        let cost = first.len() + second.len() + 16;
        self.budget = self.budget.checked_sub(cost).ok_or_else(|| Error::Input {
            why: format!(
                "the overflowing parts of these texts, combined, have more than {BUDGET} tokens"
            ),
        })?;
        let mut parts = Vec::new();
        for part in &first.overflowing {
            parts.push(self.joined(part, second)?);
            for other in &second.overflowing {
                parts.push(self.joined(part, other)?);
            }
        }
        for other in &second.overflowing {
            parts.push(self.joined(first, other)?);
        }

        let len = first.len();
        let end = first.spans.last().map_or(0, |span| span.end);
        let base = if self.growing_offsets { end } else { 0 };
        let moved = |span: &Span| Span { start: span.start + base, end: span.end + base };
        first.ids.extend_from_slice(&second.ids);
        first.type_ids.extend_from_slice(&second.type_ids);
        first.spans.extend(second.spans.iter().map(moved));
        first.words.extend_from_slice(&second.words);
        first.special_mask.extend_from_slice(&second.special_mask);
        first.attention_mask.extend_from_slice(&second.attention_mask);
        first.names.append(&second.names, len);
        for (number, range) in second.sequences.shifted(len).iter() {
            first.sequences.set(number, range);
        }
        first.overflowing = parts;
        Ok(())
    }
}

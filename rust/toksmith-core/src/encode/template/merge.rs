//! One encoding behind another, with all combinations of what overflowed of either.

use super::encoding::Encoding;
use crate::error::{Error, Result};
use crate::token::Span;

/// Tokens that combinations of overflowing parts may have together: some 500 MB.
const BUDGET: usize = 1 << 24;
/// As many tokens as an encoding without any counts for.
const ENCODING: usize = 16;

impl Encoding {
    /// The encodings one behind the other. With `growing_offsets` spans go on where those before
    /// end, else they stay.
    ///
    /// What overflowed is combined as tokenizers does it: every overflowing part of the first
    /// with the second and with each of its parts, then the first with each part of the second,
    /// and so on within parts. The result holds as many parts as the product of theirs.
    ///
    /// # Errors
    /// [`Error::Input`] where there would be too many combinations; nothing is built then.
    pub fn merge(encodings: impl IntoIterator<Item = Self>, growing_offsets: bool) -> Result<Self> {
        let mut encodings = encodings.into_iter();
        let mut merged = encodings.next().unwrap_or_default();
        for encoding in encodings {
            let budget = BUDGET + 2 * (weight(&merged) + weight(&encoding));
            if spend(&merged, &encoding, budget).is_none() {
                let why = format!(
                    "the overflowing parts of these texts, combined, have more than {BUDGET} tokens"
                );
                return Err(Error::Input { why });
            }
            append(&mut merged, &encoding, growing_offsets);
        }
        Ok(merged)
    }
}

/// Tokens of an encoding, overflowing parts included.
fn weight(encoding: &Encoding) -> usize {
    encoding.len() + ENCODING + encoding.overflowing.iter().map(weight).sum::<usize>()
}

/// What is left of a budget of tokens after [`append`], if it is enough.
fn spend(first: &Encoding, second: &Encoding, budget: usize) -> Option<usize> {
    let mut left = budget.checked_sub(first.len() + second.len() + ENCODING)?;
    for part in &first.overflowing {
        left = spend(part, second, left)?;
        for other in &second.overflowing {
            left = spend(part, other, left)?;
        }
    }
    second.overflowing.iter().try_fold(left, |left, other| spend(first, other, left))
}

/// A copy of `first` with `second` behind.
fn joined(first: &Encoding, second: &Encoding, growing_offsets: bool) -> Encoding {
    let mut joined = first.clone();
    append(&mut joined, second, growing_offsets);
    joined
}

/// Puts `second` behind `first`.
fn append(first: &mut Encoding, second: &Encoding, growing_offsets: bool) {
    let mut parts = Vec::new();
    for part in &first.overflowing {
        parts.push(joined(part, second, growing_offsets));
        parts.extend(second.overflowing.iter().map(|other| joined(part, other, growing_offsets)));
    }
    parts.extend(second.overflowing.iter().map(|other| joined(first, other, growing_offsets)));

    let len = first.len();
    let base = if growing_offsets { first.spans.last().map_or(0, |span| span.end) } else { 0 };
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
}

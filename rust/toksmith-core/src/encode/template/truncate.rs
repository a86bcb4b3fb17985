//! Texts cut to a length, what is cut off kept in parts that overlap.

use super::encoding::Encoding;
use crate::error::{Error, Result};
use crate::formats::pipeline::{Side, Truncation, TruncationStrategy};

/// Shortens one text or two so that with `added` tokens of a template they have `max_length`.
///
/// As in tokenizers a template longer than that turns truncation off. What is cut off is kept in
/// [`Encoding::overflowing`] only if `overflow` says so; errors are the same.
///
/// # Errors
/// [`Error::Input`] where the strategy shortens a text that is not there or too short, or where
/// parts would overlap by all their tokens.
pub fn truncate(
    mut first: Encoding,
    mut second: Option<Encoding>,
    truncation: &Truncation,
    added: usize,
    overflow: bool,
) -> Result<(Encoding, Option<Encoding>)> {
    let Some(length) = truncation.max_length.checked_sub(added) else {
        return Ok((first, second));
    };
    let cut = |text: &mut Encoding, length| {
        text.cut(length, truncation.stride, truncation.side, overflow)
    };
    if length == 0 {
        cut(&mut first, 0)?;
        if let Some(second) = &mut second {
            cut(second, 0)?;
        }
        return Ok((first, second));
    }
    let total = first.len() + second.as_ref().map_or(0, Encoding::len);
    let Some(excess) = total.checked_sub(length).filter(|&excess| excess > 0) else {
        return Ok((first, second));
    };
    match (truncation.strategy, &mut second) {
        (TruncationStrategy::LongestFirst, None) => cut(&mut first, length)?,
        (TruncationStrategy::LongestFirst, Some(second)) => {
            let (one, two) = shares(first.len(), second.len(), length);
            cut(&mut first, one)?;
            cut(second, two)?;
        }
        (TruncationStrategy::OnlyFirst, _) => {
            let left = left(&first, excess, truncation)?;
            cut(&mut first, left)?;
        }
        (TruncationStrategy::OnlySecond, Some(second)) => {
            let left = left(second, excess, truncation)?;
            cut(second, left)?;
        }
        (TruncationStrategy::OnlySecond, None) => {
            let why = "truncation of the second text: there is none".to_owned();
            return Err(Error::Input { why });
        }
    }
    Ok((first, second))
}

/// The error of a truncation whose parts could not go forward with this template, if it is one;
/// to be asked when a truncation is chosen.
pub fn check(truncation: &Truncation, added: usize) -> Result<()> {
    match truncation.max_length.checked_sub(added) {
        Some(length) if truncation.stride > 0 && truncation.stride >= length => {
            Err(stride_error(truncation.stride, length))
        }
        _ => Ok(()),
    }
}

fn stride_error(stride: usize, length: usize) -> Error {
    Error::Input {
        why: format!(
            "truncation: the stride of {stride} tokens must be less than the {length} that a part \
             may have beside special tokens"
        ),
    }
}

/// How many tokens a text has left without `excess` of them: one at least.
fn left(text: &Encoding, excess: usize, truncation: &Truncation) -> Result<usize> {
    text.len().checked_sub(excess).filter(|&left| left > 0).ok_or_else(|| Error::Input {
        why: format!(
            "truncation: a text of {} tokens is too short to lose {excess}, as a length of {} \
             asks for",
            text.len(),
            truncation.max_length
        ),
    })
}

/// The lengths of two texts of which the longer one is shortened first, then both.
fn shares(first: usize, second: usize, length: usize) -> (usize, usize) {
    let (short, long) = (first.min(second), first.max(second));
    let (short, long) = if length.saturating_sub(short) >= short {
        (short, long.min(length - short))
    } else {
        (length / 2, length / 2 + length % 2)
    };
    if first <= second { (short, long) } else { (long, short) }
}

impl Encoding {
    /// Keeps at most `length` tokens; the rest is put into [`Encoding::overflowing`], in parts of
    /// that length of which each begins with the last `stride` tokens of the one before (on the
    /// left, ends with its first). Which text a token is of is forgotten.
    ///
    /// # Errors
    /// [`Error::Input`] if there is something to cut and `stride` is not less than `length`.
    pub fn truncate(&mut self, length: usize, stride: usize, side: Side) -> Result<()> {
        self.cut(length, stride, side, true)
    }

    fn cut(&mut self, length: usize, stride: usize, side: Side, overflow: bool) -> Result<()> {
        let len = self.len();
        if length >= len {
            return Ok(());
        }
        if length == 0 {
            let all = std::mem::take(self);
            self.overflowing.extend(overflow.then_some(all));
            return Ok(());
        }
        if stride >= length {
            return Err(stride_error(stride, length));
        }
        let step = length - stride;
        let count = (len - length).div_ceil(step) + 1;
        let mut parts = (0..count).map(|part| {
            let (start, end) = (part * step, (part * step + length).min(len));
            match side {
                Side::Right => self.slice(start, end),
                Side::Left => self.slice(len - end, len - start),
            }
        });
        let mut kept = parts.next().unwrap_or_default();
        if overflow {
            kept.overflowing = parts.collect();
        }
        *self = kept;
        Ok(())
    }
}

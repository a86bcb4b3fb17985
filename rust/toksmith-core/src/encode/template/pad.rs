//! Encodings filled up to one length.

use super::encoding::{Encoding, Fill};
use super::names::Names;
use crate::error::{Error, Result};
use crate::formats::pipeline::{Padding, PaddingLength, Side};

/// Longest encoding made by padding alone.
const LIMIT: usize = 1 << 24;

/// Fills every encoding of a batch, with what overflowed of it, up to the same length. Encodings
/// that are longer stay as they are.
///
/// # Errors
/// [`Error::Input`] for a length beyond all reason.
pub fn pad(batch: &mut [Encoding], padding: &Padding) -> Result<()> {
    let longest = batch.iter().map(Encoding::len).max().unwrap_or(0);
    let length = match padding.length {
        PaddingLength::BatchLongest => longest,
        PaddingLength::Fixed(length) => length,
    };
    let padded = match padding.to_multiple_of {
        Some(multiple) if multiple > 0 => length.checked_next_multiple_of(multiple),
        _ => Some(length),
    };
    let Some(padded) = padded.filter(|&padded| padded <= longest.max(LIMIT)) else {
        return Err(Error::Input {
            why: format!("padding to {length} tokens and more: at most {LIMIT} can be had"),
        });
    };
    let fill = Fill {
        id: padding.pad_id,
        type_id: padding.pad_type_id,
        name: padding.pad_token.as_str().into(),
    };
    for encoding in batch {
        encoding.pad(padded, padding.side, &fill);
    }
    Ok(())
}

impl Encoding {
    /// Fills up to `length` tokens; so too what overflowed.
    fn pad(&mut self, length: usize, side: Side, fill: &Fill) {
        for part in &mut self.overflowing {
            part.pad(length, side, fill);
        }
        let old = self.len();
        let Some(count) = length.checked_sub(old).filter(|&count| count > 0) else { return };
        let names = std::mem::take(&mut self.names);
        self.fill(fill, count, 0);
        match side {
            Side::Right => {
                let padding = std::mem::replace(&mut self.names, names);
                self.names.append(&padding, 0);
            }
            Side::Left => {
                self.ids.rotate_left(old);
                self.type_ids.rotate_left(old);
                self.spans.rotate_left(old);
                self.words.rotate_left(old);
                self.special_mask.rotate_left(old);
                self.attention_mask.rotate_left(old);
                self.names = Names::default();
                self.names.push(0..count, &fill.name);
                self.names.append(&names, count);
                self.sequences = self.sequences.shifted(count);
            }
        }
    }
}

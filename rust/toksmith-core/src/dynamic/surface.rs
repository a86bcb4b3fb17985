//! New tokens as rectangles: of their base ids, or of their bytes, for an embedding network to read.

use super::rows::rows;
use crate::byte_probs::spelling::Spelling;
use crate::error::{Error, Result};
use crate::token::TokenId;
use crate::tokenizer::Tokenizer;

/// Rows of equal width.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rectangle<T> {
    /// Row after row, each of `width`.
    pub cells: Vec<T>,
    /// How wide.
    pub width: usize,
    /// What each row would hold uncut; more than `width` where it was cut.
    pub lengths: Vec<i64>,
}

impl<T: Copy> Rectangle<T> {
    /// Rows of `pad`, as wide as asked or as the longest.
    fn new(lengths: Vec<i64>, width: Option<usize>, pad: T) -> Result<Self> {
        let longest = lengths.iter().copied().max().and_then(|most| usize::try_from(most).ok());
        let width = width.or(longest).unwrap_or(0);
        let mut cells = Vec::new();
        let fits = lengths.len().checked_mul(width).filter(|&size| {
            size < isize::MAX as usize / 8 && cells.try_reserve_exact(size).is_ok()
        });
        let Some(size) = fits else {
            return Err(Error::Input {
                why: format!("{} rows of {width} are more than memory holds", lengths.len()),
            });
        };
        cells.resize(size, pad);
        Ok(Self { cells, width, lengths })
    }

    /// The rows.
    fn rows(&mut self) -> impl Iterator<Item = &mut [T]> {
        // No row has a cell where the width is zero.
        self.cells.chunks_exact_mut(self.width.max(1))
    }
}

/// Rows of ids, cut at `width` and filled up with `pad`.
///
/// # Errors
/// An id does not fit 31 bits; the offsets do not describe rows.
pub fn of_ids(
    ids: &[u32],
    offsets: &[i64],
    width: Option<usize>,
    pad: i32,
) -> Result<Rectangle<i32>> {
    let rows = rows(ids, offsets)?;
    if let Some(id) = ids.iter().find(|&&id| i32::try_from(id).is_err()) {
        return Err(Error::Vocabulary { why: format!("id {id} does not fit int32") });
    }
    let lengths = rows.iter().map(|row| row.len() as i64).collect();
    let mut made = Rectangle::new(lengths, width, pad)?;
    for (cells, row) in made.rows().zip(rows) {
        for (cell, &id) in cells.iter_mut().zip(row) {
            *cell = id as i32;
        }
    }
    Ok(made)
}

/// The bytes that tokens stand for, by id.
#[derive(Debug, Clone)]
pub struct Spellings {
    bytes: Vec<u8>,
    /// Start and end by id; the start is behind the end where a token is no text.
    spans: Vec<(u32, u32)>,
}

impl Spellings {
    /// Reads a tokenizer: see [`Spelling`].
    ///
    /// # Errors
    /// [`Error::Unsupported`] where tokens do not stand for bytes by themselves.
    pub fn new(tokenizer: &Tokenizer) -> Result<Self> {
        let mut made = Self { bytes: Vec::new(), spans: Vec::new() };
        for (id, bytes) in Spelling::new(tokenizer)?.tokens {
            let at = id as usize;
            if at >= made.spans.len() {
                made.spans.resize(at + 1, (1, 0));
            }
            let start = made.bytes.len() as u32;
            made.bytes.extend_from_slice(&bytes);
            made.spans[at] = (start, made.bytes.len() as u32);
        }
        Ok(made)
    }

    /// The bytes of a token, if it is text.
    pub fn get(&self, id: TokenId) -> Option<&[u8]> {
        let &(start, end) = self.spans.get(id as usize)?;
        self.bytes.get(start as usize..end as usize)
    }

    /// The bytes of rows of tokens, cut at `width` and filled up with `pad`.
    ///
    /// # Errors
    /// An id is none of a token that is text; the offsets do not describe rows.
    pub fn of_bytes(
        &self,
        ids: &[u32],
        offsets: &[i64],
        width: Option<usize>,
        pad: u8,
    ) -> Result<Rectangle<u8>> {
        let rows = rows(ids, offsets)?;
        let mut lengths = Vec::with_capacity(rows.len());
        for (at, row) in rows.iter().enumerate() {
            let mut length = 0;
            for &id in *row {
                let bytes = self.get(id).ok_or_else(|| Error::Vocabulary {
                    why: format!("row {at}: id {id} is none of a token that is text"),
                })?;
                length += bytes.len() as i64;
            }
            lengths.push(length);
        }
        let mut made = Rectangle::new(lengths, width, pad)?;
        for (cells, row) in made.rows().zip(rows) {
            let bytes = row.iter().flat_map(|&id| self.get(id).unwrap_or_default());
            for (cell, &byte) in cells.iter_mut().zip(bytes) {
                *cell = byte;
            }
        }
        Ok(made)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_cut_and_filled_up() -> Result<()> {
        let made = of_ids(&[1, 2, 3, 4], &[0, 3, 3, 4], Some(2), -1)?;
        assert_eq!(made.cells, [1, 2, -1, -1, 4, -1]);
        assert_eq!(made.lengths, [3, 0, 1]);
        assert_eq!(of_ids(&[1, 2, 3, 4], &[0, 3, 3, 4], None, 0)?.width, 3);
        assert_eq!(of_ids(&[7], &[0, 1], Some(0), 0)?.lengths, [1]);
        assert!(of_ids(&[1 << 31], &[0, 1], None, 0).is_err());
        assert!(of_ids(&[1, 2], &[0, 2], Some(usize::MAX), 0).is_err());
        Ok(())
    }
}

//! The bytes of words as a rectangle: a row a word, filled up.

use super::Offsets;
use crate::error::{Error, Result};
use crate::watch::Watch;

/// What becomes of a word with more bytes than a row has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overflow {
    /// An error that names it.
    Error,
    /// What is too much is left out.
    Truncate,
    /// It goes on in the next row.
    Split,
}

impl Overflow {
    /// By name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "error" => Some(Self::Error),
            "truncate" => Some(Self::Truncate),
            "split" => Some(Self::Split),
            _ => None,
        }
    }
}

/// The bytes of words, `width` a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matrix {
    /// Row after row.
    pub bytes: Vec<u8>,
    /// Bytes a row.
    pub width: usize,
    /// How many bytes of each row are those of its word.
    pub lengths: Vec<i32>,
    /// The word of each row.
    pub words: Vec<i64>,
}

/// The words `offsets[j]..offsets[j + 1]` of `text`, each in a row of `width` bytes, by default those
/// of the longest word; `pad` fills up. An empty word has a row without bytes.
///
/// # Errors
/// Offsets that do not rise from 0 to the number of bytes; a width of 0 with words that have bytes;
/// a word that is too long, if that is an error; more than memory holds.
pub fn byte_matrix(
    text: &[u8],
    offsets: &[i64],
    width: Option<usize>,
    overflow: Overflow,
    pad: u8,
    watch: &Watch<'_>,
) -> Result<Matrix> {
    let offsets = Offsets::new(offsets, text.len(), "word offsets")?;
    let sizes = || offsets.parts().map(|part| part.len());
    let longest = sizes().max().unwrap_or(0);
    let width = width.unwrap_or(longest);
    if i32::try_from(width).is_err() {
        return Err(Error::Input { why: format!("a width of {width} is beyond int32") });
    }
    if width == 0 && longest > 0 {
        return Err(Error::Input { why: "a width of 0 holds no byte of a word".to_owned() });
    }
    if overflow == Overflow::Error
        && let Some(word) = sizes().position(|size| size > width)
    {
        let size = sizes().nth(word).unwrap_or_default();
        return Err(Error::Input {
            why: format!(
                "word {word} has {size} bytes, more than a width of {width}; overflow=\"split\" or \
                 \"truncate\" takes it"
            ),
        });
    }
    let rows_of = |size: usize| match overflow {
        Overflow::Split if size > width => size.div_ceil(width),
        _ => 1,
    };
    let rows: usize = sizes().map(rows_of).sum();
    let too_many =
        || Error::Input { why: format!("{rows} rows of {width} bytes are more than memory holds") };
    let count = rows.checked_mul(width).ok_or_else(too_many)?;
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(count).map_err(|_| too_many())?;
    bytes.resize(count, pad);
    let (mut lengths, mut words) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
    for (word, part) in offsets.parts().enumerate() {
        let mut rest = &text[part];
        for _ in 0..rows_of(rest.len()) {
            let (own, after) = rest.split_at(rest.len().min(width));
            let at = lengths.len() * width;
            bytes[at..at + own.len()].copy_from_slice(own);
            lengths.push(own.len() as i32);
            words.push(word as i64);
            rest = after;
        }
        if word % (1 << 16) == 0 {
            watch.ask()?;
        }
    }
    Ok(Matrix { bytes, width, lengths, words })
}

#[cfg(test)]
#[allow(
    clippy::cast_sign_loss,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test fails where it cannot go on"
)]
mod tests {
    use super::{Overflow, byte_matrix};
    use crate::watch::Watch;

    #[test]
    fn words_are_rows() {
        let make = |offsets: &[i64], width, overflow| {
            byte_matrix(b"abcdef", offsets, width, overflow, b'.', &Watch::none())
        };
        let all = make(&[0, 1, 1, 6], None, Overflow::Error).unwrap();
        assert_eq!((all.width, all.bytes.as_slice()), (5, &b"a.........bcdef"[..]));
        assert_eq!((all.lengths, all.words), (vec![1, 0, 5], vec![0, 1, 2]));
        let split = make(&[0, 1, 6], Some(2), Overflow::Split).unwrap();
        assert_eq!(split.bytes, b"a.bcdef.");
        assert_eq!((split.lengths, split.words), (vec![1, 2, 2, 1], vec![0, 1, 1, 1]));
        let cut = make(&[0, 1, 6], Some(2), Overflow::Truncate).unwrap();
        assert_eq!((cut.bytes.as_slice(), cut.lengths), (&b"a.bc"[..], vec![1, 2]));
        assert!(make(&[0, 1, 6], Some(2), Overflow::Error).is_err());
        assert!(make(&[0, 1, 6], Some(0), Overflow::Split).is_err());
        assert!(make(&[0, 1, 6], Some(1 << 40), Overflow::Split).is_err());
        assert!(make(&[0, 1], None, Overflow::Error).is_err());
        let none = byte_matrix(b"", &[0, 0], Some(0), Overflow::Error, 0, &Watch::none()).unwrap();
        assert_eq!((none.bytes.len(), none.lengths), (0, vec![0]));
    }
}

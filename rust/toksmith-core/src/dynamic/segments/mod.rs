//! Numbers of positions to numbers of segments, and back.
//!
//! Segments are described by offsets alone: segment `j` is the positions
//! `offsets[j]..offsets[j + 1]`, and empty ones are allowed. Vectors lie row by row, `width` numbers
//! each, so a segment is one piece of memory, and what is read is read once, in order.
//!
//! - [`reduce`]: one vector a segment; [`broadcast`]: back to positions.
//! - [`matrix`]: the bytes of segments as a rectangle.

pub mod broadcast;
pub mod matrix;
pub mod reduce;

use std::ops::{Add, Div, Mul, Range, Sub};

use crate::error::{Error, Result};

/// A type of numbers.
pub trait Float:
    Copy
    + PartialOrd
    + Send
    + Sync
    + Into<f64>
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
{
    /// Zero.
    const ZERO: Self;
    /// One.
    const ONE: Self;
    /// The nearest number of this type.
    fn from_f64(number: f64) -> Self;
}

impl Float for f32 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    fn from_f64(number: f64) -> Self {
        number as Self
    }
}

impl Float for f64 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    fn from_f64(number: f64) -> Self {
        number
    }
}

/// Where parts begin and end: numbers that rise from 0 to the end of what is cut.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Offsets<'a>(&'a [i64]);

impl<'a> Offsets<'a> {
    /// Checks offsets into something of `end` parts; `what` names them.
    pub(crate) fn new(offsets: &'a [i64], end: usize, what: &str) -> Result<Self> {
        let wrong = |why: String| Err(Error::Input { why });
        match (offsets.first(), offsets.last()) {
            (Some(0), Some(&last)) if usize::try_from(last) == Ok(end) => {}
            (Some(&first), Some(&last)) => {
                return wrong(format!("{what} go from {first} to {last}: expected 0 to {end}"));
            }
            _ => return wrong(format!("{what} are empty: expected one more than there are parts")),
        }
        match offsets.windows(2).position(|pair| pair[1] < pair[0]) {
            None => Ok(Self(offsets)),
            Some(at) => wrong(format!("{what} fall after number {at}: expected that they rise")),
        }
    }

    /// How many parts there are.
    pub(crate) fn len(self) -> usize {
        self.0.len() - 1
    }

    /// Part `index`, which must be there.
    #[inline]
    #[expect(clippy::cast_sign_loss, reason = "they rise from 0")]
    pub(crate) fn part(self, index: usize) -> Range<usize> {
        self.0[index] as usize..self.0[index + 1] as usize
    }

    /// The parts, in order.
    pub(crate) fn parts(self) -> impl Iterator<Item = Range<usize>> + 'a {
        (0..self.len()).map(move |index| self.part(index))
    }
}

/// The numbers of vectors `range`, of `width` each.
#[inline]
pub(super) fn vectors(range: &Range<usize>, width: usize) -> Range<usize> {
    range.start * width..range.end * width
}

/// Checks that `numbers` are rows of `width`; how many.
pub(super) fn rows_of(numbers: usize, width: usize, what: &str) -> Result<usize> {
    match numbers.checked_rem(width) {
        Some(0) => Ok(numbers / width),
        _ => Err(Error::Input { why: format!("{what}: {numbers} numbers are no rows of {width}") }),
    }
}

/// Zeros, if there is memory for them.
pub(super) fn zeros<T: Float>(rows: usize, width: usize) -> Result<Vec<T>> {
    let too_many = || Error::Input {
        why: format!("{rows} rows of {width} numbers are more than memory holds"),
    };
    let count = rows.checked_mul(width).ok_or_else(too_many)?;
    // Asks without touching the memory; what follows gets it zeroed from the system.
    Vec::<T>::new().try_reserve_exact(count).map_err(|_| too_many())?;
    Ok(vec![T::ZERO; count])
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]
pub(in crate::dynamic) mod tests {
    use super::Offsets;

    /// Whole numbers that look random.
    pub(in crate::dynamic) struct Random(pub(in crate::dynamic) u64);

    impl Random {
        /// One below `limit`.
        pub(in crate::dynamic) fn below(&mut self, limit: u64) -> u64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (self.0 >> 33) % limit
        }
    }

    #[test]
    fn offsets_rise_from_0_to_the_end() {
        assert_eq!(Offsets::new(&[0], 0, "x").unwrap().len(), 0);
        let parts: Vec<_> = Offsets::new(&[0, 2, 2, 3], 3, "x").unwrap().parts().collect();
        assert_eq!(parts, [0..2, 2..2, 2..3]);
        for (offsets, end) in
            [(&[][..], 0), (&[1], 1), (&[0], 1), (&[0, 2, 1, 3], 3), (&[0, -1], 0), (&[-1, 0], 0)]
        {
            assert!(Offsets::new(offsets, end, "x").is_err(), "{offsets:?}");
        }
    }
}

//! What merging in lanes (`encode/model/bpe/lanes.rs`) asks of vectors, and its plain definition.

/// Numbers in a row.
pub const LANES: usize = 16;
/// In lanes that hold nothing.
pub const NOTHING: u32 = u32::MAX;
/// Slots in a bucket.
pub const SLOTS: usize = 8;

/// A row of numbers, in a cache line of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(align(64))]
pub struct Row(pub [u32; LANES]);

/// Slots that are compared at once, in a cache line of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(align(64))]
pub struct Bucket(pub [u64; SLOTS]);

impl Default for Row {
    fn default() -> Self {
        Self([NOTHING; LANES])
    }
}

/// Vector instructions of some width.
pub trait Vectors {
    /// Bytes of a vector.
    const BYTES: usize;
    /// The least number of a row.
    fn least(row: &Row) -> u32;
    /// Puts into each lane whose bit is set in `moved` the number of the lane behind it, and
    /// `last` into the last lane.
    fn close(row: &mut Row, moved: u16, last: u32);
    /// As [`Vectors::close`], and what moves is one less, but for [`NOTHING`].
    fn close_less(row: &mut Row, moved: u16, last: u32);
    /// Which slots of a bucket are `key` above their lower `shift` bits: bit `i` tells of slot `i`.
    fn matches<const SHIFT: i32>(bucket: &Bucket, key: u64) -> u8;
}

/// No vectors: the definition.
#[derive(Debug, Clone, Copy)]
pub struct Plain;

#[inline(always)]
fn close_with(row: &mut Row, moved: u16, last: u32, change: impl Fn(u32) -> u32) {
    let old = row.0;
    for (lane, number) in row.0.iter_mut().enumerate() {
        if moved >> lane & 1 != 0 {
            *number = change(old.get(lane + 1).copied().unwrap_or(last));
        }
    }
}

impl Vectors for Plain {
    const BYTES: usize = 16;

    #[inline(always)]
    fn least(row: &Row) -> u32 {
        row.0.iter().fold(NOTHING, |least, &number| least.min(number))
    }

    #[inline(always)]
    fn close(row: &mut Row, moved: u16, last: u32) {
        close_with(row, moved, last, |number| number);
    }

    #[inline(always)]
    fn close_less(row: &mut Row, moved: u16, last: u32) {
        close_with(row, moved, last, |number| if number == NOTHING { number } else { number - 1 });
    }

    #[inline(always)]
    fn matches<const SHIFT: i32>(bucket: &Bucket, key: u64) -> u8 {
        let bit = |(i, &slot): (usize, &u64)| u8::from(slot >> SHIFT == key) << i;
        bucket.0.iter().enumerate().map(bit).fold(0, |mask, bit| mask | bit)
    }
}

//! Names for the integers: ids, ranks and byte ranges.

/// A token's number as the outside world knows it.
pub type TokenId = u32;

/// A token's place in merge order inside [`crate::encode::model::bpe::Bpe`]: the 256 bytes
/// first, then merge products, earliest merge first, then tokens that no merge makes.
pub type Rank = u32;

/// "No such token", for both ids and ranks.
pub const NONE: u32 = u32::MAX;

/// A half-open range of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

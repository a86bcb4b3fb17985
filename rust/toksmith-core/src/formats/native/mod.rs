//! The `.toksmith` format: a tokenizer with its merges already reduced, small and fast to read.
//!
//! It is the embedded form of the package's vocabularies, the content of a pickle, and what
//! `save` writes under `.toksmith`. Start at [`load`] and [`save`].
//!
//! Integers are LEB128 unless a width is given; a string is its length and its UTF-8.
//!
//! ```text
//! magic            "toksmith"
//! version          1 byte
//! behaviour        the number that `BEHAVIOUR` had when the file was written
//! flags            see `flag`
//! name             a string, if its flag is set
//! post_processor, decoder     version 1 alone: each as JSON, if its flag is set
//! pipeline         version 2 alone: see `wire.rs`
//! splits           count; each: kind (behaviour + 8 inverted + 16 Oniguruma), pattern
//! added tokens     count; each: id, kind (see `kind`), content
//! decode only      count; each: id, bytes
//! joins            if its flag is set: count; each: id of the left half, of the right half
//! ```
//!
//! A byte-level BPE goes on with
//!
//! ```text
//! sizes            merges, tokens no merge makes, bytes of all tokens together
//! ids              count of runs of consecutive ids in rank order; each: start, length
//! early            count; each: gap in rank to the one before, bytes; tokens made from parts
//!                  of higher rank than their own, which occurs in no trained vocabulary
//! unmade           bytes of each token no merge makes
//! width            1 byte; bytes a rank takes in the columns
//! parts            column by column: lowest byte of all left parts, of all right parts, next …
//! ```
//!
//! any other model with
//!
//! ```text
//! count            of its tokens
//! ids              count of runs of consecutive ids; each: start, length
//! tokens           the bytes of each, in the order of their ids
//! ```
//!
//! and the file ends with
//!
//! ```text
//! SHA-256          of everything before it, 32 bytes
//! ```
//!
//! What version 1 can say is written as version 1, so that its digest stays what it was.
//!
//! A token is stored as its two parts, so it costs 2 x 3 bytes whatever its length, and its
//! bytes are a copy of bytes already written. Columns of like bytes are what zip compresses
//! best. Since a token can double another, a small file could ask for an enormous
//! vocabulary; the sum is declared, bounded by the size of the file, and checked as it grows.

mod cursor;
mod read;
mod wire;
mod write;

pub use read::load;
pub use write::save;

/// First bytes of a `.toksmith` file.
pub const MAGIC: &[u8] = b"toksmith";

/// Newest version of the layout above.
const VERSION: u8 = 2;

/// The version that knows byte-level BPE alone.
const BYTE_LEVEL_VERSION: u8 = 1;

/// Length of the hash at the end.
const HASH: usize = 32;

/// Bits of the flags.
mod flag {
    pub(super) const WHOLE_WORDS: u32 = 1;
    pub(super) const AFTER_MATCH: u32 = 2;
    pub(super) const NAME: u32 = 4;
    /// Version 1 alone.
    pub(super) const POST_PROCESSOR: u32 = 8;
    /// Version 1 alone.
    pub(super) const DECODER: u32 = 16;
    /// The file had more merges than are here.
    pub(super) const REDUCED: u32 = 32;
    /// From version 2 on: pre-tokens are joined.
    pub(super) const JOINS: u32 = 64;
    pub(super) const ALL: u32 = 127;
}

/// Kinds of added tokens and splits.
mod kind {
    pub(super) const SPECIAL: u8 = 1;
    pub(super) const NORMALIZED: u8 = 2;
    /// From version 2 on, as are the next two.
    pub(super) const SINGLE_WORD: u8 = 4;
    pub(super) const LSTRIP: u8 = 8;
    pub(super) const RSTRIP: u8 = 16;
    /// Added to a split's behaviour.
    pub(super) const INVERTED: u8 = 8;
    /// Added to a split's behaviour.
    pub(super) const ONIGURUMA: u8 = 16;
}

/// Split behaviours by their number in the file.
const BEHAVIOURS: [super::SplitBehaviour; 5] = [
    super::SplitBehaviour::Isolated,
    super::SplitBehaviour::Removed,
    super::SplitBehaviour::MergedWithPrevious,
    super::SplitBehaviour::MergedWithNext,
    super::SplitBehaviour::Contiguous,
];

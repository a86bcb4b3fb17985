//! Text to token ids and back: exact, in linear time, from files as they are.
//!
//! A loader reads a file into a [`formats::Definition`], [`Tokenizer::build`] compiles that, and
//! the result never changes. Start at [`Tokenizer::encode`]; the algorithm is in
//! [`encode::model::bpe`], why it is right in `DESIGN.md`.
//!
//! ```
//! use toksmith_core::{Tokenizer, formats::Definition, vocab::Vocab};
//!
//! // The 256 bytes, and one merge: "a" and "b" make token 256.
//! let mut vocab = Vocab::default();
//! for byte in 0..=255u8 {
//!     vocab.insert(byte.into(), &[byte], 257)?;
//! }
//! vocab.insert(256, b"ab", 257)?;
//! let tokenizer = Tokenizer::build(Definition { vocab, ..Definition::default() })?;
//! assert_eq!(tokenizer.encode("cabb")?, [99, 256, 98]);
//! assert_eq!(tokenizer.decode_bytes(&[99, 256, 98], false)?, b"cabb");
//! # Ok::<(), toksmith_core::Error>(())
//! ```

pub mod batch;
pub mod budget;
pub mod byte_probs;
pub mod compat;
pub mod decode;
pub mod dynamic;
pub mod encode;
pub mod error;
pub mod formats;
pub mod inputs;
pub mod mmap;
pub mod parallel;
mod parts;
pub mod presplit;
pub mod simd;
pub mod token;
pub mod tokenizer;
pub mod train;
pub mod transfer;
pub mod vocab;
pub mod watch;

pub use error::{Error, ErrorKind, Place, Result};
pub use token::{Rank, Span, TokenId};
pub use tokenizer::Tokenizer;

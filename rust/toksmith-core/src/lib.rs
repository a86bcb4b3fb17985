//! Exact, linear-time tokenization.
pub mod batch;
pub mod decode;
pub mod encode;
pub mod error;
pub mod formats;
pub mod parallel;
mod parts;
pub mod simd;
pub mod token;
pub mod tokenizer;
pub mod vocab;
pub mod watch;

pub use error::{Error, ErrorKind, Place, Result};
pub use token::{Rank, Span, TokenId};
pub use tokenizer::Tokenizer;

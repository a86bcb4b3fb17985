//! What other libraries' interfaces ask of the core beyond encoding and decoding.
//!
//! - [`tiktoken`]: its `CoreBPE`, with special tokens chosen call by call, by name.
//! - [`sentencepiece`]: its processor: pieces, places, n-best, samples, and normalizing alone.
//! - [`specials`]: finding special tokens by name.
//! - [`unstable`]: ids that the text's end leaves open, and bytes that end in half a character.

pub mod sentencepiece;
pub mod specials;
pub mod tiktoken;
mod unstable;

//! What other libraries' interfaces ask of the core beyond encoding and decoding.
//!
//! - [`tiktoken`]: its `CoreBPE`, with special tokens chosen call by call, by name.
//! - [`sentencepiece`]: its processor: pieces, places, n-best, samples, and normalizing alone.
//! - [`specials`]: finding special tokens by name.
//! - [`tokenizers`]: tokens by spelling, added tokens that change, single components.
//! - [`encodings`]: its `Encoding` as JSON.
//! - [`unstable`]: ids that the text's end leaves open, and bytes that end in half a character.

pub mod encodings;
pub mod sentencepiece;
pub mod specials;
pub mod tiktoken;
pub mod tokenizers;
mod unstable;

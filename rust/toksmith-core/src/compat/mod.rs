//! What other libraries' interfaces ask of the core beyond encoding and decoding.
//!
//! - [`tiktoken`]: its `CoreBPE`, with special tokens chosen call by call, by name.
//! - [`specials`]: finding special tokens by name.
//! - [`unstable`]: ids that the text's end leaves open, and bytes that end in half a character.

pub mod specials;
pub mod tiktoken;
mod unstable;

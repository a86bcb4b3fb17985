//! Text to ids: added tokens first, then pre-tokens, then merges.
//!
//! Start at [`crate::Tokenizer::encode`]; the loop itself is in `group.rs`.

pub mod added;
pub(crate) mod bytes;
pub(crate) mod cut;
pub(crate) mod draft;
pub(crate) mod general;
pub(crate) mod group;
pub(crate) mod joined;
pub mod model;
pub mod normalize;
pub(crate) mod pieces;
pub mod pretokenize;
pub(crate) mod pretokenizer;
pub(crate) mod raw_words;
pub mod sampling;
pub mod scratch;
pub(crate) mod sink;
pub mod spans;
pub mod stream;
pub mod template;
pub(crate) mod visit;
mod windows;
pub(crate) mod word_cache;
pub(crate) mod words;

//! What turns a pre-token into ids.

pub mod bpe;

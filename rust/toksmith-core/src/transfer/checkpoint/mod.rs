//! Weights on disk: safetensors files, read through a memory map, computed by blocks.
//!
//! A model may be larger than memory, so nothing here is ever a whole matrix: a block of rows is
//! widened to float32, computed with, and rounded back to the type of the file. What a file says
//! of itself is not believed before it is checked ([`header`]).
//!
//! - [`header`]: what a file holds, and where; also how a new file begins.
//! - [`floats`]: float32, float16 and bfloat16 as they lie in files.
//! - [`tensors`]: an open file, and its matrices.
//! - [`recipe`]: new rows as weighted sums of old ones.
//!
//! Folders, their configurations, and going on after a kill are `toksmith.transfer.checkpoint`.

pub mod floats;
pub mod header;
pub mod recipe;
pub mod tensors;

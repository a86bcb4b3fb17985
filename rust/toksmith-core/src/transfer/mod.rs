//! A new vocabulary for a model that was trained with another.
//!
//! - [`checkpoint`]: a model's weights on disk, read and rewritten by blocks.

pub mod checkpoint;

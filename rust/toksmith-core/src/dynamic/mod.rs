//! Token boundaries decided at run time.
//!
//! A static vocabulary is a guess made before the text is seen. What is here decides again once it
//! is: merging what a batch repeats, naming what a sequence has already said, cutting bytes where a
//! model is surprised, and pooling vectors that say the same. Networks are the caller's; these are
//! the parts of such systems that are not learned. Everything is deterministic, keeps spans into
//! what it was given, and can be undone.
//!
//! - [`patches`]: where to cut bytes: by a model's entropy, by spaces, words, scripts or a stride.
//! - [`segments`]: numbers a position to numbers a segment, and back.
//! - [`routing`]: boundaries from vectors that turn, and the way back to positions.

pub mod embeddings;
pub mod hypertokens;
pub mod merges;
pub mod patches;
mod recency;
pub mod routing;
mod rows;
pub mod segmentations;
pub mod segments;
pub mod slots;
pub mod soft;
pub mod surface;

//! Token boundaries decided at run time.
//!
//! A static vocabulary is a guess made before the text is seen. What is here decides again once it
//! is: merging what a batch repeats, naming what a sequence has already said, cutting bytes where a
//! model is surprised, and pooling vectors that say the same. Networks are the caller's; these are
//! the parts of such systems that are not learned. Everything is deterministic, keeps spans into
//! what it was given, and can be undone.

pub mod segmentations;
pub mod soft;

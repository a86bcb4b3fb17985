//! Hypertokens: codes for what a sequence has already said, LZW over token ids.
//!
//! A code is a base id, below `first_id`, or one of a hypertoken: a run of base ids that the
//! sequence has shown before. Both sides grow the same codebook from what they have seen, so that
//! nothing but the codes is sent. `rule.rs` is the algorithm; `book.rs` the codebook, as a tree
//! whose edges are in `table.rs`; `batch.rs` does whole rows, `state.rs` one step after another,
//! and back.
//!
//! Linear in ids plus codes for every setting: a step is one lookup, and what recency costs more is
//! paid for by the ids of the code that is written.
//!
//! ```
//! use toksmith_core::dynamic::hypertokens::{Eviction, Rule, Way};
//! use toksmith_core::watch::Watch;
//!
//! let rule = Rule::new(10, 100, 4, &[], Eviction::Freeze)?;
//! let way = Way { shared: false, threads: 1, limit: 1 << 20 };
//! let codes = rule.encode(&[1, 2, 1, 2, 1, 2], &[0, 6], way, &Watch::none())?;
//! assert_eq!(codes.ids, [1, 2, 10, 10]); // 10 is 1 2
//! let ids = rule.decode(&codes.ids, &codes.offsets, way, &Watch::none())?.ids;
//! assert_eq!(ids.ids, [1, 2, 1, 2, 1, 2]);
//! # Ok::<(), toksmith_core::Error>(())
//! ```

mod batch;
mod book;
mod rule;
mod state;
mod table;
#[cfg(test)]
mod tests;

pub use batch::{Decoded, Way};
pub use book::Definitions;
pub use rule::{Eviction, Rule};
pub use state::{Checkpoint, State};

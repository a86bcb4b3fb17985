//! Giving a model another vocabulary: where the rows of new tokens come from.
//!
//! A row belongs to a token, and a token is bytes with a role, however its file spells them. Two
//! vocabularies share the tokens whose bytes and roles are equal; any other target token is
//! decomposed into source tokens, byte by byte. Nothing here looks at a weight but [`gather`].
//!
//! - [`canonical`]: the bytes and the role of every id; [`specials`]: which special is which.
//! - [`align()`]: a rule and sources for every target id.
//! - [`decompose()`]: target tokens as source tokens.
//! - [`gather`]: rows as weighted sums of rows.
//! - [`checkpoint`]: a model's weights on disk, read and rewritten by blocks.

pub mod align;
pub mod canonical;
pub mod checkpoint;
pub mod decompose;
pub mod gather;
mod index;
pub mod specials;

pub use align::{Alignment, Options, Rule, align};
pub use canonical::{Canonical, Role, WordStart};
pub use decompose::{Decomposition, Method, decompose};

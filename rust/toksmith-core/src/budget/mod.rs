//! Texts and token budgets: does it fit, cut it, cut it into parts, how much is this part.
//!
//! Everything is said in terms of `encode`: a text costs as many tokens as encoding it by itself
//! gives. A part of a text may cost more or less than its share of the whole, as its ends are
//! cut otherwise; so what is promised is always counted. Counting again costs little where
//! pre-tokens are found one by one without looking behind ([`encoded`]): only the ends are
//! encoded anew. Other pipelines encode the part, with the same result.
//!
//! - [`fits`]: whether a text has at most so many tokens, reading no more than needed.
//! - [`truncate`]: the part of a text, from either end, that has at most so many.
//! - [`chunk`]: a text in parts of at most so many, cut between tokens or sentences.
//! - [`encoded`]: a text that was encoded once, and the costs of its parts.
//! - [`append`]: what a text costs while it is being written.
//!
//! [`cuts`] says where a text may be cut at all, [`sentences`] where its sentences end, [`chars`] where
//! its characters are.

pub mod append;
pub mod chars;
pub mod chunk;
pub mod cuts;
pub mod encoded;
pub mod fits;
pub mod sentences;
pub mod truncate;

#[cfg(test)]
mod tests;

//! A tokenized language model read as one over bytes, exactly.
//!
//! A text that ends inside a token has many token sequences that cover it: the last token may run
//! past its end. The probability of the text is the sum over them (Phan et al., "Exact Byte-Level
//! Probabilities from Tokenized Language Models for FIM-Tasks and Model Ensembles", the Byte-Token
//! Representation Lemma), and the next byte's is that sum grouped by byte.
//!
//! - [`spelling`]: which bytes each token stands for.
//! - [`trie`]: the vocabulary sorted by bytes; a prefix is a range of it.
//! - [`mask`]: a set of tokens, in that order.
//! - [`row`]: what a model says of the next token, as masses by bytes; [`logits`] come in, by a
//!   [`layout`], through [`exp`] and [`sums`].
//! - `validity`: which token sequences are prefixes of an encoding.
//! - [`law`]: what a probability is the probability of; [`state`]: a text under a law.
//! - [`graph`]: all tokenizations of one text, counted, weighed and drawn.

pub mod exp;
pub mod graph;
pub mod law;
pub mod layout;
pub mod logits;
pub mod mask;
mod pass;
pub mod row;
pub mod spelling;
pub mod state;
pub mod sums;
pub mod trie;
pub(crate) mod validity;

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
//! - [`graph`]: all tokenizations of one text, counted, weighed and drawn.

pub mod graph;
pub mod mask;
pub mod spelling;
pub mod trie;

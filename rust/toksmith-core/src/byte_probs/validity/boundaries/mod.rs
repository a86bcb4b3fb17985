//! Where a pre-tokenizer may cut a text of which only the beginning is known.
//!
//! A pattern decides where a pre-token ends by what stands behind it, so a text known up to some
//! byte may have several sets of cuts. [`automaton::Automaton`] follows them: the state of a text
//! with its cuts so far is a run of the pattern over the pre-token that is not closed yet, and for
//! each closed one whose end what follows could still move, the run over it with what it owes: that
//! the match ends where it was cut, and nowhere else.
//!
//! - [`classes`]: characters that no part of the pattern tells apart are one letter.
//! - [`program`]: the pattern as instructions.
//! - [`run`]: the pattern's possible matches from one place, in order of preference.
//! - [`automaton`]: states and steps, found when first asked for and kept.

pub(crate) mod automaton;
mod classes;
mod program;
mod run;

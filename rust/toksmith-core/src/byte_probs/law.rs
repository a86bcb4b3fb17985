//! What a byte-level probability is the probability of: three laws, never mixed.

use super::layout::RowLayout;
use super::mask::Mask;
use super::spelling::Spelling;
use super::trie::TokenTrie;
use super::validity::{State, Validity};
use crate::error::Result;
use crate::token::TokenId;
use crate::tokenizer::Tokenizer;
use std::sync::Arc;

/// Which law.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Each row is restricted to the tokens with which the context is a prefix of the encoding of
    /// some text, and renormalised. Sums to one and generates what the tokenizer would give.
    Canonical,
    /// The model's own probability of all canonical covers of a text, whose last token may run past
    /// its end (Phan et al.): less than one in all.
    Joint,
    /// The model's own probability of all token sequences that cover a text.
    All,
    /// The same of those that are canonical up to their last token boundary before the last so many
    /// bytes of the text.
    Window(usize),
}

/// A tokenizer under a law: what [`super::state::ByteState`] follows. Immutable.
#[derive(Debug)]
pub struct Law {
    target: Target,
    layout: RowLayout,
    lead: Vec<u8>,
    normalizers: Vec<&'static str>,
    rules: Option<Validity>,
}

impl Law {
    /// # Errors
    /// [`crate::Error::Unsupported`] where the encodings of the tokenizer cannot be followed, with the
    /// reason; the law of all token sequences asks only that tokens stand for bytes.
    pub fn new(tokenizer: &Tokenizer, target: Target, in_byte_order: bool) -> Result<Self> {
        let Spelling { tokens, specials, lead, normalizers } = Spelling::new(tokenizer)?;
        let trie = Arc::new(TokenTrie::new(&tokens)?);
        let rules = match target {
            Target::All => None,
            Target::Canonical | Target::Joint | Target::Window(_) => {
                Some(Validity::new(tokenizer, &trie)?)
            }
        };
        let layout = RowLayout::new(trie, &specials, None, in_byte_order)?;
        Ok(Self { target, layout, lead, normalizers, rules })
    }

    /// Which law it is.
    pub fn target(&self) -> Target {
        self.target
    }

    /// How rows are laid out.
    pub fn layout(&self) -> &RowLayout {
        &self.layout
    }

    /// The vocabulary by bytes.
    pub fn trie(&self) -> &Arc<TokenTrie> {
        self.layout.trie()
    }

    /// The special tokens, ascending: the symbols after the 256 bytes.
    pub fn specials(&self) -> &[TokenId] {
        self.layout.specials()
    }

    /// What stands before the bytes of every text.
    pub fn lead(&self) -> &[u8] {
        &self.lead
    }

    /// What is done to a text first: probabilities are over what comes out of it. Mostly nothing.
    pub fn normalizers(&self) -> &[&'static str] {
        &self.normalizers
    }

    /// The state before the first token; none under the law of all sequences.
    pub(crate) fn start(&self) -> Option<State> {
        self.rules.as_ref().map(Validity::start)
    }

    /// The state behind one more token; none behind what is not canonical.
    pub(crate) fn step(&self, state: Option<&State>, place: u32) -> Option<State> {
        self.rules.as_ref()?.step(state?, place)
    }

    /// Whether only canonical contexts count.
    pub(crate) fn is_canonical(&self) -> bool {
        matches!(self.target, Target::Canonical | Target::Joint)
    }

    /// The tokens that may follow; none: all.
    pub(crate) fn mask(&self, state: Option<&State>) -> Option<Arc<Mask>> {
        match self.target {
            Target::Canonical | Target::Joint => Some(self.rules.as_ref()?.mask(state?)),
            Target::All | Target::Window(_) => None,
        }
    }

    /// Whether the text may end behind a context.
    pub(crate) fn complete(&self, state: Option<&State>) -> bool {
        match (self.target, &self.rules, state) {
            (Target::Canonical | Target::Joint, Some(rules), Some(state)) => rules.complete(state),
            _ => true,
        }
    }
}

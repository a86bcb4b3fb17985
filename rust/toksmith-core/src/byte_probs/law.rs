//! What a byte-level probability is the probability of: three laws, never mixed.

use super::layout::RowLayout;
use super::mask::Mask;
use super::spelling::Spelling;
use super::trie::TokenTrie;
use super::validity::{State, Validity};
use crate::error::{Error, Result};
use crate::token::TokenId;
use crate::tokenizer::Tokenizer;
use std::collections::BTreeMap;
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
    /// Whether it stands before what follows a special token, too.
    leads_again: bool,
    /// Special tokens that take what is around them from the text: the flag that says so.
    takes: BTreeMap<TokenId, &'static str>,
    rules: Option<Validity>,
}

impl Law {
    /// # Errors
    /// [`Error::Unsupported`] where the encodings of the tokenizer cannot be followed, with the
    /// reason; the law of all token sequences asks only that tokens stand for bytes.
    pub fn new(tokenizer: &Tokenizer, target: Target, in_byte_order: bool) -> Result<Self> {
        let Spelling { tokens, specials, lead, leads_again, normalizers } =
            Spelling::new(tokenizer)?;
        let trie = Arc::new(TokenTrie::new(&tokens)?);
        let rules = match target {
            Target::All => None,
            Target::Canonical | Target::Joint | Target::Window(_) => {
                Some(Validity::new(tokenizer, &trie)?)
            }
        };
        let layout = RowLayout::new(trie, &specials, None, in_byte_order)?;
        let takes = tokenizer.added.tokens().iter().filter(|token| token.special);
        let takes = takes.filter_map(|token| {
            let flags = [
                (token.lstrip, "lstrip"),
                (token.rstrip, "rstrip"),
                (token.single_word, "single_word"),
            ];
            let (_, flag) = flags.into_iter().find(|&(set, _)| set)?;
            Some((token.id, flag))
        });
        let takes = takes.collect();
        Ok(Self { target, layout, lead, normalizers, leads_again, takes, rules })
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

    /// Whether that stands before what follows a special token, too.
    pub fn leads_again(&self) -> bool {
        self.leads_again
    }

    /// The number among [`Law::specials`] of one that may stand inside a text.
    ///
    /// # Errors
    /// [`Error::Input`] for another token; [`Error::Unsupported`] for one before or behind which
    /// the tokenizer drops white space, or that it does not always find.
    pub fn special(&self, token: TokenId) -> Result<usize> {
        if let Some(flag) = self.takes.get(&token) {
            return Err(Error::unsupported(format!(
                "text behind special token {token}: how far it goes is up to the text around it \
                 ({flag})"
            )));
        }
        self.specials().binary_search(&token).map_err(|_| Error::Input {
            why: format!("{token} is not a special token of the tokenizer"),
        })
    }

    /// What is done to a text first: probabilities are over what comes out of it. Mostly nothing.
    pub fn normalizers(&self) -> &[&'static str] {
        &self.normalizers
    }

    /// The state before the first token; none under the law of all sequences.
    pub(crate) fn start(&self) -> Option<State> {
        self.rules.as_ref().map(Validity::start)
    }

    /// The state at the beginning of a text behind a special token that closes another; none behind
    /// what is not canonical.
    pub(crate) fn behind_special(&self, state: Option<&State>) -> Option<State> {
        let rules = self.rules.as_ref()?;
        rules.complete(state?).then(|| rules.start_behind())
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

//! A text followed byte by byte, with all contexts that its tokens may be.
//!
//! A *context* is a sequence of tokens whose bytes end at or before the end of the text. A *head* is
//! one with what of the text it leaves over: the tokens that begin so could come next and run past
//! the end. The heads are all the covers of the text, so its probability is a sum over them, and
//! that of the next byte the same sum by byte. A byte moves each head down the trie; where a token
//! ends there, that makes a new context.
//!
//! A special token closes the text before it as an end would, and another begins behind it; the
//! contexts go on. Byte or special token, each is a *symbol*, and has a level: the heads behind it.
//!
//! Contexts stand in one list, parents before children, those of a symbol side by side; taking
//! symbols back is cutting the list off. Rows are asked for only where a head needs them.
//!
//! - `follow`: going on, and back.
//! - `ask`: which rows are needed, and what they say.

mod ask;
mod follow;

use super::law::Law;
use super::mask::Mask;
use super::row::Row;
use super::trie::Prefix;
use super::validity::State;
use crate::error::{Error, Result};
use crate::token::{NONE, TokenId};
use std::sync::{Arc, OnceLock};

/// A number of a context in its state: stays the same until the byte that made it is taken back.
pub type ContextId = u32;

/// Natural logarithm of zero.
const NEVER: f64 = f64::NEG_INFINITY;

/// A token sequence.
#[derive(Debug, Clone)]
struct Node {
    parent: ContextId,
    /// The last token.
    token: TokenId,
    /// Number of tokens.
    len: u32,
    /// Where it ends: bytes from the beginning, leads counted, special tokens as one.
    end: u32,
    state: Option<State>,
    /// The tokens that may follow, once somebody has asked; within, none: all.
    mask: OnceLock<Option<Arc<Mask>>>,
    /// Whether the text may end here.
    complete: bool,
    /// Log-probability of the last token behind the parent, once the parent's row is known.
    edge: Option<f64>,
    row: Option<Arc<Row>>,
}

/// A context, and the tokens that could come next.
#[derive(Debug, Clone, Copy)]
struct Head {
    node: ContextId,
    /// Those that begin with what the context leaves over.
    prefix: Prefix,
    /// Of an empty text before which something is put: nothing but its end is asked of this head.
    symbols: bool,
}

/// The heads behind one symbol.
#[derive(Debug, Clone)]
struct Level {
    heads: Vec<Head>,
    /// Number of nodes before those of this symbol.
    nodes: usize,
    /// Log of the probability that was dropped by now.
    dropped: f64,
    /// Where the text ends, as [`Node::end`] counts.
    at: u32,
}

/// Options of a state.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Most heads that are kept, under the law of all sequences: the most probable ones.
    pub beam: Option<usize>,
    /// Most heads at all; more is an error.
    pub max_contexts: usize,
    /// Symbols that can be taken back without asking for rows again.
    pub keep: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { beam: None, max_contexts: 1 << 16, keep: 64 }
    }
}

/// A text and its contexts under a law. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct ByteState {
    law: Arc<Law>,
    options: Options,
    /// Tokens that stand before the text.
    given: Arc<[TokenId]>,
    nodes: Arc<Vec<Node>>,
    /// Of the empty text, then one a symbol.
    levels: Arc<Vec<Level>>,
    text: Arc<Vec<u8>>,
    /// The special tokens, each with the number of bytes before it.
    specials: Arc<Vec<(usize, TokenId)>>,
}

/// The distribution of the next symbol.
#[derive(Debug, Clone)]
pub struct NextByte {
    /// Natural logarithms: 256 bytes, then the special tokens ascending.
    pub logprobs: Vec<f64>,
    /// What they lack of one before they were normalised; rounding alone under the canonical law.
    pub missing: f64,
}

/// A context whose row is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// Its number.
    pub id: ContextId,
    /// Its tokens, those given before the text first.
    pub tokens: Vec<TokenId>,
    /// The context without its last token.
    pub parent: Option<ContextId>,
}

impl ByteState {
    /// Before the first byte. `given` are tokens that stand before the text, such as the one that
    /// begins every sequence.
    ///
    /// # Errors
    /// [`Error::Input`] where no token can begin a text.
    pub fn new(law: Arc<Law>, given: &[TokenId], options: Options) -> Result<Self> {
        let root = Node {
            parent: NONE,
            token: NONE,
            len: 0,
            end: 0,
            state: law.start(),
            mask: OnceLock::new(),
            complete: true,
            edge: Some(0.0),
            row: None,
        };
        let mut state = Self {
            law,
            options,
            given: given.into(),
            nodes: Arc::default(),
            levels: Arc::default(),
            text: Arc::default(),
            specials: Arc::default(),
        };
        let before = Level { heads: Vec::new(), nodes: 0, dropped: NEVER, at: 0 };
        state.open(vec![root], before, true)?;
        Ok(state)
    }

    /// The law.
    pub fn law(&self) -> &Arc<Law> {
        &self.law
    }

    /// The bytes pushed, special tokens left out.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// The special tokens pushed, each with the number of bytes before it.
    pub fn specials(&self) -> &[(usize, TokenId)] {
        &self.specials
    }

    /// The number of symbols pushed: bytes and special tokens.
    pub fn symbols(&self) -> usize {
        self.text.len() + self.specials.len()
    }

    /// Whether no byte was pushed since the beginning, or the last special token.
    fn is_begun(&self) -> bool {
        self.specials.last().map_or(0, |&(bytes, _)| bytes) == self.text.len()
    }

    /// Number of heads.
    pub fn heads(&self) -> usize {
        self.level().heads.len()
    }

    fn level(&self) -> &Level {
        // There is always the level of the empty text.
        &self.levels[self.levels.len() - 1]
    }

    fn node(&self, id: ContextId) -> Result<&Node> {
        self.nodes.get(id as usize).ok_or_else(|| Error::Input {
            why: format!("context {id} is not one of this state's {}", self.nodes.len()),
        })
    }

    /// The tokens of a context, those given before the text first.
    ///
    /// # Errors
    /// [`Error::Input`] where there is no such context.
    pub fn tokens(&self, id: ContextId) -> Result<Vec<TokenId>> {
        let mut node = self.node(id)?;
        let mut tokens = Vec::with_capacity(self.given.len() + node.len as usize);
        while node.parent != NONE {
            tokens.push(node.token);
            node = self.node(node.parent)?;
        }
        tokens.extend(self.given.iter().rev());
        tokens.reverse();
        Ok(tokens)
    }
}

/// Log of the sum of exponentials, added in order.
fn log_sum(logs: impl Iterator<Item = f64> + Clone) -> f64 {
    let max = logs.clone().fold(NEVER, f64::max);
    if max == NEVER {
        return NEVER;
    }
    max + logs.map(|log| (log - max).exp()).sum::<f64>().ln()
}

//! A text followed byte by byte, with all contexts that its tokens may be.
//!
//! A *context* is a sequence of tokens whose bytes end at or before the end of the text. A *head* is
//! one with what of the text it leaves over: the tokens that begin so could come next and run past
//! the end. The heads are all the covers of the text, so its probability is a sum over them, and
//! that of the next byte the same sum by byte. A byte moves each head down the trie; where a token
//! ends there, that makes a new context.
//!
//! Contexts stand in one list, parents before children, those of a byte side by side; taking bytes
//! back is cutting the list off. Rows are asked for only where a head needs them.

use super::law::{Law, Target};
use super::logits::Logits;
use super::mask::Mask;
use super::row::{Allowed, Row};
use super::trie::Prefix;
use super::validity::State;
use crate::error::{Error, Result};
use crate::token::{NONE, TokenId};
use std::sync::{Arc, OnceLock};

/// A number of a context in its state: stays the same until the byte that made it is taken back.
pub type ContextId = u32;

/// Sums below this may have lost digits.
const TINY: f64 = 1e-280;

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
    /// Where in the text it ends, the lead counted.
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
    /// Of an empty text before which something stands: nothing but its end is asked of this head.
    symbols: bool,
}

/// The heads at one place of the text.
#[derive(Debug, Clone)]
struct Level {
    heads: Vec<Head>,
    /// Number of nodes before those of this byte.
    nodes: usize,
    /// Log of the probability that was dropped by now.
    dropped: f64,
}

/// Options of a state.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Most heads that are kept, under the law of all sequences: the most probable ones.
    pub beam: Option<usize>,
    /// Most heads at all; more is an error.
    pub max_contexts: usize,
    /// Bytes that can be taken back without asking for rows again.
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
    levels: Arc<Vec<Level>>,
    text: Arc<Vec<u8>>,
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
    /// [`Error::Vocabulary`] where no token can begin a text.
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
        let head = Head { node: 0, prefix: law.trie().root(), symbols: false };
        let level = Level { heads: vec![head], nodes: 0, dropped: NEVER };
        let mut state = Self {
            law: Arc::clone(&law),
            options,
            given: given.into(),
            nodes: Arc::new(vec![root]),
            levels: Arc::new(vec![level]),
            text: Arc::default(),
        };
        for &byte in law.lead() {
            let (level, nodes) = state.advance(byte)?;
            Arc::make_mut(&mut state.nodes).extend(nodes);
            Arc::make_mut(&mut state.levels).push(level);
        }
        if !law.lead().is_empty() {
            let nodes = Arc::make_mut(&mut state.nodes);
            // The empty text has no lead, and no tokens.
            nodes.iter_mut().skip(1).for_each(|node| node.complete = false);
            let end = Prefix { lo: 0, hi: 0, depth: 0 };
            let levels = Arc::make_mut(&mut state.levels);
            if let Some(level) = levels.last_mut() {
                level.heads.push(Head { node: 0, prefix: end, symbols: true });
            }
        }
        Ok(state)
    }

    /// The law.
    pub fn law(&self) -> &Arc<Law> {
        &self.law
    }

    /// The bytes pushed.
    pub fn text(&self) -> &[u8] {
        &self.text
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

    /// Goes on by one byte. O(heads) steps in the trie.
    ///
    /// # Errors
    /// [`Error::Input`] where no token sequence that the law allows goes on so, where there are more
    /// heads than allowed, and under a beam where rows are missing. The state is as before then.
    pub fn push(&mut self, byte: u8) -> Result<()> {
        let (mut level, nodes) = self.advance(byte)?;
        let known = self.nodes.len();
        let all = Arc::make_mut(&mut self.nodes);
        all.extend(nodes);
        if let Err(error) = self.prune(&mut level) {
            Arc::make_mut(&mut self.nodes).truncate(known);
            return Err(error);
        }
        Arc::make_mut(&mut self.levels).push(level);
        Arc::make_mut(&mut self.text).push(byte);
        self.forget();
        Ok(())
    }

    /// The level behind one more byte, and its nodes.
    fn advance(&self, byte: u8) -> Result<(Level, Vec<Node>)> {
        let trie = self.law.trie();
        let mut level =
            Level { heads: Vec::new(), nodes: self.nodes.len(), dropped: self.level().dropped };
        let mut nodes = Vec::new();
        for head in &self.level().heads {
            let child = trie.child(head.prefix, byte);
            if head.symbols || child.is_empty() {
                continue;
            }
            let node = self.node(head.node)?;
            let ending = trie.ending(child);
            for place in ending.clone() {
                let edge = node.row.as_ref().map(|row| row.log_token(place));
                if edge == Some(NEVER) {
                    continue;
                }
                let state = self.law.step(node.state.as_ref(), place);
                if state.is_none() && self.law.is_canonical() {
                    continue;
                }
                nodes.push(Node {
                    parent: head.node,
                    token: trie.id(place),
                    len: node.len + 1,
                    end: node.end + child.depth,
                    complete: self.law.complete(state.as_ref()),
                    state,
                    mask: OnceLock::new(),
                    edge,
                    row: None,
                });
            }
            let longer = ending.end..child.hi;
            let alive =
                longer.start < longer.end && self.mask(node).is_none_or(|mask| mask.any(longer));
            if alive {
                level.heads.push(Head { node: head.node, prefix: child, symbols: false });
            }
        }
        let first = self.nodes.len() as u32;
        let new = (first..).zip(&nodes);
        level.heads.extend(new.map(|(node, _)| Head { node, prefix: trie.root(), symbols: false }));
        if let Target::Window(window) = self.law.target() {
            let from = (self.law.lead().len() + self.text.len() + 1).saturating_sub(window);
            let mut kept = Vec::with_capacity(level.heads.len());
            for head in level.heads {
                if self.is_canonical_before(head.node, &nodes, from)? {
                    kept.push(head);
                }
            }
            level.heads = kept;
        }
        if level.heads.is_empty() {
            let at = self.text.len();
            return Err(Error::Input {
                why: format!(
                    "byte 0x{byte:02x} at {at} cannot follow: no token sequence goes on so"
                ),
            });
        }
        if self.options.beam.is_none() && level.heads.len() > self.options.max_contexts {
            let (found, most) = (level.heads.len(), self.options.max_contexts);
            return Err(Error::Input {
                why: format!(
                    "{found} contexts, more than max_contexts ({most}); a beam keeps the best"
                ),
            });
        }
        Ok((level, nodes))
    }

    /// The tokens that may follow a context; none: all.
    fn mask<'a>(&self, node: &'a Node) -> Option<&'a Arc<Mask>> {
        node.mask.get_or_init(|| self.law.mask(node.state.as_ref())).as_ref()
    }

    /// Whether the last token boundary of a context at or before a place is one of a canonical
    /// context. `new` are nodes that come after those of this state.
    fn is_canonical_before(&self, id: ContextId, new: &[Node], from: usize) -> Result<bool> {
        let mut id = id as usize;
        loop {
            let node = match id.checked_sub(self.nodes.len()) {
                Some(at) => new.get(at),
                None => self.nodes.get(id),
            };
            let Some(node) = node else { return self.node(id as ContextId).map(|_| false) };
            if node.end as usize <= from {
                return Ok(node.state.is_some());
            }
            id = node.parent as usize;
        }
    }

    /// Keeps the most probable heads, and notes what the others had.
    fn prune(&self, level: &mut Level) -> Result<()> {
        let Some(beam) = self.options.beam.filter(|&beam| level.heads.len() > beam) else {
            return Ok(());
        };
        let mut weighed = Vec::with_capacity(level.heads.len());
        for (at, &head) in level.heads.iter().enumerate() {
            weighed.push((self.total(head.node)? + self.covers(head)?, at));
        }
        // Of equal heads the first stays, so that nothing depends on chance.
        weighed.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let dropped = weighed.split_off(beam);
        level.dropped = log_sum(dropped.iter().map(|&(weight, _)| weight).chain([level.dropped]));
        let mut kept: Vec<usize> = weighed.into_iter().map(|(_, at)| at).collect();
        kept.sort_unstable();
        level.heads = kept.into_iter().map(|at| level.heads[at]).collect();
        Ok(())
    }

    /// Drops rows that no head within `keep` bytes has.
    fn forget(&mut self) {
        let Some(at) = self.levels.len().checked_sub(self.options.keep + 2) else { return };
        let (Some(old), Some(next)) = (self.levels.get(at), self.levels.get(at + 1)) else {
            return;
        };
        let still: Vec<ContextId> = next.heads.iter().map(|head| head.node).collect();
        let gone: Vec<ContextId> = old
            .heads
            .iter()
            .map(|head| head.node)
            .filter(|node| !still.contains(node))
            .filter(|&node| self.nodes.get(node as usize).is_some_and(|node| node.row.is_some()))
            .collect();
        if gone.is_empty() {
            return;
        }
        let nodes = Arc::make_mut(&mut self.nodes);
        for node in gone {
            if let Some(node) = nodes.get_mut(node as usize) {
                node.row = None;
            }
        }
    }

    /// Takes back the last `bytes` bytes.
    ///
    /// # Errors
    /// [`Error::Input`] where there are fewer.
    pub fn rollback(&mut self, bytes: usize) -> Result<()> {
        let Some(len) = self.text.len().checked_sub(bytes) else {
            let len = self.text.len();
            return Err(Error::Input { why: format!("cannot take back {bytes} bytes of {len}") });
        };
        if bytes == 0 {
            return Ok(());
        }
        let levels = Arc::make_mut(&mut self.levels);
        let nodes = levels.get(self.law.lead().len() + len + 1).map_or(1, |level| level.nodes);
        levels.truncate(self.law.lead().len() + len + 1);
        Arc::make_mut(&mut self.nodes).truncate(nodes);
        Arc::make_mut(&mut self.text).truncate(len);
        Ok(())
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

    /// The contexts whose rows are needed for [`ByteState::next_byte`], or in `total` for
    /// [`ByteState::logprob`] too: parents before children.
    pub fn pending(&self, total: bool) -> Result<Vec<Pending>> {
        let base = if total { 0 } else { self.common()? };
        let mut wanted = Vec::new();
        for head in &self.level().heads {
            let mut path = vec![head.node];
            let mut at = head.node;
            while at != base {
                let node = self.node(at)?;
                if node.edge.is_none() {
                    path.push(node.parent);
                }
                if node.edge == Some(NEVER) {
                    path.clear();
                    break;
                }
                at = node.parent;
            }
            wanted.extend(path);
        }
        wanted.sort_unstable();
        wanted.dedup();
        wanted
            .into_iter()
            .filter(|&id| self.nodes.get(id as usize).is_some_and(|node| node.row.is_none()))
            .map(|id| {
                let parent = self.node(id)?.parent;
                let parent = (parent != NONE).then_some(parent);
                Ok(Pending { id, tokens: self.tokens(id)?, parent })
            })
            .collect()
    }

    /// The last context that all heads have in common.
    fn common(&self) -> Result<ContextId> {
        let mut heads = self.level().heads.iter().map(|head| head.node);
        let mut common = heads.next().unwrap_or(0);
        for mut other in heads {
            // A parent has a lower number than its children.
            while common != other {
                if common > other {
                    common = self.node(common)?.parent;
                } else {
                    other = self.node(other)?.parent;
                }
            }
        }
        Ok(common)
    }

    /// What a context lets come next, for reading its row.
    fn allowed(&self, id: ContextId) -> Result<(Option<Arc<Mask>>, bool)> {
        let node = self.node(id)?;
        Ok((self.mask(node).cloned(), node.complete))
    }

    /// Takes the row of logits or log-probabilities of the token behind a context.
    ///
    /// # Errors
    /// [`Error::Input`] for a context that is not one of this state's, those of [`Row::new`], and
    /// under the canonical law a row that gives nothing allowed any probability.
    pub fn feed(&mut self, id: ContextId, logits: Logits<'_>) -> Result<()> {
        self.feed_many(&[(id, logits)], 1)
    }

    /// [`ByteState::feed`] for many, on up to so many threads. Nothing is taken if one is wrong.
    pub fn feed_many(&mut self, rows: &[(ContextId, Logits<'_>)], threads: usize) -> Result<()> {
        let allowed: Vec<_> =
            rows.iter().map(|&(id, _)| self.allowed(id)).collect::<Result<_>>()?;
        let asked: Vec<_> = rows
            .iter()
            .zip(&allowed)
            .map(|(&(_, logits), (mask, complete))| {
                let allowed = mask
                    .as_ref()
                    .map(|mask| Allowed { tokens: mask.as_ref(), specials: *complete });
                (logits, allowed)
            })
            .collect();
        let mut read = Row::batch(self.law.layout(), &asked, threads)?;
        if self.law.target() == Target::Canonical {
            read = read.into_iter().map(Row::renormalized).collect::<Result<_>>()?;
        }
        let longest = self.law.trie().longest() as u32;
        let trie = Arc::clone(self.law.trie());
        let nodes = Arc::make_mut(&mut self.nodes);
        for (&(id, _), row) in rows.iter().zip(read) {
            let Some(node) = nodes.get_mut(id as usize) else { continue };
            let last = node.end + longest;
            let row = Arc::new(row);
            node.row = Some(Arc::clone(&row));
            for child in nodes.iter_mut().skip(id as usize + 1).take_while(|node| node.end <= last)
            {
                if child.parent == id {
                    child.edge = trie.place(child.token).map(|place| row.log_token(place));
                }
            }
        }
        Ok(())
    }

    /// The row of a context, if it was fed and is kept.
    pub fn row(&self, id: ContextId) -> Option<&Arc<Row>> {
        self.nodes.get(id as usize)?.row.as_ref()
    }

    /// Log-probability of a context from another on.
    fn since(&self, mut id: ContextId, base: ContextId) -> Result<f64> {
        let mut sum = 0.0;
        while id != base {
            let node = self.node(id)?;
            sum += node.edge.ok_or_else(|| missing(node.parent))?;
            id = node.parent;
        }
        Ok(sum)
    }

    fn total(&self, id: ContextId) -> Result<f64> {
        self.since(id, 0)
    }

    fn head_row(&self, head: Head) -> Result<&Row> {
        self.node(head.node)?.row.as_deref().ok_or_else(|| missing(head.node))
    }

    /// Log-probability of a head behind its context: that the next token covers what is left over.
    fn covers(&self, head: Head) -> Result<f64> {
        if head.symbols {
            let row = self.head_row(head)?;
            return Ok(log_sum((0..row.specials()).map(|k| row.log_special(k))));
        }
        if head.prefix.depth == 0 {
            return Ok(0.0);
        }
        Ok(self.head_row(head)?.log_mass(self.law.trie().longer(head.prefix)))
    }

    /// Log-probability of the text from a context on that all heads have in common.
    fn text_since(&self, base: ContextId) -> Result<f64> {
        let mut logs = Vec::with_capacity(self.heads());
        for &head in &self.level().heads {
            let since = self.since(head.node, base)?;
            logs.push(if since == NEVER { NEVER } else { since + self.covers(head)? });
        }
        Ok(log_sum(logs.iter().copied()))
    }

    /// The distribution of what follows the text.
    ///
    /// # Errors
    /// [`Error::Input`] where rows are missing ([`ByteState::pending`]), and where the text has
    /// probability zero.
    pub fn next_byte(&self) -> Result<NextByte> {
        let base = self.common()?;
        let width = 256 + self.law.specials().len();
        let mut alive = Vec::with_capacity(self.heads());
        let mut best = NEVER;
        for &head in &self.level().heads {
            let since = self.since(head.node, base)?;
            if since > NEVER {
                let specials = head.prefix.depth == 0 && self.node(head.node)?.complete;
                alive.push((head, self.head_row(head)?, since, specials));
                best = best.max(since);
            }
        }
        let mut sums = vec![0.0; width];
        let mut bytes = [0.0; 256];
        for &(head, row, since, specials) in &alive {
            let share = (since - best).exp();
            let (of_bytes, of_specials) = sums.split_at_mut(256);
            if !head.symbols {
                row.next_bytes(head.prefix, &mut bytes);
                of_bytes.iter_mut().zip(&bytes).for_each(|(sum, mass)| *sum += share * mass);
            }
            if specials {
                for (k, sum) in of_specials.iter_mut().enumerate() {
                    *sum += share * row.special(k);
                }
            }
        }
        let mut logprobs: Vec<f64> = sums.iter().map(|sum| best + sum.ln()).collect();
        // What is too small for that is summed as logarithms.
        for (symbol, log) in logprobs.iter_mut().enumerate().filter(|&(at, _)| sums[at] < TINY) {
            *log = log_sum(alive.iter().map(|&(head, row, since, specials)| {
                since + self.log_of(head, row, specials, symbol)
            }));
        }
        // Nothing precedes the empty text, so its probability is one whatever stands before it.
        let text = if self.text.is_empty() { 0.0 } else { self.text_since(base)? };
        if text == NEVER {
            return Err(Error::Input { why: "the text so far has probability zero".into() });
        }
        let all = log_sum(logprobs.iter().copied());
        if all == NEVER {
            return Err(Error::Input { why: "nothing can follow the text so far".into() });
        }
        let scale = if self.law.target() == Target::Canonical { text } else { all };
        for log in &mut logprobs {
            *log -= scale;
        }
        Ok(NextByte { logprobs, missing: -(all - text).exp_m1() })
    }

    /// Log-probability of a symbol behind a head, given its context.
    fn log_of(&self, head: Head, row: &Row, specials: bool, symbol: usize) -> f64 {
        match u8::try_from(symbol) {
            Ok(_) if head.symbols => NEVER,
            Ok(byte) => row.log_mass(self.law.trie().child(head.prefix, byte).range()),
            Err(_) if specials => row.log_special(symbol - 256),
            Err(_) => NEVER,
        }
    }

    /// Log-probability of the whole text.
    ///
    /// # Errors
    /// [`Error::Input`] where rows are missing (`pending(true)`).
    pub fn logprob(&self) -> Result<f64> {
        if self.text.is_empty() { Ok(0.0) } else { self.text_since(0) }
    }

    /// Log of the probability of all token sequences dropped so far; under a beam alone.
    pub fn dropped(&self) -> f64 {
        self.level().dropped
    }

    /// How far the distribution of anything that follows may be off, in total variation: of what is
    /// kept and dropped, the part dropped. A sequence once dropped never gains probability.
    ///
    /// # Errors
    /// Those of [`ByteState::logprob`].
    pub fn bound(&self) -> Result<f64> {
        let dropped = self.dropped();
        if dropped == NEVER {
            return Ok(0.0);
        }
        let kept = self.logprob()?;
        Ok((dropped - log_sum([kept, dropped].into_iter())).exp())
    }

    /// The covers of the text, most probable first: tokens, bytes by which they run past its end,
    /// and log-probability given the text. Of a head that leaves bytes over, each token is one.
    ///
    /// # Errors
    /// Those of [`ByteState::next_byte`].
    pub fn covers_of_text(&self) -> Result<Vec<(ContextId, u32, f64)>> {
        let base = self.common()?;
        let text = self.text_since(base)?;
        let mut covers = Vec::new();
        for &head in &self.level().heads {
            let since = self.since(head.node, base)? - text;
            if head.symbols || since == NEVER {
                continue;
            }
            if head.prefix.depth == 0 {
                covers.push((head.node, NONE, since));
                continue;
            }
            let row = self.head_row(head)?;
            for place in self.law.trie().longer(head.prefix) {
                let log = row.log_token(place);
                if log > NEVER {
                    covers.push((head.node, place, since + log));
                }
            }
        }
        covers.sort_by(|a, b| b.2.total_cmp(&a.2).then((a.0, a.1).cmp(&(b.0, b.1))));
        Ok(covers)
    }

    /// The bytes by which a cover of [`ByteState::covers_of_text`] runs past the end of the text.
    ///
    /// # Errors
    /// [`Error::Input`] where there is no such context.
    pub fn beyond(&self, id: ContextId, token: Option<TokenId>) -> Result<&[u8]> {
        let over = self.law.lead().len() + self.text.len() - self.node(id)?.end as usize;
        let trie = self.law.trie();
        let place = token.and_then(|token| trie.place(token));
        Ok(place.and_then(|place| trie.spelling(place).get(over..)).unwrap_or_default())
    }

    /// The tokens of the text so far, if they are its whole encoding under the law: given ones not
    /// counted. `None` where the text ends inside a character or before what its cuts ask for.
    pub fn encoding(&self) -> Result<Option<Vec<TokenId>>> {
        for head in &self.level().heads {
            if head.prefix.depth == 0 && self.node(head.node)?.complete {
                let tokens = self.tokens(head.node)?;
                return Ok(Some(tokens[self.given.len()..].to_vec()));
            }
        }
        Ok(None)
    }
}

fn missing(id: ContextId) -> Error {
    Error::Input { why: format!("the row of context {id} has not been fed; see pending()") }
}

/// Log of the sum of exponentials, added in order.
fn log_sum(logs: impl Iterator<Item = f64> + Clone) -> f64 {
    let max = logs.clone().fold(NEVER, f64::max);
    if max == NEVER {
        return NEVER;
    }
    max + logs.map(|log| (log - max).exp()).sum::<f64>().ln()
}

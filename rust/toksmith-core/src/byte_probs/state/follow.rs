//! Following a text: a byte or a special token on, or back.

use super::{ByteState, ContextId, Head, Level, NEVER, Node, log_sum};
use crate::byte_probs::law::Target;
use crate::byte_probs::mask::Mask;
use crate::byte_probs::trie::Prefix;
use crate::error::{Error, Result};
use crate::token::TokenId;
use std::sync::{Arc, OnceLock};

impl ByteState {
    /// Goes on by one byte. O(heads) steps in the trie.
    ///
    /// # Errors
    /// [`Error::Input`] where no token sequence that the law allows goes on so, where there are more
    /// heads than allowed, and under a beam where rows are missing. The state is as before then.
    pub fn push(&mut self, byte: u8) -> Result<()> {
        let (mut level, nodes) = self.advance(self.level(), byte)?;
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

    /// Goes on by a special token: the text before it is closed as at its end, and another begins.
    ///
    /// # Errors
    /// [`Error::Input`] where it is no special token, and where the text cannot end here under the
    /// law; [`Error::Unsupported`] for a token that takes white space from the text around it. The
    /// state is as before then.
    pub fn push_special(&mut self, token: TokenId) -> Result<()> {
        let symbol = self.law.special(token)?;
        let Level { dropped, at, .. } = *self.level();
        let mut openers = Vec::new();
        for head in &self.level().heads {
            let node = self.node(head.node)?;
            if head.prefix.depth > 0 || !node.complete {
                continue;
            }
            let edge = node.row.as_ref().map(|row| row.log_special(symbol));
            let counts = match self.law.target() {
                Target::Window(window) => {
                    let from = (at as usize + 1).saturating_sub(window);
                    self.is_canonical_before(head.node, &[], from)?
                }
                _ => true,
            };
            if edge == Some(NEVER) || !counts {
                continue;
            }
            openers.push(Node {
                parent: head.node,
                token,
                len: node.len + 1,
                end: at + 1,
                state: self.law.behind_special(node.state.as_ref()),
                mask: OnceLock::new(),
                complete: true,
                edge,
                row: None,
            });
        }
        if openers.is_empty() {
            let bytes = self.text.len();
            return Err(Error::Input {
                why: format!(
                    "special token {token} cannot follow {bytes} bytes: the text cannot end there"
                ),
            });
        }
        let level = Level { heads: Vec::new(), nodes: 0, dropped, at: at + 1 };
        self.open(openers, level, self.law.leads_again())?;
        let bytes = self.text.len();
        Arc::make_mut(&mut self.specials).push((bytes, token));
        self.forget();
        Ok(())
    }

    /// Begins a text behind each of some contexts, with what stands before every text if `lead`.
    pub(super) fn open(&mut self, openers: Vec<Node>, level: Level, lead: bool) -> Result<()> {
        let (law, known) = (Arc::clone(&self.law), self.nodes.len());
        let first = known as ContextId..(known + openers.len()) as ContextId;
        let head = |node, prefix, symbols| Head { node, prefix, symbols };
        let heads = first.clone().map(|node| head(node, law.trie().root(), false)).collect();
        let mut level = Level { heads, nodes: known, ..level };
        Arc::make_mut(&mut self.nodes).extend(openers);
        let lead = if lead { law.lead() } else { &[] };
        for &byte in lead {
            match self.advance(&level, byte) {
                Ok((next, nodes)) => {
                    Arc::make_mut(&mut self.nodes).extend(nodes);
                    level = Level { nodes: known, ..next };
                }
                Err(error) => {
                    Arc::make_mut(&mut self.nodes).truncate(known);
                    return Err(error);
                }
            }
        }
        if !lead.is_empty() {
            // The empty text has no lead, and no tokens.
            let led = Arc::make_mut(&mut self.nodes).iter_mut().skip(first.end as usize);
            led.for_each(|node| node.complete = false);
            let end = Prefix { lo: 0, hi: 0, depth: 0 };
            level.heads.extend(first.map(|node| head(node, end, true)));
        }
        Arc::make_mut(&mut self.levels).push(level);
        Ok(())
    }

    /// The level behind one more byte, and its nodes.
    fn advance(&self, from: &Level, byte: u8) -> Result<(Level, Vec<Node>)> {
        let trie = self.law.trie();
        let mut level = Level {
            heads: Vec::new(),
            nodes: self.nodes.len(),
            dropped: from.dropped,
            at: from.at + 1,
        };
        let mut nodes = Vec::new();
        for head in &from.heads {
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
            let from = (level.at as usize).saturating_sub(window);
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
    pub(super) fn mask<'a>(&self, node: &'a Node) -> Option<&'a Arc<Mask>> {
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

    /// Takes back the last `count` symbols.
    ///
    /// # Errors
    /// [`Error::Input`] where there are fewer.
    pub fn rollback(&mut self, count: usize) -> Result<()> {
        let known = self.symbols();
        if count > known {
            return Err(Error::Input {
                why: format!("cannot take back {count} of {known} bytes and special tokens"),
            });
        }
        if count == 0 {
            return Ok(());
        }
        let levels = Arc::make_mut(&mut self.levels);
        let left = known - count + 1;
        let nodes = levels.get(left).map_or(1, |level| level.nodes);
        levels.truncate(left);
        Arc::make_mut(&mut self.nodes).truncate(nodes);
        let (text, specials) = (Arc::make_mut(&mut self.text), Arc::make_mut(&mut self.specials));
        let mut count = count;
        while count > 0 {
            // Bytes behind the last special token are the last symbols.
            let bytes = text.len() - specials.last().map_or(0, |&(before, _)| before);
            let back = bytes.min(count);
            text.truncate(text.len() - back);
            count -= back;
            if count > 0 {
                specials.pop();
                count -= 1;
            }
        }
        Ok(())
    }
}

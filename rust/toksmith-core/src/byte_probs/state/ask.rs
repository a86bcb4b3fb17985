//! Asking of a text: which rows are needed, and what they say of it and of its next symbol.

use super::{ByteState, ContextId, Head, NEVER, NextByte, Pending, log_sum};
use crate::byte_probs::law::Target;
use crate::byte_probs::logits::Logits;
use crate::byte_probs::mask::Mask;
use crate::byte_probs::row::{Allowed, Row};
use crate::error::{Error, Result};
use crate::token::{NONE, TokenId};
use std::sync::Arc;

/// Sums below this may have lost digits.
const TINY: f64 = 1e-280;

impl ByteState {
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
        let (law, trie) = (Arc::clone(&self.law), Arc::clone(self.law.trie()));
        let nodes = Arc::make_mut(&mut self.nodes);
        for (&(id, _), row) in rows.iter().zip(read) {
            let Some(node) = nodes.get_mut(id as usize) else { continue };
            let last = node.end + longest;
            let row = Arc::new(row);
            node.row = Some(Arc::clone(&row));
            for child in nodes.iter_mut().skip(id as usize + 1).take_while(|node| node.end <= last)
            {
                if child.parent == id {
                    child.edge = match trie.place(child.token) {
                        Some(place) => Some(row.log_token(place)),
                        None => law.special(child.token).ok().map(|k| row.log_special(k)),
                    };
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

    pub(super) fn total(&self, id: ContextId) -> Result<f64> {
        self.since(id, 0)
    }

    fn head_row(&self, head: Head) -> Result<&Row> {
        self.node(head.node)?.row.as_deref().ok_or_else(|| missing(head.node))
    }

    /// Log-probability of a head behind its context: that the next token covers what is left over.
    pub(super) fn covers(&self, head: Head) -> Result<f64> {
        if head.symbols {
            let row = self.head_row(head)?;
            return Ok(log_sum((0..row.specials()).map(|k| row.log_special(k))));
        }
        if head.prefix.depth == 0 {
            return Ok(0.0);
        }
        Ok(self.head_row(head)?.log_mass(self.law.trie().longer(head.prefix)))
    }

    /// Whether the text is empty, and something is put before one that is not: then it is there
    /// wherever the contexts are behind which it begins.
    fn is_led(&self) -> bool {
        self.is_begun() && self.level().heads.iter().any(|head| head.symbols)
    }

    /// Log-probability of the text from a context on that all heads have in common.
    fn text_since(&self, base: ContextId) -> Result<f64> {
        let heads = &self.level().heads;
        let mut logs = Vec::with_capacity(heads.len());
        let empty = self.is_led();
        for &head in heads {
            if empty {
                if head.symbols {
                    logs.push(self.since(head.node, base)?);
                }
                continue;
            }
            let since = self.since(head.node, base)?;
            logs.push(if since == NEVER { NEVER } else { since + self.covers(head)? });
        }
        Ok(log_sum(logs.iter().copied()))
    }

    /// The distribution of what follows the text: its next symbol.
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
        let text = self.text_since(base)?;
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
        self.text_since(0)
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
        let (mut covers, empty) = (Vec::new(), self.is_led());
        for &head in &self.level().heads {
            let since = self.since(head.node, base)? - text;
            if head.symbols != empty || since == NEVER {
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
        let over = self.level().at.saturating_sub(self.node(id)?.end) as usize;
        let trie = self.law.trie();
        let place = token.and_then(|token| trie.place(token));
        Ok(place.and_then(|place| trie.spelling(place).get(over..)).unwrap_or_default())
    }

    /// The tokens of the text so far, if they are its whole encoding under the law: given ones not
    /// counted, special ones where they stand. `None` where the text ends inside a character or before what its cuts ask for.
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

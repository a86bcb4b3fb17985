//! All tokenizations of one text: a graph whose nodes are byte offsets and whose edges are the
//! tokens that match there. A tokenization is a path from 0 to the end.
//!
//! Every question is answered by one pass from the end of the text to its beginning, in which an
//! offset gathers what its tokens lead to: how many tokenizations there are (`count`), what they
//! weigh together (`weigh`), which weigh most (`best`); `paths` lists them all, `canonical` finds
//! what an encoder would make. Duplicate tokens are edges of their own.
//!
//! The tokens of an offset are ordered by length, then id; tokenizations by their first differing
//! token. Start at [`TokenGraph::new`].

mod best;
mod canonical;
mod count;
mod paths;
pub(crate) mod scaled;
mod weigh;

pub use best::Best;
pub use count::Natural;
pub use weigh::{Drawn, Weighed};

use super::trie::TokenTrie;
use crate::error::{Error, Result};
use crate::token::{NONE, TokenId};
use crate::watch::Watch;
use std::ops::Range;
use std::sync::Arc;

/// Offsets between two looks at whether to stop.
const POLL: usize = 1 << 10;
/// Log-weights of tokens lie within plus or minus this, so that no sum of them overflows.
const MOST_WEIGHT: f64 = (1u64 << 30) as f64;

/// The graph of a text.
#[derive(Debug)]
pub struct TokenGraph {
    trie: Arc<TokenTrie>,
    text: Vec<u8>,
    /// Where the edges of each offset begin, and the end of the last.
    first: Vec<u32>,
    /// The token of each edge, as its place in the trie.
    places: Vec<u32>,
    /// The offset that each edge ends at.
    ends: Vec<u32>,
    /// Whether the end of the text can be reached from an offset.
    live: Vec<bool>,
    /// The furthest offset that tokens reach from 0.
    furthest: usize,
}

impl TokenGraph {
    /// Finds the tokens that match at each offset that tokens reach from the beginning.
    ///
    /// O(n * longest token * log vocabulary) time, eight bytes an edge.
    ///
    /// # Errors
    /// [`Error::Input`] for a text with more than 2^32 - 2 bytes or matching tokens.
    pub fn new(trie: Arc<TokenTrie>, text: Vec<u8>, watch: &Watch<'_>) -> Result<Self> {
        Self::with_cuts(trie, text, &[], watch)
    }

    /// As [`TokenGraph::new`], without the tokens that cross one of `cuts`, ascending offsets.
    ///
    /// # Errors
    /// As of [`TokenGraph::new`].
    pub fn with_cuts(
        trie: Arc<TokenTrie>,
        text: Vec<u8>,
        cuts: &[usize],
        watch: &Watch<'_>,
    ) -> Result<Self> {
        let len = text.len();
        if len >= NONE as usize {
            return Err(Error::Input { why: format!("a text of {len} bytes; at most 2^32 - 2") });
        }
        let mut reached = vec![false; len + 1];
        reached[0] = true;
        let (mut places, mut ends) = (Vec::new(), Vec::new());
        let (mut first, mut furthest) = (Vec::with_capacity(len + 2), 0);
        let mut cuts = cuts.iter().copied().filter(|&cut| cut < len).peekable();
        for at in 0..len {
            while cuts.next_if(|&cut| cut <= at).is_some() {}
            let most = cuts.peek().copied().unwrap_or(len);
            if at % POLL == 0 {
                watch.poll()?;
            }
            first.push(places.len() as u32);
            if !reached[at] {
                continue;
            }
            furthest = at;
            let mut prefix = trie.root();
            for (&byte, end) in text[at..most].iter().zip(at + 1..) {
                prefix = trie.child(prefix, byte);
                if prefix.is_empty() {
                    break;
                }
                let exact = trie.ending(prefix);
                reached[end] |= !exact.is_empty();
                ends.resize(ends.len() + exact.len(), end as u32);
                places.extend(exact);
            }
            if places.len() >= NONE as usize {
                let why = format!("more than 2^32 - 2 tokens match before byte {at}");
                return Err(Error::Input { why });
            }
        }
        first.extend([places.len() as u32; 2]);
        if reached[len] {
            furthest = len;
        }
        let mut graph = Self { trie, text, first, places, ends, live: Vec::new(), furthest };
        graph.live = graph.find_live();
        Ok(graph)
    }

    fn find_live(&self) -> Vec<bool> {
        let mut live = vec![false; self.len() + 1];
        live[self.len()] = true;
        for at in (0..self.len()).rev() {
            live[at] = self.edges_at(at).any(|edge| live[self.end(edge)]);
        }
        live
    }

    /// Length of the text in bytes.
    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// Whether the text is empty: it has one tokenization, without tokens.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The text.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// The furthest offset that tokens reach from 0.
    pub fn furthest(&self) -> usize {
        self.furthest
    }

    /// Number of edges.
    pub fn edge_count(&self) -> usize {
        self.places.len()
    }

    /// The offsets where edges begin and end, and their tokens; ascending by beginning, then end,
    /// then id.
    pub fn edges(&self) -> impl Iterator<Item = (usize, usize, TokenId)> {
        let at = move |at| self.edges_at(at).map(move |edge| (at, self.end(edge), self.id(edge)));
        (0..self.len()).flat_map(at)
    }

    /// # Errors
    /// [`Error::Input`] where there is no tokenization: says how far tokens reach.
    fn check(&self) -> Result<()> {
        if self.live[0] {
            return Ok(());
        }
        let (furthest, len) = (self.furthest, self.len());
        let why = format!(
            "the text has no tokenization: tokens reach byte {furthest} of {len}, and none goes on \
             from there"
        );
        Err(Error::Input { why })
    }

    /// The log-weight of the token of each edge, from those of all ids.
    ///
    /// # Errors
    /// [`Error::Input`] for too few weights, and for one that is neither within plus or minus
    /// 2^30 nor minus infinity.
    fn edge_weights(&self, weights: &[f64]) -> Result<Vec<f64>> {
        let (found, expected) = (weights.len(), self.trie.id_limit());
        if found < expected {
            let why = format!("{found} weights; expected one an id, at least {expected}");
            return Err(Error::Input { why });
        }
        let fits = |weight: f64| weight.abs() <= MOST_WEIGHT || weight == f64::NEG_INFINITY;
        if let Some(id) = weights.iter().position(|&weight| !fits(weight)) {
            let why = format!(
                "the log-weight of id {id} is {}; expected a number within plus or minus 2^30, or \
                 minus infinity",
                weights[id]
            );
            return Err(Error::Input { why });
        }
        let weight = |&place: &u32| weights[self.trie.id(place) as usize];
        Ok(self.places.iter().map(weight).collect())
    }

    fn edges_at(&self, at: usize) -> Range<usize> {
        self.first[at] as usize..self.first[at + 1] as usize
    }

    fn end(&self, edge: usize) -> usize {
        self.ends[edge] as usize
    }

    fn id(&self, edge: usize) -> TokenId {
        self.trie.id(self.places[edge])
    }

    /// The greatest length in bytes of a token that matches.
    fn widest(&self) -> usize {
        let widest_at = |at| self.edges_at(at).last().map_or(0, |edge| self.end(edge) - at);
        (0..self.len()).map(widest_at).max().unwrap_or(0)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]
mod tests;

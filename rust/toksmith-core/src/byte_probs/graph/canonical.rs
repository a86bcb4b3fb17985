//! The part of a graph that encoders make: tokens that stand in the encoding of some text that
//! begins like this one.
//!
//! Which tokens may follow depends on those before, so the graph is walked together with the state
//! that the rules of the tokenizer leave: a node is an offset and such a state. Few states share an
//! offset, for at most the last tokens before it can still be otherwise.

use super::{POLL, TokenGraph};
use crate::byte_probs::law::Law;
use crate::error::Result;
use crate::watch::Watch;
use std::collections::HashMap;

/// A way from one node to the next.
struct Step {
    from: usize,
    edge: usize,
    to: usize,
}

impl TokenGraph {
    /// For each edge whether it is the last token of a beginning of the text that is a prefix of
    /// some text's encoding; `whole`: whether it stands in a tokenization of all of the text that
    /// is such a prefix. Under the law of all sequences each edge from a reached offset counts.
    ///
    /// O(edges * states at an offset) steps of the law.
    ///
    /// # Errors
    /// [`Error::Cancelled`](crate::Error::Cancelled) if `watch` says so.
    pub fn canonical_edges(&self, law: &Law, whole: bool, watch: &Watch<'_>) -> Result<Vec<bool>> {
        let mut nodes: Vec<HashMap<_, usize>> = vec![HashMap::new(); self.len() + 1];
        nodes[0].insert(law.start(), 0);
        let (mut count, mut steps) = (1, Vec::new());
        for at in 0..self.len() {
            if at % POLL == 0 {
                watch.poll()?;
            }
            let mut here: Vec<_> = std::mem::take(&mut nodes[at]).into_iter().collect();
            here.sort_unstable_by_key(|&(_, node)| node);
            for (state, from) in here {
                for edge in self.edges_at(at) {
                    let Some(place) = law.trie().place(self.id(edge)) else { continue };
                    let next = law.step(state.as_ref(), place);
                    if next.is_some() || !law.is_canonical() {
                        let to = *nodes[self.end(edge)].entry(next).or_insert(count);
                        count = count.max(to + 1);
                        steps.push(Step { from, edge, to });
                    }
                }
            }
        }
        let mut marked = vec![false; self.edge_count()];
        let mut live = vec![!whole; count];
        nodes[self.len()].values().for_each(|&node| live[node] = true);
        // A step leads to a later offset, whose steps stand after it.
        for Step { from, edge, to } in steps.into_iter().rev() {
            if live[to] {
                live[from] = true;
                marked[edge] = true;
            }
        }
        Ok(marked)
    }
}

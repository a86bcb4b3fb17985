//! All tokenizations, one after the other.

use super::TokenGraph;
use crate::batch::Ragged;
use crate::error::Result;
use crate::token::TokenId;
use crate::watch::Watch;

impl TokenGraph {
    /// All tokenizations, in the order of their first differing token: the shorter one first, of
    /// equally long ones that of lower id. Time in proportion to the number of ids: count first.
    ///
    /// # Errors
    /// [`Error::Cancelled`](crate::Error::Cancelled) if `watch` says so.
    pub fn tokenizations(&self, watch: &Watch<'_>) -> Result<Ragged> {
        let mut rows = Ragged { ids: Vec::new(), offsets: vec![0] };
        if !self.live[0] {
            return Ok(rows);
        }
        // The edges still to be tried at each offset of the way, and the tokens of the way.
        let (mut stack, mut way) = (Vec::new(), Vec::<TokenId>::new());
        let mut at = 0;
        loop {
            if at == self.len() {
                rows.ids.extend_from_slice(&way);
                rows.offsets.push(rows.ids.len() as i64);
                watch.poll()?;
            } else {
                stack.push(self.edges_at(at));
            }
            loop {
                // A way has one token fewer than offsets, unless it came to the end.
                way.truncate(stack.len().saturating_sub(1));
                let Some(edges) = stack.last_mut() else { return Ok(rows) };
                if let Some(edge) = edges.find(|&edge| self.live[self.end(edge)]) {
                    way.push(self.id(edge));
                    at = self.end(edge);
                    break;
                }
                stack.pop();
            }
        }
    }

    /// Whether ids spell the text: a tokenization of it.
    pub fn contains(&self, ids: &[TokenId]) -> bool {
        let mut at = 0;
        for &id in ids {
            let same = |&edge: &usize| self.id(edge) == id;
            let edge = (at < self.len()).then(|| self.edges_at(at).find(same)).flatten();
            let Some(edge) = edge else { return false };
            at = self.end(edge);
        }
        at == self.len()
    }
}

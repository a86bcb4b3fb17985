//! Encoding with a list of strings: at each place the longest that is there.
//!
//! What the lexicons of [`super::lzw`] and [`super::less_is_better`] are used with. Worst case
//! O(n x longest entry); O(n) where every prefix of an entry is an entry, as in LZW.

use crate::encode::model::unigram::trie::Trie;
use crate::error::{Error, Result};
use crate::token::TokenId;

/// Entries, by place in their list.
#[derive(Debug)]
pub struct LongestMatch(Trie);

impl LongestMatch {
    /// Of equal entries the last is used; empty ones are never found.
    pub fn new(entries: &[impl AsRef<[u8]>]) -> Result<Self> {
        let keys = entries.iter().zip(0..).map(|(entry, id)| (entry.as_ref(), id));
        Ok(Self(Trie::new(&keys.collect::<Vec<(&[u8], u32)>>(), false)?))
    }

    /// The entries that a text is made of.
    ///
    /// # Errors
    /// `Input`: no entry is at some place.
    pub fn encode(&self, text: &[u8]) -> Result<Vec<TokenId>> {
        let (mut ids, mut at) = (Vec::new(), 0);
        while at < text.len() {
            let mut longest = None;
            self.0.walk(text.get(at..).unwrap_or_default(), |len, id| longest = Some((len, id)));
            let Some((len, id)) = longest.filter(|&(len, _)| len > 0) else {
                let why = format!("no entry is at byte {at} of the text");
                return Err(Error::Input { why });
            };
            ids.push(id);
            at += len;
        }
        Ok(ids)
    }
}

/// What a symbol of the text costs if each token costs `-ln` of its share in all: in nats a symbol
/// for `symbols` symbols. 0 without tokens.
pub fn unigram_cross_entropy(ids: &[TokenId], symbols: usize) -> f64 {
    let mut counts = std::collections::BTreeMap::new();
    for &id in ids {
        *counts.entry(id).or_insert(0u64) += 1;
    }
    let total = ids.len() as f64;
    let cost: f64 = counts.values().map(|&c| c as f64 * (total / c as f64).ln()).sum();
    if symbols == 0 { 0.0 } else { cost / symbols as f64 }
}

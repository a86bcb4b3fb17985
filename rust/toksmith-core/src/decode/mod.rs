//! Ids to bytes and text. Concatenation, and care with halves of characters.
//!
//! - here: whole sequences, one or many.
//! - [`stream`]: piece by piece, as a model generates.
//! - [`chain`]: the decoders of a tokenizer.json, for tokens that are not bytes; whole or piece by
//!   piece.
//! - [`steps`]: piece by piece as tokenizers does it.

pub mod chain;
pub mod steps;
pub mod stream;

use crate::error::{Error, Result};
use crate::parallel;
use crate::token::TokenId;
use crate::tokenizer::Tokenizer;
use crate::watch::Watch;

impl Tokenizer {
    /// The bytes of a sequence of ids. O(bytes).
    ///
    /// # Errors
    /// [`Error::UnknownId`] names the first id without a token.
    pub fn decode_bytes(&self, ids: &[TokenId], skip_special: bool) -> Result<Vec<u8>> {
        let mut out = Vec::with_capacity(ids.len() * 5 + 16);
        self.decode_into(ids, skip_special, &mut out)?;
        Ok(out)
    }

    fn decode_into(&self, ids: &[TokenId], skip_special: bool, out: &mut Vec<u8>) -> Result<()> {
        for &id in ids {
            let bytes = self.token_bytes(id)?;
            if !(skip_special && self.specials.contains(&id)) {
                out.extend_from_slice(bytes);
            }
        }
        Ok(())
    }

    /// The bytes of many sequences: row `i` of the result is that of
    /// `ids[offsets[i]..offsets[i + 1]]`.
    pub fn decode_batch(
        &self,
        ids: &[TokenId],
        offsets: &[i64],
        skip_special: bool,
        threads: usize,
        watch: &Watch<'_>,
    ) -> Result<Vec<Vec<u8>>> {
        let rows = offsets.len().saturating_sub(1);
        let row = |i: usize| {
            let bounds = offsets.get(i).zip(offsets.get(i + 1));
            let range = bounds
                .and_then(|(&a, &b)| Some(usize::try_from(a).ok()?..usize::try_from(b).ok()?));
            range.and_then(|range| ids.get(range)).ok_or_else(|| Error::Input {
                why: format!(
                    "offsets[{i}:{}] are not an ascending range of the {} ids",
                    i + 2,
                    ids.len()
                ),
            })
        };
        let threads = if ids.len() < 1 << 14 { 1 } else { threads };
        let size = rows.div_ceil(threads * 8).max(1);
        let jobs = parallel::map(rows.div_ceil(size), threads, watch, |job| {
            let rows = job * size..rows.min((job + 1) * size);
            rows.map(|i| self.decode_bytes(row(i)?, skip_special)).collect::<Result<Vec<_>>>()
        })?;
        Ok(jobs.into_iter().flatten().collect())
    }
}

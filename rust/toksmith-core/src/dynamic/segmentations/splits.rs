//! Tokens replaced at random by pairs of tokens with the same bytes (`StochasTok`, Sims et al. 2025,
//! arXiv:2506.01687).
//!
//! Of `n` tokens, `floor(alpha * n)` times one of those that now stand there is taken, each as
//! likely; if there are pairs of tokens with its bytes, one of them takes its place, each as
//! likely; if not, nothing happens. A draw is constant time: which token is taken does not depend on
//! the order they stand in, so they are drawn from a plain list and linked in order.
//!
//! Many orders of splitting lead to the same tokens, and what a step may take depends on all before
//! it, so the probability of a row has no form that could be added up.

use super::lexicon::Lexicon;
use super::rows::{Scored, map_rows};
use crate::encode::model::draws::{next_bits, piece_seed};
use crate::error::{Error, Result};
use crate::token::{NONE, TokenId};
use crate::watch::Watch;

/// Draws between two looks at whether to stop.
const POLL: u64 = 1 << 16;
/// Most steps of a row.
const MOST_STEPS: f64 = (1u64 << 40) as f64;

/// For each token the pairs of tokens that have its bytes.
#[derive(Debug)]
pub struct PairTable {
    /// Where the pairs of each id begin, and the end of the last.
    starts: Vec<u32>,
    /// Left and right, the shortest left first.
    pairs: Vec<(TokenId, TokenId)>,
}

impl PairTable {
    /// Finds all pairs. O(bytes * longest token) steps.
    ///
    /// # Errors
    /// [`Error::Vocabulary`] for more than 2^32 - 1 pairs.
    pub fn new(lexicon: &Lexicon) -> Result<Self> {
        let trie = &lexicon.trie;
        let (mut starts, mut pairs) = (Vec::with_capacity(lexicon.id_limit() + 1), Vec::new());
        for id in 0..lexicon.id_limit() as TokenId {
            starts.push(pairs.len() as u32);
            let Some(place) = lexicon.place(id) else { continue };
            let bytes = trie.spelling(place);
            let mut left = trie.root();
            for (at, &byte) in bytes.iter().enumerate().take(bytes.len() - 1) {
                left = trie.child(left, byte);
                let first = trie.ending(left);
                if first.is_empty() {
                    continue;
                }
                let right = trie.find(&bytes[at + 1..]);
                let second = trie.ending(right);
                if !second.is_empty() {
                    pairs.push((trie.id(first.start), trie.id(second.start)));
                }
            }
            if pairs.len() >= NONE as usize {
                let why = "the tokens have more than 2^32 - 1 pairs".into();
                return Err(Error::Vocabulary { why });
            }
        }
        starts.push(pairs.len() as u32);
        Ok(Self { starts, pairs })
    }

    /// The pairs of a token, the shortest left first.
    pub fn pairs(&self, id: TokenId) -> &[(TokenId, TokenId)] {
        let at = id as usize;
        match (self.starts.get(at), self.starts.get(at + 1)) {
            (Some(&start), Some(&end)) => {
                self.pairs.get(start as usize..end as usize).unwrap_or_default()
            }
            _ => &[],
        }
    }

    /// Splits tokens of each row. Row `i` is drawn as row `first + i` of the seed.
    ///
    /// # Errors
    /// [`Error::Input`] for a negative `alpha` or more than 2^40 steps a row, and offsets that do
    /// not fit; [`Error::UnknownId`] for an id beyond the vocabulary.
    #[allow(clippy::too_many_arguments, reason = "the call's options")]
    #[allow(clippy::cast_sign_loss, reason = "the number of steps is not negative")]
    pub fn split(
        &self,
        ids: &[TokenId],
        offsets: &[i64],
        alpha: f64,
        seed: u64,
        first: u64,
        threads: usize,
        watch: &Watch<'_>,
    ) -> Result<Scored> {
        if !(alpha >= 0.0 && alpha.is_finite()) {
            return Err(Error::Input { why: format!("alpha is {alpha}; 0 or more expected") });
        }
        let limit = self.starts.len() - 1;
        if let Some(&id) = ids.iter().find(|&&id| id as usize >= limit) {
            return Err(Error::UnknownId { id: id.into(), limit });
        }
        let rows = rows_of(ids, offsets)?;
        let longest = rows.iter().map(|row| row.len()).max().unwrap_or(0);
        if longest as f64 * alpha > MOST_STEPS {
            let why = format!("alpha is {alpha}: more than 2^40 steps for a row of {longest} ids");
            return Err(Error::Input { why });
        }
        let sizes: Vec<usize> = rows.iter().map(|row| row.len() * 4).collect();
        map_rows(&sizes, threads, watch, Chain::default, |chain, row, out| {
            let steps = (rows[row].len() as f64 * alpha) as u64;
            let state = piece_seed(seed, first.wrapping_add(row as u64));
            chain.start(self, rows[row]);
            chain.run(self, steps, state, watch)?;
            chain.finish(out);
            Ok(0.0)
        })
    }
}

/// The rows of a batch.
fn rows_of<'a>(ids: &'a [TokenId], offsets: &[i64]) -> Result<Vec<&'a [TokenId]>> {
    let row = |pair: &[i64]| {
        let range = usize::try_from(pair[0]).ok().zip(usize::try_from(pair[1]).ok());
        range.and_then(|(start, end)| ids.get(start..end)).ok_or_else(|| Error::Input {
            why: format!("{}..{} is not a range of the {} ids", pair[0], pair[1], ids.len()),
        })
    };
    offsets.windows(2).map(row).collect()
}

/// The tokens of a row while they are split: in no order, linked in theirs.
#[derive(Default)]
struct Chain {
    tokens: Vec<TokenId>,
    next: Vec<u32>,
    /// How many of them have pairs.
    open: usize,
}

impl Chain {
    fn start(&mut self, table: &PairTable, row: &[TokenId]) {
        self.tokens.clear();
        self.tokens.extend_from_slice(row);
        self.next.clear();
        self.next.extend(1..=row.len() as u32);
        if let Some(last) = self.next.last_mut() {
            *last = NONE;
        }
        self.open = row.iter().filter(|&&id| !table.pairs(id).is_empty()).count();
    }

    fn run(
        &mut self,
        table: &PairTable,
        steps: u64,
        mut state: u64,
        watch: &Watch<'_>,
    ) -> Result<()> {
        for step in 0..steps {
            if step % POLL == POLL - 1 {
                watch.poll()?;
            }
            if self.open == 0 {
                break;
            }
            let at = below(&mut state, self.tokens.len());
            let pairs = table.pairs(self.tokens[at]);
            if pairs.is_empty() {
                continue;
            }
            let (left, right) = pairs[below(&mut state, pairs.len())];
            let place = self.tokens.len() as u32;
            self.tokens[at] = left;
            self.tokens.push(right);
            self.next.push(self.next[at]);
            self.next[at] = place;
            self.open -= 1;
            self.open += usize::from(!table.pairs(left).is_empty());
            self.open += usize::from(!table.pairs(right).is_empty());
        }
        Ok(())
    }

    fn finish(&self, out: &mut Vec<TokenId>) {
        let mut at = if self.tokens.is_empty() { NONE } else { 0 };
        while let (Some(&id), Some(&next)) =
            (self.tokens.get(at as usize), self.next.get(at as usize))
        {
            out.push(id);
            at = next;
        }
    }
}

/// A number below `limit`: the upper half of the 128-bit product of a step and `limit`.
fn below(state: &mut u64, limit: usize) -> usize {
    ((u128::from(next_bits(state)) * limit as u128) >> 64) as usize
}

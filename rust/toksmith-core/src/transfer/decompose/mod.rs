//! Target tokens as source tokens, each with the bytes it spells.
//!
//! A piece counts only if the bytes of its token are those of its span, so nothing is spelled by
//! what merely looks like it ([`Method::Encode`] alone follows the source's normalizer instead).
//! Bytes that no source token spells are left out and the row is not complete; it is never dropped.
//!
//! - `model`: what the source's model makes of the bytes.
//! - `encode`: what the source tokenizer makes of them as text.
//! - `graph`: fewest pieces, and all ways of fewest pieces, over the vocabulary alone.

mod encode;
mod graph;
mod model;
#[cfg(test)]
mod tests;

use super::canonical::Canonical;
use super::index::{Index, Loose};
use crate::byte_probs::trie::TokenTrie;
use crate::error::{Error, Result};
use crate::parallel;
use crate::token::TokenId;
use crate::tokenizer::Tokenizer;
use crate::watch::Watch;
use std::ops::Range;
use std::sync::Arc;

/// Tokens of a job.
const JOB: usize = 4096;

/// How a token is cut into source tokens.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Method {
    /// As the source's model cuts the bytes, as one piece. Where that is a model of words, the
    /// longest token first, also inside a word.
    #[default]
    Model,
    /// As the source tokenizer encodes the text, normalized and cut, but without a space in front
    /// that the token does not have.
    Encode,
    /// One way of fewest pieces: at each place the longest piece that leads to one.
    Fewest,
    /// All ways of fewest pieces with the longest part, averaged (VIPI).
    Minimal,
    /// The `most` ways whose tokens' log-weights sum to most, averaged; without weights, those of
    /// fewest pieces.
    Best {
        /// How many.
        most: usize,
        /// One log-weight a source id.
        weights: Option<Vec<f64>>,
    },
}

/// Rows of source tokens, end to end.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Decomposition {
    /// Where rows begin, and the end of the last.
    pub starts: Vec<usize>,
    /// Source ids.
    pub ids: Vec<TokenId>,
    /// Which bytes of the token each spells.
    pub spans: Vec<[u32; 2]>,
    /// The share of each in its row; a row that is not empty sums to one.
    pub weights: Vec<f64>,
    /// Which way of [`Method::Best`] it belongs to, the best being 0.
    pub partitions: Vec<u32>,
    /// Of each row, whether all its bytes are spelled.
    pub complete: Vec<bool>,
}

impl Decomposition {
    /// An empty one, with room.
    pub(super) fn with_capacity(rows: usize, entries: usize) -> Self {
        let mut made = Self {
            starts: Vec::with_capacity(rows + 1),
            ids: Vec::with_capacity(entries),
            spans: Vec::with_capacity(entries),
            weights: Vec::with_capacity(entries),
            partitions: Vec::with_capacity(entries),
            complete: Vec::with_capacity(rows),
        };
        made.starts.push(0);
        made
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.complete.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.complete.is_empty()
    }

    /// The entries of a row; none beyond the last.
    pub fn row(&self, row: usize) -> Range<usize> {
        match (self.starts.get(row), self.starts.get(row + 1)) {
            (Some(&start), Some(&end)) => start..end,
            _ => 0..0,
        }
    }

    pub(super) fn push(&mut self, id: TokenId, span: [u32; 2], weight: f64, partition: u32) {
        self.ids.push(id);
        self.spans.push(span);
        self.weights.push(weight);
        self.partitions.push(partition);
    }

    pub(super) fn finish_row(&mut self, complete: bool) {
        self.starts.push(self.ids.len());
        self.complete.push(complete);
    }

    /// Ends a row whose pieces have no weights yet: they share it equally.
    fn finish_equal(&mut self, complete: bool) {
        let start = self.starts.last().copied().unwrap_or(0);
        if let Some(row) = self.weights.get_mut(start..) {
            let share = 1.0 / row.len() as f64;
            row.fill(share);
        }
        self.finish_row(complete);
    }

    fn append(&mut self, other: &Self) {
        let base = self.ids.len();
        self.starts.extend(other.starts.iter().skip(1).map(|start| base + start));
        self.ids.extend_from_slice(&other.ids);
        self.spans.extend_from_slice(&other.spans);
        self.weights.extend_from_slice(&other.weights);
        self.partitions.extend_from_slice(&other.partitions);
        self.complete.extend_from_slice(&other.complete);
    }
}

/// Decomposes every text token of `target`; rows of other ids are empty. `tokenizer` is that of
/// `source`. What `threads` is does not matter to the result.
///
/// # Errors
/// [`Error::Input`] for weights that are not one number a source id or ways that are none.
pub fn decompose(
    (tokenizer, source): (&Tokenizer, &Canonical),
    target: &Canonical,
    method: &Method,
    threads: usize,
    watch: &Watch<'_>,
) -> Result<Decomposition> {
    let index = Index::new(source, Loose::default());
    let decomposer = Decomposer::new(tokenizer, source, &index, method)?;
    let all: Vec<TokenId> = (0..target.len() as TokenId).collect();
    decomposer.run(target, &all, threads, watch)
}

/// A source, ready to spell.
pub(super) struct Decomposer<'a> {
    source: &'a Canonical,
    index: &'a Index<'a>,
    way: Way<'a>,
}

enum Way<'a> {
    Model(model::Model<'a>),
    Encode(Box<encode::Inside>),
    Greedy(TokenTrie),
    Fewest(TokenTrie),
    Minimal(TokenTrie),
    Best(Arc<TokenTrie>, usize, Vec<f64>),
}

impl<'a> Decomposer<'a> {
    /// Prepares a source. The index is of its bytes.
    pub(super) fn new(
        tokenizer: &'a Tokenizer,
        source: &'a Canonical,
        index: &'a Index<'a>,
        method: &Method,
    ) -> Result<Self> {
        // Of ids that are spelled alike one alone: they are one way.
        let trie = || {
            let tokens: Vec<_> =
                index.preferred().map(|id| (id, source.bytes(id).to_vec())).collect();
            TokenTrie::new(&tokens)
        };
        let way = match method {
            Method::Model => match model::Model::new(tokenizer) {
                Some(model) => Way::Model(model),
                None => Way::Greedy(trie()?),
            },
            Method::Encode => Way::Encode(Box::new(encode::Inside::new(tokenizer)?)),
            Method::Fewest => Way::Fewest(trie()?),
            Method::Minimal => Way::Minimal(trie()?),
            Method::Best { most: 0, .. } => {
                return Err(Error::Input { why: "n is 0, expected at least one way".into() });
            }
            Method::Best { most, weights } => {
                let weights = match weights {
                    None => vec![-1.0; source.len()],
                    Some(weights) if weights.len() == source.len() => weights.clone(),
                    Some(weights) => {
                        let (found, rows) = (weights.len(), source.len());
                        let why = format!("weights: {found} numbers, expected one a row: {rows}");
                        return Err(Error::Input { why });
                    }
                };
                Way::Best(Arc::new(trie()?), *most, weights)
            }
        };
        Ok(Self { source, index, way })
    }

    /// One row for each of `ids`, which are the target's.
    pub(super) fn run(
        &self,
        target: &Canonical,
        ids: &[TokenId],
        threads: usize,
        watch: &Watch<'_>,
    ) -> Result<Decomposition> {
        let jobs = ids.len().div_ceil(JOB);
        let parts = parallel::map(jobs, threads, watch, |job| {
            let ids = ids.get(job * JOB..ids.len().min((job + 1) * JOB)).unwrap_or_default();
            let mut part = Decomposition::with_capacity(ids.len(), 4 * ids.len());
            let mut scratch = Scratch::default();
            for (done, &id) in ids.iter().enumerate() {
                if done % 256 == 0 {
                    watch.poll()?;
                }
                let bytes = target.bytes(id);
                if target.role(id).is_text() && !bytes.is_empty() {
                    self.row(bytes, &mut scratch, &mut part, watch)?;
                } else {
                    part.finish_row(false);
                }
            }
            watch.add(ids.len());
            Ok(part)
        })?;
        let entries = parts.iter().map(|part| part.ids.len()).sum();
        let mut joined = Decomposition::with_capacity(ids.len(), entries);
        for part in &parts {
            joined.append(part);
        }
        Ok(joined)
    }

    fn row(
        &self,
        bytes: &[u8],
        scratch: &mut Scratch,
        out: &mut Decomposition,
        watch: &Watch<'_>,
    ) -> Result<()> {
        match &self.way {
            Way::Model(model) => {
                let complete = model.spell(self, bytes, &mut scratch.model, out, watch)?;
                out.finish_equal(complete);
            }
            Way::Encode(inside) => {
                let complete = inside.spell(self.source, bytes, out, watch)?;
                out.finish_equal(complete);
            }
            Way::Greedy(trie) => {
                let complete = graph::greedy(trie, bytes, out);
                out.finish_equal(complete);
            }
            Way::Fewest(trie) => {
                let complete = scratch.graph.read(trie, bytes).fewest(out);
                out.finish_equal(complete);
            }
            Way::Minimal(trie) => {
                let complete = scratch.graph.read(trie, bytes).minimal(out);
                out.finish_row(complete);
            }
            Way::Best(trie, most, weights) => {
                let found = graph::best(trie, bytes, *most, weights, self.source, out, watch)?;
                if found {
                    out.finish_row(true);
                } else {
                    let complete = scratch.graph.read(trie, bytes).fewest(out);
                    out.finish_equal(complete);
                }
            }
        }
        Ok(())
    }
}

/// Buffers of one thread.
#[derive(Default)]
struct Scratch {
    model: model::Buffers,
    graph: graph::Graph,
}

//! Weighted sums over all tokenizations, and draws in proportion to weight.
//!
//! The weight of a tokenization is the exponential of the sum of its tokens' log-weights; with none
//! given all weigh the same. [`Weighed`] holds, for each offset, the weight of all ways on to the
//! end, in numbers that round once an addition or product: their relative error is below
//! (edges + 2 n) * 2^-53. A draw goes from the beginning to the end and takes each token with the
//! share that it and what follows it have of that weight; that share, rounded to 2^-53, is what
//! the log-probability of the draw is made of.

use super::scaled::Scaled;
use super::{POLL, TokenGraph};
use crate::batch::Ragged;
use crate::encode::model::draws::{next_bits, piece_seed};
use crate::error::{Error, Result};
use crate::parallel;
use crate::token::TokenId;
use crate::watch::Watch;

/// Draws of a job.
const JOB_DRAWS: usize = 64;

/// A graph whose tokens have weights.
#[derive(Debug)]
pub struct Weighed<'a> {
    graph: &'a TokenGraph,
    /// The weight of each edge.
    weights: Vec<Scaled>,
    /// For each offset, that of all ways from it to the end.
    onward: Vec<Scaled>,
}

/// Tokenizations drawn at random.
#[derive(Debug)]
pub struct Drawn {
    /// Their ids.
    pub rows: Ragged,
    /// The log of the probability with which each is drawn.
    pub logprobs: Vec<f64>,
}

impl TokenGraph {
    /// Gives log-weights to tokens, one an id; none: all tokenizations weigh 1.
    ///
    /// # Errors
    /// [`Error::Input`] for too few weights, and for one that is neither within plus or minus
    /// 2^30 nor minus infinity, which forbids a token; [`Error::Cancelled`].
    pub fn weigh(&self, weights: Option<&[f64]>, watch: &Watch<'_>) -> Result<Weighed<'_>> {
        let weights = match weights {
            Some(weights) => self.edge_weights(weights)?.into_iter().map(Scaled::exp).collect(),
            None => vec![Scaled::ONE; self.edge_count()],
        };
        let mut onward = vec![Scaled::ZERO; self.len() + 1];
        onward[self.len()] = Scaled::ONE;
        for at in (0..self.len()).rev() {
            if at % POLL == 0 {
                watch.poll()?;
            }
            onward[at] = self.edges_at(at).fold(Scaled::ZERO, |sum, edge| {
                sum.plus(weights[edge].times(onward[self.end(edge)]))
            });
        }
        Ok(Weighed { graph: self, weights, onward })
    }
}

impl Weighed<'_> {
    /// The log of the weight of all tokenizations together; minus infinity if there is none.
    pub fn log_total(&self) -> f64 {
        self.onward[0].ln()
    }

    /// # Errors
    /// [`Error::Input`] where no tokenization has weight.
    fn check(&self) -> Result<()> {
        self.graph.check()?;
        if self.onward[0].is_zero() {
            let why = "each tokenization of the text has a token of log-weight minus infinity";
            return Err(Error::Input { why: why.into() });
        }
        Ok(())
    }

    /// For each edge the share that the tokenizations with it have of the weight of all. O(edges).
    ///
    /// # Errors
    /// [`Error::Input`] where no tokenization has weight.
    pub fn marginals(&self) -> Result<Vec<f64>> {
        self.check()?;
        let graph = self.graph;
        let mut before = vec![Scaled::ZERO; graph.len() + 1];
        before[0] = Scaled::ONE;
        let mut shares = Vec::with_capacity(graph.edge_count());
        for at in 0..graph.len() {
            for edge in graph.edges_at(at) {
                let (end, with) = (graph.end(edge), before[at].times(self.weights[edge]));
                before[end] = before[end].plus(with);
                // Rounding could show more than the whole.
                shares.push(with.times(self.onward[end]).over(self.onward[0]).min(1.0));
            }
        }
        Ok(shares)
    }

    /// Draws tokenizations in proportion to their weights.
    ///
    /// Draw `i` depends on the seed and `i` alone. Each takes time in proportion to the edges at
    /// the offsets that it passes.
    ///
    /// # Errors
    /// [`Error::Input`] where no tokenization has weight; [`Error::Cancelled`].
    pub fn sample(
        &self,
        draws: usize,
        seed: u64,
        threads: usize,
        watch: &Watch<'_>,
    ) -> Result<Drawn> {
        self.check()?;
        let shares = self.shares();
        let jobs = parallel::map(draws.div_ceil(JOB_DRAWS), threads, watch, |job| {
            let (mut ids, mut made) = (Vec::new(), Vec::new());
            for draw in job * JOB_DRAWS..draws.min((job + 1) * JOB_DRAWS) {
                watch.poll()?;
                let logprob = self.draw(&shares, piece_seed(seed, draw as u64), &mut ids);
                made.push((ids.len(), logprob));
            }
            Ok((ids, made))
        })?;
        let mut rows = Ragged { ids: Vec::new(), offsets: Vec::with_capacity(draws + 1) };
        rows.offsets.push(0);
        let mut logprobs = Vec::with_capacity(draws);
        for (ids, made) in jobs {
            let base = rows.ids.len();
            rows.ids.extend(ids);
            for (end, logprob) in made {
                rows.offsets.push((base + end) as i64);
                logprobs.push(logprob);
            }
        }
        Ok(Drawn { rows, logprobs })
    }

    /// For each edge, the probability that a draw at its beginning goes on with it.
    fn shares(&self) -> Vec<f64> {
        let mut shares = Vec::with_capacity(self.weights.len());
        for (at, &whole) in self.onward.iter().enumerate().take(self.graph.len()) {
            for edge in self.graph.edges_at(at) {
                shares.push(if whole.is_zero() {
                    0.0
                } else {
                    self.weights[edge].times(self.onward[self.graph.end(edge)]).over(whole)
                });
            }
        }
        shares
    }

    fn draw(&self, shares: &[f64], mut state: u64, ids: &mut Vec<TokenId>) -> f64 {
        let (mut at, mut probability) = (0, Scaled::ONE);
        while at < self.graph.len() {
            let mut rest = (next_bits(&mut state) >> 11) as f64 / (1u64 << 53) as f64;
            // The last that can be drawn takes what rounding leaves.
            let mut taken = None;
            for edge in self.graph.edges_at(at).filter(|&edge| shares[edge] > 0.0) {
                taken = Some(edge);
                rest -= shares[edge];
                if rest < 0.0 {
                    break;
                }
            }
            // An offset on the way has weight, so one of its tokens has a share.
            let Some(edge) = taken else { break };
            probability = probability.times(Scaled::of(shares[edge]));
            ids.push(self.graph.id(edge));
            at = self.graph.end(edge);
        }
        probability.ln()
    }
}

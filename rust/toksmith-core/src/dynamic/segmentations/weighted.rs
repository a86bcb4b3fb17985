//! Segmentations by the weights of their tokens: drawn in proportion, or the best.
//!
//! Weights are those of a unigram model (subword regularization, Kudo 2018), or the caller's. What
//! is drawn from and ranked are all segmentations of what the tokenizer found no added and no
//! unknown token in; the engine is [`TokenGraph`].

use super::lexicon::Lexicon;
use super::outline::Outline;
use super::rows::{Scored, map_rows};
use crate::batch::Ragged;
use crate::byte_probs::graph::TokenGraph;
use crate::encode::added::Allowed;
use crate::encode::model::draws::piece_seed;
use crate::error::{Error, Result};
use crate::token::TokenId;
use crate::tokenizer::Text;
use crate::watch::Watch;
use std::sync::Arc;

impl Lexicon {
    fn graph(&self, outline: &Outline, watch: &Watch<'_>) -> Result<TokenGraph> {
        TokenGraph::with_cuts(Arc::clone(&self.trie), outline.bytes.clone(), &outline.cuts, watch)
    }

    /// Weights raised to the power of `alpha`: those given, or the model's.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where there are none, [`Error::Input`] for `alpha` that is no number.
    fn weights(&self, given: Option<&[f64]>, alpha: f64) -> Result<Vec<f64>> {
        if !alpha.is_finite() {
            return Err(Error::Input { why: format!("alpha is {alpha}; a number is expected") });
        }
        let weights = given.map_or_else(|| self.scores(), |given| Ok(given.to_vec()))?;
        let power = |weight: f64| {
            if weight == f64::NEG_INFINITY { weight } else { weight * alpha }
        };
        Ok(weights.into_iter().map(power).collect())
    }

    /// Draws one segmentation of each text, with probability proportional to its weight to the
    /// power of `alpha`. Row `i` is drawn as row `first + i` of the seed.
    ///
    /// # Errors
    /// As of [`TokenGraph::weigh`]; [`Error::Unsupported`] without weights for a model that has
    /// none; what encoding raises.
    #[allow(clippy::too_many_arguments, reason = "the call's options")]
    pub fn weighted(
        &self,
        texts: &[Text<'_>],
        allowed: &Allowed,
        pre_tokens: bool,
        weights: Option<&[f64]>,
        alpha: f64,
        seed: u64,
        first: u64,
        threads: usize,
        watch: &Watch<'_>,
    ) -> Result<Scored> {
        let weights = self.weights(weights, alpha)?;
        let sizes: Vec<usize> = texts.iter().map(|text| text.as_bytes().len()).collect();
        map_rows(
            &sizes,
            threads,
            watch,
            || (),
            |(), row, out| {
                let outline = Outline::new(self, texts[row], allowed, pre_tokens, watch)?;
                let graph = self.graph(&outline, watch)?;
                let seed = piece_seed(seed, first.wrapping_add(row as u64));
                let drawn = graph.weigh(Some(&weights), watch)?.sample(1, seed, 1, watch)?;
                outline.fill(self, drawn.rows.ids, out);
                Ok(drawn.logprobs.first().copied().unwrap_or_default())
            },
        )
    }

    /// The `most` segmentations of a text with the greatest weight, the best first, and the log of
    /// the share that each has of the weight of all.
    ///
    /// # Errors
    /// As of [`TokenGraph::best`]; [`Error::Unsupported`] without weights for a model that has
    /// none; what encoding raises.
    pub fn best(
        &self,
        text: Text<'_>,
        allowed: &Allowed,
        pre_tokens: bool,
        weights: Option<&[f64]>,
        most: usize,
        watch: &Watch<'_>,
    ) -> Result<Scored> {
        let weights = self.weights(weights, 1.0)?;
        let outline = Outline::new(self, text, allowed, pre_tokens, watch)?;
        let graph = self.graph(&outline, watch)?;
        let total = graph.weigh(Some(&weights), watch)?.log_total();
        let best = graph.best(most, &weights, watch)?;
        let mut rows = Ragged { ids: Vec::new(), offsets: vec![0] };
        for pair in best.rows.offsets.windows(2) {
            let row: &[TokenId] = best
                .rows
                .ids
                .get(pair[0].cast_unsigned() as usize..pair[1].cast_unsigned() as usize)
                .unwrap_or_default();
            outline.fill(self, row.iter().copied(), &mut rows.ids);
            rows.offsets.push(rows.ids.len() as i64);
        }
        Ok(Scored { rows, logprobs: best.sums.iter().map(|sum| (sum - total).min(0.0)).collect() })
    }
}

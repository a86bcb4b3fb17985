//! Segmentations beside the best one: random ones, and the n best.
//!
//! Ids that training sees in many forms. A BPE passes over merges with a probability (dropout),
//! as tokenizers 0.23.3 and SentencePiece 0.2.3 do; a unigram model draws from all segmentations
//! or from the best of them, as SentencePiece does. Distributions are those of the libraries; the
//! random numbers are a function of the seed and of where in the text they are needed, so that a
//! seed gives the same ids on every machine and in every thread.
//!
//! Start at [`Tokenizer::encode_sample`].

use super::added::Allowed;
use super::model::draws::piece_seed;
use super::normalize::NormalizeCache;
use super::sink::Ids;
use crate::error::{Error, Result};
use crate::token::TokenId;
use crate::tokenizer::{Engine, Text, Tokenizer};
use crate::watch::Watch;
use std::collections::BTreeSet;

/// How to draw.
#[derive(Debug, Clone, Copy)]
pub struct Sampling {
    /// BPE: the probability of passing over a merge. Unigram: how much scores count.
    pub alpha: f32,
    /// Unigram: draw from so many best segmentations; `None`: from all.
    pub nbest_size: Option<usize>,
    seed: u64,
    /// Pieces drawn so far.
    pieces: u64,
}

impl Sampling {
    /// Draws that depend on `seed`.
    pub fn new(alpha: f32, nbest_size: Option<usize>, seed: u64) -> Self {
        Self { alpha, nbest_size, seed, pieces: 0 }
    }

    /// The seed of the next piece.
    pub(crate) fn next_seed(&mut self) -> u64 {
        self.pieces += 1;
        piece_seed(self.seed, self.pieces - 1)
    }
}

impl Tokenizer {
    /// The dropout that the file asks for; 0 if none. [`Tokenizer::encode`] has none.
    pub fn dropout(&self) -> f32 {
        match &self.engine {
            Engine::Bytes(_) => 0.0,
            Engine::General(general) => general.dropout(),
        }
    }

    /// Ids of a text, drawn at random. Added tokens are found as in [`Tokenizer::encode`].
    ///
    /// # Errors
    /// [`Error::Unsupported`] for models that have one segmentation, [`Error::Input`] for a number
    /// out of range.
    pub fn encode_sample(
        &self,
        text: Text<'_>,
        allowed: &Allowed,
        sampling: Sampling,
        watch: &Watch<'_>,
    ) -> Result<Vec<TokenId>> {
        let alpha = sampling.alpha;
        if let Engine::General(general) = &self.engine {
            general.check_sampling()?;
        }
        if self.joins_pre_tokens() {
            return Err(Error::unsupported("sampling with joined pre-tokens"));
        }
        let is_bpe =
            !matches!(&self.engine, Engine::General(general) if general.sentencepiece().is_some());
        if is_bpe && !(0.0..=1.0).contains(&alpha) {
            return Err(Error::Input { why: format!("dropout is {alpha}; it must be in 0..=1") });
        }
        if is_bpe && alpha == 0.0 {
            return self.encode_text(text, allowed, watch);
        }
        self.with_scratch(|scratch| {
            scratch.sampling = Some(sampling);
            let mut out = Vec::new();
            let mut sink = Ids::new(&mut out);
            let done = self.encode_to(text, allowed, &BTreeSet::new(), scratch, watch, &mut sink);
            scratch.sampling = None;
            sink.flush();
            done.map(|()| out)
        })
    }

    /// The `n` best segmentations of a text and their scores, best first. Special tokens in the
    /// text are text.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for any model but a SentencePiece unigram.
    pub fn encode_nbest(&self, text: &str, n: usize) -> Result<Vec<(Vec<TokenId>, f32)>> {
        let model = match &self.engine {
            Engine::General(general) => general.sentencepiece(),
            Engine::Bytes(_) => None,
        };
        let Some(model) = model else {
            return Err(Error::unsupported("n-best encoding with a model other than unigram"));
        };
        let text = self.normalized(&mut NormalizeCache::default(), text)?;
        let ids = |tokens: Vec<super::model::Token>| tokens.iter().map(|token| token.id).collect();
        let found = model.nbest(&text, n)?;
        Ok(found.into_iter().map(|(tokens, score)| (ids(tokens), score)).collect())
    }
}

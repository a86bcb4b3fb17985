//! The best paths of a text, and random ones, as SentencePiece 0.2.3 draws them.
//!
//! Unigram: a path has a probability proportional to exp(alpha x score). It is drawn from all
//! paths (filtering forward, sampling backward), or from the n best. BPE: each merge is passed
//! over with probability alpha. The distribution is that of the reference; the numbers come
//! from a generator of its own (`SplitMix64`), so that a seed gives the same tokens on every
//! machine, in every thread.

use super::lattice::{BEGIN, END, Lattice};
use super::{SentencePiece, Sink, nbest};
use crate::encode::model::draws::next_bits;
use crate::encode::model::unigram::viterbi::Step;
use crate::encode::model::{Token, check_length};
use crate::error::{Error, Result};
use crate::formats::pipeline::SentencePieceKind;

/// Most paths that can be asked for.
pub const MOST_PATHS: usize = 512;

/// A generator of random numbers.
struct Random(u64);

impl Random {
    /// Uniform in [0, 1).
    fn next(&mut self) -> f64 {
        let bits = next_bits(&mut self.0);
        // 53 bits, as a fraction: the upper ones and the lower ones.
        let (upper, lower) = ((bits >> 32) as u32, (bits as u32) >> 11);
        (f64::from(upper) + f64::from(lower) / f64::from(1 << 21)) / 4_294_967_296.0
    }

    /// The place of one of some weights, in proportion. What is no number weighs nothing; if
    /// nothing weighs anything it is the first.
    fn choose(&mut self, weights: &mut [f64]) -> usize {
        for weight in weights.iter_mut() {
            if !(weight.is_finite() && *weight > 0.0) {
                *weight = 0.0;
            }
        }
        let total: f64 = weights.iter().sum();
        let mut left = self.next() * total;
        let mut chosen = 0;
        for (place, &weight) in weights.iter().enumerate().filter(|&(_, &weight)| weight > 0.0) {
            chosen = place;
            left -= weight;
            if left < 0.0 {
                break;
            }
        }
        chosen
    }
}

impl SentencePiece {
    /// The `n` best segmentations of a normalized text and their sums of scores, best first.
    /// As in the reference a single one has a sum of 0.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for models other than unigram, [`Error::Input`] for more than
    /// [`MOST_PATHS`].
    pub fn nbest(&self, normalized: &str, n: usize) -> Result<Vec<(Vec<Token>, f32)>> {
        if self.kind != SentencePieceKind::Unigram {
            return Err(Error::unsupported("n-best encoding with a model other than unigram"));
        }
        let paths = self.nbest_steps(normalized, n)?;
        Ok(paths.into_iter().map(|(steps, sum)| (self.tokens(normalized, &steps), sum)).collect())
    }

    fn nbest_steps(&self, text: &str, n: usize) -> Result<Vec<(Vec<Step>, f32)>> {
        check_length(text)?;
        if n > MOST_PATHS {
            return Err(Error::Input {
                why: format!("{n} segmentations asked for; at most {MOST_PATHS} are possible"),
            });
        }
        if text.is_empty() || n <= 1 {
            let mut steps = Vec::new();
            self.word(text, 0.0, &mut super::SentencePieceScratch::default(), &mut steps);
            return Ok(vec![(steps, 0.0)]);
        }
        let mut lattice = Lattice::new(self, text);
        let paths = nbest::search(&mut lattice, n);
        Ok(paths.into_iter().map(|(path, sum)| (lattice.steps(&path), sum)).collect())
    }

    fn tokens(&self, text: &str, steps: &[Step]) -> Vec<Token> {
        let mut out = Vec::with_capacity(steps.len());
        self.append(text, steps, &mut out);
        out
    }

    /// A random segmentation of a normalized text. Unigram: `nbest_size` `None` draws from all,
    /// 0 and 1 give the best, more draw from so many best. BPE: `alpha` is the probability of
    /// passing over a merge, `nbest_size` is not used.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for word and char models, [`Error::Input`] for numbers out of
    /// range.
    pub fn sample(
        &self,
        normalized: &str,
        alpha: f32,
        nbest_size: Option<usize>,
        seed: u64,
    ) -> Result<Vec<Token>> {
        check_length(normalized)?;
        if !alpha.is_finite() || alpha < 0.0 {
            return Err(Error::Input { why: format!("alpha is {alpha}; 0 or more expected") });
        }
        if let Some(n) = nbest_size.filter(|&n| n > MOST_PATHS) {
            return Err(Error::Input {
                why: format!("nbest_size is {n}; at most {MOST_PATHS} are possible"),
            });
        }
        let mut random = Random(seed);
        match (self.kind, &self.merges) {
            (SentencePieceKind::Bpe, Some(merges)) => {
                let mut out = Vec::new();
                let mut sink = Sink::new(self, normalized, &mut out);
                let mut skip = || random.next() < f64::from(alpha);
                merges.run(
                    &self.matcher,
                    normalized,
                    &mut super::MergeScratch::default(),
                    Some(&mut skip),
                    |id, start, end| sink.push(id, start, end),
                );
                Ok(out)
            }
            (SentencePieceKind::Unigram, _) => {
                let steps = match nbest_size {
                    None => self.sample_all(normalized, alpha, &mut random),
                    Some(n) => {
                        let mut paths = self.nbest_steps(normalized, n)?;
                        let mut weights = probabilities(&paths, alpha);
                        paths.swap_remove(random.choose(&mut weights)).0
                    }
                };
                Ok(self.tokens(normalized, &steps))
            }
            _ => Err(Error::unsupported("sampling with a word or char model")),
        }
    }

    /// A path drawn from all.
    fn sample_all(&self, text: &str, alpha: f32, random: &mut Random) -> Vec<Step> {
        let lattice = Lattice::new(self, text);
        let forward = lattice.forward(alpha);
        let (mut path, mut weights, mut at) = (Vec::new(), Vec::new(), END);
        while at != BEGIN && lattice.chars() > 0 {
            let total = forward[at as usize];
            let before = lattice.before(at);
            weights.clear();
            weights.extend(before.iter().map(|&left| {
                let score = alpha * lattice.nodes[left as usize].score;
                f64::from(forward[left as usize] + score - total).exp()
            }));
            at = before.get(random.choose(&mut weights)).copied().unwrap_or(BEGIN);
            if at != BEGIN {
                path.push(at);
            }
        }
        path.reverse();
        lattice.steps(&path)
    }
}

/// What each path has of all of them.
fn probabilities(paths: &[(Vec<Step>, f32)], alpha: f32) -> Vec<f64> {
    let logs: Vec<f64> = paths.iter().map(|&(_, sum)| f64::from(alpha * sum)).collect();
    let highest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    logs.into_iter().map(|log| (log - highest).exp()).collect()
}

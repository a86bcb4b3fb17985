//! What a model says of the next token, as probabilities by bytes.
//!
//! One pass over a row of logits takes the exponentials, brings them into the order of the trie,
//! makes forbidden tokens impossible and sums blocks. A mass is then a sum over a range of places,
//! accurate to the last digits whether it is of all tokens or of the rarest (see [`super::sums`]).
//!
//! float64 is kept as float64; the others as float32 unless a token is so far below the largest
//! (e^172) that it needs float64. From e^1370 on a probability counts as zero.
//!
//! Start at [`Row::new`].

use super::exp::Real;
use super::layout::RowLayout;
use super::logits::{Logits, from_bfloat, from_half, largest};
use super::mask::Mask;
use super::pass::{Pass, Passed};
use super::sums::{Sums, sum};
use super::trie::{Prefix, TokenTrie};
use crate::error::{Error, Result};
use crate::parallel;
use crate::simd::vectorized;
use crate::watch::Watch;
use std::ops::Range;
use std::sync::Arc;

/// What may come next.
#[derive(Debug, Clone, Copy)]
pub struct Allowed<'a> {
    /// Tokens, by place.
    pub tokens: &'a Mask,
    /// Whether special tokens may.
    pub specials: bool,
}

/// The distribution of one next token.
///
/// Probabilities are those of the whole row, also where some tokens are forbidden, until
/// [`Row::renormalized`] makes them those of what is allowed.
#[derive(Debug, Clone)]
pub struct Row {
    trie: Arc<TokenTrie>,
    /// By place, up to a whole block; zero where forbidden. All numbers of a row share a factor.
    numbers: Numbers,
    sums: Sums,
    specials: Vec<f64>,
    unspelled: f64,
    allowed: f64,
    dropped: f64,
    /// The number that stands for probability one.
    one: f64,
}

#[derive(Debug, Clone)]
enum Numbers {
    F32(Vec<f32>),
    F64(Vec<f64>),
}

impl Row {
    /// Reads a row. What is not `allowed` becomes impossible; tokens without text are allowed only
    /// where nothing is forbidden.
    ///
    /// # Errors
    /// [`Error::Input`] for a row or mask of the wrong length, a logit that is NaN or plus infinity
    /// (the message has its index), or a row of minus infinity alone.
    pub fn new(
        layout: &RowLayout,
        logits: Logits<'_>,
        allowed: Option<Allowed<'_>>,
    ) -> Result<Self> {
        layout.check(logits.len())?;
        if let Some(Allowed { tokens, .. }) = allowed
            && tokens.len() != layout.trie().len()
        {
            let (found, expected) = (tokens.len(), layout.trie().len());
            return Err(Error::Input { why: format!("a mask of {found} tokens, not {expected}") });
        }
        match logits {
            Logits::F64(logits) => {
                let passed = pass::<f64, f64>(layout, logits, largest(logits)?, allowed);
                Ok(Self::from_passed(layout, passed, Numbers::F64, allowed))
            }
            Logits::F32(logits) => Self::from_single(layout, logits, allowed),
            Logits::F16(bits) => Self::from_single(layout, &from_half(bits), allowed),
            Logits::Bf16(bits) => Self::from_single(layout, &from_bfloat(bits), allowed),
        }
    }

    /// Reads rows, on up to so many threads; the result does not depend on how many.
    ///
    /// # Errors
    /// Those of [`Row::new`], with the index of the first row that is wrong.
    pub fn batch(
        layout: &RowLayout,
        rows: &[(Logits<'_>, Option<Allowed<'_>>)],
        threads: usize,
    ) -> Result<Vec<Self>> {
        Self::map(layout, rows, threads, |_, row| Ok(row))
    }

    /// As [`Row::batch`], and keeps of each row only what `ask` makes of it.
    ///
    /// # Errors
    /// Likewise, and those of `ask`.
    pub fn map<R: Send>(
        layout: &RowLayout,
        rows: &[(Logits<'_>, Option<Allowed<'_>>)],
        threads: usize,
        ask: impl Fn(usize, Self) -> Result<R> + Sync,
    ) -> Result<Vec<R>> {
        let total: usize = rows.iter().map(|(logits, _)| logits.len()).sum();
        let threads = if total < MIN_PARALLEL { 1 } else { threads.min(rows.len()) };
        parallel::map(rows.len(), threads, &Watch::none(), |at| match rows.get(at) {
            Some(&(logits, allowed)) => {
                let row = Self::new(layout, logits, allowed).map_err(|error| in_row(at, error))?;
                ask(at, row)
            }
            None => Err(Error::Cancelled),
        })
    }

    fn from_single(
        layout: &RowLayout,
        logits: &[f32],
        allowed: Option<Allowed<'_>>,
    ) -> Result<Self> {
        let max = largest(logits)?;
        let passed = pass::<f32, f32>(layout, logits, max, allowed);
        Ok(if passed.lost {
            let passed = pass::<f32, f64>(layout, logits, max, allowed);
            Self::from_passed(layout, passed, Numbers::F64, allowed)
        } else {
            Self::from_passed(layout, passed, Numbers::F32, allowed)
        })
    }

    fn from_passed<T>(
        layout: &RowLayout,
        passed: Passed<T>,
        numbers: impl FnOnce(Vec<T>) -> Numbers,
        allowed: Option<Allowed<'_>>,
    ) -> Self {
        let Passed { numbers: of_tokens, blocks, mut specials, unspelled, mut dropped, .. } =
            passed;
        let sums = Sums::new(blocks);
        let mut kept = sums.total();
        let of_specials = sum(&specials);
        match allowed {
            None => kept += of_specials + unspelled,
            Some(Allowed { specials: true, .. }) => {
                kept += of_specials;
                dropped += unspelled;
            }
            Some(Allowed { specials: false, .. }) => {
                specials.fill(0.0);
                dropped += of_specials + unspelled;
            }
        }
        Self {
            trie: Arc::clone(layout.trie()),
            numbers: numbers(of_tokens),
            sums,
            specials,
            unspelled,
            allowed: kept,
            dropped,
            one: kept + dropped,
        }
    }

    /// The same with what is allowed as the whole: probabilities sum to one again.
    ///
    /// # Errors
    /// [`Error::Input`] where nothing that is allowed has any probability.
    pub fn renormalized(mut self) -> Result<Self> {
        if self.allowed <= 0.0 {
            let why = "all tokens that are allowed here have probability zero".into();
            return Err(Error::Input { why });
        }
        self.one = self.allowed;
        Ok(self)
    }

    /// The tokens in the order of their bytes.
    pub fn trie(&self) -> &Arc<TokenTrie> {
        &self.trie
    }

    /// The probability of the tokens of a range of places.
    pub fn mass(&self, range: Range<u32>) -> f64 {
        self.sum(range) / self.one
    }

    /// Its natural logarithm, which does not underflow.
    pub fn log_mass(&self, range: Range<u32>) -> f64 {
        self.log(self.sum(range))
    }

    /// The probability of the token at a place; zero beyond the last.
    pub fn token(&self, place: u32) -> f64 {
        self.number(place) / self.one
    }

    /// Its natural logarithm.
    pub fn log_token(&self, place: u32) -> f64 {
        self.log(self.number(place))
    }

    /// The probability of the `k`-th special token; zero beyond the last.
    pub fn special(&self, k: usize) -> f64 {
        self.specials.get(k).copied().unwrap_or(0.0) / self.one
    }

    /// Its natural logarithm.
    pub fn log_special(&self, k: usize) -> f64 {
        self.log(self.specials.get(k).copied().unwrap_or(0.0))
    }

    /// Number of special tokens.
    pub fn specials(&self) -> usize {
        self.specials.len()
    }

    /// The share of the whole row that is allowed.
    pub fn allowed_mass(&self) -> f64 {
        self.allowed / (self.allowed + self.dropped)
    }

    /// The share that is forbidden, summed by itself: accurate also where it is tiny.
    pub fn dropped_mass(&self) -> f64 {
        self.dropped / (self.allowed + self.dropped)
    }

    /// The share of tokens that are no text and no special ones, allowed or not.
    pub fn unspelled_mass(&self) -> f64 {
        self.unspelled / (self.allowed + self.dropped)
    }

    /// The probability of the tokens that are the prefix and no more.
    pub fn ending(&self, prefix: Prefix) -> f64 {
        self.mass(self.trie.ending(prefix))
    }

    /// The probability of the tokens that begin with the prefix and a byte, for each byte.
    pub fn next_bytes(&self, prefix: Prefix, out: &mut [f64; 256]) {
        out.fill(0.0);
        for (byte, range) in self.trie.children(prefix) {
            out[usize::from(byte)] = self.mass(range);
        }
    }

    /// Natural logarithms of what comes after a prefix of a token, given that the token begins so:
    /// for each byte, for the end of the token, and for each special token. Before the first byte
    /// nothing is given, so they are those of the whole row.
    ///
    /// All minus infinity where no token that begins so is possible; numbers of `out` that are
    /// missing are not written.
    pub fn next_logs(&self, prefix: Prefix, out: &mut [f64]) {
        out.fill(f64::NEG_INFINITY);
        let (bytes, rest) = out.split_at_mut(out.len().min(256));
        let one = if prefix.depth == 0 { self.one } else { self.sum(prefix.range()) };
        if one <= 0.0 {
            return;
        }
        let log = |number: f64| if number > 0.0 { number.ln() - one.ln() } else { number.ln() };
        for (byte, range) in self.trie.children(prefix) {
            if let Some(out) = bytes.get_mut(usize::from(byte)) {
                *out = log(self.sum(range));
            }
        }
        if let Some((end, specials)) = rest.split_first_mut() {
            *end = log(self.sum(self.trie.ending(prefix)));
            if prefix.depth == 0 {
                for (out, &number) in specials.iter_mut().zip(&self.specials) {
                    *out = log(number);
                }
            }
        }
    }

    /// In the numbers of this row.
    fn sum(&self, range: Range<u32>) -> f64 {
        match &self.numbers {
            Numbers::F32(numbers) => self.sums.range(numbers, range),
            Numbers::F64(numbers) => self.sums.range(numbers, range),
        }
    }

    /// In the numbers of this row.
    fn number(&self, place: u32) -> f64 {
        let place = place as usize;
        match &self.numbers {
            Numbers::F32(numbers) => numbers.get(place).map_or(0.0, |&number| number.into()),
            Numbers::F64(numbers) => numbers.get(place).copied().unwrap_or(0.0),
        }
    }

    fn log(&self, number: f64) -> f64 {
        number.ln() - self.one.ln()
    }
}

/// Rows with fewer numbers in all are read on one thread.
const MIN_PARALLEL: usize = 1 << 15;

fn in_row(at: usize, error: Error) -> Error {
    match error {
        Error::Input { why } => Error::Input { why: format!("row {at}: {why}") },
        other => other,
    }
}

fn pass<S: Real + Into<T>, T: Real>(
    layout: &RowLayout,
    logits: &[S],
    max: f64,
    allowed: Option<Allowed<'_>>,
) -> Passed<T> {
    let allowed = allowed.map(|allowed| allowed.tokens.words());
    vectorized(Pass::new(layout, logits, max, allowed))
}

#[cfg(test)]
#[path = "row_tests.rs"]
mod tests;

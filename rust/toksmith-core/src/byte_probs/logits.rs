//! The numbers that a model gives for the next token, as they lie in memory.

use super::exp::Real;
use crate::error::{Error, Result};
use crate::simd::{Work, vectorized, vectors::Vectors};
use std::cmp::Ordering;

/// Logits or log-probabilities of the next token: a row is normalised, so either will do.
#[derive(Debug, Clone, Copy)]
pub enum Logits<'a> {
    /// float64.
    F64(&'a [f64]),
    /// float32.
    F32(&'a [f32]),
    /// The bits of float16.
    F16(&'a [u16]),
    /// The bits of bfloat16.
    Bf16(&'a [u16]),
}

impl Logits<'_> {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Self::F64(logits) => logits.len(),
            Self::F32(logits) => logits.len(),
            Self::F16(bits) | Self::Bf16(bits) => bits.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The largest of a row's logits.
///
/// # Errors
/// [`Error::Input`] where one is NaN or plus infinity, or none is above minus infinity.
pub(super) fn largest<T: Real>(logits: &[T]) -> Result<f64> {
    let (max, good) = vectorized(Largest(logits));
    if !good {
        let at = logits
            .iter()
            .position(|logit| logit.partial_cmp(&T::INFINITY) != Some(Ordering::Less))
            .unwrap_or(0);
        let what = match logits.get(at) {
            Some(&logit) if logit == T::INFINITY => "plus infinity",
            _ => "NaN",
        };
        return Err(Error::Input {
            why: format!("logit {at} is {what}, expected a number or -inf"),
        });
    }
    if max == T::NEVER {
        let why = "all logits are minus infinity, expected at least one number".into();
        return Err(Error::Input { why });
    }
    Ok(max.into())
}

/// The largest logit, and whether none is NaN or plus infinity.
struct Largest<'a, T>(&'a [T]);

impl<T: Real> Work for Largest<'_, T> {
    type Output = (T, bool);

    #[inline(always)]
    fn run<V: Vectors>(self) -> (T, bool) {
        const LANES: usize = 64;
        let larger = |a: T, b: T| if a > b { a } else { b };
        let (mut lanes, mut good) = ([T::NEVER; LANES], [true; LANES]);
        let mut chunks = self.0.chunks_exact(LANES);
        for chunk in &mut chunks {
            for ((lane, good), &logit) in lanes.iter_mut().zip(&mut good).zip(chunk) {
                *lane = larger(logit, *lane);
                *good &= logit < T::INFINITY;
            }
        }
        for ((lane, good), &logit) in lanes.iter_mut().zip(&mut good).zip(chunks.remainder()) {
            *lane = larger(logit, *lane);
            *good &= logit < T::INFINITY;
        }
        (lanes.into_iter().fold(T::NEVER, larger), good.into_iter().all(|good| good))
    }
}

/// float32 of the bits of float16.
pub(super) fn from_half(bits: &[u16]) -> Vec<f32> {
    vectorized(Widen(bits, half))
}

/// float32 of the bits of bfloat16: its upper half.
pub(super) fn from_bfloat(bits: &[u16]) -> Vec<f32> {
    vectorized(Widen(bits, |bits| f32::from_bits(u32::from(bits) << 16)))
}

/// One number of [`from_half`].
#[inline(always)]
pub(crate) fn half(bits: u16) -> f32 {
    let (sign, rest) = (u32::from(bits & 0x8000) << 16, u32::from(bits & 0x7FFF));
    // The exponent of float16 is 112 less; multiplication sets right what is subnormal there.
    let scaled = f32::from_bits(rest << 13) * f32::from_bits((127 + 112) << 23);
    let infinite = if rest >= 0x7C00 { 0xFF << 23 } else { 0 };
    f32::from_bits(scaled.to_bits() | infinite | sign)
}

struct Widen<'a, F>(&'a [u16], F);

impl<F: Fn(u16) -> f32> Work for Widen<'_, F> {
    type Output = Vec<f32>;

    #[inline(always)]
    fn run<V: Vectors>(self) -> Vec<f32> {
        self.0.iter().map(|&bits| self.1(bits)).collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]
#[allow(clippy::float_cmp, reason = "nothing is rounded")]
mod tests {
    use super::*;

    #[test]
    fn all_bits_of_float16_are_the_numbers_they_stand_for() {
        let all: Vec<u16> = (0..=u16::MAX).collect();
        for (bits, got) in all.iter().zip(from_half(&all)) {
            let (exponent, fraction) = (i32::from(bits >> 10 & 0x1F), f64::from(bits & 0x3FF));
            let sign = if bits >> 15 == 0 { 1.0 } else { -1.0 };
            let want = match exponent {
                0 => fraction * 2_f64.powi(-24),
                31 if fraction == 0.0 => f64::INFINITY,
                31 => f64::NAN,
                _ => (1024.0 + fraction) * 2_f64.powi(exponent - 25),
            };
            assert_eq!(want.is_nan(), got.is_nan(), "{bits:04x}");
            assert!(want.is_nan() || f64::from(got) == sign * want, "{bits:04x}");
        }
    }

    #[test]
    fn what_is_no_logit_is_named_wherever_it_stands() {
        for len in [1, 63, 64, 65, 200] {
            for at in 0..len {
                for (bad, name) in
                    [(f32::NAN, "NaN"), (-f32::NAN, "NaN"), (f32::INFINITY, "plus infinity")]
                {
                    let mut row = vec![-1.0; len];
                    row[at] = bad;
                    let why = largest(&row).unwrap_err().to_string();
                    assert!(why.starts_with(&format!("logit {at} is {name}")), "{why}");
                }
                let mut row = vec![f64::NEG_INFINITY; len];
                assert!(largest(&row).is_err());
                row[at] = -7.5;
                assert_eq!(largest(&row).unwrap(), -7.5);
            }
        }
        assert!(largest::<f32>(&[]).is_err());
    }
}

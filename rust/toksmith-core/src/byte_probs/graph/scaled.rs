//! Positive numbers of any magnitude, to the precision of float64 and without logarithms.
//!
//! Sums of exponentials of log-weights leave the range of float64 after a few hundred bytes of
//! text, and a log-sum-exp loses as many digits as its value has before the point. Here the
//! exponent is an integer of its own, so that each operation rounds once: a sum of n terms has a
//! relative error below n * 2^-53.

use std::f64::consts::LOG2_E;

/// The upper bits of ln 2, few enough that products with exponents below 2^21 are exact.
const LN2_HIGH: f64 = f64::from_bits(0x3FE6_2E42_FEE0_0000);
/// The rest of ln 2.
const LN2_LOW: f64 = f64::from_bits(0x3DEA_39EF_3579_3C76);
/// The bits of the exponent in a float64.
const EXPONENT: u64 = 0x7FF << 52;
/// That of one.
const ONE: u64 = 1023 << 52;

/// `mantissa * 2^exponent`; the mantissa is from 1 below 2, or zero.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Scaled {
    mantissa: f64,
    exponent: i64,
}

impl Scaled {
    pub(crate) const ZERO: Self = Self { mantissa: 0.0, exponent: 0 };
    pub(crate) const ONE: Self = Self { mantissa: 1.0, exponent: 0 };

    /// From a number of ordinary magnitude, at least zero.
    fn new(number: f64, exponent: i64) -> Self {
        debug_assert!(number == 0.0 || number.is_normal() && number > 0.0);
        if number == 0.0 {
            return Self::ZERO;
        }
        let bits = number.to_bits();
        let mantissa = f64::from_bits(bits & !EXPONENT | ONE);
        Self { mantissa, exponent: exponent + (bits >> 52) as i64 - 1023 }
    }

    /// `e` to the power of a number within plus or minus 2^31, or minus infinity.
    pub(crate) fn exp(log: f64) -> Self {
        if log == f64::NEG_INFINITY {
            return Self::ZERO;
        }
        let exponent = (log * LOG2_E).round();
        let rest = (log - exponent * LN2_HIGH) - exponent * LN2_LOW;
        Self::new(rest.exp(), exponent as i64)
    }

    /// Minus infinity of zero.
    pub(crate) fn ln(self) -> f64 {
        let exponent = self.exponent as f64;
        exponent * LN2_HIGH + (exponent * LN2_LOW + self.mantissa.ln())
    }

    pub(crate) fn is_zero(self) -> bool {
        self.mantissa == 0.0
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        let (large, small) = if self.is_zero() || !other.is_zero() && other.exponent > self.exponent
        {
            (other, self)
        } else {
            (self, other)
        };
        let shift = large.exponent - small.exponent;
        if small.is_zero() || shift > 64 {
            return large;
        }
        let power = f64::from_bits(ONE - (shift.cast_unsigned() << 52));
        Self::new(large.mantissa + small.mantissa * power, large.exponent)
    }

    pub(crate) fn times(self, other: Self) -> Self {
        Self::new(self.mantissa * other.mantissa, self.exponent + other.exponent)
    }

    /// `self / whole` as a float64: zero where it is too small for one. `whole` is not zero.
    pub(crate) fn over(self, whole: Self) -> f64 {
        debug_assert!(!whole.is_zero());
        let shift = self.exponent - whole.exponent;
        if self.is_zero() || shift < -1021 {
            return 0.0;
        }
        let power = f64::from_bits(ONE.wrapping_add((shift.min(1022) << 52).cast_unsigned()));
        self.mantissa / whole.mantissa * power
    }

    /// From a float64 that is zero or positive and normal.
    pub(crate) fn of(number: f64) -> Self {
        Self::new(number, 0)
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "exact by the definition of the numbers")]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_float64_where_it_has_them() {
        let logs = [-700.0, -38.2, -1.0, -1e-9, 0.0, 0.3, 2.0, 77.7, 700.0];
        for a in logs {
            let one = Scaled::exp(a);
            assert!((one.ln() - a).abs() <= 2e-16 * a.abs().max(1.0), "{a}");
            for b in logs {
                let other = Scaled::exp(b);
                let sum = (a.max(b) + (-(a - b).abs()).exp().ln_1p(), one.plus(other).ln());
                assert!((sum.0 - sum.1).abs() <= 4e-16 * a.abs().max(b.abs()).max(1.0), "{a} {b}");
                let product = one.times(other).ln();
                assert!((product - (a + b)).abs() <= 4e-16 * (a.abs() + b.abs()).max(1.0));
                let ratio = (a - b).exp();
                if a - b < 0.0 && ratio > f64::MIN_POSITIVE * 4.0 {
                    assert!((one.over(other) / ratio - 1.0).abs() < 1e-12, "{a} {b}");
                }
            }
        }
    }

    #[test]
    fn zero_and_the_far_ends_are_exact() {
        let (zero, one) = (Scaled::exp(f64::NEG_INFINITY), Scaled::exp(0.0));
        assert!(zero.ln() < f64::MIN);
        assert_eq!((zero.plus(one), one.plus(zero), zero.plus(zero)), (one, one, zero));
        assert_eq!((zero.times(one), one.times(one)), (zero, one));
        let tiny = Scaled::exp(-1e9);
        assert_eq!(one.plus(tiny), one);
        assert!(tiny.over(one) == 0.0);
        assert_eq!(zero.plus(tiny), tiny);
        assert!((tiny.times(Scaled::exp(1e9)).ln()).abs() < 1e-6);
        assert!(one.over(one) == 1.0);
    }
}

//! Exponentials of logits, as accurate as the numbers that hold them, in plain code that compilers
//! turn into vectors.
//!
//! `e^x` is `2^n e^r` with `|r|` at most half of ln 2: a polynomial gives `e^r`, and `n` goes to the
//! exponent. So a row is brought into range by taking a whole number from all `n`, which rounds
//! nothing: in ±50, `x - max` in float32 would be off by 4e-6. Only where the largest logit is
//! beyond [`NEAR`] it is subtracted first; what stays in range is then so close to it that this is
//! exact as well.
//!
//! Every step is one operation of IEEE 754, fused where it says `fused`, so that results are the
//! same with vectors of every width and without.

/// Logits up to this are shifted in the exponent alone.
pub const NEAR: f64 = 4096.0;

/// A number type that probabilities are kept in.
pub trait Real: Copy + PartialOrd + Into<f64> + Send + Sync {
    /// Zero.
    const ZERO: Self;
    /// Minus infinity: the logit of what cannot be.
    const NEVER: Self;
    /// Infinity, which no logit may be.
    const INFINITY: Self;
    /// How far below the largest logit exponentials are kept; zero from there on.
    const REACH: f64;
    /// The power of two that the largest exponential is brought to.
    const TOP: i32;

    /// The shift for a row whose largest logit is `max`, a number.
    fn shift(max: f64) -> Shift<Self>;
    /// The scaled exponential of a logit from which `shift.taken` is already subtracted.
    #[must_use]
    fn exp(self, shift: &Shift<Self>) -> Self;
    /// The difference.
    #[must_use]
    fn minus(self, other: Self) -> Self;
}

/// How a row is brought into the range of its type: by a power of two.
#[derive(Debug, Clone, Copy)]
pub struct Shift<T> {
    /// To subtract from each logit.
    pub taken: T,
    /// Logits below, after that, have exponential zero.
    pub least: T,
    /// Down to this they would not be zero in float64.
    pub hopeless: T,
    /// To take from the bits of a rounded number, so that the power of two is left.
    offset: u64,
}

macro_rules! real {
    ($real:ident, $bits:ident, top: $top:expr, reach: $reach:expr, low: $low:expr,
     degree: $degree:literal, $($coefficient:expr),+) => {
        impl Real for $real {
            const ZERO: Self = 0.0;
            const NEVER: Self = Self::NEG_INFINITY;
            const INFINITY: Self = Self::INFINITY;
            const REACH: f64 = $reach;
            const TOP: i32 = $top;

            fn shift(max: f64) -> Shift<Self> {
                let taken = if max.abs() > NEAR { max } else { 0.0 };
                let max = max - taken;
                // The largest goes to 2^top, give or take a factor of 1.5.
                let whole = (max * std::f64::consts::LOG2_E).round() as i64 - $top;
                let offset = (ROUNDER.to_bits() as u64).wrapping_add_signed(whole);
                Shift {
                    taken: taken as Self,
                    least: (max - Self::REACH) as Self,
                    hopeless: (max - <f64 as Real>::REACH) as Self,
                    offset,
                }
            }

            #[inline(always)]
            fn exp(self, shift: &Shift<Self>) -> Self {
                // Added to a number whose last bit is one, a product is rounded to a whole number,
                // which stands in the low bits.
                let rounded = self.mul_add(std::$real::consts::LOG2_E, ROUNDER);
                let whole = rounded - ROUNDER;
                let rest = whole.mul_add(-std::$real::consts::LN_2, self);
                let rest = whole.mul_add(-($low), rest);
                let mut power: Self = TAYLOR[$degree];
                let mut at = $degree;
                while at > 0 {
                    at -= 1;
                    power = power.mul_add(rest, TAYLOR[at]);
                }
                let exponent = rounded.to_bits().wrapping_sub(shift.offset as $bits);
                let scaled = power.to_bits().wrapping_add(exponent << (Self::MANTISSA_DIGITS - 1));
                if self >= shift.least { Self::from_bits(scaled) } else { 0.0 }
            }

            #[inline(always)]
            fn minus(self, other: Self) -> Self {
                self - other
            }
        }

        /// 1.5 times the number from which on the last bit of the mantissa is one.
        const ROUNDER: $real = 1.5 / $real::EPSILON;
        /// `1 / k!` for the powers of Taylor's series, of which the next is below rounding.
        const TAYLOR: [$real; $degree + 1] = [$($coefficient),+];
    };
}

mod single {
    use super::{NEAR, Real, Shift};
    // 2^126 to 2^-126: 252 powers of two, 174 of e. Then ln 2 beyond the 24 bits of the constant.
    real!(f32, u32, top: 126, reach: 172.0, low: -1.904_654_2e-9,
        degree: 7, 1.0, 1.0, 1.0 / 2.0, 1.0 / 6.0, 1.0 / 24.0, 1.0 / 120.0, 1.0 / 720.0,
        1.0 / 5040.0);
}

mod double {
    use super::{NEAR, Real, Shift};
    // 2^960, so that a row's sum is in range, to 2^-1022: 1982 powers of two, 1373 of e.
    real!(f64, u64, top: 960, reach: 1370.0, low: 2.319_046_813_846_299_6e-17,
        degree: 13, 1.0, 1.0, 1.0 / 2.0, 1.0 / 6.0, 1.0 / 24.0, 1.0 / 120.0, 1.0 / 720.0,
        1.0 / 5040.0, 1.0 / 40_320.0, 1.0 / 362_880.0, 1.0 / 3_628_800.0, 1.0 / 39_916_800.0,
        1.0 / 479_001_600.0, 1.0 / 6_227_020_800.0);
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "powers of two and zeros are exact")]
mod tests {
    use super::*;

    /// The largest relative error on logits of a row whose largest is `max`.
    fn worst<T: Real>(max: f64, logits: impl Iterator<Item = T>) -> f64 {
        let shift = T::shift(max);
        let factor = 2_f64.powi(T::TOP - (max * std::f64::consts::LOG2_E).round() as i32);
        logits.fold(0.0, |worst: f64, logit| {
            let got: f64 = logit.minus(shift.taken).exp(&shift).into();
            let want = Into::<f64>::into(logit).exp() * factor;
            worst.max((got - want).abs() / want)
        })
    }

    #[test]
    fn exponentials_are_as_accurate_as_their_type() {
        let steps = (-5000..=5000).map(|step| f64::from(step) * 0.010_007);
        assert!(worst(50.1, steps.clone().map(|x| x as f32)) < 2e-7);
        assert!(worst(50.1, steps) < 5e-16);
        let below = (-500..=0).map(|step| 0.3 * f64::from(step) + 20.0);
        assert!(worst(20.0, below.clone().map(|x| x as f32)) < 2e-7);
        assert!(worst(20.0, below) < 5e-16);
    }

    fn of_shifted<T: Real>(max: f64, logit: T) -> f64 {
        let shift = T::shift(max);
        logit.minus(shift.taken).exp(&shift).into()
    }

    #[test]
    fn a_large_logit_is_subtracted_exactly() {
        for max in [1e4_f32, 3e9, 1e30, -1e4, -1e30, f32::MAX, f32::MIN] {
            let (of_max, wide) = (f64::from(max), f64::from(max));
            assert_eq!(of_shifted(of_max, max), 2_f64.powi(126));
            assert_eq!(of_shifted(of_max, wide), 2_f64.powi(960));
        }
        let ratio = of_shifted(1e4, 9_990_f32) / of_shifted(1e4, 1e4_f32);
        assert!((ratio / (-10_f64).exp() - 1.0).abs() < 2e-7);
    }

    #[test]
    fn what_is_out_of_reach_is_zero_and_the_rest_is_not_subnormal() {
        for max in [-3000.0, -87.0, -0.3, 0.0, 0.3, 50.0, 88.7, 4095.9, 5000.0, 1e6] {
            for step in 0..2000_i32 {
                let logit = max - f64::from(step);
                let (single, double) = (of_shifted(max, logit as f32), of_shifted(max, logit));
                assert_eq!(f64::from(step) <= f32::REACH, single > 0.0, "{max} {step}");
                assert_eq!(f64::from(step) <= <f64 as Real>::REACH, double > 0.0, "{max} {step}");
                assert!(single == 0.0 || (single as f32).is_normal());
                assert!(double == 0.0 || double.is_normal());
            }
            for never in [f32::NEG_INFINITY, f32::MIN] {
                assert_eq!(of_shifted(max, never), 0.0);
                assert_eq!(of_shifted(max, f64::from(never)), 0.0);
            }
        }
    }
}

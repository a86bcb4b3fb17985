//! What sweeps ask of float32 and float64.

use crate::byte_probs::exp::{Real, Shift};

/// float32 or float64.
pub trait Number: Real + Default + std::fmt::Debug {
    /// `self * by + plus`, rounded once.
    #[must_use]
    fn fused(self, by: Self, plus: Self) -> Self;
    /// The sum.
    #[must_use]
    fn plus(self, other: Self) -> Self;
    /// The nearest number of the type.
    fn of(number: f64) -> Self;
    /// Neither infinite nor no number.
    fn is_number(self) -> bool;
    /// e to the power of a number that is at most zero, and zero for one far below.
    #[must_use]
    fn exponential(self, shift: &Shift<Self>) -> Self;
}

macro_rules! number {
    ($real:ident) => {
        impl Number for $real {
            #[inline(always)]
            fn fused(self, by: Self, plus: Self) -> Self {
                self.mul_add(by, plus)
            }

            #[inline(always)]
            fn plus(self, other: Self) -> Self {
                self + other
            }

            #[inline(always)]
            fn of(number: f64) -> Self {
                number as Self
            }

            #[inline(always)]
            fn is_number(self) -> bool {
                self.is_finite()
            }

            #[inline(always)]
            fn exponential(self, shift: &Shift<Self>) -> Self {
                /// What the exponentials of a shift for zero are multiplied by.
                const SCALE: $real = {
                    let mut scale = 1.0;
                    let mut power = 0;
                    while power < <$real as Real>::TOP {
                        scale /= 2.0;
                        power += 1;
                    }
                    scale
                };
                Real::exp(self, shift) * SCALE
            }
        }
    };
}

number!(f32);
number!(f64);

//! float32, float16 and bfloat16 as they lie in files: little-endian, widened to float32 for
//! computing and rounded back to the nearest, ties to even.

use crate::byte_probs::logits::half;
use crate::simd::{Work, vectorized, vectors::Vectors};

/// The types that can be computed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Float {
    /// float32.
    F32,
    /// float16.
    F16,
    /// bfloat16.
    Bf16,
}

impl Float {
    /// Of a safetensors name, if it is one of these.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "F32" => Some(Self::F32),
            "F16" => Some(Self::F16),
            "BF16" => Some(Self::Bf16),
            _ => None,
        }
    }

    /// Bytes of a number.
    pub const fn size(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::Bf16 => 2,
        }
    }

    /// Sets `numbers` to those in `bytes`, as far as both go. Exact.
    pub fn widen(self, bytes: &[u8], numbers: &mut [f32]) {
        vectorized(Widen(self, bytes, numbers));
    }

    /// Rounds `numbers` into `bytes`, as far as both go.
    ///
    /// Gives the place of the first number that is not finite once it is rounded.
    pub fn narrow(self, numbers: &[f32], bytes: &mut [u8]) -> Option<usize> {
        if vectorized(Narrow(self, numbers, bytes)) {
            return None;
        }
        numbers.iter().position(|&number| {
            let finite = match self {
                Self::F32 => number.is_finite(),
                Self::F16 => to_half(number) & HALF_INFINITY != HALF_INFINITY,
                Self::Bf16 => to_bfloat(number) & BFLOAT_INFINITY != BFLOAT_INFINITY,
            };
            !finite
        })
    }
}

/// The exponents of what is not finite.
const HALF_INFINITY: u16 = 0x7C00;
const BFLOAT_INFINITY: u16 = 0x7F80;

/// The bits of the nearest float16; what is beyond the largest is infinite.
#[inline(always)]
fn to_half(number: f32) -> u16 {
    let bits = number.to_bits();
    let (sign, rest) = ((bits >> 16) as u16 & 0x8000, bits & 0x7FFF_FFFF);
    // Half of the last bit, less one unless that is set; a carry goes into the exponent, which
    // is 112 less than that of float32.
    let normal = rest.wrapping_add(0xFFF + (rest >> 13 & 1)).wrapping_sub(112 << 23) >> 13;
    // What is subnormal there is a multiple of 2^-24, the last bit of numbers from 0.5 to 1.
    let subnormal = (f32::from_bits(rest) + 0.5).to_bits().wrapping_sub(0x3F00_0000);
    let large = if rest > 0x7F80_0000 { 0x7E00 } else { 0x7C00 };
    let found = if rest < 113 << 23 { subnormal } else { normal };
    sign | if rest >= 143 << 23 { large } else { found as u16 }
}

/// The bits of the nearest bfloat16.
#[inline(always)]
fn to_bfloat(number: f32) -> u16 {
    let bits = number.to_bits();
    let rounded = (bits.wrapping_add(0x7FFF + (bits >> 16 & 1)) >> 16) as u16;
    // A NaN must not become infinite.
    if bits & 0x7FFF_FFFF > 0x7F80_0000 { (bits >> 16) as u16 | 0x40 } else { rounded }
}

struct Widen<'a>(Float, &'a [u8], &'a mut [f32]);

impl Work for Widen<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vectors>(self) {
        let Self(float, bytes, numbers) = self;
        let two = || bytes.as_chunks().0.iter().map(|&two| u16::from_le_bytes(two));
        match float {
            Float::F32 => {
                for (number, &four) in numbers.iter_mut().zip(bytes.as_chunks().0) {
                    *number = f32::from_le_bytes(four);
                }
            }
            Float::F16 => {
                for (number, bits) in numbers.iter_mut().zip(two()) {
                    *number = half(bits);
                }
            }
            Float::Bf16 => {
                for (number, bits) in numbers.iter_mut().zip(two()) {
                    *number = f32::from_bits(u32::from(bits) << 16);
                }
            }
        }
    }
}

/// Says whether all are finite.
struct Narrow<'a>(Float, &'a [f32], &'a mut [u8]);

impl Work for Narrow<'_> {
    type Output = bool;

    #[inline(always)]
    fn run<V: Vectors>(self) -> bool {
        let Self(float, numbers, bytes) = self;
        let mut finite = true;
        match float {
            Float::F32 => {
                for (four, number) in bytes.as_chunks_mut().0.iter_mut().zip(numbers) {
                    finite &= number.is_finite();
                    *four = number.to_le_bytes();
                }
            }
            Float::F16 => {
                for (two, &number) in bytes.as_chunks_mut().0.iter_mut().zip(numbers) {
                    let bits = to_half(number);
                    finite &= bits & HALF_INFINITY != HALF_INFINITY;
                    *two = bits.to_le_bytes();
                }
            }
            Float::Bf16 => {
                for (two, &number) in bytes.as_chunks_mut().0.iter_mut().zip(numbers) {
                    let bits = to_bfloat(number);
                    finite &= bits & BFLOAT_INFINITY != BFLOAT_INFINITY;
                    *two = bits.to_le_bytes();
                }
            }
        }
        finite
    }
}

#[cfg(test)]
mod tests {
    use super::{Float, to_bfloat, to_half};
    use crate::byte_probs::logits::half;

    fn bfloat(bits: u16) -> f32 {
        f32::from_bits(u32::from(bits) << 16)
    }

    /// The nearest of all finite numbers of 16 bits by looking at the two around, in float64.
    fn nearest(widen: fn(u16) -> f32, infinity: u16, number: f32) -> u16 {
        let sign = if number.is_sign_negative() { 0x8000 } else { 0 };
        let number = f64::from(number.abs());
        let value = |bits: u16| {
            // The step after the largest is where infinity begins to be nearer.
            let last = f64::from(widen(infinity - 1));
            if bits == infinity {
                2.0 * last - f64::from(widen(infinity - 2))
            } else {
                f64::from(widen(bits))
            }
        };
        let (mut low, mut high) = (0, infinity);
        while low + 1 < high {
            let middle = u16::midpoint(low, high);
            if value(middle) <= number { low = middle } else { high = middle }
        }
        let (down, up) = (number - value(low), value(high) - number);
        let even = if low % 2 == 0 { low } else { high };
        sign | if down < up {
            low
        } else if up < down {
            high
        } else {
            even
        }
    }

    #[test]
    fn what_was_widened_narrows_back() {
        for bits in 0..=u16::MAX {
            for (float, infinity) in [(Float::F16, 0x7C00), (Float::Bf16, 0x7F80)] {
                let mut number = [0.0];
                float.widen(&bits.to_le_bytes(), &mut number);
                let mut back = [0; 2];
                let bad = float.narrow(&number, &mut back);
                assert_eq!(bad.is_some(), bits & infinity == infinity, "{bits:04x}");
                if number[0].is_nan() {
                    assert!(u16::from_le_bytes(back) & !infinity & 0x7FFF != 0, "{bits:04x}");
                } else {
                    assert_eq!(u16::from_le_bytes(back), bits);
                }
            }
        }
    }

    #[test]
    fn rounding_is_to_the_nearest_and_ties_go_to_even() {
        let mut numbers = Vec::new();
        for bits in (0..0x7F80_u32).step_by(3) {
            // Around each number of bfloat16, and around each half between two.
            for end in [0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF] {
                numbers.push(f32::from_bits(bits << 16 | end));
            }
        }
        for bits in 0..0x7C00_u16 {
            let (here, next) = (half(bits), half(bits + 1));
            let middle = if next.is_finite() { f32::midpoint(here, next) } else { 65520.0 };
            for step in [-1_i32, 0, 1] {
                numbers.push(f32::from_bits(middle.to_bits().wrapping_add_signed(step)));
            }
        }
        for number in numbers.into_iter().flat_map(|number| [number, -number]) {
            assert_eq!(to_half(number), nearest(half, 0x7C00, number), "{number:e}");
            assert_eq!(to_bfloat(number), nearest(bfloat, 0x7F80, number), "{number:e}");
        }
    }

    #[test]
    fn the_first_number_that_is_not_finite_is_told() {
        let mut bytes = [0; 4 * 70];
        for (float, bad) in [
            (Float::F32, f32::NAN),
            (Float::F32, f32::NEG_INFINITY),
            (Float::F16, 65520.0),
            (Float::F16, f32::NAN),
            (Float::Bf16, f32::MAX),
            (Float::Bf16, -f32::NAN),
        ] {
            for at in [0, 1, 63, 69] {
                let mut numbers = [1.5; 70];
                assert_eq!(float.narrow(&numbers, &mut bytes), None);
                numbers[at] = bad;
                numbers[69] = bad;
                assert_eq!(float.narrow(&numbers, &mut bytes), Some(at));
            }
        }
    }
}

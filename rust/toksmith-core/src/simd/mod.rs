//! Vector code. The only place of this crate with `unsafe`; safe functions out, each with a
//! plain twin that computes the same and is the oracle.
//!
//! - [`classify`]: the classes of 64 bytes as bit masks.
//! - [`prefetch`]: a hint, without effect on results.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
pub mod vectors;
#[cfg(target_arch = "x86_64")]
mod x86;

use vectors::{Plain, Vectors};

/// Classes of 64 bytes: bit `i` tells of byte `i`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Classes {
    /// ASCII letters.
    pub letter: u64,
    /// `A` to `Z`.
    pub upper: u64,
    /// `0` to `9`.
    pub digit: u64,
    /// ASCII white space: tab, newline, vertical tab, form feed, carriage return, space.
    pub space: u64,
    /// `\r` and `\n`.
    pub newline: u64,
    /// The space character.
    pub blank: u64,
    /// `'`.
    pub apostrophe: u64,
    /// `/`.
    pub slash: u64,
    /// Control characters but tab, newline and carriage return.
    pub control: u64,
    /// Bytes beyond ASCII.
    pub other: u64,
}

/// Whether [`classify`] is faster here than looking at one byte after the other.
#[inline]
pub fn is_fast() -> bool {
    #[cfg(target_arch = "x86_64")]
    return x86::avx512() || x86::avx2();
    #[cfg(not(target_arch = "x86_64"))]
    return false;
}

/// Work that is worth compiling for the vectors that a processor has.
pub trait Work {
    /// What it gives.
    type Output;
    /// Does it. To be compiled for vectors it has to be `#[inline(always)]`.
    fn run<V: Vectors>(self) -> Self::Output;
}

/// Runs `work` compiled for the widest vectors that this processor has.
#[inline]
pub fn vectorized<W: Work>(work: W) -> W::Output {
    #[cfg(target_arch = "x86_64")]
    {
        if x86::avx512() {
            // SAFETY: the processor has AVX-512 BW and VL, as `avx512` just said.
            return unsafe { x86::with_avx512(work) };
        }
        if x86::avx2() {
            // SAFETY: the processor has AVX2, as `avx2` just said.
            return unsafe { x86::with_avx2(work) };
        }
    }
    work.run::<Plain>()
}

/// The classes of 64 bytes.
#[inline]
pub fn classify(block: &[u8; 64]) -> Classes {
    #[cfg(target_arch = "x86_64")]
    {
        if x86::avx512() {
            // SAFETY: the processor has AVX-512 BW, as `avx512` just said.
            return unsafe { x86::classify_avx512(block) };
        }
        if x86::avx2() {
            // SAFETY: the processor has AVX2, as `avx2` just said.
            return unsafe { x86::classify_avx2(block) };
        }
    }
    classify_plain(block)
}

/// [`classify`] without vectors: its definition.
pub fn classify_plain(block: &[u8; 64]) -> Classes {
    let mask = |is: fn(&u8) -> bool| {
        block.iter().enumerate().fold(0, |mask, (at, byte)| mask | u64::from(is(byte)) << at)
    };
    Classes {
        letter: mask(u8::is_ascii_alphabetic),
        upper: mask(u8::is_ascii_uppercase),
        digit: mask(u8::is_ascii_digit),
        space: mask(|byte| matches!(byte, b'\t'..=b'\r' | b' ')),
        newline: mask(|byte| matches!(byte, b'\r' | b'\n')),
        blank: mask(|byte| *byte == b' '),
        apostrophe: mask(|byte| *byte == b'\''),
        slash: mask(|byte| *byte == b'/'),
        control: mask(|byte| byte.is_ascii_control() && !matches!(byte, b'\t' | b'\n' | b'\r')),
        other: mask(|byte| !byte.is_ascii()),
    }
}

/// Asks for the cache line of an element ahead of its use. An index out of range is ignored.
#[inline(always)]
pub fn prefetch<T>(slice: &[T], index: usize) {
    #[cfg(target_arch = "x86_64")]
    if let Some(element) = slice.get(index) {
        // SAFETY: a prefetch of a valid address; it has no effect a program can see.
        unsafe {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(element).cast());
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (slice, index);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_at_every_place_has_the_classes_of_the_plain_twin() {
        for byte in 0..=255 {
            for at in 0..64 {
                for filler in [b'a', b' ', 0xC3] {
                    let mut block = [filler; 64];
                    block[at] = byte;
                    assert_eq!(classify(&block), classify_plain(&block), "byte {byte} at {at}");
                    #[cfg(target_arch = "x86_64")]
                    if x86::avx2() {
                        // SAFETY: the processor has AVX2.
                        assert_eq!(unsafe { x86::classify_avx2(&block) }, classify_plain(&block));
                    }
                }
            }
        }
    }

    /// Compares one kind of vectors with the plain one, on rows and buckets made from a counter.
    #[cfg(target_arch = "x86_64")]
    fn agrees_with_plain<V: Vectors>() {
        use vectors::{Bucket, LANES, NOTHING, Row, SLOTS};
        let mut state = 1_u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as u32
        };
        for _ in 0..2000 {
            let row = Row([(); LANES].map(|()| match random() % 4 {
                0 => NOTHING,
                1 => NOTHING - 1 - random() % 3,
                _ => 1 + random() % 50,
            }));
            assert_eq!(V::least(&row), Plain::least(&row));
            let (moved, last) = (random() as u16, if random() % 2 == 0 { NOTHING } else { 7 });
            for close in [
                (V::close as fn(&mut Row, u16, u32), Plain::close as _),
                (V::close_less as _, Plain::close_less as fn(&mut Row, u16, u32)),
            ] {
                let (mut ours, mut plain) = (row, row);
                (close.0)(&mut ours, moved, last);
                (close.1)(&mut plain, moved, last);
                assert_eq!(ours, plain);
            }
            let bucket = Bucket([(); SLOTS].map(|()| u64::from(random() % 3) << 21 | 5));
            for key in 0..3 {
                assert_eq!(V::matches::<21>(&bucket, key), Plain::matches::<21>(&bucket, key));
            }
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn vectors_of_every_width_do_what_the_plain_ones_do() {
        if x86::avx512() {
            agrees_with_plain::<avx512::Avx512>();
        }
        if x86::avx2() {
            agrees_with_plain::<avx2::Avx2>();
        }
    }
}

//! [`Vectors`] in AVX2. Oracle: [`super::vectors::Plain`].

use super::vectors::{Bucket, NOTHING, Row, Vectors};
use std::arch::x86_64::{
    __m256i, _mm_cvtsi128_si32, _mm_min_epu32, _mm_shuffle_epi32, _mm256_add_epi32,
    _mm256_and_si256, _mm256_blendv_epi8, _mm256_castsi256_pd, _mm256_castsi256_si128,
    _mm256_cmpeq_epi32, _mm256_cmpeq_epi64, _mm256_extracti128_si256, _mm256_load_si256,
    _mm256_min_epu32, _mm256_movemask_pd, _mm256_permutevar8x32_epi32, _mm256_set1_epi32,
    _mm256_set1_epi64x, _mm256_setr_epi32, _mm256_srli_epi64, _mm256_store_si256, _mm256_xor_si256,
};

/// Two registers a row. To be named only where the processor has AVX2.
#[derive(Debug, Clone, Copy)]
pub struct Avx2;

/// Half of a line.
const HALF: usize = 32;

#[inline]
#[target_feature(enable = "avx2")]
fn load<T>(line: &T) -> [__m256i; 2] {
    const { assert!(size_of::<T>() == 64 && align_of::<T>() == 64) };
    let start = std::ptr::from_ref(line).cast::<u8>();
    // SAFETY: twice 32 readable bytes, aligned.
    unsafe { [_mm256_load_si256(start.cast()), _mm256_load_si256(start.add(HALF).cast())] }
}

#[inline]
#[target_feature(enable = "avx2")]
fn store(row: &mut Row, [low, high]: [__m256i; 2]) {
    let start = std::ptr::from_mut(row).cast::<u8>();
    // SAFETY: twice 32 writable bytes, aligned.
    unsafe {
        _mm256_store_si256(start.cast(), low);
        _mm256_store_si256(start.add(HALF).cast(), high);
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn all(number: u32) -> __m256i {
    _mm256_set1_epi32(number.cast_signed())
}

#[inline]
#[target_feature(enable = "avx2")]
fn least(row: &Row) -> u32 {
    let [low, high] = load(row);
    let eight = _mm256_min_epu32(low, high);
    let four = _mm_min_epu32(_mm256_castsi256_si128(eight), _mm256_extracti128_si256::<1>(eight));
    let two = _mm_min_epu32(four, _mm_shuffle_epi32::<0b01_00_11_10>(four));
    let one = _mm_min_epu32(two, _mm_shuffle_epi32::<0b10_11_00_01>(two));
    _mm_cvtsi128_si32(one).cast_unsigned()
}

/// All bits of a lane where its bit of `bits` is set.
#[inline]
#[target_feature(enable = "avx2")]
fn mask(bits: u32) -> __m256i {
    let lanes = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
    _mm256_cmpeq_epi32(_mm256_and_si256(all(bits), lanes), lanes)
}

/// Each lane's number moved to the lane before it, `last` to the last.
#[inline]
#[target_feature(enable = "avx2")]
fn behind([low, high]: [__m256i; 2], last: u32) -> [__m256i; 2] {
    let order = _mm256_setr_epi32(1, 2, 3, 4, 5, 6, 7, 0);
    let (low, high) =
        (_mm256_permutevar8x32_epi32(low, order), _mm256_permutevar8x32_epi32(high, order));
    let end = _mm256_setr_epi32(0, 0, 0, 0, 0, 0, 0, -1);
    [_mm256_blendv_epi8(low, high, end), _mm256_blendv_epi8(high, all(last), end)]
}

#[inline]
#[target_feature(enable = "avx2")]
fn put(row: &mut Row, moved: u16, [low, high]: [__m256i; 2]) {
    let old = load(row);
    let (low_mask, high_mask) = (mask(u32::from(moved) & 0xFF), mask(u32::from(moved) >> 8));
    let lanes =
        [_mm256_blendv_epi8(old[0], low, low_mask), _mm256_blendv_epi8(old[1], high, high_mask)];
    store(row, lanes);
}

#[inline]
#[target_feature(enable = "avx2")]
fn close(row: &mut Row, moved: u16, last: u32) {
    let new = behind(load(row), last);
    put(row, moved, new);
}

#[inline]
#[target_feature(enable = "avx2")]
fn close_less(row: &mut Row, moved: u16, last: u32) {
    let [low, high] = behind(load(row), last);
    let less = |lanes: __m256i| {
        let nothing = _mm256_cmpeq_epi32(lanes, all(NOTHING));
        // Minus one where there is a number, minus zero where there is none.
        _mm256_add_epi32(lanes, _mm256_xor_si256(nothing, all(u32::MAX)))
    };
    put(row, moved, [less(low), less(high)]);
}

#[inline]
#[target_feature(enable = "avx2")]
fn matches<const SHIFT: i32>(bucket: &Bucket, key: u64) -> u8 {
    let key = _mm256_set1_epi64x(key.cast_signed());
    let [low, high] = load(bucket);
    let equal = |slots: __m256i| {
        let keys = _mm256_srli_epi64::<SHIFT>(slots);
        _mm256_movemask_pd(_mm256_castsi256_pd(_mm256_cmpeq_epi64(keys, key)))
    };
    (equal(low) | equal(high) << 4).cast_unsigned() as u8
}

impl Vectors for Avx2 {
    const BYTES: usize = 32;

    #[inline(always)]
    fn least(row: &Row) -> u32 {
        // SAFETY: work in this kind of vectors is run by `vectorized` alone, which has asked.
        unsafe { least(row) }
    }

    #[inline(always)]
    fn close(row: &mut Row, moved: u16, last: u32) {
        // SAFETY: as above.
        unsafe { close(row, moved, last) }
    }

    #[inline(always)]
    fn close_less(row: &mut Row, moved: u16, last: u32) {
        // SAFETY: as above.
        unsafe { close_less(row, moved, last) }
    }

    #[inline(always)]
    fn matches<const SHIFT: i32>(bucket: &Bucket, key: u64) -> u8 {
        // SAFETY: as above.
        unsafe { matches::<SHIFT>(bucket, key) }
    }
}

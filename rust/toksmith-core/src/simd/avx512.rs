//! [`Vectors`] in AVX-512. Oracle: [`super::vectors::Plain`].

use super::vectors::{Bucket, NOTHING, Row, Vectors};
use std::arch::x86_64::{
    __m512i, _mm_cvtsi32_si128, _mm512_alignr_epi32, _mm512_cmpeq_epi64_mask,
    _mm512_cmpneq_epi32_mask, _mm512_load_si512, _mm512_mask_mov_epi32, _mm512_mask_sub_epi32,
    _mm512_reduce_min_epu32, _mm512_set1_epi32, _mm512_set1_epi64, _mm512_srl_epi64,
    _mm512_store_si512,
};

/// One register a row. To be named only where the processor has AVX-512 F.
#[derive(Debug, Clone, Copy)]
pub struct Avx512;

#[inline]
#[target_feature(enable = "avx512f")]
fn load<T>(line: &T) -> __m512i {
    const { assert!(size_of::<T>() == 64 && align_of::<T>() == 64) };
    // SAFETY: 64 readable bytes, aligned.
    unsafe { _mm512_load_si512(std::ptr::from_ref(line).cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn store(row: &mut Row, lanes: __m512i) {
    // SAFETY: 64 writable bytes, aligned.
    unsafe { _mm512_store_si512(std::ptr::from_mut(row).cast(), lanes) };
}

#[inline]
#[target_feature(enable = "avx512f")]
fn all(number: u32) -> __m512i {
    _mm512_set1_epi32(number.cast_signed())
}

#[inline]
#[target_feature(enable = "avx512f")]
fn least(row: &Row) -> u32 {
    _mm512_reduce_min_epu32(load(row))
}

#[inline]
#[target_feature(enable = "avx512f")]
fn close(row: &mut Row, moved: u16, last: u32) {
    let lanes = load(row);
    let behind = _mm512_alignr_epi32::<1>(all(last), lanes);
    store(row, _mm512_mask_mov_epi32(lanes, moved, behind));
}

#[inline]
#[target_feature(enable = "avx512f")]
fn close_less(row: &mut Row, moved: u16, last: u32) {
    let lanes = load(row);
    let behind = _mm512_alignr_epi32::<1>(all(last), lanes);
    let numbers = _mm512_cmpneq_epi32_mask(behind, all(NOTHING));
    let less = _mm512_mask_sub_epi32(behind, numbers, behind, all(1));
    store(row, _mm512_mask_mov_epi32(lanes, moved, less));
}

#[inline]
#[target_feature(enable = "avx512f")]
fn matches<const SHIFT: i32>(bucket: &Bucket, key: u64) -> u8 {
    let keys = _mm512_srl_epi64(load(bucket), _mm_cvtsi32_si128(SHIFT));
    _mm512_cmpeq_epi64_mask(keys, _mm512_set1_epi64(key.cast_signed()))
}

impl Vectors for Avx512 {
    const BYTES: usize = 64;

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

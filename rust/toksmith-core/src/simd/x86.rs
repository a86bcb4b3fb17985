//! Classification of bytes with AVX2 and AVX-512. Oracle: `classify_plain`.

use super::avx2::Avx2;
use super::avx512::Avx512;
use super::{Classes, Work};
use std::arch::x86_64::{
    __m256i, __m512i, _mm256_cmpeq_epi8, _mm256_loadu_si256, _mm256_min_epu8, _mm256_movemask_epi8,
    _mm256_or_si256, _mm256_set1_epi8, _mm256_sub_epi8, _mm512_cmpeq_epi8_mask,
    _mm512_cmplt_epu8_mask, _mm512_loadu_si512, _mm512_movepi8_mask, _mm512_or_si512,
    _mm512_set1_epi8, _mm512_sub_epi8,
};

/// Whether the processor has what [`classify_avx512`] needs; the answer is cached.
#[inline]
pub(super) fn avx512() -> bool {
    is_x86_feature_detected!("avx512bw") && is_x86_feature_detected!("avx512vl")
}

/// Whether the processor has what [`with_avx2`] needs; the answer is cached.
#[inline]
pub(super) fn avx2() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")
}

/// Runs `work` compiled for AVX-512.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,bmi2")]
pub(super) fn with_avx512<W: Work>(work: W) -> W::Output {
    work.run::<Avx512>()
}

/// Runs `work` compiled for AVX2, with the fused multiplication that came with it.
#[target_feature(enable = "avx2,fma")]
pub(super) fn with_avx2<W: Work>(work: W) -> W::Output {
    work.run::<Avx2>()
}

/// The classes of 64 bytes in one register.
#[target_feature(enable = "avx512f,avx512bw")]
pub(super) fn classify_avx512(block: &[u8; 64]) -> Classes {
    // SAFETY: 64 readable bytes; the load needs no alignment.
    let bytes: __m512i = unsafe { _mm512_loadu_si512(block.as_ptr().cast()) };
    let is = |byte: u8| _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(byte.cast_signed()));
    let within = |bytes: __m512i, first: u8, count: u8| {
        let offset = _mm512_sub_epi8(bytes, _mm512_set1_epi8(first.cast_signed()));
        _mm512_cmplt_epu8_mask(offset, _mm512_set1_epi8(count.cast_signed()))
    };
    let lower = _mm512_or_si512(bytes, _mm512_set1_epi8(0x20));
    let blank = is(b' ');
    let newline = is(b'\n') | is(b'\r');
    Classes {
        letter: within(lower, b'a', 26),
        upper: within(bytes, b'A', 26),
        digit: within(bytes, b'0', 10),
        space: blank | within(bytes, b'\t', 5),
        newline,
        control: (within(bytes, 0, b' ') | is(0x7F)) & !(newline | is(b'\t')),
        blank,
        apostrophe: is(b'\''),
        slash: is(b'/'),
        other: _mm512_movepi8_mask(bytes),
    }
}

/// The classes of 64 bytes in two registers.
#[target_feature(enable = "avx2")]
pub(super) fn classify_avx2(block: &[u8; 64]) -> Classes {
    // SAFETY: both halves are 32 readable bytes; the loads need no alignment.
    let halves: [__m256i; 2] = unsafe {
        [
            _mm256_loadu_si256(block.as_ptr().cast()),
            _mm256_loadu_si256(block.as_ptr().add(32).cast()),
        ]
    };
    let mask = |of: &dyn Fn(__m256i) -> __m256i| {
        let [low, high] =
            halves.map(|half| u64::from(_mm256_movemask_epi8(of(half)).cast_unsigned()));
        low | high << 32
    };
    let splat = |byte: u8| _mm256_set1_epi8(byte.cast_signed());
    let is = |byte: u8| mask(&|half| _mm256_cmpeq_epi8(half, splat(byte)));
    let within = |flip: u8, first: u8, count: u8| {
        mask(&|half| {
            let offset = _mm256_sub_epi8(_mm256_or_si256(half, splat(flip)), splat(first));
            // Unsigned `offset < count`: the smaller of the two is `offset`, and not `count`.
            _mm256_cmpeq_epi8(_mm256_min_epu8(offset, splat(count - 1)), offset)
        })
    };
    let blank = is(b' ');
    let newline = is(b'\n') | is(b'\r');
    Classes {
        letter: within(0x20, b'a', 26),
        upper: within(0, b'A', 26),
        digit: within(0, b'0', 10),
        space: blank | within(0, b'\t', 5),
        newline,
        control: (within(0, 0, b' ') | is(0x7F)) & !(newline | is(b'\t')),
        blank,
        apostrophe: is(b'\''),
        slash: is(b'/'),
        other: mask(&|half| half),
    }
}

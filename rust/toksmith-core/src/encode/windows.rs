//! Pre-token boundaries of ASCII text, 64 bytes at a time, as boolean algebra on bit masks.
//!
//! A window begins at a pre-token, and no pattern looks behind, so what follows depends on the
//! window alone. Its bytes are classified into masks (`simd`), and each rule of a pattern is a
//! few operations on whole masks: bit `i` of the result says that a pre-token begins at byte
//! `i`. The end of a window is uncertain (a run may go on, a contraction may follow), so the
//! last pre-token begun is left to the next window. Bytes beyond ASCII end a window; where
//! one is too short to be worth it, the scalar scanner, also the oracle, takes a pre-token.

use super::group::GROUP;
use super::pretokenize::{cl100k, gpt2, o200k};
use crate::simd::{self, Classes};

/// Ends of pre-tokens found ahead.
pub(super) struct Ends {
    ends: [usize; CAPACITY],
    len: usize,
}

/// Enough to hide the latency of memory behind the work on other pre-tokens.
const WANTED: usize = CAPACITY - 64;
/// A window adds at most 64.
const CAPACITY: usize = GROUP;
/// Shorter windows are not worth their masks.
const SHORTEST: usize = 16;
/// Bytes from a place on that decide whether a pre-token begins there: those of a contraction,
/// and the one behind it.
const LOOK_AHEAD: usize = 4;

/// A pattern in both forms.
pub(super) trait Pattern {
    /// The scalar scanner.
    fn next_end(text: &[u8], pos: usize) -> usize;
    /// Where pre-tokens begin in a window that begins with one. Right for all bits that have
    /// [`LOOK_AHEAD`] bits above them and do not lie in white space that reaches the end.
    fn starts(block: &[u8; 64], classes: &Classes) -> u64;
}

impl Ends {
    pub(super) fn new() -> Self {
        Self { ends: [0; CAPACITY], len: 0 }
    }

    /// The ends, in order.
    pub(super) fn get(&self) -> &[usize] {
        &self.ends[..self.len]
    }

    /// Finds the next pre-tokens from `start`, at least one; `start` is before the text's end.
    #[inline]
    pub(super) fn fill<P: Pattern>(&mut self, text: &[u8], start: usize, fast: bool) {
        let (mut pos, mut len) = (start, 0);
        while len < WANTED && pos < text.len() {
            if fast {
                let mut starts = match text[pos..].first_chunk::<64>() {
                    Some(block) => certain::<P>(block, &simd::classify(block)),
                    None => last_window::<P>(&text[pos..]),
                };
                if starts != 0 {
                    while starts != 0 {
                        self.ends[len] = pos + starts.trailing_zeros() as usize;
                        len += 1;
                        starts &= starts - 1;
                    }
                    pos = self.ends[len - 1];
                    continue;
                }
            }
            pos = P::next_end(text, pos);
            self.ends[len] = pos;
            len += 1;
        }
        self.len = len;
    }
}

/// [`certain`] for less than 64 bytes: what is missing is not ASCII.
#[inline]
fn last_window<P: Pattern>(rest: &[u8]) -> u64 {
    if rest.len() < SHORTEST {
        return 0;
    }
    let mut block = [0xFF; 64];
    block[..rest.len()].copy_from_slice(rest);
    certain::<P>(&block, &simd::classify(&block))
}

/// Certain starts of pre-tokens after the first one.
#[inline(always)]
fn certain<P: Pattern>(block: &[u8; 64], classes: &Classes) -> u64 {
    let ascii = classes.other.trailing_zeros() as usize;
    if ascii < SHORTEST {
        return 0;
    }
    let limit = ascii - LOOK_AHEAD;
    // White space that reaches the end of the window: only where it begins is certain.
    let known = u64::MAX >> (64 - ascii);
    let tail = (classes.space << (64 - ascii)).leading_ones() as usize;
    let limit = limit.min(ascii - tail);
    let starts = P::starts(block, classes) & known;
    // Bits 1..=limit.
    starts & (u64::MAX >> (63 - limit)) & !1
}

/// Bits of `run` from each of `from` up to the end of its run. Each of `from` begins a run.
#[inline(always)]
fn flood(from: u64, run: u64) -> u64 {
    run & !run.wrapping_add(from)
}

/// First bits of runs.
#[inline(always)]
fn firsts(run: u64) -> u64 {
    run & !(run << 1)
}

/// Starts in white space that is not part of a pre-token before it: at its beginning; after its
/// last newline; and its last character, if that is no newline (it goes with what follows, or
/// stands alone).
#[inline(always)]
fn space_starts(space: u64, newline: u64) -> u64 {
    let gap = space & !newline;
    let last = gap & !(space >> 1);
    // Stretches without newlines that a newline follows belong to it.
    let inner = gap.wrapping_add(firsts(gap)) & newline & space;
    let tails = if inner == 0 {
        firsts(gap)
    } else {
        let (gap, last) = (gap.reverse_bits(), last.reverse_bits());
        firsts(flood(last, gap).reverse_bits())
    };
    firsts(space) | tails | last
}

/// Every third digit of a run, from its first.
#[inline(always)]
fn digit_groups(digit: u64) -> u64 {
    let inside = digit & digit << 1 & digit << 2 & digit << 3;
    let mut groups = firsts(digit);
    let mut group = groups;
    loop {
        group = group << 3 & inside;
        if group == 0 {
            return groups;
        }
        groups |= group;
    }
}

/// Length of `[sdmt]|ll|ve|re` behind the apostrophe at `at`, 0 if there is none; letters are
/// folded with `fold` (0x20: either case; 0: lower case only).
#[inline(always)]
fn contraction(block: &[u8; 64], at: usize, fold: u8) -> usize {
    let letter = |offset: usize| block.get(at + offset).map_or(0, |byte| byte | fold);
    match (letter(1), letter(2)) {
        (b's' | b'd' | b'm' | b't', _) => 1,
        (b'l', b'l') | (b'v' | b'r', b'e') => 2,
        _ => 0,
    }
}

/// Calls `each` with the places of bits that have room for a contraction above them.
#[inline(always)]
fn for_each_place(mut bits: u64, mut each: impl FnMut(usize)) {
    bits &= u64::MAX >> (LOOK_AHEAD - 1);
    while bits != 0 {
        each(bits.trailing_zeros() as usize);
        bits &= bits - 1;
    }
}

/// GPT-2.
pub(super) struct Gpt2;
/// cl100k. Llama 3 differs only at the end of a text, which no window decides.
pub(super) struct Cl100k;
/// Llama 3.
pub(super) struct Llama3;
/// Qwen 2.
pub(super) struct Qwen2;
/// o200k.
pub(super) struct O200k;

impl Pattern for Gpt2 {
    #[inline(always)]
    fn next_end(text: &[u8], pos: usize) -> usize {
        gpt2::next_end(text, pos)
    }

    #[inline(always)]
    fn starts(block: &[u8; 64], classes: &Classes) -> u64 {
        let &Classes { letter, digit, space, blank, apostrophe, other, .. } = classes;
        let symbol = !(letter | digit | space | other);
        let free = !(blank << 1);
        let mut starts = firsts(space) | space & !(space >> 1);
        starts |= (firsts(letter) | firsts(digit) | firsts(symbol)) & free;
        for_each_place(apostrophe & firsts(symbol) & free & letter >> 1, |at| {
            let len = contraction(block, at, 0);
            if len > 0 {
                starts &= !(2 << at);
                starts |= letter & 2 << (at + len);
            }
        });
        starts
    }
}

/// cl100k, Llama 3 and Qwen 2; `digits` are the starts in numbers.
#[inline(always)]
fn cl100k_starts(block: &[u8; 64], classes: &Classes, digits: u64) -> u64 {
    let &Classes { letter, digit, space, newline, blank, apostrophe, other, .. } = classes;
    let symbol = !(letter | digit | space | other);
    let after_symbols = flood(newline & symbol << 1, newline);
    let space = space & !after_symbols;
    let symbols = firsts(symbol) & !(blank << 1);
    // A symbol by itself goes with the letters behind it, and so does white space.
    let prefixes = symbols & letter >> 1;
    let words = firsts(letter) & !((space & !newline | prefixes) << 1);
    let mut starts = space_starts(space, newline & space) | digits | symbols | words;
    for_each_place(prefixes & apostrophe, |at| {
        let len = contraction(block, at, 0x20);
        if len > 0 {
            starts |= letter & 2 << (at + len);
        }
    });
    starts
}

impl Pattern for Cl100k {
    #[inline(always)]
    fn next_end(text: &[u8], pos: usize) -> usize {
        cl100k::cl100k(text, pos)
    }

    #[inline(always)]
    fn starts(block: &[u8; 64], classes: &Classes) -> u64 {
        cl100k_starts(block, classes, digit_groups(classes.digit))
    }
}

impl Pattern for Llama3 {
    #[inline(always)]
    fn next_end(text: &[u8], pos: usize) -> usize {
        cl100k::llama3(text, pos)
    }

    #[inline(always)]
    fn starts(block: &[u8; 64], classes: &Classes) -> u64 {
        cl100k_starts(block, classes, digit_groups(classes.digit))
    }
}

impl Pattern for Qwen2 {
    #[inline(always)]
    fn next_end(text: &[u8], pos: usize) -> usize {
        cl100k::qwen2(text, pos)
    }

    #[inline(always)]
    fn starts(block: &[u8; 64], classes: &Classes) -> u64 {
        cl100k_starts(block, classes, classes.digit)
    }
}

impl Pattern for O200k {
    #[inline(always)]
    fn next_end(text: &[u8], pos: usize) -> usize {
        o200k::next_end(text, pos)
    }

    #[inline(always)]
    fn starts(block: &[u8; 64], classes: &Classes) -> u64 {
        let &Classes {
            letter,
            upper,
            digit,
            space,
            newline,
            blank,
            apostrophe,
            slash,
            other,
            control: _,
        } = classes;
        let symbol = !(letter | digit | space | other);
        // `[\r\n/]*` behind symbols; a slash behind a newline is rare enough for a loop.
        let mut after_symbols = flood(newline & symbol << 1, newline);
        let tail = newline | slash;
        let mut more = after_symbols << 1 & tail & !after_symbols;
        while more != 0 {
            after_symbols |= more;
            more = after_symbols << 1 & tail & !after_symbols;
        }
        let (space, symbol) = (space & !after_symbols, symbol & !after_symbols);
        let symbols = firsts(symbol) & !(blank << 1);
        let prefixes = symbols & letter >> 1;
        let words = firsts(letter) & !((space & !newline | prefixes) << 1);
        let humps = upper & (letter & !upper) << 1;
        let digits = digit_groups(digit);
        let mut starts = space_starts(space, newline & space) | digits | symbols | words | humps;
        // A contraction ends the word before it; another one right behind begins a word.
        let mut ended = 0;
        for_each_place(apostrophe & letter << 1 & letter >> 1, |at| {
            let len = contraction(block, at, 0x20);
            if len > 0 && at != ended {
                ended = at + 1 + len;
                let inside = (1 << (len + 1)) - 1;
                starts &= !(inside << at);
                starts |= letter & 1 << ended;
            }
        });
        starts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same<P: Pattern>(text: &str) {
        let bytes = text.as_bytes();
        let (mut ends, mut start) = (Ends::new(), 0);
        let (mut fast, mut plain) = (Vec::new(), Vec::new());
        while start < bytes.len() {
            ends.fill::<P>(bytes, start, true);
            fast.extend_from_slice(ends.get());
            start = fast[fast.len() - 1];
        }
        start = 0;
        while start < bytes.len() {
            start = P::next_end(bytes, start);
            plain.push(start);
        }
        assert_eq!(fast, plain, "{text:?}");
    }

    /// A deterministic generator (`SplitMix64`), enough for picking characters.
    fn random(state: &mut u64) -> u64 {
        *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed ^ (mixed >> 31)
    }

    #[test]
    fn windows_cut_as_the_scalar_scanners_do() {
        let alphabets: [&str; 5] = [
            "aA1 '.\n",
            "abstrveldm'SLE ",
            "  \t\n\r\n/.(",
            "0123456789a ",
            "aB'sé \u{3000}中.\n9/ſ",
        ];
        let mut state = 7;
        for round in 0..60_000 {
            let alphabet: Vec<char> = alphabets[round % alphabets.len()].chars().collect();
            let len = 1 + random(&mut state) % 150;
            let text: String =
                (0..len).map(|_| alphabet[random(&mut state) as usize % alphabet.len()]).collect();
            same::<Gpt2>(&text);
            same::<Cl100k>(&text);
            same::<Llama3>(&text);
            same::<Qwen2>(&text);
            same::<O200k>(&text);
        }
    }
}

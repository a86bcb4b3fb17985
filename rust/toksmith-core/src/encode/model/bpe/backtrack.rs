//! Merging without merging: the encoding found from left to right, in linear time.
//!
//! A sequence of tokens is the encoding of its text if and only if each two neighbours are the
//! encoding of theirs (`DESIGN.md`), and whether two are is told by their merge trees alone
//! ([`neighbours`]). So it is enough to find one sequence whose neighbours all fit. From each
//! place the longest token is tried first, then shorter ones; a place from which nothing fits
//! is never tried again. As the prefix of the text up to a place has one encoding only, a place
//! is reached in one way only: each is given up at most once, hence linear time.
//!
//! Oracles: `naive.rs`, `heap.rs`.

use super::Bpe;
use super::trie::Trie;
use crate::token::{NONE, Rank};

/// Longest pre-token handled here, in bytes: beyond, merging in blocks has the lower bound.
pub(super) const MAX: usize = 256;

/// Appends the ranks of `bytes`, at most [`MAX`] of them, to `out`. `dead` is a buffer.
///
/// Gives up and returns false where that would take many more tries than there are bytes, as
/// in runs of a sign of which the vocabulary has many lengths.
#[inline]
pub(super) fn merge(
    bpe: &Bpe,
    trie: &Trie,
    bytes: &[u8],
    dead: &mut Vec<u64>,
    out: &mut Vec<Rank>,
) -> bool {
    dead.clear();
    dead.resize(bytes.len() / 64 + 1, 0);
    let mut tries = bytes.len() + 16;
    let (mut pos, mut last) = (0, NONE);
    while pos < bytes.len() {
        let (mut token, mut len) = trie.longest(&bytes[pos..]);
        // Tries `token` and its prefixes behind `last`; gives `last` up where none fits.
        loop {
            let end = pos + len;
            if dead[end / 64] >> (end % 64) & 1 == 0
                && (last == NONE || neighbours(bpe, last, token))
            {
                out.push(token);
                last = token;
                pos = end;
                break;
            }
            tries -= 1;
            (token, len) = bpe.shorter(token);
            if tries == 0 {
                return false;
            }
            if token != NONE {
                continue;
            }
            dead[pos / 64] |= 1 << (pos % 64);
            let Some(given_up) = out.pop() else { return false };
            token = given_up;
            len = bpe.token_len(token) as usize;
            pos -= len;
            last = out.last().copied().unwrap_or(NONE);
        }
    }
    true
}

/// Whether `left right` is the encoding of its text, in O(height of the two merge trees).
///
/// Merging is undone, latest merge first. What touches the border at some moment is a part of
/// `left` that ends there and a part of `right` that begins there; merging would have crossed
/// the border if those two make a token before either is used up. A merge on the left of the
/// border goes first among equals, one on its right goes last.
#[inline(always)]
pub(super) fn neighbours(bpe: &Bpe, left: Rank, right: Rank) -> bool {
    let (mut x, mut y) = (left, right);
    // When `x` and `y` are used up.
    let (mut x_until, mut y_until) = (NONE, NONE);
    loop {
        let product = bpe.product(x, y);
        if product < x_until && product <= y_until && product != NONE {
            return false;
        }
        if x.max(y) < 256 {
            return true;
        }
        if x > y {
            x_until = x;
            x = bpe.live_pair(x).1;
        } else {
            y_until = y;
            y = bpe.live_pair(y).0;
        }
    }
}

//! Places inside a word where no token can lie: between two characters that stand together in
//! none.
//!
//! *Claim.* Let `c` and `d` be neighbours in a text, both *firm*: neither the sign nor what stages
//! treat as white space, a grapheme that no character joins, kept as they are by the normalizers, and known to the
//! model; and let the character behind `d` join nothing either. If no token has `d` behind `c`, the
//! text may be cut between them. For what normalizers do to each side does not depend on the
//! other, so `c` and `d` meet in the normalized text too; and there the model can be cut
//! (`model/char_bpe/cuts.rs`, [`General::pairs`]). ∎

use crate::encode::general::{General, Rewrite};
use crate::encode::model::pairs::CharPairs;
use crate::encode::normalize::{NormalizeCache, joins};
use crate::error::Result;
use crate::vocab::Vocab;

/// Which places these are.
#[derive(Debug)]
pub(super) struct Seams {
    pairs: CharPairs,
    /// A bit for each firm character below U+10000.
    firm: Box<[u64; 1024]>,
    /// For each ASCII character those that may be cut off behind it.
    ascii: Box<[u128; 128]>,
    /// Longest text whose pieces may be cut.
    pub(super) longest: usize,
}

impl Seams {
    /// Looks at each character that is a token. `inner` is what normalizes a word; with `white`
    /// white space is like any other character.
    pub(super) fn new(
        vocab: &Vocab,
        general: &General,
        inner: Option<&Rewrite>,
        white: bool,
    ) -> Result<Option<Self>> {
        let Some((pairs, longest)) = general.pairs(vocab) else { return Ok(None) };
        let mut cache = NormalizeCache::default();
        let mut firm = Box::new([0_u64; 1024]);
        let tokens = vocab.iter().filter_map(|(_, bytes)| {
            let mut chars = std::str::from_utf8(bytes.get(..bytes.len().min(4))?).ok()?.chars();
            chars.next().filter(|c| c.len_utf8() == bytes.len())
        });
        for c in tokens.chain(['\t', '\n', '\r']) {
            let number = c as usize;
            let blank = c == ' ' || c == super::SIGN || !white && c.is_whitespace();
            if number > 0xFFFF || joins(c) || blank || !general.knows(c) {
                continue;
            }
            let mut buffer = [0; 4];
            let text = &*c.encode_utf8(&mut buffer);
            let kept = match inner {
                Some(inner) => inner.text(&mut cache, text)? == text,
                None => true,
            };
            if kept {
                firm[number / 64] |= 1 << (number % 64);
            }
        }
        let mut seams = Self { pairs, firm, ascii: Box::new([0; 128]), longest };
        for c in 0..128_u8 {
            for d in 0..128_u8 {
                let cuts = seams.between(c.into(), d.into());
                seams.ascii[usize::from(c)] |= u128::from(cuts) << d;
            }
        }
        Ok(Some(seams))
    }

    /// Whether a text may be cut between two ASCII characters, if what follows them joins nothing.
    #[inline(always)]
    pub(super) fn between_ascii(&self, c: u8, d: u8) -> bool {
        self.ascii[usize::from(c & 127)] >> (d & 127) & 1 != 0
    }

    /// Whether a text may be cut between two characters, if what follows them joins nothing.
    #[inline(always)]
    pub(super) fn between(&self, c: char, d: char) -> bool {
        self.is_firm(c) && self.is_firm(d) && !self.pairs.joined(c, d)
    }

    #[inline(always)]
    fn is_firm(&self, c: char) -> bool {
        let number = c as usize;
        self.firm.get(number / 64).is_some_and(|bits| bits >> (number % 64) & 1 != 0)
    }
}

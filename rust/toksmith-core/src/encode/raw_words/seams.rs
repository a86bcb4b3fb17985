//! Places inside a word where no token can lie: between two characters that stand together in
//! none.
//!
//! *Claim.* Let `c` and `d` be neighbours in a text, both *firm*: neither the sign nor what stages
//! treat as white space, a grapheme that no character joins, in no string that is replaced as a
//! whole, kept by the normalizers, and known to the model; and let the character behind `d` join
//! nothing either. If no token has `d` behind `c`, the text may be cut between them. For what
//! normalizers do to each side does not depend on the other, so `c` and `d` meet in the normalized
//! text too; and there the model can be cut (`model/char_bpe/cuts.rs`, [`General::pairs`]). ∎

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
    /// Looks at each character that is a token, or at all if those that are none are spelled in bytes. `inner` is what normalizes a word; with `white`
    /// white space is like any other character; those of `entangled` may be replaced together.
    pub(super) fn new(
        vocab: &Vocab,
        general: &General,
        inner: Option<&Rewrite>,
        white: bool,
        entangled: &str,
    ) -> Result<Option<Self>> {
        let Some((pairs, longest)) = general.pairs(vocab) else { return Ok(None) };
        let mut cache = NormalizeCache::default();
        let mut kept = |text: &str| match inner {
            Some(inner) => Ok(inner.text(&mut cache, text)? == text),
            None => Ok(true),
        };
        let mut chars: Vec<char> = if general.spells_all() {
            ('\0'..='\u{FFFF}').collect()
        } else {
            let tokens = vocab.iter().filter_map(|(_, bytes)| only_char(bytes));
            tokens.chain(['\t', '\n', '\r']).filter(|&c| general.knows(c)).collect()
        };
        chars.retain(|&c| {
            let blank = c == ' ' || c == super::SIGN || !white && c.is_whitespace();
            c <= '\u{FFFF}' && !joins(c) && !blank && !entangled.contains(c)
        });
        // None of them joins another, so all together are kept if each is.
        let all = kept(&chars.iter().collect::<String>())?;
        let mut firm = Box::new([0_u64; 1024]);
        for c in chars {
            if all || kept(c.encode_utf8(&mut [0; 4]))? {
                firm[c as usize / 64] |= 1 << (c as usize % 64);
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

/// The character that a token is, if it is one.
fn only_char(token: &[u8]) -> Option<char> {
    let mut chars = std::str::from_utf8(token.get(..token.len().min(4))?).ok()?.chars();
    chars.next().filter(|c| c.len_utf8() == token.len())
}

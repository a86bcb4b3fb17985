//! Byte-pair encoding over characters, as tokenizer.json has it beside the byte-level one.
//!
//! A piece is read into *symbols* ([`alphabet`]): a character's token, the tokens of its bytes,
//! or the unknown token. Then, of all neighbours that the merge list names, those named first
//! are merged, of equals the leftmost, until none is left. Exact against `BPE` of tokenizers
//! 0.23.3, ids and offsets; the oracle is that sentence as code in `tests/oracle/models.rs`.
//!
//! - [`build`]: merge list to tables; what is checked.
//! - [`cuts`]: places that no merge can cross. Files of `SentencePiece` origin have no
//!   pre-tokenizer, so a piece is a whole document: it is cut at its U+2581 signs into words
//!   ([`CharBpe::words`]), and a long word wherever two characters stand together in no token.
//! - [`super::merging`]: the merges themselves.
//! - [`dropout`]: merging that passes over merges at random.
//!
//! Start at [`CharBpe::tokenize`].

mod alphabet;
mod build;
mod cuts;
mod dropout;

pub use super::draws::piece_seed;

use super::merging::{MergeList, MergeScratch, Part, Symbol, heap, short};
use super::pairs::CharPairs;
use super::spellings::Spellings;
use super::{Token, check_length};
use crate::error::{Error, Result};
use crate::token::{NONE, TokenId};
use alphabet::Alphabet;
use cuts::Bigrams;

/// The compiled model.
#[derive(Debug)]
pub struct CharBpe {
    /// Symbol -> id.
    ids: Vec<TokenId>,
    alphabet: Alphabet,
    /// All of the merge list: with dropout, any pair may be merged.
    merges: MergeList,
    /// The pairs that are merged without dropout, where they can be told.
    live: Option<MergeList>,
    /// Characters that stand together in some merged token; `None`: pieces are not cut.
    bigrams: Option<Bigrams>,
    /// Whether a piece can be cut before its U+2581 signs.
    signs_cut: bool,
    /// Whether bytes have symbols, all of them, that are in no merge.
    bytes_apart: bool,
    /// Words that are encoded as one token.
    whole: Spellings,
    /// All tokens, if a piece that is one is taken whole.
    taken_whole: Option<Spellings>,
    dropout: f32,
}

/// Symbols of a piece as read.
#[derive(Debug, Default)]
struct Symbols {
    ids: Vec<Symbol>,
    /// Bytes of the piece each stands for.
    lens: Vec<u32>,
}

/// Buffers of [`CharBpe::tokenize`], reused from call to call.
#[derive(Debug, Default)]
pub struct CharBpeScratch {
    symbols: Symbols,
    parts: Vec<Part>,
    merge: MergeScratch,
}

impl CharBpe {
    /// The probability of passing over a merge that the file asks for; 0: none.
    pub fn dropout(&self) -> f32 {
        self.dropout
    }

    /// The sign before which a piece can be cut, wherever it follows another character, without
    /// any change to the tokens; but where pieces are taken whole, there is none.
    pub fn word_cuts(&self) -> Option<char> {
        (self.signs_cut && self.taken_whole.is_none()).then_some(cuts::SIGN)
    }

    /// The pairs of characters that some merge puts together, if a piece may be cut between any
    /// other two of which [`CharBpe::knows`] both.
    pub(crate) fn pairs(&self) -> Option<&CharPairs> {
        if self.taken_whole.is_some() { None } else { Some(&self.bigrams.as_ref()?.pairs) }
    }

    /// Whether all bytes have symbols, and in no merge.
    pub(crate) fn spells_all(&self) -> bool {
        self.bytes_apart
    }

    /// Whether a character has a symbol of its own, or is spelled in bytes that no merge takes.
    pub(crate) fn knows(&self, c: char) -> bool {
        self.bytes_apart || self.alphabet.plain(c).is_some()
    }

    /// The words of a piece: cut before each sign that follows another character if
    /// merges allow it, else the piece.
    pub fn words<'p>(&self, piece: &'p str) -> impl Iterator<Item = &'p str> {
        cuts::words(piece, self.signs_cut)
    }

    /// The token of a piece that is taken whole before anything else (`ignore_merges`). It is
    /// asked for with the piece, not with its words.
    #[inline]
    pub fn taken_whole(&self, piece: &str) -> Option<TokenId> {
        self.taken_whole.as_ref()?.get(piece.as_bytes())
    }

    /// Words that are encoded as one token, by spelling, to look up many at once.
    pub fn whole(&self) -> &Spellings {
        &self.whole
    }

    /// Appends the tokens of one piece, without dropout. O(n log n), and O(n) but for merge
    /// lists that no training makes.
    ///
    /// Offsets are as in tokenizers: each symbol begins where the last one ended, so a character
    /// that has no symbol at all moves those behind it.
    ///
    /// # Errors
    /// [`Error::Vocabulary`] if the file names an unknown token, the piece needs it, and the
    /// vocabulary does not have it.
    pub fn tokenize(
        &self,
        piece: &str,
        scratch: &mut CharBpeScratch,
        out: &mut Vec<Token>,
    ) -> Result<()> {
        self.check(piece)?;
        if let Some(id) = self.taken_whole(piece) {
            out.push(Token { id, start: 0, end: piece.len() as u32 });
            return Ok(());
        }
        let (mut at, mut start, base) = (0, 0, out.len());
        for word in self.words(piece) {
            let whole = self.whole.get_at(piece.as_bytes(), start, word.len());
            at = self
                .looked_up(whole, word, at, scratch, out)
                .inspect_err(|_| out.truncate(base))?;
            start += word.len();
        }
        Ok(())
    }

    /// Appends the tokens of one of [`CharBpe::words`], the first of which begins at `at`;
    /// returns where the last one ends.
    ///
    /// # Errors
    /// As [`CharBpe::tokenize`].
    #[inline]
    pub fn word(
        &self,
        word: &str,
        at: u32,
        scratch: &mut CharBpeScratch,
        out: &mut Vec<Token>,
    ) -> Result<u32> {
        self.looked_up(self.whole.get(word.as_bytes()), word, at, scratch, out)
    }

    /// As [`CharBpe::word`]; `whole` is the word's token, if it is one.
    #[inline(always)]
    fn looked_up(
        &self,
        whole: Option<TokenId>,
        word: &str,
        at: u32,
        scratch: &mut CharBpeScratch,
        out: &mut Vec<Token>,
    ) -> Result<u32> {
        let Some(id) = whole else { return self.merge_word(word, at, scratch, out) };
        let end = at + word.len() as u32;
        out.push(Token { id, start: at, end });
        Ok(end)
    }

    /// As [`CharBpe::word`], without looking the word up.
    fn merge_word(
        &self,
        word: &str,
        at: u32,
        scratch: &mut CharBpeScratch,
        out: &mut Vec<Token>,
    ) -> Result<u32> {
        self.alphabet.read(word, &mut scratch.symbols)?;
        let CharBpeScratch { symbols, parts, merge } = scratch;
        let merges = self.live.as_ref().unwrap_or(&self.merges);
        parts.clear();
        if !merges.growing {
            heap::merge(merges, &symbols.ids, &mut merge.heap, parts);
        } else if symbols.ids.len() <= short::MAX {
            short::merge(merges, &symbols.ids, parts);
        } else {
            let mut rest = symbols.ids.as_slice();
            while !rest.is_empty() {
                let cut = self.bigrams.as_ref().map_or(rest.len(), |bigrams| bigrams.cut(rest));
                let (segment, behind) = rest.split_at(cut);
                merges.merge(segment, merge, parts);
                rest = behind;
            }
        }
        Ok(self.give(symbols, parts, at, out))
    }

    /// Appends the tokens of one piece, merges passed over with probability `p`: the process of
    /// tokenizers, with random numbers that depend on `seed` and their order alone. With `p` 0
    /// this is [`CharBpe::tokenize`]. Distinct pieces want distinct seeds: [`piece_seed`].
    ///
    /// Expected time is O(n log n / (1 - p)), but O(n²) at most for `p` below 1.
    ///
    /// # Errors
    /// As [`CharBpe::tokenize`]; [`Error::Input`] if `p` is not between 0 and 1.
    pub fn tokenize_dropout(
        &self,
        piece: &str,
        p: f32,
        seed: u64,
        scratch: &mut CharBpeScratch,
        out: &mut Vec<Token>,
    ) -> Result<()> {
        if !(0.0..=1.0).contains(&p) {
            return Err(Error::Input { why: format!("dropout is {p}; it must be in 0..=1") });
        }
        if p == 0.0 {
            return self.tokenize(piece, scratch, out);
        }
        self.check(piece)?;
        self.alphabet.read(piece, &mut scratch.symbols)?;
        let CharBpeScratch { symbols, parts, merge } = scratch;
        parts.clear();
        dropout::merge(&self.merges, &symbols.ids, p, seed, &mut merge.heap, parts);
        self.give(symbols, parts, 0, out);
        Ok(())
    }

    /// Refuses pieces whose positions do not fit: with a prefix or suffix spelled in bytes they
    /// may lie behind the piece's end.
    fn check(&self, piece: &str) -> Result<()> {
        check_length(piece)?;
        if piece.len().saturating_mul(1 + self.alphabet.affix_len()) >= NONE as usize {
            return Err(Error::Input { why: "a piece of more than 4 GiB with its affixes".into() });
        }
        Ok(())
    }

    /// Appends merged tokens, the first at `at`; returns where the last ends.
    fn give(&self, symbols: &Symbols, parts: &[Part], mut at: u32, out: &mut Vec<Token>) -> u32 {
        let mut lens = symbols.lens.as_slice();
        for &(symbol, count) in parts {
            let (own, behind) = lens.split_at(count as usize);
            lens = behind;
            let end = at + own.iter().sum::<u32>();
            out.push(Token { id: self.ids[symbol as usize], start: at, end });
            at = end;
        }
        at
    }
}

//! Which symbols merge: the table of a SentencePiece BPE.
//!
//! The file has no merge list. Two neighbours merge if their text together is a piece (normal,
//! user-defined or unused), that of the highest score first. A symbol is therefore a character
//! or a piece, and each piece gives a pair for every place where it falls into two symbols. The
//! symbols that a piece begins with are found by walking down a prefix tree, those it ends with
//! by walking down a tree of reversed pieces: O(bytes of all pieces).

use super::ranked;
use crate::encode::model::bpe::pairs::{MAX_RANK, PairTable};
use crate::encode::model::merging::MergeList;
use crate::encode::model::sentencepiece::NUL_PIECE;
use crate::encode::model::unigram::trie::Trie;
use crate::error::{Error, Result};
use crate::formats::pipeline::{PieceKind, SentencePieceModel};
use crate::token::{NONE, TokenId};
use crate::vocab::Vocab;

/// A symbol's number: its place in [`Merges::symbols`], from 1.
pub(super) type Symbol = u32;

/// What the loops ask of a symbol.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    /// Its piece; [`NONE`]: a character that is none.
    pub(super) id: TokenId,
    /// Its length in bytes.
    pub(super) len: u32,
    /// Its place in the order of merging: lower comes first, equal scores have equal places.
    pub(super) place: u32,
    /// Whether its piece is unused: it is taken apart again.
    pub(super) unused: bool,
}

/// The compiled table.
#[derive(Debug)]
pub(super) struct Merges {
    pub(super) symbols: Vec<Entry>,
    pub(super) pairs: PairTable,
    /// Character -> symbol.
    letters: Letters,
    /// Pairs of characters that stand together in some piece; what is not there is a cut.
    together: Together,
    /// The same as a list of pairs, where it can be one.
    pub(super) ranked: Option<MergeList>,
    /// Whether some piece is unused.
    pub(super) has_unused: bool,
    pub(super) unknown: TokenId,
    /// User-defined pieces, to give them out.
    pub(super) frozen: Trie,
}

impl Merges {
    /// Builds the table. All pieces are UTF-8, else they are left out.
    pub(super) fn new(vocab: &Vocab, def: &SentencePieceModel) -> Result<Self> {
        let places = places(&def.scores);
        let letter = |len: usize| Entry { id: NONE, len: len as u32, place: NONE, unused: false };
        // Symbols count from 1.
        let mut symbols = vec![letter(0)];
        let mut letters = Letters::default();
        let (mut pieces, mut reversed, mut frozen) = (Vec::new(), Vec::new(), Vec::new());
        let mut unknown = NONE;
        for (id, bytes) in vocab.iter() {
            let kind = def.types.get(id as usize).copied().unwrap_or_default();
            if kind == PieceKind::Unknown {
                unknown = id;
            }
            if kind == PieceKind::UserDefined {
                frozen.push((bytes, id));
            }
            let merges =
                matches!(kind, PieceKind::Normal | PieceKind::UserDefined | PieceKind::Unused);
            let Ok(text) = std::str::from_utf8(bytes) else { continue };
            if !merges || bytes == NUL_PIECE {
                continue;
            }
            let symbol = symbols.len() as Symbol;
            symbols.push(Entry {
                id,
                len: bytes.len() as u32,
                place: places.get(id as usize).copied().unwrap_or_default(),
                unused: kind == PieceKind::Unused,
            });
            let mut chars = text.chars();
            if let (Some(letter), None) = (chars.next(), chars.next()) {
                letters.insert(letter, symbol);
            } else {
                pieces.push((text, symbol));
            }
        }
        for new in pieces.iter().flat_map(|(text, _)| text.chars()) {
            if letters.get(new) == NONE {
                letters.insert(new, symbols.len() as Symbol);
                symbols.push(letter(new.len_utf8()));
            }
        }
        if symbols.len() > MAX_RANK as usize {
            return Err(Error::unsupported(format!("a vocabulary of more than {MAX_RANK} pieces")));
        }
        let backwards: Vec<Vec<u8>> =
            pieces.iter().map(|(text, _)| text.bytes().rev().collect()).collect();
        reversed
            .extend(backwards.iter().zip(&pieces).map(|(key, &(_, symbol))| (&key[..], symbol)));
        let forwards: Vec<_> =
            pieces.iter().map(|&(text, symbol)| (text.as_bytes(), symbol)).collect();
        let (forwards, reversed) = (Trie::new(&forwards, false)?, Trie::new(&reversed, false)?);
        let mut all = Vec::new();
        let mut together = Together::new(pieces.iter().map(|(text, _)| text.len()).sum());
        for ((text, symbol), backwards) in pieces.iter().zip(&backwards) {
            splits(text, backwards, &letters, &forwards, &reversed, |left, right| {
                all.push((left, right, *symbol));
            });
            let mut before = NONE;
            for letter in text.chars().map(|letter| letters.get(letter)) {
                if before != NONE {
                    together.insert(before, letter);
                }
                before = letter;
            }
        }
        let mut pairs = PairTable::with_capacity(all.len());
        for (left, right, product) in all {
            pairs.insert(left, right, product);
        }
        let has_unused = symbols.iter().any(|symbol| symbol.unused);
        let frozen = Trie::new(&frozen, false)?;
        let ranked = None;
        let mut merges =
            Self { symbols, pairs, letters, together, ranked, has_unused, unknown, frozen };
        merges.ranked = ranked::list(&merges, pieces.iter().copied());
        Ok(merges)
    }

    /// The symbol of a character; [`NONE`]: it is in no piece.
    #[inline(always)]
    pub(super) fn letter(&self, letter: char) -> Symbol {
        self.letters.get(letter)
    }

    /// Whether nothing can merge across the place between two characters. With unused pieces a
    /// text is one: how they are taken apart depends on all of it.
    #[inline(always)]
    pub(super) fn is_cut(&self, left: Symbol, right: Symbol) -> bool {
        !self.has_unused && (left == NONE || right == NONE || !self.together.has(left, right))
    }
}

/// Places of scores in descending order. Equal are those whose bits are: 0 comes before -0.
fn places(scores: &[f32]) -> Vec<u32> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    let mut places = vec![0; scores.len()];
    let (mut place, mut before) = (0, None);
    for id in order {
        let bits = scores[id].to_bits();
        if before.is_some_and(|before| before != bits) {
            place += 1;
        }
        before = Some(bits);
        places[id] = place;
    }
    places
}

/// Calls `found` for each two symbols that make up a piece.
fn splits(
    text: &str,
    backwards: &[u8],
    letters: &Letters,
    forwards: &Trie,
    reversed: &Trie,
    mut found: impl FnMut(Symbol, Symbol),
) {
    let (Some(first), Some(last)) = (text.chars().next(), text.chars().next_back()) else { return };
    let mut begins = vec![(first.len_utf8(), letters.get(first))];
    forwards.walk(text.as_bytes(), |len, symbol| begins.push((len, symbol)));
    let mut ends = vec![(text.len() - last.len_utf8(), letters.get(last))];
    reversed.walk(backwards, |len, symbol| ends.push((text.len() - len, symbol)));
    // Both by place: beginnings ascend, endings descend.
    let mut ends = ends.into_iter().rev().peekable();
    for (at, left) in begins {
        while ends.next_if(|&(place, _)| place < at).is_some() {}
        if let Some((_, right)) = ends.next_if(|&(place, _)| place == at) {
            found(left, right);
        }
    }
}

/// Characters and their symbols: pages of 256.
#[derive(Debug, Default)]
struct Letters {
    /// Page -> where it begins in `symbols`, plus one; 0: it is empty.
    pages: Vec<u32>,
    symbols: Vec<Symbol>,
}

impl Letters {
    fn insert(&mut self, letter: char, symbol: Symbol) {
        let (page, at) = (letter as usize >> 8, letter as usize & 0xFF);
        if page >= self.pages.len() {
            self.pages.resize(page + 1, 0);
        }
        if self.pages[page] == 0 {
            self.pages[page] = self.symbols.len() as u32 + 1;
            self.symbols.resize(self.symbols.len() + 256, NONE);
        }
        let start = self.pages[page] as usize - 1;
        self.symbols[start + at] = symbol;
    }

    #[inline(always)]
    fn get(&self, letter: char) -> Symbol {
        let (page, at) = (letter as usize >> 8, letter as usize & 0xFF);
        match self.pages.get(page) {
            Some(&start) if start != 0 => self.symbols[start as usize - 1 + at],
            _ => NONE,
        }
    }
}

/// Which characters stand together in some piece, and some that do not.
#[derive(Debug)]
struct Together {
    bits: Vec<u64>,
    shift: u32,
}

impl Together {
    fn new(pairs: usize) -> Self {
        let size = (pairs.min(1 << 22) * 8).next_power_of_two().max(1 << 10);
        Self { bits: vec![0; size / 64], shift: 64 - size.trailing_zeros() }
    }

    #[inline(always)]
    fn bit(&self, left: Symbol, right: Symbol) -> usize {
        let key = u64::from(left) << 32 | u64::from(right);
        (key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> self.shift) as usize
    }

    fn insert(&mut self, left: Symbol, right: Symbol) {
        let bit = self.bit(left, right);
        self.bits[bit / 64] |= 1 << (bit % 64);
    }

    #[inline(always)]
    fn has(&self, left: Symbol, right: Symbol) -> bool {
        let bit = self.bit(left, right);
        self.bits[bit / 64] >> (bit % 64) & 1 != 0
    }
}

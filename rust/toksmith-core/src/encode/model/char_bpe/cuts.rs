//! Places in a piece that no merge can cross.
//!
//! *Claim.* Let no affixes be in use, so that a product is spelled as its parts one behind the
//! other, and let `c` be the last character in the spelling of one symbol and `d` the first in
//! that of the next. If no product of a merge is spelled with `d` right behind `c`, encoding
//! what lies before the border between the two and what lies behind it gives the tokens of both
//! together.
//!
//! A merge across the border has a left part that ends with the first symbol and a right part
//! that begins with the second, for symbols keep their order and are never left out. Its product
//! is spelled with `c d` where they meet. So no merge crosses; and as what is merged on one side
//! is chosen in the same order with or without the other side, the result is the same. ∎
//!
//! *Signs.* If no product has U+2581 behind another character, every border before the symbol
//! U+2581 behind a symbol that does not end with it is such a place. A character other than
//! U+2581 becomes a symbol that ends with it, or byte tokens, which end with `>`, or the unknown
//! token, which is looked at; there must be no way for it to become nothing, or the symbol before
//! the border might be another sign. And the sign has a token itself, so that it is a symbol, and
//! any unknown token due is put down before it. Hence text can be cut there before it is read.
//!
//! *Characters in no token* have a symbol that is in no merge, and are cut off the same way.

use super::Symbol;
use super::alphabet::Alphabet;
use crate::encode::model::pairs::CharPairs;
use crate::formats::pipeline::Bpe;
use crate::token::TokenId;
use crate::vocab::Vocab;

/// U+2581, in place of spaces.
pub(super) const SIGN: char = '\u{2581}';
const SIGN_BYTES: &[u8] = "\u{2581}".as_bytes();

/// Whether a piece can be cut before each [`SIGN`] that follows another character.
pub(super) fn signs_cut(vocab: &Vocab, bpe: &Bpe, alphabet: &Alphabet) -> bool {
    let unk = bpe.unk_token.as_deref().unwrap_or("");
    if alphabet.plain(SIGN).is_none() || alphabet.drops() || unk.ends_with(SIGN) {
        return false;
    }
    products(vocab, bpe).all(|product| {
        let mut rest = product.as_bytes();
        while let Some(behind) = rest.strip_prefix(SIGN_BYTES) {
            rest = behind;
        }
        memchr::memmem::find(rest, SIGN_BYTES).is_none()
    })
}

/// The spellings of all products, each once.
fn products<'v>(vocab: &'v Vocab, bpe: &Bpe) -> impl Iterator<Item = &'v str> {
    let mut ids: Vec<_> = bpe.merges.iter().map(|&(_, _, product)| product).collect();
    ids.sort_unstable();
    ids.dedup();
    ids.into_iter().filter_map(|id| std::str::from_utf8(vocab.get(id)?).ok())
}

/// The words of a piece.
pub(super) fn words(piece: &str, signs_cut: bool) -> impl Iterator<Item = &str> {
    let mut rest = piece;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = if signs_cut { word_end(rest) } else { rest.len() };
        let (word, behind) = rest.split_at_checked(end).unwrap_or((rest, ""));
        rest = behind;
        Some(word)
    })
}

/// Where the first word of a text ends: after its leading signs, before the next one.
fn word_end(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut from = 0;
    while bytes[from..].starts_with(SIGN_BYTES) {
        from += SIGN_BYTES.len();
    }
    for at in memchr::memchr_iter(SIGN_BYTES[0], &bytes[from..]) {
        if bytes[from + at..].starts_with(SIGN_BYTES) {
            return from + at;
        }
    }
    bytes.len()
}

/// Pairs of characters that stand together in some product, and how symbols begin and end.
#[derive(Debug)]
pub(super) struct Bigrams {
    pub(super) pairs: CharPairs,
    /// First and last character in the spelling of each symbol.
    ends: Vec<(char, char)>,
}

impl Bigrams {
    /// Collects the pairs of all products. `ids` gives each symbol's id.
    pub(super) fn new(vocab: &Vocab, bpe: &Bpe, ids: &[TokenId]) -> Self {
        let ends = |&id: &TokenId| {
            let text = vocab.get(id).and_then(|bytes| std::str::from_utf8(bytes).ok());
            let text = text.unwrap_or("");
            (text.chars().next().unwrap_or('\0'), text.chars().next_back().unwrap_or('\0'))
        };
        let products: Vec<&str> = products(vocab, bpe).collect();
        Self {
            pairs: CharPairs::new(products.iter().copied()),
            ends: ids.iter().map(ends).collect(),
        }
    }

    /// How many of the first symbols lie before the first place that no merge crosses.
    pub(super) fn cut(&self, symbols: &[Symbol]) -> usize {
        let crossed = |pair: &[Symbol]| {
            let (&[left, right], ends) = (pair, &self.ends) else { return true };
            self.pairs.joined(ends[left as usize].1, ends[right as usize].0)
        };
        symbols.windows(2).position(|pair| !crossed(pair)).map_or(symbols.len(), |at| at + 1)
    }
}

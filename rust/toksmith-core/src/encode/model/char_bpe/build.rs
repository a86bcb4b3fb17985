//! From a vocabulary and a merge list to tables.
//!
//! Of two lines with one pair the last counts, as in tokenizers. Lines that no text makes use of
//! (files of SentencePiece origin list every pair of tokens that spells a token) are kept: they
//! cost a slot of the table and nothing else.

use super::super::bpe::pairs::{MAX_RANK, PairTable};
use super::super::spellings::Spellings;
use super::alphabet::{Alphabet, only_char};
use super::cuts::{Bigrams, signs_cut};
use super::{CharBpe, CharBpeScratch, Merges, Symbol};
use crate::error::{Error, Result};
use crate::formats::pipeline::Bpe;
use crate::token::{NONE, TokenId};
use crate::vocab::Vocab;

/// Symbols below this are ASCII characters, by their code.
const ASCII: usize = 128;

impl CharBpe {
    /// Builds the tables. O(bytes of the vocabulary) for trained ones.
    ///
    /// # Errors
    /// [`Error::Model`] if a merge names an id that is not in the vocabulary, its product is not
    /// spelled as its parts (that on the right without the prefix), or dropout is not a
    /// probability; [`Error::Unsupported`] beyond two million tokens or merges.
    pub fn new(vocab: &Vocab, bpe: &Bpe) -> Result<Self> {
        let dropout = bpe.dropout.unwrap_or(0.0);
        if !(0.0..=1.0).contains(&dropout) {
            return Err(Error::field("model.dropout", format!("{dropout} is not in 0..=1")));
        }
        if vocab.len() + ASCII >= MAX_RANK as usize || bpe.merges.len() + 1 >= MAX_RANK as usize {
            return Err(Error::unsupported(format!("more than {MAX_RANK} tokens or merges")));
        }
        let (ids, symbols) = number(vocab);
        let alphabet = Alphabet::new(vocab, bpe, &symbols)?;
        let prefix_len = bpe.continuing_subword_prefix.as_ref().map_or(0, String::len);
        let merges = merges(vocab, bpe, &symbols, prefix_len)?;
        let cut = merges.growing && alphabet.affix_len() == 0;
        let mut model = Self {
            bigrams: cut.then(|| Bigrams::new(vocab, bpe, &ids)),
            signs_cut: cut && signs_cut(vocab, bpe, &alphabet),
            ids,
            alphabet,
            merges,
            whole: Spellings::new(&[]),
            taken_whole: None,
            dropout,
        };
        model.whole = model.whole_words(vocab, bpe.end_of_word_suffix.as_deref().unwrap_or(""));
        if bpe.ignore_merges {
            model.taken_whole = Some(Spellings::new(&vocab.iter().collect::<Vec<_>>()));
        }
        Ok(model)
    }

    /// The words whose encoding is one token, found by encoding every token's spelling.
    fn whole_words(&self, vocab: &Vocab, suffix: &str) -> Spellings {
        let (mut scratch, mut out) = (CharBpeScratch::default(), Vec::new());
        let mut found = Vec::new();
        for (id, bytes) in vocab.iter() {
            let Some(word) = bytes.strip_suffix(suffix.as_bytes()) else { continue };
            let Ok(text) = std::str::from_utf8(word) else { continue };
            out.clear();
            // A piece that is words of its own is never asked for as one.
            if self.words(text).count() != 1
                || self.merge_word(text, 0, &mut scratch, &mut out).is_err()
            {
                continue;
            }
            if let [token] = out.as_slice()
                && (token.id, token.end as usize) == (id, word.len())
            {
                found.push((id, word));
            }
        }
        Spellings::new(&found)
    }
}

/// Numbers tokens: ASCII characters by their code, the rest from there on in order of id.
/// Returns symbol -> id and id -> symbol.
fn number(vocab: &Vocab) -> (Vec<TokenId>, Vec<Symbol>) {
    let mut ids = vec![NONE; ASCII];
    let mut symbols = vec![NONE; vocab.id_limit()];
    for (id, bytes) in vocab.iter() {
        let symbol = match only_char(bytes) {
            // Two tokens of one spelling: the second is numbered like any other.
            Some(c) if c.is_ascii() && ids[c as usize] == NONE => c as usize,
            _ => ids.len(),
        };
        if symbol == ids.len() {
            ids.push(id);
        }
        ids[symbol] = id;
        symbols[id as usize] = symbol as Symbol;
    }
    (ids, symbols)
}

/// Checks the merge list and indexes it.
fn merges(vocab: &Vocab, bpe: &Bpe, symbols: &[Symbol], prefix_len: usize) -> Result<Merges> {
    let mut growing = true;
    for (line, &(left, right, product)) in bpe.merges.iter().enumerate() {
        let bad = |why: String| Error::field(format!("model.merges[{line}]"), why);
        let spelling =
            |id: TokenId| vocab.get(id).ok_or_else(|| bad(format!("{id} is the id of no token")));
        let (l, r, whole) = (spelling(left)?, spelling(right)?, spelling(product)?);
        let Some(r) = r.get(prefix_len..) else {
            return Err(bad(format!(
                "the right part {:?} is shorter than the prefix of {prefix_len} bytes",
                String::from_utf8_lossy(r)
            )));
        };
        if whole.strip_prefix(l) != Some(r) {
            return Err(bad(format!(
                "the product {:?} is not spelled as its parts {:?} and {:?}",
                String::from_utf8_lossy(whole),
                String::from_utf8_lossy(l),
                String::from_utf8_lossy(r)
            )));
        }
        growing &= !r.is_empty();
    }
    let mut pairs = PairTable::with_capacity(bpe.merges.len());
    // From the last line on, so that of equal pairs the last stays.
    for (line, &(left, right, _)) in bpe.merges.iter().enumerate().rev() {
        pairs.insert(symbols[left as usize], symbols[right as usize], line as u32 + 1);
    }
    let product = |&(_, _, product): &(TokenId, TokenId, TokenId)| symbols[product as usize];
    let products = std::iter::once(NONE).chain(bpe.merges.iter().map(product)).collect();
    Ok(Merges { pairs, products, growing })
}

//! From a vocabulary and a merge list to tables.
//!
//! Of two lines with one pair the last counts, as in tokenizers.
//!
//! *Reduction.* Files of `SentencePiece` origin list every pair of tokens that spells a token.
//! Where symbols are characters (or take no part in merges) a token's spelling says which symbols
//! it is merged from, so it has at most one pair whose merge ever makes it (`DESIGN.md`, one live
//! pair per token): the last merge when its own spelling is encoded. The others are left out, and
//! what is left is mostly in an order in which products come after their parts.

use super::super::bpe::pairs::MAX_RANK;
use super::super::merging::{Line, MergeList, heap, short};
use super::super::spellings::Spellings;
use super::alphabet::{Alphabet, only_char};
use super::cuts::{Bigrams, signs_cut};
use super::{CharBpe, CharBpeScratch, Symbol};
use crate::error::{Error, Result};
use crate::formats::pipeline::Bpe;
use crate::token::{NONE, TokenId};
use crate::vocab::Vocab;
use std::collections::HashSet;

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
        let (list, growing) = checked(vocab, bpe, &symbols)?;
        let plain = growing && alphabet.affix_len() == 0;
        let mut model = Self {
            bigrams: plain.then(|| Bigrams::new(vocab, bpe, &ids)),
            signs_cut: plain && signs_cut(vocab, bpe, &alphabet),
            bytes_apart: alphabet.spells_all()
                && !list
                    .iter()
                    .any(|line| alphabet.spells(line.left) || alphabet.spells(line.right)),
            ids,
            alphabet,
            merges: MergeList::new(&list, growing),
            live: None,
            whole: Spellings::new(&[]),
            taken_whole: None,
            dropout,
        };
        if plain {
            model.live = model.reduced(vocab, &list, &symbols);
        }
        model.whole = model.whole_words(vocab, bpe.end_of_word_suffix.as_deref().unwrap_or(""));
        if bpe.ignore_merges {
            model.taken_whole = Some(Spellings::new(&vocab.iter().collect::<Vec<_>>()));
        }
        Ok(model)
    }

    /// The merge list reduced to one pair a product, if a product's spelling says what symbols it
    /// is merged from. There are no affixes.
    fn reduced(&self, vocab: &Vocab, list: &[Line], symbols: &[Symbol]) -> Option<MergeList> {
        let parts: HashSet<Symbol> = list.iter().flat_map(|line| [line.left, line.right]).collect();
        let is_char = |&symbol: &Symbol| {
            let bytes = self.ids.get(symbol as usize).and_then(|&id| vocab.get(id));
            bytes.is_none_or(|bytes| only_char(bytes).is_some())
        };
        if self.alphabet.substitutes().any(|symbol| !is_char(&symbol) && parts.contains(&symbol)) {
            return None;
        }
        let (mut scratch, mut merged) = (CharBpeScratch::default(), Vec::new());
        let CharBpeScratch { symbols: read, merge, .. } = &mut scratch;
        let mut places = Vec::new();
        for (id, bytes) in vocab.iter() {
            let Ok(text) = std::str::from_utf8(bytes) else { continue };
            if self.alphabet.read(text, read).is_err() {
                continue;
            }
            merged.clear();
            let last = if read.ids.len() <= short::MAX {
                short::merge(&self.merges, &read.ids, &mut merged)
            } else {
                heap::merge(&self.merges, &read.ids, &mut merge.heap, &mut merged)
            };
            if let ([(symbol, _)], true) = (merged.as_slice(), last != NONE)
                && *symbol == symbols[id as usize]
            {
                places.push(last);
            }
        }
        places.sort_unstable();
        let live: Vec<Line> =
            places.iter().filter_map(|&place| list.get(place as usize - 1)).copied().collect();
        Some(MergeList::reduced(&live))
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

/// Checks the merge list; says whether each merge makes a longer spelling.
fn checked(vocab: &Vocab, bpe: &Bpe, symbols: &[Symbol]) -> Result<(Vec<Line>, bool)> {
    let prefix_len = bpe.continuing_subword_prefix.as_ref().map_or(0, String::len);
    let (mut list, mut growing) = (Vec::with_capacity(bpe.merges.len()), true);
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
        let symbol = |id: TokenId| symbols[id as usize];
        list.push(Line { left: symbol(left), right: symbol(right), product: symbol(product) });
    }
    Ok((list, growing))
}

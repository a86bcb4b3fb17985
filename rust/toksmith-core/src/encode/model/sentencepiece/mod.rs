//! The four models of SentencePiece 0.2.3, exact in ids, pieces and offsets.
//!
//! They see a normalized text as a whole ([`crate::encode::normalize::sentencepiece`]). What
//! they share is here: the pieces, and what becomes of a part that has none. Such parts are
//! spelled in `<0xNN>` where the file says so (all but the last of these tokens are empty, the
//! last covers the part), else neighbouring ones are one unknown token. Control pieces, byte
//! pieces and unused ones are never found in text.
//!
//! - unigram: [`super::unigram::viterbi`] in single precision, which rounds; why words can be
//!   encoded by themselves nevertheless, and when, is in [`cuts`].
//! - [`bpe`]: merging by score; [`merges`] builds its table, [`ranked`] a list out of it.
//! - word, char: here.
//! - [`lattice`], [`nbest`], [`sample`]: the best paths, and random ones.
//! - [`matcher`]: user-defined pieces.
//!
//! Start at [`SentencePiece::tokenize`].

mod bpe;
pub mod cuts;
mod lattice;
pub(crate) mod matcher;
mod merges;
mod nbest;
mod ranked;
mod sample;

use super::unigram::UNKNOWN_PENALTY;
use super::unigram::trie::Trie;
use super::unigram::viterbi::{Lexicon, PathScratch, best_path, char_len};
use super::{Token, check_length};
use crate::encode::normalize::sentencepiece::SIGN;
use crate::error::{Error, Result};
use crate::formats::pipeline::{PieceKind, SentencePieceKind, SentencePieceModel};
use crate::token::{NONE, TokenId};
use crate::vocab::Vocab;
use bpe::MergeScratch;
use cuts::WordCuts;
use matcher::Matcher;
use merges::Merges;
use std::collections::HashMap;

/// The piece that 0.2.3 lets stand for nothing at all.
pub(crate) const NUL_PIECE: &[u8] = b"\0";

/// A compiled model.
#[derive(Debug)]
pub struct SentencePiece {
    kind: SentencePieceKind,
    /// Normal and user-defined pieces. `scores` are those of the best path: a user-defined
    /// piece has one by its length in bytes.
    lexicon: Lexicon<f32>,
    /// By id: the length in bytes of user-defined pieces, 0 for others.
    user_defined: Vec<u32>,
    /// Pieces that text never becomes.
    aside: HashMap<Box<[u8]>, TokenId>,
    /// The ids of `<0xNN>`, by byte; empty without byte fallback.
    bytes: Vec<TokenId>,
    matcher: Matcher,
    /// Only of BPE.
    merges: Option<Merges>,
    cuts: WordCuts,
}

/// Buffers of [`SentencePiece::tokenize`].
#[derive(Debug, Default)]
pub struct SentencePieceScratch {
    path: PathScratch<f32>,
    merge: MergeScratch,
}

/// The score that a user-defined piece has, by its length: longer is better, however cut.
fn user_defined_score(len: u32) -> f32 {
    (0.1 * (f64::from(len) - 1.0)) as f32
}

impl SentencePiece {
    /// Builds the tables. `vocab` has a piece for each entry of the lists of `def`.
    ///
    /// # Errors
    /// [`Error::Model`] naming what does not fit.
    pub fn new(vocab: &Vocab, def: &SentencePieceModel) -> Result<Self> {
        Self::with_automaton(vocab, def, false)
    }

    /// As [`SentencePiece::new`]; with `automaton` the pieces that end at a place are looked
    /// for however short they are. The result is the same.
    pub fn with_automaton(
        vocab: &Vocab,
        def: &SentencePieceModel,
        automaton: bool,
    ) -> Result<Self> {
        let SentencePieceModel { kind, scores, types, byte_fallback, .. } = def;
        let size = vocab.id_limit();
        if scores.len() != size || types.len() != size || vocab.len() != size {
            return Err(Error::field(
                "pieces",
                format!(
                    "{} pieces, {} scores and {} types, as many of each expected",
                    vocab.len(),
                    scores.len(),
                    types.len()
                ),
            ));
        }
        let pieces = || vocab.iter().zip(types).map(|((id, piece), &kind)| (id, piece, kind));
        let of_kind = |wanted| pieces().filter(move |&(_, _, kind)| kind == wanted);
        let mut keys = Vec::with_capacity(size);
        let mut aside = HashMap::new();
        let mut costs = scores.clone();
        let mut user_defined = vec![0; size];
        for (id, piece, kind) in pieces() {
            match kind {
                PieceKind::Normal => keys.push((piece, id)),
                PieceKind::UserDefined => {
                    keys.push((piece, id));
                    let len = piece.len() as u32;
                    user_defined[id as usize] = len;
                    costs[id as usize] = user_defined_score(len);
                }
                PieceKind::Unused if piece != NUL_PIECE => _ = aside.insert(piece.into(), id),
                _ => {}
            }
        }
        let mut bytes = Vec::new();
        for (id, piece, kind) in pieces() {
            if matches!(kind, PieceKind::Unknown | PieceKind::Control | PieceKind::Byte) {
                aside.insert(piece.into(), id);
            }
        }
        if *byte_fallback {
            for byte in 0..=u8::MAX {
                let piece = byte_piece(byte);
                match aside.get(piece.as_bytes()) {
                    Some(&id) => bytes.push(id),
                    None => return Err(Error::field("pieces", format!("no byte piece {piece}"))),
                }
            }
        }
        let unknown = of_kind(PieceKind::Unknown).next().map_or(NONE, |(id, ..)| id);
        if unknown == NONE && !byte_fallback {
            return Err(Error::field("pieces", "no unknown piece, nor byte fallback"));
        }
        let lowest = of_kind(PieceKind::Normal).map(|(id, ..)| scores[id as usize]);
        let lowest = lowest.fold(f32::MAX, |a, b| if b < a { b } else { a });
        let text = |piece| std::str::from_utf8(piece).unwrap_or_default();
        let merges = match kind {
            SentencePieceKind::Bpe => Some(Merges::new(vocab, def)?),
            _ => None,
        };
        Ok(Self {
            kind: *kind,
            lexicon: Lexicon {
                trie: Trie::new(&keys, automaton)?,
                scores: costs,
                unknown_score: lowest - UNKNOWN_PENALTY,
                unknown,
            },
            user_defined,
            aside,
            bytes,
            matcher: Matcher::new(
                of_kind(PieceKind::UserDefined).map(|(_, piece, _)| text(piece)),
            )?,
            merges,
            cuts: WordCuts::of(def, pieces().map(|(_, piece, kind)| (text(piece), kind))),
        })
    }

    /// Appends the tokens of a normalized text. Their positions are bytes of that text.
    /// Unigram: O(bytes x pieces at a place); BPE: O(n log n) for a word of n characters.
    pub fn tokenize(
        &self,
        normalized: &str,
        scratch: &mut SentencePieceScratch,
        out: &mut Vec<Token>,
    ) -> Result<()> {
        check_length(normalized)?;
        let mut sink = Sink::new(self, normalized, out);
        match (self.kind, &self.merges) {
            (SentencePieceKind::Bpe, Some(merges)) => {
                merges.tokenize(&self.matcher, normalized, &mut scratch.merge, |id, start, end| {
                    sink.push(id, start, end);
                });
            }
            (SentencePieceKind::Word, _) => self.words(normalized, &mut sink),
            (SentencePieceKind::Char, _) => self.chars(normalized, &mut sink),
            _ => {
                let text = normalized.as_bytes();
                best_path(&self.lexicon, text, 0.0, &mut scratch.path, &mut |(id, start, end)| {
                    sink.push(id, start, end);
                });
                scratch.path.trim();
            }
        }
        Ok(())
    }

    /// A word is all from one U+2581 to the next.
    fn words(&self, text: &str, sink: &mut Sink<'_>) {
        let mut start = 0;
        while start < text.len() {
            let rest = text.as_bytes().get(start + 1..).unwrap_or(&[]);
            let end =
                memchr::memmem::find(rest, SIGN.as_bytes()).map_or(text.len(), |at| start + 1 + at);
            sink.push(self.normal(text, start, end), start, end);
            start = end;
        }
    }

    /// Characters and user-defined pieces.
    fn chars(&self, text: &str, sink: &mut Sink<'_>) {
        let bytes = text.as_bytes();
        let mut start = 0;
        while let Some(&first) = bytes.get(start) {
            let len = self.matcher.longest(&bytes[start..]).unwrap_or_else(|| char_len(first));
            let end = (start + len).min(text.len());
            sink.push(self.normal(text, start, end), start, end);
            start = end;
        }
    }

    /// The id of a part of the text, or the unknown one.
    fn normal(&self, text: &str, start: usize, end: usize) -> TokenId {
        let part = text.as_bytes().get(start..end).unwrap_or(&[]);
        self.lexicon.trie.get(part).unwrap_or(self.lexicon.unknown)
    }

    /// The id of a piece by its spelling; the unknown one's if there is none.
    pub fn piece_to_id(&self, piece: &[u8]) -> Option<TokenId> {
        let unknown = Some(self.lexicon.unknown).filter(|&id| id != NONE);
        let normal = || self.lexicon.trie.get(piece).or(unknown);
        self.aside.get(piece).copied().or_else(normal)
    }

    /// Whether this is a model that merges, and never across the place before a sign that follows
    /// another character, nor between two characters that stand together in no piece and of which
    /// it [knows](SentencePiece::knows) both (*Cuts* in [`cuts`]).
    pub(crate) fn cuts_merging(&self) -> bool {
        self.kind == SentencePieceKind::Bpe
            && self.cuts == WordCuts::Before
            && self.user_defined.iter().all(|&len| len == 0)
            && SIGN.chars().all(|sign| self.knows(sign))
    }

    /// Whether what is no piece is spelled in bytes.
    pub(crate) fn spells_all(&self) -> bool {
        !self.bytes.is_empty()
    }

    /// Whether a character is a piece, or spelled in bytes, and so never unknown.
    pub(crate) fn knows(&self, c: char) -> bool {
        self.spells_all() || self.lexicon.trie.get(c.encode_utf8(&mut [0; 4]).as_bytes()).is_some()
    }

    /// Where a text may be cut into words that are encoded one after the other.
    pub fn word_cuts(&self) -> WordCuts {
        self.cuts
    }
}

/// The spelling of a byte's piece.
pub(crate) fn byte_piece(byte: u8) -> String {
    format!("<0x{byte:02X}>")
}

/// Takes the parts of a text and their ids, and appends tokens.
struct Sink<'a> {
    model: &'a SentencePiece,
    text: &'a [u8],
    out: &'a mut Vec<Token>,
    /// Whether the last part was unknown.
    after_unknown: bool,
}

impl<'a> Sink<'a> {
    fn new(model: &'a SentencePiece, text: &'a str, out: &'a mut Vec<Token>) -> Self {
        Self { model, text: text.as_bytes(), out, after_unknown: false }
    }

    #[inline]
    fn push(&mut self, id: TokenId, start: usize, end: usize) {
        let token = Token { id, start: start as u32, end: end as u32 };
        if id != self.model.lexicon.unknown {
            self.out.push(token);
            self.after_unknown = false;
            return;
        }
        let part = self.text.get(start..end).unwrap_or(&[]);
        match (self.out.last_mut(), part.split_last()) {
            (_, Some((&last, before))) if !self.model.bytes.is_empty() => {
                let byte = |byte: u8| self.model.bytes.get(usize::from(byte)).copied();
                let empty = Token { end: token.start, ..token };
                let ids = before.iter().filter_map(|&at| byte(at));
                self.out.extend(ids.map(|id| Token { id, ..empty }));
                self.out.extend(byte(last).map(|id| Token { id, ..token }));
            }
            (Some(before), _) if self.after_unknown => before.end = token.end,
            _ => self.out.push(token),
        }
        self.after_unknown = true;
    }
}

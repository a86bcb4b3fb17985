//! Which sequences of tokens a BPE over characters gives, that of tokenizers and that of
//! SentencePiece.
//!
//! What is merged is canonical if and only if each two neighbours are ([`super::pairs`]). A character
//! that has no token is spelled in those of its bytes, which no merge takes: they fit anywhere, but
//! only as whole characters, and never as one that has a token. Where pieces that are a token are
//! taken whole (`ignore_merges`), a piece of that text has no other tokens; but a longer one may
//! begin with them, for it can always go on with a character that is in no token.
//!
//! The unknown token is no text. Nothing is said of what goes on behind one, nor of texts in which
//! the spelling of a byte's token stands as such.

mod rules;

use super::pairs::Pairs;
use super::shape::{Shape, byte_tokens, refused};
use super::unigram::Phase;
use super::utf8::{Chars, Grown, Partial};
use crate::byte_probs::mask::Mask;
use crate::byte_probs::trie::{Prefix, TokenTrie};
use crate::encode::model::sentencepiece::NUL_PIECE;
use crate::error::Result;
use crate::formats::pipeline::{Model, PieceKind, SentencePieceKind};
use crate::token::{NONE, TokenId};
use crate::tokenizer::Tokenizer;
use rules::Rules;
use std::sync::Arc;

/// The model as a judge of token sequences.
#[derive(Debug)]
pub(crate) struct CharBpe {
    trie: Arc<TokenTrie>,
    shape: Shape,
    roles: Vec<Role>,
    pub(super) pairs: Pairs,
    /// Tokens that begin a text.
    begin: Arc<Mask>,
    /// Tokens that go on with a piece.
    inside: Mask,
    /// Tokens that begin a piece behind another one, where a text is cut before spaces.
    words: Option<Mask>,
    /// Characters that are never spelled in bytes.
    unspelled: Chars,
    /// Places of the tokens for bytes.
    bytes: Vec<u32>,
    /// All tokens by spelling, if a piece that is one is taken whole.
    whole: Option<TokenTrie>,
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// It never comes out.
    Nowhere,
    /// Text.
    Text,
    /// A byte of a character that has no token.
    Byte(u8),
}

/// What the tokens so far leave behind.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct CharBpeState {
    phase: Phase,
    /// The last token; [`NONE`] before the first and behind bytes.
    last: u32,
    /// Of a character that is spelled in bytes.
    partial: Partial,
    /// Where pieces are taken whole, the tokens that begin with the piece so far.
    piece: Option<Prefix>,
    /// Whether that is one token.
    single: bool,
}

impl CharBpe {
    /// Reads the model. O(bytes of the vocabulary) for trained ones.
    ///
    /// # Errors
    /// [`crate::Error::Unsupported`] with what cannot be followed.
    pub(crate) fn new(tokenizer: &Tokenizer, trie: &Arc<TokenTrie>) -> Result<Self> {
        let shape = Shape::new(tokenizer)?;
        let (fallback, kinds, whole) = match &tokenizer.pipeline.model {
            Model::Bpe(bpe) => {
                if bpe.dropout.is_some_and(|dropout| dropout > 0.0) {
                    return Err(refused("dropout: they are drawn at random"));
                }
                let affixes = [&bpe.continuing_subword_prefix, &bpe.end_of_word_suffix];
                if affixes.into_iter().flatten().any(|affix| !affix.is_empty()) {
                    return Err(refused("a subword prefix or an end-of-word suffix"));
                }
                (bpe.byte_fallback, None, bpe.ignore_merges)
            }
            Model::SentencePiece(def) if def.kind == SentencePieceKind::Bpe => {
                (def.byte_fallback, Some(&def.types), false)
            }
            other => return Err(refused(&format!("merges of a {} model", other.kind()))),
        };
        let byte_ids = byte_tokens(tokenizer, fallback)?;
        let in_text = |id: TokenId, piece: &[u8]| {
            kinds.map_or_else(
                || tokenizer.model_id(piece) == Some(id),
                |kinds| kinds.get(id as usize) == Some(&PieceKind::Normal) && piece != NUL_PIECE,
            )
        };
        let mut roles = vec![Role::Nowhere; trie.len()];
        for (place, role) in (0..).zip(&mut roles) {
            let id = trie.id(place);
            let Some(piece) = tokenizer.vocab.get(id) else { continue };
            if let Some(byte) = byte_ids.iter().position(|&byte| byte == id) {
                *role = Role::Byte(byte as u8);
            } else if in_text(id, piece)
                && shape.spelled(piece).as_deref() == Some(trie.spelling(place))
            {
                *role = Role::Text;
            }
        }
        let rules = match &tokenizer.pipeline.model {
            Model::SentencePiece(def) => Rules::scored(tokenizer, def, trie, &roles)?,
            Model::Bpe(bpe) => Rules::listed(tokenizer, bpe, shape, trie, &roles, &byte_ids)?,
            _ => Rules::default(),
        };
        // A single character may also be a special token, which is no text here.
        let mut taken: Vec<char> = rules.letters().collect();
        for (id, piece) in tokenizer.vocab.iter().filter(|&(id, piece)| in_text(id, piece)) {
            let mut chars = std::str::from_utf8(piece).unwrap_or_default().chars();
            if let (Some(letter), None) = (chars.next(), chars.next())
                && !byte_ids.contains(&id)
            {
                taken.push(letter);
            }
        }
        if let Some(sign) = shape.sign
            && fallback
            && !taken.contains(&sign)
        {
            return Err(refused("a sign for spaces that is spelled in bytes"));
        }
        let model = Self {
            shape,
            pairs: rules.live(trie),
            begin: Arc::new(Mask::none(0)),
            inside: Mask::none(trie.len()),
            words: None,
            unspelled: shape.unspelled(taken),
            bytes: byte_ids.iter().filter_map(|&id| trie.place(id)).collect(),
            whole: whole.then(|| whole_pieces(tokenizer, shape)).transpose()?,
            roles,
            trie: Arc::clone(trie),
        };
        Ok(model.with_masks())
    }

    fn with_masks(mut self) -> Self {
        let len = self.trie.len();
        let spaces = self.trie.find(b" ").range();
        let (mut begin, mut words) = (Mask::none(len), Mask::none(len));
        let start = self.start();
        for place in 0..len as u32 {
            let text = self.roles[place as usize] == Role::Text;
            if self.step(&start, place).is_some() {
                begin.insert(place);
                if text && spaces.contains(&place) {
                    words.insert(place);
                }
            }
            if text && self.pairs.is_live(place) && !(self.shape.cuts && spaces.contains(&place)) {
                self.inside.insert(place);
            }
        }
        self.begin = Arc::new(begin);
        self.words = self.shape.cuts.then_some(words);
        self
    }

    /// Before any token.
    pub(crate) fn start(&self) -> CharBpeState {
        CharBpeState {
            phase: Phase::Start,
            last: NONE,
            partial: Partial::default(),
            piece: self.whole.as_ref().map(TokenTrie::root),
            single: false,
        }
    }

    /// Before any token behind a special one.
    pub(crate) fn start_behind(&self) -> CharBpeState {
        let led = !self.shape.lead || self.shape.leads_again;
        CharBpeState { phase: if led { Phase::Start } else { Phase::Text }, ..self.start() }
    }

    /// Whether nothing stands in the piece, where pieces are taken whole.
    fn is_fresh(&self, state: &CharBpeState) -> bool {
        let piece = self.whole.as_ref().zip(state.piece);
        piece.is_some_and(|(tokens, piece)| piece == tokens.root())
    }

    /// Whether the text so far is encoded as the tokens so far.
    pub(crate) fn complete(&self, state: &CharBpeState) -> bool {
        self.ends(state) && (state.phase != Phase::Lead || self.shape.lead_alone)
    }

    /// Whether the piece so far is encoded as its tokens.
    fn ends(&self, state: &CharBpeState) -> bool {
        state.partial.is_empty() && (state.single || !self.is_token(state.piece))
    }

    /// Whether the piece so far would be taken whole.
    fn is_token(&self, piece: Option<Prefix>) -> bool {
        let whole = self.whole.as_ref().zip(piece);
        whole.is_some_and(|(tokens, piece)| !tokens.ending(piece).is_empty())
    }

    /// Adds a token; `None` if no text has these tokens. O(length).
    pub(crate) fn step(&self, state: &CharBpeState, place: u32) -> Option<CharBpeState> {
        let role = *self.roles.get(place as usize)?;
        let spelled = self.trie.spelling(place);
        let start = state.phase == Phase::Start;
        let space = spelled.first() == Some(&b' ') && role == Role::Text;
        if start && self.shape.lead && !space {
            return None;
        }
        if let Role::Byte(byte) = role {
            return self.byte(state, byte);
        }
        if role == Role::Nowhere || !state.partial.is_empty() {
            return None;
        }
        let begins = start || self.shape.cuts && space || self.is_fresh(state);
        let live = self.pairs.is_live(place);
        let fits = if begins {
            self.ends(state) && (live || self.whole.is_some())
        } else {
            live && !self.is_closed(state)
                && (state.last == NONE || self.pairs.fits(state.last, place))
        };
        if !fits {
            return None;
        }
        let piece = if begins { self.whole.as_ref().map(TokenTrie::root) } else { state.piece };
        let lead = start && self.shape.lead && spelled == b" ";
        Some(CharBpeState {
            phase: if lead { Phase::Lead } else { Phase::Text },
            last: place,
            partial: Partial::default(),
            piece: self.grown(piece, spelled),
            single: begins && self.whole.is_some(),
        })
    }

    /// Whether the last token is one that only a whole piece is.
    fn is_closed(&self, state: &CharBpeState) -> bool {
        state.last != NONE && !self.pairs.is_live(state.last)
    }

    /// The tokens that begin with a piece and more bytes, if there are any.
    fn grown(&self, piece: Option<Prefix>, bytes: &[u8]) -> Option<Prefix> {
        let (tokens, mut piece) = self.whole.as_ref().zip(piece)?;
        for &byte in bytes {
            piece = tokens.child(piece, byte);
            if piece.is_empty() {
                return None;
            }
        }
        Some(piece)
    }

    /// Adds a byte of a character that has no token.
    fn byte(&self, state: &CharBpeState, byte: u8) -> Option<CharBpeState> {
        if self.is_closed(state) {
            return None;
        }
        let (partial, c) = match state.partial.grown(byte)? {
            Grown::Partial(partial) => (partial, None),
            Grown::Char(c) => (Partial::default(), Some(c)),
        };
        let goes_on = match c {
            Some(c) => !self.unspelled.has(c),
            None => self.unspelled.leave(partial),
        };
        goes_on.then(|| CharBpeState {
            phase: Phase::Text,
            last: NONE,
            partial,
            piece: self.grown(state.piece, &[byte]),
            single: false,
        })
    }

    /// The tokens that [`CharBpe::step`] takes.
    pub(crate) fn mask(&self, state: &CharBpeState) -> Arc<Mask> {
        if state.phase == Phase::Start {
            return Arc::clone(&self.begin);
        }
        let mut mask = if !state.partial.is_empty() || self.is_closed(state) {
            Mask::none(self.trie.len())
        } else {
            let mut mask = self.inside.clone();
            if state.last != NONE {
                mask.subtract(&self.pairs.invalid_after(state.last));
            }
            mask
        };
        if let Some(words) = &self.words
            && self.ends(state)
        {
            mask.union(words);
        }
        if self.is_fresh(state) {
            let places = 0..self.trie.len() as u32;
            for place in places.filter(|&place| self.step(state, place).is_some()) {
                mask.insert(place);
            }
        }
        for &place in &self.bytes {
            if self.step(state, place).is_some() {
                mask.insert(place);
            }
        }
        Arc::new(mask)
    }
}

/// All tokens as a piece can be spelled that is taken whole.
fn whole_pieces(tokenizer: &Tokenizer, shape: Shape) -> Result<TokenTrie> {
    let Model::Bpe(bpe) = &tokenizer.pipeline.model else {
        return Err(refused("pieces taken whole"));
    };
    let unknown = bpe.unk_token.as_ref();
    if unknown.is_some_and(|token| tokenizer.model_id(token.as_bytes()).is_none()) {
        return Err(refused("pieces taken whole, and an unknown token that is none"));
    }
    let spelled = tokenizer.vocab.iter().filter_map(|(id, piece)| {
        (tokenizer.model_id(piece) == Some(id)).then_some((id, shape.spelled(piece)?))
    });
    TokenTrie::new(&spelled.collect::<Vec<_>>())
}

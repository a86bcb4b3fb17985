//! Which sequences of tokens a Unigram model gives, that of tokenizers and that of SentencePiece.
//!
//! A text's tokens are its best path, and what is before a token on the best path is the best path
//! to the token's beginning. So a sequence is a prefix of some encoding if and only if it is the
//! encoding of its own text: the same recurrence, with the same sums, rounded alike and in the
//! same order ([`forward`]), run over the bytes of one token after the other. It needs the sums of
//! the places at which a piece begins that goes on beyond the end of what is known. Only in the
//! middle of a character that is spelled in bytes does the text not stand yet: there must be a
//! character that goes on so.
//!
//! All tokens that may come next are found without running it for each ([`rivals`]).
//!
//! The unknown token is no text. Nothing is said of what goes on behind one, nor of texts in which
//! the spelling of the unknown token, or of a byte's, stands as such.

mod forward;
mod rivals;

use super::shape::{Shape, byte_tokens, refused};
use super::utf8::{Chars, Grown, Partial};
use crate::byte_probs::trie::{Prefix, TokenTrie};
use crate::encode::model::unigram::UNKNOWN_PENALTY;
use crate::error::Result;
use crate::formats::pipeline::{Model, PieceKind, SentencePieceKind};
use crate::token::{NONE, TokenId};
use crate::tokenizer::Tokenizer;
use rivals::Rivals;
use std::sync::Arc;

/// The model as a judge of token sequences.
#[derive(Debug)]
pub(crate) struct Unigram {
    trie: Arc<TokenTrie>,
    shape: Shape,
    lattice: Lattice,
    /// By place in `trie`.
    roles: Vec<Role>,
    /// Characters that are never spelled in bytes.
    unspelled: Chars,
    /// The same, and those in some piece.
    taken: Chars,
    /// Places of the tokens for bytes.
    bytes: Vec<u32>,
    rivals: Rivals,
}

/// The pieces that are found in text, and the arithmetic of their sums.
#[derive(Debug)]
struct Lattice {
    pieces: TokenTrie,
    /// By place in `pieces`.
    scores: Vec<f64>,
    unknown_score: f64,
    /// Sums are rounded to single precision, and moved back to zero where they become large.
    single: bool,
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// It never comes out.
    Nowhere,
    /// A piece, by its place among the pieces.
    Piece(u32),
    /// A byte of a character that is no piece.
    Byte(u8),
}

/// What the tokens so far leave behind.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct UnigramState {
    phase: Phase,
    /// Where pieces begin that go on beyond the end, leftmost first, and the end itself.
    live: Arc<[Live]>,
    /// Of a character that is spelled in bytes.
    partial: Partial,
}

/// How much of a text there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Phase {
    /// Nothing.
    Start,
    /// The space that every text begins with.
    Lead,
    /// More.
    Text,
}

/// A place where a piece may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Live {
    /// The pieces that begin with the bytes from there to the end.
    prefix: Prefix,
    /// The best sum of a path to it, as bits.
    sum: u64,
    /// What sums ahead of it were moved by when it was reached, as bits; 0 if they were not.
    moved: u64,
}

impl Unigram {
    /// Reads the model. O(bytes of the vocabulary x length of a piece).
    ///
    /// # Errors
    /// [`crate::Error::Unsupported`] with what cannot be followed.
    pub(crate) fn new(tokenizer: &Tokenizer, trie: &Arc<TokenTrie>) -> Result<Self> {
        let shape = Shape::new(tokenizer)?;
        let (found, unknown, fallback, single) = found_pieces(tokenizer)?;
        let byte_ids = byte_tokens(tokenizer, fallback)?;
        let lowest = found.iter().map(|&(.., score)| score);
        let lowest = lowest.fold(f64::INFINITY, |a, b| if b < a { b } else { a });
        if found.iter().any(|(.., score)| !score.is_finite()) {
            return Err(refused("a score that is no finite number"));
        }
        let penalty = f64::from(UNKNOWN_PENALTY);
        if fallback && !single && lowest > penalty {
            // Two unknown characters could be better than a piece, and are looked up together.
            return Err(refused("scores that are all above 10"));
        }
        let mut spelled = Vec::with_capacity(found.len());
        let mut scores = vec![0.0; tokenizer.vocab.id_limit()];
        for (id, piece, score) in &found {
            scores[*id as usize] = *score;
            if let Some(bytes) = shape.spelled(piece) {
                spelled.push((*id, bytes));
            }
        }
        let pieces = TokenTrie::new(&spelled)?;
        let mut chars: Vec<char> = Vec::new();
        for (_, bytes) in &spelled {
            chars.extend(std::str::from_utf8(bytes).unwrap_or_default().chars());
        }
        chars.sort_unstable();
        chars.dedup();
        let by_place = pieces.order().iter().map(|&id| scores[id as usize]).collect();
        let unknown_score = if single {
            // As the encoder has it: the scores of normal pieces alone count.
            f64::from(lowest_normal(tokenizer) - UNKNOWN_PENALTY)
        } else {
            lowest - penalty
        };
        let lattice = Lattice { pieces, scores: by_place, unknown_score, single };
        let own_piece = |c: &char| lattice.is_piece(*c);
        if unknown == NONE && !single && !chars.iter().all(own_piece) {
            return Err(refused(
                "characters of pieces that are unknown by themselves, and no unknown token",
            ));
        }
        if fallback && shape.sign.is_some() && !lattice.is_piece(' ') {
            return Err(refused("a sign for spaces that is spelled in bytes"));
        }
        let mut roles = vec![Role::Nowhere; trie.len()];
        for place in 0..trie.len() as u32 {
            let id = trie.id(place);
            if let Some(byte) = byte_ids.iter().position(|&byte| byte == id) {
                // Without an unknown token a text with unknown characters is refused.
                if single || unknown != NONE {
                    roles[place as usize] = Role::Byte(byte as u8);
                }
            } else if let Some(piece) = lattice.pieces.place(id)
                && lattice.last_of(lattice.pieces.find(trie.spelling(place))) == Some(piece)
                && id != unknown
            {
                roles[place as usize] = Role::Piece(piece);
            }
        }
        let bytes = byte_ids.iter().filter_map(|&id| trie.place(id)).collect();
        let own = chars.iter().copied().filter(own_piece).collect();
        let (unspelled, taken) = (shape.unspelled(own), shape.unspelled(chars));
        let rivals = Rivals::new(trie, &lattice, &roles)?;
        let trie = Arc::clone(trie);
        let mut model = Self { trie, shape, lattice, roles, unspelled, taken, bytes, rivals };
        model.find_beginnings();
        Ok(model)
    }

    /// Before any token.
    #[allow(clippy::unused_self, reason = "as of the other models")]
    pub(crate) fn start(&self) -> UnigramState {
        UnigramState {
            phase: Phase::Start,
            live: [Live::at(0.0)].into(),
            partial: Partial::default(),
        }
    }

    /// Before any token behind a special one.
    pub(crate) fn start_behind(&self) -> UnigramState {
        let led = !self.shape.lead || self.shape.leads_again;
        UnigramState { phase: if led { Phase::Start } else { Phase::Text }, ..self.start() }
    }

    /// Whether the text so far is encoded as the tokens so far.
    pub(crate) fn complete(&self, state: &UnigramState) -> bool {
        state.partial.is_empty() && (state.phase != Phase::Lead || self.shape.lead_alone)
    }

    /// Adds a token; `None` if no text has these tokens. O(length x live places), where a
    /// character does not have to be searched.
    pub(crate) fn step(&self, state: &UnigramState, place: u32) -> Option<UnigramState> {
        match *self.roles.get(place as usize)? {
            Role::Nowhere => None,
            Role::Piece(piece) => self.piece(state, self.trie.spelling(place), piece),
            Role::Byte(byte) => self.byte(state, byte),
        }
    }

    /// Adds a piece.
    fn piece(&self, state: &UnigramState, spelled: &[u8], piece: u32) -> Option<UnigramState> {
        let space = spelled.first() == Some(&b' ');
        let start = state.phase == Phase::Start;
        if !state.partial.is_empty() || start && self.shape.lead && !space {
            return None;
        }
        let fresh = [Live::at(0.0)];
        let before = if self.shape.cuts && space { &fresh } else { &state.live[..] };
        let (live, last) = self.lattice.advance(before, spelled);
        if last.piece != Some(piece) || last.len != spelled.len() as u32 {
            return None;
        }
        let lead = start && self.shape.lead && spelled == b" ";
        let phase = if lead { Phase::Lead } else { Phase::Text };
        Some(UnigramState { phase, live: live.into(), partial: Partial::default() })
    }

    /// Adds a byte of a character that is no piece.
    fn byte(&self, state: &UnigramState, byte: u8) -> Option<UnigramState> {
        if state.phase == Phase::Start && self.shape.lead {
            return None;
        }
        match state.partial.grown(byte)? {
            Grown::Char(c) => {
                let live = self.unknown(&state.live, c)?;
                let partial = Partial::default();
                Some(UnigramState { phase: Phase::Text, live: live.into(), partial })
            }
            Grown::Partial(partial) => {
                // No piece has a character of those that are left, so nothing rivals it.
                let goes_on = self.taken.leave(partial)
                    || partial.range().is_some_and(|(low, high)| {
                        (low..=high).any(|c| self.unknown(&state.live, c).is_some())
                    });
                goes_on.then(|| UnigramState { phase: Phase::Text, partial, ..state.clone() })
            }
        }
    }

    /// Adds a character that is spelled in bytes, if the best path does.
    fn unknown(&self, live: &[Live], c: char) -> Option<Vec<Live>> {
        if self.unspelled.has(c) {
            return None;
        }
        let (live, last) = self.lattice.advance(live, c.encode_utf8(&mut [0; 4]).as_bytes());
        last.piece.is_none().then_some(live)
    }
}

impl Live {
    fn at(sum: f64) -> Self {
        let prefix = Prefix { lo: 0, hi: u32::MAX, depth: 0 };
        Self { prefix, sum: sum.to_bits(), moved: 0 }
    }
}

/// A piece that is found in text: id, spelling in the file, score.
type Found<'t> = (TokenId, &'t [u8], f64);

/// The pieces of a model, its unknown token, whether it spells in bytes, and whether its sums are
/// in single precision.
fn found_pieces(tokenizer: &Tokenizer) -> Result<(Vec<Found<'_>>, TokenId, bool, bool)> {
    let vocab = &tokenizer.vocab;
    match &tokenizer.pipeline.model {
        Model::Unigram(def) => {
            // Added tokens come behind those of the model.
            let found = vocab
                .iter()
                .filter_map(|(id, piece)| Some((id, piece, *def.scores.get(id as usize)?)));
            Ok((found.collect(), def.unk_id.unwrap_or(NONE), def.byte_fallback, false))
        }
        Model::SentencePiece(def) if def.kind == SentencePieceKind::Unigram => {
            let (mut found, mut unknown) = (Vec::new(), NONE);
            for (id, piece) in vocab.iter() {
                let Some(kind) = def.types.get(id as usize) else { continue };
                let score = match kind {
                    PieceKind::Normal => f64::from(def.scores[id as usize]),
                    PieceKind::UserDefined if piece.contains(&b' ') => {
                        return Err(refused("a user-defined piece that has a space"));
                    }
                    PieceKind::UserDefined => f64::from((0.1 * (piece.len() as f64 - 1.0)) as f32),
                    PieceKind::Unknown => {
                        unknown = id;
                        continue;
                    }
                    _ => continue,
                };
                found.push((id, piece, score));
            }
            Ok((found, unknown, def.byte_fallback, true))
        }
        other => Err(refused(&format!("best paths of a {} model", other.kind()))),
    }
}

/// The lowest score of a normal piece.
fn lowest_normal(tokenizer: &Tokenizer) -> f32 {
    let Model::SentencePiece(def) = &tokenizer.pipeline.model else { return f32::MAX };
    let normal = def.scores.iter().zip(&def.types).filter(|(_, kind)| **kind == PieceKind::Normal);
    normal.map(|(&score, _)| score).fold(f32::MAX, |a, b| if b < a { b } else { a })
}

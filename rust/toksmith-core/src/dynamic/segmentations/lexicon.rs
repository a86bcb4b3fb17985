//! The tokens that a text may be segmented into, by the bytes they stand for.
//!
//! One token a spelling: of tokens that are spelled alike the one that spells text rather than a
//! byte (`<0x41>`), then the one that the model looks up (a Unigram the last), then the first. Added tokens are none of them: what is found as one
//! stays one. Nor are tokens that the model takes always or never (SentencePiece's user-defined and
//! unused pieces), and the unknown token.

use crate::byte_probs::spelling::Spelling;
use crate::byte_probs::trie::TokenTrie;
use crate::error::{Error, Result};
use crate::formats::pipeline::{Model, PieceKind, SentencePieceKind};
use crate::token::{NONE, TokenId};
use crate::tokenizer::{Engine, Tokenizer};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// By which of equal spellings the first is kept.
type Order = (bool, bool, u32);

/// A tokenizer and its tokens by spelling.
#[derive(Debug)]
pub struct Lexicon {
    pub(super) tokenizer: Arc<Tokenizer>,
    pub(super) trie: Arc<TokenTrie>,
    /// Id -> place in the trie of the token with its spelling, or [`NONE`].
    places: Vec<u32>,
}

impl Lexicon {
    /// Sorts the tokens; `bytes`: those that spell a byte as `<0x41>` too.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where tokens do not stand for bytes by themselves.
    pub fn new(tokenizer: Arc<Tokenizer>, bytes: bool) -> Result<Self> {
        let spelling = Spelling::new(&tokenizer)?;
        let mut fixed: BTreeSet<TokenId> =
            tokenizer.added_tokens().tokens().iter().map(|token| token.id).collect();
        if let Engine::General(general) = &tokenizer.engine {
            fixed.extend(general.unknown());
        }
        if let Model::SentencePiece(model) = &tokenizer.pipeline.model {
            let kinds = (0..).zip(&model.types);
            fixed.extend(kinds.filter(|&(_, &kind)| kind == PieceKind::UserDefined).map(|it| it.0));
        }
        let last_counts = matches!(tokenizer.pipeline.model, Model::Unigram(_));
        let mut tokens: Vec<(Order, TokenId, Vec<u8>)> = Vec::with_capacity(spelling.tokens.len());
        for (id, spelled) in spelling.tokens {
            // Two bytes for a sign, or six for a byte, that are one byte of text.
            let raw = tokenizer.vocab().get(id).unwrap_or_default();
            let is_byte = spelled.len() == 1 && raw.len() == 6 && raw.starts_with(b"<0x");
            if !fixed.contains(&id) && !spelled.is_empty() && (bytes || !is_byte) {
                let found = match &tokenizer.engine {
                    Engine::Bytes(bytes) => bytes.words.spelling(tokenizer.vocab(), raw),
                    Engine::General(_) if last_counts => None,
                    Engine::General(general) => general.spellings.get(raw),
                };
                let order = if last_counts { NONE - id } else { id };
                tokens.push(((is_byte, found != Some(id), order), id, spelled));
            }
        }
        tokens.sort_unstable_by_key(|&(key, ..)| key);
        let (mut first, mut kept) = (HashMap::new(), Vec::with_capacity(tokens.len()));
        let mut same = vec![NONE; tokenizer.vocab().id_limit()];
        for (_, id, spelled) in tokens {
            let preferred = *first.entry(spelled.clone()).or_insert(id);
            if preferred == id {
                kept.push((id, spelled));
            }
            if let Some(same) = same.get_mut(id as usize) {
                *same = preferred;
            }
        }
        let trie = Arc::new(TokenTrie::new(&kept)?);
        let places = same.iter().map(|&id| trie.place(id).unwrap_or(NONE)).collect();
        Ok(Self { tokenizer, trie, places })
    }

    /// The place in the trie of what an id stands for; none if it is not text, or stays as it is.
    pub(super) fn place(&self, id: TokenId) -> Option<u32> {
        self.places.get(id as usize).copied().filter(|&place| place != NONE)
    }

    /// One more than the largest id.
    pub(super) fn id_limit(&self) -> usize {
        self.places.len()
    }

    /// The log-probabilities of a unigram model, one an id.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for any other model.
    pub fn scores(&self) -> Result<Vec<f64>> {
        match &self.tokenizer.pipeline.model {
            Model::Unigram(model) => Ok(model.scores.clone()),
            Model::SentencePiece(model) if model.kind == SentencePieceKind::Unigram => {
                Ok(model.scores.iter().copied().map(f64::from).collect())
            }
            other => Err(Error::unsupported(format!(
                "segmentations by weight without weights: a model of type {} gives its tokens no \
                 probabilities (a unigram model does); give one weight an id",
                other.kind()
            ))),
        }
    }
}

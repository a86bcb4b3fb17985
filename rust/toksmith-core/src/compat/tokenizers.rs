//! What the interface of tokenizers asks of a tokenizer beyond encoding: tokens by their spelling
//! in the file, changes of added tokens, decoding of ids that may not exist, single components.
//!
//! Start at [`Spelled`]. `python/toksmith/compat/tokenizers` has the classes on top of it.

use crate::decode::chain::DecodeChain;
use crate::encode::added::Allowed;
use crate::encode::draft::Draft;
use crate::encode::general::Rewrite;
use crate::encode::normalize::NormalizeCache;
use crate::encode::pretokenize::stages::Stages;
use crate::encode::spans::char_spans;
use crate::error::{Error, Result};
use crate::formats::hf_json::{self, alphabet};
use crate::formats::{self, AddedToken};
use crate::parallel;
use crate::token::{Span, TokenId};
use crate::tokenizer::Tokenizer;
use crate::watch::Watch;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

/// A tokenizer, with its tokens as its `tokenizer.json` spells them.
#[derive(Debug, Clone)]
pub struct Spelled {
    tokenizer: Arc<Tokenizer>,
    /// Where in the list of added tokens each of their ids is. The last of several counts.
    added: HashMap<TokenId, usize>,
    /// Tokens of the model that are spelled with characters foreign to the byte alphabet, or with
    /// none.
    literal: HashMap<TokenId, String>,
    by_literal: HashMap<String, TokenId>,
    /// Whether the model's other tokens are spelled in the byte alphabet.
    letters: bool,
}

impl Spelled {
    /// Reads and compiles a `tokenizer.json`. With `added` these are its added tokens, with the
    /// ids they have here, whatever the file lists.
    ///
    /// # Errors
    /// Those of [`formats::load`] and [`Tokenizer::build`]; [`Error::Model`] for a file of another
    /// format; [`Error::Unsupported`] for dropout, which [`Tokenizer::encode_sample`] has.
    pub fn load(data: &[u8], added: Option<Vec<AddedToken>>) -> Result<Self> {
        let mut definition = formats::load_json(data)?;
        if let Some(added) = added {
            definition.added = added;
        }
        let tokenizer = Tokenizer::build(definition)?;
        if tokenizer.dropout() > 0.0 {
            return Err(Error::unsupported("model.dropout, by which every call gives other ids"));
        }
        Ok(Self::new(Arc::new(tokenizer)))
    }

    /// Indexes the spellings of a tokenizer.
    pub fn new(tokenizer: Arc<Tokenizer>) -> Self {
        let added = tokenizer.added_tokens().tokens().iter().enumerate();
        let added = added.map(|(place, token)| (token.id, place)).collect();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let literal: HashMap<_, _> =
            tokenizer.decode_only.iter().map(|(id, bytes)| (*id, text(bytes))).collect();
        let by_literal = literal.iter().map(|(id, spelling)| (spelling.clone(), *id)).collect();
        let letters = tokenizer.bytes().is_some() && !tokenizer.pipeline.is_byte_level_alone();
        Self { tokenizer, added, literal, by_literal, letters }
    }

    /// The same with other added tokens. Nothing of the model is compiled anew but its tables.
    ///
    /// # Errors
    /// As of [`Spelled::load`].
    pub fn with_added(&self, added: Vec<AddedToken>) -> Result<Self> {
        let definition = formats::Definition { added, ..self.tokenizer.definition() };
        Ok(Self::new(Arc::new(Tokenizer::build(definition)?)))
    }

    /// The tokenizer.
    pub fn tokenizer(&self) -> &Arc<Tokenizer> {
        &self.tokenizer
    }

    /// Number of entries of the model's vocabulary.
    pub fn model_size(&self) -> usize {
        self.tokenizer.model_tokens + self.tokenizer.decode_only.len()
    }

    /// The spelling of a token, be it the model's or added.
    pub fn token(&self, id: TokenId) -> Option<Cow<'_, str>> {
        match self.added.get(&id).and_then(|&at| self.tokenizer.added.tokens().get(at)) {
            Some(token) => Some(Cow::Borrowed(&token.content)),
            None => self.model_token(id),
        }
    }

    /// What the normalizer makes of an added token that is searched in normalized text, if that is
    /// something else.
    pub fn normalized(&self, id: TokenId) -> Option<&str> {
        self.tokenizer.added.normalized(id)
    }

    /// The spelling of a token of the model.
    pub fn model_token(&self, id: TokenId) -> Option<Cow<'_, str>> {
        if let Some(literal) = self.literal.get(&id) {
            return Some(Cow::Borrowed(literal));
        }
        if id as usize >= self.tokenizer.model_limit {
            return None;
        }
        let bytes = self.tokenizer.vocab.get(id)?;
        if self.letters {
            let spelling = alphabet::encode(bytes);
            // An id below the limit that only an added token has is not the model's.
            return (self.model_id(&spelling) == Some(id)).then_some(Cow::Owned(spelling));
        }
        let spelling = std::str::from_utf8(bytes).ok()?;
        let only_added = self.added.contains_key(&id) && self.model_id(spelling) != Some(id);
        (!only_added).then_some(Cow::Borrowed(spelling))
    }

    /// The id of a token of the model by its spelling.
    pub fn model_id(&self, spelling: &str) -> Option<TokenId> {
        if let Some(&id) = self.by_literal.get(spelling) {
            return Some(id);
        }
        if !self.letters {
            return self.tokenizer.model_id(spelling.as_bytes());
        }
        let mut bytes = Vec::with_capacity(spelling.len());
        if spelling.is_empty() || !alphabet::decode(spelling, &mut bytes) {
            return None;
        }
        self.tokenizer.model_id(&bytes)
    }

    /// All tokens of the model, with their ids.
    pub fn model_tokens(&self) -> impl Iterator<Item = (TokenId, Cow<'_, str>)> {
        let limit = self
            .tokenizer
            .model_limit
            .max(self.literal.keys().map(|&id| id as usize + 1).max().unwrap_or(0));
        (0..limit as TokenId).filter_map(|id| Some((id, self.model_token(id)?)))
    }

    /// The text of ids; those that no token has are passed over.
    ///
    /// # Errors
    /// [`Error::Input`] where a pattern of a decoder takes too many steps.
    pub fn decode(&self, ids: &[TokenId], skip_special: bool) -> Result<String> {
        let known = |id: &TokenId| self.tokenizer.token_bytes(*id).is_ok();
        let bytes = if ids.iter().all(known) {
            self.tokenizer.decode_bytes(ids, skip_special)?
        } else {
            let ids: Vec<_> = ids.iter().copied().filter(known).collect();
            self.tokenizer.decode_bytes(&ids, skip_special)?
        };
        Ok(String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }

    /// [`Spelled::decode`] of many, on at most so many threads.
    ///
    /// # Errors
    /// The error of the first sequence, in order, that has one.
    pub fn decode_batch(
        &self,
        rows: &[Vec<TokenId>],
        skip_special: bool,
        threads: usize,
        watch: &Watch<'_>,
    ) -> Result<Vec<String>> {
        let size = rows.len().div_ceil(threads.max(1) * 8).max(1);
        let jobs = parallel::map(rows.len().div_ceil(size), threads, watch, |job| {
            let part = rows.chunks(size).nth(job).unwrap_or_default();
            part.iter().map(|ids| self.decode(ids, skip_special)).collect::<Result<Vec<_>>>()
        })?;
        Ok(jobs.into_iter().flatten().collect())
    }
}

/// Which special tokens are found in text: all, unless they are to be encoded as text.
pub fn allowed(encode_special_tokens: bool) -> Allowed {
    if encode_special_tokens { Allowed::None } else { Allowed::All }
}

/// The fields of a `tokenizer.json`, in order, each as it stands there.
///
/// # Errors
/// [`Error::Model`] for what is no JSON object.
pub fn sections(data: &[u8]) -> Result<Vec<(String, &str)>> {
    hf_json::fields(data)
}

/// What a normalizer, written as in a `tokenizer.json`, makes of a text.
///
/// # Errors
/// Those of reading it; [`Error::Input`] where a pattern takes too many steps.
pub fn normalize(normalizer: &str, text: &str) -> Result<String> {
    match hf_json::read_normalizer(normalizer)? {
        Some(normalizer) => Rewrite::new(&normalizer)?.text(&mut NormalizeCache::default(), text),
        None => Ok(text.to_owned()),
    }
}

/// The pieces into which a pre-tokenizer, written as in a `tokenizer.json`, cuts a text, and where
/// they are in it, in characters.
///
/// # Errors
/// As of [`normalize`].
pub fn pre_tokenize(pre_tokenizer: &str, text: &str) -> Result<Vec<(String, Span)>> {
    let stages = hf_json::read_pre_tokenizer(pre_tokenizer)?;
    if stages.is_empty() {
        // Even an empty text is a piece then.
        return Ok(vec![(text.to_owned(), Span { start: 0, end: text.chars().count() })]);
    }
    let stages = Stages::new(&stages)?;
    let mut draft = Draft::new(text, 0);
    stages.run(&mut draft, &mut Vec::new(), true)?;
    let spans: Vec<_> = draft.pieces.iter().map(|&piece| draft.given_range(piece)).collect();
    let spans = char_spans(text.as_bytes(), &spans);
    let piece =
        |piece: &Span| draft.text.get(piece.start..piece.end).unwrap_or_default().to_owned();
    Ok(draft.pieces.iter().map(piece).zip(spans).collect())
}

/// The text that a decoder, written as in a `tokenizer.json`, makes of tokens.
///
/// # Errors
/// As of [`normalize`].
pub fn decode_tokens(decoder: &str, tokens: &[String]) -> Result<String> {
    let chain = match hf_json::read_decoder(decoder)? {
        Some(decoder) => DecodeChain::new(&decoder)?,
        None => return Err(Error::unsupported("decoding without a decoder")),
    };
    chain.decode(tokens.iter().map(String::as_str))
}

//! What tiktoken's `CoreBPE` does: ranks, a pattern, and special tokens a call chooses by name.
//!
//! The tokenizer inside knows no special token; they are found here, so that their names, not
//! their ids, decide, and an id may belong to a token and to a special token as well. Equal to
//! tiktoken 0.14.0, but for the special token that is found where one begins with another:
//! here the longest, there the one that comes first in a hash table.
//!
//! Start at [`RankEncoding::encode`].

use super::specials::{Specials, Wanted};
use crate::batch::Ragged;
use crate::encode::added::Allowed;
use crate::error::{Error, Result};
use crate::formats::pipeline::Pipeline;
use crate::formats::{AddedSearch, Definition, Merges, Split, known};
use crate::token::{Span, TokenId};
use crate::tokenizer::{Text, Tokenizer};
use crate::vocab::Vocab;
use crate::watch::Watch;
use std::collections::HashSet;
use std::sync::OnceLock;

/// Ranks, a pattern and special tokens.
#[derive(Debug)]
pub struct RankEncoding {
    pub(super) tokenizer: Tokenizer,
    specials: Specials,
    /// Ids in the order of their tokens' bytes; made when first asked for.
    by_bytes: OnceLock<Vec<TokenId>>,
}

/// A stretch of plain text, or a special token.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stretch<'t> {
    Plain(&'t str),
    Special(TokenId),
}

impl RankEncoding {
    /// From what tiktoken's constructor takes.
    ///
    /// # Errors
    /// [`Error::Vocabulary`] if two tokens share a rank or the ranks are far apart,
    /// [`Error::Unsupported`] if some byte is no token, [`Error::Model`] or [`Error::Input`] if
    /// the pattern is none.
    pub fn new(
        mut ranks: Vec<(Vec<u8>, TokenId)>,
        specials: Vec<(String, TokenId)>,
        pattern: &str,
    ) -> Result<Self> {
        ranks.sort_unstable_by_key(|&(_, rank)| rank);
        let mut vocab = Vocab::with_capacity(ranks.len(), ranks.len() * 8);
        let mut spellings = HashSet::with_capacity(ranks.len());
        for (bytes, rank) in &ranks {
            // A token of no bytes is never found.
            if bytes.is_empty() {
                continue;
            }
            vocab.insert(*rank, bytes, ranks.len())?;
            if !spellings.insert(bytes.as_slice()) {
                return Err(Error::Vocabulary { why: format!("token {rank} is given twice") });
            }
        }
        if let Some(byte) = (0..=255_u8).find(|byte| !spellings.contains([*byte].as_slice())) {
            let what = format!("a vocabulary without a token for the single byte 0x{byte:02x}");
            return Err(Error::unsupported(what));
        }
        drop(spellings);
        let definition = Definition {
            name: None,
            vocab,
            decode_only: Vec::new(),
            merges: Merges::ByRank,
            whole_words: true,
            splits: vec![Split::tiktoken(pattern)],
            added: Vec::new(),
            search: AddedSearch::NextCharacter,
            joins: None,
            pipeline: Pipeline::default(),
        };
        Self::build(definition, specials)
    }

    /// An embedded vocabulary, from the content of its file; see [`known::embedded`].
    pub fn embedded(name: &str, data: &[u8]) -> Result<Self> {
        let mut definition = known::embedded(name, data)?;
        let added = std::mem::take(&mut definition.added);
        let specials = added.into_iter().map(|token| (token.content, token.id)).collect();
        Self::build(definition, specials)
    }

    fn build(definition: Definition, specials: Vec<(String, TokenId)>) -> Result<Self> {
        Ok(Self {
            tokenizer: Tokenizer::build(definition)?,
            specials: Specials::new(specials)?,
            by_bytes: OnceLock::new(),
        })
    }

    /// Tokens that are not special, by id.
    pub fn vocab(&self) -> &Vocab {
        self.tokenizer.vocab()
    }

    /// The special tokens.
    pub fn specials(&self) -> &Specials {
        &self.specials
    }

    /// How text is cut.
    pub fn pattern(&self) -> &str {
        self.tokenizer.splits().first().map_or("", |split| &split.pattern)
    }

    /// The first special token of the text that is not `allowed`, by name.
    pub fn first_disallowed(&self, text: &str, allowed: &Wanted) -> Option<&str> {
        let (at, _) = self.specials.find(text, 0, &allowed.others())?;
        self.specials.tokens().get(at).map(|(name, _)| name.as_str())
    }

    /// Cuts a text at the special tokens that are allowed, and gives the parts in order.
    pub(super) fn stretches<'t>(
        &self,
        text: &'t str,
        allowed: &Wanted,
        mut each: impl FnMut(Stretch<'t>) -> Result<()>,
    ) -> Result<()> {
        let mut start = 0;
        while let Some((at, Span { start: from, end })) = self.specials.find(text, start, allowed) {
            if let Some(plain) = text.get(start..from).filter(|plain| !plain.is_empty()) {
                each(Stretch::Plain(plain))?;
            }
            if let Some((_, id)) = self.specials.tokens().get(at) {
                each(Stretch::Special(*id))?;
            }
            start = end;
        }
        match text.get(start..) {
            Some(plain) if !plain.is_empty() => each(Stretch::Plain(plain)),
            _ => Ok(()),
        }
    }

    /// The ids of a text, special tokens being text unless allowed. O(n).
    pub fn encode(&self, text: &str, allowed: &Wanted, watch: &Watch<'_>) -> Result<Vec<TokenId>> {
        let mut out = Vec::with_capacity(text.len() / 3 + 16);
        self.stretches(text, allowed, |stretch| match stretch {
            Stretch::Plain(plain) => {
                self.tokenizer.encode_into(Text::Str(plain), &Allowed::None, watch, &mut out)
            }
            Stretch::Special(id) => {
                out.push(id);
                Ok(())
            }
        })?;
        Ok(out)
    }

    /// The ids of many texts, in parallel.
    pub fn encode_batch(
        &self,
        texts: &[&str],
        allowed: &Wanted,
        threads: usize,
        watch: &Watch<'_>,
    ) -> Result<Ragged> {
        // Plain stretches are rows of an inner batch; special tokens are put between them.
        let (mut plain, mut order, mut ends) = (Vec::new(), Vec::new(), Vec::new());
        for text in texts {
            self.stretches(text, allowed, |stretch| {
                match stretch {
                    Stretch::Plain(text) => {
                        plain.push(Text::Str(text));
                        order.push(None);
                    }
                    Stretch::Special(id) => order.push(Some(id)),
                }
                Ok(())
            })?;
            ends.push(order.len());
        }
        let inner = self.tokenizer.encode_batch(&plain, &Allowed::None, threads, watch)?;
        let mut rows = inner.offsets.windows(2).map(|pair| {
            let (start, end) = (pair.first()?, pair.get(1)?);
            inner.ids.get(usize::try_from(*start).ok()?..usize::try_from(*end).ok()?)
        });
        let mut out = Ragged {
            ids: Vec::with_capacity(inner.ids.len()),
            offsets: Vec::with_capacity(texts.len() + 1),
        };
        out.offsets.push(0);
        let mut at = 0;
        for end in ends {
            for special in order.get(at..end).into_iter().flatten() {
                match special {
                    Some(id) => out.ids.push(*id),
                    None => out.ids.extend_from_slice(rows.next().flatten().unwrap_or(&[])),
                }
            }
            at = end;
            out.offsets.push(out.ids.len() as i64);
        }
        Ok(out)
    }

    /// The id of the token spelled so, a special one if there is no other.
    pub fn token_id(&self, bytes: &[u8]) -> Option<TokenId> {
        let special = || self.specials.id(std::str::from_utf8(bytes).ok()?);
        self.tokenizer.token_id(bytes).or_else(special)
    }

    /// The bytes of a token, those of a special one if there is no other.
    pub fn token_bytes(&self, id: TokenId) -> Option<&[u8]> {
        self.vocab().get(id).or_else(|| self.specials.name(id).map(str::as_bytes))
    }

    /// The bytes of a sequence of ids, or the first that is none.
    pub fn decode_bytes(&self, ids: &[TokenId]) -> std::result::Result<Vec<u8>, TokenId> {
        let mut out = Vec::with_capacity(ids.len() * 5 + 16);
        for &id in ids {
            out.extend_from_slice(self.token_bytes(id).ok_or(id)?);
        }
        Ok(out)
    }

    /// All tokens that are not special, in the order of their bytes.
    pub fn by_bytes(&self) -> &[TokenId] {
        self.by_bytes.get_or_init(|| {
            let mut tokens: Vec<(&[u8], TokenId)> =
                self.vocab().iter().map(|(id, bytes)| (bytes, id)).collect();
            tokens.sort_unstable();
            tokens.into_iter().map(|(_, id)| id).collect()
        })
    }
}

//! Which pairs may merge by what they spell, and whether a token is what it spells.
//!
//! The published code knows tokens by their strings: what `ab` + `c` and `a` + `bc` make is one
//! token, and the vocabulary's own where that has it. Its boundary is a question about the joined
//! string alone. Both are here for parity; where a place is what matters, `bounds.rs` has it.
//!
//! A pair is asked about when its turn comes, not when it is first seen: most never have one.

use super::spelled::TokenBytes;
use crate::encode::draft::Draft;
use crate::encode::pretokenizer::{self, PreTokenizer};
use crate::error::{Error, Result};
use crate::token::TokenId;
use crate::tokenizer::Tokenizer;
use std::collections::HashMap;

/// The most bytes that all new tokens may have together.
const MOST: usize = 1 << 31;

/// What is asked of a pair before it is merged.
#[derive(Debug, Default)]
pub struct Rule<'a> {
    /// Most bytes of a token.
    longest: Option<usize>,
    /// The bytes of tokens, where anything depends on them.
    bytes: Option<TokenBytes<'a>>,
    first_id: TokenId,
    /// Numbers of bytes of new tokens.
    lengths: Vec<usize>,
    /// Where bytes themselves matter.
    strings: Option<Strings<'a>>,
}

/// Tokens as strings of bytes.
#[derive(Debug)]
struct Strings<'a> {
    tokenizer: &'a Tokenizer,
    /// A merge that spells a token makes that token.
    by_bytes: bool,
    /// Only what is one pre-token may become a token.
    published: bool,
    /// Bytes of new tokens.
    made: Vec<Box<[u8]>>,
    /// New tokens by their bytes.
    ids: HashMap<Box<[u8]>, TokenId>,
    /// Bytes of all of them.
    total: usize,
    joined: Vec<u8>,
}

impl<'a> Rule<'a> {
    /// Every pair may merge, and every merge makes a token of its own.
    pub fn any() -> Self {
        Self::default()
    }

    /// No token longer than `longest` bytes; new ids begin at `first_id`.
    pub fn up_to(longest: usize, bytes: TokenBytes<'a>, first_id: TokenId) -> Self {
        Self { longest: Some(longest), bytes: Some(bytes), first_id, ..Self::default() }
    }

    /// A rule about strings, for byte-level tokenizers.
    ///
    /// `by_bytes`: a merge that spells a token of the model, or an earlier new one, makes that.
    /// `published`: only pairs merge that are one pre-token when joined, by the published rule.
    ///
    /// # Errors
    /// [`Error::Unsupported`] if the tokenizer is not byte-level.
    pub fn of_strings(
        tokenizer: &'a Tokenizer,
        longest: Option<usize>,
        first_id: TokenId,
        by_bytes: bool,
        published: bool,
    ) -> Result<Self> {
        if !tokenizer.takes_bytes() {
            return Err(Error::unsupported(format!(
                "the published boundary, and tokens known by their bytes, for a {} tokenizer: \
                 its tokens are not bytes",
                tokenizer.model_kind()
            )));
        }
        let strings = Strings {
            tokenizer,
            by_bytes,
            published,
            made: Vec::new(),
            ids: HashMap::new(),
            total: 0,
            joined: Vec::new(),
        };
        let bytes = Some(TokenBytes::Themselves(tokenizer));
        Ok(Self { longest, bytes, first_id, lengths: Vec::new(), strings: Some(strings) })
    }

    /// Whether a merge may make a token there is already.
    pub(super) fn by_bytes(&self) -> bool {
        self.strings.as_ref().is_some_and(|strings| strings.by_bytes)
    }

    fn length(&self, id: TokenId) -> usize {
        let new = id.checked_sub(self.first_id).and_then(|at| self.lengths.get(at as usize));
        new.copied().unwrap_or_else(|| self.bytes.as_ref().map_or(0, |all| all.get(id).len()))
    }

    /// Whether a pair may merge at all.
    pub(super) fn allows(&mut self, left: TokenId, right: TokenId) -> Result<bool> {
        if let Some(longest) = self.longest
            && self.length(left).saturating_add(self.length(right)) > longest
        {
            return Ok(false);
        }
        let (Some(strings), Some(bytes)) = (&mut self.strings, &self.bytes) else {
            return Ok(true);
        };
        let split = strings.join(bytes, self.first_id, left, right);
        // Tokens of no bytes make nothing that is not there already.
        if split == 0 || split == strings.joined.len() {
            return Ok(false);
        }
        if strings.published { is_published(strings.tokenizer, &strings.joined) } else { Ok(true) }
    }

    /// The token that a pair makes, if that is there already.
    pub(super) fn known(&mut self, left: TokenId, right: TokenId) -> Option<TokenId> {
        let (Some(strings), Some(bytes)) = (&mut self.strings, &self.bytes) else { return None };
        if !strings.by_bytes {
            return None;
        }
        strings.join(bytes, self.first_id, left, right);
        let joined = strings.joined.as_slice();
        let new = || strings.ids.get(joined).copied();
        strings.tokenizer.model_id(joined).filter(|&id| id < self.first_id).or_else(new)
    }

    /// Takes note of a new token.
    pub(super) fn made(&mut self, left: TokenId, right: TokenId, id: TokenId) -> Result<()> {
        if self.longest.is_some() {
            self.lengths.push(self.length(left).saturating_add(self.length(right)));
        }
        if let (Some(strings), Some(bytes)) = (&mut self.strings, &self.bytes) {
            strings.join(bytes, self.first_id, left, right);
            strings.total += strings.joined.len();
            if strings.total > MOST {
                let why = "new tokens have more than 2^31 bytes together; set max_token_bytes";
                return Err(Error::Input { why: why.into() });
            }
            strings.made.push(strings.joined.as_slice().into());
            strings.ids.insert(strings.joined.as_slice().into(), id);
        }
        Ok(())
    }
}

impl Strings<'_> {
    /// Leaves the bytes of two tokens in `joined`; gives where the right one begins.
    fn join(
        &mut self,
        bytes: &TokenBytes<'_>,
        first: TokenId,
        left: TokenId,
        right: TokenId,
    ) -> usize {
        self.joined.clear();
        let mut split = 0;
        for id in [left, right] {
            split = self.joined.len();
            let new = id.checked_sub(first).and_then(|at| self.made.get(at as usize));
            self.joined.extend_from_slice(match new {
                Some(made) => made,
                None => bytes.get(id),
            });
        }
        split
    }
}

/// Whether the published code would let tokens become this string.
///
/// A space, a tab or a newline may stand at the beginning; further on only in a string of nothing
/// else, which may not be two newlines. Beyond that, what is UTF-8 must be one pre-token of the
/// tokenizer (or none, as that of an empty text); what is not may be anything.
pub(super) fn is_published(tokenizer: &Tokenizer, joined: &[u8]) -> Result<bool> {
    let space = |byte: &u8| is_published_space(*byte);
    if joined.iter().skip(1).any(space) && (joined == b"\n\n" || !joined.iter().all(space)) {
        return Ok(false);
    }
    match std::str::from_utf8(joined) {
        Ok(text) => Ok(pre_tokens(tokenizer, text, 2)? == 1),
        Err(_) => Ok(true),
    }
}

/// What the published code takes for a space.
pub(super) fn is_published_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n')
}

/// The number of pre-tokens of a text by a byte-level tokenizer; it may stop at `enough`.
fn pre_tokens(tokenizer: &Tokenizer, text: &str, enough: usize) -> Result<usize> {
    let Some(level) = tokenizer.bytes() else { return Ok(1) };
    match &level.pre {
        PreTokenizer::Whole => Ok(usize::from(!text.is_empty())),
        PreTokenizer::Known(scanner) => {
            let (bytes, mut at, mut count) = (text.as_bytes(), 0, 0);
            while at < bytes.len() && count < enough {
                at = pretokenizer::next_end(scanner, bytes, at);
                count += 1;
            }
            Ok(count)
        }
        PreTokenizer::Cuts(stages) => tokenizer.with_scratch(|scratch| {
            let mut count = 0;
            stages.cut(text, &mut scratch.general, |_| {
                count += 1;
                Ok(())
            })?;
            Ok(count)
        }),
        PreTokenizer::Letters(stages) => tokenizer.with_scratch(|scratch| {
            let mut draft = Draft::new(text, 0);
            stages.run(&mut draft, &mut scratch.general, false)?;
            Ok(draft.pieces.len())
        }),
    }
}

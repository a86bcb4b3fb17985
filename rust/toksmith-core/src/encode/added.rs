//! Added tokens: found in the text itself, before it is cut into pre-tokens.
//!
//! Special tokens are ordinary text unless the call allows them; the others match always. As
//! in tokenizers, tokens that ask for the text as written are searched first, those that ask
//! for normalized text in what the first search left. Of the tokens that match at one place
//! the longest wins.

use crate::error::{Error, Result};
use crate::formats::{AddedSearch, AddedToken};
use crate::token::{Span, TokenId};
use aho_corasick::{AhoCorasick, Input, MatchKind};
use std::collections::BTreeSet;

/// Which special tokens a call finds in its text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Allowed {
    /// None: all of them are ordinary text.
    #[default]
    None,
    /// All of them.
    All,
    /// These ids.
    Some(BTreeSet<TokenId>),
}

/// A stretch of text, or an added token in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Segment {
    Text(Span),
    Token(TokenId, Span),
}

/// The added tokens of a tokenizer and the automata that find them.
#[derive(Debug)]
pub struct AddedTokens {
    tokens: Vec<AddedToken>,
    /// One automaton a pass, with the index in `tokens` of each of its patterns.
    passes: Vec<(AhoCorasick, Vec<usize>)>,
    search: AddedSearch,
    /// Whether some token matches without being allowed.
    always: bool,
    longest: usize,
}

impl AddedTokens {
    /// Builds the automata, in time linear in the tokens' length.
    pub(crate) fn new(tokens: Vec<AddedToken>, search: AddedSearch) -> Result<Self> {
        let mut passes = Vec::new();
        for normalized in [false, true] {
            let index: Vec<usize> =
                (0..tokens.len()).filter(|&i| tokens[i].normalized == normalized).collect();
            if index.is_empty() {
                continue;
            }
            let automaton = AhoCorasick::builder()
                .match_kind(MatchKind::LeftmostLongest)
                .build(index.iter().map(|&i| &tokens[i].content))
                .map_err(|error| Error::field("added_tokens", error.to_string()))?;
            passes.push((automaton, index));
        }
        let always = tokens.iter().any(|token| !token.special);
        let longest = tokens.iter().map(|token| token.content.len()).max().unwrap_or(0);
        Ok(Self { tokens, passes, search, always, longest })
    }

    /// The tokens, as the file lists them.
    pub fn tokens(&self) -> &[AddedToken] {
        &self.tokens
    }

    /// Bytes of the longest added token.
    pub(crate) fn longest(&self) -> usize {
        self.longest
    }

    pub(crate) fn search(&self) -> AddedSearch {
        self.search
    }

    /// Whether a call with these rights has to search at all.
    #[inline]
    pub(crate) fn applies(&self, allowed: &Allowed) -> bool {
        self.always || (*allowed != Allowed::None && !self.tokens.is_empty())
    }

    /// Cuts `text` into stretches without added tokens, and added tokens, in order.
    ///
    /// `plain` lists tokens that are text for this call although they always match.
    pub(crate) fn segments(
        &self,
        text: &str,
        allowed: &Allowed,
        plain: &BTreeSet<TokenId>,
    ) -> Vec<Segment> {
        let mut segments = vec![Segment::Text(Span { start: 0, end: text.len() })];
        for (automaton, index) in &self.passes {
            let mut found = Vec::with_capacity(segments.len());
            for segment in segments {
                match segment {
                    Segment::Text(span) => {
                        self.cut(automaton, index, text, span, allowed, plain, &mut found);
                    }
                    token @ Segment::Token(..) => found.push(token),
                }
            }
            segments = found;
        }
        segments
    }

    #[allow(clippy::too_many_arguments, reason = "one call site")]
    fn cut(
        &self,
        automaton: &AhoCorasick,
        index: &[usize],
        text: &str,
        span: Span,
        allowed: &Allowed,
        plain: &BTreeSet<TokenId>,
        found: &mut Vec<Segment>,
    ) {
        let (mut start, mut from) = (span.start, span.start);
        while let Some(hit) = automaton.find(Input::new(text).range(from..span.end)) {
            let token = &self.tokens[index[hit.pattern().as_usize()]];
            let wanted = match allowed {
                _ if plain.contains(&token.id) => false,
                _ if !token.special => true,
                Allowed::None => false,
                Allowed::All => true,
                Allowed::Some(ids) => ids.contains(&token.id),
            };
            if !wanted {
                from = match self.search {
                    AddedSearch::NextCharacter => hit.start() + 1,
                    AddedSearch::AfterMatch => hit.end(),
                };
                continue;
            }
            if start < hit.start() {
                found.push(Segment::Text(Span { start, end: hit.start() }));
            }
            found.push(Segment::Token(token.id, Span { start: hit.start(), end: hit.end() }));
            (start, from) = (hit.end(), hit.end());
        }
        if start < span.end {
            found.push(Segment::Text(Span { start, end: span.end }));
        }
    }
}

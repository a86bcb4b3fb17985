//! Added tokens: found in the text itself, before it is cut into pre-tokens.
//!
//! Special tokens are ordinary text unless the call allows them; the others match always. As
//! in tokenizers 0.23.3, tokens that ask for the text as written are searched first, those that
//! ask for normalized text in what the first search left, normalized. Of the tokens that match at
//! one place the longest wins; a match may then be refused because a letter touches it, or take
//! the white space around it.

use super::pretokenize::stages::is_word;
use crate::error::{Error, Result};
use crate::formats::{AddedSearch, AddedToken};
use crate::token::{Span, TokenId};
use aho_corasick::{AhoCorasick, Input, MatchKind};
use std::collections::{BTreeSet, HashMap};

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
    /// Content -> place in `tokens`.
    by_content: HashMap<String, usize>,
    /// What a normalizer makes of tokens that ask for normalized text, where that differs: in
    /// tokenizers 0.23.3 it is what they decode to.
    normalized: HashMap<TokenId, String>,
    /// For text as written, and for normalized text.
    passes: [Option<Pass>; 2],
    search: AddedSearch,
    /// Whether some token matches without being allowed.
    always: bool,
    /// Whether some token looks at what stands around it.
    looks_around: bool,
    /// Whether some token has a space or a newline in it.
    has_spaces: bool,
    longest: usize,
}

/// One search.
#[derive(Debug)]
struct Pass {
    automaton: AhoCorasick,
    /// The place in `tokens` of each of its patterns.
    index: Vec<usize>,
}

impl AddedTokens {
    /// Builds the automata, in time linear in the tokens' length. `normalize` gives the form in
    /// which a token stands in normalized text.
    pub(crate) fn new(
        tokens: Vec<AddedToken>,
        search: AddedSearch,
        normalize: impl Fn(&str) -> Result<String>,
    ) -> Result<Self> {
        let (mut passes, mut forms) = ([None, None], HashMap::new());
        for (pass, normalized) in passes.iter_mut().zip([false, true]) {
            let (mut patterns, mut index) = (Vec::new(), Vec::new());
            for (i, token) in tokens.iter().enumerate().filter(|(_, t)| t.normalized == normalized)
            {
                let pattern =
                    if normalized { normalize(&token.content)? } else { token.content.clone() };
                if pattern != token.content {
                    forms.insert(token.id, pattern.clone());
                }
                if !pattern.is_empty() {
                    patterns.push(pattern);
                    index.push(i);
                }
            }
            if index.is_empty() {
                continue;
            }
            let automaton = AhoCorasick::builder()
                .match_kind(MatchKind::LeftmostLongest)
                .build(patterns)
                .map_err(|error| Error::field("added_tokens", error.to_string()))?;
            *pass = Some(Pass { automaton, index });
        }
        let mut by_content = HashMap::with_capacity(tokens.len());
        for (i, token) in tokens.iter().enumerate() {
            by_content.entry(token.content.clone()).or_insert(i);
        }
        let always = tokens.iter().any(|token| !token.special);
        let looks_around =
            tokens.iter().any(|token| token.single_word || token.lstrip || token.rstrip);
        let has_spaces = tokens.iter().any(|token| token.content.contains([' ', '\n']));
        let longest = tokens.iter().map(|token| token.content.len()).max().unwrap_or(0);
        Ok(Self {
            tokens,
            by_content,
            normalized: forms,
            passes,
            search,
            always,
            looks_around,
            has_spaces,
            longest,
        })
    }

    /// The tokens, as the file lists them.
    pub fn tokens(&self) -> &[AddedToken] {
        &self.tokens
    }

    /// The first token with this content.
    pub fn get(&self, content: &str) -> Option<&AddedToken> {
        self.tokens.get(*self.by_content.get(content)?)
    }

    /// The text that a token decodes to, if it is not its content.
    #[inline]
    pub(crate) fn normalized(&self, id: TokenId) -> Option<&str> {
        if self.normalized.is_empty() { None } else { self.normalized.get(&id).map(String::as_str) }
    }

    /// Bytes of the longest added token.
    pub(crate) fn longest(&self) -> usize {
        self.longest
    }

    pub(crate) fn search(&self) -> AddedSearch {
        self.search
    }

    /// Whether a token is found or not by what stands around it.
    pub(crate) fn looks_around(&self) -> bool {
        self.looks_around
    }

    /// Whether some token has a space or a newline in it.
    pub(crate) fn has_spaces(&self) -> bool {
        self.has_spaces
    }

    /// Whether some token is searched in normalized text.
    pub(crate) fn searches_normalized(&self) -> bool {
        self.passes[1].is_some()
    }

    /// What each of the two searches looks for: the token that is found, and the text where it is.
    /// Of tokens that are found in the same text the one that wins.
    pub(crate) fn sought(&self) -> [Vec<(&AddedToken, &str)>; 2] {
        self.passes.each_ref().map(|pass| {
            let Some(Pass { automaton, index }) = pass else { return Vec::new() };
            let tokens = index.iter().filter_map(|&at| self.tokens.get(at)).enumerate();
            let sought = tokens.map(|(at, token)| {
                // What normalizing makes of a token counts where it is searched.
                let form = self.normalized(token.id).filter(|_| token.normalized);
                (at, token, form.unwrap_or(&token.content))
            });
            sought
                .filter(|&(at, _, text)| {
                    let hit = automaton.find(Input::new(text));
                    hit.is_some_and(|hit| hit.pattern().as_usize() == at)
                })
                .map(|(_, token, text)| (token, text))
                .collect()
        })
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
        let mut found = Vec::new();
        for segment in self.in_text(text, allowed, plain) {
            match segment {
                Segment::Text(span) => {
                    let inside = text.get(span.start..span.end).unwrap_or_default();
                    found.extend(
                        self.in_normalized(inside, allowed, plain)
                            .into_iter()
                            .map(|segment| segment.shifted(span.start)),
                    );
                }
                token @ Segment::Token(..) => found.push(token),
            }
        }
        found
    }

    /// The first search: tokens that ask for the text as written.
    pub(crate) fn in_text(
        &self,
        text: &str,
        allowed: &Allowed,
        plain: &BTreeSet<TokenId>,
    ) -> Vec<Segment> {
        self.search_for(self.passes[0].as_ref(), text, allowed, plain)
    }

    /// The second search: tokens that ask for normalized text.
    pub(crate) fn in_normalized(
        &self,
        text: &str,
        allowed: &Allowed,
        plain: &BTreeSet<TokenId>,
    ) -> Vec<Segment> {
        self.search_for(self.passes[1].as_ref(), text, allowed, plain)
    }

    fn search_for(
        &self,
        pass: Option<&Pass>,
        text: &str,
        allowed: &Allowed,
        plain: &BTreeSet<TokenId>,
    ) -> Vec<Segment> {
        let mut found = Vec::new();
        let (mut start, mut from) = (0, 0);
        while let Some(Pass { automaton, index }) = pass
            && let Some(hit) = automaton.find(Input::new(text).range(from..text.len()))
        {
            let token = &self.tokens[index[hit.pattern().as_usize()]];
            let span = Span { start: hit.start(), end: hit.end() };
            if !Self::wanted(token, allowed, plain) {
                from = match self.search {
                    AddedSearch::NextCharacter => hit.start() + 1,
                    AddedSearch::AfterMatch => hit.end(),
                };
                continue;
            }
            from = hit.end();
            let Some(span) = around(token, text, span, start) else { continue };
            if start < span.start {
                found.push(Segment::Text(Span { start, end: span.start }));
            }
            found.push(Segment::Token(token.id, span));
            start = span.end;
        }
        if start < text.len() {
            found.push(Segment::Text(Span { start, end: text.len() }));
        }
        found
    }

    fn wanted(token: &AddedToken, allowed: &Allowed, plain: &BTreeSet<TokenId>) -> bool {
        match allowed {
            _ if plain.contains(&token.id) => false,
            _ if !token.special => true,
            Allowed::None => false,
            Allowed::All => true,
            Allowed::Some(ids) => ids.contains(&token.id),
        }
    }
}

impl Segment {
    /// The same, so many bytes later.
    fn shifted(self, by: usize) -> Self {
        let at = |Span { start, end }| Span { start: start + by, end: end + by };
        match self {
            Self::Text(span) => Self::Text(at(span)),
            Self::Token(id, span) => Self::Token(id, at(span)),
        }
    }
}

/// What a match covers with the white space that its token takes; `None` if the token wants to
/// be a word and is not. Text before `from` is taken.
fn around(token: &AddedToken, text: &str, span: Span, from: usize) -> Option<Span> {
    let Span { mut start, mut end } = span;
    let (before, after) = (text.get(..start)?, text.get(end..)?);
    if token.single_word
        && (before.chars().next_back().is_some_and(is_word)
            || after.chars().next().is_some_and(is_word))
    {
        return None;
    }
    if token.lstrip {
        start = before.trim_end().len().max(from);
    }
    if token.rstrip {
        end = text.len() - after.trim_start().len();
    }
    Some(Span { start, end })
}

//! Special tokens by name: which one stands where, of those that a call wants.
//!
//! Names count here, not ids: two names may share an id, and a call may want one of them. Of
//! the wanted tokens that begin at one place the longest is found.

use crate::error::{Error, Result};
use crate::token::{Span, TokenId};
use aho_corasick::{AhoCorasick, Input, MatchKind};
use std::collections::{HashMap, HashSet};

/// Special tokens and what finds them.
#[derive(Debug)]
pub struct Specials {
    tokens: Vec<(String, TokenId)>,
    automaton: AhoCorasick,
    /// For each token, the others that it begins with, longest first.
    shorter: Vec<Vec<usize>>,
    by_name: HashMap<String, usize>,
    /// The first token of each id.
    by_id: HashMap<TokenId, usize>,
}

/// Which special tokens a call looks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// None.
    None,
    /// All.
    All,
    /// Those with a `true` at their place in [`Specials::tokens`].
    Some(Vec<bool>),
}

impl Wanted {
    fn has(&self, at: usize) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::Some(wanted) => wanted.get(at).copied().unwrap_or(false),
        }
    }

    /// All the others.
    #[must_use]
    pub fn others(&self) -> Self {
        match self {
            Self::None => Self::All,
            Self::All => Self::None,
            Self::Some(wanted) => Self::Some(wanted.iter().map(|wanted| !wanted).collect()),
        }
    }
}

impl Specials {
    /// Builds the automaton, in time linear in the tokens' length.
    pub fn new(tokens: Vec<(String, TokenId)>) -> Result<Self> {
        let (mut by_name, mut by_id) = (HashMap::new(), HashMap::new());
        for (at, (name, id)) in tokens.iter().enumerate() {
            if name.is_empty() {
                return Err(Error::unsupported("a special token of no characters"));
            }
            if by_name.insert(name.clone(), at).is_some() {
                return Err(Error::Vocabulary {
                    why: format!("special token {name:?} is given twice"),
                });
            }
            by_id.entry(*id).or_insert(at);
        }
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(tokens.iter().map(|(name, _)| name))
            .map_err(|error| Error::field("special_tokens", error.to_string()))?;
        let lengths: HashSet<usize> = tokens.iter().map(|(name, _)| name.len()).collect();
        let mut lengths: Vec<usize> = lengths.into_iter().collect();
        lengths.sort_unstable_by(|a, b| b.cmp(a));
        let shorter = tokens
            .iter()
            .map(|(name, _)| {
                let heads = lengths.iter().filter(|&&len| len < name.len());
                heads.filter_map(|&len| by_name.get(name.get(..len)?).copied()).collect()
            })
            .collect();
        Ok(Self { tokens, automaton, shorter, by_name, by_id })
    }

    /// Names and ids, as given.
    pub fn tokens(&self) -> &[(String, TokenId)] {
        &self.tokens
    }

    /// The tokens of these names; names of none are passed over.
    pub fn wanted<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Wanted {
        let mut wanted = vec![false; self.tokens.len()];
        for name in names {
            if let Some(slot) = self.by_name.get(name).and_then(|&at| wanted.get_mut(at)) {
                *slot = true;
            }
        }
        if wanted.contains(&true) { Wanted::Some(wanted) } else { Wanted::None }
    }

    /// The id of a name.
    pub fn id(&self, name: &str) -> Option<TokenId> {
        self.by_name.get(name).and_then(|&at| self.tokens.get(at)).map(|(_, id)| *id)
    }

    /// The name of an id; of several the one given first.
    pub fn name(&self, id: TokenId) -> Option<&str> {
        self.by_id.get(&id).and_then(|&at| self.tokens.get(at)).map(|(name, _)| name.as_str())
    }

    /// The first wanted token at or after `from`, and where it stands.
    ///
    /// A token that is not wanted does not hide one that begins inside it: the search goes on
    /// one character later.
    pub fn find(&self, text: &str, from: usize, wanted: &Wanted) -> Option<(usize, Span)> {
        if *wanted == Wanted::None {
            return None;
        }
        let mut from = from;
        loop {
            let hit = self.automaton.find(Input::new(text).range(from..text.len()))?;
            let longest = hit.pattern().as_usize();
            let others = self.shorter.get(longest).into_iter().flatten().copied();
            let found = std::iter::once(longest).chain(others).find(|&at| wanted.has(at));
            if let Some((at, (name, _))) = found.and_then(|at| Some((at, self.tokens.get(at)?))) {
                return Some((at, Span { start: hit.start(), end: hit.start() + name.len() }));
            }
            from = hit.start() + 1;
        }
    }
}

#[cfg(test)]
#[allow(clippy::panic, reason = "a test that fails to set up shall fail")]
mod tests {
    use super::*;

    fn specials(names: &[&str]) -> Specials {
        let tokens = names.iter().zip(0..).map(|(name, id)| ((*name).to_owned(), id)).collect();
        Specials::new(tokens).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn the_longest_wanted_token_is_found() {
        let found = specials(&["<a>", "<a>b", "b<c>"]);
        let at = |wanted: &Wanted| found.find("x<a>b<c>", 0, wanted).map(|(at, _)| at);
        assert_eq!(at(&Wanted::All), Some(1));
        assert_eq!(at(&found.wanted(["<a>"])), Some(0));
        assert_eq!(at(&found.wanted(["b<c>", "no such name"])), Some(2));
        assert_eq!(at(&found.wanted(["b<c>"]).others()), Some(1));
        assert_eq!(at(&Wanted::None), None);
    }

    #[test]
    fn names_may_share_an_id_but_are_given_once() {
        let tokens = vec![("<x>".to_owned(), 7), ("<y>".to_owned(), 7)];
        let shared = Specials::new(tokens).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!((shared.name(7), shared.id("<y>")), (Some("<x>"), Some(7)));
        assert!(Specials::new(vec![(String::new(), 1)]).is_err());
        assert!(Specials::new(vec![("<x>".into(), 1), ("<x>".into(), 2)]).is_err());
    }
}

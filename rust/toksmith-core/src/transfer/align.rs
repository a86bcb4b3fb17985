//! A rule for every target id, and the source ids its row comes from.
//!
//! Text is matched by its bytes, special tokens by name and role. Of several source ids of the same
//! bytes the one of the same role counts, else that of the best role (ordinary, added, byte), and
//! of those the lowest id. Whatever has no equal is decomposed. Every id gets one [`Rule`].

use super::canonical::{Canonical, Role};
use super::decompose::{Decomposer, Decomposition, Method};
use super::index::{Index, Loose};
use super::specials::{How, Partners};
use crate::error::{Error, Result};
use crate::token::TokenId;
use crate::tokenizer::Tokenizer;
use crate::watch::Watch;
use std::collections::BTreeMap;

/// Where the row of a target id comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Rule {
    /// The source token of the same bytes.
    Exact = 0,
    /// The source's special token of the same name, role or kind of role.
    Special = 1,
    /// The source id that the caller named.
    Given = 2,
    /// A source token that differs in large and small letters alone. Only if asked for.
    Case = 3,
    /// A source token that differs in the space in front alone. Only if asked for.
    Space = 4,
    /// A source token that differs in both. Only if both are asked for.
    CaseAndSpace = 5,
    /// Source tokens that spell all of it.
    Pieces = 6,
    /// Source tokens that spell some of it; no token spells the rest.
    PartialPieces = 7,
    /// Text that no source token spells any part of: no sources.
    Unspelled = 8,
    /// A special token without a partner, or what the caller wants new: no sources.
    New = 9,
    /// No token has this id: no sources.
    Hole = 10,
    /// A row beyond the tokenizer: no sources.
    Padding = 11,
}

/// What is asked of an alignment.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Take letters for equal whose small letters are equal.
    pub case_fold: bool,
    /// Take tokens for equal that differ in a space in front.
    pub ignore_space: bool,
    /// Target ids whose source id the caller knows; none: the row is new, whatever it is called.
    pub given: BTreeMap<TokenId, Option<TokenId>>,
    /// How what has no equal is decomposed.
    pub method: Method,
}

/// What became of one special target token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpecialMatch {
    /// The target id.
    pub target: TokenId,
    /// Its source id.
    pub source: Option<TokenId>,
    /// How it was found.
    pub how: How,
}

/// For every target id a rule and weighted sources.
#[derive(Debug, Clone)]
pub struct Alignment {
    /// One a target id.
    pub rules: Vec<Rule>,
    /// The sources: ids, spans of the target's bytes, weights that sum to one.
    pub sources: Decomposition,
    /// The special tokens of the target.
    pub specials: Vec<SpecialMatch>,
    /// All source ids of the same bytes as an exactly matched target id, the preferred one first.
    pub candidates: Vec<TokenId>,
    /// Where each target id's begin, and the end of the last.
    pub candidate_starts: Vec<i64>,
}

/// Finds sources for every id of `target`. `tokenizer` is that of `source`.
///
/// # Errors
/// [`Error::Input`] where target ids have no row or a given id is out of range; the errors of
/// [`super::decompose()`].
pub fn align(
    (tokenizer, source): (&Tokenizer, &Canonical),
    target: &Canonical,
    options: &Options,
    threads: usize,
    watch: &Watch<'_>,
) -> Result<Alignment> {
    check(source, target, options)?;
    let index = Index::new(source, Loose::default());
    let matcher = Matcher::new(source, &index, options);
    let mut rules = Vec::with_capacity(target.len());
    let mut single = vec![None; target.len()];
    let (mut specials, mut rest) = (Vec::new(), Vec::new());
    let (mut candidates, mut candidate_starts) = (Vec::new(), Vec::with_capacity(target.len() + 1));
    candidate_starts.push(0);
    for ((id, &role), single) in (0..).zip(target.roles()).zip(&mut single) {
        let (rule, found) = if role.is_special() || options.given.contains_key(&id) {
            let (found, how) = matcher.special(id, target);
            if role.is_special() {
                specials.push(SpecialMatch { target: id, source: found, how });
            }
            let rule = match (how, found) {
                (How::Given, Some(_)) => Rule::Given,
                (_, Some(_)) => Rule::Special,
                (_, None) => Rule::New,
            };
            (rule, found)
        } else {
            match role {
                Role::Hole => (Rule::Hole, None),
                Role::Padding => (Rule::Padding, None),
                _ => matcher.text(id, target),
            }
        };
        if rule == Rule::Exact {
            candidates.extend_from_slice(index.all(target.bytes(id)));
        }
        if rule == Rule::Pieces {
            rest.push(id);
        }
        candidate_starts.push(candidates.len() as i64);
        rules.push(rule);
        *single = found;
    }
    let decomposer = Decomposer::new(tokenizer, source, &index, &options.method)?;
    let pieces = decomposer.run(target, &rest, threads, watch)?;
    for (row, &id) in rest.iter().enumerate() {
        if let Some(rule) = rules.get_mut(id as usize) {
            *rule = match (pieces.complete.get(row), pieces.row(row).is_empty()) {
                (_, true) => Rule::Unspelled,
                (Some(true), _) => Rule::Pieces,
                _ => Rule::PartialPieces,
            };
        }
    }
    let sources = join(target, &single, &rest, &pieces);
    Ok(Alignment { rules, sources, specials, candidates, candidate_starts })
}

fn check(source: &Canonical, target: &Canonical, options: &Options) -> Result<()> {
    if target.limit() > target.len() {
        return Err(Error::Input {
            why: format!(
                "target_rows={}, but the target tokenizer has ids up to {}: every id needs a row",
                target.len(),
                target.limit() - 1
            ),
        });
    }
    for (&to, &from) in &options.given {
        let bad = |id: TokenId, what: &str, rows: usize| Error::Input {
            why: format!("specials: {what} id {id} is out of range: there are {rows} rows"),
        };
        if to as usize >= target.len() {
            return Err(bad(to, "target", target.len()));
        }
        if let Some(from) = from
            && from as usize >= source.len()
        {
            return Err(bad(from, "source", source.len()));
        }
    }
    Ok(())
}

/// Finds the one source id of a target id.
struct Matcher<'a> {
    source: &'a Canonical,
    exact: &'a Index<'a>,
    loose: Vec<(Rule, Index<'a>)>,
    partners: Partners<'a>,
    options: &'a Options,
}

impl<'a> Matcher<'a> {
    fn new(source: &'a Canonical, exact: &'a Index<'a>, options: &'a Options) -> Self {
        let kinds = [
            (Rule::Case, Loose { case: true, space: false }),
            (Rule::Space, Loose { case: false, space: true }),
            (Rule::CaseAndSpace, Loose { case: true, space: true }),
        ];
        let asked = |loose: &Loose| {
            (options.case_fold || !loose.case) && (options.ignore_space || !loose.space)
        };
        let kinds = kinds.into_iter().filter(|(_, loose)| asked(loose));
        let loose = kinds.map(|(rule, loose)| (rule, Index::new(source, loose))).collect();
        Self { source, exact, loose, partners: Partners::new(source), options }
    }

    fn special(&self, id: TokenId, target: &Canonical) -> (Option<TokenId>, How) {
        match self.options.given.get(&id) {
            Some(&given) => (given, How::Given),
            None => self.partners.of(target.bytes(id), target.role(id)),
        }
    }

    /// [`Rule::Pieces`] where nothing is equal.
    fn text(&self, id: TokenId, target: &Canonical) -> (Rule, Option<TokenId>) {
        let (bytes, role) = (target.bytes(id), target.role(id));
        if bytes.is_empty() {
            return (Rule::Unspelled, None);
        }
        if let Some(found) = self.exact.of(bytes, role, self.source) {
            return (Rule::Exact, Some(found));
        }
        for (rule, index) in &self.loose {
            if let Some(found) = index.of(bytes, role, self.source) {
                return (*rule, Some(found));
            }
        }
        (Rule::Pieces, None)
    }
}

/// One row for each target id: its one source, or its pieces, or nothing.
fn join(
    target: &Canonical,
    single: &[Option<TokenId>],
    rest: &[TokenId],
    pieces: &Decomposition,
) -> Decomposition {
    let mut joined = Decomposition::with_capacity(target.len(), target.len() + pieces.ids.len());
    let mut rest = rest.iter().zip(0..).peekable();
    for (id, found) in (0..).zip(single) {
        if let Some(&found) = found.as_ref() {
            let text = target.role(id).is_text();
            let end = if text { target.bytes(id).len() as u32 } else { 0 };
            joined.push(found, [0, end], 1.0, 0);
            joined.finish_row(true);
        } else if let Some((_, row)) = rest.next_if(|(next, _)| **next == id) {
            for at in pieces.row(row) {
                joined.push(
                    pieces.ids.get(at).copied().unwrap_or_default(),
                    pieces.spans.get(at).copied().unwrap_or_default(),
                    pieces.weights.get(at).copied().unwrap_or_default(),
                    pieces.partitions.get(at).copied().unwrap_or_default(),
                );
            }
            joined.finish_row(pieces.complete.get(row).copied().unwrap_or_default());
        } else {
            joined.finish_row(false);
        }
    }
    joined
}

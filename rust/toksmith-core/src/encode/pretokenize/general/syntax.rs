//! The syntax tree of a pattern, reduced to what the matchers run.
//!
//! fancy-regex parses; regex-syntax gives character classes their members. Groups that nothing
//! refers to, inline flags and case have disappeared here. Syntax that no tokenizer file is known
//! to use (subroutine calls, conditionals, `\K`, `\G`, absent operators, control verbs) is refused.

use fancy_regex::internal::{FLAG_MULTI, FLAG_ONIGURUMA_MODE, FLAG_UNICODE};
use fancy_regex::{Assertion, Expr, LookAround};
use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, HirKind, Look};

use super::{Dialect, oniguruma};
use crate::error::{Error, Place, Result};

/// A pattern or a part of one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    /// Matches the empty string.
    Empty,
    /// One character of a class; an empty class never matches.
    Class(ClassUnicode),
    /// These characters.
    Literal(String),
    /// An assertion on the characters before and after.
    Look(Look),
    /// `\Z`: only newlines follow.
    BeforeFinalNewlines {
        /// Whether `\r\n` counts as one, too.
        crlf: bool,
    },
    /// One after the other.
    Concat(Vec<Self>),
    /// The first that leads to a match.
    Alternation(Vec<Self>),
    /// `{min,max}`.
    Repeat { node: Box<Self>, min: u32, max: Option<u32>, greedy: bool },
    /// The first match of the node alone, never another.
    Atomic(Box<Self>),
    /// Whether the node matches here (or up to here) without consuming.
    Around { node: Box<Self>, behind: bool, negated: bool },
    /// A group that a back-reference refers to.
    Group(usize, Box<Self>),
    /// What the group matched.
    Backref(usize),
}

impl Node {
    /// A literal of one character as a class; anything else as it is.
    fn or_class(self) -> Self {
        if let Self::Literal(text) = &self {
            let mut characters = text.chars();
            if let (Some(c), None) = (characters.next(), characters.next()) {
                return Self::Class(class(&[(c, c)]));
            }
        }
        self
    }

    /// Whether it contains what a regular expression in the strict sense has not.
    pub(super) fn has_extensions(&self) -> bool {
        match self {
            Self::Empty | Self::Class(_) | Self::Literal(_) | Self::Look(_) => false,
            Self::Concat(nodes) | Self::Alternation(nodes) => {
                nodes.iter().any(Self::has_extensions)
            }
            Self::Repeat { node, .. } => node.has_extensions(),
            Self::BeforeFinalNewlines { .. }
            | Self::Atomic(_)
            | Self::Around { .. }
            | Self::Group(..)
            | Self::Backref(_) => true,
        }
    }

    /// The largest group number in use.
    pub(super) fn groups(&self) -> usize {
        match self {
            Self::Concat(nodes) | Self::Alternation(nodes) => {
                nodes.iter().map(Self::groups).max().unwrap_or(0)
            }
            Self::Repeat { node, .. } | Self::Atomic(node) | Self::Around { node, .. } => {
                node.groups()
            }
            Self::Group(group, node) => node.groups().max(*group),
            Self::Backref(group) => *group,
            _ => 0,
        }
    }

    /// The least and the greatest number of characters it matches.
    pub(super) fn length(&self) -> (usize, usize) {
        match self {
            Self::Class(_) => (1, 1),
            Self::Literal(text) => {
                let characters = text.chars().count();
                (characters, characters)
            }
            Self::Concat(nodes) => nodes.iter().map(Self::length).fold((0, 0), |all, one| {
                (all.0.saturating_add(one.0), all.1.saturating_add(one.1))
            }),
            Self::Alternation(nodes) => nodes
                .iter()
                .map(Self::length)
                .reduce(|all, one| (all.0.min(one.0), all.1.max(one.1)))
                .unwrap_or((0, 0)),
            Self::Repeat { node, min, max, .. } => {
                let (least, greatest) = node.length();
                let most = max.map_or(usize::MAX, |max| max as usize);
                (least.saturating_mul(*min as usize), greatest.saturating_mul(most))
            }
            Self::Atomic(node) | Self::Group(_, node) => node.length(),
            Self::Backref(_) => (0, usize::MAX),
            Self::Empty
            | Self::Look(_)
            | Self::BeforeFinalNewlines { .. }
            | Self::Around { .. } => (0, 0),
        }
    }
}

/// Parses a pattern.
pub(super) fn parse(pattern: &str, dialect: Dialect) -> Result<Node> {
    let flags = match dialect {
        Dialect::FancyRegex => FLAG_UNICODE,
        Dialect::Oniguruma => {
            refuse_what_oniguruma_reads_otherwise(pattern)?;
            FLAG_UNICODE | FLAG_MULTI | FLAG_ONIGURUMA_MODE
        }
    };
    let tree = Expr::parse_tree_with_flags(pattern, flags).map_err(|error| match error {
        fancy_regex::Error::ParseError(at, why) => malformed(pattern, Some(at), &why.to_string()),
        other => malformed(pattern, None, &other.to_string()),
    })?;
    let uses_groups = tree.expr.has_descendant_or_self(|e| matches!(e, Expr::Backref { .. }));
    Lowering { pattern, dialect, uses_groups, groups: 0 }.node(&tree.expr)
}

/// Oniguruma gives `(?m)` and `[[:alpha:]]` another meaning, which nothing here reproduces.
fn refuse_what_oniguruma_reads_otherwise(pattern: &str) -> Result<()> {
    let refused = |what| Err(Error::unsupported(format!("{what} in the pattern `{pattern}`")));
    if pattern.contains("[:") {
        return refused("a POSIX class");
    }
    for (at, _) in pattern.match_indices("(?") {
        let rest = pattern.get(at + 2..).unwrap_or("");
        let flags = rest.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or("");
        if flags.contains('m') {
            return refused("the flag m");
        }
    }
    Ok(())
}

fn malformed(pattern: &str, at: Option<usize>, why: &str) -> Error {
    let at = at.map(|at| format!(" at byte {at}")).unwrap_or_default();
    Error::Model {
        place: Place::Field("pattern".into()),
        why: format!("{why}{at} of the regular expression `{pattern}`"),
    }
}

struct Lowering<'p> {
    pattern: &'p str,
    dialect: Dialect,
    uses_groups: bool,
    groups: usize,
}

impl Lowering<'_> {
    fn node(&mut self, expr: &Expr) -> Result<Node> {
        Ok(match expr {
            Expr::Empty => Node::Empty,
            Expr::Any { newline, crlf } => Node::Class(any(*newline, *crlf)),
            Expr::Assertion(assertion @ (Assertion::WordBoundary | Assertion::NotWordBoundary))
                if self.dialect == Dialect::Oniguruma =>
            {
                let boundary = *assertion == Assertion::WordBoundary;
                oniguruma::word_boundary(&self.class(r"\w", false)?, boundary)
            }
            Expr::Assertion(assertion) => lower_assertion(*assertion),
            Expr::GeneralNewline { .. } => {
                // Never gives back the second half of a `\r\n`.
                let single = class(&[('\n', '\r'), ('\u{85}', '\u{85}'), ('\u{2028}', '\u{2029}')]);
                Node::Atomic(Box::new(Node::Alternation(vec![
                    Node::Literal("\r\n".into()),
                    Node::Class(single),
                ])))
            }
            Expr::Literal { val, casei: false } => Node::Literal(val.clone()),
            Expr::Literal { val, casei: true } => {
                let characters = val.chars().map(|c| {
                    let mut folded = class(&[(c, c)]);
                    folded.case_fold_simple();
                    Node::Class(folded)
                });
                concat(characters.collect())
            }
            Expr::LiteralBytes { bytes } => {
                Node::Literal(bytes.iter().copied().map(char::from).collect())
            }
            Expr::Concat(children) => concat(self.nodes(children)?),
            Expr::Alt(children) => {
                let nodes = self.nodes(children)?;
                Node::Alternation(nodes.into_iter().map(Node::or_class).collect())
            }
            Expr::Group(child) => {
                self.groups += 1;
                let group = self.groups;
                let node = self.node(child)?;
                if self.uses_groups { Node::Group(group, Box::new(node)) } else { node }
            }
            Expr::LookAround(child, kind) => Node::Around {
                node: Box::new(self.node(child)?.or_class()),
                behind: matches!(kind, LookAround::LookBehind | LookAround::LookBehindNeg),
                negated: matches!(kind, LookAround::LookAheadNeg | LookAround::LookBehindNeg),
            },
            Expr::Repeat { child, lo, hi, greedy } => self.repeat(child, *lo, *hi, *greedy)?,
            Expr::Delegate { inner, casei } => Node::Class(self.class(inner, *casei)?),
            Expr::Backref { group, casei: false } => Node::Backref(*group),
            Expr::Backref { .. } => return Err(self.unsupported("a back-reference without case")),
            Expr::AtomicGroup(child) => Node::Atomic(Box::new(self.node(child)?)),
            Expr::KeepOut => return Err(self.unsupported(r"\K")),
            Expr::ContinueFromPreviousMatchEnd => return Err(self.unsupported(r"\G")),
            Expr::Conditional { .. } => return Err(self.unsupported("a conditional")),
            Expr::SubroutineCall(_) => return Err(self.unsupported("a subroutine call")),
            other => {
                let name = format!("{other:?}");
                let name = name.split([' ', '(', '{']).next().unwrap_or("unknown syntax");
                return Err(self.unsupported(name));
            }
        })
    }

    fn nodes(&mut self, children: &[Expr]) -> Result<Vec<Node>> {
        children.iter().map(|child| self.node(child)).collect()
    }

    fn repeat(&mut self, child: &Expr, lo: usize, hi: usize, greedy: bool) -> Result<Node> {
        let count = |n: usize| {
            u32::try_from(n).map_err(|_| self.unsupported("a repetition of more than 2^32"))
        };
        let min = count(lo)?;
        let max = if hi == usize::MAX { None } else { Some(count(hi)?) };
        if max.is_some_and(|max| max < min) {
            return Err(malformed(self.pattern, None, "a repetition with limits swapped"));
        }
        Ok(Node::Repeat { node: Box::new(self.node(child)?.or_class()), min, max, greedy })
    }

    /// The members of a class as regex-syntax reads it.
    fn class(&self, inner: &str, casei: bool) -> Result<ClassUnicode> {
        let read = match self.dialect {
            Dialect::Oniguruma => oniguruma::class(inner),
            Dialect::FancyRegex => inner.into(),
        };
        let source = if casei { format!("(?i:{read})") } else { read.into_owned() };
        let hir = regex_syntax::parse(&source).map_err(|_| {
            malformed(self.pattern, None, &format!("bad character class `{inner}`"))
        })?;
        match hir.kind() {
            HirKind::Class(Class::Unicode(class)) => Ok(class.clone()),
            HirKind::Class(Class::Bytes(bytes)) => bytes
                .to_unicode_class()
                .ok_or_else(|| malformed(self.pattern, None, &format!("bytes in `{inner}`"))),
            HirKind::Literal(literal) => {
                let text = std::str::from_utf8(&literal.0).unwrap_or("");
                let mut characters = text.chars();
                match (characters.next(), characters.next()) {
                    (Some(c), None) => Ok(class(&[(c, c)])),
                    _ => Err(self.unsupported(inner)),
                }
            }
            _ => Err(self.unsupported(inner)),
        }
    }

    fn unsupported(&self, what: &str) -> Error {
        Error::unsupported(format!("{what} in the regular expression `{}`", self.pattern))
    }
}

fn lower_assertion(assertion: Assertion) -> Node {
    Node::Look(match assertion {
        Assertion::StartText => Look::Start,
        Assertion::EndText => Look::End,
        Assertion::EndTextIgnoreTrailingNewlines { crlf } => {
            return Node::BeforeFinalNewlines { crlf };
        }
        Assertion::StartLineOniguruma { .. } => {
            // A line never starts at the very end of a text.
            let not_end = Node::Around {
                node: Box::new(Node::Concat(vec![Node::Look(Look::End), after_newline()])),
                behind: false,
                negated: true,
            };
            return Node::Concat(vec![Node::Look(Look::StartLF), not_end]);
        }
        Assertion::StartLine { crlf: false } => Look::StartLF,
        Assertion::StartLine { crlf: true } => Look::StartCRLF,
        Assertion::EndLine { crlf: false } => Look::EndLF,
        Assertion::EndLine { crlf: true } => Look::EndCRLF,
        Assertion::WordBoundary => Look::WordUnicode,
        Assertion::NotWordBoundary => Look::WordUnicodeNegate,
        Assertion::LeftWordBoundary => Look::WordStartUnicode,
        Assertion::RightWordBoundary => Look::WordEndUnicode,
        Assertion::LeftWordHalfBoundary => Look::WordStartHalfUnicode,
        Assertion::RightWordHalfBoundary => Look::WordEndHalfUnicode,
    })
}

/// `(?<=\n)`.
fn after_newline() -> Node {
    Node::Around { node: Box::new(Node::Literal("\n".into())), behind: true, negated: false }
}

/// `.`, which may leave out newlines.
fn any(newline: bool, crlf: bool) -> ClassUnicode {
    match (newline, crlf) {
        (true, _) => class(&[('\0', char::MAX)]),
        (false, false) => class(&[('\0', '\t'), ('\u{b}', char::MAX)]),
        (false, true) => class(&[('\0', '\t'), ('\u{b}', '\u{c}'), ('\u{e}', char::MAX)]),
    }
}

/// The class of these inclusive ranges.
pub(super) fn class(ranges: &[(char, char)]) -> ClassUnicode {
    ClassUnicode::new(ranges.iter().map(|&(first, last)| ClassUnicodeRange::new(first, last)))
}

/// A concatenation without concatenations inside, nor around a single node.
fn concat(nodes: Vec<Node>) -> Node {
    let mut flat = Vec::with_capacity(nodes.len());
    for node in nodes {
        match node {
            Node::Concat(inner) => flat.extend(inner),
            Node::Empty => {}
            // The parser gives a literal character by character.
            Node::Literal(more) => {
                if let Some(Node::Literal(text)) = flat.last_mut() {
                    text.push_str(&more);
                } else {
                    flat.push(Node::Literal(more));
                }
            }
            node => flat.push(node),
        }
    }
    match flat.len() {
        0 => Node::Empty,
        1 => flat.swap_remove(0),
        _ => Node::Concat(flat),
    }
}

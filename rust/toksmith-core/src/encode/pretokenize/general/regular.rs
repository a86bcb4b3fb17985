//! Patterns that an automaton can run, in the form it needs.
//!
//! An automaton knows neither look-around nor atomic groups, but the ways split patterns use them
//! can be rewritten exactly:
//!
//! - `E(?!S)` at the end of an alternative, where `S` looks at one character, becomes `E`
//!   followed by one character outside `S` or by the end of the text. Whoever runs it takes that
//!   character off again ([`Tail`]). The order in which matches are preferred stays the same,
//!   since nothing follows the look-ahead.
//! - `(?!S)X`, with a class `X`, becomes the class of `X` without `S`.
//! - An atomic (possessive) part is an ordinary one if nothing after it can fail, if it matches in
//!   one way only, or if it is a run of one class and what follows cannot start inside that class:
//!   giving back characters would not help.
//!
//! What stays out although it could be written: a loop around such parts that may match nothing,
//! where fancy-regex has another rule for empty rounds than an automaton.
//!
//! Start at [`alternatives`], which says `None` for everything else.

use regex_syntax::hir::{Class, ClassUnicode, Hir, Look, Repetition};

use super::syntax::{Node, class};

/// One of the top-level alternatives, in order of preference.
#[derive(Debug, Clone)]
pub(super) struct Alternative {
    pub(super) hir: Hir,
    pub(super) tail: Tail,
    /// The same as simple nodes, one after the other, without what looks ahead.
    pub(super) nodes: Vec<Node>,
    /// What must stand behind the match.
    pub(super) ahead: Option<NextCharacter>,
}

/// What a match of [`Alternative::hir`] has behind the real match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tail {
    /// Nothing.
    Nothing,
    /// One character.
    Character,
    /// One character; at the end of the text, one or none.
    CharacterUnlessEnd,
}

/// The pattern as alternatives an automaton can run, if it can be so written.
pub(super) fn alternatives(node: &Node) -> Option<Vec<Alternative>> {
    let mut all = Vec::new();
    collect(node, &mut all)?;
    Some(all)
}

fn collect(node: &Node, all: &mut Vec<Alternative>) -> Option<()> {
    if let Node::Alternation(nodes) = node {
        return nodes.iter().try_for_each(|node| collect(node, all));
    }
    let items = std::slice::from_ref(node);
    let items = if let Node::Concat(items) = node { items.as_slice() } else { items };
    if let Some((Node::Around { node, behind: false, negated }, before)) = items.split_last()
        && let Some(next) = NextCharacter::of(node, *negated)
    {
        let follow = Follow { first: next.allowed.clone(), any: false, total: false };
        let (before, _) = simplify_all(before, follow)?;
        let tail = match (next.allowed.ranges().is_empty(), next.end_allowed) {
            (true, _) => Tail::Nothing,
            (false, true) => Tail::CharacterUnlessEnd,
            (false, false) => Tail::Character,
        };
        let mut hirs: Vec<Hir> = before.iter().map(to_hir).collect();
        let mut after = vec![Hir::class(Class::Unicode(next.allowed.clone()))];
        if next.end_allowed {
            after.push(Hir::look(Look::End));
        }
        hirs.push(Hir::alternation(after));
        let ahead = Some(next);
        all.push(Alternative { hir: Hir::concat(hirs), tail, nodes: before, ahead });
        return Some(());
    }
    let (node, _) = simplify(node, Follow::end())?;
    let hir = to_hir(&node);
    all.push(Alternative { hir, tail: Tail::Nothing, nodes: vec![node], ahead: None });
    Some(())
}

/// A condition on the next character alone.
#[derive(Debug, Clone)]
pub(crate) struct NextCharacter {
    /// The characters that may come.
    pub(crate) allowed: ClassUnicode,
    /// Whether the text may end.
    pub(crate) end_allowed: bool,
}

impl NextCharacter {
    /// What `(?=node)` or `(?!node)` demands, if it looks at one character.
    fn of(node: &Node, negated: bool) -> Option<Self> {
        let mut condition = match node {
            Node::Class(class) => Self { allowed: class.clone(), end_allowed: false },
            Node::Look(Look::End) => Self { allowed: ClassUnicode::empty(), end_allowed: true },
            Node::Look(Look::EndLF) => Self { allowed: class(&[('\n', '\n')]), end_allowed: true },
            Node::Repeat { node, min: 1, .. } => Self::of(node, false)?,
            Node::Alternation(nodes) => {
                let mut union = Self { allowed: ClassUnicode::empty(), end_allowed: false };
                for node in nodes {
                    let one = Self::of(node, false)?;
                    union.allowed.union(&one.allowed);
                    union.end_allowed |= one.end_allowed;
                }
                union
            }
            _ => return None,
        };
        if negated {
            condition.allowed.negate();
            condition.end_allowed = !condition.end_allowed;
        }
        Some(condition)
    }
}

/// What is known of everything that follows a part of the pattern.
#[derive(Debug, Clone)]
pub(super) struct Follow {
    /// The characters it may start with.
    pub(super) first: ClassUnicode,
    /// Whether it may match in front of any character, consuming nothing.
    pub(super) any: bool,
    /// Whether it matches whatever comes.
    total: bool,
}

impl Follow {
    /// The end of the pattern.
    pub(super) fn end() -> Self {
        Self { first: ClassUnicode::empty(), any: true, total: true }
    }

    fn starting_with(first: ClassUnicode) -> Self {
        Self { first, any: false, total: false }
    }

    /// Of a choice.
    fn or(mut self, other: &Self) -> Self {
        self.first.union(&other.first);
        self.any |= other.any;
        self.total |= other.total;
        self
    }

    /// Of an assertion in front.
    fn guarded(self) -> Self {
        Self { total: false, ..self }
    }

    /// Of `node` with `self` behind it. May say more than is possible, never less, except that
    /// `total` errs on the other side.
    pub(super) fn before(self, node: &Node) -> Self {
        match node {
            Node::Empty => self,
            Node::Class(class) => Self::starting_with(class.clone()),
            Node::Literal(text) => match text.chars().next() {
                Some(c) => Self::starting_with(class(&[(c, c)])),
                None => self,
            },
            Node::Look(Look::End) => Self::starting_with(ClassUnicode::empty()),
            Node::Look(_) | Node::BeforeFinalNewlines { .. } | Node::Around { .. } => {
                self.guarded()
            }
            Node::Concat(nodes) => nodes.iter().rev().fold(self, Self::before),
            Node::Alternation(nodes) => {
                let never = Self::starting_with(ClassUnicode::empty());
                nodes.iter().fold(never, |all, node| all.or(&self.clone().before(node)))
            }
            Node::Repeat { node, min: 0, .. } => self.clone().guarded().before(node).or(&self),
            Node::Repeat { node, .. } => self.guarded().before(node).guarded(),
            Node::Atomic(node) | Node::Group(_, node) => self.before(node),
            Node::Backref(_) => {
                Self { first: class(&[('\0', char::MAX)]), any: true, total: false }
            }
        }
    }
}

/// The node without look-ahead and atomic parts, and what is known of it and its continuation.
fn simplify(node: &Node, follow: Follow) -> Option<(Node, Follow)> {
    let simple = match node {
        Node::Empty | Node::Class(_) | Node::Literal(_) | Node::Look(_) => node.clone(),
        Node::Concat(nodes) => {
            let (nodes, follow) = simplify_all(nodes, follow)?;
            return Some((Node::Concat(nodes), follow));
        }
        Node::Alternation(nodes) => Node::Alternation(
            nodes
                .iter()
                .map(|node| Some(simplify(node, follow.clone())?.0))
                .collect::<Option<_>>()?,
        ),
        Node::Repeat { node: inner, min, max, greedy } => {
            if inner.length().0 == 0 && inner.has_extensions() {
                return None;
            }
            // Another round may follow, or what follows the loop.
            let round = follow.clone().guarded().before(inner).or(&follow.clone().guarded());
            let (inner, _) = simplify(inner, Follow { total: false, ..round })?;
            Node::Repeat { node: Box::new(inner), min: *min, max: *max, greedy: *greedy }
        }
        Node::Atomic(inner) => {
            if !(follow.total || matches_one_way(inner) || is_run_apart(inner, &follow)) {
                return None;
            }
            simplify(inner, follow.clone())?.0
        }
        Node::BeforeFinalNewlines { .. }
        | Node::Around { .. }
        | Node::Group(..)
        | Node::Backref(_) => return None,
    };
    let follow = follow.before(node);
    Some((simple, follow))
}

/// [`simplify`] for a concatenation, from its end to its start.
fn simplify_all(nodes: &[Node], mut follow: Follow) -> Option<(Vec<Node>, Follow)> {
    let mut simple: Vec<Node> = Vec::with_capacity(nodes.len());
    for node in nodes.iter().rev() {
        if let Node::Around { node, behind: false, negated } = node {
            let next = NextCharacter::of(node, *negated)?;
            let restricted = restrict_first(simple.pop()?, &next.allowed)?;
            simple.extend(restricted.into_iter().rev());
            follow.first.intersect(&next.allowed);
            follow = follow.guarded();
        } else {
            let (node, before) = simplify(node, follow)?;
            simple.push(node);
            follow = before;
        }
    }
    simple.reverse();
    Some((simple, follow))
}

/// The node with its first character limited to `allowed`, if it always starts with a class.
fn restrict_first(node: Node, allowed: &ClassUnicode) -> Option<Vec<Node>> {
    match node {
        Node::Class(mut class) => {
            class.intersect(allowed);
            Some(vec![Node::Class(class)])
        }
        Node::Repeat { node, min, max, greedy } if min > 0 => {
            let mut first = restrict_first((*node).clone(), allowed)?;
            let max = max.map(|max| max - 1);
            first.push(Node::Repeat { node, min: min - 1, max, greedy });
            Some(first)
        }
        _ => None,
    }
}

/// Whether there is at most one way to match at a position.
fn matches_one_way(node: &Node) -> bool {
    match node {
        Node::Empty | Node::Class(_) | Node::Literal(_) | Node::Look(_) => true,
        Node::Concat(nodes) => nodes.iter().all(matches_one_way),
        Node::Repeat { node, min, max, .. } => *max == Some(*min) && matches_one_way(node),
        _ => false,
    }
}

/// Whether the node is a greedy run of one class, and what follows cannot start in that class.
fn is_run_apart(node: &Node, follow: &Follow) -> bool {
    let Node::Repeat { node, greedy: true, .. } = node else { return false };
    let Node::Class(class) = node.as_ref() else { return false };
    let mut shared = class.clone();
    shared.intersect(&follow.first);
    !follow.any && shared.ranges().is_empty()
}

/// The form regex-automata compiles. Takes simplified nodes only.
fn to_hir(node: &Node) -> Hir {
    match node {
        Node::Class(class) => Hir::class(Class::Unicode(class.clone())),
        Node::Literal(text) => Hir::literal(text.as_bytes()),
        Node::Look(look) => Hir::look(*look),
        Node::Concat(nodes) => Hir::concat(nodes.iter().map(to_hir).collect()),
        Node::Alternation(nodes) => Hir::alternation(nodes.iter().map(to_hir).collect()),
        Node::Repeat { node, min, max, greedy } => Hir::repetition(Repetition {
            min: *min,
            max: *max,
            greedy: *greedy,
            sub: Box::new(to_hir(node)),
        }),
        Node::Atomic(node) | Node::Group(_, node) => to_hir(node),
        Node::Empty | Node::BeforeFinalNewlines { .. } | Node::Around { .. } | Node::Backref(_) => {
            Hir::empty()
        }
    }
}

//! The search for added tokens, followed byte by byte while it is not decided.
//!
//! The search goes from left to right; of what matches at one place the longest counts. What is not
//! decided is a *tail* of the text that begins a pattern, so it is a node of the tree of patterns.
//! A context says which parts of the text are added tokens; of those in the tail it is not yet known
//! whether they will be found. They are *claims*.

use crate::formats::AddedSearch;
use std::collections::HashMap;

/// A node of the tree.
type NodeId = u32;

/// The node of the empty tail.
pub(super) const ROOT: NodeId = 0;

/// An added token that a context has in the tail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Claim {
    /// Where it begins, from the beginning of the tail.
    at: u32,
    len: u32,
}

/// The end of a text in which it is not decided what will be found.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Tail {
    node: NodeId,
    claims: Vec<Claim>,
}

impl Tail {
    /// Whether everything is decided.
    pub(super) fn is_empty(&self) -> bool {
        self.node == ROOT
    }
}

/// A pattern that ends at a node or above it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Match {
    len: u32,
    /// Whether it is taken; else it is passed over.
    taken: bool,
}

#[derive(Debug, Clone)]
struct Node {
    /// The longest pattern that begins what the node stands for.
    best: Option<Match>,
    /// Whether something below could make that no pattern that is taken.
    plain: bool,
    is_leaf: bool,
    /// A pattern that begins so, and how much of it.
    pattern: u32,
    depth: u32,
}

/// The patterns of one search.
#[derive(Debug)]
pub(super) struct Search {
    patterns: Vec<Vec<u8>>,
    nodes: Vec<Node>,
    children: HashMap<(NodeId, u8), NodeId>,
    first: [NodeId; 256],
    passing: AddedSearch,
}

impl Search {
    /// Builds the tree: patterns, each with whether it is taken. Linear in their length.
    pub(super) fn new(patterns: Vec<(Vec<u8>, bool)>, passing: AddedSearch) -> Self {
        let root = Node { best: None, plain: true, is_leaf: true, pattern: 0, depth: 0 };
        let mut search = Self {
            patterns: Vec::with_capacity(patterns.len()),
            nodes: vec![root],
            children: HashMap::new(),
            first: [ROOT; 256],
            passing,
        };
        let mut parents = vec![ROOT];
        for (number, (pattern, taken)) in (0..).zip(patterns) {
            let mut at = ROOT;
            for (&byte, depth) in pattern.iter().zip(1..) {
                let new = search.nodes.len() as NodeId;
                let child = *search.children.entry((at, byte)).or_insert(new);
                if child == new {
                    search.nodes[at as usize].is_leaf = false;
                    search.nodes.push(Node {
                        best: None,
                        plain: true,
                        is_leaf: true,
                        pattern: number,
                        depth,
                    });
                    parents.push(at);
                }
                at = child;
            }
            if let (Some(&head), true) = (pattern.first(), at != ROOT) {
                search.first[usize::from(head)] = search.children[&(ROOT, head)];
                search.nodes[at as usize].best = Some(Match { len: pattern.len() as u32, taken });
            }
            search.patterns.push(pattern);
        }
        // A parent has a lower number than its children.
        for (at, &parent) in parents.iter().enumerate().skip(1) {
            let above = search.nodes[parent as usize].best;
            let node = &mut search.nodes[at];
            node.best = node.best.or(above);
            node.plain = !node.best.is_some_and(|best| best.taken);
        }
        for (at, &parent) in parents.iter().enumerate().skip(1).rev() {
            let plain = search.nodes[at].plain;
            search.nodes[parent as usize].plain |= plain;
        }
        search
    }

    fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id as usize]
    }

    /// What a node stands for.
    fn path(&self, id: NodeId) -> &[u8] {
        let node = self.node(id);
        let pattern = self.patterns.get(node.pattern as usize);
        pattern.and_then(|all| all.get(..node.depth as usize)).unwrap_or_default()
    }

    fn child(&self, id: NodeId, byte: u8) -> Option<NodeId> {
        if id == ROOT {
            return Some(self.first[usize::from(byte)]).filter(|&child| child != ROOT);
        }
        self.children.get(&(id, byte)).copied()
    }

    /// Goes on by bytes of text in which nothing may be found; `None` if something is, or a claim is
    /// not found.
    pub(super) fn over(&self, tail: &Tail, bytes: &[u8]) -> Option<Tail> {
        let mut tail = tail.clone();
        for &byte in bytes {
            self.advance(&mut tail, byte)?;
        }
        self.is_possible(&tail).then_some(tail)
    }

    /// Goes on by a pattern that is to be found.
    pub(super) fn claim(&self, tail: &Tail, pattern: &[u8]) -> Option<Tail> {
        let mut tail = tail.clone();
        let at = self.node(tail.node).depth;
        tail.claims.push(Claim { at, len: pattern.len() as u32 });
        self.over(&tail, pattern)
    }

    /// One byte, of which no more is asked than that nothing decided goes against the claims.
    pub(super) fn advance(&self, tail: &mut Tail, byte: u8) -> Option<()> {
        match self.child(tail.node, byte) {
            Some(child) if !self.node(child).is_leaf => tail.node = child,
            None if tail.node == ROOT => {}
            _ => {
                let text = [self.path(tail.node), &[byte]].concat();
                tail.node = self.decide(&text, &mut tail.claims, false)?;
            }
        }
        Some(())
    }

    /// Whether what stands first in a tail can still become what is claimed.
    pub(super) fn is_possible(&self, tail: &Tail) -> bool {
        let node = self.node(tail.node);
        match tail.claims.first() {
            Some(&Claim { at: 0, len }) => node.best == Some(Match { len, taken: true }),
            _ => node.plain,
        }
    }

    /// Whether the text may end here: then everything is decided.
    pub(super) fn ends(&self, tail: &Tail) -> bool {
        tail.is_empty() || {
            let mut claims = tail.claims.clone();
            self.decide(self.path(tail.node), &mut claims, true).is_some() && claims.is_empty()
        }
    }

    /// Searches a text as far as it is decided; the node of what is left. `None` if what is found
    /// is not what is claimed.
    fn decide(&self, text: &[u8], claims: &mut Vec<Claim>, end: bool) -> Option<NodeId> {
        let mut start = 0;
        loop {
            let (mut node, mut at) = (ROOT, start);
            while let Some(child) = text.get(at).and_then(|&byte| self.child(node, byte)) {
                (node, at) = (child, at + 1);
            }
            let rest = self.node(node);
            if at == text.len() && (start == at || !end && !rest.is_leaf) {
                for claim in claims.iter_mut() {
                    claim.at -= start as u32;
                }
                return Some(node);
            }
            let from = start as u32;
            match rest.best {
                Some(Match { len, taken: true }) => {
                    if claims.first() != Some(&Claim { at: from, len }) {
                        return None;
                    }
                    claims.remove(0);
                    start += len as usize;
                }
                passed => {
                    let by = match (passed, self.passing) {
                        (Some(passed), AddedSearch::AfterMatch) => passed.len,
                        _ => 1,
                    };
                    if claims.first().is_some_and(|claim| claim.at < from + by) {
                        return None;
                    }
                    start += by as usize;
                }
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]
mod tests {
    use super::*;
    use crate::encode::added::{AddedTokens, Allowed, Segment};
    use crate::encode::model::draws::next_bits;
    use crate::formats::AddedToken;
    use std::collections::BTreeSet;

    /// Every way to say what is found in a text, decided byte by byte.
    fn ways(search: &Search, taken: &[Vec<u8>], text: &[u8]) -> Vec<Vec<(usize, usize)>> {
        let mut done = Vec::new();
        let mut todo = vec![(Tail::default(), 0, Vec::new())];
        while let Some((tail, at, found)) = todo.pop() {
            if at == text.len() {
                if search.ends(&tail) {
                    done.push(found);
                }
                continue;
            }
            if let Some(next) = search.over(&tail, &text[at..=at]) {
                todo.push((next, at + 1, found.clone()));
            }
            for pattern in taken.iter().filter(|pattern| text[at..].starts_with(pattern)) {
                if let Some(next) = search.claim(&tail, pattern) {
                    let end = at + pattern.len();
                    todo.push((next, end, [&found[..], &[(at, end)]].concat()));
                }
            }
        }
        done
    }

    #[test]
    fn what_is_found_is_what_the_encoder_finds() {
        let mut random = 1;
        let mut draw = |limit: u64| (next_bits(&mut random) % limit) as usize;
        let (mut some, mut passed) = (0, 0);
        for round in 0..600 {
            let tokens: Vec<AddedToken> = (0..=draw(5) as u32)
                .map(|id| AddedToken {
                    id,
                    content: (0..=draw(4)).map(|_| ['a', 'b', 'c'][draw(2 + round % 2)]).collect(),
                    special: draw(3) == 0,
                    ..AddedToken::default()
                })
                .collect();
            let contents: BTreeSet<&String> = tokens.iter().map(|token| &token.content).collect();
            if contents.len() < tokens.len() {
                continue;
            }
            let passing = [AddedSearch::NextCharacter, AddedSearch::AfterMatch][draw(2)];
            let patterns = tokens.iter().map(|t| (t.content.clone().into_bytes(), !t.special));
            let search = Search::new(patterns.collect(), passing);
            let taken: Vec<Vec<u8>> = tokens
                .iter()
                .filter(|token| !token.special)
                .map(|token| token.content.clone().into_bytes())
                .collect();
            let added = AddedTokens::new(tokens, passing, |text| Ok(text.to_owned())).unwrap();
            for _ in 0..60 {
                let text: String = (0..draw(9)).map(|_| ['a', 'b', 'c'][draw(3)]).collect();
                let found = added.segments(&text, &Allowed::None, &BTreeSet::new());
                let found: Vec<_> = found
                    .iter()
                    .filter_map(|segment| match segment {
                        Segment::Token(_, span) => Some((span.start, span.end)),
                        Segment::Text(_) => None,
                    })
                    .collect();
                some += found.len();
                passed += usize::from(found.len() < taken.len());
                assert_eq!(ways(&search, &taken, text.as_bytes()), [found], "{added:?} {text:?}");
            }
        }
        assert!(some > 5000 && passed > 5000);
    }
}

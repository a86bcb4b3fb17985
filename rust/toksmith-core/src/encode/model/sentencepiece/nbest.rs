//! The n best paths, in the order that SentencePiece 0.2.3 finds them.
//!
//! A search from the end (A*): a hypothesis is a path from some node to the end; its estimate
//! is the best sum up to that node plus the sum behind it. The one with the highest estimate is
//! taken up and grows to the left. Which of equals comes first is decided by the binary heap
//! that holds them, so this is that heap, move by move, and by the limits at which hypotheses
//! are dropped. Past the last limit the best path is the only answer.

use super::lattice::{BEGIN, END, Lattice};
use crate::token::NONE;
use std::collections::HashMap;

/// Hypotheses waiting at which all but the best are dropped.
const MOST_WAITING: usize = 10_000;
/// So many stay, or ten for each path wanted.
const KEPT: usize = 512;
/// New hypotheses at which all but the best are dropped.
const MOST_NEW: usize = 100_000;
/// Hypotheses at which the search is given up.
const MOST: usize = 500_000;
/// How often hypotheses are dropped before the search is given up.
const MOST_DROPS: usize = 10;

/// A path from a node to the end.
#[derive(Debug, Clone, Copy)]
struct Hypothesis {
    node: u32,
    /// The hypothesis it has grown from; [`NONE`]: the end.
    next: u32,
    /// Sum of the scores behind the node, it included.
    behind: f32,
    /// What the whole path can come to.
    estimate: f32,
}

/// A path and its sum.
pub(super) type Path = (Vec<u32>, f32);

/// The best paths through a lattice, at most `wanted` (2 or more).
pub(super) fn search(lattice: &mut Lattice, wanted: usize) -> Vec<Path> {
    let best = lattice.viterbi();
    let sum = lattice.nodes[END as usize].best;
    search_from(lattice, wanted, sum).unwrap_or_else(|| vec![(best, sum)])
}

/// `None`: the search was given up.
fn search_from(lattice: &Lattice, wanted: usize, sum: f32) -> Option<Vec<Path>> {
    let kept = KEPT.min(wanted * 10);
    let mut all = vec![Hypothesis { node: END, next: NONE, behind: 0.0, estimate: sum }];
    let mut agenda = Agenda::default();
    agenda.push(0, sum);
    let (mut results, mut total, mut drops, mut most) = (Vec::new(), 1, 0, MOST_NEW);
    while let Some((top, _)) = agenda.pop() {
        let Hypothesis { node, behind, estimate, next } = all[top as usize];
        if node == BEGIN {
            results.push((path(&all, next), estimate));
            if results.len() == wanted {
                break;
            }
            continue;
        }
        let before = lattice.before(node);
        for &left in before {
            let estimate = lattice.nodes[left as usize].best + behind;
            let behind = lattice.nodes[left as usize].score + behind;
            agenda.push(all.len() as u32, estimate);
            all.push(Hypothesis { node: left, next: top, behind, estimate });
        }
        total += before.len();
        if total >= MOST {
            return None;
        }
        if agenda.len() >= MOST_WAITING || agenda.len() > kept && all.len() >= most {
            if drops >= MOST_DROPS {
                return None;
            }
            drops += 1;
            let (mut fresh, mut copies, mut copy) = (Agenda::default(), HashMap::new(), Vec::new());
            for _ in 0..kept.min(agenda.len()) {
                let Some((top, estimate)) = agenda.pop() else { break };
                fresh.push(copied(&all, top, &mut copies, &mut copy), estimate);
            }
            (agenda, all) = (fresh, copy);
            most = all.len() + MOST_NEW;
        }
    }
    Some(results)
}

/// The nodes of a path, the end left out.
fn path(all: &[Hypothesis], mut at: u32) -> Vec<u32> {
    let mut path = Vec::new();
    while let Some(hypothesis) = all.get(at as usize) {
        if hypothesis.node != END {
            path.push(hypothesis.node);
        }
        at = hypothesis.next;
    }
    path
}

/// Copies a hypothesis and those it has grown from, each once; returns its new place.
fn copied(
    all: &[Hypothesis],
    top: u32,
    copies: &mut HashMap<u32, u32>,
    copy: &mut Vec<Hypothesis>,
) -> u32 {
    let (mut at, mut first, mut last) = (top, NONE, None::<usize>);
    while at != NONE {
        let known = copies.get(&at).copied();
        let place = known.unwrap_or(copy.len() as u32);
        match last {
            None => first = place,
            Some(last) => copy[last].next = place,
        }
        if known.is_some() {
            break;
        }
        copies.insert(at, place);
        copy.push(all[at as usize]);
        last = Some(place as usize);
        at = all[at as usize].next;
    }
    first
}

/// A binary heap, the highest estimate on top. Taking the top sinks the hole it leaves to the
/// bottom along the larger children (the right one of equals), then lets the last entry rise
/// from there: equal estimates come out in the order this gives.
#[derive(Debug, Default)]
struct Agenda(Vec<(u32, f32)>);

impl Agenda {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn push(&mut self, hypothesis: u32, estimate: f32) {
        self.0.push((hypothesis, estimate));
        self.rise(self.0.len() - 1);
    }

    fn rise(&mut self, mut hole: usize) {
        let entry = self.0[hole];
        while hole > 0 {
            let parent = (hole - 1) / 2;
            if self.0[parent].1 >= entry.1 || self.0[parent].1.is_nan() || entry.1.is_nan() {
                break;
            }
            self.0[hole] = self.0[parent];
            hole = parent;
        }
        self.0[hole] = entry;
    }

    fn pop(&mut self) -> Option<(u32, f32)> {
        let last = self.0.pop()?;
        let Some(&top) = self.0.first() else { return Some(last) };
        let (len, mut hole) = (self.0.len(), 0);
        loop {
            let right = 2 * hole + 2;
            let child = match (self.0.get(right - 1), self.0.get(right)) {
                (Some(&(_, left)), Some(&(_, value))) if value < left => right - 1,
                (_, Some(_)) => right,
                (Some(_), None) => right - 1,
                (None, None) => break,
            };
            self.0[hole] = self.0[child];
            hole = child;
        }
        debug_assert!(hole < len);
        self.0[hole] = last;
        self.rise(hole);
        Some(top)
    }
}

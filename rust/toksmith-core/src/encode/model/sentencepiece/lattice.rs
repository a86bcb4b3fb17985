//! All segmentations of a text as a graph, and sums over them, in single precision and in the
//! order of SentencePiece 0.2.3.
//!
//! A node is a piece where it stands. Places are characters. Nodes are numbered in the order
//! they are met: the beginning, the end, then by where they begin, shorter pieces first. The
//! score of a user-defined piece goes by its characters here, while the best path
//! ([`super::super::unigram::viterbi`]) goes by bytes. O(nodes x nodes that end at a place).

use super::{SentencePiece, user_defined_score};
use crate::encode::model::unigram::viterbi::{Step, char_len};
use crate::token::{NONE, TokenId};

/// The node before all pieces.
pub(super) const BEGIN: u32 = 0;
/// The node behind all pieces.
pub(super) const END: u32 = 1;

/// A piece where it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    id: TokenId,
    pub(super) score: f32,
    /// First character.
    pub(super) place: u32,
    /// One past the last.
    end: u32,
    /// The best sum up to and with this node.
    pub(super) best: f32,
    /// The node before it on that path.
    previous: u32,
}

/// The graph.
#[derive(Debug)]
pub(super) struct Lattice {
    pub(super) nodes: Vec<Node>,
    /// Byte at which each character begins, and the length of the text.
    starts: Vec<u32>,
    /// Where the nodes that begin at a character are in `nodes`: `begins[p]..begins[p + 1]`.
    begins: Vec<u32>,
    /// Nodes by where they end: `ending[ends[p]..ends[p + 1]]` end at character `p`.
    ends: Vec<u32>,
    ending: Vec<u32>,
}

impl Lattice {
    /// The graph of a text.
    pub(super) fn new(model: &SentencePiece, text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut starts: Vec<u32> = text.char_indices().map(|(at, _)| at as u32).collect();
        let chars = starts.len();
        starts.push(bytes.len() as u32);
        let node =
            |id, score, place, end| Node { id, score, place, end, best: 0.0, previous: NONE };
        let mut nodes = vec![node(NONE, 0.0, 0, 0), node(NONE, 0.0, chars as u32, chars as u32)];
        let mut begins = Vec::with_capacity(chars + 1);
        for (place, &start) in starts.iter().take(chars).enumerate() {
            begins.push(nodes.len() as u32);
            let (start, here) = (start as usize, place as u32);
            let first = char_len(bytes[start]);
            let mut single = false;
            // Characters are counted as the walk goes on.
            let mut end = place;
            model.lexicon.trie.walk(&bytes[start..], |len, id| {
                while starts.get(end).is_some_and(|&byte| (byte as usize) < start + len) {
                    end += 1;
                }
                single |= len == first;
                let defined = model.user_defined.get(id as usize).is_some_and(|&len| len != 0);
                let score = if defined {
                    user_defined_score((end - place) as u32)
                } else {
                    model.lexicon.scores[id as usize]
                };
                nodes.push(node(id, score, here, end as u32));
            });
            if !single {
                let lexicon = &model.lexicon;
                nodes.push(node(lexicon.unknown, lexicon.unknown_score, here, here + 1));
            }
        }
        begins.push(nodes.len() as u32);
        let mut ends = vec![0_u32; chars + 2];
        let closing = || nodes.iter().zip(0_u32..).filter(|&(_, at)| at != END);
        for (node, _) in closing() {
            ends[node.end as usize + 1] += 1;
        }
        for place in 0..=chars {
            ends[place + 1] += ends[place];
        }
        let mut filled = ends.clone();
        let mut ending = vec![0; nodes.len() - 1];
        for (node, at) in closing() {
            let slot = &mut filled[node.end as usize];
            ending[*slot as usize] = at;
            *slot += 1;
        }
        Self { nodes, starts, begins, ends, ending }
    }

    /// Number of characters.
    pub(super) fn chars(&self) -> usize {
        self.starts.len() - 1
    }

    /// The nodes that end where a node begins.
    pub(super) fn before(&self, node: u32) -> &[u32] {
        self.ending_at(self.nodes[node as usize].place as usize)
    }

    fn ending_at(&self, place: usize) -> &[u32] {
        &self.ending[self.ends[place] as usize..self.ends[place + 1] as usize]
    }

    /// The nodes that begin at a character, or the end.
    fn beginning_at(&self, place: usize) -> std::ops::Range<usize> {
        if place == self.chars() {
            END as usize..END as usize + 1
        } else {
            self.begins[place] as usize..self.begins[place + 1] as usize
        }
    }

    /// Fills in the best sums; returns the best path.
    pub(super) fn viterbi(&mut self) -> Vec<u32> {
        for place in 0..=self.chars() {
            for right in self.beginning_at(place) {
                let (mut best, mut previous) = (0.0_f32, NONE);
                for &left in self.ending_at(place) {
                    let sum = self.nodes[left as usize].best + self.nodes[right].score;
                    if previous == NONE || sum > best {
                        (best, previous) = (sum, left);
                    }
                }
                (self.nodes[right].best, self.nodes[right].previous) = (best, previous);
            }
        }
        let mut path = Vec::new();
        let mut at = self.nodes[END as usize].previous;
        while at != BEGIN && at != NONE {
            path.push(at);
            at = self.nodes[at as usize].previous;
        }
        path.reverse();
        path
    }

    /// For each node the logarithm of the sum over all paths up to it, its own score left out;
    /// scores are multiplied by `theta`.
    pub(super) fn forward(&self, theta: f32) -> Vec<f32> {
        let mut alpha = vec![0.0_f32; self.nodes.len()];
        for place in 0..=self.chars() {
            let mut sum = None;
            for &left in self.ending_at(place) {
                let path = theta * self.nodes[left as usize].score + alpha[left as usize];
                sum = Some(sum.map_or(path, |sum| log_add(sum, path)));
            }
            for right in self.beginning_at(place) {
                alpha[right] = sum.unwrap_or(0.0);
            }
        }
        alpha
    }

    /// A path as steps through the text.
    pub(super) fn steps(&self, path: &[u32]) -> Vec<Step> {
        let byte = |place: u32| self.starts[place as usize] as usize;
        let step = |&at: &u32| {
            let node = &self.nodes[at as usize];
            (node.id, byte(node.place), byte(node.end))
        };
        path.iter().map(step).collect()
    }
}

/// The logarithm of the sum of two numbers given by theirs.
fn log_add(x: f32, y: f32) -> f32 {
    let (low, high) = (x.min(y), x.max(y));
    if high > low + 50.0 {
        return high;
    }
    (f64::from(high) + f64::from(low - high).exp().ln_1p()) as f32
}

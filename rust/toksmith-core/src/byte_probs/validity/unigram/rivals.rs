//! All tokens that may come next, at once.
//!
//! A token goes on with the best path unless another path to its end has a better sum. Such a
//! rival either leaves the path at the place where the token begins: then the token is not the
//! best path of its own bytes, wherever it stands. Or it crosses that place with a piece that
//! begins before it. Let `a` be what lies between, `D` what the sum grows by over `a`, and `u` the
//! rest of such a piece, a beginning of the token `t = u v`. The rival is ahead if
//!
//! ```text
//! score(a u) + best(v) - score(t) > D
//! ```
//!
//! with the best sum over `v`. The left side depends on `a` and `t` alone. So the tokens are listed
//! once for each `a`, by the largest of these numbers, and those that lose in a context are a
//! beginning of the list. What is below the best sum over `a` itself is left out, for `D` is never
//! smaller.
//!
//! Sums are rounded, and ties are settled by the order of beginnings. Whatever is closer than
//! rounding could make it ([`Rivals::doubt`]) is asked of the recurrence.

use super::forward::LIMIT;
use super::{Lattice, Phase, Role, Unigram, UnigramState};
use crate::byte_probs::mask::Mask;
use crate::byte_probs::trie::{Prefix, TokenTrie};
use crate::encode::model::unigram::trie::Trie;
use crate::error::Result;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes that masks, and lists, may take together before they are forgotten.
const CACHE_BYTES: usize = 64 << 20;

/// What is known of tokens before any context.
#[derive(Debug)]
pub(super) struct Rivals {
    /// Best sums over what is left of each piece behind its first characters, one, two and so on.
    rests: Vec<f32>,
    /// Where those of each place begin.
    starts: Vec<u32>,
    /// Tokens that are the best path of their own bytes.
    own: Mask,
    /// Those for which that depends on rounding, each with the least sum from which on it may.
    doubtful: Vec<(f32, u32)>,
    /// Tokens of which either holds.
    possible: Mask,
    /// Tokens that begin a text.
    begin: Arc<Mask>,
    /// Where a text is cut before spaces, tokens that begin with one; they are not in `own`.
    words: Option<Mask>,
    /// Relative error of a sum over a token.
    unit: f64,
    lists: Mutex<Lists>,
    cache: Mutex<HashMap<UnigramState, Arc<Mask>>>,
}

#[derive(Debug, Default)]
struct Lists {
    by_prefix: HashMap<Prefix, Arc<List>>,
    bytes: usize,
}

/// The tokens that may lose against pieces that begin with the same bytes before them.
#[derive(Debug)]
struct List {
    /// What the rival gains at most, the largest first, and the token's place.
    gains: Vec<(f32, u32)>,
    /// Largest sum of the magnitudes that a gain was computed from.
    size: f64,
}

/// The best sums over all that is left of a piece behind its characters.
struct Rests {
    /// By character, the first left out.
    behind: Vec<f64>,
    /// The best sum over the piece in more than one step, or over unknown characters.
    split: f64,
}

impl Rivals {
    /// O(bytes of the vocabulary x length of a piece).
    pub(super) fn new(trie: &TokenTrie, lattice: &Lattice, roles: &[Role]) -> Result<Self> {
        let pieces = &lattice.pieces;
        let keys: Vec<_> =
            (0..pieces.len() as u32).map(|place| (pieces.spelling(place), place)).collect();
        let walker = Trie::new(&keys, false)?;
        let len = trie.len();
        let (mut rests, mut starts) = (Vec::new(), Vec::with_capacity(len));
        let (mut own, mut doubtful) = (Mask::none(len), Vec::new());
        let mut longest = 0;
        let mut margins = Vec::with_capacity(len);
        for place in 0..len as u32 {
            starts.push(rests.len() as u32);
            let Some(&Role::Piece(piece)) = roles.get(place as usize) else { continue };
            let found = lattice.rests(&walker, trie.spelling(place));
            longest = longest.max(found.behind.len());
            rests.extend(found.behind.iter().map(|&sum| sum as f32));
            let score = lattice.score(piece);
            margins.push((place, score - found.split, score.abs() + found.split.abs()));
        }
        // Each of the additions may round up or down, on both sides.
        let unit = (longest + 4) as f64 * f64::from(f32::EPSILON);
        let mut possible = Mask::none(len);
        for (place, margin, size) in margins {
            if margin > 0.0 {
                own.insert(place);
                possible.insert(place);
            }
            let least = margin.abs() / unit - 2.0 * size;
            if least < 2.0 * LIMIT {
                doubtful.push(((least * 0.99).min(least) as f32, place));
                possible.insert(place);
            }
        }
        doubtful.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        Ok(Self {
            rests,
            starts,
            own,
            doubtful,
            possible,
            begin: Arc::new(Mask::none(len)),
            words: None,
            unit,
            lists: Mutex::default(),
            cache: Mutex::default(),
        })
    }

    /// How close two sums must be that rounding can have put the wrong one ahead; `size` is the sum
    /// of the magnitudes they are made of.
    fn doubt(&self, size: f64) -> f64 {
        self.unit * size
    }

    /// The list for the pieces under a prefix.
    fn list(&self, prefix: Prefix, find: impl FnOnce() -> List) -> Arc<List> {
        let mut lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(list) = lists.by_prefix.get(&prefix) {
            return Arc::clone(list);
        }
        let list = Arc::new(find());
        let bytes = list.gains.len() * size_of::<(f32, u32)>() + size_of::<List>();
        if lists.bytes + bytes > CACHE_BYTES {
            *lists = Lists::default();
        }
        lists.bytes += bytes;
        lists.by_prefix.insert(prefix, Arc::clone(&list));
        list
    }
}

impl Lattice {
    pub(super) fn score(&self, piece: u32) -> f64 {
        self.scores.get(piece as usize).copied().unwrap_or_default()
    }

    fn rests(&self, walker: &Trie, bytes: &[u8]) -> Rests {
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        let mut best = vec![f64::NEG_INFINITY; bytes.len() + 1];
        best[bytes.len()] = 0.0;
        let mut behind = vec![0.0];
        for (at, c) in text.char_indices().rev() {
            let (mut single, mut sum) = (false, f64::NEG_INFINITY);
            walker.walk(&bytes[at..], |len, piece| {
                single |= len == c.len_utf8();
                if at > 0 || len < bytes.len() {
                    sum = sum.max(self.score(piece) + best[at + len]);
                }
            });
            if !single {
                sum = sum.max(self.unknown_score + best[at + c.len_utf8()]);
            }
            best[at] = sum;
            if at > 0 {
                behind.push(sum);
            }
        }
        behind.reverse();
        Rests { behind, split: best[0] }
    }
}

impl Unigram {
    /// The tokens that [`Unigram::step`] takes.
    pub(crate) fn mask(&self, state: &UnigramState) -> Arc<Mask> {
        if !state.partial.is_empty() {
            let mut mask = Mask::none(self.trie.len());
            self.ask(state, &self.bytes, &mut mask);
            return Arc::new(mask);
        }
        if state.phase == Phase::Start {
            return Arc::clone(&self.rivals.begin);
        }
        {
            let cache = self.rivals.cache.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(mask) = cache.get(state) {
                return Arc::clone(mask);
            }
        }
        let mask = Arc::new(self.find(state));
        let mut cache = self.rivals.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if cache.len() * mask.words().len() * 8 > CACHE_BYTES {
            cache.clear();
        }
        cache.insert(state.clone(), Arc::clone(&mask));
        mask
    }

    /// Asks the recurrence of some tokens.
    fn ask(&self, state: &UnigramState, places: &[u32], mask: &mut Mask) {
        for &place in places {
            if self.step(state, place).is_some() { mask.insert(place) } else { mask.remove(place) }
        }
    }

    fn find(&self, state: &UnigramState) -> Mask {
        let rivals = &self.rivals;
        let mut mask = rivals.own.clone();
        let Some((end, before)) = state.live.split_last() else { return mask };
        let sum = f64::from_bits(end.sum);
        let near = rivals.doubtful.iter().take_while(|(least, _)| f64::from(*least) <= sum.abs());
        let mut unclear: Vec<u32> = near.map(|&(_, place)| place).collect();
        // Sums before a move, as they would be behind it.
        let mut moved = f64::from_bits(end.moved);
        for place in before.iter().rev() {
            let from = f64::from_bits(place.sum) - moved;
            let size = sum.abs() + from.abs() + f64::from_bits(place.sum).abs() + moved.abs();
            moved += f64::from_bits(place.moved);
            if place.prefix.is_empty() {
                continue;
            }
            let list = rivals.list(place.prefix, || self.find_list(place.prefix));
            let (grown, doubt) = (sum - from, rivals.doubt(size + list.size));
            for &(gain, token) in &list.gains {
                let lead = f64::from(gain) - grown;
                if lead > doubt {
                    mask.remove(token);
                } else if lead >= -doubt {
                    unclear.push(token);
                } else {
                    break;
                }
            }
        }
        self.ask(state, &unclear, &mut mask);
        self.ask(state, &self.bytes, &mut mask);
        if let Some(words) = &rivals.words {
            mask.union(words);
        }
        mask
    }

    /// Lists the tokens that may lose against the pieces under a prefix.
    fn find_list(&self, prefix: Prefix) -> List {
        let Self { trie, lattice, rivals, .. } = self;
        let pieces = &lattice.pieces;
        let start = pieces.spelling(prefix.lo).get(..prefix.depth as usize).unwrap_or_default();
        let least = lattice.best(start);
        let mut gains = vec![f64::NEG_INFINITY; trie.len()];
        let (mut met, mut size) = (Vec::new(), least.abs());
        let mut todo = vec![(prefix, trie.root(), 0_u32)];
        while let Some((longer, next, chars)) = todo.pop() {
            for (byte, range) in pieces.children(longer) {
                let behind = trie.child(next, byte);
                if behind.is_empty() {
                    continue;
                }
                let longer = Prefix { lo: range.start, hi: range.end, depth: longer.depth + 1 };
                // A character counts with its first byte.
                let chars = chars + u32::from(byte & 0xC0 != 0x80);
                todo.push((longer, behind, chars));
                let Some(piece) = lattice.last_of(longer) else { continue };
                let score = lattice.score(piece);
                for token in behind.range() {
                    if !rivals.possible.contains(token) {
                        continue;
                    }
                    let Role::Piece(own) = self.roles[token as usize] else { continue };
                    let rest = rivals.starts[token as usize] + chars - 1;
                    let rest = f64::from(rivals.rests[rest as usize]);
                    let own = lattice.score(own);
                    let gain = &mut gains[token as usize];
                    if *gain == f64::NEG_INFINITY {
                        met.push(token);
                    }
                    let new = score + rest - own;
                    if new > *gain {
                        *gain = new;
                    }
                    size = size.max(score.abs() + rest.abs() + own.abs());
                }
            }
        }
        let slack = rivals.doubt(4.0 * LIMIT + 4.0 * size);
        let found = met.into_iter().filter_map(|token| {
            let gain = gains[token as usize];
            (gain >= least - slack).then_some((gain as f32, token))
        });
        let mut gains: Vec<_> = found.collect();
        gains.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        gains.shrink_to_fit();
        List { gains, size }
    }

    /// Finds the tokens that begin a text and, where it is cut, a piece.
    pub(super) fn find_beginnings(&mut self) {
        let (trie, shape) = (Arc::clone(&self.trie), self.shape);
        let start = self.start();
        let spaces = trie.find(b" ").range();
        let mut begin = Mask::none(trie.len());
        let unclear: Vec<u32> = self.rivals.doubtful.iter().map(|&(_, place)| place).collect();
        for place in self.rivals.own.iter().filter(|place| !shape.lead || spaces.contains(place)) {
            begin.insert(place);
        }
        self.ask(&start, &unclear, &mut begin);
        self.ask(&start, &self.bytes, &mut begin);
        if shape.cuts {
            let mut words = Mask::none(trie.len());
            begin
                .iter()
                .filter(|place| spaces.contains(place))
                .for_each(|place| words.insert(place));
            for place in spaces.clone() {
                self.rivals.own.remove(place);
            }
            self.rivals.doubtful.retain(|(_, place)| !spaces.contains(place));
            self.rivals.words = Some(words);
        }
        self.rivals.begin = Arc::new(begin);
    }
}

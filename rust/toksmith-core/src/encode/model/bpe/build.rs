//! From a rank file or a merge list to one live pair a token.
//!
//! A pair is live if merging ever applies it. The state of the naive loop inside the bytes of
//! a token does not depend on the text around it until a merge crosses its edge, so the pair
//! that makes a token is the last state of the loop on its own bytes, whatever the text: at
//! most one a token. Working through tokens in merge order, that state is found with the pairs
//! already known, as long as every product comes after its parts. Where a file breaks that
//! order, [`exhaustive`] runs the naive loop over all of the file's rules instead.

use super::pairs::{MAX_RANK, PairTable};
use super::{naive, short};
use crate::error::{Error, Result};
use crate::formats::{Compiled, Merges};
use crate::token::{NONE, Rank, TokenId};
use crate::vocab::Vocab;
use std::collections::{HashMap, HashSet};

/// Reduces merge rules to live pairs, in merge order. Linear in the size of the rules for
/// trained vocabularies.
pub fn compile(vocab: &Vocab, merges: &Merges) -> Result<Compiled> {
    if vocab.len() >= MAX_RANK as usize {
        return Err(Error::unsupported(format!("a vocabulary of more than {MAX_RANK} tokens")));
    }
    let bytes = byte_ids(vocab)?;
    let rules = match merges {
        Merges::ByRank => Rules::Concatenation,
        Merges::List(list) => Rules::List(last_of_each_pair(list)),
        Merges::Compiled(compiled) => return Ok(compiled.clone()),
    };
    match in_order(vocab, &bytes, &rules) {
        Some(live) => Ok(finish(vocab, &bytes, &live)),
        None => Ok(finish(vocab, &bytes, &exhaustive(vocab, &bytes, &rules))),
    }
}

enum Rules {
    /// Any two neighbours whose bytes are a token; lowest id first.
    Concatenation,
    /// `(left, right, product)`, first line first.
    List(Vec<(TokenId, TokenId, TokenId)>),
}

/// The list without the pairs that a later line repeats: in tokenizer.json the last one counts.
fn last_of_each_pair(list: &[(TokenId, TokenId, TokenId)]) -> Vec<(TokenId, TokenId, TokenId)> {
    let mut seen = HashSet::with_capacity(list.len());
    let mut kept: Vec<_> = list
        .iter()
        .rev()
        .filter(|&&(left, right, _)| seen.insert((left, right)))
        .copied()
        .collect();
    kept.reverse();
    kept
}

/// A live pair in terms of ids.
#[derive(Clone, Copy)]
struct Live {
    product: TokenId,
    left: TokenId,
    right: TokenId,
}

/// The id of each byte.
fn byte_ids(vocab: &Vocab) -> Result<[TokenId; 256]> {
    let mut ids = [NONE; 256];
    for (id, bytes) in vocab.iter() {
        if let [byte] = bytes {
            let slot = &mut ids[usize::from(*byte)];
            // Two tokens of the same single byte: the first one is what merging starts from.
            *slot = (*slot).min(id);
        }
    }
    match ids.iter().position(|&id| id == NONE) {
        Some(byte) => {
            Err(Error::field("vocab", format!("no token for the single byte 0x{byte:02x}")))
        }
        None => Ok(ids),
    }
}

/// Tokens found live so far, and the merge loop over them.
struct Known {
    pairs: PairTable,
    /// id -> rank, for bytes and live products.
    rank: Vec<Rank>,
    ids: Vec<TokenId>,
    state: Vec<Rank>,
}

impl Known {
    fn new(vocab: &Vocab, bytes: &[TokenId; 256]) -> Self {
        let mut rank = vec![NONE; vocab.id_limit()];
        for (byte, &id) in bytes.iter().enumerate() {
            rank[id as usize] = byte as Rank;
        }
        Self {
            pairs: PairTable::with_capacity(vocab.len()),
            rank,
            ids: bytes.to_vec(),
            state: Vec::new(),
        }
    }

    /// What the known pairs make of `bytes`.
    fn merge(&mut self, bytes: &[u8]) -> &[Rank] {
        self.state.clear();
        if bytes.len() <= short::MAX {
            short::merge(&self.pairs, bytes, &mut self.state);
        } else {
            super::heap::merge(&self.pairs, bytes, &mut self.state);
        }
        &self.state
    }

    fn add(&mut self, product: TokenId, left: Rank, right: Rank) {
        let rank = self.ids.len() as Rank;
        self.pairs.insert(left, right, rank);
        self.rank[product as usize] = rank;
        self.ids.push(product);
    }
}

/// Live pairs of rules in which every product comes after its parts; `None` if some rule
/// might break that order.
fn in_order(vocab: &Vocab, bytes: &[TokenId; 256], rules: &Rules) -> Option<Vec<Live>> {
    let mut known = Known::new(vocab, bytes);
    let mut live = Vec::with_capacity(vocab.len());
    match rules {
        Rules::Concatenation => {
            let mut spellings: HashSet<&[u8]> = HashSet::new();
            for (id, token) in vocab.iter().filter(|(_, token)| token.len() > 1) {
                if let &[left, right] = known.merge(token) {
                    live.push(Live {
                        product: id,
                        left: known.ids[left as usize],
                        right: known.ids[right as usize],
                    });
                    known.add(id, left, right);
                    continue;
                }
                // Not made by earlier merges. Dead, unless a later merge applies inside it.
                if spellings.is_empty() {
                    spellings = vocab.iter().map(|(_, token)| token).collect();
                }
                let ends: Vec<usize> = known
                    .state
                    .iter()
                    .scan(0, |end, &rank| {
                        *end += vocab.get(known.ids[rank as usize]).map_or(0, <[u8]>::len);
                        Some(*end)
                    })
                    .collect();
                let starts = std::iter::once(0).chain(ends.iter().copied());
                if starts
                    .zip(ends.iter().skip(1))
                    .any(|(start, &end)| spellings.contains(&token[start..end]))
                {
                    return None;
                }
            }
        }
        Rules::List(list) => {
            let mut skipped = HashSet::new();
            for &(left, right, product) in list {
                let rank = |id: TokenId| known.rank.get(id as usize).copied().unwrap_or(NONE);
                if rank(product) != NONE {
                    continue;
                }
                let (l, r) = (rank(left), rank(right));
                if l == NONE || r == NONE {
                    skipped.insert(product);
                    continue;
                }
                let token = vocab.get(product)?;
                if *known.merge(token) == [l, r] {
                    live.push(Live { product, left, right });
                    known.add(product, l, r);
                }
            }
            // A rule whose parts came later can only matter if nothing else makes its product.
            if skipped.iter().any(|&product| known.rank.get(product as usize) == Some(&NONE)) {
                return None;
            }
        }
    }
    Some(live)
}

/// Live pairs of any rules, by the naive loop on the bytes of every token.
fn exhaustive(vocab: &Vocab, bytes: &[TokenId; 256], rules: &Rules) -> Vec<Live> {
    let mut by_bytes: HashMap<&[u8], TokenId> = HashMap::new();
    let mut by_pair: HashMap<(TokenId, TokenId), (u32, TokenId)> = HashMap::new();
    match rules {
        Rules::Concatenation => {
            for (id, token) in vocab.iter() {
                by_bytes.entry(token).or_insert(id);
            }
        }
        Rules::List(list) => {
            for (order, &(left, right, product)) in list.iter().enumerate() {
                by_pair.entry((left, right)).or_insert((order as u32, product));
            }
        }
    }
    let product = |left: TokenId, right: TokenId| match rules {
        Rules::Concatenation => {
            let whole = [vocab.get(left)?, vocab.get(right)?].concat();
            by_bytes.get(whole.as_slice()).map(|&id| (id, id))
        }
        Rules::List(_) => by_pair.get(&(left, right)).copied(),
    };
    let mut live: Vec<(u32, Live)> = Vec::new();
    for (id, token) in vocab.iter().filter(|(_, token)| token.len() > 1) {
        let mut parts: Vec<TokenId> = token.iter().map(|&byte| bytes[usize::from(byte)]).collect();
        let last = std::cell::Cell::new(None);
        naive::merge(&mut parts, |left, right| {
            let made = product(left, right)?;
            if made.1 == id {
                last.set(Some((made.0, Live { product: id, left, right })));
            }
            Some(made)
        });
        if parts == [id] {
            live.extend(last.get());
        }
    }
    live.sort_by_key(|&(order, _)| order);
    live.into_iter().map(|(_, live)| live).collect()
}

/// Numbers tokens by rank: bytes, live products in merge order, the rest by id.
fn finish(vocab: &Vocab, bytes: &[TokenId; 256], live: &[Live]) -> Compiled {
    let mut rank = vec![NONE; vocab.id_limit()];
    let mut ids = bytes.to_vec();
    ids.extend(live.iter().map(|live| live.product));
    for (place, &id) in ids.iter().enumerate() {
        rank[id as usize] = place as Rank;
    }
    let parts =
        live.iter().map(|live| (rank[live.left as usize], rank[live.right as usize])).collect();
    ids.extend(vocab.iter().map(|(id, _)| id).filter(|&id| rank[id as usize] == NONE));
    Compiled { ids, parts, reduced: false }
}

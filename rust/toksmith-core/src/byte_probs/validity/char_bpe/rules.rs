//! What merges: the pairs of a BPE over characters, and the one pair that makes each token.

use super::Role;
use crate::byte_probs::trie::TokenTrie;
use crate::byte_probs::validity::pairs::Pairs;
use crate::byte_probs::validity::shape::{Shape, refused};
use crate::encode::model::sentencepiece::NUL_PIECE;
use crate::error::Result;
use crate::formats::pipeline::{Bpe, PieceKind, SentencePieceModel};
use crate::token::{NONE, TokenId};
use crate::tokenizer::Tokenizer;
use std::collections::HashMap;

/// Pairs of places, their place in the order of merging, and what they make.
#[derive(Debug, Default)]
pub(super) struct Rules {
    pairs: HashMap<(u32, u32), (u32, u32)>,
    /// The token of each character.
    letters: HashMap<char, u32>,
    /// Tokens of more characters.
    longer: Vec<u32>,
}

impl Rules {
    /// Sorts the tokens that are no bytes into characters and longer ones.
    fn of_tokens(trie: &TokenTrie, roles: &[Role]) -> Self {
        let mut rules = Self::default();
        for place in 0..trie.len() as u32 {
            if roles.get(place as usize) != Some(&Role::Text) {
                continue;
            }
            let mut chars = std::str::from_utf8(trie.spelling(place)).unwrap_or_default().chars();
            match (chars.next(), chars.next()) {
                (Some(letter), None) => _ = rules.letters.insert(letter, place),
                _ => rules.longer.push(place),
            }
        }
        rules
    }

    /// The merge list of a `tokenizer.json`.
    pub(super) fn listed(
        tokenizer: &Tokenizer,
        bpe: &Bpe,
        shape: Shape,
        trie: &TokenTrie,
        roles: &[Role],
        bytes: &[TokenId],
    ) -> Result<Self> {
        let mut rules = Self::of_tokens(trie, roles);
        for (order, &(left, right, product)) in (0..).zip(&bpe.merges) {
            let all = [left, right, product];
            if all.iter().any(|id| bytes.contains(id)) {
                return Err(refused("merges of tokens for bytes"));
            }
            let spelled = |id: TokenId| shape.spelled(tokenizer.vocab.get(id)?);
            if all.iter().any(|&id| spelled(id).is_none()) {
                continue;
            }
            let [Some(left), Some(right), Some(product)] = all.map(|id| trie.place(id)) else {
                return Err(refused("merges of special tokens"));
            };
            // Of two lines with one pair the last counts.
            rules.pairs.insert((left, right), (order, product));
        }
        Ok(rules)
    }

    /// What a SentencePiece model merges: any two pieces that together are one, by its score.
    pub(super) fn scored(
        tokenizer: &Tokenizer,
        def: &SentencePieceModel,
        trie: &TokenTrie,
        roles: &[Role],
    ) -> Result<Self> {
        if def.types.contains(&PieceKind::UserDefined) {
            return Err(refused("user-defined pieces of a BPE"));
        }
        let unused = |(id, piece): (TokenId, &[u8])| {
            def.types.get(id as usize) == Some(&PieceKind::Unused) && piece != NUL_PIECE
        };
        if tokenizer.vocab.iter().any(unused) {
            return Err(refused("unused pieces of a BPE"));
        }
        let mut rules = Self::of_tokens(trie, roles);
        let mut order: Vec<u32> = rules.longer.clone();
        let score = |place: u32| def.scores.get(trie.id(place) as usize).copied().unwrap_or(0.0);
        order.sort_by(|&a, &b| score(b).total_cmp(&score(a)));
        let mut symbols: HashMap<&[u8], u32> = HashMap::with_capacity(trie.len());
        for &place in rules.longer.iter().chain(rules.letters.values()) {
            symbols.insert(trie.spelling(place), place);
        }
        let (mut at, mut before) = (0, None);
        for product in order {
            let bits = score(product).to_bits();
            if before.is_some_and(|before| before != bits) {
                at += 1;
            }
            before = Some(bits);
            let spelled = trie.spelling(product);
            let text = std::str::from_utf8(spelled).unwrap_or_default();
            if text.chars().any(|letter| !rules.letters.contains_key(&letter)) {
                return Err(refused("a piece of a BPE with a character that is no piece"));
            }
            for (middle, _) in text.char_indices().skip(1) {
                let (left, right) = spelled.split_at(middle);
                if let (Some(&left), Some(&right)) = (symbols.get(left), symbols.get(right)) {
                    rules.pairs.insert((left, right), (at, product));
                }
            }
        }
        Ok(rules)
    }

    /// The characters that have a token.
    pub(super) fn letters(&self) -> impl Iterator<Item = char> {
        self.letters.keys().copied()
    }

    /// The pairs that some text makes use of: the last merge of each token's own bytes. Inside a
    /// token merging does not depend on what stands around it.
    pub(super) fn live(&self, trie: &TokenTrie) -> Pairs {
        let (mut parts, mut row) = (Vec::with_capacity(self.longer.len()), Vec::new());
        for &token in &self.longer {
            let text = std::str::from_utf8(trie.spelling(token)).unwrap_or_default();
            let letters: Option<Vec<u32>> =
                text.chars().map(|letter| self.letters.get(&letter).copied()).collect();
            if let Some(letters) = letters
                && let Some((pair, order)) = self.last_merge(&letters, token, &mut row)
            {
                parts.push((token, pair, order));
            }
        }
        Pairs::new(trie.len(), &parts, self.letters.values().copied())
    }

    /// The last merge of some letters, if they become this token.
    fn last_merge(
        &self,
        letters: &[u32],
        token: u32,
        row: &mut Vec<(u32, (u32, u32))>,
    ) -> Option<((u32, u32), u32)> {
        const NOTHING: (u32, u32) = (NONE, NONE);
        let made =
            |left: u32, right: u32| self.pairs.get(&(left, right)).copied().unwrap_or(NOTHING);
        // Each symbol with what it and the next make.
        row.clear();
        row.extend(letters.windows(2).map(|pair| (pair[0], made(pair[0], pair[1]))));
        row.push((*letters.last()?, NOTHING));
        loop {
            let (mut at, mut least) = (0, NONE);
            for (place, &(_, (order, _))) in row.iter().enumerate() {
                if order < least {
                    (at, least) = (place, order);
                }
            }
            let &(left, (order, product)) = row.get(at)?;
            if order == NONE {
                return None;
            }
            let (right, _) = row.remove(at + 1);
            if row.len() == 1 {
                return (product == token).then_some(((left, right), order));
            }
            let next = row.get(at + 1).map_or(NOTHING, |&(next, _)| made(product, next));
            row[at] = (product, next);
            if at > 0 {
                row[at - 1].1 = made(row[at - 1].0, product);
            }
        }
    }
}

//! The theorem of pairs on real vocabularies, of the merging alone: no pattern, no normalizer, no
//! added tokens. Two tokens fit if and only if merging what they spell together gives them, and so
//! do sequences. 20,000 pairs a vocabulary; a million with `TOKSMITH_FULL=1`.

use super::real::{TEXTS, data};
use super::*;
use crate::byte_probs::validity::bytes::ByteBpe;
use crate::byte_probs::validity::pairs::Pairs;
use crate::encode::model::bpe::{MergeScratch, naive};
use crate::formats::pipeline::{Model, SentencePieceKind};
use crate::formats::{Merges, Options, load};
use crate::token::TokenId;
use crate::watch::Watch;
use std::collections::HashMap;

/// Merging as it is defined: symbols, and for two neighbours when they merge into what.
struct Merging {
    /// The token of each symbol: a byte, or a character.
    symbols: HashMap<Vec<u8>, TokenId>,
    rules: HashMap<(TokenId, TokenId), (u32, TokenId)>,
    by_byte: bool,
}

impl Merging {
    /// The rules of a list of merges; of two lines with one pair the last counts.
    fn listed(vocab: &Vocab, merges: &[(TokenId, TokenId, TokenId)], by_byte: bool) -> Self {
        let rules = (0..).zip(merges).map(|(at, &(l, r, product))| ((l, r), (at, product)));
        Self { symbols: symbols(vocab, by_byte), rules: rules.collect(), by_byte }
    }

    /// Any two tokens that together are one, in an order of tokens.
    fn joined(vocab: &Vocab, order: impl Fn(TokenId) -> u32, by_byte: bool) -> Self {
        let mut ids: HashMap<&[u8], TokenId> = HashMap::new();
        for (id, bytes) in vocab.iter() {
            ids.entry(bytes).and_modify(|known| *known = id.min(*known)).or_insert(id);
        }
        let mut rules = HashMap::new();
        for (&bytes, &id) in &ids {
            for cut in 1..bytes.len() {
                let (left, right) = bytes.split_at(cut);
                if let (Some(&left), Some(&right)) = (ids.get(left), ids.get(right)) {
                    rules.insert((left, right), (order(id), id));
                }
            }
        }
        Self { symbols: symbols(vocab, by_byte), rules, by_byte }
    }

    /// The tokens of a text as it stands in the vocabulary; `None` if a symbol has no token.
    fn encode(&self, text: &[u8]) -> Option<Vec<TokenId>> {
        let row: Option<Vec<TokenId>> = if self.by_byte {
            text.iter().map(|&byte| self.symbols.get([byte].as_slice()).copied()).collect()
        } else {
            let chars = std::str::from_utf8(text).ok()?.chars();
            chars.map(|c| self.symbols.get(c.to_string().as_bytes()).copied()).collect()
        };
        let mut row = row?;
        naive::merge(&mut row, |left, right| self.rules.get(&(left, right)).copied());
        Some(row)
    }
}

/// The tokens of one byte, or of one character; the first of those spelled alike.
fn symbols(vocab: &Vocab, by_byte: bool) -> HashMap<Vec<u8>, TokenId> {
    let mut found: HashMap<Vec<u8>, TokenId> = HashMap::new();
    for (id, bytes) in vocab.iter() {
        let one = if by_byte {
            bytes.len() == 1
        } else {
            std::str::from_utf8(bytes).is_ok_and(|text| text.chars().count() == 1)
        };
        if one {
            found.entry(bytes.to_vec()).and_modify(|known| *known = id.min(*known)).or_insert(id);
        }
    }
    found
}

/// A vocabulary under test.
struct Subject<'a> {
    name: &'a str,
    trie: &'a TokenTrie,
    tokenizer: &'a Tokenizer,
    merging: Merging,
    pairs: &'a Pairs,
    /// Tokens that stand for text, by id.
    tokens: Vec<TokenId>,
    /// Whether a sequence of tokens is accepted, step by step.
    accepts: &'a dyn Fn(&[TokenId]) -> bool,
    /// Tokens that may begin a sequence: all, or those of the sign that stands before every text.
    first: Vec<TokenId>,
}

impl Subject<'_> {
    /// A token as it stands in the vocabulary.
    fn bytes(&self, id: TokenId) -> &[u8] {
        self.tokenizer.vocab.get(id).unwrap()
    }

    fn joined(&self, ids: &[TokenId]) -> Vec<u8> {
        ids.iter().flat_map(|&id| self.bytes(id)).copied().collect()
    }

    fn any(&self, random: &mut u64) -> TokenId {
        self.tokens[below(random, self.tokens.len())]
    }

    fn cut(&self, random: &mut u64, bytes: &[u8]) -> usize {
        loop {
            let cut = 1 + below(random, bytes.len() - 1);
            if self.merging.by_byte || std::str::from_utf8(&bytes[..cut]).is_ok() {
                return cut;
            }
        }
    }

    /// A token of several symbols.
    fn longer(&self, random: &mut u64) -> &[u8] {
        loop {
            let bytes = self.bytes(self.any(random));
            let one = |text: &str| text.chars().count() == 1;
            if bytes.len() > 1
                && (self.merging.by_byte || std::str::from_utf8(bytes).is_ok_and(|t| !one(t)))
            {
                return bytes;
            }
        }
    }

    /// A token that begins as another does.
    fn alike(&self, random: &mut u64, id: TokenId) -> TokenId {
        let spelled = self.trie.spelling(self.trie.place(id).unwrap());
        let kept = 1 + below(random, spelled.len());
        let range = self.trie.find(&spelled[..kept]).range();
        let id = self.trie.id(range.start + below(random, range.len()) as u32);
        if self.tokens.binary_search(&id).is_ok() { id } else { self.any(random) }
    }

    /// The neighbours where a token was cut in two and both were encoded.
    fn cut_token(&self, random: &mut u64) -> Option<(TokenId, TokenId)> {
        let bytes = self.longer(random);
        let (left, right) = bytes.split_at(self.cut(random, bytes));
        Some((*self.merging.encode(left)?.last()?, *self.merging.encode(right)?.first()?))
    }

    /// Two tokens that together are one, cut anywhere.
    fn two_of_one(&self, random: &mut u64) -> Option<(TokenId, TokenId)> {
        let bytes = self.longer(random);
        let (left, right) = bytes.split_at(self.cut(random, bytes));
        let token = |bytes: &[u8]| self.tokenizer.model_id(bytes);
        Some((token(left)?, token(right)?))
    }

    /// Neighbours of real text, one of them replaced.
    fn replaced(&self, random: &mut u64, text: &[TokenId]) -> (TokenId, TokenId) {
        let at = below(random, text.len() - 1);
        let (left, right) = (text[at], text[at + 1]);
        if below(random, 2) == 0 {
            (self.alike(random, left), right)
        } else {
            (left, self.alike(random, right))
        }
    }

    fn near_miss(&self, random: &mut u64, text: &[TokenId]) -> (TokenId, TokenId) {
        loop {
            let pair = match below(random, 3) {
                0 => self.cut_token(random),
                1 => self.two_of_one(random),
                _ => Some(self.replaced(random, text)),
            };
            if let Some(pair) = pair {
                return pair;
            }
        }
    }

    fn fits(&self, left: TokenId, right: TokenId) -> bool {
        let place = |id| self.trie.place(id).unwrap();
        self.pairs.fits(place(left), place(right))
    }

    /// Pairs, half of them near misses.
    fn check_pairs(&self, text: &[TokenId], count: usize) {
        let mut random = 1;
        let (mut unfit, mut unfit_near) = (0, 0);
        let mut scratch = MergeScratch::default();
        for round in 0..count {
            let near = round.is_multiple_of(2);
            let (left, right) = if near {
                self.near_miss(&mut random, text)
            } else {
                (self.any(&mut random), self.any(&mut random))
            };
            let joined = self.joined(&[left, right]);
            let Some(merged) = self.merging.encode(&joined) else { continue };
            let expected = merged == [left, right];
            let about = || format!("{}: {:?}", self.name, spelled(self.tokenizer, &[left, right]));
            assert_eq!(self.fits(left, right), expected, "{}", about());
            if let Some(bytes) = self.tokenizer.bytes() {
                bytes.bpe.merge(&joined, &mut scratch, &Watch::default()).unwrap();
                let ids: Vec<TokenId> =
                    scratch.ranks.iter().map(|&rank| bytes.bpe.id(rank)).collect();
                assert_eq!(ids, merged, "{}: the encoder", about());
            }
            unfit += usize::from(!expected);
            unfit_near += usize::from(!expected && near);
        }
        println!("{}: {count} pairs, {unfit} unfit, {unfit_near} of the near misses", self.name);
        assert!(unfit > count / 20 && unfit < count * 9 / 10, "{}", self.name);
    }

    /// Three to six tokens: of texts with one replaced, of encoded pieces, any.
    fn check_sequences(&self, text: &[TokenId], count: usize) {
        let mut random = 2;
        let mut refused = 0;
        for round in 0..count {
            let len = 3 + below(&mut random, 4);
            let mut ids: Vec<TokenId> = match round % 4 {
                0 => (0..len).map(|_| self.any(&mut random)).collect(),
                1 => {
                    let from = below(&mut random, text.len() - len);
                    text[from..from + len].to_vec()
                }
                2 => {
                    let from = below(&mut random, text.len() - len);
                    let mut ids = text[from..from + len].to_vec();
                    let at = below(&mut random, len);
                    ids[at] = self.alike(&mut random, ids[at]);
                    ids
                }
                _ => {
                    let mut ids = Vec::new();
                    while ids.len() < len {
                        let (left, right) = self.near_miss(&mut random, text);
                        ids.extend([left, right]);
                    }
                    ids.truncate(len);
                    ids
                }
            };
            if self.first.binary_search(&ids[0]).is_err() {
                ids[0] = self.first[below(&mut random, self.first.len())];
            }
            let Some(merged) = self.merging.encode(&self.joined(&ids)) else { continue };
            let about = || format!("{}: {:?}", self.name, spelled(self.tokenizer, &ids));
            assert_eq!((self.accepts)(&ids), merged == ids, "{}", about());
            refused += usize::from(merged != ids);
        }
        println!("{}: {count} sequences, {refused} refused", self.name);
        assert!(refused > count / 10 && refused < count * 9 / 10, "{}", self.name);
    }

    /// What does not fit behind a token, all at once: some tokens, irregular ones among them.
    fn check_masks(&self, text: &[TokenId], count: usize) {
        let live = |id: &TokenId| self.pairs.is_live(self.trie.place(*id).unwrap());
        let irregular = |id: &TokenId| self.pairs.is_irregular(self.trie.place(*id).unwrap());
        let odd: Vec<TokenId> = self.tokens.iter().copied().filter(irregular).collect();
        let mut random = 3;
        let mut lefts: Vec<TokenId> =
            odd.iter().copied().step_by(odd.len() / (count / 4) + 1).take(count / 4).collect();
        let odd_lefts = lefts.len();
        while lefts.len() < count {
            // Tokens of text have more to cross than any token.
            let left = if lefts.len().is_multiple_of(2) {
                text[below(&mut random, text.len())]
            } else {
                self.any(&mut random)
            };
            lefts.extend(Some(left).filter(live));
        }
        let (mut unfit, mut asked) = (0, 0);
        for left in lefts {
            let place = self.trie.place(left).unwrap();
            let mask = self.pairs.invalid_after(place);
            for right in 0..self.trie.len() as u32 {
                let fits = self.pairs.fits(place, right);
                let about = || spelled(self.tokenizer, &[left, self.trie.id(right)]);
                assert_eq!(mask.contains(right), !fits, "{}: {:?}", self.name, about());
                unfit += usize::from(!fits);
                asked += 1;
            }
        }
        println!(
            "{}: {count} masks ({odd_lefts} of the {} irregular tokens), {unfit} of {asked} unfit",
            self.name,
            odd.len(),
        );
    }

    fn check(&self) {
        let full = std::env::var_os("TOKSMITH_FULL").is_some_and(|value| value == "1");
        let text = TEXTS.iter().copied().chain(include_str!("../../../../DESIGN.md").lines());
        let mut ids: Vec<TokenId> = Vec::new();
        for line in text {
            let line =
                if self.merging.by_byte { line.to_owned() } else { line.replace(' ', "\u{2581}") };
            ids.extend(self.merging.encode(line.as_bytes()).unwrap_or_default());
        }
        assert!(ids.len() > 3000, "{}: {} tokens of text", self.name, ids.len());
        self.check_pairs(&ids, if full { 1_000_000 } else { 20_000 });
        self.check_sequences(&ids, if full { 100_000 } else { 5_000 });
        self.check_masks(&ids, if full { 1000 } else { 100 });
    }
}

/// A byte-level BPE of a file, its merging alone.
fn bytes(file: &str, name: Option<&str>) {
    let Some(read) = data(file) else { return };
    let options = Options { name: name.map(Into::into), ..Options::default() };
    let read = load(&read, &options).unwrap();
    let merging = match &read.merges {
        Merges::ByRank => Merging::joined(&read.vocab, |id| id, true),
        Merges::List(list) => Merging::listed(&read.vocab, list, true),
        Merges::Compiled(_) => panic!("{file}: the merges as they are in the file"),
    };
    let alone = Definition { vocab: read.vocab, merges: read.merges, ..Definition::default() };
    let tokenizer = Tokenizer::build(alone).unwrap();
    let trie = trie(&tokenizer);
    let rules = ByteBpe::new(&tokenizer, &trie).unwrap();
    let accepts = |ids: &[TokenId]| {
        let mut state = Some(rules.start());
        for &id in ids {
            let place = trie.place(id).unwrap();
            state = state.and_then(|state| rules.step(&state, place));
        }
        // All that is accepted is a whole encoding where nothing cuts.
        state.is_some_and(|state| rules.complete(&state))
    };
    let mut tokens = trie.order().to_vec();
    tokens.sort_unstable();
    Subject {
        name: file,
        trie: &trie,
        tokenizer: &tokenizer,
        merging,
        pairs: &rules.pairs,
        first: tokens.clone(),
        tokens,
        accepts: &accepts,
    }
    .check();
}

/// A BPE over characters of a file.
fn chars(file: &str) {
    let Some(read) = data(file) else { return };
    let tokenizer = Tokenizer::build(load(&read, &Options::default()).unwrap()).unwrap();
    let trie = trie(&tokenizer);
    let rules = CharBpe::new(&tokenizer, &trie).unwrap();
    let vocab = &tokenizer.vocab;
    let is_byte = |piece: &[u8]| piece.len() == 6 && piece.starts_with(b"<0x");
    let merging = match &tokenizer.pipeline.model {
        Model::Bpe(bpe) => Merging::listed(vocab, &bpe.merges, false),
        Model::SentencePiece(def) if def.kind == SentencePieceKind::Bpe => {
            let mut scores: Vec<f32> = def.scores.clone();
            scores.sort_by(|a, b| b.total_cmp(a));
            scores.dedup();
            let order = |id: TokenId| {
                let own = def.scores[id as usize];
                scores.partition_point(|score| score.total_cmp(&own).is_gt()) as u32
            };
            Merging::joined(vocab, order, false)
        }
        other => panic!("{file}: {}", other.kind()),
    };
    let accepts = |ids: &[TokenId]| {
        let mut state = Some(rules.start());
        for &id in ids {
            let place = trie.place(id).unwrap();
            state = state.and_then(|state| rules.step(&state, place));
        }
        state.is_some_and(|state| rules.complete(&state))
    };
    let mut tokens = trie.order().to_vec();
    tokens.retain(|&id| !is_byte(vocab.get(id).unwrap()));
    tokens.sort_unstable();
    let first = |id: &TokenId| vocab.get(*id).unwrap().starts_with("\u{2581}".as_bytes());
    let first = tokens.iter().copied().filter(first).collect();
    Subject {
        name: file,
        trie: &trie,
        tokenizer: &tokenizer,
        merging,
        pairs: &rules.pairs,
        first,
        tokens,
        accepts: &accepts,
    }
    .check();
}

#[test]
fn r50k() {
    bytes("vocabs/gpt2/r50k.tiktoken", Some("r50k_base"));
}

#[test]
fn gpt2() {
    bytes("vocabs/gpt2/tokenizer.json", None);
}

#[test]
fn cl100k() {
    bytes("vocabs/cl100k_base/cl100k_base.tiktoken", Some("cl100k_base"));
}

#[test]
fn o200k() {
    bytes("vocabs/o200k_base/o200k_base.tiktoken", Some("o200k_base"));
}

#[test]
fn llama3() {
    bytes("vocabs/llama3/tokenizer.json", None);
}

#[test]
fn qwen() {
    bytes("vocabs/qwen/tokenizer.json", None);
}

#[test]
fn tekken() {
    bytes("vocabs/tekken/tekken.json", None);
}

#[test]
fn mistral() {
    chars("vocabs/mistral_v1/tokenizer.json");
}

#[test]
fn mistral_of_sentencepiece() {
    chars("vocabs/mistral_v1/tokenizer.model");
}

//! Tokens across pre-tokens: neighbours that are one token each become one, by the merge list.
//!
//! Text is cut and each pre-token merged as always; then, among neighbours that are whole
//! pre-tokens of a single token or were joined before, the pair that stands first in the list is
//! joined, the leftmost of several, until none is left (as in `BoundlessBPE`, Schmidt et al. 2025,
//! arXiv:2504.00178). A pre-token of several tokens is never joined, and nothing is joined behind
//! one that holds a line break, over a gap that the cuts leave, or over an added token. So a line
//! is the most that joining looks at, and behind a line break a text can be cut (`cut.rs`).
//!
//! O(n log n) in the pre-tokens of a line; what no pair begins costs one look-up.

use super::bytes::ByteLevel;
use super::group::Encoder;
use super::pretokenize::Scanner;
use super::pretokenizer::PreTokenizer;
use super::scratch::Scratch;
use super::sink::Sink;
use super::windows::{self, Ends, Pattern};
use super::words::Words;
use crate::error::{Error, Result};
use crate::simd;
use crate::token::TokenId;
use crate::vocab::Vocab;
use crate::watch::Watch;
use memchr::memchr2;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

#[cfg(test)]
#[path = "joined_tests.rs"]
mod tests;

/// Bytes, or joins, between two looks at the watch.
const POLL: usize = 1 << 16;
/// No neighbour.
const NOBODY: usize = usize::MAX;

/// Whether nothing is joined behind this pre-token.
pub(crate) fn ends_line(word: &[u8]) -> bool {
    memchr2(b'\n', b'\r', word).is_some()
}

/// The merge list by pairs.
#[derive(Debug)]
pub(crate) struct Joins {
    /// As they were given.
    list: Vec<(TokenId, TokenId)>,
    /// Place in the list, and what the pair becomes.
    pairs: HashMap<(TokenId, TokenId), (u32, TokenId)>,
}

impl Joins {
    /// A pair becomes the token that both spell together; of a pair that is there twice, the first
    /// counts. Fails if a half or that token is none of the model's.
    pub(crate) fn new(vocab: &Vocab, words: &Words, list: Vec<(TokenId, TokenId)>) -> Result<Self> {
        let mut pairs = HashMap::with_capacity(list.len());
        let mut spelled = Vec::new();
        for (place, &(left, right)) in (0..).zip(&list) {
            spelled.clear();
            let known = |id| words.spelling(vocab, vocab.get(id)?);
            if known(left) == Some(left) && known(right) == Some(right) {
                for half in [left, right] {
                    spelled.extend_from_slice(vocab.get(half).unwrap_or_default());
                }
            }
            let Some(token) = words.spelling(vocab, &spelled) else {
                let why =
                    format!("joins[{place}]: no tokens {left} and {right} that spell a third");
                return Err(Error::Vocabulary { why });
            };
            pairs.entry((left, right)).or_insert((place, token));
        }
        Ok(Self { list, pairs })
    }

    /// The pairs, as they were given.
    pub(crate) fn list(&self) -> &[(TokenId, TokenId)] {
        &self.list
    }

    fn get(&self, left: TokenId, right: TokenId) -> Option<(u32, TokenId)> {
        self.pairs.get(&(left, right)).copied()
    }
}

/// What a thread keeps for joining.
#[derive(Debug, Default)]
pub(crate) struct JoinScratch {
    /// Tokens of the pre-tokens that were encoded together.
    ids: Vec<TokenId>,
    line: Line,
}

/// Neighbours that wait for what stands behind them.
#[derive(Debug, Default)]
struct Line {
    /// Single tokens.
    tokens: Vec<TokenId>,
    /// Where the first begins.
    start: usize,
    /// Where the last ends.
    end: usize,
    /// While they are joined: the tokens to both sides, by place.
    before: Vec<usize>,
    after: Vec<usize>,
    queue: BinaryHeap<Reverse<(u32, usize)>>,
}

impl Line {
    /// The next pre-token, from `start` on, became `ids`.
    #[inline]
    fn push(
        &mut self,
        (start, end): (usize, usize),
        ids: &[TokenId],
        ends_line: bool,
        joins: &Joins,
        watch: &Watch<'_>,
        sink: &mut impl Sink,
    ) -> Result<()> {
        if start != self.end || ids.len() != 1 {
            self.give(joins, watch, sink)?;
        }
        self.end = end;
        if let [id] = *ids {
            if self.tokens.is_empty() {
                self.start = start;
            }
            self.tokens.push(id);
            if ends_line {
                self.give(joins, watch, sink)?;
            }
            return Ok(());
        }
        sink.piece_start(start);
        sink.next_piece();
        sink.many(ids);
        Ok(())
    }

    /// Joins what waits, and gives it to `sink`, each token a piece.
    fn give(&mut self, joins: &Joins, watch: &Watch<'_>, sink: &mut impl Sink) -> Result<()> {
        if self.tokens.is_empty() {
            return Ok(());
        }
        sink.piece_start(self.start);
        let joined = self.join(joins, watch)?;
        let mut at = 0;
        while let Some(&id) = self.tokens.get(at) {
            sink.next_piece();
            sink.few([id], 1);
            at = if joined { self.after.get(at).copied().unwrap_or(NOBODY) } else { at + 1 };
        }
        self.tokens.clear();
        Ok(())
    }

    /// Joins all that can be; whether there was any. Then what is left is found by `after`.
    fn join(&mut self, joins: &Joins, watch: &Watch<'_>) -> Result<bool> {
        let Self { tokens, before, after, queue, .. } = self;
        queue.clear();
        for (at, pair) in tokens.windows(2).enumerate() {
            if let Some((place, _)) = joins.get(pair[0], pair[1]) {
                queue.push(Reverse((place, at)));
            }
        }
        if queue.is_empty() {
            return Ok(false);
        }
        let count = tokens.len();
        before.clear();
        before.extend((0..count).map(|at| at.checked_sub(1).unwrap_or(NOBODY)));
        after.clear();
        after.extend((1..count).chain([NOBODY]));
        let mut done = 0;
        while let Some(Reverse((place, at))) = queue.pop() {
            done += 1;
            if done % POLL == 0 {
                watch.poll()?;
            }
            let next = after[at];
            // What was joined away has nobody behind it.
            let Some(&right) = tokens.get(next) else { continue };
            let Some((_, token)) = joins.get(tokens[at], right).filter(|pair| pair.0 == place)
            else {
                continue;
            };
            tokens[at] = token;
            let behind = after[next];
            after[at] = behind;
            after[next] = NOBODY;
            if let Some(link) = before.get_mut(behind) {
                *link = at;
            }
            let first = before[at];
            for (left, right) in [(first, at), (at, behind)] {
                if let (Some(&a), Some(&b)) = (tokens.get(left), tokens.get(right))
                    && let Some((place, _)) = joins.get(a, b)
                {
                    queue.push(Reverse((place, left)));
                }
            }
        }
        Ok(true)
    }
}

/// Collects ids.
struct Collect<'a>(&'a mut Vec<TokenId>);

impl Sink for Collect<'_> {
    fn few<const N: usize>(&mut self, ids: [TokenId; N], count: usize) {
        self.0.extend_from_slice(ids.get(..count).unwrap_or(&ids));
    }

    fn many(&mut self, ids: &[TokenId]) {
        self.0.extend_from_slice(ids);
    }
}

impl ByteLevel {
    /// As [`ByteLevel::encode`], joining pre-tokens.
    pub(super) fn encode_joined(
        &self,
        joins: &Joins,
        vocab: &Vocab,
        text: &str,
        scratch: &mut Scratch,
        watch: &Watch<'_>,
        sink: &mut impl Sink,
    ) -> Result<()> {
        let JoinScratch { mut ids, mut line } = std::mem::take(&mut scratch.joined);
        // What a call that failed left.
        line.tokens.clear();
        (line.start, line.end) = (0, 0);
        let (mut encoder, general) = self.encoder(vocab, scratch, watch);
        let bytes = text.as_bytes();
        let mut joining = Joining { joins, ids: &mut ids, line: &mut line, watch };
        match &self.pre {
            PreTokenizer::Known(scanner) => match scanner {
                Scanner::Gpt2 => run::<windows::Gpt2>(&mut encoder, &mut joining, bytes, sink),
                Scanner::Cl100k => run::<windows::Cl100k>(&mut encoder, &mut joining, bytes, sink),
                Scanner::Llama3 => run::<windows::Llama3>(&mut encoder, &mut joining, bytes, sink),
                Scanner::Qwen2 => run::<windows::Qwen2>(&mut encoder, &mut joining, bytes, sink),
                Scanner::O200k => run::<windows::O200k>(&mut encoder, &mut joining, bytes, sink),
                Scanner::General(_) => Ok(()),
            },
            PreTokenizer::Cuts(stages) => {
                let mut polled = 0;
                stages.cut(text, general, |piece| {
                    if piece.end > polled + POLL {
                        polled = piece.end;
                        watch.poll()?;
                    }
                    joining.words(&mut encoder, bytes, piece.start, &[piece.end], sink)
                })
            }
            PreTokenizer::Whole if bytes.is_empty() => Ok(()),
            // Refused where the tokenizer was built: letters.
            PreTokenizer::Whole | PreTokenizer::Letters(_) => {
                joining.words(&mut encoder, bytes, 0, &[bytes.len()], sink)
            }
        }?;
        joining.line.give(joins, watch, sink)?;
        scratch.joined = JoinScratch { ids, line };
        Ok(())
    }
}

/// What goes along with a text.
struct Joining<'a> {
    joins: &'a Joins,
    ids: &'a mut Vec<TokenId>,
    line: &'a mut Line,
    watch: &'a Watch<'a>,
}

impl Joining<'_> {
    /// Encodes pre-tokens that follow each other, and hands them on one by one: tokens lose no
    /// byte, so where each ends is seen from their lengths.
    fn words(
        &mut self,
        encoder: &mut Encoder<'_>,
        text: &[u8],
        start: usize,
        ends: &[usize],
        sink: &mut impl Sink,
    ) -> Result<()> {
        self.ids.clear();
        encoder.words(text, start, ends, &mut Collect(self.ids))?;
        let (mut from, mut first) = (start, 0);
        for &end in ends {
            let (mut at, mut last) = (from, first);
            while at < end
                && let Some(&id) = self.ids.get(last)
            {
                at += encoder.vocab.get(id).map_or(0, <[u8]>::len);
                last += 1;
            }
            let ids = self.ids.get(first..last).unwrap_or_default();
            let ends_line = ids.len() == 1 && ends_line(text.get(from..end).unwrap_or_default());
            self.line.push((from, end), ids, ends_line, self.joins, self.watch, sink)?;
            (from, first) = (end, last);
        }
        Ok(())
    }
}

/// Pre-tokens of a hand-written scanner.
fn run<P: Pattern>(
    encoder: &mut Encoder<'_>,
    joining: &mut Joining<'_>,
    text: &[u8],
    sink: &mut impl Sink,
) -> Result<()> {
    let fast = simd::is_fast();
    let (mut ends, mut start, mut polled) = (Ends::new(), 0, 0);
    while start < text.len() {
        ends.fill::<P>(text, start, fast);
        joining.words(encoder, text, start, ends.get(), sink)?;
        start = ends.get().last().copied().unwrap_or(text.len());
        if start > polled + POLL {
            polled = start;
            encoder.watch.poll()?;
        }
    }
    Ok(())
}

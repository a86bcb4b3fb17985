//! As few tokens as can be (`PathPiece`, Schmidt et al. 2024).
//!
//! The fewest tokens that end at each byte come from those before it, in one pass over a stretch.
//! Of equally short ways either the one is taken whose last token is longest, then the one before
//! it, and so on, as the paper has it; or one is drawn, each way as likely as any other, for which
//! the pass goes backward and counts ways. O(n * longest token * log vocabulary).

use super::lexicon::Lexicon;
use super::outline::Outline;
use super::rows::{Scored, map_rows};
use crate::byte_probs::graph::scaled::Scaled;
use crate::encode::added::Allowed;
use crate::encode::model::draws::{next_bits, piece_seed};
use crate::error::{Error, Result};
use crate::token::{NONE, TokenId};
use crate::tokenizer::Text;
use crate::watch::Watch;
use std::collections::HashMap;

/// Offsets between two looks at whether to stop.
const POLL: usize = 1 << 12;
/// Stretches of up to so many bytes are kept,
const KEPT_BYTES: usize = 64;
/// and so many of them by each job.
const KEPT: usize = 1 << 16;

/// Which of equally short segmentations is taken.
#[derive(Debug, Clone, Copy)]
pub enum Ties {
    /// That whose last token is longest, then the one before it, and so on.
    Longest,
    /// Any, each as likely, by this seed; row `i` as row `first + i`.
    Random {
        /// The seed.
        seed: u64,
        /// The number of the first row.
        first: u64,
    },
}

impl Lexicon {
    /// Segments texts into the fewest tokens; with `pre_tokens` no token crosses the end of one.
    /// The number of a row is the log of one over the number of equally short ways to segment it,
    /// where one of them is drawn.
    ///
    /// # Errors
    /// What encoding raises.
    pub fn fewest(
        &self,
        texts: &[Text<'_>],
        allowed: &Allowed,
        pre_tokens: bool,
        ties: Ties,
        threads: usize,
        watch: &Watch<'_>,
    ) -> Result<Scored> {
        let sizes: Vec<usize> = texts.iter().map(|text| text.as_bytes().len()).collect();
        map_rows(&sizes, threads, watch, Work::default, |work, row, out| {
            let outline = Outline::new(self, texts[row], allowed, pre_tokens, watch)?;
            work.ids.clear();
            let mut logprob = 0.0;
            match ties {
                Ties::Longest => {
                    for stretch in outline.stretches() {
                        work.longest(self, stretch, watch)?;
                    }
                }
                Ties::Random { seed, first } => {
                    let mut state = piece_seed(seed, first.wrapping_add(row as u64));
                    for stretch in outline.stretches() {
                        logprob -= work.drawn(self, stretch, &mut state, watch)?;
                    }
                }
            }
            outline.fill(self, work.ids.iter().copied(), out);
            Ok(logprob)
        })
    }
}

/// The buffers of a job.
#[derive(Default)]
struct Work {
    /// The tokens of the row so far.
    ids: Vec<TokenId>,
    /// What became of short stretches.
    kept: HashMap<Box<[u8]>, Box<[TokenId]>>,
    /// The fewest tokens to or from each offset; [`NONE`]: there is no way.
    fewest: Vec<u32>,
    /// Where the last token begins, and its place.
    last: Vec<(u32, u32)>,
    /// Number of ways.
    ways: Vec<Scaled>,
}

/// Calls `found(end, place)` for each token that begins at `at`, the shortest first.
fn tokens_at(lexicon: &Lexicon, text: &[u8], at: usize, mut found: impl FnMut(usize, u32)) {
    let trie = &lexicon.trie;
    let mut prefix = trie.root();
    for (&byte, end) in text.get(at..).unwrap_or_default().iter().zip(at + 1..) {
        prefix = trie.child(prefix, byte);
        if prefix.is_empty() {
            return;
        }
        let exact = trie.ending(prefix);
        if !exact.is_empty() {
            found(end, exact.start);
        }
    }
}

/// # Errors
/// [`Error::Input`]: not reached by way of an outline, whose bytes are spelled by tokens.
fn no_way(text: &[u8]) -> Error {
    Error::Input { why: format!("no tokens spell a stretch of {} bytes", text.len()) }
}

/// # Errors
/// [`Error::Input`] for a stretch of 2^32 - 1 bytes or more.
fn check_length(text: &[u8]) -> Result<()> {
    if text.len() < NONE as usize {
        return Ok(());
    }
    Err(Error::Input { why: format!("a stretch of {} bytes; at most 2^32 - 2", text.len()) })
}

impl Work {
    /// Appends the tokens of a stretch, the longest last.
    fn longest(&mut self, lexicon: &Lexicon, text: &[u8], watch: &Watch<'_>) -> Result<()> {
        if let Some(ids) = self.kept.get(text) {
            self.ids.extend_from_slice(ids);
            return Ok(());
        }
        check_length(text)?;
        let Self { fewest, last, .. } = self;
        fewest.clear();
        fewest.resize(text.len() + 1, NONE);
        last.clear();
        last.resize(text.len() + 1, (0, NONE));
        fewest[0] = 0;
        for at in 0..text.len() {
            if at % POLL == POLL - 1 {
                watch.poll()?;
            }
            if fewest[at] == NONE {
                continue;
            }
            // The first to reach an end with so many tokens is the longest there.
            let with = fewest[at] + 1;
            tokens_at(lexicon, text, at, |end, place| {
                if with < fewest[end] {
                    (fewest[end], last[end]) = (with, (at as u32, place));
                }
            });
        }
        let (begin, mut end) = (self.ids.len(), text.len());
        while end > 0 {
            let (start, place) = self.last[end];
            if place == NONE {
                return Err(no_way(text));
            }
            self.ids.push(lexicon.trie.id(place));
            end = start as usize;
        }
        self.ids[begin..].reverse();
        if text.len() <= KEPT_BYTES {
            if self.kept.len() >= KEPT {
                self.kept.clear();
            }
            self.kept.insert(text.into(), self.ids[begin..].into());
        }
        Ok(())
    }

    /// Appends the tokens of a stretch, drawn; the log of the number of ways.
    fn drawn(
        &mut self,
        lexicon: &Lexicon,
        text: &[u8],
        state: &mut u64,
        watch: &Watch<'_>,
    ) -> Result<f64> {
        check_length(text)?;
        let Self { ids, fewest, ways, .. } = self;
        fewest.clear();
        fewest.resize(text.len() + 1, NONE);
        ways.clear();
        ways.resize(text.len() + 1, Scaled::ZERO);
        fewest[text.len()] = 0;
        ways[text.len()] = Scaled::ONE;
        for at in (0..text.len()).rev() {
            if at % POLL == 0 {
                watch.poll()?;
            }
            let (mut least, mut sum) = (NONE, Scaled::ZERO);
            tokens_at(lexicon, text, at, |end, _| {
                let with = fewest[end].saturating_add(1);
                if with < least {
                    (least, sum) = (with, ways[end]);
                } else if with == least && with != NONE {
                    sum = sum.plus(ways[end]);
                }
            });
            (fewest[at], ways[at]) = (least, sum);
        }
        if fewest[0] == NONE {
            return Err(no_way(text));
        }
        let mut at = 0;
        while at < text.len() {
            let mut rest = (next_bits(state) >> 11) as f64 / (1u64 << 53) as f64;
            // The last that can be drawn takes what rounding leaves.
            let mut taken = None;
            tokens_at(lexicon, text, at, |end, place| {
                if rest >= 0.0 && fewest[end] != NONE && fewest[end] + 1 == fewest[at] {
                    taken = Some((end, place));
                    rest -= ways[end].over(ways[at]);
                }
            });
            let Some((end, place)) = taken else { return Err(no_way(text)) };
            ids.push(lexicon.trie.id(place));
            at = end;
        }
        Ok(ways[0].ln())
    }
}

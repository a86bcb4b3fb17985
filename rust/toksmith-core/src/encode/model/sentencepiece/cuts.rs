//! Where a text falls into words that can be encoded one after the other, and when each by
//! itself.
//!
//! *Cuts.* If no piece has another character before a U+2581 then no piece crosses the place
//! before one that follows another character ([`WordCuts::Before`]; [`WordCuts::After`] is the
//! mirror image, for signs behind words). Merging never joins what lies on both sides, so a
//! BPE encodes each side by itself. Its unused pieces are the exception: how one is taken apart
//! depends on pairs seen anywhere in the text, so with them there are no cuts.
//!
//! *Sums.* For the unigram model every path crosses a cut, so one word can be encoded after the
//! other if the sum goes on ([`SentencePiece::word`]). It can matter: sums are in single
//! precision, and a large one swallows small differences. Let a word have n characters, the
//! sum before it be S, and in exact arithmetic let all sums within the word, from 0, be at most
//! B. A path has at most n steps, each rounded by at most u(|S| + B)(1 + nu), u = 2^-24, so
//! computed sums are off by at most e = nu(|S| + B)(1 + nu). If at every place on the best path
//! the best way in is ahead of the second best by more than 2e, every comparison there falls
//! as in exact arithmetic, whatever S is. [`SentencePiece::settled`] solves that for |S|: up
//! to it the word has the same tokens as by itself, and the sum behind it is S plus their
//! scores, added one by one ([`SentencePiece::advance`]). Equal paths are never settled: even
//! which of them rounds to more depends on S. Nor is a sum near the limit, where it is moved.

use super::{SentencePiece, SentencePieceScratch, Sink};
use crate::encode::model::Token;
use crate::encode::model::unigram::viterbi::{Step, Sum, best_path, char_len};
use crate::encode::normalize::sentencepiece::SIGN;
use crate::formats::pipeline::{PieceKind, SentencePieceKind, SentencePieceModel};

/// Where words begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WordCuts {
    /// A text cannot be cut.
    None,
    /// Before a U+2581 that follows another character.
    Before,
    /// Behind a U+2581 that another character follows.
    After,
}

/// Longest word, in characters, that can be settled.
const MOST_CHARS: usize = 1000;
/// Half a unit in the last place of 1.
const UNIT: f64 = 1.0 / (1 << 24) as f64;
/// For roundings of the bound itself.
const SLACK: f64 = 0.999;

impl WordCuts {
    /// Where texts can be cut for this model.
    pub(super) fn of<'p>(
        def: &SentencePieceModel,
        pieces: impl Iterator<Item = (&'p str, PieceKind)>,
    ) -> Self {
        if def.kind == SentencePieceKind::Word {
            return Self::Before;
        }
        let (mut before, mut after) = (true, true);
        for (piece, kind) in pieces {
            let unused = kind == PieceKind::Unused && def.kind == SentencePieceKind::Bpe;
            if unused {
                return Self::None;
            }
            if matches!(kind, PieceKind::Normal | PieceKind::UserDefined) {
                before &= !piece.trim_start_matches(SIGN).contains(SIGN);
                after &= !piece.trim_end_matches(SIGN).contains(SIGN);
            }
        }
        match (before, after) {
            (true, _) => Self::Before,
            (false, true) => Self::After,
            (false, false) => Self::None,
        }
    }

    /// Where the word that begins at `start` ends.
    pub fn word_end(self, text: &str, start: usize) -> usize {
        let bytes = text.as_bytes();
        let is_sign = |at: usize| bytes.get(at..at + SIGN.len()) == Some(SIGN.as_bytes());
        let mut at = start;
        let (first, second) = match self {
            Self::None => return text.len(),
            Self::Before => (true, false),
            Self::After => (false, true),
        };
        // Signs then others, or the other way round: two runs.
        for signs in [first, second] {
            if signs {
                while is_sign(at) {
                    at += SIGN.len();
                }
            } else {
                let rest = bytes.get(at..).unwrap_or(&[]);
                at += memchr::memmem::find(rest, SIGN.as_bytes()).unwrap_or(rest.len());
            }
        }
        at
    }
}

impl SentencePiece {
    /// The steps of the best path through a word, if the sum before it is `sum`; returns the sum
    /// behind it. Of the unigram model.
    pub fn word(
        &self,
        word: &str,
        sum: f32,
        scratch: &mut SentencePieceScratch,
        steps: &mut Vec<Step>,
    ) -> f32 {
        let sink = &mut |step| steps.push(step);
        best_path(&self.lexicon, word.as_bytes(), sum, &mut scratch.path, sink)
    }

    /// The sum behind a word that has these steps, as [`SentencePiece::word`] would return it.
    pub fn advance(&self, sum: f32, steps: &[Step]) -> f32 {
        let scores = &self.lexicon.scores;
        steps.iter().fold(sum, |sum, &(id, ..)| {
            let unknown = id == self.lexicon.unknown;
            let score = if unknown { None } else { scores.get(id as usize) };
            score.copied().unwrap_or(self.lexicon.unknown_score) + sum
        })
    }

    /// Appends the tokens of steps through `text`, which are all steps from its beginning.
    pub fn append(&self, text: &str, steps: &[Step], out: &mut Vec<Token>) {
        let mut sink = Sink::new(self, text, out);
        for &(id, start, end) in steps {
            sink.push(id, start, end);
        }
    }

    /// The largest magnitude of the sum before a word up to which its steps do not depend on
    /// it; `None`: they may for any. Of the unigram model.
    pub fn settled(&self, word: &str) -> Option<f32> {
        #[derive(Clone, Copy)]
        struct Place {
            best: f64,
            second: f64,
            start: usize,
        }
        let bytes = word.as_bytes();
        let chars = u16::try_from(word.chars().take(MOST_CHARS + 1).count()).unwrap_or(u16::MAX);
        if usize::from(chars) > MOST_CHARS {
            return None;
        }
        let nowhere = Place { best: f64::NEG_INFINITY, second: f64::NEG_INFINITY, start: 0 };
        let mut places = vec![nowhere; bytes.len() + 1];
        places[0].best = 0.0;
        let (mut largest, mut at) = (0.0_f64, 0);
        while let Some(&first) = bytes.get(at) {
            let (len, from, mut single) = (char_len(first), places[at].best, false);
            let mut reach = |len: usize, score: f32| {
                let sum = from + f64::from(score);
                largest = largest.max(sum.abs());
                let Some(place) = places.get_mut(at + len) else { return };
                if sum > place.best {
                    *place = Place { best: sum, second: place.best, start: at };
                } else {
                    place.second = place.second.max(sum);
                }
            };
            self.lexicon.trie.walk(&bytes[at..], |piece, id| {
                single |= piece == len;
                reach(piece, self.lexicon.scores[id as usize]);
            });
            if !single {
                reach(len, self.lexicon.unknown_score);
            }
            at += len;
        }
        let mut lead = f64::INFINITY;
        at = bytes.len();
        while at > 0 {
            let place = places[at];
            lead = lead.min(place.best - place.second);
            at = place.start;
        }
        let by_lead = lead / (2.0 * f64::from(chars.max(1)) * UNIT) * SLACK - largest / SLACK;
        let by_limit = f64::from(f32::LIMIT.unwrap_or(f32::MAX)) * SLACK - largest;
        let most = by_lead.min(by_limit) * SLACK;
        (most >= 0.0).then_some(most as f32)
    }
}

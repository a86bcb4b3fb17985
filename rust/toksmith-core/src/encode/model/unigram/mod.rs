//! The most probable segmentation, as `Unigram` of tokenizers 0.23.3 has it.
//!
//! Scores are double; an unknown character costs the lowest score less 10. Neighbouring unknown
//! characters are one token, which is looked up once more: if it is no token it is spelled in
//! `<0xNN>` where `byte_fallback` says so and all its bytes have one, else it is the unknown
//! token. Bytes all cover the whole of what they spell. Of equal tokens the last one counts.
//!
//! - [`viterbi`]: the path, shared with [`super::sentencepiece`].
//! - [`trie`]: the tokens that begin or end at a place.
//!
//! Start at [`Unigram::tokenize`].

pub(crate) mod trie;
pub(crate) mod viterbi;

use super::pairs::CharPairs;
use super::{Token, check_length};
use crate::error::{Error, Result};
use crate::formats::pipeline;
use crate::token::{NONE, TokenId};
use crate::vocab::Vocab;
use trie::Trie;
use viterbi::{Lexicon, PathScratch, best_path};

/// What an unknown character costs more than the worst piece.
pub(crate) const UNKNOWN_PENALTY: f32 = 10.0;

/// Most binary places of scores whose sums are looked at more closely.
const MOST_BITS: i32 = 40;

/// Buffers of [`Unigram::tokenize`].
pub type UnigramScratch = PathScratch<f64>;

/// A compiled `Unigram`.
#[derive(Debug)]
pub struct Unigram {
    lexicon: Lexicon<f64>,
    /// The tokens `<0xNN>`, by byte; [`NONE`]: there is none. Empty without byte fallback.
    bytes: Vec<TokenId>,
}

impl Unigram {
    /// Builds the tables. `def.scores` has one entry for each id, and so has `vocab`.
    pub fn new(vocab: &Vocab, def: &pipeline::Unigram) -> Result<Self> {
        Self::with_automaton(vocab, def, false)
    }

    /// As [`Unigram::new`]; with `automaton` the pieces that end at a place are looked for
    /// however short they are. The result is the same.
    pub fn with_automaton(vocab: &Vocab, def: &pipeline::Unigram, automaton: bool) -> Result<Self> {
        if def.scores.len() < vocab.id_limit() {
            return Err(Error::field(
                "model.vocab",
                format!("{} scores for {} tokens", def.scores.len(), vocab.id_limit()),
            ));
        }
        if let Some(id) = def.unk_id
            && id as usize >= def.scores.len()
        {
            return Err(Error::field(
                "model.unk_id",
                format!("{id}, but there are {} tokens", def.scores.len()),
            ));
        }
        let keys: Vec<(&[u8], u32)> = vocab.iter().map(|(id, bytes)| (bytes, id)).collect();
        let trie = Trie::new(&keys, automaton)?;
        let lowest =
            def.scores.iter().copied().fold(f64::INFINITY, |a, b| if b < a { b } else { a });
        let bytes = if def.byte_fallback {
            let spelled = |byte| trie.get(format!("<0x{byte:02X}>").as_bytes());
            (0..=u8::MAX).map(|byte| spelled(byte).unwrap_or(NONE)).collect()
        } else {
            Vec::new()
        };
        let lexicon = Lexicon {
            trie,
            scores: def.scores.clone(),
            unknown_score: lowest - f64::from(UNKNOWN_PENALTY),
            unknown: def.unk_id.unwrap_or(NONE),
        };
        Ok(Self { lexicon, bytes })
    }

    /// The pairs of characters that stand together in some token, if a piece may be cut between
    /// any other two of which [`Unigram::knows`] both: no path crosses such a place, and what
    /// the path before it costs does not change the one behind, up to pieces of so many bytes.
    ///
    /// For that no sum may be rounded: all scores are multiples of one power of two, so sums are
    /// exact as long as they take no more than the 53 bits of a double.
    pub(crate) fn pairs(&self, vocab: &Vocab) -> Option<(CharPairs, usize)> {
        let scores = self.lexicon.scores.iter().chain([&self.lexicon.unknown_score]);
        let (mut unit, mut largest) = (0, 1.0_f64);
        for &score in scores {
            if !score.is_finite() {
                return None;
            }
            largest = largest.max(score.abs());
            while unit <= MOST_BITS && (score * f64::from(unit).exp2()).fract() != 0.0 {
                unit += 1;
            }
        }
        let room = 53 - unit - largest.log2().ceil() as i32;
        if unit > MOST_BITS || room < 1 {
            return None;
        }
        let texts = vocab.iter().filter_map(|(_, bytes)| std::str::from_utf8(bytes).ok());
        let texts: Vec<&str> = texts.collect();
        Some((CharPairs::new(texts.iter().copied()), 1 << (room - 1)))
    }

    /// Whether a character is a token by itself, and so never unknown.
    pub(crate) fn knows(&self, c: char) -> bool {
        let id = self.lexicon.trie.get(c.encode_utf8(&mut [0; 4]).as_bytes());
        id.is_some_and(|id| id != self.lexicon.unknown)
    }

    /// Appends the tokens of a piece. O(bytes x tokens at a place).
    ///
    /// # Errors
    /// [`Error::Vocabulary`] if an unknown character is met and there is no unknown token.
    pub fn tokenize(
        &self,
        piece: &str,
        scratch: &mut UnigramScratch,
        out: &mut Vec<Token>,
    ) -> Result<()> {
        check_length(piece)?;
        let unknown = self.lexicon.unknown;
        let (begin, mut run) = (out.len(), None::<(usize, usize)>);
        scratch.met_unknown = false;
        best_path(&self.lexicon, piece.as_bytes(), 0.0, scratch, &mut |(id, start, end)| {
            if id == unknown {
                run = Some((run.map_or(start, |(start, _)| start), end));
                return;
            }
            if let Some((start, end)) = run.take() {
                self.unknown_run(piece, start, end, out);
            }
            out.push(Token { id, start: start as u32, end: end as u32 });
        });
        if let Some((start, end)) = run {
            self.unknown_run(piece, start, end, out);
        }
        scratch.trim();
        // The reference gives up where the unknown token wins a place, on the path or not.
        if scratch.met_unknown && unknown == NONE {
            out.truncate(begin);
            return Err(Error::Vocabulary {
                why: format!(
                    "{piece:.40?} has a character that is not in the vocabulary, and `unk_id` names no token for it"
                ),
            });
        }
        Ok(())
    }

    /// Appends the tokens of unknown characters.
    fn unknown_run(&self, piece: &str, start: usize, end: usize, out: &mut Vec<Token>) {
        let text = piece.as_bytes().get(start..end).unwrap_or(&[]);
        let token = |id| Token { id, start: start as u32, end: end as u32 };
        if let Some(id) = self.lexicon.trie.get(text) {
            out.push(token(id));
            return;
        }
        let spelled = |&byte: &u8| self.bytes.get(usize::from(byte)).copied().unwrap_or(NONE);
        if text.iter().all(|byte| spelled(byte) != NONE) {
            out.extend(text.iter().map(|byte| token(spelled(byte))));
            return;
        }
        out.push(token(self.lexicon.unknown));
    }
}

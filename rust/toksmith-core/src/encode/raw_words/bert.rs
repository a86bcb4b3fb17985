//! Words of a text for `BertNormalizer` and `BertPreTokenizer`: runs between white space,
//! punctuation and Chinese characters, and each of the latter two by itself.
//!
//! *Why these may be cut.* A separator, as raw text, is a character that becomes white space or
//! punctuation, with nothing else: the tests show it of every character that counts as one. So
//! the pre-tokenizer cuts on both its sides. Of the normalizer's passes only decomposition looks
//! further than one character, to sort marks behind the character they follow; and a separator is
//! no mark, so none is sorted past it. What is a separator only after normalization stays inside
//! a word, where the pipeline finds it.

use super::Words;
use crate::encode::normalize::is_chinese;
use crate::encode::pretokenize::classes::{CASED, MARK, skip};
use crate::encode::pretokenize::stages::is_punctuation;
use crate::formats::pipeline::{Normalizer, Pipeline, PreTokenizer};
use crate::simd;

/// Becomes no separator by itself, or is looked at more closely.
const WORD: u8 = 0;
/// White space, which goes.
const SPACE: u8 = 1;
/// Punctuation, a word by itself.
const SIGN: u8 = 2;
/// The first byte of a longer character.
const LONG: u8 = 3;

/// What the bytes of ASCII are, and that all others are [`LONG`].
static KINDS: [u8; 256] = {
    let mut kinds = [LONG; 256];
    let mut byte = 0;
    while byte < 128 {
        kinds[byte] = match byte as u8 {
            b'\t' | b'\n' | b'\r' | b' ' => SPACE,
            b if b.is_ascii_punctuation() => SIGN,
            _ => WORD,
        };
        byte += 1;
    }
    kinds
};

/// The cuts, with what the normalizer is told.
#[derive(Debug)]
pub(super) struct BertWords {
    chinese: bool,
}

impl BertWords {
    /// The cuts, if the pipeline is of the two stages.
    pub(super) fn new(pipeline: &Pipeline) -> Option<Self> {
        let [PreTokenizer::Bert] = pipeline.pre_tokenizers.as_slice() else { return None };
        let normalizers = super::flattened(pipeline.normalizer.as_ref())?;
        let &[&Normalizer::Bert { handle_chinese_chars, .. }] = normalizers.as_slice() else {
            return None;
        };
        Some(Self { chinese: handle_chinese_chars })
    }

    /// Finds the next words from `pos`; returns where it stopped.
    pub(super) fn fill(&self, text: &str, mut pos: usize, words: &mut Words) -> usize {
        let bytes = text.as_bytes();
        let fast = simd::is_fast();
        while pos < bytes.len() && !words.is_full() {
            let block = super::ascii_block(bytes, pos);
            let end = block.filter(|_| fast).map_or(pos, |block| window(block, pos, words));
            pos = if end == pos { self.next_word(text, pos, words) } else { end };
        }
        pos
    }

    /// Finds the next word, if there is one; returns where it ends.
    fn next_word(&self, text: &str, mut pos: usize, words: &mut Words) -> usize {
        let bytes = text.as_bytes();
        let kind = |pos: usize| bytes.get(pos).map(|&byte| KINDS[usize::from(byte)]);
        while kind(pos) == Some(SPACE) {
            pos += 1;
        }
        let start = pos;
        match kind(pos) {
            None => return pos,
            Some(SIGN) => pos += 1,
            _ => loop {
                match kind(pos) {
                    Some(WORD) => pos += 1,
                    Some(LONG) => {
                        // Neither is punctuation or Chinese.
                        let letters = skip(bytes, pos, CASED | MARK);
                        if letters > pos {
                            pos = letters;
                            continue;
                        }
                        let c = text.get(pos..).and_then(|rest| rest.chars().next());
                        let (len, separates) =
                            c.map_or((1, true), |c| (c.len_utf8(), self.separates(c)));
                        if !separates || pos == start {
                            pos += len;
                        }
                        if separates {
                            break;
                        }
                    }
                    _ => break,
                }
            },
        }
        words.push(start, pos);
        pos
    }

    /// Whether a character beyond ASCII is a word by itself.
    fn separates(&self, c: char) -> bool {
        self.chinese && is_chinese(c) || is_punctuation(c)
    }
}

/// Finds the words that end in the ASCII characters with which a block begins, itself at `base`;
/// returns where the last one ends.
#[inline]
fn window(block: &[u8; 64], base: usize, words: &mut Words) -> usize {
    let classes = simd::classify(block);
    // Control characters go, and do not part words.
    let plain = (classes.other | classes.control).trailing_zeros();
    if plain == 0 {
        return base;
    }
    let known = u64::MAX >> (64 - plain);
    let word = (classes.letter | classes.digit) & known;
    let sign = known & !(word | classes.space);
    let ends = !word & word << 1 & known;
    let mut starts = word & !(word << 1) | sign;
    let mut pos = base;
    while starts != 0 && !words.is_full() {
        let start = starts.trailing_zeros();
        let end = if sign >> start & 1 != 0 {
            start + 1
        } else {
            let ends = ends & u64::MAX << start;
            if ends == 0 {
                // It goes on behind the block.
                return pos.max(base + start as usize);
            }
            ends.trailing_zeros()
        };
        starts &= starts - 1;
        pos = base + end as usize;
        words.push(base + start as usize, pos);
    }
    pos
}

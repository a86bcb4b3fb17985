//! Words of a text that begin at its spaces, for pipelines whose models never see across one.
//!
//! *Where a text may be cut.* Before a space that follows another character, if no mark follows
//! it, so that it is a grapheme by itself. The normalizers allowed here ([`local`]) change such a
//! space to something that begins with a sign (a space, U+2581), whatever stands before it, and
//! what stands before it, whatever follows; unless that ends, once normalized, in white space or
//! the sign, which a pattern like ` {2,}` takes together with what follows ([`End::Open`]), or in
//! a character that joins the next one. Then the word is longer ([`SpaceWords::plain_end`]).
//! Behind them, either the pre-tokenizer cuts there, or the model does.
//!
//! What is put in front of a text, or taken from its ends, is left to its first and last words.

use super::seams::Seams;
use super::{SIGN, Words, flattened};
use crate::encode::general::{General, Rewrite};
use crate::encode::normalize::{NormalizeCache, joins};
use crate::encode::pretokenize::classes::{CASED, decode_class, skip};
use crate::encode::pretokenize::stages::Stages;
use crate::error::Result;
use crate::formats::pipeline::{
    Normalizer, Pipeline, PreTokenizer, PrependScheme, SentencePieceNormalizer,
};
use crate::simd;
use crate::vocab::Vocab;
use unicode_segmentation::UnicodeSegmentation;

/// Whether a text may be cut behind a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// It may.
    Closed,
    /// What follows is seen together with it.
    Open,
}

/// The cuts, and the normalizers of words by where they stand.
#[derive(Debug)]
pub(super) struct SpaceWords {
    /// Of words that are neither first nor last.
    inner: Option<Rewrite>,
    /// Of the last of several words.
    last: Option<Rewrite>,
    /// Of the first of several words.
    first: Option<Rewrite>,
    /// What makes a word at the beginning of its text.
    leads: [bool; 128],
    /// Whether runs of spaces are seen as one.
    open: bool,
    /// Whether the stages leave white space out.
    drops: bool,
    /// Whether the stages do no more to a word than put a sign in place of its space.
    simple: bool,
    /// Further cuts, and the stages for a word that begins at one.
    seams: Option<(Seams, Stages)>,
}

impl SpaceWords {
    /// The cuts, if the pipeline allows them.
    pub(super) fn new(
        vocab: &Vocab,
        pipeline: &Pipeline,
        general: &General,
    ) -> Result<Option<Self>> {
        let Some(steps) = flattened(pipeline.normalizer.as_ref()) else { return Ok(None) };
        let lead = match steps.as_slice() {
            [Normalizer::SentencePiece(def)] if is_plain(def) => Some(Lead::Sign),
            steps => local(steps),
        };
        let Some(lead) = lead else { return Ok(None) };
        let model_cuts = lead == Lead::Sign && general.word_cuts() == Some(SIGN);
        if !(cuts_at_spaces(&pipeline.pre_tokenizers, lead)
            || pipeline.pre_tokenizers.is_empty() && model_cuts)
        {
            return Ok(None);
        }
        let some = |first: bool, last: bool| {
            let kept = steps.iter().filter_map(|&step| match step {
                Normalizer::Prepend(_) => first.then(|| step.clone()),
                Normalizer::Strip { left, right } => {
                    let (left, right) = (*left && first, *right && last);
                    (left || right).then_some(Normalizer::Strip { left, right })
                }
                Normalizer::SentencePiece(def) => {
                    let add_dummy_prefix = def.add_dummy_prefix && first;
                    let def = SentencePieceNormalizer { add_dummy_prefix, ..def.clone() };
                    Some(Normalizer::SentencePiece(def))
                }
                other => Some(other.clone()),
            });
            let kept: Vec<_> = kept.collect();
            match kept.as_slice() {
                [] => Ok(None),
                [one] => Rewrite::new(one).map(Some),
                _ => Rewrite::new(&Normalizer::Sequence(kept)).map(Some),
            }
        };
        let (inner, last, first) = (some(false, false)?, some(false, true)?, some(true, false)?);
        let Some(leads) = leads(inner.as_ref(), lead)? else { return Ok(None) };
        let seams = match glued(&pipeline.pre_tokenizers) {
            Some(stages) => {
                let white = stages.is_empty();
                let seams = Seams::new(vocab, general, inner.as_ref(), white, &entangled(&steps))?;
                seams.map(|seams| Ok((seams, Stages::new(&stages)?))).transpose()?
            }
            None => None,
        };
        let open = !steps.iter().all(|step| single(step)) || pipeline.pre_tokenizers.is_empty();
        let drops = pipeline.pre_tokenizers.first().is_some_and(drops_spaces);
        let simple = signs_alone(&pipeline.pre_tokenizers);
        Ok(Some(Self { inner, last, first, leads, open, drops, simple, seams }))
    }

    /// Longest text that may be cut so.
    pub(super) fn longest(&self) -> usize {
        self.seams.as_ref().map_or(usize::MAX, |(seams, _)| seams.longest)
    }

    /// The stages that cut a word in place of the pipeline's, if there are such.
    pub(super) fn stages(&self, first: bool, word: &str) -> Option<&Stages> {
        let (_, stages) = self.seams.as_ref()?;
        (!first && !word.as_bytes().first().is_some_and(|&byte| self.leads(byte))).then_some(stages)
    }

    /// The one piece of a normalized word, if that is plain to see: a sign for the space it begins
    /// with, or the word as it is, and no other space or sign.
    pub(super) fn piece<'p>(
        &self,
        word: &str,
        normalized: &'p str,
        buffer: &'p mut String,
    ) -> Option<&'p str> {
        if !self.simple {
            return None;
        }
        let leads = word.as_bytes().first().is_some_and(|&byte| self.leads(byte));
        let rest = match normalized.strip_prefix(' ') {
            Some(rest) if leads => rest,
            None if !leads => normalized,
            _ => return None,
        };
        if rest.is_empty() || rest.contains(|c: char| c == SIGN || c.is_whitespace()) {
            return None;
        }
        if !leads {
            return Some(rest);
        }
        buffer.clear();
        buffer.push(SIGN);
        buffer.push_str(rest);
        Some(buffer)
    }

    /// Where in a normalized word, begun in the middle of one, another begins.
    pub(super) fn glued_end(&self, normalized: &str) -> usize {
        let white = if self.drops { normalized.find(char::is_whitespace) } else { None };
        white.unwrap_or(normalized.len())
    }

    /// Whether an ASCII byte begins a word wherever it follows another.
    #[inline(always)]
    fn leads(&self, byte: u8) -> bool {
        self.leads.get(usize::from(byte)).is_some_and(|leads| *leads)
    }

    /// The normalizer of a word; `whole` is that of a text.
    pub(super) fn rewrite<'a>(
        &'a self,
        first: bool,
        last: bool,
        whole: Option<&'a Rewrite>,
    ) -> Option<&'a Rewrite> {
        match (first, last) {
            (true, true) => whole,
            (true, false) => self.first.as_ref(),
            (false, true) => self.last.as_ref(),
            (false, false) => self.inner.as_ref(),
        }
    }

    /// Whether a text may be cut behind a word, given with what it became and what follows.
    #[inline]
    pub(super) fn end(&self, word: &str, normalized: &str, behind: Option<u8>) -> End {
        let (Some(c), Some(n)) = (word.chars().next_back(), normalized.chars().next_back()) else {
            return End::Open;
        };
        let closed = if !behind.is_none_or(|byte| self.leads(byte)) {
            c == n
        } else if self.open && (n.is_whitespace() || n == SIGN) {
            false
        } else {
            c.is_ascii() || !joins_space(c)
        };
        if closed { End::Closed } else { End::Open }
    }

    /// A place behind `pos` to cut at, with a plain character before it.
    pub(super) fn plain_end(&self, text: &str, pos: usize) -> usize {
        let bytes = text.as_bytes();
        let plain = |at: usize| at > pos && bytes.get(at - 1).is_some_and(u8::is_ascii_graphic);
        let mut spaces = memchr::memchr_iter(b' ', bytes.get(pos..).unwrap_or(&[]));
        let found = spaces.find(|&at| plain(pos + at) && self.begins(text, pos + at));
        found.map_or(bytes.len(), |at| pos + at)
    }

    /// Finds the next words from `start`, which is where one begins; returns where it stopped.
    pub(super) fn fill(&self, text: &str, mut start: usize, words: &mut Words) -> usize {
        let bytes = text.as_bytes();
        let fast = simd::is_fast();
        while start < bytes.len() && !words.is_full() {
            let block = super::ascii_block(bytes, start);
            let end =
                block.filter(|_| fast).map_or(start, |block| self.window(block, start, words));
            if end == start {
                start = self.word_end(text, start);
                words.push(end, start);
            } else {
                start = end;
            }
        }
        start
    }

    /// Finds the words that end in the ASCII characters with which a block begins (at least one),
    /// itself at `start`; returns where the last one ends.
    #[inline]
    fn window(&self, block: &[u8; 64], mut start: usize, words: &mut Words) -> usize {
        let (base, classes) = (start, simd::classify(block));
        let ascii = classes.other.trailing_zeros();
        // Not between letters, nor behind a space; and what follows is seen to join nothing.
        let behind_blank = classes.blank << 1 & !if self.open { 0 } else { classes.space };
        let inside = classes.letter & classes.letter << 1 | behind_blank | 1;
        let mut borders = !inside & (u64::MAX >> (64 - ascii) >> 1);
        while borders != 0 {
            let at = borders.trailing_zeros() as usize;
            borders &= borders - 1;
            let (before, byte) = (block[(at - 1) % 64], block[at % 64]);
            let ends = if self.leads(byte) {
                if self.drops && !self.open && self.leads(before) {
                    start = base + at;
                    continue;
                }
                !(self.open && self.leads(before))
            } else {
                self.seams.as_ref().is_some_and(|(seams, _)| seams.between_ascii(before, byte))
            };
            if ends {
                words.push(start, base + at);
                start = base + at;
                if words.is_full() {
                    break;
                }
            }
        }
        start
    }

    /// The end of the word that begins at `start`, before the end of the text.
    #[inline]
    pub(super) fn word_end(&self, text: &str, start: usize) -> usize {
        let bytes = text.as_bytes();
        let (mut class, len) = decode_class(bytes, start);
        let mut pos = start + len;
        loop {
            if class & CASED != 0 {
                // Letters of a script that has small ones and large ones stay together.
                pos = skip(bytes, pos, CASED);
            }
            let Some((&before, &byte)) = bytes.get(pos.wrapping_sub(1)).zip(bytes.get(pos)) else {
                return bytes.len();
            };
            let ends = if self.leads(byte) {
                !(self.open && self.leads(before)) && Self::is_apart(text, pos)
            } else if (before | byte).is_ascii() {
                let seams = self.seams.as_ref();
                seams.is_some_and(|(seams, _)| seams.between_ascii(before, byte))
                    && Self::is_apart(text, pos)
            } else {
                self.is_seam(text, pos)
            };
            if ends {
                return pos;
            }
            let len;
            (class, len) = decode_class(bytes, pos);
            pos += len;
        }
    }

    /// Whether a word ends at `pos`, with a character beyond ASCII on either side.
    fn is_seam(&self, text: &str, pos: usize) -> bool {
        let Some((seams, _)) = &self.seams else { return false };
        let Some((before, behind)) = text.split_at_checked(pos) else { return false };
        let (mut before, mut behind) = (before.chars(), behind.chars());
        match (before.next_back(), behind.next()) {
            (Some(c), Some(d)) => seams.between(c, d) && !behind.next().is_some_and(joins),
            _ => false,
        }
    }

    /// Whether the ASCII character at `at` is not joined by what follows.
    #[inline(always)]
    fn is_apart(text: &str, at: usize) -> bool {
        match text.as_bytes().get(at + 1) {
            Some(byte) if !byte.is_ascii() => {
                !text.get(at + 1..).and_then(|rest| rest.chars().next()).is_some_and(joins)
            }
            _ => true,
        }
    }

    /// Whether a word begins at the space at `at`.
    fn begins(&self, text: &str, at: usize) -> bool {
        let before = text.as_bytes().get(at.wrapping_sub(1));
        before.is_some_and(|&byte| !(self.open && self.leads(byte))) && Self::is_apart(text, at)
    }
}

/// Whether a character shares a grapheme with a space behind it.
fn joins_space(c: char) -> bool {
    let mut pair = String::with_capacity(5);
    pair.push(c);
    pair.push(' ');
    joins(c) && pair.graphemes(true).nth(1).is_none()
}

/// The characters that become what a space does, if a space does and plain characters stay.
fn leads(inner: Option<&Rewrite>, lead: Lead) -> Result<Option<[bool; 128]>> {
    let mut cache = NormalizeCache::default();
    let mut text = |c: char, d: char| match inner {
        Some(inner) => inner.text(&mut cache, &format!("{c}{d}")),
        None => Ok(format!("{c}{d}")),
    };
    let mut leads = [false; 128];
    for c in [' ', '\t', '\n', '\r'] {
        let mut all = true;
        for d in '\0'..='\x7F' {
            let new = text(c, d)?;
            all &= new.starts_with(|c| lead.holds(c));
            if c == ' ' && d.is_ascii_graphic() && new.ends_with([' ', SIGN]) {
                return Ok(None);
            }
        }
        leads[c as usize] = all;
    }
    Ok(leads[usize::from(b' ')].then_some(leads))
}

/// Whether a stage leaves white space out.
fn drops_spaces(stage: &PreTokenizer) -> bool {
    matches!(stage, PreTokenizer::Whitespace | PreTokenizer::WhitespaceSplit | PreTokenizer::Bert)
}

/// Whether stages make a word ` x` the piece `\u{2581}x`, and what has neither space nor sign, where
/// they are asked not to put a sign before it, itself.
fn signs_alone(stages: &[PreTokenizer]) -> bool {
    let (split, metaspace) = match stages {
        [metaspace] => (false, metaspace),
        [PreTokenizer::WhitespaceSplit, metaspace] => (true, metaspace),
        _ => return false,
    };
    matches!(metaspace, &PreTokenizer::Metaspace { replacement: SIGN, prepend_scheme, .. }
        if !split || prepend_scheme == PrependScheme::Always)
}

/// The stages for what stands in the middle of a word; `None`: they may look at the word.
fn glued(stages: &[PreTokenizer]) -> Option<Vec<PreTokenizer>> {
    let glued = stages.iter().map(|stage| match stage {
        PreTokenizer::WhitespaceSplit => Some(stage.clone()),
        &PreTokenizer::Metaspace { replacement, split, .. } => {
            let prepend_scheme = PrependScheme::Never;
            Some(PreTokenizer::Metaspace { replacement, prepend_scheme, split })
        }
        _ => None,
    });
    glued.collect()
}

/// Whether a step sees spaces one at a time.
fn single(step: &Normalizer) -> bool {
    match step {
        Normalizer::Strip { .. } => false,
        Normalizer::Replace { pattern, .. } => !matches!(pattern.pattern.as_str(), " {2,}" | " +"),
        _ => true,
    }
}

/// Whether SentencePiece's normalizer does no more than put the sign in place of spaces, and one
/// before the text.
fn is_plain(def: &SentencePieceNormalizer) -> bool {
    def.charsmap.is_empty()
        && !def.remove_extra_whitespaces
        && def.escape_whitespaces
        && !def.whitespace_as_suffix
        && def.user_defined.is_empty()
}

/// What a space becomes: a space, the sign, or either, as a pattern has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lead {
    Space,
    Sign,
    Either,
}

impl Lead {
    fn holds(self, c: char) -> bool {
        match self {
            Self::Space => c == ' ',
            Self::Sign => c == SIGN,
            Self::Either => c == ' ' || c == SIGN,
        }
    }
}

/// What a space becomes, if all steps are ones that see no further than the argument allows.
fn local(steps: &[&Normalizer]) -> Option<Lead> {
    let mut lead = Lead::Space;
    for &step in steps {
        match step {
            Normalizer::Strip { .. }
            | Normalizer::StripAccents
            | Normalizer::Nfc
            | Normalizer::Nfd
            | Normalizer::Nfkc
            | Normalizer::Nfkd
            | Normalizer::Lowercase
            | Normalizer::Nmt
            | Normalizer::Prepend(_)
            | Normalizer::Precompiled(_) => {}
            Normalizer::Replace { pattern, content } => {
                lead = replaced(lead, &pattern.pattern, content)?;
            }
            Normalizer::Bert { .. }
            | Normalizer::ByteLevel
            | Normalizer::Sequence(_)
            | Normalizer::SentencePiece(_) => return None,
        }
    }
    Some(lead)
}

/// What a replacement makes of `lead`: of spaces that are one run, which lie in one word, it may
/// make the sign; anything else it may do to text without either.
fn replaced(lead: Lead, pattern: &str, content: &str) -> Option<Lead> {
    let new = match content.chars().next() {
        Some(' ') => Some(Lead::Space),
        Some(SIGN) => Some(Lead::Sign),
        _ => None,
    };
    match pattern {
        " {2,}" if lead == Lead::Space && new == Some(Lead::Sign) => Some(Lead::Either),
        " {2,}" | " " | "\\ " | " +" if lead == Lead::Space => new,
        " " | "\\ " if lead == Lead::Either && new == Some(Lead::Sign) => new,
        _ => {
            let literal = literal(pattern)?;
            let plain = !literal.contains(|c: char| c.is_whitespace() || c == SIGN);
            plain.then_some(lead)
        }
    }
}

/// The string that a pattern stands for, if it is one.
fn literal(pattern: &str) -> Option<String> {
    let mut out = String::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        out.push(match c {
            '\\' => chars.next().filter(char::is_ascii_punctuation)?,
            '.' | '^' | '$' | '*' | '+' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '|' => {
                return None;
            }
            c => c,
        });
    }
    Some(out)
}

/// The characters of strings that are replaced as a whole.
fn entangled(steps: &[&Normalizer]) -> String {
    let strings = steps.iter().filter_map(|step| match step {
        Normalizer::Replace { pattern, .. } => literal(&pattern.pattern),
        _ => None,
    });
    strings.filter(|string| string.chars().count() > 1).collect()
}

/// Whether a pre-tokenizer cuts before each sign, and looks at nothing beyond its pieces.
fn cuts_at_spaces(stages: &[PreTokenizer], lead: Lead) -> bool {
    let cuts = |stage: &PreTokenizer| match stage {
        stage if drops_spaces(stage) => lead == Lead::Space,
        PreTokenizer::Metaspace { replacement, split, .. } => {
            *split && (lead == Lead::Space || *replacement == SIGN)
        }
        _ => false,
    };
    let looks_around = |stage: &PreTokenizer| match stage {
        PreTokenizer::Metaspace { prepend_scheme, .. } => *prepend_scheme == PrependScheme::First,
        PreTokenizer::ByteLevel { .. } => true,
        _ => false,
    };
    stages.split_first().is_some_and(|(first, rest)| cuts(first) && !rest.iter().any(looks_around))
}

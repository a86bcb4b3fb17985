//! The words that a model is given: what encoding merges, before it is merged.
//!
//! The way is that of [`crate::Tokenizer::encode_text`], with the same added tokens, normalizer,
//! scanners and stages; at its end a [`Visitor`] stands in place of the model. For a byte-level
//! model a word is raw bytes, a prefix space among them if the file puts one there; for any other
//! it is the text that the model reads, normalized, signs and all.
//!
//! Start at [`Tokenizer::visit_words`]. Linear in the text; no allocation for each word.

use super::added::{Allowed, Segment};
use super::bytes::ByteLevel;
use super::draft::Draft;
use super::general::General;
use super::pretokenize::Scanner;
use super::pretokenize::stages::Stages;
use super::pretokenizer::PreTokenizer;
use super::scratch::Scratch;
use super::windows::{self, Ends, Pattern};
use crate::error::{Error, Result};
use crate::formats::hf_json::alphabet;
use crate::formats::pipeline::Normalizer;
use crate::simd;
use crate::token::Span;
use crate::tokenizer::{Engine, Text, Tokenizer};
use crate::watch::Watch;
use std::collections::BTreeSet;

/// Bytes between two looks at the watch.
const POLL: usize = 1 << 16;

/// What is given words. None is empty.
pub(crate) trait Visitor {
    /// One word.
    fn word(&mut self, word: &[u8]) -> Result<()>;

    /// What comes next does not stand right behind what came before.
    #[inline(always)]
    fn gap(&mut self) -> Result<()> {
        Ok(())
    }

    /// Words that follow each other in `text`, the first from `start` on; at most
    /// [`super::group::GROUP`].
    #[inline(always)]
    fn words(&mut self, text: &[u8], start: usize, ends: &[usize]) -> Result<()> {
        let mut from = start;
        for &end in ends {
            self.word(text.get(from..end).unwrap_or_default())?;
            from = end;
        }
        Ok(())
    }
}

/// What goes along with a text on its way.
struct Way<'w, V> {
    scratch: &'w mut Scratch,
    watch: &'w Watch<'w>,
    allowed: &'w Allowed,
    visitor: &'w mut V,
}

impl Tokenizer {
    /// Gives the words of a text in order. Added tokens that `allowed` finds are left out.
    ///
    /// # Errors
    /// Those of the visitor and of encoding the text.
    pub(crate) fn visit_words(
        &self,
        text: Text<'_>,
        allowed: &Allowed,
        scratch: &mut Scratch,
        watch: &Watch<'_>,
        visitor: &mut impl Visitor,
    ) -> Result<()> {
        let mut way = Way { scratch, watch, allowed, visitor };
        match text {
            Text::Str(text) => self.visit_str(text, &mut way),
            Text::Bytes(bytes) => {
                let mut base = 0;
                for chunk in bytes.utf8_chunks() {
                    self.visit_str(chunk.valid(), &mut way)?;
                    base += chunk.valid().len();
                    let invalid = chunk.invalid();
                    if !invalid.is_empty() {
                        if !self.takes_bytes() {
                            return Err(not_text(base));
                        }
                        way.visitor.gap()?;
                        way.visitor.word(invalid)?;
                        way.visitor.gap()?;
                    }
                    base += invalid.len();
                }
                Ok(())
            }
        }
    }

    /// Whether its pipeline puts U+2581 behind words instead of before them.
    pub(crate) fn puts_signs_behind(&self) -> bool {
        matches!(&self.pipeline.normalizer, Some(Normalizer::SentencePiece(it)) if it.whitespace_as_suffix)
    }

    fn visit_str<V: Visitor>(&self, text: &str, way: &mut Way<'_, V>) -> Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        if !self.added.applies(way.allowed) {
            return self.visit_rewritten(text, false, way);
        }
        for segment in self.added.in_text(text, way.allowed, &BTreeSet::new()) {
            if let Segment::Text(Span { start, end }) = segment {
                way.visitor.gap()?;
                self.visit_rewritten(text.get(start..end).unwrap_or_default(), true, way)?;
            }
        }
        Ok(())
    }

    /// Normalizes a stretch, searches it for added tokens if `search` says so, and gives the words
    /// of the rest.
    fn visit_rewritten<V: Visitor>(
        &self,
        text: &str,
        search: bool,
        way: &mut Way<'_, V>,
    ) -> Result<()> {
        let search = search && self.added.searches_normalized();
        if let (None, Engine::Bytes(bytes), false) = (&self.rewrite, &self.engine, search)
            && !matches!(bytes.pre, PreTokenizer::Letters(_))
        {
            return bytes.visit(text, way);
        }
        let mut draft = Draft::new(text, 0);
        if let Some(rewrite) = &self.rewrite {
            rewrite.apply(&mut way.scratch.normalize, &mut draft, self.reads_origin())?;
        }
        if !search {
            return self.visit_draft(draft, way);
        }
        for segment in self.added.in_normalized(&draft.text, way.allowed, &BTreeSet::new()) {
            if let Segment::Text(span) = segment {
                way.visitor.gap()?;
                self.visit_draft(draft.part(span), way)?;
            }
        }
        Ok(())
    }

    fn visit_draft<V: Visitor>(&self, draft: Draft, way: &mut Way<'_, V>) -> Result<()> {
        match &self.engine {
            Engine::General(general) => general.visit(draft, way),
            Engine::Bytes(bytes) => match &bytes.pre {
                PreTokenizer::Letters(stages) => visit_letters(stages, draft, way),
                _ => bytes.visit(&draft.text, way),
            },
        }
    }
}

/// The error for bytes that are not UTF-8 where no model takes bytes.
fn not_text(at: usize) -> Error {
    let why = format!(
        "the text is not UTF-8 at byte {at}, and this tokenizer has no words of bytes; decode it \
         first"
    );
    Error::Input { why }
}

impl ByteLevel {
    /// Gives the words of a text that stands as it is.
    fn visit<V: Visitor>(&self, text: &str, way: &mut Way<'_, V>) -> Result<()> {
        match &self.pre {
            PreTokenizer::Whole if text.is_empty() => Ok(()),
            PreTokenizer::Whole => way.visitor.word(text.as_bytes()),
            PreTokenizer::Known(scanner) => match scanner {
                Scanner::Gpt2 => scan::<windows::Gpt2, V>(text, way),
                Scanner::Cl100k => scan::<windows::Cl100k, V>(text, way),
                Scanner::Llama3 => scan::<windows::Llama3, V>(text, way),
                Scanner::Qwen2 => scan::<windows::Qwen2, V>(text, way),
                Scanner::O200k => scan::<windows::O200k, V>(text, way),
                Scanner::General(_) => Ok(()),
            },
            PreTokenizer::Cuts(stages) => {
                let Way { scratch, watch, visitor, .. } = way;
                let (mut polled, mut last) = (0, 0);
                stages.cut(text, &mut scratch.general, |piece| {
                    if piece.end > polled + POLL {
                        polled = piece.end;
                        watch.poll()?;
                    }
                    if piece.start != last {
                        visitor.gap()?;
                    }
                    last = piece.end;
                    visitor.word(text.as_bytes().get(piece.start..piece.end).unwrap_or_default())
                })
            }
            PreTokenizer::Letters(stages) => visit_letters(stages, Draft::new(text, 0), way),
        }
    }
}

/// Words of a hand-written scanner, which leave no gap.
fn scan<P: Pattern, V: Visitor>(text: &str, way: &mut Way<'_, V>) -> Result<()> {
    let (bytes, fast) = (text.as_bytes(), simd::is_fast());
    let (mut ends, mut start, mut polled) = (Ends::new(), 0, 0);
    while start < bytes.len() {
        ends.fill::<P>(bytes, start, fast);
        way.visitor.words(bytes, start, ends.get())?;
        start = ends.get().last().copied().unwrap_or(bytes.len());
        if start > polled + POLL {
            polled = start;
            way.watch.poll()?;
        }
    }
    Ok(())
}

/// Words of stages that leave text in the letters of the byte alphabet.
fn visit_letters<V: Visitor>(
    stages: &Stages,
    mut draft: Draft,
    way: &mut Way<'_, V>,
) -> Result<()> {
    stages.run(&mut draft, &mut way.scratch.general, false)?;
    let (mut bytes, mut polled) = (Vec::new(), 0);
    for piece in &draft.pieces {
        if piece.end > polled + POLL {
            polled = piece.end;
            way.watch.poll()?;
        }
        bytes.clear();
        alphabet::decode(draft.text.get(piece.start..piece.end).unwrap_or_default(), &mut bytes);
        way.visitor.word(&bytes)?;
    }
    Ok(())
}

impl General {
    /// Gives the pieces of a normalized text.
    fn visit<V: Visitor>(&self, mut draft: Draft, way: &mut Way<'_, V>) -> Result<()> {
        self.stages().run(&mut draft, &mut way.scratch.general, false)?;
        let mut polled = 0;
        for piece in &draft.pieces {
            if piece.end > polled + POLL {
                polled = piece.end;
                way.watch.poll()?;
            }
            way.visitor
                .word(draft.text.as_bytes().get(piece.start..piece.end).unwrap_or_default())?;
        }
        Ok(())
    }
}

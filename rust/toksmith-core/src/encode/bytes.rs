//! Byte-level BPE on text as it is: cut it, encode each pre-token.

use super::draft::{Draft, Origin};
use super::group::Encoder;
use super::joined::Joins;
use super::model::bpe::dropout::{Dropout, Rules};
use super::model::bpe::{Bpe, MergeScratch};
use super::pretokenize::{GeneralCache, Scanner};
use super::pretokenizer::{self, PreTokenizer};
use super::sampling::Sampling;
use super::scratch::Scratch;
use super::sink::{Ids, Sink};
use super::windows::{self, Ends, Pattern};
use super::words::Words;
use crate::error::Result;
use crate::formats::hf_json::alphabet;
use crate::simd;
use crate::token::{Span, TokenId};
use crate::vocab::Vocab;
use crate::watch::Watch;

/// Bytes between two looks at the watch.
const POLL: usize = 1 << 16;

/// The tables of a byte-level BPE.
#[derive(Debug)]
pub(crate) struct ByteLevel {
    pub(crate) words: Words,
    pub(crate) bpe: Bpe,
    pub(crate) pre: PreTokenizer,
    /// All merges, for dropout.
    pub(crate) rules: Rules,
    /// By what whole pre-tokens are joined, if they are.
    pub(crate) joins: Option<Joins>,
}

impl ByteLevel {
    /// These tables with a thread's buffers, and the caches of general patterns.
    pub(super) fn encoder<'a>(
        &'a self,
        vocab: &'a Vocab,
        scratch: &'a mut Scratch,
        watch: &'a Watch<'a>,
    ) -> (Encoder<'a>, &'a mut Vec<GeneralCache>) {
        let Self { words, bpe, .. } = self;
        let Scratch { cache, merge, ids, group, general, .. } = scratch;
        (Encoder { vocab, words, bpe, cache, merge, ids, group, watch }, general)
    }

    /// Encodes text in which no added token is searched.
    pub(crate) fn encode(
        &self,
        vocab: &Vocab,
        text: &str,
        scratch: &mut Scratch,
        watch: &Watch<'_>,
        sink: &mut impl Sink,
    ) -> Result<()> {
        if scratch.sampling.is_some() && !matches!(self.pre, PreTokenizer::Letters(_)) {
            return self.encode_sampled(vocab, text, scratch, watch, sink);
        }
        if let Some(joins) = &self.joins {
            return self.encode_joined(joins, vocab, text, scratch, watch, sink);
        }
        let (mut encoder, general) = self.encoder(vocab, scratch, watch);
        match &self.pre {
            PreTokenizer::Whole if text.is_empty() => Ok(()),
            PreTokenizer::Whole => {
                sink.next_piece();
                encoder.word(text.as_bytes(), 0, text.len(), sink)
            }
            PreTokenizer::Known(scanner) => match scanner {
                Scanner::Gpt2 => run::<windows::Gpt2>(&mut encoder, text, sink),
                Scanner::Cl100k => run::<windows::Cl100k>(&mut encoder, text, sink),
                Scanner::Llama3 => run::<windows::Llama3>(&mut encoder, text, sink),
                Scanner::Qwen2 => run::<windows::Qwen2>(&mut encoder, text, sink),
                Scanner::O200k => run::<windows::O200k>(&mut encoder, text, sink),
                Scanner::General(_) => Ok(()),
            },
            PreTokenizer::Cuts(stages) => {
                let mut polled = 0;
                stages.cut(text, general, |piece| {
                    sink.piece_start(piece.start);
                    sink.next_piece();
                    if piece.end > polled + POLL {
                        polled = piece.end;
                        watch.poll()?;
                    }
                    encoder.word(text.as_bytes(), piece.start, piece.end, sink)
                })
            }
            PreTokenizer::Letters(_) => {
                self.encode_letters(vocab, Draft::new(text, 0), scratch, watch, sink)
            }
        }
    }

    /// As [`ByteLevel::encode`], with merges passed over at random.
    fn encode_sampled(
        &self,
        vocab: &Vocab,
        text: &str,
        scratch: &mut Scratch,
        watch: &Watch<'_>,
        sink: &mut impl Sink,
    ) -> Result<()> {
        let Scratch { general, sampling, ids, .. } = scratch;
        let bytes = text.as_bytes();
        let mut piece = |span: Span| {
            sink.piece_start(span.start);
            sink.next_piece();
            watch.poll()?;
            self.sample(vocab, bytes.get(span.start..span.end).unwrap_or(&[]), sampling, ids)?;
            sink.many(ids);
            Ok(())
        };
        match &self.pre {
            PreTokenizer::Whole if text.is_empty() => Ok(()),
            PreTokenizer::Whole => piece(Span { start: 0, end: text.len() }),
            PreTokenizer::Known(scanner) => {
                let mut start = 0;
                while start < bytes.len() {
                    let end = pretokenizer::next_end(scanner, bytes, start);
                    piece(Span { start, end })?;
                    start = end;
                }
                Ok(())
            }
            PreTokenizer::Cuts(stages) => stages.cut(text, general, piece),
            PreTokenizer::Letters(_) => Ok(()),
        }
    }

    /// Leaves the tokens that were drawn for a pre-token in `ids`.
    fn sample(
        &self,
        vocab: &Vocab,
        bytes: &[u8],
        sampling: &mut Option<Sampling>,
        ids: &mut Vec<TokenId>,
    ) -> Result<()> {
        ids.clear();
        let Some(sampling) = sampling else { return Ok(()) };
        let seed = sampling.next_seed();
        let Self { words, bpe, rules, .. } = self;
        Dropout { bpe, vocab, words, rules }.merge(bytes, sampling.alpha, seed, ids)
    }

    /// Encodes a text that stages turn into letters of the byte alphabet. Positions are those of
    /// the draft's text as given.
    pub(crate) fn encode_letters(
        &self,
        vocab: &Vocab,
        mut draft: Draft,
        scratch: &mut Scratch,
        watch: &Watch<'_>,
        sink: &mut impl Sink,
    ) -> Result<()> {
        let PreTokenizer::Letters(stages) = &self.pre else { return Ok(()) };
        let track = sink.wants_spans();
        let base = draft.base;
        stages.run(&mut draft, &mut scratch.general, track)?;
        let (mut bytes, mut ids) = (Vec::new(), Vec::new());
        for piece in &draft.pieces {
            let letters = draft.text.get(piece.start..piece.end).unwrap_or_default();
            if letters.is_empty() {
                continue;
            }
            sink.next_piece();
            bytes.clear();
            alphabet::decode(letters, &mut bytes);
            if !track {
                self.encode_piece(vocab, &bytes, scratch, watch, sink)?;
                continue;
            }
            ids.clear();
            let mut inner = Ids::new(&mut ids);
            self.encode_piece(vocab, &bytes, scratch, watch, &mut inner)?;
            inner.flush();
            let mut starts = letters.char_indices().map(|(at, _)| piece.start + at);
            let mut start = piece.start;
            let _ = starts.next();
            for &id in &ids {
                let len = vocab.get(id).map_or(0, <[u8]>::len);
                let end = starts.nth(len.saturating_sub(1)).unwrap_or(piece.end);
                let given = draft.given_range(Span { start, end });
                sink.added(id, base + given.start, base + given.end);
                start = end;
            }
        }
        Ok(())
    }

    /// Encodes bytes as one pre-token.
    pub(crate) fn encode_bytes(
        &self,
        vocab: &Vocab,
        bytes: &[u8],
        scratch: &mut Scratch,
        watch: &Watch<'_>,
        sink: &mut impl Sink,
    ) -> Result<()> {
        if !bytes.is_empty() {
            sink.next_piece();
        }
        self.encode_piece(vocab, bytes, scratch, watch, sink)
    }

    /// As [`ByteLevel::encode_bytes`], in a piece that has begun.
    fn encode_piece(
        &self,
        vocab: &Vocab,
        bytes: &[u8],
        scratch: &mut Scratch,
        watch: &Watch<'_>,
        sink: &mut impl Sink,
    ) -> Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        if scratch.sampling.is_some() {
            let Scratch { sampling, ids, .. } = scratch;
            self.sample(vocab, bytes, sampling, ids)?;
            sink.many(ids);
            return Ok(());
        }
        let (mut encoder, _) = self.encoder(vocab, scratch, watch);
        encoder.word(bytes, 0, bytes.len(), sink)
    }

    /// What merging makes of bytes, even if they are a token that no merge makes.
    pub(crate) fn merge(
        &self,
        bytes: &[u8],
        scratch: &mut MergeScratch,
        watch: &Watch<'_>,
    ) -> Result<Vec<TokenId>> {
        self.bpe.merge(bytes, scratch, watch)?;
        Ok(scratch.ranks.iter().map(|&rank| self.bpe.id(rank)).collect())
    }
}

/// Maps ids with positions in a rewritten text to positions in the text as given. `pieces` are
/// the numbers of their pieces, where the sink wants to know them.
pub(crate) fn give_mapped(
    draft: &Draft,
    ids: &[TokenId],
    spans: &[Span],
    pieces: &[Option<u32>],
    sink: &mut impl Sink,
) {
    let mut piece = None;
    for (at, (&id, &span)) in ids.iter().zip(spans).enumerate() {
        let number = pieces.get(at).copied().flatten();
        if number != piece {
            sink.next_piece();
            piece = number;
        }
        // Where nothing has changed a token of half a character has its own bytes.
        let given = if draft.origin == Origin::Same { span } else { draft.given_range(span) };
        sink.added(id, draft.base + given.start, draft.base + given.end);
    }
}

/// Pre-tokens that leave no gap, by a hand-written scanner.
fn run<P: Pattern>(encoder: &mut Encoder<'_>, text: &str, sink: &mut impl Sink) -> Result<()> {
    let bytes = text.as_bytes();
    let fast = simd::is_fast();
    let (mut ends, mut start, mut polled) = (Ends::new(), 0, 0);
    while start < bytes.len() {
        ends.fill::<P>(bytes, start, fast);
        start = encoder.words(bytes, start, ends.get(), sink)?;
        sink.pieces(ends.get());
        if start > polled + POLL {
            polled = start;
            encoder.watch.poll()?;
        }
    }
    Ok(())
}

//! One text without added tokens: cut it, encode each pre-token.

use super::group::Encoder;
use super::pretokenize::{GeneralCache, Scanner};
use super::pretokenizer::PreTokenizer;
use super::scratch::Scratch;
use super::sink::Sink;
use super::windows::{self, Ends, Pattern};
use crate::error::Result;
use crate::simd;
use crate::tokenizer::Tokenizer;
use crate::watch::Watch;

/// Bytes between two looks at the watch.
const POLL: usize = 1 << 16;

impl Tokenizer {
    /// This tokenizer's tables with a thread's buffers, and the caches of general patterns.
    fn encoder<'a>(
        &'a self,
        scratch: &'a mut Scratch,
        watch: &'a Watch<'a>,
    ) -> (Encoder<'a>, &'a mut Vec<GeneralCache>) {
        let Self { vocab, words, bpe, .. } = self;
        let Scratch { cache, merge, ids, group, general, .. } = scratch;
        (Encoder { vocab, words, bpe, cache, merge, ids, group, watch }, general)
    }

    /// Encodes text in which no added token is searched.
    pub(crate) fn encode_plain(
        &self,
        text: &str,
        scratch: &mut Scratch,
        watch: &Watch<'_>,
        sink: &mut impl Sink,
    ) -> Result<()> {
        let (mut encoder, general) = self.encoder(scratch, watch);
        match &self.pre {
            PreTokenizer::Whole if text.is_empty() => Ok(()),
            PreTokenizer::Whole => encoder.word(text.as_bytes(), 0, text.len(), sink),
            PreTokenizer::Known(scanner) => match scanner {
                Scanner::Gpt2 => run::<windows::Gpt2>(&mut encoder, text, sink),
                Scanner::Cl100k => run::<windows::Cl100k>(&mut encoder, text, sink),
                Scanner::Llama3 => run::<windows::Llama3>(&mut encoder, text, sink),
                Scanner::Qwen2 => run::<windows::Qwen2>(&mut encoder, text, sink),
                Scanner::O200k => run::<windows::O200k>(&mut encoder, text, sink),
                Scanner::General(_) => Ok(()),
            },
            PreTokenizer::Stages(stages) => {
                let mut polled = 0;
                stages.pieces(text, general, |piece| {
                    sink.piece_start(piece.start);
                    if piece.end > polled + POLL {
                        polled = piece.end;
                        watch.poll()?;
                    }
                    encoder.word(text.as_bytes(), piece.start, piece.end, sink)
                })
            }
        }
    }

    /// Encodes a stretch that is not UTF-8.
    pub(crate) fn encode_invalid(
        &self,
        bytes: &[u8],
        scratch: &mut Scratch,
        watch: &Watch<'_>,
        sink: &mut impl Sink,
    ) -> Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        let (mut encoder, _) = self.encoder(scratch, watch);
        encoder.word(bytes, 0, bytes.len(), sink)
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
        if start > polled + POLL {
            polled = start;
            encoder.watch.poll()?;
        }
    }
    Ok(())
}

//! Every model but the byte-level BPE: normalize, cut, and let the model make tokens of pieces.

use super::draft::{Draft, Origin};
use super::model::Token;
use super::model::char_bpe::{CharBpe, CharBpeScratch};
use super::model::pairs::CharPairs;
use super::model::sentencepiece::{SentencePiece, SentencePieceScratch};
use super::model::spellings::Spellings;
use super::model::unigram::{Unigram, UnigramScratch};
use super::model::wordlevel::WordLevel;
use super::model::wordpiece::WordPiece;
use super::normalize::sentencepiece::{SIGN, SentencePieceNormalize};
use super::normalize::{Normalize, NormalizeCache};
use super::pretokenize::GeneralCache;
use super::pretokenize::stages::Stages;
use super::sampling::Sampling;
use super::sink::Sink;
use crate::error::{Error, Result};
use crate::formats::pipeline::{self, Normalizer, PieceKind, Pipeline};
use crate::token::{Span, TokenId};
use crate::vocab::Vocab;
use crate::watch::Watch;

/// Bytes between two looks at the watch.
const POLL: usize = 1 << 16;

/// What is done to a text before it is cut, compiled.
#[derive(Debug)]
pub(crate) enum Rewrite {
    /// The normalizers of tokenizer.json.
    Steps(Normalize),
    /// SentencePiece's own.
    SentencePiece(Box<SentencePieceNormalize>),
}

impl Rewrite {
    /// Compiles a normalizer.
    pub(crate) fn new(normalizer: &Normalizer) -> Result<Self> {
        Ok(match normalizer {
            Normalizer::SentencePiece(def) => {
                Self::SentencePiece(Box::new(SentencePieceNormalize::new(def)?))
            }
            other => Self::Steps(Normalize::new(other)?),
        })
    }

    /// Rewrites a draft that nothing has been done to. With `track` its origin is kept up.
    pub(crate) fn apply(
        &self,
        cache: &mut NormalizeCache,
        draft: &mut Draft,
        track: bool,
    ) -> Result<()> {
        match self {
            Self::Steps(steps) => steps.apply_with(cache, draft, track),
            Self::SentencePiece(normalize) => {
                let given = std::mem::take(&mut draft.text);
                let mut map = track.then(Vec::new);
                normalize.normalize(&given, &mut draft.text, map.as_mut())?;
                if let Some(map) = map {
                    let ranges = map.windows(2).map(|pair| (pair[0], pair[1])).collect();
                    draft.origin = Origin::Map(ranges);
                }
                draft.pieces.clear();
                draft.pieces.push(Span { start: 0, end: draft.text.len() });
                Ok(())
            }
        }
    }

    /// The rewritten text alone.
    pub(crate) fn text(&self, cache: &mut NormalizeCache, text: &str) -> Result<String> {
        match self {
            Self::Steps(steps) => Ok(steps.text_with(cache, text)?.into_owned()),
            Self::SentencePiece(normalize) => {
                let mut out = String::new();
                normalize.normalize(text, &mut out, None)?;
                Ok(out)
            }
        }
    }
}

/// A model with what cuts text for it.
#[derive(Debug)]
pub(crate) struct General {
    /// All tokens of the model by spelling.
    pub(crate) spellings: Spellings,
    stages: Stages,
    model: Model,
    /// The token for what has none.
    unknown: Option<TokenId>,
}

#[derive(Debug)]
enum Model {
    Bpe(Box<CharBpe>),
    Unigram(Box<Unigram>),
    WordPiece(Box<WordPiece>),
    WordLevel(Box<WordLevel>),
    SentencePiece(Box<SentencePiece>),
}

/// Buffers of [`General::encode`], reused from call to call.
#[derive(Debug, Default)]
pub(crate) struct ModelScratch {
    tokens: Vec<Token>,
    bpe: CharBpeScratch,
    unigram: UnigramScratch,
    sentencepiece: SentencePieceScratch,
}

impl General {
    /// Compiles a pipeline whose model is not byte-level.
    pub(crate) fn new(vocab: &Vocab, pipeline: &Pipeline) -> Result<Self> {
        let model = match &pipeline.model {
            pipeline::Model::ByteLevelBpe => {
                return Err(Error::unsupported("a byte-level BPE without bytes"));
            }
            pipeline::Model::Bpe(def) => Model::Bpe(Box::new(CharBpe::new(vocab, def)?)),
            pipeline::Model::Unigram(def) => Model::Unigram(Box::new(Unigram::new(vocab, def)?)),
            pipeline::Model::WordPiece {
                unk_token,
                continuing_subword_prefix,
                max_input_chars_per_word,
            } => Model::WordPiece(Box::new(WordPiece::new(
                vocab,
                unk_token,
                continuing_subword_prefix,
                *max_input_chars_per_word,
            )?)),
            pipeline::Model::WordLevel { unk_token } => {
                Model::WordLevel(Box::new(WordLevel::new(vocab, unk_token)))
            }
            pipeline::Model::SentencePiece(def) => {
                Model::SentencePiece(Box::new(SentencePiece::new(vocab, def)?))
            }
        };
        let spellings = Spellings::new(&vocab.iter().collect::<Vec<_>>());
        let unknown = match &pipeline.model {
            pipeline::Model::ByteLevelBpe => None,
            pipeline::Model::Bpe(def) => {
                def.unk_token.as_ref().and_then(|token| spellings.get(token.as_bytes()))
            }
            pipeline::Model::Unigram(def) => def.unk_id,
            pipeline::Model::WordPiece { unk_token, .. }
            | pipeline::Model::WordLevel { unk_token } => spellings.get(unk_token.as_bytes()),
            pipeline::Model::SentencePiece(def) => {
                let unknown = def.types.iter().position(|&kind| kind == PieceKind::Unknown);
                unknown.map(|id| id as TokenId)
            }
        };
        Ok(Self { spellings, unknown, stages: Stages::new(&pipeline.pre_tokenizers)?, model })
    }

    /// The file's own probability of passing over a merge.
    pub(crate) fn dropout(&self) -> f32 {
        if let Model::Bpe(model) = &self.model { model.dropout() } else { 0.0 }
    }

    /// The model, if it is one of SentencePiece.
    pub(crate) fn sentencepiece(&self) -> Option<&SentencePiece> {
        if let Model::SentencePiece(model) = &self.model { Some(model) } else { None }
    }

    /// Fails with what it is that cannot be sampled from.
    pub(crate) fn check_sampling(&self) -> Result<()> {
        let kind = match self.model {
            Model::Bpe(_) | Model::SentencePiece(_) => return Ok(()),
            Model::Unigram(_) => "Unigram model of a tokenizer.json",
            Model::WordPiece(_) => "WordPiece model",
            Model::WordLevel(_) => "WordLevel model",
        };
        Err(Error::unsupported(format!("sampling with a {kind}")))
    }

    /// The token for what has none, if the model has one.
    pub(crate) fn unknown(&self) -> Option<TokenId> {
        self.unknown
    }

    /// The sign before which the model allows a piece to be cut.
    pub(crate) fn word_cuts(&self) -> Option<char> {
        match &self.model {
            Model::Bpe(model) => model.word_cuts(),
            Model::SentencePiece(model) if model.cuts_merging() => SIGN.chars().next(),
            _ => None,
        }
    }

    /// The pairs of characters that stand together in tokens, if pieces of up to so many bytes
    /// may be cut between any other two of which [`General::knows`] both.
    pub(crate) fn pairs(&self, vocab: &Vocab) -> Option<(CharPairs, usize)> {
        match &self.model {
            Model::Bpe(model) => Some((model.pairs()?.clone(), usize::MAX)),
            Model::Unigram(model) => model.pairs(vocab),
            Model::SentencePiece(model) if model.cuts_merging() => {
                let pieces = vocab.iter().filter_map(|(_, piece)| std::str::from_utf8(piece).ok());
                let pieces: Vec<&str> = pieces.collect();
                Some((CharPairs::new(pieces.iter().copied()), usize::MAX))
            }
            _ => None,
        }
    }

    /// Whether it takes every character for itself: what has no token is spelled in bytes that no
    /// other token takes.
    pub(crate) fn spells_all(&self) -> bool {
        match &self.model {
            Model::Bpe(model) => model.spells_all(),
            Model::SentencePiece(model) => model.spells_all(),
            _ => false,
        }
    }

    /// Whether the model takes a character for itself.
    pub(crate) fn knows(&self, c: char) -> bool {
        match &self.model {
            Model::Bpe(model) => model.knows(c),
            Model::Unigram(model) => model.knows(c),
            Model::SentencePiece(model) => model.knows(c),
            _ => false,
        }
    }

    /// What cuts text for the model.
    pub(crate) fn stages(&self) -> &Stages {
        &self.stages
    }

    /// Whether a stage asks where text came from.
    pub(crate) fn reads_origin(&self) -> bool {
        self.stages.reads_origin()
    }

    /// Encodes a normalized text without added tokens; with `sampling`, at random.
    #[allow(clippy::too_many_arguments, reason = "a thread's buffers, one by one")]
    pub(crate) fn encode(
        &self,
        draft: &mut Draft,
        caches: &mut Vec<GeneralCache>,
        scratch: &mut ModelScratch,
        sampling: &mut Option<Sampling>,
        watch: &Watch<'_>,
        sink: &mut impl Sink,
    ) -> Result<()> {
        self.encode_cut(&self.stages, draft, caches, scratch, sampling, watch, sink)
    }

    /// Appends the ids of a piece.
    pub(crate) fn encode_piece(
        &self,
        piece: &str,
        scratch: &mut ModelScratch,
        ids: &mut Vec<TokenId>,
    ) -> Result<()> {
        scratch.tokens.clear();
        self.model.tokenize(piece, scratch)?;
        ids.extend(scratch.tokens.iter().map(|token| token.id));
        Ok(())
    }

    /// The tokens of a piece.
    pub(crate) fn piece_tokens<'s>(
        &self,
        piece: &str,
        scratch: &'s mut ModelScratch,
    ) -> Result<&'s [Token]> {
        scratch.tokens.clear();
        self.model.tokenize(piece, scratch)?;
        Ok(&scratch.tokens)
    }

    /// As [`General::encode`], cut by other stages.
    #[allow(clippy::too_many_arguments, reason = "a thread's buffers, one by one")]
    pub(crate) fn encode_cut(
        &self,
        stages: &Stages,
        draft: &mut Draft,
        caches: &mut Vec<GeneralCache>,
        scratch: &mut ModelScratch,
        sampling: &mut Option<Sampling>,
        watch: &Watch<'_>,
        sink: &mut impl Sink,
    ) -> Result<()> {
        let track = sink.wants_spans();
        stages.run(draft, caches, track)?;
        let mut polled = 0;
        for &piece in &draft.pieces {
            let text = draft.text.get(piece.start..piece.end).unwrap_or_default();
            scratch.tokens.clear();
            if piece.end > polled + POLL {
                polled = piece.end;
                watch.poll()?;
            }
            if !text.is_empty() {
                sink.next_piece();
            }
            match sampling {
                Some(sampling) if !text.is_empty() => {
                    self.model.sample(text, sampling, scratch)?;
                }
                _ => self.model.tokenize(text, scratch)?,
            }
            for token in &scratch.tokens {
                if !track {
                    sink.few([token.id], 1);
                    continue;
                }
                let span = Span {
                    start: piece.start + token.start as usize,
                    end: piece.start + token.end as usize,
                };
                let given =
                    if span.start == span.end && matches!(self.model, Model::SentencePiece(_)) {
                        // All but the last of the pieces that spell a character in bytes.
                        let place = draft.given_place(span.start);
                        Span { start: place, end: place }
                    } else {
                        draft.given_range(span)
                    };
                sink.added(token.id, draft.base + given.start, draft.base + given.end);
                // In tokenizers it is named by the text it stands for.
                if matches!(self.model, Model::Unigram(_)) && self.unknown == Some(token.id) {
                    sink.unknown(draft.text.get(span.start..span.end).unwrap_or_default());
                }
            }
        }
        Ok(())
    }
}

impl Model {
    /// As [`Model::tokenize`], at random.
    fn sample(
        &self,
        piece: &str,
        sampling: &mut Sampling,
        scratch: &mut ModelScratch,
    ) -> Result<()> {
        let ModelScratch { tokens, bpe, .. } = scratch;
        let seed = sampling.next_seed();
        match self {
            Self::Bpe(model) => model.tokenize_dropout(piece, sampling.alpha, seed, bpe, tokens),
            Self::SentencePiece(model) => {
                *tokens = model.sample(piece, sampling.alpha, sampling.nbest_size, seed)?;
                Ok(())
            }
            _ => Err(Error::unsupported("sampling with this model")),
        }
    }

    /// Leaves the tokens of a piece in `scratch.tokens`.
    fn tokenize(&self, piece: &str, scratch: &mut ModelScratch) -> Result<()> {
        let ModelScratch { tokens, bpe, unigram, sentencepiece } = scratch;
        match self {
            Self::Bpe(model) => model.tokenize(piece, bpe, tokens),
            Self::Unigram(model) => model.tokenize(piece, unigram, tokens),
            Self::WordPiece(model) => model.tokenize(piece, tokens),
            Self::WordLevel(model) => model.tokenize(piece, tokens),
            Self::SentencePiece(model) => model.tokenize(piece, sentencepiece, tokens),
        }
    }
}

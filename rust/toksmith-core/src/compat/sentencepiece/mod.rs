//! What SentencePiece 0.2.3 does beyond ids: pieces and their places, n-best, samples, normalizing.
//!
//! Text and pieces are any bytes, as there: what is not UTF-8 is U+FFFD to the model, byte by
//! byte, and itself in the places that are given back.
//!
//! Start at [`Processor::encode`]; [`decode`] is the way back, [`proto`] how results are written.

pub mod decode;
pub mod proto;

use crate::batch::{JOB_BYTES, SERIAL_BYTES};
use crate::decode::sentencepiece::SentencePieceDecoder;
use crate::encode::model::Token;
use crate::encode::model::draws::piece_seed;
use crate::encode::model::sentencepiece::{SentencePiece, SentencePieceScratch};
use crate::encode::normalize::sentencepiece::SentencePieceNormalize;
use crate::error::{Error, Result};
use crate::formats::pipeline::{Model, Normalizer, PieceKind};
use crate::formats::sentencepiece::{self as format, Loaded, Specials};
use crate::parallel;
use crate::token::TokenId;
use crate::vocab::Vocab;
use crate::watch::Watch;
use std::cell::RefCell;

/// A loaded model.
#[derive(Debug)]
pub struct Processor {
    vocab: Vocab,
    scores: Vec<f32>,
    kinds: Vec<PieceKind>,
    specials: Specials,
    model: SentencePiece,
    normalize: SentencePieceNormalize,
    decoder: SentencePieceDecoder,
    file: Vec<u8>,
}

/// Which segmentation of a text is wanted.
#[derive(Debug, Clone, Copy)]
pub enum Choice {
    /// The best.
    Best,
    /// A random one: `alpha` and `nbest_size` as in [`SentencePiece::sample`], and a seed.
    Sample(f32, Option<usize>, u64),
}

impl Choice {
    /// That of a row of a batch: rows are drawn independently.
    #[must_use]
    pub fn of_row(self, row: usize) -> Self {
        match self {
            Self::Best => Self::Best,
            Self::Sample(alpha, nbest, seed) => {
                Self::Sample(alpha, nbest, piece_seed(seed, row as u64))
            }
        }
    }
}

/// A text as normalized, and where its bytes came from.
#[derive(Debug, Clone, Default)]
pub struct Normalized {
    /// The text as the model sees it.
    pub text: String,
    /// As of [`SentencePieceNormalize::normalize`].
    pub map: Vec<u32>,
}

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The piece; of an unknown part, that part as normalized.
    pub piece: Vec<u8>,
    /// Its id.
    pub id: TokenId,
    /// First byte it stands for.
    pub begin: u32,
    /// One past the last.
    pub end: u32,
    /// Whether it is said what it stands for, be it nothing: not of the bytes of a character
    /// before its last.
    pub surface: bool,
}

thread_local! {
    static SCRATCH: RefCell<SentencePieceScratch> = RefCell::default();
}

impl Processor {
    /// Reads a `.model` file.
    ///
    /// # Errors
    /// As [`format::load`].
    pub fn new(file: Vec<u8>) -> Result<Self> {
        let Loaded { definition, pipeline, specials } = format::load(&file)?;
        let (Model::SentencePiece(def), Some(Normalizer::SentencePiece(normalizer)), Some(decoder)) =
            (&pipeline.model, &pipeline.normalizer, &pipeline.decoder)
        else {
            return Err(Error::unsupported("a file that is no SentencePiece model"));
        };
        Ok(Self {
            model: SentencePiece::new(&definition.vocab, def)?,
            normalize: SentencePieceNormalize::new(normalizer)?,
            decoder: SentencePieceDecoder::new(&definition.vocab, def, decoder)?,
            scores: def.scores.clone(),
            kinds: def.types.clone(),
            vocab: definition.vocab,
            specials,
            file,
        })
    }

    /// The file it was read from.
    pub fn file(&self) -> &[u8] {
        &self.file
    }

    /// Number of pieces.
    pub fn len(&self) -> usize {
        self.kinds.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }

    /// The named ids.
    pub fn specials(&self) -> Specials {
        self.specials
    }

    /// The spelling of an id.
    pub fn piece(&self, id: TokenId) -> Option<&[u8]> {
        self.vocab.get(id)
    }

    /// The score of an id.
    pub fn score(&self, id: TokenId) -> Option<f32> {
        self.scores.get(id as usize).copied()
    }

    /// The type of an id.
    pub fn kind(&self, id: TokenId) -> Option<PieceKind> {
        self.kinds.get(id as usize).copied()
    }

    /// The id of a piece; the unknown one's if there is none.
    pub fn piece_to_id(&self, piece: &[u8]) -> Option<TokenId> {
        self.model.piece_to_id(piece)
    }

    /// What the model sees of a text.
    ///
    /// # Errors
    /// [`Error::Input`] for more than 4 GiB.
    pub fn normalize(&self, text: &[u8], places: bool) -> Result<Normalized> {
        normalize(&self.normalize, text, places)
    }

    fn tokens(&self, normalized: &str, choice: Choice) -> Result<Vec<Token>> {
        match choice {
            Choice::Best => SCRATCH.with_borrow_mut(|scratch| {
                let mut out = Vec::with_capacity(normalized.len() / 4 + 8);
                self.model.tokenize(normalized, scratch, &mut out)?;
                Ok(out)
            }),
            Choice::Sample(alpha, nbest, seed) => self.model.sample(normalized, alpha, nbest, seed),
        }
    }

    /// Ids of a text.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for samples of a word or char model, [`Error::Input`] for numbers
    /// out of range.
    pub fn encode(&self, text: &[u8], choice: Choice) -> Result<Vec<TokenId>> {
        let normalized = self.normalize(text, false)?;
        Ok(self.tokens(&normalized.text, choice)?.iter().map(|token| token.id).collect())
    }

    /// Pieces of a text, with their places in it.
    ///
    /// # Errors
    /// As [`Processor::encode`].
    pub fn encode_pieces(&self, text: &[u8], choice: Choice) -> Result<Vec<Piece>> {
        let normalized = self.normalize(text, true)?;
        Ok(self.pieces(&normalized, &self.tokens(&normalized.text, choice)?))
    }

    /// The best segmentations of a text and their scores, best first.
    ///
    /// # Errors
    /// As [`SentencePiece::nbest`].
    pub fn nbest(&self, text: &[u8], n: usize) -> Result<Vec<(Vec<Piece>, f32)>> {
        let normalized = self.normalize(text, true)?;
        let found = self.model.nbest(&normalized.text, n)?;
        Ok(found
            .into_iter()
            .map(|(tokens, score)| (self.pieces(&normalized, &tokens), score))
            .collect())
    }

    fn pieces(&self, normalized: &Normalized, tokens: &[Token]) -> Vec<Piece> {
        let Normalized { text, map } = normalized;
        let place = |at: u32| map.get(at as usize).copied().unwrap_or_default();
        let piece = |&Token { id, start, end }: &Token| {
            let part = text.as_bytes().get(start as usize..end as usize).unwrap_or(&[]);
            let piece = match self.kind(id) {
                Some(PieceKind::Byte) => self.piece(id).unwrap_or(part),
                _ => part,
            };
            let begin = place(start);
            let surface = start < end;
            let end = if surface { place(end) } else { begin };
            Piece { piece: piece.to_vec(), id, begin, end, surface }
        };
        tokens.iter().map(piece).collect()
    }

    /// Does the same with each of many texts, in parallel; results are in order.
    ///
    /// # Errors
    /// The first error of `work`.
    pub fn batch<T: Sync, R: Send>(
        &self,
        rows: &[T],
        bytes: impl Fn(&T) -> usize,
        threads: usize,
        watch: &Watch<'_>,
        work: impl Fn(usize, &T) -> Result<R> + Sync,
    ) -> Result<Vec<R>> {
        let total: usize = rows.iter().map(&bytes).sum();
        let serial = threads <= 1 || total < SERIAL_BYTES;
        let size = if serial { usize::MAX } else { (total / (threads * 8)).max(JOB_BYTES) };
        let (mut jobs, mut start, mut filled) = (Vec::new(), 0, 0);
        for (row, item) in rows.iter().enumerate() {
            filled += bytes(item);
            if filled >= size {
                jobs.push(start..row + 1);
                (start, filled) = (row + 1, 0);
            }
        }
        jobs.push(start..rows.len());
        let parts = parallel::map(jobs.len(), threads, watch, |job| {
            let rows = jobs[job].clone().filter_map(|row| Some((row, rows.get(row)?)));
            rows.map(|(row, item)| {
                watch.poll()?;
                work(row, item)
            })
            .collect::<Result<Vec<R>>>()
        })?;
        Ok(parts.into_iter().flatten().collect())
    }
}

fn normalize(with: &SentencePieceNormalize, text: &[u8], places: bool) -> Result<Normalized> {
    let mut out = Normalized::default();
    with.normalize_bytes(text, &mut out.text, places.then_some(&mut out.map))?;
    Ok(out)
}

/// A normalizer by itself.
#[derive(Debug)]
pub struct NormalizerAlone(SentencePieceNormalize);

impl NormalizerAlone {
    /// That of a serialized `NormalizerSpec`.
    ///
    /// # Errors
    /// [`Error::Model`] with the place where something is wrong.
    pub fn new(spec: &[u8]) -> Result<Self> {
        Ok(Self(SentencePieceNormalize::new(&format::normalizer_of_spec(spec)?)?))
    }

    /// A text as normalized.
    ///
    /// # Errors
    /// [`Error::Input`] for more than 4 GiB.
    pub fn normalize(&self, text: &[u8], places: bool) -> Result<Normalized> {
        normalize(&self.0, text, places)
    }
}

/// Places in bytes as places in characters, as SentencePiece counts them: a byte says how many
/// belong to its character, whatever follows. Entry `i` is for byte `i`, the last for the end.
pub fn characters(text: &[u8]) -> Vec<u32> {
    let mut out = Vec::with_capacity(text.len() + 1);
    let (mut at, mut count) = (0, 0);
    while let Some(&first) = text.get(at) {
        let len = crate::encode::model::unigram::viterbi::char_len(first);
        let end = (at + len).min(text.len());
        out.resize(end, count);
        (at, count) = (end, count + 1);
    }
    out.push(count);
    out
}

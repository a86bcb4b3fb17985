//! BPE that passes over merges at random, row by row.
//!
//! The process is that of the library the file is of ([`crate::encode::sampling`]). What it draws
//! has no probability that could be told: many ways of passing over merges lead to the same tokens,
//! and their number grows exponentially with the length of a pre-token.

use super::rows::{Scored, map_rows};
use crate::encode::added::Allowed;
use crate::encode::model::draws::piece_seed;
use crate::encode::sampling::Sampling;
use crate::error::{Error, Result};
use crate::formats::pipeline::{Model, SentencePieceKind};
use crate::tokenizer::{Text, Tokenizer};
use crate::watch::Watch;

/// Encodes texts, each merge passed over with probability `p`. Row `i` is drawn as row `first + i`
/// of the seed.
///
/// # Errors
/// [`Error::Unsupported`] for any model but a BPE, [`Error::Input`] for `p` that is no probability.
#[allow(clippy::too_many_arguments, reason = "the call's options")]
pub fn bpe_dropout(
    tokenizer: &Tokenizer,
    texts: &[Text<'_>],
    allowed: &Allowed,
    p: f32,
    seed: u64,
    first: u64,
    threads: usize,
    watch: &Watch<'_>,
) -> Result<Scored> {
    match &tokenizer.pipeline.model {
        Model::ByteLevelBpe | Model::Bpe(_) => {}
        Model::SentencePiece(model) if model.kind == SentencePieceKind::Bpe => {}
        other => {
            let why =
                format!("BPE dropout with a model of type {}: it merges nothing", other.kind());
            return Err(Error::unsupported(why));
        }
    }
    if !(0.0..=1.0).contains(&p) {
        return Err(Error::Input { why: format!("p is {p}; a probability, 0 to 1, is expected") });
    }
    let sizes: Vec<usize> = texts.iter().map(|text| text.as_bytes().len()).collect();
    map_rows(
        &sizes,
        threads,
        watch,
        || (),
        |(), row, ids| {
            if p == 0.0 {
                tokenizer.encode_into(texts[row], allowed, watch, ids)?;
            } else {
                let sampling =
                    Sampling::new(p, None, piece_seed(seed, first.wrapping_add(row as u64)));
                ids.extend(tokenizer.encode_sample(texts[row], allowed, sampling, watch)?);
            }
            Ok(0.0)
        },
    )
}

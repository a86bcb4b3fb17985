//! Under `toksmith.train.unigram`.

use super::count::counted;
use crate::errors::InputError;
use crate::tokenizer::interruptible_in;
use pyo3::prelude::*;
use toksmith_core::parallel;
use toksmith_core::train::unigram::{self, Kind, Options, STEPS, SpaceRule};

/// `(piece, score, kind)`.
type Row = (String, f64, &'static str);

fn space_rule(name: &str) -> PyResult<SpaceRule> {
    match name {
        "prefix" => Ok(SpaceRule::Prefix),
        "suffix" => Ok(SpaceRule::Suffix),
        "anywhere" => Ok(SpaceRule::Anywhere),
        _ => Err(InputError::new_err(format!(
            "space is {name:?}; expected \"prefix\", \"suffix\" or \"anywhere\""
        ))),
    }
}

fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Normal => "normal",
        Kind::Unknown => "unknown",
        Kind::Control => "control",
        Kind::Byte => "byte",
    }
}

/// Pieces, scores and kinds from counted words.
#[allow(clippy::too_many_arguments, reason = "one a setting, all by name")]
#[allow(clippy::fn_params_excessive_bools, reason = "likewise")]
#[pyfunction]
#[pyo3(signature = (words, vocab_size, *, exact_size, character_coverage, required_chars,
    byte_fallback, special_tokens, unk_token, max_piece_length, seed_size, shrinking_factor,
    sub_iterations, split_by_script, split_by_number, split_digits, space, num_threads, progress))]
pub(crate) fn _train_unigram(
    py: Python<'_>,
    words: &Bound<'_, PyAny>,
    vocab_size: usize,
    exact_size: bool,
    character_coverage: f64,
    required_chars: &str,
    byte_fallback: bool,
    special_tokens: Vec<String>,
    unk_token: Option<String>,
    max_piece_length: usize,
    seed_size: usize,
    shrinking_factor: f64,
    sub_iterations: usize,
    split_by_script: bool,
    split_by_number: bool,
    split_digits: bool,
    space: &str,
    num_threads: Option<usize>,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<Vec<Row>> {
    let options = Options {
        vocab_size,
        exact_size,
        character_coverage,
        required_chars: required_chars.chars().collect(),
        byte_fallback,
        special_tokens,
        unk_token,
        max_piece_length,
        seed_size,
        shrinking_factor,
        sub_iterations,
        split_by_script,
        split_by_number,
        split_digits,
        space: space_rule(space)?,
    };
    let words = counted(words)?;
    let threads = parallel::thread_count(num_threads);
    let pieces = interruptible_in(py, (STEPS, "steps"), threads <= 1, progress, |watch| {
        unigram::train(&words, &options, threads, watch)
    })?;
    Ok(pieces.into_iter().map(|row| (row.piece, row.score, kind_name(row.kind))).collect())
}

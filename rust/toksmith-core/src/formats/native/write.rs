//! Writing `.toksmith`; the layout is described in `mod.rs`.

use super::cursor::{put_bytes, put_number};
use super::wire::Wire as _;
use super::{BEHAVIOURS, BYTE_LEVEL_VERSION, MAGIC, VERSION, flag, kind};
use crate::encode::pretokenize::Dialect;
use crate::error::{Error, Result};
use crate::formats::pipeline::{Model, Pipeline};
use crate::formats::{AddedSearch, AddedToken, Compiled, Definition, Split};
use crate::token::TokenId;
use crate::tokenizer::BEHAVIOUR;
use sha2::{Digest, Sha256};

/// Writes a tokenizer. Any tokenizer can be written.
pub fn save(definition: &Definition, compiled: &Compiled) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(compiled.ids.len() * 6 + 4096);
    out.extend_from_slice(MAGIC);
    let plain = |token: &AddedToken| !(token.single_word || token.lstrip || token.rstrip);
    let old = definition.pipeline == Pipeline::default()
        && definition.joins.is_none()
        && definition.added.iter().all(plain);
    out.push(if old { BYTE_LEVEL_VERSION } else { VERSION });
    put_number(&mut out, BEHAVIOUR);
    put_settings(&mut out, definition, compiled.reduced, old);
    if matches!(definition.pipeline.model, Model::ByteLevelBpe) {
        put_tokens(&mut out, definition, compiled)?;
    } else {
        put_plain_tokens(&mut out, definition);
    }
    let hash = Sha256::digest(&out);
    out.extend_from_slice(&hash);
    Ok(out)
}

fn put_settings(out: &mut Vec<u8>, definition: &Definition, reduced: bool, old: bool) {
    let mut flags = 0;
    if definition.whole_words {
        flags |= flag::WHOLE_WORDS;
    }
    if definition.search == AddedSearch::AfterMatch {
        flags |= flag::AFTER_MATCH;
    }
    if reduced {
        flags |= flag::REDUCED;
    }
    if definition.joins.is_some() {
        flags |= flag::JOINS;
    }
    if definition.name.is_some() {
        flags |= flag::NAME;
    }
    put_number(out, flags);
    if let Some(name) = &definition.name {
        put_bytes(out, name.as_bytes());
    }
    if !old {
        definition.pipeline.put(out);
    }
    put_number(out, definition.splits.len() as u32);
    for split in &definition.splits {
        put_split(out, split);
    }
    put_number(out, definition.added.len() as u32);
    for token in &definition.added {
        put_number(out, token.id);
        let bits = [
            (kind::SPECIAL, token.special),
            (kind::NORMALIZED, token.normalized),
            (kind::SINGLE_WORD, token.single_word),
            (kind::LSTRIP, token.lstrip),
            (kind::RSTRIP, token.rstrip),
        ];
        out.push(bits.iter().filter(|(_, set)| *set).map(|(bit, _)| bit).sum());
        put_bytes(out, token.content.as_bytes());
    }
    put_number(out, definition.decode_only.len() as u32);
    for (id, bytes) in &definition.decode_only {
        put_number(out, *id);
        put_bytes(out, bytes);
    }
    if let Some(joins) = &definition.joins {
        put_number(out, joins.len() as u32);
        for &(left, right) in joins {
            put_number(out, left);
            put_number(out, right);
        }
    }
}

pub(super) fn put_split(out: &mut Vec<u8>, split: &Split) {
    let behaviour = BEHAVIOURS.iter().position(|&it| it == split.behaviour).unwrap_or(0);
    let inverted = if split.invert { kind::INVERTED } else { 0 };
    let oniguruma = if split.dialect == Dialect::Oniguruma { kind::ONIGURUMA } else { 0 };
    out.push(behaviour as u8 + inverted + oniguruma);
    put_bytes(out, split.pattern.as_bytes());
}

fn put_plain_tokens(out: &mut Vec<u8>, definition: &Definition) {
    let (ids, tokens): (Vec<_>, Vec<_>) = definition.vocab.iter().unzip();
    put_number(out, ids.len() as u32);
    put_runs(out, &ids);
    for token in tokens {
        put_bytes(out, token);
    }
}

fn put_tokens(out: &mut Vec<u8>, definition: &Definition, compiled: &Compiled) -> Result<()> {
    let Compiled { ids, parts, .. } = compiled;
    let token = |id: TokenId| {
        let missing = || Error::Vocabulary { why: format!("no token has id {id}") };
        definition.vocab.get(id).ok_or_else(missing)
    };
    let Some((made, unmade)) = ids.split_at_checked(256 + parts.len()) else {
        return Err(Error::Vocabulary { why: "fewer tokens than bytes and merges".into() });
    };
    let mut total = 0;
    for &id in ids {
        total += token(id)?.len();
    }
    for size in [parts.len(), unmade.len(), total] {
        put_number(out, size as u32);
    }
    put_runs(out, ids);

    let products = made.get(256..).unwrap_or_default();
    let early: Vec<_> = (256_u32..)
        .zip(products.iter().zip(parts))
        .filter(|&(rank, (_, &(left, right)))| left.max(right) >= rank)
        .map(|(rank, (&id, _))| (rank, id))
        .collect();
    put_number(out, early.len() as u32);
    let mut before = 256;
    for (rank, id) in early {
        put_number(out, rank - before);
        put_bytes(out, token(id)?);
        before = rank;
    }
    for &id in unmade {
        put_bytes(out, token(id)?);
    }
    let width = (ids.len().ilog2() as usize) / 8 + 1;
    out.push(width as u8);
    for shift in (0..8 * width).step_by(8) {
        out.extend(parts.iter().map(|&(left, _)| (left >> shift) as u8));
        out.extend(parts.iter().map(|&(_, right)| (right >> shift) as u8));
    }
    Ok(())
}

/// Ids as runs of consecutive ones.
fn put_runs(out: &mut Vec<u8>, ids: &[TokenId]) {
    let runs: Vec<_> = ids.chunk_by(|a, b| a.checked_add(1) == Some(*b)).collect();
    put_number(out, runs.len() as u32);
    for run in runs {
        put_number(out, run.first().copied().unwrap_or_default());
        put_number(out, run.len() as u32);
    }
}

//! What must hold between the parts of a definition, whichever file they come from, so that
//! whoever builds tables from them can rely on it.

use super::Definition;
use super::pipeline::{Model, SentencePieceModel};
use crate::error::{Error, Result};
use crate::token::TokenId;

/// Checks that ids and lists fit the vocabulary.
///
/// # Errors
/// [`Error::Model`] naming the field that does not.
pub(super) fn consistent(definition: &Definition) -> Result<()> {
    match &definition.pipeline.model {
        Model::ByteLevelBpe | Model::WordPiece { .. } | Model::WordLevel { .. } => Ok(()),
        Model::Bpe(bpe) => {
            let known = |id: TokenId| definition.vocab.get(id).is_some();
            let fits = |&(l, r, product): &(TokenId, TokenId, TokenId)| {
                known(l) && known(r) && known(product)
            };
            if bpe.dropout.is_some_and(|dropout| !(0.0..=1.0).contains(&dropout)) {
                return Err(Error::field("model.dropout", "no probability"));
            }
            match bpe.merges.iter().position(|merge| !fits(merge)) {
                Some(i) => {
                    let path = format!("model.merges[{i}]");
                    Err(Error::field(path, "a part or the product is no token"))
                }
                None => Ok(()),
            }
        }
        Model::Unigram(unigram) => {
            let count = unigram.scores.len();
            if let Some(id) = unigram.unk_id.filter(|&id| id as usize >= count) {
                let why = format!("{id}, in a vocabulary of {count} tokens");
                return Err(Error::field("model.unk_id", why));
            }
            if let Some(i) = unigram.scores.iter().position(|score| !score.is_finite()) {
                let path = format!("model.vocab[{i}]");
                return Err(Error::field(path, "the score is no number"));
            }
            one_each(definition, count, "scores")
        }
        Model::SentencePiece(SentencePieceModel { scores, types, .. }) => {
            if let Some(i) = scores.iter().position(|score| score.is_nan()) {
                let path = format!("pieces[{i}].score");
                return Err(Error::field(path, "the score is no number"));
            }
            one_each(definition, scores.len(), "scores")?;
            one_each(definition, types.len(), "types")
        }
    }
}

/// `count` must be the number of tokens, and their ids those below it.
fn one_each(definition: &Definition, count: usize, what: &str) -> Result<()> {
    let tokens = definition.vocab.len() + definition.decode_only.len();
    let beyond = definition
        .decode_only
        .iter()
        .any(|&(id, _)| id as usize >= count || definition.vocab.get(id).is_some());
    if tokens != count || definition.vocab.id_limit() > count || beyond {
        let why = format!("{count} {what} for {tokens} tokens");
        return Err(Error::field("model.vocab", why));
    }
    Ok(())
}

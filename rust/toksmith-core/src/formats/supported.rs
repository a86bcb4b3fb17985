//! What [`Tokenizer::build`](crate::Tokenizer::build) can run: byte-level BPE whose text is only
//! cut. Everything else that a definition may say is refused here, by the name it has in a
//! tokenizer.json, so that ids are never wrong in silence.

use super::hf_json::alphabet;
use super::pipeline::{Decoder, Model, Normalizer, Pipeline, PostProcessor, PreTokenizer};
use super::{AddedToken, Definition};
use crate::error::{Error, Result};

/// Checks that a tokenizer can be built from this.
///
/// # Errors
/// [`Error::Unsupported`] naming the first part that cannot be run.
pub(crate) fn check(definition: &Definition) -> Result<()> {
    let Pipeline { normalizer, pre_tokenizers, model, post_processor, decoder, .. } =
        &definition.pipeline;
    if let Some(kind) = normalizer.as_ref().and_then(acting) {
        return Err(Error::unsupported(format!("normalizer ({kind})")));
    }
    if !matches!(model, Model::ByteLevelBpe) {
        return Err(Error::unsupported(format!("model ({}, not byte-level)", model.kind())));
    }
    check_stages(pre_tokenizers)?;
    post_processor.as_ref().map_or(Ok(()), check_post_processor)?;
    if let Some(decoder) = decoder
        && !is_byte_level(decoder)
    {
        return Err(Error::unsupported(format!("decoder ({})", decoder.kind())));
    }
    for (part, given) in [
        ("truncation", definition.pipeline.truncation.is_some()),
        ("padding", definition.pipeline.padding.is_some()),
    ] {
        if given {
            return Err(Error::unsupported(part));
        }
    }
    let spelled = !definition.pipeline.is_byte_level_alone();
    definition.added.iter().try_for_each(|token| check_added(token, spelled))
}

/// The first normalizer that does something.
fn acting(normalizer: &Normalizer) -> Option<&'static str> {
    match normalizer {
        Normalizer::Sequence(parts) => parts.iter().find_map(acting),
        other => Some(other.kind()),
    }
}

fn check_stages(stages: &[PreTokenizer]) -> Result<()> {
    let Some((last, before)) = stages.split_last() else { return Ok(()) };
    for stage in before {
        if !matches!(stage, PreTokenizer::Split(_)) {
            return Err(Error::unsupported(format!("pre_tokenizer ({})", stage.kind())));
        }
    }
    match last {
        PreTokenizer::ByteLevel { add_prefix_space: false, .. } => Ok(()),
        PreTokenizer::ByteLevel { .. } => {
            Err(Error::unsupported("pre_tokenizer (ByteLevel with add_prefix_space)"))
        }
        other => Err(Error::unsupported(format!("pre_tokenizer ({})", other.kind()))),
    }
}

/// Those that leave the ids of a text without special tokens as they are.
fn check_post_processor(part: &PostProcessor) -> Result<()> {
    match part {
        PostProcessor::ByteLevel { .. } | PostProcessor::Template { .. } => Ok(()),
        PostProcessor::Sequence(parts) => parts.iter().try_for_each(check_post_processor),
        PostProcessor::Bert { .. } | PostProcessor::Roberta { .. } => {
            Err(Error::unsupported(format!("post_processor ({})", part.kind())))
        }
    }
}

fn is_byte_level(decoder: &Decoder) -> bool {
    match decoder {
        Decoder::ByteLevel { .. } => true,
        Decoder::Sequence(parts) => matches!(parts.as_slice(), [Decoder::ByteLevel { .. }]),
        _ => false,
    }
}

/// `spelled`: the tokens of the file are spelled in the byte alphabet, and decoded from it.
fn check_added(token: &AddedToken, spelled: bool) -> Result<()> {
    for (option, given) in
        [("single_word", token.single_word), ("lstrip", token.lstrip), ("rstrip", token.rstrip)]
    {
        if given {
            let feature = format!("added token {:?} with {option}", token.content);
            return Err(Error::unsupported(feature));
        }
    }
    let mut bytes = Vec::new();
    if spelled && alphabet::decode(&token.content, &mut bytes) && bytes != token.content.as_bytes()
    {
        let feature = format!("added token {:?}, which decodes to other text", token.content);
        return Err(Error::unsupported(feature));
    }
    Ok(())
}

//! What [`Tokenizer::build`](crate::Tokenizer::build) cannot run: a byte-level BPE that is decoded
//! by anything but its bytes. It is refused here, by the name it has in a tokenizer.json, so that
//! text is never wrong in silence.

use super::hf_json::alphabet;
use super::pipeline::{Decoder, Model};
use super::{AddedToken, Definition};
use crate::error::{Error, Result};

/// Checks that a tokenizer can be built from this.
///
/// # Errors
/// [`Error::Unsupported`] naming the first part that cannot be run.
pub(crate) fn check(definition: &Definition) -> Result<()> {
    if definition.pipeline.model != Model::ByteLevelBpe {
        return Ok(());
    }
    if let Some(decoder) = &definition.pipeline.decoder
        && !is_byte_level(decoder)
    {
        return Err(Error::unsupported(format!("decoder ({})", decoder.kind())));
    }
    let spelled = !definition.pipeline.is_byte_level_alone();
    definition.added.iter().try_for_each(|token| check_added(token, spelled))
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
    let mut bytes = Vec::new();
    if spelled && alphabet::decode(&token.content, &mut bytes) && bytes != token.content.as_bytes()
    {
        let feature = format!("added token {:?}, which decodes to other text", token.content);
        return Err(Error::unsupported(feature));
    }
    Ok(())
}

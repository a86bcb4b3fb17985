//! `tokenizer.json` with a byte-level BPE, as tokenizers 0.23.3 reads it.
//!
//! Start at [`load`] and [`save`]. One module a part of the file: `model.rs`, `added.rs`,
//! `stages.rs` (pre-tokenizer, post-processor, decoder); `json.rs` reads JSON with positions,
//! `alphabet.rs` is the byte alphabet tokens are spelled in, `dialect.rs` the one difference
//! in regular expressions. Fields that cannot be honoured raise `Unsupported` with their path.

mod added;
pub(crate) mod alphabet;
mod dialect;
mod json;
mod model;
mod stages;
mod write;

pub use write::save;

use super::{AddedSearch, Definition, Extras, Merges};
use crate::error::{Error, Result};
use json::{Node, Object, Text};

/// Reads a `tokenizer.json`.
pub fn load(data: &[u8]) -> Result<Definition> {
    let mut file = Node::document(data)?.object()?;
    check_kind(&file)?;
    if let Some(version) = file.take("version") {
        let text = version.parse(Text)?;
        if text != "1.0" {
            return Err(version.unsupported(&text));
        }
    }
    file.refuse("truncation")?;
    file.refuse("padding")?;
    if let Some(normalizer) = file.take_set("normalizer") {
        stages::refuse_normalizer(&normalizer)?;
    }
    let splits = match file.take_set("pre_tokenizer") {
        Some(node) => stages::read_pre_tokenizer(&node)?,
        None => return Err(Error::unsupported("pre_tokenizer (none, so not byte-level)")),
    };
    let post_processor = file.take_set("post_processor");
    let decoder = file.take("decoder");
    post_processor.as_ref().map_or(Ok(()), |node| stages::check_post_processor(node, 0))?;
    decoder.as_ref().map_or(Ok(()), stages::check_decoder)?;

    let model = model::read(&file.require("model")?)?;
    let added = match file.take("added_tokens") {
        Some(node) => added::read(&node, &model)?,
        None => Vec::new(),
    };
    file.finish()?;
    Ok(Definition {
        name: None,
        vocab: model.vocab,
        decode_only: model.decode_only,
        merges: Merges::List(model.merges),
        whole_words: model.ignore_merges,
        splits,
        added,
        search: AddedSearch::AfterMatch,
        extras: Extras {
            post_processor: post_processor.map(|node| node.text.to_owned()),
            decoder: decoder.map(|node| node.text.to_owned()),
        },
    })
}

/// Tells other JSON files that come with models by their fields.
fn check_kind(file: &Object<'_>) -> Result<()> {
    if file.has("model") {
        return Ok(());
    }
    Err(if file.has("config") && file.has("vocab") {
        Error::unsupported("tekken.json")
    } else if file.has("tokenizer_class") || file.has("model_type") {
        Error::unsupported("a configuration file (open the tokenizer.json beside it)")
    } else {
        file.node.error("`model` is missing")
    })
}

//! `tokenizer.json`, as tokenizers 0.23.3 reads and writes it.
//!
//! Start at [`load`] and [`save`]. One module a part of the file: `model/`, `added.rs`,
//! `normalizers.rs`, `pre_tokenizers.rs`, `post_processors.rs`, `decoders.rs`, `limits.rs`
//! (truncation and padding). `component.rs` finds out what a component is; `json.rs` reads JSON
//! with positions; `alphabet.rs` is the byte alphabet that byte-level tokens are spelled in,
//! `dialect.rs` the difference in regular expressions.
//!
//! What the library accepts is accepted, or refused as `Unsupported` where we cannot do it;
//! what it refuses is malformed here, too. Unknown fields are ignored where it ignores them.

pub(super) mod added;
pub(crate) mod alphabet;
mod component;
mod decoders;
mod dialect;
pub(super) mod json;
mod limits;
mod model;
mod normalizers;
mod post_processors;
mod pre_tokenizers;
mod write;

pub use write::save;
pub(super) use write::sentencepiece::{
    decoders as decoders_of_sentencepiece, normalizers as normalizers_of_sentencepiece,
};

use super::pipeline::{self, Decoder, Normalizer, Pipeline, PostProcessor, PreTokenizer};
use super::{AddedSearch, Definition, Split, SplitBehaviour};
use crate::error::{Error, Result};
use json::{Node, Object};

/// The fields of a file.
const FIELDS: [&str; 9] = [
    "version",
    "truncation",
    "padding",
    "added_tokens",
    "normalizer",
    "pre_tokenizer",
    "post_processor",
    "decoder",
    "model",
];

/// Reads a `tokenizer.json`.
pub fn load(data: &[u8]) -> Result<Definition> {
    let file = Node::document(data)?.object()?;
    check_fields(&file)?;
    if let Some(version) = file.get("version") {
        let text = version.string()?;
        if text != "1.0" {
            return Err(version.error(format!("{text:?}, where only \"1.0\" is known")));
        }
    }
    let truncation = file.set("truncation").map(|node| limits::truncation(&node)).transpose()?;
    let padding = file.set("padding").map(|node| limits::padding(&node)).transpose()?;
    let normalizer = file.set("normalizer").map(|node| normalizers::read(&node)).transpose()?;
    let stages = file.set("pre_tokenizer").map(|node| pre_tokenizers::read(&node)).transpose()?;
    let pre_tokenizers = stages.unwrap_or_default();
    let post_processor =
        file.set("post_processor").map(|node| post_processors::read(&node)).transpose()?;
    let decoder = file.set("decoder").map(|node| decoders::read(&node)).transpose()?;

    let letters = pre_tokenizers::ends_in_letters(&pre_tokenizers);
    let model = model::read(&file.require("model")?, letters)?;
    let added = match file.get("added_tokens") {
        Some(node) => added::read(&node, &model, normalizer.is_some())?,
        None => Vec::new(),
    };
    let splits = match model.kind {
        pipeline::Model::ByteLevelBpe => pre_tokenizers::as_splits(&pre_tokenizers),
        _ => None,
    };
    Ok(Definition {
        name: None,
        vocab: model.vocab,
        decode_only: model.decode_only,
        merges: model.merges,
        whole_words: model.whole_words,
        splits: splits.unwrap_or_default(),
        added,
        search: AddedSearch::AfterMatch,
        joins: None,
        pipeline: Pipeline {
            normalizer,
            pre_tokenizers,
            model: model.kind,
            post_processor,
            decoder,
            truncation,
            padding,
        },
    })
}

/// A BPE from the contents of vocab.json and merges.txt, behind these stages.
pub(super) fn load_pair(
    vocab: &[u8],
    merges: &[u8],
    pre_tokenizers: Vec<PreTokenizer>,
) -> Result<Definition> {
    let merges = std::str::from_utf8(merges).map_err(|error| {
        let before = merges.get(..error.valid_up_to()).unwrap_or_default();
        let line = memchr::memchr_iter(b'\n', before).count() + 1;
        Error::line(line, "merges.txt: not UTF-8")
    })?;
    let model = model::from_pair(&Node::document(vocab)?, merges)?;
    let splits = match model.kind {
        pipeline::Model::ByteLevelBpe => pre_tokenizers::as_splits(&pre_tokenizers),
        _ => None,
    };
    Ok(Definition {
        vocab: model.vocab,
        decode_only: model.decode_only,
        merges: model.merges,
        splits: splits.unwrap_or_default(),
        search: AddedSearch::AfterMatch,
        pipeline: Pipeline { pre_tokenizers, model: model.kind, ..Pipeline::default() },
        ..Definition::default()
    })
}

/// The pattern and dialect of a regular expression of a tokenizer.json.
pub(super) fn read_regex(pattern: &str) -> Result<Split> {
    let (pattern, dialect) = dialect::read(pattern)?;
    Ok(Split { pattern, dialect, behaviour: SplitBehaviour::Isolated, invert: false })
}

/// Tells other JSON files that come with models by their fields, and refuses unknown ones, as
/// the library does at this level alone.
fn check_fields(file: &Object<'_>) -> Result<()> {
    if file.get("model").is_none() {
        return Err(if file.get("tokenizer_class").or_else(|| file.get("model_type")).is_some() {
            Error::unsupported("a configuration file (open the tokenizer.json beside it)")
        } else {
            file.node.error("`model` is missing")
        });
    }
    if let Some((_, node)) = file.fields().find(|(name, _)| !FIELDS.contains(name)) {
        return Err(node.error("no field of a tokenizer.json"));
    }
    match FIELDS.iter().find(|name| file.repeats(name)) {
        Some(name) => Err(Error::unsupported(format!("{name} (given twice)"))),
        None => Ok(()),
    }
}

/// Reads a post-processor that stands alone.
pub(super) fn read_post_processor(text: &str) -> Result<Option<PostProcessor>> {
    let node = Node::part(text, "post_processor");
    if node.is_null() { Ok(None) } else { post_processors::read(&node).map(Some) }
}

/// Reads a decoder that stands alone.
pub(crate) fn read_decoder(text: &str) -> Result<Option<Decoder>> {
    let node = Node::part(text, "decoder");
    if node.is_null() { Ok(None) } else { decoders::read(&node).map(Some) }
}

/// Reads a normalizer that stands alone.
pub(crate) fn read_normalizer(text: &str) -> Result<Option<Normalizer>> {
    let node = Node::part(text, "normalizer");
    if node.is_null() { Ok(None) } else { normalizers::read(&node).map(Some) }
}

/// Reads a pre-tokenizer that stands alone.
pub(crate) fn read_pre_tokenizer(text: &str) -> Result<Vec<PreTokenizer>> {
    let node = Node::part(text, "pre_tokenizer");
    if node.is_null() { Ok(Vec::new()) } else { pre_tokenizers::read(&node) }
}

/// The fields of a file, each as it stands there.
pub(crate) fn fields(data: &[u8]) -> Result<Vec<(String, &str)>> {
    let file = Node::document(data)?.object()?;
    Ok(file.fields().map(|(name, node)| (name.to_owned(), node.text)).collect())
}

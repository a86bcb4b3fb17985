//! `decoder`.

use super::component::{self, Kinds};
use super::json::{Node, Object};
use super::{dialect, pre_tokenizers};
use crate::error::Result;
use crate::formats::pipeline::Decoder;

/// Reads a decoder.
pub(super) fn read(node: &Node<'_>) -> Result<Decoder> {
    component::read(node, 0, &KINDS)
}

static KINDS: Kinds<Decoder> = Kinds { named: LIST, tried: LIST };

/// Both lists are the same.
const LIST: &[(&str, component::Reader<Decoder>)] = &[
    ("BPEDecoder", bpe),
    ("ByteLevel", byte_level),
    ("WordPiece", word_piece),
    ("Metaspace", metaspace),
    ("CTC", ctc),
    ("Sequence", sequence),
    ("Replace", replace),
    ("Fuse", fuse),
    ("Strip", strip),
    ("ByteFallback", byte_fallback),
];

fn bpe(object: &Object<'_>, _: usize) -> Result<Decoder> {
    Ok(Decoder::Bpe { suffix: object.string("suffix")? })
}

fn byte_level(object: &Object<'_>, _: usize) -> Result<Decoder> {
    object.is("ByteLevel")?;
    let (add_prefix_space, trim_offsets, use_regex) = pre_tokenizers::byte_level_fields(object)?;
    Ok(Decoder::ByteLevel { add_prefix_space, trim_offsets, use_regex })
}

fn word_piece(object: &Object<'_>, _: usize) -> Result<Decoder> {
    Ok(Decoder::WordPiece { prefix: object.string("prefix")?, cleanup: object.value("cleanup")? })
}

fn metaspace(object: &Object<'_>, _: usize) -> Result<Decoder> {
    let (replacement, prepend_scheme, split) = pre_tokenizers::metaspace_fields(object)?;
    Ok(Decoder::Metaspace { replacement, prepend_scheme, split })
}

fn ctc(object: &Object<'_>, _: usize) -> Result<Decoder> {
    Ok(Decoder::Ctc {
        pad_token: object.string("pad_token")?,
        word_delimiter_token: object.string("word_delimiter_token")?,
        cleanup: object.value("cleanup")?,
    })
}

fn sequence(object: &Object<'_>, depth: usize) -> Result<Decoder> {
    object.is("Sequence")?;
    component::stages(object, "decoders", depth, &KINDS).map(Decoder::Sequence)
}

fn replace(object: &Object<'_>, _: usize) -> Result<Decoder> {
    let content = object.string("content")?;
    let pattern = dialect::read_pattern(&object.require("pattern")?)?;
    Ok(Decoder::Replace { pattern, content })
}

fn fuse(object: &Object<'_>, _: usize) -> Result<Decoder> {
    object.is("Fuse").map(|()| Decoder::Fuse)
}

fn strip(object: &Object<'_>, _: usize) -> Result<Decoder> {
    Ok(Decoder::Strip {
        content: object.value("content")?,
        start: object.value("start")?,
        stop: object.value("stop")?,
    })
}

fn byte_fallback(object: &Object<'_>, _: usize) -> Result<Decoder> {
    object.is("ByteFallback").map(|()| Decoder::ByteFallback)
}

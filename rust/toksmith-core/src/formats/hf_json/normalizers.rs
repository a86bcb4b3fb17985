//! `normalizer`.

use super::component::{self, Kinds};
use super::dialect;
use super::json::{Node, Object};
use crate::error::Result;
use crate::formats::base64;
use crate::formats::pipeline::Normalizer;

/// Reads a normalizer.
pub(super) fn read(node: &Node<'_>) -> Result<Normalizer> {
    component::read(node, 0, &KINDS)
}

static KINDS: Kinds<Normalizer> = Kinds {
    named: &[
        ("Bert", bert),
        ("Strip", strip),
        ("StripAccents", strip_accents),
        ("NFC", nfc),
        ("NFD", nfd),
        ("NFKC", nfkc),
        ("NFKD", nfkd),
        ("Sequence", sequence),
        ("Lowercase", lowercase),
        ("Nmt", nmt),
        ("Precompiled", precompiled),
        ("Replace", replace),
        ("Prepend", prepend),
        ("ByteLevel", byte_level),
    ],
    // Without its name, the library never reads `Precompiled`; those that must bear their name
    // can only come up here where `type` is given twice.
    tried: &[
        ("BertNormalizer", bert),
        ("Strip", strip),
        ("StripAccents", strip_accents),
        ("NFC", nfc),
        ("NFD", nfd),
        ("NFKC", nfkc),
        ("NFKD", nfkd),
        ("Sequence", sequence),
        ("Lowercase", lowercase),
        ("Nmt", nmt),
        ("Replace", replace),
        ("Prepend", prepend),
        ("ByteLevel", byte_level),
    ],
};

fn bert(object: &Object<'_>, _: usize) -> Result<Normalizer> {
    Ok(Normalizer::Bert {
        clean_text: object.value("clean_text")?,
        handle_chinese_chars: object.value("handle_chinese_chars")?,
        strip_accents: object.optional("strip_accents")?,
        lowercase: object.value("lowercase")?,
    })
}

fn strip(object: &Object<'_>, _: usize) -> Result<Normalizer> {
    Ok(Normalizer::Strip { left: object.value("strip_left")?, right: object.value("strip_right")? })
}

fn strip_accents(object: &Object<'_>, _: usize) -> Result<Normalizer> {
    object.is("StripAccents").map(|()| Normalizer::StripAccents)
}

fn nfc(object: &Object<'_>, _: usize) -> Result<Normalizer> {
    object.is("NFC").map(|()| Normalizer::Nfc)
}

fn nfd(object: &Object<'_>, _: usize) -> Result<Normalizer> {
    object.is("NFD").map(|()| Normalizer::Nfd)
}

fn nfkc(object: &Object<'_>, _: usize) -> Result<Normalizer> {
    object.is("NFKC").map(|()| Normalizer::Nfkc)
}

fn nfkd(object: &Object<'_>, _: usize) -> Result<Normalizer> {
    object.is("NFKD").map(|()| Normalizer::Nfkd)
}

fn sequence(object: &Object<'_>, depth: usize) -> Result<Normalizer> {
    component::stages(object, "normalizers", depth, &KINDS).map(Normalizer::Sequence)
}

fn lowercase(object: &Object<'_>, _: usize) -> Result<Normalizer> {
    object.is("Lowercase").map(|()| Normalizer::Lowercase)
}

fn nmt(object: &Object<'_>, _: usize) -> Result<Normalizer> {
    object.is("Nmt").map(|()| Normalizer::Nmt)
}

fn replace(object: &Object<'_>, _: usize) -> Result<Normalizer> {
    let content = object.string("content")?;
    let pattern = dialect::read_pattern(&object.require("pattern")?)?;
    Ok(Normalizer::Replace { pattern, content })
}

fn prepend(object: &Object<'_>, _: usize) -> Result<Normalizer> {
    object.string("prepend").map(Normalizer::Prepend)
}

fn byte_level(object: &Object<'_>, _: usize) -> Result<Normalizer> {
    object.is("ByteLevel").map(|()| Normalizer::ByteLevel)
}

/// A table of sentencepiece: the size of its trie, the trie, and the replacements as UTF-8.
fn precompiled(object: &Object<'_>, _: usize) -> Result<Normalizer> {
    let node = object.require("precompiled_charsmap")?;
    let text = node.string()?;
    let mut table = Vec::with_capacity(text.len() / 4 * 3);
    if !base64::decode(text.as_bytes(), &mut table) {
        let alphabet =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
        return Err(if text.bytes().all(alphabet) {
            node.unsupported("base64 without its padding")
        } else {
            node.error("not base64")
        });
    }
    let words = table.first_chunk().map(|size| u32::from_le_bytes(*size) as usize / 4);
    let replacements = words.and_then(|words| table.get(words.checked_mul(4)?.checked_add(4)?..));
    match replacements.map(std::str::from_utf8) {
        Some(Ok(_)) => Ok(Normalizer::Precompiled(table)),
        Some(Err(_)) => Err(node.error("the replacements of the table are not UTF-8")),
        None => Err(node.error("the table is shorter than the trie it announces")),
    }
}

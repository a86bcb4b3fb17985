//! `post_processor`. It has no list of names: its kinds are tried in order, whatever `type` says.

use super::component::{self, Kinds};
use super::json::{Node, Object};
use super::pre_tokenizers;
use crate::error::Result;
use crate::formats::pipeline::{PostProcessor, TemplatePiece, TemplateToken};
use crate::token::TokenId;

/// Reads a post-processor.
pub(super) fn read(node: &Node<'_>) -> Result<PostProcessor> {
    component::read(node, 0, &KINDS)
}

static KINDS: Kinds<PostProcessor> = Kinds {
    named: &[],
    tried: &[
        ("RobertaProcessing", roberta),
        ("BertProcessing", bert),
        ("ByteLevel", byte_level),
        ("TemplateProcessing", template),
        ("Sequence", sequence),
    ],
};

fn roberta(object: &Object<'_>, _: usize) -> Result<PostProcessor> {
    object.once(&["sep", "cls", "trim_offsets", "add_prefix_space"])?;
    Ok(PostProcessor::Roberta {
        sep: object.value("sep")?,
        cls: object.value("cls")?,
        trim_offsets: object.value("trim_offsets")?,
        add_prefix_space: object.value("add_prefix_space")?,
    })
}

fn bert(object: &Object<'_>, _: usize) -> Result<PostProcessor> {
    object.once(&["sep", "cls"])?;
    Ok(PostProcessor::Bert { sep: object.value("sep")?, cls: object.value("cls")? })
}

fn byte_level(object: &Object<'_>, _: usize) -> Result<PostProcessor> {
    object.once(&["type", "add_prefix_space", "trim_offsets", "use_regex"])?;
    object.is("ByteLevel")?;
    let (add_prefix_space, trim_offsets, use_regex) = pre_tokenizers::byte_level_fields(object)?;
    Ok(PostProcessor::ByteLevel { trim_offsets, add_prefix_space, use_regex })
}

fn sequence(object: &Object<'_>, depth: usize) -> Result<PostProcessor> {
    object.once(&["type", "processors"])?;
    object.is("Sequence")?;
    component::stages(object, "processors", depth, &KINDS).map(PostProcessor::Sequence)
}

fn template(object: &Object<'_>, _: usize) -> Result<PostProcessor> {
    object.once(&["single", "pair", "special_tokens"])?;
    let pieces = |name: &str| -> Result<Vec<TemplatePiece>> {
        let list = object.require(name)?;
        let items = list.items()?;
        if items.len() > component::MAX_STAGES {
            let most = component::MAX_STAGES;
            return Err(list.unsupported(&format!("more than {most} pieces")));
        }
        items.iter().map(piece).collect()
    };
    let (single, pair) = (pieces("single")?, pieces("pair")?);
    let tokens = object.require("special_tokens")?.object()?;
    if tokens.repeats_any() {
        return Err(tokens.node.unsupported("a token given twice"));
    }
    let special_tokens = tokens
        .fields()
        .map(|(name, node)| {
            let token = node.object()?;
            token.once(&["id", "ids", "tokens"])?;
            token.string("id")?;
            let ids: Vec<TokenId> = token.value("ids")?;
            Ok(TemplateToken { id: name.to_owned(), ids, tokens: token.value("tokens")? })
        })
        .collect::<Result<_>>()?;
    Ok(PostProcessor::Template { single, pair, special_tokens })
}

/// `{"Sequence": {…}}` or `{"SpecialToken": {…}}`.
fn piece(node: &Node<'_>) -> Result<TemplatePiece> {
    let object = node.object()?;
    let mut fields = object.fields();
    let (Some((kind, inner)), None) = (fields.next(), fields.next()) else {
        return Err(node.error("expected one of `Sequence` and `SpecialToken`"));
    };
    object.once(&["Sequence", "SpecialToken"])?;
    let fields = inner.object()?;
    match kind {
        "Sequence" => {
            fields.once(&["id", "type_id"])?;
            let pair = fields.require("id")?.choice(&[("A", false), ("B", true)])?;
            Ok(TemplatePiece::Sequence { pair, type_id: fields.value("type_id")? })
        }
        "SpecialToken" => {
            fields.once(&["id", "type_id"])?;
            let (id, type_id) = (fields.string("id")?, fields.value("type_id")?);
            Ok(TemplatePiece::Special { id, type_id })
        }
        other => Err(node.error(format!("{other:?} is neither `Sequence` nor `SpecialToken`"))),
    }
}

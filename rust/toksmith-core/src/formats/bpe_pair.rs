//! `vocab.json` with `merges.txt`: byte-level BPE as GPT-2 published it.
//!
//! The two files say nothing about cutting, special tokens or templates; those are the model
//! family's, see [`Family`].

use super::Definition;
use super::folder::Roles;
use super::hf_json::{self, added};
use super::pipeline::{
    Decoder, Normalizer, PostProcessor, PreTokenizer, TemplatePiece, TemplateToken,
};
use super::{AddedToken, known};
use crate::error::{Error, Result};

/// Whose files these are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Family {
    /// Cut by GPT-2's pattern.
    #[default]
    Gpt2,
    /// The same between `<s>` and `</s>`.
    Roberta,
    /// Composed, and cut by Qwen's pattern.
    Qwen2,
}

/// What a configuration may say about the files.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) family: Family,
    /// `add_prefix_space`.
    pub(super) add_prefix_space: bool,
    /// `trim_offsets`.
    pub(super) trim_offsets: bool,
    /// The names of the special tokens.
    pub(super) roles: Roles,
    /// Tokens to be found in text, in order.
    pub(super) tokens: Vec<AddedToken>,
}

impl Family {
    /// The names of the special tokens where nothing else is said.
    pub(super) fn roles(self) -> Roles {
        let name = |text: &str| Some(text.to_owned());
        let end = || name("<|endoftext|>");
        match self {
            Self::Gpt2 => Roles { bos: end(), eos: end(), unk: end(), ..Roles::default() },
            Self::Qwen2 => Roles { eos: end(), unk: end(), pad: end(), ..Roles::default() },
            Self::Roberta => Roles {
                bos: name("<s>"),
                eos: name("</s>"),
                unk: name("<unk>"),
                sep: name("</s>"),
                pad: name("<pad>"),
                cls: name("<s>"),
                mask: name("<mask>"),
            },
        }
    }
}

/// Reads the contents of a `vocab.json` and a `merges.txt`, as GPT-2's.
///
/// # Errors
/// [`Error::Model`] with the field or the line where a file is malformed.
pub fn load_pair(vocab: &[u8], merges: &[u8]) -> Result<Definition> {
    let roles = Family::Gpt2.roles();
    let tokens = roles.tokens();
    let (add_prefix_space, trim_offsets) = (false, true);
    let family = Family::Gpt2;
    load(vocab, merges, &Settings { family, add_prefix_space, trim_offsets, roles, tokens })
}

/// Reads the contents of the two files.
pub(super) fn load(vocab: &[u8], merges: &[u8], settings: &Settings) -> Result<Definition> {
    let Settings { family, add_prefix_space, trim_offsets, roles, tokens } = settings;
    let use_regex = *family != Family::Qwen2;
    let mut stages = Vec::new();
    if *family == Family::Qwen2 {
        let pattern = known::by_name("qwen").map(|known| known.pattern).unwrap_or_default();
        stages.push(PreTokenizer::Split(hf_json::read_regex(pattern)?));
    }
    stages.push(PreTokenizer::ByteLevel {
        add_prefix_space: *add_prefix_space,
        trim_offsets: true,
        use_regex,
    });
    let mut definition = hf_json::load_pair(vocab, merges, stages)?;
    added::append(&mut definition, tokens.clone())?;
    let pipeline = &mut definition.pipeline;
    pipeline.normalizer = (*family == Family::Qwen2).then_some(Normalizer::Nfc);
    pipeline.decoder =
        Some(Decoder::ByteLevel { add_prefix_space: true, trim_offsets: true, use_regex: true });
    let id = |role: &Option<String>, what: &str| {
        let name = role.as_deref().unwrap_or_default();
        let found = definition.added.iter().find(|token| token.content == name);
        let missing = || Error::Vocabulary { why: format!("no token to be the {what} token") };
        found.map(|token| (token.content.clone(), token.id)).ok_or_else(missing)
    };
    pipeline.post_processor = Some(match family {
        Family::Roberta => PostProcessor::Roberta {
            sep: id(&roles.sep, "separator")?,
            cls: id(&roles.cls, "classification")?,
            trim_offsets: *trim_offsets,
            add_prefix_space: *add_prefix_space,
        },
        Family::Gpt2 | Family::Qwen2 => between(None, None),
    });
    Ok(definition)
}

/// A template that puts tokens before and after each text.
pub(super) fn between(bos: Option<&AddedToken>, eos: Option<&AddedToken>) -> PostProcessor {
    let special = |token: &AddedToken, type_id| {
        let id = token.content.clone();
        TemplatePiece::Special { id, type_id }
    };
    let part = |pair: bool| {
        let type_id = u32::from(pair);
        let before = bos.map(|token| special(token, type_id));
        let text = TemplatePiece::Sequence { pair, type_id };
        before.into_iter().chain([text]).chain(eos.map(|token| special(token, type_id)))
    };
    let same = bos.map(|token| &token.content) == eos.map(|token| &token.content);
    let special_tokens =
        bos.into_iter().chain(eos.filter(|_| !same)).map(TemplateToken::from).collect();
    PostProcessor::Template {
        single: part(false).collect(),
        pair: part(false).chain(part(true)).collect(),
        special_tokens,
    }
}

impl From<&AddedToken> for TemplateToken {
    fn from(token: &AddedToken) -> Self {
        let name = &token.content;
        Self { id: name.clone(), ids: vec![token.id], tokens: vec![name.clone()] }
    }
}

//! `tokenizer_config.json`, `special_tokens_map.json` and `generation_config.json`.
//!
//! They have many fields that are none of a tokenizer's business; those are left alone.

use super::super::bpe_pair::Family;
use super::super::hf_json::json::{Node, Object};
use super::{Files, Roles, special};
use crate::error::{Error, Result};
use crate::formats::AddedToken;
use crate::token::TokenId;
use std::collections::{BTreeMap, HashMap, HashSet};

/// What the configurations of a folder say.
#[derive(Debug, Default)]
pub(super) struct Config {
    /// `tokenizer_class` without `Fast`.
    class: Option<String>,
    /// Tokens by the field of their role; `None` where a role is said to have no token.
    named: BTreeMap<&'static str, Option<Named>>,
    /// `extra_special_tokens` and `additional_special_tokens`.
    extra: Vec<Named>,
    /// `added_tokens_decoder`, ids rising.
    decoder: Vec<AddedToken>,
    pub(super) do_lower_case: Option<bool>,
    pub(super) strip_accents: Option<bool>,
    pub(super) tokenize_chinese_chars: Option<bool>,
    pub(super) add_prefix_space: Option<bool>,
    pub(super) trim_offsets: Option<bool>,
    pub(super) add_bos_token: Option<bool>,
    pub(super) add_eos_token: Option<bool>,
    pub(super) model_max_length: Option<u64>,
    pub(super) chat_templates: Vec<(String, String)>,
    /// Ids by the field of their role.
    ids: BTreeMap<&'static str, TokenId>,
    pub(super) end_ids: Vec<TokenId>,
}

/// A token by its text alone, or with everything that is said of an added token.
#[derive(Debug, Clone)]
enum Named {
    Text(String),
    Token(AddedToken),
}

impl Named {
    fn content(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Token(token) => &token.content,
        }
    }
}

impl Config {
    /// Reads those files that are there.
    pub(super) fn read(files: &Files<'_>) -> Result<Self> {
        let mut config = Self::default();
        let mut has_decoder = false;
        if let Some(object) = open(files, "tokenizer_config.json")? {
            has_decoder = object.get("added_tokens_decoder").is_some();
            config.read_tokenizer_config(&object)?;
        }
        // Older than `added_tokens_decoder`, and not looked at beside it.
        if !has_decoder && let Some(object) = open(files, "special_tokens_map.json")? {
            config.read_tokens(&object)?;
        }
        if let Some(template) = files.get("chat_template.jinja") {
            let text = std::str::from_utf8(template)
                .map_err(|_| Error::field("chat_template.jinja", "not UTF-8"))?;
            config.chat_templates = vec![("default".into(), text.to_owned())];
        }
        if let Some(object) = open(files, "generation_config.json")? {
            config.read_generation_config(&object)?;
        }
        Ok(config)
    }

    fn read_tokenizer_config(&mut self, object: &Object<'_>) -> Result<()> {
        self.read_tokens(object)?;
        if let Some(class) = object.set("tokenizer_class") {
            let class = class.string()?;
            self.class = Some(class.strip_suffix("Fast").unwrap_or(&class).to_owned());
        }
        for (name, field) in [
            ("do_lower_case", &mut self.do_lower_case),
            ("strip_accents", &mut self.strip_accents),
            ("tokenize_chinese_chars", &mut self.tokenize_chinese_chars),
            ("add_prefix_space", &mut self.add_prefix_space),
            ("trim_offsets", &mut self.trim_offsets),
            ("add_bos_token", &mut self.add_bos_token),
            ("add_eos_token", &mut self.add_eos_token),
        ] {
            *field = object.optional(name)?;
        }
        // Where there is no limit, the number is astronomical.
        self.model_max_length = object.set("model_max_length").and_then(|node| node.get().ok());
        if let Some(node) = object.set("chat_template") {
            self.chat_templates = chat_templates(&node)?;
        }
        if let Some(node) = object.set("added_tokens_decoder") {
            let mut tokens = Vec::new();
            for (id, token) in node.object()?.fields() {
                let Ok(id) = id.parse::<TokenId>() else {
                    return Err(token.error("its name is no id"));
                };
                tokens.push((id, added_token(&token.object()?)?));
            }
            tokens.sort_by_key(|(id, _)| *id);
            self.decoder = tokens.into_iter().map(|(_, token)| token).collect();
        }
        Ok(())
    }

    /// The tokens of roles, and further special ones.
    fn read_tokens(&mut self, object: &Object<'_>) -> Result<()> {
        for field in Roles::FIELDS {
            if let Some(node) = object.get(field) {
                let token = if node.is_null() { None } else { Some(named(&node)?) };
                self.named.insert(field, token);
            }
        }
        // The older name counts only where there are none yet.
        let some = !self.extra.is_empty() || object.set("extra_special_tokens").is_some();
        for field in ["additional_special_tokens", "extra_special_tokens"] {
            let Some(node) = object.set(field) else { continue };
            if field == "additional_special_tokens" && some {
                continue;
            }
            if node.is_object() {
                for (_, token) in node.object()?.fields() {
                    self.extra.push(named(&token)?);
                }
            } else {
                for token in node.items()? {
                    self.extra.push(named(&token)?);
                }
            }
        }
        Ok(())
    }

    fn read_generation_config(&mut self, object: &Object<'_>) -> Result<()> {
        for (field, role) in [
            ("bos_token_id", "bos_token"),
            ("eos_token_id", "eos_token"),
            ("pad_token_id", "pad_token"),
        ] {
            let Some(node) = object.set(field) else { continue };
            let ids: Vec<TokenId> = if node.is_array() { node.get()? } else { vec![node.get()?] };
            if let Some(&first) = ids.first() {
                self.ids.insert(role, first);
            }
            if role == "eos_token" {
                self.end_ids = ids;
            }
        }
        Ok(())
    }

    /// Whose vocab.json and merges.txt these are.
    pub(super) fn pair_family(&self) -> Result<Family> {
        match self.class.as_deref() {
            None | Some("GPT2Tokenizer") => Ok(Family::Gpt2),
            Some("RobertaTokenizer" | "BartTokenizer" | "LongformerTokenizer") => {
                Ok(Family::Roberta)
            }
            Some("Qwen2Tokenizer") => Ok(Family::Qwen2),
            Some(other) => {
                let feature = format!("vocab.json and merges.txt of a {other}");
                Err(Error::unsupported(feature))
            }
        }
    }

    /// Checks that a vocab.txt is BERT's.
    pub(super) fn check_bert(&self) -> Result<()> {
        const BERT: [&str; 7] = [
            "BertTokenizer",
            "DistilBertTokenizer",
            "ElectraTokenizer",
            "MobileBertTokenizer",
            "SqueezeBertTokenizer",
            "ConvBertTokenizer",
            "LayoutLMTokenizer",
        ];
        match self.class.as_deref() {
            Some(other) if !BERT.contains(&other) => {
                Err(Error::unsupported(format!("vocab.txt of a {other}")))
            }
            _ => Ok(()),
        }
    }

    /// Which tokens play which part; `roles` where nothing is said.
    pub(super) fn roles(&self, mut roles: Roles) -> Roles {
        for (field, entry) in Roles::FIELDS.iter().zip(roles.entries_mut()) {
            if let Some(said) = self.named.get(field) {
                *entry = said.as_ref().map(|token| token.content().to_owned());
            }
        }
        roles
    }

    /// The tokens to add to those the file has: the listed ones, then those with a role, then
    /// further special ones.
    pub(super) fn tokens(&self, roles: &Roles, present: &[AddedToken]) -> Vec<AddedToken> {
        let mut tokens = self.decoder.clone();
        let known: HashMap<&str, &AddedToken> =
            present.iter().chain(&self.decoder).map(|token| (&*token.content, token)).collect();
        let mut seen = HashSet::new();
        let said = Roles::FIELDS.iter().zip(roles.entries()).filter_map(|(field, entry)| {
            let text = || entry.as_ref().map(|name| Named::Text(name.clone()));
            self.named.get(field).cloned().flatten().or_else(text)
        });
        let said: Vec<_> = said.collect();
        for (count, token) in said.iter().chain(&self.extra).enumerate() {
            if !seen.insert(token.content()) {
                continue;
            }
            let role = count < said.len();
            tokens.push(match (token, known.get(token.content())) {
                (Named::Text(_), Some(&known)) => {
                    AddedToken { special: known.special || role, ..known.clone() }
                }
                (Named::Text(text), None) => special(text),
                (Named::Token(token), _) => AddedToken { special: true, ..token.clone() },
            });
        }
        tokens
    }

    /// Roles that only `generation_config.json` names, by id.
    pub(super) fn fill(&self, roles: &mut Roles, text: impl Fn(TokenId) -> Option<String>) {
        for (field, entry) in Roles::FIELDS.iter().zip(roles.entries_mut()) {
            if entry.is_none() && !self.named.contains_key(field) {
                *entry = self.ids.get(field).and_then(|&id| text(id));
            }
        }
    }
}

/// A configuration, if it is there.
fn open<'a>(files: &Files<'a>, name: &str) -> Result<Option<Object<'a>>> {
    let Some(data) = files.get(name) else { return Ok(None) };
    let text = std::str::from_utf8(data).map_err(|_| Error::field(name, "not UTF-8"))?;
    let node = Node::part(text.trim_start_matches('\u{feff}').trim(), name);
    node.object().map(Some)
}

/// A token as a string, or as an object with its flags.
fn named(node: &Node<'_>) -> Result<Named> {
    if node.is_object() {
        let token = added_token(&node.object()?)?;
        return Ok(Named::Token(AddedToken { special: true, ..token }));
    }
    node.string().map(Named::Text)
}

/// A token with its flags; what is not said is false, but for `normalized`.
fn added_token(object: &Object<'_>) -> Result<AddedToken> {
    let special = object.optional("special")?.unwrap_or(false);
    Ok(AddedToken {
        id: 0,
        content: object.string("content")?,
        special,
        normalized: object.optional("normalized")?.unwrap_or(!special),
        single_word: object.optional("single_word")?.unwrap_or(false),
        lstrip: object.optional("lstrip")?.unwrap_or(false),
        rstrip: object.optional("rstrip")?.unwrap_or(false),
    })
}

/// A string, or a list of named ones.
fn chat_templates(node: &Node<'_>) -> Result<Vec<(String, String)>> {
    if !node.is_array() {
        return Ok(vec![("default".into(), node.string()?)]);
    }
    let entry = |item: &Node<'_>| {
        let object = item.object()?;
        Ok((object.string("name")?, object.string("template")?))
    };
    node.items()?.iter().map(entry).collect()
}

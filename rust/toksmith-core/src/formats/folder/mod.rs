//! A model folder: which of its files is the tokenizer, and what the configurations beside it
//! add.
//!
//! Nothing is opened here: files come as names and contents. [`load`] gives everything,
//! `formats::load` the definition of a folder that was packed into one piece of bytes (see
//! `packed.rs`). What the configurations mean is what transformers 5 makes of them: a
//! tokenizer.json says how text is cut and which template is put around it, whatever stands
//! beside it; tokens are added to it. Bare vocabularies get all the rest from there.

mod config;
mod packed;

pub use packed::{MAGIC, pack};

use super::pipeline::Model;
use super::{AddedToken, Definition, Options, bert_vocab, bpe_pair, hf_json};
use crate::error::{Error, Result};
use crate::token::TokenId;
use config::Config;
use std::collections::BTreeMap;

/// Contents by name; the names have no folder in them.
pub type Files<'a> = BTreeMap<&'a str, &'a [u8]>;

/// What a folder holds.
#[derive(Debug, Clone, Default)]
pub struct Folder {
    /// The tokenizer, with the tokens that the configurations add.
    pub definition: Definition,
    /// Which tokens play which part.
    pub roles: Roles,
    /// The name of the file that the tokenizer was read from.
    pub file: String,
    /// `model_max_length`, unless it is too large to mean anything.
    pub max_length: Option<u64>,
    /// Chat templates by name; one without a name is called `default`.
    pub chat_templates: Vec<(String, String)>,
    /// Ids that end a generated text, by `generation_config.json`.
    pub end_ids: Vec<TokenId>,
}

/// The tokens that play a part for a model, by their text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Roles {
    /// Begins a text.
    pub bos: Option<String>,
    /// Ends a text.
    pub eos: Option<String>,
    /// Stands for what has no token.
    pub unk: Option<String>,
    /// Separates two texts.
    pub sep: Option<String>,
    /// Fills up.
    pub pad: Option<String>,
    /// Stands for the whole text.
    pub cls: Option<String>,
    /// Stands for what is to be guessed.
    pub mask: Option<String>,
}

impl Roles {
    /// The names of the fields in a configuration, in the order in which tokens are added.
    const FIELDS: [&'static str; 7] = [
        "bos_token",
        "eos_token",
        "unk_token",
        "sep_token",
        "pad_token",
        "cls_token",
        "mask_token",
    ];

    /// The entries in the order of [`Self::FIELDS`].
    fn entries(&self) -> [&Option<String>; 7] {
        let Self { bos, eos, unk, sep, pad, cls, mask } = self;
        [bos, eos, unk, sep, pad, cls, mask]
    }

    fn entries_mut(&mut self) -> [&mut Option<String>; 7] {
        let Self { bos, eos, unk, sep, pad, cls, mask } = self;
        [bos, eos, unk, sep, pad, cls, mask]
    }

    /// These tokens as special ones.
    pub(super) fn tokens(&self) -> Vec<AddedToken> {
        self.entries().into_iter().flatten().map(|name| special(name)).collect()
    }
}

/// A special token of which nothing more is said.
fn special(content: &str) -> AddedToken {
    AddedToken { content: content.to_owned(), special: true, ..AddedToken::default() }
}

/// What a folder may hold besides pairs of files, in the order of preference.
const SINGLE: [&str; 7] = [
    "tokenizer.json",
    "tokenizer.model",
    "*.toksmith",
    "*.tiktoken",
    "tekken.json",
    "*.model",
    "*.gguf",
];

/// The name of the file to read a tokenizer from.
fn choose<'n>(files: &Files<'n>) -> Result<&'n str> {
    let matching = |pattern: &str| -> Vec<&'n str> {
        let fits = |name: &&&str| match pattern.strip_prefix('*') {
            Some(suffix) => name.ends_with(suffix),
            None => **name == pattern,
        };
        files.keys().filter(fits).copied().collect()
    };
    for pattern in SINGLE {
        // Vocabularies of other kinds come before files of any name.
        if pattern == "*.model" {
            if files.contains_key("vocab.json") && files.contains_key("merges.txt") {
                return Ok("vocab.json");
            }
            if files.contains_key("vocab.txt") {
                return Ok("vocab.txt");
            }
        }
        match matching(pattern).as_slice() {
            [] => {}
            [only] => return Ok(only),
            several => {
                let why = format!("holds several model files, name one: {}", several.join(", "));
                return Err(Error::field("folder", why));
            }
        }
    }
    Err(Error::field("folder", "holds no model file"))
}

/// Reads the files of a folder.
///
/// # Errors
/// Those of [`super::load`] for the file that is chosen; [`Error::Model`] if there is none, or
/// if a configuration is malformed; [`Error::Unsupported`] naming what a configuration asks for.
pub fn load(files: &Files<'_>, options: &Options) -> Result<Folder> {
    let file = choose(files)?;
    let data = files.get(file).copied().unwrap_or_default();
    let config = Config::read(files)?;
    if matches!(file, "vocab.json" | "vocab.txt") {
        for (argument, given) in
            [("pattern", options.pattern.is_some()), ("specials", options.specials.is_some())]
        {
            if given {
                let feature = format!("{argument}= for {file}, which needs none");
                return Err(Error::unsupported(feature));
            }
        }
    }
    let mut roles = Roles::default();
    let definition = match (file, files.get("merges.txt")) {
        ("vocab.json", Some(merges)) => {
            let family = config.pair_family()?;
            roles = config.roles(family.roles());
            let mut tokens = config.tokens(&roles, &[]);
            if family == bpe_pair::Family::Qwen2 {
                // This family knows its special tokens by their text alone.
                for token in tokens.iter_mut().filter(|token| token.special) {
                    *token = special(&token.content);
                }
            }
            let settings = bpe_pair::Settings {
                family,
                add_prefix_space: config.add_prefix_space.unwrap_or(false),
                trim_offsets: config.trim_offsets.unwrap_or(true),
                roles: roles.clone(),
                tokens,
            };
            let mut definition = bpe_pair::load(data, merges, &settings)?;
            if family != bpe_pair::Family::Roberta {
                put_between(&mut definition, &config, &roles);
            }
            definition
        }
        ("vocab.txt", _) => {
            config.check_bert()?;
            roles = config.roles(bert_vocab::Settings::roles());
            let settings = bert_vocab::Settings {
                lowercase: config.do_lower_case.unwrap_or(true),
                strip_accents: config.strip_accents,
                chinese: config.tokenize_chinese_chars.unwrap_or(true),
                tokens: config.tokens(&roles, &[]),
                roles: roles.clone(),
            };
            bert_vocab::load(data, &settings)?
        }
        _ => {
            let mut definition = super::load(data, options)?;
            roles = config.roles(roles);
            let tokens = config.tokens(&roles, &definition.added);
            if !tokens.is_empty() {
                hf_json::added::append(&mut definition, tokens)?;
            }
            if file != "tokenizer.json" {
                put_between(&mut definition, &config, &roles);
            }
            definition
        }
    };
    config.fill(&mut roles, |id| text(&definition, id));
    Ok(Folder {
        definition,
        roles,
        file: file.to_owned(),
        max_length: config.model_max_length,
        chat_templates: config.chat_templates,
        end_ids: config.end_ids,
    })
}

/// Reads the definition of a packed folder.
pub(super) fn load_packed(data: &[u8], options: &Options) -> Result<Definition> {
    load(&packed::unpack(data)?, options).map(|folder| folder.definition)
}

/// `add_bos_token` and `add_eos_token`, where a configuration names one of them.
fn put_between(definition: &mut Definition, config: &Config, roles: &Roles) {
    if config.add_bos_token.is_none() && config.add_eos_token.is_none() {
        return;
    }
    let find = |wanted: Option<bool>, role: &Option<String>| {
        let name = role.as_deref().filter(|_| wanted == Some(true))?;
        definition.added.iter().find(|token| token.content == name)
    };
    let (bos, eos) =
        (find(config.add_bos_token, &roles.bos), find(config.add_eos_token, &roles.eos));
    definition.pipeline.post_processor = Some(bpe_pair::between(bos, eos));
}

/// What a token is called.
fn text(definition: &Definition, id: TokenId) -> Option<String> {
    if let Some(token) = definition.added.iter().find(|token| token.id == id) {
        return Some(token.content.clone());
    }
    match definition.pipeline.model {
        Model::ByteLevelBpe => None,
        _ => String::from_utf8(definition.vocab.get(id)?.to_vec()).ok(),
    }
}

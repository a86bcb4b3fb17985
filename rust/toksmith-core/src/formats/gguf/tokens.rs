//! What all models of a GGUF file share: tokens with their types and scores, the special tokens
//! and whether they are put around a text.
//!
//! llama.cpp knows from the name of some models that a token takes the white space beside it.

use super::container::Metadata;
use super::kinds::{self, Kind, is_added};
use super::pre::Pre;
use crate::error::{Error, Result};
use crate::formats::AddedToken;
use crate::formats::pipeline::{PostProcessor, TemplatePiece, TemplateToken};
use crate::token::TokenId;
use crate::vocab::MAX_ID;
use std::borrow::Cow;
use std::collections::HashMap;

/// Which of llama.cpp's tokenizers a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// `gpt2`, `gemma4`.
    Bpe,
    /// `llama`.
    Spm,
    /// `t5`.
    Unigram,
    /// `bert`.
    WordPiece,
}

/// The tokens that play a part.
#[derive(Debug, Default)]
struct Roles {
    bos: Option<TokenId>,
    eos: Option<TokenId>,
    unk: Option<TokenId>,
    sep: Option<TokenId>,
}

/// The tokens of a file; entry `i` of each list is that of id `i`.
#[derive(Debug)]
pub(super) struct Tokens<'a> {
    /// Their text as the file spells it; no two are alike, none is empty.
    pub(super) texts: Vec<Cow<'a, str>>,
    pub(super) kinds: Vec<Kind>,
    /// Zero where the file has none.
    pub(super) scores: Vec<f32>,
    family: Family,
    roles: Roles,
    add_bos: bool,
    add_eos: bool,
    add_sep: bool,
    /// Of added tokens: which take the white space before or after them.
    lstrip: Vec<TokenId>,
    rstrip: Vec<TokenId>,
}

impl<'a> Tokens<'a> {
    /// Reads what a file says about its tokens.
    pub(super) fn read(metadata: &Metadata<'a>, family: Family, pre: Option<&Pre>) -> Result<Self> {
        let key = "tokenizer.ggml.tokens";
        let listed = metadata.texts(key)?.unwrap_or_default();
        if listed.is_empty() {
            return Err(Error::field(key, "the file has no tokens"));
        }
        if listed.len() > MAX_ID as usize {
            return Err(Error::unsupported(format!("{} tokens", listed.len())));
        }
        let mut ids = HashMap::with_capacity(listed.len());
        let mut texts = Vec::with_capacity(listed.len());
        for (id, text) in (0..).zip(listed) {
            let text = match text {
                "" => Cow::Owned(format!("[EMPTY_{id}]")),
                text => Cow::Borrowed(text),
            };
            if let Some(other) = ids.insert(text.clone(), id) {
                let why = format!("{text:.80?} has the ids {other} and {id}");
                return Err(Error::field(key, why));
            }
            texts.push(text);
        }
        let mut tokens = Self {
            kinds: kinds::read(metadata, texts.len())?,
            scores: scores(metadata, texts.len())?,
            texts,
            family,
            roles: Roles::default(),
            add_bos: false,
            add_eos: false,
            add_sep: false,
            lstrip: Vec::new(),
            rstrip: Vec::new(),
        };
        tokens.read_roles(metadata, pre)?;
        kinds::correct(&mut tokens.kinds, metadata, &ids)?;
        tokens.read_strips(metadata, &ids)?;
        Ok(tokens)
    }

    /// Sets the special tokens and whether they are added. Without a key it is as llama.cpp has
    /// it for this family; ids that no token has count as not given.
    fn read_roles(&mut self, metadata: &Metadata<'_>, pre: Option<&Pre>) -> Result<()> {
        let gemma = pre.is_some_and(|pre| pre.raw);
        let (bos, eos, unk, sep) = match self.family {
            Family::Spm => (Some(1), Some(2), Some(0), None),
            Family::WordPiece => (Some(101), None, Some(100), Some(102)),
            Family::Unigram => (None, Some(1), Some(2), None),
            Family::Bpe if gemma => (None, None, None, None),
            Family::Bpe => {
                let bos = pre.is_none_or(|pre| pre.default_bos).then_some(11);
                (bos, Some(11), None, None)
            }
        };
        let id = |name: &str, default: Option<TokenId>| -> Result<Option<TokenId>> {
            let known = |id: &TokenId| (*id as usize) < self.texts.len();
            let given = metadata.integer(&format!("tokenizer.ggml.{name}"))?;
            let given = given.and_then(|id| TokenId::try_from(id).ok()).filter(known);
            Ok(given.or(default.filter(known)))
        };
        self.roles = Roles {
            bos: id("bos_token_id", bos)?,
            eos: id("eos_token_id", eos)?,
            unk: id("unknown_token_id", unk)?,
            // So it is spelled in files.
            sep: id("seperator_token_id", sep)?,
        };
        let flag = |name: &str, default: bool| {
            let given = metadata.flag(&format!("tokenizer.ggml.add_{name}_token"))?;
            Ok::<_, Error>(given.unwrap_or(default))
        };
        let begins = matches!(self.family, Family::Spm | Family::WordPiece);
        self.add_bos = flag("bos", begins || pre.is_some_and(|pre| pre.add_bos))?;
        self.add_bos |= pre.is_some_and(|pre| pre.always_bos);
        self.add_eos = flag("eos", self.family == Family::Unigram)?;
        let separates = self.family == Family::WordPiece;
        self.add_sep = flag("sep", separates || pre.is_some_and(|pre| pre.add_sep))?;
        let always = self.family == Family::WordPiece;
        for (name, wanted, id) in [
            ("bos", self.add_bos || always, self.roles.bos),
            ("eos", self.add_eos, self.roles.eos),
            ("seperator", self.add_sep || always, self.roles.sep),
        ] {
            if wanted && id.is_none() {
                let key = format!("tokenizer.ggml.{name}_token_id");
                return Err(Error::field(key, "missing, but the token is to be added"));
            }
        }
        Ok(())
    }

    fn read_strips(
        &mut self,
        metadata: &Metadata<'_>,
        ids: &HashMap<Cow<'a, str>, TokenId>,
    ) -> Result<()> {
        let pre = metadata.text("tokenizer.ggml.pre")?.unwrap_or_default();
        let architecture = metadata.text("general.architecture")?.unwrap_or_default();
        let model = metadata.text("general.name")?.unwrap_or_default().to_ascii_lowercase();
        let any = |text: &str, parts: &[&str]| parts.iter().any(|part| text.contains(part));
        let find = |text: &str| ids.get(text).copied();
        if any(pre, &["jina-v2-de", "jina-v2-es", "jina-v2-code"])
            || any(architecture, &["nomic-bert-moe", "jina-bert-v3"])
        {
            self.lstrip.extend(find("<mask>"));
        } else if any(&model, &["phi-3", "phi3"]) {
            let plain = ["<unk>", "<s>", "<|endoftext|>"].map(find);
            let ids = (0..).zip(&self.kinds).filter(|(_, kind)| is_added(**kind)).map(|(id, _)| id);
            self.rstrip = ids.filter(|&id| !plain.contains(&Some(id))).collect();
        } else if model.contains("modern-bert") {
            self.lstrip.extend(find("[MASK]"));
        }
        Ok(())
    }

    /// The token for what has none.
    pub(super) fn unknown(&self) -> Option<TokenId> {
        self.roles.unk
    }

    /// Tokens that are found in the text itself.
    pub(super) fn added(&self) -> Vec<AddedToken> {
        let entries = (0..).zip(self.texts.iter().zip(&self.kinds));
        entries
            .filter(|(_, (_, kind))| is_added(**kind))
            .map(|(id, (text, &kind))| AddedToken {
                id,
                content: text.clone().into_owned(),
                special: kind != Kind::UserDefined,
                lstrip: self.lstrip.contains(&id),
                rstrip: self.rstrip.binary_search(&id).is_ok(),
                ..AddedToken::default()
            })
            .collect()
    }

    /// What is put around a text, and between two.
    pub(super) fn template(&self) -> PostProcessor {
        let bert = self.family == Family::WordPiece;
        let when = |wanted: bool, id: Option<TokenId>| id.filter(|_| wanted);
        let bos = when(self.add_bos || bert, self.roles.bos);
        let sep = when(self.add_sep && !bert, self.roles.sep);
        // After each text.
        let end = if bert { self.roles.sep } else { when(self.add_eos, self.roles.eos) };
        let name = |id: TokenId| {
            self.texts.get(id as usize).map(|text| text.clone().into_owned()).unwrap_or_default()
        };
        let special = |id: Option<TokenId>, type_id: u32| {
            id.map(|id| TemplatePiece::Special { id: name(id), type_id })
        };
        let text = |pair: bool, type_id: u32| Some(TemplatePiece::Sequence { pair, type_id });
        let second = u32::from(bert);
        let first = [special(bos, 0), text(false, 0), special(end, 0)];
        let both = first.clone().into_iter().chain([
            special(sep, 0),
            text(true, second),
            special(end, second),
        ]);
        let mut used: Vec<TokenId> = [bos, end, sep].into_iter().flatten().collect();
        used.sort_unstable();
        used.dedup();
        let token = |id| TemplateToken { id: name(id), ids: vec![id], tokens: vec![name(id)] };
        PostProcessor::Template {
            pair: both.flatten().collect(),
            single: first.into_iter().flatten().collect(),
            special_tokens: used.into_iter().map(token).collect(),
        }
    }
}

fn scores(metadata: &Metadata<'_>, count: usize) -> Result<Vec<f32>> {
    let key = "tokenizer.ggml.scores";
    let Some(mut scores) = metadata.floats(key)? else { return Ok(vec![0.0; count]) };
    enough(key, scores.len(), count)?;
    scores.truncate(count);
    for (id, score) in scores.iter_mut().enumerate() {
        if score.is_nan() {
            return Err(Error::field(format!("{key}[{id}]"), "the score is no number"));
        }
        // The two zeros are one score.
        *score += 0.0;
    }
    Ok(scores)
}

pub(super) fn enough(key: &str, found: usize, count: usize) -> Result<()> {
    if found < count {
        return Err(Error::field(key, format!("{found} entries for {count} tokens")));
    }
    Ok(())
}

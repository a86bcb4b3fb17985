//! `vocab.txt` of BERT: one token a line, its number is its id.
//!
//! The file says nothing else. How text is cleaned and cut, and what is put around it, is what
//! BERT's own tokenizer does; the few choices it has are [`Settings`].

use super::folder::Roles;
use super::hf_json::added;
use super::pipeline::{
    Decoder, Model, Normalizer, Pipeline, PostProcessor, PreTokenizer, TemplatePiece, TemplateToken,
};
use super::{AddedSearch, AddedToken, Definition, Merges};
use crate::error::{Error, Result};
use crate::token::TokenId;
use crate::vocab::Vocab;
use std::collections::HashMap;

/// What a configuration may say about a vocab.txt.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    /// `do_lower_case`.
    pub(super) lowercase: bool,
    /// `strip_accents`.
    pub(super) strip_accents: Option<bool>,
    /// `tokenize_chinese_chars`.
    pub(super) chinese: bool,
    /// The names of the special tokens.
    pub(super) roles: Roles,
    /// Tokens to be found in text, in order.
    pub(super) tokens: Vec<AddedToken>,
}

impl Default for Settings {
    fn default() -> Self {
        let roles = Self::roles();
        let tokens = roles.tokens();
        Self { lowercase: true, strip_accents: None, chinese: true, roles, tokens }
    }
}

impl Settings {
    /// The names where nothing else is said.
    pub(super) fn roles() -> Roles {
        let name = |text: &str| Some(text.to_owned());
        Roles {
            unk: name("[UNK]"),
            sep: name("[SEP]"),
            pad: name("[PAD]"),
            cls: name("[CLS]"),
            mask: name("[MASK]"),
            ..Roles::default()
        }
    }
}

/// Reads a vocab.txt.
pub(super) fn load(data: &[u8], settings: &Settings) -> Result<Definition> {
    let (vocab, decode_only) = read(data)?;
    let roles = &settings.roles;
    let model = Model::WordPiece {
        unk_token: roles.unk.clone().unwrap_or_else(|| "[UNK]".into()),
        continuing_subword_prefix: "##".into(),
        max_input_chars_per_word: 100,
    };
    let normalizer = Normalizer::Bert {
        clean_text: true,
        handle_chinese_chars: settings.chinese,
        strip_accents: settings.strip_accents,
        lowercase: settings.lowercase,
    };
    let mut definition = Definition {
        vocab,
        decode_only,
        merges: Merges::List(Vec::new()),
        search: AddedSearch::AfterMatch,
        pipeline: Pipeline {
            normalizer: Some(normalizer),
            pre_tokenizers: vec![PreTokenizer::Bert],
            model,
            decoder: Some(Decoder::WordPiece { prefix: "##".into(), cleanup: true }),
            ..Pipeline::default()
        },
        ..Definition::default()
    };
    added::append(&mut definition, settings.tokens.clone())?;
    definition.pipeline.post_processor = template(&definition.added, roles);
    Ok(definition)
}

/// `[CLS] A [SEP] B [SEP]`, if both tokens are there.
fn template(added: &[AddedToken], roles: &Roles) -> Option<PostProcessor> {
    let token = |role: &Option<String>| {
        let name = role.as_deref()?;
        added.iter().find(|token| token.content == name).map(TemplateToken::from)
    };
    let (cls, sep) = (token(&roles.cls)?, token(&roles.sep)?);
    let special = |token: &TemplateToken, type_id| {
        let id = token.id.clone();
        TemplatePiece::Special { id, type_id }
    };
    let single = vec![
        special(&cls, 0),
        TemplatePiece::Sequence { pair: false, type_id: 0 },
        special(&sep, 0),
    ];
    let mut pair = single.clone();
    pair.extend([TemplatePiece::Sequence { pair: true, type_id: 1 }, special(&sep, 1)]);
    let special_tokens = if cls.id == sep.id { vec![cls] } else { vec![cls, sep] };
    Some(PostProcessor::Template { single, pair, special_tokens })
}

type Tokens = (Vocab, Vec<(TokenId, Vec<u8>)>);

/// The lines and their numbers. Of a token on two lines the last counts; the other number is
/// nobody's. An empty line is a token that text never becomes.
fn read(data: &[u8]) -> Result<Tokens> {
    let lines = lines(data)?;
    let last: HashMap<&str, usize> = lines.iter().enumerate().map(|(i, &line)| (line, i)).collect();
    let mut vocab = Vocab::with_capacity(lines.len(), data.len());
    let mut decode_only = Vec::new();
    for (number, &line) in lines.iter().enumerate() {
        if last.get(line) != Some(&number) {
            continue;
        }
        let id = TokenId::try_from(number).unwrap_or(TokenId::MAX);
        if line.is_empty() {
            decode_only.push((id, Vec::new()));
        } else {
            vocab
                .insert(id, line.as_bytes(), lines.len())
                .map_err(|error| Error::line(number + 1, error.to_string()))?;
        }
    }
    if vocab.is_empty() {
        return Err(Error::byte(0, "the file has no tokens"));
    }
    Ok((vocab, decode_only))
}

/// The lines without the white space at their ends, as the library reads them.
fn lines(data: &[u8]) -> Result<Vec<&str>> {
    let text = std::str::from_utf8(data).map_err(|error| {
        let before = data.get(..error.valid_up_to()).unwrap_or_default();
        let line = memchr::memchr_iter(b'\n', before).count() + 1;
        Error::line(line, "not UTF-8")
    })?;
    Ok(text.lines().map(str::trim_end).collect())
}

#[cfg(test)]
mod tests {
    use super::{Settings, lines, load, read};
    use crate::error::{Error, Place};

    #[test]
    fn lines_end_without_white_space() {
        assert_eq!(lines(b"a \nb\r\n\n c\t\n").ok(), Some(vec!["a", "b", "", " c"]));
        let error = lines(b"a\r\nb\nc\xff").err();
        assert!(matches!(error, Some(Error::Model { place: Place::Line(3), .. })), "{error:?}");
    }

    #[test]
    fn of_a_token_listed_twice_the_last_line_counts() {
        let (vocab, decode_only) = read(b"[UNK]\na\n\nb\na\n").unwrap_or_default();
        let tokens: Vec<_> = vocab.iter().collect();
        assert_eq!(tokens, [(0, b"[UNK]".as_slice()), (3, b"b"), (4, b"a")]);
        assert_eq!(decode_only, [(2, Vec::new())]);
        assert!(read(b"").is_err());
        // The library would number `[SEP]` after four tokens, with the number of `a`.
        let error = load(b"[UNK]\na\n\nb\na\n", &Settings::default()).err();
        assert!(matches!(error, Some(Error::Unsupported { .. })), "{error:?}");
    }
}

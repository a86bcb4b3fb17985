//! `model`: vocabulary, merges and settings.
//!
//! Vocabulary and merges are read straight into flat storage; strings stay where they are in the
//! file. A BPE over the letters of the byte alphabet becomes one over bytes, which is what our
//! fast encoder runs; all other models keep their tokens as the file spells them.

mod merges;
mod vocab;

use super::json::{Node, Object};
use crate::error::{Error, Result};
use crate::formats::Merges;
use crate::formats::pipeline::{self, Bpe, Unigram};
use crate::token::TokenId;
use crate::vocab::Vocab;
use std::borrow::Cow;
use std::collections::HashMap;
use vocab::Tokens;

/// Spelling -> id, as the file has it.
pub(super) type Spellings<'a> = HashMap<Cow<'a, str>, TokenId>;

/// What `model` says.
#[allow(clippy::struct_field_names, reason = "the name of the field in the file")]
pub(super) struct Model<'a> {
    /// The model's entries by their spelling.
    spellings: Spellings<'a>,
    /// The number of entries the library counts.
    pub(super) size: usize,
    pub(super) vocab: Vocab,
    /// Tokens that text never becomes: empty ones, and in a byte-level model those with a
    /// foreign character in their spelling.
    pub(super) decode_only: Vec<(TokenId, Vec<u8>)>,
    /// Those of a byte-level model.
    pub(super) merges: Merges,
    /// `ignore_merges` of a byte-level model.
    pub(super) whole_words: bool,
    pub(super) kind: pipeline::Model,
}

impl<'a> Model<'a> {
    /// The id of a spelling.
    pub(super) fn id(&self, spelling: &str) -> Option<TokenId> {
        self.spellings.get(spelling).copied()
    }

    /// Whether a token has this id.
    pub(super) fn has(&self, id: TokenId) -> bool {
        self.vocab.get(id).is_some()
            || self.decode_only.binary_search_by_key(&id, |&(id, _)| id).is_ok()
    }

    fn new(tokens: Tokens<'a>, kind: pipeline::Model) -> Self {
        let Tokens { spellings, vocab, decode_only, .. } = tokens;
        Self {
            size: spellings.len(),
            spellings,
            vocab,
            decode_only,
            merges: Merges::List(Vec::new()),
            whole_words: false,
            kind,
        }
    }
}

/// Reads `model`; `letters` says whether its text is in the letters of the byte alphabet.
pub(super) fn read<'a>(node: &Node<'a>, letters: bool) -> Result<Model<'a>> {
    let object = node.object()?;
    for (name, field) in object.fields() {
        // These are as long as the file, and whoever reads them checks them.
        if name != "vocab" && (name != "merges" || !field.is_array()) {
            field.check()?;
        }
    }
    let Some(kind) = object.get("type") else {
        return read_untagged(&object, letters);
    };
    object.once(&["type"])?;
    let reader = kind.choice(&[
        ("BPE", Kind::Bpe),
        ("WordPiece", Kind::WordPiece),
        ("WordLevel", Kind::WordLevel),
        ("Unigram", Kind::Unigram),
    ])?;
    match reader {
        Kind::Bpe => read_bpe(&object, letters),
        Kind::WordPiece => read_word_piece(&object),
        Kind::WordLevel => read_word_level(&object),
        Kind::Unigram => read_unigram(&object),
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Bpe,
    WordPiece,
    WordLevel,
    Unigram,
}

/// Old files do not say what the model is: the first kind that fits is taken.
fn read_untagged<'a>(object: &Object<'a>, letters: bool) -> Result<Model<'a>> {
    let bpe = read_bpe(object, letters);
    let Err(Error::Model { .. }) = bpe else { return bpe };
    let merges = object.get("merges");
    for read in [read_word_piece, read_word_level, read_unigram] {
        match read(object) {
            Err(Error::Model { .. }) => {}
            Ok(_) if merges.is_some() => {
                let why = "no `type`, and `merges` that do not fit `vocab`";
                return Err(object.node.unsupported(why));
            }
            other => return other,
        }
    }
    match merges {
        Some(_) => bpe,
        None => Err(object.node.error("`type` is missing, and the fields fit no model")),
    }
}

fn read_bpe<'a>(object: &Object<'a>, letters: bool) -> Result<Model<'a>> {
    let dropout: Option<f32> = object.optional("dropout")?;
    let unk_token = object.optional("unk_token")?;
    let continuing_subword_prefix: Option<String> = object.optional("continuing_subword_prefix")?;
    let end_of_word_suffix: Option<String> = object.optional("end_of_word_suffix")?;
    let fuse_unk = object.optional("fuse_unk")?.unwrap_or(false);
    let byte_fallback = object.optional("byte_fallback")?.unwrap_or(false);
    let ignore_merges = object.optional("ignore_merges")?.unwrap_or(false);
    let (vocab, merges) = (object.require("vocab")?, object.require("merges")?);
    if dropout.is_some_and(|dropout| !(0.0..=1.0).contains(&dropout)) {
        let node = object.require("dropout")?;
        return Err(node.error(format!("{} is no probability", node.text)));
    }
    let prefix = continuing_subword_prefix.as_deref().unwrap_or_default();
    let suffix = end_of_word_suffix.as_deref().unwrap_or_default();
    let plain = prefix.is_empty() && suffix.is_empty() && dropout.unwrap_or(0.0) <= 0.0;
    let tokens = vocab::read(&vocab, letters && plain)?;
    let merges = merges::read(&merges, &tokens, prefix.len())?;
    if tokens.bytes {
        // Every byte is a token: nothing is unknown, so settings for that mean nothing.
        let model = Model::new(tokens, pipeline::Model::ByteLevelBpe);
        return Ok(Model { merges: Merges::List(merges), whole_words: ignore_merges, ..model });
    }
    let bpe = Bpe {
        merges,
        dropout,
        unk_token,
        continuing_subword_prefix,
        end_of_word_suffix,
        fuse_unk,
        byte_fallback,
        ignore_merges,
    };
    Ok(Model::new(tokens, pipeline::Model::Bpe(bpe)))
}

/// A BPE from a vocabulary and the lines of a merges.txt.
pub(super) fn from_pair<'a>(vocab: &Node<'a>, merges: &str) -> Result<Model<'a>> {
    let tokens = vocab::read(vocab, true)?;
    let merges = merges::read_lines(merges, &tokens)?;
    if tokens.bytes {
        let model = Model::new(tokens, pipeline::Model::ByteLevelBpe);
        return Ok(Model { merges: Merges::List(merges), ..model });
    }
    let (prefix, suffix) = (Some(String::new()), Some(String::new()));
    let bpe = Bpe {
        merges,
        continuing_subword_prefix: prefix,
        end_of_word_suffix: suffix,
        ..Bpe::default()
    };
    Ok(Model::new(tokens, pipeline::Model::Bpe(bpe)))
}

fn read_word_piece<'a>(object: &Object<'a>) -> Result<Model<'a>> {
    let model = pipeline::Model::WordPiece {
        unk_token: object.string("unk_token")?,
        continuing_subword_prefix: object.string("continuing_subword_prefix")?,
        max_input_chars_per_word: object.value("max_input_chars_per_word")?,
    };
    Ok(Model::new(vocab::read(&object.require("vocab")?, false)?, model))
}

fn read_word_level<'a>(object: &Object<'a>) -> Result<Model<'a>> {
    let model = pipeline::Model::WordLevel { unk_token: object.string("unk_token")? };
    Ok(Model::new(vocab::read(&object.require("vocab")?, false)?, model))
}

fn read_unigram<'a>(object: &Object<'a>) -> Result<Model<'a>> {
    let unk_id: Option<usize> = object.optional("unk_id")?;
    let byte_fallback = object.value_or("byte_fallback", false)?;
    let vocab = object.require("vocab")?;
    let pieces: Vec<(Borrowed<'a>, f64)> = vocab.get()?;
    let scores: Vec<f64> = pieces.iter().map(|&(_, score)| score).collect();
    if let Some(id) = unk_id.filter(|&id| id >= scores.len()) {
        let why = format!("{id}, in a vocabulary of {} tokens", scores.len());
        return Err(object.require("unk_id")?.error(why));
    }
    let entries = pieces.into_iter().zip(0..).map(|((piece, _), id)| (piece.0, id)).collect();
    let tokens = vocab::numbered(&vocab, entries)?;
    let unk_id = unk_id.map(|id| id as TokenId);
    let size = scores.len();
    let model = pipeline::Model::Unigram(Unigram { scores, unk_id, byte_fallback });
    Ok(Model { size, ..Model::new(tokens, model) })
}

/// A string borrowed from the file where that is possible.
#[derive(serde::Deserialize)]
struct Borrowed<'a>(#[serde(borrow)] Cow<'a, str>);

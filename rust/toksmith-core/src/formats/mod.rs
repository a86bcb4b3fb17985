//! Reading and writing tokenizer files.
//!
//! A loader turns a file into a [`Definition`]: plain data, everything checked that can be
//! checked without building tables. [`crate::Tokenizer::build`] turns that into a tokenizer.
//! The format is found by content ([`detect()`]), never by name.
//!
//! Start at [`load`] and [`save`]; each format is one module. What a file asks for that cannot
//! be honoured is an [`Error::Unsupported`](crate::Error) naming the field, never ignored.

mod base64;
mod bert_vocab;
mod bpe_pair;
mod check;
mod detect;
pub mod folder;
mod gguf;
pub(crate) mod hf_json;
pub mod known;
mod native;
pub mod pipeline;
pub(crate) mod protobuf;
pub mod sentencepiece;
mod tekken;
mod tiktoken;

pub use bpe_pair::load_pair;
pub use detect::{Format, detect};
pub use known::sha256_hex as digest;

use crate::encode::pretokenize::Dialect;
use crate::error::{Error, Result};
use crate::token::TokenId;
use crate::vocab::Vocab;
use pipeline::Pipeline;
use std::collections::HashMap;

/// What a tokenizer file says.
#[derive(Debug, Clone, Default)]
pub struct Definition {
    /// A name, where the file or the caller has one.
    pub name: Option<String>,
    /// The model's own tokens: as bytes in a byte-level BPE, as the file spells them in any
    /// other model. Added tokens are in `added` (and may be here too).
    pub vocab: Vocab,
    /// Tokens that text never becomes, with the bytes they decode to (perhaps none): they are
    /// empty, or their spelling lies outside the byte alphabet. Their ids are not in `vocab`.
    pub decode_only: Vec<(TokenId, Vec<u8>)>,
    /// Which merges a byte-level BPE has and in which order.
    pub merges: Merges,
    /// Whether a pre-token that is a token is taken whole without merging: always so in
    /// tiktoken, and in tokenizer.json under `ignore_merges`.
    pub whole_words: bool,
    /// How text is cut before merging, in a byte-level BPE that does nothing else; applied one
    /// after the other, each inside the pieces of the one before. Empty: the whole text is one
    /// piece. In files that list stages, [`Pipeline::pre_tokenizers`] has these cuts, too.
    pub splits: Vec<Split>,
    /// Tokens found in text before everything else.
    pub added: Vec<AddedToken>,
    /// How added tokens are searched.
    pub search: AddedSearch,
    /// In a byte-level BPE, pairs by which neighbouring pre-tokens that are one token each are
    /// joined, the first in the list first; `None`: none are.
    pub joins: Option<Vec<(TokenId, TokenId)>>,
    /// Everything else; by default, that of a rank file.
    pub pipeline: Pipeline,
}

/// The merge rules of a byte-level BPE.
#[derive(Debug, Clone, Default)]
pub enum Merges {
    /// tiktoken: two neighbours merge if their bytes together are a token; the token with
    /// the lowest id first.
    #[default]
    ByRank,
    /// tokenizer.json: `(left, right, product)` as ids, first line first, each pair once.
    List(Vec<(TokenId, TokenId, TokenId)>),
    /// Already reduced to the one live pair a token, in merge order; see `bpe/build.rs`.
    Compiled(Compiled),
}

/// The reduced form of a merge table, as it is stored in native files.
#[derive(Debug, Clone, Default)]
pub struct Compiled {
    /// Rank -> id. The first 256 are the bytes 0..=255 in byte order.
    pub ids: Vec<TokenId>,
    /// `(left, right)` ranks of rank `256 + i`; tokens of higher rank have no merge.
    pub parts: Vec<(u32, u32)>,
    /// Whether the file lists more merges, which only dropout ever makes.
    pub reduced: bool,
}

/// One cut of text into pieces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// The regular expression, as written in the file.
    pub pattern: String,
    /// In which syntax it is written.
    pub dialect: Dialect,
    /// What happens to what matches and to what lies between.
    pub behaviour: SplitBehaviour,
    /// Matches are what lies between matches of `pattern`.
    pub invert: bool,
}

/// `behavior` of a Split pre-tokenizer, in the terms of tokenizer.json.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SplitBehaviour {
    /// Each match and each gap is a piece.
    #[default]
    Isolated,
    /// Matches are dropped.
    Removed,
    /// A match joins the piece before it.
    MergedWithPrevious,
    /// A match joins the piece after it.
    MergedWithNext,
    /// Neighbouring matches join each other.
    Contiguous,
}

/// A token that is searched in the text itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[allow(clippy::struct_excessive_bools, reason = "the fields of the file")]
pub struct AddedToken {
    /// Its id.
    pub id: TokenId,
    /// Its text.
    pub content: String,
    /// Whether it is special: ordinary text unless allowed.
    pub special: bool,
    /// Whether it is searched in the second pass, after the normalizer.
    pub normalized: bool,
    /// Whether it is found only where no letter or digit touches it.
    pub single_word: bool,
    /// Whether it takes the white space before it.
    pub lstrip: bool,
    /// Whether it takes the white space after it.
    pub rstrip: bool,
}

/// How a match that is not allowed is passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AddedSearch {
    /// tiktoken: the search goes on one character later.
    #[default]
    NextCharacter,
    /// tokenizers: the search goes on after the match.
    AfterMatch,
}

impl Split {
    /// A split as tiktoken does it: matches are pieces, what lies between is dropped.
    pub fn tiktoken(pattern: impl Into<String>) -> Self {
        Self {
            pattern: pattern.into(),
            dialect: Dialect::FancyRegex,
            behaviour: SplitBehaviour::Removed,
            invert: true,
        }
    }
}

/// What the caller says about a file that the file does not say itself.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// How a rank file's text is cut: a regular expression in the syntax of fancy-regex, or the
    /// name of a known vocabulary.
    pub pattern: Option<String>,
    /// A rank file's special tokens and their ids.
    pub specials: Option<HashMap<String, TokenId>>,
    /// A name. For a rank file, that of a known vocabulary brings its pattern and special tokens.
    pub name: Option<String>,
}

/// Reads a tokenizer file of any supported format.
///
/// # Errors
/// [`Error::Model`] with the place where the file is malformed, [`Error::Unsupported`] naming
/// what cannot be honoured, [`Error::Vocabulary`] if `options` lack something or do not fit.
pub fn load(data: &[u8], options: &Options) -> Result<Definition> {
    let format = detect(data)?;
    let mut definition = match format {
        Format::Tiktoken => return tiktoken::load(data, options),
        Format::Folder => folder::load_packed(data, options)?,
        Format::HfJson => hf_json::load(data)?,
        Format::Native => native::load(data)?,
        Format::VocabTxt => bert_vocab::load(data, &bert_vocab::Settings::default())?,
        Format::VocabJson => {
            let why = "a vocabulary without its merges (open the folder, or give merges.txt, too)";
            return Err(Error::unsupported(why));
        }
        Format::SentencePiece => {
            let loaded = sentencepiece::load(data)?;
            Definition { pipeline: loaded.pipeline, ..loaded.definition }
        }
        Format::Tekken => tekken::load(data)?,
        Format::Gguf => gguf::load(data)?,
    };
    check::consistent(&definition)?;
    // These formats say how text is cut and what is special; another answer would be ignored.
    for (argument, given) in
        [("pattern", options.pattern.is_some()), ("specials", options.specials.is_some())]
    {
        // The files of a folder may well be ranks; they have been asked.
        if given && format != Format::Folder {
            return Err(Error::unsupported(format!("{argument}= for {format}, which has its own")));
        }
    }
    if options.name.is_some() {
        definition.name.clone_from(&options.name);
    }
    Ok(definition)
}

/// Reads a `tokenizer.json`, and nothing else.
///
/// # Errors
/// As of [`load`].
pub fn load_json(data: &[u8]) -> Result<Definition> {
    let definition = hf_json::load(data)?;
    check::consistent(&definition)?;
    Ok(definition)
}

/// How like the tokenizer a file must be that cannot say all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fidelity {
    /// The same ids for every text, or none.
    #[default]
    Exact,
    /// The usual conversion, which gives other ids for a few texts.
    Nearest,
}

/// Writes a tokenizer; `compiled` is the reduced form of `definition.merges`, empty if the model
/// is no byte-level BPE.
///
/// # Errors
/// [`Error::Unsupported`] if the format cannot express a tokenizer that gives the same ids, or
/// is one that is only read.
pub fn save(definition: &Definition, compiled: &Compiled, format: Format) -> Result<Vec<u8>> {
    save_as(definition, compiled, format, Fidelity::Exact)
}

/// As [`save`], as faithful as asked for.
///
/// # Errors
/// As [`save`].
pub fn save_as(
    definition: &Definition,
    compiled: &Compiled,
    format: Format,
    fidelity: Fidelity,
) -> Result<Vec<u8>> {
    if definition.joins.is_some() && format != Format::Native {
        return Err(Error::unsupported(format!(
            "joined pre-tokens in {format}, which cannot express them; .toksmith can"
        )));
    }
    match format {
        Format::HfJson => hf_json::save(definition, compiled, fidelity),
        Format::Tiktoken => tiktoken::save(definition, compiled),
        Format::Native => native::save(definition, compiled),
        Format::SentencePiece => sentencepiece::save(definition, fidelity),
        Format::Gguf | Format::Tekken | Format::VocabTxt | Format::VocabJson | Format::Folder => {
            Err(Error::unsupported(format!("writing {format}")))
        }
    }
}

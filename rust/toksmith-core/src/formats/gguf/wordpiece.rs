//! `bert`: WordPiece.
//!
//! In the file a token that begins a word is spelled after U+2581 and one inside a word as it is;
//! here as in a vocab.txt, `##` before the latter. Words have no greatest length.
//!
//! Text is cleaned as llama.cpp does it, which is not as BERT does it: all marks go, and of a
//! character's canonical decomposition only the first part stays, so that of a Hangul syllable
//! its first letter is left ([`first_letters`]).

use super::container::Metadata;
use super::kinds::is_added;
use super::tokens::Tokens;
use crate::encode::pretokenize::Dialect;
use crate::error::{Error, Result};
use crate::formats::pipeline::{Decoder, Model, Normalizer, Pattern, Pipeline, PreTokenizer};
use crate::formats::{AddedSearch, Definition, Merges, Split, SplitBehaviour};
use crate::vocab::Vocab;
use std::collections::HashSet;

/// Before tokens inside a word.
const INSIDE: &str = "##";

/// Reads a `bert` vocabulary.
pub(super) fn load(metadata: &Metadata<'_>, tokens: &Tokens<'_>) -> Result<Definition> {
    let count = tokens.texts.len();
    let mut vocab = Vocab::with_capacity(count, count * 8);
    let mut seen = HashSet::with_capacity(count);
    for (id, (text, &kind)) in (0..).zip(tokens.texts.iter().zip(&tokens.kinds)) {
        // Brackets are words by themselves, so such a token is never part of one.
        let bracketed = text.starts_with('[') && text.ends_with(']') && text.len() > 2;
        let spelling = match text.strip_prefix('\u{2581}') {
            _ if is_added(kind) || bracketed => text.clone().into_owned(),
            Some("") => return Err(Error::unsupported("GGUF: an empty word in a bert vocabulary")),
            Some(word) => word.to_owned(),
            None => format!("{INSIDE}{text}"),
        };
        if !seen.insert(spelling.clone()) {
            let feature = format!("GGUF: two tokens of a bert vocabulary for {spelling:.80?}");
            return Err(Error::unsupported(feature));
        }
        vocab.insert(id, spelling.as_bytes(), count)?;
    }
    let unknown = tokens.unknown().and_then(|id| vocab.get(id));
    let Some(unk_token) = unknown.map(|bytes| String::from_utf8_lossy(bytes).into_owned()) else {
        return Err(Error::field("tokenizer.ggml.unknown_token_id", "missing"));
    };
    let option = |name: &str| metadata.flag(&format!("tokenizer.ggml.normalizer.{name}"));
    let lowercase = option("lowercase")?.unwrap_or(true);
    let strip_accents = option("strip_accents")?.unwrap_or(lowercase);
    Ok(Definition {
        vocab,
        merges: Merges::List(Vec::new()),
        search: AddedSearch::AfterMatch,
        pipeline: Pipeline {
            normalizer: Some(Normalizer::Sequence(cleaning(lowercase, strip_accents))),
            pre_tokenizers: vec![
                split(r"\s+", SplitBehaviour::Removed),
                split(ALONE, SplitBehaviour::Isolated),
            ],
            model: Model::WordPiece {
                unk_token,
                continuing_subword_prefix: INSIDE.into(),
                max_input_chars_per_word: usize::MAX,
            },
            decoder: Some(Decoder::WordPiece { prefix: INSIDE.into(), cleanup: true }),
            ..Pipeline::default()
        },
        ..Definition::default()
    })
}

/// Characters that are words by themselves: punctuation, signs of ASCII, ideographs.
const ALONE: &str = concat!(
    r"[\p{P}$+<=>^`|~",
    "\u{3400}-\u{4DBF}\u{4E00}-\u{9FFF}\u{F900}-\u{FAFF}\u{20000}-\u{2A6DF}",
    "\u{2A700}-\u{2B73F}\u{2B740}-\u{2B81F}\u{2B920}-\u{2CEAF}\u{2F800}-\u{2FA1F}]"
);

/// What is neither white space nor shown.
const CONTROL: &str =
    concat!(r"[\x00-\x08\x0E-\x1F\x7F", "\u{80}-\u{84}\u{86}-\u{9F}\u{FFFD}", r"\p{Cf}\p{Co}]");

fn split(pattern: &str, behaviour: SplitBehaviour) -> PreTokenizer {
    let (pattern, dialect) = (pattern.to_owned(), Dialect::FancyRegex);
    PreTokenizer::Split(Split { pattern, dialect, behaviour, invert: false })
}

fn replace(pattern: &str, content: &str) -> Normalizer {
    let pattern = Pattern { pattern: pattern.to_owned(), dialect: Dialect::FancyRegex };
    Normalizer::Replace { pattern, content: content.to_owned() }
}

/// What is done to text before it is cut.
fn cleaning(lowercase: bool, strip_accents: bool) -> Vec<Normalizer> {
    let mut steps = vec![replace(CONTROL, "")];
    if strip_accents {
        steps.extend(first_letters());
        steps.extend([Normalizer::Nfd, replace(r"\p{M}", "")]);
    }
    if lowercase {
        steps.push(Normalizer::Lowercase);
    }
    steps
}

/// Hangul syllables become their first letters; those of a letter are 588 in a row.
fn first_letters() -> impl Iterator<Item = Normalizer> {
    let character = |code: u32| char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
    (0..19).map(move |letter| {
        let first = 0xAC00 + 588 * letter;
        let syllables = format!("[{}-{}]", character(first), character(first + 587));
        replace(&syllables, &String::from(character(0x1100 + letter)))
    })
}

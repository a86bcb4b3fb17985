//! `gpt2`: a byte-level BPE, or for some pre-tokenizers one over characters.
//!
//! As llama.cpp has it: of a pair of tokens that is listed twice the first line counts, and a
//! special token is one of the model's only if its merges make it.

use super::container::Metadata;
use super::kinds::{Kind, is_added};
use super::pre::Pre;
use super::tokens::Tokens;
use crate::encode::pretokenize::Dialect;
use crate::error::{Error, Result};
use crate::formats::hf_json::alphabet;
use crate::formats::pipeline::{Bpe, Decoder, Model, Normalizer, Pattern, Pipeline, PreTokenizer};
use crate::formats::{AddedSearch, Definition, Merges, Split, SplitBehaviour, tiktoken};
use crate::token::TokenId;
use crate::vocab::Vocab;
use std::collections::{HashMap, HashSet};

/// `(left, right, product)`.
type Merge = (TokenId, TokenId, TokenId);

/// Reads the merges and puts the tokenizer together.
pub(super) fn load(metadata: &Metadata<'_>, tokens: &Tokens<'_>, pre: &Pre) -> Result<Definition> {
    let merges = merges(metadata, tokens)?;
    if pre.raw { over_characters(tokens, pre, merges) } else { byte_level(tokens, pre, merges) }
}

fn merges(metadata: &Metadata<'_>, tokens: &Tokens<'_>) -> Result<Vec<Merge>> {
    let key = "tokenizer.ggml.merges";
    let Some(lines) = metadata.texts(key)? else {
        return Err(Error::field(key, "missing"));
    };
    let ids: HashMap<&str, TokenId> = tokens.texts.iter().map(AsRef::as_ref).zip(0..).collect();
    let mut seen = HashSet::with_capacity(lines.len());
    let mut merges = Vec::with_capacity(lines.len());
    let mut joined = String::new();
    for (number, line) in lines.into_iter().enumerate() {
        let path = || format!("{key}[{number}]");
        // A part may be a space.
        let space = line.char_indices().skip(1).find(|&(_, character)| character == ' ');
        let parts = space.and_then(|(at, _)| Some((line.get(..at)?, line.get(at + 1..)?)));
        let Some((left, right)) = parts else {
            return Err(Error::field(path(), "expected two tokens with a space between"));
        };
        let find = |text: &str| {
            let id = ids.get(text).copied();
            id.ok_or_else(|| Error::field(path(), format!("{text:.80?} is no token")))
        };
        joined.clear();
        joined.push_str(left);
        joined.push_str(right);
        let merge = (find(left)?, find(right)?, find(&joined)?);
        if seen.insert((merge.0, merge.1)) {
            merges.push(merge);
        }
    }
    Ok(merges)
}

/// Tokens that merges make or are made of.
fn merged(merges: &[Merge]) -> HashSet<TokenId> {
    merges.iter().flat_map(|&(left, right, product)| [left, right, product]).collect()
}

fn byte_level(tokens: &Tokens<'_>, pre: &Pre, merges: Vec<Merge>) -> Result<Definition> {
    let (mut vocab, mut decode_only) = (Vocab::with_capacity(tokens.texts.len(), 0), Vec::new());
    let merged = merged(&merges);
    let mut bytes = Vec::new();
    for (id, (text, &kind)) in (0..).zip(tokens.texts.iter().zip(&tokens.kinds)) {
        bytes.clear();
        let spelled = alphabet::decode(text, &mut bytes);
        if is_added(kind) && !(spelled && merged.contains(&id)) {
            continue;
        }
        if is_added(kind) && bytes != text.as_bytes() {
            let feature = format!("GGUF: the added token {text:.80?}, which merges make");
            return Err(Error::unsupported(feature));
        }
        if spelled {
            vocab.insert(id, &bytes, tokens.texts.len())?;
        } else {
            decode_only.push((id, text.as_bytes().to_vec()));
        }
    }
    let known = |&(left, right, product): &Merge| {
        [left, right, product].iter().all(|&id| vocab.get(id).is_some())
    };
    let merges: Vec<Merge> = merges.into_iter().filter(known).collect();
    if tiktoken::missing_byte(&vocab).is_some() {
        return over_letters(&vocab, decode_only, pre, merges);
    }
    Ok(Definition {
        merges: Merges::List(merges),
        whole_words: pre.whole_words,
        pipeline: letters(pre, Model::ByteLevelBpe),
        vocab,
        decode_only,
        splits: pre.splits(),
        search: AddedSearch::AfterMatch,
        ..Definition::default()
    })
}

/// Stages and decoder of a model over the letters of the byte alphabet.
fn letters(pre: &Pre, model: Model) -> Pipeline {
    let cuts = pre.splits().into_iter().map(PreTokenizer::Split);
    Pipeline {
        pre_tokenizers: cuts.chain([PreTokenizer::letters()]).collect(),
        model,
        decoder: Some(Decoder::ByteLevel {
            add_prefix_space: false,
            trim_offsets: true,
            use_regex: true,
        }),
        ..Pipeline::default()
    }
}

/// A vocabulary without some of the bytes, which most often are those that UTF-8 never has. A
/// byte without a token is passed over, but nothing merges across it: the text is cut there.
fn over_letters(
    bytes: &Vocab,
    decode_only: Vec<(TokenId, Vec<u8>)>,
    pre: &Pre,
    merges: Vec<Merge>,
) -> Result<Definition> {
    let mut vocab = Vocab::with_capacity(bytes.id_limit(), 0);
    for (id, token) in bytes.iter() {
        vocab.insert(id, alphabet::encode(token).as_bytes(), bytes.id_limit())?;
    }
    let mut present = [false; 256];
    for (_, token) in bytes.iter() {
        if let [byte] = token {
            present[usize::from(*byte)] = true;
        }
    }
    let missing = (0..=u8::MAX).filter(|&byte| !present[usize::from(byte)]);
    let starts = missing.map(starting_with).collect::<Result<String>>()?;
    let bpe = Bpe { merges, ignore_merges: pre.whole_words, ..Bpe::default() };
    let mut pipeline = letters(pre, Model::Bpe(bpe));
    if !starts.is_empty() {
        let cut = Split {
            pattern: format!("[{starts}]"),
            dialect: Dialect::FancyRegex,
            behaviour: SplitBehaviour::MergedWithNext,
            invert: false,
        };
        let before_letters = pipeline.pre_tokenizers.len().saturating_sub(1);
        pipeline.pre_tokenizers.insert(before_letters, PreTokenizer::Split(cut));
    }
    Ok(Definition {
        vocab,
        decode_only,
        search: AddedSearch::AfterMatch,
        merges: Merges::List(Vec::new()),
        pipeline,
        ..Definition::default()
    })
}

/// The characters whose UTF-8 starts with a byte, as a range of a class; none of a byte that
/// UTF-8 never has.
fn starting_with(byte: u8) -> Result<String> {
    let lead = u32::from(byte);
    let (first, last) = match byte {
        0..=0x7F => (lead, lead),
        0x80..=0xBF => {
            let feature = format!("GGUF: a byte-level vocabulary without the byte 0x{byte:02x}");
            return Err(Error::unsupported(feature));
        }
        0xC2..=0xDF => ((lead & 0x1F) << 6, (lead & 0x1F) << 6 | 0x3F),
        0xE0..=0xEF => (((lead & 0xF) << 12).max(0x800), (lead & 0xF) << 12 | 0xFFF),
        0xF0..=0xF4 => {
            let first = ((lead & 7) << 18).max(0x1_0000);
            (first, ((lead & 7) << 18 | 0x3_FFFF).min(0x10_FFFF))
        }
        0xC0 | 0xC1 | 0xF5..=0xFF => return Ok(String::new()),
    };
    Ok(format!(r"\x{{{first:X}}}-\x{{{last:X}}}"))
}

/// A literal string as a pattern.
fn literal(text: &str) -> Pattern {
    Pattern { pattern: text.to_owned(), dialect: Dialect::FancyRegex }
}

/// Spaces become U+2581, and what has no token its bytes.
fn over_characters(tokens: &Tokens<'_>, pre: &Pre, merges: Vec<Merge>) -> Result<Definition> {
    let (mut vocab, mut decode_only) = (Vocab::with_capacity(tokens.texts.len(), 0), Vec::new());
    let merged = merged(&merges);
    for (id, (text, &kind)) in (0..).zip(tokens.texts.iter().zip(&tokens.kinds)) {
        if is_added(kind) && !merged.contains(&id) {
            decode_only.push((id, text.as_bytes().to_vec()));
        } else {
            vocab.insert(id, text.as_bytes(), tokens.texts.len())?;
        }
    }
    let bytes: HashSet<&str> = tokens.texts.iter().map(AsRef::as_ref).collect();
    if (0..=u8::MAX).any(|byte| !bytes.contains(format!("<0x{byte:02X}>").as_str())) {
        return Err(Error::unsupported("GGUF: a vocabulary without its 256 byte tokens"));
    }
    let runs = (2..=tokens.texts.len().min(64)).map(|length| "\n".repeat(length));
    if pre.whole_newlines {
        check_newlines(tokens, &merges, runs)?;
    }
    let bpe = Bpe { merges, byte_fallback: true, ignore_merges: pre.whole_words, ..Bpe::default() };
    let space = Normalizer::Replace { pattern: literal(" "), content: "\u{2581}".into() };
    let spaces = Decoder::Replace { pattern: literal("\u{2581}"), content: " ".into() };
    Ok(Definition {
        vocab,
        decode_only,
        search: AddedSearch::AfterMatch,
        merges: Merges::List(Vec::new()),
        pipeline: Pipeline {
            normalizer: Some(space),
            pre_tokenizers: pre.splits().into_iter().map(PreTokenizer::Split).collect(),
            model: Model::Bpe(bpe),
            decoder: Some(Decoder::Sequence(vec![spaces, Decoder::ByteFallback, Decoder::Fuse])),
            ..Pipeline::default()
        },
        ..Definition::default()
    })
}

/// A run of newlines that is a token is one, whatever the merges say. That is what merging gives
/// as well, in known files; any other is refused.
fn check_newlines(
    tokens: &Tokens<'_>,
    merges: &[Merge],
    runs: impl Iterator<Item = String>,
) -> Result<()> {
    let text = |id: TokenId| tokens.texts.get(id as usize).map(AsRef::as_ref).unwrap_or_default();
    let is_run = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte == b'\n');
    let order: Vec<(usize, usize)> = merges
        .iter()
        .map(|&(left, right, _)| (text(left), text(right)))
        .filter(|(left, right)| is_run(left) && is_run(right))
        .map(|(left, right)| (left.len(), right.len()))
        .collect();
    let known: HashSet<&str> = tokens
        .texts
        .iter()
        .zip(&tokens.kinds)
        .filter(|(_, kind)| **kind != Kind::UserDefined)
        .map(|(text, _)| text.as_ref())
        .collect();
    for run in runs.filter(|run| known.contains(run.as_str())) {
        let mut parts = vec![1; run.len()];
        // The pair that comes first in the list, the leftmost of several.
        while let Some((_, at)) = (0..parts.len().saturating_sub(1))
            .filter_map(|at| {
                let pair = (parts[at], parts[at + 1]);
                Some((order.iter().position(|known| *known == pair)?, at))
            })
            .min()
        {
            parts[at] += parts.remove(at + 1);
        }
        if parts.len() > 1 {
            let feature = format!("GGUF: a token of {} newlines that no merge makes", run.len());
            return Err(Error::unsupported(feature));
        }
    }
    Ok(())
}

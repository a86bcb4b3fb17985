//! `model`, written piece by piece: it is nearly all of the file.

use super::push_string;
use crate::error::{Error, Result};
use crate::formats::pipeline::{Bpe, Model, Unigram};
use crate::formats::{Compiled, Definition, Merges};
use crate::token::TokenId;
use std::collections::HashMap;
use std::fmt::Write as _;

type Entries = [(TokenId, String)];

/// Appends the fields of `model`. `vocab` is sorted by id; `moved` says whether added tokens had
/// to be put there.
pub(super) fn push(
    out: &mut String,
    definition: &Definition,
    compiled: &Compiled,
    vocab: &Entries,
    moved: bool,
) -> Result<()> {
    match &definition.pipeline.model {
        Model::ByteLevelBpe => push_byte_level(out, definition, compiled, vocab, moved),
        Model::Bpe(bpe) => push_bpe(out, bpe, vocab),
        Model::Unigram(unigram) => push_unigram(out, unigram, vocab),
        Model::WordPiece { unk_token, continuing_subword_prefix, max_input_chars_per_word } => {
            out.push_str("\"type\":\"WordPiece\",\"unk_token\":");
            push_string(out, unk_token);
            out.push_str(",\"continuing_subword_prefix\":");
            push_string(out, continuing_subword_prefix);
            let _ = write!(out, ",\"max_input_chars_per_word\":{max_input_chars_per_word},");
            push_vocab(out, vocab);
            Ok(())
        }
        Model::WordLevel { unk_token } => {
            out.push_str("\"type\":\"WordLevel\",");
            push_vocab(out, vocab);
            out.push_str(",\"unk_token\":");
            push_string(out, unk_token);
            Ok(())
        }
        Model::SentencePiece(_) => {
            Err(Error::unsupported("a SentencePiece model in a tokenizer.json"))
        }
    }
}

fn push_byte_level(
    out: &mut String,
    definition: &Definition,
    compiled: &Compiled,
    vocab: &Entries,
    moved: bool,
) -> Result<()> {
    // If every token is made by a merge, taking it whole makes no difference; without the
    // flag, special tokens listed in `vocab` stay unreachable from text.
    let dead = compiled.ids.len() > 256 + compiled.parts.len();
    let ignore_merges = definition.whole_words && (dead || !moved);
    out.push_str(
        "\"type\":\"BPE\",\"dropout\":null,\"unk_token\":null,\
         \"continuing_subword_prefix\":null,\"end_of_word_suffix\":null,\"fuse_unk\":false,\
         \"byte_fallback\":false,\"ignore_merges\":",
    );
    let _ = write!(out, "{ignore_merges},");
    push_vocab(out, vocab);
    let id = |rank: u32| {
        let missing = || Error::Vocabulary { why: format!("no token has rank {rank}") };
        compiled.ids.get(rank as usize).copied().ok_or_else(missing)
    };
    let pairs: Vec<(TokenId, TokenId)> = match &definition.merges {
        Merges::List(list) => list.iter().map(|&(left, right, _)| (left, right)).collect(),
        _ => compiled
            .parts
            .iter()
            .map(|&(left, right)| Ok((id(left)?, id(right)?)))
            .collect::<Result<_>>()?,
    };
    push_merges(out, &pairs, vocab)
}

fn push_bpe(out: &mut String, bpe: &Bpe, vocab: &Entries) -> Result<()> {
    out.push_str("\"type\":\"BPE\",\"dropout\":");
    match bpe.dropout {
        Some(dropout) => {
            let _ = write!(out, "{dropout}");
        }
        None => out.push_str("null"),
    }
    for (name, text) in [
        ("unk_token", &bpe.unk_token),
        ("continuing_subword_prefix", &bpe.continuing_subword_prefix),
        ("end_of_word_suffix", &bpe.end_of_word_suffix),
    ] {
        let _ = write!(out, ",\"{name}\":");
        match text {
            Some(text) => push_string(out, text),
            None => out.push_str("null"),
        }
    }
    for (name, flag) in [
        ("fuse_unk", bpe.fuse_unk),
        ("byte_fallback", bpe.byte_fallback),
        ("ignore_merges", bpe.ignore_merges),
    ] {
        let _ = write!(out, ",\"{name}\":{flag}");
    }
    out.push(',');
    push_vocab(out, vocab);
    let pairs: Vec<_> = bpe.merges.iter().map(|&(left, right, _)| (left, right)).collect();
    push_merges(out, &pairs, vocab)
}

fn push_unigram(out: &mut String, unigram: &Unigram, vocab: &Entries) -> Result<()> {
    out.push_str("\"type\":\"Unigram\",\"unk_id\":");
    match unigram.unk_id {
        Some(id) => {
            let _ = write!(out, "{id}");
        }
        None => out.push_str("null"),
    }
    out.push_str(",\"vocab\":[");
    if vocab.len() != unigram.scores.len() {
        return Err(Error::unsupported("a Unigram vocabulary with holes in a tokenizer.json"));
    }
    for (place, ((id, spelling), &score)) in (0..).zip(vocab.iter().zip(&unigram.scores)) {
        if *id != place {
            return Err(Error::unsupported("a Unigram vocabulary with holes in a tokenizer.json"));
        }
        out.push_str(if place == 0 { "\n[" } else { ",\n[" });
        push_string(out, spelling);
        out.push(',');
        push_score(out, score)?;
        out.push(']');
    }
    let _ = write!(out, "],\"byte_fallback\":{}", unigram.byte_fallback);
    Ok(())
}

/// Appends a number that the library's parser, which is not always exact in the last place,
/// reads as this very one.
fn push_score(out: &mut String, score: f64) -> Result<()> {
    let near = |steps: i64| f64::from_bits(score.to_bits().wrapping_add_signed(steps));
    let shortest = [0, 1, -1, 2, -2, 3, -3].into_iter().map(|steps| format!("{:?}", near(steps)));
    let longer = (16..20).map(|digits| format!("{score:.digits$e}"));
    let exact = |text: &String| {
        serde_json::from_str(text).is_ok_and(|read: f64| {
            read.to_bits() == score.to_bits() || (read == 0.0 && score == 0.0)
        })
    };
    match shortest.chain(longer).find(exact) {
        Some(text) => {
            out.push_str(&text);
            Ok(())
        }
        None => Err(Error::unsupported(format!("the score {score} in a tokenizer.json"))),
    }
}

fn push_vocab(out: &mut String, vocab: &Entries) {
    out.push_str("\"vocab\":{");
    for (i, (id, spelling)) in vocab.iter().enumerate() {
        out.push_str(if i == 0 { "\n" } else { ",\n" });
        push_string(out, spelling);
        let _ = write!(out, ":{id}");
    }
    out.push('}');
}

fn push_merges(out: &mut String, pairs: &[(TokenId, TokenId)], vocab: &Entries) -> Result<()> {
    let places: HashMap<TokenId, &str> =
        vocab.iter().map(|(id, spelling)| (*id, spelling.as_str())).collect();
    let spelling = |id: TokenId| {
        let missing = || Error::Vocabulary { why: format!("no token has id {id}") };
        places.get(&id).copied().ok_or_else(missing)
    };
    out.push_str(",\"merges\":[");
    for (i, &(left, right)) in pairs.iter().enumerate() {
        out.push_str(if i == 0 { "\n[" } else { ",\n[" });
        push_string(out, spelling(left)?);
        out.push(',');
        push_string(out, spelling(right)?);
        out.push(']');
    }
    out.push(']');
    Ok(())
}

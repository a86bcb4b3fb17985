//! The types of tokens, and how llama.cpp corrects them by spelling: what ends a text is special
//! ([`ENDS`]), as is what marks the parts of a file to be completed ([`PARTS`]).

use super::container::Metadata;
use super::tokens::enough;
use crate::error::Result;
use crate::token::TokenId;
use std::borrow::Cow;
use std::collections::HashMap;

/// The type of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Text.
    Normal,
    /// Stands for what has no token.
    Unknown,
    /// Special.
    Control,
    /// Always found in text, before everything else.
    UserDefined,
    /// Not used.
    Unused,
    /// Of no known type.
    Undefined,
    /// `<0xNN>`.
    Byte,
}

/// Tokens that end a text; special whatever the file says.
const ENDS: [&str; 22] = [
    "<|eot_id|>",
    "<|im_end|>",
    "<|end|>",
    "<|return|>",
    "<|call|>",
    "<|flush|>",
    "<|calls|>",
    "<end_of_turn>",
    "<|endoftext|>",
    "</s>",
    "<|eom_id|>",
    "<EOT>",
    "_<EOT>",
    "[EOT]",
    "[EOS]",
    "<|end_of_text|>",
    "<end_of_utterance>",
    "<eos>",
    "<turn|>",
    "<|tool_response>",
    "<｜end▁of▁sentence｜>",
    "[e~[",
];

/// Tokens for parts of a file to be completed. Of each kind the first that the vocabulary has is
/// special, unless the file gives that part to another token under one of the keys.
const PARTS: [(&[&str], &[&str]); 6] = [
    (
        &["fim_pre_token_id", "prefix_token_id"],
        &[
            "<|fim_prefix|>",
            "<fim-prefix>",
            "<fim_prefix>",
            "<｜fim▁begin｜>",
            "<PRE>",
            "▁<PRE>",
            "<|code_prefix|>",
            "<|prefix|>",
        ],
    ),
    (
        &["fim_suf_token_id", "suffix_token_id"],
        &[
            "<|fim_suffix|>",
            "<fim-suffix>",
            "<fim_suffix>",
            "<｜fim▁hole｜>",
            "<SUF>",
            "▁<SUF>",
            "<|code_suffix|>",
            "<|suffix|>",
        ],
    ),
    (
        &["fim_mid_token_id", "middle_token_id"],
        &[
            "<|fim_middle|>",
            "<fim-middle>",
            "<fim_middle>",
            "<｜fim▁end｜>",
            "<MID>",
            "▁<MID>",
            "<|code_middle|>",
            "<|middle|>",
        ],
    ),
    (&["fim_pad_token_id"], &["<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>", "[PAD]"]),
    (
        &["fim_rep_token_id"],
        &["<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<REPO>", "<reponame>"],
    ),
    (&["fim_sep_token_id"], &["<|file_sep|>"]),
];

/// Tokens of one vocabulary that are to be shown, and so are not special.
const SHOWN: [&str; 4] = ["<|channel|>", "<|message|>", "<|start|>", "<|constrain|>"];

/// The types that a file gives, normal where it gives none.
pub(super) fn read(metadata: &Metadata<'_>, count: usize) -> Result<Vec<Kind>> {
    let key = "tokenizer.ggml.token_type";
    let Some(numbers) = metadata.integers(key)? else { return Ok(vec![Kind::Normal; count]) };
    let kind = |&number: &i32| match number {
        1 => Kind::Normal,
        2 => Kind::Unknown,
        3 => Kind::Control,
        4 => Kind::UserDefined,
        5 => Kind::Unused,
        6 => Kind::Byte,
        _ => Kind::Undefined,
    };
    enough(key, numbers.len(), count)?;
    Ok(numbers.iter().take(count).map(kind).collect())
}

/// Makes special what looks special.
pub(super) fn correct(
    kinds: &mut [Kind],
    metadata: &Metadata<'_>,
    ids: &HashMap<Cow<'_, str>, TokenId>,
) -> Result<()> {
    let mut set = |text: &str, kind: Kind| {
        let id = ids.get(text).copied();
        let place = id.and_then(|id| kinds.get_mut(id as usize));
        if let Some(place) = place {
            *place = kind;
        }
    };
    for (keys, names) in PARTS {
        let mut given = false;
        for key in keys {
            given |= metadata.integer(&format!("tokenizer.ggml.{key}"))?.is_some();
        }
        if let Some(name) = names.iter().find(|&&name| ids.contains_key(name)).filter(|_| !given) {
            set(name, Kind::Control);
        }
    }
    for name in ENDS {
        set(name, Kind::Control);
    }
    for name in SHOWN {
        set(name, Kind::UserDefined);
    }
    let has = |name: &str| ids.contains_key(name);
    if has("<|end|>")
        && (has("<|call|>") || has("<|calls|>"))
        && (has("<|return|>") || has("<|flush|>"))
    {
        set("<|end|>", Kind::UserDefined);
    }
    if has("<|tool_response>") {
        set("</s>", Kind::Normal);
    }
    Ok(())
}

/// Whether tokens of a type are found in the text itself.
pub(super) fn is_added(kind: Kind) -> bool {
    matches!(kind, Kind::Unknown | Kind::Control | Kind::UserDefined)
}

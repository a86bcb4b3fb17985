//! What is known about published vocabularies beyond their rank files: how text is cut and
//! which tokens are special.
//!
//! Patterns, names and ids are facts of the vocabularies' publishers, where tiktoken
//! 0.14.0 has them as it has them. Start at [`embedded`] for what comes with the package and
//! at [`by_hash`] for files that the user has.

use super::tiktoken::special_tokens;
use super::{AddedSearch, Definition, Merges, Split, native};
use crate::encode::pretokenize::patterns;
use crate::error::{Error, Result};
use crate::token::TokenId;
use crate::vocab::Vocab;
use sha2::{Digest, Sha256};

/// `r50k_base`, `p50k_base` and `p50k_edit`.
const R50K: &str = patterns::GPT2[0];
const CL100K: &str = patterns::CL100K[0];
/// `o200k_base` and `o200k_harmony`.
const O200K: &str = patterns::O200K[0];
const LLAMA3: &str = patterns::LLAMA3[0];
const QWEN2: &str = patterns::QWEN2[0];

const ENDOFTEXT: &str = "<|endoftext|>";
const ENDOFPROMPT: &str = "<|endofprompt|>";

/// A published vocabulary.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    /// Its name.
    pub name: &'static str,
    /// How text is cut.
    pub pattern: &'static str,
    /// SHA-256 of its rank file, in hexadecimal.
    pub sha256: &'static str,
    /// The embedded file that holds its tokens and how many of that file's ranks are its own.
    data: Option<(&'static str, Ranks)>,
    fixed: &'static [(&'static str, TokenId)],
    /// Special tokens with a number in their name: before, after, first number, first id, count.
    numbered: &'static [(&'static str, &'static str, u32, TokenId, u32)],
}

/// How much of an embedded file a vocabulary takes.
#[derive(Debug, Clone, Copy)]
enum Ranks {
    All,
    First(usize),
}

const P50K_HASH: &str = "94b5ca7dff4d00767bc256fdd1b27e5b17361d7b8a5f968547f9f23eb70d2069";
const R50K_HASH: &str = "306cd27f03c1a714eca7108e03d66b7dc042abe8c258b44c199a7ed9838dd930";
const O200K_HASH: &str = "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d";
const R50K_DATA: Option<(&str, Ranks)> = Some(("p50k_base", Ranks::First(50_256)));

/// Of names that share a file, the first is the one its hash stands for.
const KNOWN: [Known; 9] = [
    Known {
        name: "r50k_base",
        pattern: R50K,
        sha256: R50K_HASH,
        data: R50K_DATA,
        fixed: &[(ENDOFTEXT, 50_256)],
        numbered: &[],
    },
    Known {
        name: "gpt2",
        pattern: R50K,
        sha256: R50K_HASH,
        data: R50K_DATA,
        fixed: &[(ENDOFTEXT, 50_256)],
        numbered: &[],
    },
    Known {
        name: "p50k_base",
        pattern: R50K,
        sha256: P50K_HASH,
        data: Some(("p50k_base", Ranks::All)),
        fixed: &[(ENDOFTEXT, 50_256)],
        numbered: &[],
    },
    Known {
        name: "p50k_edit",
        pattern: R50K,
        sha256: P50K_HASH,
        data: Some(("p50k_base", Ranks::All)),
        fixed: &[
            (ENDOFTEXT, 50_256),
            ("<|fim_prefix|>", 50_281),
            ("<|fim_middle|>", 50_282),
            ("<|fim_suffix|>", 50_283),
        ],
        numbered: &[],
    },
    Known {
        name: "cl100k_base",
        pattern: CL100K,
        sha256: "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
        data: Some(("cl100k_base", Ranks::All)),
        fixed: &[
            (ENDOFTEXT, 100_257),
            ("<|fim_prefix|>", 100_258),
            ("<|fim_middle|>", 100_259),
            ("<|fim_suffix|>", 100_260),
            (ENDOFPROMPT, 100_276),
        ],
        numbered: &[],
    },
    Known {
        name: "o200k_base",
        pattern: O200K,
        sha256: O200K_HASH,
        data: Some(("o200k_base", Ranks::All)),
        fixed: &[(ENDOFTEXT, 199_999), (ENDOFPROMPT, 200_018)],
        numbered: &[],
    },
    Known {
        name: "o200k_harmony",
        pattern: O200K,
        sha256: O200K_HASH,
        data: Some(("o200k_base", Ranks::All)),
        // <|reserved_200018|> and <|endofprompt|> share an id, in tiktoken too.
        fixed: &[
            (ENDOFTEXT, 199_999),
            (ENDOFPROMPT, 200_018),
            ("<|startoftext|>", 199_998),
            ("<|return|>", 200_002),
            ("<|constrain|>", 200_003),
            ("<|channel|>", 200_005),
            ("<|start|>", 200_006),
            ("<|end|>", 200_007),
            ("<|message|>", 200_008),
            ("<|call|>", 200_012),
        ],
        numbered: &[
            ("<|reserved_", "|>", 200_000, 200_000, 2),
            ("<|reserved_", "|>", 200_004, 200_004, 1),
            ("<|reserved_", "|>", 200_009, 200_009, 3),
            ("<|reserved_", "|>", 200_013, 200_013, 1_075),
        ],
    },
    Known {
        name: "llama3",
        pattern: LLAMA3,
        sha256: "82e9d31979e92ab929cd544440f129d9ecd797b69e327f80f17e1c50d5551b55",
        data: None,
        fixed: &[
            ("<|begin_of_text|>", 128_000),
            ("<|end_of_text|>", 128_001),
            ("<|finetune_right_pad_id|>", 128_004),
            ("<|step_id|>", 128_005),
            ("<|start_header_id|>", 128_006),
            ("<|end_header_id|>", 128_007),
            ("<|eom_id|>", 128_008),
            ("<|eot_id|>", 128_009),
            ("<|python_tag|>", 128_010),
        ],
        numbered: &[
            ("<|reserved_special_token_", "|>", 0, 128_002, 2),
            ("<|reserved_special_token_", "|>", 2, 128_011, 245),
        ],
    },
    Known {
        name: "qwen",
        pattern: QWEN2,
        sha256: "b2b1b8dfb5cc5f024bafc373121c6aba3f66f9a5a0269e243470a1de16a33186",
        data: None,
        fixed: &[(ENDOFTEXT, 151_643), ("<|im_start|>", 151_644), ("<|im_end|>", 151_645)],
        numbered: &[],
    },
];

impl Known {
    /// Its special tokens, ids rising; of two with one id, the first is the one to decode to.
    pub fn specials(&self) -> Vec<(String, TokenId)> {
        let mut specials: Vec<_> =
            self.fixed.iter().map(|&(content, id)| (content.to_owned(), id)).collect();
        for &(before, after, number, id, count) in self.numbered {
            specials.extend((0..count).map(|i| (format!("{before}{}{after}", number + i), id + i)));
        }
        specials.sort_by_key(|&(_, id)| id);
        specials
    }
}

/// The vocabulary of this name, embedded or not.
pub fn by_name(name: &str) -> Option<Known> {
    KNOWN.into_iter().find(|known| known.name == name)
}

/// The vocabulary whose rank file this is.
pub fn by_hash(data: &[u8]) -> Option<Known> {
    let hash = sha256_hex(data);
    KNOWN.into_iter().find(|known| known.sha256 == hash)
}

/// Names of the embedded vocabularies.
pub fn names() -> &'static [&'static str] {
    &["r50k_base", "gpt2", "p50k_base", "p50k_edit", "cl100k_base", "o200k_base", "o200k_harmony"]
}

/// The embedded file, without its suffix, that holds the vocabulary of this name.
pub fn data_file(name: &str) -> Option<&'static str> {
    by_name(name)?.data.map(|(file, _)| file)
}

/// The embedded vocabulary of this name, from the content of its [`data_file`].
///
/// # Errors
/// [`Error::Vocabulary`] if no embedded vocabulary has this name, [`Error::Model`] if the file
/// is damaged.
pub fn embedded(name: &str, data: &[u8]) -> Result<Definition> {
    let Some((known, (_, ranks))) = by_name(name).and_then(|known| Some((known, known.data?)))
    else {
        let names = names().join(", ");
        let why = format!("no embedded vocabulary is called {name:?}; there are {names}");
        return Err(Error::Vocabulary { why });
    };
    let mut definition = native::load(data)?;
    if let Ranks::First(count) = ranks {
        keep_first(&mut definition, count)?;
    }
    Ok(Definition {
        name: Some(known.name.to_owned()),
        added: special_tokens(known.specials(), &definition.vocab)?,
        splits: vec![Split::tiktoken(known.pattern)],
        search: AddedSearch::NextCharacter,
        ..definition
    })
}

/// Drops all tokens but the `count` of lowest rank. In rank order a product comes after its
/// parts, so the merges of the rest stay whole.
fn keep_first(definition: &mut Definition, count: usize) -> Result<()> {
    let Merges::Compiled(compiled) = &mut definition.merges else {
        return Err(Error::field("merges", "an embedded vocabulary holds compiled merges"));
    };
    compiled.ids.truncate(count);
    compiled.parts.truncate(count.saturating_sub(256));
    let mut vocab = Vocab::with_capacity(count, count * 8);
    for &id in &compiled.ids {
        if let Some(token) = definition.vocab.get(id) {
            vocab.insert(id, token, count)?;
        }
    }
    definition.vocab = vocab;
    Ok(())
}

/// SHA-256 in hexadecimal.
pub fn sha256_hex(data: &[u8]) -> String {
    use std::fmt::Write as _;
    Sha256::digest(data).iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

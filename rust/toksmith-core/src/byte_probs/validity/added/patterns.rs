//! What the searches of a tokenizer look for, as it stands in a text of the law.

use super::super::shape::refused;
use crate::byte_probs::trie::TokenTrie;
use crate::encode::normalize::sentencepiece::SIGN;
use crate::error::Result;
use crate::formats::AddedToken;
use crate::formats::pipeline::{Model, Normalizer, PreTokenizer};
use crate::tokenizer::Tokenizer;
use std::collections::BTreeSet;

/// One search.
#[derive(Debug, Default)]
pub(super) struct Pass {
    /// What is looked for, and whether it is taken; special tokens are passed over.
    pub(super) sought: Vec<(Vec<u8>, bool)>,
    /// The places of the tokens that are found.
    pub(super) found: BTreeSet<u32>,
}

/// The two searches.
///
/// # Errors
/// [`crate::Error::Unsupported`] naming an added token that cannot be followed, and why.
pub(super) fn patterns(tokenizer: &Tokenizer, trie: &TokenTrie) -> Result<[Pass; 2]> {
    let mut passes = [Pass::default(), Pass::default()];
    if tokenizer.added.tokens().iter().all(|token| token.special) {
        return Ok(passes);
    }
    let signs = Signs::new(tokenizer);
    let sought = tokenizer.added.sought();
    for ((pass, sought), normalized) in passes.iter_mut().zip(sought).zip([false, true]) {
        for (token, text) in sought {
            let Some(pattern) = signs.spelled(text, normalized) else { continue };
            if !token.special {
                pass.found.insert(place_of(trie, token, &pattern)?);
            }
            pass.sought.push((pattern.into_bytes(), !token.special));
        }
    }
    Ok(passes)
}

/// The place of a token that is found.
fn place_of(trie: &TokenTrie, token: &AddedToken, pattern: &str) -> Result<u32> {
    let AddedToken { content, single_word, lstrip, rstrip, .. } = token;
    let flags = [(single_word, "single_word"), (lstrip, "lstrip"), (rstrip, "rstrip")];
    if let Some((_, flag)) = flags.into_iter().find(|(set, _)| **set) {
        return Err(refused(&format!(
            "the added token {content:?}: whether it is found, or how far it goes, is up to the \
             text around it ({flag})"
        )));
    }
    let place = trie.place(token.id).filter(|&at| trie.spelling(at) == pattern.as_bytes());
    place.ok_or_else(|| {
        refused(&format!(
            "the added token {content:?}: it is found where the text is {pattern:?}, which is not \
             what it stands for"
        ))
    })
}

/// Where a sign that stands for a space comes from.
#[derive(Debug, Default)]
struct Signs {
    /// The normaliser puts one for each space.
    normalizer: bool,
    /// What stands for a space in the model's pieces.
    sign: Option<char>,
}

impl Signs {
    fn new(tokenizer: &Tokenizer) -> Self {
        let mut signs = Self::default();
        let sign = SIGN.chars().next();
        let mut normalizers: Vec<&Normalizer> = tokenizer.pipeline.normalizer.iter().collect();
        while let Some(normalizer) = normalizers.pop() {
            match normalizer {
                Normalizer::Sequence(inner) => normalizers.extend(inner),
                Normalizer::SentencePiece(def) if def.escape_whitespaces => {
                    (signs.normalizer, signs.sign) = (true, sign);
                }
                Normalizer::Replace { pattern, content }
                    if pattern.pattern == " " && content == SIGN =>
                {
                    (signs.normalizer, signs.sign) = (true, sign);
                }
                _ => {}
            }
        }
        if !matches!(tokenizer.pipeline.model, Model::ByteLevelBpe) {
            for stage in &tokenizer.pipeline.pre_tokenizers {
                if let PreTokenizer::Metaspace { replacement, .. } = stage {
                    signs.sign = Some(*replacement);
                }
            }
        }
        signs
    }

    /// What is looked for, with spaces for signs; `None` where no text has it: in a text of the law
    /// every sign is a space.
    fn spelled(&self, text: &str, normalized: bool) -> Option<String> {
        match self.sign {
            Some(sign) if normalized && self.normalizer => {
                (!text.contains(' ')).then(|| text.replace(sign, " "))
            }
            Some(sign) if text.contains(sign) => None,
            _ => Some(text.to_owned()),
        }
    }
}

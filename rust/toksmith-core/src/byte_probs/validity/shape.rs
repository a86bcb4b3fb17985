//! What a text looks like to a model over characters: where its spaces come from and where it is cut.

use super::utf8::Chars;
use crate::encode::normalize::sentencepiece::SIGN;
use crate::error::{Error, Result};
use crate::formats::pipeline::{Model, Normalizer, PieceKind, PreTokenizer, PrependScheme};
use crate::token::TokenId;
use crate::tokenizer::Tokenizer;

/// The stages around a model, as far as they say which texts there are.
#[derive(Debug, Clone, Copy, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is a question of its own")]
pub(super) struct Shape {
    /// What stands for a space.
    pub(super) sign: Option<char>,
    /// Every text that is not empty begins with a space.
    pub(super) lead: bool,
    /// So does what follows a special token.
    pub(super) leads_again: bool,
    /// That space can be all there is of a text.
    pub(super) lead_alone: bool,
    /// The text is cut before each space.
    pub(super) cuts: bool,
    /// There is no white space but those spaces.
    pub(super) one_space: bool,
}

impl Shape {
    /// Reads the stages of a pipeline.
    ///
    /// # Errors
    /// [`Error::Unsupported`] naming the stage after which spaces cannot be told.
    pub(super) fn new(tokenizer: &Tokenizer) -> Result<Self> {
        let (mut shape, mut prepended) = (Self::default(), false);
        let sign = SIGN.chars().next();
        let mut normalizers: Vec<&Normalizer> = tokenizer.pipeline.normalizer.iter().collect();
        while let Some(normalizer) = normalizers.pop() {
            match normalizer {
                Normalizer::Sequence(inner) => normalizers.extend(inner),
                Normalizer::SentencePiece(def) => {
                    if def.whitespace_as_suffix {
                        return Err(refused("spaces behind words"));
                    }
                    shape.lead = def.add_dummy_prefix;
                    shape.sign = sign.filter(|_| def.escape_whitespaces);
                    prepended = shape.lead;
                }
                Normalizer::Prepend(text) if text == SIGN => prepended = true,
                Normalizer::Replace { pattern, content }
                    if pattern.pattern == " " && content == SIGN =>
                {
                    shape.sign = sign;
                }
                _ => {}
            }
        }
        shape.lead |= prepended;
        shape.leads_again = prepended;
        match tokenizer.pipeline.pre_tokenizers.as_slice() {
            [] => {}
            [.., PreTokenizer::Metaspace { replacement, prepend_scheme, split }] => {
                if shape.sign.is_some_and(|sign| sign != *replacement) {
                    return Err(refused("two signs that stand for a space"));
                }
                let lead = *prepend_scheme != PrependScheme::Never;
                shape.lead_alone = lead && !prepended;
                shape = Self {
                    sign: Some(*replacement),
                    lead: shape.lead || lead,
                    leads_again: prepended || *prepend_scheme == PrependScheme::Always,
                    cuts: *split,
                    ..shape
                };
            }
            [.., other] => return Err(refused(&format!("the pre-tokenizer {}", other.kind()))),
        }
        match tokenizer.pipeline.pre_tokenizers.as_slice() {
            [] | [_] => {}
            [PreTokenizer::WhitespaceSplit, PreTokenizer::Metaspace { prepend_scheme, .. }] => {
                if *prepend_scheme != PrependScheme::Always || !shape.cuts {
                    return Err(refused("a Metaspace that loses the spaces of WhitespaceSplit"));
                }
                shape.one_space = true;
            }
            [first, ..] => return Err(refused(&format!("the pre-tokenizer {}", first.kind()))),
        }
        if prepended
            && shape.sign.is_none()
            && !matches!(tokenizer.pipeline.model, Model::SentencePiece(_))
        {
            return Err(refused("a sign that stands for no space"));
        }
        Ok(shape)
    }

    /// The bytes of a token as part of a text; `None` if no text has them.
    pub(super) fn spelled(self, piece: &[u8]) -> Option<Vec<u8>> {
        let text = std::str::from_utf8(piece).ok().filter(|text| !text.is_empty())?;
        let text = match self.sign {
            Some(_) if text.contains(' ') => return None,
            Some(sign) => text.replace(sign, " "),
            None => text.to_owned(),
        };
        let behind = text.strip_prefix(' ').unwrap_or(&text);
        let parted = self.cuts && behind.contains(' ');
        let white = self.one_space && behind.contains(char::is_whitespace);
        (!parted && !white).then(|| text.into_bytes())
    }

    /// The characters that no text has, or always as a space.
    fn absent(self, out: &mut Vec<char>) {
        if let Some(sign) = self.sign {
            out.extend([' ', sign]);
        }
        if self.one_space {
            out.extend(('\0'..=char::MAX).filter(|c| c.is_whitespace()));
        }
    }

    /// The characters that are never spelled in bytes, which are those given and those absent.
    pub(super) fn unspelled(self, mut taken: Vec<char>) -> Chars {
        self.absent(&mut taken);
        Chars::new(taken)
    }
}

/// An error that says what cannot be followed.
pub(super) fn refused(what: &str) -> Error {
    Error::unsupported(format!("canonical tokens with {what}"))
}

/// The tokens of the bytes where a model spells in bytes what has none; by byte.
///
/// # Errors
/// [`Error::Unsupported`] if some bytes have none.
pub(super) fn byte_tokens(tokenizer: &Tokenizer, fallback: bool) -> Result<Vec<TokenId>> {
    if !fallback {
        return Ok(Vec::new());
    }
    let kinds = match &tokenizer.pipeline.model {
        Model::SentencePiece(def) => Some(&def.types),
        _ => None,
    };
    let is_byte =
        |id: TokenId| kinds.is_none_or(|kinds| kinds.get(id as usize) == Some(&PieceKind::Byte));
    let token = |byte: u8| {
        let id = tokenizer.model_id(format!("<0x{byte:02X}>").as_bytes());
        id.filter(|&id| is_byte(id)).ok_or_else(|| refused("tokens for some bytes only"))
    };
    (0..=u8::MAX).map(token).collect()
}

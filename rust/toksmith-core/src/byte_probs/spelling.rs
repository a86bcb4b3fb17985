//! Which bytes each token of a tokenizer stands for, so that a text is the bytes of its tokens.
//!
//! In a byte-level model that is so. Where a sign stands for a space, the token has the space;
//! where a byte is spelled `<0xNN>`, the byte. A WordPiece that begins a word begins with the space
//! before the word, and so does a word of a WordLevel model. Such models see every text with a space
//! in front: [`Spelling::lead`] is what stands before a text's own bytes.

use crate::error::{Error, Result};
use crate::formats::pipeline::{
    Decoder, Model, Normalizer, PieceKind, PreTokenizer, PrependScheme,
};
use crate::token::TokenId;
use crate::tokenizer::Tokenizer;

/// From an id and how the file spells its token to bytes; none where it is no text.
type Spell<'a> = dyn Fn(TokenId, &[u8]) -> Option<Vec<u8>> + 'a;

/// The bytes of a tokenizer's tokens.
#[derive(Debug, Clone)]
pub struct Spelling {
    /// Tokens that are text, in id order.
    pub tokens: Vec<(TokenId, Vec<u8>)>,
    /// Special tokens, ascending: symbols of their own.
    pub specials: Vec<TokenId>,
    /// What stands before the bytes of every text.
    pub lead: Vec<u8>,
    /// Whether that stands before what follows a special token, too.
    pub leads_again: bool,
    /// What is done to a text before the model sees it, in the words of the file: probabilities are
    /// over what comes out of it. Empty: over the text itself.
    pub normalizers: Vec<&'static str>,
}

impl Spelling {
    /// Reads a tokenizer.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where tokens do not stand for bytes by themselves.
    pub fn new(tokenizer: &Tokenizer) -> Result<Self> {
        let pipeline = &tokenizer.pipeline;
        let mut spelling = Self {
            tokens: Vec::new(),
            specials: tokenizer.specials.iter().copied().collect(),
            lead: Vec::new(),
            leads_again: false,
            normalizers: Vec::new(),
        };
        let sign = spelling.read_stages(tokenizer)?;
        let spell: Box<Spell<'_>> = match &pipeline.model {
            Model::ByteLevelBpe => Box::new(|_, bytes| Some(bytes.to_vec())),
            Model::Bpe(bpe) => {
                if bpe.continuing_subword_prefix.as_ref().is_some_and(|part| !part.is_empty()) {
                    return Err(Error::unsupported("bytes of a BPE with a subword prefix"));
                }
                if bpe.end_of_word_suffix.as_ref().is_some_and(|part| !part.is_empty()) {
                    return Err(Error::unsupported("bytes of a BPE with an end-of-word suffix"));
                }
                Box::new(move |_, bytes| Some(spelled(bytes, sign, bpe.byte_fallback)))
            }
            Model::Unigram(unigram) => {
                Box::new(move |_, bytes| Some(spelled(bytes, sign, unigram.byte_fallback)))
            }
            Model::WordPiece { continuing_subword_prefix, .. } => {
                spelling.lead = vec![b' '];
                spelling.leads_again = true;
                let prefix = continuing_subword_prefix.as_bytes();
                Box::new(move |_, bytes| {
                    Some(match bytes.strip_prefix(prefix) {
                        Some([_, ..]) if !prefix.is_empty() => bytes[prefix.len()..].to_vec(),
                        _ => [b" ", bytes].concat(),
                    })
                })
            }
            Model::WordLevel { .. } => {
                spelling.lead = vec![b' '];
                spelling.leads_again = true;
                Box::new(|_, bytes| Some([b" ", bytes].concat()))
            }
            Model::SentencePiece(model) => Box::new(move |id, bytes| {
                match model.types.get(id as usize).copied().unwrap_or_default() {
                    PieceKind::Normal | PieceKind::UserDefined => Some(spelled(bytes, sign, false)),
                    PieceKind::Byte => Some(spelled(bytes, sign, true)),
                    PieceKind::Unknown | PieceKind::Control | PieceKind::Unused => None,
                }
            }),
        };
        let mut tokens = Vec::with_capacity(tokenizer.vocab.len());
        let decode_only: std::collections::BTreeSet<_> =
            tokenizer.decode_only.iter().map(|(id, _)| *id).collect();
        for (id, bytes) in tokenizer.vocab.iter() {
            if tokenizer.specials.contains(&id) || decode_only.contains(&id) {
                continue;
            }
            if let Some(bytes) = spell(id, bytes) {
                tokens.push((id, bytes));
            }
        }
        drop(spell);
        spelling.tokens = tokens;
        Ok(spelling)
    }

    /// What stands before every text, without reading the vocabulary.
    ///
    /// # Errors
    /// Those of [`Spelling::new`] that come from the stages around the model.
    pub(crate) fn lead_of(tokenizer: &Tokenizer) -> Result<Vec<u8>> {
        if matches!(tokenizer.pipeline.model, Model::WordPiece { .. } | Model::WordLevel { .. }) {
            return Ok(vec![b' ']);
        }
        let mut spelling = Self {
            tokens: Vec::new(),
            specials: Vec::new(),
            lead: Vec::new(),
            leads_again: false,
            normalizers: Vec::new(),
        };
        spelling.read_stages(tokenizer)?;
        Ok(spelling.lead)
    }

    /// Notes normalizers and what they put before a text; gives the sign that stands for a space.
    fn read_stages(&mut self, tokenizer: &Tokenizer) -> Result<Option<char>> {
        let pipeline = &tokenizer.pipeline;
        let mut sign = None;
        let mut stages: Vec<&Normalizer> = pipeline.normalizer.iter().collect();
        while let Some(stage) = stages.pop() {
            match stage {
                Normalizer::Sequence(inner) => stages.extend(inner.iter().rev()),
                Normalizer::SentencePiece(def) => {
                    if def.whitespace_as_suffix {
                        return Err(Error::unsupported("bytes where the space follows its word"));
                    }
                    sign = def.escape_whitespaces.then_some('\u{2581}');
                    if def.add_dummy_prefix {
                        self.lead = vec![b' '];
                        self.leads_again = true;
                    }
                    if !def.charsmap.is_empty() || def.remove_extra_whitespaces {
                        self.normalizers.push(stage.kind());
                    }
                }
                Normalizer::Prepend(text) if text == "\u{2581}" => {
                    self.lead = vec![b' '];
                    self.leads_again = true;
                }
                // The sign is read as the space it stands for; only a sign in the text is lost.
                Normalizer::Replace { pattern, content }
                    if pattern.pattern == " " && content == "\u{2581}" =>
                {
                    sign = Some('\u{2581}');
                }
                _ => self.normalizers.push(stage.kind()),
            }
        }
        for stage in &pipeline.pre_tokenizers {
            match stage {
                PreTokenizer::Metaspace { replacement, prepend_scheme, .. } => {
                    sign = Some(*replacement);
                    if *prepend_scheme != PrependScheme::Never {
                        self.lead = vec![b' '];
                    }
                    self.leads_again |= *prepend_scheme == PrependScheme::Always;
                }
                PreTokenizer::ByteLevel { add_prefix_space: true, .. } => {
                    self.lead = vec![b' '];
                    self.leads_again = true;
                }
                _ => {}
            }
        }
        if sign.is_none() && matches!(pipeline.decoder, Some(Decoder::Metaspace { .. })) {
            return Err(Error::unsupported("bytes where only the decoder makes spaces"));
        }
        Ok(sign)
    }
}

/// The bytes of a token whose file spells a space as `sign`, and bytes as `<0xNN>`.
fn spelled(token: &[u8], sign: Option<char>, fallback: bool) -> Vec<u8> {
    if fallback
        && let [b'<', b'0', b'x', high, low, b'>'] = token
        && let Ok(hex) = std::str::from_utf8(&[*high, *low])
        && let Ok(byte) = u8::from_str_radix(hex, 16)
    {
        return vec![byte];
    }
    match (sign, std::str::from_utf8(token)) {
        (Some(sign), Ok(text)) => text.replace(sign, " ").into_bytes(),
        _ => token.to_vec(),
    }
}

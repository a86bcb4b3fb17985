//! Which bytes each token of a tokenizer stands for, so that a text is the bytes of its tokens.
//!
//! In a byte-level model that is so. Where a sign stands for a space, the token has the space;
//! where a byte is spelled `<0xNN>`, the byte. A WordPiece that begins a word begins with the space
//! before the word, and so does a word of a WordLevel model. Such models see every text with a space
//! in front: [`Spelling::lead`] is what stands before a text's own bytes.

use crate::error::{Error, Result};
use crate::formats::pipeline::{
    Decoder, Model, Normalizer, PieceKind, Pipeline, PreTokenizer, PrependScheme,
};
use crate::token::TokenId;
use crate::tokenizer::Tokenizer;

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
        refuse(&pipeline.model)?;
        if matches!(pipeline.model, Model::WordPiece { .. } | Model::WordLevel { .. }) {
            spelling.lead = vec![b' '];
            spelling.leads_again = true;
        }
        let speller = Speller::new(&pipeline.model, sign);
        let mut tokens = Vec::with_capacity(tokenizer.vocab.len());
        let decode_only: std::collections::BTreeSet<_> =
            tokenizer.decode_only.iter().map(|(id, _)| *id).collect();
        for (id, bytes) in tokenizer.vocab.iter() {
            if tokenizer.specials.contains(&id) || decode_only.contains(&id) {
                continue;
            }
            if let Some(bytes) = speller.spell(id, bytes) {
                tokens.push((id, bytes));
            }
        }
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
        let stages = Stages::new(&tokenizer.pipeline);
        if stages.space_follows {
            return Err(Error::unsupported("bytes where the space follows its word"));
        }
        if stages.decoder_alone {
            return Err(Error::unsupported("bytes where only the decoder makes spaces"));
        }
        self.lead = stages.lead;
        self.leads_again = stages.leads_again;
        self.normalizers = stages.normalizers;
        Ok(stages.sign)
    }
}

/// Fails with what it is whose tokens do not spell a text by themselves.
fn refuse(model: &Model) -> Result<()> {
    let given = |part: &Option<String>| part.as_ref().is_some_and(|part| !part.is_empty());
    Err(Error::unsupported(match model {
        Model::Bpe(bpe) if given(&bpe.continuing_subword_prefix) => {
            "bytes of a BPE with a subword prefix"
        }
        Model::Bpe(bpe) if given(&bpe.end_of_word_suffix) => {
            "bytes of a BPE with an end-of-word suffix"
        }
        _ => return Ok(()),
    }))
}

/// What the stages around a model say of spaces.
#[derive(Debug, Default)]
pub(crate) struct Stages {
    /// The sign that stands for a space.
    pub(crate) sign: Option<char>,
    /// What stands before the bytes of every text.
    pub(crate) lead: Vec<u8>,
    /// Whether that stands before what follows a special token, too.
    pub(crate) leads_again: bool,
    /// Other normalizers, in the words of the file.
    pub(crate) normalizers: Vec<&'static str>,
    /// Whether signs stand behind words.
    pub(crate) space_follows: bool,
    /// Whether the decoder alone knows the sign.
    pub(crate) decoder_alone: bool,
}

impl Stages {
    /// Reads a pipeline.
    pub(crate) fn new(pipeline: &Pipeline) -> Self {
        let mut read = Self::default();
        let mut stages: Vec<&Normalizer> = pipeline.normalizer.iter().collect();
        while let Some(stage) = stages.pop() {
            match stage {
                Normalizer::Sequence(inner) => stages.extend(inner.iter().rev()),
                Normalizer::SentencePiece(def) => {
                    read.space_follows = def.whitespace_as_suffix;
                    read.sign = def.escape_whitespaces.then_some('\u{2581}');
                    if def.add_dummy_prefix {
                        read.lead = vec![b' '];
                        read.leads_again = true;
                    }
                    if !def.charsmap.is_empty() || def.remove_extra_whitespaces {
                        read.normalizers.push(stage.kind());
                    }
                }
                Normalizer::Prepend(text) if text == "\u{2581}" => {
                    read.lead = vec![b' '];
                    read.leads_again = true;
                }
                // The sign is read as the space it stands for; only a sign in the text is lost.
                Normalizer::Replace { pattern, content }
                    if pattern.pattern == " " && content == "\u{2581}" =>
                {
                    read.sign = Some('\u{2581}');
                }
                _ => read.normalizers.push(stage.kind()),
            }
        }
        for stage in &pipeline.pre_tokenizers {
            match stage {
                PreTokenizer::Metaspace { replacement, prepend_scheme, .. } => {
                    read.sign = Some(*replacement);
                    if *prepend_scheme != PrependScheme::Never {
                        read.lead = vec![b' '];
                    }
                    read.leads_again |= *prepend_scheme == PrependScheme::Always;
                }
                PreTokenizer::ByteLevel { add_prefix_space: true, .. } => {
                    read.lead = vec![b' '];
                    read.leads_again = true;
                }
                _ => {}
            }
        }
        if read.sign.is_none()
            && let Some(Decoder::Metaspace { replacement, .. }) = &pipeline.decoder
        {
            read.sign = Some(*replacement);
            read.decoder_alone = true;
        }
        read
    }
}

/// How the tokens of a model spell bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Speller<'a> {
    /// As they are.
    Bytes,
    /// With a sign for a space and, with `fallback`, `<0xNN>` for a byte.
    Signs {
        /// The sign.
        sign: Option<char>,
        /// Whether bytes are spelled so.
        fallback: bool,
    },
    /// Without spaces: a prefix says that no word begins here, a suffix that one ends.
    Words {
        /// Perhaps empty.
        prefix: &'a [u8],
        /// Perhaps empty.
        suffix: &'a [u8],
    },
    /// As signs, or no text, by the type of the piece.
    Pieces {
        /// The sign.
        sign: Option<char>,
        /// By id.
        types: &'a [PieceKind],
    },
}

impl<'a> Speller<'a> {
    /// That of a model between [`Stages`] with this sign.
    pub(crate) fn new(model: &'a Model, sign: Option<char>) -> Self {
        let bytes = |part: &'a Option<String>| part.as_deref().unwrap_or_default().as_bytes();
        match model {
            Model::ByteLevelBpe => Self::Bytes,
            Model::Bpe(bpe) => {
                let prefix = bytes(&bpe.continuing_subword_prefix);
                let suffix = bytes(&bpe.end_of_word_suffix);
                if prefix.is_empty() && suffix.is_empty() {
                    return Self::Signs { sign, fallback: bpe.byte_fallback };
                }
                Self::Words { prefix, suffix }
            }
            Model::Unigram(unigram) => Self::Signs { sign, fallback: unigram.byte_fallback },
            Model::WordPiece { continuing_subword_prefix, .. } => {
                Self::Words { prefix: continuing_subword_prefix.as_bytes(), suffix: &[] }
            }
            Model::WordLevel { .. } => Self::Words { prefix: &[], suffix: &[] },
            Model::SentencePiece(model) => Self::Pieces { sign, types: &model.types },
        }
    }

    /// The bytes of a token, from how the file spells it; none where it is no text.
    pub(crate) fn spell(self, id: TokenId, token: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Bytes => Some(token.to_vec()),
            Self::Signs { sign, fallback } => Some(spelled(token, sign, fallback)),
            Self::Words { prefix, suffix } => {
                let bare = self.begins_word(token);
                let token = if bare { token } else { token.get(prefix.len()..)? };
                let (body, ended) = match token.strip_suffix(suffix) {
                    Some(body) if !suffix.is_empty() => (body, true),
                    _ => (token, false),
                };
                // Where the end of a word is spelled, its beginning need not be.
                let lead: &[u8] = if bare && suffix.is_empty() { b" " } else { b"" };
                Some([lead, body, if ended { b" " } else { b"" }].concat())
            }
            Self::Pieces { sign, types } => {
                match types.get(id as usize).copied().unwrap_or_default() {
                    PieceKind::Normal | PieceKind::UserDefined => Some(spelled(token, sign, false)),
                    PieceKind::Byte => Some(spelled(token, sign, true)),
                    PieceKind::Unknown | PieceKind::Control | PieceKind::Unused => None,
                }
            }
        }
    }

    /// Of a model of words, whether a token, as the file spells it, is not marked as inside one.
    pub(crate) fn begins_word(self, token: &[u8]) -> bool {
        let Self::Words { prefix, .. } = self else { return false };
        prefix.is_empty() || token.len() <= prefix.len() || !token.starts_with(prefix)
    }

    /// Whether a token is one byte, spelled `<0xNN>`.
    pub(crate) fn is_byte(self, id: TokenId, token: &[u8]) -> bool {
        match self {
            Self::Signs { fallback: true, .. } => byte_of(token).is_some(),
            Self::Pieces { types, .. } => types.get(id as usize) == Some(&PieceKind::Byte),
            _ => false,
        }
    }
}

/// The byte that `<0xNN>` stands for.
fn byte_of(token: &[u8]) -> Option<u8> {
    let [b'<', b'0', b'x', high, low, b'>'] = token else { return None };
    u8::from_str_radix(std::str::from_utf8(&[*high, *low]).ok()?, 16).ok()
}

/// The bytes of a token whose file spells a space as `sign`, and bytes as `<0xNN>`.
fn spelled(token: &[u8], sign: Option<char>, fallback: bool) -> Vec<u8> {
    if fallback && let Some(byte) = byte_of(token) {
        return vec![byte];
    }
    match (sign, std::str::from_utf8(token)) {
        (Some(sign), Ok(text)) => text.replace(sign, " ").into_bytes(),
        _ => token.to_vec(),
    }
}

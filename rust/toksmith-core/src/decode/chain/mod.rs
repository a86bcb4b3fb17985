//! Decoders of tokenizer.json, one after the other: tokens to text.
//!
//! Each decoder takes blocks of tokens and gives blocks of tokens, and keeps what it cannot give
//! yet. A text may so be decoded whole or as its tokens come, by the same code and with the same
//! result. Linear in the length of tokens and text; patterns of `Replace` have a step limit.
//!
//! How long text is held back: `ByteLevel`, half a character; `BPEDecoder`, a token;
//! `ByteFallback`, a run of bytes; `Replace` of a string and `Strip`, what may have to go. All
//! but those two, `Fuse` and `Metaspace` look at whole tokens: behind `Fuse` or `ByteLevel`,
//! which make one token of everything, they hold back all until the end.
//!
//! Start at [`DecodeChain::decode`] and [`ChainStream`]. Oracle: `tests/decoders.rs`.

mod bpe;
mod byte_fallback;
mod byte_level;
mod cleanup;
mod ctc;
mod metaspace;
mod replace;
mod strip;
mod tokens;
mod word_piece;

use crate::error::{Error, Result};
use crate::formats::pipeline::{Decoder, PrependScheme};
use crate::token::TokenId;
use tokens::Tokens;

/// Bytes of tokens that are decoded in one block.
const BLOCK: usize = 1 << 16;

/// The decoders of a tokenizer, compiled.
#[derive(Debug, Clone)]
pub struct DecodeChain {
    /// None of them has seen a token.
    steps: Vec<Step>,
}

/// One decoder, with what it holds back.
#[derive(Debug, Clone)]
enum Step {
    ByteLevel(byte_level::ByteLevel),
    Bpe(bpe::Bpe),
    WordPiece(word_piece::WordPiece),
    Metaspace(metaspace::Metaspace),
    Ctc(ctc::Ctc),
    ByteFallback(byte_fallback::ByteFallback),
    Fuse,
    Strip(strip::Strip),
    Literal(replace::Literal),
    Matched(Box<replace::Matched>),
    /// No decoder: spaces between tokens. Whether there has been a token.
    Spaces(bool),
}

impl DecodeChain {
    /// Compiles decoders.
    ///
    /// # Errors
    /// Those of a `Replace`'s pattern; [`Error::Unsupported`] for the decoder of `.model` files,
    /// which goes by kinds of pieces and not by their text.
    pub fn new(decoder: &Decoder) -> Result<Self> {
        let mut steps = Vec::new();
        add(decoder, &mut steps)?;
        Ok(Self { steps })
    }

    /// What a file without a decoder asks for: tokens with spaces between them.
    pub fn spaces() -> Self {
        Self { steps: vec![Step::Spaces(false)] }
    }

    /// The text of tokens.
    ///
    /// # Errors
    /// [`Error::Input`] where a pattern takes too many steps.
    pub fn decode<'t>(&self, tokens: impl IntoIterator<Item = &'t str>) -> Result<String> {
        let mut stream = self.stream();
        let mut text = String::new();
        for token in tokens {
            stream.input.push(token);
            if stream.input.text.len() + stream.input.ends.len() >= BLOCK {
                text.push_str(stream.run(false)?);
            }
        }
        text.push_str(stream.run(true)?);
        Ok(text)
    }

    /// The text of ids, as tokenizers decodes them: ids without a token are passed over, and
    /// with `skip_special` those that `is_special` names.
    pub fn decode_ids<'t>(
        &self,
        ids: &[TokenId],
        token: impl Fn(TokenId) -> Option<&'t str>,
        is_special: impl Fn(TokenId) -> bool,
        skip_special: bool,
    ) -> Result<String> {
        self.decode(known(ids, &token, &is_special, skip_special))
    }

    /// A decoder for tokens that arrive one by one.
    pub fn stream(&self) -> ChainStream {
        let (input, output) = (Tokens::default(), Tokens::default());
        ChainStream { steps: self.steps.clone(), input, output }
    }
}

/// The tokens that decoding sees.
fn known<'i, 't: 'i>(
    ids: &'i [TokenId],
    token: &'i impl Fn(TokenId) -> Option<&'t str>,
    is_special: &'i impl Fn(TokenId) -> bool,
    skip_special: bool,
) -> impl Iterator<Item = &'t str> + 'i {
    ids.iter().filter(move |&&id| !(skip_special && is_special(id))).filter_map(|&id| token(id))
}

/// Appends a decoder's steps.
fn add(decoder: &Decoder, steps: &mut Vec<Step>) -> Result<()> {
    steps.push(match decoder {
        Decoder::ByteLevel { .. } => Step::ByteLevel(byte_level::ByteLevel::default()),
        Decoder::Bpe { suffix } => Step::Bpe(bpe::Bpe::new(suffix)),
        Decoder::WordPiece { prefix, cleanup } => {
            Step::WordPiece(word_piece::WordPiece::new(prefix, *cleanup))
        }
        Decoder::Metaspace { replacement, prepend_scheme, .. } => {
            let prepended = *prepend_scheme != PrependScheme::Never;
            Step::Metaspace(metaspace::Metaspace::new(*replacement, prepended))
        }
        Decoder::Ctc { pad_token, word_delimiter_token, cleanup } => {
            Step::Ctc(ctc::Ctc::new(pad_token, word_delimiter_token, *cleanup))
        }
        Decoder::ByteFallback => Step::ByteFallback(byte_fallback::ByteFallback::default()),
        Decoder::Fuse => Step::Fuse,
        Decoder::Strip { content, start, stop } => {
            Step::Strip(strip::Strip::new(*content, *start, *stop))
        }
        Decoder::Replace { pattern, content } => {
            let literal = replace::literal(&pattern.pattern);
            match literal.and_then(|old| replace::Literal::new(&old, content)) {
                Some(literal) => Step::Literal(literal),
                None => Step::Matched(Box::new(replace::Matched::new(pattern, content)?)),
            }
        }
        Decoder::Sequence(decoders) => {
            return decoders.iter().try_for_each(|decoder| add(decoder, steps));
        }
        Decoder::SentencePiece { .. } => {
            return Err(Error::unsupported("the decoder of SentencePiece in a chain of others"));
        }
    });
    Ok(())
}

impl Step {
    /// Takes a block; `last`: there is no other.
    fn run(&mut self, input: &mut Tokens, out: &mut Tokens, last: bool) -> Result<()> {
        match self {
            Self::ByteLevel(step) => step.run(input, out, last)?,
            Self::Bpe(step) => step.run(input, out, last)?,
            Self::WordPiece(step) => step.run(input, out)?,
            Self::Metaspace(step) => step.run(input, out),
            Self::Ctc(step) => step.run(input, out)?,
            Self::ByteFallback(step) => step.run(input, out, last)?,
            Self::Fuse => {
                std::mem::swap(input, out);
                out.ends.clear();
                if last {
                    out.end();
                }
            }
            Self::Strip(step) => step.run(input, out),
            Self::Literal(step) => step.run(input, out),
            Self::Matched(step) => step.run(input, out)?,
            Self::Spaces(started) => {
                for (token, _) in input.parts() {
                    if std::mem::replace(started, true) {
                        out.text.push(' ');
                    }
                    out.text.push_str(token);
                }
            }
        }
        Ok(())
    }
}

/// Decodes tokens as they arrive: the texts given out, in order, are the text of all tokens.
#[derive(Debug, Clone)]
pub struct ChainStream {
    steps: Vec<Step>,
    /// Tokens that have not been decoded.
    input: Tokens,
    output: Tokens,
}

impl ChainStream {
    /// The text that has become certain with these tokens.
    ///
    /// # Errors
    /// [`Error::Input`] where a pattern takes too many steps; the stream cannot be used then.
    pub fn push<'t>(&mut self, tokens: impl IntoIterator<Item = &'t str>) -> Result<String> {
        tokens.into_iter().for_each(|token| self.input.push(token));
        Ok(self.run(false)?.to_owned())
    }

    /// As [`ChainStream::push`], of ids: see [`DecodeChain::decode_ids`].
    pub fn push_ids<'t>(
        &mut self,
        ids: &[TokenId],
        token: impl Fn(TokenId) -> Option<&'t str>,
        is_special: impl Fn(TokenId) -> bool,
        skip_special: bool,
    ) -> Result<String> {
        self.push(known(ids, &token, &is_special, skip_special))
    }

    /// What is left.
    pub fn finish(mut self) -> Result<String> {
        Ok(self.run(true)?.to_owned())
    }

    /// Sends the input through all steps.
    fn run(&mut self, last: bool) -> Result<&str> {
        let Self { steps, input, output } = self;
        for step in steps {
            output.clear();
            step.run(input, output, last)?;
            std::mem::swap(input, output);
        }
        std::mem::swap(input, output);
        input.clear();
        Ok(&output.text)
    }
}

//! Decoding as ids arrive: never half a character.

use super::Decode;
use super::chain::ChainStream;
use super::sentencepiece::DecodeState;
use crate::error::Result;
use crate::token::TokenId;
use crate::tokenizer::Tokenizer;

/// A text on its way out. The text given out so far, with [`StreamDecoder::finish`], equals
/// decoding all ids at once.
#[derive(Debug, Clone, Default)]
pub struct StreamDecoder {
    state: State,
    skip_special: bool,
}

/// What may still become text.
#[derive(Debug, Clone, Default)]
enum State {
    /// No id has come.
    #[default]
    New,
    /// Bytes that may still become a character.
    Bytes(Vec<u8>),
    /// What decoders hold back.
    Chain(ChainStream),
    SentencePiece(DecodeState),
}

impl StreamDecoder {
    /// A decoder at the start of a text.
    pub fn new(skip_special: bool) -> Self {
        Self { state: State::New, skip_special }
    }

    /// The text that has become certain with these ids.
    ///
    /// # Errors
    /// An unknown id; the decoder is then as it was before the call. Else only where a pattern
    /// takes too many steps.
    pub fn push(&mut self, tokenizer: &Tokenizer, ids: &[TokenId]) -> Result<String> {
        tokenizer.check_ids(ids)?;
        if let State::New = self.state {
            self.state = match &tokenizer.decode {
                Decode::Bytes => State::Bytes(Vec::new()),
                Decode::Chain(chain, _) => State::Chain(chain.stream()),
                Decode::SentencePiece(_) => State::SentencePiece(DecodeState::default()),
            };
        }
        let skip = self.skip_special;
        let is_special = |id: TokenId| tokenizer.specials.contains(&id);
        match (&mut self.state, &tokenizer.decode) {
            (State::Bytes(pending), _) => {
                pending.extend(tokenizer.decode_bytes(ids, skip)?);
                let tail = pending.split_off(pending.len() - incomplete_tail(pending));
                let text = String::from_utf8_lossy(pending).into_owned();
                *pending = tail;
                Ok(text)
            }
            (State::Chain(stream), _) => {
                stream.push_ids(ids, |id| tokenizer.spelling(id), is_special, skip)
            }
            (State::SentencePiece(state), Decode::SentencePiece(decoder)) => {
                let mut text = String::new();
                for &id in ids {
                    decoder.push(state, id, &mut text)?;
                }
                Ok(text)
            }
            _ => Ok(String::new()),
        }
    }

    /// What is left: half a character becomes U+FFFD. The decoder is then as new.
    ///
    /// # Errors
    /// Only where a pattern takes too many steps.
    pub fn finish(&mut self, tokenizer: &Tokenizer) -> Result<String> {
        match (std::mem::take(&mut self.state), &tokenizer.decode) {
            (State::Bytes(pending), _) => Ok(String::from_utf8_lossy(&pending).into_owned()),
            (State::Chain(stream), _) => stream.finish(),
            (State::SentencePiece(state), Decode::SentencePiece(decoder)) => {
                let mut text = String::new();
                decoder.finish(state, &mut text)?;
                Ok(text)
            }
            _ => Ok(String::new()),
        }
    }

    /// Bytes held back; none where it is tokens that are.
    pub fn pending_bytes(&self) -> &[u8] {
        if let State::Bytes(pending) = &self.state { pending } else { &[] }
    }
}

/// Length of the tail that is the beginning of a character and nothing else (0 to 3).
pub fn incomplete_tail(bytes: &[u8]) -> usize {
    for len in 1..=bytes.len().min(3) {
        let tail = &bytes[bytes.len() - len..];
        if tail[0] >= 0xC0 {
            let incomplete =
                std::str::from_utf8(tail).is_err_and(|error| error.error_len().is_none());
            return if incomplete { len } else { 0 };
        }
        if tail[0] < 0x80 {
            return 0;
        }
    }
    0
}

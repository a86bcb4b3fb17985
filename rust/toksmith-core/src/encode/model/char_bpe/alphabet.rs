//! From characters to symbols.
//!
//! A character is looked up as the vocabulary spells it where it stands: behind the first one
//! with `continuing_subword_prefix` before it, as the last one with `end_of_word_suffix` behind
//! it. What has no token so is spelled in the tokens `<0x00>` to `<0xFF>` of its bytes, affixes
//! included, if `byte_fallback` is set and all of them are there, else it becomes the unknown
//! token, or nothing if none is named.
//!
//! Two peculiarities of tokenizers are kept. An unknown token is put down only when the next
//! known character comes, or the end: bytes spelled in between stand before it. And unknown
//! tokens fuse across such bytes.

use super::super::unknown;
use super::{Symbol, Symbols};
use crate::error::{Error, Result};
use crate::formats::pipeline::Bpe;
use crate::token::NONE;
use crate::vocab::Vocab;

/// Set in the number of a variant: the character is not the first.
const BEHIND: usize = 1;
/// Set in the number of a variant: the character is the last.
const LAST: usize = 2;
/// Longest affixes that are spelled in bytes at every character.
const AFFIX_LIMIT: usize = 256;

/// What characters become.
#[derive(Debug)]
pub(super) struct Alphabet {
    /// By variant; those without affixes of their own are not there.
    variants: [Option<Variant>; 4],
    /// The symbol of `<0xNN>`, or [`NONE`]; absent without `byte_fallback`.
    bytes: Option<Box<[Symbol; 256]>>,
    unk_token: Option<String>,
    unk: Option<Symbol>,
    fuse_unk: bool,
    affix_len: usize,
}

/// Characters as they are spelled in one kind of place.
#[derive(Debug)]
struct Variant {
    prefix: String,
    suffix: String,
    chars: CharMap,
}

/// A table from character to symbol: 256 characters a page.
#[derive(Debug)]
struct CharMap {
    /// First entry of each page; pages without characters share the first.
    pages: Vec<u32>,
    symbols: Vec<Symbol>,
}

const PAGE: u32 = 256;

impl CharMap {
    fn new() -> Self {
        Self {
            pages: vec![0; (char::MAX as u32 / PAGE) as usize + 1],
            symbols: vec![NONE; PAGE as usize],
        }
    }

    fn insert(&mut self, c: char, symbol: Symbol) {
        let page = &mut self.pages[(c as u32 / PAGE) as usize];
        if *page == 0 {
            *page = self.symbols.len() as u32;
            self.symbols.resize(self.symbols.len() + PAGE as usize, NONE);
        }
        self.symbols[(*page + c as u32 % PAGE) as usize] = symbol;
    }

    #[inline(always)]
    fn get(&self, c: char) -> Symbol {
        let page = self.pages[(c as u32 / PAGE) as usize];
        self.symbols[(page + c as u32 % PAGE) as usize]
    }
}

/// The character a token is, if it is one.
pub(super) fn only_char(bytes: &[u8]) -> Option<char> {
    // No character is longer, and most tokens are.
    let mut chars = std::str::from_utf8(bytes.get(..bytes.len().min(5))?).ok()?.chars();
    let c = chars.next()?;
    (c.len_utf8() == bytes.len()).then_some(c)
}

impl Alphabet {
    /// Collects characters and bytes; `symbols` gives each id's symbol.
    pub(super) fn new(vocab: &Vocab, bpe: &Bpe, symbols: &[Symbol]) -> Result<Self> {
        let prefix = bpe.continuing_subword_prefix.as_deref().unwrap_or("");
        let suffix = bpe.end_of_word_suffix.as_deref().unwrap_or("");
        let affix_len = prefix.len() + suffix.len();
        if bpe.byte_fallback && affix_len > AFFIX_LIMIT {
            return Err(Error::unsupported(format!(
                "`byte_fallback` with affixes of more than {AFFIX_LIMIT} bytes"
            )));
        }
        let variant = |number: usize| {
            let (behind, last) = (number & BEHIND != 0, number & LAST != 0);
            if behind && prefix.is_empty() || last && suffix.is_empty() {
                return None;
            }
            let prefix = if behind { prefix } else { "" };
            let suffix = if last { suffix } else { "" };
            let mut chars = CharMap::new();
            for (id, bytes) in vocab.iter() {
                let middle = bytes.strip_prefix(prefix.as_bytes());
                let middle = middle.and_then(|bytes| bytes.strip_suffix(suffix.as_bytes()));
                if let Some(c) = middle.and_then(only_char) {
                    chars.insert(c, symbols[id as usize]);
                }
            }
            Some(Variant { prefix: prefix.into(), suffix: suffix.into(), chars })
        };
        let mut alphabet = Self {
            variants: [0, 1, 2, 3].map(variant),
            bytes: bpe.byte_fallback.then(|| Box::new([NONE; 256])),
            unk_token: bpe.unk_token.clone(),
            unk: None,
            fuse_unk: bpe.fuse_unk,
            affix_len,
        };
        for (id, bytes) in vocab.iter() {
            if Some(bytes) == bpe.unk_token.as_ref().map(String::as_bytes) {
                alphabet.unk = Some(symbols[id as usize]);
            }
            if let Some(byte) = byte_token(bytes)
                && let Some(bytes) = &mut alphabet.bytes
            {
                bytes[usize::from(byte)] = symbols[id as usize];
            }
        }
        Ok(alphabet)
    }

    /// Bytes of prefix and suffix together.
    pub(super) fn affix_len(&self) -> usize {
        self.affix_len
    }

    /// Whether there may be characters that become nothing.
    pub(super) fn drops(&self) -> bool {
        let bytes = self.bytes.as_ref();
        self.unk_token.is_none() && bytes.is_none_or(|bytes| bytes.contains(&NONE))
    }

    /// Whether all bytes have a symbol, so that nothing is unknown.
    pub(super) fn spells_all(&self) -> bool {
        self.bytes.as_ref().is_some_and(|bytes| !bytes.contains(&NONE))
    }

    /// Whether a symbol is that of a byte.
    pub(super) fn spells(&self, symbol: Symbol) -> bool {
        self.bytes.as_ref().is_some_and(|bytes| bytes.contains(&symbol))
    }

    /// The symbols that stand for what is not a character of the vocabulary.
    pub(super) fn substitutes(&self) -> impl Iterator<Item = Symbol> {
        self.bytes.iter().flat_map(|bytes| bytes.iter().copied()).chain(self.unk)
    }

    /// The symbol of a character that stands alone, without affixes.
    pub(super) fn plain(&self, c: char) -> Option<Symbol> {
        let [Some(plain), ..] = &self.variants else { return None };
        Some(plain.chars.get(c)).filter(|&symbol| symbol != NONE)
    }

    /// Reads a piece. O(n).
    pub(super) fn read(&self, piece: &str, out: &mut Symbols) -> Result<()> {
        out.ids.clear();
        out.lens.clear();
        let [Some(plain), behind, last, behind_last] = &self.variants else { return Ok(()) };
        let (behind, last) = (behind.as_ref().unwrap_or(plain), last.as_ref());
        // Bytes that the unknown token not yet put down stands for.
        let mut pending = 0;
        let mut variant = plain;
        let mut at = 0;
        for c in piece.chars() {
            let len = c.len_utf8();
            if at + len == piece.len()
                && let Some(last) = last
            {
                variant = if at == 0 { last } else { behind_last.as_ref().unwrap_or(last) };
            }
            let symbol = variant.chars.get(c);
            if symbol == NONE {
                self.unknown(variant, c, &mut pending, out)?;
            } else {
                self.flush(&mut pending, out);
                out.push(symbol, len as u32);
            }
            at += len;
            variant = behind;
        }
        self.flush(&mut pending, out);
        Ok(())
    }

    /// A character without a token.
    #[inline(never)]
    fn unknown(
        &self,
        variant: &Variant,
        c: char,
        pending: &mut u32,
        out: &mut Symbols,
    ) -> Result<()> {
        let mut buffer = [0; 4];
        let spelled = [variant.prefix.as_str(), c.encode_utf8(&mut buffer), &variant.suffix];
        if let Some(symbols) = &self.bytes
            && spelled
                .iter()
                .all(|part| part.bytes().all(|byte| symbols[usize::from(byte)] != NONE))
        {
            for part in spelled {
                for byte in part.bytes() {
                    out.push(symbols[usize::from(byte)], 1);
                }
            }
        } else if let Some(name) = &self.unk_token {
            unknown(self.unk, name)?;
            if !self.fuse_unk {
                self.flush(pending, out);
            }
            *pending += c.len_utf8() as u32;
        }
        Ok(())
    }

    /// Puts the unknown token down, if one is due.
    #[inline(always)]
    fn flush(&self, pending: &mut u32, out: &mut Symbols) {
        if *pending != 0
            && let Some(unk) = self.unk
        {
            out.push(unk, *pending);
            *pending = 0;
        }
    }
}

impl Symbols {
    #[inline(always)]
    fn push(&mut self, symbol: Symbol, len: u32) {
        self.ids.push(symbol);
        self.lens.push(len);
    }
}

/// The byte that a token of the form `<0x0A>` stands for.
fn byte_token(bytes: &[u8]) -> Option<u8> {
    let &[b'<', b'0', b'x', high, low, b'>'] = bytes else { return None };
    let digit = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    };
    Some(digit(high)? << 4 | digit(low)?)
}

//! The tokens before the first merge, and words spelled with them.

use super::arena::END;
use super::lexicon::{Lexicon, byte_token};
use super::options::{Chars, Options, Unit};
use crate::error::{Error, Result};
use crate::formats::hf_json::alphabet;
use crate::train::words::WordCounts;
use std::collections::{BTreeMap, HashMap, HashSet};

/// Spells words in ids.
#[derive(Debug)]
pub(super) enum Speller {
    /// The token of each byte, or [`END`].
    Bytes(Box<[u32; 256]>),
    Chars(CharSpeller),
}

/// Spells words in the ids of their characters.
#[derive(Debug)]
pub(super) struct CharSpeller {
    /// By character: the token inside a word of one, at the beginning, at the end, between.
    forms: HashMap<char, [Option<u32>; 4]>,
    prefix: String,
    suffix: String,
    /// Whether characters without a token part the word.
    parts: bool,
    /// Whether to make tokens for forms that have none.
    grows: bool,
}

/// Special tokens, then bytes, then characters, then characters with affixes in the order in
/// which `words` has them.
pub(super) fn start(words: &WordCounts, options: &Options) -> Result<(Lexicon, Speller)> {
    let mut lexicon = Lexicon::default();
    let mut met = HashSet::new();
    for token in options.special_tokens.iter().filter(|token| met.insert(*token)) {
        let spelling = match options.unit {
            Unit::Chars(_) => Some(token.as_bytes().to_vec()),
            // The file writes bytes as characters: those are what a special token may collide with.
            Unit::Bytes => {
                let mut bytes = Vec::new();
                alphabet::decode(token, &mut bytes).then_some(bytes)
            }
        };
        lexicon.push(token.as_bytes(), spelling)?;
    }
    let speller = match &options.unit {
        Unit::Bytes => {
            let mut bytes: Vec<u8> = (0..=255).collect();
            bytes.sort_by_key(|&byte| alphabet::encode(&[byte]));
            for byte in bytes {
                lexicon.intern(&[byte])?;
            }
            Speller::of_bytes(&lexicon)
        }
        Unit::Chars(chars) => {
            if chars.byte_fallback {
                for byte in 0..=255 {
                    lexicon.intern(byte_token(byte).as_bytes())?;
                }
                lexicon.close_bytes();
            }
            let seen = characters(words)?;
            for c in kept(&seen, chars) {
                lexicon.intern(c.encode_utf8(&mut [0; 4]).as_bytes())?;
            }
            let mut speller = CharSpeller::new(chars, &lexicon, seen.into_keys());
            if !chars.continuing_subword_prefix.is_empty() || !chars.end_of_word_suffix.is_empty() {
                let mut scratch = Vec::new();
                for (word, _) in words.iter() {
                    speller.spell(word, &mut lexicon, &mut scratch)?;
                    scratch.clear();
                }
            }
            speller.grows = false;
            Speller::Chars(speller)
        }
    };
    Ok((lexicon, speller))
}

/// How often each character was seen.
fn characters(words: &WordCounts) -> Result<BTreeMap<char, u128>> {
    let mut seen = BTreeMap::new();
    for (word, count) in words.iter() {
        for c in text(word)?.chars() {
            *seen.entry(c).or_insert(0) += u128::from(count);
        }
    }
    Ok(seen)
}

/// The characters that become tokens, in order.
fn kept(seen: &BTreeMap<char, u128>, chars: &Chars) -> Vec<char> {
    let mut counts: HashMap<char, u128> = seen.iter().map(|(&c, &count)| (c, count)).collect();
    let all: u128 = seen.values().sum();
    counts.extend(chars.initial_alphabet.iter().map(|&c| (c, u128::MAX)));
    let mut order: Vec<(char, u128)> = counts.into_iter().collect();
    order.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    order.truncate(chars.limit_alphabet.unwrap_or(usize::MAX));
    let mut covered = 0;
    let mut kept: Vec<char> = Vec::new();
    for (c, count) in order {
        let given = count == u128::MAX;
        let enough = covered as f64 >= chars.character_coverage * all as f64;
        if !given && enough && chars.character_coverage < 1.0 {
            break;
        }
        covered += seen.get(&c).unwrap_or(&0);
        kept.push(c);
    }
    kept.sort_unstable();
    kept
}

/// A word as text.
fn text(word: &[u8]) -> Result<&str> {
    std::str::from_utf8(word).map_err(|error| Error::Input {
        why: format!(
            "the word {:?} is not UTF-8 from its byte {} on; of bytes only byte-level tokens \
             can be learned",
            String::from_utf8_lossy(word),
            error.valid_up_to()
        ),
    })
}

impl Speller {
    /// For a vocabulary that is there already.
    pub(super) fn of_bytes(lexicon: &Lexicon) -> Self {
        let byte = |byte: usize| lexicon.id(&[byte as u8]).unwrap_or(END);
        Self::Bytes(Box::new(std::array::from_fn(byte)))
    }

    /// Likewise, for characters; those that `words` has are looked up.
    pub(super) fn of_chars(chars: &Chars, lexicon: &Lexicon, words: &WordCounts) -> Result<Self> {
        let seen = characters(words)?;
        let mut speller = CharSpeller::new(chars, lexicon, seen.into_keys());
        speller.parts = true;
        speller.grows = false;
        Ok(Self::Chars(speller))
    }

    /// The tokens that words are spelled with.
    pub(super) fn symbols(&self) -> HashSet<u32> {
        match self {
            Self::Bytes(ids) => ids.iter().copied().filter(|&id| id != END).collect(),
            Self::Chars(speller) => speller.forms.values().flatten().flatten().copied().collect(),
        }
    }

    /// As many slots as the words will fill, where that is known beforehand.
    pub(super) fn most(&self, words: &WordCounts) -> usize {
        match self {
            Self::Bytes(_) => words.flat().0.len() + words.len(),
            Self::Chars(_) => 0,
        }
    }

    /// Appends the symbols of a word, with [`END`] where it is parted.
    pub(super) fn spell(&self, word: &[u8], place: Place, symbols: &mut Vec<u32>) -> Result<()> {
        match self {
            Self::Bytes(ids) => symbols.extend(word.iter().map(|&byte| ids[usize::from(byte)])),
            Self::Chars(speller) => speller.look_up(text(word)?, place, symbols),
        }
        Ok(())
    }
}

/// Where in its word a piece stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) first: bool,
    pub(super) last: bool,
}

impl Place {
    pub(super) const ALONE: Self = Self { first: true, last: true };
}

impl CharSpeller {
    fn new(chars: &Chars, lexicon: &Lexicon, seen: impl Iterator<Item = char>) -> Self {
        let (prefix, suffix) = (&chars.continuing_subword_prefix, &chars.end_of_word_suffix);
        let mut speller = Self {
            forms: HashMap::new(),
            prefix: prefix.clone(),
            suffix: suffix.clone(),
            parts: chars.byte_fallback || chars.character_coverage < 1.0,
            grows: true,
        };
        for c in seen {
            let form = |form: usize| lexicon.id(speller.form(c, form).as_bytes());
            // Without its plain form a character is in no word, whatever its other forms.
            if form(0).is_some() {
                let forms = std::array::from_fn(form);
                speller.forms.insert(c, forms);
            }
        }
        speller
    }

    /// Bit 0: something stands before it; bit 1: it is the last.
    fn form(&self, c: char, form: usize) -> String {
        let prefix = if form & 1 != 0 { self.prefix.as_str() } else { "" };
        let suffix = if form & 2 != 0 { self.suffix.as_str() } else { "" };
        format!("{prefix}{c}{suffix}")
    }

    fn look_up(&self, word: &str, place: Place, symbols: &mut Vec<u32>) {
        let mut chars = word.chars().peekable();
        let mut first = place.first;
        while let Some(c) = chars.next() {
            let last = place.last && chars.peek().is_none();
            let form = usize::from(!first) | usize::from(last) << 1;
            match self.forms.get(&c).and_then(|forms| forms[form]) {
                Some(id) => symbols.push(id),
                None if self.parts => symbols.push(END),
                None => {}
            }
            first = false;
        }
    }

    /// As [`Self::look_up`], for a whole word; forms without a token get one.
    fn spell(&mut self, word: &[u8], lexicon: &mut Lexicon, symbols: &mut Vec<u32>) -> Result<()> {
        let word = text(word)?;
        if self.grows {
            let mut chars = word.chars().peekable();
            let mut first = true;
            while let Some(c) = chars.next() {
                let form = usize::from(!first) | usize::from(chars.peek().is_none()) << 1;
                first = false;
                let spelling = match self.forms.get(&c) {
                    Some(forms) if forms[form].is_none() => self.form(c, form),
                    _ => continue,
                };
                let id = lexicon.intern(spelling.as_bytes())?;
                if let Some(forms) = self.forms.get_mut(&c) {
                    forms[form] = Some(id);
                }
            }
        }
        self.look_up(word, Place::ALONE, symbols);
        Ok(())
    }
}

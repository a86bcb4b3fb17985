//! The result: pieces that are fixed from the beginning, then those that were learned.

use super::Options;
use crate::error::{Error, Result};
use std::collections::HashSet;

/// What a piece is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A string of characters.
    Normal,
    /// What no piece covers.
    Unknown,
    /// Special: never found in text by the model itself.
    Control,
    /// A byte of a character that no piece covers.
    Byte,
}

/// A piece of the result.
#[derive(Debug, Clone, PartialEq)]
pub struct Scored {
    /// Its text; of a byte like `<0x41>`.
    pub piece: String,
    /// Natural log probability; 0 where it has none.
    pub score: f64,
    /// What it is for.
    pub kind: Kind,
}

/// The pieces that are not learned.
pub(super) struct Fixed(Vec<Scored>);

impl Fixed {
    pub(super) fn new(options: &Options) -> Result<Self> {
        let unknown = options.unk_token.as_deref();
        let mut pieces: Vec<Scored> = Vec::new();
        let mut push = |piece: String, kind| pieces.push(Scored { piece, score: 0.0, kind });
        if let Some(unknown) =
            unknown.filter(|&unk| options.special_tokens.iter().all(|t| t != unk))
        {
            push(unknown.into(), Kind::Unknown);
        }
        for token in &options.special_tokens {
            let kind = if unknown == Some(token) { Kind::Unknown } else { Kind::Control };
            push(token.clone(), kind);
        }
        if options.byte_fallback {
            (0..=u8::MAX).for_each(|byte| push(format!("<0x{byte:02X}>"), Kind::Byte));
        }
        let mut seen = HashSet::new();
        for Scored { piece, .. } in &pieces {
            if piece.is_empty() {
                return Err(Error::Vocabulary { why: "a special token is empty".into() });
            }
            if !seen.insert(piece.as_str()) {
                let why = format!("the special token {piece:?} is there twice");
                return Err(Error::Vocabulary { why });
            }
        }
        Ok(Self(pieces))
    }

    /// Strings that no learned piece may have.
    pub(super) fn reserved(&self) -> HashSet<&str> {
        self.0.iter().map(|scored| scored.piece.as_str()).collect()
    }

    /// How many pieces can be learned.
    pub(super) fn room(&self, options: &Options) -> usize {
        options.vocab_size.saturating_sub(self.0.len())
    }

    /// Checks that all pieces that must be there fit in.
    pub(super) fn check(&self, options: &Options, alphabet: &[char]) -> Result<()> {
        let (fixed, letters) = (self.0.len(), alphabet.len());
        if fixed + letters > options.vocab_size {
            let why = format!(
                "vocab_size is {}; expected at least {}: {fixed} special tokens and bytes and \
                 {letters} characters, which character_coverage and required_chars decide",
                options.vocab_size,
                fixed + letters
            );
            return Err(Error::Vocabulary { why });
        }
        let reserved = self.reserved();
        let mut buffer = [0; 4];
        match alphabet.iter().find(|c| reserved.contains(&*c.encode_utf8(&mut buffer))) {
            None => Ok(()),
            Some(c) => Err(Error::Vocabulary {
                why: format!("the special token {c:?} is also a character of the words"),
            }),
        }
    }

    /// All pieces: `letters` learned ones, which come first, must stay; of the others the most
    /// probable fill the room.
    pub(super) fn finish(
        self,
        options: &Options,
        letters: usize,
        mut learned: Vec<(String, f64)>,
    ) -> Result<Vec<Scored>> {
        let room = self.room(options);
        if options.exact_size && learned.len() < room {
            let why = format!(
                "vocab_size is {}, but the words give {} pieces; expected at most that many, or \
                 exact_size=False",
                options.vocab_size,
                self.0.len() + learned.len()
            );
            return Err(Error::Vocabulary { why });
        }
        let order =
            |a: &(String, f64), b: &(String, f64)| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0));
        if let Some(others) = learned.get_mut(letters..) {
            others.sort_unstable_by(order);
        }
        learned.truncate(room);
        learned.sort_unstable_by(order);
        let mut pieces = self.0;
        let normal = |(piece, score)| Scored { piece, score, kind: Kind::Normal };
        pieces.extend(learned.into_iter().map(normal));
        Ok(pieces)
    }
}

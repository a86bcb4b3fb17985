//! The bytes and the role of every id, whatever the model and its file.
//!
//! `▁the`, `Ġthe` and WordPiece's `the` are all the bytes ` the`; `<0x0A>` and `Ċ` are a newline.
//! A bare piece of a model of words begins a word, so it has the space that stood before it
//! ([`WordStart::Space`]). That is a policy, not a fact: a bare piece also follows punctuation.

use super::specials;
use crate::byte_probs::spelling::{Speller, Stages};
use crate::error::{Error, Result};
use crate::formats::pipeline::{Model, PieceKind};
use crate::token::TokenId;
use crate::tokenizer::Tokenizer;
use std::collections::BTreeSet;

/// More rows than any vocabulary has.
pub const MAX_ROWS: usize = 1 << 28;

/// What an id is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Role {
    /// A token of the model: text.
    Ordinary = 0,
    /// Text, of one byte that the file spells `<0xNN>`: for what has no other token.
    Byte = 1,
    /// Text, found in the text itself before the model sees it.
    Added = 2,
    /// Begins a text.
    Bos = 3,
    /// Ends a text.
    Eos = 4,
    /// Fills up.
    Pad = 5,
    /// Stands for what has no token.
    Unk = 6,
    /// Hides a token.
    Mask = 7,
    /// Stands behind each of two texts.
    Sep = 8,
    /// Stands before a text, for what is said of all of it.
    Cls = 9,
    /// Any other special token, and what text never becomes.
    Special = 10,
    /// An id between others that no token has.
    Hole = 11,
    /// A row of the embeddings beyond the tokenizer's ids.
    Padding = 12,
}

impl Role {
    /// Whether it stands for text, so that its bytes say all there is to know.
    pub fn is_text(self) -> bool {
        matches!(self, Self::Ordinary | Self::Byte | Self::Added)
    }

    /// Whether it is a special token.
    pub fn is_special(self) -> bool {
        !self.is_text() && !self.is_empty()
    }

    /// Whether no token is there.
    pub fn is_empty(self) -> bool {
        matches!(self, Self::Hole | Self::Padding)
    }
}

/// What a piece that begins a word, in a model that has no spaces, is as bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WordStart {
    /// A space and its letters.
    #[default]
    Space,
    /// Its letters alone: as those of the piece inside a word.
    Plain,
}

/// A vocabulary as bytes with roles; entry `i` is that of id `i`.
#[derive(Debug, Clone)]
pub struct Canonical {
    bytes: Vec<u8>,
    /// Where each begins, and the end of the last.
    starts: Vec<u64>,
    roles: Vec<Role>,
    word_starts: Vec<bool>,
    limit: usize,
}

impl Canonical {
    /// Reads a tokenizer, for embeddings of `rows` rows; none: one a token. Linear.
    ///
    /// Ids beyond the rows are left out ([`Canonical::limit`] counts them).
    ///
    /// # Errors
    /// [`Error::Input`] for more than [`MAX_ROWS`] rows.
    pub fn new(tokenizer: &Tokenizer, rows: Option<usize>, start: WordStart) -> Result<Self> {
        let silent = tokenizer.decode_only.iter().map(|(id, _)| *id as usize + 1).max();
        let limit = tokenizer.vocab.id_limit().max(silent.unwrap_or(0));
        let rows = rows.unwrap_or(limit);
        if rows > MAX_ROWS {
            let why = format!("{rows} rows of embeddings, expected at most {MAX_ROWS}");
            return Err(Error::Input { why });
        }
        let reader = Reader::new(tokenizer, start);
        let mut found = Self {
            bytes: Vec::with_capacity(8 * rows.min(limit)),
            starts: Vec::with_capacity(rows + 1),
            roles: Vec::with_capacity(rows),
            word_starts: Vec::with_capacity(rows),
            limit,
        };
        found.starts.push(0);
        for id in 0..rows.min(limit) {
            let (bytes, role, begins) = reader.read(id as TokenId);
            found.bytes.extend_from_slice(&bytes);
            found.starts.push(found.bytes.len() as u64);
            found.roles.push(role);
            found.word_starts.push(begins);
        }
        found.starts.resize(rows + 1, found.bytes.len() as u64);
        found.roles.resize(rows, Role::Padding);
        found.word_starts.resize(rows, false);
        Ok(found)
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.roles.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.roles.is_empty()
    }

    /// One more than the tokenizer's largest id; more than [`Canonical::len`] where ids have no row.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// The bytes of an id: of a special token its name, of no token none.
    pub fn bytes(&self, id: TokenId) -> &[u8] {
        let at = id as usize;
        match (self.starts.get(at), self.starts.get(at + 1)) {
            (Some(&start), Some(&end)) => {
                self.bytes.get(start as usize..end as usize).unwrap_or_default()
            }
            _ => &[],
        }
    }

    /// What an id is for; beyond the rows, nothing.
    pub fn role(&self, id: TokenId) -> Role {
        self.roles.get(id as usize).copied().unwrap_or(Role::Padding)
    }

    /// Whether an id begins a word: its bytes begin with a space, or its file says so.
    pub fn begins_word(&self, id: TokenId) -> bool {
        self.word_starts.get(id as usize).copied().unwrap_or(false)
    }

    /// The roles, by id.
    pub fn roles(&self) -> &[Role] {
        &self.roles
    }

    /// Whether each id begins a word.
    pub fn word_starts(&self) -> &[bool] {
        &self.word_starts
    }

    /// All bytes, one after the other, and where each id's begin.
    pub fn arena(&self) -> (&[u8], &[u64]) {
        (&self.bytes, &self.starts)
    }

    /// Ids of text, ascending.
    pub fn text_ids(&self) -> impl Iterator<Item = TokenId> {
        let ids = (0..).zip(&self.roles);
        ids.filter(|&(id, role)| role.is_text() && !self.bytes(id).is_empty()).map(|(id, _)| id)
    }
}

/// What is asked of each id.
struct Reader<'a> {
    tokenizer: &'a Tokenizer,
    speller: Speller<'a>,
    start: WordStart,
    never: BTreeSet<TokenId>,
    added: BTreeSet<TokenId>,
    roles: specials::Roles,
}

impl<'a> Reader<'a> {
    fn new(tokenizer: &'a Tokenizer, start: WordStart) -> Self {
        let sign = Stages::new(&tokenizer.pipeline).sign;
        Self {
            tokenizer,
            speller: Speller::new(&tokenizer.pipeline.model, sign),
            start,
            never: tokenizer.decode_only.iter().map(|(id, _)| *id).collect(),
            added: tokenizer.added.tokens().iter().map(|token| token.id).collect(),
            roles: specials::Roles::new(tokenizer),
        }
    }

    /// Bytes, role, and whether a word begins.
    fn read(&self, id: TokenId) -> (Vec<u8>, Role, bool) {
        let raw = self.tokenizer.vocab.get(id);
        if let Some(role) = self.roles.get(id) {
            return (raw.unwrap_or_default().to_vec(), role, false);
        }
        let Some(raw) = raw else {
            let role = if self.never.contains(&id) { Role::Special } else { Role::Hole };
            return (Vec::new(), role, false);
        };
        if self.never.contains(&id) || self.is_unused(id) {
            return (raw.to_vec(), Role::Special, false);
        }
        let added = self.added.contains(&id);
        // Found in the text as it stands there, unless the model has it as well.
        if added && self.is_literal(id, raw) {
            return (raw.to_vec(), Role::Added, raw.starts_with(b" "));
        }
        let Some(mut bytes) = self.speller.spell(id, raw) else {
            return (raw.to_vec(), Role::Special, false);
        };
        let bare = self.speller.begins_word(raw);
        if bare && self.start == WordStart::Plain && bytes.len() > 1 && bytes.starts_with(b" ") {
            bytes.remove(0);
        }
        let role = match (added, self.speller.is_byte(id, raw)) {
            (true, _) => Role::Added,
            (false, true) => Role::Byte,
            (false, false) => Role::Ordinary,
        };
        let begins = bare || bytes.starts_with(b" ");
        (bytes, role, begins)
    }

    fn is_literal(&self, id: TokenId, raw: &[u8]) -> bool {
        matches!(self.speller, Speller::Words { .. }) || self.tokenizer.model_id(raw) != Some(id)
    }

    fn is_unused(&self, id: TokenId) -> bool {
        match &self.tokenizer.pipeline.model {
            Model::SentencePiece(model) => model.types.get(id as usize) == Some(&PieceKind::Unused),
            _ => false,
        }
    }
}

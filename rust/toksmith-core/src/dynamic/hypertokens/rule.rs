//! LZW over token ids, one id at a time: when a code is written, and what it defines.
//!
//! Tokens are held while the codebook knows them as one node. The first token it does not know
//! after them writes their code and defines both together as a hypertoken, if there is room; that
//! token is then what is held. At `max_subtokens` the code is written without defining anything,
//! before a disabled token too.
//!
//! The codebook depends on the tokens alone. A decoder that takes the tokens of each code through
//! [`Rule::step`] has the encoder's codebook, but for the hypertoken that the code it reads next
//! may complete itself: see [`Book::completes`].

use super::book::{Book, Entry};
use super::table::key;
use crate::error::{Error, Result};

/// Nothing is held.
pub(super) const NONE: u32 = u32::MAX;

/// What happens when a hypertoken would be defined and the codebook is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Eviction {
    /// Nothing is defined any more.
    Freeze,
    /// All hypertokens are forgotten; the one at hand is not defined.
    Reset,
    /// The least recently used one gives up its code. One is used when it, or one that begins with
    /// it, is written or defined; of those used in one step the longest goes first. What is
    /// being extended stays: if all others are its prefixes, nothing is defined.
    Recency,
}

/// Settings of hypertokens.
#[derive(Debug, Clone)]
pub struct Rule {
    pub(super) first_id: u32,
    pub(super) codebook_size: usize,
    pub(super) max_subtokens: u32,
    pub(super) eviction: Eviction,
    /// A bit an id, up to the last that is disabled.
    disabled: Vec<u64>,
}

/// The tokens read and not written yet, as one node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) node: u32,
    pub(super) len: u32,
}

impl Held {
    pub(super) const NOTHING: Self = Self { node: NONE, len: 0 };
}

/// Who is told what a step does.
pub(super) trait Witness {
    /// A code is written.
    fn wrote(&mut self, code: u32);
    /// A hypertoken is defined.
    fn added(&mut self, _code: u32) {}
    /// A hypertoken is forgotten, for one that is added under its code.
    fn evicted(&mut self, _code: u32, _entry: Entry) {}
    /// An entry moved to the front of the list of recency, from behind another.
    fn moved(&mut self, _at: u32, _before: u32) {}
    /// All hypertokens are to be forgotten.
    fn emptied(&mut self, book: &mut Book, _rule: &Rule) {
        book.clear();
    }
}

impl Witness for Vec<u32> {
    #[inline(always)]
    fn wrote(&mut self, code: u32) {
        self.push(code);
    }
}

/// Whoever wants only the codebook.
pub(super) struct Silent;

impl Witness for Silent {
    #[inline(always)]
    fn wrote(&mut self, _code: u32) {}
}

impl Rule {
    /// Hypertokens whose codes begin at `first_id`: the number of base ids.
    ///
    /// # Errors
    /// A size is out of range, or a disabled id is not one of the base.
    pub fn new(
        first_id: u32,
        codebook_size: usize,
        max_subtokens: u32,
        disabled_ids: &[u32],
        eviction: Eviction,
    ) -> Result<Self> {
        let most = (NONE - first_id) as usize;
        if codebook_size > most {
            return Err(Error::Input {
                why: format!(
                    "codebook_size is {codebook_size}; after {first_id} ids there is room for {most} codes"
                ),
            });
        }
        if max_subtokens == 0 {
            return Err(Error::Input { why: "max_subtokens must be at least 1, not 0".into() });
        }
        let mut disabled = Vec::new();
        for &id in disabled_ids {
            if id >= first_id {
                return Err(Error::Vocabulary {
                    why: format!("disabled_ids: {id} is not a base id; they are below {first_id}"),
                });
            }
            let word = (id / 64) as usize;
            if word >= disabled.len() {
                disabled.resize(word + 1, 0);
            }
            disabled[word] |= 1u64 << (id % 64);
        }
        Ok(Self { first_id, codebook_size, max_subtokens, eviction, disabled })
    }

    /// One more than the largest code.
    pub fn limit(&self) -> usize {
        self.first_id as usize + self.codebook_size
    }

    #[inline(always)]
    fn is_disabled(&self, id: u32) -> bool {
        self.disabled.get((id / 64) as usize).is_some_and(|word| word >> (id % 64) & 1 == 1)
    }

    /// Reads one token. O(1) amortised.
    ///
    /// Requires `token < first_id`.
    #[inline(always)]
    pub(super) fn step(
        &self,
        book: &mut Book,
        held: Held,
        token: u32,
        witness: &mut impl Witness,
    ) -> Held {
        if self.is_disabled(token) {
            book.write(held, witness);
            witness.wrote(token);
            return Held::NOTHING;
        }
        let mut now = Held { node: token, len: 1 };
        if held.node != NONE {
            match book.table.find(key(held.node, token)) {
                Ok(code) => now = Held { node: code, len: held.len + 1 },
                Err(slot) => {
                    book.write(held, witness);
                    book.define(self, held, token, slot, witness);
                }
            }
        }
        self.capped(book, now, witness)
    }

    /// What is held, unless it is as long as may be: then it is written.
    #[inline(always)]
    pub(super) fn capped(&self, book: &mut Book, held: Held, witness: &mut impl Witness) -> Held {
        if held.len < self.max_subtokens {
            return held;
        }
        book.write(held, witness);
        Held::NOTHING
    }
}

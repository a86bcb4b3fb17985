//! Where tokens may merge: inside one pre-token, word or sentence, and never with some ids.
//!
//! A boundary is a cut of the text. Two neighbours may merge if both lie between the same two
//! cuts; a token over which a cut goes merges with nothing. That is a statement about places and
//! not about what tokens spell, so it holds for whatever is merged later, and one bit for each
//! two neighbours says it all.

use super::rule::is_published_space;
use super::tokens::BAR;
use crate::budget::sentences;
use crate::encode::pretokenize::stages::is_punctuation;
use crate::error::{Error, Result};
use crate::token::{Span, TokenId};
use crate::tokenizer::{Text, Tokenizer};
use std::collections::{HashMap, HashSet};

/// What tokens may not merge across.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Boundary {
    /// The pre-tokens of the tokenizer.
    PreToken,
    /// Words: what stands between white spaces, with the white space before it. White space at the
    /// end of the text is a word by itself.
    Word,
    /// Words, cut before a mark (punctuation, or another sign of ASCII) that is not a hyphen and
    /// does not follow a mark: `(well-known` and `).`.
    WordHyphen,
    /// Sentences of Unicode Standard Annex 29, but that the white space between two belongs to the
    /// second, as it does in the tokens of most vocabularies.
    Sentence,
    /// The text as a whole.
    None,
}

impl Boundary {
    /// Where the text is cut, ascending, its end included; `None` where only the tokenizer knows.
    pub fn cuts(self, text: &[u8]) -> Option<Vec<usize>> {
        match self {
            Self::PreToken => None,
            Self::Word => Some(word_ends(text, false)),
            Self::WordHyphen => Some(word_ends(text, true)),
            Self::Sentence => Some(sentence_ends(text)),
            Self::None => Some(vec![text.len()]),
        }
    }
}

fn as_text(text: &[u8]) -> Text<'_> {
    std::str::from_utf8(text).map_or(Text::Bytes(text), Text::Str)
}

/// Where sentences end, the white space behind them left to the next.
fn sentence_ends(text: &[u8]) -> Vec<usize> {
    let (mut ends, mut start) = (Vec::new(), 0);
    for end in sentences::ends(as_text(text)) {
        // What is not UTF-8 is a sentence by itself.
        let sentence = std::str::from_utf8(text.get(start..end).unwrap_or_default());
        let trimmed = sentence.map_or(end, |sentence| start + sentence.trim_end().len());
        if trimmed > start {
            ends.push(trimmed);
        }
        start = end;
    }
    if ends.last().is_none_or(|&last| last < start) && start > 0 {
        ends.push(start);
    }
    ends
}

/// Where words end. Bytes that are not UTF-8 are as letters.
fn word_ends(text: &[u8], at_marks: bool) -> Vec<usize> {
    let mut ends = Vec::new();
    // The last character, if there is one: whether it is white, and whether it is a mark.
    let mut before: Option<(bool, bool)> = None;
    let mut at = 0;
    for chunk in text.utf8_chunks() {
        for c in chunk.valid().chars() {
            let (white, mark) = (c.is_whitespace(), is_punctuation(c));
            let ends_word = before.is_some_and(|(was_white, was_mark)| {
                white && !was_white || at_marks && mark && !is_hyphen(c) && !was_white && !was_mark
            });
            if ends_word {
                ends.push(at);
            }
            before = Some((white, mark));
            at += c.len_utf8();
        }
        if !chunk.invalid().is_empty() {
            before = Some((false, false));
            at += chunk.invalid().len();
        }
    }
    if at > 0 {
        ends.push(at);
    }
    ends
}

fn is_hyphen(c: char) -> bool {
    matches!(c, '-' | '\u{2010}' | '\u{2011}')
}

/// Between which cuts tokens lie, and what follows from that.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Units {
    /// The number of the unit in its row that each token begins in, or −1.
    pub units: Vec<i32>,
    /// Whether each token may merge with the next.
    pub open: Vec<bool>,
}

impl Units {
    /// Adds tokens that stand at these bytes of a text with these cuts; units are counted from
    /// `first` on. Gives the number of the unit behind the last.
    pub(super) fn add(&mut self, spans: &[Span], cuts: &[usize], first: usize) -> usize {
        let begin = spans.first().map_or(0, |span| span.start);
        let mut unit = cuts.partition_point(|&cut| cut <= begin);
        unit = unit.min(cuts.len().saturating_sub(1));
        let mut before = None;
        for span in spans {
            // Spans may go back a little where tokens share a character.
            while unit > 0 && cuts.get(unit - 1).is_some_and(|&cut| cut > span.start) {
                unit -= 1;
            }
            while cuts.get(unit).is_some_and(|&cut| cut <= span.start && unit + 1 < cuts.len()) {
                unit += 1;
            }
            let inside = cuts.get(unit).is_none_or(|&cut| span.end <= cut);
            if let (true, Some((other, true)), Some(open)) = (inside, before, self.open.last_mut())
            {
                *open = other == unit;
            }
            self.units.push(i32::try_from(first + unit).unwrap_or(i32::MAX));
            self.open.push(false);
            before = Some((unit, inside));
        }
        first + cuts.len()
    }

    /// Adds tokens of units that are known by their numbers, of which only changes matter.
    pub(super) fn add_numbered(&mut self, numbers: &[Option<u32>], first: usize) -> usize {
        let mut before = None;
        let mut behind = first;
        for &number in numbers {
            if let (Some(open), Some(before)) = (self.open.last_mut(), before) {
                *open = number.is_some() && before == number;
            }
            let unit =
                number.map_or(-1, |unit| i32::try_from(first + unit as usize).unwrap_or(i32::MAX));
            behind = behind.max(usize::try_from(unit + 1).unwrap_or(0));
            self.units.push(unit);
            self.open.push(false);
            before = Some(number);
        }
        behind
    }

    /// Adds a token that is in no text and merges with nothing.
    pub(super) fn add_alone(&mut self) {
        self.units.push(-1);
        self.open.push(false);
    }
}

/// Where the published rule may let neighbours merge: not where a space stands behind something
/// that is none, or before it inside the right token, for whatever is merged over such a place has
/// both. Any other pair is asked about when its turn comes ([`super::rule`]).
pub fn published_open(tokenizer: &Tokenizer, ids: &[TokenId]) -> Vec<bool> {
    let mut kinds: HashMap<TokenId, (bool, bool)> = HashMap::new();
    let mut kind = |id: TokenId| {
        *kinds.entry(id).or_insert_with(|| {
            let bytes = tokenizer.vocab().get(id).unwrap_or_default();
            let space = |&byte: &u8| is_published_space(byte);
            (bytes.iter().any(space), bytes.iter().all(space))
        })
    };
    let mut before = None;
    let mut open = vec![false; ids.len()];
    for (at, &id) in ids.iter().enumerate() {
        let (some, all) = kind(id);
        if let (Some(before), Some(open)) =
            (before, at.checked_sub(1).and_then(|at| open.get_mut(at)))
        {
            *open = !some || all && before;
        }
        before = Some(all);
    }
    open
}

/// Ids that never merge.
#[derive(Debug, Clone, Default)]
pub struct Protected {
    /// A bit for each of the small ones.
    small: Vec<u64>,
    large: HashSet<TokenId>,
}

/// Ids below this are in the bit set.
const SMALL: TokenId = 1 << 23;

impl Protected {
    /// Of these ids.
    pub fn new(ids: impl IntoIterator<Item = TokenId>) -> Self {
        let mut protected = Self::default();
        for id in ids {
            if id >= SMALL {
                protected.large.insert(id);
                continue;
            }
            let word = id as usize / 64;
            if word >= protected.small.len() {
                protected.small.resize(word + 1, 0);
            }
            protected.small[word] |= 1 << (id % 64);
        }
        protected
    }

    /// Whether an id never merges.
    #[inline]
    pub fn contains(&self, id: TokenId) -> bool {
        match self.small.get(id as usize / 64) {
            Some(word) => word >> (id % 64) & 1 != 0,
            None => !self.large.is_empty() && self.large.contains(&id),
        }
    }

    /// Closes the places before and behind each of the ids.
    pub(super) fn bar(&self, ids: &[TokenId], beside: &mut [u32]) {
        if self.small.is_empty() && self.large.is_empty() {
            return;
        }
        for (at, &id) in ids.iter().enumerate() {
            if self.contains(id) {
                beside[at] = BAR;
                if let Some(before) = at.checked_sub(1) {
                    beside[before] = BAR;
                }
            }
        }
    }
}

/// Refuses a row of texts that is not one a row.
pub(super) fn check_texts(rows: usize, texts: usize) -> Result<()> {
    if rows == texts {
        return Ok(());
    }
    Err(Error::Input { why: format!("{texts} texts for {rows} rows: expected as many") })
}

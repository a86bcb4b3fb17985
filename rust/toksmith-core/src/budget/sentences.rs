//! Where sentences end, by the rules of Unicode Standard Annex 29 (Unicode 16.0).
//!
//! White space behind a sentence belongs to it; a line end ends a sentence. There is no
//! dictionary: "Mr. Smith" is two sentences, "3.5" and "e.g. this" are one.
//!
//! One pass over the characters. The one rule that looks further than a character ahead asks
//! for the next character of some classes; its place is kept until it is passed, so the pass
//! is linear. Oracle: the crate `unicode-segmentation`, in `tests.rs`, which is not.

use crate::tokenizer::Text;
use std::sync::OnceLock;

/// The values of `Sentence_Break`, with `CR`, `LF` and `Sep` as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Other,
    Cr,
    Lf,
    Sep,
    Extend,
    Format,
    Sp,
    Lower,
    Upper,
    OLetter,
    Numeric,
    ATerm,
    STerm,
    SContinue,
    Close,
}

use Class::{
    ATerm, Close, Cr, Extend, Format, Lf, Lower, Numeric, OLetter, Other, SContinue, STerm, Sep,
    Sp, Upper,
};

/// Class and the pattern of its characters.
const CLASSES: [(Class, &str); 14] = [
    (Cr, r"\p{sb=CR}"),
    (Lf, r"\p{sb=LF}"),
    (Sep, r"\p{sb=Sep}"),
    (Extend, r"\p{sb=Extend}"),
    (Format, r"\p{sb=Format}"),
    (Sp, r"\p{sb=Sp}"),
    (Lower, r"\p{sb=Lower}"),
    (Upper, r"\p{sb=Upper}"),
    (OLetter, r"\p{sb=OLetter}"),
    (Numeric, r"\p{sb=Numeric}"),
    (ATerm, r"\p{sb=ATerm}"),
    (STerm, r"\p{sb=STerm}"),
    (SContinue, r"\p{sb=SContinue}"),
    (Close, r"\p{sb=Close}"),
];

/// Classes by ranges of characters, ascending; characters in none are [`Other`].
struct Table {
    ascii: [Class; 128],
    ranges: Vec<(u32, u32, Class)>,
}

impl Table {
    /// From the tables that regular expressions use.
    fn new() -> Self {
        let mut ranges = Vec::new();
        for (class, pattern) in CLASSES {
            if let Ok(parsed) = regex_syntax::parse(pattern)
                && let regex_syntax::hir::HirKind::Class(regex_syntax::hir::Class::Unicode(set)) =
                    parsed.kind()
            {
                let found = set.ranges().iter();
                ranges.extend(found.map(|range| (range.start().into(), range.end().into(), class)));
            } else if let Some(single) = single(pattern) {
                ranges.push((single, single, class));
            }
        }
        ranges.sort_unstable_by_key(|&(start, ..)| start);
        let mut table = Self { ascii: [Other; 128], ranges };
        table.ascii = std::array::from_fn(|c| table.search(c as u32));
        table
    }

    fn get() -> &'static Self {
        static TABLE: OnceLock<Table> = OnceLock::new();
        TABLE.get_or_init(Self::new)
    }

    fn search(&self, c: u32) -> Class {
        let after = self.ranges.partition_point(|&(start, ..)| start <= c);
        let range = after.checked_sub(1).and_then(|last| self.ranges.get(last));
        range.filter(|&&(_, end, _)| c <= end).map_or(Other, |&(.., class)| class)
    }

    fn class(&self, c: char) -> Class {
        self.ascii.get(c as usize).copied().unwrap_or_else(|| self.search(c.into()))
    }
}

/// The one character of a pattern that is a literal to the parser.
fn single(pattern: &str) -> Option<u32> {
    let parsed = regex_syntax::parse(pattern).ok()?;
    let regex_syntax::hir::HirKind::Literal(literal) = parsed.kind() else { return None };
    std::str::from_utf8(&literal.0).ok()?.chars().next().map(u32::from)
}

/// What stands before a place, of what ends sentences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    /// Nothing of it.
    Nothing,
    /// A terminator and what may follow one.
    Term {
        /// Of the kind that may also be inside a sentence: a full stop.
        a: bool,
        /// What follows it.
        tail: Tail,
        /// A letter with case stands before the full stop.
        letter: bool,
    },
}

/// What follows a terminator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tail {
    Nothing,
    Close,
    Sp,
}

/// The ends of the sentences of a text, ascending; the last is the text's end. Each stretch of
/// bytes that is not UTF-8 is by itself. O(n).
pub fn ends(text: Text<'_>) -> Vec<usize> {
    let mut found = Vec::new();
    match text {
        Text::Str(text) => add_ends(text, 0, &mut found),
        Text::Bytes(bytes) => {
            let mut at = 0;
            for chunk in bytes.utf8_chunks() {
                add_ends(chunk.valid(), at, &mut found);
                at += chunk.valid().len() + chunk.invalid().len();
                if !chunk.invalid().is_empty() {
                    found.push(at);
                }
            }
        }
    }
    found
}

/// Appends the ends of the sentences of a text that begins at `base`.
fn add_ends(text: &str, base: usize, found: &mut Vec<usize>) {
    let table = Table::get();
    let mut decisive = Decisive { text, at: 0, class: None };
    // The class of the character before, and of the last that is not Extend or Format.
    let (mut last, mut significant) = (None, Other);
    let mut before = Before::Nothing;
    for (at, c) in text.char_indices() {
        let class = table.class(c);
        let end = match last {
            None => false,
            Some(Cr) if class == Lf => false,
            Some(Cr | Lf | Sep) => true,
            Some(_) if matches!(class, Extend | Format) => false,
            Some(_) => ends_before(class, before, || decisive.from(at, table) == Some(Lower)),
        };
        if end {
            found.push(base + at);
        }
        let new_line = matches!(last, None | Some(Cr | Lf | Sep));
        last = Some(class);
        if matches!(class, Extend | Format) && !new_line {
            continue;
        }
        before = step(before, class, significant);
        significant = class;
    }
    if !text.is_empty() {
        found.push(base + text.len());
    }
}

/// Whether a sentence ends before a character; `lower_follows` says whether of the letters, line
/// ends and terminators from there on the first is a small letter.
fn ends_before(class: Class, before: Before, lower_follows: impl FnOnce() -> bool) -> bool {
    let Before::Term { a, tail, letter } = before else { return false };
    let stays = match class {
        Numeric => a && tail == Tail::Nothing,
        Upper => a && tail == Tail::Nothing && letter,
        SContinue | ATerm | STerm | Sp | Cr | Lf | Sep => true,
        Close => tail != Tail::Sp,
        _ => false,
    };
    !(stays || a && lower_follows())
}

/// What stands before the place behind a character.
fn step(before: Before, class: Class, significant: Class) -> Before {
    match (class, before) {
        (ATerm, _) => {
            let letter = matches!(significant, Lower | Upper);
            Before::Term { a: true, tail: Tail::Nothing, letter }
        }
        (STerm, _) => Before::Term { a: false, tail: Tail::Nothing, letter: false },
        (Close, Before::Term { a, tail: Tail::Nothing | Tail::Close, letter }) => {
            Before::Term { a, tail: Tail::Close, letter }
        }
        (Sp, Before::Term { a, letter, .. }) => Before::Term { a, tail: Tail::Sp, letter },
        _ => Before::Nothing,
    }
}

/// The next character that decides whether a full stop ends a sentence.
struct Decisive<'t> {
    text: &'t str,
    at: usize,
    /// Its class; `None` before the first search, and behind the last such character.
    class: Option<Class>,
}

impl Decisive<'_> {
    /// Its class, from `from` on; places asked for ascend.
    fn from(&mut self, from: usize, table: &Table) -> Option<Class> {
        if self.class.is_none() || self.at < from {
            if self.at >= self.text.len() {
                return None;
            }
            let start = self.at.max(from);
            let rest = self.text.get(start..).unwrap_or("");
            let found =
                rest.char_indices().map(|(at, c)| (at, table.class(c))).find(|&(_, class)| {
                    matches!(class, OLetter | Upper | Lower | Cr | Lf | Sep | ATerm | STerm)
                });
            (self.at, self.class) = match found {
                Some((at, class)) => (start + at, Some(class)),
                None => (self.text.len(), None),
            };
        }
        self.class
    }
}

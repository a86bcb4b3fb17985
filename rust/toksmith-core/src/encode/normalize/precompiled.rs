//! `Precompiled`: the table of `SentencePiece`, applied grapheme by grapheme.
//!
//! A grapheme of less than six bytes that begins with a string of the table is replaced *as a
//! whole* by that string's replacement (the shortest such string decides); else each of its
//! characters is looked up likewise. That is what tokenizers 0.23.3 does, and not what
//! `SentencePiece` does. Most characters are graphemes of their own that the table does not know:
//! two bits tell, and runs of them are copied whole. Linear.

use std::borrow::Cow;
use std::fmt;

use unicode_segmentation::UnicodeSegmentation;

use super::charsmap::Charsmap;
use super::check_length;
use super::flags::{self, JOINS};
use super::rewrite::{Rewrite, rewrite};
use crate::encode::draft::Draft;
use crate::error::Result;

/// Graphemes from this length on are not looked up as a whole.
const LONG_GRAPHEME: usize = 6;

/// The table, and which characters it knows.
pub(super) struct Precompiled {
    map: Charsmap,
    /// A bit for each character below U+10000: whether it is replaced by itself.
    known: Box<[u64; 1024]>,
    /// Whether an ASCII byte is replaced or may join what follows; all other bytes count as such.
    busy: Box<[bool; 256]>,
}

impl fmt::Debug for Precompiled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Precompiled").finish_non_exhaustive()
    }
}

/// What becomes of a part of the text.
enum Fate<'m> {
    /// It stays.
    Kept,
    /// It becomes this.
    Replaced(&'m str),
}

impl Precompiled {
    /// Parses the table.
    pub(super) fn new(blob: &[u8]) -> Result<Self> {
        let map = Charsmap::new(blob)?;
        let mut known = Box::new([0; 1024]);
        let mut busy = Box::new([true; 256]);
        for c in '\0'..='\u{FFFF}' {
            let replaced = find(&map, c.encode_utf8(&mut [0; 4])).is_some();
            known[c as usize / 64] |= u64::from(replaced) << (c as usize % 64);
            if c.is_ascii() {
                busy[c as usize] = replaced || flags::of(c) & JOINS != 0;
            }
        }
        Ok(Self { map, known, busy })
    }

    /// The text alone.
    pub(super) fn text<'t>(&self, text: &'t str) -> Result<Cow<'t, str>> {
        let mut out = String::new();
        let mut copied = 0;
        self.each(text, |start, end, fate| {
            let Fate::Replaced(new) = fate else { return Ok(()) };
            if copied == 0 {
                out.reserve(text.len());
            }
            out.push_str(&text[copied..start]);
            out.push_str(new);
            copied = end;
            check_length(out.len(), text)
        })?;
        if copied == 0 {
            return Ok(Cow::Borrowed(text));
        }
        out.push_str(&text[copied..]);
        Ok(Cow::Owned(out))
    }

    /// Text and origin.
    pub(super) fn tracked(&self, draft: &mut Draft) -> Result<()> {
        let mut changes = false;
        self.each(&draft.text, |_, _, fate| {
            changes |= matches!(fate, Fate::Replaced(_));
            Ok(())
        })?;
        if !changes {
            return Ok(());
        }
        rewrite(draft, |text, new| {
            let mut writer = Writer { new, added: None, any: false };
            self.each(text, |start, end, fate| match fate {
                Fate::Kept => writer.keep(start, end),
                Fate::Replaced(part) => {
                    writer.replace(&text[start..end], part)?;
                    check_length(writer.new.len(), text)
                }
            })?;
            writer.flush();
            Ok(())
        })
    }

    /// Gives the parts of a text in order; together they are all of it.
    fn each<'m>(
        &'m self,
        text: &str,
        mut give: impl FnMut(usize, usize, Fate<'m>) -> Result<()>,
    ) -> Result<()> {
        let (mut kept, mut pos) = (0, 0);
        while pos < text.len() {
            pos = self.skip(text, pos);
            let end = cluster_end(text, pos);
            if kept < pos {
                give(kept, pos, Fate::Kept)?;
            }
            let mut at = pos;
            for grapheme in text[pos..end].graphemes(true) {
                if let Some(new) = self.find_grapheme(grapheme) {
                    give(at, at + grapheme.len(), Fate::Replaced(new))?;
                    at += grapheme.len();
                    continue;
                }
                for c in grapheme.chars() {
                    let next = at + c.len_utf8();
                    let new = find(&self.map, &text[at..next]);
                    give(at, next, new.map_or(Fate::Kept, Fate::Replaced))?;
                    at = next;
                }
            }
            (kept, pos) = (end, end);
        }
        if kept < pos { give(kept, pos, Fate::Kept) } else { Ok(()) }
    }

    fn find_grapheme(&self, grapheme: &str) -> Option<&str> {
        if grapheme.len() < LONG_GRAPHEME { find(&self.map, grapheme) } else { None }
    }

    /// The end of the run, from a boundary between graphemes on, of characters that are graphemes
    /// and stay.
    fn skip(&self, text: &str, mut pos: usize) -> usize {
        let bytes = text.as_bytes();
        loop {
            while let Some(chunk) = bytes.get(pos..).and_then(<[u8]>::first_chunk::<16>)
                && !chunk.iter().fold(false, |busy, &byte| busy | self.busy[byte as usize])
            {
                // The last one may be joined by what follows.
                pos += chunk.len() - 1;
            }
            for _ in 0..16 {
                let (flags, len) = flags::at(bytes, pos);
                let (next, _) = flags::at(bytes, pos + len);
                if len == 0 || (flags | next) & JOINS != 0 || self.replaces(&text[pos..pos + len]) {
                    return pos;
                }
                pos += len;
            }
        }
    }

    /// Whether a single character is replaced.
    fn replaces(&self, character: &str) -> bool {
        match *character.as_bytes() {
            [a] => self.known[a as usize / 64] >> (a % 64) & 1 != 0,
            [a, b] => self.known[a as usize & 0x1F] >> (b & 0x3F) & 1 != 0,
            [a, b, c] => {
                let high = (a as usize & 0x0F) << 6 | b as usize & 0x3F;
                self.known[high] >> (c & 0x3F) & 1 != 0
            }
            _ => find(&self.map, character).is_some(),
        }
    }
}

/// What the table makes of a part of the text as a whole.
fn find<'m>(map: &'m Charsmap, part: &str) -> Option<&'m str> {
    map.shortest_prefix(part.as_bytes()).map(|(_, new)| new)
}

/// The end of the graphemes that start at `pos`: where the first two characters meet that never
/// join.
fn cluster_end(text: &str, pos: usize) -> usize {
    let bytes = text.as_bytes();
    let (mut before, mut end) = flags::at(bytes, pos);
    end += pos;
    loop {
        let (flags, len) = flags::at(bytes, end);
        if len == 0 || (before | flags) & JOINS == 0 {
            return end;
        }
        before = flags;
        end += len;
    }
}

/// Writes with the changes that tokenizers records: of a replacement longer than the old part,
/// the last characters are added ones; a shorter one passes over the rest with its last character,
/// or, if it is empty, with the last character written before, whatever that was.
struct Writer<'w, 'd> {
    new: &'w mut Rewrite<'d>,
    /// The last character, if it is an added one: a removal may yet follow it.
    added: Option<char>,
    /// Whether anything was written. What is removed before that is not passed over.
    any: bool,
}

impl Writer<'_, '_> {
    fn keep(&mut self, start: usize, end: usize) -> Result<()> {
        self.flush();
        self.any = true;
        self.new.keep(start, end)
    }

    fn replace(&mut self, old: &str, part: &str) -> Result<()> {
        let (old, count) = (old.chars().count(), part.chars().count());
        for (index, c) in part.chars().enumerate() {
            self.flush();
            self.any = true;
            if index < old {
                self.new.replace(c)?;
            } else {
                self.added = Some(c);
            }
        }
        let removed = old.saturating_sub(count);
        match self.added.take_if(|_| removed > 0) {
            Some(c) => self.new.write(c, 1 - removed as isize)?,
            None if self.any => self.new.pass(removed),
            None => {}
        }
        Ok(())
    }

    /// Writes the character that was held back.
    fn flush(&mut self) {
        if let Some(c) = self.added.take() {
            self.new.add(c);
        }
    }
}

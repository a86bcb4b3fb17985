//! The normalizers as tokenizers 0.23.3 defines them, slowly: the oracle of both fast forms.
//!
//! A text is a list of characters, each with its origin. A normalizer makes a list of new
//! characters with their *changes* (1: added; 0: in place of one; -n: in place of one, and n more
//! removed), and [`Naive::transform`] counts old characters along. No flags, no runs, no sections.

use std::mem;

use unicode_categories::UnicodeCategories;
use unicode_normalization_alignments::UnicodeNormalization;
use unicode_normalization_alignments::char::is_combining_mark;
use unicode_segmentation::UnicodeSegmentation;

use super::charsmap::Charsmap;
use crate::formats::pipeline::Normalizer;

/// New characters with their changes.
type Changes = Vec<(char, isize)>;

/// A text with the origin of each character.
#[derive(Debug, Clone)]
pub(super) struct Naive(Vec<(char, (usize, usize))>);

impl Naive {
    pub(super) fn new(text: &str) -> Self {
        Self(text.char_indices().map(|(at, c)| (c, (at, at + c.len_utf8()))).collect())
    }

    pub(super) fn text(&self) -> String {
        self.0.iter().map(|&(c, _)| c).collect()
    }

    /// The origin of each byte.
    pub(super) fn map(&self) -> Vec<(u32, u32)> {
        let each = |&(c, (start, end)): &(char, (usize, usize))| {
            std::iter::repeat_n((start as u32, end as u32), c.len_utf8())
        };
        self.0.iter().flat_map(each).collect()
    }

    /// `None` where the changes do not fit: tokenizers panics there.
    fn transform(&mut self, changes: Changes, removed_first: usize) -> Option<()> {
        let old = mem::take(&mut self.0);
        let standing = old.iter().take_while(|(_, (start, end))| start == end).count();
        let mut new = old[..standing].to_vec();
        let mut at = (standing + removed_first).min(old.len());
        for (c, change) in changes {
            let origin = if change <= 0 {
                old.get(at)?.1
            } else if at == 0 {
                (0, 0)
            } else {
                old[at - 1].1
            };
            new.push((c, origin));
            if change <= 0 {
                at = (at + 1 + change.unsigned_abs()).min(old.len());
            }
        }
        self.0 = new;
        Some(())
    }

    fn filter(&mut self, keep: impl Fn(char) -> bool) -> Option<()> {
        let (mut changes, mut removed_first) = (Changes::new(), 0);
        for c in self.text().chars() {
            match (keep(c), changes.last_mut()) {
                (true, _) => changes.push((c, 0)),
                (false, Some((_, change))) => *change -= 1,
                (false, None) => removed_first += 1,
            }
        }
        self.transform(changes, removed_first)
    }

    fn each(&mut self, change: impl Fn(char) -> Changes) -> Option<()> {
        let changes = self.text().chars().flat_map(change).collect();
        self.transform(changes, 0)
    }

    /// Normalizes; `None` where tokenizers panics.
    pub(super) fn apply(&mut self, def: &Normalizer) -> Option<()> {
        let text = self.text();
        match def {
            Normalizer::Sequence(parts) => parts.iter().try_for_each(|part| self.apply(part)),
            Normalizer::Bert { clean_text, handle_chinese_chars, strip_accents, lowercase } => {
                let like_space = |c: char| matches!(c, '\t' | '\n' | '\r');
                if *clean_text {
                    let control = |c: char| !like_space(c) && c.is_other();
                    self.filter(|c| c != '\0' && c != '\u{FFFD}' && !control(c))?;
                    self.each(|c| vec![(if c.is_whitespace() { ' ' } else { c }, 0)])?;
                }
                if *handle_chinese_chars {
                    self.each(|c| {
                        if chinese(c) { vec![(' ', 0), (c, 1), (' ', 1)] } else { vec![(c, 0)] }
                    })?;
                }
                if strip_accents.unwrap_or(*lowercase) {
                    self.apply(&Normalizer::Nfd)?;
                    self.filter(|c| !c.is_mark_nonspacing())?;
                }
                if *lowercase { self.apply(&Normalizer::Lowercase) } else { Some(()) }
            }
            Normalizer::Strip { left, right } => {
                let kept = if *left { text.trim_start() } else { &text };
                let first = text.chars().count() - kept.chars().count();
                let kept = if *right { kept.trim_end() } else { kept };
                if kept == text {
                    return Some(());
                }
                self.transform(kept.chars().map(|c| (c, 0)).collect(), first)
            }
            Normalizer::StripAccents => self.filter(|c| !is_combining_mark(c)),
            Normalizer::Nfc => self.transform(text.nfc().collect(), 0),
            Normalizer::Nfd => self.transform(text.nfd().collect(), 0),
            Normalizer::Nfkc => self.transform(text.nfkc().collect(), 0),
            Normalizer::Nfkd => self.transform(text.nfkd().collect(), 0),
            Normalizer::Lowercase => self.each(|c| added(c.to_lowercase())),
            Normalizer::Nmt => {
                self.filter(|c| {
                    let c = c as u32;
                    !matches!(c, 1..=8 | 0xB | 0xE..=0x1F | 0x7F | 0x8F | 0x9F)
                })?;
                self.each(|c| {
                    let blank = matches!(
                        c as u32,
                        9 | 0xA | 0xC | 0xD | 0x1680 | 0x200B
                            ..=0x200F | 0x2028 | 0x2029 | 0x2581 | 0xFEFF | 0xFFFD
                    );
                    vec![(if blank { ' ' } else { c }, 0)]
                })
            }
            Normalizer::Prepend(string) => {
                self.prepend(string);
                Some(())
            }
            Normalizer::Replace { pattern, content } => {
                self.replace(&pattern.pattern, content);
                Some(())
            }
            Normalizer::Precompiled(blob) => self.precompiled(&Charsmap::new(blob).ok()?),
            Normalizer::ByteLevel => {
                self.each(|c| added(c.encode_utf8(&mut [0; 4]).bytes().map(letter)))
            }
            Normalizer::SentencePiece(_) => None,
        }
    }

    fn prepend(&mut self, string: &str) {
        let Some(&(c, first)) = self.0.first() else { return };
        if string.is_empty() {
            self.0[0] = (c, (0, 0));
        }
        self.0.splice(0..0, string.chars().map(|c| (c, first)));
    }

    fn replace(&mut self, pattern: &str, content: &str) {
        let Ok(regex) = fancy_regex::Regex::new(pattern) else { return };
        let text = self.text();
        // By byte, so that matches can be counted in bytes.
        let mut new = Vec::new();
        let mut at = 0;
        let map = self.map();
        let keep = |new: &mut Vec<_>, start: usize, end: usize| {
            new.extend(text[start..end].char_indices().map(|(index, c)| {
                let (from, to) = map[start + index];
                (c, (from as usize, to as usize))
            }));
        };
        let matches = regex.find_iter(&text).filter(|_| !text.is_empty());
        for found in matches.flatten() {
            keep(&mut new, at, found.start());
            at = found.end();
            let (from, to) = if at == 0 { (0, 0) } else { map[at - 1] };
            new.extend(content.chars().map(|c| (c, (from as usize, to as usize))));
        }
        keep(&mut new, at, text.len());
        self.0 = new;
    }

    fn precompiled(&mut self, table: &Charsmap) -> Option<()> {
        let find = |part: &str| table.shortest_prefix(part.as_bytes()).map(|(_, new)| new);
        let mut changes = Changes::new();
        let mut modified = false;
        let mut put = |old: &str, new: Option<&str>| {
            modified |= new.is_some();
            let new = new.unwrap_or(old);
            let (old, count) = (old.chars().count(), new.chars().count());
            changes.extend(new.chars().enumerate().map(|(i, c)| (c, isize::from(i >= old))));
            if let (Some((_, change)), true) = (changes.last_mut(), count < old) {
                *change -= (old - count) as isize;
            }
        };
        for grapheme in self.text().graphemes(true) {
            match find(grapheme).filter(|_| grapheme.len() < 6) {
                Some(new) => put(grapheme, Some(new)),
                None => grapheme.chars().for_each(|c| {
                    let part = c.to_string();
                    put(&part, find(&part));
                }),
            }
        }
        if modified { self.transform(changes, 0) } else { Some(()) }
    }
}

/// The first character in place of one, all others added.
fn added(characters: impl Iterator<Item = char>) -> Changes {
    characters.enumerate().map(|(index, c)| (c, isize::from(index > 0))).collect()
}

/// The letter of a byte, counted out.
fn letter(byte: u8) -> char {
    let plain = |byte: &u8| matches!(byte, 33..=126 | 161..=172 | 174..=255);
    let moved = (0..byte).filter(|before| !plain(before)).count() as u32;
    if plain(&byte) { byte as char } else { char::from_u32(0x100 + moved).unwrap_or_default() }
}

/// Whether BERT takes a character for Chinese.
fn chinese(c: char) -> bool {
    matches!(
        c as u32,
        0x4E00..=0x9FFF | 0x3400..=0x4DBF | 0x20000..=0x2A6DF | 0x2A700..=0x2B73F
            | 0x2B740..=0x2B81F | 0x2B920..=0x2CEAF | 0xF900..=0xFAFF | 0x2F800..=0x2FA1F
    )
}

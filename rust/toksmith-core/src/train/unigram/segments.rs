//! Words cut at every place that no piece may cross, and each distinct part counted once.
//!
//! A place that no piece may cross is a boundary of every segmentation, so the parts on its two
//! sides are independent: learning from the parts is learning from the words, exactly, and there
//! are far fewer distinct parts. Characters that are not covered are such places too, and are in
//! no part.

use super::options::{Options, SpaceRule};
use crate::encode::pretokenize::stages::script;
use crate::error::{Error, Result};
use crate::train::words::WordCounts;
use crate::watch::Watch;
use std::ops::Range;

/// Stands in front of a word, for the space there.
pub(super) const SPACE: char = '\u{2581}';

/// Words between two looks at the watch.
const POLL: usize = 1 << 16;

/// Most characters of all distinct parts: places are `u32`.
const LIMIT: usize = u32::MAX as usize - 1;

/// Distinct parts of words, sorted, as numbers of characters.
#[derive(Debug, Default)]
pub(super) struct Segments {
    /// Covered characters, in order; number `c` in `text` is `alphabet[c - 1]`.
    pub(super) alphabet: Vec<char>,
    /// All parts, a 0 behind each; then the characters that are in none, likewise.
    pub(super) text: Vec<u32>,
    /// Where parts are in `text`, in the order of their characters.
    pub(super) spans: Vec<Range<u32>>,
    /// How often each was seen.
    pub(super) counts: Vec<u64>,
}

impl Segments {
    /// Cuts and counts. O(n log n) for n bytes of words.
    pub(super) fn new(words: &WordCounts, options: &Options, watch: &Watch<'_>) -> Result<Self> {
        let alphabet = covered(words, options);
        let number = |c: char| alphabet.binary_search(&c).map_or(0, |at| at as u32 + 1);
        let mut parts: Vec<(&str, u64)> = Vec::new();
        for (at, (word, count)) in words.iter().enumerate() {
            if at % POLL == 0 {
                watch.ask()?;
            }
            for chunk in word.utf8_chunks() {
                cut(chunk.valid(), options, |c| number(c) > 0, &mut |part| {
                    parts.push((part, count));
                });
            }
        }
        parts.sort_unstable();
        watch.ask()?;
        parts.dedup_by(|later, kept| {
            let same = later.0 == kept.0;
            if same {
                kept.1 = kept.1.saturating_add(later.1);
            }
            same
        });
        let (mut text, mut spans) = (Vec::new(), Vec::with_capacity(parts.len()));
        for (part, _) in &parts {
            let start = text.len() as u32;
            text.extend(part.chars().map(number));
            spans.push(start..text.len() as u32);
            text.push(0);
            if text.len() > LIMIT {
                let why = format!("more than {LIMIT} characters in all distinct words");
                return Err(Error::Input { why });
            }
        }
        let counts = parts.iter().map(|&(_, count)| count).collect();
        let mut seen = vec![false; alphabet.len() + 1];
        for &c in &text {
            seen[c as usize] = true;
        }
        for c in (1..=alphabet.len()).filter(|&c| !seen[c]) {
            text.extend([c as u32, 0]);
        }
        Ok(Self { alphabet, text, spans, counts })
    }

    /// The characters of a stretch of the text.
    pub(super) fn spelled(&self, start: u32, len: u32) -> String {
        let numbers = self.text.get(start as usize..(start + len) as usize).unwrap_or_default();
        numbers.iter().filter_map(|&c| self.alphabet.get((c as usize).wrapping_sub(1))).collect()
    }
}

/// The most frequent characters that together make up `coverage` of all, and those asked for.
/// Of equally frequent ones the lower comes first. Never NUL, which SentencePiece files cannot
/// hold.
fn covered(words: &WordCounts, options: &Options) -> Vec<char> {
    let mut counts = vec![0u128; char::MAX as usize + 1];
    for (word, count) in words.iter() {
        for c in word.utf8_chunks().flat_map(|chunk| chunk.valid().chars()) {
            counts[c as usize] += u128::from(count);
        }
    }
    counts[0] = 0;
    let total: u128 = counts.iter().sum();
    let mut seen: Vec<(u128, char)> = (0..=char::MAX as u32)
        .filter_map(char::from_u32)
        .filter_map(|c| Some((*counts.get(c as usize)?, c)).filter(|&(count, _)| count > 0))
        .collect();
    seen.sort_by_key(|&(count, c)| (std::cmp::Reverse(count), c));
    let (enough, mut reached) = (options.character_coverage * total as f64, 0);
    let mut alphabet: Vec<char> = options.required_chars.clone();
    alphabet.retain(|&c| c != '\0');
    for (count, c) in seen {
        if reached as f64 >= enough && options.character_coverage < 1.0 {
            break;
        }
        reached += count;
        alphabet.push(c);
    }
    alphabet.sort_unstable();
    alphabet.dedup();
    alphabet
}

/// Whether a digit, as SentencePiece has it: ASCII, or of their full width.
fn is_digit(c: char) -> bool {
    matches!(c, '0'..='9' | '\u{FF10}'..='\u{FF19}')
}

/// Calls `sink` for each part of a word.
pub(super) fn cut<'a>(
    word: &'a str,
    options: &Options,
    is_covered: impl Fn(char) -> bool,
    sink: &mut impl FnMut(&'a str),
) {
    let mut give = |part: &'a str| {
        if !part.is_empty() {
            sink(part);
        }
    };
    let (mut start, mut last_script, mut last) = (0, script::ANY, None);
    for (at, c) in word.char_indices() {
        if !is_covered(c) {
            give(&word[start..at]);
            (start, last_script, last) = (at + c.len_utf8(), script::ANY, None);
            continue;
        }
        let free = c == SPACE || (is_digit(c) && !options.split_by_number);
        let of = if free || !options.split_by_script { script::ANY } else { script::of(c) };
        let other = of != script::ANY && last_script != script::ANY && of != last_script;
        let space = match options.space {
            SpaceRule::Prefix => c == SPACE,
            SpaceRule::Suffix => last == Some(SPACE),
            SpaceRule::Anywhere => false,
        };
        let digit = options.split_digits && (is_digit(c) || last.is_some_and(is_digit));
        if last.is_some() && (other || space || digit) {
            give(&word[start..at]);
            (start, last_script) = (at, script::ANY);
        }
        if of != script::ANY {
            last_script = of;
        }
        last = Some(c);
    }
    give(&word[start..]);
}

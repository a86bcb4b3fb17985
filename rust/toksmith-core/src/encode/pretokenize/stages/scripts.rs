//! `UnicodeScripts`: a cut wherever the script changes.
//!
//! A character of any script (a space, or one that Unicode 9 did not know) belongs to what is
//! before it. At the beginning there is nothing before it, and it goes, as in tokenizers 0.23.3.

use super::scripts_table::RANGES;
use crate::token::Span;

/// Not the number of a script: fits to every one.
const ANY: u8 = 0;

/// A range that holds no character.
const NOWHERE: (u32, u32, u8) = (1, 0, ANY);

/// The scripts of ASCII characters, which alternate too often for the range of the last one.
static ASCII: [u8; 128] = {
    let mut scripts = [ANY; 128];
    let mut place = 0;
    while RANGES[place].0 < 128 {
        let (mut c, last, script) = RANGES[place];
        while c <= last && c < 128 {
            scripts[c as usize] = script;
            c += 1;
        }
        place += 1;
    }
    scripts
};

/// Appends the pieces of `text`, which begins at byte `base`. O(n log r) for r ranges of scripts;
/// a look-up is O(1) where a character is of the range of the one before.
pub(super) fn cut(text: &str, base: usize, pieces: &mut Vec<Span>) {
    let mut scripts = Scripts { last: NOWHERE };
    let (mut script, mut start) = (ANY, text.len());
    for (at, c) in text.char_indices() {
        let next = scripts.of(c);
        if next != ANY && next != script {
            if script != ANY {
                pieces.push(Span { start: base + start, end: base + at });
            }
            (script, start) = (next, at);
        }
    }
    if start < text.len() {
        pieces.push(Span { start: base + start, end: base + text.len() });
    }
}

/// Looks up scripts, the range of the last answer first.
struct Scripts {
    last: (u32, u32, u8),
}

impl Scripts {
    #[inline]
    fn of(&mut self, c: char) -> u8 {
        let c = c as u32;
        if let Some(&script) = ASCII.get(c as usize) {
            return script;
        }
        if self.last.0 > c || self.last.1 < c {
            self.last = range_of(c);
        }
        self.last.2
    }
}

/// The range that holds a character, or the one of any script that does.
fn range_of(c: u32) -> (u32, u32, u8) {
    let after = RANGES.partition_point(|&(_, last, _)| last < c);
    match RANGES.get(after) {
        Some(&range) if range.0 <= c => range,
        next => {
            let first = after.checked_sub(1).and_then(|before| RANGES.get(before));
            (first.map_or(0, |range| range.1 + 1), next.map_or(u32::MAX, |range| range.0 - 1), ANY)
        }
    }
}

/// The number of the script of a character; 0 for any.
pub(super) fn number_of(c: char) -> u8 {
    ASCII.get(c as usize).copied().unwrap_or_else(|| range_of(c as u32).2)
}

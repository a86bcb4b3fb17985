//! The script of a character, for those that do not cut at every change of it.

use super::scripts::number_of;

/// Of characters that fit to any script: spaces, marks that take the script of their base, and
/// what Unicode 9 did not know.
pub(crate) const ANY: u8 = 0;

/// The number of the script of a character; han, hiragana and katakana have one. O(log r) for r
/// ranges of scripts, O(1) for ASCII.
pub(crate) fn of(c: char) -> u8 {
    let number = number_of(c);
    if !c.is_ascii() && number == number_of('\u{300}') { ANY } else { number }
}

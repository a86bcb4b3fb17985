//! The tables are those behind tokenizers 0.23.3, for every scalar value.

use super::super::alphabet::ALPHABET;
use super::super::flags::{NUMBER, PUNCTUATION, SPACE, WORD, flags_of};
use super::super::{Stages, scripts, scripts_table::RANGES};
use crate::formats::pipeline::PreTokenizer;
use crate::token::Span;

/// FNV-1a.
fn digest(values: impl Iterator<Item = u8>) -> u64 {
    values.fold(0xCBF2_9CE4_8422_2325, |hash, value| {
        (hash ^ u64::from(value)).wrapping_mul(0x0100_0000_01B3)
    })
}

fn count(flag: u8) -> usize {
    ('\0'..=char::MAX).filter(|&c| flags_of(c) & flag != 0).count()
}

/// The digest is that of the answers of the Python package's `Whitespace` (`\w`), `Punctuation`,
/// `Digits` and `WhitespaceSplit`, as bits 0 to 3 of a byte, character by character.
#[test]
fn every_character_has_the_flags_that_the_python_package_gives_it() {
    assert_eq!(count(WORD), 144_667);
    assert_eq!(count(PUNCTUATION), 726);
    assert_eq!(count(NUMBER), 1_924);
    assert_eq!(count(SPACE), 25);
    assert_eq!(digest(('\0'..=char::MAX).map(flags_of)), 0x5489_8B37_6BC0_0CE4);
}

#[test]
fn words_and_white_space_are_those_of_regex_syntax() {
    for (pattern, flag) in [(r"\w", WORD), (r"\s", SPACE)] {
        let regex = fancy_regex::Regex::new(&format!(r"\A{pattern}\z")).expect(pattern);
        let mut buffer = [0; 4];
        for c in '\0'..=char::MAX {
            let member = regex.is_match(c.encode_utf8(&mut buffer)).expect(pattern);
            assert_eq!(flags_of(c) & flag != 0, member, "{c:?}");
        }
    }
}

/// The digest is that of the classes of characters between which the Python package's
/// `UnicodeScripts` does not cut, numbered from 1 as they first occur; 0 where it never cuts.
#[test]
fn every_character_has_the_script_that_the_python_package_gives_it() {
    let mut numbers = Vec::new();
    let mut range = RANGES.iter().peekable();
    let scripts = ('\0'..=char::MAX).map(|c| {
        while range.next_if(|range| range.1 < c as u32).is_some() {}
        let Some(script) = range.peek().filter(|range| range.0 <= c as u32) else { return 0 };
        let known = numbers.iter().position(|number| *number == script.2);
        known.unwrap_or_else(|| {
            numbers.push(script.2);
            numbers.len() - 1
        }) as u8
            + 1
    });
    assert_eq!(digest(scripts), 0x4884_E023_DC17_1066);
    assert_eq!(numbers.len(), 135);
}

#[test]
fn a_look_up_of_a_script_does_not_depend_on_the_one_before() {
    let stage = Stages::new(&[PreTokenizer::UnicodeScripts]).expect("stage");
    let mut caches = Vec::new();
    let all: Vec<char> = ('\0'..=char::MAX).collect();
    // Alone, a character is looked up afresh; in order, mostly in the range of the last.
    let mut alone = all.iter().map(|c| {
        let mut pieces = Vec::new();
        scripts::cut(&format!("a{c}"), 0, &mut pieces);
        pieces.len()
    });
    let text: String = all.iter().flat_map(|c| ['a', *c]).collect();
    let mut starts = vec![false; text.len() + 1];
    stage
        .cut(&text, &mut caches, |piece| {
            starts[piece.start] = true;
            Ok(())
        })
        .expect("cut");
    for (at, c) in text.char_indices().skip(1).step_by(2) {
        assert_eq!(alone.next(), Some(1 + usize::from(starts[at])), "{c:?}");
    }
}

#[test]
fn every_byte_has_its_own_letter() {
    let mut letters = ALPHABET.to_vec();
    letters.sort_unstable();
    letters.dedup();
    assert_eq!(letters.len(), 256);
    let of = |bytes: &[u8]| -> String { bytes.iter().map(|&b| ALPHABET[usize::from(b)]).collect() };
    assert_eq!(of(b" \n\0\x7f\xad\xff~!"), "\u{120}\u{10a}\u{100}\u{121}\u{143}\u{ff}~!");
}

#[test]
fn text_of_any_script_at_the_beginning_goes() {
    let mut pieces = Vec::new();
    for (text, want) in [("  a", 2..3), (" \u{378}", 0..0), ("a b", 0..3)] {
        pieces.clear();
        scripts::cut(text, 0, &mut pieces);
        let want = (!want.is_empty()).then_some(Span { start: want.start, end: want.end });
        assert_eq!(pieces, Vec::from_iter(want), "{text:?}");
    }
}

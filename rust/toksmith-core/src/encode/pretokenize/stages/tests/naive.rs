//! Each stage by its definition, over lists of characters.

use fancy_regex::Regex;

use super::super::alphabet::ALPHABET;
use super::super::flags::{PUNCTUATION, flags_of};
use super::super::scripts_table::RANGES;
use super::{Piece, Source};
use crate::encode::pretokenize::patterns;
use crate::encode::pretokenize::split::split_pieces;
use crate::formats::SplitBehaviour;
use crate::formats::pipeline::{PreTokenizer, PrependScheme};
use crate::token::Span;

/// The pieces that a stage makes of pieces.
pub(super) fn run(stage: &PreTokenizer, base: usize, pieces: &[Piece]) -> Vec<Piece> {
    pieces.iter().flat_map(|piece| run_one(stage, base, piece.clone())).collect()
}

fn run_one(stage: &PreTokenizer, base: usize, piece: Piece) -> Vec<Piece> {
    use SplitBehaviour::{Contiguous, Isolated, MergedWithNext, Removed};
    let is_space = |c: char| c.is_whitespace();
    let is_punctuation = |c: char| flags_of(c) & PUNCTUATION != 0;
    match stage {
        PreTokenizer::Bert => by_character(&piece, is_space, Removed)
            .iter()
            .flat_map(|word| by_character(word, is_punctuation, Isolated))
            .collect(),
        PreTokenizer::CharDelimiterSplit(delimiter) => {
            by_character(&piece, |c| c == *delimiter, Removed)
        }
        PreTokenizer::WhitespaceSplit => by_character(&piece, is_space, Removed),
        PreTokenizer::Whitespace => by_pattern(&piece, r"\w+|[^\w\s]+", Removed, true),
        PreTokenizer::Punctuation(behaviour) => by_character(&piece, is_punctuation, *behaviour),
        PreTokenizer::Digits { individual } => {
            let behaviour = if *individual { Isolated } else { Contiguous };
            by_pattern(&piece, r"[\p{N}\x{11DE0}-\x{11DE9}\x{16FF4}-\x{16FF6}]", behaviour, false)
        }
        PreTokenizer::Split(split) => {
            by_pattern(&piece, &split.pattern, split.behaviour, split.invert)
        }
        PreTokenizer::FixedLength(length) => piece.chunks(*length).map(<[_]>::to_vec).collect(),
        PreTokenizer::UnicodeScripts => by_script(&piece),
        PreTokenizer::Metaspace { replacement, prepend_scheme, split } => {
            let sign = |(c, source)| (if c == ' ' { *replacement } else { c }, source);
            let mut piece: Piece = piece.into_iter().map(sign).collect();
            let first = piece.first().copied();
            let prepend = match prepend_scheme {
                PrependScheme::Always => true,
                PrependScheme::First => base == 0 && first.is_some_and(|(_, s)| s.0 == 0),
                PrependScheme::Never => false,
            };
            prepend_unless_there(&mut piece, *replacement, prepend);
            if *split {
                by_character(&piece, |c| c == *replacement, MergedWithNext)
            } else {
                vec![piece]
            }
        }
        PreTokenizer::ByteLevel { add_prefix_space, use_regex, .. } => {
            let mut piece = piece;
            prepend_unless_there(&mut piece, ' ', *add_prefix_space);
            let words = if *use_regex {
                by_pattern(&piece, patterns::GPT2[1], Isolated, false)
            } else {
                vec![piece]
            };
            words.into_iter().map(|word| word.into_iter().flat_map(letters).collect()).collect()
        }
    }
}

fn prepend_unless_there(piece: &mut Piece, c: char, prepend: bool) {
    if let (Some(&(first, source)), true) = (piece.first(), prepend)
        && first != c
    {
        piece.insert(0, (c, source));
    }
}

fn letters((c, source): (char, Source)) -> Vec<(char, Source)> {
    c.to_string().bytes().map(|byte| (ALPHABET[usize::from(byte)], source)).collect()
}

fn by_character(
    piece: &Piece,
    is_match: impl Fn(char) -> bool,
    behaviour: SplitBehaviour,
) -> Vec<Piece> {
    let text: String = piece.iter().map(|(c, _)| c).collect();
    let matches: Vec<Span> = text
        .char_indices()
        .filter(|&(_, c)| is_match(c))
        .map(|(start, c)| Span { start, end: start + c.len_utf8() })
        .collect();
    slices(piece, &split_pieces(text.len(), &matches, behaviour, false))
}

fn by_pattern(piece: &Piece, pattern: &str, behaviour: SplitBehaviour, invert: bool) -> Vec<Piece> {
    thread_local! {
        static COMPILED: std::cell::RefCell<std::collections::HashMap<String, Regex>> =
            std::cell::RefCell::default();
    }
    let text: String = piece.iter().map(|(c, _)| c).collect();
    let matches: Vec<Span> = COMPILED.with_borrow_mut(|compiled| {
        let regex = compiled
            .entry(pattern.to_owned())
            .or_insert_with(|| Regex::new(pattern).expect(pattern));
        let spans = regex.find_iter(&text).map(|m| m.expect(pattern));
        spans.map(|m| Span { start: m.start(), end: m.end() }).collect()
    });
    slices(piece, &split_pieces(text.len(), &matches, behaviour, invert))
}

fn by_script(piece: &Piece) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut last = None;
    for &(c, source) in piece {
        let found = RANGES.iter().find(|range| (range.0..=range.1).contains(&(c as u32)));
        let script = found.map(|range| range.2);
        if script.is_some() && script != last {
            pieces.push(Vec::new());
            last = script;
        }
        if let Some(piece) = pieces.last_mut() {
            piece.push((c, source));
        }
    }
    pieces
}

/// The characters of a piece that stand in spans of its bytes.
fn slices(piece: &Piece, spans: &[Span]) -> Vec<Piece> {
    let mut at = 0;
    let starts: Vec<usize> = piece
        .iter()
        .map(|(c, _)| {
            at += c.len_utf8();
            at - c.len_utf8()
        })
        .collect();
    let number = |byte: usize| starts.partition_point(|&start| start < byte);
    spans.iter().map(|span| piece[number(span.start)..number(span.end)].to_vec()).collect()
}

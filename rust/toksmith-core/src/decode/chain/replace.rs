//! `Replace`: each match of a pattern in a token becomes a string.
//!
//! A literal string, which is what files have, is searched as the text comes, so that a token
//! need not be complete; other patterns run on the general matcher, token by token.

use super::tokens::{Tokens, Whole};
use crate::encode::pretokenize::{General, GeneralCache};
use crate::error::Result;
use crate::formats::pipeline::Pattern;
use std::sync::Arc;

/// Appends `text` with every `old` become `new`; an empty `old` is found around each character.
pub(super) fn replace_all(text: &str, old: &str, new: &str, out: &mut String) {
    let mut end = 0;
    for (start, found) in text.match_indices(old) {
        out.push_str(text.get(end..start).unwrap_or_default());
        out.push_str(new);
        end = start + found.len();
    }
    out.push_str(text.get(end..).unwrap_or_default());
}

/// The string a pattern stands for, if it is one: no sign of it but escaped ones has a meaning.
pub(super) fn literal(pattern: &str) -> Option<String> {
    let mut text = String::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => text.push(chars.next().filter(char::is_ascii_punctuation)?),
            '.' | '^' | '$' | '|' | '?' | '*' | '+' | '(' | ')' | '[' | ']' | '{' | '}' => {
                return None;
            }
            _ => text.push(c),
        }
    }
    (!text.is_empty()).then_some(text)
}

/// Searches for a string by Knuth, Morris and Pratt: what may be the beginning of a match is not
/// kept but known by its length. Linear, in characters, so nothing is cut in half.
#[derive(Debug, Clone)]
pub(super) struct Literal {
    /// The string, not empty, and for each length of a beginning of it the length of the longest
    /// shorter beginning that is also its end.
    old: Arc<[(char, usize)]>,
    new: Arc<str>,
    /// Characters of the string that the text ends with.
    matched: usize,
}

impl Literal {
    /// `None` for the empty string.
    pub(super) fn new(old: &str, new: &str) -> Option<Self> {
        let chars: Vec<char> = old.chars().collect();
        let mut borders = vec![0; chars.len()];
        let mut border = 0;
        for (at, c) in chars.iter().enumerate().skip(1) {
            while border > 0 && chars.get(border) != Some(c) {
                border = borders[border - 1];
            }
            border += usize::from(chars.get(border) == Some(c));
            borders[at] = border;
        }
        let old: Arc<[_]> = chars.into_iter().zip(borders).collect();
        (!old.is_empty()).then(|| Self { old, new: new.into(), matched: 0 })
    }

    pub(super) fn run(&mut self, input: &Tokens, out: &mut Tokens) {
        for (part, complete) in input.parts() {
            self.part(part, &mut out.text);
            if complete {
                self.give_up(self.matched, &mut out.text);
                out.end();
            }
        }
    }

    fn part(&mut self, part: &str, out: &mut String) {
        let mut rest = part;
        loop {
            if self.matched == 0 {
                let first = self.old.first().map_or('\0', |&(c, _)| c);
                let Some(at) = rest.find(first) else { break };
                out.push_str(rest.get(..at).unwrap_or_default());
                rest = rest.get(at..).unwrap_or_default();
            }
            let mut chars = rest.chars();
            let Some(c) = chars.next() else { return };
            match self.old.get(self.matched) {
                Some(&(expected, _)) if expected == c => {
                    rest = chars.as_str();
                    self.matched += 1;
                    if self.matched == self.old.len() {
                        out.push_str(&self.new);
                        self.matched = 0;
                    }
                }
                // With nothing matched the first character is the one that was found.
                _ => {
                    let border = self.matched.checked_sub(1).and_then(|at| self.old.get(at));
                    let border = border.map_or(0, |&(_, border)| border);
                    self.give_up(self.matched - border, out);
                }
            }
        }
        out.push_str(rest);
    }

    /// The first `count` matched characters belong to no match.
    fn give_up(&mut self, count: usize, out: &mut String) {
        out.extend(self.old.iter().take(count).map(|&(c, _)| c));
        self.matched -= count;
    }
}

/// Any other pattern.
#[derive(Debug)]
pub(super) struct Matched {
    pattern: Arc<General>,
    new: Arc<str>,
    cache: Option<GeneralCache>,
    whole: Whole,
}

impl Clone for Matched {
    fn clone(&self) -> Self {
        Self {
            pattern: Arc::clone(&self.pattern),
            new: Arc::clone(&self.new),
            cache: None,
            whole: self.whole.clone(),
        }
    }
}

impl Matched {
    pub(super) fn new(pattern: &Pattern, new: &str) -> Result<Self> {
        let general = General::new(&pattern.pattern, pattern.dialect)?;
        let (pattern, whole) = (Arc::new(general), Whole::default());
        Ok(Self { pattern, new: new.into(), cache: None, whole })
    }

    pub(super) fn run(&mut self, input: &Tokens, out: &mut Tokens) -> Result<()> {
        let Self { pattern, new, cache, whole } = self;
        let cache = cache.get_or_insert_with(|| pattern.new_cache());
        whole.each(input, |token| {
            let mut end = 0;
            // In an empty token nothing is searched.
            if !token.is_empty() {
                for span in pattern.matches(cache, token) {
                    let span = span?;
                    out.text.push_str(token.get(end..span.start).unwrap_or_default());
                    out.text.push_str(new);
                    end = span.end;
                }
            }
            out.push(token.get(end..).unwrap_or_default());
            Ok(())
        })
    }
}

//! `Replace`: each match of a pattern becomes a string. `Prepend`: a string before the text.
//!
//! Literals and runs of one character, which is what files mostly have, are found directly; any
//! other pattern runs on the general matcher, bounded in its steps. Linear but for that.

use std::borrow::Cow;

use memchr::memmem;

use super::rewrite::rewrite_all;
use super::{NormalizeCache, check_length};
use crate::encode::draft::Draft;
use crate::encode::pretokenize::General;
use crate::error::Result;
use crate::formats::pipeline::Pattern;
use crate::token::Span;

/// What a normalizer has made of a text.
pub(super) enum Outcome<'t> {
    /// This text.
    Text(Cow<'t, str>),
    /// Something was added that comes from nowhere; what later normalizers do depends on it.
    Rootless(String),
}

/// `Replace`, compiled.
#[derive(Debug)]
pub(super) struct Replace {
    finder: Finder,
    content: String,
}

/// What finds the matches.
#[derive(Debug)]
enum Finder {
    /// One byte.
    Byte(u8),
    /// A string, not empty.
    Literal(Box<memmem::Finder<'static>>),
    /// Runs of at least so many of a character.
    Run { of: char, least: usize },
    /// Runs of at least so much white space.
    Spaces { least: usize },
    /// Any pattern. The number is its place in the cache.
    General(Box<General>, usize),
}

impl Replace {
    /// Compiles a pattern; `generals` counts those that need a place in the cache.
    pub(super) fn new(pattern: &Pattern, content: &str, generals: &mut usize) -> Result<Self> {
        let finder = if let Some(literal) = literal(&pattern.pattern).filter(|it| !it.is_empty()) {
            match *literal.as_bytes() {
                [byte] => Finder::Byte(byte),
                _ => Finder::Literal(Box::new(memmem::Finder::new(&literal).into_owned())),
            }
        } else if let Some(run) = run(&pattern.pattern) {
            run
        } else {
            *generals += 1;
            let general = General::new(&pattern.pattern, pattern.dialect)?;
            Finder::General(Box::new(general), *generals - 1)
        };
        Ok(Self { finder, content: content.to_owned() })
    }

    /// The text alone.
    pub(super) fn text<'t>(
        &self,
        text: &'t str,
        cache: &mut NormalizeCache,
    ) -> Result<Outcome<'t>> {
        let mut out = String::new();
        let (mut copied, mut rootless, mut any) = (0, false, false);
        self.matches(text, cache, |Span { start, end }| {
            if !any {
                // A word in six bytes is usual; what is longer grows once more.
                let more = self.content.len().min(8) * (text.len() / 6 + 1);
                out.reserve(text.len() + more);
            }
            any = true;
            rootless |= end == 0 && !self.content.is_empty();
            out.push_str(&text[copied..start]);
            out.push_str(&self.content);
            copied = end;
            check_length(out.len(), text)
        })?;
        if !any {
            return Ok(Outcome::Text(Cow::Borrowed(text)));
        }
        out.push_str(&text[copied..]);
        Ok(if rootless { Outcome::Rootless(out) } else { Outcome::Text(Cow::Owned(out)) })
    }

    /// Text and origin: what replaces a match has the origin of the match's last byte.
    pub(super) fn tracked(&self, draft: &mut Draft, cache: &mut NormalizeCache) -> Result<()> {
        rewrite_all(draft, |text, new| {
            let mut copied = 0;
            self.matches(text, cache, |Span { start, end }| {
                new.keep(copied, start)?;
                new.go_to(end);
                for c in self.content.chars() {
                    new.add(c);
                }
                copied = end;
                check_length(new.len(), text)
            })?;
            new.keep(copied, text.len())
        })
    }

    /// Gives the matches in order. An empty text has none.
    fn matches(
        &self,
        text: &str,
        cache: &mut NormalizeCache,
        mut give: impl FnMut(Span) -> Result<()>,
    ) -> Result<()> {
        match &self.finder {
            _ if text.is_empty() => Ok(()),
            Finder::Byte(byte) => memchr::memchr_iter(*byte, text.as_bytes())
                .try_for_each(|start| give(Span { start, end: start + 1 })),
            Finder::Literal(finder) => {
                let length = finder.needle().len();
                finder
                    .find_iter(text.as_bytes())
                    .try_for_each(|start| give(Span { start, end: start + length }))
            }
            Finder::Run { of, least } => runs(text, |c| c == *of, *least, give),
            Finder::Spaces { least } => runs(text, char::is_whitespace, *least, give),
            Finder::General(general, place) => {
                let cache = cache.get(*place, || general.new_cache());
                general.matches(cache, text).try_for_each(|span| give(span?))
            }
        }
    }
}

/// Gives the longest runs of at least `least` (not 0) characters that are `of` a kind.
fn runs(
    text: &str,
    of: impl Fn(char) -> bool,
    least: usize,
    mut give: impl FnMut(Span) -> Result<()>,
) -> Result<()> {
    let mut pos = 0;
    while let Some(found) = text[pos..].find(&of) {
        let start = pos + found;
        let rest = &text[start..];
        pos = start + rest.find(|c| !of(c)).unwrap_or(rest.len());
        if text[start..pos].chars().nth(least - 1).is_some() {
            give(Span { start, end: pos })?;
        }
    }
    Ok(())
}

/// Whether a character means something in regular expressions.
fn is_special(c: char) -> bool {
    r"\.+*?()|[]{}^$".contains(c)
}

/// The string that a pattern without operators stands for.
fn literal(pattern: &str) -> Option<String> {
    let mut string = String::with_capacity(pattern.len());
    let mut rest = pattern.chars();
    while let Some(c) = rest.next() {
        string.push(match c {
            '\\' => rest.next().filter(|&c| is_special(c) || "#&-~".contains(c))?,
            c if is_special(c) => return None,
            c => c,
        });
    }
    Some(string)
}

/// The finder of `x+`, `x{n,}`, `\s+` and `\s{n,}`.
fn run(pattern: &str) -> Option<Finder> {
    let (one, least) = if let Some(one) = pattern.strip_suffix('+') {
        (one, 1)
    } else {
        let (one, least) = pattern.strip_suffix(",}")?.split_once('{')?;
        let digits = !least.is_empty() && least.bytes().all(|byte| byte.is_ascii_digit());
        (one, least.parse().ok().filter(|&least| digits && least > 0)?)
    };
    if one == r"\s" {
        return Some(Finder::Spaces { least });
    }
    let literal = literal(one)?;
    let mut characters = literal.chars();
    match (characters.next(), characters.next()) {
        (Some(of), None) => Some(Finder::Run { of, least }),
        _ => None,
    }
}

/// `Prepend`: the text alone.
pub(super) fn prepend_text<'t>(string: &str, text: &'t str) -> Outcome<'t> {
    if text.is_empty() {
        Outcome::Text(Cow::Borrowed(text))
    } else if string.is_empty() {
        Outcome::Rootless(text.to_owned())
    } else {
        let mut out = String::with_capacity(string.len() + text.len());
        out.push_str(string);
        out.push_str(text);
        Outcome::Text(Cow::Owned(out))
    }
}

/// `Prepend`: text and origin. The string has the origin of the first character, which after an
/// empty string comes from nowhere.
pub(super) fn prepend_tracked(string: &str, draft: &mut Draft) -> Result<()> {
    rewrite_all(draft, |text, new| {
        let Some(first) = text.chars().next() else { return Ok(()) };
        let mut before = string.chars();
        if let Some(c) = before.next() {
            new.replace(c)?;
        }
        before.chain([first]).for_each(|c| new.add(c));
        new.go_to(first.len_utf8());
        new.keep(first.len_utf8(), text.len())
    })
}

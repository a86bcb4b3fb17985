//! Regular expressions in a tokenizer.json, which are Oniguruma's, in Ruby syntax.
//!
//! Reading keeps a pattern as it is and refuses what the matchers here are known to read in
//! another way. Writing one that came from elsewhere, in the syntax of fancy-regex, rewrites
//! the few constructs that Oniguruma would read in another way:
//!
//! | fancy-regex | Oniguruma | |
//! |---|---|---|
//! | `^`, `$` | `\A`, `\z` | Oniguruma's are those of lines |
//! | `x{1,3}+` | `(?>x{1,3})` | possessive, but a repeated repetition to Oniguruma |
//! | `x{2}?` | `x{2}` | lazy, but an option to Oniguruma |

use super::json::Node;
use crate::encode::pretokenize::Dialect::{self, FancyRegex, Oniguruma};
use crate::encode::pretokenize::{General, patterns};
use crate::error::{Error, Result};
use crate::formats::pipeline::Pattern;
use serde_json::{Value, json};

/// Reads `{"Regex": …}` or `{"String": …}`, as a regular expression that compiles.
pub(super) fn read_pattern(node: &Node<'_>) -> Result<Pattern> {
    let object = node.object()?;
    let mut fields = object.fields();
    let (Some((kind, text)), None) = (fields.next(), fields.next()) else {
        return Err(node.error("expected one of `Regex` and `String`"));
    };
    let (pattern, dialect) = match kind {
        "Regex" => read(&text.string()?)?,
        "String" => (regex_syntax::escape(&text.string()?), FancyRegex),
        other => return Err(node.error(format!("{other:?} is neither `Regex` nor `String`"))),
    };
    if pattern.is_empty() {
        return Err(node.unsupported("an empty pattern"));
    }
    let known = known_patterns().any(|known| known == pattern);
    if !known && kind == "Regex" {
        General::new(&pattern, dialect).map_err(|error| match error {
            Error::Model { why, .. } => text.error(why),
            other => other,
        })?;
    }
    Ok(Pattern { pattern, dialect })
}

/// A pattern as it stands in a file; a literal string as one.
pub(super) fn pattern_value(pattern: &str, dialect: Dialect) -> Result<Value> {
    match literal(pattern) {
        Some(text) if dialect == FancyRegex => Ok(json!({ "String": text })),
        _ => Ok(json!({ "Regex": write(pattern, dialect)? })),
    }
}

/// The string whose escaped form a pattern is.
fn literal(pattern: &str) -> Option<String> {
    let mut text = String::with_capacity(pattern.len());
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        text.push(if character == '\\' { characters.next()? } else { character });
    }
    (regex_syntax::escape(&text) == pattern).then_some(text)
}

/// Checks a pattern of a tokenizer.json. One of a known vocabulary, as [`write()`] spells it,
/// comes back in the spelling that selects its scanner.
pub(super) fn read(pattern: &str) -> Result<(String, Dialect)> {
    let known = known_patterns().find(|known| write(known, FancyRegex).as_deref() == Ok(pattern));
    if let Some(known) = known {
        return Ok((known.to_owned(), FancyRegex));
    }
    Pass::new(pattern, Oniguruma).run()?;
    Ok((pattern.to_owned(), Oniguruma))
}

/// Spells a pattern for a tokenizer.json.
pub(super) fn write(pattern: &str, dialect: Dialect) -> Result<String> {
    match dialect {
        Oniguruma => Ok(pattern.to_owned()),
        FancyRegex => Pass::new(pattern, FancyRegex).run(),
    }
}

/// Whether a name of a character property means the same to both. Oniguruma has no `Script=`.
fn is_property(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    name.bytes().all(plain) && regex_syntax::parse(&format!(r"\p{{{name}}}")).is_ok()
}

/// All patterns that have a scanner of their own.
fn known_patterns() -> impl Iterator<Item = &'static str> {
    let lists: [&[&str]; 5] =
        [&patterns::GPT2, &patterns::CL100K, &patterns::LLAMA3, &patterns::QWEN2, &patterns::O200K];
    lists.into_iter().flatten().copied()
}

/// One pass over a pattern, copying it to `out` and rewriting or refusing on the way.
struct Pass<'p> {
    pattern: &'p str,
    from: Dialect,
    at: usize,
    out: String,
    /// Where in `out` the last thing that can be repeated starts.
    atom: Option<usize>,
    /// Where in `out` each open group starts.
    groups: Vec<usize>,
}

impl<'p> Pass<'p> {
    fn new(pattern: &'p str, from: Dialect) -> Self {
        let out = String::with_capacity(pattern.len() + 16);
        Self { pattern, from, at: 0, out, atom: None, groups: Vec::new() }
    }

    fn rest(&self) -> &'p str {
        self.pattern.get(self.at..).unwrap_or_default()
    }

    fn refuse<T>(&self, what: &str) -> Result<T> {
        Err(Error::unsupported(format!(
            "{what} in a regular expression: {:?} at byte {}",
            self.pattern, self.at
        )))
    }

    /// Copies `len` bytes of the pattern.
    fn copy(&mut self, len: usize) {
        self.out.push_str(self.rest().get(..len).unwrap_or_default());
        self.at += len;
    }

    fn run(mut self) -> Result<String> {
        self.check_folding()?;
        while let Some(character) = self.rest().chars().next() {
            let start = self.out.len();
            match character {
                '\\' => self.escape()?,
                '[' => self.class()?,
                '^' | '$' if self.from == FancyRegex => {
                    self.out.push_str(if character == '^' { r"\A" } else { r"\z" });
                    self.at += 1;
                }
                '(' => {
                    self.open_group()?;
                    continue;
                }
                ')' => {
                    self.copy(1);
                    self.atom = self.groups.pop();
                    continue;
                }
                '*' | '+' | '?' => {
                    self.copy(1);
                    continue;
                }
                '{' => {
                    self.bounds()?;
                    continue;
                }
                '|' => {
                    self.copy(1);
                    self.atom = None;
                    continue;
                }
                other => self.copy(other.len_utf8()),
            }
            self.atom = Some(start);
        }
        Ok(self.out)
    }

    /// Oniguruma without case also matches one character for two: `ss` and ß.
    fn check_folding(&self) -> Result<()> {
        let folds = |text: &str| {
            let text = text.to_ascii_lowercase();
            !text.is_ascii()
                || ["ss", "ff", "fi", "fl", "st"].iter().any(|pair| text.contains(pair))
        };
        let insensitive = self.pattern.match_indices("(?").any(|(at, _)| {
            let flags = self.pattern.get(at + 2..).unwrap_or_default();
            flags.split([':', ')', '-']).next().is_some_and(|flags| {
                flags.contains('i') && flags.bytes().all(|flag| flag.is_ascii_lowercase())
            })
        });
        if insensitive && folds(self.pattern) {
            return self.refuse("ignoring case of letters that fold to several");
        }
        Ok(())
    }

    /// `\n`, `\p{L}`, `\.` and so on.
    fn escape(&mut self) -> Result<()> {
        let mut characters = self.rest().chars().skip(1);
        let Some(kind) = characters.next() else {
            return self.refuse("a backslash at the end");
        };
        let length = match kind {
            'p' | 'P' | 'x' if characters.next() == Some('{') => match self.rest().find('}') {
                Some(end) if self.rest().as_bytes().get(3) != Some(&b'^') => end + 1,
                _ => return self.refuse("this character class"),
            },
            'x' => 4,
            'u' => 6,
            'd' | 'D' | 's' | 'S' | 'w' | 'W' | 'n' | 'r' | 't' | 'f' | 'b' | 'B' | 'A' | 'z' => 2,
            other if other.is_ascii_alphanumeric() => return self.refuse(&format!(r"\{other}")),
            other => 1 + other.len_utf8(),
        };
        if !self.rest().is_char_boundary(length) || self.rest().len() < length {
            return self.refuse("an escape that is cut short");
        }
        let inside = self.rest().get(2..length).unwrap_or_default().trim_matches(['{', '}']);
        let valid = match kind {
            'p' | 'P' => is_property(inside),
            'x' | 'u' => u32::from_str_radix(inside, 16).is_ok_and(|code| code < 0x11_0000),
            _ => true,
        };
        if !valid {
            return self.refuse(self.rest().get(..length).unwrap_or_default());
        }
        self.copy(length);
        Ok(())
    }

    /// `[…]`, with classes inside.
    fn class(&mut self) -> Result<()> {
        let mut depth = 0;
        loop {
            let rest = self.rest();
            match rest.bytes().next() {
                None => return self.refuse("an unclosed `[`"),
                Some(b'[') => {
                    if rest.starts_with("[:") {
                        return self.refuse("a class like `[:alpha:]`");
                    }
                    depth += 1;
                    self.copy(1);
                    if self.rest().starts_with('^') {
                        self.copy(1);
                    }
                    if self.rest().starts_with(']') {
                        return self.refuse("`]` first in a class");
                    }
                }
                Some(b']') => {
                    depth -= 1;
                    self.copy(1);
                    if depth == 0 {
                        return Ok(());
                    }
                }
                Some(b'\\') if rest.starts_with("\\b") => return self.refuse(r"`\b` in a class"),
                Some(b'\\') => self.escape()?,
                Some(_) if ["--", "~~"].iter().any(|&it| rest.starts_with(it)) => {
                    return self.refuse("set arithmetic");
                }
                Some(_) => self.copy(rest.chars().next().map_or(1, char::len_utf8)),
            }
        }
    }

    /// `(`, with what makes it a special group.
    fn open_group(&mut self) -> Result<()> {
        let start = self.out.len();
        let rest = self.rest();
        for plain in ["(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>"] {
            if rest.starts_with(plain) {
                self.copy(plain.len());
                self.groups.push(start);
                self.atom = None;
                return Ok(());
            }
        }
        if let Some(flags) = rest.strip_prefix("(?") {
            let end = flags.find([':', ')']).unwrap_or(0);
            let (names, after) = flags.split_at(end);
            let first = self.out.is_empty() || self.groups.last() == Some(&self.out.len());
            match (names, after.chars().next()) {
                ("i" | "-i", Some(':')) => {
                    self.copy(4 + names.len() - 1);
                    self.groups.push(start);
                }
                // In the middle, the two differ in where an alternative after it belongs.
                ("i", Some(')')) if first => self.copy(4),
                _ => return self.refuse("this kind of group"),
            }
        } else {
            self.copy(1);
            self.groups.push(start);
        }
        self.atom = None;
        Ok(())
    }

    /// `{`: the bounds of a repetition.
    fn bounds(&mut self) -> Result<()> {
        let rest = self.rest();
        let inside = rest.find('}').and_then(|end| rest.get(1..end)).unwrap_or_default();
        let (low, high) = inside.split_once(',').unwrap_or((inside, inside));
        let number = |text: &str| {
            // More repetitions are an error to Oniguruma.
            let digits = text.bytes().all(|byte| byte.is_ascii_digit());
            digits && (text.is_empty() || text.parse().is_ok_and(|count: u32| count <= 100_000))
        };
        let valid = number(low) && number(high) && !low.is_empty();
        let (Some(atom), true) = (self.atom, valid) else {
            return self.refuse("`{` that is no repetition");
        };
        self.copy(inside.len() + 2);
        let exact = !inside.contains(',');
        match (self.rest().bytes().next(), self.from) {
            (Some(b'?'), Oniguruma) if exact => self.refuse("`{n}?`"),
            (Some(b'+'), FancyRegex) => {
                self.out.insert_str(atom, "(?>");
                self.out.push(')');
                self.at += 1;
                Ok(())
            }
            (Some(b'?'), FancyRegex) if exact => {
                self.at += 1;
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{FancyRegex, Oniguruma, known_patterns, literal, patterns, read, write};

    #[test]
    fn known_patterns_come_back_as_they_are_known() {
        for pattern in known_patterns() {
            let written = write(pattern, FancyRegex).unwrap_or_default();
            assert_eq!(read(&written), Ok((pattern.to_owned(), FancyRegex)));
        }
        // Read as it stands, its `{1,3}+` is not what tiktoken means.
        assert_eq!(read(patterns::CL100K[0]).map(|(_, dialect)| dialect), Ok(Oniguruma));
    }

    #[test]
    fn a_literal_string_is_told_from_an_expression() {
        for text in ["a", "a.b", "\\", "[x]{2}", " \u{2581}#&~-", "\n"] {
            assert_eq!(literal(&regex_syntax::escape(text)).as_deref(), Some(text));
        }
        for pattern in ["a.b", r"\p{L}", r"\a", "a\\", "x+"] {
            assert_eq!(literal(pattern), None, "{pattern}");
        }
    }

    #[test]
    fn constructs_that_differ_are_rewritten() {
        for (fancy, oniguruma) in [
            (r"\p{N}{1,3}+|\s++$", r"(?>\p{N}{1,3})|\s++\z"),
            ("^(ab){2}?c*+", r"\A(ab){2}c*+"),
            ("(?i:'s|[a-c&&b])+?x{2,}", "(?i:'s|[a-c&&b])+?x{2,}"),
        ] {
            assert_eq!(write(fancy, FancyRegex).as_deref(), Ok(oniguruma), "{fancy}");
        }
    }

    #[test]
    fn what_means_something_else_is_refused() {
        for pattern in [
            "[[:alpha:]]",
            r"\h",
            r"\pL",
            "a(?i)b",
            "(?m:.)",
            "[a--b]",
            "(?i:ss)",
            "{",
            "a{x}",
            "a{,2}",
            "[a",
            "\\",
            "a{2}?",
            "a{100001}",
            r"\xZZ",
            r"\x{110000}",
            r"\p{Script=Han}",
            r"\p{Nonsense}",
        ] {
            assert!(read(pattern).is_err(), "{pattern}");
        }
    }
}

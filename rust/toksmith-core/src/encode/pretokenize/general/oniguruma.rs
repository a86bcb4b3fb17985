//! What Oniguruma takes for a word, as tokenizers 0.23.3 has it.
//!
//! It differs from regex-syntax on eight characters: the joiners U+200C and U+200D are no word
//! characters, and the superscript digits and fractions of Latin-1 are, though not inside a
//! class in brackets. All other escapes mean the same to both, for every scalar value.

use std::borrow::Cow;

use regex_syntax::hir::ClassUnicode;

use super::syntax::Node;

/// `\w` outside brackets.
const WORD: &str = r"[\w\x{B2}\x{B3}\x{B9}\x{BC}-\x{BE}&&[^\x{200C}\x{200D}]]";
/// `\W` outside brackets.
const NOT_WORD: &str = r"[^\w\x{B2}\x{B3}\x{B9}\x{BC}-\x{BE}&&[^\x{200C}\x{200D}]]";
/// `\w` inside brackets.
const WORD_INSIDE: &str = r"[\w&&[^\x{200C}\x{200D}]]";
/// `\W` inside brackets.
const NOT_WORD_INSIDE: &str = r"[\W\x{200C}\x{200D}]";

/// A class of Oniguruma in the spelling of regex-syntax.
pub(super) fn class(inner: &str) -> Cow<'_, str> {
    match inner {
        r"\w" => return WORD.into(),
        r"\W" => return NOT_WORD.into(),
        _ if !inner.contains(['w', 'W']) => return inner.into(),
        _ => {}
    }
    let mut out = String::with_capacity(inner.len() + WORD_INSIDE.len());
    let mut characters = inner.chars();
    while let Some(c) = characters.next() {
        match (c, if c == '\\' { characters.next() } else { None }) {
            (_, Some('w')) => out.push_str(WORD_INSIDE),
            (_, Some('W')) => out.push_str(NOT_WORD_INSIDE),
            (c, escaped) => {
                out.push(c);
                out.extend(escaped);
            }
        }
    }
    out.into()
}

/// `\b`, or `\B` if not `boundary`, given the members of `\w`.
pub(super) fn word_boundary(word: &ClassUnicode, boundary: bool) -> Node {
    let look = |behind, negated| {
        let node = Box::new(Node::Class(word.clone()));
        Node::Around { node, behind, negated }
    };
    let sides =
        |before: bool, after: bool| Node::Concat(vec![look(true, !before), look(false, !after)]);
    Node::Alternation(if boundary {
        vec![sides(true, false), sides(false, true)]
    } else {
        vec![sides(true, true), sides(false, false)]
    })
}

#[cfg(test)]
#[allow(clippy::expect_used, reason = "in a test, that is how to fail")]
mod tests {
    use crate::encode::pretokenize::{Dialect, General};

    /// What tokenizers 0.23.3 keeps of the text for `Split(Regex(…), "removed", invert=True)`.
    #[test]
    fn words_are_those_of_oniguruma() {
        let text = "a²½·٣Ⅷ\u{200c}\u{200d}- ";
        for (pattern, want) in [
            (r"\w", "a²½٣Ⅷ"),
            (r"\W", "·\u{200c}\u{200d}- "),
            (r"[\w]", "a٣Ⅷ"),
            (r"[^\w\s]", "²½·\u{200c}\u{200d}-"),
            (r"[\W\d]", "²½·٣\u{200c}\u{200d}- "),
            (r"[^\W\d]", "aⅧ"),
            (r"(?i:\w)", "a²½٣Ⅷ"),
            (r"\ba|²\B|Ⅷ\b|\b-", "a²Ⅷ"),
        ] {
            let general = General::new(pattern, Dialect::Oniguruma).expect(pattern);
            let mut cache = general.new_cache();
            let kept: String = general
                .matches(&mut cache, text)
                .map(|span| span.expect(pattern))
                .map(|span| &text[span.start..span.end])
                .collect();
            assert_eq!(kept, want, "{pattern}");
        }
    }

    #[test]
    fn fancy_regex_keeps_its_own_words() {
        let general = General::new(r"\w", Dialect::FancyRegex).expect("pattern");
        let mut cache = general.new_cache();
        assert_eq!(general.matches(&mut cache, "²\u{200d}").count(), 1);
    }
}

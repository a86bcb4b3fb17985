//! Removal of the spaces that tokenizing English puts before punctuation and contractions.

use super::replace::replace_all;

/// What is replaced, one after the other in this order.
const RULES: [(&str, &str); 11] = [
    (" .", "."),
    (" ?", "?"),
    (" !", "!"),
    (" ,", ","),
    (" ' ", "'"),
    (" n't", "n't"),
    (" 'm", "'m"),
    (" do not", " don't"),
    (" 's", "'s"),
    (" 've", "'ve"),
    (" 're", "'re"),
];

/// Applies the rules; keeps two buffers.
#[derive(Debug, Clone, Default)]
pub(super) struct Cleanup {
    text: String,
    other: String,
}

impl Cleanup {
    /// The text after all rules. Linear.
    pub(super) fn apply<'a>(&'a mut self, text: &'a str) -> &'a str {
        if !applies(text) {
            return text;
        }
        let Self { text: now, other } = self;
        now.clear();
        now.push_str(text);
        for (old, new) in RULES {
            if now.contains(old) {
                other.clear();
                replace_all(now, old, new, other);
                std::mem::swap(now, other);
            }
        }
        now
    }
}

/// Whether any rule finds something: each begins with a space.
fn applies(text: &str) -> bool {
    memchr::memchr_iter(b' ', text.as_bytes()).any(|at| {
        let rest = text.get(at..).unwrap_or_default();
        RULES.iter().any(|(old, _)| rest.starts_with(old))
    })
}

//! The words of a list wherever they stand in a text, from the left the longest.
//!
//! Worst case O(n x longest word), for a text that everywhere begins a long word and ends none.

use super::in_word;
use crate::encode::model::unigram::trie::Trie;
use crate::error::Result;
use crate::token::Span;

/// A list of words to find.
#[derive(Debug)]
pub struct Lexicon {
    words: Trie,
    whole_words: bool,
    leading_space: bool,
}

impl Lexicon {
    /// Empty words are never found.
    ///
    /// With `whole_words`, a word is not found inside a longer run of letters, marks and numbers.
    /// With `leading_space`, the one space before a word belongs to it.
    ///
    /// # Errors
    /// `Unsupported`: there are more words than an index can hold.
    pub fn new(words: &[impl AsRef<str>], whole_words: bool, leading_space: bool) -> Result<Self> {
        let keys = words.iter().zip(0..).map(|(word, id)| (word.as_ref().as_bytes(), id));
        let words = Trie::new(&keys.collect::<Vec<(&[u8], u32)>>(), false)?;
        Ok(Self { words, whole_words, leading_space })
    }

    /// Where words are, in order; they do not overlap.
    pub fn find(&self, text: &str) -> Vec<Span> {
        let mut found = Vec::new();
        let (mut at, mut last_end, mut before) = (0, 0, None);
        while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
            let begins = !self.whole_words || !before.is_some_and(in_word) || !in_word(c);
            let longest = if begins { self.longest(text, at) } else { None };
            if let Some(end) = longest {
                let space = self.leading_space && at > last_end && before == Some(' ');
                found.push(Span { start: at - usize::from(space), end });
                before = text.get(..end).and_then(|head| head.chars().next_back());
                (at, last_end) = (end, end);
            } else {
                before = Some(c);
                at += c.len_utf8();
            }
        }
        found
    }

    /// The end of the longest word that begins at a place.
    fn longest(&self, text: &str, at: usize) -> Option<usize> {
        let mut longest = None;
        self.words.walk(text.as_bytes().get(at..).unwrap_or_default(), |len, _| {
            if !self.whole_words || ends(text, at + len) {
                longest = Some(at + len);
            }
        });
        longest
    }
}

/// Whether no run of letters, marks and numbers goes over a place.
fn ends(text: &str, at: usize) -> bool {
    let last = text.get(..at).and_then(|head| head.chars().next_back());
    let next = text.get(at..).and_then(|rest| rest.chars().next());
    !(last.is_some_and(in_word) && next.is_some_and(in_word))
}

#[cfg(test)]
mod tests {
    use super::Lexicon;

    fn found<'t>(words: &[&str], whole: bool, space: bool, text: &'t str) -> Vec<&'t str> {
        let Ok(lexicon) = Lexicon::new(words, whole, space) else { unreachable!("a small list") };
        lexicon.find(text).iter().map(|span| &text[span.start..span.end]).collect()
    }

    #[test]
    fn the_longest_is_found() {
        let words = ["acid", "acetylsalicylic acid", "acetyl", ""];
        let text = "an acetylsalicylic acid, acids acid acidacid";
        assert_eq!(found(&words, true, false, text), ["acetylsalicylic acid", "acid"]);
        assert_eq!(found(&words, true, true, text), [" acetylsalicylic acid", " acid"]);
        assert_eq!(
            found(&words, false, true, text),
            [" acetylsalicylic acid", " acid", " acid", " acid", "acid"]
        );
    }

    #[test]
    fn a_space_belongs_to_one_word() {
        assert_eq!(found(&["a ", "b"], false, true, "a b  b"), ["a ", "b", " b"]);
    }
}

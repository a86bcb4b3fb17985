//! Tokens between two decoders of a chain, as one text with the ends of the tokens in it.

use crate::error::Result;

/// Tokens in one text. What stands behind the last end is the beginning of a token that goes on
/// in the next block: a decoder that fuses tokens gives its text on before the token has ended.
#[derive(Debug, Clone, Default)]
pub(super) struct Tokens {
    /// The tokens, one after the other.
    pub(super) text: String,
    /// Where each complete token ends in `text`, ascending.
    pub(super) ends: Vec<usize>,
}

impl Tokens {
    /// Appends a complete token.
    pub(super) fn push(&mut self, token: &str) {
        self.text.push_str(token);
        self.end();
    }

    /// The token that the text so far ends with is complete.
    pub(super) fn end(&mut self) {
        self.ends.push(self.text.len());
    }

    /// Forgets everything, keeps the memory.
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
    }

    /// The parts in order, with `true` where a token is complete behind the part. There is a part
    /// that is not complete at most at the end, and it is not empty.
    pub(super) fn parts(&self) -> impl Iterator<Item = (&str, bool)> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let whole = starts.zip(&self.ends).map(|(start, &end)| (start, end, true));
        let last = self.ends.last().copied().unwrap_or(0);
        let open = (last < self.text.len()).then_some((last, self.text.len(), false));
        whole
            .chain(open)
            .map(|(start, end, complete)| (self.text.get(start..end).unwrap_or_default(), complete))
    }
}

/// Puts the parts of tokens together for a decoder that has to see whole tokens.
#[derive(Debug, Clone, Default)]
pub(super) struct Whole {
    /// The beginning of a token that is not complete yet.
    held: String,
}

impl Whole {
    /// Calls `each` with every token of `input` that is complete by now.
    pub(super) fn each(
        &mut self,
        input: &Tokens,
        mut each: impl FnMut(&str) -> Result<()>,
    ) -> Result<()> {
        for (part, complete) in input.parts() {
            if complete && self.held.is_empty() {
                each(part)?;
                continue;
            }
            self.held.push_str(part);
            if complete {
                each(&self.held)?;
                self.held.clear();
            }
        }
        Ok(())
    }
}

//! The longest part of a text, from either end, that has at most so many tokens.
//!
//! The cut lies at the end of a token of the whole text that is the end of a character too,
//! and keeps at most so many of the whole text's tokens: of these places the furthest whose
//! part, encoded by itself, has at most so many tokens. Where there is none (a few
//! characters over which tokens lie crosswise), whole characters are kept while they fit.

use super::cuts::{self, CharWalk};
use super::encoded::Encoded;
use super::fits::enough;
use crate::encode::added::Allowed;
use crate::error::Result;
use crate::formats::pipeline::Side;
use crate::token::Span;
use crate::tokenizer::{Text, Tokenizer};
use crate::watch::Watch;

/// A text being cut, with its encoding.
pub(super) struct Cutting<'a> {
    pub(super) tokenizer: &'a Tokenizer,
    pub(super) text: Text<'a>,
    pub(super) encoded: &'a Encoded,
    pub(super) watch: &'a Watch<'a>,
}

impl Cutting<'_> {
    pub(super) fn len(&self) -> usize {
        self.text.as_bytes().len()
    }

    pub(super) fn count(&self, start: usize, end: usize) -> Result<usize> {
        self.encoded.count(self.tokenizer, self.text, Span { start, end }, self.watch)
    }

    /// The furthest end of a part that begins at `start` and has at most `limit` tokens, and
    /// how many it has; `start` itself if not even a character fits.
    pub(super) fn end_from(&self, start: usize, limit: usize) -> Result<(usize, usize)> {
        let before = self.encoded.tokens_before(start);
        let (mut tokens, mut nearest) = (before.saturating_add(limit), None);
        loop {
            let (end, at) = cuts::cut_until(self.encoded, self.text, tokens);
            if end <= start {
                break;
            }
            nearest = Some(end);
            let count = self.count(start, end)?;
            if count <= limit {
                return Ok((end, count));
            }
            let Some(fewer) = at.checked_sub(1) else { break };
            tokens = fewer;
        }
        let nearest =
            nearest.unwrap_or_else(|| cuts::cut_from(self.encoded, self.text, before + 1).0);
        let mut kept = (start, 0);
        while kept.0 < nearest {
            let end = cuts::next_char(self.text, kept.0);
            let count = self.count(start, end)?;
            if count > limit || end <= kept.0 {
                break;
            }
            kept = (end, count);
        }
        Ok(kept)
    }

    /// The furthest beginning of a part that ends with the text and has at most `limit` tokens.
    fn start_from_end(&self, limit: usize) -> Result<usize> {
        let (len, total) = (self.len(), self.encoded.tokens());
        let (mut tokens, mut nearest) = (total.saturating_sub(limit), None);
        while tokens < total.max(1) {
            let (start, at) = cuts::cut_from(self.encoded, self.text, tokens);
            if start >= len {
                break;
            }
            nearest = Some(start);
            if self.count(start, len)? <= limit {
                return Ok(start);
            }
            tokens = at + 1;
        }
        let last = total.saturating_sub(1);
        let nearest = nearest.unwrap_or_else(|| cuts::cut_until(self.encoded, self.text, last).0);
        let mut kept = len;
        while kept > nearest {
            let start = cuts::last_char(self.text, kept);
            if self.count(start, len)? > limit {
                break;
            }
            kept = start;
        }
        Ok(kept)
    }
}

impl Tokenizer {
    /// The part of a text that has at most `limit` tokens, `side` being where it is cut: with
    /// [`Side::Right`] its beginning, with [`Side::Left`] its end. O(limit) for the beginning
    /// where pre-tokens are short, and for the end where no added token is searched.
    pub fn truncate(
        &self,
        text: Text<'_>,
        limit: usize,
        side: Side,
        allowed: &Allowed,
        watch: &Watch<'_>,
    ) -> Result<Span> {
        let end = text.as_bytes().len();
        match side {
            Side::Right => {
                let end = match self.truncate_head(text, limit, allowed, watch)? {
                    Some(end) => end,
                    None => self.cut_right(text, limit, allowed, watch)?,
                };
                Ok(Span { start: 0, end })
            }
            Side::Left => {
                let start = self.certain_start(text, limit, allowed, watch)?;
                let tail = cuts::part(text, Span { start, end }).unwrap_or(text);
                let encoded = Encoded::new(self, tail, allowed.clone(), watch)?;
                let cutting = Cutting { tokenizer: self, text: tail, encoded: &encoded, watch };
                Ok(Span { start: start + cutting.start_from_end(limit)?, end })
            }
        }
    }

    /// Where every text that begins with `head` is cut on its right; `None` if that cannot be
    /// told from the head alone.
    pub fn truncate_head(
        &self,
        head: Text<'_>,
        limit: usize,
        allowed: &Allowed,
        watch: &Watch<'_>,
    ) -> Result<Option<usize>> {
        let (bytes, mut size) = (head.as_bytes(), enough(limit));
        while size < bytes.len() {
            let certain = self.certain(bytes.get(..size).unwrap_or(&[]), allowed);
            let start = cuts::part(head, Span { start: 0, end: certain });
            let start = start.unwrap_or(Text::Str(""));
            let encoded = Encoded::new(self, start, allowed.clone(), watch)?;
            if encoded.tokens() > limit {
                let cutting = Cutting { tokenizer: self, text: start, encoded: &encoded, watch };
                return Ok(Some(cutting.end_from(0, limit)?.0));
            }
            size = size.saturating_mul(2);
        }
        Ok(None)
    }

    fn cut_right(
        &self,
        text: Text<'_>,
        limit: usize,
        allowed: &Allowed,
        watch: &Watch<'_>,
    ) -> Result<usize> {
        let encoded = Encoded::new(self, text, allowed.clone(), watch)?;
        let cutting = Cutting { tokenizer: self, text, encoded: &encoded, watch };
        Ok(cutting.end_from(0, limit)?.0)
    }

    /// A place from which on the text is encoded as it is in the whole, with more than `limit`
    /// tokens behind it; 0 if there is none.
    fn certain_start(
        &self,
        text: Text<'_>,
        limit: usize,
        allowed: &Allowed,
        watch: &Watch<'_>,
    ) -> Result<usize> {
        let (Text::Str(text), Some(scanner)) = (text, self.scanner()) else {
            return Ok(0);
        };
        let mut size = enough(limit);
        while size < text.len() && !self.added.applies(allowed) {
            if let Some(cut) = self.safe_cut(scanner, text.as_bytes(), text.len() - size)
                && let Some(tail) = text.get(cut..)
                && self.count(Text::Str(tail), allowed, watch)? > limit
            {
                return Ok(cut);
            }
            size = size.saturating_mul(2);
        }
        Ok(0)
    }
}

/// The characters of a span, counted from the text's beginning.
pub fn char_span(text: Text<'_>, span: Span) -> Span {
    let mut walk = CharWalk::default();
    let start = walk.to(text, span.start);
    Span { start, end: walk.to(text, span.end) }
}

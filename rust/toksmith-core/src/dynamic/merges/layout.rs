//! Where the tokens of a batch stand in text, and with that in which pre-token, word or sentence.
//!
//! With texts, each is encoded again and its ids are found in its row: what is not there may only
//! be protected (a template's special tokens, padding), and a row may end early (it was
//! truncated). Without texts the ids are decoded, stretch by stretch between protected ones: the
//! bytes of byte-level tokens are the text, whether an encoder would give those tokens or not;
//! what any other tokenizer decodes is encoded again and must give the ids back.

use super::bounds::{Boundary, Protected, Units, check_texts};
use super::{check_rows, row_range};
use crate::encode::added::Allowed;
use crate::encode::pieces::Pieces;
use crate::error::{Error, Result};
use crate::token::{Span, TokenId};
use crate::tokenizer::{Text, Tokenizer};
use crate::watch::Watch;
use std::collections::BTreeSet;

/// Where tokens stand.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Layout {
    /// Units of text, and where tokens may merge.
    pub units: Units,
    /// The bytes of its row's text that each token stands for, counted from the beginning of what
    /// was decoded where there are no texts; empty, behind the token before, for tokens in no text.
    pub spans: Vec<Span>,
}

/// One row of the batch, on its way into a layout.
struct Place<'a> {
    tokenizer: &'a Tokenizer,
    boundary: Boundary,
    protected: &'a Protected,
    layout: Layout,
    /// Units of the row so far.
    unit: usize,
    /// Bytes of the row so far.
    at: usize,
}

/// Finds the tokens of a batch in its texts, or in what they decode to.
///
/// # Errors
/// [`Error::Input`] where a text does not have the ids of its row, or ids do not decode to a text
/// that has them; what encoding and decoding raise.
pub fn find(
    tokenizer: &Tokenizer,
    ids: &[TokenId],
    offsets: &[i64],
    texts: Option<&[Text<'_>]>,
    boundary: Boundary,
    protected: &Protected,
    watch: &Watch<'_>,
) -> Result<Layout> {
    check_rows(ids.len(), offsets)?;
    if let Some(texts) = texts {
        check_texts(offsets.len() - 1, texts.len())?;
    }
    let mut place =
        Place { tokenizer, boundary, protected, layout: Layout::default(), unit: 0, at: 0 };
    for (row, bounds) in offsets.windows(2).enumerate() {
        watch.poll()?;
        (place.unit, place.at) = (0, 0);
        let ids = ids.get(row_range(bounds)).unwrap_or_default();
        match texts.and_then(|texts| texts.get(row)) {
            Some(&text) => place.in_text(row, ids, text, watch)?,
            None => place.decoded(row, ids, watch)?,
        }
    }
    Ok(place.layout)
}

/// A text as its tokenizer sees it.
struct Found {
    ids: Vec<TokenId>,
    spans: Vec<Span>,
    pieces: Vec<Option<u32>>,
}

impl Place<'_> {
    fn encode(&self, text: Text<'_>, allowed: &Allowed, watch: &Watch<'_>) -> Result<Found> {
        let tokenizer = self.tokenizer;
        tokenizer.with_scratch(|scratch| {
            let mut sink = Pieces::new(&tokenizer.vocab, tokenizer.takes_bytes());
            tokenizer.encode_to(text, allowed, &BTreeSet::new(), scratch, watch, &mut sink)?;
            let found = sink.finish(0);
            Ok(Found { ids: found.ids, spans: found.spans, pieces: found.words })
        })
    }

    /// A row whose text is known.
    fn in_text(
        &mut self,
        row: usize,
        ids: &[TokenId],
        text: Text<'_>,
        watch: &Watch<'_>,
    ) -> Result<()> {
        let mut found = self.encode(text, &Allowed::None, watch)?;
        let mut matched = self.matched(ids, &found.ids);
        if matched.is_err() {
            let other = self.encode(text, &Allowed::All, watch)?;
            if let Ok(again) = self.matched(ids, &other.ids) {
                (found, matched) = (other, Ok(again));
            }
        }
        let matched = matched.map_err(|at| Error::Input {
            why: format!(
                "row {row}: its text does not have the id {} at place {at}, which is not a \
                 protected one; are the text and the tokenizer those of the batch?",
                ids.get(at).copied().unwrap_or(0)
            ),
        })?;
        let cuts = self.boundary.cuts(text.as_bytes());
        let mut from = 0usize;
        // Stretches of ids that follow each other in the text; what is between is in no text.
        for run in matched.chunk_by(|a, b| a.is_some() == b.is_some()) {
            if run.first().copied().flatten().is_none() {
                let at = from.checked_sub(1).and_then(|last| found.spans.get(last));
                self.alone(run.len(), at.map_or(0, |span| span.end));
                continue;
            }
            let range = from..from + run.len();
            from = range.end;
            let spans = found.spans.get(range.clone()).unwrap_or_default();
            if let Some(cuts) = &cuts {
                self.layout.units.add(spans, cuts, 0);
            } else {
                let pieces = found.pieces.get(range).unwrap_or_default();
                self.layout.units.add_numbered(pieces, 0);
            }
            self.layout.spans.extend_from_slice(spans);
        }
        Ok(())
    }

    /// Which ids of a row are those of its text, in order; or the place of the first that is
    /// neither the text's next one nor protected.
    fn matched(
        &self,
        ids: &[TokenId],
        of_text: &[TokenId],
    ) -> std::result::Result<Vec<Option<usize>>, usize> {
        let mut next = 0;
        let matched = ids.iter().enumerate().map(|(at, id)| {
            if of_text.get(next) == Some(id) {
                next += 1;
                Ok(Some(next - 1))
            } else if self.protected.contains(*id) {
                Ok(None)
            } else {
                Err(at)
            }
        });
        matched.collect()
    }

    /// A row whose ids are all that is known.
    fn decoded(&mut self, row: usize, ids: &[TokenId], watch: &Watch<'_>) -> Result<()> {
        let protected = self.protected;
        for run in ids.chunk_by(|&a, &b| !protected.contains(a) && !protected.contains(b)) {
            if run.first().is_some_and(|&id| protected.contains(id)) {
                self.alone(run.len(), self.at);
            } else if self.tokenizer.takes_bytes() {
                self.bytes(run, watch)?;
            } else {
                self.encoded_again(row, run, watch)?;
            }
        }
        Ok(())
    }

    /// A stretch of tokens that are bytes.
    fn bytes(&mut self, ids: &[TokenId], watch: &Watch<'_>) -> Result<()> {
        let mut bytes = Vec::with_capacity(ids.len() * 4);
        let mut spans = Vec::with_capacity(ids.len());
        for &id in ids {
            let start = bytes.len();
            bytes.extend_from_slice(self.tokenizer.token_bytes(id)?);
            spans.push(Span { start, end: bytes.len() });
        }
        let cuts = match self.boundary.cuts(&bytes) {
            Some(cuts) => cuts,
            None => self.pieces(&bytes, watch)?,
        };
        self.unit = self.layout.units.add(&spans, &cuts, self.unit);
        self.extend(&spans, bytes.len());
        Ok(())
    }

    /// Where the pre-tokens of a text end: where the first token of the next one begins.
    fn pieces(&self, bytes: &[u8], watch: &Watch<'_>) -> Result<Vec<usize>> {
        let text = std::str::from_utf8(bytes).map_or(Text::Bytes(bytes), Text::Str);
        let found = self.encode(text, &Allowed::None, watch)?;
        let mut cuts = Vec::new();
        for (pieces, spans) in found.pieces.windows(2).zip(found.spans.windows(2)) {
            if pieces[0] != pieces[1] {
                cuts.push(spans[1].start);
            }
        }
        cuts.push(bytes.len());
        Ok(cuts)
    }

    /// A stretch of tokens of any other tokenizer.
    fn encoded_again(&mut self, row: usize, ids: &[TokenId], watch: &Watch<'_>) -> Result<()> {
        let bytes = self.tokenizer.decode_bytes(ids, false)?;
        let text = std::str::from_utf8(&bytes).map_or(Text::Bytes(&bytes), Text::Str);
        let found = self.encode(text, &Allowed::None, watch)?;
        if found.ids != ids {
            return Err(Error::Input {
                why: format!(
                    "row {row}: what its ids decode to has other ids, so that it cannot be told \
                     where they stand; give texts"
                ),
            });
        }
        match self.boundary.cuts(&bytes) {
            Some(cuts) => self.unit = self.layout.units.add(&found.spans, &cuts, self.unit),
            None => self.unit = self.layout.units.add_numbered(&found.pieces, self.unit),
        }
        self.extend(&found.spans, bytes.len());
        Ok(())
    }

    fn extend(&mut self, spans: &[Span], bytes: usize) {
        let at = self.at;
        let moved = spans.iter().map(|span| Span { start: at + span.start, end: at + span.end });
        self.layout.spans.extend(moved);
        self.at += bytes;
    }

    /// Tokens that are in no text, behind a byte.
    fn alone(&mut self, tokens: usize, at: usize) {
        for _ in 0..tokens {
            self.layout.units.add_alone();
            self.layout.spans.push(Span { start: at, end: at });
        }
    }
}

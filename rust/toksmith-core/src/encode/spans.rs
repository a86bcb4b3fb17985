//! Where each token stands in the text, in bytes and in characters.

use super::sink::Sink;
use crate::token::{Span, TokenId};
use crate::vocab::Vocab;

/// Ids with the byte span of each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spanned {
    /// Token ids.
    pub ids: Vec<TokenId>,
    /// `spans[i]` is the bytes of the text that `ids[i]` stands for.
    pub spans: Vec<Span>,
}

/// Collects ids and, from their lengths, spans: merging loses no byte.
pub(crate) struct Spans<'a> {
    vocab: &'a Vocab,
    /// Byte the pieces' positions count from.
    pub(super) base: usize,
    at: usize,
    pub(super) out: Spanned,
}

impl<'a> Spans<'a> {
    pub(crate) fn new(vocab: &'a Vocab) -> Self {
        Self { vocab, base: 0, at: 0, out: Spanned::default() }
    }

    pub(crate) fn finish(self) -> Spanned {
        self.out
    }
}

impl Sink for Spans<'_> {
    fn wants_spans(&self) -> bool {
        true
    }

    fn few<const N: usize>(&mut self, ids: [TokenId; N], count: usize) {
        self.many(&ids[..count]);
    }

    fn many(&mut self, ids: &[TokenId]) {
        for &id in ids {
            let end = self.at + self.vocab.get(id).map_or(0, <[u8]>::len);
            self.added(id, self.at, end);
        }
    }

    fn added(&mut self, id: TokenId, start: usize, end: usize) {
        self.out.ids.push(id);
        self.out.spans.push(Span { start, end });
        self.at = end;
    }

    fn start_at(&mut self, base: usize) {
        self.base = base;
        self.at = base;
    }

    fn piece_start(&mut self, start: usize) {
        self.at = self.base + start;
    }
}

/// Turns byte spans, ordered by start, into spans of characters (scalar values).
///
/// A token that holds part of a character covers all of it, so tokens that share one have
/// overlapping spans. Bytes that are not UTF-8 count as Python's `errors="replace"` would
/// count them: one character for each longest invalid stretch. O(n).
pub fn char_spans(text: &[u8], spans: &[Span]) -> Vec<Span> {
    let starts = CharStarts::new(text);
    let mut cursor = starts.cursor();
    let mut out = Vec::with_capacity(spans.len());
    for span in spans {
        let start = cursor.char_of(span.start);
        let end = if span.end > span.start { cursor.peek_char_of(span.end - 1) + 1 } else { start };
        out.push(Span { start, end });
    }
    out
}

/// Spans of a text in which each stretch of `bytes` that is not UTF-8 has become U+FFFD, made
/// those of `bytes`. Spans are ordered by start. O(n).
pub fn unreplaced(bytes: &[u8], spans: &mut [Span]) {
    // Behind each replacement: its end in the text, its end in the bytes.
    let (mut ends, mut text, mut at) = (Vec::new(), 0, 0);
    for chunk in bytes.utf8_chunks() {
        text += chunk.valid().len();
        at += chunk.valid().len();
        if !chunk.invalid().is_empty() {
            let start = (text, at);
            text += char::REPLACEMENT_CHARACTER.len_utf8();
            at += chunk.invalid().len();
            ends.push((start, (text, at)));
        }
    }
    let back = |place: usize| {
        let next = ends.partition_point(|&((start, _), _)| start < place);
        match next.checked_sub(1).and_then(|last| ends.get(last)) {
            None => place,
            Some(&((_, _), (text, at))) if place >= text => at + (place - text),
            Some(&((_, at), _)) => at,
        }
    };
    for span in spans {
        *span = Span { start: back(span.start), end: back(span.end) };
    }
}

/// First byte of each character, ascending, then the length of the text.
struct CharStarts(Vec<usize>);

impl CharStarts {
    fn new(text: &[u8]) -> Self {
        let mut starts = Vec::with_capacity(text.len() + 1);
        let mut at = 0;
        for chunk in text.utf8_chunks() {
            starts.extend(chunk.valid().char_indices().map(|(offset, _)| at + offset));
            at += chunk.valid().len();
            if !chunk.invalid().is_empty() {
                starts.push(at);
                at += chunk.invalid().len();
            }
        }
        starts.push(text.len());
        Self(starts)
    }

    fn cursor(&self) -> Cursor<'_> {
        Cursor { starts: &self.0, at: 0 }
    }
}

/// Walks the characters forward.
struct Cursor<'a> {
    starts: &'a [usize],
    at: usize,
}

impl Cursor<'_> {
    /// The character that holds this byte; bytes asked for must not go back by more than a token.
    fn char_of(&mut self, byte: usize) -> usize {
        while self.at > 0 && self.starts[self.at] > byte {
            self.at -= 1;
        }
        while self.at + 1 < self.starts.len() && self.starts[self.at + 1] <= byte {
            self.at += 1;
        }
        self.at
    }

    fn peek_char_of(&self, byte: usize) -> usize {
        let mut ahead = Cursor { starts: self.starts, at: self.at };
        ahead.char_of(byte)
    }
}

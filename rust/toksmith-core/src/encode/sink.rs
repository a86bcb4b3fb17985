//! Where ids go: into a vector, into a count, or (`spans.rs`) beside their places.

use crate::token::TokenId;

/// Where ids go.
pub(crate) trait Sink {
    /// The first `count` of a few ids.
    fn few<const N: usize>(&mut self, ids: [TokenId; N], count: usize);
    /// Any number of ids.
    fn many(&mut self, ids: &[TokenId]);
    /// Whether places matter, so that [`Sink::added`] is called for every token whose place does
    /// not follow from its length.
    #[inline(always)]
    fn wants_spans(&self) -> bool {
        false
    }
    /// A token that stands at these bytes.
    fn added(&mut self, id: TokenId, _start: usize, _end: usize) {
        self.many(&[id]);
    }
    /// Whether the pieces that text is cut into matter, so that [`Sink::next_piece`],
    /// [`Sink::pieces`] and [`Sink::unknown`] are called.
    #[inline(always)]
    fn wants_pieces(&self) -> bool {
        false
    }
    /// An added token that stands at these bytes, where the text is `text`. A piece by itself.
    fn added_token(&mut self, id: TokenId, start: usize, end: usize, _text: &str) {
        self.added(id, start, end);
    }
    /// The next ids are of another piece, which is not empty; it may have no ids.
    #[inline(always)]
    fn next_piece(&mut self) {}
    /// The ids since the last call are of pieces that end at these bytes of the text.
    #[inline(always)]
    fn pieces(&mut self, _ends: &[usize]) {}
    /// The last id stands for this text, which is not in the vocabulary.
    #[inline(always)]
    fn unknown(&mut self, _text: &str) {}
    /// The next text begins at this byte.
    #[inline(always)]
    fn start_at(&mut self, _base: usize) {}
    /// The next ids begin at this byte of that text, which need not be where the last ones ended.
    #[inline(always)]
    fn piece_start(&mut self, _start: usize) {}
}

/// Collects ids, by way of a small buffer so that a few can be written without asking how many.
pub(crate) struct Ids<'a> {
    stage: [TokenId; STAGE + 16],
    used: usize,
    out: &'a mut Vec<TokenId>,
}

const STAGE: usize = 240;

impl<'a> Ids<'a> {
    pub(crate) fn new(out: &'a mut Vec<TokenId>) -> Self {
        Self { stage: [0; STAGE + 16], used: 0, out }
    }

    pub(crate) fn flush(&mut self) {
        self.out.extend_from_slice(&self.stage[..self.used]);
        self.used = 0;
    }
}

impl Sink for Ids<'_> {
    #[inline(always)]
    fn few<const N: usize>(&mut self, ids: [TokenId; N], count: usize) {
        if self.used >= STAGE {
            self.flush();
        }
        if let Some(place) = self.stage[self.used..].first_chunk_mut::<N>() {
            *place = ids;
        }
        self.used += count;
    }

    #[inline]
    fn many(&mut self, ids: &[TokenId]) {
        self.flush();
        self.out.extend_from_slice(ids);
    }
}

/// Counts ids.
#[derive(Default)]
pub(crate) struct Count(pub(crate) usize);

impl Sink for Count {
    #[inline(always)]
    fn few<const N: usize>(&mut self, _: [TokenId; N], count: usize) {
        self.0 += count;
    }

    fn many(&mut self, ids: &[TokenId]) {
        self.0 += ids.len();
    }
}

//! Words of raw text and their ids: what spares a pipeline the words it has seen.
//!
//! Normalizers and cuts cost more than a look-up of what came out of them, so a text is first cut,
//! as it is, at places that nothing of its pipeline sees across ([`Words`]); the ids of a word are
//! then in the thread's cache, or are made by the pipeline itself from the word alone.
//!
//! *Claim.* The ids of a text are those of its words, one behind the other. [`bert`] and
//! [`spaces`] say why for the two ways there are to cut. Tests compare with the pipeline on the
//! whole text, which is also what runs where positions are asked for. Linear.

mod bert;
mod seams;
mod spaces;

use self::bert::BertWords;
use self::spaces::{End, SpaceWords};
use super::draft::Draft;
use super::general::{General, Rewrite};
use super::scratch::Scratch;
use super::sink::Sink;
use super::word_cache::{self as cache, ShortKey};
use crate::error::Result;
use crate::formats::pipeline::{Normalizer, Pipeline};
use crate::token::{Span, TokenId};
use crate::vocab::Vocab;
use crate::watch::Watch;

/// The sign that stands for a space in vocabularies made by `SentencePiece`.
const SIGN: char = '\u{2581}';
/// Words looked up together, so that the cache lines of later ones are on their way.
const GROUP: usize = 64;
/// Bytes between two looks at the watch.
const POLL: usize = 1 << 16;
/// In place of the key of a longer word.
const TOO_LONG: ShortKey = u128::MAX;

/// How raw text is cut into words.
#[derive(Debug)]
pub(crate) struct RawWords {
    cuts: Cuts,
}

#[derive(Debug)]
enum Cuts {
    Bert(BertWords),
    Spaces(Box<SpaceWords>),
}

/// Words of a text, found ahead.
struct Words {
    spans: [Span; GROUP],
    len: usize,
}

impl Words {
    fn get(&self) -> &[Span] {
        self.spans.get(..self.len).unwrap_or(&[])
    }

    fn is_full(&self) -> bool {
        self.len == GROUP
    }

    #[inline(always)]
    fn push(&mut self, start: usize, end: usize) {
        if let Some(span) = self.spans.get_mut(self.len) {
            *span = Span { start, end };
            self.len += 1;
        }
    }
}

/// What is known of the ids of a word that was encoded alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// They are those of the word wherever it stands, but at the beginning of a text.
    Everywhere,
    /// They are those of the word where it stands.
    Here,
    /// There are none: what follows belongs to it.
    Open,
}

/// What the loop needs besides the text.
struct Run<'a, 'w> {
    words: &'a RawWords,
    general: &'a General,
    /// The normalizer of the whole text.
    rewrite: Option<&'a Rewrite>,
    scratch: &'a mut Scratch,
    watch: &'a Watch<'w>,
    draft: Draft,
    piece: String,
    ids: Vec<TokenId>,
}

impl RawWords {
    /// The cuts that a pipeline allows, if there are any.
    pub(crate) fn new(
        vocab: &Vocab,
        pipeline: &Pipeline,
        general: &General,
    ) -> Result<Option<Self>> {
        let bert = BertWords::new(pipeline);
        let cuts = match bert {
            Some(words) => Some(Cuts::Bert(words)),
            None => SpaceWords::new(vocab, pipeline, general)?
                .map(|words| Cuts::Spaces(Box::new(words))),
        };
        Ok(cuts.map(|cuts| Self { cuts }))
    }

    /// Whether a text can be cut.
    pub(crate) fn apply_to(&self, text: &str) -> bool {
        match &self.cuts {
            Cuts::Bert(_) => true,
            Cuts::Spaces(spaces) => text.len() <= spaces.longest(),
        }
    }

    /// Gives the ids of a text in which no added token is searched, and whose positions do not
    /// matter. `base` is where it begins.
    #[allow(clippy::too_many_arguments, reason = "the call's options, passed through")]
    pub(crate) fn encode(
        &self,
        general: &General,
        rewrite: Option<&Rewrite>,
        text: &str,
        base: usize,
        scratch: &mut Scratch,
        watch: &Watch<'_>,
        sink: &mut impl Sink,
    ) -> Result<()> {
        let ids = std::mem::take(&mut scratch.ids);
        let draft = Draft::new("", base);
        let mut run =
            Run { words: self, general, rewrite, scratch, watch, draft, piece: String::new(), ids };
        let result = run.text(text, sink);
        run.scratch.ids = run.ids;
        result
    }
}

impl Run<'_, '_> {
    fn text(&mut self, text: &str, sink: &mut impl Sink) -> Result<()> {
        let mut words = Words { spans: [Span { start: 0, end: 0 }; GROUP], len: 0 };
        let mut pos = 0;
        if let Cuts::Spaces(spaces) = &self.words.cuts {
            // What begins a text may be treated in a way of its own.
            pos = spaces.word_end(text, 0);
            pos = self.stretch(text, 0, pos, sink)?;
        }
        let mut polled = 0;
        while pos < text.len() {
            words.len = 0;
            let next = match &self.words.cuts {
                Cuts::Bert(bert) => bert.fill(text, pos, &mut words),
                Cuts::Spaces(spaces) => spaces.fill(text, pos, &mut words),
            };
            pos = self.group(text, words.get(), next, sink)?;
            if pos > polled + POLL {
                polled = pos;
                self.watch.poll()?;
            }
        }
        Ok(())
    }

    /// Gives the ids of a group of words; returns where the next one begins, which is `next` or,
    /// if the last words could not be told apart, behind that.
    fn group(
        &mut self,
        text: &str,
        spans: &[Span],
        next: usize,
        sink: &mut impl Sink,
    ) -> Result<usize> {
        let bytes = text.as_bytes();
        let mut keys = [(TOO_LONG, 0); GROUP];
        for (slot, span) in keys.iter_mut().zip(spans) {
            let len = span.end - span.start;
            if len <= cache::SHORT {
                let key = cache::short_key(bytes, span.start, len);
                let hash = cache::short_hash(key);
                self.scratch.cache.prefetch_short(hash);
                *slot = (key, hash);
            } else if len <= cache::LONG {
                let hash = cache::hash_bytes(bytes.get(span.start..span.end).unwrap_or_default());
                self.scratch.cache.prefetch_long(hash);
                *slot = (TOO_LONG, hash);
            }
        }
        let mut done = 0;
        for (span, &(key, hash)) in spans.iter().zip(&keys) {
            if span.start < done {
                continue;
            }
            done = if key == TOO_LONG {
                self.long_word(text, *span, hash, sink)?
            } else if let Some(entry) = self.scratch.cache.find_short(key, hash) {
                self.scratch.cache.give_short(entry, sink);
                continue;
            } else {
                self.new_word(text, *span, key, hash, sink)?
            };
        }
        Ok(next.max(done))
    }

    /// A word whose key is longer than a short one; returns the end of what was encoded.
    #[inline(never)]
    fn long_word(
        &mut self,
        text: &str,
        span: Span,
        hash: u64,
        sink: &mut impl Sink,
    ) -> Result<usize> {
        let bytes = text.as_bytes().get(span.start..span.end).unwrap_or_default();
        if bytes.len() > cache::LONG {
            return self.stretch(text, span.start, span.end, sink);
        }
        if let Some((start, count)) = self.scratch.cache.find_long(bytes, hash) {
            sink.many(self.scratch.cache.ids(start, count));
            return Ok(span.end);
        }
        self.new_word(text, span, TOO_LONG, hash, sink)
    }

    /// A word that is not in the cache.
    #[inline(never)]
    fn new_word(
        &mut self,
        text: &str,
        span: Span,
        key: ShortKey,
        hash: u64,
        sink: &mut impl Sink,
    ) -> Result<usize> {
        let fate = self.encode_alone(text, span)?;
        if fate == Fate::Open {
            return self.stretch(text, span.start, span.end, sink);
        }
        if fate == Fate::Here {
            // Elsewhere it may be another word.
        } else if key == TOO_LONG {
            let bytes = text.as_bytes().get(span.start..span.end).unwrap_or_default();
            self.scratch.cache.put_long(bytes, hash, &self.ids);
        } else {
            self.scratch.cache.put_short(key, hash, &self.ids);
        }
        sink.many(&self.ids);
        Ok(span.end)
    }

    /// Encodes what begins at `start` and ends at `end`, or, if that is no place to cut, at a
    /// later one; returns where.
    #[inline(never)]
    fn stretch(
        &mut self,
        text: &str,
        start: usize,
        mut end: usize,
        sink: &mut impl Sink,
    ) -> Result<usize> {
        let mut tried = 0;
        while self.encode_alone(text, Span { start, end })? == Fate::Open {
            tried += 1;
            end = match &self.words.cuts {
                Cuts::Spaces(spaces) if tried == 1 => spaces.plain_end(text, end),
                _ => text.len(),
            };
        }
        sink.many(&self.ids);
        Ok(end)
    }

    /// Leaves the ids of `text[span]` in `ids`, if it is a word.
    fn encode_alone(&mut self, text: &str, span: Span) -> Result<Fate> {
        self.ids.clear();
        let word = text.get(span.start..span.end).unwrap_or_default();
        let (first, last) = (span.start == 0, span.end == text.len());
        let rewrite = match &self.words.cuts {
            _ if first && last => self.rewrite,
            Cuts::Bert(_) => self.rewrite,
            Cuts::Spaces(spaces) => spaces.rewrite(first, last, self.rewrite),
        };
        let draft = &mut self.draft;
        draft.set(word);
        if let Some(rewrite) = rewrite {
            // Of the words behind the first none depends on where it stands.
            let track = first && self.general.reads_origin();
            rewrite.apply(&mut self.scratch.normalize, draft, track)?;
        }
        let fate = match &self.words.cuts {
            Cuts::Bert(_) => Fate::Everywhere,
            Cuts::Spaces(_) if last && !word.ends_with(|c: char| c.is_ascii_graphic()) => {
                Fate::Here
            }
            Cuts::Spaces(spaces) => {
                match spaces.end(word, &draft.text, text.as_bytes().get(span.end).copied()) {
                    End::Closed => Fate::Everywhere,
                    End::Open if last => Fate::Here,
                    End::Open => return Ok(Fate::Open),
                }
            }
        };
        let Scratch { general, glued, model, .. } = &mut *self.scratch;
        if !first
            && let Cuts::Spaces(spaces) = &self.words.cuts
            && let Some(piece) = spaces.piece(word, &draft.text, &mut self.piece)
        {
            self.general.encode_piece(piece, model, &mut self.ids)?;
            return Ok(fate);
        }
        let sink = &mut Push(&mut self.ids);
        let glued_stages = match &self.words.cuts {
            Cuts::Spaces(spaces) => spaces.stages(first, word),
            Cuts::Bert(_) => None,
        };
        let Some(stages) = glued_stages else {
            self.general.encode(draft, general, model, &mut None, self.watch, sink)?;
            return Ok(fate);
        };
        let end = match &self.words.cuts {
            Cuts::Spaces(spaces) => spaces.glued_end(&draft.text),
            Cuts::Bert(_) => draft.text.len(),
        };
        let mut rest = draft.part(Span { start: end, end: draft.text.len() });
        draft.text.truncate(end);
        draft.pieces.clear();
        draft.pieces.push(Span { start: 0, end });
        self.general.encode_cut(stages, draft, glued, model, &mut None, self.watch, sink)?;
        if !rest.text.is_empty() {
            self.general.encode(&mut rest, general, model, &mut None, self.watch, sink)?;
        }
        Ok(fate)
    }
}

/// A block of text, if enough of its beginning is ASCII to be worth looking at as a whole.
#[inline(always)]
fn ascii_block(bytes: &[u8], start: usize) -> Option<&[u8; 64]> {
    let block = bytes.get(start..)?.first_chunk::<64>()?;
    block.first_chunk::<8>()?.is_ascii().then_some(block)
}

/// Appends ids to a list.
struct Push<'a>(&'a mut Vec<TokenId>);

impl Sink for Push<'_> {
    #[inline(always)]
    fn few<const N: usize>(&mut self, ids: [TokenId; N], count: usize) {
        self.0.extend_from_slice(ids.get(..count).unwrap_or(&ids));
    }

    fn many(&mut self, ids: &[TokenId]) {
        self.0.extend_from_slice(ids);
    }
}

/// The normalizers of a pipeline, sequences laid open; `None`: deeper than any file has them.
fn flattened(normalizer: Option<&Normalizer>) -> Option<Vec<&Normalizer>> {
    fn add<'n>(normalizer: &'n Normalizer, depth: usize, out: &mut Vec<&'n Normalizer>) -> bool {
        match normalizer {
            Normalizer::Sequence(_) if depth == 8 => false,
            Normalizer::Sequence(parts) => parts.iter().all(|part| add(part, depth + 1, out)),
            other => {
                out.push(other);
                true
            }
        }
    }
    let mut out = Vec::new();
    normalizer.is_none_or(|normalizer| add(normalizer, 0, &mut out)).then_some(out)
}

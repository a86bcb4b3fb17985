//! The end of a text that is not finished: which ids further text could change, and into what.
//!
//! The ids of the last pre-token are open, and where that begins with white space so are blank
//! tokens before it. A *completion* is what the open bytes become if the text goes on with
//! the rest of some token: the ids of "open bytes, with a token laid over their end" up to the
//! one that covers the last open byte. All of that is tiktoken's definition; that the text
//! could go on in ways that change more is known there too.
//!
//! Cost: one encoding of the open bytes for each token that begins with one of their ends.

use super::specials::Wanted;
use super::tiktoken::{RankEncoding, Stretch};
use crate::encode::added::Allowed;
use crate::encode::pretokenize::GeneralCache;
use crate::encode::pretokenizer::{PreTokenizer, next_end};
use crate::encode::sink::Ids;
use crate::error::Result;
use crate::token::{Span, TokenId};
use crate::tokenizer::{Text, Tokenizer};
use crate::watch::Watch;
use std::collections::BTreeSet;

/// Ids that are certain, and the ids that may follow them for the rest of the text.
pub type Completions = (Vec<TokenId>, BTreeSet<Vec<TokenId>>);

impl Tokenizer {
    /// The last pre-token of a text. O(n).
    fn last_piece(&self, text: &str, caches: &mut Vec<GeneralCache>) -> Result<Option<Span>> {
        let mut last = None;
        let Some(tables) = self.bytes() else { return Ok(None) };
        match &tables.pre {
            PreTokenizer::Letters(_) => {}
            PreTokenizer::Whole if text.is_empty() => {}
            PreTokenizer::Whole => last = Some(Span { start: 0, end: text.len() }),
            PreTokenizer::Known(scanner) => {
                let mut start = 0;
                while start < text.len() {
                    let end = next_end(scanner, text.as_bytes(), start);
                    last = Some(Span { start, end });
                    start = end;
                }
            }
            PreTokenizer::Cuts(stages) => stages.cut(text, caches, |piece| {
                last = Some(piece);
                Ok(())
            })?,
        }
        Ok(last)
    }
}

impl RankEncoding {
    /// The ids of bytes taken as one pre-token.
    pub fn encode_piece(&self, bytes: &[u8], watch: &Watch<'_>) -> Result<Vec<TokenId>> {
        let mut out = Vec::new();
        self.tokenizer.with_scratch(|scratch| {
            let mut sink = Ids::new(&mut out);
            self.tokenizer.encode_invalid(bytes, 0, scratch, watch, &mut sink)?;
            sink.flush();
            Ok(out)
        })
    }

    /// What merging makes of bytes, even if they are a token that no merge makes.
    fn merge(&self, bytes: &[u8], watch: &Watch<'_>) -> Result<Vec<TokenId>> {
        self.tokenizer.with_scratch(|scratch| {
            let Some(tables) = self.tokenizer.bytes() else { return Ok(Vec::new()) };
            tables.merge(bytes, &mut scratch.merge, watch)
        })
    }

    fn plain(&self, text: &str, watch: &Watch<'_>) -> Result<Vec<TokenId>> {
        self.tokenizer.encode_text(Text::Str(text), &Allowed::None, watch)
    }

    /// Whether a token is made of spaces, tabs and newlines alone.
    fn is_blank(&self, id: TokenId) -> bool {
        let bytes = self.vocab().get(id);
        bytes.is_some_and(|bytes| bytes.iter().all(|byte| matches!(byte, b' ' | b'\n' | b'\t')))
    }

    /// How many of the ids, which end with the encoding of `text`, are open.
    fn open(&self, text: &str, ids: &[TokenId], watch: &Watch<'_>) -> Result<usize> {
        let piece = self
            .tokenizer
            .with_scratch(|scratch| self.tokenizer.last_piece(text, &mut scratch.general))?;
        let Some(bytes) = piece.and_then(|Span { start, end }| text.as_bytes().get(start..end))
        else {
            return Ok(0);
        };
        let certain = ids.len().saturating_sub(self.encode_piece(bytes, watch)?.len());
        let (before, last) = ids.split_at(certain);
        let widens = last.first().is_some_and(|&id| self.is_blank(id));
        let blank = before.iter().rev().take_while(|&&id| widens && self.is_blank(id)).count();
        Ok(last.len() + blank)
    }

    /// Takes the open ids off and gives their bytes.
    fn take_open(&self, ids: &mut Vec<TokenId>, open: usize) -> Vec<u8> {
        let tail = ids.split_off(ids.len() - open);
        tail.iter().filter_map(|&id| self.vocab().get(id)).flatten().copied().collect()
    }

    /// The ids of bytes that may end in half a character: the valid text before the first byte
    /// that is not UTF-8, but for its open end, which with all that follows is one pre-token.
    pub fn encode_bytes(&self, bytes: &[u8], watch: &Watch<'_>) -> Result<Vec<TokenId>> {
        let mut chunks = bytes.utf8_chunks();
        let text = chunks.next().map_or("", |chunk| chunk.valid());
        let mut ids = self.plain(text, watch)?;
        if text.len() == bytes.len() {
            return Ok(ids);
        }
        let open = self.open(text, &ids, watch)?;
        let mut rest = self.take_open(&mut ids, open);
        rest.extend_from_slice(bytes.get(text.len()..).unwrap_or(&[]));
        ids.extend(self.encode_piece(&rest, watch)?);
        Ok(ids)
    }

    /// The certain ids of a text, and the completions of its open end.
    pub fn encode_with_unstable(
        &self,
        text: &str,
        allowed: &Wanted,
        watch: &Watch<'_>,
    ) -> Result<Completions> {
        let (mut ids, mut last) = (Vec::new(), "");
        self.stretches(text, allowed, |stretch| {
            match stretch {
                Stretch::Plain(plain) => {
                    ids.extend(self.plain(plain, watch)?);
                    last = plain;
                }
                Stretch::Special(id) => {
                    ids.push(id);
                    last = "";
                }
            }
            Ok(())
        })?;
        let open = self.open(last, &ids, watch)?;
        let bytes = self.take_open(&mut ids, open);
        let completions = self.completions(&bytes, watch)?;
        Ok((ids, completions))
    }

    fn completions(&self, open: &[u8], watch: &Watch<'_>) -> Result<BTreeSet<Vec<TokenId>>> {
        let mut found = BTreeSet::new();
        if open.is_empty() {
            return Ok(found);
        }
        found.extend(self.starting_with(open).map(|(id, _)| vec![id]));
        for at in 1..open.len() {
            watch.poll()?;
            let (head, end) = open.split_at(at);
            for (_, token) in self.starting_with(end) {
                let mut ids = self.continued(&[head, token].concat(), watch)?;
                let mut covered = 0;
                let needed = ids.iter().position(|&id| {
                    covered += self.vocab().get(id).map_or(0, <[u8]>::len);
                    covered >= open.len()
                });
                ids.truncate(needed.map_or(ids.len(), |last| last + 1));
                found.insert(ids);
            }
        }
        // White space at the end would stay apart if a word followed.
        if let Some(space) = last_char(open).filter(|c| c.is_whitespace()) {
            let (head, tail) = open.split_at(open.len() - space.len_utf8());
            if !head.is_empty() {
                let mut ids = self.merge(head, watch)?;
                ids.extend(self.merge(tail, watch)?);
                found.insert(ids);
            }
        }
        Ok(found)
    }

    /// The ids of bytes that need not be whole characters.
    fn continued(&self, bytes: &[u8], watch: &Watch<'_>) -> Result<Vec<TokenId>> {
        match std::str::from_utf8(bytes) {
            Ok(text) => self.plain(text, watch),
            Err(_) => self.merge(bytes, watch),
        }
    }

    /// The tokens that begin with these bytes, the bytes themselves included. O(log tokens) each.
    fn starting_with<'a>(&'a self, start: &'a [u8]) -> impl Iterator<Item = (TokenId, &'a [u8])> {
        let bytes_of = |id: TokenId| self.vocab().get(id).unwrap_or(&[]);
        let tokens = self.by_bytes();
        let first = tokens.partition_point(|&id| bytes_of(id) < start);
        let rest = tokens.get(first..).unwrap_or(&[]).iter();
        rest.map(move |&id| (id, bytes_of(id)))
            .take_while(move |(_, token)| token.starts_with(start))
    }
}

/// The character that bytes end with, if they end with a whole one.
fn last_char(bytes: &[u8]) -> Option<char> {
    let start = bytes.iter().rposition(|&byte| !(0x80..0xC0).contains(&byte))?;
    std::str::from_utf8(bytes.get(start..)?).ok()?.chars().next()
}

#[cfg(test)]
#[allow(clippy::panic, reason = "a test that fails to set up shall fail")]
mod tests {
    use super::*;

    /// The bytes, "ab" (256), "abc" (257), "bcd" (258, which no merge makes) and two spaces (259).
    fn encoding(pattern: &str) -> RankEncoding {
        let more = ["ab", "abc", "bcd", "  "].map(|token| token.as_bytes().to_vec());
        let tokens = (0..=255_u8).map(|byte| vec![byte]).chain(more);
        let ranks = tokens.zip(0..).collect();
        let specials = vec![("<x>".to_owned(), 300)];
        RankEncoding::new(ranks, specials, pattern).unwrap_or_else(|error| panic!("{error}"))
    }

    fn ends(text: &str) -> (Vec<TokenId>, Vec<Vec<TokenId>>) {
        let found = encoding(r"\w+|\s+").encode_with_unstable(text, &Wanted::All, &Watch::none());
        let (ids, found) = found.unwrap_or_else(|error| panic!("{error}"));
        (ids, found.into_iter().collect())
    }

    #[test]
    fn the_last_piece_is_open() {
        assert_eq!(ends("ab b"), (vec![256, 32], vec![vec![98], vec![258]]));
        // In "xbcd", one pre-token, nothing merges.
        assert_eq!(ends("ab xb"), (vec![256, 32], vec![vec![120, 98]]));
        assert_eq!(ends("ab "), (vec![256], vec![vec![32], vec![259]]));
        assert_eq!(ends("ab<x>"), (vec![256, 300], vec![]));
        assert_eq!(ends(""), (vec![], vec![]));
    }

    #[test]
    fn blank_tokens_before_a_blank_piece_are_open_too() {
        let (ids, found) = ends("a   ");
        assert_eq!(ids, [97]);
        assert!(found.contains(&vec![259, 32]) && found.contains(&vec![259, 259]));
    }

    #[test]
    fn half_a_character_joins_the_last_piece() {
        let encode = |bytes: &[u8]| {
            let ids = encoding(r"\w+|\s+").encode_bytes(bytes, &Watch::none());
            ids.unwrap_or_else(|error| panic!("{error}"))
        };
        assert_eq!(encode(b"bcd"), [258]);
        assert_eq!(encode(b"a bcd\xe2\x82"), [97, 32, 98, 99, 100, 0xe2, 0x82]);
        assert_eq!(encode(b"\xffab"), [0xff, 256]);
    }
}

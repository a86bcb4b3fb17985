//! Everything that SentencePiece 0.2.3 does to a text before its model sees it.
//!
//! From left to right: a user-defined piece stays, else the longest key of the table becomes
//! its replacement, else a character stays. Spaces at the ends and all but one of a run go, if
//! the file says so; a space is added before (or behind) the text; spaces become U+2581.
//!
//! Letters of ASCII that no key can begin at are copied in runs. O(n) for tables whose keys
//! are short.

use super::checked_charsmap::CheckedCharsmap;
use crate::encode::model::sentencepiece::matcher::Matcher;
use crate::encode::model::unigram::viterbi::char_len;
use crate::error::{Error, Result};
use crate::formats::pipeline::SentencePieceNormalizer;

/// U+2581, which stands for a space.
pub(crate) const SIGN: &str = "\u{2581}";

/// A compiled normalizer.
#[derive(Debug)]
pub struct SentencePieceNormalize {
    charsmap: CheckedCharsmap,
    matcher: Matcher,
    /// By byte: an ASCII letter that stays as it is if another one, or nothing, follows it.
    plain: [bool; 256],
    /// What a space becomes.
    space: &'static str,
    add_space: bool,
    trim: bool,
    space_behind: bool,
}

/// The text as it grows, and for each of its bytes where in the given text it came from.
struct Output<'o> {
    text: &'o mut String,
    map: Option<&'o mut Vec<u32>>,
    base: usize,
}

impl Output<'_> {
    #[inline]
    fn push(&mut self, piece: &str, from: usize) {
        self.text.push_str(piece);
        if let Some(map) = &mut self.map {
            map.resize(map.len() + piece.len(), from as u32);
        }
    }

    /// Bytes that stay as they are and where they are.
    #[inline]
    fn copy(&mut self, piece: &str, from: usize) {
        self.text.push_str(piece);
        if let Some(map) = &mut self.map {
            map.extend((from..from + piece.len()).map(|at| at as u32));
        }
    }
}

impl SentencePieceNormalize {
    /// Compiles what a file says.
    ///
    /// # Errors
    /// [`Error::Model`] if the table is malformed.
    pub fn new(def: &SentencePieceNormalizer) -> Result<Self> {
        let charsmap = CheckedCharsmap::new(&def.charsmap)?;
        let matcher = Matcher::new(def.user_defined.iter().map(String::as_str))?;
        let mut plain = [false; 256];
        for byte in 0..0x80_u8 {
            plain[usize::from(byte)] = byte != b' '
                && !matcher.begins(byte)
                && charsmap.longest_prefix(&[byte]).is_none()
                && !(0..0x80).any(|next| charsmap.begins(&[byte, next]));
        }
        Ok(Self {
            charsmap,
            matcher,
            plain,
            space: if def.escape_whitespaces { SIGN } else { " " },
            add_space: def.add_dummy_prefix,
            trim: def.remove_extra_whitespaces,
            space_behind: def.whitespace_as_suffix,
        })
    }

    /// Appends the normalized text to `out`. `map` gets one entry for each byte appended, where
    /// it came from in `text`, and one more: where the text ends (or the part of it that is
    /// kept). A token of bytes `start..end` came from `map[start]..map[end]`. A text of which
    /// nothing is left has no entry.
    ///
    /// # Errors
    /// [`Error::Input`] if the text is longer than 4 GiB.
    pub fn normalize(
        &self,
        text: &str,
        out: &mut String,
        map: Option<&mut Vec<u32>>,
    ) -> Result<()> {
        self.run(text.len(), std::iter::once((text, 0)), out, map)
    }

    /// As [`Self::normalize`], of any bytes: each that is part of no character becomes U+FFFD.
    ///
    /// # Errors
    /// As [`Self::normalize`].
    pub fn normalize_bytes(
        &self,
        text: &[u8],
        out: &mut String,
        map: Option<&mut Vec<u32>>,
    ) -> Result<()> {
        let chunks = text.utf8_chunks().map(|chunk| (chunk.valid(), chunk.invalid().len()));
        self.run(text.len(), chunks, out, map)
    }

    /// Normalizes stretches of text with so many bytes of none behind each.
    fn run<'t>(
        &self,
        len: usize,
        chunks: impl Iterator<Item = (&'t str, usize)>,
        out: &mut String,
        map: Option<&mut Vec<u32>>,
    ) -> Result<()> {
        if u32::try_from(len).is_err() {
            return Err(Error::Input {
                why: format!("a text of {len} bytes; at most 4 GiB are possible"),
            });
        }
        let base = out.len();
        let mut out = Output { text: out, map, base };
        let (mut start, mut begun, mut after_space) = (0, false, self.trim);
        for (text, others) in chunks {
            let mut at = 0;
            while !begun && self.trim && at < text.len() {
                let (piece, len) = self.piece(text, at);
                if piece != " " {
                    break;
                }
                at += len;
            }
            if !begun && (at < text.len() || others > 0) {
                begun = true;
                out.text.reserve(len - start - at + SIGN.len());
                if self.add_space && !self.space_behind {
                    out.push(self.space, start + at);
                }
            }
            self.stretch(text, at, start, &mut after_space, &mut out);
            start += text.len();
            for _ in 0..others {
                out.push("\u{FFFD}", start);
                after_space = false;
                start += 1;
            }
        }
        if begun {
            self.finish(start, &mut out);
        }
        Ok(())
    }

    /// Normalizes the text from `at`; it begins at `start`.
    #[inline]
    fn stretch(
        &self,
        text: &str,
        mut at: usize,
        start: usize,
        after_space: &mut bool,
        out: &mut Output<'_>,
    ) {
        while at < text.len() {
            let run = self.plain_run(text, at);
            if run > 0 {
                out.copy(text.get(at..at + run).unwrap_or_default(), start + at);
                *after_space = false;
                at += run;
                continue;
            }
            let (mut piece, len) = self.piece(text, at);
            if *after_space {
                piece = piece.trim_start_matches(' ');
            }
            let mut rest = piece;
            while let Some((before, after)) = rest.split_once(' ') {
                out.push(before, start + at);
                out.push(self.space, start + at);
                rest = after;
            }
            out.push(rest, start + at);
            if !piece.is_empty() {
                *after_space = self.trim && piece.ends_with(' ');
            }
            at += len;
        }
    }

    /// What is done at the end of a text.
    fn finish(&self, mut end: usize, out: &mut Output<'_>) {
        if self.trim {
            while out.text.len() > out.base && out.text[out.base..].ends_with(self.space) {
                out.text.truncate(out.text.len() - self.space.len());
                if let Some(map) = &mut out.map {
                    let kept = map.len() - self.space.len();
                    end = map.get(kept).map_or(end, |&from| from as usize);
                    map.truncate(kept);
                }
            }
        }
        if self.add_space && self.space_behind {
            out.push(self.space, end);
        }
        if let Some(map) = &mut out.map {
            map.push(end as u32);
        }
    }

    /// Length of the run of bytes at `at` that stay as they are.
    #[inline]
    fn plain_run(&self, text: &str, at: usize) -> usize {
        let bytes = text.as_bytes().get(at..).unwrap_or(&[]);
        let run = bytes.iter().position(|&byte| !self.plain[usize::from(byte)]);
        match run {
            None => bytes.len(),
            // What follows may join the letter before it.
            Some(run) if bytes[run] >= 0x80 => run.saturating_sub(1),
            Some(run) => run,
        }
    }

    /// What the text at `at` becomes next, and of how many bytes.
    #[inline]
    fn piece<'t>(&'t self, text: &'t str, at: usize) -> (&'t str, usize) {
        let bytes = text.as_bytes().get(at..).unwrap_or(&[]);
        if let Some(len) = self.matcher.longest(bytes) {
            return (text.get(at..at + len).unwrap_or_default(), len);
        }
        if let Some((len, replacement)) = self.charsmap.longest_prefix(bytes) {
            return (replacement, len);
        }
        let len = bytes.first().map_or(1, |&first| char_len(first));
        match text.get(at..at + len) {
            Some(letter) => (letter, len),
            // A key ended inside a character: the rest of it is malformed, byte by byte.
            None => ("\u{FFFD}", 1),
        }
    }
}

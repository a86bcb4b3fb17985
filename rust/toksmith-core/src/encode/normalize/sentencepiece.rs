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
        if u32::try_from(text.len()).is_err() {
            return Err(Error::Input {
                why: format!("a text of {} bytes; at most 4 GiB are possible", text.len()),
            });
        }
        let base = out.len();
        let mut out = Output { text: out, map, base };
        let mut at = 0;
        while self.trim && at < text.len() {
            let (piece, len) = self.piece(text, at);
            if piece != " " {
                break;
            }
            at += len;
        }
        if at < text.len() {
            self.normalize_from(text, at, &mut out);
        }
        Ok(())
    }

    fn normalize_from(&self, text: &str, mut at: usize, out: &mut Output<'_>) {
        out.text.reserve(text.len() - at + SIGN.len());
        if self.add_space && !self.space_behind {
            out.push(self.space, at);
        }
        let mut after_space = self.trim;
        while at < text.len() {
            let run = self.plain_run(text, at);
            if run > 0 {
                out.copy(text.get(at..at + run).unwrap_or_default(), at);
                after_space = false;
                at += run;
                continue;
            }
            let (mut piece, len) = self.piece(text, at);
            if after_space {
                piece = piece.trim_start_matches(' ');
            }
            let mut rest = piece;
            while let Some((before, after)) = rest.split_once(' ') {
                out.push(before, at);
                out.push(self.space, at);
                rest = after;
            }
            out.push(rest, at);
            if !piece.is_empty() {
                after_space = self.trim && piece.ends_with(' ');
            }
            at += len;
        }
        let mut end = at;
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

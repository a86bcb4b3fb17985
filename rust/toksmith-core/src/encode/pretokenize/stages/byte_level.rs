//! `ByteLevel`: perhaps a space in front, cut by the GPT-2 pattern, bytes as letters.

use super::alphabet::ALPHABET;
use super::rewrite::{After, Before, rewrite};
use crate::encode::draft::Draft;
use crate::encode::pretokenize::gpt2;
use crate::error::Result;

/// The stage with its settings.
#[derive(Debug)]
pub(super) struct ByteLevel {
    pub(super) add_prefix_space: bool,
    pub(super) use_regex: bool,
}

impl ByteLevel {
    pub(super) fn run(&self, draft: &mut Draft, track: bool) -> Result<()> {
        let mut with_prefix = String::new();
        rewrite(draft, track, |before, piece, after| {
            let text = before.piece(piece);
            if self.add_prefix_space && !text.starts_with(' ') {
                with_prefix.clear();
                with_prefix.push(' ');
                with_prefix.push_str(text);
                self.write(before, piece.start, &with_prefix, 1, after);
            } else {
                self.write(before, piece.start, text, 0, after);
            }
        })
    }

    /// Writes `text`, whose first `extra` bytes were put in front of what begins at `base`.
    fn write(&self, before: Before<'_>, base: usize, text: &str, extra: usize, after: &mut After) {
        let mut start = 0;
        while start < text.len() {
            let end =
                if self.use_regex { gpt2::next_end(text.as_bytes(), start) } else { text.len() };
            for (at, c) in text.get(start..end).unwrap_or_default().char_indices() {
                let source = || before.origin_at(base + (start + at).saturating_sub(extra));
                for &byte in c.encode_utf8(&mut [0; 4]).as_bytes() {
                    after.put(ALPHABET[usize::from(byte)], source);
                }
            }
            after.end_piece();
            start = end;
        }
    }
}

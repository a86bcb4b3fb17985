//! Patches that are words by Unicode's text segmentation, UAX 29.

use unicode_segmentation::UnicodeSegmentation;

use super::{Patches, lengths};
use crate::error::Result;
use crate::watch::Watch;

/// Where white space between words goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spaces {
    /// Into patches of its own, as UAX 29 has it.
    Own,
    /// Into the patch of what follows.
    Next,
    /// Into the patch of what is before.
    Previous,
}

impl Spaces {
    /// The place of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "own" => Some(Self::Own),
            "next" => Some(Self::Next),
            "previous" => Some(Self::Previous),
            _ => None,
        }
    }
}

/// What UAX 29 keeps together is a patch, with white space where `spaces` says. A run of bytes that
/// are not UTF-8 is one, too.
pub fn word_patches(
    texts: &[&[u8]],
    spaces: Spaces,
    threads: usize,
    watch: &Watch<'_>,
) -> Result<Patches> {
    Patches::of_rows(&lengths(texts), threads, watch, |row, starts| {
        let (mut at, mut after_space) = (0, false);
        // Whether what was seen so far ended in bytes that are not UTF-8.
        let mut broken = false;
        for chunk in texts.get(row).copied().unwrap_or_default().utf8_chunks() {
            for (begin, piece) in chunk.valid().split_word_bound_indices() {
                let is_space = piece.chars().all(char::is_whitespace);
                let joins = match spaces {
                    Spaces::Own => false,
                    Spaces::Next => after_space,
                    Spaces::Previous => is_space && at + begin > 0,
                };
                if !joins {
                    starts.push((at + begin) as i64);
                }
                (after_space, broken) = (is_space, false);
            }
            at += chunk.valid().len();
            if !chunk.invalid().is_empty() {
                let joins = broken || (spaces == Spaces::Next && after_space);
                if !joins {
                    starts.push(at as i64);
                }
                (after_space, broken) = (false, true);
                at += chunk.invalid().len();
            }
        }
        Ok(())
    })
}

#[cfg(test)]
#[allow(
    clippy::cast_sign_loss,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test fails where it cannot go on"
)]
mod tests {
    use super::{Spaces, word_patches};
    use crate::watch::Watch;

    fn pieces(text: &[u8], spaces: Spaces) -> Vec<String> {
        let patches = word_patches(&[text], spaces, 1, &Watch::none()).unwrap();
        let spans = patches.offsets.windows(2).map(|o| &text[o[0] as usize..o[1] as usize]);
        spans.map(|piece| piece.escape_ascii().to_string()).collect()
    }

    #[test]
    fn white_space_goes_where_it_is_told() {
        let text = b" I can't,  no\n";
        assert_eq!(pieces(text, Spaces::Own), [" ", "I", " ", "can\\'t", ",", "  ", "no", "\\n"]);
        assert_eq!(pieces(text, Spaces::Next), [" I", " can\\'t", ",", "  no", "\\n"]);
        assert_eq!(pieces(text, Spaces::Previous), [" ", "I ", "can\\'t", ",  ", "no\\n"]);
        assert_eq!(pieces(b"", Spaces::Own), [""; 0]);
    }

    #[test]
    fn bytes_that_are_no_text_are_a_patch() {
        assert_eq!(pieces(b"a\xff\xfe\xe2\x82b", Spaces::Own), ["a", "\\xff\\xfe\\xe2\\x82", "b"]);
        assert_eq!(pieces(b" \xff b", Spaces::Next), [" \\xff", " b"]);
        assert_eq!(pieces(b" \xff b", Spaces::Previous), [" ", "\\xff ", "b"]);
    }
}

//! Characters that are spelled byte by byte, and not yet to the end.

/// The first bytes of a character, at most three.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Partial {
    bytes: [u8; 4],
    len: u8,
}

/// What one more byte makes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grown {
    /// It is not yet a character.
    Partial(Partial),
    /// A character.
    Char(char),
}

impl Partial {
    /// Whether nothing is begun.
    pub(super) fn is_empty(self) -> bool {
        self.len == 0
    }

    /// Adds a byte; `None` if no character begins so.
    pub(super) fn grown(mut self, byte: u8) -> Option<Grown> {
        *self.bytes.get_mut(usize::from(self.len))? = byte;
        self.len += 1;
        match std::str::from_utf8(self.bytes.get(..usize::from(self.len))?) {
            Ok(text) => text.chars().next().map(Grown::Char),
            Err(error) => error.error_len().is_none().then_some(Grown::Partial(self)),
        }
    }

    /// The first and the last character that begin so, between which all do.
    pub(super) fn range(self) -> Option<(char, char)> {
        let first = self.bytes[0];
        let size = match first {
            0..0x80 => 1,
            0x80..0xE0 => 2,
            0xE0..0xF0 => 3,
            0xF0.. => 4,
        };
        let (mut low, mut high) = ([0x80; 4], [0xBF; 4]);
        match first {
            0xE0 => low[1] = 0xA0,
            0xED => high[1] = 0x9F,
            0xF0 => low[1] = 0x90,
            0xF4 => high[1] = 0x8F,
            _ => {}
        }
        let known = self.bytes.get(..usize::from(self.len))?;
        low[..known.len()].copy_from_slice(known);
        high[..known.len()].copy_from_slice(known);
        let char_of =
            |bytes: &[u8; 4]| std::str::from_utf8(bytes.get(..size)?).ok()?.chars().next();
        Some((char_of(&low)?, char_of(&high)?))
    }
}

/// Some characters, to ask whether they are all that begin with given bytes.
#[derive(Debug)]
pub(super) struct Chars(Vec<char>);

impl Chars {
    /// A set of these characters.
    pub(super) fn new(mut chars: Vec<char>) -> Self {
        chars.sort_unstable();
        chars.dedup();
        Self(chars)
    }

    /// Whether a character is one of them.
    pub(super) fn has(&self, c: char) -> bool {
        self.0.binary_search(&c).is_ok()
    }

    /// Whether some character that begins so is not one of them.
    pub(super) fn leave(&self, partial: Partial) -> bool {
        let Some((low, high)) = partial.range() else { return false };
        let before = |bound: char| self.0.partition_point(|&c| c < bound);
        let taken = before(high) - before(low) + usize::from(self.has(high));
        taken < high as usize - low as usize + 1
    }
}

#[cfg(test)]
#[allow(clippy::panic, reason = "in a test, that is how to fail")]
mod tests {
    use super::*;

    #[test]
    fn what_bytes_can_become_is_a_range_of_characters() {
        let all = ['\0', 'a', '\u{7f}', '\u{80}', 'é', '\u{7ff}', '\u{800}', '中', '\u{d7ff}'];
        let more =
            ['\u{e000}', '\u{ffff}', '\u{10000}', '😀', '\u{3ffff}', '\u{100000}', char::MAX];
        for c in all.into_iter().chain(more) {
            let (mut partial, mut buffer) = (Partial::default(), [0; 4]);
            for &byte in c.encode_utf8(&mut buffer).as_bytes() {
                match partial.grown(byte) {
                    Some(Grown::Char(found)) => assert_eq!(found, c),
                    Some(Grown::Partial(grown)) => partial = grown,
                    None => panic!("{c:?}"),
                }
                if !partial.is_empty() {
                    let (low, high) = partial.range().unwrap_or(('b', 'a'));
                    assert!(low <= c && c <= high, "{c:?} {low:?} {high:?}");
                    assert!(Chars::new(vec![c]).leave(partial));
                    assert!(!Chars::new((low..=high).collect()).leave(partial));
                }
            }
        }
        for bytes in [&[0x80][..], &[0xC0], &[0xC1], &[0xF5], &[0xE0, 0x80], &[0xED, 0xA0]] {
            let mut partial = Some(Grown::Partial(Partial::default()));
            for &byte in bytes {
                let Some(Grown::Partial(before)) = partial else { break };
                partial = before.grown(byte);
            }
            assert_eq!(partial, None, "{bytes:?}");
        }
    }
}

//! Groups of digits, from the left or from the right, without a regular expression.
//!
//! `\p{N}{1,k}` groups a run of digits from its left end, `\p{N}{1,k}(?=(?:\p{N}{k})*(?!\p{N}))` from
//! its right end: 1234567 becomes 1 234 567, as people write it, and a digit of the same place is
//! at the same place of its token. Searched as a pattern the second takes time quadratic in the
//! length of a run; here a run is measured once and counted off. Linear, no allocation.
//!
//! Oracle: the pattern on the general matcher, in this folder's tests.

use crate::encode::pretokenize::classes::{NUMBER, decode_class, skip};

/// Longest groups whose patterns are known; no reason but that they have two digits.
const LARGEST: usize = 99;

/// Which groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Digits {
    size: usize,
    from_right: bool,
}

impl Digits {
    /// The groups that a pattern stands for, if it is spelled as one of the two.
    pub(super) fn from_pattern(pattern: &str) -> Option<Self> {
        let rest = pattern.strip_prefix(r"\p{N}{1,")?;
        let (size, rest) = rest.split_once('}')?;
        let number = size.parse().ok().filter(|number| (1..=LARGEST).contains(number))?;
        // Not "+3" or "03".
        if number.to_string() != size {
            return None;
        }
        if rest.is_empty() {
            return Some(Self { size: number, from_right: false });
        }
        let right = format!(r"(?=(?:\p{{N}}{{{size}}})*(?!\p{{N}}))");
        (rest == right).then_some(Self { size: number, from_right: true })
    }

    /// Gives the parts of a text in order, and whether each is a group of digits.
    #[inline]
    pub(super) fn parts(self, text: &[u8], mut part: impl FnMut(usize, usize, bool)) {
        let mut gap = 0;
        loop {
            let start = skip(text, gap, !NUMBER);
            if gap < start {
                part(gap, start, false);
            }
            if start >= text.len() {
                return;
            }
            let ascii = skip_ascii(text, start);
            let end = skip(text, ascii, NUMBER);
            if end == ascii {
                self.groups(start, end, end - start, |at, count| at + count, &mut part);
            } else {
                let run = text.get(start..end).unwrap_or_default();
                let count = run.iter().filter(|&&byte| byte & 0xC0 != 0x80).count();
                let after = |at, count| (0..count).fold(at, |at, _| at + decode_class(text, at).1);
                self.groups(start, end, count, after, &mut part);
            }
            gap = end;
        }
    }

    /// Gives the groups of a run of `count` digits; `after` is the place so many digits later.
    #[inline(always)]
    fn groups(
        self,
        start: usize,
        end: usize,
        count: usize,
        after: impl Fn(usize, usize) -> usize,
        part: &mut impl FnMut(usize, usize, bool),
    ) {
        let first = if self.from_right { (count - 1) % self.size + 1 } else { self.size };
        let (mut at, mut left, mut take) = (start, count, first.min(count));
        while left > take {
            let next = after(at, take);
            part(at, next, true);
            (at, left, take) = (next, left - take, self.size);
        }
        part(at, end, true);
    }
}

/// The end of the run of ASCII digits at `pos`.
#[inline(always)]
fn skip_ascii(text: &[u8], mut pos: usize) -> usize {
    const ZEROS: u64 = 0x3030_3030_3030_3030;
    const HIGH: u64 = 0xF0F0_F0F0_F0F0_F0F0;
    const SIX: u64 = 0x0606_0606_0606_0606;
    while let Some(word) = text.get(pos..).and_then(<[u8]>::first_chunk) {
        let word = u64::from_le_bytes(*word);
        // From ':' on six more is another row of the table.
        if word & HIGH != ZEROS || (word + SIX) & HIGH != ZEROS {
            break;
        }
        pos += 8;
    }
    while text.get(pos).is_some_and(u8::is_ascii_digit) {
        pos += 1;
    }
    pos
}

#[cfg(test)]
mod tests {
    use super::Digits;

    fn groups(pattern: &str, text: &str) -> Vec<String> {
        let (mut all, mut end) = (Vec::new(), 0);
        let digits = Digits::from_pattern(pattern).unwrap_or(Digits { size: 1, from_right: false });
        digits.parts(text.as_bytes(), |from, to, is_digits| {
            assert_eq!(from, end);
            end = to;
            if is_digits {
                all.push(text[from..to].to_owned());
            }
        });
        assert_eq!(end, text.len());
        all
    }

    #[test]
    fn groups_are_counted_from_their_end() {
        let right = r"\p{N}{1,3}(?=(?:\p{N}{3})*(?!\p{N}))";
        assert_eq!(groups(right, "a1234567 123"), ["1", "234", "567", "123"]);
        assert_eq!(groups(right, "12345678901234567"), ["12", "345", "678", "901", "234", "567"]);
        assert_eq!(groups(right, "\u{664}\u{665}12\u{bd}."), ["\u{664}\u{665}", "12\u{bd}"]);
        assert_eq!(groups(r"\p{N}{1,3}", "a1234567"), ["123", "456", "7"]);
        assert_eq!(groups(r"\p{N}{1,3}", ""), [""; 0]);
    }

    #[test]
    fn other_spellings_are_other_patterns() {
        for other in [
            r"\p{N}{1,0}",
            r"\p{N}{1,03}",
            r"\p{N}{1,+3}",
            r"\p{N}{1,100}",
            r"\p{N}{1,3}+",
            r"\p{N}+",
            r"\p{N}{1,3}(?=(?:\p{N}{2})*(?!\p{N}))",
            r"x\p{N}{1,3}",
            r"\p{N}{1,3",
        ] {
            assert_eq!(Digits::from_pattern(other), None, "{other}");
        }
    }
}

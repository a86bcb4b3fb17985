//! The characters in classes: two are in the same if every set of a pattern has both or neither.

use regex_syntax::hir::ClassUnicode;
use std::collections::HashMap;

/// A partition of all characters.
#[derive(Debug)]
pub(super) struct Classes {
    /// The first character of each stretch of one class, ascending from zero, and that class.
    stretches: Vec<(u32, u8)>,
    /// The classes of ASCII.
    ascii: [u8; 128],
    /// For each set it was made from, its classes as bits.
    sets: Vec<u64>,
    /// The first character of each class.
    examples: Vec<char>,
}

impl Classes {
    /// The coarsest partition that respects `sets`; `None` if it has more than 64 classes.
    pub(super) fn new(sets: &[ClassUnicode]) -> Option<Self> {
        let mut events: Vec<(u32, usize, bool)> = Vec::new();
        for (set, class) in sets.iter().enumerate() {
            for range in class.ranges() {
                events.push((u32::from(range.start()), set, true));
                events.push((u32::from(range.end()) + 1, set, false));
            }
        }
        events.sort_unstable();
        let mut inside = vec![false; sets.len()];
        let mut known: HashMap<Vec<bool>, u8> = HashMap::new();
        let mut classes = Self {
            stretches: Vec::new(),
            ascii: [0; 128],
            sets: vec![0; sets.len()],
            examples: Vec::new(),
        };
        let (mut at, mut from) = (0, 0);
        while from <= u32::from(char::MAX) {
            while let Some(&(_, set, begins)) = events.get(at).filter(|event| event.0 <= from) {
                inside[set] = begins;
                at += 1;
            }
            let count = known.len();
            let class = *known.entry(inside.clone()).or_insert(count as u8);
            if count >= 64 {
                return None;
            }
            if usize::from(class) == count {
                for (set, bits) in classes.sets.iter_mut().enumerate() {
                    *bits |= u64::from(inside[set]) << class;
                }
                // Between the surrogates there is no character, but a set may end there.
                classes.examples.push(char::from_u32(from).unwrap_or('\u{E000}'));
            }
            if classes.stretches.last().is_none_or(|&(_, last)| last != class) {
                classes.stretches.push((from, class));
            }
            from = events.get(at).map_or(u32::MAX, |event| event.0);
        }
        for c in 0..128u8 {
            classes.ascii[usize::from(c)] = classes.search(u32::from(c));
        }
        Some(classes)
    }

    /// Number of classes.
    pub(super) fn len(&self) -> usize {
        self.examples.len()
    }

    /// The class of a character.
    pub(super) fn of(&self, c: char) -> u8 {
        match self.ascii.get(c as usize) {
            Some(&class) => class,
            None => self.search(u32::from(c)),
        }
    }

    fn search(&self, c: u32) -> u8 {
        let at = self.stretches.partition_point(|&(first, _)| first <= c);
        self.stretches.get(at.wrapping_sub(1)).map_or(0, |&(_, class)| class)
    }

    /// Number of code points of a class, surrogates among them.
    pub(super) fn size(&self, class: u8) -> usize {
        let ends = self.stretches.iter().skip(1).map(|&(first, _)| first);
        let ends = ends.chain([u32::from(char::MAX) + 1]);
        let own = self.stretches.iter().zip(ends).filter(|((_, own), _)| *own == class);
        own.map(|(&(first, _), end)| (end - first) as usize).sum()
    }

    /// ASCII, and a character of each class.
    pub(super) fn examples(&self) -> impl Iterator<Item = char> {
        (0..128u8).map(char::from).chain(self.examples.iter().copied().filter(|c| !c.is_ascii()))
    }

    /// The classes of the set of that number, as bits.
    pub(super) fn set(&self, set: usize) -> u64 {
        self.sets.get(set).copied().unwrap_or(0)
    }
}

#[cfg(test)]
#[allow(clippy::panic, reason = "a test fails where it cannot go on")]
mod tests {
    use super::*;
    use regex_syntax::hir::ClassUnicodeRange;

    #[test]
    fn a_class_is_in_a_set_or_outside() {
        let set = |ranges: &[(char, char)]| {
            ClassUnicode::new(ranges.iter().map(|&(a, b)| ClassUnicodeRange::new(a, b)))
        };
        let sets = [
            set(&[('a', 'z'), ('é', 'ü')]),
            set(&[('m', 'ö')]),
            set(&[('\u{D000}', '\u{10FFFF}')]),
            set(&[]),
        ];
        let classes = Classes::new(&sets).unwrap_or_else(|| panic!("more than 64"));
        assert!(classes.len() <= 6);
        for c in ('\0'..='\u{400}').chain('\u{CFFF}'..='\u{E100}').chain(['\u{10FFFF}']) {
            for (number, set) in sets.iter().enumerate() {
                let inside =
                    set.ranges().iter().any(|range| (range.start()..=range.end()).contains(&c));
                assert_eq!(classes.set(number) >> classes.of(c) & 1 == 1, inside, "{c:?} {number}");
            }
        }
    }
}

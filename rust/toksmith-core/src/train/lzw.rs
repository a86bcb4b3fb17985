//! `lzw`: a dictionary that grows by one string a phrase (Ziv and Lempel 1978, Welch 1984).
//!
//! Texts are read in order. The phrase at a place is the longest entry there; the phrase and the
//! symbol behind it become a new entry, and reading goes on with that symbol. A phrase does not
//! reach into the next text. Reading ends when the dictionary is full, so what is read is about
//! `size x log(size)` symbols, not all texts. Every prefix of an entry is an entry.
//!
//! O(n) for n bytes read; entries together have at most as many bytes as were read, and one symbol
//! more each. With greedy longest-match encoding the cost of a text under the best distribution
//! of tokens falls towards the entropy of its source as the dictionary grows (Rajaraman et al.
//! 2024, arXiv:2404.08335).

use crate::error::{Error, Result};
use crate::watch::Watch;
use std::collections::{BTreeSet, HashMap};

/// What an entry is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unit {
    /// Bytes; all 256 are entries.
    #[default]
    Bytes,
    /// Bytes; those of the texts are entries.
    SeenBytes,
    /// Characters; those of the texts are entries.
    SeenChars,
}

/// Bytes between two looks at the watch.
const POLL: usize = 1 << 16;

/// The entries: symbols in order, then phrases in the order they were met; `size` in all, or
/// fewer if the texts end before. All texts are looked through for symbols if those seen count.
///
/// # Errors
/// `Input`: with [`Unit::SeenChars`], a text is not UTF-8. `Vocabulary`: `size` is below the number
/// of symbols.
pub fn train(texts: &[&[u8]], size: usize, unit: Unit, watch: &Watch<'_>) -> Result<Vec<Vec<u8>>> {
    let symbols = symbols(texts, unit, watch)?;
    if symbols.len() > size || size > u32::MAX as usize {
        let why = format!(
            "vocab_size is {size}; expected {} (the symbols of the texts) to {}",
            symbols.len(),
            u32::MAX
        );
        return Err(Error::Vocabulary { why });
    }
    let mut entries = symbols;
    let numbers: HashMap<Vec<u8>, u32> = entries.iter().cloned().zip(0..).collect();
    // (entry, number of a symbol) -> the entry that is both.
    let mut longer: HashMap<(u32, u32), u32> = HashMap::new();
    for text in texts {
        if entries.len() == size {
            break;
        }
        // The phrase, and where it begins.
        let (mut phrase, mut start, mut polled) = (None, 0, 0);
        let mut at = 0;
        while at < text.len() && entries.len() < size {
            if at >= polled + POLL {
                watch.poll()?;
                watch.add(at - polled);
                polled = at;
            }
            let end = at + width(text, at, unit);
            let symbol = text.get(at..end).and_then(|symbol| numbers.get(symbol)).copied();
            let symbol = symbol.ok_or_else(|| not_utf8(at))?;
            phrase = match phrase {
                None => Some(symbol),
                Some(last) => {
                    let next = longer.get(&(last, symbol)).copied();
                    if next.is_none() {
                        longer.insert((last, symbol), entries.len() as u32);
                        entries.push(text.get(start..end).unwrap_or_default().to_vec());
                        start = at;
                    }
                    next.or(Some(symbol))
                }
            };
            at = end;
        }
        watch.poll()?;
        watch.add(text.len() - polled);
    }
    Ok(entries)
}

/// Bytes of the symbol at a place.
fn width(text: &[u8], at: usize, unit: Unit) -> usize {
    match (unit, text.get(at)) {
        (Unit::SeenChars, Some(0xC0..0xE0)) => 2,
        (Unit::SeenChars, Some(0xE0..0xF0)) => 3,
        (Unit::SeenChars, Some(0xF0..)) => 4,
        _ => 1,
    }
}

fn not_utf8(at: usize) -> Error {
    Error::Input { why: format!("a text is not UTF-8 at byte {at}") }
}

fn symbols(texts: &[&[u8]], unit: Unit, watch: &Watch<'_>) -> Result<Vec<Vec<u8>>> {
    if unit == Unit::Bytes {
        return Ok((0..=u8::MAX).map(|byte| vec![byte]).collect());
    }
    let mut seen = BTreeSet::new();
    let mut bytes = [false; 256];
    for text in texts {
        watch.poll()?;
        if unit == Unit::SeenBytes {
            text.iter().for_each(|&byte| bytes[byte as usize] = true);
        } else {
            let text = std::str::from_utf8(text).map_err(|error| not_utf8(error.valid_up_to()))?;
            seen.extend(text.chars());
        }
    }
    if unit == Unit::SeenChars {
        return Ok(seen.into_iter().map(|c| c.to_string().into_bytes()).collect());
    }
    Ok((0..=u8::MAX).filter(|&byte| bytes[byte as usize]).map(|byte| vec![byte]).collect())
}

#[cfg(test)]
#[allow(clippy::expect_used, reason = "a test that fails may panic")]
mod tests {
    use super::{Unit, train};
    use crate::Error;
    use crate::train::longest_match::{LongestMatch, unigram_cross_entropy};
    use crate::train::random::Random;
    use crate::watch::Watch;
    use proptest::prelude::*;

    fn run(texts: &[&[u8]], size: usize, unit: Unit) -> crate::Result<Vec<Vec<u8>>> {
        train(texts, size, unit, &Watch::none())
    }

    /// As one would write it on a whiteboard.
    fn naive(texts: &[String], size: usize) -> Vec<String> {
        let mut entries: Vec<String> = texts.concat().chars().map(String::from).collect();
        entries.sort();
        entries.dedup();
        for text in texts {
            let mut rest = text.as_str();
            while !rest.is_empty() && entries.len() < size {
                let fits = entries.iter().filter(|entry| rest.starts_with(entry.as_str()));
                let Some(longest) = fits.map(String::len).max() else { break };
                let Some(next) = rest[longest..].chars().next() else { break };
                entries.push(rest[..longest + next.len_utf8()].to_owned());
                rest = &rest[longest..];
            }
        }
        entries
    }

    proptest! {
        #[test]
        fn entries_are_those_of_the_naive_trainer(
            texts in prop::collection::vec("[abé]{0,40}|[a]{0,30}|\\PC{0,9}", 0..5), more in 0..40usize,
        ) {
            let symbols: std::collections::BTreeSet<char> =
                texts.iter().flat_map(|text| text.chars()).collect();
            let size = symbols.len() + more;
            let bytes: Vec<&[u8]> = texts.iter().map(String::as_bytes).collect();
            let found = run(&bytes, size, Unit::SeenChars).expect("is UTF-8");
            let expected: Vec<Vec<u8>> =
                naive(&texts, size).into_iter().map(String::into_bytes).collect();
            prop_assert_eq!(found, expected);
        }
    }

    /// Two states that are left with probability 0.1.
    #[test]
    fn the_cost_of_a_markov_source_falls_towards_its_entropy() {
        let mut random = Random(7);
        let mut state = b'a';
        let mut draw = |_| {
            state = if random.uniform() < 0.1 { b'a' + b'b' - state } else { state };
            state
        };
        let text: Vec<u8> = (0..200_000).map(&mut draw).collect();
        let entropy = -(0.1f64.ln() * 0.1 + 0.9f64.ln() * 0.9);
        let cost = |size: usize| {
            let entries = run(&[&text], size, Unit::SeenBytes).expect("has two symbols");
            let ids = LongestMatch::new(&entries).expect("few").encode(&text).expect("covers");
            unigram_cross_entropy(&ids, text.len())
        };
        let costs: Vec<f64> = [2, 10, 20, 50, 200, 1000].map(cost).to_vec();
        assert!((costs[0] - 2f64.ln()).abs() < 0.01, "{costs:?}");
        assert!(costs.windows(2).all(|pair| pair[1] < pair[0]), "{costs:?}");
        assert!(costs.iter().all(|&cost| cost > entropy), "{costs:?}");
        // What a trainer in Python gave; smaller dictionaries depend on the first few symbols.
        let known = [0.410, 0.382, 0.362];
        assert!(known.iter().zip(&costs[2..]).all(|(a, b)| (a - b).abs() < 0.02), "{costs:?}");
        assert!(costs[5] < 1.12 * entropy, "{costs:?}");
    }

    #[test]
    fn hostile_texts_end_in_a_result_or_a_typed_error() {
        assert_eq!(run(&[], 300, Unit::Bytes).map(|entries| entries.len()), Ok(256));
        assert_eq!(run(&[], 0, Unit::SeenChars), Ok(vec![]));
        assert!(matches!(run(&[], 255, Unit::Bytes), Err(Error::Vocabulary { .. })));
        assert!(matches!(run(&[b"ab"], 1, Unit::SeenBytes), Err(Error::Vocabulary { .. })));
        assert!(matches!(run(&[b"a\xFF"], 9, Unit::SeenChars), Err(Error::Input { .. })));
        let endless = vec![b'a'; 1 << 20];
        let found = run(&[&endless], 10_000, Unit::SeenBytes).expect("is long");
        assert!(found.iter().map(Vec::len).sum::<usize>() <= endless.len() + found.len());
    }
}

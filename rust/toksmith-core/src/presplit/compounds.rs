//! Words written together, cut where their parts are most likely.
//!
//! A run of letters, marks and numbers is taken for words of a list written one behind the other.
//! A part costs the negative logarithm of its share of all counts; a part of k characters that is
//! no word costs that of `10^(1-k)` words seen once, as in P. Norvig's "Natural Language Corpus
//! Data" (2009). The cheapest way is found from the left (Viterbi); of equal ones that of fewest
//! parts, then that with the longest last part, and so on to the left. Costs are whole numbers,
//! 2^16 to the natural logarithm, so that no two machines differ.
//!
//! Worst case O(n x longest word).

use crate::encode::model::unigram::trie::Trie;
use crate::error::Result;
use crate::token::Span;
use std::collections::BTreeMap;

/// Steps of a cost to one of the natural logarithm.
const SCALE: f64 = 65536.0;

/// Words and what they cost.
#[derive(Debug)]
pub struct Compounds {
    words: Trie,
    costs: Vec<u64>,
    /// What the first character of a part costs that is no word.
    unknown: u64,
    /// What each further one costs.
    more_unknown: u64,
    ignore_case: bool,
}

/// The best way to a place: cost, parts, where the last part begins.
type Way = (u64, u32, u32);

/// No way yet.
const NO_WAY: Way = (u64::MAX, u32::MAX, u32::MAX);

/// A run, character by character.
#[derive(Debug, Default)]
struct Run {
    /// What is looked up.
    folded: String,
    /// Where each character begins in the text.
    places: Vec<usize>,
    /// The same in `folded`.
    folded_places: Vec<usize>,
    /// Best ways to each place.
    ways: Vec<Way>,
    /// Where parts begin, from the last to the first.
    cuts: Vec<usize>,
}

impl Compounds {
    /// Words with their counts; those of equal words are added, a count of 0 is none. Words that
    /// are no run of letters, marks and numbers are never found.
    ///
    /// With `ignore_case` characters that have one lower case character are taken for it.
    ///
    /// # Errors
    /// `Unsupported`: there are more words than an index can hold.
    pub fn new<W: AsRef<str>>(
        counts: impl IntoIterator<Item = (W, u64)>,
        ignore_case: bool,
    ) -> Result<Self> {
        let mut table = BTreeMap::<String, u128>::new();
        for (word, count) in counts {
            let word = word.as_ref().chars().map(|c| fold(c, ignore_case)).collect::<String>();
            if count > 0 && !word.is_empty() {
                *table.entry(word).or_default() += u128::from(count);
            }
        }
        let total = table.values().sum::<u128>().max(1) as f64;
        let costs = table.values().map(|&count| cost(total / count as f64)).collect();
        let keys: Vec<(&[u8], u32)> =
            table.keys().zip(0..).map(|(word, id)| (word.as_bytes(), id)).collect();
        let words = Trie::new(&keys, false)?;
        // From 10 on, one part that is no word costs no more than two.
        let (unknown, more_unknown) = (cost(total.max(10.0)), cost(10.0));
        Ok(Self { words, costs, unknown, more_unknown, ignore_case })
    }

    /// The text in pieces, cut before each part that another part is before: together they are the
    /// text, and where no word is cut there is one.
    pub fn pieces(&self, text: &str) -> Vec<Span> {
        let mut pieces = Vec::new();
        let mut start = 0;
        let mut run = Run::default();
        let mut cut = |run: &mut Run| {
            self.cut(run);
            for &at in run.cuts.iter().rev() {
                pieces.push(Span { start, end: at });
                start = at;
            }
            run.clear();
        };
        for (at, c) in text.char_indices() {
            if super::in_word(c) {
                run.push(at, fold(c, self.ignore_case));
            } else {
                cut(&mut run);
            }
        }
        cut(&mut run);
        if start < text.len() {
            pieces.push(Span { start, end: text.len() });
        }
        pieces
    }

    /// Finds the cuts of a run.
    fn cut(&self, run: &mut Run) {
        let Run { folded, places, folded_places, ways, cuts } = run;
        let size = places.len();
        ways.clear();
        ways.resize(size + 1, NO_WAY);
        let mut unknown = NO_WAY;
        for (here, &byte) in folded_places.iter().enumerate() {
            // A part that is no word and ends here begins where it was best to begin it.
            let way = match ways.get_mut(here) {
                Some(first) if here == 0 => {
                    *first = (0, 0, 0);
                    *first
                }
                Some(way) => {
                    *way = (*way).min(unknown);
                    *way
                }
                None => NO_WAY,
            };
            let next =
                |(cost, parts, start): Way, more: u64| (cost.saturating_add(more), parts, start);
            let begun = (way.0.saturating_add(self.unknown), way.1.saturating_add(1), here as u32);
            unknown = next(unknown, self.more_unknown).min(begun);
            let rest = folded.as_bytes().get(byte..).unwrap_or_default();
            let mut end = here;
            self.words.walk(rest, |len, id| {
                while folded_places.get(end).is_some_and(|&place| place < byte + len) {
                    end += 1;
                }
                let more = self.costs.get(id as usize).copied().unwrap_or(u64::MAX);
                let way = (way.0.saturating_add(more), way.1.saturating_add(1), here as u32);
                if let Some(best) = ways.get_mut(end) {
                    *best = (*best).min(way);
                }
            });
        }
        if let Some(last) = ways.get_mut(size).filter(|_| size > 0) {
            *last = (*last).min(unknown);
        }
        cuts.clear();
        let mut at = size;
        while let Some(&(_, _, start)) = ways.get(at) {
            let start = start as usize;
            if start == 0 || start >= at {
                break;
            }
            cuts.extend(places.get(start));
            at = start;
        }
    }
}

impl Run {
    fn push(&mut self, at: usize, folded: char) {
        self.places.push(at);
        self.folded_places.push(self.folded.len());
        self.folded.push(folded);
    }

    fn clear(&mut self) {
        self.folded.clear();
        self.places.clear();
        self.folded_places.clear();
        self.cuts.clear();
    }
}

/// The lower case of a character that is one character; else the character.
fn fold(c: char, ignore_case: bool) -> char {
    let mut lower = c.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(lower), None) if ignore_case => lower,
        _ => c,
    }
}

/// The cost of what is so rare that one in `rarity` is it; `rarity` is at least 1.
#[expect(clippy::cast_sign_loss, reason = "the logarithm of 1 or more has no sign")]
fn cost(rarity: f64) -> u64 {
    (rarity.ln() * SCALE).round() as u64
}

#[cfg(test)]
mod tests {
    use super::Compounds;

    fn pieces(text: &str) -> Vec<&str> {
        let words = [("dog", 30), ("house", 40), ("do", 50), ("the", 100), ("NSA", 3), ("vs", 9)];
        let Ok(compounds) = Compounds::new(words, true) else { unreachable!("a small list") };
        compounds.pieces(text).iter().map(|span| &text[span.start..span.end]).collect()
    }

    #[test]
    fn words_are_cut_and_the_rest_stays() {
        assert_eq!(
            pieces("the doghouse, #nsavsSnowden."),
            ["the dog", "house, #nsa", "vs", "Snowden."]
        );
        assert_eq!(pieces("the dog"), ["the dog"]);
        assert_eq!(pieces(""), [""; 0]);
        assert_eq!(pieces("xyzzy"), ["xyzzy"]);
    }
}

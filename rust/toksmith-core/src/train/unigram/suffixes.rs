//! All places of the text in the order of what follows, as far as a piece can reach.
//!
//! Places are sorted by as many characters as fit in 64 bits, then by doubling: the order by `h`
//! characters gives the order by `2 h`. O(n log n log(reach)) whatever the text; two rounds for
//! the usual 16 characters of a small alphabet. What follows the end of a part has no meaning
//! but does no harm: it only orders places that are equal.

use super::share;
use crate::error::Result;
use crate::watch::Watch;

/// Places between two looks at the watch.
const POLL: usize = 1 << 16;

/// Places that hold a character, sorted by what follows, and the common length of neighbours.
#[derive(Debug)]
pub(super) struct Suffixes {
    /// Places.
    pub(super) places: Vec<u32>,
    /// How many characters a place has in common with the one before it, within their parts and
    /// up to the reach.
    pub(super) common: Vec<u32>,
}

impl Suffixes {
    /// Sorts the places of `text`, where 0 ends a part and numbers are below `limit`.
    pub(super) fn new(text: &[u32], limit: u32, reach: usize, watch: &Watch<'_>) -> Result<Self> {
        let bits = 32 - limit.max(2).leading_zeros();
        let width = (64 / bits as usize).min(reach.max(1));
        let mut window = 0u64;
        let mask =
            if width * bits as usize >= 64 { u64::MAX } else { (1 << (width * bits as usize)) - 1 };
        let mut keys: Vec<(u64, u32)> = Vec::with_capacity(text.len());
        // From the end: the window holds the characters from a place on.
        for at in (0..text.len()).rev() {
            let top = u64::from(text[at]) << (bits as usize * (width - 1));
            window = (window >> bits | top) & mask;
            if text[at] != 0 {
                keys.push((window, at as u32));
            }
        }
        watch.ask()?;
        keys.sort_unstable();
        watch.add(share::SORT);
        let mut ranks = vec![0u32; text.len()];
        let mut sorted_by = width;
        while sorted_by < reach {
            watch.ask()?;
            if !rank(&keys, &mut ranks) {
                break;
            }
            for (key, place) in &mut keys {
                let after = ranks.get(*place as usize + sorted_by).copied().unwrap_or(0);
                *key = u64::from(ranks[*place as usize]) << 32 | u64::from(after);
            }
            keys.sort_unstable();
            sorted_by *= 2;
        }
        watch.add(share::SORT);
        watch.ask()?;
        let mut places = Vec::with_capacity(keys.len());
        places.extend(keys.iter().map(|&(_, place)| place));
        drop((keys, ranks));
        let mut common = Vec::with_capacity(places.len());
        let mut last = None;
        for (at, &place) in places.iter().enumerate() {
            if at % POLL == 0 {
                watch.ask()?;
            }
            common.push(last.map_or(0, |last| same(text, last, place, reach)));
            last = Some(place);
        }
        watch.add(share::COMMON);
        Ok(Self { places, common })
    }
}

/// Numbers the places by their keys, equal keys alike, from 1; gives back whether any are equal.
fn rank(keys: &[(u64, u32)], ranks: &mut [u32]) -> bool {
    let (mut last, mut number) = (None, 0);
    for &(key, place) in keys {
        if last != Some(key) {
            (last, number) = (Some(key), number + 1);
        }
        ranks[place as usize] = number;
    }
    (number as usize) < keys.len()
}

/// Characters that two places have in common.
fn same(text: &[u32], a: u32, b: u32, reach: usize) -> u32 {
    let (a, b) = (&text[a as usize..], &text[b as usize..]);
    a.iter().zip(b).take(reach).take_while(|(a, b)| a == b && **a != 0).count() as u32
}

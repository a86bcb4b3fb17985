//! Where something stands in the arena, as long as it stands there.
//!
//! A merge takes the places of its pair and of its two halves away from many lists. It says only
//! how many, and a list is cleared of them when too large a part of it is stale, so that all
//! lists together are not much larger than what stands, at a constant cost for each place lost.

/// Of so many places of a list, so many may be stale: more would save time, fewer memory.
const STALE: (usize, usize) = (3, 2);

/// Ascending first slots of all occurrences of a token or a pair, and of some that have gone.
#[derive(Debug, Default)]
pub(super) struct Places {
    all: Vec<u32>,
    /// How many of them have gone.
    gone: usize,
}

impl Places {
    /// None of them has gone.
    pub(super) const fn new(all: Vec<u32>) -> Self {
        Self { all, gone: 0 }
    }

    /// Adds one that follows all others.
    pub(super) fn push(&mut self, place: u32) {
        self.all.push(place);
    }

    /// The places, among them those that have gone since they were last left out.
    pub(super) fn into_vec(self) -> Vec<u32> {
        self.all
    }

    /// Those that stand, of which none may be missing.
    #[cfg(test)]
    pub(super) fn standing(&self, stands: impl Fn(usize) -> bool) -> Vec<u32> {
        self.all.iter().copied().filter(|&place| stands(place as usize)).collect()
    }

    /// Takes note that so many have gone. `stands` tells whether a place is not one of them.
    #[inline]
    pub(super) fn lose(&mut self, number: usize, stands: impl Fn(usize) -> bool) {
        self.gone += number;
        if self.gone * STALE.0 > self.all.len() * STALE.1 {
            self.all.retain(|&place| stands(place as usize));
            self.all.shrink_to_fit();
            self.gone = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Places, STALE};

    #[test]
    fn what_has_gone_is_left_out_before_it_is_much() {
        let len = 1000;
        let mut standing = vec![true; len];
        let mut places = Places::new((0..len as u32).collect());
        for (lost, place) in (1..).zip((0..len).map(|at| at * 7 % len)) {
            standing[place] = false;
            places.lose(1, |place| standing[place]);
            let stand = len - lost;
            assert!((places.all.len() - stand) * STALE.0 <= places.all.len() * STALE.1);
            assert!(places.all.is_sorted());
            assert_eq!(places.all.iter().filter(|&&p| standing[p as usize]).count(), stand);
        }
        assert!(places.into_vec().is_empty());
    }
}

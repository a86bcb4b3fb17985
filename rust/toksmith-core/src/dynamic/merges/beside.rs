//! During one merge: the pairs of the new token with each token it stands beside.
//!
//! A table by the other token and its side. It is emptied by counting up, not by writing, so that
//! a merge of three occurrences costs three look-ups.

/// A number that no pair has.
const NONE: u32 = u32::MAX;

/// What is kept of one neighbour.
#[derive(Debug, Clone, Copy)]
struct Slot {
    /// The merge that wrote it.
    merge: u32,
    key: u32,
    pair: u32,
}

const EMPTY: Slot = Slot { merge: 0, key: 0, pair: NONE };

/// On which side of the new token the other one stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Left,
    Right,
}

/// Numbers of pairs by the other token.
#[derive(Debug)]
pub(super) struct Beside {
    slots: Vec<Slot>,
    used: usize,
    merge: u32,
}

impl Beside {
    pub(super) fn new() -> Self {
        Self { slots: vec![EMPTY; 64], used: 0, merge: 0 }
    }

    /// A new merge begins: nothing is known.
    pub(super) fn begin(&mut self) {
        self.used = 0;
        self.merge = self.merge.wrapping_add(1);
        if self.merge == 0 {
            self.slots.fill(EMPTY);
            self.merge = 1;
        }
    }

    /// The number of the pair with a token, which `make` gives where it is asked for first.
    /// Tokens are below 2^31.
    #[inline]
    pub(super) fn pair(&mut self, token: u32, side: Side, make: impl FnOnce() -> u32) -> u32 {
        let key = token << 1 | u32::from(side == Side::Right);
        let slot = self.slot(key);
        if self.slots[slot].merge == self.merge {
            return self.slots[slot].pair;
        }
        let pair = make();
        self.slots[slot] = Slot { merge: self.merge, key, pair };
        self.used += 1;
        if self.used * 2 > self.slots.len() {
            self.grow();
        }
        pair
    }

    #[inline]
    fn slot(&self, key: u32) -> usize {
        let shift = 32 - self.slots.len().trailing_zeros().min(31);
        let mask = self.slots.len() - 1;
        let mut slot = (key.wrapping_mul(0x9E37_79B1) >> shift) as usize & mask;
        while self.slots[slot].merge == self.merge && self.slots[slot].key != key {
            slot = (slot + 1) & mask;
        }
        slot
    }

    fn grow(&mut self) {
        let grown = vec![EMPTY; self.slots.len() * 2];
        let old = std::mem::replace(&mut self.slots, grown);
        for one in old.into_iter().filter(|one| one.merge == self.merge) {
            let slot = self.slot(one.key);
            self.slots[slot] = one;
        }
    }
}

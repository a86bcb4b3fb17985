//! How many tokenizations there are, exactly: numbers of any size, which only grow by addition.

use super::{POLL, TokenGraph};
use crate::error::{Error, Result};
use crate::watch::Watch;

/// Most bytes of numbers that are held at once.
const MOST_BYTES: usize = 1 << 31;

/// A whole number of any size: 64-bit limbs, the lowest first, none of them zero at the end.
pub type Natural = Vec<u64>;

/// Adds; `to` must have room for the sum.
fn add(to: &mut [u64], from: &[u64]) {
    let mut carry = false;
    for (at, limb) in to.iter_mut().enumerate() {
        let other = match from.get(at) {
            Some(&other) => other,
            None if carry => 0,
            None => return,
        };
        let (sum, over) = limb.overflowing_add(other);
        let (sum, again) = sum.overflowing_add(u64::from(carry));
        (*limb, carry) = (sum, over | again);
    }
    debug_assert!(!carry);
}

fn trim(number: &mut Natural) {
    let len = number.iter().rposition(|&limb| limb != 0).map_or(0, |at| at + 1);
    number.truncate(len);
}

/// The numbers of the last offsets that an edge can lead to.
struct Window {
    slots: Vec<Natural>,
}

impl Window {
    fn new(graph: &TokenGraph) -> Self {
        let mut window = Self { slots: vec![Natural::new(); graph.widest() + 1] };
        window.put(graph.len(), vec![1]);
        window
    }

    fn get(&self, at: usize) -> &Natural {
        &self.slots[at % self.slots.len()]
    }

    fn put(&mut self, at: usize, number: Natural) {
        let slot = at % self.slots.len();
        self.slots[slot] = number;
    }
}

impl TokenGraph {
    /// The number of tokenizations. O(edges * n) time in 64-bit steps, a sixty-fourth of that
    /// at most.
    ///
    /// # Errors
    /// [`Error::Cancelled`] if `watch` says so.
    pub fn count(&self, watch: &Watch<'_>) -> Result<Natural> {
        let mut counts = Window::new(self);
        for at in (0..self.len()).rev() {
            if at % POLL == 0 {
                watch.poll()?;
            }
            let ends = || self.edges_at(at).map(|edge| self.end(edge));
            let most = ends().map(|end| counts.get(end).len()).max().unwrap_or(0);
            let mut sum = vec![0; most + 1];
            for end in ends() {
                add(&mut sum, counts.get(end));
                // An offset can have more tokens than a limb has room for carries of one sum.
                if sum.last() != Some(&0) {
                    sum.push(0);
                }
            }
            trim(&mut sum);
            counts.put(at, sum);
        }
        Ok(counts.get(0).clone())
    }

    /// The number of tokenizations of each number of tokens, from 0 up to the largest that there
    /// is; `most`: leaves out those of more tokens.
    ///
    /// One addition of long numbers an edge: an offset's counts stand side by side, each with room
    /// for the number of all tokenizations. O(edges * n * n) time in 64-bit steps at most.
    ///
    /// # Errors
    /// [`Error::Input`] if the counts would take more than 2 GiB; [`Error::Cancelled`].
    pub fn lengths(&self, most: usize, watch: &Watch<'_>) -> Result<Vec<Natural>> {
        // No count of an offset on a path exceeds that of the beginning.
        let room = self.count(watch)?.len();
        if room == 0 {
            return Ok(Vec::new());
        }
        let columns = most.min(self.len()).saturating_add(1);
        let bytes = columns.checked_mul(room * 8).and_then(|row| row.checked_mul(self.widest()));
        if bytes.is_none_or(|bytes| bytes > MOST_BYTES) {
            let (len, columns) = (self.len(), columns - 1);
            let why = format!(
                "the tokenizations of {len} bytes, counted by length up to {columns}, take more \
                 than 2 GiB; give a shorter text or ask for one small length"
            );
            return Err(Error::Input { why });
        }
        let mut counts = Window::new(self);
        let mut one = vec![0; room];
        one[0] = 1;
        counts.put(self.len(), one);
        for at in (0..self.len()).rev() {
            watch.poll()?;
            let ends = || self.edges_at(at).map(|edge| self.end(edge));
            let longest = ends().map(|end| counts.get(end).len()).max().unwrap_or(0);
            let mut sums = vec![0; if longest == 0 { 0 } else { longest + room }];
            sums.truncate(columns * room);
            for end in ends() {
                let from = counts.get(end);
                let fits = from.len().min(sums.len().saturating_sub(room));
                if fits > 0 {
                    add(&mut sums[room..], &from[..fits]);
                }
            }
            counts.put(at, sums);
        }
        let numbers = counts.get(0).chunks(room).map(|number| {
            let mut number = number.to_vec();
            trim(&mut number);
            number
        });
        Ok(numbers.collect())
    }
}

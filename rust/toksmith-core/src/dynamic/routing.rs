//! Boundaries where vectors turn, and the way back to positions: the parts of H-Net that are not
//! learned.
//!
//! A position begins a chunk if the cosine between what is asked at the position before and the key
//! at its own is below zero. A network works on the chunks; then [`dechunk`] gives each position a
//! moving average of chunks so far, in which a chunk weighs as much as it was likely to begin.
//! Projections are the caller's.
//!
//! What is done to a whole sequence is what is done position by position: the same operations in
//! the same order, so that both give the same bits.
//!
//! Reference: Hwang, Wang and Gu, "Dynamic Chunking for End-to-End Hierarchical Sequence Modeling".

use crate::dynamic::segments::{Float, Offsets, vectors, zeros};
use crate::error::{Error, Result};
use crate::watch::Watch;

/// A norm below this is taken for this.
const LEAST_NORM: f64 = 1e-12;
/// The weight of a chunk in the average keeps this far from 0 and 1.
const LEAST_WEIGHT: f64 = 1e-4;
/// Numbers between two looks at the watch.
const LOOK: usize = 1 << 18;

/// The probability that a boundary lies between `query`, of one position, and `key`, of the next:
/// half of one minus their cosine, from 0 to 1. Sums are in float64. NaN goes through; a vector
/// of zeros is at right angles to everything.
pub fn turn<T: Float>(query: &[T], key: &[T]) -> T {
    let (mut dot, mut left, mut right) = (Lanes::default(), Lanes::default(), Lanes::default());
    for (query, key) in query.chunks(Lanes::WIDTH).zip(key.chunks(Lanes::WIDTH)) {
        dot.add(query, key);
        left.add(query, query);
        right.add(key, key);
    }
    let norms = left.sum().sqrt().max(LEAST_NORM) * right.sum().sqrt().max(LEAST_NORM);
    let cosine = dot.sum() / norms;
    T::from_f64(((1.0 - cosine) / 2.0).clamp(0.0, 1.0))
}

/// [`turn`] of each query and the key beside it: one step of many sequences.
///
/// # Errors
/// Arrays of different sizes, or vectors without numbers.
pub fn turns<T: Float>(queries: &[T], keys: &[T], width: usize) -> Result<Vec<T>> {
    count(queries, keys, width)?;
    let pairs = queries.chunks_exact(width).zip(keys.chunks_exact(width));
    Ok(pairs.map(|(query, key)| turn(query, key)).collect())
}

/// Checks that there are as many queries as keys; how many.
fn count<T>(queries: &[T], keys: &[T], width: usize) -> Result<usize> {
    if queries.len() == keys.len() && width > 0 && keys.len().is_multiple_of(width) {
        return Ok(keys.len() / width);
    }
    let why = format!(
        "{} numbers of queries and {} of keys in vectors of {width}: expected as many",
        queries.len(),
        keys.len()
    );
    Err(Error::Input { why })
}

/// A sum of products, spread so that it is made in vectors.
#[derive(Default)]
struct Lanes([f64; Lanes::WIDTH]);

impl Lanes {
    const WIDTH: usize = 8;

    #[inline(always)]
    fn add<T: Float>(&mut self, left: &[T], right: &[T]) {
        for ((lane, &left), &right) in self.0.iter_mut().zip(left).zip(right) {
            *lane += left.into() * right.into();
        }
    }

    fn sum(&self) -> f64 {
        self.0.iter().sum()
    }
}

/// The probabilities of boundaries in rows of positions: row `i` is the positions
/// `rows[i]..rows[i + 1]` of `queries` and `keys`, `width` numbers each. The first of a row is 1.
///
/// # Errors
/// Arrays of different sizes, vectors without numbers, or rows that do not rise from 0 to the
/// number of positions.
pub fn route<T: Float>(
    queries: &[T],
    keys: &[T],
    width: usize,
    rows: &[i64],
    watch: &Watch<'_>,
) -> Result<Vec<T>> {
    let count = count(queries, keys, width)?;
    let rows = Offsets::new(rows, count, "row offsets")?;
    let mut probs = vec![T::ONE; count];
    let mut since = 0;
    for row in rows.parts() {
        for at in row.skip(1) {
            let query = &queries[(at - 1) * width..at * width];
            probs[at] = turn(query, &keys[at * width..(at + 1) * width]);
            since += width;
            if since > LOOK {
                watch.ask()?;
                since = 0;
            }
        }
    }
    Ok(probs)
}

/// The average after a chunk `value` that begins with probability `prob`; `average` is that before.
pub fn average<T: Float>(average: &mut [T], value: &[T], prob: T) {
    let least = T::from_f64(LEAST_WEIGHT);
    let most = T::ONE - least;
    let weight = if prob < least {
        least
    } else if prob > most {
        most
    } else {
        prob
    };
    let rest = T::ONE - weight;
    for (average, &value) in average.iter_mut().zip(value) {
        *average = weight * value + rest * *average;
    }
}

/// [`average`] of many sequences, of those in which a chunk begins.
///
/// # Errors
/// Arrays that do not fit together.
pub fn average_rows<T: Float>(
    averages: &mut [T],
    values: &[T],
    probs: &[T],
    begins: &[bool],
) -> Result<()> {
    let width = averages.len().checked_div(begins.len()).unwrap_or(0);
    if averages.len() != values.len()
        || width * begins.len() != averages.len()
        || probs.len() != begins.len()
    {
        let why = format!(
            "averages of {} numbers, chunks of {}, {} probabilities and {} flags do not fit",
            averages.len(),
            values.len(),
            probs.len(),
            begins.len()
        );
        return Err(Error::Input { why });
    }
    if width == 0 {
        return Ok(());
    }
    let rows = averages.chunks_exact_mut(width).zip(values.chunks_exact(width));
    for ((row, value), (&prob, &begins)) in rows.zip(probs.iter().zip(begins)) {
        if begins {
            average(row, value, prob);
        }
    }
    Ok(())
}

/// Vectors of positions from those of chunks: chunk `j`, the positions `offsets[j]..offsets[j + 1]`,
/// adds `values[j]` with the weight `probs[offsets[j]]` to the average of its row, and each of its
/// positions gets that. Row `i` is the chunks `rows[i]..rows[i + 1]`; its average begins with zeros.
/// Weights are kept from 1e-4 to 1 - 1e-4. Empty chunks add nothing.
///
/// # Errors
/// Arrays that do not fit together.
pub fn dechunk<T: Float>(
    values: &[T],
    width: usize,
    probs: &[T],
    offsets: &[i64],
    rows: &[i64],
    watch: &Watch<'_>,
) -> Result<Vec<T>> {
    let offsets = Offsets::new(offsets, probs.len(), "chunk offsets")?;
    let chunks = offsets.len();
    let rows = Offsets::new(rows, chunks, "rows")?;
    if width == 0 || chunks.checked_mul(width) != Some(values.len()) {
        let why = format!(
            "{} numbers in vectors of {width}: expected {chunks} vectors, one a chunk",
            values.len()
        );
        return Err(Error::Input { why });
    }
    let mut out = zeros(probs.len(), width)?;
    let mut state = vec![T::ZERO; width];
    let mut since = 0;
    for row in rows.parts() {
        state.fill(T::ZERO);
        for chunk in row {
            let part = offsets.part(chunk);
            let Some(&prob) = probs.get(part.start) else { break };
            if part.is_empty() {
                continue;
            }
            average(&mut state, &values[chunk * width..(chunk + 1) * width], prob);
            for position in out[vectors(&part, width)].chunks_exact_mut(width) {
                position.copy_from_slice(&state);
            }
            since += part.len() * width;
            if since > LOOK {
                watch.ask()?;
                since = 0;
            }
        }
    }
    Ok(out)
}

#[cfg(test)]
#[allow(
    clippy::cast_sign_loss,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test fails where it cannot go on"
)]
mod tests {
    use super::{dechunk, route, turn};
    use crate::watch::Watch;

    #[test]
    fn a_turn_is_half_of_one_minus_the_cosine() {
        assert_eq!(turn(&[1.0f32, 0.0], &[3.0, 0.0]).to_bits(), 0.0f32.to_bits());
        assert_eq!(turn(&[1.0f64, 0.0], &[-2.0, 0.0]).to_bits(), 1.0f64.to_bits());
        assert_eq!(turn(&[1.0f64, 0.0], &[0.0, 5.0]).to_bits(), 0.5f64.to_bits());
        assert_eq!(turn(&[0.0f64, 0.0], &[0.0, 5.0]).to_bits(), 0.5f64.to_bits());
        assert!(turn(&[f32::NAN], &[1.0]).is_nan());
        assert!((turn(&[1.0, 1.0], &[1.0, 0.0]) - (1.0 - 0.5f64.sqrt()) / 2.0).abs() < 1e-15);
    }

    #[test]
    fn rows_begin_with_a_boundary() {
        let vectors = [1.0, -1.0, -1.0, 1.0, 1.0];
        let probs = route(&vectors, &vectors, 1, &[0, 2, 2, 5], &Watch::none()).unwrap();
        assert_eq!(probs, [1.0, 1.0, 1.0, 1.0, 0.0]);
        assert!(route(&vectors, &vectors[1..], 1, &[0, 5], &Watch::none()).is_err());
        assert!(route(&vectors, &vectors, 2, &[0, 5], &Watch::none()).is_err());
        assert!(route(&vectors, &vectors, 1, &[0, 6], &Watch::none()).is_err());
        assert!(route::<f32>(&[], &[], 0, &[0], &Watch::none()).is_err());
    }

    #[test]
    fn positions_get_the_average_of_chunks() {
        let probs = [1.0, 0.2, 0.5, 1.0];
        let got = dechunk(&[8.0, 2.0, 1.0], 1, &probs, &[0, 2, 3, 4], &[0, 2, 3], &Watch::none());
        let first: f64 = 0.9999 * 8.0;
        let want = [first, first, 0.5 * 2.0 + 0.5 * first, 0.9999];
        for (got, want) in got.unwrap().iter().zip(want) {
            assert!((got - want).abs() < 1e-12);
        }
    }
}

//! New rows as weighted sums of old ones: a sparse matrix times the matrix in the file.
//!
//! A row is summed in float32 in the order of its sources, wherever its block begins and however
//! many threads work, so that the same recipe gives the same bytes. A row of one source with
//! weight 1 is a copy, bit for bit. Cost: the numbers read, times one multiplication.

use super::tensors::Matrix;
use crate::error::{Error, Result};
use crate::parallel;
use crate::simd::{Work, vectorized, vectors::Vectors};
use crate::watch::Watch;

/// Row `i` is the sum of `weights[j]` times row `ids[j]`, `j` from `indptr[i]` to
/// `indptr[i + 1]`.
#[derive(Debug, Clone, Copy)]
pub struct Recipe<'a> {
    indptr: &'a [i64],
    ids: &'a [u32],
    weights: &'a [f32],
}

impl<'a> Recipe<'a> {
    /// Takes a recipe that fits `rows` old rows.
    ///
    /// # Errors
    /// [`Error::Input`] where the arrays do not fit together, a weight is not finite or a row has
    /// no source; [`Error::UnknownId`] where a source is none of the old rows.
    pub fn new(indptr: &'a [i64], ids: &'a [u32], weights: &'a [f32], rows: usize) -> Result<Self> {
        let input = |why: String| Error::Input { why };
        if ids.len() != weights.len() {
            let why = format!("{} ids, but {} weights", ids.len(), weights.len());
            return Err(input(why));
        }
        let ends = (indptr.first().copied(), indptr.last().copied());
        if ends != (Some(0), Some(ids.len() as i64)) {
            let why = format!("indptr must go from 0 to {}, the number of ids", ids.len());
            return Err(input(why));
        }
        if let Some(row) = indptr.windows(2).position(|pair| pair[0] >= pair[1]) {
            return Err(input(format!("row {row} has no source")));
        }
        if let Some(&id) = ids.iter().find(|&&id| id as usize >= rows) {
            return Err(Error::UnknownId { id: id.into(), limit: rows });
        }
        if let Some(at) = weights.iter().position(|weight| !weight.is_finite()) {
            return Err(input(format!("weight {at} is {}, expected a number", weights[at])));
        }
        Ok(Self { indptr, ids, weights })
    }

    /// How many new rows there are.
    pub fn rows(&self) -> usize {
        self.indptr.len().saturating_sub(1)
    }

    /// The new rows `start` to `stop`, as bytes of the type of the old ones.
    ///
    /// # Errors
    /// [`Error::Input`] if there are no such rows, or a number of one is not finite.
    pub fn gather(
        &self,
        old: &Matrix<'_>,
        (start, stop): (usize, usize),
        threads: usize,
        watch: &Watch<'_>,
    ) -> Result<Vec<u8>> {
        if start > stop || stop > self.rows() {
            let why = format!("rows {start} to {stop} of {}: no such block", self.rows());
            return Err(Error::Input { why });
        }
        let each = (NUMBERS_IN_A_JOB / old.width().max(1)).max(1);
        let jobs = (stop - start).div_ceil(each);
        let row_size = old.width() * old.float().size();
        if threads <= 1 || jobs <= 1 {
            let mut bytes = vec![0; (stop - start) * row_size];
            self.fill(old, start, &mut bytes, watch)?;
            return Ok(bytes);
        }
        let parts = parallel::map(jobs, threads, watch, |job| {
            let first = start + job * each;
            let rows = each.min(stop - first);
            let mut bytes = vec![0; rows * row_size];
            self.fill(old, first, &mut bytes, &Watch::none())?;
            Ok(bytes)
        })?;
        Ok(parts.concat())
    }

    /// Sets `bytes` to the new rows from `first` on.
    #[allow(clippy::cast_sign_loss, reason = "`new` has seen that `indptr` ascends from 0")]
    fn fill(
        &self,
        old: &Matrix<'_>,
        first: usize,
        bytes: &mut [u8],
        watch: &Watch<'_>,
    ) -> Result<()> {
        let float = old.float();
        let (mut sum, mut one) = (vec![0.0; old.width()], vec![0.0; old.width()]);
        let rows = bytes.chunks_exact_mut((old.width() * float.size()).max(1));
        for (index, (row, out)) in (first..).zip(rows).enumerate() {
            if index % 256 == 0 {
                watch.poll()?;
            }
            let (from, to) = match self.indptr.get(row..row + 2) {
                Some(&[from, to]) => (from as usize, to as usize),
                _ => (0, 0),
            };
            let ids = self.ids.get(from..to).unwrap_or_default();
            let weights = self.weights.get(from..to).unwrap_or_default();
            for (nth, (&id, &weight)) in ids.iter().zip(weights).enumerate() {
                let id = id as usize;
                float.widen(old.bytes(id, id + 1).unwrap_or_default(), &mut one);
                vectorized(Accumulate { sum: &mut sum, one: &one, weight, begin: nth == 0 });
            }
            if let Some(at) = float.narrow(&sum, out) {
                let why = format!(
                    "new row {row} would have {} at number {at}: of old rows {ids:?}, or too large",
                    sum[at]
                );
                return Err(Error::Input { why });
            }
        }
        Ok(())
    }
}

/// Blocks are cut into jobs of about this many numbers: a megabyte of float32.
const NUMBERS_IN_A_JOB: usize = 1 << 18;

/// Adds `weight * one` to `sum`, or begins with it: zero plus -0.0 would be another number.
struct Accumulate<'a> {
    sum: &'a mut [f32],
    one: &'a [f32],
    weight: f32,
    begin: bool,
}

impl Work for Accumulate<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vectors>(self) {
        let pairs = self.sum.iter_mut().zip(self.one);
        if self.begin {
            for (sum, &one) in pairs {
                *sum = one * self.weight;
            }
        } else {
            for (sum, &one) in pairs {
                *sum += one * self.weight;
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]
mod tests {
    use super::super::floats::Float;
    use super::super::header;
    use super::super::tensors::TensorFile;
    use super::Recipe;
    use crate::watch::Watch;
    use std::path::PathBuf;

    const ROWS: usize = 50;
    const WIDTH: usize = 24;

    /// Multiples of 1/8 from -16 to 16: exact in every type, as are their halves and sums.
    fn number(at: usize) -> f32 {
        ((at * 7919 % 257) as f32 - 128.0) / 8.0
    }

    fn file(dtype: &str) -> (PathBuf, TensorFile) {
        let float = Float::from_name(dtype).unwrap();
        let tensor = ("e".to_owned(), dtype.to_owned(), vec![ROWS as u64, WIDTH as u64]);
        let (mut bytes, size) = header::begin(&[tensor], None).unwrap();
        let numbers: Vec<f32> = (0..ROWS * WIDTH).map(number).collect();
        let mut data = vec![0; size as usize];
        assert_eq!(float.narrow(&numbers, &mut data), None);
        bytes.extend(data);
        let name = format!("toksmith-recipe-{}-{dtype}.safetensors", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, bytes).unwrap();
        let file = TensorFile::open(&path).unwrap();
        (path, file)
    }

    #[test]
    fn rows_are_sums_however_they_are_cut() {
        // Row i is half of row 3i plus a quarter of row 5i, and every fourth a copy.
        let (mut indptr, mut ids, mut weights) = (vec![0], Vec::new(), Vec::new());
        for row in 0..40_u32 {
            let sources: &[(u32, f32)] =
                if row % 4 == 0 { &[(row, 1.0)] } else { &[(row * 3, 0.5), (row * 5, 0.25)] };
            for &(id, weight) in sources {
                ids.push(id % ROWS as u32);
                weights.push(weight);
            }
            indptr.push(ids.len() as i64);
        }
        let recipe = Recipe::new(&indptr, &ids, &weights, ROWS).unwrap();
        for dtype in ["F32", "F16", "BF16"] {
            let (path, file) = file(dtype);
            let old = file.matrix("e").unwrap();
            let whole = recipe.gather(&old, (0, 40), 1, &Watch::none()).unwrap();
            let mut numbers = vec![0.0; 40 * WIDTH];
            old.float().widen(&whole, &mut numbers);
            for (at, &found) in numbers.iter().enumerate() {
                let (row, column) = (at / WIDTH, at % WIDTH);
                let old = |row: usize| number(row % ROWS * WIDTH + column);
                let sum = old(row * 3) * 0.5 + old(row * 5) * 0.25;
                let want = if row % 4 == 0 { old(row) } else { sum };
                // Two bits beyond a multiple of 1/8 are beyond bfloat16.
                assert!((want - found).abs() <= want.abs() / 256.0, "{dtype} {want} {found}");
            }
            let parts = [(0, 7), (7, 7), (7, 40)];
            let parts = parts.map(|part| recipe.gather(&old, part, 2, &Watch::none()).unwrap());
            assert_eq!(parts.concat(), whole);
            let copied = recipe.gather(&old, (8, 9), 1, &Watch::none()).unwrap();
            assert_eq!(Some(&*copied), old.bytes(8, 9));
            assert!(recipe.gather(&old, (39, 41), 1, &Watch::none()).is_err());
            std::fs::remove_file(path).unwrap();
        }
    }

    #[test]
    fn recipes_that_do_not_fit_are_refused() {
        assert!(Recipe::new(&[0, 1, 2], &[0, 4], &[1.0, 1.0], 5).is_ok());
        for (indptr, ids, weights) in [
            (&[][..], &[][..], &[][..]),
            (&[1, 2], &[0, 4], &[1.0, 1.0]),
            (&[0, 1], &[0, 4], &[1.0, 1.0]),
            (&[0, 3, 2], &[0, 4], &[1.0, 1.0]),
            (&[0, 0, 2], &[0, 4], &[1.0, 1.0]),
            (&[0, -1, 2], &[0, 4], &[1.0, 1.0]),
            (&[0, 1, 2], &[0, 4], &[1.0]),
            (&[0, 1, 2], &[0, 5], &[1.0, 1.0]),
            (&[0, 1, 2], &[0, 4], &[1.0, f32::NAN]),
        ] {
            assert!(Recipe::new(indptr, ids, weights, 5).is_err(), "{indptr:?} {ids:?}");
        }
    }
}

//! Rows of positions cut into patches: what the models over bytes call their own tokens.
//!
//! Whatever decides the cuts, the result is one thing, [`Patches`]: the rows lie end to end, and
//! the patches cover them without a gap. So one array of offsets describes all patches of a batch,
//! and a second one says with which patch each row begins. No patch reaches across rows.
//!
//! - [`entropy`]: where a model over bytes is surprised.
//! - [`space`], [`words`]: after what is no letter or digit; the words of Unicode.
//! - [`scripts`]: runs of one script.
//!
//! Naive versions of all are in `tests/dynamic`.

pub mod entropy;
pub mod scripts;
pub mod space;
pub mod words;

use std::ops::Range;

use crate::batch::{JOB_BYTES, SERIAL_BYTES};
use crate::error::{Error, Result};
use crate::parallel;
use crate::watch::Watch;

/// Patches of rows that lie end to end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patches {
    /// Patch `j` is the positions `offsets[j]..offsets[j + 1]`; none is empty.
    pub offsets: Vec<i64>,
    /// The patches of row `i` are `rows[i]..rows[i + 1]`.
    pub rows: Vec<i64>,
}

impl Patches {
    /// Patches of rows of these lengths. `cut` gives the starts in a row, rising from 0 and below
    /// the row's length; it is called on several threads, and for rows without positions too,
    /// where it must give nothing.
    fn of_rows(
        lengths: &[usize],
        threads: usize,
        watch: &Watch<'_>,
        cut: impl Fn(usize, &mut Vec<i64>) -> Result<()> + Sync,
    ) -> Result<Self> {
        let jobs = jobs(lengths, threads);
        let parts = parallel::map(jobs.len(), threads, watch, |job| {
            let (mut starts, mut ends) = (Vec::new(), Vec::new());
            for row in jobs.get(job).cloned().unwrap_or_default() {
                cut(row, &mut starts)?;
                ends.push(starts.len());
                watch.poll()?;
            }
            Ok((starts, ends))
        })?;
        let count = parts.iter().map(|(starts, _)| starts.len()).sum::<usize>();
        let (mut offsets, mut rows) =
            (Vec::with_capacity(count + 1), Vec::with_capacity(lengths.len() + 1));
        rows.push(0);
        let (mut base, mut lengths) = (0, lengths.iter());
        for (starts, ends) in &parts {
            let mut begin = 0;
            for (&end, &length) in ends.iter().zip(&mut lengths) {
                let starts = starts.get(begin..end).unwrap_or_default();
                offsets.extend(starts.iter().map(|start| base + start));
                rows.push(offsets.len() as i64);
                (begin, base) = (end, base + length as i64);
            }
        }
        offsets.push(base);
        Ok(Self { offsets, rows })
    }

    /// Rows of these lengths in patches of `stride` positions; the last of a row may be shorter.
    ///
    /// # Errors
    /// A stride of 0.
    pub fn strided(lengths: &[usize], stride: usize, watch: &Watch<'_>) -> Result<Self> {
        if stride == 0 {
            return Err(Error::Input { why: "a stride must be at least 1, not 0".to_owned() });
        }
        Self::of_rows(lengths, 1, watch, |row, starts| {
            let length = lengths.get(row).copied().unwrap_or_default();
            starts.extend((0..length).step_by(stride).map(|start| start as i64));
            Ok(())
        })
    }

    /// The same with patches of more than `most` positions cut into pieces of `most` and what is
    /// left, as BLT does. O(patches).
    ///
    /// # Errors
    /// A length of 0, or arrays that do not describe patches.
    pub fn split(&self, most: usize) -> Result<Self> {
        if most == 0 {
            return Err(Error::Input {
                why: "the most positions of a patch must be at least 1, not 0".to_owned(),
            });
        }
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let mut offsets = Vec::with_capacity(self.offsets.len());
        let mut places = Vec::with_capacity(self.offsets.len());
        for pair in self.offsets.windows(2) {
            let &[mut start, end] = pair else { continue };
            places.push(offsets.len() as i64);
            while end.saturating_sub(start) > most {
                offsets.push(start);
                start += most;
            }
            offsets.push(start);
        }
        places.push(offsets.len() as i64);
        offsets.extend(self.offsets.last());
        let row = |&row: &i64| {
            usize::try_from(row).ok().and_then(|row| places.get(row)).copied().ok_or_else(|| {
                let why = format!("rows begin at patch {row} of {}", places.len() - 1);
                Error::Input { why }
            })
        };
        let rows = self.rows.iter().map(row).collect::<Result<_>>()?;
        Ok(Self { offsets, rows })
    }
}

/// Rows in groups of about equal size, for threads.
fn jobs(lengths: &[usize], threads: usize) -> Vec<Range<usize>> {
    let total: usize = lengths.iter().sum();
    let serial = threads <= 1 || total < SERIAL_BYTES;
    let size = if serial { usize::MAX } else { (total / (threads * 8)).max(JOB_BYTES) };
    let (mut jobs, mut begin, mut filled) = (Vec::new(), 0, 0);
    for (row, length) in lengths.iter().enumerate() {
        filled += length;
        if filled >= size {
            jobs.push(begin..row + 1);
            (begin, filled) = (row + 1, 0);
        }
    }
    if begin < lengths.len() {
        jobs.push(begin..lengths.len());
    }
    jobs
}

/// The lengths of texts.
fn lengths(texts: &[&[u8]]) -> Vec<usize> {
    texts.iter().map(|text| text.len()).collect()
}

#[cfg(test)]
#[allow(
    clippy::cast_sign_loss,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test fails where it cannot go on"
)]
mod tests {
    use super::{Patches, space};
    use crate::watch::Watch;

    #[test]
    fn long_patches_are_cut_and_rows_keep_theirs() {
        let patches = Patches { offsets: vec![0, 5, 6, 9], rows: vec![0, 0, 2, 3, 3] };
        let split = patches.split(2).unwrap();
        assert_eq!(split.offsets, [0, 2, 4, 5, 6, 8, 9]);
        assert_eq!(split.rows, [0, 0, 4, 6, 6]);
        assert_eq!(patches.split(5).unwrap(), patches);
        assert!(patches.split(0).is_err());
        assert!(Patches { offsets: vec![0], rows: vec![0, 9] }.split(1).is_err());
        assert!(
            Patches { offsets: vec![i64::MIN, i64::MAX], rows: vec![] }.split(usize::MAX).is_ok()
        );
    }

    #[test]
    fn threads_change_nothing() {
        let texts: Vec<Vec<u8>> =
            (0..400).map(|i| format!("w{i} ").repeat(i * 3).into_bytes()).collect();
        let texts: Vec<&[u8]> = texts.iter().map(Vec::as_slice).collect();
        let one = space::space_patches(&texts, false, 1, &Watch::none()).unwrap();
        assert_eq!(one.rows.len(), 401);
        assert_eq!(space::space_patches(&texts, false, 3, &Watch::none()).unwrap(), one);
    }

    #[test]
    fn strides_begin_anew_in_each_row() {
        let patches = Patches::strided(&[5, 0, 2], 2, &Watch::none()).unwrap();
        assert_eq!(patches.offsets, [0, 2, 4, 5, 7]);
        assert_eq!(patches.rows, [0, 3, 3, 4]);
        assert!(Patches::strided(&[1], 0, &Watch::none()).is_err());
    }
}

//! Rows made one by one on several threads: what becomes of a row depends on its number alone.

use crate::batch::{JOB_BYTES, Ragged, SERIAL_BYTES};
use crate::error::Result;
use crate::parallel;
use crate::token::TokenId;
use crate::watch::Watch;
use std::ops::Range;

/// Rows of ids, and a number for each.
#[derive(Debug)]
pub struct Scored {
    /// The rows.
    pub rows: Ragged,
    /// The logarithm of the probability that a row is drawn with; zero where nothing is drawn.
    pub logprobs: Vec<f64>,
}

/// Calls `work(state, row, ids)`, which appends the ids of a row and gives its number; each job
/// begins with a state of its own. `sizes` are how much work the rows are, in bytes.
pub(super) fn map_rows<S>(
    sizes: &[usize],
    threads: usize,
    watch: &Watch<'_>,
    state: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, usize, &mut Vec<TokenId>) -> Result<f64> + Sync,
) -> Result<Scored> {
    let jobs = jobs(sizes, threads);
    let parts = parallel::map(jobs.len(), threads, watch, |job| {
        let (mut state, mut ids, mut made) = (state(), Vec::new(), Vec::new());
        for row in jobs[job].clone() {
            watch.poll()?;
            let logprob = work(&mut state, row, &mut ids)?;
            made.push((ids.len(), logprob));
            watch.add(sizes[row]);
        }
        Ok((ids, made))
    })?;
    let mut rows = Ragged { ids: Vec::new(), offsets: Vec::with_capacity(sizes.len() + 1) };
    rows.offsets.push(0);
    let mut logprobs = Vec::with_capacity(sizes.len());
    for (ids, made) in parts {
        let base = rows.ids.len();
        if base == 0 {
            rows.ids = ids;
        } else {
            rows.ids.extend_from_slice(&ids);
        }
        for (end, logprob) in made {
            rows.offsets.push((base + end) as i64);
            logprobs.push(logprob);
        }
    }
    Ok(Scored { rows, logprobs })
}

/// Rows of about equal size together.
fn jobs(sizes: &[usize], threads: usize) -> Vec<Range<usize>> {
    let total: usize = sizes.iter().sum();
    let serial = threads <= 1 || total < SERIAL_BYTES;
    let most = if serial { usize::MAX } else { (total / (threads * 8)).max(JOB_BYTES) };
    let (mut jobs, mut start, mut filled) = (Vec::new(), 0, 0usize);
    for (row, size) in sizes.iter().enumerate() {
        filled = filled.saturating_add(*size);
        if filled >= most {
            jobs.push(start..row + 1);
            (start, filled) = (row + 1, 0);
        }
    }
    if start < sizes.len() {
        jobs.push(start..sizes.len());
    }
    jobs
}

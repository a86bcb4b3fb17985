//! Threads: an own pool, made when first needed and again after a fork.
//!
//! The pool is keyed by process: a child of `fork` has none of its parent's threads, so it
//! makes its own. The lock is only ever tried: where it is taken, even by a thread that a fork
//! left behind, the work is done serially.

use crate::error::Result;
use crate::watch::Watch;
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// `(process, threads, pool)`.
type Pool = (u32, usize, Arc<ThreadPool>);

static POOL: Mutex<Option<Pool>> = Mutex::new(None);

/// Threads a call may use: `asked`, else `TOKSMITH_NUM_THREADS`, else one a processor.
pub fn thread_count(asked: Option<usize>) -> usize {
    let limit =
        std::env::var("TOKSMITH_NUM_THREADS").ok().and_then(|value| value.trim().parse().ok());
    let available = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    asked.or(limit).unwrap_or_else(available).clamp(1, 1024)
}

/// The pool, if there is one to be had.
fn pool(threads: usize) -> Option<Arc<ThreadPool>> {
    let mut kept = POOL.try_lock().ok()?;
    let process = std::process::id();
    if let Some((owner, size, pool)) = kept.as_ref() {
        if *owner == process && *size == threads {
            return Some(Arc::clone(pool));
        }
        if *owner != process {
            // Its threads are not in this process; waiting for them to end would hang.
            std::mem::forget(kept.take());
        }
    }
    let pool = ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|index| format!("toksmith-{index}"))
        .build()
        .ok()?;
    let pool = Arc::new(pool);
    *kept = Some((process, threads, Arc::clone(&pool)));
    Some(pool)
}

/// Runs `work(0..jobs)` and gives the results in order; the calling thread meanwhile asks the
/// caller whether to stop.
pub(crate) fn map<R: Send>(
    jobs: usize,
    threads: usize,
    watch: &Watch<'_>,
    work: impl Fn(usize) -> Result<R> + Sync,
) -> Result<Vec<R>> {
    let Some(pool) = (threads > 1 && jobs > 1).then(|| pool(threads)).flatten() else {
        return (0..jobs)
            .map(|job| {
                watch.ask()?;
                work(job)
            })
            .collect();
    };
    let results: Mutex<Vec<Option<Result<R>>>> = Mutex::new((0..jobs).map(|_| None).collect());
    let (left, ended) = (Mutex::new(jobs), Condvar::new());
    let mut asked = Ok(());
    pool.in_place_scope(|scope| {
        for job in 0..jobs {
            let (work, results, left, ended) = (&work, &results, &left, &ended);
            scope.spawn(move |_| {
                // Counted when dropped, so that a panic in `work` does not leave the caller waiting.
                let _done = Countdown { left, ended };
                let result = watch.poll().and_then(|()| work(job));
                if let Ok(mut results) = results.lock() {
                    results[job] = Some(result);
                }
            });
        }
        let mut waiting = left.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        while *waiting > 0 {
            let wait = ended.wait_timeout(waiting, Duration::from_millis(50));
            waiting = wait.unwrap_or_else(std::sync::PoisonError::into_inner).0;
            if asked.is_ok() && *waiting > 0 {
                drop(waiting);
                asked = watch.ask();
                waiting = left.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            }
        }
    });
    asked?;
    let results = results.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    results.into_iter().map(|result| result.unwrap_or(Err(crate::Error::Cancelled))).collect()
}

struct Countdown<'a> {
    left: &'a Mutex<usize>,
    ended: &'a Condvar,
}

impl Drop for Countdown<'_> {
    fn drop(&mut self) {
        *self.left.lock().unwrap_or_else(std::sync::PoisonError::into_inner) -= 1;
        self.ended.notify_all();
    }
}

//! Stopping long work: what lets Ctrl-C end a batch within a second.
//!
//! The thread that was called asks its caller now and then ([`Watch::poll`]); the others only
//! look at a flag.

use crate::error::{Error, Result};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Shared by all threads that work on one call.
#[derive(Default)]
pub struct Watch<'a> {
    stop: AtomicBool,
    done: AtomicU64,
    /// The only worker is the thread that was called.
    serial: bool,
    check: Option<&'a (dyn Fn(u64) -> bool + Sync)>,
}

impl std::fmt::Debug for Watch<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watch")
            .field("stop", &self.stop)
            .field("done", &self.done)
            .finish_non_exhaustive()
    }
}

impl<'a> Watch<'a> {
    /// Work that nobody stops.
    pub const fn none() -> Self {
        Self { stop: AtomicBool::new(false), done: AtomicU64::new(0), serial: false, check: None }
    }

    /// `check` gets the bytes done so far and says whether to stop.
    pub const fn new(check: &'a (dyn Fn(u64) -> bool + Sync), serial: bool) -> Self {
        Self { stop: AtomicBool::new(false), done: AtomicU64::new(0), serial, check: Some(check) }
    }

    /// Called by workers every few thousand bytes.
    #[inline]
    pub fn poll(&self) -> Result<()> {
        if self.serial {
            return self.ask();
        }
        self.stopped()
    }

    fn stopped(&self) -> Result<()> {
        if self.stop.load(Ordering::Relaxed) { Err(Error::Cancelled) } else { Ok(()) }
    }

    /// Called by workers when a piece is done.
    pub fn add(&self, bytes: usize) {
        self.done.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Called by the thread that was called: asks the caller, and stops everybody if it says so.
    pub fn ask(&self) -> Result<()> {
        if let Some(check) = self.check
            && check(self.done.load(Ordering::Relaxed))
        {
            self.stop.store(true, Ordering::Relaxed);
        }
        self.stopped()
    }
}

//! Runs: sorted counts that left memory, in files of a temporary directory of their own.
//!
//! No more than [`FAN`] files are ever read at once. Runs have levels: of [`FAN`] runs of one level
//! one of the next is made, so that each word is written as often as there are levels, the
//! logarithm of the number of runs to this base.
//!
//! On Unix a run loses its name as soon as it is open, and the directory is removed at once, so
//! that a process that is killed leaves nothing behind. Elsewhere the directory is made when it is
//! first needed and removed with its last run; a killed process leaves it behind, and a child of
//! `fork` leaves it to its parent.

use super::entries::{Reader, Writer, failed};
use super::merge::{List, merge};
use super::table::Table;
use crate::error::{Error, Result};
use crate::watch::Watch;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Most files that are read at once.
const FAN: usize = 64;
/// Bytes of a buffer.
const BUFFERS: std::ops::RangeInclusive<usize> = 1 << 9..=1 << 16;

/// Tells apart the directories of one process.
static NEXT_DIRECTORY: AtomicU64 = AtomicU64::new(0);

/// All runs of a count.
#[derive(Debug)]
pub(super) struct Runs {
    /// Where the directory is to be made.
    parent: PathBuf,
    buffer: usize,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    directory: Option<Arc<Directory>>,
    levels: BTreeMap<usize, Vec<Run>>,
    next: u64,
}

/// A directory that is removed when it is dropped.
#[derive(Debug)]
struct Directory {
    path: PathBuf,
    process: u32,
}

/// A file that is gone when it is dropped, before its directory.
#[derive(Debug)]
struct Run {
    path: PathBuf,
    /// Where it still has its name.
    directory: Option<Arc<Directory>>,
    /// Open where it has none.
    file: Option<Arc<File>>,
}

impl Directory {
    fn new(parent: &Path) -> Result<Self> {
        let process = std::process::id();
        loop {
            let number = NEXT_DIRECTORY.fetch_add(1, Ordering::Relaxed);
            let path = parent.join(format!("toksmith-counts-{process}-{number}"));
            match private_directory(&path) {
                Ok(()) => return Ok(Self { path, process }),
                // Of a process that was killed.
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(failed(&path, "made", &error)),
            }
        }
    }

    fn is_ours(&self) -> bool {
        self.process == std::process::id()
    }
}

/// Makes a directory that nobody else may look into, where there is such a thing.
fn private_directory(path: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

impl Drop for Directory {
    fn drop(&mut self) {
        if self.is_ours() {
            let _ = std::fs::remove_dir(&self.path);
        }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if self.directory.as_ref().is_some_and(|directory| directory.is_ours()) {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

impl Run {
    fn open(&self, buffer: usize) -> Result<List<'static>> {
        #[cfg(unix)]
        if let Some(file) = &self.file {
            return Ok(List::Run(Reader::shared(file, &self.path, buffer)?));
        }
        Ok(List::Run(Reader::open(&self.path, buffer, false)?))
    }
}

impl Runs {
    /// No runs yet. `budget` is what buffers may take a part of.
    pub(super) fn new(directory: Option<PathBuf>, budget: usize) -> Self {
        Self {
            parent: directory.unwrap_or_else(std::env::temp_dir),
            buffer: (budget / FAN / 4).clamp(*BUFFERS.start(), *BUFFERS.end()),
            kept: Mutex::default(),
        }
    }

    fn with<R>(&self, work: impl FnOnce(&mut Kept) -> R) -> R {
        work(&mut self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether nothing was written.
    pub(super) fn is_empty(&self) -> bool {
        self.with(|kept| kept.levels.values().all(Vec::is_empty))
    }

    /// Writes what a table holds, and empties it.
    pub(super) fn spill(&self, table: &mut Table, watch: &Watch<'_>) -> Result<()> {
        if table.len() == 0 {
            return Ok(());
        }
        self.write(vec![List::Table(table.sorted())], 0, watch)?;
        table.clear();
        self.tidy(watch)
    }

    /// A directory for the next run, and its number: that of all runs, where they keep their names.
    fn place(&self) -> Result<(Arc<Directory>, u64)> {
        self.with(|kept| {
            kept.next += 1;
            let directory = match &kept.directory {
                Some(directory) => Arc::clone(directory),
                None => Arc::new(Directory::new(&self.parent)?),
            };
            if !cfg!(unix) {
                kept.directory = Some(Arc::clone(&directory));
            }
            Ok((directory, kept.next))
        })
    }

    fn write(&self, lists: Vec<List<'_>>, level: usize, watch: &Watch<'_>) -> Result<()> {
        let (directory, number) = self.place()?;
        let path = directory.path.join(format!("{number}.run"));
        let mut writer = Writer::create(&path, self.buffer, false)?;
        let nameless = cfg!(unix) && std::fs::remove_file(&path).is_ok();
        let mut run = Run { path, directory: (!nameless).then_some(directory), file: None };
        merge(lists, watch, |word, count| writer.entry(word, count))?;
        writer.end()?;
        let file = writer.finish()?;
        run.file = nameless.then(|| Arc::new(file));
        self.with(|kept| kept.levels.entry(level).or_default().push(run));
        Ok(())
    }

    fn open(&self, runs: &[Run]) -> Result<Vec<List<'static>>> {
        runs.iter().map(|run| run.open(self.buffer)).collect()
    }

    /// Makes one run of the runs of a level that is full.
    fn tidy(&self, watch: &Watch<'_>) -> Result<()> {
        loop {
            let full = self.with(|kept| {
                let (level, runs) = kept.levels.iter_mut().find(|(_, runs)| runs.len() >= FAN)?;
                Some((*level, runs.drain(..FAN).collect::<Vec<_>>()))
            });
            let Some((level, runs)) = full else { return Ok(()) };
            self.write(self.open(&runs)?, level + 1, watch)?;
        }
    }

    /// All runs, merged until they can be read at once; they stay.
    pub(super) fn lists(&mut self, watch: &Watch<'_>) -> Result<Vec<List<'static>>> {
        loop {
            let kept = self.kept.get_mut().unwrap_or_else(PoisonError::into_inner);
            let total: usize = kept.levels.values().map(Vec::len).sum();
            if total <= FAN {
                let runs: Vec<&Run> = kept.levels.values().flatten().collect();
                return runs.iter().map(|run| run.open(self.buffer)).collect();
            }
            // The smallest, as many as are too many.
            let (mut taken, mut level) = (Vec::new(), 0);
            for (&at, runs) in &mut kept.levels {
                let wanted = (total - FAN + 1).min(FAN).saturating_sub(taken.len());
                if wanted > 0 && !runs.is_empty() {
                    level = at;
                    taken.extend(runs.drain(..wanted.min(runs.len())));
                }
            }
            if taken.len() < 2 {
                return Err(Error::Input { why: "runs of counts were lost".into() });
            }
            let lists = self.open(&taken)?;
            self.write(lists, level + 1, watch)?;
        }
    }
}

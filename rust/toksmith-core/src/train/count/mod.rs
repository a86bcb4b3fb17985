//! Counting the words of texts: on all threads, exactly, in bounded memory, to be gone on with later.
//!
//! Each thread has a hash table of its own ([`table`]). A table that is full is written down sorted
//! (`spill.rs`) and emptied; at the end tables and runs are merged, word by word (`merge.rs`). Sums
//! that stay at [`u64::MAX`] do not depend on their order, and the result is sorted, so neither
//! threads nor batches nor budget are seen in it. Words are those that the tokenizer's model would
//! be given ([`crate::encode::visit`]); of a tokenizer that joins pre-tokens, lines of them
//! (`lines.rs`).
//!
//! Start at [`Counter`]. O(n) for n bytes of text, and O(w log w) for w words that are taken out.

mod entries;
mod lines;
mod merge;
mod saved;
mod spill;
mod table;
#[cfg(test)]
mod tests;

pub use self::lines::units;

use self::lines::Lines;
use self::merge::{List, merge};
use self::saved::Header;
use self::spill::Runs;
use self::table::Table;
use super::words::WordCounts;
use crate::encode::added::Allowed;
use crate::encode::visit::Visitor;
use crate::error::{Error, Result};
use crate::parallel;
use crate::tokenizer::{Text, Tokenizer};
use crate::watch::Watch;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// The sign that stands for a space in vocabularies made by `SentencePiece`.
const SIGN: &[u8] = "\u{2581}".as_bytes();

/// More sources than anybody has; their numbers of texts are kept in memory.
const MOST_SOURCES: usize = 1 << 20;
/// Words between two looks at the watch.
const POLL: usize = 1 << 14;
/// Why a counter cannot go on after an error.
const STOPPED: &str = "a call of it was stopped in the middle";

/// How to count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountOptions {
    /// Most threads to use.
    pub threads: usize,
    /// Most bytes of all tables together; `None`: as many as it takes. A few kilobytes a thread, and
    /// any single word, are always taken. Texts, which belong to the caller, and the table that
    /// [`Counter::finish`] gives are not part of it.
    pub budget: Option<usize>,
    /// Where a directory for runs is made; `None`: where the system has temporary files.
    pub directory: Option<PathBuf>,
    /// Special tokens that are found in texts. What is found is not counted; by default, all.
    pub allowed: Allowed,
    /// Whether words are cut before each U+2581, as the trainers of SentencePiece do: its pipelines
    /// give their models whole texts. A U+2581 that is behind a word, where the pipeline puts it
    /// there, is cut off behind.
    pub split_signs: bool,
}

impl Default for CountOptions {
    /// One thread, in memory, added tokens left out.
    fn default() -> Self {
        Self {
            threads: 1,
            budget: None,
            directory: None,
            allowed: Allowed::All,
            split_signs: false,
        }
    }
}

/// Counts words.
#[derive(Debug)]
pub struct Counter {
    tokenizer: Arc<Tokenizer>,
    options: CountOptions,
    /// Those that no thread works on.
    tables: Mutex<Vec<Table>>,
    runs: Runs,
    /// Texts of each source.
    texts: Vec<u64>,
    /// Why it cannot go on.
    broken: Option<&'static str>,
}

/// Counts the words it is given, in a table that it writes down when it is full.
struct Count<'c> {
    table: Table,
    runs: &'c Runs,
    watch: &'c Watch<'c>,
    weight: u64,
}

impl Count<'_> {
    #[cold]
    fn spill(&mut self) -> Result<()> {
        self.runs.spill(&mut self.table, self.watch)
    }
}

impl Visitor for Count<'_> {
    fn word(&mut self, word: &[u8]) -> Result<()> {
        while !self.table.add(word, self.weight) {
            self.spill()?;
        }
        Ok(())
    }

    #[inline(always)]
    fn words(&mut self, text: &[u8], start: usize, ends: &[usize]) -> Result<()> {
        let (mut start, mut ends) = (start, ends);
        loop {
            let done = self.table.add_all(text, start, ends, self.weight);
            let (before, rest) = ends.split_at(done.min(ends.len()));
            if rest.is_empty() {
                return Ok(());
            }
            start = before.last().copied().unwrap_or(start);
            ends = rest;
            self.spill()?;
        }
    }
}

/// Cuts pieces at signs.
struct AtSigns<'a, V> {
    /// Signs are behind words.
    behind: bool,
    inner: &'a mut V,
}

impl<V: Visitor> Visitor for AtSigns<'_, V> {
    fn word(&mut self, word: &[u8]) -> Result<()> {
        let (mut start, mut from) = (0, usize::from(!self.behind));
        while let Some(found) = word.get(from..).and_then(|rest| memchr::memmem::find(rest, SIGN)) {
            let sign = from + found;
            let cut = if self.behind { sign + SIGN.len() } else { sign };
            self.inner.word(word.get(start..cut).unwrap_or_default())?;
            (start, from) = (cut, sign + SIGN.len());
        }
        let rest = word.get(start..).unwrap_or_default();
        if rest.is_empty() { Ok(()) } else { self.inner.word(rest) }
    }
}

impl Counter {
    /// Nothing counted yet.
    pub fn new(tokenizer: Arc<Tokenizer>, options: CountOptions) -> Self {
        let budget = options.budget.unwrap_or(usize::MAX);
        let runs = Runs::new(options.directory.clone(), budget);
        Self { tokenizer, options, tables: Mutex::default(), runs, texts: Vec::new(), broken: None }
    }

    /// Counts the words of texts, each as often as `weight` says; they are the next texts of their
    /// source. A text is the unit of words: none goes from one to the next.
    ///
    /// # Errors
    /// [`Error::Input`] if a text is not UTF-8 and the tokenizer has no tokens for bytes, if a custom
    /// pattern exceeds its step limit, or if runs cannot be written; [`Error::Cancelled`]. Some of the
    /// texts may have been counted then, so that the counter can only be thrown away.
    pub fn add(
        &mut self,
        source: usize,
        weight: u64,
        texts: &[Text<'_>],
        watch: &Watch<'_>,
    ) -> Result<()> {
        self.check()?;
        self.done(source, 0)?;
        if weight > 0 {
            let valid = |text: &Text<'_>| std::str::from_utf8(text.as_bytes()).is_ok();
            // What turns out to be UTF-8 may be cut between threads.
            let texts: Vec<Text<'_>> = (texts.iter())
                .map(|text| match *text {
                    Text::Bytes(bytes) if valid(text) => {
                        std::str::from_utf8(bytes).map_or(*text, Text::Str)
                    }
                    other => other,
                })
                .collect();
            self.broken = Some(STOPPED);
            self.count(weight, &texts, watch)?;
            self.broken = None;
        }
        self.done(source, texts.len())
    }

    /// Adds words that were counted elsewhere, each count times `weight`; for the number of texts of
    /// the source, the table is one.
    ///
    /// # Errors
    /// As of [`Counter::add`].
    pub fn add_counts(
        &mut self,
        source: usize,
        weight: u64,
        words: &WordCounts,
        watch: &Watch<'_>,
    ) -> Result<()> {
        self.check()?;
        self.done(source, 0)?;
        self.broken = Some(STOPPED);
        let mut count = Count { table: self.take_table(), runs: &self.runs, watch, weight: 0 };
        for (at, (word, number)) in words.iter().enumerate() {
            if at % POLL == 0 {
                watch.poll()?;
            }
            count.weight = number.saturating_mul(weight);
            if count.weight > 0 {
                count.word(word)?;
            }
        }
        let table = count.table;
        self.tables().push(table);
        self.broken = None;
        self.done(source, 1)
    }

    /// So many more texts of a source were counted.
    fn done(&mut self, source: usize, texts: usize) -> Result<()> {
        if source >= MOST_SOURCES {
            let why = format!("source {source}: expected one below {MOST_SOURCES}");
            return Err(Error::Input { why });
        }
        if self.texts.len() <= source {
            self.texts.resize(source + 1, 0);
        }
        if let Some(counted) = self.texts.get_mut(source) {
            *counted += texts as u64;
        }
        Ok(())
    }

    fn count(&self, weight: u64, texts: &[Text<'_>], watch: &Watch<'_>) -> Result<()> {
        let Self { tokenizer, options, runs, .. } = self;
        let jobs = tokenizer.jobs(texts, &options.allowed, options.threads);
        let behind = tokenizer.puts_signs_behind();
        parallel::map(jobs.len(), options.threads, watch, |job| {
            let mut count = Count { table: self.take_table(), runs, watch, weight };
            tokenizer.with_scratch(|scratch| {
                for piece in jobs.get(job).map_or(&[][..], Vec::as_slice) {
                    let (text, allowed) = (piece.text, &options.allowed);
                    if tokenizer.joins_pre_tokens() {
                        let mut visitor = Lines::new(&mut count);
                        tokenizer.visit_words(text, allowed, scratch, watch, &mut visitor)?;
                        visitor.gap()?;
                    } else if options.split_signs {
                        let mut visitor = AtSigns { behind, inner: &mut count };
                        tokenizer.visit_words(text, allowed, scratch, watch, &mut visitor)?;
                    } else {
                        tokenizer.visit_words(text, allowed, scratch, watch, &mut count)?;
                    }
                    watch.add(text.as_bytes().len());
                }
                Ok(())
            })?;
            self.tables().push(count.table);
            Ok(())
        })?;
        Ok(())
    }

    fn tables(&self) -> std::sync::MutexGuard<'_, Vec<Table>> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A table that nobody works on, or a new one. There are never more than threads.
    fn take_table(&self) -> Table {
        let kept = self.tables().pop();
        let budget = self.options.budget.unwrap_or(usize::MAX);
        kept.unwrap_or_else(|| Table::new(budget / self.options.threads.max(1)))
    }

    fn check(&self) -> Result<()> {
        match self.broken {
            None => Ok(()),
            Some(why) => Err(Error::Input { why: format!("this counter cannot go on: {why}") }),
        }
    }

    /// How many texts of each source were counted.
    pub fn texts(&self) -> &[u64] {
        &self.texts
    }

    /// What its words are made by; only the same is gone on with. The digest of the tokenizer, and
    /// the options that words depend on.
    fn made_by(&self) -> Result<String> {
        let CountOptions { allowed, split_signs, .. } = &self.options;
        let allowed = match allowed {
            Allowed::None => "none".to_owned(),
            Allowed::All => "all".to_owned(),
            Allowed::Some(ids) => format!("{ids:?}"),
        };
        let digest = self.tokenizer.digest()?;
        Ok(format!("tokenizer {digest}, special tokens {allowed}, signs {split_signs}"))
    }

    /// All words in order, each once.
    fn each(
        &mut self,
        watch: &Watch<'_>,
        each: impl FnMut(&[u8], u64) -> Result<()>,
    ) -> Result<()> {
        self.check()?;
        self.broken = Some("merging what it wrote was stopped in the middle");
        let mut lists = self.runs.lists(watch)?;
        self.broken = None;
        let tables = self.tables.get_mut().unwrap_or_else(PoisonError::into_inner);
        let sorted = parallel::map(tables.len(), self.options.threads, watch, |table| {
            Ok(tables.get(table).map(Table::sorted))
        })?;
        lists.extend(sorted.into_iter().flatten().map(List::Table));
        merge(lists, watch, each)
    }

    /// Writes all that was counted to a file, which is whole or as it was before: a count that ends
    /// after that, whatever the reason, can go on from there ([`Counter::load`]). The counter
    /// stays as it is.
    ///
    /// # Errors
    /// [`Error::Input`] if the file or a run cannot be written; [`Error::Cancelled`].
    pub fn save(&mut self, path: &Path, watch: &Watch<'_>) -> Result<()> {
        self.check()?;
        let header = Header { made_by: self.made_by()?, texts: self.texts.clone() };
        saved::write(path, &header, |writer| {
            self.each(watch, |word, count| writer.entry(word, count))
        })
    }

    /// Goes on from saved counts: skip [`Counter::texts`] texts of each source, then add the rest.
    /// Threads, budget and directory may be others than before.
    ///
    /// # Errors
    /// [`Error::Input`] if the file cannot be read, is malformed, or was made with another tokenizer
    /// or by other rules; [`Error::Unsupported`] if a later version wrote it.
    pub fn load(
        path: &Path,
        tokenizer: Arc<Tokenizer>,
        options: CountOptions,
        watch: &Watch<'_>,
    ) -> Result<Self> {
        let mut counter = Self::new(tokenizer, options);
        let made_by = counter.made_by()?;
        let table = counter.take_table();
        let runs = &counter.runs;
        let begin = |header: Header| {
            if header.made_by == made_by {
                return Ok((Count { table, runs, watch, weight: 1 }, header.texts));
            }
            let other =
                if header.made_by.is_empty() { "nobody knows what" } else { &header.made_by };
            let path = path.display();
            Err(Error::Input { why: format!("{path}: counted with {other}, not with {made_by}") })
        };
        let (count, texts) = saved::read(path, watch, begin, |(inner, _), word, count| {
            inner.weight = count;
            inner.word(word)
        })?;
        let table = count.table;
        counter.tables().push(table);
        counter.texts = texts;
        Ok(counter)
    }

    /// The words that were counted at least `min_count` times. Of the others none is ever in memory
    /// together with the table that is given, unless all were within the budget.
    ///
    /// # Errors
    /// [`Error::Input`] if runs cannot be read or written; [`Error::Cancelled`].
    pub fn finish(mut self, min_count: u64, watch: &Watch<'_>) -> Result<WordCounts> {
        if !self.runs.is_empty() {
            // So that tables and result are not in memory together.
            for mut table in std::mem::take(&mut *self.tables()) {
                self.runs.spill(&mut table, watch)?;
            }
        }
        let mut words = WordCounts::default();
        self.each(watch, |word, count| {
            if count >= min_count {
                words.push(word, count);
            }
            Ok(())
        })?;
        Ok(words)
    }
}

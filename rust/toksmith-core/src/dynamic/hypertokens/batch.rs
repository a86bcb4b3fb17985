//! Whole rows: ids to codes and back, with a codebook a row or one for all.

use super::book::Book;
use super::rule::{Held, Rule, Silent};
use crate::batch::Ragged;
use crate::dynamic::rows::rows;
use crate::error::{Error, Result};
use crate::parallel;
use crate::watch::Watch;

/// Ids between two looks at whether to stop.
const POLL: usize = 1 << 16;
/// Ids of a job, at least.
const JOB: usize = 1 << 15;

/// How a batch is worked on.
#[derive(Debug, Clone, Copy)]
pub struct Way {
    /// One codebook for all rows, in their order; else one a row.
    pub shared: bool,
    /// Most threads; a shared codebook is work for one.
    pub threads: usize,
    /// Most ids that a batch may decode to.
    pub limit: usize,
}

/// What codes decode to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// Base ids by row.
    pub ids: Ragged,
    /// Where the ids of each code begin among all ids, and the end; one more than there are codes.
    pub codes: Vec<i64>,
}

impl Rule {
    /// Codes of rows of base ids.
    ///
    /// # Errors
    /// An id is not a base id, by row and position; or the caller asked to stop.
    pub fn encode(
        &self,
        ids: &[u32],
        offsets: &[i64],
        way: Way,
        watch: &Watch<'_>,
    ) -> Result<Ragged> {
        let rows = rows(ids, offsets)?;
        let parts = self.by_job(&rows, way, watch, |row, ids, book, out: &mut Vec<u32>| {
            self.check(row, ids)?;
            // Reserved for all of it, so that the loop never has to grow it.
            out.reserve(ids.len() + 1);
            let mut held = Held::NOTHING;
            for piece in ids.chunks(POLL) {
                watch.poll()?;
                for &id in piece {
                    held = self.step(book, held, id, out);
                }
                watch.add(piece.len());
            }
            book.write(held, out);
            Ok(out.len())
        })?;
        let (parts, ends): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
        Ok(Ragged { offsets: joined(&parts, &ends), ids: concat(parts) })
    }

    /// Base ids of rows of codes.
    ///
    /// # Errors
    /// A code stands for nothing where it is, by row and position; the ids are more than
    /// `way.limit`; or the caller asked to stop.
    pub fn decode(
        &self,
        codes: &[u32],
        offsets: &[i64],
        way: Way,
        watch: &Watch<'_>,
    ) -> Result<Decoded> {
        let rows = rows(codes, offsets)?;
        let parts = self.by_job(&rows, way, watch, |row, codes, book, out: &mut Reading| {
            let mut held = Held::NOTHING;
            out.codes.reserve(codes.len());
            for (at, &code) in codes.iter().enumerate() {
                if at % POLL == 0 {
                    watch.poll()?;
                }
                held = self
                    .decode_one(book, held, code, &mut out.ids)
                    .ok_or_else(|| self.undefined(&format!("row {row}, code {at}"), code, book))?;
                if out.ids.len() > way.limit {
                    return Err(Self::too_many(&format!("row {row}, code {at}"), way.limit));
                }
                out.codes.push(out.ids.len() as i64);
            }
            book.write(held, &mut Silent);
            watch.add(codes.len());
            Ok(out.ids.len())
        })?;
        let mut decoded =
            Decoded { ids: Ragged { ids: Vec::new(), offsets: vec![0] }, codes: vec![0] };
        if parts.iter().map(|(part, _)| part.ids.len()).sum::<usize>() > way.limit {
            return Err(Self::too_many("all rows", way.limit));
        }
        for (part, ends) in parts {
            let base = decoded.ids.ids.len();
            decoded.ids.offsets.extend(ends.iter().map(|end| (base + end) as i64));
            decoded.codes.extend(part.codes.iter().map(|end| base as i64 + end));
            if base == 0 {
                decoded.ids.ids = part.ids;
            } else {
                decoded.ids.ids.extend_from_slice(&part.ids);
            }
        }
        Ok(decoded)
    }

    /// Appends the ids of one code and brings the codebook to where the encoder had it; None if the
    /// code stands for nothing.
    #[inline]
    fn decode_one(
        &self,
        book: &mut Book,
        held: Held,
        code: u32,
        out: &mut Vec<u32>,
    ) -> Option<Held> {
        let start = out.len();
        let completes = book.read(self, held, code, out)?;
        book.clear_gone();
        let first = Held { node: out[start], len: 1 };
        let mut held = self.step(book, held, out[start], &mut Silent);
        let len = out.len() - start;
        if len == 1 {
            return Some(held);
        }
        // What is held now is the first token of a hypertoken; its prefixes are all known.
        if held == first && (completes || book.kept(code)) {
            return Some(self.capped(book, Held { node: code, len: len as u32 }, &mut Silent));
        }
        for &id in &out[start + 1..] {
            held = self.step(book, held, id, &mut Silent);
        }
        Some(held)
    }

    /// The error for a code that stands for nothing.
    pub(super) fn undefined(&self, place: &str, code: u32, book: &Book) -> Error {
        let why = if code as usize >= self.limit() {
            format!("{place}: there is no code {code}; codes are below {}", self.limit())
        } else {
            format!(
                "{place}: {code} is not defined there; {} hypertokens are, from {}",
                book.len(),
                self.first_id
            )
        };
        Error::Vocabulary { why }
    }

    /// The error for codes that stand for more ids than are wanted.
    pub(super) fn too_many(place: &str, limit: usize) -> Error {
        Error::Input {
            why: format!(
                "{place}: the codes stand for more than {limit} ids; max_ids says how many they may be"
            ),
        }
    }

    /// Whether all ids are base ids.
    pub(super) fn check(&self, row: usize, ids: &[u32]) -> Result<()> {
        if ids.iter().fold(0, |most, &id| most.max(id)) < self.first_id {
            return Ok(());
        }
        let Some(at) = ids.iter().position(|&id| id >= self.first_id) else { return Ok(()) };
        Err(Error::Vocabulary {
            why: format!(
                "row {row}, id {at}: {} is not a base id; they are below {}",
                ids[at], self.first_id
            ),
        })
    }

    /// Works on rows, in jobs of many of them where each has its own codebook. `work` appends to the
    /// result of the job and says how long that is now.
    fn by_job<T: Default + Send>(
        &self,
        rows: &[&[u32]],
        way: Way,
        watch: &Watch<'_>,
        work: impl Fn(usize, &[u32], &mut Book, &mut T) -> Result<usize> + Sync,
    ) -> Result<Vec<(T, Vec<usize>)>> {
        let total: usize = rows.iter().map(|row| row.len()).sum();
        let threads = if way.shared { 1 } else { way.threads };
        let size = if threads <= 1 { usize::MAX } else { (total / (threads * 4)).max(JOB) };
        let (mut jobs, mut begin, mut held) = (Vec::new(), 0, 0usize);
        for (at, row) in rows.iter().enumerate() {
            held = held.saturating_add(row.len());
            if held >= size {
                jobs.push(begin..at + 1);
                (begin, held) = (at + 1, 0);
            }
        }
        if begin < rows.len() {
            jobs.push(begin..rows.len());
        }
        parallel::map(jobs.len(), threads, watch, |job| {
            let (mut book, mut out, mut ends) = (Book::new(self), T::default(), Vec::new());
            for at in jobs[job].clone() {
                ends.push(work(at, rows[at], &mut book, &mut out)?);
                if !way.shared {
                    book.clear();
                }
            }
            Ok((out, ends))
        })
    }
}

/// Ids, and where those of each code end.
#[derive(Default)]
struct Reading {
    ids: Vec<u32>,
    codes: Vec<i64>,
}

/// Offsets of rows of all jobs.
fn joined(parts: &[Vec<u32>], ends: &[Vec<usize>]) -> Vec<i64> {
    let (mut offsets, mut base) = (vec![0], 0);
    for (part, ends) in parts.iter().zip(ends) {
        offsets.extend(ends.iter().map(|end| (base + end) as i64));
        base += part.len();
    }
    offsets
}

/// The ids of all jobs; those of one are not copied.
fn concat(parts: Vec<Vec<u32>>) -> Vec<u32> {
    match <[_; 1]>::try_from(parts) {
        Ok([ids]) => ids,
        Err(parts) => parts.concat(),
    }
}

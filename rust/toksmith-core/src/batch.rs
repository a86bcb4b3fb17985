//! Many texts at once, on all threads, into one flat array.
//!
//! Texts are grouped into jobs of about equal size; a long one is cut at safe places. Each job
//! writes its own buffer and the buffers are joined in order, so that neither the number of
//! threads nor the grouping can change an id.

use crate::encode::added::Allowed;
use crate::encode::sink::Count;
use crate::error::Result;
use crate::parallel;
use crate::token::TokenId;
use crate::tokenizer::{Text, Tokenizer};
use crate::watch::Watch;
use std::collections::BTreeSet;

/// Rows of ids, end to end: row `i` is `ids[offsets[i]..offsets[i + 1]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ragged {
    /// All ids.
    pub ids: Vec<TokenId>,
    /// Where rows begin; one more than there are rows.
    pub offsets: Vec<i64>,
}

/// Below this many bytes a second thread costs more than it brings.
pub(crate) const SERIAL_BYTES: usize = 1 << 16;
/// Bytes of a job, at least.
pub(crate) const JOB_BYTES: usize = 1 << 17;

/// A text, or a part of one, and which.
pub(crate) struct Piece<'a> {
    row: usize,
    pub(crate) text: Text<'a>,
}

impl Tokenizer {
    /// Ids of many texts. `threads` is the most threads to use.
    ///
    /// # Errors
    /// The error of the first text, in order, that has one; nothing is returned for the rest.
    pub fn encode_batch(
        &self,
        texts: &[Text<'_>],
        allowed: &Allowed,
        threads: usize,
        watch: &Watch<'_>,
    ) -> Result<Ragged> {
        let jobs = self.jobs(texts, allowed, threads);
        let parts = parallel::map(jobs.len(), threads, watch, |job| {
            let bytes: usize = jobs[job].iter().map(|piece| piece.text.as_bytes().len()).sum();
            let mut ids = Vec::with_capacity(bytes / 3 + 16);
            let mut ends = Vec::with_capacity(jobs[job].len());
            for piece in &jobs[job] {
                self.encode_into(piece.text, allowed, watch, &mut ids)?;
                ends.push(ids.len());
                watch.add(piece.text.as_bytes().len());
            }
            Ok((ids, ends))
        })?;
        let mut offsets = vec![0i64; texts.len() + 1];
        let mut base = 0;
        for ((ids, ends), pieces) in parts.iter().zip(&jobs) {
            for (piece, end) in pieces.iter().zip(ends) {
                offsets[piece.row + 1] = (base + end) as i64;
            }
            base += ids.len();
        }
        let ids = match <[_; 1]>::try_from(parts) {
            Ok([(ids, _)]) => ids,
            Err(parts) => {
                let mut all = Vec::with_capacity(base);
                for (ids, _) in parts {
                    all.extend_from_slice(&ids);
                }
                all
            }
        };
        Ok(Ragged { ids, offsets })
    }

    /// Numbers of ids of many texts.
    pub fn count_batch(
        &self,
        texts: &[Text<'_>],
        allowed: &Allowed,
        threads: usize,
        watch: &Watch<'_>,
    ) -> Result<Vec<i64>> {
        let jobs = self.jobs(texts, allowed, threads);
        let parts = parallel::map(jobs.len(), threads, watch, |job| {
            self.with_scratch(|scratch| {
                let plain = BTreeSet::new();
                let mut counts = Vec::with_capacity(jobs[job].len());
                for piece in &jobs[job] {
                    let mut sink = Count::default();
                    self.encode_to(piece.text, allowed, &plain, scratch, watch, &mut sink)?;
                    counts.push(sink.0);
                    watch.add(piece.text.as_bytes().len());
                }
                Ok(counts)
            })
        })?;
        let mut totals = vec![0i64; texts.len()];
        for (piece, count) in jobs.iter().flatten().zip(parts.into_iter().flatten()) {
            totals[piece.row] += count as i64;
        }
        Ok(totals)
    }

    /// Texts in jobs of about equal size, long ones cut where that changes nothing.
    pub(crate) fn jobs<'a>(
        &self,
        texts: &[Text<'a>],
        allowed: &Allowed,
        threads: usize,
    ) -> Vec<Vec<Piece<'a>>> {
        let total: usize = texts.iter().map(|text| text.as_bytes().len()).sum();
        let serial = threads <= 1 || total < SERIAL_BYTES;
        let size = if serial { usize::MAX } else { (total / (threads * 8)).max(JOB_BYTES) };
        let (mut jobs, mut job, mut filled) = (Vec::new(), Vec::new(), 0);
        for (row, &text) in texts.iter().enumerate() {
            let mut rest = text;
            loop {
                let bytes = rest.as_bytes().len();
                let cut = if bytes > size { self.cut(rest, size, allowed) } else { None };
                let (piece, after) = match (rest, cut) {
                    (Text::Str(text), Some(cut)) => {
                        let (head, tail) = text.split_at(cut);
                        (Text::Str(head), Some(Text::Str(tail)))
                    }
                    _ => (rest, None),
                };
                filled += piece.as_bytes().len();
                job.push(Piece { row, text: piece });
                if filled >= size {
                    jobs.push(std::mem::take(&mut job));
                    filled = 0;
                }
                match after {
                    Some(tail) => rest = tail,
                    None => break,
                }
            }
        }
        if !job.is_empty() {
            jobs.push(job);
        }
        jobs
    }

    /// Where a long text can be cut for another thread.
    fn cut(&self, text: Text<'_>, from: usize, allowed: &Allowed) -> Option<usize> {
        match (text, self.scanner()) {
            // No added token reaches across a cut, which is before a space or after a newline.
            (Text::Str(text), Some(scanner))
                if !self.added.applies(allowed) || !self.added.has_spaces() =>
            {
                self.safe_cut(scanner, text.as_bytes(), from)
            }
            _ => None,
        }
    }
}

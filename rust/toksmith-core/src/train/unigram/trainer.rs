//! The loop: fit, prune, until few enough pieces are left.

use super::lattice::Lattice;
use super::maximise::{self, RARE};
use super::paths::Paths;
use super::prune;
use super::seed::{NO_PIECE, Piece, Seeds};
use super::segments::Segments;
use super::suffixes::Suffixes;
use super::sums;
use super::vocabulary::Fixed;
use super::{Options, STEPS, share};
use crate::error::Result;
use crate::parallel;
use crate::watch::Watch;

/// Characters of a block of words, at least; and most blocks. What a block is depends on the words
/// alone.
const BLOCK_CHARS: usize = 1 << 17;
const BLOCKS: usize = 16;

/// Pieces kept beyond those wanted until the end, where the least probable go.
const SPARE: f64 = 1.1;

/// Words of a block.
struct Block {
    lattice: Lattice,
    counts: Vec<u64>,
}

struct Trainer<'a> {
    segments: &'a Segments,
    options: &'a Options,
    threads: usize,
    watch: &'a Watch<'a>,
    /// Until pruning begins: the first pieces, and which number each has now.
    seeds: Option<(Seeds, Vec<u32>)>,
    /// The pieces that are left.
    pieces: Vec<Piece>,
    logprobs: Vec<f64>,
    /// What each character costs, on average.
    cost: f64,
    blocks: Vec<Block>,
    /// The pieces left when pruning began, as words, with their numbers.
    spelled: Option<(Lattice, Vec<u32>)>,
}

/// The pieces that are left and their scores, single characters first.
#[allow(clippy::cast_sign_loss, reason = "counts and parts are positive")]
pub(super) fn learn(
    segments: &Segments,
    options: &Options,
    fixed: &Fixed,
    threads: usize,
    watch: &Watch<'_>,
) -> Result<Vec<(String, f64)>> {
    let wanted = fixed.room(options);
    let mut trainer = Trainer::new(segments, options, fixed, threads, watch)?;
    let target = (wanted as f64 * SPARE).ceil() as usize;
    let first = trainer.pieces.len();
    let mut done = share::BEFORE;
    loop {
        for _ in 0..options.sub_iterations {
            trainer.fit()?;
        }
        let left = trainer.pieces.len();
        let part = (left as f64 / target.max(1) as f64).ln().max(0.0)
            / (first as f64 / target.max(1) as f64).ln().max(1e-9);
        let rounds = (STEPS - share::BEFORE) as f64;
        let now = share::BEFORE + ((1.0 - part.min(1.0)) * rounds) as usize;
        watch.add(now.saturating_sub(done));
        done = done.max(now);
        if left <= target {
            break;
        }
        let keep = ((left as f64 * options.shrinking_factor) as usize).max(target).min(left - 1);
        trainer.prune(keep)?;
    }
    let spell = |(piece, &score): (&Piece, &f64)| (segments.spelled(piece.start, piece.len), score);
    Ok(trainer.pieces.iter().zip(&trainer.logprobs).map(spell).collect())
}

impl<'a> Trainer<'a> {
    fn new(
        segments: &'a Segments,
        options: &'a Options,
        fixed: &Fixed,
        threads: usize,
        watch: &'a Watch<'a>,
    ) -> Result<Self> {
        let reach = options.max_piece_length;
        let limit = segments.alphabet.len() as u32 + 1;
        let suffixes = Suffixes::new(&segments.text, limit, reach, watch)?;
        let (size, reserved) = (options.seed_size, fixed.reserved());
        let seeds = Seeds::new(segments, &suffixes, reach, size, &reserved, watch)?;
        drop(suffixes);
        watch.add(share::SEEDS);
        watch.ask()?;
        let size = (segments.text.len() / BLOCKS).max(BLOCK_CHARS);
        let mut cuts = vec![0];
        let mut filled = 0;
        for (at, span) in segments.spans.iter().enumerate() {
            filled += span.len();
            if filled >= size {
                cuts.push(at + 1);
                filled = 0;
            }
        }
        cuts.push(segments.spans.len());
        let each = share::LATTICES / (cuts.len() - 1);
        watch.add(share::LATTICES % (cuts.len() - 1));
        let blocks = parallel::map(cuts.len() - 1, threads, watch, |block| {
            let range = cuts[block]..cuts[block + 1];
            let words = segments.spans[range.clone()].iter();
            let words = words.map(|span| Piece { start: span.start, len: span.end - span.start });
            let lattice = Lattice::new(&segments.text, words, &seeds, reach, |piece| piece)?;
            watch.add(each);
            Ok(Block { lattice, counts: segments.counts[range].to_vec() })
        })?;
        let numbers = (0..seeds.pieces.len() as u32).collect();
        let total: f64 = seeds.scores.iter().sum();
        // A character that was asked for and not seen counts as half seen.
        let logprob = |score: &f64| (score.max(RARE) / total.max(RARE)).ln();
        Ok(Self {
            segments,
            options,
            threads,
            watch,
            pieces: seeds.pieces.clone(),
            logprobs: seeds.scores.iter().map(logprob).collect(),
            seeds: Some((seeds, numbers)),
            cost: 0.0,
            blocks,
            spelled: None,
        })
    }

    /// One step of expectation and maximisation.
    fn fit(&mut self) -> Result<()> {
        let weigh =
            |(piece, logprob): (&Piece, &f64)| (logprob + self.cost * f64::from(piece.len)).exp();
        let weights: Vec<f64> = self.pieces.iter().zip(&self.logprobs).map(weigh).collect();
        let parts = parallel::map(self.blocks.len(), self.threads, self.watch, |at| {
            let Block { lattice, counts } = &self.blocks[at];
            Ok(sums::expected(lattice, counts, &weights))
        })?;
        let mut counts = vec![0.0; self.pieces.len()];
        let mut log_likelihood = 0.0;
        for part in parts {
            counts.iter_mut().zip(part.counts).for_each(|(sum, count)| *sum += count);
            log_likelihood += part.log_likelihood;
        }
        let characters: f64 = self
            .segments
            .spans
            .iter()
            .zip(&self.segments.counts)
            .map(|(span, &count)| span.len() as f64 * count as f64)
            .sum();
        if characters > 0.0 {
            self.cost = (self.cost - log_likelihood / characters).clamp(-40.0, 40.0);
        }
        let letters = self.segments.alphabet.len();
        let keep: Vec<bool> = counts
            .iter()
            .enumerate()
            .map(|(piece, &count)| piece < letters || count >= RARE)
            .collect();
        self.retain(&keep)?;
        let mut kept = keep.iter();
        counts.retain(|_| kept.next().copied().unwrap_or(false));
        self.logprobs = maximise::logprobs(&counts);
        Ok(())
    }

    /// Drops pieces; all numbers change.
    fn retain(&mut self, keep: &[bool]) -> Result<()> {
        let mut next = 0;
        let numbers: Vec<u32> = keep
            .iter()
            .map(|&keep| {
                let number = if keep { next } else { NO_PIECE };
                next += u32::from(keep);
                number
            })
            .collect();
        if next as usize == self.pieces.len() {
            return Ok(());
        }
        let renumber = |piece: &mut u32| {
            *piece = numbers.get(*piece as usize).copied().unwrap_or(NO_PIECE);
        };
        if let Some((_, current)) = &mut self.seeds {
            current.iter_mut().for_each(renumber);
        }
        let mut kept = keep.iter();
        self.pieces.retain(|_| kept.next().copied().unwrap_or(false));
        let mut kept = keep.iter();
        self.logprobs.retain(|_| kept.next().copied().unwrap_or(false));
        for block in &mut self.blocks {
            self.watch.ask()?;
            block.lattice.renumber(&numbers);
        }
        if let Some((lattice, words)) = &mut self.spelled {
            lattice.renumber(&numbers);
            words.iter_mut().for_each(renumber);
        }
        Ok(())
    }

    /// Drops the pieces that are worth least until `keep` are left; characters always stay.
    fn prune(&mut self, keep: usize) -> Result<()> {
        let pieces = self.pieces.len();
        let parts = parallel::map(self.blocks.len(), self.threads, self.watch, |at| {
            let Block { lattice, counts } = &self.blocks[at];
            Ok(Paths::new(lattice, &self.logprobs).counts(lattice, counts, pieces))
        })?;
        let mut counts = vec![0.0; pieces];
        for part in parts {
            counts.iter_mut().zip(part).for_each(|(sum, count)| *sum += count);
        }
        let losses = self.losses(&counts)?;
        let letters = self.segments.alphabet.len();
        let mut order: Vec<u32> = (letters as u32..pieces as u32).collect();
        let by_loss =
            |a: &u32, b: &u32| losses[*b as usize].total_cmp(&losses[*a as usize]).then(a.cmp(b));
        order.sort_unstable_by(by_loss);
        let mut kept = vec![false; pieces];
        kept[..letters].fill(true);
        order
            .iter()
            .take(keep.saturating_sub(letters))
            .for_each(|&piece| kept[piece as usize] = true);
        self.retain(&kept)
    }

    /// By piece, how much less likely the words are without it.
    fn losses(&mut self, counts: &[f64]) -> Result<Vec<f64>> {
        if let Some((seeds, numbers)) = self.seeds.take() {
            self.spelled = Some(self.spell(&seeds, &numbers)?);
        }
        let mut losses = vec![f64::INFINITY; self.pieces.len()];
        let Some((lattice, words)) = &self.spelled else { return Ok(losses) };
        let total: f64 = counts.iter().sum();
        let paths = Paths::new(lattice, &self.logprobs);
        let mut instead = Vec::new();
        for (&node, &piece) in lattice.words.iter().zip(words) {
            let Some(loss) = losses.get_mut(piece as usize) else { continue };
            paths.split(lattice, &self.logprobs, node, &mut instead);
            *loss = prune::loss(counts[piece as usize], total, &instead, counts);
        }
        Ok(losses)
    }

    /// The lattice of the pieces of several characters that are left.
    fn spell(&self, seeds: &Seeds, numbers: &[u32]) -> Result<(Lattice, Vec<u32>)> {
        let text = &self.segments.text;
        let spelling = |piece: &u32| {
            let Piece { start, len } = self.pieces[*piece as usize];
            &text[start as usize..(start + len) as usize]
        };
        let letters = self.segments.alphabet.len() as u32;
        let mut words: Vec<u32> = (letters..self.pieces.len() as u32).collect();
        words.sort_unstable_by(|a, b| spelling(a).cmp(spelling(b)));
        let spelled = words.iter().map(|&piece| self.pieces[piece as usize]);
        let current = |piece: u32| numbers[piece as usize];
        let reach = self.options.max_piece_length;
        Ok((Lattice::new(text, spelled, seeds, reach, current)?, words))
    }
}

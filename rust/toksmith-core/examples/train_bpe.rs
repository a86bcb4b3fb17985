//! Trains on counted words, for measuring: `train_bpe WORDS VOCAB_SIZE`, where `WORDS` has for each
//! word its count (u64), its length (u32) and its bytes, little-endian.

#![allow(clippy::print_stdout, reason = "a program")]

use std::time::Instant;
use toksmith_core::train::bpe::{Options, train};
use toksmith_core::train::words::WordCounts;
use toksmith_core::watch::Watch;

type Failure = Box<dyn std::error::Error>;

fn read(path: &str) -> Result<WordCounts, Failure> {
    let data = std::fs::read(path)?;
    let (mut rest, mut words) = (data.as_slice(), Vec::new());
    while let Some((count, tail)) = rest.split_first_chunk::<8>() {
        let (len, tail) = tail.split_first_chunk::<4>().ok_or("no length")?;
        let (word, tail) =
            tail.split_at_checked(u32::from_le_bytes(*len) as usize).ok_or("no word")?;
        words.push((word, u64::from_le_bytes(*count)));
        rest = tail;
    }
    Ok(words.into_iter().collect())
}

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("which words?")?;
    let vocab_size = arguments.next().ok_or("how many tokens?")?.parse()?;
    let words = read(&path)?;
    let begun = Instant::now();
    let trained = train(&words, &Options::new(vocab_size), &Watch::none())?;
    let last = trained.merges.last().map_or(0, |merge| merge.count);
    println!(
        "{} words, {} tokens, {} merges, the last of count {last}: {:.3} s",
        words.len(),
        trained.tokens.len(),
        trained.merges.len(),
        begun.elapsed().as_secs_f64()
    );
    Ok(())
}

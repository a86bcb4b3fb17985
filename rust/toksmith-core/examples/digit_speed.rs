//! How fast texts are cut into groups of digits, on one thread:
//! `cargo run --release --package toksmith-core --example digit_speed`.

use std::time::Instant;
use toksmith_core::encode::pretokenize::{Dialect, stages::Stages};
use toksmith_core::formats::{Split, SplitBehaviour, pipeline::PreTokenizer};

/// Bytes of a text: the pieces of one are in memory together.
const TEXT: usize = 100_000;

fn main() -> toksmith_core::Result<()> {
    let digits = (0..20_000_000u32).map(|i| char::from(b'0' + (i % 10) as u8)).collect();
    let numbers: Vec<_> = (0..2_000_000u64).map(|i| (i * 7919 % 100_000_007).to_string()).collect();
    let numbers = numbers.join(" ");
    let kinds: [(&str, String); 2] = [("digits", digits), ("numbers", numbers)];
    for pattern in [r"\p{N}{1,3}(?=(?:\p{N}{3})*(?!\p{N}))", r"\p{N}{1,3}"] {
        let stage = PreTokenizer::Split(Split {
            pattern: pattern.into(),
            dialect: Dialect::Oniguruma,
            behaviour: SplitBehaviour::Isolated,
            invert: false,
        });
        let stages = Stages::new(&[stage])?;
        for (name, text) in &kinds {
            let (mut caches, mut pieces, begun) = (Vec::new(), 0usize, Instant::now());
            for part in text.as_bytes().chunks(TEXT) {
                let part = std::str::from_utf8(part).unwrap_or_default();
                stages.cut(part, &mut caches, |_| {
                    pieces += 1;
                    Ok(())
                })?;
            }
            let speed = text.len() as f64 / 1e6 / begun.elapsed().as_secs_f64();
            println!("{pattern}, {name}: {speed:.0} MB/s, {pieces} pieces");
        }
    }
    Ok(())
}

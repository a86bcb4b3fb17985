//! How long a row of logits takes to become masses by bytes, on one thread, next to reading it once:
//! `cargo run --release --package toksmith-core --example row_speed -- FILE`, a tokenizer.json.

use std::sync::Arc;
use std::time::Instant;
use toksmith_core::byte_probs::layout::RowLayout;
use toksmith_core::byte_probs::logits::Logits;
use toksmith_core::byte_probs::mask::Mask;
use toksmith_core::byte_probs::row::{Allowed, Row};
use toksmith_core::byte_probs::spelling::Spelling;
use toksmith_core::byte_probs::trie::TokenTrie;
use toksmith_core::{Error, Tokenizer, formats};

/// Repetitions, of which the median is shown.
const TIMES: usize = 501;

fn time(what: &str, mut work: impl FnMut() -> f64) {
    let mut times: Vec<f64> = (0..TIMES)
        .map(|_| {
            let begun = Instant::now();
            std::hint::black_box(work());
            begun.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let [least, median] = [0, TIMES / 2].map(|at| times.get(at).copied().unwrap_or_default());
    println!("{what:<40} {median:8.1} us, at least {least:.1}");
}

/// Adds up numbers, in lanes: the time of reading them once.
fn read(logits: &[f32]) -> f64 {
    let mut lanes = [0.0; 64];
    for chunk in logits.chunks_exact(64) {
        lanes.iter_mut().zip(chunk).for_each(|(lane, logit)| *lane += logit);
    }
    lanes.iter().sum::<f32>().into()
}

fn main() -> toksmith_core::Result<()> {
    let wrong = |why: String| Error::Input { why };
    let path = std::env::args().nth(1).ok_or_else(|| wrong("give a tokenizer.json".into()))?;
    let bytes = std::fs::read(&path).map_err(|error| wrong(format!("{path}: {error}")))?;
    let tokenizer = Tokenizer::build(formats::load_json(&bytes)?)?;
    let spelling = Spelling::new(&tokenizer)?;
    let begun = Instant::now();
    let trie = Arc::new(TokenTrie::new(&spelling.tokens)?);
    println!("{} tokens, sorted in {:.1?}", trie.len(), begun.elapsed());
    let layout = RowLayout::new(Arc::clone(&trie), &spelling.specials, None, false)?;
    let sorted = RowLayout::new(Arc::clone(&trie), &spelling.specials, None, true)?;
    // Sums of uniform numbers, in ±24, as those of real models are in most of their rows.
    let mut state = 1_u64;
    let mut uniform = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 40) as f32 / (1_u32 << 24) as f32
    };
    let mut logit = || (0..4).map(|_| uniform() - 0.5).sum::<f32>() * 12.0;
    let single: Vec<f32> = (0..layout.least().max(sorted.least())).map(|_| logit()).collect();
    let double: Vec<f64> = single.iter().map(|&logit| logit.into()).collect();
    let half: Vec<u16> = single.iter().map(|logit| (logit.to_bits() >> 16) as u16).collect();
    let mut tokens = Mask::all(trie.len());
    (0..trie.len() as u32).step_by(37).for_each(|place| tokens.remove(place));
    let some = Some(Allowed { tokens: &tokens, specials: false });
    let kinds = [
        ("float32", &layout, Logits::F32(&single), None),
        ("float32, one of 37 tokens forbidden", &layout, Logits::F32(&single), some),
        ("float32 in byte order", &sorted, Logits::F32(&single), None),
        ("bfloat16", &layout, Logits::Bf16(&half), None),
        ("float64", &layout, Logits::F64(&double), None),
    ];
    time("float32, read once", || read(&single));
    for (kind, layout, logits, allowed) in kinds {
        let row = || Row::new(layout, logits, allowed);
        row()?;
        time(kind, || row().map_or(f64::NAN, |row| row.token(0)));
    }
    let row = Row::new(&layout, Logits::F32(&single), None)?;
    let (mut masses, mut logs) = ([0.0; 256], vec![0.0; 257 + layout.specials().len()]);
    for prefix in ["", " ", " t", " th"] {
        let node = trie.find(prefix.as_bytes());
        time(&format!("next bytes after {prefix:?}"), || {
            row.next_bytes(node, &mut masses);
            masses[0]
        });
        time(&format!("logarithms after {prefix:?}"), || {
            row.next_logs(node, &mut logs);
            logs[0]
        });
    }
    Ok(())
}

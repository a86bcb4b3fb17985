//! How long batch merges take: from ids and a mask to the new batch, in CPU time of one thread.
//!
//!     cargo run --release --example merge_speed -- TOKENIZER TEXT [REPEATED] [MERGES]
//!
//! TEXT has a sentence a line. REPEATED copies of it are merged as one batch, each copy with other
//! ids in every eighth row, so that pairs grow in number as text does.

use std::time::Instant;
use toksmith_core::dynamic::merges::bounds::{Boundary, Protected};
use toksmith_core::dynamic::merges::rule::Rule;
use toksmith_core::dynamic::merges::{Counting, Options, Ties, layout, merge};
use toksmith_core::encode::added::Allowed;
use toksmith_core::tokenizer::Text;
use toksmith_core::watch::Watch;
use toksmith_core::{Tokenizer, formats, mmap};

/// Milliseconds of CPU of this thread, where the system says; else by the clock.
fn now(begun: Instant) -> f64 {
    let said = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let on_cpu = said.and_then(|text| text.split(' ').next()?.parse::<f64>().ok());
    on_cpu.map_or_else(|| begun.elapsed().as_secs_f64() * 1e3, |nanos| nanos / 1e6)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let begun = Instant::now();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [tokenizer, text, rest @ ..] = arguments.as_slice() else {
        return Err("usage: merge_speed TOKENIZER TEXT [REPEATED] [MERGES]".into());
    };
    let number = |at: usize| rest.get(at).map(|value| value.parse::<usize>()).transpose();
    let (copies, merges) = (number(0)?.unwrap_or(1), number(1)?.unwrap_or(500));
    let data = mmap::open(tokenizer.as_ref())?;
    let tokenizer = Tokenizer::build(formats::load(&data, &formats::Options::default())?)?;
    let text = std::fs::read_to_string(text)?;
    let texts: Vec<Text<'_>> = text.lines().map(Text::Str).collect();
    let (watch, protected) = (Watch::none(), Protected::default());
    let rows = tokenizer.encode_batch(&texts, &Allowed::None, 1, &watch)?;
    let limit = tokenizer.vocab().id_limit() as u32;
    for boundary in [Boundary::PreToken, Boundary::None] {
        let began = now(begun);
        let found =
            layout::find(&tokenizer, &rows.ids, &rows.offsets, None, boundary, &protected, &watch)?;
        println!("{boundary:?}: mask in {:.2} ms", now(begun) - began);
        let (mut ids, mut offsets, mut open) = (Vec::new(), vec![0i64], Vec::new());
        for copy in 0..copies {
            for (row, bounds) in rows.offsets.windows(2).enumerate() {
                let range = usize::try_from(bounds[0])?..usize::try_from(bounds[1])?;
                let moved = if row % 8 == copy % 8 { copy as u32 * 7919 } else { 0 };
                ids.extend(rows.ids[range.clone()].iter().map(|id| (id + moved) % limit));
                open.extend_from_slice(&found.units.open[range]);
                offsets.push(ids.len() as i64);
            }
        }
        for (ties, counting) in [
            (Ties::FirstSeen, Counting::Published),
            (Ties::Id, Counting::Published),
            (Ties::FirstSeen, Counting::NonOverlapping),
        ] {
            let options = Options {
                ties,
                counting,
                merges: Some(merges),
                first_id: limit,
                ..Options::default()
            };
            let mut times = Vec::new();
            let mut left = (0, 0);
            for _ in 0..(2_000_000 / ids.len()).clamp(3, 200) {
                let began = now(begun);
                let done = merge(
                    &ids,
                    &offsets,
                    Some(&open),
                    &protected,
                    &options,
                    &mut Rule::any(),
                    &watch,
                )?;
                times.push(now(begun) - began);
                left = (done.ids.len(), done.log.len());
            }
            times.sort_by(f64::total_cmp);
            println!(
                "  {ties:?} {counting:?}: {} rows, {} ids, {} merges -> {} ids: median {:.3} ms, least {:.3} ms, {:.1} ns an id",
                offsets.len() - 1,
                ids.len(),
                left.1,
                left.0,
                times[times.len() / 2],
                times[0],
                times[0] * 1e6 / ids.len() as f64,
            );
        }
    }
    Ok(())
}

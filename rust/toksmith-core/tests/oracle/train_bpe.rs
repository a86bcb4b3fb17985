//! Training by merges, said plainly: after every merge all pairs are counted again.

use std::collections::BTreeMap;

/// `(left, right, token, count)`.
pub type Merge = (u32, u32, u32, u64);

/// Merges `words` of ids until there are `size` tokens or no pair is seen `least` times.
pub fn train(
    mut tokens: Vec<Vec<u8>>,
    mut words: Vec<(Vec<u32>, u64)>,
    size: usize,
    least: u64,
) -> (Vec<Vec<u8>>, Vec<Merge>) {
    let mut merges: Vec<Merge> = Vec::new();
    while tokens.len() < size {
        let mut pairs: BTreeMap<(u32, u32), u64> = BTreeMap::new();
        for (word, count) in &words {
            for pair in word.windows(2) {
                *pairs.entry((pair[0], pair[1])).or_default() += count;
            }
        }
        // Of several that are seen most often, the first.
        let best = pairs.into_iter().rev().max_by_key(|&(_, count)| count);
        let Some(((left, right), count)) = best.filter(|best| best.1 >= least.max(1)) else {
            break;
        };
        let spelling = [&*tokens[left as usize], &*tokens[right as usize]].concat();
        let known = tokens.iter().position(|token| *token == spelling);
        let token = known.unwrap_or(tokens.len()) as u32;
        if known.is_none() {
            tokens.push(spelling);
        }
        for (word, _) in &mut words {
            *word = merged(word, left, right, token);
        }
        if !merges.iter().any(|merge| (merge.0, merge.1) == (left, right)) {
            merges.push((left, right, token, count));
        }
    }
    (tokens, merges)
}

/// The word with a pair merged, from left to right.
fn merged(word: &[u32], left: u32, right: u32, token: u32) -> Vec<u32> {
    let (mut out, mut rest) = (Vec::new(), word);
    while let Some((&first, tail)) = rest.split_first() {
        if first == left && tail.first() == Some(&right) {
            out.push(token);
            rest = &tail[1..];
        } else {
            out.push(first);
            rest = tail;
        }
    }
    out
}

//! Rows against sums of exponentials, one after the other.

#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]
#![allow(clippy::cast_sign_loss, reason = "nothing is negative")]
#![allow(clippy::float_cmp, reason = "zeros and ones are exact")]

use super::*;
use crate::token::TokenId;

/// Pseudo-random numbers between 0 and 1.
fn random(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed;
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Words over a few bytes, some of them twice; every seventh id is a hole, `specials` come last.
fn layout(tokens: u32, padding: usize, in_byte_order: bool) -> RowLayout {
    let mut random = random(3);
    let mut letter = || b'a' + (random() * random() * 9.0) as u8;
    let words: Vec<(TokenId, Vec<u8>)> = (0..tokens)
        .filter(|id| id % 7 != 3)
        .map(|id| (id, (0..=id % 5).map(|_| letter()).collect()))
        .collect();
    let trie = Arc::new(TokenTrie::new(&words).unwrap());
    let specials = [tokens, tokens + 2];
    let width = if in_byte_order { trie.len() + 2 } else { tokens as usize + 3 };
    RowLayout::new(trie, &specials, Some(width + padding), in_byte_order).unwrap()
}

/// Logits in ±`reach`, some of them minus infinity.
fn logits(len: usize, reach: f64, seed: u64) -> Vec<f64> {
    let mut random = random(seed);
    (0..len)
        .map(|_| match random() {
            low if low < 0.01 => f64::NEG_INFINITY,
            _ => (2.0 * random() - 1.0) * reach,
        })
        .collect()
}

fn near(got: f64, want: f64, error: f64) {
    assert!((got - want).abs() <= error * want, "{got} is not {want}");
}

/// Compares all that can be asked of a row with sums over its numbers.
fn check(layout: &RowLayout, logits: &[f64], row: &Row, allowed: Option<Allowed<'_>>, error: f64) {
    let trie = layout.trie();
    let max = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let exp = |at: usize| (logits[at] - max).exp();
    let one: f64 = (0..logits.len()).map(exp).sum();
    let at = |place: u32| {
        if layout.in_byte_order() { place as usize } else { trie.id(place) as usize }
    };
    let may = |place: u32| allowed.is_none_or(|allowed| allowed.tokens.contains(place));
    let token = |place: u32| if may(place) { exp(at(place)) / one } else { 0.0 };
    let places = 0..trie.len() as u32;
    for place in places.clone() {
        near(row.token(place), token(place), error);
    }
    let mut random = random(9);
    for _ in 0..300 {
        let mut end = || (random() * random() * trie.len() as f64) as u32;
        let range = end()..end();
        near(row.mass(range.clone()), range.clone().map(token).sum(), error);
        near(row.log_mass(range.clone()).exp(), range.map(token).sum(), error * 10.0);
    }
    let specials = allowed.is_none_or(|allowed| allowed.specials);
    let mut of_specials = 0.0;
    for (k, &id) in layout.specials().iter().enumerate() {
        let at = if layout.in_byte_order() { trie.len() + k } else { id as usize };
        of_specials += exp(at) / one;
        near(row.special(k), if specials { exp(at) / one } else { 0.0 }, error);
    }
    let of_tokens: f64 = places.clone().map(|place| exp(at(place)) / one).sum();
    let kept: f64 = places.map(token).sum::<f64>() + if specials { of_specials } else { 0.0 };
    let unspelled = 1.0 - of_tokens - of_specials;
    assert!((row.unspelled_mass() - unspelled).abs() < 1e-6);
    if allowed.is_some() {
        near(row.allowed_mass(), kept, error);
        assert!((row.dropped_mass() - (1.0 - kept)).abs() < 1e-6);
    } else {
        assert_eq!((row.allowed_mass(), row.dropped_mass()), (1.0, 0.0));
    }
    for bytes in ["", "a", "b", "aa", "ba", "aaa", "abc", "zz", "aaaaaaaa"] {
        let (prefix, mut next) = (trie.find(bytes.as_bytes()), [1.0; 256]);
        row.next_bytes(prefix, &mut next);
        let (mut want, mut end) = ([0.0; 256], 0.0);
        for place in 0..trie.len() as u32 {
            match trie.spelling(place).strip_prefix(bytes.as_bytes()) {
                Some([]) => end += token(place),
                Some([byte, ..]) => want[usize::from(*byte)] += token(place),
                None => {}
            }
        }
        next.iter().zip(&want).for_each(|(&got, &want)| near(got, want, error));
        near(row.ending(prefix), end, error);
        let mut logs = vec![0.0; 257 + layout.specials().len()];
        row.next_logs(prefix, &mut logs);
        let given = if bytes.is_empty() { 1.0 } else { end + want.iter().sum::<f64>() };
        if given == 0.0 {
            assert!(logs.iter().all(|&log| log == f64::NEG_INFINITY));
            continue;
        }
        for (byte, &log) in logs.iter().take(256).enumerate() {
            near(log.exp() * given, want[byte], error * 10.0);
        }
        near(logs[256].exp() * given, end, error * 10.0);
        for (k, &log) in logs[257..].iter().enumerate() {
            let want = if bytes.is_empty() { row.special(k) } else { 0.0 };
            near(log.exp(), want, error * 10.0);
        }
    }
}

/// Masks of all kinds: all, nothing, whole blocks and single tokens in and out.
fn masks(len: usize) -> Vec<Mask> {
    let mut some = Mask::all(len);
    (0..len as u32).filter(|place| place / 64 % 3 == 0 || place % 5 == 1).for_each(|place| {
        some.remove(place);
    });
    let mut few = Mask::none(len);
    (0..len as u32).step_by(97).for_each(|place| few.insert(place));
    let mut most = Mask::all(len);
    (5..len as u32).step_by(37).for_each(|place| most.remove(place));
    vec![Mask::all(len), Mask::none(len), some, few, most]
}

#[test]
fn masses_are_sums_of_exponentials() {
    for (tokens, padding, in_byte_order) in
        [(1, 0, false), (70, 5, false), (6000, 0, false), (6000, 300, true), (9001, 130, false)]
    {
        let layout = layout(tokens, padding, in_byte_order);
        let len = if in_byte_order { layout.least() } else { tokens as usize + 3 } + padding;
        for reach in [0.0, 5.0, 50.0, 300.0] {
            let mut wide = logits(len, reach, u64::from(tokens));
            wide[len / 2] = reach;
            let single: Vec<f32> = wide.iter().map(|&logit| logit as f32).collect();
            let narrow: Vec<f64> = single.iter().map(|&logit| f64::from(logit)).collect();
            let mut allowed = vec![None];
            let masks = masks(layout.trie().len());
            for tokens in &masks {
                allowed.extend([true, false].map(|specials| Some(Allowed { tokens, specials })));
            }
            for allowed in allowed {
                let row = Row::new(&layout, Logits::F64(&wide), allowed).unwrap();
                check(&layout, &wide, &row, allowed, 1e-12);
                let row = Row::new(&layout, Logits::F32(&single), allowed).unwrap();
                check(&layout, &narrow, &row, allowed, 1e-6);
            }
        }
    }
}

#[test]
fn sixteen_bits_are_read_as_the_numbers_they_are() {
    let layout = layout(500, 0, false);
    let bits: Vec<u16> = (0..503_u16).map(|at| (at * 37 % 0x5400) | ((at & 1) << 15)).collect();
    let wide: Vec<f64> = from_half(&bits).into_iter().map(f64::from).collect();
    let row = Row::new(&layout, Logits::F16(&bits), None).unwrap();
    check(&layout, &wide, &row, None, 1e-6);
    let bits: Vec<u16> = (0..503_u16).map(|at| (at * 37 % 0x4200) | ((at & 1) << 15)).collect();
    let wide: Vec<f64> = from_bfloat(&bits).into_iter().map(f64::from).collect();
    let row = Row::new(&layout, Logits::Bf16(&bits), None).unwrap();
    check(&layout, &wide, &row, None, 1e-6);
}

#[test]
fn rare_tokens_keep_their_digits_next_to_certain_ones() {
    let layout = layout(6000, 0, false);
    let mut logits = vec![-1000.0_f32; 6003];
    logits[0] = 200.0;
    logits[5000] = f32::NEG_INFINITY;
    let row = Row::new(&layout, Logits::F32(&logits), None).unwrap();
    let place = layout.trie().place(1).unwrap();
    near(row.log_token(place), -1200.0, -1e-12);
    let (first, last) = (layout.trie().place(0).unwrap(), layout.trie().len() as u32);
    let rest = row.log_mass(first + 1..last);
    let count = f64::from(last - first - 1)
        - f64::from(u8::from(layout.trie().place(5000).unwrap() > first));
    near(rest, count.ln() - 1200.0, -1e-12);
    assert_eq!(row.token(layout.trie().place(5000).unwrap()), 0.0);
    // Beyond float64 they are impossible, and do not make float64 of the row.
    logits[2] = -1e9;
    logits[4] = f32::MIN;
    let row = Row::new(&layout, Logits::F32(&logits), None).unwrap();
    assert_eq!(row.token(layout.trie().place(2).unwrap()), 0.0);
    let logits: Vec<f32> = logits.iter().map(|&x| if x == -1000.0 { 100.0 } else { x }).collect();
    let row = Row::new(&layout, Logits::F32(&logits), None).unwrap();
    assert!(matches!(row.numbers, Numbers::F32(_)));
}

#[test]
fn what_is_dropped_is_a_sum() {
    let layout = layout(100, 0, false);
    let mut tokens = Mask::all(layout.trie().len());
    let mut logits = vec![0.0_f64; 103];
    let id = layout.trie().id(20);
    tokens.remove(20);
    logits[id as usize] = -60.0;
    for at in (3..=101).step_by(7) {
        logits[at] = f64::NEG_INFINITY;
    }
    let allowed = Allowed { tokens: &tokens, specials: true };
    let row = Row::new(&layout, Logits::F64(&logits), Some(allowed)).unwrap();
    near(row.dropped_mass(), (-60_f64).exp() / 87.0, 1e-14);
    let mass = row.mass(0..100);
    let row = row.renormalized().unwrap();
    near(row.mass(0..100), mass, 1e-14);
    near(row.mass(0..100) + row.special(0) + row.special(1), 1.0, 1e-14);
    let none = Mask::none(layout.trie().len());
    let allowed = Allowed { tokens: &none, specials: false };
    let row = Row::new(&layout, Logits::F64(&logits), Some(allowed)).unwrap();
    assert_eq!((row.allowed_mass(), row.dropped_mass()), (0.0, 1.0));
    assert!(row.renormalized().is_err());
}

#[test]
fn a_batch_is_its_rows_on_any_number_of_threads() {
    let layout = layout(20_000, 17, false);
    let rows: Vec<Vec<f32>> = (0..5)
        .map(|seed| logits(20_020, 30.0, seed).into_iter().map(|logit| logit as f32).collect())
        .collect();
    let masks = masks(layout.trie().len());
    let given: Vec<_> = (0..5)
        .map(|at| {
            let allowed = masks.get(at).map(|tokens| Allowed { tokens, specials: at % 2 == 0 });
            (Logits::F32(&rows[at]), allowed)
        })
        .collect();
    let all = |row: &Row| {
        let tokens = (0..layout.trie().len() as u32).map(|place| row.token(place).to_bits());
        let mut logs = [0.0; 259];
        row.next_logs(layout.trie().root(), &mut logs);
        tokens.chain(logs.map(f64::to_bits)).collect::<Vec<_>>()
    };
    for threads in [1, 2, 3, 8] {
        let batch = Row::batch(&layout, &given, threads).unwrap();
        for (row, &(logits, allowed)) in batch.iter().zip(&given) {
            assert_eq!(all(row), all(&Row::new(&layout, logits, allowed).unwrap()));
        }
    }
    let mut bad = rows[3].clone();
    bad[11] = f32::NAN;
    let given = [(Logits::F32(&rows[0]), None), (Logits::F32(&bad), None)];
    let why = Row::batch(&layout, &given, 2).unwrap_err().to_string();
    assert!(why.starts_with("row 1: logit 11 is NaN"), "{why}");
}

#[test]
fn vectors_of_every_width_and_none_give_the_same_row() {
    use crate::simd::{Work, vectors::Plain};
    let layout = layout(3000, 100, false);
    let mask = &masks(layout.trie().len())[2];
    let wide = logits(3103, 80.0, 5);
    let single: Vec<f32> = wide.iter().map(|&logit| logit as f32).collect();
    let pass = || Pass::<f64, f64>::new(&layout, &wide, 80.0, Some(mask.words()));
    let (fast, plain) = (vectorized(pass()), pass().run::<Plain>());
    assert_eq!(fast.numbers, plain.numbers);
    assert_eq!((fast.blocks, fast.dropped), (plain.blocks, plain.dropped));
    let pass = || Pass::<f32, f32>::new(&layout, &single, 80.0, Some(mask.words()));
    let (fast, plain) = (vectorized(pass()), pass().run::<Plain>());
    assert_eq!(fast.numbers, plain.numbers);
    assert_eq!((fast.blocks, fast.dropped), (plain.blocks, plain.dropped));
    assert_eq!((fast.specials, fast.unspelled), (plain.specials, plain.unspelled));
}

#[test]
fn what_does_not_fit_is_refused() {
    let layout = layout(100, 0, false);
    let new = |logits: &[f64], allowed| Row::new(&layout, Logits::F64(logits), allowed);
    let why = new(&[0.0; 102], None).unwrap_err().to_string();
    assert_eq!(why, "a row has 102 numbers, expected 103");
    assert!(new(&[f64::NEG_INFINITY; 103], None).is_err());
    let mask = Mask::all(3);
    assert!(new(&[0.0; 103], Some(Allowed { tokens: &mask, specials: true })).is_err());
    let trie = layout.trie();
    let open = RowLayout::new(Arc::clone(trie), &[100, 102], None, false).unwrap();
    assert!(Row::new(&open, Logits::F64(&[0.0; 500]), None).is_ok());
    assert!(Row::new(&open, Logits::F64(&[0.0; 102]), None).is_err());
    assert!(RowLayout::new(Arc::clone(trie), &[100, 102], Some(102), false).is_err());
    assert!(RowLayout::new(Arc::clone(trie), &[100, 100], None, false).is_err());
    assert!(RowLayout::new(Arc::clone(trie), &[1], None, false).is_err());
}

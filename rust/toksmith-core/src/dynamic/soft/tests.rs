//! Against plain loops over all pairs.

use super::means::merge;
use super::plan::{Kernel, Method, Options, Pairing, plan};
use super::sweep::{Fold, sweep};
use super::*;
use crate::watch::Watch;
use std::ops::Range;

/// Numbers within plus or minus one, from a seed.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }

    fn below(&mut self, limit: usize) -> usize {
        let share = f64::midpoint(self.next(), 1.0) * limit as f64;
        (0..limit).take_while(|&at| at as f64 <= share).last().unwrap_or(0)
    }

    fn many<T: Number>(&mut self, count: usize) -> Vec<T> {
        (0..count).map(|_| T::of(self.next())).collect()
    }
}

fn options(r: usize) -> Options<'static> {
    Options { r, protected: None, window: None, causal: false, published: false }
}

const ENERGY: Method =
    Method::Energy { margin: 0.1, alpha: 1.0, kernel: Kernel::Elu, pairing: Pairing::Alternate };

fn sweeps_equal_loops<T: Number>(close: f64) {
    let mut random = Numbers(7);
    for (len, width) in [(1, 1), (5, 3), (40, 7), (70, 64), (33, 300), (300, 9), (90, 5000)] {
        let unit: Vec<T> = random.many(len * width);
        let dot = |a: u32, b: u32| -> f64 {
            let of = |at: u32| &unit[at as usize * width..][..width];
            let both = of(a).iter().zip(of(b));
            both.fold(T::ZERO, |sum, (&a, &b)| a.fused(b, sum)).into()
        };
        let sources: Vec<u32> = (0..len as u32).filter(|_| random.next() > -0.5).collect();
        let targets: Vec<u32> = (0..len as u32).filter(|_| random.next() > -0.5).collect();
        let ranges: Vec<Range<u32>> = sources
            .iter()
            .map(|_| {
                if random.next() > 0.0 {
                    return 0..targets.len() as u32;
                }
                let (a, b) = (random.below(targets.len() + 1), random.below(targets.len() + 1));
                a.min(b) as u32..a.max(b) as u32
            })
            .collect();
        let (margin, alpha, sigma) = (0.2, 0.7, 0.9);
        for fold in [Fold::Best, Fold::Elu { margin, alpha }, Fold::Gauss { sigma }] {
            let watch = Watch::none();
            let swept = sweep(&unit, width, &sources, &targets, &ranges, fold, &watch).unwrap();
            for (row, (&source, range)) in sources.iter().zip(&ranges).enumerate() {
                let mut best = (f64::NEG_INFINITY, 0);
                let mut sum = 0.0;
                for place in range.clone() {
                    let cosine = dot(source, targets[place as usize]);
                    if cosine > best.0 {
                        best = (cosine, place);
                    }
                    sum += match fold {
                        Fold::Best => 0.0,
                        Fold::Elu { .. } if cosine > margin => cosine - margin,
                        Fold::Elu { .. } => alpha * (cosine - margin).exp_m1(),
                        Fold::Gauss { .. } => (-0.5 * ((1.0 - cosine) / sigma).powi(2)).exp(),
                    };
                }
                if matches!(fold, Fold::Best) {
                    let found: f64 = swept.best[row].into();
                    assert!(found.total_cmp(&best.0).is_eq(), "{len} {width} {row}");
                    assert_eq!(swept.at[row], best.1);
                } else {
                    let room = close * (1.0 + sum.abs() + range.len() as f64);
                    assert!((swept.sums[row] - sum).abs() <= room, "{fold:?} {len} {width}");
                }
            }
        }
    }
}

#[test]
fn folded_cosines_equal_loops() {
    sweeps_equal_loops::<f32>(2e-6);
    sweeps_equal_loops::<f64>(1e-13);
}

#[test]
fn equal_cosines_take_the_first_target() {
    let unit = vec![1.0_f32; 200];
    let places: Vec<u32> = (0..200).collect();
    let ranges: Vec<Range<u32>> = (0..200).map(|at| at / 2..200).collect();
    let watch = Watch::none();
    let swept = sweep(&unit, 1, &places, &places, &ranges, Fold::Best, &watch).unwrap();
    assert_eq!(swept.at, (0..200).map(|at| at / 2).collect::<Vec<u32>>());
}

#[test]
fn sizes_and_sums_are_kept() {
    let mut random = Numbers(3);
    for len in [2, 7, 30, 101] {
        let (batch, width) = (3, 5);
        let x: Vec<f64> = random.many(batch * len * width);
        let sizes: Vec<f64> = (0..batch * len).map(|_| random.next() + 1.5).collect();
        let array = Array::new(&x, [batch, len, width], "x").unwrap();
        for r in [0, 1, len / 4, len / 2] {
            for method in [Method::Bipartite, ENERGY] {
                for published in [false, true] {
                    let options = Options { published, ..options(r) };
                    let plan = plan(&array, method, &options, 1, &Watch::none()).unwrap();
                    assert_eq!((plan.after, plan.firsts.len()), (len - r, batch * (len - r)));
                    let done = merge(&plan, &array, Some(&sizes), 1, &Watch::none()).unwrap();
                    for coordinate in 0..width {
                        let sum = |x: &[f64], sizes: &[f64]| -> f64 {
                            let of = x.iter().skip(coordinate).step_by(width);
                            of.zip(sizes).map(|(x, size)| x * size).sum()
                        };
                        let (before, after) = (sum(&x, &sizes), sum(&done.numbers, &done.sizes));
                        assert!((before - after).abs() < 1e-9);
                    }
                    assert!(
                        (done.sizes.iter().sum::<f64>() - sizes.iter().sum::<f64>()).abs() < 1e-9
                    );
                    if !published {
                        let rows = plan.firsts.chunks(len - r);
                        assert!(rows.into_iter().all(<[i64]>::is_sorted));
                    }
                    if r == 0 {
                        assert_eq!((done.numbers, done.sizes), (x.clone(), sizes.clone()));
                    }
                }
            }
        }
    }
}

#[test]
fn what_cannot_be_merged_is_an_error() {
    let x = [0.5_f32; 12];
    let array = Array::new(&x, [2, 3, 2], "x").unwrap();
    let watch = Watch::none();
    assert!(plan(&array, Method::Bipartite, &options(3), 1, &watch).is_err());
    assert!(plan(&array, ENERGY, &options(2), 1, &watch).is_err());
    assert!(plan(&array, ENERGY, &options(usize::MAX), 1, &watch).is_err());
    let first = Options { causal: true, window: Some(0), ..options(1) };
    assert!(plan(&array, Method::Bipartite, &first, 1, &watch).is_err());
    let flags = Options { protected: Some(&[true; 5]), ..options(1) };
    assert!(plan(&array, Method::Bipartite, &flags, 1, &watch).is_err());
    for wrong in [f32::NAN, f32::INFINITY] {
        let mut x = x;
        x[7] = wrong;
        let error = Array::new(&x, [2, 3, 2], "x").unwrap_err().to_string();
        assert!(error.contains("(1, 0, 1)"), "{error}");
    }
    assert!(Array::new(&x, [2, 3, 3], "x").is_err());
    assert!(Array::new(&x, [usize::MAX, 3, 3], "x").is_err());
    let plan = plan(&array, Method::Bipartite, &options(1), 1, &watch).unwrap();
    assert!(merge(&plan, &array, Some(&[1.0, 1.0, 0.0, 1.0, 1.0, 1.0]), 1, &watch).is_err());
    assert!(merge(&plan, &array, Some(&[1.0; 5]), 1, &watch).is_err());
}

#[test]
fn vectors_of_any_length_have_a_direction() {
    for (x, unit) in [
        ([3.0, 4.0], [0.6, 0.8]),
        ([3e200, -4e200], [0.6, -0.8]),
        ([3e-200, 4e-200], [0.6, 0.8]),
        ([0.0, 0.0], [0.0, 0.0]),
        ([f64::MAX, f64::MAX], [0.5_f64.sqrt(), 0.5_f64.sqrt()]),
    ] {
        let found = select::normalized(&x, 2);
        assert!(found.iter().zip(unit).all(|(a, b)| (a - b).abs() < 1e-15), "{x:?} {found:?}");
    }
}

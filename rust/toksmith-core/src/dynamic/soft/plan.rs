//! Which positions of each sequence go together, and where what they become stands.

use super::select::{Selected, Sequence, normalized};
use super::{Array, Number};
use crate::error::{Error, Result};
use crate::parallel;
use crate::watch::Watch;

/// How positions are chosen.
#[derive(Debug, Clone, Copy)]
pub enum Method {
    /// Even positions merge into the odd ones that are most like them, the best `r`.
    Bipartite,
    /// Half of the `2 r` positions that are most like all others merge into the other half.
    Energy {
        /// From which cosine on others count as like.
        margin: f64,
        /// How much those count that are unlike.
        alpha: f64,
        /// What a cosine counts.
        kernel: Kernel,
        /// Which half of the `2 r` merges.
        pairing: Pairing,
    },
}

/// What a cosine counts in the energy of a position.
#[derive(Debug, Clone, Copy)]
pub enum Kernel {
    /// ELU(cosine - margin), with `alpha`.
    Elu,
    /// A Gaussian around 1 with a deviation of 1 - margin.
    Gauss,
}

/// Which of the positions in order of their energy merge.
#[derive(Debug, Clone, Copy)]
pub enum Pairing {
    /// Every other one.
    Alternate,
    /// The first half.
    Halves,
}

/// What the methods have in common.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// How many positions of each sequence merge into others.
    pub r: usize,
    /// Positions that nothing merges into and that do not merge, row by row.
    pub protected: Option<&'a [bool]>,
    /// How far apart positions may be.
    pub window: Option<usize>,
    /// Only into earlier positions.
    pub causal: bool,
    /// In the order of the paper's output instead of that of the input.
    pub published: bool,
}

/// Which positions go together.
#[derive(Debug)]
pub struct Plan {
    /// Number of sequences.
    pub batch: usize,
    /// Positions of each before.
    pub before: usize,
    /// And after.
    pub after: usize,
    /// For each position the place of what it becomes, `batch * before`.
    pub map: Vec<i64>,
    /// For each place after merging the first position that became it, `batch * after`.
    pub firsts: Vec<i64>,
}

/// Chooses by the cosines of `metric`.
///
/// # Errors
/// [`Error::Input`] where `r` is more than can be merged, `protected` does not fit, or a number is
/// out of range; [`Error::Cancelled`].
pub fn plan<T: Number>(
    metric: &Array<'_, T>,
    method: Method,
    options: &Options<'_>,
    threads: usize,
    watch: &Watch<'_>,
) -> Result<Plan> {
    let Array { batch, len, width, .. } = *metric;
    check(method, options, batch * len)?;
    let rows = parallel::map(batch, threads, watch, |row| {
        let unit = if options.r == 0 { Vec::new() } else { normalized(metric.row(row), width) };
        let protected = options.protected.and_then(|all| all.get(row * len..(row + 1) * len));
        let sequence = Sequence { unit: &unit, width, len, protected, row };
        let selected = if options.r == 0 {
            Selected { merges: Vec::new(), published: (0..len as u32).collect() }
        } else {
            sequence.select(method, options, watch)?
        };
        watch.add(len * width);
        Ok(placed(&selected, len, options.published))
    })?;
    let after = len - options.r.min(len);
    let mut plan = Plan {
        batch,
        before: len,
        after,
        map: Vec::with_capacity(batch * len),
        firsts: Vec::with_capacity(batch * after),
    };
    for (map, firsts) in rows {
        plan.map.extend(map);
        plan.firsts.extend(firsts);
    }
    Ok(plan)
}

fn check(method: Method, options: &Options<'_>, positions: usize) -> Result<()> {
    if let Some(protected) = options.protected
        && protected.len() != positions
    {
        let why = format!("protected: {} flags for {positions} positions", protected.len());
        return Err(Error::Input { why });
    }
    if let Method::Energy { margin, alpha, kernel, .. } = method {
        if !(margin.is_finite() && margin.abs() <= 4.0) {
            let why = format!("margin is {margin}; a number within plus or minus 4 is expected");
            return Err(Error::Input { why });
        }
        if !(alpha.is_finite() && (0.0..=1e6).contains(&alpha)) {
            let why = format!("alpha is {alpha}; a number from 0 to 1,000,000 is expected");
            return Err(Error::Input { why });
        }
        if matches!(kernel, Kernel::Gauss) && 1.0 - margin < 1e-3 {
            let why = format!("margin is {margin}; at most 0.999 for the Gaussian kernel");
            return Err(Error::Input { why });
        }
    }
    Ok(())
}

/// The place of what each position becomes, and the first position of each place.
fn placed(selected: &Selected, len: usize, published: bool) -> (Vec<i64>, Vec<i64>) {
    let mut into: Vec<u32> = (0..len as u32).collect();
    for &(from, to) in &selected.merges {
        into[from as usize] = to;
    }
    // The earliest position of what merges into each that stays.
    let mut first: Vec<u32> = (0..len as u32).collect();
    for &(from, to) in &selected.merges {
        first[to as usize] = first[to as usize].min(from);
    }
    let mut stay: Vec<u32> = if published {
        selected.published.clone()
    } else {
        (0..len as u32).filter(|&place| into[place as usize] == place).collect()
    };
    if !published {
        stay.sort_unstable_by_key(|&place| first[place as usize]);
    }
    let mut place = vec![0; len];
    for (number, &position) in stay.iter().enumerate() {
        place[position as usize] = number as i64;
    }
    let map = into.iter().map(|&position| place[position as usize]).collect();
    (map, stay.iter().map(|&position| i64::from(first[position as usize])).collect())
}

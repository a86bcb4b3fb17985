//! The vector of a segment to each of its positions.

use super::{Float, Offsets, rows_of, vectors, zeros};
use crate::error::{Error, Result};
use crate::watch::Watch;

/// Numbers between two looks at the watch.
const LOOK: usize = 1 << 20;

/// Vector `j`, of `width` numbers, at each of the positions `offsets[j]..offsets[j + 1]`.
///
/// # Errors
/// Offsets that do not rise from 0, or are not one more than there are vectors.
pub fn segment_broadcast<T: Float>(
    values: &[T],
    width: usize,
    offsets: &[i64],
    watch: &Watch<'_>,
) -> Result<Vec<T>> {
    let (offsets, end) = shape(values.len(), width, offsets)?;
    let mut out = zeros(end, width)?;
    let mut since = 0;
    for (part, value) in offsets.parts().zip(values.chunks_exact(width)) {
        for out in out[vectors(&part, width)].chunks_exact_mut(width) {
            out.copy_from_slice(value);
            since += width;
            if since > LOOK {
                watch.ask()?;
                since = 0;
            }
        }
    }
    Ok(out)
}

/// At each position the vector of the last segment of its row that is complete once the position
/// is read: its own if it is the last of that, else the one before; `null`, of `width` numbers,
/// before the first is complete. Row `i` is the segments `rows[i]..rows[i + 1]`. Empty segments
/// are complete as soon as those before them are.
///
/// # Errors
/// As [`segment_broadcast`], and rows that do not rise from 0 to the number of segments.
pub fn causal_broadcast<T: Float>(
    values: &[T],
    width: usize,
    offsets: &[i64],
    rows: &[i64],
    null: &[T],
    watch: &Watch<'_>,
) -> Result<Vec<T>> {
    let (offsets, end) = shape(values.len(), width, offsets)?;
    let rows = Offsets::new(rows, offsets.len(), "rows")?;
    if null.len() != width {
        let why = format!("the null vector has {} numbers: expected {width}", null.len());
        return Err(Error::Input { why });
    }
    let mut out = zeros(end, width)?;
    let mut since = 0;
    for row in rows.parts() {
        let mut current = null;
        for segment in row {
            let own = &values[segment * width..(segment + 1) * width];
            let range = vectors(&offsets.part(segment), width);
            since += range.len();
            let mut positions = out[range].chunks_exact_mut(width);
            if let Some(last) = positions.next_back() {
                last.copy_from_slice(own);
            }
            for position in positions {
                position.copy_from_slice(current);
            }
            current = own;
            if since > LOOK {
                watch.ask()?;
                since = 0;
            }
        }
    }
    Ok(out)
}

/// Checks the shape; the segments and the number of positions.
fn shape(values: usize, width: usize, offsets: &[i64]) -> Result<(Offsets<'_>, usize)> {
    let end = offsets.last().and_then(|&end| usize::try_from(end).ok()).unwrap_or_default();
    let offsets = Offsets::new(offsets, end, "segment offsets")?;
    let (vectors, segments) = (rows_of(values, width, "values")?, offsets.len());
    if vectors == segments {
        return Ok((offsets, end));
    }
    Err(Error::Input {
        why: format!("{vectors} vectors for {segments} segments: expected as many"),
    })
}

#[cfg(test)]
#[allow(
    clippy::cast_sign_loss,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test fails where it cannot go on"
)]
mod tests {
    use super::{causal_broadcast, segment_broadcast};
    use crate::watch::Watch;

    #[test]
    fn each_position_gets_its_segment() {
        let watch = Watch::none();
        let got = segment_broadcast(&[1.0, 2.0, 3.0, 4.0], 2, &[0, 1, 3], &watch).unwrap();
        assert_eq!(got, [1.0, 2.0, 3.0, 4.0, 3.0, 4.0]);
        assert!(segment_broadcast(&[1.0], 1, &[0, i64::MAX], &watch).is_err());
        assert!(segment_broadcast(&[1.0], 1, &[0, 1, 2], &watch).is_err());
    }

    #[test]
    fn what_is_causal_knows_complete_segments_of_its_row() {
        let watch = Watch::none();
        let values = [1.0f32, 2.0, 3.0, 4.0];
        let got = causal_broadcast(&values, 1, &[0, 2, 3, 6, 8], &[0, 3, 4], &[9.0], &watch);
        assert_eq!(got.unwrap(), [9.0, 1.0, 2.0, 2.0, 2.0, 3.0, 9.0, 4.0]);
        let got = causal_broadcast(&values, 1, &[0, 2, 2, 4, 4], &[0, 4], &[9.0], &watch);
        assert_eq!(got.unwrap(), [9.0, 1.0, 2.0, 3.0]);
        assert!(causal_broadcast(&values, 1, &[0, 1, 2, 3, 4], &[0, 3], &[9.0], &watch).is_err());
        assert!(causal_broadcast(&values, 1, &[0, 1, 2, 3, 4], &[0, 4], &[], &watch).is_err());
    }
}

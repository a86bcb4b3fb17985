//! Rows of ids in a flat array, as the functions of this folder take them.

use crate::error::{Error, Result};

/// The rows between offsets.
///
/// # Errors
/// The offsets do not rise from 0 to the number of ids.
pub(super) fn rows<'a>(ids: &'a [u32], offsets: &[i64]) -> Result<Vec<&'a [u32]>> {
    let wrong = || Error::Input {
        why: format!("offsets must rise from 0 to the number of ids, {}", ids.len()),
    };
    let ends = offsets.first() == Some(&0) && offsets.last() == Some(&(ids.len() as i64));
    if !ends {
        return Err(wrong());
    }
    offsets
        .windows(2)
        .map(|pair| {
            let edge = |at: i64| usize::try_from(at).ok();
            ids.get(edge(pair[0])?..edge(pair[1])?)
        })
        .collect::<Option<_>>()
        .ok_or_else(wrong)
}

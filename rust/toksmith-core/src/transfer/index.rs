//! Ids by bytes, several to one spelling, in the order in which they are preferred.

use super::canonical::{Canonical, Role};
use crate::token::TokenId;
use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

/// What is taken for equal beyond equal bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Loose {
    /// Large and small letters.
    pub(super) case: bool,
    /// A space in front, and none.
    pub(super) space: bool,
}

impl Loose {
    /// Bytes that are equal for spellings that are taken for equal.
    pub(super) fn key(self, bytes: &[u8]) -> Cow<'_, [u8]> {
        let bytes = match bytes {
            [b' ', rest @ ..] if self.space && !rest.is_empty() => rest,
            bytes => bytes,
        };
        match std::str::from_utf8(bytes) {
            Ok(text) if self.case => {
                // Letter by letter: what stands around one does not matter.
                Cow::Owned(text.chars().flat_map(char::to_lowercase).collect::<String>().into())
            }
            _ => Cow::Borrowed(bytes),
        }
    }
}

/// The text ids of a vocabulary by their bytes.
pub(super) struct Index<'a> {
    loose: Loose,
    /// From the key to a range of `ids`.
    ranges: HashMap<Cow<'a, [u8]>, Range<u32>>,
    ids: Vec<TokenId>,
}

/// Lower is preferred: what the model makes of text before what it seldom makes.
fn preference(role: Role) -> u8 {
    match role {
        Role::Ordinary => 0,
        Role::Added => 1,
        _ => 2,
    }
}

impl<'a> Index<'a> {
    /// Of all text ids. Linear, but for a sort of those that share a key.
    pub(super) fn new(vocabulary: &'a Canonical, loose: Loose) -> Self {
        let mut counts: HashMap<Cow<'a, [u8]>, Range<u32>> =
            HashMap::with_capacity(vocabulary.len());
        for id in vocabulary.text_ids() {
            counts.entry(loose.key(vocabulary.bytes(id))).or_insert(0..0).end += 1;
        }
        let mut total = 0;
        for range in counts.values_mut() {
            let size = range.end;
            *range = total..total;
            total += size;
        }
        let mut ids = vec![0; total as usize];
        for id in vocabulary.text_ids() {
            if let Some(range) = counts.get_mut(&loose.key(vocabulary.bytes(id)))
                && let Some(slot) = ids.get_mut(range.end as usize)
            {
                *slot = id;
                range.end += 1;
            }
        }
        for range in counts.values() {
            if range.len() > 1
                && let Some(same) = ids.get_mut(range.start as usize..range.end as usize)
            {
                same.sort_unstable_by_key(|&id| (preference(vocabulary.role(id)), id));
            }
        }
        Self { loose, ranges: counts, ids }
    }

    /// The ids of these bytes, the preferred one first.
    pub(super) fn all(&self, bytes: &[u8]) -> &[TokenId] {
        let range = self.ranges.get(&self.loose.key(bytes));
        range
            .and_then(|range| self.ids.get(range.start as usize..range.end as usize))
            .unwrap_or(&[])
    }

    /// The id of these bytes: one of the same role, else the preferred one.
    pub(super) fn of(&self, bytes: &[u8], role: Role, roles: &Canonical) -> Option<TokenId> {
        let all = self.all(bytes);
        all.iter().find(|&&id| roles.role(id) == role).or(all.first()).copied()
    }

    /// One id of each key: the preferred one.
    pub(super) fn preferred(&self) -> impl Iterator<Item = TokenId> {
        self.ranges.values().filter_map(|range| self.ids.get(range.start as usize).copied())
    }
}

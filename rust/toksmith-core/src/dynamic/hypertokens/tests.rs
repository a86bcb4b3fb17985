//! Encoding, decoding and undoing against lists of words that are searched and copied.

#![allow(
    clippy::cast_sign_loss,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test fails where it cannot go on"
)]

use super::batch::Way;
use super::book::Book;
use super::rule::{Eviction, Held, Rule};
use super::state::State;
use crate::error::Result;
use crate::watch::Watch;
use std::sync::Arc;

const EVICTIONS: [Eviction; 3] = [Eviction::Freeze, Eviction::Reset, Eviction::Recency];

/// The rule, word by word: a codebook is a list of tokens and times.
struct Plain {
    first_id: u32,
    size: usize,
    most: usize,
    disabled: Vec<u32>,
    eviction: Eviction,
    book: Vec<(Vec<u32>, u64)>,
    now: u64,
    held: Vec<u32>,
    out: Vec<u32>,
}

impl Plain {
    fn code(&self, word: &[u32]) -> Option<u32> {
        if let [one] = word {
            return Some(*one);
        }
        let at = self.book.iter().position(|(known, _)| known == word)?;
        Some(self.first_id + at as u32)
    }

    fn write(&mut self) {
        if self.held.is_empty() {
            return;
        }
        self.now += 1;
        self.out.extend(self.code(&self.held));
        for (word, time) in &mut self.book {
            if self.held.starts_with(word) {
                *time = self.now;
            }
        }
        self.held.clear();
    }

    fn define(&mut self, word: Vec<u32>) {
        if self.book.len() < self.size {
            self.book.push((word, self.now));
        } else if self.eviction == Eviction::Reset {
            self.book.clear();
        } else if self.eviction == Eviction::Recency {
            let oldest = (0..self.size)
                .min_by_key(|&at| (self.book[at].1, usize::MAX - self.book[at].0.len()));
            if let Some(at) = oldest
                && self.book[at].0 != word[..word.len() - 1]
            {
                self.book[at] = (word, self.now);
            }
        }
    }

    fn read(&mut self, token: u32) {
        if self.disabled.contains(&token) {
            self.write();
            self.out.push(token);
            return;
        }
        let mut word = self.held.clone();
        word.push(token);
        if self.code(&word).is_none() {
            self.write();
            self.define(word);
            word = vec![token];
        }
        self.held = word;
        if self.held.len() == self.most {
            self.write();
        }
    }
}

/// A stream of numbers.
struct Draw(u64);

impl Draw {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (((self.0 >> 32) * u64::from(limit)) >> 32) as u32
    }

    fn rule(&mut self) -> Result<(Rule, Plain, u32)> {
        let alphabet = 2 + self.below(4);
        let size = [0, 1, 2, 3, 7, 20, 1000][self.below(7) as usize];
        let most = [1, 2, 3, 4, 8, u32::MAX][self.below(6) as usize];
        let eviction = EVICTIONS[self.below(3) as usize];
        let disabled: Vec<u32> = (0..alphabet).filter(|_| self.below(6) == 0).collect();
        let rule = Rule::new(alphabet + 3, size, most, &disabled, eviction)?;
        let plain = Plain {
            first_id: alphabet + 3,
            size,
            most: most as usize,
            disabled,
            eviction,
            book: Vec::new(),
            now: 0,
            held: Vec::new(),
            out: Vec::new(),
        };
        Ok((rule, plain, alphabet))
    }

    fn ids(&mut self, alphabet: u32, most: u32) -> Vec<u32> {
        (0..self.below(most)).map(|_| self.below(alphabet)).collect()
    }
}

fn way(shared: bool) -> Way {
    Way { shared, threads: 1, limit: 1 << 30 }
}

fn offsets(rows: &[Vec<u32>]) -> Vec<i64> {
    let mut offsets = vec![0];
    for row in rows {
        offsets.push(offsets[offsets.len() - 1] + row.len() as i64);
    }
    offsets
}

fn book(state: &State) -> Vec<Vec<u32>> {
    let parts = state.definitions().parts;
    let span = |pair: &[i64]| parts.ids[pair[0] as usize..pair[1] as usize].to_vec();
    parts.offsets.windows(2).map(span).collect()
}

#[test]
fn codes_equal_the_plain_rule_and_decode_to_the_ids() -> Result<()> {
    let mut draw = Draw(7);
    for _ in 0..20_000 {
        let (rule, mut plain, alphabet) = draw.rule()?;
        let shared = draw.below(2) == 1;
        let rows: Vec<_> = (0..=draw.below(3)).map(|_| draw.ids(alphabet, 90)).collect();
        let (mut codes, mut ends) = (Vec::new(), vec![0]);
        for row in &rows {
            if !shared {
                plain.book.clear();
            }
            for &id in row {
                plain.read(id);
            }
            plain.write();
            codes.append(&mut plain.out);
            ends.push(codes.len() as i64);
        }
        let got = rule.encode(&rows.concat(), &offsets(&rows), way(shared), &Watch::none())?;
        assert_eq!((&got.ids, &got.offsets), (&codes, &ends), "{rule:?} {rows:?}");
        let back = rule.decode(&codes, &ends, way(shared), &Watch::none())?;
        assert_eq!(back.ids.ids, rows.concat(), "{rule:?} {rows:?}");
        assert_eq!(back.ids.offsets, offsets(&rows));
        assert_eq!(back.codes.len(), codes.len() + 1);
    }
    Ok(())
}

#[test]
fn any_codes_that_stand_for_something_leave_the_codebook_of_their_ids() -> Result<()> {
    let mut draw = Draw(11);
    for _ in 0..4_000 {
        let (rule, mut plain, _) = draw.rule()?;
        let limit = rule.limit() as u32;
        let rule = Arc::new(rule);
        let mut state = State::new(Arc::clone(&rule));
        let (mut codes, mut ids) = (Vec::new(), Vec::new());
        for _ in 0..draw.below(60) {
            let code = draw.below(limit.min(60));
            let meaning = state.definition(code);
            if let Ok((new, _)) = state.push_codes(&[code], 1 << 20) {
                assert_eq!(meaning.as_ref(), Some(&new));
                codes.push(code);
                ids.extend(new);
            } else {
                assert_eq!(meaning, None);
            }
        }
        for &id in &ids {
            plain.read(id);
        }
        let known: Vec<_> = plain.book.iter().map(|(word, _)| word.clone()).collect();
        assert_eq!(book(&state), known);
        assert_eq!(state.held(), plain.held);
        assert_eq!(state.codes(), plain.out.len() as u64);
        let back = rule.decode(&codes, &[0, codes.len() as i64], way(false), &Watch::none())?;
        assert_eq!(back.ids.ids, ids);
    }
    Ok(())
}

/// Everything that a state shows.
fn shown(state: &State) -> (Vec<Vec<u32>>, Vec<u32>, u64, u64, Option<u32>) {
    (book(state), state.held(), state.ids(), state.codes(), state.completing())
}

#[test]
fn going_back_equals_a_rebuild() -> Result<()> {
    enum Act {
        Id(u32),
        Flush,
    }
    let mut draw = Draw(13);
    for _ in 0..3_000 {
        let (rule, _, alphabet) = draw.rule()?;
        let rule = Arc::new(rule);
        let mut state = State::new(Arc::clone(&rule));
        let mut acts: Vec<Act> = Vec::new();
        let mut marks = Vec::new();
        for _ in 0..draw.below(60) {
            match draw.below(12) {
                0 => {
                    if state.flush().is_some() {
                        acts.push(Act::Flush);
                    }
                }
                1 => marks.push((state.checkpoint(), acts.len())),
                2 | 3 => {
                    let ids = draw.below(state.ids() as u32 + 1) as u64;
                    state.rollback(ids)?;
                    let mut left = ids;
                    while left > 0 {
                        left -= u64::from(matches!(acts.pop(), Some(Act::Id(_))));
                    }
                    marks.retain(|(_, at)| *at <= acts.len());
                }
                4 => {
                    if let Some((mark, at)) = marks.pop() {
                        state.restore(mark)?;
                        acts.truncate(at);
                        assert!(state.rollback(state.ids() + 1).is_err());
                    }
                }
                5 => {
                    let fork = state.clone();
                    state.push(&[0, 1, 0, 1, 1])?;
                    state = fork;
                }
                _ => {
                    let ids = draw.ids(alphabet, 12);
                    state.push(&ids)?;
                    acts.extend(ids.into_iter().map(Act::Id));
                }
            }
            let mut again = State::new(Arc::clone(&rule));
            for act in &acts {
                match act {
                    Act::Id(id) => drop(again.push(&[*id])?),
                    Act::Flush => drop(again.flush()),
                }
            }
            assert_eq!(shown(&state), shown(&again), "{rule:?}");
            assert_eq!(state.order(), again.order(), "{rule:?}");
        }
    }
    Ok(())
}

#[test]
fn changes_keep_a_copy_of_the_codebook_up_to_date() -> Result<()> {
    let mut draw = Draw(17);
    for _ in 0..3_000 {
        let (rule, _, alphabet) = draw.rule()?;
        let mut state = State::new(Arc::new(rule));
        let mut copy = std::collections::BTreeMap::new();
        for _ in 0..20 {
            if draw.below(3) == 0 {
                state.rollback(u64::from(draw.below(state.ids() as u32 + 1)))?;
            } else {
                state.push(&draw.ids(alphabet, 20))?;
            }
            let changes = state.changes();
            for (code, pair) in changes.codes.iter().zip(changes.parts.offsets.windows(2)) {
                copy.insert(*code, changes.parts.ids[pair[0] as usize..pair[1] as usize].to_vec());
            }
            for (code, parts) in state.definitions().codes.iter().zip(book(&state)) {
                assert_eq!(copy.get(code), Some(&parts));
            }
        }
    }
    Ok(())
}

#[test]
fn a_settled_state_goes_back_no_further() -> Result<()> {
    let rule = Arc::new(Rule::new(10, 4, 4, &[], Eviction::Recency)?);
    let mut state = State::new(rule);
    let mark = state.checkpoint();
    state.push(&[1, 2, 1, 2, 3, 4, 5, 6, 1, 2])?;
    state.settle();
    let there = shown(&state);
    state.push(&[3, 3, 3])?;
    assert!(state.rollback(4).is_err() && state.restore(mark).is_err());
    state.rollback(3)?;
    assert_eq!(shown(&state), there);
    Ok(())
}

#[test]
fn what_is_out_of_range_is_an_error() -> Result<()> {
    assert!(Rule::new(10, u32::MAX as usize, 4, &[], Eviction::Freeze).is_err());
    assert!(Rule::new(10, 4, 0, &[], Eviction::Freeze).is_err());
    assert!(Rule::new(10, 4, 4, &[10], Eviction::Freeze).is_err());
    let rule = Rule::new(10, 100, u32::MAX, &[], Eviction::Freeze)?;
    assert!(rule.encode(&[1, 10], &[0, 2], way(false), &Watch::none()).is_err());
    for wrong in [&[0, 1][..], &[0, 3], &[1, 2], &[0, 2, 1, 2], &[-1, 2], &[]] {
        assert!(rule.encode(&[1, 2], wrong, way(false), &Watch::none()).is_err());
    }
    let message = rule
        .decode(&[1, 10, 12], &[0, 3], way(false), &Watch::none())
        .map_err(|error| error.to_string());
    assert!(message.is_err_and(|text| text.contains("row 0, code 2: 12 is not defined there")));
    // Each code is one longer than the last.
    let long: Vec<u32> = std::iter::once(1).chain(10..110).collect();
    let small = Way { limit: 100, ..way(false) };
    assert!(rule.decode(&long, &[0, 101], small, &Watch::none()).is_err());
    assert_eq!(rule.decode(&long, &[0, 101], way(false), &Watch::none())?.ids.ids, vec![1; 5151]);
    Ok(())
}

#[test]
fn threads_change_nothing() -> Result<()> {
    let mut draw = Draw(19);
    let rows: Vec<_> = (0..4_000).map(|_| draw.ids(5, 100)).collect();
    let ids = rows.concat();
    for eviction in EVICTIONS {
        let rule = Rule::new(5, 20, 4, &[], eviction)?;
        let many = Way { threads: 3, ..way(false) };
        let codes = rule.encode(&ids, &offsets(&rows), way(false), &Watch::none())?;
        assert_eq!(rule.encode(&ids, &offsets(&rows), many, &Watch::none())?, codes);
        let one = rule.decode(&codes.ids, &codes.offsets, way(false), &Watch::none())?;
        assert_eq!(rule.decode(&codes.ids, &codes.offsets, many, &Watch::none())?, one);
        assert_eq!(one.ids.ids, ids);
    }
    Ok(())
}

#[test]
fn a_cleared_codebook_is_a_new_one() -> Result<()> {
    let rule = Rule::new(300, 1000, 9, &[], Eviction::Recency)?;
    let mut book = Book::new(&rule);
    for len in [1000, 10] {
        let (mut draw, mut out, mut held) = (Draw(3), Vec::new(), Held::NOTHING);
        for id in (0..len).map(|_| draw.below(300)) {
            held = rule.step(&mut book, held, id, &mut out);
        }
        book.clear();
        let fresh =
            (0..300).all(|a| (0..300).all(|b| book.table.find(super::table::key(a, b)).is_err()));
        assert!(fresh && book.len() == 0);
    }
    Ok(())
}

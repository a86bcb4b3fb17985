#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

use super::*;
use crate::formats::{AddedToken, Definition};
use crate::transfer::{Options, Role, Rule, WordStart, align};
use crate::vocab::Vocab;

/// The bytes, then these tokens, then a special one.
fn tokenizer(tokens: &[&[u8]]) -> Tokenizer {
    let mut vocab = Vocab::default();
    for byte in 0..=255u8 {
        vocab.insert(byte.into(), &[byte], 256).unwrap();
    }
    for (id, token) in (256..).zip(tokens) {
        vocab.insert(id, token, 300).unwrap();
    }
    let id = 256 + tokens.len() as TokenId;
    let end = AddedToken { id, content: "</s>".into(), special: true, ..AddedToken::default() };
    Tokenizer::build(Definition { vocab, added: vec![end], ..Definition::default() }).unwrap()
}

fn canonical(tokenizer: &Tokenizer, rows: Option<usize>) -> Canonical {
    Canonical::new(tokenizer, rows, WordStart::Space).unwrap()
}

fn rows(source: &[&[u8]], target: &[&[u8]], method: &Method) -> Decomposition {
    let (source, target) = (tokenizer(source), tokenizer(target));
    let bytes = canonical(&source, None);
    let target = canonical(&target, None);
    let all = decompose((&source, &bytes), &target, method, 1, &Watch::none()).unwrap();
    let again = decompose((&source, &bytes), &target, method, 3, &Watch::none()).unwrap();
    assert_eq!(all, again);
    all
}

#[test]
fn pieces_stand_side_by_side_and_spell_the_token() {
    let (source, target): (&[&[u8]], &[&[u8]]) =
        (&[b"ab", b"bc", b"abc"], &[b"ab", b"abcd", b"abbc", b"\xff\xfe"]);
    for method in [Method::Model, Method::Encode, Method::Fewest, Method::Minimal] {
        let found = rows(source, target, &method);
        assert_eq!(found.len(), 256 + target.len() + 1);
        for (row, token) in (256..).zip(target) {
            assert!(found.complete[row], "{method:?} {token:?}");
            let spans: Vec<_> = found.row(row).map(|at| found.spans[at]).collect();
            if method != Method::Minimal {
                let ends: Vec<_> = spans.iter().map(|span| span[1]).collect();
                let starts: Vec<_> = spans.iter().map(|span| span[0]).skip(1).collect();
                assert_eq!(starts[..], ends[..ends.len() - 1]);
            }
            let sum: f64 = found.row(row).map(|at| found.weights[at]).sum();
            assert!((sum - 1.0).abs() < 1e-12);
        }
        // The special token is no text.
        assert!(found.row(256 + target.len()).is_empty());
    }
}

#[test]
fn all_shortest_ways_are_averaged() {
    // "abcd": a+bcd and abc+d have the longest part, ab+cd has not.
    let found = rows(&[b"ab", b"cd", b"abc", b"bcd"], &[b"abcd"], &Method::Minimal);
    let row: Vec<_> = found.row(256).map(|at| (found.ids[at], found.weights[at])).collect();
    let expected = [(u32::from(b'a'), 0.25), (258, 0.25), (259, 0.25), (u32::from(b'd'), 0.25)];
    assert_eq!(row, expected);
}

#[test]
fn the_best_ways_come_in_order() {
    let best = Method::Best { most: 2, weights: None };
    let found = rows(&[b"ab", b"bc", b"abc"], &[b"abcd"], &best);
    let row: Vec<_> = found.row(256).map(|at| (found.ids[at], found.partitions[at])).collect();
    assert_eq!(row[..2], [(258, 0), (u32::from(b'd'), 0)]);
    assert!(row[2..].iter().all(|&(_, number)| number == 1));
    assert_eq!(row.len(), 5);
}

#[test]
fn every_id_has_a_rule() {
    let (source, target) = (tokenizer(&[b"ab"]), tokenizer(&[b"ab", b"aba"]));
    let (bytes, wanted) = (canonical(&source, None), canonical(&target, Some(262)));
    let found = align((&source, &bytes), &wanted, &Options::default(), 1, &Watch::none()).unwrap();
    assert_eq!(found.rules[..257], [Rule::Exact; 257]);
    let rest = [Rule::Pieces, Rule::Special, Rule::Padding, Rule::Padding, Rule::Padding];
    assert_eq!(found.rules[257..], rest);
    assert_eq!(found.sources.len(), 262);
    assert_eq!(wanted.role(258), Role::Eos);
    let short = canonical(&target, Some(200));
    assert!(align((&source, &bytes), &short, &Options::default(), 1, &Watch::none()).is_err());
}

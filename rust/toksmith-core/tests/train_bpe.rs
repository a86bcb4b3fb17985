//! Training by merges against counting everything anew after each merge.

#![allow(clippy::expect_used, reason = "a failed set-up shall fail the test")]

#[path = "oracle/train_bpe.rs"]
mod oracle;

use proptest::prelude::*;
use toksmith_core::train::bpe::{Base, Options, Trained, extend, train};
use toksmith_core::train::superword::{Units, joined};
use toksmith_core::train::words::WordCounts;
use toksmith_core::watch::Watch;

/// Words of few letters, with counts that are often equal.
fn words() -> impl Strategy<Value = Vec<(String, u64)>> {
    let word = prop_oneof!["[ab]{1,40}", "[abc]{1,12}", "a{1,70}", "[ -~é日]{1,20}"];
    prop::collection::vec((word, 1..5_u64), 0..30)
}

fn trained(words: &[(String, u64)], options: &Options) -> Trained {
    let table: WordCounts = words.iter().map(|(word, count)| (word, *count)).collect();
    train(&table, options, &Watch::none()).expect("the options fit")
}

/// The same by the oracle, from the alphabet that was used.
fn expected(
    words: &[(String, u64)],
    tokens: &[Vec<u8>],
    size: usize,
    least: u64,
) -> (Vec<Vec<u8>>, Vec<oracle::Merge>) {
    let id = |byte: u8| tokens.iter().position(|token| token[..] == [byte]).expect("a byte") as u32;
    let spelled =
        words.iter().map(|(word, count)| (word.bytes().map(id).collect(), *count)).collect();
    oracle::train(tokens.to_vec(), spelled, size, least)
}

fn rows(trained: &Trained) -> Vec<oracle::Merge> {
    trained.merges.iter().map(|m| (m.left, m.right, m.token, m.count)).collect()
}

proptest! {
    #[test]
    fn every_merge_is_that_of_a_recount(
        words in words(), least in 0..4_u64,
        // With the last one, ids do not fit in 16 bits.
        more in prop::sample::select(vec![0, 1, 10, 1000, 70_000]),
    ) {
        let mut options = Options::new(256 + more);
        options.min_frequency = least;
        let got = trained(&words, &options);
        let (tokens, merges) = expected(&words, &got.tokens[..256], 256 + more, least);
        prop_assert_eq!(rows(&got), merges);
        prop_assert_eq!(got.tokens, tokens);
    }

    #[test]
    fn extending_the_alphabet_is_training(words in words()) {
        let options = Options::new(300);
        let all = trained(&words, &options);
        let base = Base { tokens: &all.tokens[..256], merges: &[] };
        let table: WordCounts = words.iter().map(|(word, count)| (word, *count)).collect();
        let got = extend(base, &table, &options, None, &Watch::none()).expect("the options fit");
        prop_assert_eq!(got, all);
    }

    #[test]
    fn extending_goes_on_where_training_stopped(words in words(), stop in 256..280_usize) {
        let (first, all) = (trained(&words, &Options::new(stop)), trained(&words, &Options::new(300)));
        // Where a token is made again, encoding applies an earlier merge at once.
        let mut made: Vec<u32> = all.merges.iter().map(|merge| merge.token).collect();
        made.sort_unstable();
        made.dedup();
        prop_assume!(made.len() == all.merges.len());
        let merges: Vec<_> = first.merges.iter().map(|m| (m.left, m.right, m.token)).collect();
        let base = Base { tokens: &first.tokens, merges: &merges };
        let table: WordCounts = words.iter().map(|(word, count)| (word, *count)).collect();
        let rest = extend(base, &table, &Options::new(300), None, &Watch::none())
            .expect("the options fit");
        prop_assert_eq!(&rest.tokens, &all.tokens);
        prop_assert_eq!(&rest.merges[..], &all.merges[merges.len()..]);
    }

    #[test]
    fn units_of_one_pre_token_are_words(words in words()) {
        let mut units = Units::default();
        for (word, count) in &words {
            units.push([word], *count);
        }
        let options = Options::new(300);
        let got = joined(&units, None, &options, &Watch::none()).expect("the options fit");
        prop_assert_eq!(got, trained(&words, &options));
    }
}

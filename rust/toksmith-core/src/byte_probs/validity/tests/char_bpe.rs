//! Merging: any order of merges, bytes, pieces taken whole, spaces.

use super::unigram::{byte_pieces, check_bytes, check_round, random_sentencepiece, shapes};
use super::*;
use crate::formats::pipeline::{Bpe, Model, SentencePieceKind};

/// Tokens of random merges, and the merges; `shuffled` ones may come before those of their parts.
pub(super) fn merges(
    random: &mut u64,
    letters: &[char],
    count: usize,
    shuffled: bool,
) -> (Vec<String>, Vec<(u32, u32, u32)>) {
    let mut tokens = vec!["<unk>".to_owned()];
    tokens.extend(letters.iter().map(char::to_string));
    let mut merges = Vec::new();
    for _ in 0..count * 3 {
        if merges.len() == count {
            break;
        }
        let (left, right) =
            (1 + below(random, tokens.len() - 1), 1 + below(random, tokens.len() - 1));
        let joined = format!("{}{}", tokens[left], tokens[right]);
        if joined.chars().count() > 5 {
            continue;
        }
        let known = tokens.iter().position(|token| *token == joined);
        let product = known.unwrap_or(tokens.len());
        if known.is_none() {
            tokens.push(joined);
        }
        merges.push((left as u32, right as u32, product as u32));
    }
    if shuffled {
        for at in (1..merges.len()).rev() {
            merges.swap(at, below(random, at + 1));
        }
    }
    (tokens, merges)
}

#[test]
fn what_is_accepted_is_what_comes_out_of_tokenizers() {
    let (mut random, mut seen) = (3, [Seen::default(); 4]);
    for (normalizer, stages) in shapes() {
        let sign = normalizer.is_some() || !stages.is_empty();
        let letters = if sign { ['a', 'b', 'é', '\u{2581}'] } else { ['a', 'b', 'é', ' '] };
        let mut alphabet = vec!['a', 'b', 'é', ' '];
        if sign {
            alphabet.push('\u{2581}');
        }
        for round in 0..12_usize {
            let (fallback, whole) = (round % 4 == 3, round % 3 == 1);
            let (mut tokens, merges) = merges(&mut random, &letters, 9, round.is_multiple_of(2));
            if whole {
                // No merge makes it.
                let more = strings(&mut random, &letters, 4, 3);
                let new = more.into_iter().filter(|new| !tokens.contains(new)).collect::<Vec<_>>();
                tokens.extend(new);
            }
            let count = tokens.len();
            if fallback {
                tokens.extend(byte_pieces());
            }
            let bpe = Bpe {
                merges,
                unk_token: Some("<unk>".into()),
                fuse_unk: round.is_multiple_of(5),
                byte_fallback: fallback,
                ignore_merges: whole,
                ..Bpe::default()
            };
            let about = format!("{normalizer:?} {stages:?} {:?} {bpe:?}", &tokens[..count]);
            let pipeline = Pipeline {
                normalizer: normalizer.clone(),
                pre_tokenizers: stages.clone(),
                model: Model::Bpe(bpe),
                ..Pipeline::default()
            };
            let tokenizer = tokenizer(&tokens, &["<unk>"], pipeline);
            let trie = trie(&tokenizer);
            let judge = CharBpe::new(&tokenizer, &trie).unwrap();
            if fallback {
                let texts = all_texts(&alphabet, 3);
                seen[0] += check_bytes(&judge, &tokenizer, &trie, &texts, &about);
            } else if whole {
                // What would be taken whole goes on with a character that is in no token.
                let mut alphabet = alphabet.clone();
                alphabet.push('x');
                let texts = all_texts(&alphabet, 5);
                seen[1] += check(&judge, &tokenizer, &trie, &texts, (5, 1), &about);
            } else {
                let texts = all_texts(&alphabet, 5);
                seen[2] += check(&judge, &tokenizer, &trie, &texts, (5, 0), &about);
            }
        }
    }
    assert!(seen[..3].iter().all(|seen| seen.contexts > 500), "{seen:?}");
    assert!(seen[1].incomplete > 50, "{seen:?}");
}

#[test]
fn what_is_accepted_is_what_comes_out_of_sentencepiece() {
    let (mut random, mut seen) = (4, Seen::default());
    for round in 0..80_usize {
        // Few scores: many are equal.
        let scores = [3, 1000][round % 2];
        let mut draw = |random: &mut u64| -(below(random, scores) as f32);
        let (tokenizer, escape) =
            random_sentencepiece(&mut random, round, SentencePieceKind::Bpe, &mut draw);
        let trie = trie(&tokenizer);
        let judge = CharBpe::new(&tokenizer, &trie).unwrap();
        seen += check_round(&judge, &tokenizer, &trie, escape, round);
    }
    assert!(seen.contexts > 10_000 && seen.refused > 30_000, "{seen:?}");
}

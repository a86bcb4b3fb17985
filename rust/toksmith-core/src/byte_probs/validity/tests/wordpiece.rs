//! `WordPiece`: longest match, words, [UNK].

use super::*;
use crate::formats::SplitBehaviour;
use crate::formats::pipeline::{Model, Normalizer, PreTokenizer};

fn pipeline(
    pre_tokenizers: Vec<PreTokenizer>,
    chinese: bool,
    most: usize,
    prefix: &str,
) -> Pipeline {
    Pipeline {
        normalizer: chinese.then_some(Normalizer::Bert {
            clean_text: false,
            handle_chinese_chars: true,
            strip_accents: Some(false),
            lowercase: false,
        }),
        pre_tokenizers,
        model: Model::WordPiece {
            unk_token: "[UNK]".into(),
            continuing_subword_prefix: prefix.into(),
            max_input_chars_per_word: most,
        },
        ..Pipeline::default()
    }
}

fn vocabulary(random: &mut u64, alphabet: &[char], prefix: &str) -> Vec<String> {
    let mut tokens = vec!["[UNK]".to_owned()];
    tokens.extend(strings(random, alphabet, 4, 7));
    tokens
        .extend(strings(random, alphabet, 3, 7).into_iter().map(|text| format!("{prefix}{text}")));
    tokens
}

#[test]
fn what_is_accepted_is_what_comes_out() {
    let alphabet = ['a', 'b', ',', '中', ' '];
    let stages: [(Vec<PreTokenizer>, bool); 6] = [
        (vec![PreTokenizer::Bert], true),
        (vec![PreTokenizer::Bert], false),
        (vec![PreTokenizer::Whitespace], false),
        (vec![PreTokenizer::WhitespaceSplit], true),
        (
            vec![
                PreTokenizer::WhitespaceSplit,
                PreTokenizer::Punctuation(SplitBehaviour::Contiguous),
            ],
            false,
        ),
        (vec![PreTokenizer::CharDelimiterSplit(' ')], false),
    ];
    let (texts, mut seen) = (all_texts(&alphabet, 6), [Seen::default(); 6]);
    let mut random = 5;
    for (stage, seen) in stages.iter().zip(&mut seen) {
        for round in 0..25 {
            let most = [3, 4, 100][round % 3];
            // No word has a space.
            let prefix = ["##", "# "][round % 2];
            let tokens = vocabulary(&mut random, &alphabet[..4], prefix);
            let pipeline = pipeline(stage.0.clone(), stage.1, most, prefix);
            let tokenizer = tokenizer(&tokens, &["[UNK]"], pipeline);
            let trie = trie(&tokenizer);
            let judge = match WordPiece::new(&tokenizer, &trie) {
                Ok(judge) => judge,
                Err(error) => {
                    assert!(prefix == "##" && error.to_string().contains("##"), "{error}");
                    continue;
                }
            };
            *seen +=
                check(&judge, &tokenizer, &trie, &texts, (6, 0), &format!("{stage:?} {tokens:?}"));
        }
    }
    assert!(seen.iter().all(|seen| seen.contexts > 300 && seen.refused > 3000), "{seen:?}");
}

#[test]
fn a_token_outside_the_text_takes_the_place_of_others() {
    let tokens = ["[UNK]", "a", "##b", "##c", "abc", "b"].map(String::from);
    let stages = vec![PreTokenizer::Bert];
    let tokenizer = tokenizer(&tokens, &["[UNK]", "abc"], pipeline(stages, false, 100, "##"));
    let trie = trie(&tokenizer);
    let judge = WordPiece::new(&tokenizer, &trie).unwrap();
    let place = |id| trie.place(id).unwrap();
    let ab = judge.step(&judge.step(&judge.start(), place(1)).unwrap(), place(2)).unwrap();
    assert_eq!(judge.step(&ab, place(3)), None);
    assert!(judge.step(&ab, place(2)).is_some());
    assert!(!judge.mask(&ab).contains(place(3)));
}

#[test]
fn what_cannot_be_followed_is_refused() {
    for stages in [vec![], vec![PreTokenizer::UnicodeScripts], vec![PreTokenizer::FixedLength(2)]] {
        let tokens = ["[UNK]", "a", "##b"].map(String::from);
        let tokenizer = tokenizer(&tokens, &["[UNK]"], pipeline(stages, false, 100, "##"));
        assert!(WordPiece::new(&tokenizer, &trie(&tokenizer)).is_err());
    }
}

#[test]
fn white_space_is_what_the_stages_call_so() {
    use crate::encode::pretokenize::stages::Stages;
    for stage in [PreTokenizer::Bert, PreTokenizer::Whitespace, PreTokenizer::WhitespaceSplit] {
        let stages = Stages::new(std::slice::from_ref(&stage)).unwrap();
        for c in '\0'..=char::MAX {
            let mut len = 0;
            let text = c.to_string();
            stages
                .cut(&text, &mut Vec::new(), |span| {
                    len += span.end - span.start;
                    Ok(())
                })
                .unwrap();
            assert_eq!(len == 0, c.is_whitespace(), "{c:?} {stage:?}");
        }
    }
}

#[test]
fn whole_words_follow_each_other() {
    let (texts, mut seen) = (all_texts(&['a', 'b', ',', ' '], 6), Seen::default());
    let mut random = 6;
    for stage in [PreTokenizer::Bert, PreTokenizer::Whitespace, PreTokenizer::WhitespaceSplit] {
        for _ in 0..8 {
            let mut tokens = vec!["[UNK]".to_owned()];
            tokens.extend(strings(&mut random, &['a', 'b', ','], 3, 6));
            let pipeline = Pipeline {
                pre_tokenizers: vec![stage.clone()],
                model: Model::WordLevel { unk_token: "[UNK]".into() },
                ..Pipeline::default()
            };
            let tokenizer = tokenizer(&tokens, &["[UNK]"], pipeline);
            let trie = trie(&tokenizer);
            let judge = WordPiece::new(&tokenizer, &trie).unwrap();
            let about = format!("{stage:?} {tokens:?}");
            seen += check(&judge, &tokenizer, &trie, &texts, (6, 1), &about);
        }
    }
    assert!(seen.contexts > 300, "{seen:?}");
}

//! Added tokens that are found in every text, in front of each kind of model.

use super::bytes::{compare, random};
use super::char_bpe::merges;
use super::unigram::{metaspace, replace};
use super::*;
use crate::encode::pretokenize::patterns;
use crate::formats::AddedSearch;
use crate::formats::pipeline::{
    Bpe, Model, Normalizer, PreTokenizer, PrependScheme, Unigram as Pieces,
};

/// Random added tokens of these characters: some special, some found in normalised text. One that
/// is spelled as a token of the model mostly has its id, but for special ones: those that a model
/// makes of text are no text here.
fn tokens(random: &mut u64, alphabet: &[char], known: &Tokenizer, count: usize) -> Vec<AddedToken> {
    let mut next = 2000;
    let added = strings(random, alphabet, 3, count).into_iter().map(|content| {
        let special = below(random, 4) == 0;
        let own = known.model_id(content.as_bytes()).filter(|_| below(random, 4) > 0);
        next += 1;
        AddedToken {
            id: own.filter(|_| !special).unwrap_or(next),
            special,
            normalized: below(random, 3) == 0,
            content,
            ..AddedToken::default()
        }
    });
    added.collect()
}

/// The same tokenizer with these added tokens.
fn with(known: &Tokenizer, added: Vec<AddedToken>, search: AddedSearch) -> Tokenizer {
    Tokenizer::build(Definition { added, search, ..known.definition() }).unwrap()
}

fn search(random: &mut u64) -> AddedSearch {
    [AddedSearch::NextCharacter, AddedSearch::AfterMatch][below(random, 2)]
}

#[test]
fn before_bytes_contexts_are_beginnings_of_encodings() {
    let mut draws = 5;
    for seed in 0..60 {
        let known = random(seed, "ab", None, seed % 2 == 0);
        let count = 1 + below(&mut draws, 4);
        let added = tokens(&mut draws, &['a', 'b', 'z'], &known, count);
        let note = format!("seed {seed} {added:?}");
        let tokenizer = with(&known, added, search(&mut draws));
        compare(&tokenizer, &['a', 'b', 'z'], 8, 4, &note);
    }
}

#[test]
fn before_a_pattern_contexts_are_beginnings_of_encodings() {
    let alphabets: [(&str, &[char], usize, usize); 3] = [
        ("a \n", &['a', ' ', '\n', 'z'], 7, 4),
        ("a'S1", &['a', '\'', 'S', 's', '1', 'z', '!'], 5, 2),
        ("a\u{e9} !", &['a', '\u{e9}', '\u{ef}', '\u{f7}', ' ', '!'], 5, 3),
    ];
    let all =
        [patterns::GPT2[0], patterns::CL100K[0], patterns::O200K[0], r"(?:a|a!)(?=[a1 ])|[\s\S]"];
    let mut draws = 6;
    for (seed, (pattern, (letters, alphabet, length, known))) in
        all.iter().flat_map(|pattern| alphabets.map(|alphabet| (*pattern, alphabet))).enumerate()
    {
        for round in 0..3 {
            let model = random(seed as u64, letters, Some(pattern), round % 2 == 0);
            let count = 1 + below(&mut draws, 3);
            let added = tokens(&mut draws, alphabet, &model, count);
            let note = format!("{pattern} {letters:?} {added:?}");
            let tokenizer = with(&model, added, search(&mut draws));
            compare(&tokenizer, alphabet, length, known, &note);
        }
    }
}

/// Stages after which nothing stands before a text.
fn shapes() -> Vec<(Option<Normalizer>, Vec<PreTokenizer>)> {
    vec![
        (None, vec![]),
        (Some(replace()), vec![]),
        (None, vec![metaspace(PrependScheme::Never, true)]),
        (None, vec![metaspace(PrependScheme::Never, false)]),
    ]
}

#[test]
fn before_characters_contexts_are_beginnings_of_encodings() {
    let (mut draws, mut seen) = (7, Seen::default());
    let texts = all_texts(&['a', 'b', 'é', ' ', 'x'], 6);
    for (normalizer, stages) in shapes() {
        let sign = normalizer.is_some() || !stages.is_empty();
        let letters = ['a', 'b', if sign { '\u{2581}' } else { ' ' }];
        for round in 0..12 {
            let model = if round % 2 == 0 {
                let (tokens, merges) = merges(&mut draws, &letters, 7, round % 4 == 0);
                let unk_token = Some("<unk>".into());
                let whole = Bpe { merges, unk_token, ignore_merges: round == 4, ..Bpe::default() };
                (tokens, Model::Bpe(whole))
            } else {
                let mut tokens = vec!["<unk>".to_owned()];
                tokens.extend(strings(&mut draws, &letters, 3, 7));
                let scores = tokens.iter().map(|_| -(below(&mut draws, 90) as f64) / 7.0).collect();
                (tokens, Model::Unigram(Pieces { scores, unk_id: Some(0), ..Pieces::default() }))
            };
            let (tokens_of_model, model) = model;
            let pipeline = Pipeline {
                normalizer: normalizer.clone(),
                pre_tokenizers: stages.clone(),
                model,
                ..Pipeline::default()
            };
            let known = tokenizer(&tokens_of_model, &["<unk>"], pipeline);
            let mut added = known.added.tokens().to_vec();
            let count = 1 + below(&mut draws, 3);
            added.extend(tokens(&mut draws, &['a', 'b', ' ', 'x'], &known, count));
            let model = &known.pipeline.model;
            let about =
                format!("{normalizer:?} {stages:?} {tokens_of_model:?} {model:?} {added:?}");
            let tokenizer = with(&known, added, search(&mut draws));
            let trie = trie(&tokenizer);
            let judge = match Validity::new(&tokenizer, &trie) {
                Ok(judge) => judge,
                Err(error) => panic!("{about}: {error}"),
            };
            // What goes on with a token that is no text is not the law's.
            let is_text = |text: &String| {
                let ids = tokenizer.encode(text).unwrap_or_default();
                ids.iter().all(|&id| trie.place(id).is_some())
            };
            let texts: Vec<String> = texts.iter().filter(|text| is_text(text)).cloned().collect();
            seen += check(&judge, &tokenizer, &trie, &texts, (6, 3), &about);
        }
    }
    assert!(seen.contexts > 1000 && seen.refused > 4000, "{seen:?}");
}

#[test]
fn what_is_not_followed_is_named() {
    let known = random(1, "ab", None, false);
    let one = |[lstrip, rstrip, single_word]: [bool; 3]| {
        let content = "<x>".into();
        let token =
            AddedToken { id: 3000, content, lstrip, rstrip, single_word, ..AddedToken::default() };
        let tokenizer = with(&known, vec![token], AddedSearch::AfterMatch);
        Validity::new(&tokenizer, &trie(&tokenizer)).map(|_| ()).map_err(|error| error.to_string())
    };
    assert_eq!(one([false; 3]), Ok(()));
    for (at, flag) in ["lstrip", "rstrip", "single_word"].into_iter().enumerate() {
        let mut set = [false; 3];
        set[at] = true;
        assert!(one(set).unwrap_err().contains(flag), "{flag}");
    }
}

//! Best paths: ties, roundings, unknown characters, bytes, spaces.

use super::*;
use crate::encode::pretokenize::Dialect;
use crate::formats::pipeline::{
    Model, Normalizer, Pattern, PieceKind, PreTokenizer, PrependScheme, SentencePieceKind,
    SentencePieceModel, SentencePieceNormalizer, Unigram as Definition,
};

pub(super) fn replace() -> Normalizer {
    let pattern = Pattern { pattern: " ".into(), dialect: Dialect::FancyRegex };
    Normalizer::Replace { pattern, content: "\u{2581}".into() }
}

pub(super) fn prepend() -> Normalizer {
    Normalizer::Sequence(vec![Normalizer::Prepend("\u{2581}".into()), replace()])
}

pub(super) fn metaspace(prepend_scheme: PrependScheme, split: bool) -> PreTokenizer {
    PreTokenizer::Metaspace { replacement: '\u{2581}', prepend_scheme, split }
}

/// All the stages that can stand around a model over characters.
pub(super) fn shapes() -> Vec<(Option<Normalizer>, Vec<PreTokenizer>)> {
    use PrependScheme::{Always, First, Never};
    vec![
        (None, vec![]),
        (Some(replace()), vec![]),
        (Some(prepend()), vec![]),
        (None, vec![metaspace(Always, true)]),
        (None, vec![metaspace(Always, false)]),
        (None, vec![metaspace(First, true)]),
        (None, vec![metaspace(Never, true)]),
        (None, vec![metaspace(Never, false)]),
        (Some(prepend()), vec![metaspace(First, true)]),
        (None, vec![PreTokenizer::WhitespaceSplit, metaspace(Always, true)]),
    ]
}

pub(super) fn byte_pieces() -> impl Iterator<Item = String> {
    (0..=255).map(|byte: u8| format!("<0x{byte:02X}>"))
}

/// Scores with ties, and with sums that round.
fn score(random: &mut u64) -> f64 {
    match below(random, 3) {
        0 => -(below(random, 4) as f64),
        1 => -0.1 * below(random, 12) as f64,
        _ => -((next_bits(random) >> 40) as f64) / 3e6,
    }
}

/// Texts: the characters and, where there is a sign, the sign.
fn alphabet(sign: bool) -> Vec<char> {
    if sign { vec!['a', 'b', 'é', ' ', '\u{2581}'] } else { vec!['a', 'b', 'é', ' ', '中'] }
}

#[test]
fn what_is_accepted_is_what_comes_out_of_tokenizers() {
    let mut random = 1;
    let mut seen = Seen::default();
    for (normalizer, stages) in shapes() {
        let sign = normalizer.is_some() || !stages.is_empty();
        let alphabet = alphabet(sign);
        let texts = all_texts(&alphabet, 5);
        for round in 0..8_usize {
            let mut tokens = vec!["<unk>".to_owned()];
            let letters: Vec<char> = alphabet[..3].iter().copied().chain(['\u{2581}']).collect();
            let letters = if sign { &letters } else { &alphabet };
            let fallback = round.is_multiple_of(4);
            let mut found = strings(&mut random, letters, 4, 9);
            if fallback {
                found.retain(|piece| piece != "\u{2581}");
                found.insert(0, "\u{2581}".to_owned());
            }
            tokens.extend(found);
            let count = tokens.len();
            if fallback {
                tokens.extend(byte_pieces());
            }
            let scores = (0..tokens.len())
                .map(|id| if id < count { score(&mut random) } else { -8.0 })
                .collect();
            let definition = Definition { scores, unk_id: Some(0), byte_fallback: fallback };
            let about = format!("{normalizer:?} {stages:?} {:?} {definition:?}", &tokens[..count]);
            let pipeline = Pipeline {
                normalizer: normalizer.clone(),
                pre_tokenizers: stages.clone(),
                model: Model::Unigram(definition),
                ..Pipeline::default()
            };
            let tokenizer = tokenizer(&tokens, &["<unk>"], pipeline);
            let trie = trie(&tokenizer);
            let judge = Unigram::new(&tokenizer, &trie).unwrap();
            // A character spelled in bytes may be one that no text here has.
            if fallback {
                let texts = all_texts(&alphabet, 3);
                seen += check_bytes(&judge, &tokenizer, &trie, &texts, &about);
            } else {
                seen += check(&judge, &tokenizer, &trie, &texts, (5, 0), &about);
            }
        }
    }
    assert!(seen.contexts > 10_000 && seen.refused > 30_000, "{seen:?}");
}

/// Bytes that are always looked at.
const BYTES: [u8; 20] = [
    0x00, 0x20, 0x61, 0x62, 0x80, 0x81, 0x96, 0xA9, 0xAD, 0xB8, 0xBF, 0xC0, 0xC3, 0xE2, 0xE4, 0xED,
    0xF0, 0xF4, 0xF5, 0xFF,
];

/// As [`check`], but what is accepted is completed with any character.
pub(super) fn check_bytes<J: Judge>(
    judge: &J,
    tokenizer: &Tokenizer,
    trie: &TokenTrie,
    texts: &[String],
    about: &str,
) -> Seen {
    let mut seen = Seen::default();
    let mut contexts: HashSet<Vec<u32>> = HashSet::new();
    for text in texts {
        let Ok(ids) = tokenizer.encode(text) else { continue };
        let known = ids.iter().take_while(|&&id| trie.place(id).is_some()).count();
        for len in 0..=known {
            contexts.insert(ids[..len].to_vec());
        }
    }
    let mut todo: Vec<Vec<u32>> = contexts.into_iter().collect();
    while let Some(context) = todo.pop() {
        let mut state = judge.start();
        for (at, &id) in context.iter().enumerate() {
            state = judge.step(&state, trie.place(id).unwrap()).unwrap_or_else(|| {
                panic!("{about}: {:?} is given but refused", spelled(tokenizer, &context[..=at]))
            });
        }
        seen.contexts += 1;
        let mask = judge.mask(&state);
        let is_given = |ids: &[u32]| {
            let spelled: Vec<u8> = ids
                .iter()
                .flat_map(|&id| trie.spelling(trie.place(id).unwrap()).to_vec())
                .collect();
            let tails: Vec<Vec<u8>> = match std::str::from_utf8(&spelled) {
                Ok(_) => vec![Vec::new()],
                Err(error) if error.error_len().is_none() => {
                    completions(&spelled[error.valid_up_to()..])
                }
                Err(_) => return false,
            };
            tails.into_iter().any(|tail| {
                let text = String::from_utf8([&spelled[..], &tail].concat()).unwrap();
                // The first space may be one that every text begins with, and spaces may be
                // written as their sign; what is given when the text goes on counts as well.
                let text = [text.strip_prefix(' ').unwrap_or(&text), &text];
                text.iter().any(|text| {
                    [(*text).to_owned(), text.replace(' ', "\u{2581}")].iter().any(|text| {
                        ["", "x"].iter().any(|more| {
                            tokenizer.encode(&format!("{text}{more}")).unwrap().starts_with(ids)
                        })
                    })
                })
            })
        };
        for place in 0..trie.len() as u32 {
            let next = judge.step(&state, place);
            assert_eq!(mask.contains(place), next.is_some(), "{about}: mask behind {context:?}");
            // Most bytes are like others.
            if let [byte] = trie.spelling(place)
                && !BYTES.contains(byte)
                && !(usize::from(*byte) * 7 + seen.contexts).is_multiple_of(16)
            {
                continue;
            }
            let mut longer = context.clone();
            longer.push(trie.id(place));
            assert_eq!(
                next.is_some(),
                is_given(&longer),
                "{about}: {:?}",
                spelled(tokenizer, &longer)
            );
            seen.refused += usize::from(next.is_none());
            // Characters that no text here has, byte by byte.
            if next.is_some() && longer.len() < 4 && trie.spelling(place)[0] >= 0x80 {
                let whole: Vec<u8> = longer
                    .iter()
                    .flat_map(|&id| trie.spelling(trie.place(id).unwrap()).to_vec())
                    .collect();
                if std::str::from_utf8(&whole).is_err() {
                    todo.push(longer);
                }
            }
        }
    }
    seen
}

/// Some of the ways that a character can end: all that any piece has, and others.
fn completions(cut: &[u8]) -> Vec<Vec<u8>> {
    let some = ['é', '中', '\u{2581}', 'ê', '\u{80}', '\u{7ff}', '乀', '\u{800}', '\u{ffff}'];
    let more = ['\u{10000}', '😀', char::MAX, '\u{d7ff}', '\u{1000}', '\u{2582}', '\u{e000}'];
    let mut found: Vec<Vec<u8>> = Vec::new();
    for c in some.into_iter().chain(more) {
        let bytes = c.to_string().into_bytes();
        if bytes.starts_with(cut) {
            found.push(bytes[cut.len()..].to_vec());
        }
    }
    for len in 1..4 {
        for byte in 0x80..=0xBF_u8 {
            let tail = vec![byte; len];
            if std::str::from_utf8(&[cut, &tail].concat())
                .is_ok_and(|text| text.chars().count() == 1)
            {
                found.push(tail);
            }
        }
    }
    found
}

fn sentencepiece(
    tokens: &[String],
    kinds: Vec<PieceKind>,
    scores: Vec<f32>,
    (dummy, escape, fallback): (bool, bool, bool),
    kind: SentencePieceKind,
) -> Tokenizer {
    let normalizer = SentencePieceNormalizer {
        add_dummy_prefix: dummy,
        escape_whitespaces: escape,
        user_defined: tokens
            .iter()
            .zip(&kinds)
            .filter(|(_, kind)| **kind == PieceKind::UserDefined)
            .map(|(token, _)| token.clone())
            .collect(),
        ..SentencePieceNormalizer::default()
    };
    let model = SentencePieceModel {
        kind,
        scores,
        types: kinds,
        byte_fallback: fallback,
        ..SentencePieceModel::default()
    };
    let pipeline = Pipeline {
        normalizer: Some(Normalizer::SentencePiece(normalizer)),
        model: Model::SentencePiece(model),
        ..Pipeline::default()
    };
    tokenizer(tokens, &["<unk>"], pipeline)
}

pub(super) fn random_sentencepiece(
    random: &mut u64,
    round: usize,
    kind: SentencePieceKind,
    score: &mut dyn FnMut(&mut u64) -> f32,
) -> (Tokenizer, bool) {
    let (dummy, escape, fallback) =
        (round.is_multiple_of(2), !round.is_multiple_of(3), round.is_multiple_of(5));
    let letters = if escape { ['a', 'b', 'é', '\u{2581}'] } else { ['a', 'b', 'é', ' '] };
    let mut tokens = vec!["<unk>".to_owned()];
    if kind == SentencePieceKind::Bpe || fallback {
        tokens.extend(letters.map(String::from));
    }
    let new = strings(random, &letters, 4, 10);
    tokens.extend(new.into_iter().filter(|piece| !tokens.contains(piece)).collect::<Vec<_>>());
    let mut kinds = vec![PieceKind::Normal; tokens.len()];
    kinds[0] = PieceKind::Unknown;
    let last = tokens.len() - 1;
    if round % 7 == 3 && kind == SentencePieceKind::Unigram && !tokens[last].contains(' ') {
        kinds[last] = PieceKind::UserDefined;
    }
    let mut scores: Vec<f32> = tokens.iter().map(|_| score(random)).collect();
    if fallback {
        tokens.extend(byte_pieces());
        kinds.resize(tokens.len(), PieceKind::Byte);
        scores.resize(tokens.len(), 0.0);
    }
    (sentencepiece(&tokens, kinds, scores, (dummy, escape, fallback), kind), escape)
}

/// Compares one of [`random_sentencepiece`] with its encodings; every fifth by its bytes, too.
pub(super) fn check_round(
    judge: &impl Judge,
    tokenizer: &Tokenizer,
    trie: &Arc<TokenTrie>,
    escape: bool,
    round: usize,
) -> Seen {
    let mut alphabet = vec!['a', 'b', 'é', ' '];
    if escape {
        alphabet.push('\u{2581}');
    }
    let about = format!("{round} {:?}", tokenizer.pipeline);
    if round.is_multiple_of(5) {
        check_bytes(judge, tokenizer, trie, &all_texts(&alphabet, 3), &about)
    } else {
        check(judge, tokenizer, trie, &all_texts(&alphabet, 5), (5, 0), &about)
    }
}

#[test]
fn what_is_accepted_is_what_comes_out_of_sentencepiece() {
    let (mut random, mut seen) = (2, Seen::default());
    // Large scores reach the place where sums are moved, and round where small ones do not.
    let scales = [1.0, 1.0, 7001.3, 60_000.0];
    for round in 0..80_usize {
        let scale = scales[round % 4];
        let mut draw = |random: &mut u64| (score(random) as f32 - 0.3) * scale;
        let (tokenizer, escape) =
            random_sentencepiece(&mut random, round, SentencePieceKind::Unigram, &mut draw);
        let trie = trie(&tokenizer);
        let judge = Unigram::new(&tokenizer, &trie).unwrap();
        seen += check_round(&judge, &tokenizer, &trie, escape, round);
    }
    assert!(seen.contexts > 10_000 && seen.refused > 30_000, "{seen:?}");
}

//! Real vocabularies, where they are at hand: prefixes of real text, near misses, whole masks.

use super::*;
use crate::encode::normalize::NormalizeCache;
use crate::formats::{Options, load};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// The vocabulary of a file, if it is there.
pub(super) fn real(file: &str) -> Option<Tokenizer> {
    let data = data(file)?;
    Some(Tokenizer::build(load(&data, &Options::default()).unwrap()).unwrap())
}

/// The file of a vocabulary, if it is there.
pub(super) fn data(file: &str) -> Option<Vec<u8>> {
    let root = std::env::var_os("TOKSMITH_TEST_DATA").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")),
        PathBuf::from,
    );
    let path = root.join(file);
    let Ok(data) = std::fs::read(&path) else {
        println!("skipped: there is no {}", path.display());
        return None;
    };
    Some(data)
}

/// Real text of many scripts.
pub(super) const TEXTS: [&str; 12] = [
    "The quick brown fox's unbelievably long-winded explanation, e.g. antidisestablishmentarianism.",
    "fn main() { let x_1 = \"a\\n\"; }  // 3.14159 + 0x7fff == 1_000_000?",
    "Die Donaudampfschifffahrtsgesellschaft übertraf alle Erwartungen im Jahr 1887.",
    "Les élèves français étudiaient l'œuvre près de l'hôtel, n'est-ce pas ?",
    "Съешь же ещё этих мягких французских булок, да выпей чаю.",
    "北京大学的学生们正在研究自然语言处理。日本語のテキストもあります。",
    "안녕하세요 세계, 한국어 문장입니다.",
    "สวัสดีชาวโลก นี่คือข้อความภาษาไทย",
    "שלום עולם وهذا نص باللغة العربية",
    "नमस्ते दुनिया यह हिन्दी का वाक्य है",
    "emoji 👩‍👩‍👧 🙂🏽 and signs ☃ ℵ 𝔘 ꧁ <0x41> ## [UNK] \u{1}\u{7f}",
    "   spaces    and\ttabs \n\n newlines        end   ",
];

/// The state behind a context.
pub(super) fn walk<J: Judge>(judge: &J, trie: &TokenTrie, ids: &[u32]) -> Option<J::State> {
    let mut state = judge.start();
    for &id in ids {
        state = judge.step(&state, trie.place(id)?)?;
    }
    Some(state)
}

/// Whether a text is left as it is before the model sees it, spaces and their signs aside.
fn is_normal(tokenizer: &Tokenizer, text: &str) -> bool {
    let normal = tokenizer.normalized(&mut NormalizeCache::default(), text).unwrap();
    let normal = normal.replace('\u{2581}', " ");
    let words = |text: &str| {
        text.split(' ').filter(|word| !word.is_empty()).map(String::from).collect::<Vec<_>>()
    };
    let spaces = |text: &str| text.bytes().filter(|&byte| byte == b' ').count();
    let lost = text.starts_with(' ') || text.ends_with(' ') || text.contains("  ");
    words(&normal) == words(text) && (!lost || spaces(&normal) > spaces(text))
}

/// Follows real text by prefixes, asks for near misses, and for whole masks here and there.
pub(super) fn follow<J: Judge>(
    tokenizer: &Tokenizer,
    make: impl Fn(&Arc<TokenTrie>) -> J,
    name: &str,
) {
    let spelling = Spelling::new(tokenizer).unwrap();
    let trie = Arc::new(TokenTrie::new(&spelling.tokens).unwrap());
    let begun = Instant::now();
    let judge = make(&trie);
    println!("{name}: built in {:?}", begun.elapsed());
    let (mut prefixes, mut asked, mut refused, mut masks) = (0, 0, 0, 0);
    let (mut first, mut again, mut slowest) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    let mut steps = Duration::ZERO;
    let mut random = 9;
    for (number, text) in TEXTS.iter().enumerate() {
        let ids = tokenizer.encode(text).unwrap();
        let known = ids.iter().take_while(|&&id| trie.place(id).is_some()).count();
        let ids = &ids[..known];
        for cut in 0..=ids.len() {
            let begun = Instant::now();
            let state = walk(&judge, &trie, &ids[..cut]);
            steps += begun.elapsed();
            let state = state.unwrap_or_else(|| {
                panic!("{name}: {:?} is given but refused", spelled(tokenizer, &ids[..cut]))
            });
            prefixes += 1;
            let begun = Instant::now();
            let mask = judge.mask(&state);
            let took = begun.elapsed();
            (first, slowest) = (first + took, slowest.max(took));
            let begun = Instant::now();
            assert_eq!(judge.mask(&state), mask);
            again += begun.elapsed();
            // All places, here and there.
            if (cut * 7 + number).is_multiple_of(23) {
                masks += 1;
                for place in 0..trie.len() as u32 {
                    let taken = judge.step(&state, place).is_some();
                    assert_eq!(mask.contains(place), taken, "{name}: {:?}", trie.spelling(place));
                }
            }
            // Near misses: tokens that begin as the text goes on, or as the last token ends; others.
            let mut bytes: Vec<u8> = Vec::new();
            for &id in &ids[..cut] {
                bytes.extend(trie.spelling(trie.place(id).unwrap()));
            }
            let mut near: Vec<u32> =
                (0..10).map(|_| below(&mut random, trie.len()) as u32).collect();
            for from in [ids.get(cut), ids.get(cut.wrapping_sub(1))].into_iter().flatten() {
                let from = trie.spelling(trie.place(*from).unwrap());
                for start in 0..from.len() {
                    let range = trie.find(&from[start..]).range();
                    near.extend(range.clone().take(3));
                    for end in start + 1..from.len() {
                        near.extend(trie.ending(trie.find(&from[start..end])));
                    }
                    if !range.is_empty() {
                        near.push(range.start + below(&mut random, range.len()) as u32);
                    }
                }
            }
            for place in near {
                let all = [&bytes, trie.spelling(place)].concat();
                let own = all.strip_prefix(spelling.lead.as_slice());
                let Some(Ok(text)) = own.map(std::str::from_utf8) else { continue };
                if text.is_empty() || !is_normal(tokenizer, text) {
                    continue;
                }
                let expected = tokenizer.encode(text).unwrap();
                let given = [&ids[..cut], &[trie.id(place)]].concat();
                let next = judge.step(&state, place);
                let taken = next.as_ref().is_some_and(|next| judge.complete(next));
                assert_eq!(taken, given == expected, "{name}: {:?}", spelled(tokenizer, &given));
                asked += 1;
                refused += usize::from(!taken);
            }
        }
    }
    println!(
        "{name}: {prefixes} prefixes, {asked} tokens asked ({refused} refused), {masks} whole masks; \
         mask {:?} on average, {slowest:?} at most, {:?} when known; prefixes walked in {steps:?}",
        first / prefixes,
        again / prefixes,
    );
    assert!(prefixes > 100 && asked > 3000 && refused > 300);
}

#[test]
fn bert() {
    let Some(tokenizer) = real("vocabs/bert/tokenizer.json") else { return };
    follow(&tokenizer, |trie| WordPiece::new(&tokenizer, trie).unwrap(), "BERT");
}

#[test]
fn xlmr() {
    let Some(tokenizer) = real("vocabs/xlmr_unigram/tokenizer.json") else { return };
    follow(&tokenizer, |trie| Unigram::new(&tokenizer, trie).unwrap(), "XLM-R");
}

#[test]
fn xlmr_of_sentencepiece() {
    let Some(tokenizer) = real("vocabs/xlmr_unigram/tokenizer.model") else { return };
    follow(&tokenizer, |trie| Unigram::new(&tokenizer, trie).unwrap(), "XLM-R, SentencePiece");
}

#[test]
fn mistral() {
    let Some(tokenizer) = real("vocabs/mistral_v1/tokenizer.json") else { return };
    follow(&tokenizer, |trie| CharBpe::new(&tokenizer, trie).unwrap(), "Mistral");
}

#[test]
fn mistral_of_sentencepiece() {
    let Some(tokenizer) = real("vocabs/mistral_v1/tokenizer.model") else { return };
    follow(&tokenizer, |trie| CharBpe::new(&tokenizer, trie).unwrap(), "Mistral, SentencePiece");
}

#[test]
fn llama() {
    let Some(tokenizer) = real("vocabs/gguf/ggml-vocab-llama-spm.gguf") else { return };
    follow(&tokenizer, |trie| CharBpe::new(&tokenizer, trie).unwrap(), "Llama");
}

//! Real byte-level vocabularies behind their patterns: prefixes of real text, near misses, masks.

use super::real::{data, follow, real, walk};
use super::*;
use crate::encode::model::bpe::MergeScratch;
use crate::formats::{Options, load};
use crate::token::TokenId;
use crate::watch::Watch;

/// A file, which for a rank file is that of a known vocabulary.
fn check(file: &str, name: Option<&str>) {
    let Some(data) = data(file) else { return };
    let options = Options { name: name.map(Into::into), ..Options::default() };
    let tokenizer = Tokenizer::build(load(&data, &options).unwrap()).unwrap();
    follow(&tokenizer, |trie| Validity::new(&tokenizer, trie).unwrap(), file);
}

/// What merging makes of the tokens that only whole pre-tokens are, behind other pre-tokens.
#[test]
fn tokens_taken_whole() {
    let Some(tokenizer) = real("vocabs/llama3/tokenizer.json") else { return };
    let trie = trie(&tokenizer);
    let judge = Validity::new(&tokenizer, &trie).unwrap();
    let bpe = &tokenizer.bytes().unwrap().bpe;
    let live: HashSet<TokenId> =
        (0..bpe.len() as u32).filter(|&rank| bpe.is_live(rank)).map(|rank| bpe.id(rank)).collect();
    let mut scratch = MergeScratch::default();
    let (mut whole, mut refused) = (0, 0);
    for &id in trie.order().iter().filter(|id| !live.contains(id)) {
        let spelled = tokenizer.token_bytes(id).unwrap();
        let Ok(text) = std::str::from_utf8(spelled) else { continue };
        bpe.merge(spelled, &mut scratch, &Watch::default()).unwrap();
        let merged: Vec<TokenId> = scratch.ranks.iter().map(|&rank| bpe.id(rank)).collect();
        for before in ["", "x", "(", "\n\n", "1", "don't", " !"] {
            let begun = tokenizer.encode(before).unwrap();
            let expected = tokenizer.encode(&[before, text].concat()).unwrap();
            for context in [[&begun[..], &[id]].concat(), [&begun[..], &merged].concat()] {
                let complete = walk(&judge, &trie, &context).is_some_and(|s| judge.complete(&s));
                let about = super::spelled(&tokenizer, &context);
                assert_eq!(complete, context == expected, "{about:?}");
                refused += usize::from(!complete);
                whole += usize::from(complete && context.last() == Some(&id));
            }
        }
    }
    println!("{whole} contexts end in a whole pre-token, {refused} refused");
    assert!(whole > 1000 && refused > 1000);
}

#[test]
fn gpt2() {
    check("vocabs/gpt2/tokenizer.json", None);
}

#[test]
fn cl100k() {
    check("vocabs/cl100k_base/cl100k_base.tiktoken", Some("cl100k_base"));
}

#[test]
fn o200k() {
    check("vocabs/o200k_base/o200k_base.tiktoken", Some("o200k_base"));
}

#[test]
fn llama3() {
    check("vocabs/llama3/tokenizer.json", None);
}

#[test]
fn qwen() {
    check("vocabs/qwen/tokenizer.json", None);
}

#[test]
fn tekken() {
    check("vocabs/tekken/tekken.json", None);
}

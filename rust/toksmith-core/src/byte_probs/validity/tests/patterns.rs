//! Real byte-level vocabularies behind their patterns: prefixes of real text, near misses, masks.

use super::real::{data, follow};
use super::*;
use crate::formats::{Options, load};

/// A file, which for a rank file is that of a known vocabulary.
fn check(file: &str, name: Option<&str>) {
    let Some(data) = data(file) else { return };
    let options = Options { name: name.map(Into::into), ..Options::default() };
    let tokenizer = Tokenizer::build(load(&data, &options).unwrap()).unwrap();
    follow(&tokenizer, |trie| Validity::new(&tokenizer, trie).unwrap(), file);
}

#[test]
fn gpt2() {
    check("gpt2/tokenizer.json", None);
}

#[test]
fn cl100k() {
    check("cl100k_base/cl100k_base.tiktoken", Some("cl100k_base"));
}

#[test]
fn o200k() {
    check("o200k_base/o200k_base.tiktoken", Some("o200k_base"));
}

#[test]
fn llama3() {
    check("llama3/tokenizer.json", None);
}

#[test]
fn qwen() {
    check("qwen/tokenizer.json", None);
}

#[test]
fn tekken() {
    check("tekken/tekken.json", None);
}

//! The fast path gives the ids of the plain one, and they decode to the text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use toksmith_fuzz::{TOKENIZER, encode_naively};

fuzz_target!(|text: &str| {
    let ids = TOKENIZER.encode(text).expect("a built-in pattern always runs");
    assert_eq!(ids, encode_naively(text));
    let bytes = TOKENIZER.decode_bytes(&ids, false).expect("these ids exist");
    assert_eq!(bytes, text.as_bytes());
});

//! Any ids decode or are refused; a stream of them gives the text of the whole.
#![no_main]

use libfuzzer_sys::fuzz_target;
use toksmith_core::decode::stream::StreamDecoder;
use toksmith_fuzz::TOKENIZER;

fuzz_target!(|input: (Vec<u32>, bool)| {
    let (mut ids, skip_special) = input;
    let known = TOKENIZER.decode_bytes(&ids, skip_special).is_ok();
    assert_eq!(known, ids.iter().all(|&id| TOKENIZER.token_bytes(id).is_ok()));

    let limit = TOKENIZER.vocab().id_limit() as u32;
    ids.iter_mut().for_each(|id| *id %= limit);
    ids.retain(|&id| TOKENIZER.token_bytes(id).is_ok());
    let whole = TOKENIZER.decode_bytes(&ids, skip_special).expect("these ids exist");
    let mut decoder = StreamDecoder::new(skip_special);
    let mut text = String::new();
    for id in ids {
        text += &decoder.push(&TOKENIZER, &[id]).expect("this id exists");
    }
    text += &decoder.finish(&TOKENIZER).expect("no pattern, no error");
    assert_eq!(text, String::from_utf8_lossy(&whole));
});

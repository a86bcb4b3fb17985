//! A text that arrives in blocks has the ids of the whole, wherever it is cut; UTF-8 or not.
#![no_main]

use libfuzzer_sys::fuzz_target;
use toksmith_core::encode::added::Allowed;
use toksmith_core::encode::stream::StreamEncoder;
use toksmith_core::tokenizer::Text;
use toksmith_core::watch::Watch;
use toksmith_fuzz::TOKENIZER;

fuzz_target!(|blocks: Vec<Vec<u8>>| {
    for allowed in [Allowed::None, Allowed::All] {
        let whole = TOKENIZER
            .encode_text(Text::Bytes(&blocks.concat()), &allowed, &Watch::none())
            .expect("a built-in pattern always runs");
        let mut encoder = StreamEncoder::new(allowed);
        let mut ids = Vec::new();
        for block in &blocks {
            ids.extend(encoder.push(&TOKENIZER, block, &Watch::none()).expect("as the whole"));
        }
        ids.extend(encoder.finish(&TOKENIZER, &Watch::none()).expect("as the whole"));
        assert_eq!(ids, whole);
    }
});

//! Any bytes are refused with an error or make a tokenizer that works and saves to its equal.
#![no_main]

use libfuzzer_sys::fuzz_target;
use toksmith_core::Tokenizer;
use toksmith_core::formats::{Format, Options, load, save};

const TEXT: &str =
    "Text, with numbers 123, l'élision,\r\n\n  spaces and 🙂 all_the-rest <|endoftext|>";

fuzz_target!(|input: (&[u8], bool)| {
    let (data, named) = input;
    // A rank file does not say how text is cut.
    let options = Options { name: named.then(|| "cl100k_base".into()), ..Options::default() };
    let Ok(tokenizer) = load(data, &options).and_then(Tokenizer::build) else { return };
    let Ok(ids) = tokenizer.encode(TEXT) else { return };
    let _ = tokenizer.decode_bytes(&ids, false).expect("ids it gave");

    let definition = tokenizer.definition();
    let native = save(&definition, &tokenizer.compiled(), Format::Native).expect("native says all");
    let again = load(&native, &Options::default()).and_then(Tokenizer::build).expect("it loads");
    assert_eq!(again.encode(TEXT).expect("as before"), ids);
});

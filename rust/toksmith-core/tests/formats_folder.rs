//! Bare vocabularies, and what the configurations of a folder add to a tokenizer.

use std::fmt::Write as _;

use toksmith_core::formats::folder::{self, Files, Folder};
use toksmith_core::formats::pipeline::{Model, Normalizer, PostProcessor, PreTokenizer};
use toksmith_core::formats::{Definition, Options, SplitBehaviour, load, load_pair};
use toksmith_core::{Error, ErrorKind, Place, Tokenizer};

type Anything = Result<(), Box<dyn std::error::Error>>;

const BERT: &str = "[PAD]\n[UNK]\n[CLS]\n[SEP]\nhello\n##lo\nhel\n";
const MERGES: &str = "#version: 0.2\na b\nab c\n";

/// A vocab.json of all bytes, `ab` and `abc`.
fn vocab_json() -> String {
    let plain = |b: u8| matches!(b, 33..=126 | 161..=172 | 174..=255);
    let mut vocab = String::from("{");
    let mut next = 256;
    for byte in 0..=255_u8 {
        let code = if plain(byte) { u32::from(byte) } else { next };
        next += u32::from(!plain(byte));
        let _ = write!(vocab, "\"\\u{code:04x}\":{byte},");
    }
    vocab.push_str("\"ab\":256,\"abc\":257}");
    vocab
}

fn folder(files: &[(&'static str, &str)]) -> Result<Folder, Error> {
    let files: Files<'_> = files.iter().map(|&(name, text)| (name, text.as_bytes())).collect();
    folder::load(&files, &Options::default())
}

fn names(definition: &Definition) -> Vec<(&str, u32)> {
    definition.added.iter().map(|token| (token.content.as_str(), token.id)).collect()
}

#[test]
fn a_vocab_txt_is_berts() -> Anything {
    let definition = load(BERT.as_bytes(), &Options::default())?;
    let expected = [("[UNK]", 1), ("[SEP]", 3), ("[PAD]", 0), ("[CLS]", 2), ("[MASK]", 7)];
    assert_eq!(names(&definition), expected);
    let pipeline = &definition.pipeline;
    assert_eq!(pipeline.pre_tokenizers, [PreTokenizer::Bert]);
    assert!(matches!(pipeline.normalizer, Some(Normalizer::Bert { lowercase: true, .. })));
    assert!(matches!(pipeline.post_processor, Some(PostProcessor::Template { .. })));
    assert!(matches!(pipeline.model, Model::WordPiece { max_input_chars_per_word: 100, .. }));
    let error = load(b"[UNK]\na\n\xff\n", &Options::default()).err().ok_or("loaded")?;
    assert!(matches!(error, Error::Model { place: Place::Line(3), .. }), "{error}");
    Ok(())
}

#[test]
fn a_pair_of_files_is_a_byte_level_tokenizer() -> Anything {
    let vocab = vocab_json();
    let definition = load_pair(vocab.as_bytes(), MERGES.as_bytes())?;
    assert_eq!(names(&definition), [("<|endoftext|>", 258)]);
    let tokenizer = Tokenizer::build(definition)?;
    assert_eq!(tokenizer.encode("abcab")?, [257, 256]);
    for (merges, line, why) in [
        ("a b\nab", 2, "two tokens"),
        ("a b\n\n", 2, "two tokens"),
        ("#version\na b c", 2, "two tokens"),
        ("a b\nb a", 2, "\"ba\" is not in the vocabulary"),
    ] {
        let error = load_pair(vocab.as_bytes(), merges.as_bytes()).err().ok_or(merges)?;
        assert!(matches!(error, Error::Model { place: Place::Line(at), .. } if at == line));
        assert!(error.to_string().contains(why), "{error}");
    }
    let error = load_pair(b"{\"a\":-1}", b"").err().ok_or("loaded")?;
    assert_eq!(error.kind(), ErrorKind::Model);
    let alone = load(vocab.as_bytes(), &Options::default()).err().ok_or("loaded")?;
    assert!(alone.to_string().contains("merges"), "{alone}");
    Ok(())
}

#[test]
fn a_configuration_says_how_a_vocabulary_is_used() -> Anything {
    let config = r#"{"tokenizer_class":"BertTokenizerFast","do_lower_case":false,
        "strip_accents":true,"cls_token":"hello","model_max_length":512,"mask_token":null,
        "chat_template":[{"name":"default","template":"x"},{"name":"tool","template":"y"}],
        "added_tokens_decoder":{"9":{"content":"later","lstrip":true},"1":{"content":"[UNK]",
        "special":true}}}"#;
    let found = folder(&[("vocab.txt", BERT), ("tokenizer_config.json", config)])?;
    let Some(Normalizer::Bert { lowercase, strip_accents, .. }) =
        found.definition.pipeline.normalizer
    else {
        return Err("no normalizer".into());
    };
    assert_eq!((lowercase, strip_accents), (false, Some(true)));
    let expected = [("[UNK]", 1), ("later", 7), ("[SEP]", 3), ("[PAD]", 0), ("hello", 4)];
    assert_eq!(names(&found.definition), expected);
    assert!(found.definition.added.iter().any(|token| token.lstrip && token.normalized));
    assert_eq!((found.roles.cls.as_deref(), found.roles.mask.as_deref()), (Some("hello"), None));
    assert_eq!((found.file.as_str(), found.max_length), ("vocab.txt", Some(512)));
    assert_eq!(found.chat_templates.len(), 2);

    let vocab = vocab_json();
    let pair = [("vocab.json", vocab.as_str()), ("merges.txt", MERGES)];
    let with = |config| folder(&[pair[0], pair[1], ("tokenizer_config.json", config)]);
    let roberta = with(r#"{"tokenizer_class":"RobertaTokenizer","add_prefix_space":true}"#)?;
    let Some(PostProcessor::Roberta { cls, add_prefix_space: true, .. }) =
        &roberta.definition.pipeline.post_processor
    else {
        return Err("no template".into());
    };
    assert_eq!(cls, &("<s>".to_owned(), 258));
    let qwen = with(r#"{"tokenizer_class":"Qwen2Tokenizer"}"#)?.definition;
    assert_eq!(qwen.pipeline.normalizer, Some(Normalizer::Nfc));
    assert_eq!(qwen.splits.first().map(|split| split.behaviour), Some(SplitBehaviour::Isolated));
    let gpt2 = with(r#"{"add_bos_token":true,"bos_token":{"content":"<b>","rstrip":true}}"#)?;
    let Some(PostProcessor::Template { single, .. }) = &gpt2.definition.pipeline.post_processor
    else {
        return Err("no template".into());
    };
    assert_eq!(single.len(), 2);
    let other = with(r#"{"tokenizer_class":"CLIPTokenizer"}"#).err().ok_or("loaded")?;
    assert!(other.to_string().contains("CLIPTokenizer"), "{other}");
    Ok(())
}

#[test]
fn configurations_add_tokens_to_a_tokenizer_json() -> Anything {
    let json = r#"{"model":{"type":"WordLevel","vocab":{"a":0,"<u>":1},"unk_token":"<u>"},
        "added_tokens":[{"id":2,"content":"<s>","single_word":false,"lstrip":false,
        "rstrip":false,"normalized":true,"special":false}]}"#;
    let generation = r#"{"eos_token_id":[1,0],"pad_token_id":2}"#;
    let map = r#"{"bos_token":"<s>","additional_special_tokens":["<x>",{"content":"<y>"}]}"#;
    let files = [
        ("tokenizer.json", json),
        ("special_tokens_map.json", map),
        ("generation_config.json", generation),
        ("vocab.txt", BERT),
    ];
    let found = folder(&files)?;
    assert_eq!(names(&found.definition), [("<s>", 2), ("<x>", 3), ("<y>", 4)]);
    assert!(found.definition.added.iter().all(|token| token.special));
    // As in the file, but for being special.
    assert!(found.definition.added.first().is_some_and(|token| token.normalized));
    let roles = [&found.roles.bos, &found.roles.eos, &found.roles.pad].map(Option::as_deref);
    assert_eq!(roles, [Some("<s>"), Some("<u>"), Some("<s>")]);
    assert_eq!(found.end_ids, [1, 0]);
    let packed: Files<'_> = files.iter().map(|&(name, text)| (name, text.as_bytes())).collect();
    let packed = folder::pack(&packed);
    let again = load(&packed, &Options::default())?;
    assert_eq!(names(&again), names(&found.definition));
    for cut in 0..packed.len() {
        let error = packed.get(..cut).map(|data| load(data, &Options::default()));
        assert!(!matches!(error, Some(Ok(_))) || cut > 40, "{cut}");
    }
    Ok(())
}

#[test]
fn a_folder_that_is_none_is_told() -> Anything {
    for (files, why) in [
        (vec![], "no model file"),
        (vec![("a.tiktoken", ""), ("b.tiktoken", "")], "a.tiktoken, b.tiktoken"),
        (vec![("vocab.txt", BERT), ("tokenizer_config.json", "{")], "tokenizer_config.json"),
        (
            vec![("vocab.txt", BERT), ("tokenizer_config.json", r#"{"do_lower_case":1}"#)],
            "tokenizer_config.json.do_lower_case",
        ),
        (
            vec![
                ("vocab.txt", BERT),
                ("tokenizer_config.json", r#"{"added_tokens_decoder":{"x":{}}}"#),
            ],
            "no id",
        ),
    ] {
        let error = folder(&files).err().ok_or(why)?;
        assert_eq!(error.kind(), ErrorKind::Model, "{error}");
        assert!(error.to_string().contains(why), "{error}");
    }
    Ok(())
}

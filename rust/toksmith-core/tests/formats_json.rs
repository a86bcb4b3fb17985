//! Every component of a tokenizer.json comes back as it was read, through tokenizer.json and
//! through our own format, in today's spelling and in older ones.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use toksmith_core::encode::model::bpe::build;
use toksmith_core::formats::pipeline::{
    Decoder, Model, Normalizer, PieceKind, PostProcessor, PreTokenizer, PrependScheme,
    SentencePieceModel, SentencePieceNormalizer,
};
use toksmith_core::formats::{Compiled, Definition, Format, Merges, Options, known, load, save};
use toksmith_core::{Error, ErrorKind};

type Anything = Result<(), Box<dyn std::error::Error>>;

const BPE: &str = r###"{"type":"BPE","dropout":0.25,"unk_token":"<u>",
    "continuing_subword_prefix":"##","end_of_word_suffix":"</w>","fuse_unk":true,
    "byte_fallback":true,"ignore_merges":true,"vocab":{"<u>":0,"a":1,"##b":2,"ab":3,"":4},
    "merges":[["a","##b"]]}"###;
const UNIGRAM: &str = r#"{"type":"Unigram","unk_id":0,"byte_fallback":true,
    "vocab":[["<u>",0.0],["a",-2.123456789012345],["a",-3],["",-1e-7]]}"#;
const WORD_PIECE: &str = r###"{"type":"WordPiece","unk_token":"[UNK]","continuing_subword_prefix":"##",
    "max_input_chars_per_word":100,"vocab":{"[UNK]":0,"a":1,"##b":7}}"###;
const WORD_LEVEL: &str = r#"{"type":"WordLevel","vocab":{"<u>":0,"a":1},"unk_token":"<u>"}"#;

/// A file with one field of these values, and a model.
fn file(field: &str, value: &str, model: &str) -> String {
    let mut file = String::from("{\"version\":\"1.0\"");
    for name in
        ["truncation", "padding", "normalizer", "pre_tokenizer", "post_processor", "decoder"]
    {
        let value = if name == field { value } else { "null" };
        let _ = write!(file, ",\"{name}\":{value}");
    }
    let added = if field == "added_tokens" { value } else { "[]" };
    let _ = write!(file, ",\"added_tokens\":{added},\"model\":{model}}}");
    file
}

fn read(text: &str) -> Result<Definition, Error> {
    load(text.as_bytes(), &Options::default())
}

fn compiled(definition: &Definition) -> Result<Compiled, Error> {
    match definition.pipeline.model {
        Model::ByteLevelBpe => build::compile(&definition.vocab, &definition.merges),
        _ => Ok(Compiled::default()),
    }
}

/// Everything that two definitions say, for comparison.
fn all(definition: &Definition) -> impl PartialEq + std::fmt::Debug + '_ {
    let Definition { vocab, decode_only, whole_words, splits, added, search, pipeline, .. } =
        definition;
    let vocab: Vec<_> = vocab.iter().collect();
    (vocab, decode_only, whole_words, splits, added, search, pipeline)
}

/// Writes and reads `definition` in both formats.
fn comes_back(definition: &Definition) -> Anything {
    let compiled = compiled(definition)?;
    let json = save(definition, &compiled, Format::HfJson)?;
    let again = load(&json, &Options::default())?;
    assert_eq!(all(&again), all(definition), "{}", String::from_utf8_lossy(&json));
    if let (Merges::List(one), Merges::List(two)) = (&again.merges, &definition.merges) {
        assert_eq!(one, two);
    }
    comes_back_natively(definition)
}

fn comes_back_natively(definition: &Definition) -> Anything {
    let compiled = compiled(definition)?;
    let native = save(definition, &compiled, Format::Native)?;
    let again = load(&native, &Options::default())?;
    assert_eq!(all(&again), all(definition));
    assert_eq!(save(&again, &compiled, Format::Native)?, native);
    Ok(())
}

#[test]
fn normalizers_come_back() -> Anything {
    let table = [4_u32.to_le_bytes(), [0; 4]].concat();
    let sequence = r#"{"type":"Sequence","normalizers":[{"type":"NFD"},{"type":"Sequence",
        "normalizers":[]},{"type":"StripAccents"}]}"#;
    for (text, expected) in [
        (
            r#"{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":false,
                "strip_accents":false,"lowercase":true}"#,
            Normalizer::Bert {
                clean_text: true,
                handle_chinese_chars: false,
                strip_accents: Some(false),
                lowercase: true,
            },
        ),
        (
            r#"{"type":"Strip","strip_left":true,"strip_right":false}"#,
            Normalizer::Strip { left: true, right: false },
        ),
        // Most kinds are told by their fields alone.
        (r#"{"prepend":"\u2581"}"#, Normalizer::Prepend("\u{2581}".into())),
        (
            r#"{"type":"Other","strip_left":true,"strip_right":true}"#,
            Normalizer::Strip { left: true, right: true },
        ),
        (r#"{"type":"NFC"}"#, Normalizer::Nfc),
        (r#"{"type":"NFD","unknown":1}"#, Normalizer::Nfd),
        (r#"{"type":"NFKC"}"#, Normalizer::Nfkc),
        (r#"{"type":"NFKD"}"#, Normalizer::Nfkd),
        (r#"{"type":"Lowercase"}"#, Normalizer::Lowercase),
        (r#"{"type":"Nmt","type":"Lowercase"}"#, Normalizer::Lowercase),
        (r#"{"type":"Nmt"}"#, Normalizer::Nmt),
        (r#"{"type":"StripAccents"}"#, Normalizer::StripAccents),
        (r#"{"type":"ByteLevel"}"#, Normalizer::ByteLevel),
        (
            r#"{"type":"Precompiled","precompiled_charsmap":"BAAAAAAAAAA="}"#,
            Normalizer::Precompiled(table),
        ),
        (
            sequence,
            Normalizer::Sequence(vec![
                Normalizer::Nfd,
                Normalizer::Sequence(Vec::new()),
                Normalizer::StripAccents,
            ]),
        ),
    ] {
        let definition = read(&file("normalizer", text, WORD_LEVEL))?;
        assert_eq!(definition.pipeline.normalizer, Some(expected), "{text}");
        comes_back(&definition)?;
    }
    for pattern in [r#"{"String":" a."}"#, r#"{"Regex":" {2,}|\\p{Lu}"}"#] {
        let text = format!(r#"{{"type":"Replace","pattern":{pattern},"content":"-"}}"#);
        comes_back(&read(&file("normalizer", &text, WORD_LEVEL))?)?;
    }
    Ok(())
}

#[test]
fn pre_tokenizers_come_back_and_are_flattened() -> Anything {
    let texts = [
        r#"{"type":"BertPreTokenizer"}"#,
        r#"{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":false,"use_regex":false}"#,
        r#"{"type":"CharDelimiterSplit","delimiter":"-"}"#,
        r#"{"type":"Metaspace","replacement":"_","prepend_scheme":"first","split":false}"#,
        r#"{"type":"Whitespace"}"#,
        r#"{"type":"WhitespaceSplit"}"#,
        r#"{"type":"Split","pattern":{"String":"x"},"behavior":"Contiguous","invert":true}"#,
        r#"{"type":"Punctuation","behavior":"MergedWithNext"}"#,
        r#"{"type":"Digits","individual_digits":true}"#,
        r#"{"type":"UnicodeScripts"}"#,
        r#"{"type":"FixedLength","length":3}"#,
    ];
    let kinds = [
        "BertPreTokenizer",
        "ByteLevel",
        "CharDelimiterSplit",
        "Metaspace",
        "Whitespace",
        "WhitespaceSplit",
        "Split",
        "Punctuation",
        "Digits",
        "UnicodeScripts",
        "FixedLength",
    ];
    for (text, kind) in texts.iter().zip(kinds) {
        let definition = read(&file("pre_tokenizer", text, WORD_PIECE))?;
        let stages: Vec<_> =
            definition.pipeline.pre_tokenizers.iter().map(PreTokenizer::kind).collect();
        assert_eq!(stages, [kind]);
        comes_back(&definition)?;
    }
    let inner = format!(r#"{{"type":"Sequence","pretokenizers":[{}]}}"#, texts.join(","));
    let outer = format!(r#"{{"type":"Sequence","pretokenizers":[{inner},{}]}}"#, texts[0]);
    let definition = read(&file("pre_tokenizer", &outer, UNIGRAM))?;
    assert_eq!(definition.pipeline.pre_tokenizers.len(), texts.len() + 1);
    comes_back(&definition)?;
    // What older files leave out or say in another way.
    let metaspace = |scheme| PreTokenizer::Metaspace {
        replacement: '\u{2581}',
        prepend_scheme: scheme,
        split: true,
    };
    for (rest, expected) in [
        (r#""add_prefix_space":true"#, Some(metaspace(PrependScheme::Always))),
        (r#""str_rep":"x","prepend_scheme":"first""#, Some(metaspace(PrependScheme::First))),
        (
            r#""add_prefix_space":false,"prepend_scheme":"never","split":null"#,
            Some(metaspace(PrependScheme::Never)),
        ),
        (r#""add_prefix_space":false"#, None),
    ] {
        let text = format!(r#"{{"type":"Metaspace","replacement":"\u2581",{rest}}}"#);
        let definition = read(&file("pre_tokenizer", &text, UNIGRAM));
        let stage = definition.ok().map(|definition| definition.pipeline.pre_tokenizers);
        assert_eq!(stage, expected.map(|stage| vec![stage]), "{rest}");
    }
    Ok(())
}

#[test]
fn post_processors_come_back() -> Anything {
    let pair = r#""sep":["</s>",2],"cls":["<s>",0]"#;
    let flags = r#""trim_offsets":true,"add_prefix_space":false"#;
    let template = r#"{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"[CLS]",
        "type_id":3}},{"Sequence":{"id":"A","type_id":0}}],"pair":[{"Sequence":{"id":"B",
        "type_id":1}}],"special_tokens":{"[SEP]":{"id":"x","ids":[],"tokens":["y"]},
        "[CLS]":{"id":"[CLS]","ids":[1,2],"tokens":["a","b"]}}}"#;
    let byte_level = format!(r#"{{"type":"ByteLevel",{flags},"use_regex":false}}"#);
    for (text, kind) in [
        (format!(r#"{{"type":"BertProcessing",{pair}}}"#), "BertProcessing"),
        // The fields decide, not the name.
        (format!(r#"{{"type":"BertProcessing",{pair},{flags}}}"#), "RobertaProcessing"),
        (byte_level.clone(), "ByteLevel"),
        (template.to_owned(), "TemplateProcessing"),
        (format!(r#"{{"type":"Sequence","processors":[{byte_level},{template}]}}"#), "Sequence"),
    ] {
        let definition = read(&file("post_processor", &text, WORD_PIECE))?;
        let found = definition.pipeline.post_processor.as_ref().map(PostProcessor::kind);
        assert_eq!(found, Some(kind));
        comes_back(&definition)?;
    }
    Ok(())
}

#[test]
fn decoders_come_back() -> Anything {
    let fields = [
        ("ByteLevel", r#""add_prefix_space":true,"trim_offsets":true,"use_regex":true"#),
        ("BPEDecoder", r#""suffix":"</w>""#),
        ("WordPiece", r###""prefix":"##","cleanup":false"###),
        ("Metaspace", r#""replacement":"_","prepend_scheme":"never","split":false"#),
        ("CTC", r#""pad_token":"<pad>","word_delimiter_token":"|","cleanup":true"#),
        ("ByteFallback", r#""unknown":0"#),
        ("Fuse", r#""unknown":0"#),
        ("Strip", r#""content":" ","start":1,"stop":18446744073709551615"#),
        ("Replace", r#""pattern":{"Regex":"a+"},"content":"""#),
    ];
    let mut parts = Vec::new();
    for (kind, fields) in fields {
        let text = format!(r#"{{"type":"{kind}",{fields}}}"#);
        let definition = read(&file("decoder", &text, BPE))?;
        assert_eq!(definition.pipeline.decoder.as_ref().map(Decoder::kind), Some(kind));
        comes_back(&definition)?;
        parts.push(text);
    }
    let sequence = format!(r#"{{"type":"Sequence","decoders":[{}]}}"#, parts.join(","));
    comes_back(&read(&file("decoder", &sequence, BPE))?)
}

#[test]
fn truncation_and_padding_come_back() -> Anything {
    for side in ["Left", "Right"] {
        for strategy in ["LongestFirst", "OnlyFirst", "OnlySecond"] {
            let text = format!(
                r#"{{"direction":"{side}","max_length":5,"strategy":"{strategy}","stride":1}}"#
            );
            comes_back(&read(&file("truncation", &text, WORD_LEVEL))?)?;
        }
        for (length, multiple) in [("\"BatchLongest\"", "null"), ("{\"Fixed\":9}", "8")] {
            let text = format!(
                r#"{{"strategy":{length},"direction":"{side}","pad_to_multiple_of":{multiple},
                    "pad_id":4294967295,"pad_type_id":1,"pad_token":"[PAD]"}}"#
            );
            comes_back(&read(&file("padding", &text, WORD_LEVEL))?)?;
        }
    }
    Ok(())
}

#[test]
fn models_come_back() -> Anything {
    for model in [BPE, UNIGRAM, WORD_PIECE, WORD_LEVEL] {
        let definition = read(&file("", "", model))?;
        assert!(model.contains(definition.pipeline.model.kind()));
        comes_back(&definition)?;
        // Old files do not name the model.
        let start = model.find(',').ok_or("one field")?;
        let untyped = format!("{{{}", model.get(start + 1..).unwrap_or_default());
        assert_eq!(all(&read(&file("", "", &untyped))?), all(&definition));
    }
    // Equal pieces each have an id, and an added token gets the last of them.
    let added = r#"[{"id":9,"content":"a","single_word":true,"lstrip":true,"rstrip":true,
        "normalized":true,"special":false}]"#;
    let definition = read(&file("added_tokens", added, UNIGRAM))?;
    assert_eq!(definition.added.first().map(|token| token.id), Some(2));
    comes_back(&definition)
}

#[test]
fn merges_of_characters_are_ids() -> Anything {
    let merges = |text: &str| match read(&file("", "", text)).map(|found| found.pipeline.model) {
        Ok(Model::Bpe(bpe)) => Ok(bpe.merges),
        Ok(_) => Ok(Vec::new()),
        Err(error) => Err(error.to_string()),
    };
    assert_eq!(merges(BPE), Ok(vec![(1, 2, 3)]));
    let strings = BPE.replace(r###"[["a","##b"]]"###, r##"["#version: 0.2","a ##b","#version"]"##);
    assert_eq!(merges(&strings), Ok(vec![(1, 2, 3)]));
    for (bad, why) in [
        (r#"["a  ##b"]"#, "two tokens with a space"),
        (r#"[["a","c"]]"#, "\"c\" is not in the vocabulary"),
        (r#"[["a","a"]]"#, "shorter than the prefix"),
        (r###"["a ##b",["a","##b"]]"###, "mixed"),
    ] {
        let error = merges(&BPE.replace(r###"[["a","##b"]]"###, bad)).err().ok_or(bad)?;
        assert!(error.contains(why) && error.contains("model.merges["), "{bad}: {error}");
    }
    Ok(())
}

#[test]
fn added_tokens_keep_their_flags() -> Anything {
    let token = |content: &str, special: bool, lstrip: bool| {
        format!(
            r#"{{"id":0,"content":"{content}","single_word":true,"lstrip":{lstrip},
                "rstrip":false,"normalized":false,"special":{special}}}"#
        )
    };
    let list = [
        token("x", true, false),
        token("", false, false),
        token("a", false, true),
        token("y", false, false),
        token("x", false, true),
    ];
    let text = file("added_tokens", &format!("[{}]", list.join(",")), WORD_LEVEL);
    let definition = read(&text)?;
    let found: Vec<_> = definition
        .added
        .iter()
        .map(|token| (token.content.as_str(), token.id, token.special, token.lstrip))
        .collect();
    // New ones follow the model's; listed again, the last says all but who is special.
    let expected = [("x", 2, true, true), ("a", 1, false, true), ("y", 3, false, false)];
    assert_eq!(found, expected);
    comes_back(&definition)
}

#[test]
fn many_added_tokens_load_in_no_time() -> Anything {
    let mut list = String::from("[");
    for number in 0..100_000 {
        let comma = if number == 0 { "" } else { "," };
        let _ = write!(
            list,
            r#"{comma}{{"id":{number},"content":"<extra_{number}>","single_word":false,
                "lstrip":false,"rstrip":true,"normalized":{},"special":false}}"#,
            number % 2 == 0
        );
    }
    list.push(']');
    let text = file("added_tokens", &list, WORD_LEVEL);
    let start = Instant::now();
    let definition = read(&text)?;
    let took = start.elapsed();
    println!("{took:?}");
    // Far from the second it may take, even unoptimized on a busy machine; far from quadratic.
    assert!(took < Duration::from_secs(20), "{took:?}");
    assert_eq!(definition.added.len(), 100_000);
    assert_eq!(definition.added.last().map(|token| token.id), Some(100_001));
    Ok(())
}

#[test]
fn sentencepiece_parts_have_a_native_form_alone() -> Anything {
    let mut definition = read(&file("", "", UNIGRAM))?;
    definition.pipeline.model = Model::SentencePiece(SentencePieceModel {
        scores: vec![0.0, -1.5, f32::NEG_INFINITY, -2.0],
        types: vec![PieceKind::Unknown, PieceKind::Byte, PieceKind::Unused, PieceKind::Control],
        unk_surface: " \u{2047} ".into(),
        ..SentencePieceModel::default()
    });
    definition.pipeline.normalizer = Some(Normalizer::SentencePiece(SentencePieceNormalizer {
        charsmap: vec![1, 2, 3],
        add_dummy_prefix: true,
        user_defined: vec!["<x>".into()],
        ..SentencePieceNormalizer::default()
    }));
    definition.pipeline.decoder = Some(Decoder::SentencePiece {
        add_dummy_prefix: true,
        remove_extra_whitespaces: true,
        unk_surface: "?".into(),
        denormalizer: None,
    });
    comes_back_natively(&definition)?;
    let error = save(&definition, &Compiled::default(), Format::HfJson).err().ok_or("saved")?;
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("precompiled_charsmap"), "{error}");
    Ok(())
}

#[test]
fn a_forged_native_file_of_any_model_is_an_error_or_holds_together() -> Anything {
    let (mut errors, mut read_back) = (0, 0);
    for (model, stage) in [(BPE, "BertPreTokenizer"), (UNIGRAM, "Whitespace")] {
        let text = file("pre_tokenizer", &format!("{{\"type\":\"{stage}\"}}"), model);
        let definition = read(&text)?;
        let native = save(&definition, &Compiled::default(), Format::Native)?;
        let (content, _) = native.split_at(native.len() - 32);
        for at in 8..content.len() {
            for value in [0, 1, 2, 0x7f, 0x80, 0xff, content[at].wrapping_add(1)] {
                let mut forged = content.to_vec();
                forged[at] = value;
                let hash = known::sha256_hex(&forged);
                let bytes = (0..32).map(|i| u8::from_str_radix(&hash[2 * i..2 * i + 2], 16));
                forged.extend(bytes.collect::<Result<Vec<_>, _>>()?);
                match load(&forged, &Options::default()) {
                    Ok(definition) => {
                        let saved = save(&definition, &Compiled::default(), Format::Native);
                        if matches!(definition.pipeline.model, Model::ByteLevelBpe) {
                            continue;
                        }
                        assert_eq!(all(&load(&saved?, &Options::default())?), all(&definition));
                        read_back += 1;
                    }
                    Err(error) => {
                        assert!(matches!(error.kind(), ErrorKind::Model | ErrorKind::Unsupported));
                        errors += 1;
                    }
                }
            }
        }
    }
    println!("{errors} errors, {read_back} read");
    Ok(())
}

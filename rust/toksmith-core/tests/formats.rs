//! Files come back as they were written, and what is wrong in one is told with its place.

use std::fmt::Write as _;
use std::path::PathBuf;

use toksmith_core::encode::model::bpe::build;
use toksmith_core::formats::{
    Compiled, Definition, Format, Merges, Options, SplitBehaviour, known, load, save,
};
use toksmith_core::{Error, ErrorKind, Place, Tokenizer};

type Anything = Result<(), Box<dyn std::error::Error>>;

const PATTERN: &str = r"\p{L}+|\s+|.";

/// Byte-level spelling of single bytes, by the rule of GPT-2.
fn spelling(byte: u8) -> char {
    let plain = |b: u8| matches!(b, 33..=126 | 161..=172 | 174..=255);
    if plain(byte) {
        return char::from(byte);
    }
    let before = (0..byte).filter(|&b| !plain(b)).count() as u32;
    char::from_u32(256 + before).unwrap_or_default()
}

/// A rank file of all bytes and then `tokens`.
fn rank_file(tokens: &[&str]) -> Result<Vec<u8>, Error> {
    let mut vocab = toksmith_core::vocab::Vocab::default();
    let bytes = (0..=255_u8).map(|byte| vec![byte]);
    let all = bytes.chain(tokens.iter().map(|token| token.as_bytes().to_vec()));
    for (id, token) in (0..).zip(all) {
        vocab.insert(id, &token, 1000)?;
    }
    let definition = Definition { vocab, whole_words: true, ..Definition::default() };
    let compiled = build::compile(&definition.vocab, &Merges::ByRank)?;
    save(&definition, &compiled, Format::Tiktoken)
}

/// A tokenizer.json of all bytes, `ab`, `abc` and the added token `<s>`, with one text replaced.
fn json_file(from: &str, to: &str) -> String {
    let mut vocab = String::new();
    for byte in 0..=255_u8 {
        let name = match spelling(byte) {
            '"' => "\\\"".to_owned(),
            '\\' => "\\\\".to_owned(),
            other => other.to_string(),
        };
        let _ = write!(vocab, "\"{name}\":{byte},");
    }
    let file = format!(
        r#"{{"version":"1.0","truncation":null,"padding":null,"added_tokens":[{{"id":258,
        "content":"<s>","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,
        "special":true}}],"normalizer":null,"pre_tokenizer":{{"type":"ByteLevel",
        "add_prefix_space":false,"trim_offsets":true}},"post_processor":null,"decoder":null,
        "model":{{"dropout":null,"unk_token":null,"fuse_unk":false,
        "vocab":{{{vocab}"ab":256,"abc":257}},"merges":["a b","ab c"]}}}}"#
    );
    let changed = file.replacen(from, to, 1);
    assert!(from == to || changed != file, "{from}");
    changed
}

fn compiled(definition: &Definition) -> Result<Compiled, Error> {
    build::compile(&definition.vocab, &definition.merges)
}

fn assert_same(a: &Definition, b: &Definition) -> Anything {
    assert!(a.vocab.iter().eq(b.vocab.iter()));
    let (x, y) = (compiled(a)?, compiled(b)?);
    assert!(x.ids == y.ids && x.parts == y.parts);
    assert_eq!((&a.splits, &a.added, &a.decode_only), (&b.splits, &b.added, &b.decode_only));
    Ok(())
}

/// A file of this repository.
fn repository(path: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../")).join(path)
}

#[test]
fn a_rank_file_comes_back_byte_for_byte() -> Anything {
    let options = Options { pattern: Some(PATTERN.into()), ..Options::default() };
    let file = rank_file(&["ab", "abc", "  ", "\u{e9}"])?;
    let definition = load(&file, &options)?;
    assert_eq!(save(&definition, &compiled(&definition)?, Format::Tiktoken)?, file);
    let crlf = String::from_utf8(file.clone())?.replace('\n', "\r\n");
    assert_same(&load(crlf.as_bytes(), &options)?, &definition)?;
    assert_same(&load(file.trim_ascii_end(), &options)?, &definition)
}

#[test]
fn every_format_says_the_same() -> Anything {
    let options = Options {
        pattern: Some(PATTERN.into()),
        specials: Some([("<end>".to_owned(), 300), ("<pad>".to_owned(), 260)].into()),
        name: Some("small".into()),
    };
    let from_ranks = load(&rank_file(&["ab", "abc", "  ", "\u{e9}"])?, &options)?;
    let native = save(&from_ranks, &compiled(&from_ranks)?, Format::Native)?;
    let back = load(&native, &Options::default())?;
    assert_same(&from_ranks, &back)?;
    assert_eq!(back.name.as_deref(), Some("small"));
    assert_eq!(save(&back, &compiled(&back)?, Format::Native)?, native);

    let from_json = load(json_file("", "").as_bytes(), &Options::default())?;
    let native = save(&from_json, &compiled(&from_json)?, Format::Native)?;
    let back = load(&native, &Options::default())?;
    assert_same(&from_json, &back)?;
    assert_eq!((back.search, &back.pipeline), (from_json.search, &from_json.pipeline));
    let json = save(&back, &compiled(&back)?, Format::HfJson)?;
    assert_same(&load(&json, &Options::default())?, &from_json)?;
    // By rank, `ab` and `abc` merge just so.
    let ranks = save(&from_json, &compiled(&from_json)?, Format::Tiktoken)?;
    assert_eq!(ranks, rank_file(&["ab", "abc"])?);
    Ok(())
}

#[test]
fn tokens_made_before_their_parts_are_written_too() -> Anything {
    // `abc` is merged from `ab` and `c`, and comes before `ab` in merge order.
    let file = json_file(r#"["a b","ab c"]"#, r#"["ab c","a b"]"#);
    let definition = load(file.as_bytes(), &Options::default())?;
    let reduced = compiled(&definition)?;
    assert_eq!(reduced.parts, [(257, u32::from(b'c')), (u32::from(b'a'), u32::from(b'b'))]);
    let native = save(&definition, &reduced, Format::Native)?;
    assert_same(&load(&native, &Options::default())?, &definition)?;
    let ranks = save(&definition, &reduced, Format::Tiktoken);
    assert_eq!(ranks.err().map(|error| error.kind()), Some(ErrorKind::Unsupported));
    Ok(())
}

#[test]
fn embedded_vocabularies_are_those_of_their_rank_files() -> Anything {
    for &name in known::names() {
        let stem = known::data_file(name).ok_or(name)?;
        let data = std::fs::read(
            repository("python/toksmith/data").join(stem).with_extension("toksmith"),
        )?;
        let definition = known::embedded(name, &data)?;
        let file = save(&definition, &compiled(&definition)?, Format::Tiktoken)?;
        let expected = known::by_name(name).ok_or(name)?;
        assert_eq!(known::sha256_hex(&file), expected.sha256, "{name}");
        // The file's own hash brings pattern and special tokens; `name` chooses among several.
        let loaded = load(&file, &Options { name: Some(name.into()), ..Options::default() })?;
        assert_same(&loaded, &definition)?;
        assert_eq!(load(&file, &Options::default())?.splits, definition.splits);
    }
    assert_eq!(
        known::embedded("none", b"").map_err(|e| e.kind()).err(),
        Some(ErrorKind::Vocabulary)
    );
    Ok(())
}

#[test]
fn a_rank_file_needs_a_pattern_unless_it_is_known() -> Anything {
    let file = rank_file(&["ab"])?;
    let error = load(&file, &Options::default()).err().ok_or("loaded")?;
    assert_eq!(error.kind(), ErrorKind::Vocabulary);
    assert!(error.to_string().contains("pattern="), "{error}");
    let named = load(&file, &Options { name: Some("cl100k_base".into()), ..Options::default() })?;
    assert_eq!(named.added.len(), 5);
    let by_pattern = Options { pattern: Some("cl100k_base".into()), ..Options::default() };
    assert_same(&load(&file, &by_pattern)?, &named)?;
    let taken = Options {
        pattern: Some(PATTERN.into()),
        specials: Some([("<s>".to_owned(), 256)].into()),
        ..Options::default()
    };
    assert_eq!(load(&file, &taken).map_err(|e| e.kind()).err(), Some(ErrorKind::Vocabulary));
    Ok(())
}

#[test]
fn mistakes_in_a_rank_file_are_told_with_their_line() -> Anything {
    let options = Options { pattern: Some(PATTERN.into()), ..Options::default() };
    let good = String::from_utf8(rank_file(&["ab"])?)?;
    for (extra, why) in [
        ("YWJj", "expected base64"),
        ("YW!j 300", "base64"),
        (" 300", "base64"),
        ("YWJj x", "rank"),
        ("YWJj -1", "rank"),
        ("YWJj 4294967296", "rank"),
        ("YWJj 268435456", "too large"),
        ("YWJj 1000000000", "too large"),
        ("YWJj 7", "two tokens"),
        ("YWI= 300", "already"),
    ] {
        let error = load(format!("{good}{extra}\n").as_bytes(), &options).err().ok_or(extra)?;
        assert!(error.to_string().contains(why), "{extra}: {error}");
        assert!(matches!(&error, Error::Model { place: Place::Line(258), .. }), "{extra}: {error}");
    }
    let cut = good.split_once('\n').ok_or("one line")?.1;
    let error = load(cut.as_bytes(), &options).err().ok_or("loaded")?;
    assert!(error.to_string().contains("single byte 0x00"), "{error}");
    Ok(())
}

#[test]
fn whatever_stages_a_file_has_are_built_and_dropout_is_kept() -> Anything {
    let bert = r#""post_processor":{"type":"BertProcessing","sep":["a",1],"cls":["b",2]}"#;
    let truncation = r#"{"max_length":5,"strategy":"OnlyFirst","stride":0}"#;
    for (from, to) in [
        (r#""truncation":null"#, &*format!("\"truncation\":{truncation}")),
        (r#""normalizer":null"#, r#""normalizer":{"type":"NFC"}"#),
        (r#""lstrip":false"#, r#""lstrip":true"#),
        (r#""single_word":false"#, r#""single_word":true"#),
        (r#""add_prefix_space":false"#, r#""add_prefix_space":true"#),
        (r#""type":"ByteLevel""#, r#""type":"Whitespace""#),
        (r#""post_processor":null"#, bert),
        (r#""decoder":null"#, r#""decoder":{"type":"Fuse"}"#),
        (r#""fuse_unk":false"#, r#""end_of_word_suffix":"</w>""#),
        ("\"a\":97,", "\"a\":300,"),
    ] {
        let definition = load(json_file(from, to).as_bytes(), &Options::default())?;
        assert!(Tokenizer::build(definition).is_ok(), "{to}");
    }
    let random = json_file(r#""dropout":null"#, r#""dropout":0.1"#);
    let random = Tokenizer::build(load(random.as_bytes(), &Options::default())?)?;
    assert!((random.dropout() - 0.1).abs() < f32::EPSILON);
    Ok(())
}

#[test]
fn a_tokenizer_json_says_which_field_is_not_supported() -> Anything {
    for (from, to, field) in [
        (r#""abc":257"#, r#""abc":4294967295"#, "model.vocab"),
        (r#""abc":257"#, r#""abc":256"#, "model.vocab"),
        (r#""abc":257"#, r#""abc":257,"\u4e2d":256"#, "model.vocab (id 256"),
        (r#""version":"1.0""#, r#""version":"1.0","version":"1.0""#, "version (given twice)"),
        (r#""normalizer":null"#, r#""normalizer":[true,true,null,true]"#, "normalizer (an array"),
        (r#""normalizer":null"#, r#""normalizer":{"type":{"NFC":null}}"#, "`type` written as"),
        (
            r#""type":"ByteLevel""#,
            r#""type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"\\h"},
            "behavior":"Isolated","invert":false}]"#,
            r"\h in a regular expression",
        ),
    ] {
        let error = load(json_file(from, to).as_bytes(), &Options::default()).err().ok_or(to)?;
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{to}: {error}");
        assert!(error.to_string().contains(field), "{to}: {error}");
    }
    for (json, name) in [
        (r#"{"config":{},"vocab":[]}"#, "`config`"),
        (r#"{"tokenizer_class":"X"}"#, "configuration"),
    ] {
        let error = load(json.as_bytes(), &Options::default()).err().ok_or(name)?;
        assert!(error.to_string().contains(name), "{error}");
    }
    let given = Options { pattern: Some("x".into()), ..Options::default() };
    let error = load(json_file("", "").as_bytes(), &given).err().ok_or("loaded")?;
    assert!(error.to_string().contains("pattern="), "{error}");
    Ok(())
}

#[test]
fn mistakes_in_a_tokenizer_json_are_told_with_their_place() -> Anything {
    for (from, to, why) in [
        (r#""abc":257"#, r#""abc":-1"#, "`-1`"),
        (r#""abc":257"#, r#""abc":1.5"#, "floating point"),
        (r#""abc":257"#, r#""abc":4294967296"#, "expected u32"),
        (r#"["a b","ab c"]"#, r#"["a b","ab d"]"#, "model.merges[1]"),
        (r#"["a b","ab c"]"#, r#"["a b","ab cd"]"#, "\"cd\" is not in the vocabulary"),
        (r#"["a b","ab c"]"#, r#"["a b c"]"#, "model.merges[0]"),
        (r#"["a b","ab c"]"#, r#"["a b",["ab","c"]]"#, "mixed"),
        (r#"["a b","ab c"]"#, r#"[["a","b","c"]]"#, "two tokens"),
        (r#"["a b","ab c"]"#, "[5]", "integer `5`"),
        (r#""version":"1.0""#, r#""version":"2.0""#, "version"),
        (r#""version":"1.0""#, r#""versions":"1.0""#, "`versions`"),
        (r#""truncation":null"#, r#""truncation":{"max_length":5}"#, "`truncation`"),
        (r#""padding":null"#, r#""padding":{}"#, "`strategy` is missing"),
        (r#""dropout":null"#, r#""dropout":1.5"#, "model.dropout"),
        (r#""unk_token":null"#, r#""unk_token":5"#, "model.unk_token"),
        (r#""fuse_unk":false"#, r#""type":"Unigrams""#, "model.type"),
        (r#""fuse_unk":false"#, r#""type":"Unigram""#, "model.vocab"),
        (r#""decoder":null"#, r#""decoder":{"type":"Other"}"#, "no such type: \"Other\""),
        (r#""post_processor":null"#, r#""post_processor":{"type":"BertProcessing"}"#, "`sep`"),
        (r#""special":true"#, r#""special":1"#, "expected a boolean"),
        (r#""special":true"#, r#""lstrip":true"#, "duplicate field"),
        (r#","trim_offsets":true"#, "", "`trim_offsets` is missing"),
        (r#""id":258,"#, "", "missing field `id`"),
        ("}}", "}", "EOF"),
    ] {
        let error = load(json_file(from, to).as_bytes(), &Options::default()).err().ok_or(to)?;
        assert_eq!(error.kind(), ErrorKind::Model, "{to}: {error}");
        assert!(error.to_string().contains(why), "{to}: {error}");
    }
    let file = json_file(r#""abc":257"#, r#""abc":-1"#);
    let error = load(file.as_bytes(), &Options::default()).err();
    let Some(Error::Model { place: Place::Byte(at), .. }) = error else {
        return Err("no place".into());
    };
    let expected = file.find("-1}").ok_or("no number")?;
    assert!((expected..=expected + 2).contains(&at), "{at} {expected}");
    Ok(())
}

#[test]
fn what_the_library_overlooks_is_overlooked() -> Anything {
    // Unknown fields of components, fields that are null or absent, a token listed twice.
    let file = json_file(r#""fuse_unk":false"#, r#""fuse_unck":true,"fuse_unk":null"#);
    let file = file.replacen("\"truncation\":null,\"padding\":null,", "", 1);
    let file = file.replacen(r#""abc":257"#, r#""abc":7,"abc":257"#, 1);
    let file = file.replacen(r#""trim_offsets":true"#, r#""trim_offsets":true,"x":[{}]"#, 1);
    let definition = load(file.as_bytes(), &Options::default())?;
    assert_same(&definition, &load(json_file("", "").as_bytes(), &Options::default())?)
}

#[test]
fn nesting_does_not_overflow_the_stack() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let deep = format!("{}1{}", open.repeat(200_000), close.repeat(200_000));
        for field in
            ["\"decoder\":null", "\"post_processor\":null", "\"merges\":[\"a b\",\"ab c\"]"]
        {
            let name = field.split(':').next().unwrap_or_default();
            let file = json_file(field, &format!("{name}:{deep}"));
            assert!(load(file.as_bytes(), &Options::default()).is_err());
        }
        assert!(load(deep.as_bytes(), &Options::default()).is_err());
    }
    let sequence = r#"{"type":"Sequence","pretokenizers":["#;
    let deep = format!("{}{}", sequence.repeat(5000), "]}".repeat(5000));
    let file = json_file("\"pre_tokenizer\":{", &format!("\"pre_tokenizer\":{deep},\"x\":{{"));
    assert!(load(file.as_bytes(), &Options::default()).is_err());
}

#[test]
fn unreachable_tokens_decode_and_nothing_else() -> Anything {
    // Two foreign spellings and an empty one; a merge of foreign parts can never apply.
    let file = json_file(
        r#""abc":257},"merges":["#,
        r#""abc":257,"\u4e2d":258,"a\u4e2d":259,"":260},"merges":["a \u4e2d","#,
    );
    let definition = load(file.as_bytes(), &Options::default())?;
    let foreign: Vec<_> =
        definition.decode_only.iter().map(|(id, b)| (*id, b.as_slice())).collect();
    assert_eq!(foreign, [(258, "中".as_bytes()), (259, "a中".as_bytes()), (260, b"".as_slice())]);
    assert_eq!(compiled(&definition)?.parts.len(), 2);
    // Added tokens are numbered after the model's, whatever the file says.
    assert_eq!(definition.added.iter().map(|token| token.id).collect::<Vec<_>>(), [261]);
    Ok(())
}

#[test]
fn of_a_merge_listed_twice_the_last_line_counts() -> Anything {
    let file = json_file(
        r#""abc":257},"merges":["a b""#,
        r#""abc":257,"bc":258},"merges":["a b","b c","a b""#,
    );
    let definition = load(file.as_bytes(), &Options::default())?;
    let Merges::List(merges) = &definition.merges else { return Err("no list".into()) };
    let products: Vec<_> = merges.iter().map(|&(_, _, product)| product).collect();
    assert_eq!(products, [258, 256, 257]);
    Ok(())
}

#[test]
fn literal_splits_and_sequences_are_read_in_order() -> Anything {
    let stages = r#""pre_tokenizer":{"type":"Sequence","pretokenizers":[
        {"type":"Split","pattern":{"String":"a.b"},"behavior":"MergedWithNext","invert":true},
        {"type":"Split","pattern":{"Regex":"x$"},"behavior":"Removed","invert":false},
        {"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":false}]},
        "post_processor":null,"decoder":{"type":"#;
    let file = json_file("\"pre_tokenizer\":{\"type\":", stages);
    let file = file.replacen(
        "\"trim_offsets\":true},\"post_processor\":null,\"decoder\":null",
        "\"trim_offsets\":true}",
        1,
    );
    let splits = load(file.as_bytes(), &Options::default())?.splits;
    let seen: Vec<_> = splits.iter().map(|s| (s.pattern.as_str(), s.behaviour, s.invert)).collect();
    let expected =
        [(r"a\.b", SplitBehaviour::MergedWithNext, true), ("x$", SplitBehaviour::Removed, false)];
    assert_eq!(seen, expected);
    Ok(())
}

#[test]
fn a_damaged_native_file_is_never_read() -> Anything {
    let definition = load(json_file("", "").as_bytes(), &Options::default())?;
    let file = save(&definition, &compiled(&definition)?, Format::Native)?;
    for at in 0..file.len() {
        let mut damaged = file.clone();
        damaged[at] ^= 0x10;
        assert!(load(&damaged, &Options::default()).is_err(), "byte {at}");
        assert!(load(&file[..at], &Options::default()).is_err(), "cut at {at}");
    }
    Ok(())
}

#[test]
fn a_native_file_with_a_forged_hash_is_an_error_or_a_vocabulary() -> Anything {
    let definition = load(json_file("", "").as_bytes(), &Options::default())?;
    let file = save(&definition, &compiled(&definition)?, Format::Native)?;
    let (content, _) = file.split_at(file.len() - 32);
    let (mut errors, mut read) = (0, 0);
    for at in 8..content.len() {
        for value in [0, 1, 0x7f, 0x80, 0xff, content[at].wrapping_add(1)] {
            let mut forged = content.to_vec();
            forged[at] = value;
            let hash = known::sha256_hex(&forged);
            let bytes = (0..32).map(|i| u8::from_str_radix(&hash[2 * i..2 * i + 2], 16));
            forged.extend(bytes.collect::<Result<Vec<_>, _>>()?);
            match load(&forged, &Options::default()) {
                Ok(definition) => {
                    assert!(definition.vocab.len() >= 256);
                    read += 1;
                }
                Err(error) => {
                    assert!(matches!(error.kind(), ErrorKind::Model | ErrorKind::Unsupported));
                    errors += 1;
                }
            }
        }
    }
    println!("{errors} errors, {read} read");
    Ok(())
}

//! Promise: tokens go by their spelling in the file, added ones by the ids they are given.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests fail by panicking")]

use toksmith_core::ErrorKind;
use toksmith_core::compat::tokenizers::{
    Spelled, decode_tokens, normalize, pre_tokenize, sections,
};
use toksmith_core::compat::{encodings, tokenizers::allowed};
use toksmith_core::encode::added::Allowed;
use toksmith_core::encode::template::Encoding;
use toksmith_core::formats::AddedToken;
use toksmith_core::{Span, TokenId};

const FILE: &str = r#"{"version":"1.0","added_tokens":[],"pre_tokenizer":{"type":"Whitespace"},
    "model":{"type":"WordLevel","vocab":{"a":0,"b":1,"?":2},"unk_token":"?"}}"#;

fn added(id: TokenId, content: &str, special: bool) -> AddedToken {
    let content = content.to_owned();
    AddedToken { id, content, special, normalized: !special, ..AddedToken::default() }
}

#[test]
fn added_tokens_have_the_ids_they_are_given() {
    let built = Spelled::load(FILE.as_bytes(), Some(vec![added(7, "<x>", true)])).unwrap();
    assert_eq!(built.model_size(), 3);
    assert_eq!(built.token(7).as_deref(), Some("<x>"));
    assert_eq!(built.model_token(7), None);
    assert_eq!((built.model_id("b"), built.model_id("<x>")), (Some(1), None));
    let more = built.with_added(vec![added(7, "<x>", true), added(1, "a", false)]);
    assert_eq!(more.unwrap_err().kind(), ErrorKind::Model, "1 is the id of b");
    let more = built.with_added(vec![added(0, "a", false), added(3, "c", false)]).unwrap();
    assert_eq!(more.token(3).as_deref(), Some("c"));
    assert_eq!(more.model_tokens().count(), 3);
    assert_eq!(more.tokenizer().encode("b c a").unwrap(), [1, 3, 0]);
}

#[test]
fn ids_without_a_token_are_passed_over() {
    let built = Spelled::load(FILE.as_bytes(), None).unwrap();
    assert_eq!(built.decode(&[0, 99, 1], false).unwrap(), "a b");
}

#[test]
fn components_stand_alone() {
    let lower = r#"{"type":"Lowercase"}"#;
    assert_eq!(normalize(lower, "AÉ").unwrap(), "aé");
    let cut = pre_tokenize(r#"{"type":"Whitespace"}"#, "é b!").unwrap();
    let spans: Vec<_> = cut.iter().map(|(text, span)| (text.as_str(), *span)).collect();
    let at = |start, end| Span { start, end };
    assert_eq!(spans, [("é", at(0, 1)), ("b", at(2, 3)), ("!", at(3, 4))]);
    let tokens = ["a".to_owned(), "##b".to_owned()];
    let joined = decode_tokens(r###"{"type":"WordPiece","prefix":"##","cleanup":true}"###, &tokens);
    assert_eq!(joined.unwrap(), "ab");
    assert!(normalize("{}", "a").is_err());
    let found = sections(br#"{"a": [1], "b":null}"#).unwrap();
    assert_eq!(found, [("a".to_owned(), "[1]"), ("b".to_owned(), "null")]);
    assert_eq!(allowed(true), Allowed::None);
}

#[test]
fn an_encoding_comes_back_from_json() {
    let span = Span { start: 1, end: 2 };
    let mut made = Encoding::new(vec![5, 6], vec![span; 2], vec![None, Some(3)], 1);
    made.names.push(0..1, &"x\"".into());
    made.names.push(1..2, &"".into());
    made.set_sequence(1);
    made.overflowing.push(Encoding::default());
    let json = encodings::to_json(&made).unwrap();
    assert_eq!(encodings::from_json(json.as_bytes()).unwrap(), made);
    let short = json.replacen("[5,6]", "[5]", 1);
    for bad in ["", "{}", "[]", short.as_str()] {
        assert!(encodings::from_json(bad.as_bytes()).is_err(), "{bad}");
    }
}

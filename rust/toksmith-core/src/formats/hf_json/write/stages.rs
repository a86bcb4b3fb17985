//! Everything of a file but its vocabulary, as JSON values.

use super::super::{dialect, limits, pre_tokenizers};
use crate::error::{Error, Result};
use crate::formats::pipeline::{
    Decoder, Normalizer, Padding, PaddingLength, Pattern, Pipeline, PostProcessor, PreTokenizer,
    TemplatePiece, TemplateToken, Truncation,
};
use crate::formats::{Definition, Split, base64};
use serde_json::{Map, Value, json};

/// `truncation`, `padding`, `normalizer`, `pre_tokenizer`, `post_processor` and `decoder`.
pub(super) fn all(definition: &Definition) -> Result<[Value; 6]> {
    let Pipeline { normalizer, pre_tokenizers, post_processor, decoder, .. } = &definition.pipeline;
    let byte_level_alone = definition.pipeline.is_byte_level_alone();
    let stages = if byte_level_alone { cuts(&definition.splits) } else { pre_tokenizers.clone() };
    let own_decoder =
        Decoder::ByteLevel { add_prefix_space: false, trim_offsets: true, use_regex: true };
    let decoder = decoder.as_ref().or(byte_level_alone.then_some(&own_decoder));
    Ok([
        definition.pipeline.truncation.as_ref().map_or(Value::Null, truncation),
        definition.pipeline.padding.as_ref().map_or(Value::Null, padding),
        optional(normalizer.as_ref(), normalizer_value)?,
        pre_tokenizer(&stages)?,
        optional(post_processor.as_ref(), |part| Ok(post_processor_value(part)))?,
        optional(decoder, decoder_value)?,
    ])
}

fn optional<T>(part: Option<&T>, value: impl Fn(&T) -> Result<Value>) -> Result<Value> {
    part.map_or(Ok(Value::Null), value)
}

/// The stages of a tokenizer that has nothing but cuts, as of a rank file.
fn cuts(splits: &[Split]) -> Vec<PreTokenizer> {
    let cuts = splits.iter().cloned().map(PreTokenizer::Split);
    cuts.chain([PreTokenizer::letters()]).collect()
}

/// The name a table gives a value.
fn name<T: PartialEq>(names: &[(&'static str, T)], value: &T) -> &'static str {
    names.iter().find(|(_, known)| known == value).map_or("", |&(name, _)| name)
}

fn truncation(part: &Truncation) -> Value {
    json!({
        "direction": name(&limits::SIDES, &part.side), "max_length": part.max_length,
        "strategy": name(&limits::STRATEGIES, &part.strategy), "stride": part.stride,
    })
}

fn padding(part: &Padding) -> Value {
    let strategy = match part.length {
        PaddingLength::BatchLongest => json!("BatchLongest"),
        PaddingLength::Fixed(length) => json!({ "Fixed": length }),
    };
    json!({
        "strategy": strategy, "direction": name(&limits::SIDES, &part.side),
        "pad_to_multiple_of": part.to_multiple_of, "pad_id": part.pad_id,
        "pad_type_id": part.pad_type_id, "pad_token": part.pad_token,
    })
}

/// A component: its name and its fields, an object.
fn component(kind: &str, fields: Value) -> Value {
    let mut object = Map::new();
    object.insert("type".into(), kind.into());
    if let Value::Object(fields) = fields {
        object.extend(fields);
    }
    Value::Object(object)
}

fn sequence<T>(field: &str, parts: &[T], value: impl Fn(&T) -> Result<Value>) -> Result<Value> {
    let parts: Value = parts.iter().map(value).collect::<Result<Vec<_>>>()?.into();
    Ok(json!({ field: parts }))
}

fn replace(pattern: &Pattern, content: &str) -> Result<Value> {
    let pattern = dialect::pattern_value(&pattern.pattern, pattern.dialect)?;
    Ok(json!({ "pattern": pattern, "content": content }))
}

fn normalizer_value(part: &Normalizer) -> Result<Value> {
    let fields = match part {
        Normalizer::Bert { clean_text, handle_chinese_chars, strip_accents, lowercase } => json!({
            "clean_text": clean_text, "handle_chinese_chars": handle_chinese_chars,
            "strip_accents": strip_accents, "lowercase": lowercase,
        }),
        Normalizer::Strip { left, right } => json!({ "strip_left": left, "strip_right": right }),
        Normalizer::Prepend(text) => json!({ "prepend": text }),
        Normalizer::Replace { pattern, content } => replace(pattern, content)?,
        Normalizer::Precompiled(table) => {
            let mut text = Vec::with_capacity(table.len() / 3 * 4 + 4);
            base64::encode(table, &mut text);
            json!({ "precompiled_charsmap": String::from_utf8_lossy(&text) })
        }
        Normalizer::Sequence(parts) => sequence("normalizers", parts, normalizer_value)?,
        Normalizer::SentencePiece(_) => {
            return Err(Error::unsupported("SentencePiece's normalizer in a tokenizer.json"));
        }
        Normalizer::StripAccents
        | Normalizer::Nfc
        | Normalizer::Nfd
        | Normalizer::Nfkc
        | Normalizer::Nfkd
        | Normalizer::Lowercase
        | Normalizer::Nmt
        | Normalizer::ByteLevel => Value::Null,
    };
    Ok(component(part.kind(), fields))
}

fn pre_tokenizer(stages: &[PreTokenizer]) -> Result<Value> {
    match stages {
        [] => Ok(Value::Null),
        [only] => pre_tokenizer_value(only),
        several => {
            let fields = sequence("pretokenizers", several, pre_tokenizer_value)?;
            Ok(component("Sequence", fields))
        }
    }
}

fn pre_tokenizer_value(part: &PreTokenizer) -> Result<Value> {
    let fields = match part {
        PreTokenizer::ByteLevel { add_prefix_space, trim_offsets, use_regex } => {
            byte_level(*add_prefix_space, *trim_offsets, *use_regex)
        }
        PreTokenizer::CharDelimiterSplit(delimiter) => json!({ "delimiter": delimiter }),
        PreTokenizer::Metaspace { replacement, prepend_scheme, split } => json!({
            "replacement": replacement,
            "prepend_scheme": name(&pre_tokenizers::SCHEMES, prepend_scheme), "split": split,
        }),
        PreTokenizer::Split(split) => json!({
            "pattern": dialect::pattern_value(&split.pattern, split.dialect)?,
            "behavior": name(&pre_tokenizers::BEHAVIOURS, &split.behaviour),
            "invert": split.invert,
        }),
        PreTokenizer::Punctuation(behaviour) => {
            json!({ "behavior": name(&pre_tokenizers::BEHAVIOURS, behaviour) })
        }
        PreTokenizer::Digits { individual } => json!({ "individual_digits": individual }),
        PreTokenizer::FixedLength(length) => json!({ "length": length }),
        PreTokenizer::Bert
        | PreTokenizer::Whitespace
        | PreTokenizer::WhitespaceSplit
        | PreTokenizer::UnicodeScripts => Value::Null,
    };
    Ok(component(part.kind(), fields))
}

fn byte_level(add_prefix_space: bool, trim_offsets: bool, use_regex: bool) -> Value {
    json!({
        "add_prefix_space": add_prefix_space, "trim_offsets": trim_offsets,
        "use_regex": use_regex,
    })
}

fn post_processor_value(part: &PostProcessor) -> Value {
    let fields = match part {
        PostProcessor::Bert { sep, cls } => json!({ "sep": sep, "cls": cls }),
        PostProcessor::Roberta { sep, cls, trim_offsets, add_prefix_space } => json!({
            "sep": sep, "cls": cls, "trim_offsets": trim_offsets,
            "add_prefix_space": add_prefix_space,
        }),
        PostProcessor::ByteLevel { trim_offsets, add_prefix_space, use_regex } => {
            byte_level(*add_prefix_space, *trim_offsets, *use_regex)
        }
        PostProcessor::Template { single, pair, special_tokens } => json!({
            "single": single.iter().map(template_piece).collect::<Value>(),
            "pair": pair.iter().map(template_piece).collect::<Value>(),
            "special_tokens": special_tokens
                .iter()
                .map(|TemplateToken { id, ids, tokens }| {
                    (id.clone(), json!({ "id": id, "ids": ids, "tokens": tokens }))
                })
                .collect::<Map<_, _>>(),
        }),
        PostProcessor::Sequence(parts) => {
            json!({ "processors": parts.iter().map(post_processor_value).collect::<Value>() })
        }
    };
    component(part.kind(), fields)
}

fn template_piece(piece: &TemplatePiece) -> Value {
    match piece {
        TemplatePiece::Sequence { pair, type_id } => {
            let id = if *pair { "B" } else { "A" };
            json!({ "Sequence": { "id": id, "type_id": type_id } })
        }
        TemplatePiece::Special { id, type_id } => {
            json!({ "SpecialToken": { "id": id, "type_id": type_id } })
        }
    }
}

fn decoder_value(part: &Decoder) -> Result<Value> {
    let fields = match part {
        Decoder::ByteLevel { add_prefix_space, trim_offsets, use_regex } => {
            byte_level(*add_prefix_space, *trim_offsets, *use_regex)
        }
        Decoder::Bpe { suffix } => json!({ "suffix": suffix }),
        Decoder::WordPiece { prefix, cleanup } => json!({ "prefix": prefix, "cleanup": cleanup }),
        Decoder::Metaspace { replacement, prepend_scheme, split } => json!({
            "replacement": replacement,
            "prepend_scheme": name(&pre_tokenizers::SCHEMES, prepend_scheme), "split": split,
        }),
        Decoder::Ctc { pad_token, word_delimiter_token, cleanup } => json!({
            "pad_token": pad_token, "word_delimiter_token": word_delimiter_token,
            "cleanup": cleanup,
        }),
        Decoder::Strip { content, start, stop } => {
            json!({ "content": content, "start": start, "stop": stop })
        }
        Decoder::Replace { pattern, content } => replace(pattern, content)?,
        Decoder::Sequence(parts) => sequence("decoders", parts, decoder_value)?,
        Decoder::ByteFallback | Decoder::Fuse => Value::Null,
        Decoder::SentencePiece { .. } => {
            return Err(Error::unsupported("SentencePiece's decoder in a tokenizer.json"));
        }
    };
    Ok(component(part.kind(), fields))
}

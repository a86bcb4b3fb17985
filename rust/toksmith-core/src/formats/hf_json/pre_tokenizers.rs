//! `pre_tokenizer`.

use super::component::{self, Kinds};
use super::dialect;
use super::json::{Node, Object};
use crate::encode::pretokenize::patterns;
use crate::error::Result;
use crate::formats::pipeline::{PreTokenizer, PrependScheme};
use crate::formats::{Split, SplitBehaviour};

/// Reads a pre-tokenizer into its stages; sequences in sequences are flattened.
pub(super) fn read(node: &Node<'_>) -> Result<Vec<PreTokenizer>> {
    let stages = component::read(node, 0, &KINDS)?;
    if stages.len() > component::MAX_STAGES {
        return Err(node.unsupported(&format!("more than {} stages", component::MAX_STAGES)));
    }
    Ok(stages)
}

/// Whether text is in the letters of the byte alphabet behind these stages: some stage makes it
/// so, and those behind only cut.
pub(super) fn ends_in_letters(stages: &[PreTokenizer]) -> bool {
    let last = stages.iter().rposition(|stage| matches!(stage, PreTokenizer::ByteLevel { .. }));
    let cuts = |stage: &PreTokenizer| !matches!(stage, PreTokenizer::Metaspace { .. });
    last.is_some_and(|last| stages.iter().skip(last + 1).all(cuts))
}

/// The stages as cuts of a byte-level tokenizer, if they are nothing else.
pub(super) fn as_splits(stages: &[PreTokenizer]) -> Option<Vec<Split>> {
    let (last, before) = stages.split_last()?;
    let mut splits = Vec::with_capacity(stages.len());
    for stage in before {
        match stage {
            PreTokenizer::Split(split) => splits.push(split.clone()),
            _ => return None,
        }
    }
    let PreTokenizer::ByteLevel { use_regex, .. } = last else { return None };
    if *use_regex {
        // Its matches leave nothing between.
        splits.push(Split::tiktoken(patterns::GPT2[1]));
    }
    Some(splits)
}

type Stages = Vec<PreTokenizer>;

static KINDS: Kinds<Stages> = Kinds {
    named: &[
        ("BertPreTokenizer", bert),
        ("ByteLevel", byte_level),
        // The list has this name for `CharDelimiterSplit`, which itself insists on its own.
        ("Delimiter", char_delimiter),
        ("Metaspace", metaspace),
        ("Whitespace", whitespace),
        ("Sequence", sequence),
        ("Split", split),
        ("Punctuation", punctuation),
        ("WhitespaceSplit", whitespace_split),
        ("Digits", digits),
        ("UnicodeScripts", unicode_scripts),
        ("FixedLength", fixed_length),
    ],
    tried: &[
        ("BertPreTokenizer", bert),
        ("ByteLevel", byte_level),
        ("CharDelimiterSplit", char_delimiter),
        ("Metaspace", metaspace),
        ("Whitespace", whitespace),
        ("Sequence", sequence),
        ("Split", split),
        ("Punctuation", punctuation),
        ("WhitespaceSplit", whitespace_split),
        ("Digits", digits),
        ("UnicodeScripts", unicode_scripts),
        ("FixedLength", fixed_length),
    ],
};

fn bert(object: &Object<'_>, _: usize) -> Result<Stages> {
    object.is("BertPreTokenizer").map(|()| vec![PreTokenizer::Bert])
}

fn byte_level(object: &Object<'_>, _: usize) -> Result<Stages> {
    object.is("ByteLevel")?;
    let (add_prefix_space, trim_offsets, use_regex) = byte_level_fields(object)?;
    Ok(vec![PreTokenizer::ByteLevel { add_prefix_space, trim_offsets, use_regex }])
}

/// `add_prefix_space`, `trim_offsets` and `use_regex` of a `ByteLevel`.
pub(super) fn byte_level_fields(object: &Object<'_>) -> Result<(bool, bool, bool)> {
    Ok((
        object.value("add_prefix_space")?,
        object.value("trim_offsets")?,
        object.value_or("use_regex", true)?,
    ))
}

fn char_delimiter(object: &Object<'_>, _: usize) -> Result<Stages> {
    object.is("CharDelimiterSplit")?;
    Ok(vec![PreTokenizer::CharDelimiterSplit(object.value("delimiter")?)])
}

fn metaspace(object: &Object<'_>, _: usize) -> Result<Stages> {
    let (replacement, prepend_scheme, split) = metaspace_fields(object)?;
    Ok(vec![PreTokenizer::Metaspace { replacement, prepend_scheme, split }])
}

/// The names of [`PrependScheme`].
pub(super) const SCHEMES: [(&str, PrependScheme); 3] = [
    ("always", PrependScheme::Always),
    ("first", PrependScheme::First),
    ("never", PrependScheme::Never),
];

/// `replacement`, `prepend_scheme` and `split` of a `Metaspace`. Older files say
/// `add_prefix_space` instead, or as well, and `str_rep`.
pub(super) fn metaspace_fields(object: &Object<'_>) -> Result<(char, PrependScheme, bool)> {
    object.is("Metaspace")?;
    let replacement = object.value("replacement")?;
    let scheme = match object.get("prepend_scheme") {
        Some(node) => node.choice(&SCHEMES)?,
        None => PrependScheme::Always,
    };
    object.optional::<std::borrow::Cow<'_, str>>("str_rep")?;
    if object.optional("add_prefix_space")? == Some(false) && scheme != PrependScheme::Never {
        let why = "`add_prefix_space` is false, but `prepend_scheme` is not \"never\"";
        return Err(object.node.error(why));
    }
    Ok((replacement, scheme, object.optional("split")?.unwrap_or(true)))
}

fn whitespace(object: &Object<'_>, _: usize) -> Result<Stages> {
    object.is("Whitespace").map(|()| vec![PreTokenizer::Whitespace])
}

fn sequence(object: &Object<'_>, depth: usize) -> Result<Stages> {
    object.is("Sequence")?;
    Ok(component::stages(object, "pretokenizers", depth, &KINDS)?.concat())
}

/// The names of [`SplitBehaviour`].
pub(super) const BEHAVIOURS: [(&str, SplitBehaviour); 5] = [
    ("Isolated", SplitBehaviour::Isolated),
    ("Removed", SplitBehaviour::Removed),
    ("MergedWithPrevious", SplitBehaviour::MergedWithPrevious),
    ("MergedWithNext", SplitBehaviour::MergedWithNext),
    ("Contiguous", SplitBehaviour::Contiguous),
];

fn split(object: &Object<'_>, _: usize) -> Result<Stages> {
    object.is("Split")?;
    let behaviour = object.require("behavior")?.choice(&BEHAVIOURS)?;
    let invert = object.value("invert")?;
    let found = dialect::read_pattern(&object.require("pattern")?)?;
    let (pattern, dialect) = (found.pattern, found.dialect);
    Ok(vec![PreTokenizer::Split(Split { pattern, dialect, behaviour, invert })])
}

fn punctuation(object: &Object<'_>, _: usize) -> Result<Stages> {
    object.is("Punctuation")?;
    let behaviour = match object.get("behavior") {
        Some(node) => node.choice(&BEHAVIOURS)?,
        None => SplitBehaviour::Isolated,
    };
    Ok(vec![PreTokenizer::Punctuation(behaviour)])
}

fn whitespace_split(object: &Object<'_>, _: usize) -> Result<Stages> {
    object.is("WhitespaceSplit").map(|()| vec![PreTokenizer::WhitespaceSplit])
}

fn digits(object: &Object<'_>, _: usize) -> Result<Stages> {
    object.is("Digits")?;
    Ok(vec![PreTokenizer::Digits { individual: object.value("individual_digits")? }])
}

fn unicode_scripts(object: &Object<'_>, _: usize) -> Result<Stages> {
    object.is("UnicodeScripts").map(|()| vec![PreTokenizer::UnicodeScripts])
}

fn fixed_length(object: &Object<'_>, _: usize) -> Result<Stages> {
    object.is("FixedLength")?;
    Ok(vec![PreTokenizer::FixedLength(object.value_or("length", 5)?)])
}

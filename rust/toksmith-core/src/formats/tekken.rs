//! `tekken.json` of Mistral: byte-level ranks, the pattern and the special tokens in one file.
//!
//! Ids begin with the special tokens, so an ordinary token's id is its rank plus their number.
//! The list of ranks may be longer than what is used: the file says how many ids there are. Of
//! special tokens the file may name fewer than it has room for (the others get names with their
//! number) or, in old versions, none at all; then they are those of [`DEFAULT`].
//!
//! Exact against mistral-common 1.13.1, which never finds special tokens in text and refuses
//! what is refused here.

use super::hf_json::json::Node;
use super::{AddedSearch, AddedToken, Definition, Merges, Split, base64};
use crate::error::{Error, Result};
use crate::token::TokenId;
use crate::vocab::Vocab;
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::HashSet;

/// Versions that may leave out their special tokens, and those that must list them.
const VERSIONS: [(&str, bool); 7] = [
    ("v1", true),
    ("v2", true),
    ("v3", true),
    ("v7", true),
    ("v11", false),
    ("v13", false),
    ("v15", false),
];

/// The special tokens of files that list none.
const DEFAULT: [&str; 20] = [
    "<unk>",
    "<s>",
    "</s>",
    "[INST]",
    "[/INST]",
    "[AVAILABLE_TOOLS]",
    "[/AVAILABLE_TOOLS]",
    "[TOOL_RESULTS]",
    "[/TOOL_RESULTS]",
    "[TOOL_CALLS]",
    "[IMG]",
    "<pad>",
    "[IMG_BREAK]",
    "[IMG_END]",
    "[PREFIX]",
    "[MIDDLE]",
    "[SUFFIX]",
    "[SYSTEM_PROMPT]",
    "[/SYSTEM_PROMPT]",
    "[TOOL_CONTENT]",
];

/// `config`.
#[derive(Deserialize)]
struct Config<'a> {
    #[serde(borrow)]
    pattern: Cow<'a, str>,
    default_vocab_size: u64,
    default_num_special_tokens: u64,
    #[serde(borrow)]
    version: Cow<'a, str>,
}

/// An entry of `vocab`.
#[derive(Deserialize)]
struct Entry<'a> {
    rank: u64,
    #[serde(borrow)]
    token_bytes: Cow<'a, str>,
}

/// An entry of `special_tokens`.
#[derive(Deserialize)]
struct Special<'a> {
    rank: u64,
    #[serde(borrow)]
    token_str: Cow<'a, str>,
}

/// Reads a tekken.json.
pub(super) fn load(data: &[u8]) -> Result<Definition> {
    let file = Node::document(data)?.object()?;
    let node = file.require("config")?;
    let config: Config<'_> = node.get()?;
    let known = VERSIONS.iter().find(|(version, _)| *version == config.version);
    let Some(&(_, may_default)) = known else {
        return Err(Error::unsupported(format!("version {:?} of tekken.json", config.version)));
    };
    let listed = match file.set("special_tokens") {
        Some(node) => node.get::<Vec<Special<'_>>>()?,
        None if may_default => (0..)
            .zip(DEFAULT)
            .map(|(rank, name)| Special { rank, token_str: name.into() })
            .collect(),
        None => {
            let why = format!("missing, which version {:?} does not allow", config.version);
            return Err(Error::field("special_tokens", why));
        }
    };
    let entries: Vec<Entry<'_>> = file.require("vocab")?.get()?;
    let (size, reserved) = (config.default_vocab_size, config.default_num_special_tokens);
    let room = size.checked_sub(reserved).and_then(|count| usize::try_from(count).ok());
    let Some(used) = room.and_then(|count| entries.get(..count)) else {
        let why = format!("{size} ids, {reserved} of them special, for {} ranks", entries.len());
        return Err(Error::field("config.default_vocab_size", why));
    };
    let (added, reserved) = special_tokens(&listed, reserved)?;
    let vocab = ranks(used, reserved)?;
    Ok(Definition {
        vocab,
        merges: Merges::ByRank,
        whole_words: true,
        splits: vec![Split::tiktoken(config.pattern)],
        added,
        search: AddedSearch::NextCharacter,
        ..Definition::default()
    })
}

/// The special tokens that are listed, and those that fill up to `reserved`, which is checked
/// to be no absurd number.
fn special_tokens(listed: &[Special<'_>], reserved: u64) -> Result<(Vec<AddedToken>, TokenId)> {
    let field = "config.default_num_special_tokens";
    let most = 1 << 20;
    if reserved > most {
        return Err(Error::unsupported(format!("{field} = {reserved}, more than {most}")));
    }
    if listed.len() as u64 > reserved {
        let why = format!("{reserved}, but {} special tokens are listed", listed.len());
        return Err(Error::field(field, why));
    }
    let mut names = HashSet::with_capacity(reserved as usize);
    let mut added = Vec::with_capacity(reserved as usize);
    for id in 0..reserved as TokenId {
        let path = || format!("special_tokens[{id}]");
        let content = match listed.get(id as usize) {
            Some(Special { rank, .. }) if *rank != u64::from(id) => {
                return Err(Error::field(path(), format!("rank {rank}, {id} expected")));
            }
            Some(Special { token_str, .. }) => token_str.clone().into_owned(),
            None => format!("<SPECIAL_{id}>"),
        };
        if content.is_empty() || !names.insert(content.clone()) {
            return Err(Error::field(path(), format!("{content:?} is empty or there already")));
        }
        added.push(AddedToken { id, content, special: true, ..AddedToken::default() });
    }
    Ok((added, reserved as TokenId))
}

/// The ordinary tokens; `first` is the id of rank 0.
fn ranks(entries: &[Entry<'_>], first: TokenId) -> Result<Vocab> {
    let mut vocab = Vocab::with_capacity(entries.len(), entries.len() * 8);
    let mut seen = HashSet::with_capacity(entries.len());
    let mut bytes = Vec::new();
    for (number, Entry { rank, token_bytes }) in (0_u32..).zip(entries) {
        let bad = |why: String| Err(Error::field(format!("vocab[{number}]"), why));
        if *rank != u64::from(number) {
            return bad(format!("rank {rank}, {number} expected"));
        }
        bytes.clear();
        if !base64::decode(token_bytes.as_bytes(), &mut bytes) || bytes.is_empty() {
            return bad(format!("{token_bytes:.40?} is no base64 of a token"));
        }
        if number < 256 && *bytes != [number as u8] {
            return bad(format!("the byte 0x{number:02x} expected"));
        }
        if !seen.insert(bytes.clone()) {
            return bad(format!("{token_bytes:.40?} has a rank already"));
        }
        if let Err(error) = vocab.insert(first.saturating_add(number), &bytes, entries.len()) {
            return bad(error.to_string());
        }
    }
    if entries.len() < 256 {
        return Err(Error::field("vocab", format!("{} ranks, without all bytes", entries.len())));
    }
    Ok(vocab)
}

#[cfg(test)]
mod tests {
    use super::load;
    use crate::Tokenizer;
    use crate::error::{Error, ErrorKind};
    use crate::formats::base64;

    /// A file of the 256 bytes, `ab` and `abc`, with three special tokens of which one is named.
    fn file(from: &str, to: &str) -> Vec<u8> {
        let tokens = (0..=255_u8).map(|byte| vec![byte]).chain([b"ab".into(), b"abc".into()]);
        let entry = |(rank, bytes): (usize, Vec<u8>)| {
            let mut text = Vec::new();
            base64::encode(&bytes, &mut text);
            let text = String::from_utf8_lossy(&text).into_owned();
            format!(r#"{{"rank":{rank},"token_bytes":"{text}","token_str":null}}"#)
        };
        let vocab: Vec<String> = tokens.enumerate().map(entry).collect();
        let text = format!(
            r#"{{"config":{{"pattern":"\\S+|\\s","num_vocab_tokens":258,"default_vocab_size":260,
            "default_num_special_tokens":3,"version":"v11"}},"vocab":[{}],
            "special_tokens":[{{"rank":0,"token_str":"<s>","is_control":true}}]}}"#,
            vocab.join(",")
        );
        assert!(from.is_empty() || text.contains(from), "{from}");
        text.replacen(from, to, 1).into_bytes()
    }

    #[test]
    fn ordinary_ids_come_after_the_special_ones() -> Result<(), Error> {
        let tokenizer = Tokenizer::build(load(&file("", ""))?)?;
        // `abc` is beyond the ids that the file says there are.
        assert_eq!(tokenizer.encode("abc <s>")?, [259, 102, 35, 63, 118, 65]);
        assert_eq!(tokenizer.token_id(b"<SPECIAL_2>"), Some(2));
        assert_eq!(tokenizer.decode_bytes(&[0, 259], false)?, b"<s>ab");
        Ok(())
    }

    #[test]
    fn what_does_not_fit_is_named() {
        use ErrorKind::{Model, Unsupported};
        for (from, to, kind, what) in [
            ("\"v11\"", "\"v99\"", Unsupported, "v99"),
            ("\"special_tokens\"", "\"other\"", Model, "special_tokens"),
            ("\"rank\":7,", "\"rank\":8,", Model, "vocab[7]"),
            ("\"AQ==\"", "\"AA==\"", Model, "vocab[1]"),
            ("\"YWI=\"", "\"YQ==\"", Model, "vocab[256]"),
            ("\"YWI=\"", "\"YW\"", Model, "vocab[256]"),
            ("size\":260", "size\":999", Model, "default_vocab_size"),
            ("size\":260", "size\":2", Model, "default_vocab_size"),
            ("special_tokens\":3", "special_tokens\":0", Model, "default_vocab_size"),
            ("\"<s>\"", "\"<SPECIAL_1>\"", Model, "special_tokens[1]"),
            ("{\"rank\":0,\"token_str", "{\"rank\":1,\"token_str", Model, "special_tokens[0]"),
        ] {
            let error = load(&file(from, to)).err();
            assert_eq!(error.as_ref().map(Error::kind), Some(kind), "{to}: {error:?}");
            assert!(error.is_some_and(|error| error.to_string().contains(what)), "{to}");
        }
    }
}

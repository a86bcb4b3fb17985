//! Rank files: one token a line, base64 of its bytes, a space, its rank (which is its id).
//!
//! Llama 3's `tokenizer.model` and `qwen.tiktoken` have the same form. A rank file says
//! nothing about how text is cut or which tokens are special; that comes from the caller, or
//! from [`known`] by the file's hash or by name.

use super::pipeline::Model;
use super::{AddedSearch, AddedToken, Compiled, Definition, Merges, Options, Split, base64, known};
use crate::encode::model::bpe::build;
use crate::error::{Error, Result};
use crate::token::TokenId;
use crate::vocab::Vocab;
use std::collections::HashSet;

/// Reads a rank file.
pub fn load(data: &[u8], options: &Options) -> Result<Definition> {
    let vocab = read_ranks(data)?;
    // What the caller names counts before what the file's hash says.
    let named = options.pattern.as_deref().and_then(known::by_name);
    let pattern = options.pattern.clone().filter(|_| named.is_none());
    let known = named
        .or_else(|| options.name.as_deref().and_then(known::by_name))
        .or_else(|| known::by_hash(data));
    let pattern = pattern.or_else(|| known.map(|known| known.pattern.to_owned()));
    let Some(pattern) = pattern else {
        return Err(Error::Vocabulary {
            why: "a rank file does not say how text is cut, and this one is not a known \
                  vocabulary: give pattern= (a regular expression, or the name of a known vocabulary)"
                .into(),
        });
    };
    let specials = match (&options.specials, &known) {
        (Some(specials), _) => {
            let mut specials: Vec<_> = specials.clone().into_iter().collect();
            // The caller's table has no order; this one is the same every time.
            specials.sort_unstable_by(|(a, i), (b, j)| (i, a).cmp(&(j, b)));
            specials
        }
        (None, Some(known)) => known.specials(),
        (None, None) => Vec::new(),
    };
    Ok(Definition {
        name: options.name.clone().or_else(|| known.map(|known| known.name.to_owned())),
        added: special_tokens(specials, &vocab)?,
        vocab,
        decode_only: Vec::new(),
        merges: Merges::ByRank,
        whole_words: true,
        splits: vec![Split::tiktoken(pattern)],
        search: AddedSearch::NextCharacter,
        joins: None,
        pipeline: super::pipeline::Pipeline::default(),
    })
}

/// The special tokens of a rank file; their ids must be free. Two may share an id, as two of
/// `o200k_harmony` do; the first is what the id decodes to.
pub(super) fn special_tokens(
    specials: Vec<(String, TokenId)>,
    vocab: &Vocab,
) -> Result<Vec<AddedToken>> {
    let refuse = |why: String| Err(Error::Vocabulary { why });
    let mut names = HashSet::new();
    for (content, id) in &specials {
        if content.is_empty() {
            return refuse(format!("special token {id} is empty"));
        }
        if *id > crate::vocab::MAX_ID {
            return refuse(format!("id {id} of special token {content:?} is too large"));
        }
        if !names.insert(content.as_str()) {
            return refuse(format!("special token {content:?} is given twice"));
        }
        if vocab.get(*id).is_some_and(|token| token != content.as_bytes()) {
            return refuse(format!(
                "id {id} of special token {content:?} belongs to another token"
            ));
        }
    }
    let token = |(content, id)| AddedToken { id, content, special: true, ..Default::default() };
    Ok(specials.into_iter().map(token).collect())
}

/// Reads the lines. CR LF and blank lines are accepted; anything else odd is an error with
/// its line.
fn read_ranks(data: &[u8]) -> Result<Vocab> {
    // The shortest useful line, "IQ== 0", has 7 bytes with its end.
    let expected = data.len() / 7 + 1;
    let mut vocab = Vocab::with_capacity(data.len() / 16, data.len() / 2);
    let mut order: Vec<(u32, u32)> = Vec::with_capacity(data.len() / 16);
    let mut bytes = Vec::new();
    for (i, line) in data.split(|&byte| byte == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            continue;
        }
        let number = i + 1;
        let Some(space) = memchr::memchr(b' ', line) else {
            return Err(Error::line(number, "expected base64, a space and a rank"));
        };
        let (text, rank) = line.split_at(space);
        bytes.clear();
        if !base64::decode(text, &mut bytes) || bytes.is_empty() {
            return Err(Error::line(number, "the token is not base64"));
        }
        let Some(rank) = parse_rank(rank.get(1..).unwrap_or_default()) else {
            return Err(Error::line(number, "the rank is not a number below 2^32"));
        };
        vocab
            .insert(rank, &bytes, expected)
            .map_err(|error| Error::line(number, error.to_string()))?;
        order.push((rank, number as u32));
    }
    if vocab.is_empty() {
        return Err(Error::byte(0, "the file has no tokens"));
    }
    check_unique(&vocab, &order)?;
    match missing_byte(&vocab) {
        Some(byte) => {
            Err(Error::field("ranks", format!("no token for the single byte 0x{byte:02x}")))
        }
        None => Ok(vocab),
    }
}

fn parse_rank(text: &[u8]) -> Option<u32> {
    if text.is_empty() || text.len() > 10 {
        return None;
    }
    let mut value = 0_u64;
    for &digit in text {
        value = value * 10 + u64::from(digit.checked_sub(b'0').filter(|&digit| digit < 10)?);
    }
    u32::try_from(value).ok()
}

/// No two ranks may have the same bytes.
fn check_unique(vocab: &Vocab, order: &[(u32, u32)]) -> Result<()> {
    let mut seen = HashSet::with_capacity(order.len());
    for &(rank, line) in order {
        if let Some(token) = vocab.get(rank)
            && !seen.insert(token)
        {
            return Err(Error::line(line as usize, "this token was already given a rank"));
        }
    }
    Ok(())
}

/// A single byte that is not a token, if any: texts with it could not be encoded.
pub(super) fn missing_byte(vocab: &Vocab) -> Option<usize> {
    let mut present = [false; 256];
    for (_, token) in vocab.iter() {
        if let [byte] = token {
            present[usize::from(*byte)] = true;
        }
    }
    present.iter().position(|present| !present)
}

/// Writes the ranks; pattern and special tokens have no place in the file.
///
/// Fails if merging by rank would give other ids: the tokens are ranked again the way a
/// reader of the file would, and the result compared.
pub fn save(definition: &Definition, compiled: &Compiled) -> Result<Vec<u8>> {
    if definition.pipeline.model != Model::ByteLevelBpe {
        let why = "writing this tokenizer as a rank file: its model is no byte-level BPE";
        return Err(Error::unsupported(why));
    }
    let live = 256 + compiled.parts.len();
    let mut ranks = Vocab::with_capacity(compiled.ids.len(), 0);
    let mut ids = Vec::with_capacity(compiled.ids.len());
    for (rank, &id) in compiled.ids.iter().enumerate() {
        let Some(bytes) = definition.vocab.get(id) else {
            return Err(Error::Vocabulary { why: format!("no token has id {id}") });
        };
        // A special token that is also in the vocabulary and that no merge makes is no rank.
        let special = |added: &AddedToken| added.id == id && added.content.as_bytes() == bytes;
        if rank < live || !definition.added.iter().any(special) {
            ranks.insert(id, bytes, compiled.ids.len())?;
            ids.push(id);
        }
    }
    let read_back = build::compile(&ranks, &Merges::ByRank)?;
    let same = read_back.ids == ids && read_back.parts == compiled.parts;
    let unreachable = ids.len() > live && !definition.whole_words;
    if !same || unreachable || !definition.decode_only.is_empty() {
        return Err(Error::unsupported(
            "writing this tokenizer as a rank file: its merges do not follow from its ids",
        ));
    }
    let mut out = Vec::with_capacity(ranks.len() * 16);
    for (id, bytes) in ranks.iter() {
        base64::encode(bytes, &mut out);
        out.push(b' ');
        out.extend_from_slice(id.to_string().as_bytes());
        out.push(b'\n');
    }
    Ok(out)
}

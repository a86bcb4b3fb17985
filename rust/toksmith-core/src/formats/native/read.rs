//! Reading `.toksmith`; the layout is described in `mod.rs`.

use super::cursor::Cursor;
use super::wire::Wire as _;
use super::{BEHAVIOURS, BYTE_LEVEL_VERSION, HASH, MAGIC, VERSION, flag, kind};
use crate::encode::pretokenize::Dialect;
use crate::error::{Error, Result};
use crate::formats::pipeline::{Model, Pipeline, PreTokenizer};
use crate::formats::{
    AddedSearch, AddedToken, Compiled, Definition, Merges, Split, check, hf_json,
};
use crate::token::{Rank, TokenId};
use crate::tokenizer::BEHAVIOUR;
use crate::vocab::{MAX_ID, Vocab};
use sha2::{Digest, Sha256};

/// Bytes of vocabulary a byte of file may stand for, and a constant for tiny files with a few
/// very long tokens.
const MAX_EXPANSION: (usize, usize) = (64, 16 << 20);

/// Reads a tokenizer; linear in the size of the file and of the tokens.
pub fn load(data: &[u8]) -> Result<Definition> {
    let Some((content, hash)) = data.split_at_checked(data.len().saturating_sub(HASH)) else {
        return Err(Error::byte(0, "the file is too short"));
    };
    let mut cursor = Cursor::new(content, MAGIC.len());
    if !content.starts_with(MAGIC) {
        return Err(Error::byte(0, "not a .toksmith file, or cut short"));
    }
    let version = cursor.byte()?;
    if !(BYTE_LEVEL_VERSION..=VERSION).contains(&version) {
        return Err(Error::unsupported(format!("version {version} of the .toksmith format")));
    }
    if Sha256::digest(content).as_slice() != hash {
        let at = content.len();
        return Err(Error::byte(at, "the file is cut or damaged: its hash does not match"));
    }
    let behaviour = cursor.number()?;
    if behaviour > BEHAVIOUR {
        return Err(Error::unsupported(format!("behaviour {behaviour} (this is {BEHAVIOUR})")));
    }
    let mut definition = read_settings(&mut cursor, version)?;
    if matches!(definition.pipeline.model, Model::ByteLevelBpe) {
        read_tokens(&mut cursor, &mut definition, data.len())?;
    } else {
        read_plain_tokens(&mut cursor, &mut definition)?;
    }
    if cursor.left() > 0 {
        return Err(cursor.error(format!("{} bytes too many", cursor.left())));
    }
    check::consistent(&definition)?;
    Ok(definition)
}

fn read_settings(cursor: &mut Cursor<'_>, version: u8) -> Result<Definition> {
    let flags = cursor.number()?;
    let old = version == BYTE_LEVEL_VERSION;
    let known =
        flag::ALL & if old { !flag::JOINS } else { !(flag::POST_PROCESSOR | flag::DECODER) };
    if flags & !known != 0 {
        return Err(cursor.error(format!("unknown flags {flags:#x}")));
    }
    let mut optional = |bit| if flags & bit != 0 { cursor.text().map(Some) } else { Ok(None) };
    let name = optional(flag::NAME)?;
    let post_processor = optional(flag::POST_PROCESSOR)?;
    let decoder = optional(flag::DECODER)?;
    let mut pipeline = if old { Pipeline::default() } else { Pipeline::get(cursor)? };

    let count = cursor.count(2, "splits")?;
    let splits: Vec<_> = (0..count).map(|_| read_split(cursor)).collect::<Result<_>>()?;
    let count = cursor.count(3, "added tokens")?;
    let added = (0..count).map(|_| read_added(cursor, old)).collect::<Result<_>>()?;
    let count = cursor.count(2, "tokens to decode only")?;
    let decode_only = (0..count)
        .map(|_| Ok((read_id(cursor)?, cursor.bytes()?.to_vec())))
        .collect::<Result<_>>()?;
    let joins = if flags & flag::JOINS == 0 {
        None
    } else {
        let count = cursor.count(2, "joins")?;
        Some((0..count).map(|_| Ok((read_id(cursor)?, read_id(cursor)?))).collect::<Result<_>>()?)
    };
    if old && flags & flag::AFTER_MATCH != 0 {
        // It was a tokenizer.json, which lists its stages.
        let cuts = splits.iter().cloned().map(PreTokenizer::Split);
        pipeline.pre_tokenizers = cuts.chain([PreTokenizer::letters()]).collect();
        let part = |text: Option<String>| text.unwrap_or_else(|| "null".into());
        pipeline.post_processor = hf_json::read_post_processor(&part(post_processor))?;
        pipeline.decoder = hf_json::read_decoder(&part(decoder))?;
    }
    Ok(Definition {
        name,
        whole_words: flags & flag::WHOLE_WORDS != 0,
        merges: Merges::Compiled(Compiled {
            reduced: flags & flag::REDUCED != 0,
            ..Compiled::default()
        }),
        search: match flags & flag::AFTER_MATCH {
            0 => AddedSearch::NextCharacter,
            _ => AddedSearch::AfterMatch,
        },
        splits,
        added,
        decode_only,
        joins,
        pipeline,
        ..Definition::default()
    })
}

pub(super) fn read_split(cursor: &mut Cursor<'_>) -> Result<Split> {
    let kind = cursor.byte()?;
    let Some(&behaviour) = BEHAVIOURS.get(usize::from(kind & !(kind::INVERTED | kind::ONIGURUMA)))
    else {
        return Err(cursor.error(format!("unknown kind of split {kind}")));
    };
    let dialect = match kind & kind::ONIGURUMA {
        0 => Dialect::FancyRegex,
        _ => Dialect::Oniguruma,
    };
    let invert = kind & kind::INVERTED != 0;
    Ok(Split { pattern: cursor.text()?, dialect, behaviour, invert })
}

fn read_added(cursor: &mut Cursor<'_>, old: bool) -> Result<AddedToken> {
    let id = read_id(cursor)?;
    let bits = cursor.byte()?;
    let newer = kind::SINGLE_WORD | kind::LSTRIP | kind::RSTRIP;
    let known = kind::SPECIAL | kind::NORMALIZED | if old { 0 } else { newer };
    if bits & !known != 0 {
        return Err(cursor.error(format!("unknown kind of added token {bits}")));
    }
    let content = cursor.text()?;
    if content.is_empty() {
        return Err(cursor.error("an empty added token"));
    }
    let has = |bit| bits & bit != 0;
    Ok(AddedToken {
        id,
        content,
        special: has(kind::SPECIAL),
        normalized: has(kind::NORMALIZED),
        single_word: has(kind::SINGLE_WORD),
        lstrip: has(kind::LSTRIP),
        rstrip: has(kind::RSTRIP),
    })
}

fn read_id(cursor: &mut Cursor<'_>) -> Result<TokenId> {
    let id = cursor.number()?;
    if id > MAX_ID { Err(cursor.error(format!("id {id} is too large"))) } else { Ok(id) }
}

fn read_tokens(cursor: &mut Cursor<'_>, definition: &mut Definition, file: usize) -> Result<()> {
    let merges = cursor.count(2, "merges")?;
    let unmade = cursor.count(2, "tokens")?;
    let total = cursor.number()? as usize;
    if total > file.saturating_mul(MAX_EXPANSION.0).saturating_add(MAX_EXPANSION.1) {
        return Err(cursor.error(format!("{total} bytes of tokens in a file of {file} bytes")));
    }
    let ids = read_runs(cursor, 256 + merges + unmade)?;
    let count = cursor.count(3, "early tokens")?;
    let mut early = Vec::with_capacity(count);
    let mut rank = 256_u32;
    for i in 0..count {
        let gap = cursor.number()?;
        rank = rank.saturating_add(gap);
        if (i > 0 && gap == 0) || rank as usize >= 256 + merges {
            return Err(cursor.error("early tokens out of order"));
        }
        early.push((rank, cursor.bytes()?));
    }
    let unmade = (0..unmade).map(|_| cursor.bytes()).collect::<Result<Vec<_>>>()?;
    let parts = read_parts(cursor, merges)?;
    let mut spelling = Spelling::new(total);
    spelling.spell(&parts, &early, &unmade).map_err(|why| cursor.error(why))?;
    definition.vocab = spelling.vocab(&ids).map_err(|error| cursor.error(error.to_string()))?;
    let reduced = matches!(&definition.merges, Merges::Compiled(compiled) if compiled.reduced);
    definition.merges = Merges::Compiled(Compiled { ids, parts, reduced });
    Ok(())
}

/// The tokens of a model that is no byte-level BPE.
fn read_plain_tokens(cursor: &mut Cursor<'_>, definition: &mut Definition) -> Result<()> {
    let count = cursor.count(2, "tokens")?;
    let ids = read_runs(cursor, count)?;
    let mut vocab = Vocab::with_capacity(count, cursor.left());
    for id in ids {
        let bytes = cursor.bytes()?;
        vocab.insert(id, bytes, count).map_err(|error| cursor.error(error.to_string()))?;
    }
    definition.vocab = vocab;
    definition.merges = Merges::List(Vec::new());
    Ok(())
}

/// The ids of `expected` tokens.
fn read_runs(cursor: &mut Cursor<'_>, expected: usize) -> Result<Vec<TokenId>> {
    let runs = cursor.count(2, "runs of ids")?;
    let mut ids = Vec::with_capacity(expected);
    for _ in 0..runs {
        let (start, len) = (read_id(cursor)?, cursor.number()?);
        let end = u64::from(start) + u64::from(len);
        if len as usize > expected - ids.len() || end > u64::from(MAX_ID) + 1 {
            return Err(cursor.error(format!("a run of {len} ids from {start}")));
        }
        ids.extend(start..start + len);
    }
    if ids.len() != expected {
        return Err(cursor.error(format!("{} ids for {expected} tokens", ids.len())));
    }
    Ok(ids)
}

fn read_parts(cursor: &mut Cursor<'_>, merges: usize) -> Result<Vec<(Rank, Rank)>> {
    let width = usize::from(cursor.byte()?);
    if !(1..=4).contains(&width) {
        return Err(cursor.error(format!("columns of {width} bytes")));
    }
    let mut parts = vec![(0, 0); merges];
    for shift in (0..8 * width).step_by(8) {
        for (part, &byte) in parts.iter_mut().zip(cursor.take(merges)?) {
            part.0 |= u32::from(byte) << shift;
        }
        for (part, &byte) in parts.iter_mut().zip(cursor.take(merges)?) {
            part.1 |= u32::from(byte) << shift;
        }
    }
    Ok(parts)
}

/// The bytes of tokens by rank, all in one buffer.
struct Spelling {
    arena: Vec<u8>,
    /// End in the arena of each rank's bytes; they start where the rank before ends.
    ends: Vec<usize>,
    total: usize,
}

impl Spelling {
    fn new(total: usize) -> Self {
        Self { arena: Vec::with_capacity(total), ends: Vec::new(), total }
    }

    /// Writes all tokens: the bytes, the products in rank order, the rest.
    fn spell(
        &mut self,
        parts: &[(Rank, Rank)],
        early: &[(Rank, &[u8])],
        unmade: &[&[u8]],
    ) -> std::result::Result<(), String> {
        self.ends.reserve(256 + parts.len() + unmade.len());
        for byte in 0..=255 {
            self.push(&[byte])?;
        }
        let mut early_left = early.iter().peekable();
        for (rank, &(left, right)) in (256_u32..).zip(parts) {
            if let Some((_, bytes)) = early_left.next_if(|&&(at, _)| at == rank) {
                self.push(bytes)?;
                continue;
            }
            for part in [left, right] {
                let Some((start, end)) = self.range(part) else {
                    return Err(format!("token {rank} is made from a later one, {part}"));
                };
                self.make_room(end - start)?;
                self.arena.extend_from_within(start..end);
            }
            self.ends.push(self.arena.len());
        }
        for bytes in unmade {
            self.push(bytes)?;
        }
        for &(rank, bytes) in early {
            let (left, right) = parts.get(rank as usize - 256).copied().unwrap_or_default();
            let rest = self.get(left).and_then(|left| bytes.strip_prefix(left));
            if rest.is_none() || rest != self.get(right) {
                return Err(format!("token {rank} is not what its parts spell"));
            }
        }
        if self.arena.len() != self.total {
            return Err(format!("{} bytes of tokens, {} declared", self.arena.len(), self.total));
        }
        Ok(())
    }

    fn push(&mut self, bytes: &[u8]) -> std::result::Result<(), String> {
        if bytes.is_empty() {
            return Err(format!("token {} is empty", self.ends.len()));
        }
        self.make_room(bytes.len())?;
        self.arena.extend_from_slice(bytes);
        self.ends.push(self.arena.len());
        Ok(())
    }

    fn make_room(&self, bytes: usize) -> std::result::Result<(), String> {
        if bytes > self.total - self.arena.len() {
            return Err(format!("more bytes of tokens than the {} declared", self.total));
        }
        Ok(())
    }

    fn range(&self, rank: Rank) -> Option<(usize, usize)> {
        let end = *self.ends.get(rank as usize)?;
        let before = (rank as usize).checked_sub(1).and_then(|before| self.ends.get(before));
        Some((before.copied().unwrap_or(0), end))
    }

    fn get(&self, rank: Rank) -> Option<&[u8]> {
        let (start, end) = self.range(rank)?;
        self.arena.get(start..end)
    }

    /// The same tokens by id.
    fn vocab(&self, ids: &[TokenId]) -> Result<Vocab> {
        let mut vocab = Vocab::with_capacity(ids.len(), self.total);
        for (rank, &id) in (0..).zip(ids) {
            if let Some(bytes) = self.get(rank) {
                vocab.insert(id, bytes, ids.len())?;
            }
        }
        Ok(vocab)
    }
}

//! The tokenizer: a plain struct of tables, immutable once built.
//!
//! Start at [`Tokenizer::encode`]. Loaders give a [`Definition`]; [`Tokenizer::build`] compiles
//! it. Batches are in `batch.rs`, decoding in `decode/`.

use crate::decode::Decode;
use crate::encode::added::{AddedTokens, Allowed, Segment};
use crate::encode::bytes::{self, ByteLevel};
use crate::encode::cut::{Cuts, safe_cut};
use crate::encode::draft::Draft;
use crate::encode::general::{General, Rewrite};
use crate::encode::joined::Joins;
use crate::encode::model::bpe::dropout::Rules;
use crate::encode::model::bpe::{Bpe, build};
use crate::encode::normalize::NormalizeCache;
use crate::encode::pieces::Pieces;
use crate::encode::pretokenize::Scanner;
use crate::encode::pretokenizer::PreTokenizer;
use crate::encode::raw_words::RawWords;
use crate::encode::scratch::{self, CacheInfo, CacheOwner, Scratch};
use crate::encode::sink::{Count, Ids, Sink};
use crate::encode::spans::{Spanned, Spans};
use crate::encode::template::{Encoding, Template};
use crate::encode::word_cache::DEFAULT_BUDGET;
use crate::encode::words::Words;
use crate::error::{Error, Result};
use crate::formats::hf_json::alphabet;
use crate::formats::pipeline::{Model, Pipeline};
use crate::formats::{self, AddedSearch, AddedToken, Compiled, Definition, Merges, Split};
use crate::token::{Span, TokenId};
use crate::vocab::Vocab;
use crate::watch::Watch;
use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

/// Raised when the ids of some text change for some file; files and pickles carry it.
pub const BEHAVIOUR: u32 = 1;

/// Text to ids and back, exactly as the file's own library does it.
#[derive(Debug)]
pub struct Tokenizer {
    pub(crate) name: Option<String>,
    /// Model tokens and added tokens.
    pub(crate) vocab: Vocab,
    /// Number of model tokens.
    pub(crate) model_tokens: usize,
    /// One more than the largest id of a model token.
    pub(crate) model_limit: usize,
    /// What is done to text before it is cut.
    pub(crate) rewrite: Option<Rewrite>,
    pub(crate) engine: Engine,
    /// How raw text is cut into words, where its pipeline allows that.
    raw_words: Option<RawWords>,
    pub(crate) decode: Decode,
    pub(crate) added: AddedTokens,
    pub(crate) specials: BTreeSet<TokenId>,
    pub(crate) splits: Vec<Split>,
    pub(crate) whole_words: bool,
    pub(crate) pipeline: Pipeline,
    pub(crate) template: Template,
    pub(crate) decode_only: Vec<(TokenId, Vec<u8>)>,
    /// Ids that decode to nothing.
    silent: BTreeSet<TokenId>,
    caches: Arc<CacheOwner>,
    /// Made when first asked for.
    digest: OnceLock<String>,
}

/// What turns text into ids.
#[derive(Debug)]
pub(crate) enum Engine {
    /// A byte-level BPE, on text as it is.
    Bytes(Box<ByteLevel>),
    /// Any other model, behind its pipeline.
    General(Box<General>),
}

/// Text as it comes: known to be UTF-8, or any bytes.
#[derive(Debug, Clone, Copy)]
pub enum Text<'a> {
    /// UTF-8.
    Str(&'a str),
    /// Any bytes; what is not UTF-8 is encoded byte by byte, without loss.
    Bytes(&'a [u8]),
}

impl<'a> Text<'a> {
    /// The bytes.
    pub fn as_bytes(&self) -> &'a [u8] {
        match self {
            Self::Str(text) => text.as_bytes(),
            Self::Bytes(bytes) => bytes,
        }
    }
}

impl Tokenizer {
    /// Compiles what a file says. Linear in the size of the vocabulary.
    pub fn build(definition: Definition) -> Result<Self> {
        let Definition {
            name,
            mut vocab,
            decode_only,
            merges,
            whole_words,
            splits,
            added,
            search,
            joins,
            pipeline,
        } = definition;
        let rewrite = pipeline.normalizer.as_ref().map(Rewrite::new).transpose()?;
        let engine = if pipeline.model == Model::ByteLevelBpe {
            let compiled = match &merges {
                Merges::Compiled(compiled) => compiled.clone(),
                merges => build::compile(&vocab, merges)?,
            };
            let by_rank = search == AddedSearch::NextCharacter && pipeline.is_byte_level_alone();
            let bpe = Bpe::new(&vocab, compiled)?;
            let rules = Rules::new(merges, by_rank, bpe.live_merges());
            let words = Words::new(&vocab, &bpe, whole_words);
            let pre = PreTokenizer::new(&pipeline.pre_tokenizers, &splits)?;
            let joins = joins.map(|joins| Joins::new(&vocab, &words, joins)).transpose()?;
            if joins.is_some() && matches!(pre, PreTokenizer::Letters(_)) {
                return Err(Error::unsupported(
                    "joined pre-tokens behind a pre-tokenizer that changes text",
                ));
            }
            Engine::Bytes(Box::new(ByteLevel { words, bpe, pre, rules, joins }))
        } else if joins.is_some() {
            return Err(Error::unsupported(format!(
                "joined pre-tokens in a model that is no byte-level BPE, but {}",
                pipeline.model.kind()
            )));
        } else {
            Engine::General(Box::new(General::new(&vocab, &pipeline)?))
        };
        let raw_words = match &engine {
            Engine::General(general) => RawWords::new(&vocab, &pipeline, general)?,
            Engine::Bytes(_) => None,
        };
        let (model_tokens, model_limit) = (vocab.len(), vocab.id_limit());
        let total = model_tokens + added.len() + decode_only.len();
        let mut claimed = BTreeSet::new();
        let letters = matches!(engine, Engine::Bytes(_)) && !pipeline.is_byte_level_alone();
        // Spelled as the token of the model that it is.
        let same = |token: &AddedToken, bytes: &[u8]| {
            let mut spelled = Vec::new();
            bytes == token.content.as_bytes()
                || letters && alphabet::decode(&token.content, &mut spelled) && spelled == bytes
        };
        for token in &added {
            match vocab.get(token.id) {
                None => vocab.insert(token.id, token.content.as_bytes(), total)?,
                Some(bytes) if same(token, bytes) => {}
                // Of two names for one id the first is what the id decodes to.
                Some(_) if claimed.contains(&token.id) => {}
                Some(_) => {
                    let why = format!(
                        "added token {:?} has the id {} of another token",
                        token.content, token.id
                    );
                    return Err(Error::field("added_tokens", why));
                }
            }
            claimed.insert(token.id);
        }
        let mut silent = BTreeSet::new();
        for (id, bytes) in &decode_only {
            if vocab.get(*id).is_some() {
                continue;
            }
            if bytes.is_empty() {
                silent.insert(*id);
            } else {
                vocab.insert(*id, bytes, total)?;
            }
        }
        Ok(Self {
            name,
            model_tokens,
            model_limit,
            engine,
            decode: Decode::new(&vocab, &pipeline, &added)?,
            specials: added.iter().filter(|token| token.special).map(|token| token.id).collect(),
            added: AddedTokens::new(added, search, |content| match &rewrite {
                Some(rewrite) => rewrite.text(&mut NormalizeCache::default(), content),
                None => Ok(content.to_owned()),
            })?,
            rewrite,
            raw_words,
            vocab,
            splits,
            whole_words,
            template: Template::new(pipeline.post_processor.as_ref())?,
            pipeline,
            decode_only,
            silent,
            caches: CacheOwner::new(DEFAULT_BUDGET),
            digest: OnceLock::new(),
        })
    }

    /// What this tokenizer was built from, with merges in reduced form.
    pub fn definition(&self) -> Definition {
        let mut vocab = Vocab::with_capacity(self.model_limit, 0);
        let compiled = self.compiled();
        let mut model: BTreeSet<TokenId> = match &self.engine {
            Engine::Bytes(_) => compiled.ids.iter().copied().collect(),
            Engine::General(_) => (0..self.model_limit as TokenId).collect(),
        };
        for (id, _) in &self.decode_only {
            model.remove(id);
        }
        for id in model {
            if let Some(bytes) = self.vocab.get(id) {
                // The ids come from a vocabulary that held them, so they fit.
                let _ = vocab.insert(id, bytes, self.model_limit);
            }
        }
        Definition {
            name: self.name.clone(),
            vocab,
            decode_only: self.decode_only.clone(),
            merges: Merges::Compiled(compiled),
            whole_words: self.whole_words,
            splits: self.splits.clone(),
            added: self.added.tokens().to_vec(),
            search: self.added.search(),
            joins: self.bytes().and_then(|bytes| Some(bytes.joins.as_ref()?.list().to_vec())),
            pipeline: self.pipeline.clone(),
        }
    }

    /// Whether neighbouring pre-tokens that are one token each are joined.
    pub fn joins_pre_tokens(&self) -> bool {
        self.bytes().is_some_and(|bytes| bytes.joins.is_some())
    }

    /// The merges of a byte-level BPE in reduced form; none of any other model.
    pub fn compiled(&self) -> Compiled {
        let compiled = |bytes: &ByteLevel| Compiled {
            reduced: bytes.rules.are_more(),
            ..bytes.bpe.compiled()
        };
        self.bytes().map_or_else(Compiled::default, compiled)
    }

    /// The tables of a byte-level BPE.
    pub(crate) fn bytes(&self) -> Option<&ByteLevel> {
        if let Engine::Bytes(bytes) = &self.engine { Some(bytes) } else { None }
    }

    /// The first place at or after `from` where a text is cut without changing a single id, by
    /// `scanner`, which is this tokenizer's. O(distance).
    pub(crate) fn safe_cut(&self, scanner: &Scanner, text: &[u8], from: usize) -> Option<usize> {
        // What is joined is joined within lines.
        let cuts = if self.joins_pre_tokens() { Cuts::Lines } else { Cuts::Words };
        safe_cut(scanner, text, from, cuts)
    }

    /// The scanner that alone says where text is cut: only where nothing changes text before,
    /// and no added token looks at what stands around it.
    pub(crate) fn scanner(&self) -> Option<&Scanner> {
        match self.bytes() {
            Some(ByteLevel { pre: PreTokenizer::Known(scanner), .. })
                if self.rewrite.is_none() && !self.added.looks_around() =>
            {
                Some(scanner)
            }
            _ => None,
        }
    }

    /// Ids of a text. Nothing is added; special tokens in it are text.
    ///
    /// # Errors
    /// Only [`Error::Input`], where a custom pattern exceeds its step limit.
    pub fn encode(&self, text: &str) -> Result<Vec<TokenId>> {
        self.encode_text(Text::Str(text), &Allowed::None, &Watch::none())
    }

    /// Ids of a text. O(n) for any text, but for custom patterns.
    pub fn encode_text(
        &self,
        text: Text<'_>,
        allowed: &Allowed,
        watch: &Watch<'_>,
    ) -> Result<Vec<TokenId>> {
        let mut out = Vec::with_capacity(text.as_bytes().len() / 3 + 16);
        self.encode_into(text, allowed, watch, &mut out)?;
        Ok(out)
    }

    /// As [`Tokenizer::encode_text`], appended to `out`.
    pub fn encode_into(
        &self,
        text: Text<'_>,
        allowed: &Allowed,
        watch: &Watch<'_>,
        out: &mut Vec<TokenId>,
    ) -> Result<()> {
        self.with_scratch(|scratch| {
            let mut sink = Ids::new(out);
            self.encode_to(text, allowed, &BTreeSet::new(), scratch, watch, &mut sink)?;
            sink.flush();
            Ok(())
        })
    }

    /// Number of ids of a text, without building them.
    pub fn count(&self, text: Text<'_>, allowed: &Allowed, watch: &Watch<'_>) -> Result<usize> {
        self.with_scratch(|scratch| {
            let mut sink = Count::default();
            self.encode_to(text, allowed, &BTreeSet::new(), scratch, watch, &mut sink)?;
            Ok(sink.0)
        })
    }

    /// Ids and the bytes of the text each stands for.
    pub fn encode_with_spans(
        &self,
        text: Text<'_>,
        allowed: &Allowed,
        watch: &Watch<'_>,
    ) -> Result<Spanned> {
        self.with_scratch(|scratch| {
            let mut sink = Spans::new(&self.vocab);
            self.encode_to(text, allowed, &BTreeSet::new(), scratch, watch, &mut sink)?;
            Ok(sink.finish())
        })
    }

    pub(crate) fn with_scratch<R>(&self, work: impl FnOnce(&mut Scratch) -> R) -> R {
        scratch::with(&self.caches, work)
    }

    /// The whole pipeline. `plain` are added tokens that are text although they always match.
    pub(crate) fn encode_to(
        &self,
        text: Text<'_>,
        allowed: &Allowed,
        plain: &BTreeSet<TokenId>,
        scratch: &mut Scratch,
        watch: &Watch<'_>,
        sink: &mut impl Sink,
    ) -> Result<()> {
        let mut base = 0;
        match text {
            Text::Str(text) => self.encode_str(text, base, allowed, plain, scratch, watch, sink)?,
            Text::Bytes(bytes) => {
                for chunk in bytes.utf8_chunks() {
                    self.encode_str(chunk.valid(), base, allowed, plain, scratch, watch, sink)?;
                    base += chunk.valid().len();
                    sink.start_at(base);
                    self.encode_invalid(chunk.invalid(), base, scratch, watch, sink)?;
                    base += chunk.invalid().len();
                }
            }
        }
        Ok(())
    }

    #[allow(clippy::too_many_arguments, reason = "the call's options, passed through")]
    fn encode_str(
        &self,
        text: &str,
        base: usize,
        allowed: &Allowed,
        plain: &BTreeSet<TokenId>,
        scratch: &mut Scratch,
        watch: &Watch<'_>,
        sink: &mut impl Sink,
    ) -> Result<()> {
        // Stages that change text give places in the whole text, so they need to know its base.
        if let (None, Engine::Bytes(bytes)) = (&self.rewrite, &self.engine)
            && !matches!(bytes.pre, PreTokenizer::Letters(_))
        {
            if !self.added.applies(allowed) {
                sink.start_at(base);
                return bytes.encode(&self.vocab, text, scratch, watch, sink);
            }
            for segment in self.added.segments(text, allowed, plain) {
                match segment {
                    Segment::Text(Span { start, end }) => {
                        sink.start_at(base + start);
                        bytes.encode(&self.vocab, &text[start..end], scratch, watch, sink)?;
                    }
                    Segment::Token(id, span) => {
                        let found = text.get(span.start..span.end).unwrap_or_default();
                        sink.added_token(id, base + span.start, base + span.end, found);
                    }
                }
            }
            return Ok(());
        }
        if !self.added.applies(allowed) {
            return self.encode_rewritten(text, base, None, scratch, watch, sink);
        }
        for segment in self.added.in_text(text, allowed, plain) {
            match segment {
                Segment::Text(Span { start, end }) => {
                    let text = text.get(start..end).unwrap_or_default();
                    let search = Some((allowed, plain));
                    self.encode_rewritten(text, base + start, search, scratch, watch, sink)?;
                }
                Segment::Token(id, span) => {
                    let found = text.get(span.start..span.end).unwrap_or_default();
                    sink.added_token(id, base + span.start, base + span.end, found);
                }
            }
        }
        Ok(())
    }

    /// A text as the model sees it before it is cut.
    pub(crate) fn normalized(&self, cache: &mut NormalizeCache, text: &str) -> Result<String> {
        match &self.rewrite {
            Some(rewrite) => rewrite.text(cache, text),
            None => Ok(text.to_owned()),
        }
    }

    /// Normalizes a stretch, searches it for added tokens that ask for normalized text, and
    /// encodes what is left.
    fn encode_rewritten(
        &self,
        text: &str,
        base: usize,
        search: Option<(&Allowed, &BTreeSet<TokenId>)>,
        scratch: &mut Scratch,
        watch: &Watch<'_>,
        sink: &mut impl Sink,
    ) -> Result<()> {
        if let (Some(words), Engine::General(general)) = (&self.raw_words, &self.engine)
            && !(sink.wants_spans() || sink.wants_pieces())
            && scratch.sampling.is_none()
            && (search.is_none() || !self.added.searches_normalized())
            && words.apply_to(text)
        {
            let rewrite = self.rewrite.as_ref();
            return words.encode(general, rewrite, text, base, scratch, watch, sink);
        }
        let mut draft = Draft::new(text, base);
        let track = sink.wants_spans() || self.reads_origin();
        if let Some(rewrite) = &self.rewrite {
            rewrite.apply(&mut scratch.normalize, &mut draft, track)?;
        }
        let Some((allowed, plain)) = search else {
            return self.encode_draft(draft, scratch, watch, sink);
        };
        for segment in self.added.in_normalized(&draft.text, allowed, plain) {
            match segment {
                Segment::Text(span) => {
                    self.encode_draft(draft.part(span), scratch, watch, sink)?;
                }
                Segment::Token(id, span) => {
                    let given = draft.given_range(span);
                    let found = draft.text.get(span.start..span.end).unwrap_or_default();
                    let (start, end) = (draft.base + given.start, draft.base + given.end);
                    sink.added_token(id, start, end, found);
                }
            }
        }
        Ok(())
    }

    /// Whether ids depend on where in the text a piece stood before it was changed.
    pub(crate) fn reads_origin(&self) -> bool {
        match &self.engine {
            Engine::Bytes(bytes) => match &bytes.pre {
                PreTokenizer::Letters(stages) => stages.reads_origin(),
                _ => false,
            },
            Engine::General(general) => general.reads_origin(),
        }
    }

    fn encode_draft(
        &self,
        mut draft: Draft,
        scratch: &mut Scratch,
        watch: &Watch<'_>,
        sink: &mut impl Sink,
    ) -> Result<()> {
        match &self.engine {
            Engine::General(general) => {
                let Scratch { general: caches, model, sampling, .. } = scratch;
                general.encode(&mut draft, caches, model, sampling, watch, sink)
            }
            Engine::Bytes(bytes) if matches!(bytes.pre, PreTokenizer::Letters(_)) => {
                bytes.encode_letters(&self.vocab, draft, scratch, watch, sink)
            }
            Engine::Bytes(bytes) if sink.wants_pieces() => {
                let mut inner = Pieces::new(&self.vocab, true);
                bytes.encode(&self.vocab, &draft.text, scratch, watch, &mut inner)?;
                let Encoding { ids, spans, words, .. } = inner.finish(0);
                bytes::give_mapped(&draft, &ids, &spans, &words, sink);
                Ok(())
            }
            Engine::Bytes(bytes) if sink.wants_spans() => {
                let mut inner = Spans::new(&self.vocab);
                bytes.encode(&self.vocab, &draft.text, scratch, watch, &mut inner)?;
                let Spanned { ids, spans } = inner.finish();
                bytes::give_mapped(&draft, &ids, &spans, &[], sink);
                Ok(())
            }
            Engine::Bytes(bytes) => bytes.encode(&self.vocab, &draft.text, scratch, watch, sink),
        }
    }

    /// Encodes a stretch that is not UTF-8; `base` is where it begins.
    pub(crate) fn encode_invalid(
        &self,
        invalid: &[u8],
        base: usize,
        scratch: &mut Scratch,
        watch: &Watch<'_>,
        sink: &mut impl Sink,
    ) -> Result<()> {
        match &self.engine {
            _ if invalid.is_empty() => Ok(()),
            Engine::Bytes(bytes) => bytes.encode_bytes(&self.vocab, invalid, scratch, watch, sink),
            Engine::General(_) => Err(Error::Input {
                why: format!(
                    "the text is not UTF-8 at byte {base}, and this tokenizer has no tokens for \
                     bytes; decode it first"
                ),
            }),
        }
    }

    /// Whether bytes that are not UTF-8 can be encoded.
    pub fn takes_bytes(&self) -> bool {
        matches!(self.engine, Engine::Bytes(_))
    }

    /// Whether every byte of a text is part of a token, and of one no longer than its bytes.
    pub(crate) fn keeps_every_byte(&self) -> bool {
        let pre = self.bytes().map(|bytes| &bytes.pre);
        self.rewrite.is_none()
            && !self.added.looks_around()
            && matches!(pre, Some(PreTokenizer::Known(_) | PreTokenizer::Whole))
    }

    /// The special tokens a call may find, by name.
    pub fn allow<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Result<Allowed> {
        let find = |name: &str| {
            let token = self.added.get(name).filter(|token| token.special);
            token.map(|token| token.id).ok_or_else(|| Error::Vocabulary {
                why: format!("{name:?} is not a special token of this tokenizer"),
            })
        };
        let ids = names.into_iter().map(find).collect::<Result<BTreeSet<_>>>()?;
        Ok(if ids.is_empty() { Allowed::None } else { Allowed::Some(ids) })
    }

    /// The tokenizer as a native file.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        formats::save(&self.definition(), &self.compiled(), formats::Format::Native)
    }

    /// SHA-256 of the native file in hexadecimal: equal for tokenizers that encode alike. Merges
    /// that only sampling makes use of do not count.
    pub fn digest(&self) -> Result<&str> {
        if self.digest.get().is_none() {
            // Two threads at once compute the same.
            let compiled = Compiled { reduced: false, ..self.compiled() };
            let bytes = formats::save(&self.definition(), &compiled, formats::Format::Native)?;
            let _ = self.digest.set(formats::digest(&bytes));
        }
        Ok(self.digest.get().map_or("", String::as_str))
    }

    /// The `type` of the model in a `tokenizer.json`.
    pub fn model_kind(&self) -> &'static str {
        self.pipeline.model.kind()
    }

    /// The name, where there is one.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Number of model tokens, added tokens not counted.
    pub fn vocab_size(&self) -> usize {
        self.model_tokens
    }

    /// Model tokens and added tokens.
    pub fn len(&self) -> usize {
        self.vocab.len()
    }

    /// Always false: the bytes are there.
    pub fn is_empty(&self) -> bool {
        self.vocab.is_empty()
    }

    /// Tokens by id.
    pub fn vocab(&self) -> &Vocab {
        &self.vocab
    }

    /// Added tokens, in the file's order.
    pub fn added_tokens(&self) -> &AddedTokens {
        &self.added
    }

    /// How text is cut before merging.
    pub fn splits(&self) -> &[Split] {
        &self.splits
    }

    /// The bytes of a token.
    pub fn token_bytes(&self, id: TokenId) -> Result<&[u8]> {
        match self.vocab.get(id) {
            Some(bytes) => Ok(bytes),
            None if self.silent.contains(&id) => Ok(&[]),
            None => Err(Error::UnknownId { id: i128::from(id), limit: self.vocab.id_limit() }),
        }
    }

    /// The id of the token spelled so. An added token wins over a model token.
    pub fn token_id(&self, bytes: &[u8]) -> Option<TokenId> {
        let added = std::str::from_utf8(bytes).ok().and_then(|content| self.added.get(content));
        added.map(|token| token.id).or_else(|| self.model_id(bytes))
    }

    /// The id of the token of the model spelled so.
    pub(crate) fn model_id(&self, bytes: &[u8]) -> Option<TokenId> {
        match &self.engine {
            Engine::Bytes(tables) => tables.words.spelling(&self.vocab, bytes),
            Engine::General(general) => general.spellings.get(bytes),
        }
    }

    /// What the caches of all threads hold.
    pub fn cache_info(&self) -> CacheInfo {
        self.caches.info()
    }

    /// Empties the caches: this thread's now, those of other threads at their next call.
    pub fn clear_cache(&self) {
        self.caches.clear();
    }
}

//! A SentencePiece model in the terms of a tokenizer.json, where that gives the same ids.
//!
//! A BPE merges the neighbours whose text is the piece of the highest score; the file's BPE has a
//! list of pairs. Inside the text of a piece merging does not depend on what stands around it, so
//! of all ways to put a piece together one is ever used (`DESIGN.md`): the list of those pairs, by
//! descending score, gives the same ids. A char model is that with an empty list.
//!
//! Three things have no equal there. tokenizers applies a table of replacements grapheme by
//! grapheme, SentencePiece from left to right; it adds up a unigram's scores in double precision,
//! where SentencePiece rounds; and its unigram finds special pieces that are spelled in text, even
//! where text is to have none, SentencePiece never. With [`Fidelity::Nearest`] both are written all the
//! same, as converters do: most texts have the same ids. Everything else that would change ids is
//! refused.

use crate::encode::normalize::sentencepiece::SIGN;
use crate::encode::pretokenize::Dialect;
use crate::error::{Error, Result};
use crate::formats::pipeline::{
    Bpe, Decoder, Model, Normalizer, Pattern, PieceKind, Pipeline, SentencePieceKind,
    SentencePieceModel, SentencePieceNormalizer, Unigram,
};
use crate::formats::{AddedToken, Definition, Fidelity};
use crate::token::TokenId;
use crate::vocab::Vocab;
use std::collections::{HashMap, HashSet};

/// The same tokenizer with parts that a tokenizer.json has.
///
/// # Errors
/// [`Error::Unsupported`] naming what would give other ids.
pub(super) fn converted(definition: &Definition, fidelity: Fidelity) -> Result<Definition> {
    let Pipeline { normalizer, model, decoder, .. } = &definition.pipeline;
    let (
        Some(Normalizer::SentencePiece(normalizer)),
        Model::SentencePiece(model),
        Some(Decoder::SentencePiece { denormalizer, .. }),
    ) = (normalizer, model, decoder)
    else {
        return Err(Error::unsupported("a SentencePiece model of mixed parts in a tokenizer.json"));
    };
    let exact = fidelity == Fidelity::Exact;
    refuse(
        [
            (exact && !normalizer.charsmap.is_empty(), "normalizer_spec.precompiled_charsmap"),
            (!normalizer.escape_whitespaces, "normalizer_spec.escape_whitespaces = false"),
            (
                normalizer.whitespace_as_suffix && normalizer.add_dummy_prefix,
                "trainer_spec.treat_whitespace_as_suffix",
            ),
            (denormalizer.is_some(), "denormalizer_spec"),
            (model.kind == SentencePieceKind::Word, "trainer_spec.model_type = WORD"),
            (
                exact && model.kind == SentencePieceKind::Unigram,
                "trainer_spec.model_type = UNIGRAM",
            ),
            (
                (exact || model.kind != SentencePieceKind::Unigram)
                    && model.types.contains(&PieceKind::Unused),
                "pieces of type UNUSED",
            ),
        ]
        .into_iter(),
    )?;
    let pieces = Pieces::new(&definition.vocab, model)?;
    let mut added = definition.added.clone();
    added.extend(user_defined(&pieces, normalizer, &definition.added)?);
    Ok(Definition {
        added,
        pipeline: Pipeline {
            normalizer: Some(normalizers(normalizer)),
            model: pieces.model(exact)?,
            decoder: Some(decoders(
                pieces
                    .unknown
                    .filter(|_| !model.byte_fallback)
                    .map(|(_, unknown)| (unknown, model.unk_surface.as_str())),
                normalizer,
            )),
            ..definition.pipeline.clone()
        },
        ..definition.clone()
    })
}

/// Refuses the first that is the case.
fn refuse(cases: impl Iterator<Item = (bool, &'static str)>) -> Result<()> {
    for (refused, what) in cases {
        if refused {
            return Err(Error::unsupported(format!(
                "{what} in a tokenizer.json, which would give other ids"
            )));
        }
    }
    Ok(())
}

fn literal(text: &str, content: &str) -> Normalizer {
    replace(&regex_syntax::escape(text), content)
}

fn replace(pattern: &str, content: &str) -> Normalizer {
    let pattern = Pattern { pattern: pattern.into(), dialect: Dialect::Oniguruma };
    Normalizer::Replace { pattern, content: content.into() }
}

/// What a normalizer's flags and table are in these terms.
pub(in crate::formats) fn normalizers(def: &SentencePieceNormalizer) -> Normalizer {
    let mut steps = Vec::new();
    if !def.charsmap.is_empty() {
        steps.push(Normalizer::Precompiled(def.charsmap.clone()));
    }
    if def.remove_extra_whitespaces {
        // What goes at the end is what is, or looks like, a space that has become a sign.
        steps.push(replace(r"\A +", ""));
        steps.push(replace(&format!(r"[ {SIGN}]+\z"), ""));
        steps.push(replace(" {2,}", " "));
    }
    if def.add_dummy_prefix {
        steps.push(Normalizer::Prepend(SIGN.into()));
    }
    steps.push(literal(" ", SIGN));
    Normalizer::Sequence(steps)
}

/// What the flags of a normalizer ask of decoding; `unknown`, if it has a surface of its own, is the
/// unknown piece and that.
pub(in crate::formats) fn decoders(
    unknown: Option<(&str, &str)>,
    def: &SentencePieceNormalizer,
) -> Decoder {
    let replace = |text: &str, content: &str| Decoder::Replace {
        pattern: Pattern { pattern: regex_syntax::escape(text), dialect: Dialect::Oniguruma },
        content: content.into(),
    };
    let start = match (def.remove_extra_whitespaces, def.add_dummy_prefix) {
        (true, _) => Some(u32::MAX as usize),
        (false, true) => Some(1),
        (false, false) => None,
    };
    let strip = |content| start.map(|start| Decoder::Strip { content, start, stop: 0 });
    let spaces = Some(replace(SIGN, " "));
    let steps = if let Some((unknown, surface)) = unknown {
        // What the unknown piece becomes may begin with a space, which stays.
        [Some(replace(unknown, surface)), Some(Decoder::Fuse), strip('\u{2581}'), spaces]
    } else {
        [spaces, Some(Decoder::ByteFallback), Some(Decoder::Fuse), strip(' ')]
    };
    let steps = steps.into_iter().flatten().collect();
    Decoder::Sequence(steps)
}

/// User-defined pieces as added tokens, which are found in the text as given.
fn user_defined(
    pieces: &Pieces<'_>,
    normalizer: &SentencePieceNormalizer,
    specials: &[AddedToken],
) -> Result<Vec<AddedToken>> {
    let found = || pieces.of(PieceKind::UserDefined);
    let hides = |special: &str, piece: &str| {
        let ends = special.char_indices().map(|(at, _)| special.get(at..).unwrap_or_default());
        special.contains(piece) || ends.into_iter().any(|end| piece.starts_with(end))
    };
    let any = found().next().is_some();
    refuse(
        [
            // Behind an added token a text begins anew there.
            (
                any && (normalizer.add_dummy_prefix || normalizer.remove_extra_whitespaces),
                "pieces of type USER_DEFINED with add_dummy_prefix or remove_extra_whitespaces",
            ),
            (
                any && !normalizer.charsmap.is_empty(),
                "pieces of type USER_DEFINED with a precompiled_charsmap",
            ),
            (
                found().any(|(_, piece)| piece.contains([' ', '\u{2581}'])),
                "pieces of type USER_DEFINED with spaces",
            ),
            (
                found().any(|(_, piece)| {
                    specials.iter().any(|special| hides(&special.content, piece))
                }),
                "pieces of type USER_DEFINED that begin in one of type CONTROL",
            ),
        ]
        .into_iter(),
    )?;
    let token = |(id, piece): (TokenId, &str)| AddedToken {
        id,
        content: piece.to_owned(),
        ..AddedToken::default()
    };
    Ok(found().map(token).collect())
}

/// The two parts, and what they make.
type Merge = (TokenId, TokenId, TokenId);

/// The pieces of a model.
struct Pieces<'a> {
    def: &'a SentencePieceModel,
    /// All, by id.
    all: Vec<&'a str>,
    /// The unknown one.
    unknown: Option<(TokenId, &'a str)>,
}

impl<'a> Pieces<'a> {
    fn new(vocab: &'a Vocab, def: &'a SentencePieceModel) -> Result<Self> {
        let text = |(id, bytes)| {
            std::str::from_utf8(bytes)
                .map_err(|_| Error::unsupported(format!("piece {id}, which is not UTF-8, in JSON")))
        };
        let all = vocab.iter().map(text).collect::<Result<Vec<_>>>()?;
        let pieces = Self { def, all, unknown: None };
        let unknown = pieces.of(PieceKind::Unknown).next();
        Ok(Self { unknown, ..pieces })
    }

    /// Those of a type.
    fn of(&self, kind: PieceKind) -> impl Iterator<Item = (TokenId, &'a str)> {
        let all = (0..).zip(&self.all).zip(&self.def.types);
        all.filter(move |(_, found)| **found == kind).map(|((id, piece), _)| (id, *piece))
    }

    fn model(&self, exact: bool) -> Result<Model> {
        let SentencePieceModel { kind, byte_fallback, scores, .. } = self.def;
        if *kind == SentencePieceKind::Unigram {
            return Ok(Model::Unigram(Unigram {
                scores: scores.iter().map(|&score| as_read(score)).collect(),
                unk_id: self.unknown.map(|(id, _)| id),
                byte_fallback: *byte_fallback,
            }));
        }
        let letters: HashSet<char> =
            self.of(PieceKind::Normal).filter_map(|(_, piece)| only_char(piece)).collect();
        let others = [PieceKind::Unknown, PieceKind::Control, PieceKind::Byte];
        let mut others = others.into_iter().flat_map(|kind| self.of(kind));
        let merges = *kind == SentencePieceKind::Bpe;
        let spelled = |piece: &str| piece.chars().all(|letter| letters.contains(&letter));
        refuse(
            [
                (
                    others.any(|(_, piece)| only_char(piece).is_some()),
                    "pieces of one character that are not of type NORMAL",
                ),
                (
                    exact && merges && !self.of(PieceKind::Normal).all(|(_, piece)| spelled(piece)),
                    "pieces of characters that are no pieces",
                ),
            ]
            .into_iter(),
        )?;
        Ok(Model::Bpe(Bpe {
            merges: if merges { self.merges(exact)? } else { Vec::new() },
            unk_token: self.unknown.map(|(_, piece)| piece.to_owned()),
            fuse_unk: true,
            byte_fallback: *byte_fallback,
            ..Bpe::default()
        }))
    }

    /// The pairs that are ever merged, by descending score.
    fn merges(&self, exact: bool) -> Result<Vec<Merge>> {
        let ids: HashMap<&str, (TokenId, f32)> =
            self.of(PieceKind::Normal).map(|(id, piece)| (piece, (id, self.score(id)))).collect();
        let frozen: Vec<&str> = self.of(PieceKind::UserDefined).map(|(_, piece)| piece).collect();
        let mut merges = Vec::new();
        for (id, piece) in self.of(PieceKind::Normal) {
            // Text that is a user-defined piece never merges.
            if frozen.iter().any(|frozen| piece.contains(frozen)) {
                continue;
            }
            let Some(at) = last_merge(piece, &ids) else { continue };
            let (left, right) = piece.split_at(at);
            if let (Some(&(left, _)), Some(&(right, _))) = (ids.get(left), ids.get(right)) {
                merges.push((left, right, id));
            }
        }
        // Of equal scores the leftmost merges first. In a run of one character that is a piece
        // growing from the left, so a pair that makes a longer one comes before those that begin.
        let length = |merge: &Merge| self.text(merge.2).len();
        let score = |merge: &Merge| self.score(merge.2);
        merges.sort_by(|a, b| score(b).total_cmp(&score(a)).then(length(b).cmp(&length(a))));
        let ties = merges.chunk_by(|a, b| score(a).to_bits() == score(b).to_bits());
        let equal = ties.filter(|tie| tie.len() > 1).any(|tie| !self.is_run(tie, &ids));
        refuse(std::iter::once((exact && equal, "pieces of equal scores")))?;
        Ok(merges)
    }

    fn text(&self, id: TokenId) -> &'a str {
        self.all.get(id as usize).copied().unwrap_or_default()
    }

    /// Whether merges of one score, the longest piece first, are all that make runs of a
    /// character, and treat runs as merging the leftmost first does.
    fn is_run(&self, tie: &[Merge], ids: &HashMap<&str, (TokenId, f32)>) -> bool {
        let Some(letter) = tie.first().and_then(|merge| self.text(merge.2).chars().next()) else {
            return false;
        };
        let run = |text: &str| text.chars().all(|other| other == letter);
        let size = |id| self.text(id).chars().count();
        let sizes: HashSet<usize> = tie.iter().map(|merge| size(merge.2)).collect();
        let others = ids.keys().filter(|text| run(text) && text.chars().count() > 1).count();
        let longest = sizes.iter().max().copied().unwrap_or_default();
        if !tie.iter().all(|merge| run(self.text(merge.2))) || others != tie.len() || longest > 64 {
            return false;
        }
        let listed: HashMap<(usize, usize), usize> = (0..)
            .zip(tie)
            .map(|(place, &(left, right, _))| ((size(left), size(right)), place))
            .collect();
        (1..=4 * longest + 8).all(|count| {
            let leftmost = merged(count, |a, b| sizes.contains(&(a + b)).then_some(0));
            leftmost == merged(count, |a, b| listed.get(&(a, b)).copied())
        })
    }

    fn score(&self, id: TokenId) -> f32 {
        self.def.scores.get(id as usize).copied().unwrap_or_default()
    }
}

/// A score as the library's parser, which is not always exact in the last place, reads it.
fn as_read(score: f32) -> f64 {
    let score = f64::from(score);
    serde_json::from_str(&format!("{score:?}")).unwrap_or(score)
}

/// The character that a piece is, if it is one.
fn only_char(piece: &str) -> Option<char> {
    let mut letters = piece.chars();
    letters.next().filter(|_| letters.next().is_none())
}

/// Lengths of what a run of so many characters merges to: the first in order, leftmost of equals.
fn merged(count: usize, place: impl Fn(usize, usize) -> Option<usize>) -> Vec<usize> {
    let mut parts = vec![1; count];
    loop {
        let pairs = parts.windows(2).enumerate();
        let placed = pairs.filter_map(|(at, pair)| Some((place(pair[0], pair[1])?, at)));
        let Some((_, at)) = placed.min() else { return parts };
        parts[at] += parts.remove(at + 1);
    }
}

/// Where the two parts meet of which merging makes a piece at last; `None`: it does not, or the
/// piece is one character.
fn last_merge(piece: &str, ids: &HashMap<&str, (TokenId, f32)>) -> Option<usize> {
    let mut cuts: Vec<usize> =
        piece.char_indices().map(|(at, _)| at).chain([piece.len()]).collect();
    while cuts.len() > 3 {
        let mut best: Option<(f32, usize)> = None;
        for (place, three) in cuts.windows(3).enumerate() {
            let merged = piece.get(three[0]..three[2]).and_then(|text| ids.get(text));
            if let Some(&(_, score)) = merged
                && best.is_none_or(|(highest, _)| score.total_cmp(&highest).is_gt())
            {
                best = Some((score, place + 1));
            }
        }
        cuts.remove(best?.1);
    }
    cuts.get(1).copied().filter(|_| cuts.len() == 3)
}

//! What of a text is open to another segmentation, read off the one that the tokenizer makes.
//!
//! A tokenizer normalizes a text, finds added tokens, cuts the rest into pre-tokens and encodes
//! each. All that is in its tokens: the bytes they stand for are the text that the model saw, and
//! the piece each is of says where no token may cross. So there is one pipeline, and another
//! segmentation decodes to what the tokenizer's own does.

use super::lexicon::Lexicon;
use crate::encode::added::Allowed;
use crate::encode::pieces::Pieces;
use crate::error::Result;
use crate::token::TokenId;
use crate::tokenizer::Text;
use crate::watch::Watch;
use std::collections::BTreeSet;

/// The bytes to segment, where tokens may not cross, and the tokens that stay.
#[derive(Debug, Default)]
pub(super) struct Outline {
    /// The bytes.
    pub(super) bytes: Vec<u8>,
    /// Offsets that no token crosses, ascending, from above zero.
    pub(super) cuts: Vec<usize>,
    /// Tokens that stay as they are and the offsets they stand at, ascending. Each is a cut.
    fixed: Vec<(usize, TokenId)>,
}

impl Outline {
    /// Encodes a text; with `pre_tokens` their ends are cuts.
    pub(super) fn new(
        lexicon: &Lexicon,
        text: Text<'_>,
        allowed: &Allowed,
        pre_tokens: bool,
        watch: &Watch<'_>,
    ) -> Result<Self> {
        let tokenizer = &lexicon.tokenizer;
        let encoding = tokenizer.with_scratch(|scratch| {
            let mut sink = Pieces::new(tokenizer.vocab(), tokenizer.bytes().is_some());
            let plain = BTreeSet::new();
            tokenizer.encode_to(text, allowed, &plain, scratch, watch, &mut sink)?;
            Ok::<_, crate::Error>(sink.finish(0))
        })?;
        let mut outline = Self::default();
        let mut before = None;
        for (&id, &word) in encoding.ids.iter().zip(&encoding.words) {
            let at = outline.bytes.len();
            let Some(place) = lexicon.place(id) else {
                outline.cut(at);
                outline.fixed.push((at, id));
                continue;
            };
            if pre_tokens && word != before {
                outline.cut(at);
            }
            before = word;
            outline.bytes.extend_from_slice(lexicon.trie.spelling(place));
        }
        Ok(outline)
    }

    fn cut(&mut self, at: usize) {
        if at > 0 && self.cuts.last() != Some(&at) {
            self.cuts.push(at);
        }
    }

    /// The stretches between cuts.
    pub(super) fn stretches(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.cuts.iter().copied());
        let ends = self.cuts.iter().copied().chain([self.bytes.len()]);
        let stretch = |(start, end)| self.bytes.get(start..end);
        starts.zip(ends).filter_map(stretch).filter(|stretch| !stretch.is_empty())
    }

    /// Appends tokens that segment the bytes, with those that stay in their places.
    pub(super) fn fill(
        &self,
        lexicon: &Lexicon,
        tokens: impl IntoIterator<Item = TokenId>,
        out: &mut Vec<TokenId>,
    ) {
        let (mut at, mut fixed) = (0, self.fixed.iter().peekable());
        for token in tokens {
            while let Some((_, id)) = fixed.next_if(|&&(offset, _)| offset <= at) {
                out.push(*id);
            }
            out.push(token);
            at += lexicon.place(token).map_or(0, |place| lexicon.trie.token_len(place) as usize);
        }
        out.extend(fixed.map(|&(_, id)| id));
    }
}

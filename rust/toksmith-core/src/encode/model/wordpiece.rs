//! `WordPiece`: the longest token first, in linear time.
//!
//! A word that is a token is one probe of a table. Any other is read byte by byte in two prefix
//! trees, of the tokens that begin a word and of those that go on with one. A node knows what
//! to do when the next byte leads nowhere (`wordpiece/trees.rs`): which pieces are certain by
//! then, and at which node the rest of what was read stands. So no byte is read twice, however
//! much longer the token hoped for was than the one that came.
//!
//! Exact against `WordPiece` of tokenizers 0.23.3; the oracle is its definition as code in
//! `tests/oracle/models.rs`. Method: Song et al. 2021, arXiv:2012.15524, there for one tree.

mod trees;

use super::spellings::Spellings;
use super::{Token, check_length, unknown};
use crate::error::Result;
use crate::token::{NONE, TokenId};
use crate::vocab::Vocab;
use trees::{Piece, ROOT, Tree, Trees};

/// The compiled model.
#[derive(Debug)]
pub struct WordPiece {
    spellings: Spellings,
    trees: Trees,
    unk: Option<TokenId>,
    unk_token: String,
    max_chars: usize,
}

impl WordPiece {
    /// Builds the tables; O(bytes of the vocabulary). `unk_token` need not be in the vocabulary:
    /// then [`WordPiece::tokenize`] fails where a word is unknown.
    ///
    /// # Errors
    /// [`crate::Error::Unsupported`] for a vocabulary of more than eight million prefixes.
    pub fn new(
        vocab: &Vocab,
        unk_token: &str,
        continuing_subword_prefix: &str,
        max_input_chars_per_word: usize,
    ) -> Result<Self> {
        // What is not UTF-8 equals no part of a word.
        let tokens: Vec<_> =
            vocab.iter().filter(|(_, bytes)| std::str::from_utf8(bytes).is_ok()).collect();
        let spellings = Spellings::new(&tokens);
        Ok(Self {
            unk: spellings.get(unk_token.as_bytes()),
            trees: Trees::new(&tokens, continuing_subword_prefix)?,
            spellings,
            unk_token: unk_token.to_owned(),
            max_chars: max_input_chars_per_word,
        })
    }

    /// The token a word is taken as whole, if it is one.
    #[inline]
    pub fn whole(&self, word: &str) -> Option<TokenId> {
        if self.too_long(word) { None } else { self.spellings.get(word.as_bytes()) }
    }

    /// Tokens by spelling, to look up many words at once. A word of more bytes than
    /// [`WordPiece::max_chars`] may be too long to be one of them.
    pub fn spellings(&self) -> &Spellings {
        &self.spellings
    }

    /// Words of more characters are unknown.
    pub fn max_chars(&self) -> usize {
        self.max_chars
    }

    /// Appends the tokens of one word. O(length of the word).
    ///
    /// # Errors
    /// [`crate::Error::Vocabulary`] if the word is unknown and the vocabulary has no token to
    /// say so.
    pub fn tokenize(&self, word: &str, out: &mut Vec<Token>) -> Result<()> {
        let end = check_length(word)?;
        if word.is_empty() {
            return Ok(());
        }
        if let Some(id) = self.whole(word) {
            out.push(Token { id, start: 0, end });
            return Ok(());
        }
        let base = out.len();
        if self.too_long(word) || !self.split(word.as_bytes(), out) {
            out.truncate(base);
            out.push(Token { id: unknown(self.unk, &self.unk_token)?, start: 0, end });
        }
        Ok(())
    }

    #[inline(always)]
    fn too_long(&self, word: &str) -> bool {
        word.len() > self.max_chars && word.chars().count() > self.max_chars
    }

    /// Appends the pieces of a word; false if it has none at some place.
    fn split(&self, word: &[u8], out: &mut Vec<Token>) -> bool {
        let (mut tree, mut node) = (&self.trees.first, ROOT);
        let mut done = 0;
        for &byte in word {
            loop {
                if let Some(next) = tree.child(node, byte) {
                    node = next;
                    break;
                }
                if !self.settle(&mut tree, &mut node, &mut done, out) {
                    return false;
                }
            }
        }
        while node != ROOT {
            if !self.settle(&mut tree, &mut node, &mut done, out) {
                return false;
            }
        }
        true
    }

    /// Appends the pieces that are certain where `node` has no way on, and goes to the node of
    /// the rest; false if there is none.
    #[inline]
    fn settle<'a>(
        &'a self,
        tree: &mut &'a Tree,
        node: &mut usize,
        done: &mut u32,
        out: &mut Vec<Token>,
    ) -> bool {
        let link = tree.link(*node);
        if link.rest == NONE {
            return false;
        }
        // The list has its last piece first.
        let base = out.len();
        let mut at = link.pieces;
        while let Some(&Piece { id, len, before }) = self.trees.pieces.get(at as usize) {
            out.push(Token { id, start: 0, end: len });
            at = before;
        }
        out[base..].reverse();
        for token in &mut out[base..] {
            (token.start, token.end) = (*done, *done + token.end);
            *done = token.end;
        }
        (*tree, *node) = (&self.trees.inside, link.rest as usize);
        true
    }
}

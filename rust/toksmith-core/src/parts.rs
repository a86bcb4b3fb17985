//! Texts of mixed trust: what users write can never become a control token.
//!
//! Each part is encoded by itself, so no merge crosses a part. In trusted parts special tokens
//! are found; in the others neither they nor the control tokens are, and if ordinary merging
//! spells one all the same, it is taken apart again.

use crate::encode::added::Allowed;
use crate::encode::sink::Ids;
use crate::error::Result;
use crate::token::TokenId;
use crate::tokenizer::{Text, Tokenizer};
use crate::watch::Watch;
use std::collections::BTreeSet;

impl Tokenizer {
    /// Added tokens that are not special but look like markup, such as `<think>`.
    pub fn default_control_tokens(&self) -> BTreeSet<TokenId> {
        let markup = |text: &str| {
            let bracketed =
                |open, close| text.len() > 2 && text.starts_with(open) && text.ends_with(close);
            (bracketed('<', '>') || bracketed('[', ']')) && !text.contains(char::is_whitespace)
        };
        let tokens = self.added.tokens().iter();
        tokens
            .filter(|token| !token.special && markup(&token.content))
            .map(|token| token.id)
            .collect()
    }

    /// Ids of parts given as `(text, trusted)`. In untrusted parts no special token and none
    /// of `control` appears.
    pub fn encode_parts(
        &self,
        parts: &[(Text<'_>, bool)],
        control: &BTreeSet<TokenId>,
        watch: &Watch<'_>,
    ) -> Result<Vec<TokenId>> {
        let banned: BTreeSet<TokenId> = self.specials.union(control).copied().collect();
        let (mut out, none) = (Vec::new(), BTreeSet::new());
        self.with_scratch(|scratch| {
            for &(text, trusted) in parts {
                let start = out.len();
                let (allowed, plain) =
                    if trusted { (Allowed::All, &none) } else { (Allowed::None, &banned) };
                let mut sink = Ids::new(&mut out);
                self.encode_to(text, &allowed, plain, scratch, watch, &mut sink)?;
                sink.flush();
                if !trusted && out[start..].iter().any(|id| banned.contains(id)) {
                    let found = out.split_off(start);
                    for id in found {
                        self.push_unless_banned(id, &banned, &mut out);
                    }
                }
            }
            Ok(())
        })?;
        Ok(out)
    }

    /// Appends a token, or where it is banned what it was merged from.
    fn push_unless_banned(&self, id: TokenId, banned: &BTreeSet<TokenId>, out: &mut Vec<TokenId>) {
        if !banned.contains(&id) {
            out.push(id);
            return;
        }
        match self.bpe.parts_of(id) {
            Some((left, right)) => {
                self.push_unless_banned(left, banned, out);
                self.push_unless_banned(right, banned, out);
            }
            // Found whole: spelled in single bytes, which are never special.
            None => out.extend(
                self.vocab.get(id).unwrap_or(&[]).iter().map(|&byte| self.bpe.id(u32::from(byte))),
            ),
        }
    }
}

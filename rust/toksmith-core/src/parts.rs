//! Texts of mixed trust: what users write can never become a control token.
//!
//! Each part is encoded by itself, so no merge crosses a part. In trusted parts special tokens
//! are found; in the others neither they nor the control tokens are, and if ordinary merging
//! spells one all the same, it is taken apart again.

use crate::encode::added::Allowed;
use crate::encode::bytes::ByteLevel;
use crate::encode::scratch::Scratch;
use crate::encode::sink::Ids;
use crate::encode::spans::{Spanned, Spans};
use crate::error::{Error, Result};
use crate::token::TokenId;
use crate::tokenizer::{Engine, Text, Tokenizer};
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
        // What a model says of a character it does not know is no sign of control.
        let unknown = match &self.engine {
            Engine::Bytes(_) => None,
            Engine::General(general) => general.unknown(),
        };
        let mut banned: BTreeSet<TokenId> = self.specials.union(control).copied().collect();
        if let Some(id) = unknown {
            banned.remove(&id);
        }
        let (mut out, none) = (Vec::new(), BTreeSet::new());
        self.with_scratch(|scratch| {
            for &(text, trusted) in parts {
                let start = out.len();
                let (allowed, plain) =
                    if trusted { (Allowed::All, &none) } else { (Allowed::None, &banned) };
                let mut sink = Ids::new(&mut out);
                self.encode_to(text, &allowed, plain, scratch, watch, &mut sink)?;
                sink.flush();
                if trusted || !out[start..].iter().any(|id| banned.contains(id)) {
                    continue;
                }
                let found = out.split_off(start);
                match &self.engine {
                    Engine::Bytes(bytes) => {
                        for id in found {
                            self.push_unless_banned(bytes, id, &banned, &mut out);
                        }
                    }
                    Engine::General(_) => {
                        self.encode_apart(text, &banned, scratch, watch, &mut out)?;
                    }
                }
            }
            Ok(())
        })?;
        Ok(out)
    }

    /// Appends a token, or where it is banned what it was merged from.
    fn push_unless_banned(
        &self,
        bytes: &ByteLevel,
        id: TokenId,
        banned: &BTreeSet<TokenId>,
        out: &mut Vec<TokenId>,
    ) {
        if !banned.contains(&id) {
            out.push(id);
            return;
        }
        match bytes.bpe.parts_of(id) {
            Some((left, right)) => {
                self.push_unless_banned(bytes, left, banned, out);
                self.push_unless_banned(bytes, right, banned, out);
            }
            // Found whole: spelled in single bytes, which are never special.
            None => out.extend(
                self.vocab.get(id).unwrap_or(&[]).iter().map(|&byte| bytes.bpe.id(u32::from(byte))),
            ),
        }
    }

    /// Ids of an untrusted text whose model gives banned tokens: where one stands, the text is cut
    /// behind its first character, until none is left.
    fn encode_apart(
        &self,
        text: Text<'_>,
        banned: &BTreeSet<TokenId>,
        scratch: &mut Scratch,
        watch: &Watch<'_>,
        out: &mut Vec<TokenId>,
    ) -> Result<()> {
        let Ok(whole) = std::str::from_utf8(text.as_bytes()) else { return Ok(()) };
        let mut todo = vec![whole];
        while let Some(text) = todo.pop() {
            let mut sink = Spans::new(&self.vocab);
            self.encode_to(Text::Str(text), &Allowed::None, banned, scratch, watch, &mut sink)?;
            let Spanned { ids, spans } = sink.finish();
            let Some(at) = ids.iter().position(|id| banned.contains(id)) else {
                out.extend(ids);
                continue;
            };
            let start = spans.get(at).map_or(0, |span| span.start);
            let first = text.get(start..).and_then(|rest| rest.chars().next());
            let cut = start + first.map_or(0, char::len_utf8);
            if cut == 0 || cut >= text.len() {
                return Err(Error::Input {
                    why: format!(
                        "the untrusted text {text:?} has no encoding without the control token {}",
                        ids.get(at).copied().unwrap_or_default()
                    ),
                });
            }
            let (head, tail) = text.split_at(cut);
            todo.extend([tail, head]);
        }
        Ok(())
    }
}

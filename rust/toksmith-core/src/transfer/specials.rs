//! Which special token is which: by its name, by its place in the template, by what the file says.
//!
//! A special token's name is a label; `<s>`, `[CLS]` and `<|begin_of_text|>` all begin a text. A
//! known name counts first, for its file may use it in several places; then what the model and the
//! padding say; then the template.

use super::canonical::{Canonical, Role};
use crate::encode::general::General;
use crate::formats::pipeline::{PostProcessor, TemplatePiece};
use crate::token::TokenId;
use crate::tokenizer::{Engine, Tokenizer};
use std::collections::BTreeMap;

/// Names in use, with what they are for. Compared without regard to the case of ASCII letters.
const NAMES: &[(&str, Role)] = &[
    ("<s>", Role::Bos),
    ("<bos>", Role::Bos),
    ("[bos]", Role::Bos),
    ("<|bos|>", Role::Bos),
    ("<|begin_of_text|>", Role::Bos),
    ("<|begin_of_sentence|>", Role::Bos),
    ("<\u{ff5c}begin\u{2581}of\u{2581}sentence\u{ff5c}>", Role::Bos),
    ("<|startoftext|>", Role::Bos),
    ("<|start_of_text|>", Role::Bos),
    ("<bos_token>", Role::Bos),
    ("</s>", Role::Eos),
    ("<eos>", Role::Eos),
    ("[eos]", Role::Eos),
    ("<|eos|>", Role::Eos),
    ("<|endoftext|>", Role::Eos),
    ("<|end_of_text|>", Role::Eos),
    ("<|end_of_sentence|>", Role::Eos),
    ("<\u{ff5c}end\u{2581}of\u{2581}sentence\u{ff5c}>", Role::Eos),
    ("<eos_token>", Role::Eos),
    ("<pad>", Role::Pad),
    ("[pad]", Role::Pad),
    ("<|pad|>", Role::Pad),
    ("<|padding|>", Role::Pad),
    ("<|finetune_right_pad_id|>", Role::Pad),
    ("<|finetune_right_pad|>", Role::Pad),
    ("<\u{ff5c}\u{2581}pad\u{2581}\u{ff5c}>", Role::Pad),
    ("<unk>", Role::Unk),
    ("[unk]", Role::Unk),
    ("<|unk|>", Role::Unk),
    ("<mask>", Role::Mask),
    ("[mask]", Role::Mask),
    ("<|mask|>", Role::Mask),
    ("<sep>", Role::Sep),
    ("[sep]", Role::Sep),
    ("<|sep|>", Role::Sep),
    ("<cls>", Role::Cls),
    ("[cls]", Role::Cls),
    ("<|cls|>", Role::Cls),
];

/// Stands between documents, so that it begins texts where nothing else does.
const BETWEEN: &[u8] = b"<|endoftext|>";

/// How a special token found its partner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum How {
    /// It has none.
    None = 0,
    /// The caller said so.
    Given = 1,
    /// Both have one name.
    Name = 2,
    /// Both have one role.
    Role = 3,
    /// Their roles are of one kind: [`Role::Bos`] and [`Role::Cls`], [`Role::Eos`] and [`Role::Sep`];
    /// or what stands between documents begins one.
    Likeness = 4,
}

/// The role of each special token.
#[derive(Debug, Default)]
pub(super) struct Roles(BTreeMap<TokenId, Role>);

impl Roles {
    /// Reads a tokenizer.
    pub(super) fn new(tokenizer: &Tokenizer) -> Self {
        let mut roles: BTreeMap<TokenId, Role> =
            tokenizer.specials.iter().map(|&id| (id, Role::Special)).collect();
        for (&id, role) in &mut roles {
            if let Some(known) = tokenizer.vocab.get(id).and_then(named) {
                *role = known;
            }
        }
        let pipeline = &tokenizer.pipeline;
        let mut note = |id: TokenId, role: Role| {
            if tokenizer.vocab.get(id).is_some() {
                let slot = roles.entry(id).or_insert(Role::Special);
                if *slot == Role::Special {
                    *slot = role;
                }
            }
        };
        if let Engine::General(general) = &tokenizer.engine
            && let Some(unknown) = General::unknown(general)
        {
            note(unknown, Role::Unk);
        }
        let special = |id: TokenId| tokenizer.specials.contains(&id);
        if let Some(padding) = &pipeline.padding
            && special(padding.pad_id)
        {
            note(padding.pad_id, Role::Pad);
        }
        if let Some(post) = &pipeline.post_processor {
            for (id, role) in places(post) {
                if special(id) {
                    note(id, role);
                }
            }
        }
        Self(roles)
    }

    /// The role of an id, if it is special.
    pub(super) fn get(&self, id: TokenId) -> Option<Role> {
        self.0.get(&id).copied()
    }
}

/// What a name is known for.
fn named(name: &[u8]) -> Option<Role> {
    let same = |known: &str| known.as_bytes().eq_ignore_ascii_case(name);
    NAMES.iter().find(|(known, _)| same(known)).map(|&(_, role)| role)
}

/// The special tokens that stand first before a text, and last behind it.
fn places(post: &PostProcessor) -> Vec<(TokenId, Role)> {
    match post {
        PostProcessor::Bert { sep, cls } => vec![(cls.1, Role::Cls), (sep.1, Role::Sep)],
        PostProcessor::Roberta { sep, cls, .. } => vec![(cls.1, Role::Bos), (sep.1, Role::Eos)],
        PostProcessor::ByteLevel { .. } => Vec::new(),
        PostProcessor::Sequence(all) => all.iter().flat_map(places).collect(),
        PostProcessor::Template { single, special_tokens, .. } => {
            let ids = |piece: &TemplatePiece| match piece {
                TemplatePiece::Sequence { .. } => None,
                TemplatePiece::Special { id, .. } => {
                    special_tokens.iter().find(|token| token.id == *id).map(|token| &token.ids)
                }
            };
            let mut found = Vec::new();
            if let Some(first) = single.first().and_then(ids).and_then(|ids| ids.first()) {
                found.push((*first, Role::Bos));
            }
            if let Some(last) = single.last().and_then(ids).and_then(|ids| ids.last()) {
                found.push((*last, Role::Eos));
            }
            found
        }
    }
}

/// The special tokens of a source, to be asked for by those of a target.
pub(super) struct Partners<'a> {
    by_name: BTreeMap<&'a [u8], TokenId>,
    by_role: BTreeMap<Role, TokenId>,
}

impl<'a> Partners<'a> {
    /// Those of a vocabulary; of several the lowest id.
    pub(super) fn new(source: &'a Canonical) -> Self {
        let (mut by_name, mut by_role) = (BTreeMap::new(), BTreeMap::new());
        for (id, &role) in (0..).zip(source.roles()) {
            if role.is_special() {
                if !source.bytes(id).is_empty() {
                    by_name.entry(source.bytes(id)).or_insert(id);
                }
                if role != Role::Special {
                    by_role.entry(role).or_insert(id);
                }
            }
        }
        Self { by_name, by_role }
    }

    /// The partner of a special token with this name and role.
    pub(super) fn of(&self, name: &[u8], role: Role) -> (Option<TokenId>, How) {
        if let Some(&id) = self.by_name.get(name) {
            return (Some(id), How::Name);
        }
        if let Some(&id) = self.by_role.get(&role) {
            return (Some(id), How::Role);
        }
        let like = match role {
            Role::Bos => self.by_role.get(&Role::Cls).or_else(|| self.by_name.get(BETWEEN)),
            Role::Cls => self.by_role.get(&Role::Bos).or_else(|| self.by_name.get(BETWEEN)),
            Role::Eos => self.by_role.get(&Role::Sep),
            Role::Sep => self.by_role.get(&Role::Eos),
            _ => None,
        };
        like.map_or((None, How::None), |&id| (Some(id), How::Likeness))
    }
}

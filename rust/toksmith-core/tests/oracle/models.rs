//! The models of tokenizer.json as their definitions say, on strings: quadratic and obvious.

#![allow(dead_code, reason = "each test file uses what it needs")]

use std::collections::HashMap;

/// `(id, start, end)` of each token; `None` where an unknown token is needed and there is none.
pub type Tokens = Option<Vec<(u32, usize, usize)>>;

/// Tokens by spelling.
pub type Ids = HashMap<String, u32>;

/// A word is the longest token it begins with, then the longest continuing token, and so on; it
/// is unknown if that fails anywhere, or if it has more than `max` characters.
pub fn wordpiece(ids: &Ids, unk: &str, prefix: &str, max: usize, word: &str) -> Tokens {
    let unknown = || Some(vec![(*ids.get(unk)?, 0, word.len())]);
    if word.chars().count() > max {
        return unknown();
    }
    let (mut start, mut out) = (0, Vec::new());
    while start < word.len() {
        let mut ends = (start + 1..=word.len()).rev().filter(|&end| word.is_char_boundary(end));
        let spelled =
            |end: usize| format!("{}{}", if start > 0 { prefix } else { "" }, &word[start..end]);
        let Some((id, end)) = ends.find_map(|end| Some((*ids.get(&spelled(end))?, end))) else {
            return unknown();
        };
        out.push((id, start, end));
        start = end;
    }
    Some(out)
}

/// A piece is a token or unknown.
pub fn wordlevel(ids: &Ids, unk: &str, piece: &str) -> Tokens {
    Some(vec![(*ids.get(piece).or(ids.get(unk))?, 0, piece.len())])
}

/// `BPE` of tokenizer.json.
#[derive(Debug, Clone, Default)]
pub struct CharBpe {
    pub ids: Ids,
    /// First line first.
    pub merges: Vec<(String, String)>,
    pub unk_token: Option<String>,
    pub prefix: String,
    pub suffix: String,
    pub fuse_unk: bool,
    pub byte_fallback: bool,
    pub ignore_merges: bool,
}

impl CharBpe {
    /// What a merge makes: the right part loses the prefix.
    pub fn product(&self, left: &str, right: &str) -> String {
        format!("{left}{}", &right[self.prefix.len()..])
    }

    /// The tokens of a piece.
    pub fn tokenize(&self, piece: &str) -> Tokens {
        if let Some(&id) = self.ids.get(piece).filter(|_| self.ignore_merges) {
            return Some(vec![(id, 0, piece.len())]);
        }
        let id = |token: &String| self.ids[token];
        // Of equal pairs the last line counts.
        let lines: HashMap<(u32, u32), (usize, u32)> = (self.merges.iter().enumerate())
            .map(|(i, (l, r))| ((id(l), id(r)), (i, id(&self.product(l, r)))))
            .collect();
        let mut parts: Vec<(u32, usize)> =
            self.symbols(piece)?.iter().map(|(token, len)| (id(token), *len)).collect();
        loop {
            let line = |at: usize| lines.get(&(parts[at - 1].0, parts[at].0));
            let found = (1..parts.len()).filter_map(|at| Some((line(at)?, at))).min();
            let Some((&(_, product), at)) = found else { break };
            let (_, len) = parts.remove(at);
            parts[at - 1] = (product, parts[at - 1].1 + len);
        }
        let mut end = 0;
        let place = |(id, len): (u32, usize)| {
            end += len;
            (id, end - len, end)
        };
        Some(parts.into_iter().map(place).collect())
    }

    /// What merging starts from, with the bytes each stands for.
    fn symbols(&self, piece: &str) -> Option<Vec<(String, usize)>> {
        let (mut out, mut unknown): (Vec<(String, usize)>, Option<usize>) = (Vec::new(), None);
        for (at, c) in piece.char_indices() {
            let len = c.len_utf8();
            let mut spelled = c.to_string();
            if at > 0 {
                spelled = format!("{}{spelled}", self.prefix);
            }
            if at + len == piece.len() {
                spelled += &self.suffix;
            }
            let bytes: Vec<String> = spelled.bytes().map(|b| format!("<0x{b:02X}>")).collect();
            if self.ids.contains_key(&spelled) {
                if let Some(len) = unknown.take() {
                    out.push((self.unk_token.clone()?, len));
                }
                out.push((spelled, len));
            } else if self.byte_fallback && bytes.iter().all(|byte| self.ids.contains_key(byte)) {
                // An unknown token that is due stays due.
                out.extend(bytes.into_iter().map(|byte| (byte, 1)));
            } else if let Some(unk) = &self.unk_token {
                self.ids.get(unk)?;
                if !self.fuse_unk
                    && let Some(len) = unknown.take()
                {
                    out.push((unk.clone(), len));
                }
                unknown = Some(unknown.unwrap_or(0) + len);
            }
        }
        if let Some(len) = unknown {
            out.push((self.unk_token.clone()?, len));
        }
        Some(out)
    }
}

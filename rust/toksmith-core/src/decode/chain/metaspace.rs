//! `Metaspace`: the sign becomes a space, in the first token nothing if one was put there.

use super::tokens::Tokens;

/// In the first token every sign goes, not only that at its beginning.
#[derive(Debug, Clone)]
pub(super) struct Metaspace {
    sign: char,
    /// Signs of the token go: it is the first one, and the scheme adds signs.
    first: bool,
}

impl Metaspace {
    pub(super) fn new(sign: char, prepended: bool) -> Self {
        Self { sign, first: prepended }
    }

    pub(super) fn run(&mut self, input: &Tokens, out: &mut Tokens) {
        for (part, complete) in input.parts() {
            let mut pieces = part.split(self.sign);
            out.text.push_str(pieces.next().unwrap_or_default());
            for piece in pieces {
                if !self.first {
                    out.text.push(' ');
                }
                out.text.push_str(piece);
            }
            if complete {
                out.end();
                self.first = false;
            }
        }
    }
}

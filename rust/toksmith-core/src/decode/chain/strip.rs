//! `Strip`: a character goes from the ends of each token, at most so many times.

use super::tokens::Tokens;

/// First from the beginning, then from the end of what is left. Of a token that goes on, as many
/// characters are held back as may have to go from its end.
#[derive(Debug, Clone)]
pub(super) struct Strip {
    content: char,
    start: usize,
    stop: usize,
    /// Characters that may still go from the beginning of this token.
    left: usize,
    /// Characters at the end of the token so far that may have to go, at most `stop`.
    held: usize,
}

impl Strip {
    pub(super) fn new(content: char, start: usize, stop: usize) -> Self {
        Self { content, start, stop, left: start, held: 0 }
    }

    pub(super) fn run(&mut self, input: &Tokens, out: &mut Tokens) {
        for (part, complete) in input.parts() {
            self.part(part, &mut out.text);
            if complete {
                out.end();
                (self.left, self.held) = (self.start, 0);
            }
        }
    }

    fn part(&mut self, part: &str, out: &mut String) {
        let mut rest = part;
        while self.left > 0
            && let Some(after) = rest.strip_prefix(self.content)
        {
            rest = after;
            self.left -= 1;
        }
        if rest.is_empty() {
            return;
        }
        self.left = 0;
        let body = rest.trim_end_matches(self.content);
        if !body.is_empty() {
            self.give(self.held, out);
            self.held = 0;
            out.push_str(body);
        }
        let trailing = rest.get(body.len()..).unwrap_or_default().chars().count();
        let total = self.held.saturating_add(trailing);
        self.give(total.saturating_sub(self.stop), out);
        self.held = total.min(self.stop);
    }

    fn give(&self, count: usize, out: &mut String) {
        out.extend(std::iter::repeat_n(self.content, count));
    }
}

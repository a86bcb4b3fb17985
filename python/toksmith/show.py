r"""Token boundaries drawn in colour, for terminals and notebooks.

Text is hostile until shown otherwise: whatever does not print (control characters, direction
overrides, half characters) is written as an escape such as `\x1b`, so that it can neither move the
cursor nor open a tag. Start at `TokenView`.
"""

from __future__ import annotations

import os
import sys
from itertools import cycle

# Colour numbers of 256-colour terminals, and the same for a page: black text reads on each.
_ANSI = (153, 222, 157, 218, 252)
_HTML = ("#afd7ff", "#ffd787", "#afffaf", "#ffafd7", "#d0d0d0")


class TokenView:
    """A text cut into its tokens; made by `Tokenizer.show`.

    `print(view)` colours the tokens on a terminal and writes `[the][ token]` elsewhere (or where
    `NO_COLOR` is set); a notebook shows `to_html()`.
    """

    __slots__ = ("ids", "tokens")

    def __init__(self, tokens: list[bytes], ids: list[int]) -> None:
        self.tokens = tokens
        self.ids = ids

    def __str__(self) -> str:
        """Coloured if standard output is a terminal, bracketed otherwise."""
        colour = sys.stdout is not None and sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        return to_ansi(self.tokens) if colour else to_text(self.tokens)

    __repr__ = __str__

    def __len__(self) -> int:
        """Number of tokens."""
        return len(self.tokens)

    def to_ansi(self) -> str:
        """The tokens on coloured grounds, for a terminal."""
        return to_ansi(self.tokens)

    def to_text(self) -> str:
        """The tokens in brackets."""
        return to_text(self.tokens)

    def to_html(self) -> str:
        """The tokens on coloured grounds, for a page; a token's id shows under the pointer."""
        return to_html(self.tokens, self.ids)

    def _repr_html_(self) -> str:
        return self.to_html()


def to_ansi(tokens: list[bytes]) -> str:
    """The tokens on coloured grounds, for a terminal."""
    return "".join(
        f"\x1b[30;48;5;{colour}m{printable(token)}\x1b[0m{_line_end(token)}"
        for token, colour in zip(tokens, cycle(_ANSI))
    )


def to_text(tokens: list[bytes]) -> str:
    """The tokens in brackets."""
    return "".join(f"[{printable(token)}]{_line_end(token)}" for token in tokens)


def to_html(tokens: list[bytes], ids: list[int]) -> str:
    """The tokens on coloured grounds, for a page."""
    import html

    spans = "".join(
        f'<span title="{token_id}" style="background:{colour};color:#000">'
        f"{html.escape(printable(token))}</span>{_line_end(token)}"
        for token, token_id, colour in zip(tokens, ids, cycle(_HTML))
    )
    return f'<pre style="white-space:pre-wrap">{spans}</pre>'


def printable(token: bytes) -> str:
    r"""A token's text with everything that does not print escaped, half characters as `\xe2`."""
    text = token.decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _line_end(token: bytes) -> str:
    return "\n" if token.endswith(b"\n") else ""

"""How a prompt is continued without byte probabilities: as it is encoded, or one token healed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

import toksmith as ts
from byte_probs.oracle import Context, Model, Tokens

Symbols = NDArray[np.float64]
"""256 bytes, then the end of the text."""


def _by_next_byte(tokens: Tokens, row: dict[int, float], begun: bytes) -> tuple[Symbols, float]:
    """Mass by the byte behind `begun`, of the tokens that begin so; and that of `begun` itself."""
    out, exact = np.zeros(257), 0.0
    for token, mass in row.items():
        piece = tokens.spelled.get(token)
        if piece is None:
            out[256] += 0.0 if begun else mass
        elif piece == begun:
            exact += mass
        elif piece.startswith(begun):
            out[piece[len(begun)]] += mass
    return out, exact


def _normal(masses: Symbols) -> Symbols:
    total = masses.sum()
    return masses / total if total else np.full(257, 1 / 257)


def _encoded(tokens: Tokens, prompt: bytes) -> Context:
    try:
        return tuple(tokens.encode(prompt))
    except ts.ToksmithError:  # half a character, where the tokenizer reads characters
        return tuple(tokens.encode(prompt.decode(errors="ignore").encode()))


def naive(tokens: Tokens, model: Model, prompt: bytes) -> Symbols:
    """The next token's first byte, behind the prompt's own encoding."""
    context = _encoded(tokens, prompt)
    begun = b"" if context else tokens.lead
    return _normal(_by_next_byte(tokens, model(context), begun)[0])


def healed(tokens: Tokens, model: Model, prompt: bytes) -> Symbols:
    """The last token taken back, and put again as any token that begins with its bytes."""
    context = _encoded(tokens, prompt)
    if not context:
        return naive(tokens, model, prompt)
    kept, last = context[:-1], tokens.spelled.get(context[-1], b"")
    out, exact = _by_next_byte(tokens, model(kept), last)
    whole, _ = _by_next_byte(tokens, model(context), b"")
    return _normal(out + exact * _normal(whole))

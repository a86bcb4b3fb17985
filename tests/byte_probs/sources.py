"""Byte sources whose every probability is known, and the token models they induce.

A text of `length` letters is drawn from an order-k Markov chain; then it ends. Pushing the mass of
every text through an encoder gives the one token model of that source, exactly.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from byte_probs.oracle import Context, Model, Tokens


@dataclass
class Markov:
    """An order-k chain over letters.

    `may_follow(text, letter)` forbids letters, such as a space behind a space; what is left is made
    to sum to one.
    """

    letters: list[bytes]
    order: int
    length: int
    seed: int
    may_follow: Callable[[tuple[bytes, ...], bytes], bool] = lambda _text, _letter: True
    _rows: dict[tuple[bytes, ...], dict[bytes, float]] = field(default_factory=dict)

    def step(self, text: tuple[bytes, ...]) -> dict[bytes, float]:
        """The probability of each next letter; nothing where the text is whole."""
        if len(text) == self.length:
            return {}
        state = text[-self.order :] if self.order else ()
        if state not in self._rows:
            draw = random.Random(repr((self.seed, state)))
            self._rows[state] = {
                letter: draw.gammavariate(0.5, 1) + 1e-3 for letter in self.letters
            }
        kept = {
            letter: mass
            for letter, mass in self._rows[state].items()
            if self.may_follow(text, letter)
        }
        total = sum(kept.values())
        return {letter: mass / total for letter, mass in kept.items()}

    def texts(self) -> dict[tuple[bytes, ...], float]:
        """Every whole text with its probability."""
        found: dict[tuple[bytes, ...], float] = {(): 1.0}
        for _ in range(self.length):
            found = {
                (*text, letter): mass * step
                for text, mass in found.items()
                for letter, step in self.step(text).items()
            }
        return found

    def following(self, prompt: bytes, end: bool = True) -> list[float]:
        """The truth: 256 bytes, then the end, behind a prompt that may stop inside a letter.

        From the chain itself where the prompt is whole letters, else from the texts that begin so.
        """
        out = [0.0] * (257 if end else 256)
        for text, mass in self.texts().items():
            data = b"".join(text)
            if data.startswith(prompt):
                out[data[len(prompt)] if len(data) > len(prompt) else 256] += mass
        total = sum(out)
        return [mass / total for mass in out]


def induced(source: Markov, tokens: Tokens, end: int) -> Model:
    """The token model of a source: next token by context, as the mass of texts has it.

    A context of no text has a row all the same, any token: a model has to say something.
    """
    rows: dict[Context, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    for text, mass in source.texts().items():
        ids = (*tokens.encode(b"".join(text)), end)
        for at, token in enumerate(ids):
            rows[ids[:at]][token] += mass
    normal = {
        context: {token: mass / sum(row.values()) for token, mass in row.items()}
        for context, row in rows.items()
    }
    any_token = dict.fromkeys([*tokens.spelled, end], 1.0 / (len(tokens.spelled) + 1))
    return lambda context: normal.get(context, any_token)


def random_model(tokens: Tokens, seed: int, ids: list[int] | None = None) -> Model:
    """A model that gives every token some probability behind every context."""
    support = sorted(tokens.spelled) if ids is None else ids
    kept: dict[Context, dict[int, float]] = {}

    def row(context: Context) -> dict[int, float]:
        if context not in kept:
            draw = random.Random(repr((seed, context)))
            masses = {token: draw.gammavariate(0.7, 1) + 1e-4 for token in support}
            masses |= {token: draw.gammavariate(0.7, 1) + 1e-4 for token in tokens.specials}
            total = sum(masses.values())
            kept[context] = {token: mass / total for token, mass in masses.items()}
        return kept[context]

    return row
